"""Workspaces take turns: whoever has ten thousand posts due does not keep the others waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from posts.engine import publishing
from posts.models import Channel, Delivery, Post
from posts.models.claiming import FIRST_IN_LINE
from posts.models.delivery import DeliveryQuerySet
from tests.conftest import joined
from tests.posts.conftest import MovableClock

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def many_channels(workspace: Workspace, number: int, posts_each: int, now: Any) -> None:
    """Open channels of a platform without drafts, each with posts that are due."""
    is_open = {"platform": "folder", "status": Channel.Status.OPEN}
    channels = [Channel(workspace=workspace, name=f"Site {n}", **is_open) for n in range(number)]
    for channel in Channel.objects.bulk_create(channels):
        posts = [Post(workspace=workspace, title=f"Note {n}", markdown="Text.") for n in range(posts_each)]
        Delivery.objects.bulk_create(
            Delivery(workspace=workspace, post=post, channel=channel, due_at=now, act_at=now, late_after=None)
            for post in Post.objects.bulk_create(posts)
        )


@pytest.fixture
def grace(db: None) -> Workspace:
    workspace = Workspace.objects.of(joined("grace@example.com", "Grace"))
    assert workspace is not None
    return workspace


def test_a_workspace_with_ten_thousand_due_posts_does_not_starve_one_with_a_single_post(
    workspace: Workspace, grace: Workspace, clock: MovableClock
) -> None:
    many_channels(workspace, 100, 100, clock() - timedelta(minutes=5))
    many_channels(grace, 1, 1, clock())  # due later than all of Ada's
    taken = publishing.claim(clock(), 2)
    assert Counter(trip.workspace_id for trip in taken) == {workspace.pk: 1, grace.pk: 1}


@pytest.mark.postgres
@pytest.mark.parametrize("counted", [True, False], ids=["counted", "not counted yet"])
def test_the_first_of_each_channel_is_one_step_into_an_index(
    workspace: Workspace, clock: MovableClock, counted: bool
) -> None:
    """Whether or not PostgreSQL knows how many rows there are, it never reads all that a channel ever had."""
    many_channels(workspace, 20, 50, clock() - timedelta(minutes=5))
    times: dict[str, Any] = {"now": clock(), "limit": 256}
    with connection.cursor() as cursor:
        if counted:
            cursor.execute("ANALYZE posts_delivery; ANALYZE posts_channel")
        cursor.execute(f"EXPLAIN {FIRST_IN_LINE['postgresql']}", times)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using delivery_due on posts_delivery delivery " in plan, plan


def test_what_is_in_hand_already_counts(workspace: Workspace, grace: Workspace, clock: MovableClock) -> None:
    """Ada has sixty calls on their way: the next places that come free are Grace's."""
    many_channels(workspace, 100, 2, clock() - timedelta(minutes=5))
    many_channels(grace, 5, 2, clock())
    taken = publishing.claim(clock(), 4, {workspace.pk: 60})
    assert Counter(trip.workspace_id for trip in taken) == {grace.pk: 4}


def test_within_a_workspace_the_oldest_goes_first(workspace: Workspace, clock: MovableClock) -> None:
    many_channels(workspace, 5, 3, clock() - timedelta(minutes=1))
    oldest = Delivery.objects.order_by("-pk")[0]
    Delivery.objects.filter(pk=oldest.pk).update(act_at=clock() - timedelta(hours=1))
    [trip] = publishing.claim(clock(), 1)
    assert trip.delivery_id == oldest.pk


def test_what_is_first_in_line_is_what_the_querysets_call_due_and_free(
    dev: Channel, folder: Channel, scheduled: Callable[..., Delivery], clock: MovableClock
) -> None:
    """The claim's SQL says the same as DeliveryQuerySet.due and ChannelQuerySet.free, case by case."""
    delivery = scheduled(folder)
    now = clock()
    Status = Delivery.Status
    lease = timezone.now()  # by the database's clock
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {}),
        ({"act_at": now + timedelta(seconds=1)}, {}),
        ({"late_after": None}, {}),
        ({"late_after": now - timedelta(seconds=1)}, {}),
        ({"late_after": now}, {}),
        ({"status": Status.CHECKING}, {}),
        ({"status": Status.CHECKING, "late_after": now - timedelta(hours=1)}, {}),
        ({"status": Status.CHECKING, "lease_until": lease + timedelta(hours=1)}, {}),
        ({"status": Status.CHECKING, "lease_until": lease - timedelta(hours=1)}, {}),
        *[({"status": status}, {}) for status in Status if status not in (Status.PUBLISHED, Status.PUBLISHING)],
        *[({}, {"status": status}) for status in Channel.Status],
        ({}, {"lease_until": lease + timedelta(hours=1)}),
        ({}, {"lease_until": lease - timedelta(hours=1)}),
        ({}, {"paced_until": now + timedelta(seconds=1)}),
        ({}, {"paced_until": now}),
    ]
    whole = {f.attname: getattr(delivery, f.attname) for f in Delivery._meta.concrete_fields if not f.primary_key}
    free = {"status": Channel.Status.OPEN, "lease_until": None, "paced_until": None}
    said = []
    for of_delivery, of_channel in cases:
        Delivery.objects.filter(pk=delivery.pk).update(**{**whole, **of_delivery})
        Channel.objects.filter(pk=folder.pk).update(**{**free, **of_channel})
        by_orm = (
            Delivery.objects.due(now).filter(pk=delivery.pk).exists()
            and Channel.objects.free(now).filter(pk=folder.pk).exists()
        )
        by_sql = delivery.pk in Delivery.objects.first_in_line(now, 10, {})
        assert by_sql == by_orm, (of_delivery, of_channel, connection.vendor)
        said.append(by_sql)
    assert 5 < sum(said) < len(said) - 5, "both answers are given often"


def test_who_was_overtaken_keeps_no_channel(
    folder: Channel, scheduled: Callable[..., Delivery], clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and taking, a person moved the post: the channel is free for what comes next."""
    delivery = scheduled(folder)
    line = Delivery.objects.first_in_line(clock(), 5, {})
    assert line == {delivery.pk: folder.pk}
    Delivery.objects.filter(pk=delivery.pk).update(act_at=clock() + timedelta(hours=1))
    monkeypatch.setattr(DeliveryQuerySet, "first_in_line", lambda *_: line)  # what was seen a moment ago
    assert Delivery.objects.all().claim_due(clock(), 5, timedelta(seconds=60)) == []
    folder.refresh_from_db()
    assert (folder.claim, folder.lease_until) == (None, None)
