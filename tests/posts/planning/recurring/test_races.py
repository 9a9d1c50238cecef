"""Two workers make the dates of one series at the same moment, and people change their minds meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from posts import connecting
from posts.models import Channel, Delivery, Occurrence, Post, Series
from posts.planning.recurring import changing, making
from posts.planning.recurring.making import Plan
from posts.planning.recurring.rules import parse
from posts.planning.scheduling import Refused

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
Status = Delivery.Status
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
ROUNDS = 6
REFUSED = "refused"


def together(*sides: Callable[[], Any]) -> list[Any]:
    """Run each side in a thread of its own, from one moment on; what each returned, or REFUSED."""
    barrier, chance = threading.Barrier(len(sides)), random.Random()

    def side(verb: Callable[[], Any]) -> Any:
        try:
            barrier.wait(10)
            time.sleep(chance.uniform(0, 0.02))
            return verb()
        except Refused:
            return REFUSED
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sides)) as threads:
        return [future.result(60) for future in [threads.submit(side, each) for each in sides]]


@pytest.fixture
def two(new_channel: Callable[..., Channel]) -> list[Channel]:
    return [new_channel("folder"), new_channel("folder")]


@pytest.fixture
def begun(new_post: Callable[..., Post], two: list[Channel], ada: User) -> Callable[[], Series]:
    """A daily series that has just been begun, and the plan of it."""

    def begin() -> Series:
        plan = Plan(parse("FREQ=DAILY"), datetime(2026, 11, 23, 9), ZoneInfo("UTC"), [new_post()], two)
        return changing.begin(two[0].workspace, "Notes", plan, NOW, ada)

    return begin


def judge(series: Series, now: datetime) -> None:
    """Each date once, each with one live delivery on each channel, or none where it was left out."""
    rows = Delivery.objects.filter(occurrence__in=series.occurrences.values("pk")).exclude(status=Status.CANCELLED)
    per_date = Counter(rows.values_list("occurrence", "channel"))
    assert set(per_date.values()) <= {1}
    for row in series.occurrences.filter(due_at__gt=now):
        live = {channel for occurrence, channel in per_date if occurrence == row.pk}
        assert live == (set() if row.left_out else set(row.made))
    originals = list(series.occurrences.values_list("original", flat=True))
    assert len(originals) == len(set(originals))


def test_two_workers_make_each_date_once(begun: Callable[[], Series]) -> None:
    for _ in range(ROUNDS):
        series = begun()
        later = NOW + timedelta(days=3)
        made = together(*[partial(making.make_ahead, later)] * 3)
        assert sum(made) == 3 * 2, made  # three more days on two channels, by whoever came first
        judge(series, later)
        Series.objects.all().update(status=Series.Status.ENDED)


def test_who_skips_a_date_while_workers_make_others_has_it_skipped(begun: Callable[[], Series]) -> None:
    for _ in range(ROUNDS):
        series, later = begun(), NOW + timedelta(days=3)
        row = series.occurrences.order_by("due_at")[10]
        together(
            partial(making.make_ahead, later), partial(changing.skip, row, later), partial(making.make_ahead, later)
        )
        judge(series, later)
        assert not Delivery.objects.filter(occurrence=row.pk, status=Status.SCHEDULED).exists()
        Series.objects.all().update(status=Series.Status.ENDED)


def test_pause_and_making_at_once_leave_nothing_behind(begun: Callable[[], Series]) -> None:
    for _ in range(ROUNDS):
        series, later = begun(), NOW + timedelta(days=3)
        together(partial(making.make_ahead, later), partial(changing.pause, series, later))
        series.refresh_from_db()
        assert series.status == Series.Status.PAUSED
        ahead = Delivery.objects.filter(status=Status.SCHEDULED, due_at__gt=later)
        assert not ahead.filter(occurrence__in=series.occurrences.values("pk")).exists()
        judge(series, later)


def test_two_people_change_a_series_at_once_and_one_of_them_is_told(
    begun: Callable[[], Series], two: list[Channel]
) -> None:
    for _ in range(ROUNDS):
        series = begun()
        posts = [turn.post for turn in series.turns.all()]
        wishes = [
            Plan(parse(rule), datetime(2026, 11, 23, 9), ZoneInfo("UTC"), posts, two)
            for rule in ("FREQ=WEEKLY", "FREQ=DAILY;INTERVAL=2")
        ]
        shown = [Series.objects.get(pk=series.pk) for _ in wishes]
        told = together(*[partial(changing.change, *each, NOW) for each in zip(shown, ("A", "B"), wishes, strict=True)])
        assert [each == REFUSED for each in told].count(True) == 1
        series.refresh_from_db()
        assert series.rule == str(wishes["AB".index(series.name)].rule)
        judge(series, NOW)


def test_a_channel_that_is_removed_while_dates_are_made_has_none_of_them(
    begun: Callable[[], Series], two: list[Channel]
) -> None:
    series, later = begun(), NOW + timedelta(days=3)
    together(partial(making.make_ahead, later), partial(connecting.disconnect, two[1]))
    assert not Delivery.objects.filter(channel=two[1], status=Status.SCHEDULED).exists()
    making.make_ahead(later)
    assert Delivery.objects.filter(channel=two[0], status=Status.SCHEDULED).count() == series.occurrences.count()


def test_the_database_itself_takes_no_date_twice(begun: Callable[[], Series]) -> None:
    row = begun().occurrences.all()[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Occurrence.objects.create(
            series=row.series, original=row.original, wall_time=row.wall_time, due_at=row.due_at, post=row.post
        )
    first = Delivery.objects.get(occurrence=row.pk, channel=row.made[0])
    twin = Delivery(
        workspace=first.workspace, post=first.post, channel=first.channel, occurrence=row.pk, due_at=row.due_at,
        act_at=row.due_at,
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
