"""A street with a sandbox in it, channels on it, posts, and a clock that can be moved on."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import requests

from accounts.models import User, Workspace
from posts import connecting
from posts.engine import publishing
from posts.models import Attempt, Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from sandbox.server import serve
from tests.publishers.raw_server import RawServer, raw_server


class MovableClock:
    """Goes on by itself, and can be moved on: nobody has to wait for a platform to settle."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move(self, **by: float) -> None:
        self.ahead += timedelta(**by)


class Street:
    """The sandbox, as a test gives it orders and asks what arrived."""

    def __init__(self, url: str, platform: str = "devto") -> None:
        self.url = url
        self.platform = platform
        self.api = f"{url}/devto/api"

    def order(self, path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/_sandbox/{path}", json={"platform": self.platform, **body}, timeout=5)
        assert answer.ok, answer.text
        return dict(answer.json())

    def fault(self, call: str, fault: str, **more: Any) -> None:
        self.order("faults", call=call, fault=fault, **{"times": 1, **more})

    def forgive(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=5).raise_for_status()

    def ask(self, path: str) -> Any:
        return requests.get(f"{self.url}/_sandbox/{path}", params={"platform": self.platform}, timeout=5).json()

    def public(self, delivery: Delivery) -> int:
        """How many public articles there are of a delivery: the outside truth."""
        return int(self.ask("counts").get(str(delivery.key), {"public": 0})["public"])

    def drafts(self, delivery: Delivery) -> int:
        return int(self.ask("counts").get(str(delivery.key), {"drafts": 0})["drafts"])


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Any]:
    server = serve(port=0)
    yield server
    server.stop()


@pytest.fixture
def street(sandbox_server: Any, settings: Any) -> Street:
    street = Street(sandbox_server.url)
    requests.post(f"{street.url}/_sandbox/reset", json={}, timeout=5).raise_for_status()
    street.order("limits", on=False)
    settings.ALLOW_PRIVATE_TARGETS = frozenset({street.url})
    settings.PACE = 0
    return street


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def workspace(ada: User) -> Workspace:
    workspace = Workspace.objects.of(ada)
    assert workspace is not None
    return workspace


@pytest.fixture
def new_channel(workspace: Workspace, street: Street, clock: MovableClock) -> Callable[..., Channel]:
    """Connect a channel; each has a DEV account of its own."""
    numbers = count(1)

    def connect(platform: str = "devto", **settings: Any) -> Channel:
        number = next(numbers)
        credentials: dict[str, Any] = {}
        if platform == "devto":
            account = street.order("accounts", username=f"ada{number}", age_days=400)
            credentials = {"api_key": account["key"]}
            settings = {"base_url": street.api, "ai_disclosure_level": "no_ai", **settings}
        else:
            settings = {"generator": "hugo", "directory": f"blog{number}", "base_url": "", **settings}
        channel = connecting.connect(workspace, platform, f"{platform} {number}", credentials, settings)
        connecting.verify(channel.pk, clock)
        channel.refresh_from_db()
        assert channel.status == Channel.Status.OPEN, channel.problem
        return channel

    return connect


@pytest.fixture
def dev(new_channel: Callable[..., Channel]) -> Channel:
    return new_channel("devto")


@pytest.fixture
def folder(new_channel: Callable[..., Channel]) -> Channel:
    return new_channel("folder")


@pytest.fixture
def new_post(workspace: Workspace, ada: User) -> Callable[..., Post]:
    numbers = count(1)

    def write(**fields: Any) -> Post:
        title = f"On analytical engines, part {next(numbers)}"
        return Post.objects.create(workspace=workspace, author=ada, **{"title": title, "markdown": "Text.", **fields})

    return write


@pytest.fixture
def scheduled(new_post: Callable[..., Post], clock: MovableClock, ada: User) -> Callable[..., Delivery]:
    """A delivery of a new post to one channel, due now."""

    def plan(channel: Channel, post: Post | None = None, **later: float) -> Delivery:
        at = moment_at(clock() + timedelta(**later), UTC)
        [delivery] = scheduling.schedule(post or new_post(), [channel], at, clock(), ada)
        return delivery

    return plan


@pytest.fixture
def gallery(settings: Any) -> Callable[[bytes], Any]:
    """A server that gives the same answer to everybody, on an address that we may call."""

    @contextmanager
    def opened(answer: bytes) -> Iterator[RawServer]:
        def give(wire: socket.socket, server: RawServer) -> None:
            wire.sendall(answer)

        with raw_server(give) as server:
            settings.ALLOW_PRIVATE_TARGETS = frozenset({server.url})
            yield server

    return opened


def publish(clock: MovableClock, delivery: Delivery, *, moves: int = 1) -> Delivery:
    """Let the worker look, and after each further hour again; the delivery as it is then."""
    publishing.drain(clock)
    for _ in range(moves - 1):
        clock.move(hours=1)
        publishing.rescue(clock)
        publishing.drain(clock)
    delivery.refresh_from_db()
    return delivery


def history(delivery: Delivery) -> list[str]:
    """What was tried and what came of it, in order."""
    return [f"{attempt.step} {attempt.outcome}" for attempt in Attempt.objects.filter(delivery=delivery)]
