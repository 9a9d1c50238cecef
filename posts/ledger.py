"""Verbs: what each outcome means. Every outcome is written once, where the claim's attempt number still stands, with
its Attempt and its mail in the same transaction; a worker back from the dead cannot overwrite its successor.
"""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from posts import failpoints, lateness, notifying
from posts.models import Attempt, Channel, Delivery
from posts.models.delivery import move
from posts.trips import Result, Step, Trip
from publishers import PUBLISHERS
from publishers.base import Finds, Glimpses, Limits, RemotePost, Visibility
from publishers.errors import (
    Gone,
    Later,
    NotAuthorized,
    OutcomeUnknown,
    PerhapsThere,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)

log = logging.getLogger(__name__)
Outcome = Attempt.Outcome
Status = Delivery.Status

FIRST_BACK_OFF = 15.0  # seconds; each further one is up to four times as long
FIRST_LOOK_BACK_OFF = 8.0  # looking again is free of danger: sooner, and each further one up to twice as long
LONGEST_BACK_OFF = 3600.0
LOOKS_THAT_MAY_FAIL = 12  # look-ups without an answer before a person is asked
DAY = timedelta(hours=24)
PATIENCE = timedelta(hours=24)  # how long a platform may go on asking us to wait


def record(result: Result, now: datetime) -> Trip | None:
    """Write one outcome. Returns the next trip of the same claim, its lease renewed (a draft is flipped next)."""
    following = _record(result, now)
    failpoints.reached(failpoints.RECORDED)
    return following


def _record(result: Result, now: datetime) -> Trip | None:
    with transaction.atomic():
        delivery = _still_ours(result.trip)
        if delivery is None:
            log.warning("Delivery %s: attempt %s came back too late", result.trip.delivery_id, result.trip.number)
            return None
        if result.error is None:
            following = _succeeded(delivery, result, now)
        else:
            _failed(delivery, result, result.error, now)
            following = None
        if following is None:
            _release(result, now)
        failpoints.reached(failpoints.RECORDING)
        return following


def _still_ours(trip: Trip) -> Delivery | None:
    """The delivery if this claim still stands. Locked, so that what follows is decided on what is written."""
    return (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("post", "post__author", "channel", "created_by", "workspace")
        .filter(pk=trip.delivery_id, number=trip.number, status__in=[Status.PUBLISHING, Status.CHECKING])
        .first()
    )


def _set(delivery: Delivery, status: Status, **changes: Any) -> None:
    """Move a delivery that is locked and known to be ours."""
    changes.setdefault("lease_until", None)
    moved = Delivery.objects.filter(
        pk=delivery.pk, number=delivery.number, status__in=[s for s in Status.before(status) if s == delivery.status]
    ).update(status=status, **changes)
    if moved != 1:
        raise RuntimeError(f"Delivery {delivery.pk} cannot go from {delivery.status} to {status}")


def _attempt(result: Result, outcome: Outcome, message: str = "") -> None:
    Attempt.objects.create(
        delivery_id=result.trip.delivery_id,
        number=result.trip.number,
        step=result.trip.step,
        outcome=outcome,
        message=message,
        exchanges=result.exchanges,
        started_at=result.started_at,
        seconds=round(result.seconds, 3),
    )


def _limits(delivery: Delivery) -> Limits:
    return PUBLISHERS[delivery.channel.platform].limits


def settle_time(limits: Limits) -> timedelta:
    """How long after a doubtful call "not found" begins to mean something."""
    return timedelta(seconds=settings.SETTLE_SECONDS or limits.settle_seconds)


def write_pause(trip: Trip) -> float:
    """Seconds that the platform wants between two writes of one channel."""
    return trip.door.publisher_class.limits.seconds_between_writes * settings.PACE


