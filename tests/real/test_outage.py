"""Nobody published for an hour, then two workers come back at the same moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from accounts.models import Mail, User
from posts.models import Delivery, Heartbeat
from tests.posts.conftest import Street
from tests.real.conftest import public_counts
from tests.real.house import House, wait_for
from tests.real.test_exactly_once import channels, schedule

pytestmark = [pytest.mark.real, pytest.mark.engine]
Status = Delivery.Status
EVERY = 3  # seconds between two late posts of a channel
HOUR = timedelta(hours=1)


def test_the_backlog_goes_out_spread_each_post_once_and_linus_gets_one_mail(
    house: House, street: Street, author: User
) -> None:
    house.env["CATCH_UP_SECONDS"] = str(EVERY)
    both = channels(author, street, 2)
    late = an_hour_ago(schedule(author, both, 4, in_seconds=60), grace=2 * HOUR)
    too_late = an_hour_ago(schedule(author, both, 1, in_seconds=60), grace=HOUR / 2)
    Heartbeat.objects.create(name="worker gone:1", kind=Heartbeat.Kind.WORKER, at=timezone.now() - HOUR)
    Mail.objects.all().delete()

    house.worker("worker a")
    house.worker("worker b")
    rows = Delivery.objects.filter(pk__in=late)
    wait_for(lambda: not rows.exclude(status=Status.PUBLISHED).exists(), 90, "the backlog is published")

    assert Counter(public_counts(street).values()) == {1: 8}
    assert {row.status for row in Delivery.objects.filter(pk__in=too_late)} == {Status.MISSED}
    mail = Mail.objects.get()
    assert mail.subject == "10 publications could not go out at their time"

    on_channel = {str(row.key): row.channel_id for row in rows}
    flips: dict[int, list[datetime]] = defaultdict(list)
    for entry in street.ask("log"):
        if entry.get("flip") and entry["worked"]:
            flips[on_channel[entry["mark"]]].append(datetime.fromisoformat(entry["time"]))
    gaps = [(after - before).total_seconds() for times in flips.values() for before, after in pairwise(times)]
    print(f"seconds between two late posts of a channel: {', '.join(f'{gap:.1f}' for gap in gaps)}")
    assert len(gaps) == 6
    assert all(EVERY - 1.5 < gap < EVERY + 3 for gap in gaps)


def an_hour_ago(deliveries: list[Delivery], grace: timedelta) -> list[int]:
    """They were due then, and may be late by ``grace``; their numbers."""
    then, numbers = timezone.now() - HOUR, [delivery.pk for delivery in deliveries]
    Delivery.objects.filter(pk__in=numbers).update(due_at=then, act_at=then, late_after=then + grace)
    return numbers
