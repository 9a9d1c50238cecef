"""The Celery app and its bell.

A message carries no work: it says "look now". The database says what is due, so a lost message costs a second at
most and a doubled one nothing. The settings and their reasons are in ``settings.py`` and docs/architecture.md.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from celery import Celery
from celery.signals import celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blogscheduler.settings")

app = Celery("blogscheduler")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)

BELL_EXPIRES = 5.0  # seconds: an old bell says nothing that the worker has not seen by itself
SILENCE = 5.0  # seconds without ringing after Redis did not answer, so that requests stay quick
_silent_until = 0.0


@celeryd_init.connect
def a_worker_may_wait_longer(conf: Any = None, **_: Any) -> None:
    """A worker has nothing better to do than wait for its broker; only people must not wait."""
    conf.broker_transport_options = {
        **conf.broker_transport_options,
        "socket_connect_timeout": 5,
        "socket_timeout": 5,
    }


def ring(task: str, *args: int) -> None:
    """Tell the workers to look now. ``task`` is a task's full name, ``args`` are ids.

    Never raises for a broker that is refused, frozen or full: every task that is rung for finds its work in the
    database, and workers look there by themselves as well.
    """
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        app.send_task(task, args=args, expires=None if args else BELL_EXPIRES, retry=False)
    except Exception as problem:  # kombu raises whatever its transport raised
        _silent_until = time.monotonic() + SILENCE
        log.warning("The bell for %s could not be rung (%s); workers look by themselves.", task, problem)
