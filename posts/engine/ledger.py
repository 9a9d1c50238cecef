"""Verbs: write what came of each claim. Once, where its attempt number still stands, with its Attempt and its mail in
the same transaction; a worker back from the dead cannot overwrite its successor.

What an outcome means is decided in ``posts.engine.outcomes``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from blogscheduler import logs
from posts import notifying
from posts.engine import failpoints, lateness, revising
from posts.engine.outcomes import (
    CHANNEL_CHANGED,
    CRASHES,
    CRASHES_LOOKING,
    Entry,
    all_that_was_sent,
    decide,
    look_back_off,
    settle_time,
)
from posts.engine.trips import Result, Step, Trip, can_look, fence_from
from posts.models import Attempt, Channel, Delivery, RemoteImage
from posts.models.delivery import move
from posts.models.each import carry_out, inserts, locks, updates
from posts.watch import proving
from publishers import PUBLISHERS
from publishers.base import Assisted, Limits

log = logging.getLogger(__name__)
Outcome = Attempt.Outcome
Status = Delivery.Status

DAY = timedelta(hours=24)
LEASE_KEPT = 10.0  # seconds of a lease that must be left for a next step, else it is renewed

# What every outcome needs to know of its delivery; the few that need the post or the channel fetch them.
NEEDED = (
    "number", "status", "due_at", "remote_id", "tries", "looks_failed", "looks_absent", "doubtful", "place_changed",
    "refused_unless_ours", "retry_if_absent", "crashes", "message", "sent_digest", "sent_version", "sent_as",
    "post_id", "channel_id", "workspace_id", "created_by_id",
)  # fmt: skip


def record(result: Result, now: datetime) -> Trip | None:
    """Write one outcome. Returns the next trip of the same claim (a draft is flipped next)."""
    return next(iter(record_all([result], now, fence_from(time.monotonic()))), None)


def record_all(results: Sequence[Result], now: datetime, fence: float) -> list[Trip]:
    """Write several outcomes in one transaction: all or none. Returns the trips that follow.

    ``fence`` is that of a lease which is taken now: what follows may need a new one.
    """
    try:
        return _record_all(results, now, fence, trusting=True)
    except (Overtaken, IntegrityError):  # the same: its successor has left an attempt of this number already
        return _record_all(results, now, fence, trusting=False)


class Overtaken(Exception):
    """A row is not any more as it was when it was claimed: nothing that was decided from that is written."""


@transaction.atomic
def _record_all(results: Sequence[Result], now: datetime, fence: float, *, trusting: bool) -> list[Trip]:
    entries = [Entry(delivery, result, now) for delivery, result in _still_ours(results, trusting=trusting)]
    if not entries:
        return []
    for entry in entries:
        (revising.decide if entry.trip.step in revising.REVISING else decide)(entry)
    _renew(entries, fence)
    _write(entries)
    failpoints.reached(failpoints.RECORDING)
    transaction.on_commit(partial(failpoints.reached, failpoints.RECORDED))
    transaction.on_commit(partial(_say, entries))
    return [entry.following for entry in entries if entry.following]


def _say(entries: list[Entry]) -> None:
    """One line of the log for each outcome."""
    if not log.isEnabledFor(logging.INFO):
        return
    for entry in entries:
        with logs.about(**entry.trip.ids):
            outcome = entry.attempt["outcome"] if entry.attempt else "nothing"
            log.info("Delivery %s: %s, %s", entry.trip.delivery_id, outcome, entry.changes.get("status", "goes on"))


def _still_ours(results: Sequence[Result], *, trusting: bool) -> Iterator[tuple[Delivery, Result]]:
    """The deliveries whose claim still stands.

    Where all went well the row is trusted to be as it was claimed, which the writing then proves: nobody else changes
    what is claimed but the night-watch. The others are read again and locked.
    """
    unread = [result for result in results if not (trusting and _went_well(result))]
    rows = _locked(unread) if unread else {}
    for result in results:
        delivery = rows.get(result.trip.delivery_id) if result in unread else result.trip.row
        if delivery and delivery.number == result.trip.number and delivery.is_moving():
            yield delivery, result
        else:
            with logs.about(**result.trip.ids):
                log.warning("Delivery %s: attempt %s came back too late", result.trip.delivery_id, result.trip.number)


def _went_well(result: Result) -> bool:
    return result.error is None and result.trip.step != Step.LOOK


def _locked(results: list[Result]) -> dict[int, Delivery]:
    """Channels before deliveries, as everybody locks them: of two who wait crosswise PostgreSQL kills one."""
    channels = Channel.objects.filter(pk__in=[result.trip.channel_id for result in results])
    list(channels.select_for_update().order_by("pk").values_list("pk"))
    ids = [result.trip.delivery_id for result in results]
    return Delivery.objects.select_for_update().only(*NEEDED).order_by("pk").in_bulk(ids)


def _write(entries: list[Entry]) -> None:
    """All that was decided; the channels first, in order (see ``_locked``). Raises Overtaken."""
    released = [entry for entry in entries if not entry.following]
    before = [
        *locks(Channel, (entry.trip.channel_id for entry in released)),
        *updates(Channel, [(_held(entry.trip), _released(entry)) for entry in released]),
        *locks(Delivery, (entry.delivery.pk for entry in entries)),
    ]
    changes = [
        ({"id": entry.delivery.pk, "number": entry.trip.number, "status": entry.delivery.status}, entry.changes)
        for entry in entries
        if entry.changes
    ]
    deliveries = updates(Delivery, changes)
    attempts = inserts(Attempt, (entry.attempt for entry in entries if entry.attempt))
    images = [entry.remote_image for entry in entries if entry.remote_image]
    uploads = inserts(RemoteImage, images, ignore_conflicts=True)  # who was first has uploaded it
    proofs = proving.beginning(entry.proof for entry in entries)
    done = carry_out([*before, *deliveries, *attempts, *uploads, *proofs])
    if sum(done[len(before) :][: len(deliveries)]) != len(changes):
        raise Overtaken
    for entry in entries:
        if entry.original:
            revising.write(entry)


def _held(trip: Trip) -> dict[str, Any]:
    return {"id": trip.channel_id, "claim": trip.claim}


def _released(entry: Entry) -> dict[str, Any]:
    """The channel is free again, but not before its pause is over."""
    return {"claim": None, "lease_until": None, "paced_until": entry.now + timedelta(seconds=entry.pause())}


def _renew(entries: list[Entry], fence: float) -> None:
    """A new lease for what follows, where too little is left of the present one."""
    short = [entry for entry in entries if entry.following and _left(entry.following, entry.now, fence) < LEASE_KEPT]
    if not short:
        return
    until = Now() + settings.LEASE
    claims = {entry.trip.claim for entry in short}
    Channel.objects.filter(pk__in=[entry.trip.channel_id for entry in short], claim__in=claims).update(
        lease_until=until
    )
    Delivery.objects.filter(pk__in=[entry.delivery.pk for entry in short]).update(lease_until=until)
    for entry in short:
        assert entry.following is not None
        entry.following = replace(entry.following, fence=fence)


def _left(following: Trip, now: datetime, fence: float) -> float:
    """Seconds between the moment when it may begin and its fence."""
    in_a_fresh_lease = fence_from(0.0)
    used = fence - following.fence
    return in_a_fresh_lease - used - (following.ready_at - now).total_seconds()


# --- nothing came back -----------------------------------------------------------------------------------------------


@transaction.atomic
def put_back(trip: Trip, at: datetime, *, paced: bool = False) -> None:
    """Give up a claim under which nothing is in flight: the delivery goes on at ``at``.

    Its channel is free now; with ``paced`` at ``at`` as well.
    """
    free: dict[str, Any] = {"claim": None, "lease_until": None, **({"paced_until": at} if paced else {})}
    Channel.objects.filter(pk=trip.channel_id, claim=trip.claim).update(**free)
    ours = Delivery.objects.filter(pk=trip.delivery_id, number=trip.number)
    begun = lateness.once_begun(trip.row.post)
    ours.filter(status=Status.PUBLISHING).update(status=Status.SCHEDULED, act_at=at, lease_until=None, **begun)
    ours.filter(status=Status.CHECKING).update(act_at=at, lease_until=None)


@transaction.atomic
def give_up(trip: Trip, message: str) -> None:
    """It cannot be done any more, which was seen before anything was sent: FAILED, and its author is told."""
    Channel.objects.filter(pk=trip.channel_id, claim=trip.claim).update(claim=None, lease_until=None)
    ours = Delivery.objects.filter(pk=trip.delivery_id, number=trip.number, status=Status.PUBLISHING)
    if ours.update(status=Status.FAILED, lease_until=None, message=message, doubtful=False):
        notifying.tell_author(trip.row, Status.FAILED, message)


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
    """The day's quota of the platform is used up: it goes out when there is room again, and the author is told.

    What is not to be published late at all is judged at once.
    """
    if not lateness.once_begun(trip.row.post):
        put_back(trip, trip.row.due_at)
        Delivery.objects.filter(pk=trip.delivery_id, status=Status.SCHEDULED).update(late_after=trip.row.due_at)
        return
    put_back(trip, at)
    label = trip.door.publisher_class.label
    message = f"{label} takes {per_day} articles in 24 hours; this one goes out when there is room again."
    delivery = Delivery.objects.select_related("post", "post__author", "channel", "created_by").get(pk=trip.delivery_id)
    if delivery.status == Status.SCHEDULED:
        Delivery.objects.filter(pk=delivery.pk).update(message=message)
        notifying.tell_postponed(delivery, at, message)


@transaction.atomic
def hand_over(trip: Trip, now: datetime) -> bool:
    """A person publishes it: its author hears of it, in the transaction in which it leaves our hands.

    Which text that is stands on the row, like that of what is sent. False when the claim does not stand any more.
    """
    Channel.objects.filter(pk=trip.channel_id, claim=trip.claim).update(claim=None, lease_until=None)
    ours = Delivery.objects.filter(pk=trip.delivery_id, number=trip.number, status=Status.PUBLISHING)
    changes = {"lease_until": None, "remind_at": now + DAY, "message": "", "doubtful": False, "crashes": 0}
    if not ours.update(status=Status.HANDED_OVER, **changes, **all_that_was_sent(trip)):
        return False
    Attempt.objects.create(
        delivery_id=trip.delivery_id, number=trip.number, step=Step.HAND_OVER, outcome=Outcome.DONE, started_at=now
    )
    delivery = Delivery.objects.select_related("post__author", "channel", "created_by").get(pk=trip.delivery_id)
    notifying.tell_handed_over(delivery)
    return True


@transaction.atomic
def record_abandoned(shown: Delivery, now: datetime) -> None:
    """The worker that held this delivery died or was frozen beyond its lease: what it did is not known."""
    delivery = (
        Delivery.objects.abandoned()
        .select_for_update(of=("self",))
        .select_related("post", "post__author", "channel", "created_by")
        .filter(pk=shown.pk, number=shown.number)
        .first()
    )
    if delivery is None:  # it came back after all, or another night-watch was quicker
        return
    if not delivery.is_publication:
        revising.record_abandoned(delivery, now)
        return
    looking = delivery.status == Status.CHECKING
    publisher = PUBLISHERS.get(delivery.channel.platform)
    crashes = delivery.crashes + 1
    if publisher is not None and issubclass(publisher, Assisted) and crashes < CRASHES:
        # Nothing is sent there by us: it is handed over anew.
        again = {"status": Status.SCHEDULED, "act_at": now, "lease_until": None, "crashes": crashes}
        Delivery.objects.filter(pk=delivery.pk).update(**again)
        return
    changes: dict[str, Any] = {"lease_until": None, "doubtful": True, "crashes": crashes}
    if looking:
        message = "The worker that was looking whether it arrived did not come back."
        target = Status.UNCERTAIN if crashes >= CRASHES_LOOKING else Status.CHECKING
        changes["act_at"] = now + look_back_off(crashes)
    else:
        message = "The worker that was publishing it did not come back; whether it arrived is not known yet."
        looks = publisher is not None and can_look(publisher) and not delivery.place_changed
        target = Status.CHECKING if looks else Status.UNCERTAIN
        changes |= {"looks_failed": 0, "looks_absent": 0}
        changes["act_at"] = now + settle_time(publisher.limits if publisher else Limits())
        if delivery.place_changed:
            message = f"The worker that was publishing it did not come back. {CHANNEL_CHANGED}"
    if not (looking and target == Status.CHECKING):  # a look-up that is made again has nothing new to say
        changes["message"] = message
    Delivery.objects.filter(pk=delivery.pk).update(status=target, **changes)
    Attempt.objects.create(
        delivery=delivery, number=delivery.number, step=Step.UNKNOWN, outcome=Outcome.ABANDONED, message=message
    )
    if target == Status.UNCERTAIN:
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
