"""Verbs: publish what is due, rescue what was left behind. The only caller of a publisher's publishing methods.

The drain runs in one thread per worker process: it claims, hands out trips to a pool of threads that only make calls,
and writes every outcome itself (``posts.ledger``). It reads the clock that it is given; leases use the database's
clock, and the fence before each send a monotonic one, read before the claim went out: neither a clock step nor a
frozen process can make a worker send after its claim has passed to another.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Min

from posts import failpoints, lateness, ledger
from posts.models import Attempt, Delivery, ReadingPace
from posts.packing import article_of, door_of
from posts.trips import Result, Step, Trip, take
from publishers.base import Finds, Glimpses, Publisher, TwoStep

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]

SOON = timedelta(seconds=1)  # a drain with nothing in hand waits for what comes due within this
REFILL = 0.5  # seconds: how long a drain with calls in flight goes without looking for more
HOLD = timedelta(seconds=5)  # the longest that a trip is held for the platform's pace; else it is put back

_one_drain = threading.Lock()  # one drain per process
_bell = threading.Event()
stopping = threading.Event()  # set when the worker shuts down: finish what is in flight, begin nothing


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=settings.PUBLISH_THREADS, thread_name_prefix="call")


def look_now() -> None:
    """Wake a drain that is waiting: something may have become due."""
    _bell.set()


def next_due(now: datetime) -> datetime | None:
    """When the next delivery can be taken, if that is within a second; in the past when one can be taken now.

    With the same conditions as the claim, so that nobody wakes up for what cannot be claimed; and no further ahead, so
    that a million future deliveries cost nothing.
    """
    nearest: datetime | None = None
    waiting = Delivery.objects.waiting_for_their_time(now).filter(act_at__lte=now + SOON)
    for act_at, paced in (
        waiting.values("channel", "channel__paced_until")
        .annotate(first=Min("act_at"))
        .order_by("first")
        .values_list("first", "channel__paced_until")[:50]
    ):
        moment = max(act_at, paced) if paced else act_at
        nearest = min(nearest, moment) if nearest else moment
    return nearest


def drain(clock: Clock) -> int:
    """Publish until nothing is due; the number of calls made. At once 0 when this process drains already."""
    if not _one_drain.acquire(blocking=False):
        look_now()
        return 0
    try:
        return _Drain(clock).run()
    finally:
        _one_drain.release()


def finish(seconds: float) -> bool:
    """Begin nothing more and wait until what is in flight is written; False when that takes longer than ``seconds``."""
    stopping.set()
    look_now()
    done = _one_drain.acquire(timeout=seconds)
    if done:
        _one_drain.release()
    return done


class _Drain:
    """One run of the drain: what is in flight, what is held back for a platform's pace."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.in_flight: dict[Future[Result], Trip] = {}
        self.held: list[Trip] = []
        self.unwritten: list[Result] = []
        self.calls = 0
        self.looked_at = clock()

    def run(self) -> int:
        while True:
            if stopping.is_set():
                self.put_back_held()
            else:
                self.refill()
            self.start_ready()
            if self.in_flight or self.held or self.unwritten:
                self.await_results()
                self.write_again()
            elif stopping.is_set() or not self.await_what_is_soon():
                return self.calls

    def refill(self) -> None:
        self.looked_at = self.clock()
        room = settings.PUBLISH_THREADS - len(self.in_flight) - len(self.held)
        if room <= 0:
            return
        try:
            self.held.extend(claim(self.looked_at, room))
        except DatabaseError:
            connection.close()
            if not (self.in_flight or self.held or self.unwritten):
                raise
            log.exception("Nothing can be claimed now; what has been begun goes on")

    def start_ready(self) -> None:
        now = self.clock()
        for trip in [trip for trip in self.held if trip.ready_at <= now]:
            self.held.remove(trip)
            self.in_flight[_pool().submit(take, trip, now)] = trip
            self.calls += 1

    def await_results(self) -> None:
        done, _ = wait(self.in_flight, timeout=self.pause(), return_when=FIRST_COMPLETED)
        if not self.in_flight:
            _bell.wait(self.pause())
            _bell.clear()
        for future in done:
            del self.in_flight[future]
            self.write(future.result())

    def write(self, result: Result) -> None:
        """One bad row never stops the others: what cannot be written is looked up when its lease has run out.

        While the database is away an outcome is kept and written later; the attempt number tells whether it is still
        wanted then.
        """
        before = time.monotonic()
        try:
            following = ledger.record(result, self.clock())
        except (OperationalError, InterfaceError) as problem:
            connection.close()
            if before < result.trip.fence + settings.CALL_DEADLINE_SECONDS:
                self.unwritten.append(result)
            log.warning("Delivery %s: its outcome cannot be written now: %s", result.trip.delivery_id, problem)
            return
        except Exception:  # a mistake of ours in one row: the others go on, this one is looked up after its lease
            log.exception("Delivery %s: its outcome could not be written", result.trip.delivery_id)
            connection.close()
            return
        if following is None:
            return
        fence = fence_from(before)
        if following.ready_at - self.clock() > HOLD or stopping.is_set():
            ledger.put_back(following, following.ready_at, paced=True)
        else:
            self.held.append(replace(following, fence=fence))

    def write_again(self) -> None:
        waiting, self.unwritten = self.unwritten, []
        for result in waiting:
            self.write(result)

    def pause(self) -> float:
        """Seconds until a held trip is ready, at most until the next look for more."""
        if not self.held:
            return REFILL
        first = min(trip.ready_at for trip in self.held)
        return min(max((first - self.clock()).total_seconds(), 0.001), REFILL)

    def put_back_held(self) -> None:
        for trip in self.held:
            ledger.put_back(trip, self.clock())
        self.held.clear()

    def await_what_is_soon(self) -> bool:
        """Wait for what comes due within a second; False when there is nothing."""
        now = self.clock()
        moment = next_due(now)
        if moment is None or moment - now > SOON:
            return False
        if moment <= self.looked_at:  # due, and yet it could not be claimed: another worker holds its channel
            return False
        _bell.wait(max((moment - now).total_seconds(), 0))
        _bell.clear()
        return True


