"""What each database has to promise."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_sqlite_writes_ahead_and_to_the_disk() -> None:
    """synchronous=NORMAL would lose the last commits at a power cut: a claim among them would be sent again."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    with connection.cursor() as cursor:
        journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]

    assert (journal, synchronous) == ("wal", 2)  # 2 is FULL


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_lends_connections_from_a_pool() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        (version,) = cursor.fetchone()

    assert version >= 140000
    assert connection.settings_dict["OPTIONS"]["pool"]["max_size"] >= 8


def test_what_the_address_of_the_database_asks_for_is_kept(tmp_path: Path) -> None:
    """?sslmode=require is no decoration; and our own options stay, unless the address says otherwise."""
    code = (
        "import json; from blogscheduler.settings import DATABASES; print(json.dumps(DATABASES['default']['OPTIONS']))"
    )
    environment = os.environ | {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgres://blog@db.example.com/blog?sslmode=require&connect_timeout=9",
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True)
    options = json.loads(done.stdout)

    assert (options["sslmode"], options["connect_timeout"]) == ("require", 9)
    assert options["pool"]["max_size"] == 20
    assert options["options"] == "-c jit=off"


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_compiles_no_queries() -> None:
    """At a million deliveries it took a second to compile what runs for some milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")

        assert cursor.fetchone() == ("off",)
