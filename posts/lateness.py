"""Verbs: what becomes of a post that could not go out at its time.

The post says what its author wishes, else its workspace does: publish it late, within the grace; ask; or drop it.
After an outage the backlog of a channel is spread, not fired at once, and each author gets one mail about all of it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import WhenLate, Workspace
from posts import notifying, watching
from posts.models import Delivery, Heartbeat, Post

log = logging.getLogger(__name__)
Status = Delivery.Status

LATE = timedelta(minutes=2)  # up to this much later than its time is still on time
OUTAGE = timedelta(minutes=2)  # no worker has signed for so long: there was none
AT_ONCE = 10_000  # rows that one pass judges: one transaction, in which nobody else may write to SQLite


def wish(post: Post) -> WhenLate:
    """What is to happen to this post when it is late."""
    return WhenLate(post.when_late or post.workspace.when_late)


def late_after(post: Post, due_at: datetime) -> datetime:
    """After this moment it is not published by itself any more."""
    return due_at + _margin(wish(post), post.workspace)


def _margin(wished: WhenLate, workspace: Workspace) -> timedelta:
    return workspace.grace if wished == WhenLate.PUBLISH else LATE


def judge_anew(deliveries: QuerySet[Delivery], workspace: Workspace) -> None:
    """Set ``late_after`` of these deliveries of a workspace by its present wishes, and those of their posts."""
    scheduled = deliveries.filter(workspace=workspace, status=Status.SCHEDULED, doubtful=False)
    for wished in WhenLate:
        posts = Q(post__when_late=wished) | (Q(post__when_late="") if workspace.when_late == wished else Q(pk=None))
        scheduled.filter(posts).update(late_after=F("due_at") + _margin(wished, workspace))


def wishes_changed(workspace: Workspace, post: Post | None = None) -> None:
    """The workspace, or one post, has other wishes now: they hold for what has not begun, too."""
    not_begun = Delivery.objects.exclude(late_after=None)
    judge_anew(not_begun.filter(post=post) if post else not_begun, workspace)


def miss_late(now: datetime) -> int:
    """What is later than was wished is not published behind its author's back: dropped, or a person is asked."""
    if not Delivery.objects.late(now).exists():  # outside of a transaction: it would take SQLite's writing lock
        return 0
    with transaction.atomic():
        late = _missed(_locked(Delivery.objects.late(now)))
        _tell(late, [], now)
    return len(late)


def _locked(deliveries: QuerySet[Delivery]) -> list[Delivery]:
    """Each with what the mail needs. Whatever a worker or a person has in hand is left to them."""
    related = deliveries.select_related("post", "post__author", "post__workspace", "channel", "created_by")
    return list(related.select_for_update(of=("self",), skip_locked=True).order_by("due_at", "pk")[:AT_ONCE])


def _missed(late: Iterable[Delivery]) -> list[Delivery]:
    """Write for each what became of it. They are locked: nobody else can have been quicker."""
    by_wish: dict[bool, list[Delivery]] = defaultdict(list)
    for delivery in late:
        by_wish[wish(delivery.post) == WhenLate.DROP].append(delivery)
    for dropped, deliveries in by_wish.items():
        status = Status.CANCELLED if dropped else Status.MISSED
        message = (
            "It could not be published at its time, and was dropped as you wished."
            if dropped
            else "It could not be published at its time, and its grace is over."
        )
        for delivery in deliveries:
            delivery.status, delivery.message = status, message
        for some in _batches(deliveries):
            Delivery.objects.filter(pk__in=some).update(status=status, message=message)
    return [delivery for deliveries in by_wish.values() for delivery in deliveries]


def catch_up(now: datetime) -> None:
    """Before the first look after an outage: spread each channel's backlog, and tell every author once.

    An outage is a time in which no worker signed (posts.watching). Whoever comes first does it, locks, and
    signs.
    """
    if not _nobody_signed(now):
        return
    with transaction.atomic():
        # PostgreSQL needs the lock; SQLite's transaction is one. The first worker of all has nothing to lock, and no
        # backlog either.
        list(Heartbeat.objects.select_for_update().filter(kind=Heartbeat.Kind.WORKER).order_by("pk"))
        if not _nobody_signed(now):
            return
        missed = _missed(_locked(Delivery.objects.late(now)))
        spread = _spread(now)
        if missed or spread:
            log.warning("After an outage: %s deliveries go out late, %s are too late", len(spread), len(missed))
            _tell(missed, spread, now)
        watching.beat(Heartbeat.Kind.WORKER, watching.here(Heartbeat.Kind.WORKER), now)


def _nobody_signed(now: datetime) -> bool:
    return not Heartbeat.objects.filter(kind=Heartbeat.Kind.WORKER, at__gte=now - OUTAGE).exists()


def _spread(now: datetime) -> list[Delivery]:
    """The first of a channel's backlog goes out now, the others one after the other; those that are spread."""
    backlog = _locked(
        Delivery.objects.waiting_for_their_time(now).filter(
            status=Status.SCHEDULED, act_at__lt=now - LATE, late_after__isnull=False
        )
    )
    taken: dict[int, int] = defaultdict(int)
    for delivery in backlog:
        delivery.act_at = now + taken[delivery.channel_id] * timedelta(seconds=settings.CATCH_UP_SECONDS)
        taken[delivery.channel_id] += 1
        # It is decided now that it goes out: the spreading itself must not make it too late.
        assert delivery.late_after is not None
        delivery.late_after = max(delivery.late_after, delivery.act_at + LATE)
        delivery.message = "It is late because nothing could be published at its time."
    Delivery.objects.bulk_update(backlog, ["act_at", "late_after", "message"], batch_size=200)
    return backlog


def _batches(deliveries: list[Delivery]) -> Iterable[list[int]]:
    pks = [delivery.pk for delivery in deliveries]
    return (pks[start : start + 500] for start in range(0, len(pks), 500))


def _tell(missed: list[Delivery], spread: list[Delivery], now: datetime) -> None:
    """One mail to each author about everything of theirs that was late."""
    by_author: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in [*missed, *spread]:
        author = delivery.created_by or delivery.post.author
        if author is not None:
            by_author[author.pk].append(delivery)
    for deliveries in by_author.values():
        notifying.tell_late(deliveries, now)
