"""Lines of the engine name workspace, delivery and attempt, whatever thread writes them, and no key of a channel."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from blogscheduler.logs import Json
from posts.models import Channel, Delivery
from publishers.platforms.devto import DevTo
from tests.posts.conftest import MovableClock, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the engine has written, as machines read it."""
    stream, logger = io.StringIO(), logging.getLogger("posts")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Json())
    logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_each_outcome_is_one_line(
    dev: Channel, scheduled: Callable[..., Delivery], clock: MovableClock, lines: Lines
) -> None:
    delivery = publish(clock, scheduled(dev))
    ids = {"workspace": delivery.workspace_id, "delivery": delivery.pk, "attempt": 1}

    assert [{name: line[name] for name in ids} for line in lines()] == [ids, ids]
    assert [line["step"] for line in lines()] == ["create", "flip"]


def test_what_breaks_in_a_thread_is_told_with_its_delivery_and_without_the_channels_key(
    dev: Channel,
    scheduled: Callable[..., Delivery],
    clock: MovableClock,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = dev.credentials["api_key"]

    def broken(*_: object) -> None:
        raise RuntimeError(f"with {key}")

    monkeypatch.setattr(DevTo, "create_draft", broken)
    delivery = publish(clock, scheduled(dev))
    [line] = [line for line in lines() if "exception" in line]

    assert line["thread"].startswith("call")
    assert (line["delivery"], line["attempt"]) == (delivery.pk, 1)
    assert "with •••" in line["exception"]
    assert key not in json.dumps(lines(), ensure_ascii=False)
