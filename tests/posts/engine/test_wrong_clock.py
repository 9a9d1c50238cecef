"""A machine whose clock is wrong must not publish by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from posts import tasks
from posts.engine import publishing
from posts.models import Channel, Delivery, Heartbeat
from posts.watch import watching
from posts.watch.clock import AgreedClock
from tests.posts.conftest import Street

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Status = Delivery.Status


def due_in_half_an_hour(delivery: Delivery) -> None:
    at = timezone.now() + timedelta(minutes=30)
    Delivery.objects.filter(pk=delivery.pk).update(due_at=at, act_at=at, late_after=at + timedelta(hours=1))


def test_an_hour_ahead_nothing_goes_out_and_nobody_signs(
    dev: Channel, scheduled: Callable[..., Delivery], street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = scheduled(dev)
    due_in_half_an_hour(delivery)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert watching.clock_difference(timezone.now) > 3500
        tasks.look_at_due()
        tasks.look_for_left_behind()
        tasks._sign()
    delivery.refresh_from_db()
    dev.refresh_from_db()
    assert delivery.status == Status.SCHEDULED
    assert dev.paced_until is None or dev.paced_until < timezone.now() + timedelta(minutes=1)
    assert not Heartbeat.objects.exists()
    assert "seconds apart" in caplog.text


def test_a_right_clock_publishes(dev: Channel, scheduled: Callable[..., Delivery], street: Street) -> None:
    delivery = scheduled(dev)
    now = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(due_at=now, act_at=now, late_after=now + timedelta(hours=1))
    assert abs(watching.clock_difference(timezone.now)) < 5
    tasks.look_at_due()
    delivery.refresh_from_db()
    assert delivery.status == Status.PUBLISHED


def test_whoever_does_not_want_the_look_is_not_stopped(
    dev: Channel, scheduled: Callable[..., Delivery], street: Street, settings: Any
) -> None:
    settings.CLOCK_TOLERANCE_SECONDS = 0
    delivery = scheduled(dev)
    due_in_half_an_hour(delivery)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        tasks.look_at_due()
    delivery.refresh_from_db()
    assert delivery.status == Status.PUBLISHED


def test_a_step_of_the_clock_changes_nothing_for_what_is_under_way(
    dev: Channel, scheduled: Callable[..., Delivery], street: Street
) -> None:
    """The drain has begun by a right clock; then the machine's jumps, and the database's does not."""
    delivery, later = scheduled(dev), scheduled(dev)
    now = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(due_at=now, act_at=now, late_after=now + timedelta(hours=1))
    due_in_half_an_hour(later)
    clock = AgreedClock()
    assert clock.is_right()
    for hours in (1, -1):
        with time_machine.travel(timezone.now() + timedelta(hours=hours)):
            publishing.drain(clock.now)
            assert not clock.is_right()
            assert abs(clock.now() - now) < timedelta(minutes=1)
    delivery.refresh_from_db()
    later.refresh_from_db()
    dev.refresh_from_db()
    assert (delivery.status, later.status) == (Status.PUBLISHED, Status.SCHEDULED)
    assert delivery.published_at
    assert abs(delivery.published_at - now) < timedelta(minutes=1)
    assert dev.paced_until is None or abs(dev.paced_until - now) < timedelta(minutes=1)


def test_a_step_that_the_database_makes_too_is_taken(dev: Channel) -> None:
    """A laptop that slept: everything on it wakes up at another time."""
    clock = AgreedClock()
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        assert not clock.is_right()
    assert clock.is_right()
    assert abs(clock.now() - timezone.now()) < timedelta(seconds=1)
