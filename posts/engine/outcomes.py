"""What each outcome of a call means: where the delivery goes, what the history says, who is told.

Nothing is written here but mails and the closing of a channel: an ``Entry`` collects what ``posts.engine.ledger`` then
writes, in the same transaction, together with the entries of other deliveries.
"""

from __future__ import annotations

import random
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from posts import notifying
from posts.engine import lateness
from posts.engine.trips import Result, Step, Trip
from posts.models import Attempt, Channel, Delivery
from posts.models.each import Values
from posts.watch import proving
from publishers.base import Finds, Limits, RemoteImage, RemotePost, Visibility
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
    Unsupported,
)

Outcome = Attempt.Outcome
Status = Delivery.Status

FIRST_BACK_OFF = 15.0  # seconds; each further one is up to four times as long
FIRST_LOOK_BACK_OFF = 8.0  # looking again is free of danger: sooner, and each further one up to twice as long
LONGEST_BACK_OFF = 3600.0
LOOKS_THAT_MAY_FAIL = 12  # look-ups without an answer before a person is asked
PATIENCE = timedelta(hours=24)  # how long a platform may go on asking us to wait
CHANNEL_CHANGED = "The channel was given another account or other settings before we could look whether it had arrived."
CRASHES = 3  # workers that one delivery may cost before it is set aside
CRASHES_LOOKING = 6  # … while only looking, which is free of danger, before a person is asked


class Entry:
    """One outcome: the decisions below fill it in."""

    def __init__(self, delivery: Delivery, result: Result, now: datetime) -> None:
        self.delivery = delivery  # locked; see ledger.NEEDED for what of it is there already
        self.result = result
        self.trip = result.trip
        self.now = now
        self.publisher = result.trip.door.publisher_class
        self.changes: dict[str, Any] = {}
        self.attempt: Values | None = None
        self.following: Trip | None = None
        self.proof: Values | None = None  # its public page, which is looked at later
        self.original: Values = {}  # what an update or a taking back changes about the publication
        self.remote_image: Values | None = None  # a picture that is on the platform now

    @property
    def label(self) -> str:
        return self.publisher.label

    def tried(self, outcome: Outcome, message: str = "") -> None:
        """The line in the history."""
        self.attempt = {
            "delivery_id": self.delivery.pk,
            "number": self.trip.number,
            "step": self.trip.step,
            "outcome": outcome,
            "message": message,
            "exchanges": self.result.exchanges,
            "started_at": self.result.started_at,
            "seconds": round(self.result.seconds, 3),
            "created_at": self.now,
        }

    def set(self, status: Status, **changes: Any) -> None:
        """Where the delivery goes; its claim ends there."""
        if status not in self.delivery.state.successors():
            raise RuntimeError(f"Delivery {self.delivery.pk} cannot go from {self.delivery.status} to {status}")
        self.changes = {"status": status, "lease_until": None, **changes}

    def fail(self, message: str, **changes: Any) -> None:
        self.set(Status.FAILED, message=message, doubtful=False, refused_unless_ours=False, **changes)
        notifying.tell_author(self.delivery, Status.FAILED, message)

    def ask_a_person(self, message: str, **changes: Any) -> None:
        self.set(Status.UNCERTAIN, message=message, doubtful=True, **changes)
        notifying.tell_author(self.delivery, Status.UNCERTAIN, message)

    def pause(self) -> float:
        """Seconds that the channel rests: the platform's pause between two writes, or what it asked us to wait."""
        if self.trip.step == Step.LOOK:
            return 0.0
        asked = self.result.error.retry_after if isinstance(self.result.error, RateLimited) else None
        return max(write_pause(self.trip), asked or 0)


def decide(entry: Entry) -> None:
    """Fill in the entry."""
    if entry.result.error is None:
        _succeeded(entry)
    else:
        _failed(entry, entry.result.error)
    if entry.trip.step != Step.LOOK and entry.delivery.crashes:
        entry.changes["crashes"] = 0  # a step of it came to an end, and its worker lives


def settle_time(limits: Limits) -> timedelta:
    """How long after a doubtful call "not found" begins to mean something."""
    return timedelta(seconds=settings.SETTLE_SECONDS or limits.settle_seconds)


def write_pause(trip: Trip) -> float:
    """Seconds that the platform wants between two writes of one channel."""
    return trip.door.publisher_class.limits.seconds_between_writes * settings.PACE


# --- it worked -------------------------------------------------------------------------------------------------------


