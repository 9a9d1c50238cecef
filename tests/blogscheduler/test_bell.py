"""The bell: nobody waits for a broker, and nobody stumbles over one that is dead."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

RING_TWICE = """
import json, time
import blogscheduler
import django
django.setup()
from blogscheduler.celery import ring
times = []
for _ in range(2):
    before = time.monotonic()
    ring("posts.tasks.publish_due")
    times.append(time.monotonic() - before)
print(json.dumps(times))
"""


def ring_twice(port: int) -> tuple[float, float]:
    """Seconds that two bells took in a fresh process, one right after the other."""
    environment = os.environ | {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    environment["DJANGO_SETTINGS_MODULE"] = "blogscheduler.settings"
    done = subprocess.run(
        [sys.executable, "-c", RING_TWICE], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    first, second = json.loads(done.stdout)
    return first, second


@pytest.fixture
def refused() -> int:
    """A port that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture
def frozen() -> Iterator[int]:
    """The port of somebody who takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield listening.getsockname()[1]


def test_a_refused_broker_costs_a_moment_once(refused: int) -> None:
    first, second = ring_twice(refused)

    assert first < 1.2
    assert second < 0.05


def test_a_frozen_broker_costs_a_moment_once(frozen: int) -> None:
    first, second = ring_twice(frozen)

    assert first < 1.2
    assert second < 0.05
