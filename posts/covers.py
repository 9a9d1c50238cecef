"""Verbs: look whether a post's cover image can be fetched, as a platform will have to."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F

from posts.images.using import images_of
from posts.models import Post
from publishers.http import Http


def check_waiting(limit: int = 20) -> int:
    """Check the covers that have not been looked at since they were set; the number of those that were."""
    waiting = Post.objects.exclude(cover_url="").exclude(cover_url=F("cover_checked_url"))
    return sum(check(pk) for pk in list(waiting.values_list("pk", flat=True)[:limit]))


def check(post_id: int) -> bool:
    """Fetch the cover and keep what was found; only while the post still has this cover."""
    post = Post.objects.filter(pk=post_id).exclude(cover_url="").only("workspace", "cover_url").first()
    if post is None:
        return False
    url, problem = post.cover_url, ""
    if not images_of(post, url):  # what becomes of one of our own is said without fetching it
        problem = Http(label="The cover image", private_origins=settings.ALLOW_PRIVATE_TARGETS).is_reachable(url)
    return bool(Post.objects.filter(pk=post_id, cover_url=url).update(cover_checked_url=url, cover_problem=problem))
