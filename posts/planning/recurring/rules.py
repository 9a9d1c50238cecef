"""The dates of a rule: a part of iCalendar's RRULE, in naive local time. Nothing here knows of zones or rows.

Only what a person can mean by "publish again": every n days, weeks, months or years, on weekdays, days of the month,
in months; at one time of the day. What is looked at is bounded, whatever the rule says: a rule without dates costs
milliseconds, not minutes.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice

DAILY, WEEKLY, MONTHLY, YEARLY = "DAILY", "WEEKLY", "MONTHLY", "YEARLY"
LONGEST = 300  # characters
MOST_INTERVAL = {DAILY: 366, WEEKLY: 104, MONTHLY: 60, YEARLY: 10}
MOST_COUNT = 1000
LAST_YEAR = 9000
# Years without a date after which there is none: 29 February is eight years away around 2100, with intervals longer.
PATIENCE = {DAILY: 12, WEEKLY: 12, MONTHLY: 50, YEARLY: 50}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS = {DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year"}


class BadRule(ValueError):
    """This is no rule, or none that we follow. ``str()`` is a sentence for whoever wrote it."""


@dataclass(frozen=True)
class Rule:
    """``weekdays`` are (which of the month, day of the week): (-1, 4) is the last Friday, (0, 4) every Friday."""

    freq: str = WEEKLY
    interval: int = 1
    weekdays: tuple[tuple[int, int], ...] = ()
    monthdays: tuple[int, ...] = ()  # 1 to 31, -1 is the last
    months: tuple[int, ...] = ()
    setpos: tuple[int, ...] = ()  # which of the period's days: -1 is the last of them
    count: int | None = None
    until: datetime | None = None  # naive, inclusive
    week_start: int = 0

    def __str__(self) -> str:
        """As RRULE's value; what is as always is left out."""
        parts = [f"FREQ={self.freq}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.months:
            parts.append("BYMONTH=" + ",".join(map(str, self.months)))
        if self.monthdays:
            parts.append("BYMONTHDAY=" + ",".join(map(str, self.monthdays)))
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(f"{nth or ''}{WEEKDAYS[day]}" for nth, day in self.weekdays))
        if self.setpos:
            parts.append("BYSETPOS=" + ",".join(map(str, self.setpos)))
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            pattern = "%Y%m%d" if self.until.time() == END_OF_DAY else "%Y%m%dT%H%M%S"
            parts.append(f"UNTIL={self.until.strftime(pattern)}")
        if self.week_start:
            parts.append(f"WKST={WEEKDAYS[self.week_start]}")
        return ";".join(parts)


END_OF_DAY = time(23, 59, 59)


# --- text in ---------------------------------------------------------------------------------------------------------


def parse(text: str, zone: tzinfo = UTC) -> Rule:
    """The rule that ``text`` says, with or without "RRULE:". ``zone``: for an end that is given in UTC.

    Raises BadRule with a sentence.
    """
    text = text.strip().upper()
    if len(text) > LONGEST:
        raise BadRule(f"This rule is {len(text)} characters long; {LONGEST} are plenty.")
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").rstrip(";").split(";"):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or not value:
            raise BadRule("Write a rule like FREQ=WEEKLY;BYDAY=MO,TH.")
        if name in parts:
            raise BadRule(f"{name} stands twice in this rule.")
        parts[name] = value
    if unknown := sorted(parts.keys() - KNOWN):
        raise BadRule(f"{', '.join(unknown)} cannot be used here. What can be: {', '.join(sorted(KNOWN))}.")
    freq = parts.get("FREQ", "")
    if freq not in UNITS:
        raise BadRule(
            "A rule begins with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY: more often than daily is not possible."
        )
    return checked(
        Rule(
            freq=freq,
            interval=_number("INTERVAL", parts.get("INTERVAL", "1"), 1, MOST_INTERVAL[freq]),
            weekdays=tuple(_weekday(word) for word in _list(parts, "BYDAY")),
            monthdays=tuple(_number("BYMONTHDAY", word, 1, 31, signed=True) for word in _list(parts, "BYMONTHDAY")),
            months=tuple(_number("BYMONTH", word, 1, 12) for word in _list(parts, "BYMONTH")),
            setpos=tuple(_number("BYSETPOS", word, 1, 31, signed=True) for word in _list(parts, "BYSETPOS")),
            count=_number("COUNT", parts["COUNT"], 1, MOST_COUNT) if "COUNT" in parts else None,
            until=_until(parts["UNTIL"], zone) if "UNTIL" in parts else None,
            week_start=_week_start(parts.get("WKST", "MO")),
        )
    )


KNOWN = {
    "FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT", "UNTIL", "WKST",
}  # fmt: skip


