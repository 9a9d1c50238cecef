"""The nouns: what is published, where to, when, and what came of it."""

from posts.models.attempt import Attempt
from posts.models.change import Change
from posts.models.channel import Channel, ReadingPace
from posts.models.delivery import Delivery
from posts.models.heartbeat import Heartbeat
from posts.models.image import Image, OutsideImage, RemoteImage
from posts.models.outage import Outage
from posts.models.plan import Plan, PlanStep
from posts.models.post import Post
from posts.models.proof import Proof
from posts.models.series import Occurrence, Series, SeriesPost
from posts.models.slot import Slot
from posts.models.tally import Tally
from posts.models.turn import Turn

__all__ = [
    "Attempt", "Change", "Channel", "Delivery", "Heartbeat", "Image", "Occurrence", "Outage", "OutsideImage", "Plan",
    "PlanStep", "Post", "Proof", "ReadingPace", "RemoteImage", "Series", "SeriesPost", "Slot", "Tally", "Turn",
]  # fmt: skip