def _succeeded(entry: Entry) -> None:
    remote = entry.result.value
    if isinstance(remote, RemoteImage):
        _image_is_there(entry, remote)
        return
    if entry.trip.step == Step.LOOK:
        _looked(entry, remote)
        return
    assert remote is not None
    entry.tried(Outcome.DONE)
    if entry.trip.step == Step.CREATE and remote.visibility == Visibility.DRAFT:
        _draft_is_there(entry, remote)
    elif remote.as_wished:
        words = f"It is on {entry.label} as a {remote.visibility}, as you asked. {remote.note}"
        _published(entry, remote, words.strip())
    elif remote.visibility == Visibility.PUBLIC:
        _published(entry, remote, remote.note)
    else:
        words = f"{entry.label} has it as a {remote.visibility}, not public."
        entry.ask_a_person(words, remote_id=remote.id, remote_url=remote.url, **sent_text(entry))


def _image_is_there(entry: Entry, remote: RemoteImage) -> None:
    """Keep where the picture is before anything else happens; then the next one, or the article itself."""
    trip, image = entry.trip, entry.trip.image
    assert image is not None
    entry.tried(Outcome.DONE, f"“{image.name}” is on {entry.label}.")
    entry.remote_image = {
        "channel_id": trip.channel_id, "digest": image.digest, "revision": trip.door.revision,
        "remote_id": remote.id[:300], "url": remote.url[:1000], "created_at": entry.now,
    }  # fmt: skip
    entry.changes = {"crashes": 0}  # also proves that the claim still stands
    if entry.delivery.status != Status.PUBLISHING:
        return  # the night-watch was quicker
    article = replace(trip.article, uploaded={**trip.article.uploaded, image.digest: remote})
    ready_at = entry.now + timedelta(seconds=write_pause(trip))
    following = replace(trip, article=article)
    if following.image is None:
        step = trip.after_images or Step.CREATE
        if step != Step.CREATE:  # what is seen appears at its time
            ready_at = max(ready_at, entry.delivery.due_at)
        following = replace(following, step=step, after_images=None)
    entry.following = replace(following, ready_at=ready_at, row=_with_changes(entry))


def _with_changes(entry: Entry) -> Delivery:
    """The row as it is when this outcome is written."""
    row = copy(entry.delivery)
    row.__dict__ |= entry.changes
    return row


def _draft_is_there(entry: Entry, remote: RemotePost) -> None:
    """Keep the draft's id before anything else happens, and flip it next."""
    entry.changes = {"remote_id": remote.id, "remote_url": remote.url}
    if entry.delivery.status != Status.PUBLISHING:
        # The night-watch was quicker and will look: the id helps it, the flip is no longer ours.
        return
    entry.changes |= {"doubtful": False, **sent_text(entry)}
    ready_at = max(entry.now + timedelta(seconds=write_pause(entry.trip)), entry.delivery.due_at)
    row = _with_changes(entry)
    entry.following = replace(entry.trip, step=Step.FLIP, remote_id=remote.id, ready_at=ready_at, row=row)


def _published(entry: Entry, remote: RemotePost, message: str) -> None:
    # After a look-up the text is the one that the lost call had sent. A worker that died could not tell us: then it
    # is the present one if nobody has changed it since it was due, and not known otherwise.
    sent: dict[str, Any] = {}
    if entry.trip.step != Step.LOOK or _untold(entry.delivery):
        sent = sent_text(entry)
    entry.set(
        Status.PUBLISHED, remote_id=remote.id, remote_url=remote.url, published_at=entry.now,
        doubtful=False, refused_unless_ours=False, message=message, **{"place": entry.trip.place, **sent},
    )  # fmt: skip
    is_known = bool(sent) or entry.delivery.sent_digest == entry.trip.digest
    canonical_url = entry.trip.article.canonical_url if is_known else None
    entry.proof = proving.proof_of(entry.delivery.pk, entry.publisher.limits, remote, canonical_url, entry.now)


def _untold(delivery: Delivery) -> bool:
    return not delivery.sent_digest and delivery.post.updated_at <= delivery.due_at


def sent_text(entry: Entry) -> dict[str, Any]:
    """The fields that say which text went out; nothing when they say so already."""
    trip, delivery = entry.trip, entry.delivery
    if (delivery.sent_as, delivery.sent_digest, delivery.sent_version) == (trip.sent_as, trip.digest, trip.version):
        return {}
    return all_that_was_sent(trip)


def all_that_was_sent(trip: Trip) -> dict[str, Any]:
    return {
        "sent_title": trip.article.title,
        "sent_markdown": trip.article.markdown,
        "sent_digest": trip.digest,
        "sent_version": trip.version,
        "sent_fields": trip.fields,
        "sent_as": trip.sent_as,
        "place": trip.place,
    }


