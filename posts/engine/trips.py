"""One call at a platform, as it crosses from the drain to a thread and back: plain values, no database.

The drain packs a Trip; a pool thread takes it and returns a Result; the drain writes the Result into the ledger.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from blogscheduler import logs
from blogscheduler.stack import roomy
from posts.engine import failpoints
from posts.models import Attempt, Delivery
from publishers import PUBLISHERS
from publishers.base import (
    Article,
    Finds,
    Glimpses,
    Image,
    OneStep,
    Publisher,
    RemoteImage,
    RemotePost,
    Surroundings,
    TakesImages,
    TwoStep,
    Unpublishes,
    Updates,
)
from publishers.errors import OutcomeUnknown, PublishingError, Rejected, Unavailable, Unsupported
from publishers.http import Http

log = logging.getLogger(__name__)
Step = Attempt.Step
SENDS = (Step.CREATE, Step.FLIP, Step.PUBLISH, Step.UPDATE)  # steps that carry the article's text


@cache
def can_look(publisher: type[Publisher]) -> bool:
    """Whether it can be asked at all: for proof either way, or for a glimpse. Asking a Protocol takes long."""
    return issubclass(publisher, (Finds, Glimpses))


@cache
def can_update(publisher: type[Publisher]) -> bool:
    return issubclass(publisher, Updates)


@cache
def can_unpublish(publisher: type[Publisher]) -> bool:
    return issubclass(publisher, Unpublishes)


@cache
def takes_images(publisher: type[Publisher]) -> bool:
    """Whether pictures are uploaded to it."""
    return issubclass(publisher, TakesImages)


@dataclass(frozen=True)
class Door:
    """How to reach one channel's platform: everything that a publisher is made from."""

    platform: str
    credentials: dict[str, Any] = field(repr=False)
    settings: dict[str, Any] = field(repr=False)
    revision: int  # of the credentials: a refusal of older ones says nothing of the present ones
    files: Path
    private_origins: frozenset[str]
    deadline: float  # seconds that one call may take in all

    @property
    def can_look(self) -> bool:
        return can_look(self.publisher_class)

    @property
    def publisher_class(self) -> type[Publisher]:
        try:
            return PUBLISHERS[self.platform]
        except KeyError as error:
            raise Unsupported(f"This installation has no publisher called “{self.platform}”.") from error

    def open(self, not_after: float | None = None) -> Publisher:
        """Make the publisher for one call. ``not_after`` is the fence: a monotonic time past which nothing is sent."""
        publisher = self.publisher_class
        secrets = [str(value) for value in self.credentials.values() if value]
        http = Http(
            label=publisher.label, private_origins=self.private_origins, secrets=secrets, not_after=not_after,
            deadline=self.deadline,
        )  # fmt: skip
        surroundings = Surroundings(http=http, files=self.files)
        return publisher(credentials=self.credentials, settings=self.settings, surroundings=surroundings)


@dataclass(frozen=True)
class Trip:
    """One call to make for one claimed delivery."""

    delivery_id: int
    channel_id: int
    workspace_id: int
    number: int  # the claim's attempt number: an outcome counts only while it still stands
    claim: UUID
    step: Attempt.Step
    article: Article
    version: int  # of the post, at packing
    digest: str
    sent_as: str  # digest of all that the payload is made of
    fields: dict[str, Any] = field(repr=False)  # what that is besides title and text
    place: str
    remote_id: str
    door: Door
    fence: float  # monotonic seconds: nothing may be sent after this
    row: Delivery = field(repr=False, compare=False)  # as it was claimed; for the ledger, not for the thread
    ready_at: datetime  # not before this moment: the platform's pace
    after_images: Attempt.Step | None = None  # of an upload: the step that the pictures are for

    @property
    def image(self) -> Image | None:
        """The next picture of the article that its platform has still to get."""
        if not self.article.images or not takes_images(self.door.publisher_class):
            return None
        return next((image for image in self.article.images if image.digest not in self.article.uploaded), None)

    @property
    def ids(self) -> dict[str, Any]:
        """What lines of the log about it name."""
        return {
            "workspace": self.workspace_id,
            "delivery": self.delivery_id,
            "attempt": self.number,
            "step": self.step.value,
        }


