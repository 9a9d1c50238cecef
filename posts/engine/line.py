"""What is due on free channels, as it was a moment ago: the drain takes from it until it must look again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from posts.models import Delivery
from posts.models.delivery import InLine

FRESH = timedelta(seconds=0.5)  # what comes free meanwhile waits no longer than that
AHEAD = 4  # times as many as are wanted now: with a thousand free channels, finding the first of each costs more
# than taking them


class Line:
    """Whoever is taken from it may be gone by then: the taking asks every condition again."""

    def __init__(self) -> None:
        self._rows: list[InLine] = []
        self.fresh_until = float("-inf")  # monotonic: from then on there may be more
        self._given: Counter[int] = Counter()  # by workspace, since the last look

    def next(self, now: datetime, limit: int, in_hand: Mapping[int, int]) -> dict[int, int]:
        """Up to ``limit`` deliveries with their channels. Workspaces take turns: ``in_hand`` says, by workspace, how
        many the caller has in hand already.
        """
        if len(self._rows) < limit or time.monotonic() >= self.fresh_until:
            self._look(now, limit)
        self._rows.sort(key=lambda row: row.turn - self._given[row.workspace] + in_hand.get(row.workspace, 0))
        chosen, self._rows = self._rows[:limit], self._rows[limit:]
        self._given.update(row.workspace for row in chosen)
        return {row.delivery: row.channel for row in chosen}

    def look_again(self) -> None:
        """Somebody rang: there may be more."""
        self.fresh_until = float("-inf")

    def _look(self, now: datetime, limit: int) -> None:
        before = time.monotonic()
        self._rows, coming = Delivery.objects.line(now, max(AHEAD * limit, 256), now + FRESH)
        self._given.clear()
        self.fresh_until = before + ((coming - now) if coming else FRESH).total_seconds()