# --- we looked -------------------------------------------------------------------------------------------------------


def _looked(entry: Entry, remote: RemotePost | None) -> None:
    delivery, label = entry.delivery, entry.label
    if remote is None:
        entry.tried(Outcome.ABSENT, f"It is not on {label}.")
        _not_there(entry)
    elif remote.visibility == Visibility.PUBLIC:
        entry.tried(Outcome.FOUND, f"It is public on {label}.")
        words = f"An answer had been lost: we looked on {label}, and it is there. {remote.note}"
        _published(entry, remote, words.strip())
    elif remote.visibility == Visibility.DRAFT:
        entry.tried(Outcome.FOUND, f"It is on {label} as a draft.")
        if delivery.refused_unless_ours and delivery.remote_id:
            # The flip of this very draft was refused: what is public there is somebody else's.
            _refusal_stands(entry)
        elif delivery.crashes >= CRASHES:
            _set_aside(entry, f"Its draft is on {label}, not public.", remote_id=remote.id)
        elif delivery.remote_id == remote.id:
            # Its flip came to nothing: a platform that fails at it each time must not be asked for ever.
            _again(entry, entry.now, f"{delivery.message} Its draft is on {label}, and not public.")
        else:
            entry.set(
                Status.SCHEDULED, act_at=entry.now, remote_id=remote.id, doubtful=False, refused_unless_ours=False,
                message=f"Its draft is on {label} and is made public next.", **lateness.once_begun(delivery.post),
            )  # fmt: skip
    else:
        entry.tried(Outcome.FOUND, f"{label} has scheduled it by itself.")
        entry.ask_a_person(f"{label} has scheduled it by itself, for a time that we do not know.")


def _not_there(entry: Entry) -> None:
    """Not found counts only after the platform's look-up lag, and as often as the platform needs."""
    delivery, limits = entry.delivery, entry.publisher.limits
    if not issubclass(entry.publisher, Finds):
        entry.ask_a_person(f"{delivery.message} We do not see it on {entry.label}, which proves nothing there.")
    elif delivery.looks_absent + 1 < limits.looks:
        act_at = entry.now + settle_time(limits)
        entry.set(Status.CHECKING, act_at=act_at, looks_absent=delivery.looks_absent + 1)
    elif delivery.refused_unless_ours:
        # Neither public nor a draft any more: what we knew of it is gone.
        _refusal_stands(entry, remote_id="", remote_url="")
    elif delivery.crashes >= CRASHES:
        _set_aside(entry, f"It is not on {entry.label}.")
    else:
        _again(entry, entry.now, "It did not arrive; it is sent again.")


def _refusal_stands(entry: Entry, **changes: Any) -> None:
    """The platform refused a duplicate, and what is there is not ours: again later if it said when, else it failed."""
    delivery = entry.delivery
    if delivery.retry_if_absent is None:
        entry.fail(delivery.message, **changes)
    else:
        _again(entry, entry.now + timedelta(seconds=delivery.retry_if_absent), delivery.message)


def _set_aside(entry: Entry, where: str, **changes: Any) -> None:
    """It has cost too many workers: whatever it is about this post, it must not stop the others."""
    crashes = entry.delivery.crashes
    words = f"{crashes} times the worker that was publishing it did not come back, so it was set aside. {where}"
    entry.fail(words, **changes)


def _again(entry: Entry, at: datetime, message: str, *, may_be_there: bool = False) -> None:
    """Once more at ``at``, unless the tries are used up."""
    tries = entry.delivery.tries + 1
    if tries >= settings.PUBLISH_TRIES:
        entry.fail(f"{message} That was try {tries}; we stopped here.")
        return
    entry.set(
        Status.SCHEDULED, act_at=at, tries=tries, message=message, doubtful=may_be_there, refused_unless_ours=False,
        retry_if_absent=None, **lateness.once_begun(entry.delivery.post),
    )  # fmt: skip


# --- it did not ------------------------------------------------------------------------------------------------------


