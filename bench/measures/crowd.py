"""Ten thousand posts due at one instant: how fast they go out, what it takes, and what visitors notice of it."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from datetime import timedelta
from itertools import cycle, islice

from django.utils import timezone

from bench import material
from bench.contrast import Contrast
from bench.figures import BARE, Figure, number, percentile
from bench.house import IN_FLIGHT, House, Process, Sampler, wait_for
from bench.measures.throughput import bare
from bench.options import Options
from bench.visitor import Visitor
from posts.models import Attempt, Delivery

DELAY = 0.2
RATE_GOAL, MEMORY_GOAL, PAGES_GOAL = 0.9, 1.1, 1.5
FIRST_PART = 0.2  # of the drain: after it nothing should grow any more, and the visitor comes
BREATH = 0.1  # seconds between two visits
BARE_POSTS = 1_280
CONTRAST_SECONDS = 15.0  # that a contrast is watched: its rate does not change after that
WARM = 12  # visits


def measure(options: Options) -> list[Figure]:
    with House(options.place) as house:
        house.platform()
        house.broker()
        ada = material.author()
        on = material.channels(ada, options.crowd_channels, house.origin)
        worker = house.worker()
        house.beat()
        about = options.crowd * 2 * DELAY / IN_FLIGHT  # seconds that it takes at the least
        visits = Visits(house, WARM + options.page_requests + int(about / BREATH))
        visits.make(WARM)
        before = bare(house, material.unsaved(ada, on, BARE_POSTS), DELAY)
        house.empty_log(DELAY)
        rows = material.deliveries(ada, on, options.crowd // len(on))
        idle = visits.make(options.page_requests)
        drained = drain(house, worker, visits, rows, about)
        after = bare(house, rows[:BARE_POSTS], DELAY)
        drained.limit = statistics.mean([before["rate"], after["rate"]])
        options.say(
            f"{len(rows):,} in {drained.seconds:.1f} s; bare client {before['rate']:.1f}, {after['rate']:.1f}/s"
        )
        figures = figures_of(rows, len(on), drained, idle)
        for figure in figures:
            options.say(f"{figure.row}: {figure.in_words()}")
        for who in options.contrasts:
            with Contrast(house, who) as contrast:
                told = contrast.drain(len(rows), DELAY, at_most=CONTRAST_SECONDS)
            options.say(f"{who}: {', '.join(f'{name} {number(value)}' for name, value in told.items())}")
            figures.append(Figure(_row_rate(rows), told["rate"], who=who, more_is_better=True, detail=told))
            figures.append(Figure(ROW_MEMORY, told["mb_grown"], " MB", who=who))
    return figures


class Visits:
    """Grace reads her pages and Linus schedules his posts, again and again.

    Each has a workspace of their own, so that hers, and with it her pages, are the same from beginning to end.
    """

    def __init__(self, house: House, how_many: int) -> None:
        grace, linus = material.author("grace"), material.author("linus")
        [channel] = material.channels(grace, 1, house.origin)
        material.deliveries(grace, [channel], 30, timezone.now() + timedelta(days=1))
        [self.channel] = material.channels(linus, 1, house.origin)
        self.posts = iter(material.posts(linus, how_many))
        url = house.web()
        self.grace, self.linus = Visitor(url, grace), Visitor(url, linus)
        self.pages = cycle(["/schedule/", "/calendar/", "/posts/"])
        self.enough = threading.Event()

    def make(self, how_many: int) -> dict[str, list[float]]:
        """Milliseconds of each, by what it was; fewer than ``how_many`` when it is ``enough`` before."""
        took: dict[str, list[float]] = {"page": [], "schedule request": []}
        for post in islice(self.posts, how_many):
            took["page"].append(self.grace.read(next(self.pages)))
            took["schedule request"].append(self.linus.schedule(post, self.channel))
            if self.enough.wait(BREATH):
                break
        return took


class Drained:
    """What was seen while the crowd went out."""

    seconds: float
    cpu: float
    megabytes: list[float]
    busy: dict[str, list[float]]
    limit: float


def drain(house: House, worker: Process, visits: Visits, rows: list[Delivery], about: float) -> Drained:
    seen = Drained()

    def visit() -> None:
        time.sleep(about * FIRST_PART)
        seen.busy = visits.make(int(about / BREATH))

    visitor = threading.Thread(target=visit, daemon=True)
    ours, due = material.all_due(rows)
    cpu = worker.cpu()
    visitor.start()
    with Sampler(worker.memory, every=0.25) as memory:
        assert house.wait_for_flips(len(rows), 900) == len(rows), "not every post became public"
        left = ours.exclude(status=Delivery.Status.PUBLISHED)
        wait_for(lambda: not left.exists(), 60, "every outcome is written", every=0.02)
        seen.seconds = (timezone.now() - due).total_seconds()
    seen.cpu = worker.cpu() - cpu
    visits.enough.set()
    visitor.join()
    seen.megabytes = memory.samples
    titles = Counter(title for title, _ in house.log()["flips"])
    assert titles == Counter(row.post.title for row in rows), "each is public exactly once"
    assert Attempt.objects.filter(delivery__in=ours).count() == 2 * len(rows), "draft and flip are in the history"
    return seen


ROW_MEMORY = "… memory that this takes"


def _row_rate(rows: list[Delivery]) -> str:
    return f"{len(rows):,} due at one instant: posts a second"


def figures_of(rows: list[Delivery], channels: int, drained: Drained, idle: dict[str, list[float]]) -> list[Figure]:
    rate = len(rows) / drained.seconds
    settled = drained.megabytes[int(len(drained.megabytes) * FIRST_PART) :]
    first, last = statistics.median(settled[:8]), statistics.median(settled[-8:])
    figures = [
        Figure(
            f"{len(rows):,} due at one instant on {channels:,} channels: posts/s ÷ bare client", rate / drained.limit,
            at_least=RATE_GOAL, note=f"{number(rate)}/s",
            detail={"seconds": drained.seconds, "cpu_ms_per_post": drained.cpu / len(rows) * 1000},
        ),
        Figure(
            "… memory at its end ÷ after its first fifth", last / first, at_most=MEMORY_GOAL,
            note=f"{number(first)} → {number(last)} MB", detail={"megabytes": drained.megabytes},
        ),
        Figure(_row_rate(rows), rate, more_is_better=True),
        Figure(_row_rate(rows), drained.limit, who=BARE, more_is_better=True),
        Figure(ROW_MEMORY, max(drained.megabytes) - drained.megabytes[0], " MB"),
    ]  # fmt: skip
    for what, quiet in idle.items():
        before, meanwhile = percentile(quiet, 95), percentile(drained.busy[what], 95)
        figures.append(
            Figure(
                f"… {what} p95 meanwhile ÷ idle", meanwhile / before, at_most=PAGES_GOAL,
                note=f"{number(before)} → {number(meanwhile)} ms", detail={"idle": quiet, "busy": drained.busy[what]},
            )
        )  # fmt: skip
    return figures
