"""Verbs: publish what is due, rescue what was left behind. The only caller of a publisher's publishing methods.

The drain runs in one thread per worker process: it claims, hands out trips to a pool of threads that only make calls,
and writes every outcome itself (``posts.engine.ledger``). It reads the clock that it is given; leases use the
database's clock, and the fence before each send a monotonic one, read before the claim went out: neither a clock step
nor a frozen process can make a worker send after its claim has passed to another.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from queue import Empty, SimpleQueue

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from blogscheduler import logs
from blogscheduler.stack import roomy
from posts.engine import failpoints, lateness, ledger, revising
from posts.engine.line import Line
from posts.engine.packing import article_of, digest_of, door_of, fields_of, place_of
from posts.engine.revising import REVISING
from posts.engine.trips import Result, Step, Trip, can_look, fence_from, images_first, take
from posts.models import Attempt, Delivery, ReadingPace
from posts.models.delivery import ORIGINAL
from publishers.base import Assisted, Publisher, TwoStep

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]

SOON = timedelta(seconds=1)  # a drain with nothing in hand waits for what comes due within this
REFILL = 0.5  # seconds: how long a drain with calls in flight goes without looking for more
AHEAD = 16  # trips that wait for a free thread, so that none is idle while outcomes are written
HAND_OVERS = 100  # in one go: what is in flight has to be written meanwhile
HOLD = timedelta(seconds=5)  # the longest that a trip is held for the platform's pace; else it is put back

_one_drain = threading.Lock()  # one drain per process
_back: SimpleQueue[Result | None] = SimpleQueue()  # what came back from the threads; None: somebody rang
stopping = threading.Event()  # set when the worker shuts down: finish what is in flight, begin nothing


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=settings.PUBLISH_THREADS, thread_name_prefix="call")


def look_now() -> None:
    """Wake a drain that is waiting: something may have become due."""
    if _back.empty():
        _back.put(None)


def next_due(now: datetime) -> datetime | None:
    """When the next delivery can be taken, if that is within a second; in the past when one can be taken now.

    With the same conditions as the claim, so that nobody wakes up for what cannot be claimed; and no further ahead, so
    that a million future deliveries cost nothing.
    """
    times = Delivery.objects.next_times(now, now + SOON)
    return min((max(act_at, paced) if paced else act_at for act_at, paced in times), default=None)


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
    """One run of the drain: what is in flight, what is held back until its moment, what could not be written yet."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.in_flight: dict[int, tuple[Trip, Future[None]]] = {}  # by delivery
        self.held: list[Trip] = []
        self.line = Line()
        self.unwritten: list[Result] = []
        self.calls = 0
        self.looked_at = clock()
        self.look_again_at = float("-inf")  # monotonic

    @roomy
    def run(self) -> int:
        while True:
            if stopping.is_set():
                self.put_back_what_has_not_begun()
            else:
                self.refill()
            self.start_ready()
            if self.in_flight or self.held or self.unwritten:
                self.write(self.come_back())
            elif stopping.is_set() or not self.await_what_is_soon():
                return self.calls

    def refill(self) -> None:
        """Claim more, when there is room and something may have come free since the last look."""
        mine = [*self.held, *(trip for trip, _ in self.in_flight.values())]
        room = settings.PUBLISH_THREADS + AHEAD - len(mine)
        if room <= 0 or time.monotonic() < self.look_again_at:
            return
        self.looked_at = self.clock()
        self.look_again_at = time.monotonic() + REFILL
        try:
            self.held += claim(self.looked_at, room, Counter(trip.workspace_id for trip in mine), self.line)
            self.look_again_at = min(self.look_again_at, self.line.fresh_until)
        except DatabaseError:
            connection.close()
            if not (mine or self.unwritten):
                raise
            log.exception("Nothing can be claimed now; what has been begun goes on")

    def start_ready(self) -> None:
        now = self.clock()
        waiting, self.held = self.held, []
        for trip in waiting:
            if trip.ready_at <= now:
                self.in_flight[trip.delivery_id] = trip, _pool().submit(self.take, trip)
                self.calls += 1
            else:
                self.held.append(trip)

    def take(self, trip: Trip) -> None:
        """In a thread of the pool."""
        _back.put(take(trip, self.clock()))

    def come_back(self) -> list[Result]:
        """Wait for a result, a bell or the next moment; everything that has come back by then."""
        results, self.unwritten = self.unwritten, []
        for result in _waited_for(self.pause()):
            if result is None:
                self.line.look_again()
                self.look_again_at = float("-inf")
            else:
                del self.in_flight[result.trip.delivery_id]
                results.append(result)
        return results

    def write(self, results: list[Result]) -> None:
        """While the database is away outcomes are kept and written later; the attempt number tells whether they are
        still wanted then. One bad row never stops the others: it is looked up when its lease has run out.
        """
        if not results:
            return
        before = time.monotonic()
        try:
            following = ledger.record_all(results, self.clock(), fence_from(before))
        except (OperationalError, InterfaceError) as problem:
            connection.close()
            wanted = [one for one in results if before < one.trip.fence + settings.CALL_DEADLINE_SECONDS]
            self.unwritten += wanted
            log.warning("%s outcomes cannot be written now: %s", len(results), problem)
        except Exception:  # a mistake of ours in one row
            connection.close()
            if len(results) == 1:
                with logs.about(**results[0].trip.ids):
                    log.exception("Delivery %s: its outcome could not be written", results[0].trip.delivery_id)
            else:
                for result in results:
                    self.write([result])
        else:
            if len(following) < len(results):  # channels came free
                self.look_again_at = float("-inf")
            for trip in following:
                self.hold(trip)

    def hold(self, trip: Trip) -> None:
        """The next step of a claim: soon, or given back when its moment is too far away."""
        if trip.ready_at - self.clock() > HOLD or stopping.is_set():
            ledger.put_back(trip, trip.ready_at, paced=True)
        else:
            self.held.append(trip)

    def pause(self) -> float:
        """Seconds until a held trip is ready, at most until the next look for more."""
        pause = min(self.look_again_at - time.monotonic(), REFILL)
        if self.held:
            first = min(trip.ready_at for trip in self.held)
            pause = min((first - self.clock()).total_seconds(), pause)
        return max(pause, 0.001)

    def put_back_what_has_not_begun(self) -> None:
        self.held += [trip for trip, future in self.in_flight.values() if future.cancel()]
        for trip in self.held:
            self.in_flight.pop(trip.delivery_id, None)
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
        _waited_for(max((moment - now).total_seconds(), 0))
        self.look_again_at = float("-inf")
        return True


