"""How late a post is seen: when the call that makes it public reaches the platform, after the moment it was due."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

from accounts.models import User
from bench import material
from bench.contrast import Contrast
from bench.figures import Figure, number, percentile
from bench.house import House, Process
from bench.options import Options
from posts.models import Channel

A_SECOND = 10  # posts
DELAY = 0.05
CHANNELS = 80
APART = 4.0  # seconds between two posts of one channel, at least: nobody's account is that busy
WARM_GOALS = {50: 30.0, 99: 150.0}  # milliseconds
DEAD_GOAL = 1500.0
SOON = 5.0  # seconds after the last moment: what is not there by then is missing
ROW_DEAD = "lateness, Redis dead, most"

DRAFTED, ONE_CALL = "with a draft (DEV)", "in one call (Medium)"


def measure(options: Options) -> list[Figure]:
    with House(options.place) as house:
        house.platform()
        broker = house.broker()
        user = material.author()
        on = {
            DRAFTED: material.channels(user, CHANNELS, house.origin),
            ONE_CALL: material.one_call_channels(user, CHANNELS, house.origin),
        }
        house.worker()
        house.beat()
        drained(house, user, on, 10)  # warm
        figures = []
        late = drained(house, user, on, options.late)
        for kind, found in late.items():
            options.say(f"{kind}: {_line(found)}")
            for percent, goal in WARM_GOALS.items():
                figures.append(
                    Figure(f"lateness {kind}, warm, p{percent}", percentile(found, percent), " ms", at_most=goal)
                )
        for percent in WARM_GOALS:
            value = percentile(late[DRAFTED], percent)
            figures.append(Figure(f"lateness, p{percent}", value, " ms", detail={"all": late[DRAFTED]}))
        for who in options.contrasts:
            figures += of_contrast(options, house, who)
            figure, broker = without_broker(options, house, who, broker)
            figures.append(figure)
        house.stop(broker)
        time.sleep(1)
        for kind, found in drained(house, user, on, options.late_without_broker).items():
            options.say(f"Redis dead, {kind}: {_line(found)}")
            row = f"lateness {kind}, Redis dead, most"
            figures.append(Figure(row, max(found), " ms", at_most=DEAD_GOAL, detail={"all": found}))
            if kind == DRAFTED:
                figures.append(Figure(ROW_DEAD, max(found), " ms"))
    return figures


def drained(house: House, user: User, on: dict[str, list[Channel]], how_many: int) -> dict[str, list[float]]:
    """Milliseconds after its moment, for ``how_many`` posts of each kind at random moments. None may be early."""
    house.empty_log(DELAY)
    begin = time.time() + 4 + how_many * len(on) / 200
    rows: dict[str, tuple[str, float]] = {}
    for kind, channels in on.items():
        moments = random_moments(how_many, begin)
        times = [
            (channel, datetime.fromtimestamp(moment, UTC))
            for channel, moment in zip(_in_turn(channels, moments), moments, strict=True)
        ]
        rows |= {row.post.title: (kind, row.due_at.timestamp()) for row in material.scheduled(user, times)}
    assert time.time() < begin - 1.2, "the posts were scheduled too late"
    wait = begin - time.time() + how_many / A_SECOND
    assert house.wait_for_flips(len(rows), wait + 30) == len(rows), "not every post became public"
    late: dict[str, list[float]] = {kind: [] for kind in on}
    for title, at in house.log()["flips"]:
        kind, due = rows[title]
        late[kind].append((at - due) * 1000)
    assert min(min(found) for found in late.values()) >= 0, "a post was early"
    return late


def random_moments(how_many: int, begin: float) -> list[float]:
    return sorted(begin + random.uniform(0, how_many / A_SECOND) for _ in range(how_many))


def _in_turn(channels: list[Channel], moments: list[float]) -> list[Channel]:
    """A channel for each moment, so that no channel has two that are close."""
    last: dict[int, float] = {}
    chosen = []
    for moment in moments:
        channel = min(channels, key=lambda channel: last.get(channel.pk, 0))
        assert moment - last.get(channel.pk, 0) > APART, "too few channels for so many posts"
        last[channel.pk] = moment
        chosen.append(channel)
    return chosen


def of_contrast(options: Options, house: House, who: str) -> list[Figure]:
    """The same for one of the contrasts."""
    with Contrast(house, who) as contrast:
        house.empty_log(DELAY)
        moments = random_moments(options.late_contrast, time.time() + contrast.notice_after(options.late_contrast))
        contrast.seed(moments)
        time.sleep(max(moments) - time.time() + SOON)
        found = late_of(house, moments)
    note = f"{len(found)} of {len(moments)}" if len(found) < len(moments) else ""
    options.say(f"{who}: {_line(found)} {note}")
    return [
        Figure(f"lateness, p{p}", percentile(found, p), " ms", who=who, note=note, detail={"all": found})
        for p in WARM_GOALS
    ]


def without_broker(options: Options, house: House, who: str, broker: Process) -> tuple[Figure, Process]:
    """Scheduled while Redis was well; at the due moments it is dead. What comes soon counts."""
    with Contrast(house, who) as contrast:
        house.empty_log(DELAY)
        moments = random_moments(A_SECOND, time.time() + contrast.notice_after(A_SECOND) + 1)
        contrast.seed(moments)
        time.sleep(max(min(moments) - time.time() - 1, 0))
        house.stop(broker)
        time.sleep(max(moments) - time.time() + SOON)
        found = late_of(house, moments)
        broker = house.broker()
    note = f"{len(found)} of {len(moments)} within {SOON:.0f} s"
    options.say(f"Redis dead, {who}: {note}")
    value = max(found) if len(found) == len(moments) else None
    return Figure(ROW_DEAD, value, " ms", who=who, note=note if value is None else ""), broker


def late_of(house: House, moments: list[float]) -> list[float]:
    """Milliseconds; the contrasts' titles are numbered in the order of their moments."""
    flips = {int(title.split()[1]): at for title, at in house.log()["flips"]}
    return [(at - moments[number - 1]) * 1000 for number, at in sorted(flips.items())]


def _line(found: list[float]) -> str:
    shown = ", ".join(f"p{percent} {number(percentile(found, percent))}" for percent in (50, 95, 99, 100))
    return f"{shown} ms of {len(found)}"
