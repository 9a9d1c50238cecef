"""Who has pressed a button gets the next turn to write, while another process writes all the time."""

from __future__ import annotations

import sqlite3
import threading
import time
from statistics import median

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import Workspace
from blogscheduler import turns

pytestmark = pytest.mark.skipif(
    not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"), reason="PostgreSQL has as many writers as it likes"
)
HELD = 0.45  # seconds: by then SQLite's own pauses are a tenth of a second


def write(_request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Workspace.objects.filter(pk=0).update(name="")
    return HttpResponse(f"{time.monotonic()}")


def waited_beyond_release() -> float:
    """Seconds from the end of somebody else's transaction until a request that waited for it has written."""
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    released: list[float] = []

    def release() -> None:
        released.append(time.monotonic())
        other.execute("COMMIT")
        other.close()

    other.execute("BEGIN IMMEDIATE")
    threading.Timer(HELD, release).start()
    written = float(turns.middleware(write)(RequestFactory().get("/")).content)
    return written - released[0]


@pytest.mark.django_db(transaction=True)
def test_a_request_writes_as_soon_as_the_database_is_free() -> None:
    assert median(waited_beyond_release() for _ in range(7)) < 0.025


@pytest.mark.django_db(transaction=True)
def test_its_patience_ends_and_what_is_not_asked_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "timeout", 0.1)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(OperationalError, match="locked"):
            turns.middleware(write)(RequestFactory().get("/"))
    finally:
        other.close()
    assert turns.middleware(write)(RequestFactory().get("/")).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (100,), "all other statements wait as ever"
    connection.close()
