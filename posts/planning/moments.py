"""A moment as a person means it: a wall time in a zone, and the one instant that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

WALL = "%Y-%m-%dT%H:%M"


class NoSuchTime(ValueError):
    """The clocks are set forward over this wall time, or the calendar ends before it. ``str()`` is a sentence.

    ``instead`` is what was meant; None at the calendar's end.
    """

    def __init__(self, message: str, instead: datetime | None = None) -> None:
        super().__init__(message)
        self.instead = instead


@dataclass(frozen=True)
class Moment:
    due_at: datetime  # aware, UTC
    wall_time: str  # 2026-03-29T09:00, as it was meant
    zone: str  # IANA name
    note: str = ""  # what the person should know of it, such as that this time comes twice that night


def moment_of(wall: datetime, zone: tzinfo) -> Moment:
    """The instant of a naive wall time in a zone. Raises NoSuchTime in the gap of a clock change.

    Where the clocks are set back, the wall time comes twice: the first is taken, and the note says so.
    """
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    due_at = _in(UTC, first)
    back = _in(zone, due_at)
    if back.replace(tzinfo=None) != wall:
        day = "" if back.date() == wall.date() else f" on {back:%-d %B %Y}"
        raise NoSuchTime(
            f"{wall:%H:%M} does not exist on {wall:%-d %B %Y} in {zone}: the clocks are set forward. "
            f"Choose {back:%H:%M}{day} if you mean the same moment.",
            back,
        )
    note = ""
    if first.utcoffset() != second.utcoffset():
        note = (
            f"{wall:%H:%M} comes twice on {wall:%-d %B %Y}, because the clocks are set back. "
            f"The first is meant: {first:%H:%M} {first.tzname()} (UTC{offset_words(first.utcoffset())})."
        )
    return Moment(due_at, wall.strftime(WALL), str(zone), note)


def moment_at(instant: datetime, zone: tzinfo) -> Moment:
    """The moment of an instant, as it reads in a zone. Raises NoSuchTime where the calendar ends."""
    return Moment(_in(UTC, instant), _in(zone, instant).strftime(WALL), str(zone))


def _in(zone: tzinfo, instant: datetime) -> datetime:
    try:
        return instant.astimezone(zone)
    except OverflowError:
        raise NoSuchTime(f"There is no calendar for the year {instant.year}. Choose another time.") from None


def offset_words(delta: timedelta | None) -> str:
    """ "+1" or "−3:30": how far a clock is from UTC."""
    minutes = int((delta or timedelta()).total_seconds() // 60)
    sign, minutes = ("+", minutes) if minutes >= 0 else ("−", -minutes)
    return f"{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")