def _release(result: Result, now: datetime) -> None:
    """Give the channel back, not before the platform's pause between two writes, or what it asked us to wait."""
    trip = result.trip
    pause = 0.0 if trip.step == Step.LOOK else write_pause(trip)
    if trip.step != Step.LOOK and isinstance(result.error, RateLimited):
        pause = max(pause, result.error.retry_after or 0)
    Channel.objects.filter(pk=trip.channel_id, claim=trip.claim).update(
        claim=None, lease_until=None, paced_until=now + timedelta(seconds=pause)
    )


# --- it worked -------------------------------------------------------------------------------------------------------


def _succeeded(delivery: Delivery, result: Result, now: datetime) -> Trip | None:
    if result.trip.step == Step.LOOK:
        _looked(delivery, result, now)
        return None
    remote = result.value
    assert remote is not None
    _attempt(result, Outcome.DONE)
    if result.trip.step == Step.CREATE and remote.visibility == Visibility.DRAFT:
        return _draft_is_there(delivery, result.trip, remote, now)
    place = {"remote_id": remote.id, "remote_url": remote.url}
    if remote.as_wished:
        message = f"It is on {_label(delivery)} as a {remote.visibility}, as you asked."
        _published(delivery, remote, result.trip, now, message)
    elif remote.visibility == Visibility.PUBLIC:
        _published(delivery, remote, result.trip, now, "")
    else:
        words = f"{_label(delivery)} has it as a {remote.visibility}, not public."
        _ask_a_person(delivery, words, **place, **sent_text(result.trip))
    return None


def _draft_is_there(delivery: Delivery, trip: Trip, remote: RemotePost, now: datetime) -> Trip | None:
    """Keep the draft's id before anything else happens, renew the lease, and flip it next."""
    ours = Delivery.objects.filter(pk=delivery.pk, number=delivery.number)
    if delivery.status != Status.PUBLISHING:
        # The night-watch was quicker and will look: the id helps it, the flip is no longer ours.
        ours.update(remote_id=remote.id, remote_url=remote.url)
        return None
    ours.update(
        remote_id=remote.id,
        remote_url=remote.url,
        lease_until=Now() + settings.LEASE,
        doubtful=False,
        **sent_text(trip),
    )
    Channel.objects.filter(pk=trip.channel_id, claim=trip.claim).update(lease_until=Now() + settings.LEASE)
    ready_at = max(now + timedelta(seconds=write_pause(trip)), delivery.due_at)
    return replace(trip, step=Step.FLIP, remote_id=remote.id, ready_at=ready_at)


def _published(delivery: Delivery, remote: RemotePost, trip: Trip, now: datetime, message: str) -> None:
    sent: dict[str, Any] = {}
    # After a look-up the text is the one that the lost call had sent. A worker that died could not tell us: then it
    # is the present one if nobody has changed it since it was due, and not known otherwise.
    untold = not delivery.sent_digest and delivery.post.updated_at <= delivery.due_at
    if trip.step != Step.LOOK or untold:
        sent = sent_text(trip)
    _set(
        delivery, Status.PUBLISHED, remote_id=remote.id, remote_url=remote.url, published_at=now,
        doubtful=False, refused_unless_ours=False, message=message, **sent,
    )  # fmt: skip


def sent_text(trip: Trip) -> dict[str, Any]:
    """The fields that say which text went out."""
    return {
        "sent_title": trip.article.title,
        "sent_markdown": trip.article.markdown,
        "sent_digest": trip.digest,
        "sent_version": trip.version,
    }


# --- we looked -------------------------------------------------------------------------------------------------------


def _looked(delivery: Delivery, result: Result, now: datetime) -> None:
    remote = result.value
    if remote is None:
        _attempt(result, Outcome.ABSENT, f"It is not on {_label(delivery)}.")
        _not_there(delivery, now)
    elif remote.visibility == Visibility.PUBLIC:
        words = f"An answer had been lost: we looked on {_label(delivery)}, and it is there."
        _attempt(result, Outcome.FOUND, f"It is public on {_label(delivery)}.")
        _published(delivery, remote, result.trip, now, words)
    elif remote.visibility == Visibility.DRAFT:
        _attempt(result, Outcome.FOUND, f"It is on {_label(delivery)} as a draft.")
        if delivery.refused_unless_ours and delivery.remote_id:
            # The flip of this very draft was refused: what is public there is somebody else's.
            _refusal_stands(delivery, now)
            return
        _set(
            delivery, Status.SCHEDULED, act_at=now, late_after=None, remote_id=remote.id, doubtful=False,
            refused_unless_ours=False, message=f"Its draft is on {_label(delivery)} and is made public next.",
        )  # fmt: skip
    else:
        _attempt(result, Outcome.FOUND, f"{_label(delivery)} has scheduled it by itself.")
        _ask_a_person(delivery, f"{_label(delivery)} has scheduled it by itself, for a time that we do not know.")


