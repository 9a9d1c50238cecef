"""Two real workers and no broker: the dates of a series are made, once each, and the one that is due goes out once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from accounts.models import User, Workspace
from posts.models import Delivery, Post, Series
from posts.planning.moments import WALL
from posts.planning.recurring import changing
from posts.planning.recurring.making import Plan
from posts.planning.recurring.rules import parse
from tests.posts.conftest import Street
from tests.real.conftest import public_counts
from tests.real.house import House, wait_for
from tests.real.test_exactly_once import channels

pytestmark = [pytest.mark.real, pytest.mark.engine]
Status = Delivery.Status


def test_without_a_broker_two_workers_make_the_next_dates_once_and_publish_what_is_due(
    house: House, street: Street, author: User
) -> None:
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    both, now = channels(author, street, 2), timezone.now()
    post = Post.objects.create(workspace=workspace, author=author, title="Digest", markdown="Text.")
    start = (now - timedelta(days=1) + timedelta(minutes=1)).replace(second=0, tzinfo=None, microsecond=0)
    plan = Plan(parse("FREQ=DAILY"), start, UTC, [post], both)
    series = changing.begin(workspace, "Digest", plan, now - timedelta(days=1), author)
    yesterday = series.occurrences.get(original=start.strftime(WALL))
    Delivery.objects.filter(occurrence=yesterday.pk).update(status=Status.CANCELLED)
    dates = series.occurrences.count()

    house.worker("worker a")
    house.worker("worker b")
    ahead = Series.objects.filter(pk=series.pk, look_at__gt=timezone.now())
    wait_for(ahead.exists, 75, "the next dates are made")
    today = series.occurrences.order_by("due_at")[1]
    due = Delivery.objects.filter(occurrence=today.pk)
    wait_for(lambda: due.filter(status=Status.PUBLISHED).count() == 2, 90, "what is due is published")

    # One day more than when it began; two where its minute was over before a worker looked.
    assert series.occurrences.count() - dates in (1, 2)
    assert Delivery.objects.count() == 2 * series.occurrences.count()
    assert Counter(public_counts(street).values()) == {1: 2}
    per_date = Counter(Delivery.objects.exclude(occurrence=yesterday.pk).values_list("occurrence", "channel"))
    assert set(per_date.values()) == {1}
