"""Verbs: hold everything back until a person has looked, and let it go again. For after a backup was restored."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from posts import connecting
from posts.models import Channel, Delivery
from publishers import PUBLISHERS
from publishers.base import Finds

Status = Delivery.Status

HELD = "Everything is held back (manage.py hold): look at what is scheduled, then resume, here or by manage.py release."
LOOK_FIRST = "It may have been published after the backup was made: look first."


def hold() -> int:
    """Pause every channel that is open, or might open by itself; how many."""
    may_open = Channel.objects.filter(status__in=[Channel.Status.OPEN, Channel.Status.CHECKING])
    return may_open.update(status=Channel.Status.PAUSED, problem=HELD)


def release(now: datetime) -> int:
    """Open those that were held, not those that a person paused; how many. Ring after the commit."""
    held = Channel.objects.filter(status=Channel.Status.PAUSED, problem=HELD).order_by("pk")
    return sum(connecting.resume(channel, now) for channel in held)


@transaction.atomic
def doubt(now: datetime) -> tuple[int, int]:
    """The database is older than what it tells of: what it takes for unpublished may be public by now.

    Where a platform can be asked, it is, before anything is sent. Elsewhere a person is asked about what was due
    already. What changes an article that is there may be done twice. Returns how many there are of both.
    """
    finds = [name for name, publisher in PUBLISHERS.items() if issubclass(publisher, Finds)]
    unpublished = Delivery.objects.publications().filter(status__in=[Status.SCHEDULED, Status.FAILED, Status.MISSED])
    doubted = unpublished.filter(channel__platform__in=finds).update(doubtful=True)
    elsewhere = unpublished.exclude(channel__platform__in=finds).filter(act_at__lte=now)
    elsewhere.filter(status=Status.FAILED).update(doubtful=True)
    asked = elsewhere.exclude(status=Status.FAILED)
    return doubted, asked.update(status=Status.MISSED, doubtful=True, message=LOOK_FIRST)
