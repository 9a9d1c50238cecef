"""What is due is looked up once for several claims, and nobody loses a turn by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.joining import settle_in
from accounts.models import User, Workspace
from posts.engine import line as line_of
from posts.engine.line import Line
from posts.models import Channel, Delivery
from tests.posts.conftest import MovableClock

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NewChannel = Callable[..., Channel]
Scheduled = Callable[..., Delivery]
SOON = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine, too, these tests are over before the line is old."""
    monkeypatch.setattr(line_of, "FRESH", timedelta(seconds=60))


def test_a_second_claim_takes_what_the_first_look_saw(
    new_channel: NewChannel, scheduled: Scheduled, clock: MovableClock
) -> None:
    due = [scheduled(new_channel("folder")).pk for _ in range(4)]
    clock.move(seconds=5)
    line = Line()
    first = line.next(clock(), 2, {})
    with CaptureQueriesContext(connection) as asked:
        second = line.next(clock(), 2, {})
    assert [*first, *second] == due
    assert not asked.captured_queries
    assert list(line.next(clock(), 2, {})) == due[:2], "nobody took them: the next look finds them again"


def test_what_comes_due_or_is_rung_for_is_looked_up(
    new_channel: NewChannel, scheduled: Scheduled, clock: MovableClock
) -> None:
    first = [scheduled(new_channel("folder")).pk for _ in range(3)]
    clock.move(seconds=5)
    line = Line()
    assert list(line.next(clock(), 1, {})) == first[:1]
    late = scheduled(new_channel("folder"), seconds=-30).pk
    assert late not in line.next(clock(), 1, {}), "it was not there yet"
    line.look_again()
    assert list(line.next(clock(), 1, {})) == [late]


def test_it_is_fresh_until_something_comes_due(
    new_channel: NewChannel, scheduled: Scheduled, clock: MovableClock
) -> None:
    scheduled(new_channel("folder"), seconds=-30)
    scheduled(new_channel("folder"), seconds=20)
    line = Line()
    assert len(line.next(clock(), 5, {})) == 1
    assert line.fresh_until == pytest.approx(time.monotonic() + 20, abs=2)


def test_who_was_taken_from_the_line_already_counts_for_whose_turn_it_is(
    new_channel: NewChannel, scheduled: Scheduled, clock: MovableClock, workspace: Workspace
) -> None:
    """Ada has five channels with a post due, Grace two: they take turns until Grace has none left."""
    grace = User.objects.create_user("grace2@example.com", name="Grace")
    settle_in(grace)
    hers = Workspace.objects.of(grace)
    assert hers is not None
    for number in range(7):
        delivery = scheduled(new_channel("folder"))
        if number >= 5:
            Channel.objects.filter(pk=delivery.channel_id).update(workspace=hers)
            Delivery.objects.filter(pk=delivery.pk).update(workspace=hers)
    clock.move(seconds=5)
    line = Line()
    owners: list[int] = []
    in_hand: dict[int, int] = {}
    of = dict(Delivery.objects.values_list("pk", "workspace"))
    for _ in range(3):
        for pk in line.next(clock(), 2, in_hand):
            owners.append(of[pk])
            in_hand[of[pk]] = in_hand.get(of[pk], 0) + 1
    assert owners[:4].count(hers.pk) == 2
    assert owners.count(workspace.pk) == 4
