"""The clock of the house: workers, beats and whoever writes share it; databases and platforms keep the true time.

It is moved on instead of waiting for a time that is far away, and stepped to and fro as a fault.
"""

from __future__ import annotations

import bisect
import os
import threading
import time
from dataclasses import dataclass, replace
from math import inf
from operator import attrgetter
from pathlib import Path

MOVED = Path(__file__).parent / "moved"  # first in the path of every process that follows this clock
VARIABLE = "CHAOS_CLOCK"
WIDTH = 32  # bytes: one write replaces all of it


def prepare(path: Path) -> None:
    """Make the file that processes follow; the clock is right at first."""
    path.write_bytes(_text(0.0))


@dataclass(frozen=True)
class Shown:
    """What the clock showed from a true time on, in seconds that it was ahead of the true one."""

    since: float = 0.0
    waited: float = 0.0  # instead of waiting
    jumped: float = 0.0  # and stayed there
    wrong: float = 0.0  # and set right later

    @property
    def ahead(self) -> float:
        return self.waited + self.jumped + self.wrong


class Clock:
    """Sets what the processes read. Times are seconds since 1970, true ones where nothing else is said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._since = time.time() - time.monotonic()
        self._lock = threading.Lock()
        self._shown = [Shown()]
        self._show()

    def true(self) -> float:
        """The true time, which this process, too, does not see in ``time.time``."""
        return self._since + time.monotonic()

    def now(self) -> float:
        """The time as the house sees it."""
        return self.true() + self._shown[-1].ahead

    def wait(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._show(waited=self._shown[-1].waited + seconds)

    def jump(self, seconds: float) -> None:
        """Go ahead and stay there, as on a machine that slept."""
        self._show(jumped=self._shown[-1].jumped + seconds)

    def step(self, seconds: float) -> None:
        """Be wrong by so much; 0 sets it right."""
        self._show(wrong=seconds)

    def _show(self, **changes: float) -> None:
        with self._lock:
            shown = replace(self._shown[-1], since=self.true(), **changes)
            self._shown.append(shown)
            with self.path.open("r+b", buffering=0) as file:
                os.pwrite(file.fileno(), _text(shown.ahead), 0)

    def at(self, true: float) -> Shown:
        """What it showed at a true time."""
        return self._shown[bisect.bisect(self._shown, true, key=attrgetter("since")) - 1]

    def most_ahead(self, begin: float, end: float) -> float:
        """The farthest that it was ahead between two true times."""
        return max(self.at(begin).ahead, *(one.ahead for one in self._shown if begin <= one.since <= end), -inf)


def _text(seconds: float) -> bytes:
    return f"{seconds:<{WIDTH}.6f}".encode()
