"""Celery's way in, and the worker's own eyes: each task takes ids or nothing and calls one verb."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from accounts import mailing
from posts import connecting, covers, lateness, publishing, watching

log = logging.getLogger(__name__)

PUBLISH_DUE = "posts.tasks.publish_due"
CHECK_CHANNEL = "posts.tasks.check_channel"
CHECK_COVER = "posts.tasks.check_cover"


def look_at_due() -> None:
    """Publish what is due; after an outage see first to what it made late."""
    lateness.catch_up(timezone.now())
    publishing.drain(timezone.now)


@shared_task(name=PUBLISH_DUE)
def publish_due() -> None:
    """The bell: look now."""
    look_at_due()


@shared_task(name="posts.tasks.rescue")
def rescue() -> None:
    """The night-watch."""
    publishing.rescue(timezone.now)


@shared_task(name=CHECK_CHANNEL, ignore_result=False)
def check_channel(channel_id: int) -> str | None:
    """Prove a channel's credentials; its result, a sentence, is kept because a person waits for it."""
    return connecting.verify(channel_id, timezone.now)


@shared_task(name=CHECK_COVER)
def check_cover(post_id: int) -> None:
    covers.check(post_id)


# --- the worker looks by itself, so that Redis may be dead ------------------------------------------------------------

LOOK_EVERY = 1.0  # seconds
RESCUE_EVERY = 5.0


def _look(name: str, every: float, verb: Callable[[], Any]) -> None:
    """Call a verb every so many seconds until the worker stops. One failure never ends the watch."""
    while not publishing.stopping.wait(every):
        close_old_connections()
        try:
            verb()
        except Exception:  # whatever it was: a watch that ends would leave posts unpublished without a word
            log.exception("The worker's own look (%s) failed and is tried again", name)
            connection.close()


def _errands() -> None:
    mailing.send_waiting(timezone.now)
    connecting.verify_waiting(timezone.now)
    covers.check_waiting()


def _sign() -> None:
    watching.beat(watching.Kind.WORKER, watching.here(watching.Kind.WORKER), timezone.now())


WATCHES: tuple[tuple[str, float, Callable[[], Any]], ...] = (
    ("due deliveries", LOOK_EVERY, look_at_due),
    ("left behind", RESCUE_EVERY, lambda: publishing.rescue(timezone.now)),
    ("errands", LOOK_EVERY, _errands),
    ("heartbeat", watching.BEAT_EVERY, _sign),
)


@worker_init.connect
def look_by_itself(**_: Any) -> None:
    """Started here and not when the worker is ready: without Redis it never is."""
    for name, every, verb in WATCHES:
        threading.Thread(target=_look, args=(name, every, verb), name=f"look: {name}", daemon=True).start()


@worker_shutting_down.connect
def begin_nothing_more(**_: Any) -> None:
    publishing.stopping.set()
    publishing.look_now()


@worker_shutdown.connect
def finish_what_is_in_flight(**_: Any) -> None:
    """The last thing that a worker does: what is not written by then is looked up by the next one."""
    publishing.finish(settings.CALL_DEADLINE_SECONDS + 5)
