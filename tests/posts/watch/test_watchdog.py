"""The dead-man's switch hears every minute that all is well, and nothing while it is not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from posts.models import Channel, Delivery
from posts.watch import watchdog, watching
from posts.watch.watching import Kind
from tests.posts.conftest import MovableClock

pytestmark = pytest.mark.django_db
PATH = "/ping/8f1c-secret-77"


@pytest.fixture
def switch(httpserver: HTTPServer, settings: Any) -> HTTPServer:
    """A dead-man's switch on this machine, which is allowed by name."""
    httpserver.expect_request(PATH).respond_with_data("OK")
    settings.WATCHDOG_URL = httpserver.url_for(PATH)
    settings.ALLOW_PRIVATE_TARGETS = frozenset({httpserver.url_for("").rstrip("/")})
    return httpserver


def live(clock: MovableClock) -> None:
    for kind in Kind:
        watching.beat(kind, watching.here(kind), clock())


def test_it_is_called_once_a_minute_while_all_is_well(switch: HTTPServer, clock: MovableClock) -> None:
    called = []
    for _ in range(13):
        live(clock)
        called.append(watchdog.reassure(clock()))
        clock.move(seconds=10)

    assert [number for number, was_called in enumerate(called) if was_called] == [0, 6, 12]
    assert len(switch.log) == 3
    request, _ = switch.log[0]
    assert (request.method, request.path) == ("GET", PATH)


def test_it_hears_nothing_while_beat_is_silent(switch: HTTPServer, clock: MovableClock) -> None:
    live(clock)
    clock.move(minutes=5)
    watching.beat(Kind.WORKER, "worker one:7", clock())

    assert not watchdog.reassure(clock())
    assert switch.log == []


def test_it_hears_nothing_while_something_is_overdue(
    switch: HTTPServer, folder: Channel, scheduled: Callable[..., Delivery], clock: MovableClock
) -> None:
    scheduled(folder)
    clock.move(minutes=5)
    live(clock)

    assert not watchdog.reassure(clock())
    assert switch.log == []


def test_without_an_address_nobody_is_called(clock: MovableClock) -> None:
    live(clock)
    assert not watchdog.reassure(clock())


@pytest.mark.parametrize("status", [301, 404, 500])
def test_an_answer_that_is_none_harms_nobody(
    status: int, httpserver: HTTPServer, settings: Any, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request(PATH).respond_with_data("no", status=status, headers={"Location": "http://127.0.0.1/"})
    settings.WATCHDOG_URL = httpserver.url_for(PATH)
    settings.ALLOW_PRIVATE_TARGETS = frozenset({httpserver.url_for("").rstrip("/")})
    live(clock)
    with caplog.at_level(logging.WARNING):
        assert not watchdog.reassure(clock())

    assert "The dead-man's switch" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/ping/8f1c-secret-77",  # this machine
        "http://169.254.169.254/latest/meta-data/secret",
        "http://[::1]/secret",
        "https://nobody.invalid/secret",
        "not an address, but a secret",
    ],
)
def test_a_private_address_or_none_at_all_is_not_called(
    address: str, settings: Any, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    settings.WATCHDOG_URL = address
    live(clock)
    with caplog.at_level(logging.WARNING):
        assert not watchdog.reassure(clock())

    assert caplog.records
    assert "secret" not in caplog.text
