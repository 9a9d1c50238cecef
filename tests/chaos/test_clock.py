"""The clock of the house can be moved in processes that run, and only there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import clock
from tests.chaos.clock import Clock

WATCH = """
import datetime, sys, time
for _ in sys.stdin:
    print(time.time(), datetime.datetime.now().timestamp(), time.monotonic(), flush=True)
"""


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that reads its clocks when it is asked."""
    clock.prepare(tmp_path / "clock")
    env = {**os.environ, "PYTHONPATH": str(clock.MOVED), clock.VARIABLE: str(tmp_path / "clock")}
    command = [sys.executable, "-c", WATCH]
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def read(watch: subprocess.Popen[str]) -> list[float]:
    assert watch.stdin
    assert watch.stdout
    watch.stdin.write("\n")
    watch.stdin.flush()
    return [float(word) for word in watch.stdout.readline().split()]


def read_until(watch: subprocess.Popen[str], house: Clock) -> list[float]:
    """The process looks at its file every few milliseconds."""
    for _ in range(2000):
        if abs((found := read(watch))[0] - house.now()) < 0.5:
            return found
    raise AssertionError(f"{found[0]} is not {house.now()}")


def test_a_process_follows_the_clock_of_the_house(watch: subprocess.Popen[str], tmp_path: Path) -> None:
    house = Clock(tmp_path / "clock")
    _, _, before = read_until(watch, house)
    house.step(3600)
    house.wait(100)
    by_time, by_datetime, monotonic = read_until(watch, house)
    assert by_time == pytest.approx(house.true() + 3700, abs=1)
    assert by_datetime == pytest.approx(by_time, abs=0.1)
    assert monotonic - before < 60
    house.step(0)
    assert read_until(watch, house)[0] == pytest.approx(house.true() + 100, abs=1)


def test_the_clock_remembers_what_it_showed(tmp_path: Path) -> None:
    clock.prepare(tmp_path / "clock")
    house = Clock(tmp_path / "clock")
    begin = house.true()
    house.step(3600)
    middle = house.true()
    house.step(0)
    end = house.true()
    assert [house.at(moment).ahead for moment in (begin, middle, end)] == [0, 3600, 0]
    assert house.most_ahead(begin, end) == 3600
    house.wait(100)
    house.jump(20)
    now = house.at(house.true())
    assert (now.waited, now.jumped, now.wrong, now.ahead) == (100, 20, 0, 120)
    assert house.at(end).ahead == 0
