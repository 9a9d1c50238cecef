"""Verbs: what becomes of a post that could not go out at its time.

The post says what its author wishes, else its workspace does: publish it late, within the grace; ask; or drop it.
After an outage, or when a channel opens again, the backlog of a channel is spread, not fired at once, and each author
gets one mail about all of it.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest

from accounts.models import WhenLate, Workspace
from posts import notifying
from posts.models import Channel, Delivery, Heartbeat, Occurrence, Post
from posts.models.delivery import DeliveryQuerySet
from posts.models.each import update_each
from posts.watch import watching

log = logging.getLogger(__name__)
Status = Delivery.Status

LATE = timedelta(minutes=2)  # up to this much later than its time is still on time
OUTAGE = timedelta(minutes=2)  # no worker has signed for so long: there was none
CRON = "publish_due"  # the end of the name by which cron's command signs …
CRON_OUTAGE = timedelta(hours=1)  # … and may come this rarely
AT_ONCE = 10_000  # rows that the night-watch judges in one transaction, in which nobody else may write to SQLite

GRACE_IS_OVER = "It could not be published at its time, and its grace is over."
ASKED = "It could not be published at its time, and is not published late without you."
LEFT_OUT = "It could not be published at its time, and a later date of its series was due as well: it was left out."
DROPPED = "It could not be published at its time, and was dropped, as was wished."
GOES_OUT = "It could not be published at its time, and goes out late, as was wished."


def wish(post: Post) -> WhenLate:
    """What is to happen to this post when it is late."""
    return WhenLate(post.when_late or post.workspace.when_late)


def late_after(post: Post, due_at: datetime) -> datetime:
    """After this moment it is not published by itself any more."""
    return due_at + _margin(wish(post), post.workspace.grace)


def once_begun(post: Post) -> dict[str, datetime | None]:
    """The change that says: it has been begun, so it goes on however late it gets. Nothing for a post that is not to
    be published late at all.
    """
    return {"late_after": None} if wish(post) == WhenLate.PUBLISH else {}


def _margin(wished: WhenLate, grace: timedelta) -> timedelta:
    return grace if wished == WhenLate.PUBLISH else LATE


# --- other wishes ----------------------------------------------------------------------------------------------------


@transaction.atomic
def wishes_changed(workspace: Workspace, post: Post | None = None) -> None:
    """The workspace, or one post, has other wishes now: they hold for what has not begun, too."""
    not_begun = Delivery.objects.exclude(late_after=None)
    _judge_anew(not_begun.filter(post=post) if post else not_begun, workspace)


def _judge_anew(deliveries: DeliveryQuerySet, workspace: Workspace) -> None:
    """Set ``late_after`` of these deliveries by the present wishes of the workspace and of their posts.

    What was put off, by us or by the platform, is late from the time that it was given.
    """
    scheduled = deliveries.publications().filter(workspace=workspace, status=Status.SCHEDULED)
    # In the order in which a claim takes them, so that neither waits for the other.
    list(scheduled.select_for_update().order_by("pk").values_list("pk", flat=True))
    for wished in WhenLate:
        posts = Q(post__when_late=wished) | (Q(post__when_late="") if workspace.when_late == wished else Q(pk=None))
        margin = Value(_margin(wished, workspace.grace), output_field=DurationField())
        after = ExpressionWrapper(Greatest(F("due_at"), F("act_at")) + margin, output_field=DateTimeField())
        scheduled.filter(posts).update(late_after=after)


# --- later than was wished -------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """What is asked of a late delivery: thousands of them fit into memory."""

    pk: int
    channel: int
    due_at: datetime
    act_at: datetime
    late_after: datetime | None
    doubtful: bool
    when_late: str
    workspace_when_late: str
    grace: timedelta
    created_by: int | None
    author: int | None
    occurrence: int
    is_left_out: bool = False  # a later date of the same series is overdue as well

    @property
    def wish(self) -> WhenLate:
        return WhenLate(self.when_late or self.workspace_when_late)

    @property
    def margin(self) -> timedelta:
        return _margin(self.wish, self.grace)

    def is_too_late(self, now: datetime) -> bool:
        return self.is_left_out or (self.late_after or max(self.due_at, self.act_at) + self.margin) < now

    @property
    def end(self) -> Delivery.Status:
        """What may be there must not be forgotten: it is never dropped without a person."""
        is_dropped = self.is_left_out or self.wish == WhenLate.DROP
        return Status.CANCELLED if is_dropped and not self.doubtful else Status.MISSED

    @property
    def message(self) -> str:
        if self.end == Status.CANCELLED:
            return LEFT_OUT if self.is_left_out else DROPPED
        return GRACE_IS_OVER if self.wish == WhenLate.PUBLISH else ASKED


def _locked(deliveries: QuerySet[Delivery], limit: int | None = None) -> list[Row]:
    """In the order of their times. Whatever a worker or a person has in hand is left to them."""
    locked = deliveries.select_for_update(of=("self",), skip_locked=True).order_by("due_at", "pk")
    return _one_of_each_series([Row(*row) for row in locked.values_list(
        "pk", "channel_id", "due_at", "act_at", "late_after", "doubtful", "post__when_late", "workspace__when_late",
        "workspace__grace", "created_by_id", "post__author_id", "occurrence",
    )[:limit]])  # fmt: skip


def _one_of_each_series(rows: list[Row]) -> list[Row]:
    """Of a series only the last date of each channel is offered, or goes out late: nobody wants a month at once."""
    series = Occurrence.objects.series_of(row.occurrence for row in rows if row.occurrence)
    last = {(series[row.occurrence], row.channel): row.pk for row in rows if row.occurrence in series}
    return [
        row._replace(is_left_out=last[series[row.occurrence], row.channel] != row.pk)
        if row.occurrence in series
        else row
        for row in rows
    ]


def miss_late(now: datetime) -> int:
    """What is later than was wished is not published behind its author's back: dropped, or a person is asked."""
    if not Delivery.objects.late(now).exists():  # outside of a transaction: it would take SQLite's writing lock
        return 0
    with transaction.atomic():
        late = _locked(Delivery.objects.late(now), AT_ONCE)
        _give_up(late)
        _tell(late, [], now)
    return len(late)


