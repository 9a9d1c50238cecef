"""Verbs: look whether the pictures that a text shows from elsewhere can be fetched, as a platform will have to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from posts.images.using import addresses_in
from posts.models import OutsideImage, Post
from publishers.http import Http
from publishers.text.pictures import pictures_in

MOST = 20  # pictures of one text
KEPT = timedelta(days=30)
ANEW = timedelta(days=1)  # what was seen longer ago is looked at again


def addresses_of(post: Post) -> list[str]:
    """The web addresses of pictures in the text that are not ours, up to a bound."""
    shown = dict.fromkeys(picture.address for picture in pictures_in(post.markdown))
    ours = addresses_in(post.markdown)
    return [address for address in shown if address.startswith(("https://", "http://")) and address not in ours][:MOST]


def ask(post: Post, now: datetime) -> bool:
    """Have those looked at that were not lately; whether there are any. Ring after the commit."""
    wanted = {_digest(address): address for address in addresses_of(post) if len(address) <= 1000}
    if not wanted:
        return False
    rows = OutsideImage.objects.filter(workspace=post.workspace_id, digest__in=wanted)
    there = dict(rows.values_list("digest", "checked_at"))
    if any(checked_at and checked_at < now - ANEW for checked_at in there.values()):
        rows.filter(checked_at__lt=now - ANEW).update(checked_at=None, asked_at=now)
    missing = [
        OutsideImage(workspace_id=post.workspace_id, digest=digest, address=address, asked_at=now)
        for digest, address in wanted.items()
        if digest not in there
    ]
    OutsideImage.objects.bulk_create(missing, ignore_conflicts=True)
    return bool(missing) or any(checked_at is None or checked_at < now - ANEW for checked_at in there.values())


def problems_of(post: Post, addresses: list[str]) -> dict[str, str]:
    """By address, why those of them that were looked at cannot be fetched. What is well is left out.

    Kept with the post in hand, because each channel asks for the same ones.
    """
    if not addresses:
        return {}
    known: dict[tuple[str, ...], dict[str, str]] = post.__dict__.setdefault("_outside_pictures", {})
    if tuple(addresses) not in known:
        digests = {_digest(address) for address in addresses}
        rows = OutsideImage.objects.filter(workspace=post.workspace_id, digest__in=digests).exclude(problem="")
        known[tuple(addresses)] = {row.address: row.problem for row in rows}
    return known[tuple(addresses)]


def check_waiting(clock: Callable[[], datetime], limit: int = 20) -> int:
    """Look at those that somebody asked about; the number of them."""
    waiting = OutsideImage.objects.to_check().order_by("asked_at").values_list("pk", flat=True)
    return sum(check(pk, clock) for pk in list(waiting[:limit]))


def check(outside_id: int, clock: Callable[[], datetime]) -> bool:
    """Fetch its beginning and keep what was found. Two workers that do it at once find the same.

    What nobody has asked about for long is forgotten on the way.
    """
    waiting = OutsideImage.objects.to_check().filter(pk=outside_id)
    asked = waiting.first()
    if asked is None:
        return False
    http = Http(label="The picture", private_origins=settings.ALLOW_PRIVATE_TARGETS)
    problem = http.is_reachable(asked.address)
    OutsideImage.objects.filter(workspace=asked.workspace_id, checked_at__lt=clock() - KEPT).delete()
    return bool(waiting.update(checked_at=clock(), problem=problem))


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()
