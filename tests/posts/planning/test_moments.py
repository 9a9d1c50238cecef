"""A wall time in a zone is one instant, or none, or two: nights on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from posts.planning.moments import WALL, Moment, NoSuchTime, moment_at, moment_of

ZONES = [
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns",
    "America/Santiago", "America/Havana", "America/Nuuk", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Beirut",
    "Asia/Tehran", "Africa/Cairo", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia",
    "Pacific/Kiritimati", "Antarctica/Troll", "Etc/GMT+12",
]  # fmt: skip


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_nine_in_the_morning_in_berlin_is_another_instant_in_winter_and_in_summer() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert moment_of(wall("2026-01-15T09:00"), berlin).due_at == datetime(2026, 1, 15, 8, tzinfo=UTC)
    summer = moment_of(wall("2026-07-15T09:00"), berlin)
    assert summer.due_at == datetime(2026, 7, 15, 7, tzinfo=UTC)
    assert (summer.wall_time, summer.zone, summer.note) == ("2026-07-15T09:00", "Europe/Berlin", "")


@pytest.mark.parametrize(
    ("zone", "missing", "instead"),
    [
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T03:00"),
        ("Europe/Berlin", "2026-03-29T02:59", "2026-03-29T03:59"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T03:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T02:45"),  # by half an hour only
        ("Africa/Cairo", "2026-04-24T00:30", "2026-04-24T01:30"),  # there midnight itself is missing
    ],
)
def test_a_time_that_the_clocks_jump_over_is_refused_with_the_one_that_was_meant(
    zone: str, missing: str, instead: str
) -> None:
    with pytest.raises(NoSuchTime) as refusal:
        moment_of(wall(missing), ZoneInfo(zone))
    meant = refusal.value.instead
    assert meant is not None
    assert meant.strftime(WALL) == instead
    said = str(refusal.value)
    assert f"{missing[-5:]} does not exist" in said
    assert zone in said
    assert f"Choose {instead[-5:]}" in said
    assert moment_of(meant.replace(tzinfo=None), ZoneInfo(zone)).wall_time == instead


@pytest.mark.parametrize(
    ("zone", "there"),
    [
        ("Europe/Berlin", ["2026-03-29T01:59", "2026-03-29T03:00"]),
        ("America/New_York", ["2026-03-08T01:59", "2026-03-08T03:00"]),
        ("Australia/Lord_Howe", ["2026-10-04T01:59", "2026-10-04T02:30"]),
    ],
)
def test_the_last_minute_before_the_jump_and_the_first_after_it_are_a_minute_apart(zone: str, there: list[str]) -> None:
    before, after = (moment_of(wall(text), ZoneInfo(zone)).due_at for text in there)
    assert after - before == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zone", "twice", "first", "name"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30", "CEST (UTC+2)"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30", "EDT (UTC−4)"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45", "+11 (UTC+11)"),
        ("America/St_Johns", "2026-11-01T01:15", "2026-11-01T03:45", "NDT (UTC−2:30)"),
    ],
)
def test_a_time_that_comes_twice_is_the_first_and_ada_is_told(zone: str, twice: str, first: str, name: str) -> None:
    moment = moment_of(wall(twice), ZoneInfo(zone))
    assert moment.due_at == wall(first).replace(tzinfo=UTC)
    assert "comes twice" in moment.note
    assert name in moment.note


def test_whoever_means_the_second_of_two_says_so_by_the_instant() -> None:
    """The wall time cannot tell them apart; an instant can, and reads the same on the clock."""
    berlin = ZoneInfo("Europe/Berlin")
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    moment = moment_at(second, berlin)
    assert (moment.due_at, moment.wall_time) == (second, "2026-10-25T02:30")


def test_just_outside_of_the_doubled_hour_there_is_nothing_to_tell() -> None:
    for text in ("2026-10-25T01:59", "2026-10-25T03:00"):
        assert moment_of(wall(text), ZoneInfo("Europe/Berlin")).note == ""


def test_a_whole_day_that_a_country_skipped_does_not_exist() -> None:
    with pytest.raises(NoSuchTime, match="Choose 10:00 on 31 December 2011"):
        moment_of(wall("2011-12-30T10:00"), ZoneInfo("Pacific/Apia"))


@pytest.mark.parametrize(("text", "zone"), [("0001-01-01T00:00", "Asia/Tokyo"), ("9999-12-31T23:59", "America/Lima")])
def test_a_time_beyond_the_calendar_is_no_time_and_no_accident(text: str, zone: str) -> None:
    with pytest.raises(NoSuchTime, match=r"\.$"):
        moment_of(wall(text), ZoneInfo(zone))
    instant = wall(text).replace(tzinfo=ZoneInfo(zone))
    with pytest.raises(NoSuchTime):
        moment_at(instant, ZoneInfo("Etc/UTC"))


def moment_or_gap(written: datetime, zone: ZoneInfo) -> Moment | NoSuchTime:
    try:
        return moment_of(written, zone)
    except NoSuchTime as gap:
        return gap


minutes = some.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2037, 12, 31)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)


@given(minutes, some.sampled_from(ZONES))
@example(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")
@example(datetime(2026, 4, 5, 1, 45), "Australia/Lord_Howe")
@example(datetime(2026, 10, 4, 2, 15), "Australia/Lord_Howe")
@example(datetime(2011, 12, 30, 12, 0), "Pacific/Apia")
def test_what_ada_writes_is_what_the_clock_shows_at_that_instant_or_there_is_no_such_time(
    written: datetime, name: str
) -> None:
    zone = ZoneInfo(name)
    moment = moment_or_gap(written, zone)
    if isinstance(moment, NoSuchTime):
        assert moment.instead is not None
        assert moment.instead.replace(tzinfo=None) > written
        assert moment_of(moment.instead.replace(tzinfo=None), zone).due_at == moment.instead
        return
    assert moment.due_at.utcoffset() == timedelta()
    assert moment.due_at.astimezone(zone).replace(tzinfo=None) == written
    assert moment_at(moment.due_at, zone).wall_time == moment.wall_time == written.strftime(WALL)
    earlier = (moment.due_at - timedelta(minutes=step) for step in (30, 60, 120, 180))
    assert all(instant.astimezone(zone).replace(tzinfo=None) != written for instant in earlier), "not the first of two"


@given(minutes, some.sampled_from(ZONES))
@example(datetime(2026, 10, 25, 0, 30), "Europe/Berlin")
@example(datetime(2026, 10, 25, 1, 30), "Europe/Berlin")
def test_every_instant_reads_as_a_wall_time_that_leads_back_to_it_or_to_the_first_of_two(
    instant: datetime, name: str
) -> None:
    at = moment_at(instant.replace(tzinfo=UTC), ZoneInfo(name))
    again = moment_of(wall(at.wall_time), ZoneInfo(name))
    assert again.due_at == at.due_at or (again.due_at < at.due_at and again.note)
