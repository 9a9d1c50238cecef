"""Verbs: after each publication, look at its public page as a reader would, again after an hour and after a day.

A platform may say "published" while nobody can read it. What is found is kept on the ``Proof``; the delivery stays
PUBLISHED, because it was taken, and its author is told once of each thing that is wrong. The engine never waits for any
of this: it inserts a row, and a watch of its own does the looking, a few pages at a time and never two at once of one
host.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat, Now

from posts import notifying
from posts.engine import tailoring
from posts.models import Channel, Delivery, Proof, ReadingPace
from posts.models.each import Statement, Values, carry_out, inserts
from publishers import PUBLISHERS
from publishers.base import Limits, RemotePost, Visibility
from publishers.http import Http, origin_of
from publishers.pages import Verdict, Wanted
from publishers.pages import look as look_at

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
Status = Delivery.Status

LATER = (timedelta(hours=1), timedelta(days=1))  # after the publication: the looks after the first one
# What seems wrong may only be early: caches and copies of a platform take their time. Minutes to the next looks.
AGAIN = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4))
KEPT = 12  # looks in the history
PAGES = 4  # fetched at a time, per worker
ROUND = 10  # pages before the watch, which comes every second, pauses: publishing must not suffer from this
LONGEST_HOST = 270  # characters; a real one has fewer
PAUSE = 1.0  # seconds between two pages of one host, for all workers together
LONGEST_WAIT = 3600.0  # seconds for which a host may ask us to stay away
DEADLINE = 15.0  # seconds for a page; with redirects up to twice as many
LEASE = timedelta(seconds=90)
PACE_OF = "pages of "  # a host's row is not that of its API: a look at a page must not delay a look-up

_one_round = threading.Lock()  # per process


# --- beginning -------------------------------------------------------------------------------------------------------


def proof_of(
    delivery_id: int, limits: Limits, remote: RemotePost, canonical_url: str | None, now: datetime
) -> Values | None:
    """The row for a publication, not saved yet; None where there is no public page to look at.

    ``canonical_url`` None: which text went out is not known.
    """
    if (
        limits.page_seconds is None
        or not settings.PROVE_PAGES
        or remote.visibility != Visibility.PUBLIC
        or not (host := _host_of(remote.url))
    ):
        return None
    first = timedelta(seconds=settings.PAGE_SECONDS or limits.page_seconds)
    return {
        "delivery_id": delivery_id,
        "host": host,
        "canonical_url": _looked_for(limits, canonical_url),
        "began_at": now,
        "due_at": now + first,
    }


def begin(proofs: Iterable[Values | None]) -> None:
    """Keep what ``proof_of`` made, in the transaction of the publication: one insert for all of them."""
    carry_out(beginning(proofs))


def beginning(proofs: Iterable[Values | None]) -> list[Statement]:
    """As ``begin``, for who writes more with it."""
    return inserts(Proof, (proof for proof in proofs if proof), ignore_conflicts=True)


def begin_where_a_person_saw_it(delivery: Delivery, url: str, now: datetime) -> None:
    publisher = PUBLISHERS.get(delivery.channel.platform)
    remote = RemotePost(delivery.remote_id, url, Visibility.PUBLIC)
    begin([proof_of(delivery.pk, publisher.limits if publisher else Limits(), remote, _canonical_sent(delivery), now)])


def begin_again(proof: Values) -> None:
    """The page of this publication says something else from now on, in the transaction of that."""
    anew = {name: value for name, value in proof.items() if name != "delivery_id"}
    there = Proof.objects.filter(pk=proof["delivery_id"])
    if not there.update(**anew, doubts=0):
        begin([proof])


def stop(delivery_id: int) -> None:
    """There should be no page any more: nobody needs to look at it."""
    Proof.objects.filter(pk=delivery_id).update(due_at=None)


def ask(delivery: Delivery, now: datetime) -> bool:
    """A person wants the page looked at now; what is seen then counts at once. False where there is no page."""
    host = _host_of(delivery.remote_url)
    if delivery.status != Status.PUBLISHED or not host or not shows_the_article(delivery.channel):
        return False
    began_at = delivery.published_at or now
    unasked = Proof(
        delivery=delivery, host=host, canonical_url=_canonical_sent(delivery), began_at=began_at,
        gone=delivery.action == Delivery.Action.UNPUBLISH,
    )  # fmt: skip
    Proof.objects.bulk_create([unasked], ignore_conflicts=True)  # where publications are not looked at by themselves
    Proof.objects.filter(pk=delivery.pk).update(due_at=now, doubts=len(AGAIN))
    return True


def shows_the_article(channel: Channel) -> bool:
    """Whether a public page there has the article's title and canonical link: that of an announcement has not."""
    publisher = PUBLISHERS.get(channel.platform)
    return publisher is None or publisher.limits.page_seconds is not None


