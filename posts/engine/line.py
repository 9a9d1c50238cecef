"""What is due on free channels, as it was a moment ago: the drain takes from it until it must look again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from posts.models import Delivery
from posts.models.delivery import InLine

FRESH = 0.5  # seconds: what comes due meanwhile waits no longer than that
AHEAD = 4  # times as many as are wanted now: with a thousand free channels, finding the first of each costs more
# than taking them


class Line:
    """Whoever is taken from it may be gone by then: the taking asks every condition again."""

    def __init__(self) -> None:
        self._rows: list[InLine] = []
        self._fresh_until = float("-inf")  # monotonic
        self._given: Counter[int] = Counter()  # by workspace, since the last look

    def next(self, now: datetime, limit: int, in_hand: Mapping[int, int]) -> dict[int, int]:
        """Up to ``limit`` deliveries with their channels. Workspaces take turns: ``in_hand`` says, by workspace, how
        many the caller has in hand already.
        """
        if len(self._rows) < limit or time.monotonic() >= self._fresh_until:
            self._look(now, limit)
        self._rows.sort(key=lambda row: row.turn - self._given[row.workspace] + in_hand.get(row.workspace, 0))
        chosen, self._rows = self._rows[:limit], self._rows[limit:]
        self._given.update(row.workspace for row in chosen)
        return {row.delivery: row.channel for row in chosen}

    def look_again_at(self, moment: float) -> None:
        """From this moment (monotonic) on there may be more: something comes due, or somebody rang."""
        self._fresh_until = min(self._fresh_until, moment)

    def _look(self, now: datetime, limit: int) -> None:
        self._rows = Delivery.objects.line(now, max(AHEAD * limit, 256))
        self._given.clear()
        self._fresh_until = time.monotonic() + FRESH
