"""Make the data folder and the database what this version needs, once, however many start at the same time."""

from __future__ import annotations

import fcntl
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connection

LOCK = 0x626C6F67  # a number of our own among PostgreSQL's advisory locks
PATIENCE = 60.0  # seconds


class Command(BaseCommand):
    help = "Make keys that are missing, wait for the database, migrate it. Safe to run again, and twice at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--wait", type=float, default=PATIENCE, metavar="SECONDS", help="how long to wait for the database"
        )

    def handle(self, *args: Any, wait: float, **options: Any) -> None:
        # The settings have made the keys by now: see blogscheduler.keys.
        await_database(wait)
        with one_at_a_time():
            call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("The database is ready.")


def await_database(seconds: float) -> None:
    """Return when it answers. Raises CommandError when it does not in time."""
    end = time.monotonic() + seconds
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError as problem:
            if time.monotonic() > end:
                raise CommandError(f"The database does not answer: {problem}") from problem
            time.sleep(1)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """The others wait. Where the database is shared by several machines, the lock has to be in the database."""
    with open(settings.DATA_DIR / "prepare.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            with suppress(DatabaseError), connection.cursor() as cursor:  # gone with a connection that broke
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
