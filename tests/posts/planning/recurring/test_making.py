"""Dates become deliveries ahead of time, each once; with time the nouns change, and people change their minds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Mail, User, WhenLate, Workspace
from posts import connecting
from posts.engine import lateness, publishing
from posts.models import Channel, Delivery, Occurrence, Post, Series
from posts.planning import scheduling
from posts.planning.moments import moment_of
from posts.planning.recurring import changing, making
from posts.planning.recurring.making import Plan
from posts.planning.recurring.rules import parse
from posts.planning.scheduling import Refused
from tests.posts.conftest import MovableClock, Street

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
BERLIN = ZoneInfo("Europe/Berlin")
Begin = Callable[..., Series]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MONDAY = at("2026-11-23T07:00")  # 08:00 in Berlin


def plan(posts: Sequence[Post], channels: Sequence[Channel], rule: str, **more: Any) -> Plan:
    start = datetime.fromisoformat(more.pop("start", "2026-11-23T09:00"))
    return Plan(parse(rule), start, more.pop("zone", BERLIN), list(posts), list(channels), **more)


@pytest.fixture
def begin(workspace: Workspace, ada: User, new_post: Callable[..., Post], folder: Channel) -> Begin:
    def begin(rule: str = "FREQ=WEEKLY", posts: Sequence[Post] = (), now: datetime = MONDAY, **more: Any) -> Series:
        channels = more.pop("channels", [folder])
        wanted = plan(posts or [new_post()], channels, rule, **more)
        return changing.begin(workspace, "Notes", wanted, now, ada)

    return begin


def walls(series: Series, *status: str) -> list[str]:
    rows = Delivery.objects.filter(occurrence__in=series.occurrences.values("pk"))
    return [row.wall_time for row in rows.filter(status__in=status or [Status.SCHEDULED]).order_by("due_at", "pk")]


def test_a_series_has_its_dates_for_two_months_as_ordinary_deliveries(begin: Begin, ada: User) -> None:
    series = begin("FREQ=WEEKLY")
    assert walls(series)[:3] == ["2026-11-23T09:00", "2026-11-30T09:00", "2026-12-07T09:00"]
    assert walls(series)[-1] == "2027-01-18T09:00"
    first = Delivery.objects.order_by("due_at")[0]
    assert (first.due_at, first.zone, first.created_by) == (at("2026-11-23T08:00"), "Europe/Berlin", ada)
    assert first.late_after is not None
    assert first.late_after > first.due_at


def test_what_comes_rarely_has_its_next_two_dates_at_least(begin: Begin) -> None:
    assert walls(begin("FREQ=YEARLY")) == ["2026-11-23T09:00", "2027-11-23T09:00"]


def test_posts_take_turns(begin: Begin, new_post: Callable[..., Post]) -> None:
    one, two, three = (new_post(title=title) for title in ("One", "Two", "Three"))
    series = begin("FREQ=WEEKLY;COUNT=5", [one, two, three])
    turns = [row.post for row in series.occurrences.order_by("due_at")]
    assert turns == [one, two, three, one, two]


def test_every_day_the_next_date_is_added_and_nothing_else(begin: Begin) -> None:
    series = begin("FREQ=DAILY")
    before = set(Delivery.objects.values_list("pk", flat=True))
    assert making.make_ahead(MONDAY + timedelta(hours=23)) == 0
    assert making.make_ahead(MONDAY + timedelta(days=1)) == 1
    assert making.make_ahead(MONDAY + timedelta(days=1)) == 0
    assert before < set(Delivery.objects.values_list("pk", flat=True))
    assert walls(series)[-1] == "2027-01-22T09:00"


def test_a_series_ends_by_itself_when_its_last_date_is_over(begin: Begin) -> None:
    series = begin("FREQ=DAILY;COUNT=2")
    making.make_ahead(at("2026-11-24T07:30"))
    series.refresh_from_db()
    assert series.status == Series.Status.ACTIVE
    making.make_ahead(at("2026-11-25T08:30"))
    series.refresh_from_db()
    assert (series.status, len(walls(series))) == (Series.Status.ENDED, 2)


def test_each_date_is_published_once(
    street: Street, begin: Begin, dev: Channel, clock: MovableClock, new_post: Callable[..., Post]
) -> None:
    now = clock()
    start = (now + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")
    posts = [new_post(title=title) for title in ("One", "Two", "Three")]
    series = begin("FREQ=DAILY", posts, channels=[dev], start=start, zone=ZoneInfo("UTC"), now=now)
    for _ in range(3):
        clock.move(minutes=6)
        making.make_ahead(clock())
        publishing.drain(clock)
        clock.move(hours=23, minutes=54)
    published = Delivery.objects.filter(status=Status.PUBLISHED)
    assert len(published) == 3
    assert [street.public(delivery) for delivery in published] == [1, 1, 1]
    assert len({delivery.occurrence for delivery in published}) == 3
    assert series.occurrences.count() == 60 + 3


# --- people change their minds ---------------------------------------------------------------------------------------


def test_a_skipped_date_is_left_out_and_the_turns_of_the_others_stay(
    begin: Begin, new_post: Callable[..., Post]
) -> None:
    one, two = new_post(title="One"), new_post(title="Two")
    series = begin("FREQ=WEEKLY;COUNT=3", [one, two])
    first, second, third = series.occurrences.order_by("due_at")
    changing.skip(first, MONDAY)
    assert walls(series) == ["2026-11-30T09:00", "2026-12-07T09:00"]
    assert (second.post, third.post) == (two, one)
    changing.take_back_skip(first, MONDAY)
    assert walls(series) == ["2026-11-23T09:00", "2026-11-30T09:00", "2026-12-07T09:00"]


def test_a_skipped_date_stays_skipped_however_often_a_worker_looks(begin: Begin) -> None:
    series = begin("FREQ=DAILY")
    changing.skip(series.occurrences.order_by("due_at")[1], MONDAY)
    for day in (1, 2, 3):
        making.make_ahead(MONDAY + timedelta(days=day))
    assert "2026-11-24T09:00" not in walls(series)
    assert "2026-11-25T09:00" in walls(series)


def test_what_a_person_cancelled_is_not_made_again(begin: Begin) -> None:
    series = begin("FREQ=DAILY")
    delivery = Delivery.objects.order_by("due_at")[2]
    scheduling.cancel(delivery)
    making.make_ahead(MONDAY + timedelta(days=1))
    assert delivery.wall_time not in walls(series)


def test_one_date_is_moved_and_the_rule_does_not_move_it_back(begin: Begin) -> None:
    series = begin("FREQ=WEEKLY")
    row = series.occurrences.order_by("due_at")[1]
    changing.move(row, moment_of(datetime(2026, 12, 1, 17, 30), BERLIN), MONDAY)
    for day in range(1, 14):
        making.make_ahead(MONDAY + timedelta(days=day))
    assert walls(series)[:3] == ["2026-11-23T09:00", "2026-12-01T17:30", "2026-12-07T09:00"]
    assert len(walls(series)) == len(set(walls(series)))


def test_a_date_that_was_moved_to_an_earlier_day_does_not_come_a_second_time(
    begin: Begin, street: Street, clock: MovableClock
) -> None:
    series = begin("FREQ=WEEKLY")
    row = series.occurrences.order_by("due_at")[1]
    changing.move(row, moment_of(datetime(2026, 11, 28, 9), BERLIN), MONDAY)
    making.make_ahead(at("2026-11-29T07:00"))
    assert walls(series)[:3] == ["2026-11-23T09:00", "2026-11-28T09:00", "2026-12-07T09:00"]


def test_what_falls_into_a_pause_is_left_out_and_the_rest_goes_on(begin: Begin) -> None:
    series = begin("FREQ=DAILY")
    changing.pause(series, MONDAY)
    assert walls(series) == []
    assert making.make_ahead(MONDAY + timedelta(days=2)) == 0
    changing.resume(series, at("2026-11-26T12:00"))
    assert walls(series)[:2] == ["2026-11-27T09:00", "2026-11-28T09:00"]
    over = series.occurrences.filter(due_at__lt=at("2026-11-26T12:00"))
    assert {row.left_out for row in over} == {"pause"}
    assert len(over) == 4


def test_a_pause_over_the_change_of_the_clocks_leaves_nine_at_nine(begin: Begin) -> None:
    series = begin("FREQ=WEEKLY;BYDAY=SU", start="2027-03-14T09:00", now=at("2027-03-10T07:00"))
    changing.pause(series, at("2027-03-20T07:00"))
    changing.resume(series, at("2027-04-01T07:00"))
    first = Delivery.objects.filter(status=Status.SCHEDULED, due_at__gt=at("2027-04-01T07:00")).order_by("due_at")[0]
    assert (first.wall_time, first.due_at) == ("2027-04-04T09:00", at("2027-04-04T07:00"))
    assert walls(series)[0] == "2027-03-14T09:00"


def test_an_ended_series_takes_back_what_is_ahead_and_cannot_go_on(begin: Begin) -> None:
    series = begin("FREQ=DAILY")
    changing.end(series, MONDAY)
    assert walls(series) == []
    with pytest.raises(Refused, match="has ended"):
        changing.resume(series, MONDAY)


def test_another_rule_changes_only_what_is_ahead_and_has_not_begun(
    begin: Begin, street: Street, new_post: Callable[..., Post], folder: Channel
) -> None:
    post = new_post()
    series = begin("FREQ=WEEKLY;BYDAY=MO,TH", [post])
    going = Delivery.objects.order_by("due_at")[0]
    Delivery.objects.filter(pk=going.pk).update(status=Status.PUBLISHED, remote_id="1", number=1)
    skipped = series.occurrences.get(original="2026-12-07T09:00")
    now = at("2026-11-23T12:00")
    changing.skip(skipped, now)
    new = plan([post], [folder], "FREQ=WEEKLY;BYDAY=MO,WE")
    told = changing.difference(series, new, now)
    assert [row.original for row in told.goes][:2] == ["2026-11-26T09:00", "2026-12-03T09:00"]
    assert [date.original for date in told.comes][:2] == ["2026-11-25T09:00", "2026-12-02T09:00"]
    changing.change(series, "Notes", new, now)
    assert walls(series)[:3] == ["2026-11-25T09:00", "2026-11-30T09:00", "2026-12-02T09:00"]
    assert walls(series, Status.PUBLISHED) == ["2026-11-23T09:00"]
    assert "2026-12-07T09:00" not in walls(series)
    assert len(walls(series)) == len(set(walls(series)))


def test_another_time_of_day_moves_every_date_that_is_ahead(begin: Begin, new_post: Any, folder: Channel) -> None:
    post = new_post()
    series = begin("FREQ=WEEKLY", [post])
    changing.change(series, "Notes", plan([post], [folder], "FREQ=WEEKLY", start="2026-11-23T10:30"), MONDAY)
    assert walls(series)[:2] == ["2026-11-23T10:30", "2026-11-30T10:30"]


def test_another_zone_keeps_the_wall_times_and_moves_the_moments(begin: Begin, new_post: Any, folder: Channel) -> None:
    post = new_post()
    series = begin("FREQ=WEEKLY", [post])
    tokyo = plan([post], [folder], "FREQ=WEEKLY", zone=ZoneInfo("Asia/Tokyo"), start="2026-11-23T09:00")
    changing.change(series, "Notes", tokyo, MONDAY)
    first = Delivery.objects.filter(status=Status.SCHEDULED).order_by("due_at")[0]
    assert (first.wall_time, first.due_at) == ("2026-11-30T09:00", at("2026-11-30T00:00"))
    assert len(walls(series)) == len(set(walls(series)))


def test_who_saves_on_top_of_somebody_elses_change_is_told(begin: Begin, new_post: Any, folder: Channel) -> None:
    post = new_post()
    series = begin("FREQ=WEEKLY", [post])
    new = plan([post], [folder], "FREQ=DAILY")
    changing.change(Series.objects.get(pk=series.pk), "Notes", new, MONDAY)
    with pytest.raises(Refused, match="Somebody else changed"):
        changing.change(series, "Mine", new, MONDAY)


def test_another_channel_gets_what_is_ahead_and_the_old_one_nothing_more(
    begin: Begin, new_post: Any, folder: Channel, new_channel: Any
) -> None:
    post, other = new_post(), new_channel("folder")
    series = begin("FREQ=WEEKLY;COUNT=3", [post])
    changing.change(series, "Notes", plan([post], [other], "FREQ=WEEKLY;COUNT=3"), MONDAY)
    waiting = Delivery.objects.filter(status=Status.SCHEDULED)
    assert [delivery.channel for delivery in waiting] == [other] * 3


def test_other_options_hold_for_what_is_ahead(begin: Begin, new_post: Any, dev: Channel) -> None:
    post = new_post()
    series = begin("FREQ=WEEKLY", [post], channels=[dev])
    wished = {"organization_id": 7}
    changing.change(series, "Notes", plan([post], [dev], "FREQ=WEEKLY", options={dev.pk: wished}), MONDAY)
    assert [delivery.options for delivery in Delivery.objects.filter(status=Status.SCHEDULED)] == [wished] * 9


# --- nouns that go ---------------------------------------------------------------------------------------------------


def test_without_a_post_a_series_rests_and_its_author_hears_of_it(begin: Begin, new_post: Any, ada: User) -> None:
    post = new_post()
    series = begin("FREQ=DAILY;COUNT=1", [post])
    for delivery in Delivery.objects.all():
        scheduling.cancel(delivery)
    post.delete()
    making.make_ahead(MONDAY + timedelta(days=1))
    series.refresh_from_db()
    assert (series.status, series.problem) == (Series.Status.PAUSED, making.NO_POSTS)
    assert "Notes" in Mail.objects.get(event__startswith=f"series:{series.pk}:").subject


def test_a_removed_channel_is_left_out_and_the_others_go_on(
    begin: Begin, folder: Channel, new_channel: Any, new_post: Any
) -> None:
    other = new_channel("folder")
    series = begin("FREQ=DAILY", channels=[folder, other])
    connecting.disconnect(other)
    assert making.make_ahead(MONDAY + timedelta(days=1)) == 1
    assert len(walls(series)) == series.occurrences.count()


def test_one_series_that_cannot_be_read_does_not_stop_the_others(begin: Begin, caplog: Any) -> None:
    broken, well = begin("FREQ=DAILY"), begin("FREQ=DAILY")
    Series.objects.filter(pk=broken.pk).update(zone="Nowhere/Land")
    assert making.make_ahead(MONDAY + timedelta(days=1)) == 1
    assert f"series {broken.pk}" in caplog.text
    assert len(walls(well)) == 61


# --- the same thing twice --------------------------------------------------------------------------------------------


def test_what_a_platform_takes_once_cannot_come_again_and_the_author_hears_where_and_why(
    begin: Begin, dev: Channel, new_post: Any
) -> None:
    post = new_post(title="Notes", canonical_url="https://ada.example/notes")
    with pytest.raises(Refused, match="devto 2: DEV takes each canonical URL once, and “Notes”"):
        begin("FREQ=WEEKLY", [post], channels=[dev])
    variant = new_post(title="Again", canonical_url="https://ada.example/notes")
    with pytest.raises(Refused, match=r"“Again”.* would come again"):
        begin("FREQ=WEEKLY;COUNT=2", [post, variant], channels=[dev])
    other = new_post(title="Other", canonical_url="https://ada.example/other")
    assert walls(begin("FREQ=WEEKLY;COUNT=2", [post, other], channels=[dev])) == [
        "2026-11-23T09:00", "2026-11-30T09:00",
    ]  # fmt: skip


def test_what_became_a_repetition_since_is_not_made_and_its_author_is_told_once(
    begin: Begin, dev: Channel, new_post: Any
) -> None:
    post = new_post(title="Notes")
    series = begin("FREQ=DAILY", [post], channels=[dev])
    Post.objects.filter(pk=post.pk).update(canonical_url="https://ada.example/notes")
    before = len(walls(series))
    assert making.make_ahead(MONDAY + timedelta(days=1)) == 0
    assert making.make_ahead(MONDAY + timedelta(days=1, hours=1)) == 0
    assert len(walls(series)) == before
    [mail] = Mail.objects.filter(event__startswith=f"series:{series.pk}:")
    assert "takes each canonical URL once" in mail.text


# --- after an outage -------------------------------------------------------------------------------------------------


def test_after_a_month_without_a_worker_only_the_last_date_is_offered_and_the_others_are_told(
    begin: Begin, ada: User
) -> None:
    series = begin("FREQ=DAILY")
    back = MONDAY + timedelta(days=30)
    lateness.catch_up(back)
    assert walls(series, Status.MISSED) == ["2026-12-22T09:00"]
    assert len(walls(series, Status.CANCELLED)) == 29
    [mail] = Mail.objects.filter(event__startswith="late:")
    assert "LEFT OUT" in mail.text
    assert mail.user == ada


def test_within_a_long_grace_one_goes_out_and_not_thirty(begin: Begin, workspace: Workspace) -> None:
    workspace.grace, workspace.when_late = timedelta(days=90), WhenLate.PUBLISH
    workspace.save()
    series = begin("FREQ=DAILY")
    lateness.catch_up(MONDAY + timedelta(days=30))
    overdue = [wall for wall in walls(series) if wall < "2026-12-23T08:00"]
    assert overdue == ["2026-12-22T09:00"]


def test_after_half_a_year_without_a_worker_it_is_the_same(begin: Begin) -> None:
    series = begin("FREQ=DAILY")
    back = MONDAY + timedelta(days=180, hours=-1)
    lateness.catch_up(back)
    making.make_ahead(back)
    lateness.miss_late(back)
    missed = walls(series, Status.MISSED)
    assert missed[-1] == "2027-05-21T09:00"
    assert len(missed) <= 2  # the last of what had been made, and the last of all
    left_out = series.occurrences.filter(left_out=Occurrence.LeftOut.MISSED)
    assert len(left_out) == 180 - 60 - 1
    ahead = [row.wall_time for row in series.occurrences.filter(due_at__gt=back).order_by("due_at")]
    assert ahead[0] == "2027-05-22T09:00"
