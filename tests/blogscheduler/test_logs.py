"""The log: one line a record, which says what it is about, and tells no secret."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.test import Client

from accounts.models import User, Workspace
from blogscheduler import celery, logs
from blogscheduler.logs import Json, Plain
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def nothing_yet() -> Iterator[None]:
    logs.begin()
    yield
    logs.begin()


def record(message: str = "It is late", *args: Any, **more: Any) -> logging.LogRecord:
    made = logging.getLogger("posts.engine.ledger").makeRecord(
        "posts.engine.ledger", logging.WARNING, "ledger.py", 7, message, args, more.pop("exc_info", None), extra=more
    )
    return made


def in_json(message: str = "It is late", *args: Any, **more: Any) -> dict[str, Any]:
    line = Json().format(record(message, *args, **more))
    assert "\n" not in line
    return dict(json.loads(line))


# --- what a line is about --------------------------------------------------------------------------------------------


def test_lines_within_a_block_name_what_it_is_about_and_blocks_add_up() -> None:
    with logs.about(workspace=3, delivery=7):
        with logs.about(delivery=8, attempt=2, channel=None):
            inner = dict(logs.current())
        outer = dict(logs.current())

    assert inner == {"workspace": 3, "delivery": 8, "attempt": 2}
    assert outer == {"workspace": 3, "delivery": 7}
    assert dict(logs.current()) == {}


def test_what_is_known_later_belongs_to_the_block_and_ends_with_it() -> None:
    with logs.about(request_id="a"):
        logs.also(workspace=3)
        assert dict(logs.current()) == {"request_id": "a", "workspace": 3}
    assert dict(logs.current()) == {}


def test_an_error_does_not_keep_its_ids_alive() -> None:
    with pytest.raises(ZeroDivisionError), logs.about(delivery=7):
        1 / 0
    assert dict(logs.current()) == {}


def test_threads_of_a_pool_know_nothing_of_each_other() -> None:
    """As in the engine: many threads, each with a delivery of its own, and reused."""
    together = threading.Barrier(4)

    def call(number: int) -> tuple[dict[str, object], int]:
        before = dict(logs.current())
        with logs.about(delivery=number):
            together.wait(timeout=5)
            mine = logs.current()["delivery"]
        return before, int(str(mine))

    with ThreadPoolExecutor(4) as pool, logs.about(request_id="of the drain"):
        seen = list(pool.map(call, range(8)))

    assert seen == [({}, number) for number in range(8)]


def test_a_new_piece_of_work_forgets_the_one_before() -> None:
    logs.begin(request_id="a")
    logs.also(workspace=3)
    logs.begin(request_id="b")

    assert dict(logs.current()) == {"request_id": "b"}


# --- the two formats -------------------------------------------------------------------------------------------------


def test_people_read_the_ids_after_the_message() -> None:
    with logs.about(delivery=7, attempt=2):
        line = Plain().format(record("Try %s", 2))

    assert line.endswith("WARNING posts.engine.ledger: Try 2 [delivery=7 attempt=2]")
    assert Plain().format(record()).endswith("posts.engine.ledger: It is late")


def test_machines_read_one_object_a_line() -> None:
    with logs.about(workspace=3, delivery=7, attempt=2):
        line = in_json("“%s”\nis late", "Über Maschinen")

    assert line["message"] == "“Über Maschinen”\nis late"
    assert (line["level"], line["logger"]) == ("WARNING", "posts.engine.ledger")
    assert (line["workspace"], line["delivery"], line["attempt"]) == (3, 7, 2)
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


def test_an_exception_is_part_of_its_line() -> None:
    try:
        raise ValueError("engine\non fire")
    except ValueError:
        line = in_json("Failed", exc_info=sys.exc_info())

    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: engine\non fire")


def test_what_libraries_put_on_a_record_stays_out() -> None:
    """Django puts the whole request there, Celery the arguments of a task."""
    assert "extra" not in str(in_json(request="extra", data={"args": "extra"}))


@pytest.mark.parametrize("formatter", [Plain(), Json()])
def test_no_secret_is_written(formatter: logging.Formatter, settings: Any) -> None:
    settings.METRICS_TOKEN = "prometheus-may-read"
    try:
        raise ValueError("key=of-my-channel")
    except ValueError:
        with logs.about(delivery=7, secrets=["of-my-channel", "", None]):
            line = formatter.format(record("Token prometheus-may-read", exc_info=sys.exc_info()))

    assert "prometheus-may-read" not in line
    assert "of-my-channel" not in line
    assert "ValueError" in line


def test_an_unknown_format_still_writes_a_log() -> None:
    assert logs.configuration("yaml", "INFO")["handlers"]["console"]["formatter"] == "plain"


# --- where ids come from ---------------------------------------------------------------------------------------------


class Seen(logging.Handler):
    """Keeps what the lines were about."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.ids.append(dict(logs.current()))


@pytest.fixture
def seen() -> Iterator[Seen]:
    handler, logger = Seen(), logging.getLogger("django.request")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_lines_of_a_request_name_it_and_its_workspace(client: Client, ada: User, seen: Seen) -> None:
    client.login(email=ada.email, password=PASSWORD)
    answer = client.get("/nowhere/")
    workspace = Workspace.objects.of(ada)
    assert workspace is not None

    assert seen.ids[-1] == {"request_id": answer.headers["X-Request-ID"], "workspace": workspace.pk}


def test_lines_of_a_stranger_name_the_request_alone(client: Client, ada: User, seen: Seen) -> None:
    first, second = client.get("/nowhere/"), client.get("/nowhere/")

    assert [ids for ids in seen.ids if ids] == [
        {"request_id": answer.headers["X-Request-ID"]} for answer in (first, second)
    ]


@pytest.fixture
def headers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Of the messages that would have been sent, if there were a broker."""
    sent: list[dict[str, Any]] = []

    def keep(headers: dict[str, Any], **_: Any) -> None:
        sent.append(headers)

    monkeypatch.setattr(celery, "_silent_until", 0.0)
    before_task_publish.connect(keep)
    yield sent
    before_task_publish.disconnect(keep)
    celery._silent_until = 0.0


def test_a_bell_for_one_thing_carries_the_request_that_rang(headers: list[dict[str, Any]]) -> None:
    with logs.about(request_id="of-ada"):
        celery.ring("posts.tasks.check_channel", 7)

    assert headers[0]["request_id"] == "of-ada"


def test_a_bell_for_everything_does_not(headers: list[dict[str, Any]]) -> None:
    """What a drain finds was asked for by many: the one who rang has nothing to do with most of it."""
    with logs.about(request_id="of-ada"):
        celery.ring("posts.tasks.publish_due")

    assert "request_id" not in headers[0]
