"""What is moved while a real worker waits for it goes out at its new time only, and once."""

from __future__ import annotations

import time
from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from posts.models import Delivery
from posts.planning import changing
from posts.planning.moments import moment_at
from tests.posts.conftest import Street
from tests.real.conftest import public_counts
from tests.real.house import House, wait_for
from tests.real.test_exactly_once import channels, schedule

pytestmark = [pytest.mark.real, pytest.mark.engine]
Status = Delivery.Status


def test_a_moved_post_goes_out_at_the_new_time_only(house: House, street: Street, author: User) -> None:
    house.worker()
    later, sooner = channels(author, street, 2)
    [delayed] = schedule(author, [later], 1, in_seconds=10)
    [hurried] = schedule(author, [sooner], 1, in_seconds=3600)
    now, old = timezone.now(), delayed.due_at
    new, soon = old + timedelta(seconds=8), now + timedelta(seconds=6)
    changing.move(delayed, moment_at(new, UTC), now, author, seen=old)
    changing.move(hurried, moment_at(soon, UTC), now, author)
    while timezone.now() < old + timedelta(seconds=2):
        assert public_counts(street).get(str(delayed.key), 0) == 0, "it is public at the time that it was moved from"
        time.sleep(0.5)
    published = Delivery.objects.filter(pk__in=[delayed.pk, hurried.pk], status=Status.PUBLISHED)
    wait_for(lambda: published.count() == 2, 40, "both are published")
    for delivery, due in ((delayed, new), (hurried, soon)):
        delivery.refresh_from_db()
        assert delivery.published_at is not None
        assert delivery.published_at >= due
        assert public_counts(street)[str(delivery.key)] == 1


def test_what_is_cancelled_and_taken_back_goes_out_once(house: House, street: Street, author: User) -> None:
    house.worker()
    kept, dropped = channels(author, street, 2)
    [revived] = schedule(author, [kept], 1, in_seconds=8)
    [cancelled] = schedule(author, [dropped], 1, in_seconds=8)
    changing.undo(changing.cancel(revived, timezone.now(), author), timezone.now(), author)
    changing.cancel(cancelled, timezone.now(), author)
    wait_for(Delivery.objects.filter(pk=revived.pk, status=Status.PUBLISHED).exists, 40, "the revived one is published")
    assert public_counts(street) == {str(revived.key): 1}
    assert Delivery.objects.get(pk=cancelled.pk).status == Status.CANCELLED
