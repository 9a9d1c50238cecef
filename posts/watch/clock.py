"""The time that a worker acts by: the machine's, as long as the database agrees with it."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from posts.watch import watching

log = logging.getLogger(__name__)

ASK_EVERY = 10.0  # seconds: how long an agreement is good for while the machine's clock goes on evenly
JUMP = timedelta(seconds=1)  # more than this at once is a step of the machine's clock, and is asked about


class AgreedClock:
    """Goes on evenly from the last moment at which the machine and the database agreed.

    A step of the machine's clock changes nothing for what is under way: who was suddenly an hour ahead would publish
    an hour early, and would keep channels closed for an hour. When the database has made the step too, it is taken.
    """

    def __init__(self) -> None:
        self._agreed: tuple[datetime, float] | None = None  # the time, and the monotonic one, when they last agreed

    def now(self) -> datetime:
        if self._agreed is None:
            return timezone.now()
        then, at = self._agreed
        return then + timedelta(seconds=time.monotonic() - at)

    def is_right(self) -> bool:
        """Whether the machine's clock may be acted by: it is less than CLOCK_TOLERANCE_SECONDS from the database's."""
        machine, at = timezone.now(), time.monotonic()
        if not settings.CLOCK_TOLERANCE_SECONDS:
            self._agreed = machine, at
            return True
        if self._agreed and abs(machine - self.now()) < JUMP and at - self._agreed[1] < ASK_EVERY:
            return True
        apart = watching.clock_difference(timezone.now)
        if abs(apart) > settings.CLOCK_TOLERANCE_SECONDS:
            log.error("This machine's clock and the database's are %.0f seconds apart: nothing is published", apart)
            return False
        self._agreed = machine, at
        return True
