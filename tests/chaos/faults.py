"""What goes wrong: each fault strikes, lasts for a while, and is healed; then there is peace for a while.

``peace`` and ``lasts`` are seconds, at least and at most; which ones, and whom it hits, chance decides, from the seed.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
from contextlib import ExitStack
from typing import Any, ClassVar

import psycopg

from tests.chaos.databases import Postgres, Sqlite
from tests.chaos.network import Trouble
from tests.chaos.stage import BEATS, BROKER, WORKERS, Stage

HOUR = 3600.0
EVERYWHERE = ("sqlite", "postgres")


class Fault:
    name: ClassVar[str]  # on the command line
    words: ClassVar[str]  # in the table
    lane: ClassVar[str]  # faults of different lanes may meet when all are mixed
    databases: ClassVar[tuple[str, ...]] = EVERYWHERE
    peace: tuple[float, float] = (1.0, 4.0)
    lasts: tuple[float, float] = (1.0, 3.0)
    shortest: ClassVar[float] = 0.0  # seconds of posts flowing in, so that it can strike
    weight: ClassVar[float] = 1.0  # how much longer than others it is tried in a run of all
    mixes: ClassVar[bool] = True  # false: it would leave nothing for the others to break
    tolerance: ClassVar[float] = 0.0  # CLOCK_TOLERANCE_SECONDS of the house
    small_disk: ClassVar[bool] = False  # the database needs a disk that can be filled up
    old_code: ClassVar[bool] = False  # the second worker runs from an earlier commit

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage = stage
        self.chance = chance

    def strike(self) -> None:
        raise NotImplementedError

    def heal(self) -> None:
        """Whatever is wrong is right again. Also called at the end, when it had just struck."""


# --- The house: workers, beats, the broker ---------------------------------------------------------------------------


class WorkerKilled(Fault):
    name = "worker-killed"
    words = "a worker is killed (kill -9) and started again"
    lane = "house"
    weight = 5
    peace = (0.8, 3.5)
    lasts = (0.0, 0.0)

    def strike(self) -> None:
        self.stage.kill(self.chance.choice(WORKERS))


class WorkerFrozen(Fault):
    name = "worker-frozen"
    words = "a worker is frozen (SIGSTOP) for longer than its lease, then goes on"
    lane = "house"
    shortest = 16
    peace = (0.5, 1.5)

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self.lasts = (stage.times.lease + 0.5, stage.times.lease + 3)

    def strike(self) -> None:
        self.frozen = self.stage.freeze(self.chance.choice(WORKERS))

    def heal(self) -> None:
        self.stage.thaw(self.frozen)


class WorkerEnded(Fault):
    name = "worker-ended"
    words = "a worker is told to end (SIGTERM), finishes, and is started again"
    lane = "house"
    peace = (2.0, 5.0)

    def strike(self) -> None:
        self.stage.end(self.chance.choice(WORKERS))


class BeatKilled(Fault):
    name = "beat-killed"
    words = "a beat is killed and started again"
    lane = "house"
    weight = 3
    peace = (0.5, 2.0)
    lasts = (0.0, 0.0)

    def strike(self) -> None:
        self.stage.kill(self.chance.choice(BEATS))


class BeatsFrozen(Fault):
    name = "beats-frozen"
    words = "both beats are frozen for a while"
    lane = "house"
    lasts = (3.0, 8.0)

    def strike(self) -> None:
        self.frozen = [self.stage.freeze(name) for name in BEATS]

    def heal(self) -> None:
        for process in self.frozen:
            self.stage.thaw(process)


class RedisKilled(Fault):
    name = "redis-killed"
    words = "Redis is killed, stays away for seconds, comes back with what it had"
    lane = "house"
    weight = 2
    peace = (0.3, 2.0)
    lasts = (0.3, 3.0)

    def strike(self) -> None:
        self.stage.send_away(BROKER)
        self.stage.kill(BROKER)

    def heal(self) -> None:
        self.stage.call_back(BROKER)


class RedisEmptied(RedisKilled):
    name = "redis-emptied"
    words = "Redis is killed and comes back empty"
    lasts = (0.0, 0.5)

    def heal(self) -> None:
        for path in self.stage.house.logs.glob("appendonlydir/*"):
            path.unlink()
        super().heal()


class RedisFrozen(Fault):
    name = "redis-frozen"
    words = "Redis is frozen for seconds"
    lane = "house"
    lasts = (2.0, 6.0)

    def strike(self) -> None:
        self.frozen = self.stage.freeze(BROKER)

    def heal(self) -> None:
        self.stage.thaw(self.frozen)


class RedisFlushed(Fault):
    name = "redis-flushed"
    words = "Redis forgets everything (FLUSHALL)"
    lane = "house"
    peace = (0.1, 1.0)
    lasts = (0.0, 0.0)

    def strike(self) -> None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.stage.house.port), 1) as sock:
            sock.sendall(b"FLUSHALL\r\n")
            sock.recv(64)
        self.stage.note("FLUSHALL")


class EverythingKilled(Fault):
    name = "all-killed"
    words = "every process is killed at once, the database's server too, and started again"
    lane = "house"
    weight = 3
    peace = (5.0, 9.0)
    lasts = (0.0, 2.0)

    def strike(self) -> None:
        everybody = (*WORKERS, *BEATS, BROKER)
        for name in everybody:
            self.stage.send_away(name)
        for name in everybody:
            self.stage.kill(name)
        if isinstance(self.stage.database, Postgres):
            self.stage.stop_database_at_once()

    def heal(self) -> None:
        self.stage.start_database()
        for name in (*WORKERS, *BEATS, BROKER):
            self.stage.call_back(name)


class OldCode(WorkerKilled):
    name = "old-code"
    words = "one worker runs the code of an earlier version; either is killed, the other goes on"
    weight = 2
    peace = (3.0, 6.0)
    old_code = True


# --- The database ----------------------------------------------------------------------------------------------------


class PostgresStopped(Fault):
    name = "postgres-stopped"
    words = "PostgreSQL is stopped at once, while outcomes are unwritten, and started again"
    lane = "database"
    databases = ("postgres",)
    weight = 3
    peace = (1.5, 5.0)
    lasts = (0.0, 3.0)

    def strike(self) -> None:
        self.stage.stop_database_at_once()

    def heal(self) -> None:
        self.stage.start_database()


class PostgresFrozen(Fault):
    name = "postgres-frozen"
    words = "PostgreSQL is frozen for seconds, now and then for longer than a lease"
    lane = "database"
    databases = ("postgres",)

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self.lasts = (1.0, stage.times.lease + 2)

    def strike(self) -> None:
        assert isinstance(self.stage.database, Postgres)
        self.stage.database.freeze()
        self.stage.note("PostgreSQL: frozen")

    def heal(self) -> None:
        assert isinstance(self.stage.database, Postgres)
        self.stage.database.thaw()
        self.stage.note("PostgreSQL: goes on")


class TableLocked(Fault):
    name = "postgres-locked"
    words = "another session locks a whole table, or some rows, for longer than the lock time-out"
    lane = "database"
    databases = ("postgres",)
    lasts = (2.5, 6.0)

    def strike(self) -> None:
        assert isinstance(self.stage.database, Postgres)
        self.session: psycopg.Connection[Any] | None = None
        table = self.chance.choice(["posts_delivery", "posts_channel", "posts_attempt"])
        statement = self.chance.choice(
            [
                f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
                f"SELECT 1 FROM {table} ORDER BY id DESC LIMIT 30 FOR UPDATE",
            ]
        )
        with contextlib.suppress(psycopg.OperationalError):  # when all are mixed, it may be away
            self.session = self.stage.database.admin("house")
            self.session.execute("BEGIN")
            self.session.execute("SET lock_timeout = '3s'")
            self.session.execute(statement)
            self.stage.note(f"PostgreSQL: {statement}")

    def heal(self) -> None:
        if self.session is not None:
            self.session.close()


class ConnectionsTaken(Fault):
    name = "postgres-full"
    words = "all connections to PostgreSQL are broken, and others take every one that it allows"
    lane = "database"
    databases = ("postgres",)
    lasts = (2.0, 5.0)

    def strike(self) -> None:
        assert isinstance(self.stage.database, Postgres)
        self.taken = ExitStack()
        with contextlib.suppress(psycopg.OperationalError):  # no room any more: that is what is wanted
            with self.stage.database.admin() as admin:
                admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'house'")
            for _ in range(200):
                self.taken.callback(self.stage.database.guest().close)
        self.stage.note("PostgreSQL: no connection is left")

    def heal(self) -> None:
        self.taken.close()


class DiskFull(Fault):
    name = "disk-full"
    words = "the disk of the database is full for seconds"
    lane = "database"
    small_disk = True
    lasts = (2.0, 6.0)

    def strike(self) -> None:
        """Whatever is freed meanwhile is taken as well."""
        self.ballast = self.stage.database.folder.parent / "ballast"
        with contextlib.suppress(OSError), self.ballast.open("wb") as file:
            free = os.statvfs(self.ballast.parent)
            os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - 64 * 1024, 4096))
            file.seek(0, os.SEEK_END)
            for _ in range(1024):
                file.write(b"x" * 4096)
                file.flush()
        self.stage.note("the disk is full")

    def heal(self) -> None:
        self.ballast.unlink(missing_ok=True)
        self.stage.note("the disk has room")


class ForeignWriter(Fault):
    name = "sqlite-locked"
    words = "a foreign process holds SQLite's writing lock, longer than anybody waits for it"
    lane = "database"
    databases = ("sqlite",)
    shortest = 30
    peace = (2.0, 4.0)
    lasts = (21.0, 26.0)

    def strike(self) -> None:
        assert isinstance(self.stage.database, Sqlite)
        self.writer = ExitStack()
        self.writer.enter_context(self.stage.database.written_to())
        self.stage.note("SQLite: a foreign writer")

    def heal(self) -> None:
        self.writer.close()


# --- The way to the platforms ----------------------------------------------------------------------------------------


class _Network(Fault):
    lane = "outside"
    lasts = (1.0, 4.0)
    troubles: ClassVar[tuple[Trouble, ...]]

    def strike(self) -> None:
        self.stage.note(f"the network: {', '.join(trouble.name for trouble in self.troubles)}")
        self.stage.proxy.trouble(*self.troubles, share=0.5)

    def heal(self) -> None:
        self.stage.proxy.trouble()


class Refused(Fault):
    name = "refused"
    words = "connections to the platforms are refused, and open ones broken"
    lane = "outside"
    lasts = (0.5, 2.0)

    def strike(self) -> None:
        self.stage.note("the network: refused")
        self.stage.proxy.refuse()

    def heal(self) -> None:
        self.stage.proxy.listen()


class Swallowed(Refused):
    name = "swallowed"
    words = "packets to the platforms disappear: no connection is made"

    def strike(self) -> None:
        self.stage.note("the network: swallowed")
        self.stage.proxy.swallow()


class Reset(_Network):
    name = "reset"
    words = "connections are reset when the request was sent, before or after the platform did its work"
    troubles = (Trouble.RESET_EARLY, Trouble.RESET_LATE)


class HalfAnswers(_Network):
    name = "half"
    words = "half of the platform's answer arrives"
    troubles = (Trouble.HALF,)


class Dripping(_Network):
    name = "dripping"
    words = "the platform's answer drips, slower than a call may last"
    troubles = (Trouble.DRIP,)


class Silent(_Network):
    name = "silent"
    words = "requests are taken and never answered, before or after the platform did its work"
    troubles = (Trouble.SILENT_EARLY, Trouble.SILENT_LATE)


class Belated(_Network):
    name = "belated"
    words = "requests arrive at the platform after we have given up"
    troubles = (Trouble.BELATED,)


# --- The platforms ---------------------------------------------------------------------------------------------------

WRITES = {"devto": ("create", "flip"), "hashnode": ("create", "publish"), "medium": ("create",)}
LOOKUPS = {"devto": ("list",), "hashnode": ("list", "look"), "medium": ("feed",)}


class _Platform(Fault):
    lane = "outside"
    peace = (0.5, 2.0)
    lasts = (2.0, 5.0)

    def strike(self) -> None:
        self.stage.note(f"the platforms: {self.name}")
        self.order()

    def order(self) -> None:
        raise NotImplementedError

    def heal(self) -> None:
        self.stage.platforms.forgive()
        self.stage.note("the platforms: well")

    def writes(self, fault: str, **more: Any) -> None:
        """At one in two or three writing calls."""
        for platform, calls in WRITES.items():
            for call in calls:
                every = self.chance.choice((2, 3))
                order = {"call": call, "fault": fault, "times": None, "every": every, **more}
                self.stage.platforms.order("faults", platform, **order)


class Stored504(_Platform):
    name = "stored-504"
    words = "platforms store first, then answer 504"

    def order(self) -> None:
        self.writes("status", status=504, when="after")


class StoredHangs(_Platform):
    name = "stored-hangs"
    words = "platforms store first, then hang"

    def order(self) -> None:
        self.writes("hang", seconds=self.stage.times.deadline * 2, when="after")


class Stale(_Platform):
    name = "stale"
    words = "look-ups show what was there a while ago, after lost answers"

    def order(self) -> None:
        for platform, calls in LOOKUPS.items():
            for call in calls:
                order = {"call": call, "fault": "stale", "seconds": self.stage.times.lag, "times": None}
                self.stage.platforms.order("faults", platform, **order)
        self.writes("status", status=504, when="after")

    lasts = (6.0, 9.0)


class AskedToWait(_Platform):
    name = "429"
    words = "platforms ask to wait (429 with Retry-After), also during look-ups"

    def order(self) -> None:
        for platform in WRITES:
            body = '{"errors": [{"message": "slow down"}]}' if platform == "medium" else None
            order = {"status": 429, "retry_after": self.chance.choice((1, 2, 3)), "times": None, "every": 2}
            self.stage.platforms.order("faults", platform, call="*", fault="status", body=body, **order)


class KeyRefused(_Platform):
    name = "401"
    words = "platforms refuse the key for a while; somebody has the channel checked again"

    def order(self) -> None:
        bodies = {
            "devto": (401, '{"error": "unauthorized", "status": 401}'),
            "hashnode": (200, '{"errors": [{"message": "No.", "extensions": {"code": "UNAUTHENTICATED"}}]}'),
            "medium": (401, '{"errors": [{"message": "Token was invalid.", "code": 6003}]}'),
        }
        for platform, (status, body) in bodies.items():
            order = {"status": status, "body": body, "times": self.chance.randint(1, 3), "every": 2}
            self.stage.platforms.order("faults", platform, call="*", fault="status", **order)


class Duplicate(_Platform):
    name = "duplicate"
    words = "platforms say that it is there already, rightly or wrongly"

    def order(self) -> None:
        taken = "Validation failed: Canonical url has already been taken."
        title = "Validation failed: Title has already been used in the last five minutes"
        gone = '{"errors": [{"message": "Draft not found.", "extensions": {"code": "NOT_FOUND"}}]}'
        for platform, call, status, words in (
            ("devto", "create", 422, f'{{"error": "{title}", "status": 422}}'),
            ("devto", "flip", 422, f'{{"error": "{taken}", "status": 422}}'),
            ("hashnode", "publish", 200, gone),
        ):
            for when in ("before", "after"):
                order = {"status": status, "body": words, "when": when, "times": None}
                every = self.chance.choice((3, 4, 5))
                self.stage.platforms.order("faults", platform, call=call, fault="status", every=every, **order)


# --- The clock -------------------------------------------------------------------------------------------------------


class ClockJumps(Fault):
    name = "clock-jumps"
    words = "the clock of workers, beats and web jumps an hour ahead and stays there, as on a machine that slept"
    lane = "clock"
    peace = (5.0, 9.0)
    lasts = (0.0, 0.0)

    def strike(self) -> None:
        self.stage.clock.jump(HOUR)
        self.stage.note("the clock: an hour on")


class ClockAhead(Fault):
    name = "clock-ahead"
    words = "the clock of workers, beats and web is an hour ahead for a while, then right again"
    lane = "clock"
    mixes = False  # with all mixed no clock is trusted less than another: what was written meanwhile waits for the hour
    tolerance = 60
    peace = (3.0, 6.0)
    lasts = (0.5, 4.0)
    by: ClassVar[float] = HOUR

    def strike(self) -> None:
        self.stage.clock.step(self.by)
        self.stage.note(f"the clock: {self.by:+.0f} s")

    def heal(self) -> None:
        self.stage.clock.step(0)
        self.stage.note("the clock: right again")


class ClockBehind(ClockAhead):
    name = "clock-behind"
    words = "the clock of workers, beats and web is an hour behind for a while, then right again"
    mixes = True
    by = -HOUR


FAULTS: tuple[type[Fault], ...] = (
    WorkerKilled, WorkerFrozen, WorkerEnded, BeatKilled, BeatsFrozen, RedisKilled, RedisEmptied, RedisFrozen,
    RedisFlushed, EverythingKilled, OldCode, PostgresStopped, PostgresFrozen, TableLocked, ConnectionsTaken, DiskFull,
    ForeignWriter, Refused, Swallowed, Reset, HalfAnswers, Dripping, Silent, Belated, Stored504, StoredHangs, Stale,
    AskedToWait, KeyRefused, Duplicate, ClockJumps, ClockAhead, ClockBehind,
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
MIXED = "mixed"
MIXED_WORDS = "all of the above, several at a time"
MIXED_WEIGHT = 8.0
LANES = ("house", "database", "outside", "clock")
