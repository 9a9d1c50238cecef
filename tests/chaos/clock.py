"""The clock of the house: workers, beats and whoever writes share it; databases and platforms keep the true time.

It is moved on instead of waiting for a time that is far away, and stepped to and fro as a fault.
"""

from __future__ import annotations

import bisect
import os
import threading
import time
from math import inf
from pathlib import Path

MOVED = Path(__file__).parent / "moved"  # first in the path of every process that follows this clock
VARIABLE = "CHAOS_CLOCK"
WIDTH = 32  # bytes: one write replaces all of it


def prepare(path: Path) -> None:
    """Make the file that processes follow; the clock is right at first."""
    path.write_bytes(_text(0.0))


class Clock:
    """Sets what the processes read. Times are seconds since 1970, true ones where nothing else is said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._since = time.time() - time.monotonic()
        self._on = 0.0
        self._step = 0.0
        self._lock = threading.Lock()
        self._steps: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)]  # since when, how far ahead, moved on
        self._set()

    def true(self) -> float:
        """The true time, which this process, too, does not see in ``time.time``."""
        return self._since + time.monotonic()

    def now(self) -> float:
        """The time as the house sees it."""
        return self.true() + self._steps[-1][1]

    def move_on(self, seconds: float) -> None:
        """Let so much time pass at once."""
        with self._lock:
            self._on += seconds
            self._set()

    def step(self, seconds: float) -> None:
        """Be wrong by so much; 0 sets it right."""
        with self._lock:
            self._step = seconds
            self._set()

    def _set(self) -> None:
        ahead = self._on + self._step
        self._steps.append((self.true(), ahead, self._on))
        with self.path.open("r+b", buffering=0) as file:
            os.pwrite(file.fileno(), _text(ahead), 0)

    def ahead(self, at: float) -> float:
        """How far the house was ahead of the true time ``at``."""
        return self._at(at)[1]

    def _at(self, at: float) -> tuple[float, float, float]:
        return self._steps[bisect.bisect(self._steps, (at, inf, inf)) - 1]

    def most_ahead(self, begin: float, end: float) -> float:
        """The farthest that it was ahead between two true times."""
        return max([self.ahead(begin), *(ahead for since, ahead, _ in self._steps if begin <= since <= end)])

    def moved_on(self, at: float) -> float:
        """Seconds that nobody had had to wait until then."""
        return self._at(at)[2]


def _text(seconds: float) -> bytes:
    return f"{seconds:<{WIDTH}.6f}".encode()