def checked(rule: Rule) -> Rule:
    """What fits together. Raises BadRule."""
    if rule.count is not None and rule.until is not None:
        raise BadRule("A rule ends after a number of times or on a day, not both: leave out COUNT or UNTIL.")
    if any(nth for nth, _ in rule.weekdays):
        if rule.freq not in (MONTHLY, YEARLY):
            raise BadRule("“The first Monday” needs FREQ=MONTHLY or YEARLY.")
        if rule.freq == YEARLY and not rule.months:
            raise BadRule("Which month? “The first Monday” of a year needs BYMONTH.")
    if rule.freq == WEEKLY and rule.monthdays:
        raise BadRule("A weekly rule has no days of the month: use FREQ=MONTHLY.")
    if rule.setpos and not (rule.weekdays or rule.monthdays):
        raise BadRule("BYSETPOS needs BYDAY or BYMONTHDAY, of which it chooses.")
    return rule


def _list(parts: dict[str, str], name: str) -> list[str]:
    words = parts[name].split(",") if name in parts else []
    if len(set(words)) != len(words):
        raise BadRule(f"{name} names the same twice.")
    return words


def _number(name: str, word: str, least: int, most: int, *, signed: bool = False) -> int:
    pattern = r"[+-]?[0-9]{1,4}" if signed else r"[0-9]{1,4}"
    number = int(word) if re.fullmatch(pattern, word) else 0
    if not least <= (abs(number) if signed else number) <= most:
        raise BadRule(
            f"{name} is a number from {least} to {most}" + (", or the same from the end, as -1." if signed else ".")
        )
    return number


def _weekday(word: str) -> tuple[int, int]:
    found = re.fullmatch(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", word)
    if not found:
        raise BadRule("BYDAY names days like MO, TU or 1MO (the first Monday), -1FR (the last Friday).")
    return int(found[1] or 0), WEEKDAYS.index(found[2])


def _week_start(word: str) -> int:
    if word not in WEEKDAYS:
        raise BadRule("WKST is the day on which weeks begin: MO or SU, for instance.")
    return WEEKDAYS.index(word)


def _until(word: str, zone: tzinfo) -> datetime:
    """The last moment, in local time. A day is meant with all its hours."""
    for pattern in ("%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"):
        try:
            found = datetime.strptime(word, pattern)
        except ValueError:
            continue
        if not 1970 <= found.year <= LAST_YEAR:
            break
        if pattern.endswith("Z"):
            return found.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
        return datetime.combine(found, END_OF_DAY) if pattern == "%Y%m%d" else found
    raise BadRule("UNTIL is a day like 20261231, or a moment like 20261231T170000Z.")


# --- dates out -------------------------------------------------------------------------------------------------------


def dates(rule: Rule, start: datetime, after: datetime | None = None) -> Iterator[datetime]:
    """The rule's dates from ``start`` on, of those that are later than ``after``; naive, in order, maybe endless.

    A start that does not fit into the rule is no date. The clock time is the start's.
    """
    rule = _filled_in(rule, start)
    left = rule.count
    # A number of times counts from the start; anything else may begin to look where it matters.
    begin = start if after is None or after < start or left is not None else after
    last_seen = begin.date()
    for first, days in _periods(rule, start.date(), begin.date()):
        if first.year > LAST_YEAR or first.year - last_seen.year > PATIENCE[rule.freq]:
            return
        if rule.until is not None and first > rule.until.date():
            return
        for day in _chosen(days, rule.setpos):
            at = datetime.combine(day, start.time())
            if at < start:
                continue
            if rule.until is not None and at > rule.until:
                return
            last_seen = day
            if after is None or at > after:
                yield at
            if left is not None:
                left -= 1
                if left == 0:
                    return


def first(rule: Rule, start: datetime, number: int, after: datetime | None = None) -> list[datetime]:
    return list(islice(dates(rule, start, after), number))


def checked_from(rule: Rule, start: datetime) -> Rule:
    """Raises BadRule when it has no date at all from there on."""
    if not first(rule, start, 1):
        if rule.until is not None and rule.until < start:
            raise BadRule("The series ends before it begins. Choose a later end.")
        raise BadRule("This rule names no day that exists: nothing would ever be published.")
    return rule


def _filled_in(rule: Rule, start: datetime) -> Rule:
    """With what the start says where the rule is silent."""
    changes: dict[str, tuple[object, ...]] = {}
    if not rule.weekdays and not rule.monthdays:
        if rule.freq == WEEKLY:
            changes["weekdays"] = ((0, start.weekday()),)
        elif rule.freq != DAILY:
            changes["monthdays"] = (start.day,)
            if rule.freq == YEARLY and not rule.months:
                changes["months"] = (start.month,)
    values = {each.name: getattr(rule, each.name) for each in fields(rule)}
    return Rule(**{**values, **changes})


def _periods(rule: Rule, start: date, begin: date) -> Iterator[tuple[date, list[date]]]:
    """Each day, week, month or year that counts, from the one that holds ``begin`` on: its first day, and the days
    in it that fit.
    """
    number = _number_of(rule, begin) - _number_of(rule, start)
    number -= number % rule.interval
    while True:
        try:
            days = _days(rule, start, number)
        except (OverflowError, ValueError):  # the calendar ends
            return
        yield days[0], [day for day in days if _fits(rule, day)]
        number += rule.interval


def _number_of(rule: Rule, day: date) -> int:
    """Counts the rule's periods: two days with the same number are in the same one."""
    if rule.freq == YEARLY:
        return day.year
    if rule.freq == MONTHLY:
        return day.year * 12 + day.month
    if rule.freq == WEEKLY:
        return (day.toordinal() - 1 - rule.week_start) // 7
    return day.toordinal()


def _days(rule: Rule, start: date, number: int) -> list[date]:
    """The days of the period that many periods after the one of ``start``; of a year only the months that count."""
    if rule.freq == DAILY:
        return [start + timedelta(days=number)]
    if rule.freq == WEEKLY:
        monday = start - timedelta(days=(start.weekday() - rule.week_start) % 7) + timedelta(weeks=number)
        return [monday + timedelta(days=step) for step in range(7)]
    if rule.freq == MONTHLY:
        year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
        return _month(year, month + 1)
    year = start.year + number
    return [day for month in sorted(rule.months) or range(1, 13) for day in _month(year, month)]


def _month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, calendar.monthrange(year, month)[1] + 1)]


