"""What people wait for when Redis is frozen: it takes their bell and never answers."""

from __future__ import annotations

import signal
import time
from datetime import timedelta

from django.utils import timezone

from bench import material
from bench.contrast import Contrast
from bench.figures import ETA, Figure, number, percentile
from bench.house import House, Process
from bench.options import Options
from bench.visitor import Visitor
from posts.models import Delivery

NOW_PRESSES = 8  # of "publish now" in each state and turn …
NOW_EVERY = 0.7  # … so many seconds apart, so that the pages' silence towards a dead Redis ends in between
RECOVERY = 6.0  # seconds until a thawed Redis is believed again
GOAL, GOAL_NOW = 1.05, 0.25
ROW_SCHEDULE = "scheduling, Redis frozen: the longest"
ROW_NOW = "“publish now”, Redis frozen: the longest"


def measure(options: Options) -> list[Figure]:
    each = options.requests // options.turns
    with House(options.place) as house:
        house.platform()
        broker = house.broker()
        user = material.author()
        [channel] = material.channels(user, 1, house.origin)
        house.worker()
        house.beat()
        visitor = Visitor(house.web(), user)
        for post in material.posts(user, 30):
            visitor.schedule(post, channel)  # warm: both web processes
        scheduled: dict[str, list[float]] = {"healthy": [], "frozen": []}
        at_once: dict[str, list[float]] = {"healthy": [], "frozen": []}
        for _ in range(options.turns):
            for state in ("healthy", "frozen"):
                posts = material.posts(user, each)
                later = material.deliveries(
                    user, material.channels(user, 1, house.origin, prefix=f"Now {time.time()}"), NOW_PRESSES,
                    timezone.now() + timedelta(days=3),
                )  # fmt: skip
                if state == "frozen":
                    broker.signal(signal.SIGSTOP)
                try:
                    scheduled[state] += [visitor.schedule(post, channel) for post in posts]
                    at_once[state] += [_pressed(visitor, delivery) for delivery in later]
                finally:
                    broker.signal(signal.SIGCONT)
            time.sleep(RECOVERY)
        options.say("; ".join(f"{state}: {_line(found)}" for state, found in scheduled.items()))
        options.say("publish now, " + "; ".join(f"{state}: {_line(found)}" for state, found in at_once.items()))
        healthy, frozen = (percentile(scheduled[state], 99) for state in ("healthy", "frozen"))
        usual = percentile(at_once["healthy"], 50)
        figures = [
            Figure(
                "schedule request p99, Redis frozen ÷ healthy", frozen / healthy, at_most=GOAL,
                note=f"{number(healthy)} → {number(frozen)} ms", detail=scheduled,
            ),
            Figure(
                "“publish now”, Redis frozen: the longest − the usual", (max(at_once["frozen"]) - usual) / 1000, " s",
                at_most=GOAL_NOW, note=f"usual {number(usual)} ms", detail=at_once,
            ),
            Figure(ROW_SCHEDULE, max(scheduled["frozen"]) / 1000, " s"),
            Figure(ROW_NOW, max(at_once["frozen"]) / 1000, " s"),
        ]  # fmt: skip
        for who in options.contrasts:
            figures += of_contrast(options, house, broker, who)
    return figures


def _pressed(visitor: Visitor, delivery: Delivery) -> float:
    time.sleep(NOW_EVERY)
    return visitor.publish_now(delivery)


def of_contrast(options: Options, house: House, broker: Process, who: str) -> list[Figure]:
    """Only what is done with Redis within the request, without the web around it: that is in their favour."""
    with Contrast(house, who) as contrast:
        contrast.publish_now(options.patience)  # warm: the connection to the broker stands
        contrast.seed([time.time() + 3600])
        broker.signal(signal.SIGSTOP)
        try:
            took = {ROW_NOW: contrast.publish_now(options.patience)}
            if who == ETA:  # the others only write a row
                took[ROW_SCHEDULE] = contrast.schedule_one(options.patience)
        finally:
            broker.signal(signal.SIGCONT)
    options.say(f"{who}: {took}")
    return [
        Figure(
            row,
            seconds,
            " s",
            who=who,
            note=f"given up after {options.patience:.0f}" if seconds >= options.patience else "",
        )
        for row, seconds in took.items()
    ]


def _line(found: list[float]) -> str:
    return ", ".join(f"p{percent} {number(percentile(found, percent))}" for percent in (50, 99, 100)) + " ms"
