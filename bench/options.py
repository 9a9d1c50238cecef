"""What one measure is told: how much of everything."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bench.figures import CONTRASTS, PER_POST


@dataclass(frozen=True)
class Options:
    place: Path  # an empty folder of its own, for data and logs
    database: str
    rounds: int = 3  # pairs, one after the other; the median of their ratios counts
    seconds: float = 7.0  # that one turn lasts about, at the bound
    delays: tuple[float, ...] = (0.2, 0.05)  # seconds that the platform takes for each call
    future: int = 1_000_000  # deliveries that are not due, for the due query
    asked: int = 12  # turns in which both are asked
    crowd: int = 10_000  # posts due at one instant …
    crowd_channels: int = 1_000  # … on so many channels
    late: int = 400  # posts whose lateness is looked at
    late_without_broker: int = 100
    late_contrast: int = 80
    requests: int = 450  # to the web, for each state of the broker
    turns: int = 3  # in which they are made
    page_requests: int = 100  # while a crowd is drained, and idle
    posts: int = 10_000  # of one workspace, each on five channels, for the pages …
    page_times: int = 60  # … of which each is asked for so often
    soak: float = 1800.0  # seconds
    patience: float = 8.0  # seconds that anybody waits for a contrast
    contrasts: tuple[str, ...] = CONTRASTS
    profile: Path | None = None

    def quick(self) -> Options:
        """A look at everything in a few minutes: too short for the tails."""
        return replace(
            self, rounds=1, seconds=2, future=20_000, asked=4, crowd=480, crowd_channels=160, late=50,
            late_without_broker=20, late_contrast=20, requests=30, turns=1, page_requests=15, posts=500, page_times=20,
            patience=2.0,            contrasts=(PER_POST,),
        )  # fmt: skip

    def say(self, words: str) -> None:
        print(f"   {words}", file=sys.stderr, flush=True)
