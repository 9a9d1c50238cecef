"""The start of a search: Ada's two posts, on one channel or on two, an hour before their time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from posts.engine import failpoints, ledger, outcomes
from posts.engine.packing import place_of
from posts.models import Channel, Delivery, Post
from posts.planning import living, scheduling
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from tests.conftest import workspace_of
from tests.engine.database import Database, Died
from tests.engine.platforms import Changeable, Copy, Model, Street
from tests.engine.state import FENCE, LEASE

PATIENCE = {"LOOKS_THAT_MAY_FAIL": 1, "CRASHES": 2, "CRASHES_LOOKING": 2}
Begin = Callable[[type[Model], int], tuple[Database, Street]]


@pytest.fixture
def begin(ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Two deliveries of two posts on so many channels of this kind."""
    # As few faults as a search has must be enough to come to the end of every patience.
    settings.PUBLISH_TRIES = 2
    settings.LEASE, settings.CALL_DEADLINE_SECONDS = timedelta(seconds=LEASE), LEASE - FENCE
    for name, little in PATIENCE.items():
        for module in (outcomes, ledger):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, little)
    monkeypatch.setattr(failpoints, "end", die)
    log = logging.getLogger("posts")
    level = log.level
    log.setLevel(logging.CRITICAL)

    def start(kind: type[Model], channels: int) -> tuple[Database, Street]:
        monkeypatch.setitem(PUBLISHERS, kind.name, kind)
        street = Street()
        monkeypatch.setattr(kind, "street", street, raising=False)
        now = datetime.now(UTC)
        made = [
            Channel.objects.create(
                workspace=workspace_of(ada), platform=kind.name, name=f"Channel {number}", credentials={"account": "a"},
                status=Channel.Status.OPEN, account_name="a", account_url="https://example.com/a",
            )
            for number in range(channels)
        ]  # fmt: skip
        deliveries = []
        for number in range(2):
            post = Post.objects.create(workspace=workspace_of(ada), author=ada, title=f"Notes {number}", markdown="…")
            at = moment_at(now + timedelta(minutes=10), UTC)
            deliveries += scheduling.schedule(post, [made[number % channels]], at, now, ada)
        street.keys = [str(delivery.key) for delivery in deliveries]
        return Database(deliveries, made), street

    yield start
    log.setLevel(level)


BeginChanges = Callable[..., tuple[Database, Street]]


@pytest.fixture
def begin_changes(begin: Begin, ada: User) -> BeginChanges:
    """What Ada has published, and what was asked to change it, an hour before its time."""

    def start(*actions: Delivery.Action) -> tuple[Database, Street]:
        _, street = begin(Changeable, 1)
        published, other = Delivery.objects.order_by("pk")
        other.delete()
        now, channel = datetime.now(UTC), published.channel
        Delivery.objects.filter(pk=published.pk).update(
            status=Delivery.Status.PUBLISHED,
            remote_id="0-1",
            late_after=None,
            published_at=now,
            place=place_of(channel),
        )
        published.refresh_from_db()
        verbs = {Delivery.Action.UPDATE: living.update, Delivery.Action.UNPUBLISH: living.unpublish}
        made = []
        for action in actions:
            made.append(verbs[action](published, moment_at(now + timedelta(minutes=10), UTC), now, ada))
            # As if it had been in hand when the next one was asked for.
            Delivery.objects.filter(pk__in=[each.pk for each in made]).update(status=Delivery.Status.SCHEDULED)
        street.copies = (Copy(0, "a", "0-1", "public", "", 0),)
        return Database([published, *made], [channel]), street

    return start


def die() -> None:
    raise Died
