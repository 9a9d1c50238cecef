"""A delivery that kills whoever publishes it must not do so for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Mail
from posts.engine import ledger, publishing
from posts.engine.outcomes import CRASHES_LOOKING
from posts.engine.trips import take
from posts.models import Channel, Delivery
from posts.planning import scheduling
from posts.planning.moments import Moment
from tests.posts.conftest import MovableClock, Street, history, publish

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Status = Delivery.Status


def die_with(delivery: Delivery, clock: MovableClock) -> None:
    """A worker takes it and is gone; its lease runs out, and the night-watch comes by."""
    taken = [trip.delivery_id for trip in publishing.claim(clock(), 10)]
    assert delivery.pk in taken
    past = timezone.now() - timedelta(seconds=1)  # by the database's clock
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=past)
    Channel.objects.filter(pk=delivery.channel_id).update(lease_until=past)
    assert publishing.rescue(clock) == 1
    delivery.refresh_from_db()
    clock.move(hours=1)


def test_after_three_workers_it_is_set_aside_and_said(
    dev: Channel, scheduled: Callable[..., Delivery], clock: MovableClock, street: Street
) -> None:
    delivery = scheduled(dev)
    die_with(delivery, clock)
    assert publish_once_looked(delivery, clock).status == Status.SCHEDULED, "not there: once more"
    die_with(delivery, clock)
    assert publish_once_looked(delivery, clock).status == Status.SCHEDULED
    die_with(delivery, clock)
    delivery = publish(clock, delivery)
    assert delivery.status == Status.FAILED
    assert "3 times the worker" in delivery.message
    assert "It is not on DEV" in delivery.message
    assert street.public(delivery) == 0
    assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:failed").count() == 1
    assert history(delivery).count("unknown abandoned") == 3


def publish_once_looked(delivery: Delivery, clock: MovableClock) -> Delivery:
    """Let a worker look, and die before it does anything else: only the look-up is written."""
    [trip] = publishing.claim(clock(), 1)
    ledger.record(take(trip, clock()), clock())
    delivery.refresh_from_db()
    return delivery


def test_a_person_who_tries_again_starts_the_count_anew(
    dev: Channel, scheduled: Callable[..., Delivery], clock: MovableClock, street: Street
) -> None:
    delivery = scheduled(dev)
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.FAILED, crashes=3)
    delivery.refresh_from_db()
    scheduling.publish_now(delivery, Moment(clock(), "", "UTC"))
    assert publish(clock, delivery).status == Status.PUBLISHED
    assert delivery.crashes == 0


def test_a_step_that_comes_to_an_end_forgets_the_crashes_before_it(
    dev: Channel, scheduled: Callable[..., Delivery], clock: MovableClock
) -> None:
    """Workers die for other reasons too: whoever gets on is not to blame."""
    delivery = scheduled(dev)
    die_with(delivery, clock)
    assert delivery.crashes == 1
    assert publish(clock, delivery).status == Status.PUBLISHED
    assert delivery.crashes == 0


def test_a_look_up_that_kills_its_worker_ends_with_a_person(
    dev: Channel, scheduled: Callable[..., Delivery], clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    for _ in range(CRASHES_LOOKING - 1):
        die_with(delivery, clock)
        assert delivery.status == Status.CHECKING
    die_with(delivery, clock)
    assert delivery.status == Status.UNCERTAIN
    assert "looking whether it arrived" in delivery.message
    assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:uncertain").count() == 1


def test_the_others_go_on_meanwhile(
    dev: Channel, folder: Channel, scheduled: Callable[..., Delivery], clock: MovableClock
) -> None:
    poison, healthy = scheduled(dev), scheduled(folder)
    die_with(poison, clock)
    Delivery.objects.filter(pk=healthy.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    Channel.objects.filter(pk=folder.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert publish(clock, healthy, moves=3).status == Status.PUBLISHED
