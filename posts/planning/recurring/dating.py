"""The dates of a rule on the clocks of a zone: naive wall times become moments, and clock changes are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice

from posts.planning.moments import WALL, Moment, NoSuchTime, moment_of
from posts.planning.recurring import rules
from posts.planning.recurring.rules import Rule

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Date:
    """One date of a rule. ``moment`` is None where the zone left out the whole day; ``note`` says so."""

    original: str  # the rule's wall time: what the date is known by
    moment: Moment | None
    note: str = ""


def date_of(wall: datetime, zone: tzinfo) -> Date:
    """In a gap it goes out right after it, by as much as the clocks are set forward; of two, the first is meant."""
    original = wall.strftime(WALL)
    try:
        moment = moment_of(wall, zone)
    except NoSuchTime as gap:
        if gap.instead is None:
            return Date(original, None, str(gap))
        instead = gap.instead.replace(tzinfo=None)
        if instead - wall >= A_DAY:
            return Date(original, None, f"There is no {wall:%-d %B %Y} in {zone}: this date is left out.")
        note = (
            f"{wall:%H:%M} does not exist on {wall:%-d %B %Y} in {zone}, because the clocks are set forward: "
            f"it goes out at {instead:%H:%M}."
        )
        return Date(original, Moment(gap.instead.astimezone(UTC), instead.strftime(WALL), str(zone), note), note)
    return Date(original, moment, moment.note)


def coming(rule: Rule, start: datetime, zone: tzinfo, after: datetime) -> Iterator[Date]:
    """The dates whose moment is later than ``after``, an instant; maybe endless. Days left out come along."""
    local = after.astimezone(zone).replace(tzinfo=None)
    for wall in rules.dates(rule, start, local - 2 * A_DAY):
        date = date_of(wall, zone)
        if date.moment.due_at > after if date.moment else wall > local:
            yield date


def next_dates(rule: Rule, start: datetime, zone: tzinfo, after: datetime, number: int) -> list[Date]:
    return list(islice(coming(rule, start, zone, after), number))


def exported(rule: Rule, start: datetime, zone: tzinfo) -> str:
    """As a calendar reads it: iCalendar wants the end of a rule in UTC where the start names a zone."""
    text = str(rule)
    if rule.until is not None:
        until = rule.until.replace(tzinfo=zone).astimezone(UTC)
        head = text.partition(";UNTIL=")
        rest = head[2].partition(";")
        text = f"{head[0]};UNTIL={until:%Y%m%dT%H%M%SZ}{rest[1]}{rest[2]}"
    return f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}\nRRULE:{text}"
