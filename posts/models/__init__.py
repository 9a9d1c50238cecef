"""The nouns: what is published, where to, when, and what came of it."""

from posts.models.attempt import Attempt
from posts.models.channel import Channel, ReadingPace
from posts.models.delivery import Delivery
from posts.models.heartbeat import Heartbeat
from posts.models.post import Post

__all__ = ["Attempt", "Channel", "Delivery", "Heartbeat", "Post", "ReadingPace"]