def _host_of(url: str) -> str:
    host = origin_of(url)
    return host if len(host) <= LONGEST_HOST else ""


def _canonical_sent(delivery: Delivery) -> str | None:
    publisher = PUBLISHERS.get(delivery.channel.platform)
    limits = publisher.limits if publisher else Limits()
    if delivery.sent_fields is not None:
        return _looked_for(limits, str(delivery.sent_fields["canonical_url"]))
    is_known = delivery.sent_digest == delivery.post.digest()
    return _looked_for(limits, tailoring.canonical_url(delivery)) if is_known else None


def _looked_for(limits: Limits, canonical_url: str | None) -> str | None:
    """Where pages name themselves as the original, whatever was asked for, there is no use in looking for another."""
    return canonical_url if limits.names_canonical or not canonical_url else None


# --- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """One look at one page, as it crosses to a thread."""

    pk: int
    number: int  # where it no longer stands, somebody else has looked meanwhile
    host: str
    wanted: Wanted
    private_origins: frozenset[str]

    def take(self) -> Verdict:
        """Fetch the page. In a thread that never touches the database."""
        http = Http(label="The page", private_origins=self.private_origins, deadline=DEADLINE, read=DEADLINE)
        return look_at(http, self.wanted)


def look(clock: Clock, stopping: Callable[[], bool] = lambda: False) -> int:
    """Look at the pages whose time has come; how many. At once 0 when this process is at it already."""
    if not _one_round.acquire(blocking=False):
        return 0
    try:
        return _Round(clock, stopping).run()
    finally:
        _one_round.release()


def prove(delivery_id: int, clock: Clock) -> bool:
    """Look at this page now, before all that wait; False when it is not due, or in other hands."""
    now = clock()
    for shown in _found(Proof.objects.due(now).filter(pk=delivery_id)):
        for taken in _claim(shown, now, paced=False):
            _let_go()
            record(taken, taken.take(), clock())
            return True
    return False


def _let_go() -> None:
    """No connection of a server's is held while we wait for somebody else's. SQLite's is a file, costly to open."""
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=PAGES, thread_name_prefix="page")