def _fits(rule: Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if not rule.monthdays and not rule.weekdays:
        return True
    length = calendar.monthrange(day.year, day.month)[1]
    if rule.monthdays and day.day not in rule.monthdays and day.day - length - 1 not in rule.monthdays:
        return False
    if not rule.weekdays:
        return True
    which, from_end = (day.day + 6) // 7, -((length - day.day) // 7 + 1)
    return any(weekday == day.weekday() and nth in (0, which, from_end) for nth, weekday in rule.weekdays)


def _chosen(days: list[date], setpos: tuple[int, ...]) -> list[date]:
    if not setpos:
        return days
    places = {place - 1 if place > 0 else len(days) + place for place in setpos}
    return [day for index, day in enumerate(days) if index in places]


# --- in words --------------------------------------------------------------------------------------------------------


def in_words(rule: Rule, start: datetime) -> str:
    """ "Every 2 weeks on Monday and Thursday at 09:00, 10 times"."""
    rule = _filled_in(rule, start)
    unit = UNITS[rule.freq]
    every = f"Every {unit}" if rule.interval == 1 else f"Every {rule.interval} {unit}s"
    parts = [every]
    if days := _days_in_words(rule):
        parts.append(f"on {days}")
    if rule.months:
        parts.append("in " + _and([calendar.month_name[month] for month in sorted(rule.months)]))
    parts.append(f"at {start:%H:%M}")
    words = " ".join(parts)
    if rule.count is not None:
        words += ", once" if rule.count == 1 else f", {rule.count} times"
    elif rule.until is not None:
        words += f", until {rule.until:%-d %B %Y}"
    return words


WORKING_DAYS = tuple((0, day) for day in range(5))


def _days_in_words(rule: Rule) -> str:
    if rule.setpos == (-1,) and rule.weekdays == WORKING_DAYS and not rule.monthdays:
        return "the last working day"
    if rule.setpos == (-1,) and not rule.weekdays and rule.monthdays == tuple(range(28, max(rule.monthdays) + 1)):
        return f"day {max(rule.monthdays)}, or the last day of a shorter month"
    words = []
    if rule.weekdays == WORKING_DAYS:
        words.append("working days")
    elif rule.weekdays:
        words.append(
            _and([f"the {_nth(nth)} {DAY_NAMES[day]}" if nth else DAY_NAMES[day] for nth, day in rule.weekdays])
        )
    if rule.monthdays:
        days = [f"the {_nth(day)} day" if day < 0 else f"day {day}" for day in rule.monthdays]
        words.append((" when it is " if words else "") + _and(days))
    chosen = " ".join(words).replace("  ", " ")
    if rule.setpos:
        chosen = f"the {_and([_nth(place) for place in rule.setpos])} of {chosen}"
    return chosen


def _nth(number: int) -> str:
    if number == -1:
        return "last"
    if number < 0:
        return f"{_nth(-number)} last"
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 2 else words)
