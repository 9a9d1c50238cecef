"""Verbs: is all well? One judgement for /readyz, for the dead-man's switch and for the doctor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Min, OuterRef, Q, Subquery
from django.db.models.functions import Now

from posts.models import Channel, Delivery
from posts.models.literals import literals
from posts.watch import watching
from posts.watch.watching import Kind, in_words

OVERDUE_AFTER = timedelta(minutes=2)  # a worker looks every second; a great crowd at one instant takes a minute

Status = Delivery.Status


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``told`` is for anybody to read: no name of a host, a person or a post."""

    name: str
    ok: bool
    told: str
    remedy: str = ""
    seconds: float | None = None  # how old, how late or how slow, where that is the question


def judge(now: datetime) -> list[Check]:
    """Look at everything that publishing needs. Raises DatabaseError when the database does not answer at all."""
    _on_disk()  # read before the database is timed
    begun = time.monotonic()
    missing = unapplied()
    took = time.monotonic() - begun
    return [
        Check("database", True, "It answers.", seconds=round(took, 4)),
        _migrations(missing),
        *_asked("heartbeats", lambda: _heartbeats(now)),
        *_asked("overdue", lambda: [_overdue(now)]),
    ]


def all_is_well(now: datetime) -> bool:
    """The same judgement as one word. Raises DatabaseError when the database does not answer."""
    return all(check.ok for check in judge(now))


def _asked(name: str, ask: Callable[[], list[Check]]) -> list[Check]:
    """While migrations are missing, tables and columns may be missing as well: that must not hide the rest."""
    try:
        return ask()
    except DatabaseError:
        return [Check(name, False, "The database has no answer to this.", "See what is said of the migrations.")]


# --- migrations ------------------------------------------------------------------------------------------------------


def unapplied() -> list[str]:
    """Migrations of this code that the database has not seen. It may have seen newer ones: that does no harm."""
    return sorted(_on_disk() - {".".join(key) for key in MigrationRecorder(connection).applied_migrations()})


@cache
def _on_disk() -> frozenset[str]:
    """Read once: what this process runs does not change any more."""
    return frozenset(".".join(key) for key in MigrationLoader(None).disk_migrations)


def _migrations(missing: list[str]) -> Check:
    if not missing:
        return Check("migrations", True, "All are applied.")
    told = f"{len(missing)} not applied, the first is {missing[0]}."
    return Check("migrations", False, told, "Run: python manage.py prepare")


# --- heartbeats ------------------------------------------------------------------------------------------------------


def _heartbeats(now: datetime) -> list[Check]:
    return [_heartbeat(kind, last, now) for kind, last in watching.last_signs().items()]


def _heartbeat(kind: Kind, last: datetime | None, now: datetime) -> Check:
    remedy = f"Start one: {watching.how_to_start(kind)}"
    if last is None:
        return Check(kind.value, False, "None has signed within the last day.", remedy)
    silence = now - last
    ok = silence <= watching.WORRY_AFTER
    told = f"The last sign of life was {in_words(silence)} ago."
    return Check(kind.value, ok, told, "" if ok else remedy, round(silence.total_seconds(), 3))


# --- what is due and was not taken -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Queue:
    """What is due on one channel and could be taken."""

    platform: str
    number: int
    since: datetime  # when the first of them could have been taken


def queues(now: datetime, since: datetime | None = None) -> list[Queue]:
    """What a worker could take right now, by channel; with ``since``, only what it could have taken then already.

    A channel that keeps the platform's pace, or is held by a worker, makes nothing late. What nobody has taken until
    its grace was over counts as well. Asked channel by channel, in the index of what is due: a question about all
    deliveries at once is answered by reading all of them, published ones and future ones.
    """
    moment = since or now
    due = (
        Delivery.objects.filter(channel=OuterRef("pk"), act_at__lte=moment)
        .filter(Q(status=Status.SCHEDULED) | Q(status=Status.CHECKING, lease_until=None))
        .filter(status__in=literals([Status.SCHEDULED, Status.CHECKING]))  # the index's own condition
    )
    number = due.order_by().values("channel").annotate(number=Count("pk")).values("number")
    free = Channel.objects.filter(
        Q(paced_until=None) | Q(paced_until__lte=moment),
        Q(lease_until=None) | Q(lease_until__lte=moment),
        status=Channel.Status.OPEN,
    )
    waiting = free.annotate(first=Subquery(due.order_by("act_at").values("act_at")[:1])).filter(first__isnull=False)
    rows = waiting.annotate(number=Subquery(number)).order_by()
    return [
        Queue(platform, number, max(moment for moment in held if moment))
        for platform, number, *held in rows.values_list("platform", "number", "first", "paced_until", "lease_until")
    ]


def waits_since(now: datetime) -> datetime | None:
    """Since when the oldest of these could have been taken, or should have been rescued; None when there is none."""
    moments = [queue.since for queue in queues(now)]
    in_hand = Delivery.objects.filter(status__in=literals([Status.PUBLISHING, Status.CHECKING]), lease_until__lt=Now())
    if abandoned := in_hand.aggregate(first=Min("lease_until"))["first"]:
        moments.append(abandoned)
    return min(moments, default=None)


def _overdue(now: datetime) -> Check:
    since = waits_since(now)
    late = now - since if since else timedelta()
    seconds = round(max(late.total_seconds(), 0), 3)
    if late <= OVERDUE_AFTER:
        return Check("overdue", True, "Nothing is overdue.", seconds=seconds)
    told = f"Something could have been published {in_words(late)} ago, and was not."
    return Check("overdue", False, told, "See what the log of the worker says.", seconds)
