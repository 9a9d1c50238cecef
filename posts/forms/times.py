"""Wall times and spans of time, as people write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from posts.planning.moments import WALL, Moment, NoSuchTime, moment_of
from posts.planning.scheduling import JUST_NOW

YEARS_AHEAD = 10


class WallTimeField(forms.Field):
    """A time as a clock on the wall shows it; which instant it is depends on the zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WALL)

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        for pattern in (WALL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"):
            try:
                return datetime.strptime(str(value).strip(), pattern).replace(second=0)
            except ValueError:
                continue
        raise ValidationError("Write the time like 2026-11-24T09:00.")


class TimeForm(forms.Form):
    """A time in the author's zone. ``moment`` has the instant, once the form is valid."""

    at = WallTimeField(label="Time", help_text="In your time zone.")

    def __init__(self, *args: Any, zone: tzinfo, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.now = zone, now
        self.moment: Moment | None = None

    def clean_at(self) -> datetime | None:
        wall: datetime | None = self.cleaned_data["at"]
        if wall is not None:
            self.moment = self._moment_of(wall)
        return wall

    def _moment_of(self, wall: datetime) -> Moment:
        here = self.now.astimezone(self.zone)
        if wall.year > here.year + YEARS_AHEAD:
            raise ValidationError(f"{wall:%-d %B %Y} is more than {YEARS_AHEAD} years away. Choose an earlier time.")
        if wall.year < here.year - 1:
            raise ValidationError(self._is_past(wall, here))
        try:
            moment = moment_of(wall, self.zone)
        except NoSuchTime as error:
            raise ValidationError(str(error)) from error
        if moment.due_at < self.now - JUST_NOW:
            raise ValidationError(self._is_past(wall, here))
        return moment

    def _is_past(self, wall: datetime, here: datetime) -> str:
        return (
            f"{wall:%H:%M} on {wall:%-d %B %Y} is in the past: in {self.zone} it is {here:%H:%M} on {here:%-d %B %Y}. "
            "Choose a later time, or publish now."
        )


SPANS = {
    "min": timedelta(minutes=1), "minute": timedelta(minutes=1), "m": timedelta(minutes=1),
    "h": timedelta(hours=1), "hour": timedelta(hours=1),
    "d": timedelta(days=1), "day": timedelta(days=1),
    "w": timedelta(weeks=1), "week": timedelta(weeks=1),
}  # fmt: skip
LONGEST_DELAY = timedelta(days=366)


def span_in_words(span: timedelta) -> str:
    """ "24 h", "3 d" or "1 h 30 min": as people enter it, in units that lose nothing above a second."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    if minutes >= 48 * 60 and not minutes % (24 * 60) and not seconds:
        return f"{minutes // (24 * 60)} d"
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


class SpanField(forms.CharField):
    """How long: "24 h", "3 d", "90 min", "1 h 30 min"; a timedelta in Python."""

    default_error_messages: ClassVar = {"wrong": "Write how long, such as 24 h, 3 d or 90 min."}

    def prepare_value(self, value: Any) -> Any:
        return span_in_words(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:  # type: ignore[override]
        text = str(value or "").strip().lower()
        if not text:
            return None
        parts = re.findall(r"(\d{1,6})\s*([a-z]+)", text)
        if re.sub(r"\d{1,6}\s*[a-z]+|[\s,]|and", "", text) or not parts:
            raise ValidationError(self.error_messages["wrong"])
        span = timedelta()
        for count, unit in parts:
            length = SPANS.get(unit) or SPANS.get(unit.removesuffix("s"))
            if length is None:
                raise ValidationError(self.error_messages["wrong"])
            span += int(count) * length
        if span > LONGEST_DELAY:
            raise ValidationError("This is more than a year. Choose a shorter time.")
        return span


class DelayForm(forms.Form):
    """How much later than its original something goes out."""

    after = SpanField(label="After the original", help_text="Such as 24 h, 3 d or 90 min.")
