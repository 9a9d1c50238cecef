"""On which days, at which moments: months that are too short, weeks over new year, nights when the clocks change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as some

from posts.planning import zonelaws
from posts.planning.moments import WALL, NoSuchTime, moment_of
from posts.planning.recurring import rules
from posts.planning.recurring.dating import Date, coming, date_of, exported, next_dates
from posts.planning.recurring.rules import UNITS, WEEKDAYS, BadRule, Rule, parse

ALL_ZONES = sorted(available_timezones() - {"localtime"})


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def days(rule: str, start: str, number: int = 4) -> list[str]:
    return [f"{date:%Y-%m-%d}" for date in rules.first(parse(rule), wall(start), number)]


# --- which days ------------------------------------------------------------------------------------------------------

TABLE = {
    "the 31st leaves out shorter months": (
        "FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31T09:00", ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]),
    "the last day is in every month": (
        "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T09:00", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
    "the 30th, or the last day of February": (
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "2027-12-30T09:00",
        ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"]),
    "monthly without a day takes the start's, and leaves out": (
        "FREQ=MONTHLY", "2026-10-31T09:00", ["2026-10-31", "2026-12-31", "2027-01-31", "2027-03-31"]),
    "29 February comes in leap years": (
        "FREQ=YEARLY", "2024-02-29T09:00", ["2024-02-29", "2028-02-29", "2032-02-29", "2036-02-29"]),
    "29 February does not come in 2100": (
        "FREQ=YEARLY", "2096-02-29T09:00", ["2096-02-29", "2104-02-29", "2108-02-29", "2112-02-29"]),
    "the last of February in every year": (
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2026-02-01T09:00",
        ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]),
    "the last Friday": (
        "FREQ=MONTHLY;BYDAY=-1FR", "2026-11-01T09:00", ["2026-11-27", "2026-12-25", "2027-01-29", "2027-02-26"]),
    "the fifth Monday, where there is one": (
        "FREQ=MONTHLY;BYDAY=5MO", "2026-11-01T09:00", ["2026-11-30", "2027-03-29", "2027-05-31", "2027-08-30"]),
    "the second Tuesday": (
        "FREQ=MONTHLY;BYDAY=2TU", "2026-11-01T09:00", ["2026-11-10", "2026-12-08", "2027-01-12", "2027-02-09"]),
    "the last working day": (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-01T09:00",
        ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30"]),
    "Friday the 13th": (
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-01-01T09:00",
        ["2026-02-13", "2026-03-13", "2026-11-13", "2027-08-13"]),
    "every second week over new year": (
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "2026-12-14T09:00",
        ["2026-12-14", "2026-12-17", "2026-12-28", "2026-12-31", "2027-01-11", "2027-01-14"]),
    "every second week over a year of 53 weeks": (
        "FREQ=WEEKLY;INTERVAL=2", "2026-12-25T09:00", ["2026-12-25", "2027-01-08", "2027-01-22", "2027-02-05"]),
    "weeks that begin on Monday": (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05T09:00",
        ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]),
    "weeks that begin on Sunday": (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05T09:00",
        ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"]),
    "a start that does not fit is no date": (
        "FREQ=WEEKLY;BYDAY=FR", "2026-11-23T09:00", ["2026-11-27", "2026-12-04", "2026-12-11", "2026-12-18"]),
    "it ends after a number of times": (
        "FREQ=DAILY;INTERVAL=3;COUNT=3", "2026-11-23T09:00", ["2026-11-23", "2026-11-26", "2026-11-29"]),
    "the last day still counts": (
        "FREQ=DAILY;UNTIL=20261125", "2026-11-23T21:00", ["2026-11-23", "2026-11-24", "2026-11-25"]),
    "a last moment before the hour does not": (
        "FREQ=DAILY;UNTIL=20261125T200000Z", "2026-11-23T21:00", ["2026-11-23", "2026-11-24"]),
    "every quarter on the last day": (
        "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1", "2026-11-30T09:00",
        ["2026-11-30", "2027-02-28", "2027-05-31", "2027-08-31"]),
    "the last Sunday of March and October": (
        "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU", "2026-01-01T09:00",
        ["2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31"]),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_days_of_a_rule(case: str) -> None:
    rule, start, expected = TABLE[case]
    assert days(rule, start, len(expected) + (1 if "COUNT" in rule or "UNTIL" in rule else 0)) == expected


@pytest.mark.parametrize("case", TABLE)
def test_a_rule_says_in_text_what_it_is(case: str) -> None:
    rule = parse(TABLE[case][0])
    assert parse(f"RRULE:{rule}") == rule


def test_what_was_before_is_passed_over_and_a_number_of_times_still_counts_from_the_start() -> None:
    start = wall("2026-11-23T09:00")
    assert rules.first(parse("FREQ=DAILY;COUNT=5"), start, 9, after=wall("2026-11-25T09:00")) == [
        wall("2026-11-26T09:00"), wall("2026-11-27T09:00"),
    ]  # fmt: skip
    assert rules.first(parse("FREQ=WEEKLY;INTERVAL=2"), start, 1, after=wall("2036-11-23T09:00")) == [
        wall("2036-11-24T09:00")
    ]


numbers = some.integers(1, 5)


@some.composite
def written(draw: some.DrawFn) -> str:
    """Rules of the kind that two readers of iCalendar agree on."""
    freq = draw(some.sampled_from(sorted(UNITS)))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(numbers)}"]
    months = draw(some.lists(some.integers(1, 12), max_size=3, unique=True))
    if months:
        parts.append("BYMONTH=" + ",".join(map(str, months)))
    chosen = draw(some.sampled_from(["", "monthday", "weekday", "both"]))
    if chosen in ("monthday", "both") and freq != "WEEKLY":
        each = draw(some.lists(some.integers(-3, 31).filter(bool), min_size=1, max_size=3, unique=True))
        parts.append("BYMONTHDAY=" + ",".join(map(str, each)))
    if chosen in ("weekday", "both"):
        names = draw(some.lists(some.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True))
        nth = draw(some.sampled_from(["1", "-1", "3"])) if freq == "MONTHLY" and chosen == "weekday" else ""
        parts.append("BYDAY=" + ",".join(nth + name for name in names))
    if draw(some.booleans()):
        parts.append(f"COUNT={draw(some.integers(1, 20))}")
    if draw(some.booleans()):
        parts.append("WKST=SU")
    return ";".join(parts)


@settings(max_examples=300, deadline=None)
@given(written(), some.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31)))
def test_the_days_are_those_that_another_reader_of_the_standard_finds(text: str, begun: datetime) -> None:
    start = begun.replace(hour=9, minute=0, second=0, microsecond=0)
    mine = rules.first(parse(text), start, 8)
    assume(mine)  # a rule without dates keeps the other one busy for seconds
    assert mine == list(islice(rrulestr(text, dtstart=start), len(mine)))


# --- rules that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write a rule like"),
        ("every monday", "Write a rule like"),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "more often than daily"),
        ("FREQ=HOURLY", "more often than daily"),
        ("FREQ=DAILY;BYHOUR=1,2,3", "BYHOUR cannot be used"),
        ("FREQ=YEARLY;BYEASTER=1", "BYEASTER cannot be used"),
        ("FREQ=DAILY;FREQ=DAILY", "stands twice"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a number from 1 to 366"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL is a number"),
        ("FREQ=DAILY;COUNT=1000000", "COUNT is a number from 1 to 1000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20271231", "not both"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL is a day"),
        ("FREQ=WEEKLY;BYDAY=1MO", "needs FREQ=MONTHLY"),
        ("FREQ=YEARLY;BYDAY=1MO", "Which month"),
        ("FREQ=WEEKLY;BYMONTHDAY=13", "no days of the month"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY names days"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY is a number"),
        ("FREQ=MONTHLY;BYMONTHDAY=٣", "BYMONTHDAY is a number"),
        ("FREQ=DAILY;" + "BYDAY=MO," * 200, "characters long"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no day that exists"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no day that exists"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "no day that exists"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "no day that exists"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=5", "no day that exists"),
        ("FREQ=DAILY;UNTIL=20200101", "ends before it begins"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused_at_once_with_the_reason(text: str, said: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(BadRule, match=said):
        rules.checked_from(parse(text), wall("2027-02-23T09:00"))
    assert time.perf_counter() - begun < 0.25  # usually a few milliseconds


@given(some.text(max_size=400))
@example("RRULE:")
@example("FREQ=MONTHLY;BYDAY=")
@example("freq=daily;interval=２")
def test_whatever_is_written_is_a_rule_or_a_sentence(text: str) -> None:
    rule = rule_or_sentence(text)
    if isinstance(rule, str):
        assert rule.endswith(".")
    else:
        assert parse(str(rule)) == rule


def rule_or_sentence(text: str) -> Rule | str:
    try:
        return parse(text)
    except BadRule as error:
        return str(error)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FREQ=DAILY", "Every day at 09:00"),
        ("FREQ=WEEKLY", "Every week on Monday at 09:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=10", "Every 2 weeks on Monday and Thursday at 09:00, 10 times"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "Every month on the last Friday at 09:00"),
        ("FREQ=MONTHLY;BYDAY=2TU;UNTIL=20271231", "Every month on the 2nd Tuesday at 09:00, until 31 December 2027"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "Every month on the last day at 09:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "Every month on day 31 at 09:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
         "Every month on day 30, or the last day of a shorter month at 09:00"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "Every month on the last working day at 09:00"),
        ("FREQ=YEARLY", "Every year on day 23 in November at 09:00"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every day on working days at 09:00"),
    ],
)  # fmt: skip
def test_a_rule_in_words(text: str, words: str) -> None:
    assert rules.in_words(parse(text), wall("2026-11-23T09:00")) == words


# --- which moments ---------------------------------------------------------------------------------------------------


def moments(rule: str, start: str, zone: str, number: int = 3) -> list[tuple[str, str]]:
    """The wall time and the moment in UTC of each date; "" where there is none."""
    after = wall(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(days=1)
    found = next_dates(parse(rule), wall(start), ZoneInfo(zone), after, number)
    return [
        (date.moment.wall_time, f"{date.moment.due_at:%d %H:%M}") if date.moment else (date.original, "")
        for date in found
    ]


CLOCKS = {
    "nine stays nine over both changes in Berlin, in spring": (
        "FREQ=DAILY", "2027-03-27T09:00", "Europe/Berlin",
        [("2027-03-27T09:00", "27 08:00"), ("2027-03-28T09:00", "28 07:00"), ("2027-03-29T09:00", "29 07:00")]),
    "and in autumn": (
        "FREQ=DAILY", "2027-10-30T09:00", "Europe/Berlin",
        [("2027-10-30T09:00", "30 07:00"), ("2027-10-31T09:00", "31 08:00"), ("2027-11-01T09:00", "01 08:00")]),
    "in the gap of Berlin it goes out right after it": (
        "FREQ=DAILY", "2027-03-27T02:30", "Europe/Berlin",
        [("2027-03-27T02:30", "27 01:30"), ("2027-03-28T03:30", "28 01:30"), ("2027-03-29T02:30", "29 00:30")]),
    "in the overlap of Berlin the first is meant": (
        "FREQ=DAILY", "2027-10-30T02:30", "Europe/Berlin",
        [("2027-10-30T02:30", "30 00:30"), ("2027-10-31T02:30", "31 00:30"), ("2027-11-01T02:30", "01 01:30")]),
    "the gap of New York": (
        "FREQ=DAILY", "2027-03-13T02:15", "America/New_York",
        [("2027-03-13T02:15", "13 07:15"), ("2027-03-14T03:15", "14 07:15"), ("2027-03-15T02:15", "15 06:15")]),
    "the overlap of New York": (
        "FREQ=DAILY", "2027-11-07T01:30", "America/New_York",
        [("2027-11-07T01:30", "07 05:30"), ("2027-11-08T01:30", "08 06:30"), ("2027-11-09T01:30", "09 06:30")]),
    "the gap of Sydney, in its spring": (
        "FREQ=DAILY", "2027-10-02T02:30", "Australia/Sydney",
        [("2027-10-02T02:30", "01 16:30"), ("2027-10-03T03:30", "02 16:30"), ("2027-10-04T02:30", "03 15:30")]),
    "the overlap of Sydney, in its autumn": (
        "FREQ=DAILY", "2027-04-03T02:30", "Australia/Sydney",
        [("2027-04-03T02:30", "02 15:30"), ("2027-04-04T02:30", "03 15:30"), ("2027-04-05T02:30", "04 16:30")]),
    "the gap of half an hour on Lord Howe": (
        "FREQ=DAILY", "2027-10-02T02:15", "Australia/Lord_Howe",
        [("2027-10-02T02:15", "01 15:45"), ("2027-10-03T02:45", "02 15:45"), ("2027-10-04T02:15", "03 15:15")]),
    "the overlap of half an hour on Lord Howe": (
        "FREQ=DAILY", "2027-04-04T01:45", "Australia/Lord_Howe",
        [("2027-04-04T01:45", "03 14:45"), ("2027-04-05T01:45", "04 15:15"), ("2027-04-06T01:45", "05 15:15")]),
    "midnight does not exist in Beirut": (
        "FREQ=DAILY", "2027-03-27T00:00", "Asia/Beirut",
        [("2027-03-27T00:00", "26 22:00"), ("2027-03-28T01:00", "27 22:00"), ("2027-03-29T00:00", "28 21:00")]),
    "a day that was left out altogether": (
        "FREQ=DAILY", "2011-12-29T09:00", "Pacific/Apia",
        [("2011-12-29T09:00", "29 19:00"), ("2011-12-30T09:00", ""), ("2011-12-31T09:00", "30 19:00")]),
    "weekly over the left-out day": (
        "FREQ=WEEKLY", "2011-12-23T09:00", "Pacific/Apia",
        [("2011-12-23T09:00", "23 19:00"), ("2011-12-30T09:00", ""), ("2012-01-06T09:00", "05 19:00")]),
    "the last Sunday of March is the night of the change": (
        "FREQ=MONTHLY;BYDAY=-1SU", "2027-02-28T02:00", "Europe/Berlin",
        [("2027-02-28T02:00", "28 01:00"), ("2027-03-28T03:00", "28 01:00"), ("2027-04-25T02:00", "25 00:00")]),
    "in Casablanca the clocks go back for Ramadan": (
        "FREQ=DAILY", "2026-02-14T09:00", "Africa/Casablanca",
        [("2026-02-14T09:00", "14 08:00"), ("2026-02-15T09:00", "15 09:00"), ("2026-02-16T09:00", "16 09:00")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CLOCKS)
def test_the_moments_of_a_rule(case: str) -> None:
    rule, start, zone, expected = CLOCKS[case]
    assert moments(rule, start, zone, len(expected)) == expected


def test_what_the_clocks_do_to_a_date_is_told_with_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert "does not exist on 28 March 2027" in date_of(wall("2027-03-28T02:30"), berlin).note
    assert "it goes out at 03:30" in date_of(wall("2027-03-28T02:30"), berlin).note
    assert "comes twice" in date_of(wall("2027-10-31T02:30"), berlin).note
    assert (
        "There is no 30 December 2011 in Pacific/Apia"
        in date_of(wall("2011-12-30T09:00"), ZoneInfo("Pacific/Apia")).note
    )
    assert date_of(wall("2027-03-28T09:00"), berlin).note == ""


def test_another_calendar_reads_the_rule_with_its_end_in_utc() -> None:
    text = exported(parse("FREQ=DAILY;UNTIL=20271231"), wall("2026-11-23T09:00"), ZoneInfo("Europe/Berlin"))
    assert text == "DTSTART;TZID=Europe/Berlin:20261123T090000\nRRULE:FREQ=DAILY;UNTIL=20271231T225959Z"
    assert parse(text.splitlines()[1], ZoneInfo("Europe/Berlin")) == parse("FREQ=DAILY;UNTIL=20271231")


# --- every zone there is ---------------------------------------------------------------------------------------------


def changes_of(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    """The moments, to the minute, at which the clocks of a zone are changed in a year."""
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        later = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            low, high = at, later
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            yield high.replace(second=0, microsecond=0)
        at = later


@pytest.mark.parametrize("name", ALL_ZONES)
def test_in_every_zone_each_date_around_each_change_is_one_moment_that_reads_as_told(name: str) -> None:
    """Every quarter of an hour around each change of 2027: a round trip, or a gap or an overlap that is told."""
    zone = ZoneInfo(name)
    for change in changes_of(zone, 2027):
        local = change.astimezone(zone).replace(tzinfo=None, minute=0, second=0)
        for quarter in range(-12, 13):
            written = local + timedelta(minutes=15 * quarter)
            judge(date_of(written, zone), written, zone)


def judge(date: Date, written: datetime, zone: ZoneInfo) -> None:
    assert date.original == written.strftime(WALL)
    assert date.moment is not None
    back = date.moment.due_at.astimezone(zone).replace(tzinfo=None)
    assert back.strftime(WALL) == date.moment.wall_time
    twin = written.replace(tzinfo=zone, fold=1)
    twice = written.replace(tzinfo=zone).utcoffset() != twin.utcoffset()
    if back != written:
        assert timedelta() < back - written < timedelta(days=1)
        assert "set forward" in date.note
        with pytest.raises(NoSuchTime):
            moment_of(written, zone)
    elif twice:
        assert "comes twice" in date.note
        assert date.moment.due_at < twin.astimezone(UTC)
    else:
        assert date.note == ""


@settings(deadline=None, max_examples=400)
@given(some.sampled_from(ALL_ZONES), some.datetimes(datetime(1975, 1, 1), datetime(2037, 12, 1)), written())
@example("Pacific/Apia", datetime(2011, 12, 25), "FREQ=DAILY;INTERVAL=1")
@example("Australia/Lord_Howe", datetime(2027, 10, 1, 2, 15), "FREQ=DAILY;INTERVAL=1")
@example("Pacific/Kwajalein", datetime(1993, 8, 18, 9), "FREQ=DAILY;INTERVAL=1")
@example("Antarctica/Troll", datetime(2027, 3, 26, 2, 30), "FREQ=DAILY;INTERVAL=1")
def test_in_every_zone_dates_come_in_order_each_once_and_nine_stays_nine(name: str, begun: datetime, text: str) -> None:
    zone, start = ZoneInfo(name), begun.replace(second=0, microsecond=0)
    rule = parse(text)
    found = list(islice(coming(rule, start, zone, start.replace(tzinfo=UTC) - timedelta(days=3)), 12))
    at = [date.moment.due_at for date in found if date.moment]
    assert at == sorted(set(at))
    assert len({date.original for date in found}) == len(found)
    for date in found:
        if date.moment and not date.note:
            assert date.moment.wall_time == date.original
            assert f"{date.moment.due_at.astimezone(zone):%H:%M}" == f"{start:%H:%M}"


@pytest.mark.parametrize("name", ALL_ZONES)
def test_nine_in_the_morning_stays_nine_in_every_zone_through_a_year(name: str) -> None:
    zone = ZoneInfo(name)
    found = next_dates(Rule("DAILY"), wall("2027-01-01T09:00"), zone, datetime(2026, 12, 31, tzinfo=UTC), 366)
    assert {f"{date.moment.due_at.astimezone(zone):%H:%M}" for date in found if date.moment} == {"09:00"}
    assert len({date.moment.due_at for date in found if date.moment}) == 366


# --- a law that was changed ------------------------------------------------------------------------------------------


@pytest.fixture
def busingen_follows_london(tmp_path: Path) -> Iterator[None]:
    """As if the law had been changed: the clocks of Büsingen show the time of London."""
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Busingen").write_bytes(zonelaws.data_of("Europe/London"))
    reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache(only_keys=["Europe/Busingen"])
    yield
    reset_tzpath()
    ZoneInfo.clear_cache(only_keys=["Europe/Busingen"])


def test_dates_that_nobody_was_promised_yet_follow_a_new_law(busingen_follows_london: None) -> None:
    assert moments("FREQ=DAILY", "2027-03-27T09:00", "Europe/Busingen", 2) == [
        ("2027-03-27T09:00", "27 09:00"), ("2027-03-28T09:00", "28 08:00"),
    ]  # fmt: skip
