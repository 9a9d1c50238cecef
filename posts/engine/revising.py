"""What each outcome of an update, or of a taking back, means: for its delivery, and for the publication it is about.

Both address the article by the id that it has on the platform, and never create one. To repeat them is safe by
contract: after a doubt the platform gets its time to settle, and then they are done again, as often as anything is
tried; at the end of the tries a person is asked. Only what was really done changes what we know of the publication.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from posts import notifying
from posts.engine import lateness
from posts.engine.outcomes import (
    CHANNEL_CHANGED,
    CRASHES,
    PATIENCE,
    Entry,
    all_that_was_sent,
    back_off,
    close,
    outcome_of,
    settle_time,
)
from posts.engine.trips import Step, Trip
from posts.models import Attempt, Delivery
from posts.watch import proving
from publishers import PUBLISHERS
from publishers.base import Limits, RemotePost, Visibility
from publishers.errors import Gone, NotAuthorized, OutcomeUnknown, PublishingError, RateLimited, Unavailable

REVISING = (Step.UPDATE, Step.UNPUBLISH)
Action, Status, Outcome = Delivery.Action, Delivery.Status, Attempt.Outcome

TAKEN_BACK = "It was taken back from {place}: there is nothing to change any more."
ELSEWHERE = (
    "The channel has been given another account or address since it was published: what it has there could be "
    "somebody else's article. Change it there yourself, or give the channel the account that it had."
)


def problem(delivery: Delivery, trip: Trip) -> str:
    """Why it must not be sent, in a sentence; "" when it may. Asked after the claim, right before the call."""
    original = delivery.revises
    if original is None or original.gone_at or original.status != Status.PUBLISHED:
        return TAKEN_BACK.format(place=trip.door.publisher_class.label)
    return ELSEWHERE if original.place and original.place != trip.place else ""


def decide(entry: Entry) -> None:
    """Fill in the entry."""
    error = entry.result.error
    if error is None and entry.trip.step == Step.UPDATE:
        entry.tried(Outcome.DONE)
        assert isinstance(entry.result.value, RemotePost)
        _updated(entry, entry.result.value)
    elif error is None:
        entry.tried(Outcome.DONE)
        _taken_back(entry, "")
    else:
        entry.tried(outcome_of(error), str(error))
        _failed(entry, error)
    if entry.delivery.crashes:
        entry.changes["crashes"] = 0


# --- it worked -------------------------------------------------------------------------------------------------------


def _updated(entry: Entry, remote: RemotePost) -> None:
    trip, original = entry.trip, _original(entry)
    sent = all_that_was_sent(trip)
    message = remote.note
    if remote.visibility != Visibility.PUBLIC:
        message = f"Its text is the present one, but {entry.label} has it as a {remote.visibility}: nobody reads it."
    url = remote.url or original.remote_url
    entry.set(
        Status.PUBLISHED, remote_id=remote.id, remote_url=url, published_at=entry.now, doubtful=False, message=message,
        **sent,
    )  # fmt: skip
    # What was edited meanwhile differs already: it is compared anew.
    entry.original = {**sent, "remote_url": url, "differs": None}
    if remote.visibility == Visibility.PUBLIC:
        entry.proof = proving.proof_of(
            original.pk, entry.publisher.limits, RemotePost(remote.id, url, remote.visibility),
            trip.article.canonical_url, entry.now,
        )  # fmt: skip


def _taken_back(entry: Entry, message: str) -> None:
    original, hides = _original(entry), entry.publisher.stays_readable
    url = original.remote_url
    entry.set(
        Status.PUBLISHED, remote_id=entry.trip.remote_id, remote_url=url, published_at=entry.now, doubtful=False,
        message=message or (entry.publisher.when_unpublished if hides else ""), sent_title=original.sent_title,
    )  # fmt: skip
    words = f"It was taken back from {entry.label}."
    entry.original = {"status": Status.CANCELLED, "gone_at": entry.now, "differs": False, "message": words}
    if not hides:
        seen_at = RemotePost(entry.trip.remote_id, url, Visibility.PUBLIC)
        entry.proof = proving.proof_of(entry.delivery.pk, entry.publisher.limits, seen_at, None, entry.now)
    if entry.proof:
        entry.proof = {**entry.proof, "gone": True}


def _original(entry: Entry) -> Delivery:
    original = entry.trip.row.revises
    assert original is not None
    return original


def write(entry: Entry) -> None:
    """What becomes of the publication, in the transaction of the outcome; its channel is locked."""
    original = _original(entry)
    Delivery.objects.filter(pk=original.pk, status=Status.PUBLISHED).update(**entry.original)
    if entry.original.get("status") == Status.CANCELLED:
        proving.stop(original.pk)
        waiting = Delivery.objects.filter(revises=original.pk, action=Action.UPDATE, status=Status.SCHEDULED)
        waiting.update(status=Status.CANCELLED, message=TAKEN_BACK.format(place=entry.label))
    elif entry.proof:
        proving.begin_again(entry.proof)


# --- it did not ------------------------------------------------------------------------------------------------------


def _failed(entry: Entry, error: PublishingError) -> None:
    message, delivery = str(error), entry.delivery
    if isinstance(error, NotAuthorized):
        entry.set(Status.SCHEDULED, message=message)
        close(delivery.channel, entry.trip.door.revision, message)
    elif isinstance(error, RateLimited):
        if entry.now - delivery.due_at > PATIENCE:
            _give_up(entry, f"{message} We were asked to wait for a whole day.")
        else:
            _again(entry, entry.now + back_off(delivery.tries, error), message, tries=delivery.tries)
    elif isinstance(error, Unavailable):
        _again(entry, entry.now + back_off(delivery.tries, error), message, tries=delivery.tries + 1)
    elif isinstance(error, OutcomeUnknown):
        if delivery.place_changed:
            entry.ask_a_person(f"{message} {CHANNEL_CHANGED}")
        else:
            at = entry.now + settle_time(entry.publisher.limits)
            _again(entry, at, message, tries=delivery.tries + 1, doubtful=True)
    elif isinstance(error, Gone):
        _gone(entry, message)
    else:
        entry.fail(message)


def _gone(entry: Entry, message: str) -> None:
    """Whoever wanted it away has what he wanted. An update never makes another article of it."""
    if entry.trip.step == Step.UNPUBLISH:
        _taken_back(entry, f"It was no longer there: {message}")
        return
    entry.fail(f"{message} Nothing was created in its place: publish it anew if you want it there.")
    entry.original = {"gone_at": entry.now, "differs": False}


def _again(entry: Entry, at: datetime, message: str, *, tries: int, doubtful: bool = False) -> None:
    """Once more at ``at``, unless the tries are used up."""
    doubtful = doubtful or entry.delivery.doubtful
    if tries >= settings.PUBLISH_TRIES:
        _give_up(entry, f"{message} That was try {tries}; we stopped here.", doubtful=doubtful)
        return
    begun = lateness.once_begun(entry.delivery.post)
    entry.set(Status.SCHEDULED, act_at=at, tries=tries, message=message, doubtful=doubtful, **begun)


def _give_up(entry: Entry, message: str, *, doubtful: bool | None = None) -> None:
    """What may have been done is a question for a person."""
    if entry.delivery.doubtful if doubtful is None else doubtful:
        entry.ask_a_person(message)
    else:
        entry.fail(message)


def record_abandoned(delivery: Delivery, now: datetime) -> None:
    """Its worker died or was frozen: it is done again when the platform has settled. ``delivery`` is locked."""
    publisher = PUBLISHERS.get(delivery.channel.platform)
    crashes = delivery.crashes + 1
    message = "The worker that was at it did not come back; it is done again."
    changes: dict[str, Any] = {
        "status": Status.SCHEDULED, "lease_until": None, "doubtful": True, "crashes": crashes,
        "act_at": now + settle_time(publisher.limits if publisher else Limits()), "late_after": None,
    }  # fmt: skip
    if delivery.place_changed or crashes >= CRASHES:
        why = CHANNEL_CHANGED if delivery.place_changed else f"That happened {crashes} times: it was set aside."
        message = f"The worker that was at it did not come back. {why}"
        changes["status"] = Status.UNCERTAIN
    Delivery.objects.filter(pk=delivery.pk).update(**changes, message=message)
    Attempt.objects.create(
        delivery=delivery, number=delivery.number, step=Step.UNKNOWN, outcome=Outcome.ABANDONED, message=message
    )
    if changes["status"] == Status.UNCERTAIN:
        notifying.tell_author(delivery, Status.UNCERTAIN, message)