def _give_up(late: list[Row]) -> None:
    """Write for each what became of it. They are locked: nobody else can have been quicker."""
    alike: dict[tuple[Delivery.Status, str], list[int]] = defaultdict(list)
    for row in late:
        alike[row.end, row.message].append(row.pk)
    for (status, message), pks in alike.items():
        for some in _batches(pks):
            Delivery.objects.filter(pk__in=some).update(status=status, message=message)


def _batches(pks: list[int]) -> Iterable[list[int]]:
    return (pks[start : start + 500] for start in range(0, len(pks), 500))


# --- after an outage -------------------------------------------------------------------------------------------------


def catch_up(now: datetime, name: str = "") -> int:
    """Before the first look after an outage: spread each channel's backlog, and tell every author once.

    An outage is a time in which no worker signed (posts.watch.watching). Whoever comes first does it, and signs as
    ``name``: as this worker, when nothing else is said. Returns how many go out late.
    """
    if not _nobody_signed(now):
        return 0
    with transaction.atomic():
        _keep_others_out(now)
        if not _nobody_signed(now):
            return 0
        late, spread = _sort_out(Delivery.objects.all(), now)
        if late or spread:
            log.warning("After an outage: %s deliveries go out late, %s are too late", len(spread), len(late))
            _tell(late, spread, now, "Nothing could be published for a while.")
        watching.beat(Heartbeat.Kind.WORKER, name or watching.here(Heartbeat.Kind.WORKER), now)
    return len(spread)


def reopened(channel: Channel, now: datetime, *, spread: bool = True) -> None:
    """The channel is open again, in this transaction: what waited for it is too late, or spread.

    Also what had begun before is asked now whether it is late. ``spread`` is False after a mere check: what could not
    go out within such a moment goes on as it was.
    """
    here = Delivery.objects.filter(channel=channel)
    _judge_anew(here.filter(late_after=None, doubtful=False), channel.workspace)
    if spread:
        late, goes_out = _sort_out(here, now)
        _tell(late, goes_out, now, f"{channel} could not be used for a while, and is open again.")