def claim(now: datetime, limit: int) -> list[Trip]:
    """Take up to ``limit`` due deliveries, each with its channel, and pack the first trip of each."""
    before = time.monotonic()  # read before the claim goes out: the lease cannot end earlier than this says
    taken = Delivery.objects.claim_due(now, limit, settings.LEASE)
    if taken:
        failpoints.reached(failpoints.CLAIMED)
    trips = []
    for delivery in taken:
        try:
            trip = pack(delivery, now, fence_from(before))
        except Exception:
            # One bad row never stops the tick; its lease runs out and the night-watch takes it from there.
            log.exception("Delivery %s could not be packed", delivery.pk)
            continue
        per_day = trip.door.publisher_class.limits.per_day
        if per_day and trip.step in (Step.CREATE, Step.PUBLISH):
            room = ledger.room_at(trip.channel_id, per_day, now)
            if room is not None:
                ledger.postpone(trip, room, per_day)
                continue
        paced = _at_reading_pace(trip, now)
        if paced is None:
            ledger.put_back(trip, now + HOLD)
        else:
            trips.append(paced)
    return trips


def fence_from(before: float) -> float:
    """The latest moment to begin a call so that it ends within the lease taken after ``before`` (monotonic)."""
    return before + settings.LEASE.total_seconds() - settings.CALL_DEADLINE_SECONDS


def pack(delivery: Delivery, now: datetime, fence: float) -> Trip:
    """Our post becomes an Article, as its text stands at this moment; the claim becomes a Trip."""
    door = door_of(delivery.channel)
    assert delivery.claim is not None
    step = next_step(delivery, door.publisher_class)
    visible = step in (Step.FLIP, Step.PUBLISH)
    return Trip(
        delivery_id=delivery.pk,
        channel_id=delivery.channel_id,
        number=delivery.number,
        claim=delivery.claim,
        step=step,
        article=article_of(delivery),
        version=delivery.post.version,
        digest=delivery.post.digest(),
        remote_id=delivery.remote_id,
        door=door,
        fence=fence,
        ready_at=max(now, delivery.due_at) if visible else now,  # nothing appears before its time
    )


def next_step(delivery: Delivery, publisher: type[Publisher]) -> Attempt.Step:
    """What comes next for a claimed delivery: after any doubt, look first."""
    can_look = issubclass(publisher, (Finds, Glimpses))
    if delivery.status == Delivery.Status.CHECKING or (delivery.doubtful and can_look):
        return Step.LOOK
    if not issubclass(publisher, TwoStep):
        return Step.PUBLISH
    return Step.FLIP if delivery.remote_id else Step.CREATE


def _at_reading_pace(trip: Trip, now: datetime) -> Trip | None:
    """A look-up takes its turn at the platform's reading pace; None when its turn is too far away to hold it."""
    publisher = trip.door.publisher_class
    origin = publisher.origin(trip.door.settings)
    pause = publisher.limits.seconds_between_reads * settings.PACE
    if trip.step != Step.LOOK or not origin or not pause:
        return trip
    with transaction.atomic():
        start = ReadingPace.reserve(origin, now, pause, HOLD)
    return replace(trip, ready_at=start) if start else None


def rescue(clock: Clock) -> int:
    """The night-watch: what a dead or frozen worker left in PUBLISHING may have gone out; have it looked up.

    Returns how many were found. What is too late for the workspace's grace becomes MISSED here as well.
    """
    lateness.miss_late(clock())
    ledger.give_up_on_removed()
    abandoned = list(Delivery.objects.abandoned().select_related("post", "post__author", "channel"))
    for delivery in abandoned:
        failpoints.reached(failpoints.ABANDONED)
        ledger.record_abandoned(delivery, clock())
        failpoints.reached(failpoints.RESCUED)
    return len(abandoned)
