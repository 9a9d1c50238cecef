"""Runs one of the contrasts (bench/contrasts) beside the house: its own worker, beat and database, the same broker."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from types import TracebackType
from typing import Any

from bench.figures import CLOCKED, ETA
from bench.house import IN_FLIGHT, House, Process, Sampler, wait_for
from bench.lines import Talk, TooLong
from bench.material import new_database

FIRST_WITHIN = 60.0  # seconds that it may take to begin
GIVE_UP = 90.0  # seconds from then, after which what is published until then counts


class Contrast:
    """Started for its turn, and gone after it: while others are measured it costs nothing."""

    def __init__(self, house: House, who: str) -> None:
        self.house = house
        self.who = who
        self.hangs = False  # in a request that has not come back
        self.api = f"{house.origin}/api"
        self.database = os.environ.get("CONTRAST_DATABASE_URL", "")
        if not self.database:
            self.database = os.environ["CONTRAST_DATABASE_URL"] = new_database("contrasts", house.place)
        self.env = {
            "DJANGO_SETTINGS_MODULE": "bench.contrasts.settings",
            "CONTRAST": who,
            "CONTRAST_DATABASE_URL": self.database,
        }

    def __enter__(self) -> Contrast:
        self.driver = Talk(self.house, "driver", "-m", "bench.contrasts.driver", **self.env)
        self.driver.ask("prepare")
        self.driver.ask("forget")
        celery = ("-m", "celery", "-A", "bench.contrasts.app")
        options = ("--pool=threads", f"--concurrency={IN_FLIGHT}", "--without-gossip", "--without-mingle")
        self.worker = self._start("worker", *celery, "worker", *options, "--loglevel=INFO")
        wait_for(lambda: " ready." in self.worker.log.read_text(errors="replace"), 60, "the contrast's worker is ready")
        scheduler = (
            "django_celery_beat.schedulers:DatabaseScheduler" if self.who == CLOCKED else "celery.beat:Scheduler"
        )
        self.beat = self._start("beat", *celery, "beat", "--pidfile=", "--scheduler", scheduler, "--loglevel=WARNING")
        return self

    def _start(self, what: str, *command: str) -> Process:
        name = f"{self.who} {what}".replace(" ", "-")
        (self.house.place / f"{name}.log").unlink(missing_ok=True)
        return self.house.start(name, sys.executable, *command, **self.env)

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self.house.stop(self.beat)
        self.house.stop(self.worker)
        self.driver.__exit__()

    def notice_after(self, posts: int) -> float:
        """Seconds from the scheduling to the due time that this one needs to have heard of so many posts."""
        longest_sleep = 5.0  # of beat between two looks into its table
        return 3 + {ETA: posts / 400, CLOCKED: longest_sleep + 3 + posts / 800}.get(self.who, posts / 1500)

    def seed(self, due: list[float]) -> float:
        return float(self.driver.ask("seed", how=self.who, due=due, api=self.api))

    def publish_now(self, at_most: float) -> float:
        """Seconds that the button's request is kept; ``at_most`` when it does not come back in that time."""
        return self._kept("publish_now", at_most)

    def schedule_one(self, at_most: float) -> float:
        """Seconds that the request which schedules one post for tomorrow is kept."""
        return self._kept("seed", at_most, due=[time.time() + 86400], how=self.who)

    def _kept(self, verb: str, at_most: float, **told: Any) -> float:
        if self.hangs:
            return at_most
        try:
            return float(self.driver.ask(verb, at_most=at_most, api=self.api, **told))
        except TooLong:
            self.hangs = True
            return at_most

    def _all_due(self, posts: int, delay: float) -> float:
        """Schedule so many for one instant, and wait for it. Once more, for a later one, when that was too slow."""
        notice = self.notice_after(posts)
        for _ in range(3):
            self.house.empty_log(delay)
            due = time.time() + notice
            self.seed([due] * posts)
            if time.time() < due:
                time.sleep(due - time.time())
                return due
            self.driver.ask("forget")
            self._until_quiet()
            notice *= 3
        raise RuntimeError(f"{self.who}: {posts} posts could not be scheduled in time")

    def _until_quiet(self) -> None:
        """Until what it had begun has ended."""
        before = -1
        while (requests := self.house.log()["requests"]) != before:
            before = requests
            time.sleep(3)

    def drain(self, posts: int, delay: float, *, at_most: float = GIVE_UP) -> dict[str, float]:
        """So many posts due at one instant: how many a second, and what they cost."""
        before = self.worker.memory()
        due = self._all_due(posts, delay)
        held = self.worker.memory()
        cpu, beat_cpu = self.worker.cpu(), self.beat.cpu()
        with Sampler(self.worker.memory) as memory:
            self.house.wait_for_flips(1, FIRST_WITHIN)
            end = time.time() + at_most
            public = self.house.wait_for_flips(posts, at_most)
            while public == posts and self.driver.ask("left") and time.time() < end:
                time.sleep(0.005)
        end = time.time()
        cpu, beat_cpu = self.worker.cpu() - cpu, self.beat.cpu() - beat_cpu
        log = self.house.log()
        twice = sum(times > 1 for times in Counter(title for title, _ in log["flips"]).values())
        first = log["first"] or end
        seconds = max(end - first, 1.0)  # from its first call: that it began late is told by the lateness
        return {
            "posts": public,
            "rate": public / seconds,
            "first_call_ms": (first - due) * 1000,
            "cpu_ms": cpu / max(public, 1) * 1000,
            "beat_cpu_ms": beat_cpu / max(public, 1) * 1000,
            "mb_held": held - before,
            "mb_grown": max(memory.samples, default=held) - before,
            "twice": twice,
        }
