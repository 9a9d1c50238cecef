"""The way to the platforms fails as ordered, and a publisher's way out understands it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from publishers.errors import OutcomeUnknown, PublishingError, Unavailable
from publishers.http import Http
from sandbox.server import serve
from tests.chaos.network import Proxy, Trouble
from tests.real.house import free_port

BODY = {"article": {"title": "On compilers", "body_markdown": "Text.", "ai_disclosure_level": "no_ai"}}


@pytest.fixture
def platform() -> Iterator[str]:
    server = serve(port=0)
    yield server.url
    server.stop()


@pytest.fixture
def proxy(platform: str) -> Iterator[Proxy]:
    proxy = Proxy(free_port(), int(platform.rpartition(":")[2]), "seed", belated=0.8, silent=2.0)
    yield proxy
    proxy.stop()


def publish(proxy: Proxy) -> type[PublishingError] | int:
    """Create an article by way of the proxy: its status, or what went wrong."""
    url = f"http://127.0.0.1:{proxy.port}"
    http = Http(private_origins=frozenset({url}), deadline=0.6)
    headers = {"api-key": "sandbox-devto-key", "Accept": "application/vnd.forem.api-v1+json"}
    try:
        return http.call("POST", f"{url}/devto/api/articles", headers=headers, json=BODY, writes=True).status
    except PublishingError as error:
        return type(error)


def arrived(platform: str) -> int:
    log: list[dict[str, Any]] = requests.get(f"{platform}/_sandbox/log", timeout=5).json()
    return sum(entry["call"] == "create" for entry in log)


def test_without_an_order_everything_is_passed_on(proxy: Proxy, platform: str) -> None:
    assert publish(proxy) == 201
    assert arrived(platform) == 1


@pytest.mark.parametrize(
    ("trouble", "reached"),
    [
        (Trouble.RESET_EARLY, 0), (Trouble.RESET_LATE, 1), (Trouble.HALF, 1), (Trouble.DRIP, 1),
        (Trouble.SILENT_EARLY, 0), (Trouble.SILENT_LATE, 1),
    ],
)  # fmt: skip
def test_a_lost_answer_leaves_it_open_whether_the_platform_has_it(
    proxy: Proxy, platform: str, trouble: Trouble, reached: int
) -> None:
    proxy.trouble(trouble)
    assert publish(proxy) is OutcomeUnknown
    assert arrived(platform) == reached
    assert proxy.hit[trouble] == 1


def test_a_belated_request_arrives_when_its_sender_has_given_up(proxy: Proxy, platform: str) -> None:
    proxy.trouble(Trouble.BELATED)
    assert publish(proxy) is OutcomeUnknown
    assert arrived(platform) == 0
    for _ in range(50):
        threading.Event().wait(0.05)
        if arrived(platform):
            break
    assert arrived(platform) == 1


def test_where_nobody_listens_nothing_was_sent(proxy: Proxy, platform: str) -> None:
    proxy.refuse()
    assert publish(proxy) is Unavailable
    proxy.listen()
    proxy.swallow()
    assert publish(proxy) is Unavailable
    proxy.listen()
    assert publish(proxy) == 201
    assert arrived(platform) == 1