def images_first(trip: Trip, now: datetime) -> Trip:
    """Before an article is sent its platform gets the pictures that it has not got yet, one call for each.

    Nobody sees them, so that need not wait for the article's moment.
    """
    if not trip.article.images or trip.step not in SENDS or trip.image is None:
        return trip
    return replace(trip, step=Step.IMAGE, after_images=trip.step, ready_at=now)


@dataclass(frozen=True)
class Result:
    """What one trip came back with: a value or an error, and what was said on the wire."""

    trip: Trip
    value: RemotePost | RemoteImage | None
    error: PublishingError | None
    exchanges: list[dict[str, Any]]
    started_at: datetime
    seconds: float


def fence_from(before: float) -> float:
    """The latest moment to begin a call so that it ends within a lease taken after ``before`` (monotonic)."""
    return before + settings.LEASE.total_seconds() - settings.CALL_DEADLINE_SECONDS


@roomy
def take(trip: Trip, started_at: datetime) -> Result:
    """Make the call. Never raises: whatever happened, the ledger must hear of it."""
    with logs.about(**trip.ids, secrets=trip.door.credentials.values()):
        return _take(trip, started_at)


def _take(trip: Trip, started_at: datetime) -> Result:
    start = time.monotonic()
    value: RemotePost | RemoteImage | None = None
    error: PublishingError | None = None
    exchanges: list[dict[str, Any]] = []
    failpoints.reached(failpoints.HANDED_OUT)
    try:
        publisher = trip.door.open(trip.fence)
        try:
            value = _call(publisher, trip)
        finally:
            exchanges = [dict(vars(exchange)) for exchange in publisher.http.exchanges]
    except PublishingError as raised:
        error = raised
    except Exception:
        # A mistake of ours after which the article may be there: never guess, look.
        log.exception("Delivery %s: %s ended in an unexpected error", trip.delivery_id, trip.step)
        error = _unexpected(trip.step)
    failpoints.reached(failpoints.ANSWERED)
    return Result(trip, value, error, exchanges, started_at, time.monotonic() - start)


def _call(publisher: Publisher, trip: Trip) -> RemotePost | RemoteImage | None:
    match trip.step:
        case Step.IMAGE if isinstance(publisher, TakesImages) and trip.image:
            return _upload(publisher, trip.image)
        case Step.CREATE if isinstance(publisher, TwoStep):
            return publisher.create_draft(trip.article)
        case Step.FLIP if isinstance(publisher, TwoStep):
            return publisher.publish_draft(trip.remote_id, trip.article)
        case Step.PUBLISH if isinstance(publisher, OneStep):
            return publisher.publish(trip.article)
        case Step.LOOK if isinstance(publisher, Finds):
            return publisher.find(trip.article, trip.remote_id)
        case Step.LOOK if isinstance(publisher, Glimpses):
            return publisher.glimpse(trip.article)
        case Step.UPDATE if isinstance(publisher, Updates):
            return publisher.update(trip.remote_id, trip.article)
        case Step.UNPUBLISH if isinstance(publisher, Unpublishes):
            publisher.unpublish(trip.remote_id)
            return None
    raise Unsupported(f"{publisher.label} cannot do this: {trip.step.label}.")


def _upload(publisher: TakesImages, image: Image) -> RemoteImage:
    if not image.path.is_file():
        raise Rejected(f"Its file is missing here: {image.path.name}. Upload it again.")
    return publisher.upload(image)


def _unexpected(step: Attempt.Step) -> PublishingError:
    words = "Something unexpected happened on our side; the log has the details."
    return Unavailable(words) if step == Step.LOOK else OutcomeUnknown(words)