def _waited_for(seconds: float) -> list[Result | None]:
    """Whatever has come back, or rung (None), within so many seconds; at once when something is there."""
    came: list[Result | None] = []
    with suppress(Empty):
        came.append(_back.get(timeout=seconds))
        while True:
            came.append(_back.get_nowait())
    return came


def claim(now: datetime, limit: int, in_hand: Mapping[int, int] | None = None, line: Line | None = None) -> list[Trip]:
    """Take up to ``limit`` due deliveries, each with its channel, and pack the first trip of each.

    Workspaces take turns; ``in_hand`` says how many of each, by its id, are on their way already.
    """
    total = 0
    while True:
        trips, handed_over = _claim_once(now, limit, in_hand or {}, line or Line())
        total += handed_over
        if trips or not handed_over or total >= HAND_OVERS or stopping.is_set():
            return trips
        line = None  # their channels are free again already: see what comes next there


def _claim_once(now: datetime, limit: int, in_hand: Mapping[int, int], line: Line) -> tuple[list[Trip], int]:
    """Also how many needed no trip, because a person takes them from here."""
    before = time.monotonic()  # read before the claim goes out: the lease cannot end earlier than this says
    first = line.next(now, limit, in_hand)
    taken = Delivery.objects.take(first, now, settings.LEASE)
    if taken:
        failpoints.reached(failpoints.CLAIMED)
    _with_originals(taken)
    trips, handed_over = [], 0
    for delivery in taken:
        try:
            trip = pack(delivery, now, fence_from(before))
            if trip.step == Step.HAND_OVER:  # no call: it is done when it is written
                handed_over += ledger.hand_over(trip, now)
                continue
        except Exception:
            # One bad row never stops the tick; its lease runs out and the night-watch takes it from there.
            with logs.about(workspace=delivery.workspace_id, delivery=delivery.pk, attempt=delivery.number):
                log.exception("Delivery %s could not be packed", delivery.pk)
            continue
        if (trip.after_images or trip.step) in REVISING and (why := revising.problem(delivery, trip)):
            ledger.give_up(trip, why)
            continue
        per_day = trip.door.publisher_class.limits.per_day
        if per_day and (trip.after_images or trip.step) in (Step.CREATE, Step.PUBLISH):
            room = ledger.room_at(trip.channel_id, per_day, now)
            if room is not None:
                ledger.postpone(trip, room, per_day)
                continue
        paced = _at_reading_pace(trip, now)
        if paced is None:
            ledger.put_back(trip, now + HOLD)
        else:
            trips.append(paced)
    return trips, handed_over


def _with_originals(taken: list[Delivery]) -> None:
    """Those of them that change what was published get to know it: one query, and only when there are any."""
    about = {delivery.revises_id for delivery in taken if delivery.revises_id}
    if not about:
        return
    originals = Delivery.objects.only(*ORIGINAL).in_bulk(about)
    for delivery in taken:
        if delivery.revises_id:
            delivery.revises = originals[delivery.revises_id]


def pack(delivery: Delivery, now: datetime, fence: float) -> Trip:
    """Our post becomes an Article, as its text stands at this moment; the claim becomes a Trip."""
    door = door_of(delivery.channel)
    assert delivery.claim is not None
    step = next_step(delivery, door.publisher_class)
    visible = step in (Step.FLIP, Step.PUBLISH, *REVISING)
    article = article_of(delivery)
    fields = fields_of(article, delivery.channel)
    trip = Trip(
        delivery_id=delivery.pk,
        channel_id=delivery.channel_id,
        workspace_id=delivery.workspace_id,
        number=delivery.number,
        claim=delivery.claim,
        step=step,
        article=article,
        version=delivery.post.version,
        digest=delivery.post.digest(),
        sent_as=digest_of(article.title, article.markdown, fields),
        fields=fields,
        place=place_of(delivery.channel),
        remote_id=(delivery.revises or delivery).remote_id,
        door=door,
        fence=fence,
        row=delivery,
        ready_at=max(now, delivery.due_at) if visible else now,  # nothing appears before its time
    )
    return images_first(trip, now)


def next_step(delivery: Delivery, publisher: type[Publisher]) -> Attempt.Step:
    """What comes next for a claimed delivery: after any doubt, look first.

    What changes an article by its id is done again instead: that is safe by contract.
    """
    if delivery.action == Delivery.Action.UPDATE:
        return Step.UPDATE
    if delivery.action == Delivery.Action.UNPUBLISH:
        return Step.UNPUBLISH
    if issubclass(publisher, Assisted):
        return Step.HAND_OVER
    if delivery.status == Delivery.Status.CHECKING or (delivery.doubtful and can_look(publisher)):
        return Step.LOOK
    if not issubclass(publisher, TwoStep):
        return Step.PUBLISH
    if delivery.remote_id:
        return Step.FLIP
    return Step.CREATE if publisher.has_drafts(delivery.channel.settings) else Step.PUBLISH


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
