"""Half an hour at ten posts a second: memory, connections, open files and lateness must not grow.

Not part of the usual run: ``make soak``. What is compared is the third sixth of the time with the last: everything that
is made once (threads, connections, caches) is there by then.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from django.db import connection

from bench import material
from bench.figures import Figure, percentile
from bench.house import House, Process, Sampler
from bench.measures.lateness import random_moments
from bench.options import Options

A_SECOND = 10  # posts
CHANNELS = 100
CHUNK = 20  # seconds that are scheduled at a time
AHEAD = 15.0  # seconds between the scheduling of a chunk and its first post
EVERY = 5.0  # seconds between two samples
DELAY = 0.05
GROWTH = 1.05


def measure(options: Options) -> list[Figure]:
    with House(options.place) as house:
        house.platform()
        house.broker()
        user = material.author()
        on = material.channels(user, CHANNELS, house.origin)
        worker = house.worker()
        house.beat()
        house.empty_log(DELAY)
        looks: dict[str, Callable[[], float]] = {
            "memory, MB": worker.memory,
            "open files": lambda: _open_files(worker),
            "threads": lambda: len(list(Path(f"/proc/{worker.pid}/task").iterdir())),
        }
        if options.database == "postgresql":
            looks["connections"] = _connections
        samplers = {name: Sampler(read, EVERY) for name, read in looks.items()}
        for sampler in samplers.values():
            sampler.__enter__()
        due: dict[str, float] = {}
        begun = time.time()
        while time.time() - begun < options.soak:
            start = time.time() + AHEAD
            times = [
                (on[number % CHANNELS], datetime.fromtimestamp(moment, UTC))
                for number, moment in enumerate(random_moments(CHUNK * A_SECOND, start))
            ]
            due |= {row.post.title: row.due_at.timestamp() for row in material.scheduled(user, times)}
            time.sleep(max(start + CHUNK - AHEAD - time.time(), 0))
        house.wait_for_flips(len(due), AHEAD + 2 * CHUNK)
        for sampler in samplers.values():
            sampler.__exit__()
        figures = []
        for name, sampler in samplers.items():
            before, after = _sixth(sampler.samples, 2), _sixth(sampler.samples, 5)
            options.say(f"{name}: {median(before):.1f}, at the end {median(after):.1f}")
            figures.append(
                Figure(f"soak, {name}, end ÷ middle", median(after) / median(before), at_most=GROWTH,
                       detail={"all": sampler.samples})
            )  # fmt: skip
        return [*figures, *_lateness(options, house, due, begun)]


def _lateness(options: Options, house: House, due: dict[str, float], begun: float) -> list[Figure]:
    flips = house.log()["flips"]
    seen: dict[str, int] = defaultdict(int)
    for title, _ in flips:
        seen[title] += 1
    by_time = [(at - due[title]) * 1000 for title, at in sorted(flips, key=lambda flip: flip[1])]
    before, after = _sixth(by_time, 2), _sixth(by_time, 5)
    options.say(
        f"{len(due)} posts, p50 {percentile(before, 50):.0f} ms late, at the end {percentile(after, 50):.0f} ms"
    )
    minutes = (time.time() - begun) / 60
    return [
        Figure("soak, posts", len(due), note=f"{minutes:.0f} minutes"),
        Figure("soak, public more or less than once", sum(seen.get(title, 0) != 1 for title in due), at_most=0),
        Figure("soak, lateness p50", percentile(before, 50), " ms"),
        Figure("soak, lateness p50 at the end", percentile(after, 50), " ms", at_most=30),
        Figure("soak, lateness p99", percentile(before, 99), " ms"),
        Figure("soak, lateness p99 at the end", percentile(after, 99), " ms", at_most=150),
    ]


def _sixth(samples: list[float], number: int) -> list[float]:
    """The part of a list that is so many sixths from its beginning."""
    return samples[len(samples) * number // 6 : len(samples) * (number + 1) // 6]


def _open_files(process: Process) -> float:
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def _connections() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        [number] = cursor.fetchone()
    return float(number)
