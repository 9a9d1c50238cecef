"""Small promises on which the great one stands, each at the moment at which it would be broken."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from posts.engine import ledger, publishing
from posts.engine.trips import Trip, take
from posts.models import Attempt, Channel, Delivery
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.engine.conftest import Begin
from tests.engine.platforms import Answer, Blind, Drafts, Findable

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
HOUR = timedelta(hours=1)


def at_its_time() -> datetime:
    """When both posts of a beginning are due."""
    return datetime.now(UTC) + timedelta(minutes=11)


def claimed(now: datetime) -> Trip:
    [trip] = publishing.claim(now, 1)
    return trip


@pytest.mark.parametrize("ahead", [HOUR, -HOUR], ids=["an hour ahead", "an hour behind"])
def test_a_worker_whose_clock_is_wrong_takes_nothing_from_living_hands(begin: Begin, ahead: timedelta) -> None:
    """A lease is told by the database's clock, which all workers share."""
    begin(Findable, 1)
    now = at_its_time()
    trip = claimed(now)
    assert publishing.claim(now + ahead, 5) == []
    assert publishing.rescue(lambda: now + ahead) == 0
    ledger.record(take(trip, now), now)
    assert Delivery.objects.get(pk=trip.delivery_id).status == Status.PUBLISHED


def test_nor_does_it_leave_the_dead_alone(begin: Begin) -> None:
    begin(Findable, 1)
    trip = claimed(at_its_time())
    Delivery.objects.filter(pk=trip.delivery_id).update(lease_until=Now() - timedelta(seconds=1))
    assert publishing.rescue(lambda: datetime.now(UTC) - HOUR) == 1


def test_a_call_that_begins_at_the_fence_ends_within_the_lease_however_slow_the_claim_was(begin: Begin) -> None:
    begin(Findable, 1)

    def slowly(execute: Any, *statement: Any) -> Any:
        time.sleep(0.2)  # of a claim's few questions three make more than the 0.4 s asked for below
        return execute(*statement)

    before = time.monotonic()
    with connection.execute_wrapper(slowly):
        trip = claimed(at_its_time())
    assert time.monotonic() - before > 0.4
    assert trip.fence + settings.CALL_DEADLINE_SECONDS < before + settings.LEASE.total_seconds() + 0.2


def test_what_comes_back_after_its_successor_began_changes_nothing(begin: Begin) -> None:
    """The second worker's call is on its way when the first one's answer comes back at last."""
    begin(Findable, 1)
    now = at_its_time()
    late = take(claimed(now), now)
    Delivery.objects.filter(pk=late.trip.delivery_id).update(status=Status.SCHEDULED, lease_until=None)
    Channel.objects.update(lease_until=None)
    claimed(now)
    row = Delivery.objects.filter(pk=late.trip.delivery_id)
    [before] = row.values()
    assert ledger.record(late, now) is None
    assert row.values().get() == before
    assert not Attempt.objects.exists()


def test_the_drafts_id_is_kept_before_the_draft_is_made_public(begin: Begin) -> None:
    _, street = begin(Drafts, 1)
    now = at_its_time()
    trip = claimed(now)
    following = ledger.record(take(trip, now), now)
    assert following is not None
    assert Delivery.objects.get(pk=trip.delivery_id).remote_id == following.remote_id == street.copies[0].id
    assert street.copies[0].state == "draft"


def test_a_draft_that_was_put_back_is_not_made_public_before_its_time(begin: Begin) -> None:
    begin(Drafts, 1)
    Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).delete()
    now = Delivery.objects.get().act_at
    trip = claimed(now)
    following = ledger.record(take(trip, now), now)
    assert following is not None
    ledger.put_back(following, now)
    again = claimed(now)
    assert (again.step, again.ready_at) == ("flip", Delivery.objects.get().due_at)
    assert again.ready_at > now


def test_where_nobody_can_look_a_person_is_asked_at_once(begin: Begin) -> None:
    _, street = begin(Blind, 1)
    now = at_its_time()
    street.answer = Answer.STORED_UNHEARD
    trip = claimed(now)
    ledger.record(take(trip, now), now)
    assert Delivery.objects.get(pk=trip.delivery_id).status == Status.UNCERTAIN


def test_whoever_says_send_again_may_be_mistaken(begin: Begin) -> None:
    """It is there, and the platform can be asked: so it is, before anything is sent."""
    _, street = begin(Findable, 1)
    now = at_its_time()
    street.answer = Answer.STORED_UNHEARD
    trip = claimed(now)
    ledger.record(take(trip, now), now)
    Delivery.objects.exclude(pk=trip.delivery_id).delete()
    Delivery.objects.filter(pk=trip.delivery_id).update(status=Status.UNCERTAIN)
    scheduling.send_again(Delivery.objects.get(pk=trip.delivery_id), moment_at(now, UTC))
    assert claimed(now).step == "look"


def test_a_look_up_holds_its_channel_as_a_publication_does(begin: Begin) -> None:
    _, street = begin(Findable, 1)
    now = at_its_time()
    street.answer = Answer.STORED_UNHEARD
    ledger.record(take(claimed(now), now), now)
    Delivery.objects.filter(status=Status.SCHEDULED).update(act_at=now + 2 * HOUR, late_after=None)
    later = now + HOUR
    assert claimed(later).step == "look"
    assert publishing.claim(later + 2 * HOUR, 5) == [], "the other post waits until the look-up is over"
