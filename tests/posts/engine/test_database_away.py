"""The database is away for a moment: what was begun goes on, and what came of it is written later."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import Any

import pytest
from django.db import connection

from posts.engine import publishing
from posts.models import Channel, Delivery
from tests.posts.conftest import MovableClock, Street, history

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the lock of a SQLite file stands for the database"),
]


def lock_after_the_draft(street: Street, file: str, seconds: float) -> threading.Thread:
    """As soon as the draft is there and written down, let nobody write for a while."""

    def lock() -> None:
        while not any(entry["call"] == "create" for entry in street.ask("log")):
            time.sleep(0.02)
        time.sleep(0.2)
        other = sqlite3.connect(file, timeout=5, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        other.execute("ROLLBACK")
        other.close()

    thread = threading.Thread(target=lock)
    thread.start()
    return thread


def test_a_draft_that_waits_for_its_flip_is_not_forgotten(
    street: Street, dev: Channel, folder: Channel, scheduled: Any, clock: MovableClock, settings: Any
) -> None:
    settings.PACE = 1  # the flip waits a second after the draft
    begun, following = scheduled(dev), scheduled(folder, seconds=0.7)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    thread = lock_after_the_draft(street, connection.settings_dict["NAME"], 1.5)
    publishing.drain(clock)
    thread.join()
    publishing.drain(clock)
    begun.refresh_from_db()
    following.refresh_from_db()
    assert history(begun) == ["create done", "flip done"]
    assert begun.status == following.status == Delivery.Status.PUBLISHED
    assert street.public(begun) == 1