def _not_there(delivery: Delivery, now: datetime) -> None:
    """Not found counts only after the platform's look-up lag, and as often as the platform needs."""
    limits = _limits(delivery)
    if not issubclass(PUBLISHERS[delivery.channel.platform], Finds):
        _ask_a_person(
            delivery, f"{delivery.message} We do not see it on {_label(delivery)}, which proves nothing there."
        )
    elif delivery.looks_absent + 1 < limits.looks:
        _set(delivery, Status.CHECKING, act_at=now + settle_time(limits), looks_absent=F("looks_absent") + 1)
    elif delivery.refused_unless_ours:
        # Neither public nor a draft any more: what we knew of it is gone.
        _refusal_stands(delivery, now, remote_id="", remote_url="")
    else:
        _again(delivery, now, "It did not arrive; it is sent again.")


def _refusal_stands(delivery: Delivery, now: datetime, **changes: Any) -> None:
    """The platform refused a duplicate, and what is there is not ours: again later if it said when, else it failed."""
    if delivery.retry_if_absent is None:
        _fail(delivery, delivery.message, **changes)
    else:
        _again(delivery, now + timedelta(seconds=delivery.retry_if_absent), delivery.message)


def _again(delivery: Delivery, at: datetime, message: str, *, may_be_there: bool = False) -> None:
    """Once more at ``at``, unless the tries are used up."""
    if delivery.tries + 1 >= settings.PUBLISH_TRIES:
        _fail(delivery, f"{message} That was try {delivery.tries + 1}; we stopped here.")
        return
    _set(
        delivery, Status.SCHEDULED, act_at=at, late_after=None, tries=F("tries") + 1, message=message,
        doubtful=may_be_there, refused_unless_ours=False, retry_if_absent=None,
    )  # fmt: skip


# --- it did not ------------------------------------------------------------------------------------------------------


def _failed(delivery: Delivery, result: Result, error: PublishingError, now: datetime) -> None:
    message = str(error)
    _attempt(result, _outcome_of(error), message)
    if isinstance(error, NotAuthorized):
        _close_channel(delivery, result.trip, message)
    elif result.trip.step == Step.LOOK:
        _could_not_look(delivery, error, now)
    elif isinstance(error, RateLimited):
        _asked_to_wait(delivery, error, now)
    elif isinstance(error, Unavailable):
        _again(delivery, now + _back_off(delivery.tries, error), message, may_be_there=delivery.doubtful)
    elif isinstance(error, OutcomeUnknown):
        _doubt(delivery, result.trip, error, now)
    elif isinstance(error, Gone):
        _fail(delivery, message, remote_id="", remote_url="")
    else:
        _fail(delivery, message)


def _outcome_of(error: PublishingError) -> Outcome:
    for kind, outcome in (
        (NotAuthorized, Outcome.NOT_AUTHORIZED),
        (RateLimited, Outcome.RATE_LIMITED),
        (Unavailable, Outcome.UNAVAILABLE),
        (OutcomeUnknown, Outcome.UNKNOWN),
        (Rejected, Outcome.REJECTED),
    ):
        if isinstance(error, kind):
            return outcome
    return Outcome.REJECTED  # Unsupported


