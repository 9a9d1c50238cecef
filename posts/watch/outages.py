"""Verbs: notice that nothing can be published, and tell the owner, once when it begins and once when it is over.

Worker and beat both look, so that each notices when it is the other that has died. What neither can notice is that
both are gone, or the database: docs/running.md says what watches from outside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Min, OuterRef, Q, QuerySet, Subquery

from accounts import mailing
from accounts.models import User
from posts.models import Attempt, Channel, Delivery, Outage
from posts.models.literals import literals
from posts.watch import judging, watching
from posts.watch.watching import Kind

log = logging.getLogger(__name__)

AFTER = timedelta(minutes=10)
LONGEST_BACK_OFF = timedelta(hours=1)  # how far ahead the next try of something that failed can lie
SAMPLES = 3  # of what the platforms said, in a mail

Outcome = Attempt.Outcome
Status = Delivery.Status
# The platform was there and said something, or a folder was written.
ANSWERED = (
    Outcome.DONE,
    Outcome.FOUND,
    Outcome.ABSENT,
    Outcome.REJECTED,
    Outcome.NOT_AUTHORIZED,
    Outcome.RATE_LIMITED,
)


@dataclass(frozen=True)
class Trouble:
    """What is due and cannot be published."""

    since: datetime
    waiting: int
    reasons: tuple[str, ...]


def look_after(clock: Callable[[], datetime]) -> None:
    """Look; and when something has to be told and there is no worker to send it, send it from here."""
    look(clock())
    if _going_on() and not watching.alive(Kind.WORKER, clock()):
        mailing.send_waiting(clock)


def look(now: datetime) -> None:
    """Write down and tell that an outage has begun, or that it is over."""
    outage, trouble = _going_on(), trouble_of(now)
    if outage is None and trouble is not None:
        _begin(trouble, now)
    elif outage is not None and trouble is None:
        answered = _last_answer()
        works = answered is not None and answered > outage.since
        if works or not _something_waits(now):
            _end(outage, now, works)


def _going_on() -> Outage | None:
    return Outage.objects.filter(is_over=False).first()


def trouble_of(now: datetime) -> Trouble | None:
    """For ten minutes something has been due, and no platform has answered anything to anybody; None otherwise."""
    stuck, failing = judging.queues(now, now - AFTER), _failing(now)
    moments = [queue.since for queue in stuck]
    if tried := failing.aggregate(first=Min("due_at"))["first"]:
        moments.append(tried)
    if not moments:
        return None
    first = min(moments)
    answered = _last_answer()
    since = max(first, answered) if answered else first
    if now - since < AFTER:
        return None
    waiting = sum(queue.number for queue in stuck) + failing.count()
    return Trouble(since, waiting, _reasons(now, failing))


def _failing(now: datetime) -> QuerySet[Delivery]:
    """Tried, and tried again later because nobody answered. Where a platform asks us to wait nothing has failed."""
    tried = Q(status=Status.SCHEDULED, tries__gt=0) | Q(status=Status.CHECKING, looks_failed__gt=0)
    return Delivery.objects.filter(
        tried,
        status__in=literals([Status.SCHEDULED, Status.CHECKING]),
        act_at__gt=now,
        act_at__lte=now + LONGEST_BACK_OFF,  # else a million future deliveries would be looked through
        due_at__lte=now - AFTER,
        channel__status=Channel.Status.OPEN,
    )


def _something_waits(now: datetime) -> bool:
    """Whether anything is under way that should be out by now: only then can it still be told that it works again."""
    if Delivery.objects.filter(status=Status.PUBLISHING, due_at__lte=now).exists():
        return True
    late = Delivery.objects.filter(
        channel=OuterRef("pk"),
        status__in=literals([Status.SCHEDULED, Status.CHECKING]),
        act_at__lte=now + LONGEST_BACK_OFF,
        due_at__lte=now,
    )
    first = Subquery(late.order_by("act_at").values("pk")[:1])  # by channel, as in judging.queues
    return Channel.objects.filter(status=Channel.Status.OPEN).annotate(late=first).exclude(late=None).exists()


def _last_answer() -> datetime | None:
    answered = Attempt.objects.filter(outcome__in=ANSWERED, started_at__isnull=False).order_by("-pk")
    return answered.values_list("started_at", flat=True).first()


def _reasons(now: datetime, failing: QuerySet[Delivery]) -> tuple[str, ...]:
    """What is known, as sentences for the owner."""
    nobody = tuple(
        f"No {kind.value} has given a sign of life for {_for_how_long(last, now)}. "
        f"Start one: {watching.how_to_start(kind)}"
        for kind, last in watching.silent(now).items()
        if kind == Kind.WORKER
    )
    said = failing.exclude(message="").order_by("-due_at").values_list("message", flat=True)[:100]
    return nobody + tuple(dict.fromkeys(said))[:SAMPLES]


def _for_how_long(last: datetime | None, now: datetime) -> str:
    return watching.in_words(now - last if last else watching.FORGOTTEN_AFTER)


def _begin(trouble: Trouble, now: datetime) -> None:
    try:
        with transaction.atomic():
            outage = Outage.objects.create(since=trouble.since)
            _tell("outage", outage, {"trouble": trouble, "lasting": watching.in_words(now - trouble.since)})
    except IntegrityError:  # somebody else noticed at the same moment, and tells it
        return
    log.error("Nothing could be published for %s: %s", now - trouble.since, " ".join(trouble.reasons) or "see above")


def _end(outage: Outage, now: datetime, works: bool) -> None:
    with transaction.atomic():
        if not Outage.objects.filter(pk=outage.pk, is_over=False).update(is_over=True, ended_at=now):
            return
        _tell("outage_over", outage, {"lasted": watching.in_words(now - outage.since), "works": works})
    log.warning("It is over after %s: %s", now - outage.since, "posts go out" if works else "nothing waits any more")


def _tell(name: str, outage: Outage, context: dict[str, object]) -> None:
    """One mail to each of those who can do something about it; by its event never a second one."""
    for user in User.objects.filter(Q(is_owner=True) | Q(is_superuser=True), is_active=True):
        # Without its zone, else the template turns it into the zone of whoever renders it.
        since = outage.since.astimezone(user.time_zone).replace(tzinfo=None)
        mailing.enqueue_template(
            name,
            {**context, "since": since, "link": f"{settings.SITE_URL}/schedule/"},
            event=f"{name}:{outage.pk}:{user.pk}",
            user=user,
            repeatable=True,
        )
