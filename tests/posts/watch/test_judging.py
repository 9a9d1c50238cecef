"""What counts as well: what could have been taken and was not is overdue; what has a reason to wait is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from posts import connecting
from posts.engine import publishing
from posts.models import Channel, Delivery
from posts.watch import judging, watching
from posts.watch.judging import OVERDUE_AFTER, Check
from posts.watch.watching import Kind, in_words
from tests.posts.conftest import MovableClock

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Plan = Callable[..., Delivery]
Status = Delivery.Status
LATE = OVERDUE_AFTER + timedelta(minutes=1)


def overdue(clock: MovableClock) -> Check:
    return next(check for check in judging.judge(clock()) if check.name == "overdue")


def test_what_is_due_and_not_yet_taken_is_not_overdue_at_once(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    clock.move(seconds=100)

    assert overdue(clock).ok
    assert 90 < (overdue(clock).seconds or 0) < 110


def test_what_nobody_takes_is_overdue(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    scheduled(folder)
    clock.move(minutes=3)

    assert not overdue(clock).ok
    assert overdue(clock).told == "Something could have been published 3 minutes ago, and was not."
    publishing.drain(clock)
    assert overdue(clock) == Check("overdue", True, "Nothing is overdue.", seconds=0)


def test_it_stays_overdue_when_its_grace_is_over_and_nobody_has_even_noticed(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    clock.move(days=1)
    assert not overdue(clock).ok
    publishing.rescue(clock)

    assert overdue(clock).ok, "it was missed, and its author told"


def test_a_channel_that_keeps_the_platforms_pace_makes_nothing_overdue(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    clock.move(minutes=30)
    Channel.objects.update(paced_until=clock() + timedelta(seconds=5))
    assert overdue(clock).ok
    Channel.objects.update(paced_until=clock() - LATE)

    assert not overdue(clock).ok, "its pace was over long ago"


def test_a_channel_that_a_worker_holds_makes_nothing_overdue(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    clock.move(minutes=30)
    Channel.objects.update(lease_until=clock() + timedelta(seconds=30))
    assert overdue(clock).ok
    Channel.objects.update(lease_until=clock() - LATE)

    assert not overdue(clock).ok, "whoever held it did not come back"


@pytest.mark.parametrize("change", [connecting.pause, connecting.disconnect])
def test_what_waits_for_a_person_is_not_overdue(
    change: Callable[[Channel], object], folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    change(folder)
    clock.move(minutes=30)

    assert overdue(clock).ok


def test_what_a_dead_worker_left_and_nobody_rescued_is_overdue(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(folder)
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.PUBLISHING, lease_until=clock() - LATE)

    assert not overdue(clock).ok


def test_the_future_is_not_overdue(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    scheduled(folder, hours=1)

    assert overdue(clock).ok


def test_whoever_has_not_signed_is_named_with_what_to_do(clock: MovableClock) -> None:
    watching.beat(Kind.WORKER, "worker one:7", clock())
    checks = {check.name: check for check in judging.judge(clock())}

    assert checks["worker"].ok
    assert checks["beat"] == Check("beat", False, "None has signed within the last day.", "Start one: make run")
    assert not judging.all_is_well(clock())
    watching.beat(Kind.BEAT, "beat one", clock())
    assert judging.all_is_well(clock())


def test_the_command_is_the_one_of_this_installation(settings: Any) -> None:
    settings.START_COMMAND = "docker compose up -d"
    assert watching.how_to_start(Kind.WORKER) == "docker compose up -d worker"
    settings.START_COMMAND = "systemctl start blog"
    assert watching.how_to_start(Kind.BEAT) == "systemctl start blog"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "0 seconds"),
        (timedelta(seconds=-3), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=100), "100 seconds"),
        (timedelta(seconds=120), "2 minutes"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=2, minutes=50), "2 hours"),
        (timedelta(hours=25), "25 hours"),
        (timedelta(days=9, hours=3), "9 days"),
    ],
)
def test_a_span_is_said_as_people_say_it(span: timedelta, words: str) -> None:
    assert in_words(span) == words