def _doubt(delivery: Delivery, trip: Trip, error: OutcomeUnknown, now: datetime) -> None:
    """It may be there. Look when the platform has settled; where one cannot look, a person must."""
    perhaps = isinstance(error, PerhapsThere)
    if not trip.door.can_look:
        _ask_a_person(delivery, str(error), **sent_text(trip))
        return
    _set(
        delivery, Status.CHECKING, act_at=now + settle_time(_limits(delivery)), doubtful=True, looks_failed=0,
        looks_absent=0,
        refused_unless_ours=perhaps, retry_if_absent=error.retry_after if isinstance(error, PerhapsThere) else None,
        message=str(error), **sent_text(trip),
    )  # fmt: skip


def _could_not_look(delivery: Delivery, error: PublishingError, now: datetime) -> None:
    """A look-up without an answer proves nothing. Look again, and in the end ask a person."""
    if delivery.looks_failed >= LOOKS_THAT_MAY_FAIL:
        _ask_a_person(delivery, f"We could not find out whether it is there: {error}")
        return
    _set(
        delivery, Status.CHECKING, act_at=now + _look_back_off(delivery.looks_failed, error),
        looks_failed=F("looks_failed") + (0 if isinstance(error, RateLimited) else 1), doubtful=True,
    )  # fmt: skip


def _asked_to_wait(delivery: Delivery, error: RateLimited, now: datetime) -> None:
    """Not a failed try: the platform told us when to come back. The whole channel waits with it."""
    if now - delivery.due_at > PATIENCE:
        _fail(delivery, f"{error} We were asked to wait for a whole day.")
        return
    wait = _back_off(delivery.tries, error)
    _set(delivery, Status.SCHEDULED, act_at=now + wait, late_after=None, message=str(error))


def _back_off(tries: int, error: PublishingError) -> timedelta:
    """What the platform asked for, and a little more; else full jitter, longer with each try."""
    retry_after = error.retry_after if isinstance(error, Later) else None
    if retry_after is not None:
        return timedelta(seconds=retry_after + random.uniform(0.05, 0.5))  # noqa: S311  not a secret
    return _jitter(FIRST_BACK_OFF * 4**tries)


def _look_back_off(looks: int, error: PublishingError) -> timedelta:
    if isinstance(error, Later) and error.retry_after is not None:
        return _back_off(looks, error)
    return _jitter(FIRST_LOOK_BACK_OFF * 2**looks)


def _jitter(longest: float) -> timedelta:
    """Anything up to ``longest`` seconds, so that what failed together does not come back together."""
    return timedelta(seconds=random.uniform(1, min(longest, LONGEST_BACK_OFF)))  # noqa: S311  not a secret


def _fail(delivery: Delivery, message: str, **changes: Any) -> None:
    _set(delivery, Status.FAILED, message=message, doubtful=False, refused_unless_ours=False, **changes)
    notifying.tell_author(delivery, Status.FAILED, message)


def _ask_a_person(delivery: Delivery, message: str, **changes: Any) -> None:
    _set(delivery, Status.UNCERTAIN, message=message, doubtful=True, **changes)
    notifying.tell_author(delivery, Status.UNCERTAIN, message)


def _close_channel(delivery: Delivery, trip: Trip, message: str) -> None:
    """Close the channel, tell its people once, keep its deliveries: the grace decides when it opens again."""
    changes: dict[str, Any] = {"message": message}
    if delivery.status == Status.CHECKING:
        _set(delivery, Status.CHECKING, **changes)
    else:
        _set(delivery, Status.SCHEDULED, late_after=lateness.late_after(delivery.post, delivery.due_at), **changes)
    close(delivery.channel, trip.door.revision, message)


def close(channel: Channel, revision: int, message: str) -> None:
    """The credentials are refused. Only the first to notice tells people: whoever else closes it finds it closed."""
    first = Channel.objects.filter(pk=channel.pk, status=Channel.Status.OPEN, revision=revision).update(
        status=Channel.Status.CLOSED, problem=message
    )
    if first:
        notifying.tell_channel_closed(channel, message)


def _label(delivery: Delivery) -> str:
    return PUBLISHERS[delivery.channel.platform].label


