"""The numbers of /metrics: what is, counted when it is asked for; what was, only ever growing, each counted once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from prometheus_client.core import Metric

from accounts.models import Mail, User
from posts.engine import publishing
from posts.models import Attempt, Channel, Delivery, Outage, Tally, Turn
from posts.watch import measuring, watching
from posts.watch.measuring import LATENESS, SETTLED
from posts.watch.watching import Kind
from publishers import PUBLISHERS
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Plan = Callable[..., Delivery]
Status = Delivery.Status


def families(clock: MovableClock) -> dict[str, Metric]:
    return {family.name.removeprefix("blogscheduler_"): family for family in measuring.measure(clock())}


def values(clock: MovableClock, name: str) -> dict[tuple[str, ...], float]:
    """The samples of one family, by the values of their labels."""
    return {tuple(sample.labels.values()): sample.value for sample in families(clock)[name].samples}


def tally(clock: MovableClock) -> int:
    """Let what has been written settle, and count it."""
    clock.move(seconds=SETTLED.total_seconds() + 1)
    return measuring.tally(clock())


@pytest.fixture
def counting(clock: MovableClock) -> None:
    """Counting has begun before anything is published."""
    measuring.tally(clock())


# --- what is ---------------------------------------------------------------------------------------------------------


def test_due_and_overdue_are_told_by_platform(
    folder: Channel, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    scheduled(folder)
    scheduled(dev, minutes=2.5)
    scheduled(dev, hours=3)
    clock.move(minutes=3)

    due, overdue = values(clock, "deliveries_due"), values(clock, "deliveries_overdue")
    none = {(platform,): 0 for platform in PUBLISHERS}
    assert due == none | {("devto",): 1, ("folder",): 2}
    assert overdue == none | {("folder",): 2}
    assert 170 < values(clock, "oldest_due_seconds")[()] < 200
    publishing.drain(clock)
    assert values(clock, "oldest_due_seconds")[()] == 0


def test_what_passes_and_what_waits_for_a_person_is_told_by_state(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    for status in (Status.UNCERTAIN, Status.UNCERTAIN, Status.CHECKING, Status.MISSED, Status.CANCELLED):
        Delivery.objects.filter(pk=scheduled(folder).pk).update(status=status)

    assert values(clock, "deliveries") == {
        ("publishing",): 0,
        ("checking",): 1,
        ("uncertain",): 2,
        ("missed",): 1,
        ("handed_over",): 0,
        ("failed",): 0,
    }


def test_the_house_is_told(folder: Channel, dev: Channel, clock: MovableClock, ada: User) -> None:
    Channel.objects.filter(pk=dev.pk).update(status=Channel.Status.CLOSED)
    watching.beat(Kind.WORKER, "worker one:7", clock())
    Mail.objects.exclude(pk=Mail.objects.earliest("pk").pk).delete()
    Outage.objects.create(since=clock() - timedelta(minutes=20))
    clock.move(seconds=30)

    assert values(clock, "channels") == {("devto", "closed"): 1, ("folder", "open"): 1}
    assert values(clock, "mails_waiting")[()] == 1
    assert values(clock, "oldest_mail_seconds")[()] >= 30
    assert 30 <= values(clock, "heartbeat_age_seconds")[("worker",)] < 40
    assert values(clock, "heartbeat_age_seconds")[("beat",)] == float("inf")
    assert values(clock, "migrations_unapplied")[()] == 0
    assert 1200 < values(clock, "outage_seconds")[()] < 1300


def test_however_much_there_is_the_questions_stay_the_same(
    folder: Channel, scheduled: Plan, clock: MovableClock, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(13):
        measuring.measure(clock())
    for _ in range(10):
        scheduled(folder)
    with django_assert_num_queries(13):
        measuring.measure(clock())


# --- what was --------------------------------------------------------------------------------------------------------


def test_a_publication_is_counted_once_with_its_lateness_and_its_calls(
    dev: Channel, scheduled: Plan, clock: MovableClock, counting: None
) -> None:
    delivery = scheduled(dev)
    clock.move(seconds=40)
    publish(clock, delivery)
    assert tally(clock) == 2
    assert tally(clock) == 0

    assert values(clock, "attempts") == {("devto", "create", "done"): 1, ("devto", "flip", "done"): 1}
    late = families(clock)["lateness_seconds"].samples
    assert [sample.value for sample in late if sample.name.endswith("_count")] == [1], "once, not once per step"
    assert [sample.value for sample in late if sample.labels.get("le") == "30"] == [0]
    assert [sample.value for sample in late if sample.labels.get("le") == "60"] == [1]
    [seconds] = [sample.value for sample in late if sample.name.endswith("_sum")]
    assert 40 <= seconds < 50
    calls = families(clock)["call_seconds"].samples
    assert [sample.value for sample in calls if sample.name.endswith("_count")] == [2]


def test_what_was_looked_up_and_found_counts_by_when_it_was_found(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, counting: None
) -> None:
    street.fault("flip", "status", status=504, when="after")
    assert publish(clock, scheduled(dev), moves=2).status == Status.PUBLISHED
    tally(clock)

    assert values(clock, "attempts")[("devto", "look", "found")] == 1
    late = families(clock)["lateness_seconds"].samples
    assert [sample.value for sample in late if sample.labels.get("le") == "+Inf"] == [1]
    assert [sample.value for sample in late if sample.labels.get("le") == "900"] == [0]


def test_what_did_not_come_out_has_no_lateness(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, counting: None
) -> None:
    street.fault("create", "status", status=422, body='{"error": "Too dull", "status": 422}', when="before")
    publish(clock, scheduled(dev))
    tally(clock)

    assert values(clock, "attempts") == {("devto", "create", "rejected"): 1}
    assert families(clock)["lateness_seconds"].samples == []


def test_numbers_stay_when_rows_are_deleted(
    folder: Channel, scheduled: Plan, clock: MovableClock, counting: None
) -> None:
    delivery = publish(clock, scheduled(folder))
    tally(clock)
    before = values(clock, "attempts")
    delivery.post.delete()

    assert values(clock, "attempts") == before != {}


def test_buckets_add_up_and_only_grow(folder: Channel, scheduled: Plan, clock: MovableClock, counting: None) -> None:
    seen: list[list[float]] = []
    for late in (0.01, 0.2, 700, 40_000):
        delivery = publish(clock, scheduled(folder))
        moment = delivery.due_at + timedelta(seconds=late)
        Delivery.objects.filter(pk=delivery.pk).update(published_at=moment)
        tally(clock)
        buckets = [sample for sample in families(clock)["lateness_seconds"].samples if "le" in sample.labels]
        assert [bucket.labels["le"] for bucket in buckets] == [*(f"{bound:g}" for bound in LATENESS), "+Inf"]
        seen.append([bucket.value for bucket in buckets])

    assert all(numbers == sorted(numbers) for numbers in seen), "each bucket holds those below it"
    assert all(a <= b for one, other in pairwise(seen) for a, b in zip(one, other, strict=True)), "none goes back"
    assert seen[-1][0] == 1
    assert seen[-1][-2:] == [3, 4]


def test_what_was_published_early_by_a_clock_that_went_back_is_not_negative(
    folder: Channel, scheduled: Plan, clock: MovableClock, counting: None
) -> None:
    delivery = publish(clock, scheduled(folder))
    Delivery.objects.filter(pk=delivery.pk).update(published_at=delivery.due_at - timedelta(hours=1))
    tally(clock)

    assert Tally.objects.get(of=Tally.Of.LATENESS, detail="sum").value == 0


def test_whoever_switches_it_on_late_does_not_count_the_years_before(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    publish(clock, scheduled(folder))
    assert tally(clock) == 0
    publish(clock, scheduled(folder))

    assert tally(clock) == 1
    assert values(clock, "attempts") == {("folder", "publish", "done"): 1}


def test_an_attempt_that_is_young_waits_for_its_elders(
    folder: Channel, scheduled: Plan, clock: MovableClock, counting: None
) -> None:
    """Another worker's transaction may still be open, and its attempt have a smaller number."""
    publish(clock, scheduled(folder))
    clock.move(seconds=6)
    assert measuring.tally(clock()) == 0
    assert tally(clock) == 1