class _Round:
    """One run of the watch: which pages are being fetched."""

    def __init__(self, clock: Clock, stopping: Callable[[], bool]) -> None:
        self.clock = clock
        self.stopping = stopping
        self.in_flight: dict[Future[Verdict], Look] = {}
        self.begun = 0

    def run(self) -> int:
        while True:
            for taken in self.refill():
                self.in_flight[_pool().submit(taken.take)] = taken
                self.begun += 1
            if not self.in_flight:
                return self.begun
            _let_go()
            done, _ = wait(self.in_flight, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in done:
                self.write(self.in_flight.pop(future), future)

    def refill(self) -> list[Look]:
        room = min(PAGES - len(self.in_flight), ROUND - self.begun)
        if room <= 0 or self.stopping():
            return []
        return claim(self.clock(), room, {taken.host for taken in self.in_flight.values()})

    def write(self, taken: Look, future: Future[Verdict]) -> None:
        """One bad row never stops the others: its lease runs out, and it is looked at again."""
        try:
            record(taken, future.result(), self.clock())
        except Exception:
            log.exception("Delivery %s: what its page showed could not be written", taken.pk)


def claim(now: datetime, limit: int, busy: Iterable[str] = ()) -> list[Look]:
    """Take up to ``limit`` due pages, at most one of each host, and none of hosts that are ``busy`` or want a pause."""
    resting = ReadingPace.objects.filter(origin=Concat(Value(PACE_OF), OuterRef("host")), free_at__gt=now)
    hosts = set(busy)
    taken: list[Look] = []
    due = Proof.objects.due(now).exclude(Exists(resting)).exclude(host__in=hosts)
    for shown in _found(due.order_by("due_at", "pk")[: 4 * limit]):
        if len(taken) < limit and shown.host not in hosts:
            hosts.add(shown.host)
            taken += _claim(shown, now, paced=True)
    return taken


def _found(due: QuerySet[Proof]) -> list[Look]:
    """Each due page as it would be looked at."""
    rows = due.values_list(
        "pk", "looks", "host", "canonical_url", "gone", "delivery__remote_url", "delivery__sent_title"
    )
    return [
        # Without a title, nobody knows which text went out.
        Look(
            pk, looks + 1, host, Wanted(url, title, canonical_url if title else None, gone),
            settings.ALLOW_PRIVATE_TARGETS,
        )
        for pk, looks, host, canonical_url, gone, url, title in rows
    ]  # fmt: skip


@transaction.atomic
def _claim(shown: Look, now: datetime, *, paced: bool) -> list[Look]:
    """Compare and set: of two workers that saw it due, one looks. With ``paced`` it is its host's turn as well."""
    if paced and ReadingPace.reserve(PACE_OF + shown.host, now, PAUSE * settings.PACE, timedelta()) is None:
        return []
    mine = Proof.objects.due(now).filter(pk=shown.pk, looks=shown.number - 1)
    return [shown] if mine.update(looks=shown.number, lease_until=Now() + LEASE) else []


# --- what was seen ---------------------------------------------------------------------------------------------------


@transaction.atomic
def record(taken: Look, verdict: Verdict, now: datetime) -> None:
    """Write what a look has shown, plan the next one, and tell the author what is wrong: once of each kind."""
    proof = Proof.objects.select_for_update().filter(pk=taken.pk, looks=taken.number).first()
    if proof is None:
        log.warning("Delivery %s: a look at its page came back too late", taken.pk)
        return
    seen = Proof.Outcome(verdict.outcome.value)
    proof.looked_at, proof.status, proof.message, proof.lease_until = now, verdict.status, verdict.message, None
    proof.history = [*proof.history, {"at": now.isoformat(), "outcome": seen, "message": verdict.message}][-KEPT:]
    is_sure = seen == proof.outcome or not verdict.passing or proof.doubts >= len(AGAIN)
    if is_sure:
        proof.outcome, proof.doubts, proof.due_at = seen, 0, _next_look(proof, now)
    else:
        proof.due_at = now + AGAIN[proof.doubts]
        proof.doubts += 1
    proof.save()
    if verdict.wait:
        _stay_away(taken.host, now + timedelta(seconds=min(verdict.wait, LONGEST_WAIT)))
    if is_sure and proof.alarms:
        notifying.tell_page(_with_author(taken.pk), proof)


def _next_look(proof: Proof, now: datetime) -> datetime | None:
    return next((moment for later in LATER if (moment := proof.began_at + later) > now), None)


def _stay_away(host: str, until: datetime) -> None:
    """The host asked for it: nothing of it is looked at before."""
    ReadingPace.objects.update_or_create(origin=PACE_OF + host, defaults={"free_at": until})


def _with_author(pk: int) -> Delivery:
    return Delivery.objects.select_related("post__author", "channel", "created_by").get(pk=pk)
