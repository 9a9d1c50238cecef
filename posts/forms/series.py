"""What people fill in for a series: which posts, where to, from when on, and how it repeats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from accounts.models import Workspace
from accounts.zones import ZoneField
from posts.forms.scheduling import ScheduleForm
from posts.forms.times import YEARS_AHEAD, WallTimeField
from posts.models import Channel, Post, Series
from posts.planning.moments import WALL
from posts.planning.recurring import rules
from posts.planning.recurring.making import Plan
from posts.planning.recurring.rules import DAILY, DAY_NAMES, MONTHLY, WEEKLY, WORKING_DAYS, YEARLY, BadRule, Rule

OFFERED = 100  # posts in the choice, the latest first
MOST_POSTS = 50
BY_RULE = "rule"
SAME_DAY, LAST_DAY, SAME_WEEKDAY, LAST_WEEKDAY, LAST_WORKING_DAY = "day", "last-day", "nth", "last", "working"
NEVER, AFTER, ON = "never", "count", "until"
LEAVE_OUT, LAST = "skip", "last"


class SeriesForm(ScheduleForm):
    """``plan`` has what was meant, once the form is valid. ``slots`` are the posts in their order."""

    when = None  # type: ignore[assignment]
    name = forms.CharField(max_length=200, help_text="Only you see it, such as “Weekly digest”.")
    at = WallTimeField(label="From", help_text="The first possible date, and the time of day of every date.")
    series_zone = ZoneField(help_text="The series follows the clocks of this zone, also when you travel.")
    repeat = forms.ChoiceField(
        label="Repeat",
        choices=[
            (DAILY, "Daily"),
            (WEEKLY, "Weekly"),
            (MONTHLY, "Monthly"),
            (YEARLY, "Yearly"),
            (BY_RULE, "By a rule"),
        ],
        initial=WEEKLY,
        widget=forms.RadioSelect,
    )
    interval = forms.IntegerField(
        label="Every", min_value=1, initial=1, help_text="1 is every time, 2 every second, and so on."
    )
    weekdays = forms.MultipleChoiceField(
        label="On",
        choices=[(str(number), name) for number, name in enumerate(DAY_NAMES)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: the weekday of the first date.",
    )
    day = forms.ChoiceField(
        label="On which day",
        choices=[
            (SAME_DAY, "The same day of the month as the first date"),
            (LAST_DAY, "The last day of the month"),
            (SAME_WEEKDAY, "The same weekday of the month, such as the second Tuesday"),
            (LAST_WEEKDAY, "The last such weekday of the month, such as the last Friday"),
            (LAST_WORKING_DAY, "The last working day of the month (Monday to Friday)"),
        ],
        initial=SAME_DAY,
        required=False,
    )
    short = forms.ChoiceField(
        label="In months that have no such day (29, 30 or 31)",
        choices=[(LEAVE_OUT, "Leave the month out, as calendars do"), (LAST, "Take the last day of the month")],
        initial=LEAVE_OUT,
        required=False,
    )
    rule = forms.CharField(
        label="Rule",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="iCalendar's RRULE, such as FREQ=MONTHLY;BYDAY=-1FR. A DTSTART line before it sets the first date.",
    )
    ends = forms.ChoiceField(
        label="Ends",
        choices=[(NEVER, "Never"), (AFTER, "After a number of times"), (ON, "On a day")],
        initial=NEVER,
        widget=forms.RadioSelect,
    )
    count = forms.IntegerField(label="Number of times", min_value=1, max_value=rules.MOST_COUNT, required=False)
    until = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="This day still counts.",
    )  # fmt: skip

    field_order = (  # type: ignore[assignment]
        "name", "channels", "at", "series_zone", "repeat", "interval", "weekdays", "day", "short", "rule", "ends",
        "count", "until",
    )  # fmt: skip

    def __init__(self, *args: Any, workspace: Workspace, chosen: Iterable[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, workspace=workspace, **kwargs)
        self.workspace = workspace
        self.plan: Plan | None = None
        wanted = self.data.getlist("post") if isinstance(self.data, QueryDict) else [str(pk) for pk in chosen]
        self.slots = [pk for pk in wanted if pk.isascii() and pk.isdecimal() and len(pk) < 15][:MOST_POSTS]
        named = Post.objects.of(workspace).filter(pk__in=self.slots).select_related("author", "workspace")
        self.known = {str(post.pk): post for post in named}
        self.posts_errors: list[str] = []

    @cached_property
    def offered(self) -> list[Post]:
        latest = list(Post.objects.of(self.workspace).only("title", "updated_at")[:OFFERED])
        return [post for pk, post in self.known.items() if pk not in {str(each.pk) for each in latest}] + latest

    @property
    def places_for_posts(self) -> list[str]:
        """What is chosen in each place, and one place more."""
        return [*self.slots, ""]

    def clean_at(self) -> datetime | None:
        """May lie in the past: a series goes on for years."""
        wall: datetime | None = self.cleaned_data["at"]
        if wall is None:
            raise ValidationError("Choose the first date and the time.")
        here = self.now.astimezone(self.zone)
        if not here.year - 50 < wall.year <= here.year + YEARS_AHEAD:
            raise ValidationError(f"Choose a year up to {here.year + YEARS_AHEAD}.")
        return wall

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        posts = [self.known[pk] for pk in self.slots if pk in self.known]
        self._clean_announcements(posts)
        if not posts:
            self.posts_errors.append("Choose at least one post.")
        if len(set(posts)) < len(posts):
            self.posts_errors.append("The same post is chosen twice. It takes its turn again by itself.")
        if self.posts_errors:
            self.add_error(None, self.posts_errors[0])
        start, zone = data.get("at"), data.get("series_zone")
        if start is None or zone is None:
            return data
        try:
            rule, start, zone = self._rule(data, start, zone)
        except BadRule as error:
            self.add_error("rule" if data.get("repeat") == BY_RULE else "repeat", str(error))
            return data
        if not self.errors and rule is not None:
            self.plan = Plan(rule, start, zone, posts, list(data["channels"]), self.options)
        self.meant = (rule, start, zone)
        return data

    def _announced(self, data: dict[str, Any], articles: list[Channel]) -> None:
        """Each date stands alone: what is announced is the address that the post has already."""

    def _clean_announcements(self, posts: list[Post]) -> None:
        for channel, _ in self.announcements:
            if unnamed := next((post for post in posts if not post.canonical_url), None):
                words = f"{channel} announces a page, and “{unnamed}” has no canonical URL that it could name."
                self.add_error("channels", words)

    meant: tuple[Rule | None, datetime, tzinfo] | None = None  # the rule, also while other fields are not right yet

    def _rule(self, data: Mapping[str, Any], start: datetime, zone: tzinfo) -> tuple[Rule | None, datetime, tzinfo]:
        if data.get("repeat") == BY_RULE:
            rule, start, zone = read(data.get("rule", ""), start, zone)
            return rules.checked_from(rule, start), start, zone
        if {"repeat", "interval", "ends", "count", "until"} & set(self.errors):
            return None, start, zone
        rule = rule_of(data, start)
        if rule.interval > rules.MOST_INTERVAL[rule.freq]:
            self.add_error("interval", f"At most {rules.MOST_INTERVAL[rule.freq]}.")
            return None, start, zone
        if data["ends"] == AFTER and not rule.count:
            self.add_error("count", "How many times?")
        elif data["ends"] == ON and not data.get("until"):
            self.add_error("until", "Until which day?")
        elif rule.until is not None and rule.until < start:
            self.add_error("until", "This is before the first date. Choose a later day.")
        else:
            return rules.checked_from(rule, start), start, zone
        return None, start, zone


def rule_of(data: Mapping[str, Any], start: datetime) -> Rule:
    """What was chosen, as a rule."""
    freq = data["repeat"]
    until: date | None = data.get("until") if data.get("ends") == ON else None
    rule = Rule(
        freq=freq,
        interval=data.get("interval") or 1,
        count=data.get("count") if data.get("ends") == AFTER else None,
        until=datetime.combine(until, rules.END_OF_DAY) if until else None,
    )
    if freq == WEEKLY:
        chosen = sorted(int(day) for day in data.get("weekdays") or [])
        return replace(rule, weekdays=tuple((0, day) for day in chosen or [start.weekday()]))
    if freq in (MONTHLY, YEARLY):
        months = (start.month,) if freq == YEARLY else ()
        return replace(rule, months=months, **_which_day(data.get("day") or SAME_DAY, data.get("short"), start))
    return rule


def _which_day(day: str, short: str | None, start: datetime) -> dict[str, Any]:
    if day == LAST_DAY:
        return {"monthdays": (-1,)}
    if day == SAME_WEEKDAY:
        return {"weekdays": (((start.day + 6) // 7, start.weekday()),)}
    if day == LAST_WEEKDAY:
        return {"weekdays": ((-1, start.weekday()),)}
    if day == LAST_WORKING_DAY:
        return {"weekdays": WORKING_DAYS, "setpos": (-1,)}
    if short == LAST and start.day > 28:
        return {"monthdays": (-1,)} if start.day == 31 else {
            "monthdays": tuple(range(28, start.day + 1)), "setpos": (-1,),
        }  # fmt: skip
    return {"monthdays": (start.day,)}


def read(text: str, start: datetime, zone: tzinfo) -> tuple[Rule, datetime, tzinfo]:
    """A rule as calendars export it, with or without the line that says when it begins. Raises BadRule."""
    if len(text) > 2 * rules.LONGEST:
        raise BadRule(f"This rule is {len(text)} characters long; {rules.LONGEST} are plenty.")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadRule("Write a rule, such as FREQ=MONTHLY;BYDAY=-1FR.")
    for line in [line for line in lines if line.upper().startswith("DTSTART")]:
        start, zone = _begin(line, zone)
        lines.remove(line)
    if len(lines) != 1:
        raise BadRule("Write one rule. EXDATE and RDATE are not understood: skip or move single dates afterwards.")
    return rules.parse(lines[0], zone), start, zone


def _begin(line: str, zone: tzinfo) -> tuple[datetime, tzinfo]:
    found = re.fullmatch(r"(?i)DTSTART(?:;TZID=([A-Za-z0-9_+/-]{1,60}))?:(\d{8}T\d{6})(Z?)", line)
    try:
        if not found:
            raise ValueError
        if found[1]:
            zone = ZoneInfo(found[1])
        start = datetime.strptime(found[2].upper(), "%Y%m%dT%H%M%S").replace(second=0)
    except (ValueError, LookupError, OSError):
        raise BadRule("DTSTART is written like DTSTART;TZID=Europe/Berlin:20261123T090000.") from None
    if not 1970 < start.year < rules.LAST_YEAR:
        raise BadRule("DTSTART is too far away.")
    if found[3]:
        start = start.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return start, zone


def initial_of(series: Series) -> dict[str, Any]:
    """A series as the form shows it: by its own fields where they can say it, else as a rule."""
    start, rule = datetime.strptime(series.start, WALL), rules.parse(series.rule)
    common: dict[str, Any] = {
        "name": series.name, "at": series.start, "series_zone": series.zone,
        "channels": [channel.pk for channel in series.channels.all()],
    }  # fmt: skip
    said = {
        "repeat": rule.freq,
        "interval": rule.interval,
        "weekdays": [str(day) for _, day in rule.weekdays] if rule.freq == WEEKLY else [],
        "ends": AFTER if rule.count else ON if rule.until else NEVER,
        "count": rule.count,
        "until": rule.until.date() if rule.until else None,
    }
    for day in (SAME_DAY, LAST_DAY, SAME_WEEKDAY, LAST_WEEKDAY, LAST_WORKING_DAY):
        for short in (LEAVE_OUT, LAST):
            if rule_of({**said, "day": day, "short": short}, start) == rule:
                return {**common, **said, "day": day, "short": short}
    return {**common, "repeat": BY_RULE, "rule": series.rule, "interval": 1, "ends": NEVER}