# --- nobody came back ------------------------------------------------------------------------------------------------


@transaction.atomic
def put_back(trip: Trip, at: datetime, *, paced: bool = False) -> None:
    """Give up a claim under which nothing is in flight: the delivery goes on at ``at``.

    Its channel is free now; with ``paced`` at ``at`` as well.
    """
    ours = Delivery.objects.filter(pk=trip.delivery_id, number=trip.number)
    ours.filter(status=Status.PUBLISHING).update(status=Status.SCHEDULED, act_at=at, late_after=None, lease_until=None)
    ours.filter(status=Status.CHECKING).update(act_at=at, lease_until=None)
    free: dict[str, Any] = {"claim": None, "lease_until": None, **({"paced_until": at} if paced else {})}
    Channel.objects.filter(pk=trip.channel_id, claim=trip.claim).update(**free)


def room_at(channel_id: int, per_day: int, now: datetime) -> datetime | None:
    """When the platform's daily quota has room for one more article on this channel; None when it has now.

    Counted are the articles that were sent in the last 24 hours, also those of which nobody knows whether they arrived.
    """
    sent = Attempt.objects.filter(
        delivery__channel=channel_id,
        step__in=[Step.PUBLISH, Step.CREATE],
        outcome__in=[Outcome.DONE, Outcome.UNKNOWN],
        started_at__gt=now - DAY,
    ).order_by("-started_at")
    oldest = list(sent.values_list("started_at", flat=True)[per_day - 1 : per_day])
    return oldest[0] + DAY if oldest and oldest[0] else None


@transaction.atomic
def postpone(trip: Trip, at: datetime, per_day: int) -> None:
    """The day's quota of the platform is used up: it goes out when there is room again, and the author is told."""
    put_back(trip, at)
    label = trip.door.publisher_class.label
    message = f"{label} takes {per_day} articles in 24 hours; this one goes out when there is room again."
    delivery = Delivery.objects.select_related("post", "post__author", "channel", "created_by").get(pk=trip.delivery_id)
    if delivery.status == Status.SCHEDULED:
        Delivery.objects.filter(pk=delivery.pk).update(message=message)
        notifying.tell_postponed(delivery, at, message)


@transaction.atomic
def record_abandoned(delivery: Delivery, now: datetime) -> None:
    """The worker that held this delivery died or was frozen beyond its lease: what it sent is not known."""
    publisher = PUBLISHERS.get(delivery.channel.platform)
    message = "The worker that was publishing it did not come back; whether it arrived is not known yet."
    limits = publisher.limits if publisher else Limits()
    can_look = publisher is not None and issubclass(publisher, (Finds, Glimpses))
    moved = Delivery.objects.filter(pk=delivery.pk, number=delivery.number, status=Status.PUBLISHING).update(
        status=Status.CHECKING if can_look else Status.UNCERTAIN,
        act_at=now + settle_time(limits),
        lease_until=None,
        doubtful=True,
        looks_failed=0,
        looks_absent=0,
        message=message,
    )
    if not moved:  # it came back after all, or another night-watch was quicker
        return
    Attempt.objects.create(
        delivery=delivery,
        number=delivery.number,
        step=Step.UNKNOWN,
        outcome=Outcome.ABANDONED,
        message=message,
    )
    if not can_look:
        notifying.tell_author(delivery, Status.UNCERTAIN, message)


def give_up_on_removed() -> None:
    """Nothing can be sent to, or looked up on, a channel whose credentials are forgotten."""
    stranded = Delivery.objects.filter(channel__status=Channel.Status.REMOVED)
    stranded.filter(status=Status.SCHEDULED).update(status=Status.CANCELLED, message="Its channel was removed.")
    message = "Its channel was removed before we could look whether it arrived."
    for delivery in stranded.filter(status=Status.CHECKING).select_related("post", "post__author", "channel"):
        with transaction.atomic():
            if move(delivery.pk, Status.UNCERTAIN, [Status.CHECKING], message=message):
                notifying.tell_author(delivery, Status.UNCERTAIN, message)
