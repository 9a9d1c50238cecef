"""Celery's way in, and the worker's own eyes: each task takes ids or nothing and calls one verb."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from accounts import mailing
from blogscheduler.stack import roomy
from posts import connecting, covers, examining
from posts.engine import lateness, publishing
from posts.images import outside, variants
from posts.planning import changing, following, handing, living, zonelaws
from posts.planning.recurring import making
from posts.watch import measuring, outages, proving, watchdog, watching
from posts.watch.clock import AgreedClock

log = logging.getLogger(__name__)

PUBLISH_DUE = "posts.tasks.publish_due"
CHECK_CHANNEL = "posts.tasks.check_channel"
CHECK_COVER = "posts.tasks.check_cover"
CHECK_PICTURES = "posts.tasks.check_pictures"
PREPARE_IMAGE = "posts.tasks.prepare_image"
PROVE = "posts.tasks.prove"

clock = AgreedClock()  # of this process

AWAKE = timedelta(seconds=5)  # who has looked so lately slept through no outage
_awake_at: datetime | None = None  # when a watch of this process last asked whether there was one


def look_at_due() -> None:
    """Publish what is due."""
    if clock.is_right():
        _catch_up()
        publishing.drain(clock.now)


def look_for_left_behind() -> None:
    """The night-watch."""
    if clock.is_right():
        _catch_up()
        publishing.rescue(clock.now)


def _catch_up() -> None:
    """After an outage see first to what it made late, whichever watch is the first to wake up after it."""
    global _awake_at
    now = clock.now()
    if _awake_at and timedelta() <= now - _awake_at < AWAKE:
        return
    try:
        lateness.catch_up(now)
        _awake_at = now
    except DatabaseError:
        raise
    except Exception:  # a mistake of ours in one row must not keep all others from being published
        log.exception("What an outage made late could not be seen to")


@shared_task(name=PUBLISH_DUE)
def publish_due() -> None:
    """The bell: look now."""
    look_at_due()


@shared_task(name="posts.tasks.rescue")
def rescue() -> None:
    look_for_left_behind()


@shared_task(name=CHECK_CHANNEL, ignore_result=False)
def check_channel(channel_id: int) -> str | None:
    """Prove a channel's credentials; its result, a sentence, is kept because a person waits for it."""
    return connecting.verify(channel_id, clock.now)


@shared_task(name=CHECK_COVER)
def check_cover(post_id: int) -> None:
    covers.check(post_id)


@shared_task(name=CHECK_PICTURES)
def check_pictures() -> None:
    """Somebody is about to schedule a post with pictures from elsewhere."""
    outside.check_waiting(clock.now)


@shared_task(name=PREPARE_IMAGE, ignore_result=False)
def prepare_image(image_id: int) -> str | None:
    """Make a picture's variants; its result, a sentence, is kept because a person waits for it."""
    return variants.prepare(image_id)


@shared_task(name=PROVE)
def prove(delivery_id: int) -> None:
    """A person waits for it: look at the public page of this delivery now."""
    proving.prove(delivery_id, clock.now)


# --- the worker looks by itself, so that Redis may be dead ------------------------------------------------------------

LOOK_EVERY = 1.0  # seconds
RESCUE_EVERY = 5.0
OUTAGES_EVERY = 10.0
FOLLOWERS_EVERY = 10.0
UPKEEP_EVERY = 30.0
DATES_EVERY = 30.0
COMPARE_EVERY = 2.0


@roomy
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
    mailing.send_waiting(clock.now)
    connecting.verify_waiting(clock.now)
    covers.check_waiting()
    outside.check_waiting(clock.now)


def look_after_followers() -> None:
    """What waits for its original to be published."""
    if clock.is_right():
        following.look_after(clock.now)


def look_for_outages() -> None:
    """Also beat's: when no worker lives, beat tells that."""
    if clock.is_right():  # who is an hour ahead would take what is due within the hour for late
        outages.look_after(clock.now)


def look_for_dates() -> None:
    """Make the next dates of what repeats; by a wrong clock it would make those of another day. Then: are the zones
    as they were?
    """
    if clock.is_right():
        making.make_ahead(clock.now())
        zonelaws.look_after(clock.now())


def look_after_the_rest() -> None:
    """Who has something to publish by hand is reminded of it; each channel is examined once a day."""
    if clock.is_right():
        handing.remind(clock.now())
        examining.look_after(clock.now, publishing.stopping.is_set)


def _watch_over_it() -> None:
    """What tells people how it goes: one after the other in one thread, so that it keeps one connection."""
    look_for_outages()
    watchdog.reassure(clock.now())
    changing.forget(clock.now())
    if settings.METRICS_TOKEN:
        measuring.tally(clock.now())


def _sign() -> None:
    if clock.is_right():
        _catch_up()  # a process that was frozen wakes up with all watches at once: this one must not hide the outage
        watching.beat(watching.Kind.WORKER, watching.here(watching.Kind.WORKER), clock.now())


WATCHES: tuple[tuple[str, float, Callable[[], Any]], ...] = (
    ("due deliveries", LOOK_EVERY, look_at_due),
    ("left behind", RESCUE_EVERY, look_for_left_behind),
    ("errands", LOOK_EVERY, _errands),
    ("heartbeat", watching.BEAT_EVERY, _sign),
    ("public pages", LOOK_EVERY, lambda: proving.look(clock.now, publishing.stopping.is_set)),
    ("pictures", LOOK_EVERY, lambda: variants.prepare_waiting(publishing.stopping.is_set)),
    ("followers", FOLLOWERS_EVERY, look_after_followers),
    ("dates of series", DATES_EVERY, look_for_dates),
    ("living copies", COMPARE_EVERY, lambda: living.look_after(clock.now)),
    ("reminders and channels", UPKEEP_EVERY, look_after_the_rest),
    ("how it goes", OUTAGES_EVERY, _watch_over_it),
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
