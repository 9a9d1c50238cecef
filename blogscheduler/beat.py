"""beat: django-celery-beat's scheduler, which also rings the bell at the very moment when something is due."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from blogscheduler.celery import ring
from posts.engine import publishing
from posts.tasks import OUTAGES_EVERY, PUBLISH_DUE, look_for_outages
from posts.watch import watching

log = logging.getLogger(__name__)

LONGEST_SLEEP = 1.0  # seconds
RING_EVERY = 1.0  # seconds: one bell is enough however much is due

# Rows of django-celery-beat, visible in the admin. Two beats double every one of them: each bears it.
PERIODIC: dict[str, dict[str, Any]] = {
    "Publish what is due (the net under the bell)": {"task": PUBLISH_DUE, "schedule": timedelta(seconds=60)},
    "Rescue what a dead worker left": {"task": "posts.tasks.rescue", "schedule": timedelta(seconds=30)},
    "Send mails that wait": {"task": "accounts.tasks.send_mail", "schedule": timedelta(seconds=60)},
}


class BellScheduler(DatabaseScheduler):
    """Sleeps until the next delivery is due, at most a second, and rings."""

    _rung_at = 0.0
    _signed_at = float("-inf")
    _looked_at = float("-inf")
    _look: threading.Thread | None = None

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self.update_from_dict({name: {**row, "options": {"expires": 30}} for name, row in PERIODIC.items()})

    def tick(self, *args: Any, **kwargs: Any) -> float:
        pause = LONGEST_SLEEP
        try:
            pause = min(super().tick(*args, **kwargs), LONGEST_SLEEP)
            pause = min(pause, self.ring_if_due())
            self.sign()
            self.look_for_outages()
        except DatabaseError as problem:
            log.warning("beat cannot reach the database and tries again in a second: %s", problem)
            close_old_connections()
        return pause

    def ring_if_due(self) -> float:
        """Ring when something can be taken now; the seconds until there will be."""
        now = timezone.now()
        moment = publishing.next_due(now)
        if moment is None:
            return LONGEST_SLEEP
        if moment > now:
            return max((moment - now).total_seconds(), 0.001)
        since = time.monotonic() - self._rung_at
        if since < RING_EVERY:
            return RING_EVERY - since
        self._rung_at = time.monotonic()
        ring(PUBLISH_DUE)
        return RING_EVERY

    def sign(self) -> None:
        """Leave a sign of life every few seconds."""
        if time.monotonic() - self._signed_at >= watching.BEAT_EVERY:
            self._signed_at = time.monotonic()
            watching.beat(watching.Kind.BEAT, watching.here(watching.Kind.BEAT), timezone.now())

    def look_for_outages(self) -> None:
        """Whether nothing can be published, for instance because no worker lives: then nobody else can tell.

        In a thread: it may have to talk to a mail server, and the bell must not wait for that.
        """
        if time.monotonic() - self._looked_at < OUTAGES_EVERY or (self._look and self._look.is_alive()):
            return
        self._looked_at = time.monotonic()
        self._look = threading.Thread(target=_look_for_outages, name="outages", daemon=True)
        self._look.start()


def _look_for_outages() -> None:
    try:
        look_for_outages()
    except Exception:  # whatever it was: beat goes on, and looks again
        log.exception("beat's look for outages failed and is made again")
    finally:
        connections.close_all()  # this thread's own
