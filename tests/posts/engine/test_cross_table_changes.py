"""Every platform that can change what is out × every fault: changed, or a person is asked; never is there a second one.

Run it with ``-s`` to see the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

import pytest

from accounts.models import User, Workspace
from posts.engine import publishing, tailoring
from posts.engine.trips import can_unpublish, can_update, take
from posts.models import Channel, Delivery, Post
from posts.planning import living, scheduling
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from sandbox.platforms import PLATFORMS as STANDINS
from tests.posts.conftest import MovableClock, Street
from tests.posts.engine.test_cross_table import PLATFORMS, connect, lapse  # noqa: F401  a fixture

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status

FAULTS: dict[str, dict[str, Any]] = {
    "answer lost": {"fault": "status", "status": 504, "when": "after"},
    "never arrived": {"fault": "close", "when": "before"},
    "hang-up": {"fault": "close", "when": "after"},
    "429": {"fault": "status", "status": 429, "retry_after": 60, "when": "before"},
    "5xx before the work": {"fault": "status", "status": 503, "when": "before"},
    "hang": {"fault": "hang", "seconds": 30, "when": "after"},
    "HTML": {"fault": "html", "when": "after"},
    "half a JSON": {"fault": "half_json", "when": "after"},
    "never an answer": {"fault": "status", "status": 504, "when": "after", "times": 50},
    "worker killed before sending": {},
    "worker killed after sending": {},
}
CHANGING = {"git": {"create"}}  # what a change is called there: every push is one
CHANGES = [("update", way) for way in PLATFORMS if can_update(PUBLISHERS[way.split()[0]])]
CHANGES += [("unpublish", way) for way in PLATFORMS if can_unpublish(PUBLISHERS[way.split()[0]])]
TABLE: dict[str, dict[str, str]] = {}


@pytest.fixture(scope="module", autouse=True)
def the_table() -> Iterator[None]:
    yield
    columns = [f"{action} {platform}" for action, platform in CHANGES]
    print("\n" + " | ".join(["fault", *columns]))
    for fault, row in TABLE.items():
        print(" | ".join([fault, *(row.get(column, "–") for column in columns)]))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("action", "way"), CHANGES, ids=[f"{a}-{p}" for a, p in CHANGES])
def test_it_is_changed_or_a_person_is_asked(
    action: str, way: str, fault: str, connect: Callable[[str], Channel], street: Street,  # noqa: F811
    workspace: Workspace, ada: User, clock: MovableClock, settings: Any,
) -> None:  # fmt: skip
    settings.CALL_DEADLINE_SECONDS = 1 if way != "git" else 8
    channel = connect(way)
    post = Post.objects.create(
        workspace=workspace, author=ada, title=f"{fault} {action}", markdown="Text.", slug="x",
        canonical_url="https://ada.example/cross" if tailoring.announces(channel) else "",
    )  # fmt: skip
    [published] = scheduling.schedule(post, [channel], moment_at(clock(), UTC), clock(), ada)
    run(clock)
    published.refresh_from_db()
    assert published.status == Status.PUBLISHED, published.message
    Post.objects.filter(pk=post.pk).update(title="Second thoughts", version=2)
    verb = living.update if action == "update" else living.unpublish
    change = verb(published, moment_at(clock(), UTC), clock(), ada)
    strike(fault, street, channel.platform, clock)
    run(clock, times=8)
    change.refresh_from_db()
    TABLE.setdefault(fault, {})[f"{action} {way}"] = change.get_status_display()
    if fault == "never an answer" and change.status == Status.UNCERTAIN:
        street.forgive()  # who reads before writing has seen by then that it is done
        scheduling.send_again(change, moment_at(clock(), UTC))
        run(clock)
        change.refresh_from_db()
    assert change.status == Status.PUBLISHED, change.message
    if channel.platform == "folder":
        return
    articles = street.ask("articles")
    assert len(articles) <= 1, "never a second one"
    if action == "update":
        [article] = articles
        assert article["public"]
        assert "Second thoughts" in article["title"]
    elif not PUBLISHERS[channel.platform].stays_readable:
        assert not any(article["public"] for article in articles)


def run(clock: MovableClock, times: int = 1) -> None:
    for number in range(times):
        if number:
            clock.move(minutes=10)
            publishing.rescue(clock)
        publishing.drain(clock)


def strike(fault: str, street: Street, platform: str, clock: MovableClock) -> None:
    """Order the fault for the next change, or do to the worker what its name says."""
    if fault.startswith("worker killed"):
        [trip] = publishing.claim(clock(), 5)
        if "after" in fault:
            take(trip, clock())
        lapse(trip.delivery_id, trip.channel_id)
    elif platform != "folder":  # a disk knows none of these
        for call in sorted(CHANGING.get(platform, {"update", "delete"} & {*STANDINS[platform].calls})):
            order = dict(FAULTS[fault])
            street.fault(call, order.pop("fault"), **order)