def _nobody_signed(now: datetime) -> bool:
    """A sign from the future does not count: the clock was set back since."""
    lately = Q(at__gte=now - OUTAGE) | Q(name__endswith=f":{CRON}", at__gte=now - CRON_OUTAGE)
    return not Heartbeat.objects.filter(lately, kind=Heartbeat.Kind.WORKER, at__lte=now + OUTAGE).exists()


def _overdue(now: datetime) -> Q:
    """What should have gone out by itself. What may be there, and was looked for already, goes its own way; what
    changes an article that is there is never too late.
    """
    its_own_way = Q(doubtful=True, late_after=None)
    return (
        ~its_own_way
        & Q(action=Delivery.Action.PUBLISH)
        & Q(status=Status.SCHEDULED, act_at__lt=now - LATE, due_at__lt=now - LATE)
    )


def _keep_others_out(now: datetime) -> None:
    """Lock the channels that have a backlog: a claim passes over them, and a second worker waits here."""
    backlog = Delivery.objects.filter(_overdue(now), channel=OuterRef("pk"))
    channels = Channel.objects.filter(Exists(backlog), status=Channel.Status.OPEN)
    list(channels.select_for_update().order_by("pk").values_list("pk", flat=True))


def _sort_out(deliveries: QuerySet[Delivery], now: datetime) -> tuple[list[Row], list[Row]]:
    """Of what is overdue: what is too late by now, and what is not and goes out, in its turn."""
    rows = _locked(deliveries.filter(_overdue(now), channel__status=Channel.Status.OPEN))
    late = [row for row in rows if row.is_too_late(now)]
    spread = [row for row in rows if not row.is_too_late(now)]
    _give_up(late)
    _spread(spread, now)
    return late, spread


def _spread(rows: list[Row], now: datetime) -> None:
    """The first of a channel's backlog goes out now, the others one after the other.

    It is decided now that they go out: it takes another delay to make them too late.
    """
    turns = Turns((row.channel for row in rows), now)
    changes = []
    for row in rows:
        at = turns.next(row.channel)
        changes.append(({"id": row.pk}, {"act_at": at, "late_after": at + row.margin, "message": GOES_OUT}))
    update_each(Delivery, changes)


class Turns:
    """Free moments on each channel, one after the other; what is scheduled there keeps its own."""

    def __init__(self, channels: Iterable[int], now: datetime) -> None:
        """``channels``: as often as a moment will be asked for on each."""
        self.step = timedelta(seconds=settings.CATCH_UP_SECONDS)
        wanted: dict[int, int] = defaultdict(int)
        for channel in channels:
            wanted[channel] += 1
        self.free: dict[int, datetime] = dict.fromkeys(wanted, now)
        self.taken: dict[int, deque[datetime]] = defaultdict(deque)
        horizon = now + 2 * self.step * max(wanted.values(), default=0)
        ahead = Delivery.objects.filter(status=Status.SCHEDULED, act_at__gte=now - LATE, act_at__lt=horizon)
        for channel, at in ahead.order_by("act_at").values_list("channel_id", "act_at"):
            if channel in wanted:
                self.taken[channel].append(at)

    def next(self, channel: int) -> datetime:
        free, taken = self.free[channel], self.taken[channel]
        while taken and taken[0] < free + self.step:
            free = max(free, taken.popleft() + self.step)
        self.free[channel] = free + self.step
        return free


def _tell(late: list[Row], spread: list[Row], now: datetime, why: str = "") -> None:
    """One mail to each author about everything of theirs that was late."""
    by_author: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for rows, goes_out in ((late, False), (spread, True)):
        for row in rows:
            author = row.created_by or row.author
            if author is not None:
                end = "left out" if row.message == LEFT_OUT else row.end.value
                by_author[author][Status.SCHEDULED.value if goes_out else end].append(row.pk)
    for author, deliveries in by_author.items():
        try:
            notifying.tell_late(author, deliveries, now, why)
        except DatabaseError:
            raise
        except Exception:  # a mail that cannot be put together must not keep everything else from being published
            log.exception("Person %s could not be told of %s late deliveries", author, deliveries)
