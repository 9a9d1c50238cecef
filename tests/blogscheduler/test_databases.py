"""What each database has to promise."""

import pytest
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
