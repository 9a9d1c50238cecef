"""Fixtures for tests with real processes: they see what the test commits, and find it gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from accounts.models import User
from sandbox.server import serve
from tests.conftest import joined
from tests.posts.conftest import Street
from tests.real.house import House


@pytest.fixture
def street() -> Iterator[Street]:
    """A sandbox with its limits on, as strict as the real platforms."""
    server = serve(port=0)
    yield Street(server.url)
    server.stop()


@pytest.fixture
def house(transactional_db: None, tmp_path: Path, street: Street, settings: Any) -> Iterator[House]:
    settings.ALLOW_PRIVATE_TARGETS = frozenset({street.url})
    house = House(
        tmp_path,
        ALLOW_PRIVATE_TARGETS=street.url,
        SETTLE_SECONDS="3",
        LEASE_SECONDS="12",
        CALL_DEADLINE_SECONDS="5",
    )
    yield house
    house.stop()


@pytest.fixture
def author(transactional_db: None) -> User:
    return joined("linus@example.com", "Linus")


def public_counts(street: Street) -> dict[str, int]:
    """How many public articles there are of each delivery, by its key."""
    counts = requests.get(f"{street.url}/_sandbox/counts", params={"platform": "devto"}, timeout=5).json()
    return {key: count["public"] for key, count in counts.items()}
