"""Everything that runs during a row: the house, its database, the platforms, the way to them; and who starts again
what ends, as a supervisor does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tests.chaos.clock import Clock
from tests.chaos.databases import Database, Postgres
from tests.chaos.network import Proxy
from tests.real.house import ROOT, House, wait_for

WORKERS = ("worker 1", "worker 2")
BEATS = ("beat 1", "beat 2")
BROKER = "broker"
LOOK_EVERY = 0.1  # seconds


@dataclass(frozen=True)
class Times:
    """The engine's own times, shrunk so that minutes show what takes hours. Seconds.

    ``lag`` is the platforms': so long a look-up may show what was, and a request be under way after we have given up.
    The settling time has to be longer.
    """

    lease: float = 8.0
    deadline: float = 3.0
    settle: float = 2.5
    lag: float = 1.8
    tolerance: float = (
        0.0  # of a clock that is not the database's; 0: any, so that it can be moved on instead of waiting
    )

    def env(self) -> dict[str, str]:
        return {
            "LEASE_SECONDS": str(self.lease),
            "CALL_DEADLINE_SECONDS": str(self.deadline),
            "SETTLE_SECONDS": str(self.settle),
            "CATCH_UP_SECONDS": "0.2",
            "PACE": "0",
            "CLOCK_TOLERANCE_SECONDS": str(self.tolerance),
        }


@dataclass(frozen=True)
class Order:
    """What one row is to be; as JSON on the command line of its process."""

    place: str
    database: str
    fault: str
    seed: str
    seconds: float  # of posts flowing in
    posts_per_second: float
    ports: tuple[int, int, int]  # of the database, the platforms, the way to them
    without: tuple[str, ...] = ()  # faults to leave out of the mix
    old_code: str = ""
    tolerance: float = 0.0

    @property
    def times(self) -> Times:
        return Times(tolerance=self.tolerance)


class Platforms:
    """The sandbox in a process of its own, which survives everything, and is asked without a detour."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "sandbox", "--port", str(port)]
        env = {name: value for name, value in os.environ.items() if name != "CHAOS_CLOCK"}
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
        wait_for(self._serves, 20, "the sandbox serves")
        for platform in ("devto", "hashnode", "medium"):
            self.order("limits", platform, on=False)
        # The times are shrunk, these two are not.
        self.order("switches", "hashnode", switch="cache", on=False)
        self.order("switches", "medium", switch="feed_cache", on=False)

    def _serves(self) -> bool:
        try:
            return requests.get(self.url, timeout=2).ok
        except requests.ConnectionError:
            return False

    def order(self, path: str, platform: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/_sandbox/{path}", json={"platform": platform, **body}, timeout=10)
        assert answer.ok, answer.text
        return dict(answer.json())

    def ask(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/_sandbox/{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def forgive(self) -> None:
        """Forget all faults."""
        requests.delete(f"{self.url}/_sandbox/faults", timeout=10).raise_for_status()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


class Stage:
    """One row's world. Faults act on it from threads of their own; ``log`` is what happened when."""

    def __init__(
        self, place: Path, database: Database, platforms: Platforms, proxy: Proxy, clock: Clock, times: Times
    ) -> None:
        self.place = place
        self.database = database
        self.platforms = platforms
        self.proxy = proxy
        self.clock = clock
        self.times = times
        self.house = House(place / "logs")
        self.old_code: Path | None = None
        self.minds_the_clock = times.tolerance > 0
        self.kills = 0  # processes that were ended without a warning
        self.strikes = 0
        self.falls: Counter[str] = Counter()  # processes that ended by themselves
        self.log: list[tuple[float, str]] = []
        self.over = threading.Event()  # no more faults
        self.trouble: str = ""  # of the harness itself, which ends the row
        self._away: set[str] = set()
        self._ordered: set[int] = set()
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._starters: dict[str, Callable[[], None]] = {
            BROKER: partial(self.house.broker, "--appendonly", "yes", "--appendfsync", "always"),
            **{name: partial(self._start_worker, name) for name in WORKERS},
            **{name: partial(self.house.beat, name) for name in BEATS},
        }
        self._supervisor = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def note(self, words: str) -> None:
        self.log.append((self.clock.true(), words))

    def open(self) -> None:
        for start in self._starters.values():
            start()
        self._supervisor.start()

    def close(self) -> None:
        """End everything but the database and the platforms."""
        self._ended.set()
        if self._supervisor.is_alive():
            self._supervisor.join(60)
        for name in (*WORKERS, *BEATS):
            with suppress(KeyError):
                self.house.running[name].terminate()
        with suppress(subprocess.TimeoutExpired):
            for process in self.house.running.values():
                process.wait(timeout=self.times.deadline + 8)
        self.house.stop()

    def _start_worker(self, name: str) -> None:
        self.house.worker(name, code=self.old_code if self.old_code and name == WORKERS[1] else ROOT)

    # The supervisor

    def _watch(self) -> None:
        """Start again whatever has ended, but for what is meant to be away."""
        while not self._ended.wait(LOOK_EVERY):
            try:
                with self._lock:
                    self._start_what_is_missing()
            except Exception:
                self.trouble = traceback.format_exc()
                return

    def _start_what_is_missing(self) -> None:
        if "database" not in self._away and self.database.fell():
            self._fell("database")
            with suppress(AssertionError):  # its disk may be full: again in a moment
                self.database.start()
        for name, start in self._starters.items():
            process = self.house.running[name]
            if name in self._away or process.poll() is None:
                continue
            if process.pid in self._ordered:
                self._ordered.discard(process.pid)
            else:
                self._fell(f"{name} (status {process.returncode})")
            start()

    def _fell(self, name: str) -> None:
        self.falls[name] += 1
        self.note(f"{name} has ended by itself")

    def send_away(self, name: str) -> None:
        """From now on it is not started again."""
        with self._lock:
            self._away.add(name)

    def call_back(self, name: str) -> None:
        with self._lock:
            self._away.discard(name)

    # What faults do to processes

    def kill(self, name: str) -> None:
        """kill -9."""
        with self._lock:
            self._order(name, signal.SIGKILL)
            self.kills += 1

    def end(self, name: str) -> None:
        """SIGTERM: it finishes what it has in hand."""
        with self._lock:
            self._order(name, signal.SIGTERM)

    def _order(self, name: str, sign: signal.Signals) -> None:
        process = self.house.running[name]
        self._ordered.add(process.pid)
        process.send_signal(sign)
        if sign == signal.SIGKILL:
            process.wait(timeout=10)
        self.note(f"{name}: {sign.name}")

    def freeze(self, name: str) -> subprocess.Popen[bytes]:
        """What is given back can be thawed, whoever has taken its place meanwhile."""
        with self._lock:
            process = self.house.running[name]
            process.send_signal(signal.SIGSTOP)
            self.note(f"{name}: frozen")
            return process

    def thaw(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGCONT)
        self.note("thawed")

    def stop_database_at_once(self) -> None:
        """As if its machine had lost its power; a file has no server to stop."""
        with self._lock:
            self._away.add("database")
            if isinstance(self.database, Postgres) and not self.database.fell():
                self.database.stop_at_once()
                self.kills += 1
                self.note("PostgreSQL: stopped at once")

    def start_database(self) -> None:
        with self._lock:
            self._away.discard("database")
            if self.database.fell():
                self.database.start()
                self.note("PostgreSQL serves again")

    def mind_no_clock(self) -> None:
        """Workers that begin from now on take any clock for right: it is about to be moved on instead of waiting."""
        self.minds_the_clock = False
        self.house.env["CLOCK_TOLERANCE_SECONDS"] = "0"
        for name in WORKERS:
            self.end(name)

    def await_workers(self, at_least: int) -> None:
        """Until so many have begun to work: then they print what they listen to."""
        wait_for(lambda: self._ready() >= at_least, 60, f"{at_least} workers are ready")

    def _ready(self) -> int:
        return sum("[queues]" in self.house.log(name) for name in WORKERS)