def test_more_than_fits_into_one_transaction_is_counted_all_the_same(
    folder: Channel, scheduled: Plan, clock: MovableClock, counting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "AT_ONCE", 3)
    for _ in range(8):
        publish(clock, scheduled(folder))

    assert tally(clock) == 8
    assert Turn.objects.get(name="tally").reached == Attempt.objects.latest("pk").pk


@pytest.mark.django_db(transaction=True)
def test_workers_that_count_at_the_same_moment_count_once(
    folder: Channel, scheduled: Plan, clock: MovableClock, counting: None
) -> None:
    for _ in range(5):
        publish(clock, scheduled(folder))
    clock.move(minutes=1)

    def count(_: int) -> int:
        try:
            return measuring._tally_some(clock())
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        counted = list(pool.map(count, range(6)))

    assert sum(counted) == 5
    assert values(clock, "attempts") == {("folder", "publish", "done"): 5}


# --- turns -----------------------------------------------------------------------------------------------------------


def test_a_turn_comes_round_when_its_time_is_over(clock: MovableClock) -> None:
    every = timedelta(seconds=60)
    taken = []
    for _ in range(5):
        taken.append(Turn.objects.take("watchdog", clock(), every))
        clock.move(seconds=30)

    assert taken == [True, False, True, False, True]


def test_a_clock_that_is_set_back_holds_nobody_up(clock: MovableClock) -> None:
    assert Turn.objects.take("watchdog", clock(), timedelta(seconds=60))
    clock.move(hours=-1)

    assert Turn.objects.take("watchdog", clock(), timedelta(seconds=60))
    assert not Turn.objects.take("watchdog", clock(), timedelta(seconds=60))
