"""The Celery app and its bell.

A message carries no work: it says "look now". The database says what is due, so a lost message costs a second at
most and a doubled one nothing. The settings and their reasons are in ``settings.py`` and docs/architecture.md.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from celery import Celery, Task
from celery.signals import celeryd_init, setup_logging, task_postrun, task_prerun

from blogscheduler import logs

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


@setup_logging.connect
def log_as_everywhere(**_: Any) -> None:
    """Django has set the log up when this is asked; that somebody answers keeps Celery from doing it its own way."""


@task_prerun.connect
def say_whose_task_it_is(task: Task[Any, Any], **_: Any) -> None:
    """Lines of a task name the request that rang for it."""
    logs.begin(request_id=task.request.get("request_id"))


@task_postrun.connect
def say_nothing_more_of_it(**_: Any) -> None:
    logs.begin()


def ring(task: str, *args: int) -> None:
    """Tell the workers to look now. ``task`` is a task's full name, ``args`` are ids.

    Never raises for a broker that is refused, frozen or full: every task that is rung for finds its work in the
    database, and workers look there by themselves as well.
    """
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    # A bell for everybody is nobody's: what the drain finds then was not asked for by this request.
    headers = {"request_id": logs.current().get("request_id")} if args else {}
    try:
        app.send_task(task, args=args, headers=headers, expires=None if args else BELL_EXPIRES, retry=False)
    except Exception as problem:  # kombu raises whatever its transport raised
        _silent_until = time.monotonic() + SILENCE
        log.warning("The bell for %s could not be rung (%s); workers look by themselves.", task, problem)