def _failed(entry: Entry, error: PublishingError) -> None:
    message, delivery = str(error), entry.delivery
    image = entry.trip.image if entry.trip.step == Step.IMAGE else None
    if image and not isinstance(error, NotAuthorized):
        message = f"The picture “{image.name}”: {message}"
    entry.tried(outcome_of(error), message)
    if isinstance(error, NotAuthorized):
        _close_channel(entry, message)
    elif image and isinstance(error, OutcomeUnknown):
        # Nobody sees a picture that is there twice: once more, without looking.
        _again(entry, entry.now + back_off(delivery.tries, error), message, may_be_there=delivery.doubtful)
    elif entry.trip.step == Step.LOOK:
        _could_not_look(entry, error)
    elif isinstance(error, RateLimited):
        _asked_to_wait(entry, error)
    elif isinstance(error, Unavailable):
        _again(entry, entry.now + back_off(delivery.tries, error), message, may_be_there=delivery.doubtful)
    elif isinstance(error, OutcomeUnknown):
        _doubt(entry, error)
    elif isinstance(error, Gone):
        entry.fail(message, remote_id="", remote_url="")
    else:
        entry.fail(message)


def outcome_of(error: PublishingError) -> Outcome:
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


def _doubt(entry: Entry, error: OutcomeUnknown) -> None:
    """It may be there. Look when the platform has settled; where one cannot look, a person must."""
    if not entry.trip.door.can_look:
        entry.ask_a_person(str(error), **sent_text(entry))
    elif entry.delivery.place_changed:
        entry.ask_a_person(f"{error} {CHANNEL_CHANGED}", **sent_text(entry))
    else:
        perhaps = isinstance(error, PerhapsThere)
        entry.set(
            Status.CHECKING, act_at=entry.now + settle_time(entry.publisher.limits), doubtful=True, looks_failed=0,
            looks_absent=0, refused_unless_ours=perhaps,
            retry_if_absent=error.retry_after if isinstance(error, PerhapsThere) else None,
            message=str(error), **sent_text(entry),
        )  # fmt: skip


def _could_not_look(entry: Entry, error: PublishingError) -> None:
    """A look-up without an answer proves nothing. Look again, and in the end ask a person; at once if nobody can."""
    failed = entry.delivery.looks_failed
    if failed >= LOOKS_THAT_MAY_FAIL or isinstance(error, Unsupported):
        entry.ask_a_person(f"We could not find out whether it is there: {error}")
        return
    entry.set(
        Status.CHECKING, act_at=entry.now + look_back_off(failed, error),
        looks_failed=failed if isinstance(error, RateLimited) else failed + 1, doubtful=True,
    )  # fmt: skip


def _asked_to_wait(entry: Entry, error: RateLimited) -> None:
    """Not a failed try: the platform told us when to come back. The whole channel waits with it."""
    if entry.now - entry.delivery.due_at > PATIENCE:
        entry.fail(f"{error} We were asked to wait for a whole day.")
        return
    wait = back_off(entry.delivery.tries, error)
    begun = lateness.once_begun(entry.delivery.post)
    entry.set(Status.SCHEDULED, act_at=entry.now + wait, message=str(error), **begun)


def back_off(tries: int, error: PublishingError) -> timedelta:
    """What the platform asked for, and a little more; else full jitter, longer with each try."""
    retry_after = error.retry_after if isinstance(error, Later) else None
    if retry_after is not None:
        return timedelta(seconds=retry_after + random.uniform(0.05, 0.5))  # noqa: S311  not a secret
    return _jitter(FIRST_BACK_OFF * 4**tries)


def look_back_off(looks: int, error: PublishingError | None = None) -> timedelta:
    if isinstance(error, Later) and error.retry_after is not None:
        return back_off(looks, error)
    return _jitter(FIRST_LOOK_BACK_OFF * 2**looks)


def _jitter(longest: float) -> timedelta:
    """Anything up to ``longest`` seconds, so that what failed together does not come back together."""
    return timedelta(seconds=random.uniform(1, min(longest, LONGEST_BACK_OFF)))  # noqa: S311  not a secret


def _close_channel(entry: Entry, message: str) -> None:
    """Close the channel, tell its people once, keep its deliveries: the grace decides when it opens again."""
    delivery = entry.delivery
    if delivery.status == Status.CHECKING:
        entry.set(Status.CHECKING, message=message)
    else:
        late_after = lateness.late_after(delivery.post, delivery.due_at)
        entry.set(Status.SCHEDULED, late_after=late_after, message=message)
    close(delivery.channel, entry.trip.door.revision, message)


def close(channel: Channel, revision: int, message: str) -> None:
    """The credentials are refused. Only the first to notice tells people: whoever else closes it finds it closed."""
    first = Channel.objects.filter(pk=channel.pk, status=Channel.Status.OPEN, revision=revision).update(
        status=Channel.Status.CLOSED, problem=message
    )
    if first:
        notifying.tell_channel_closed(channel, message)
