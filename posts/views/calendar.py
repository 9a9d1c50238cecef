"""The diary as a calendar: a month, a week by its hours, or the days ahead as a list. The address says which."""

from __future__ import annotations

import calendar as calendars
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from posts.models import Channel, Delivery, Post
from posts.planning import changing, scheduling
from posts.planning.conflicts import conflicts
from posts.planning.moments import WALL, NoSuchTime, moment_of
from posts.views.bells import ring_for_deliveries
from posts.views.changes import back_to, say
from posts.views.deciding import seen_in
from posts.views.deliveries import own_delivery
from posts.views.filters import day_of, filters_of, start_of, within
from posts.views.scope import MemberRequest

SHOWN = 3  # deliveries in one cell; the others are behind "+n more" …
CROWDED = 60  # … and one is shown where more cells than this have any
MOST_OF_A_DAY = 12  # of a week on a small screen
AGENDA_DAYS = 28
MOST_LISTED = 200  # deliveries in one agenda
WORKING_HOURS = range(7, 21)  # rows of a week, and whatever has a post beside them

MONTH, WEEK, AGENDA = "month", "week", "agenda"
VIEWS = {MONTH: "Month", WEEK: "Week", AGENDA: "Agenda"}

Status = Delivery.Status

ON_A_CHIP = (
    "due_at", "status", "action", "gone_at", "occurrence", "post__title", "channel__name", "follows__channel__name",
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """The days that a view shows: from ``first`` until before ``end``."""

    view: str
    around: date  # the day of the address
    first: date
    end: date
    previous: date
    next: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=each) for each in range((self.end - self.first).days)]

    @property
    def title(self) -> str:
        if self.view == MONTH:
            return f"{self.around:%B %Y}"
        last = self.end - timedelta(days=1)
        if self.first.year != last.year:
            return f"{self.first:%-d %b %Y} – {last:%-d %b %Y}"
        if self.first.month != last.month:
            return f"{self.first:%-d %b} – {last:%-d %b %Y}"
        return f"{self.first:%-d} – {last:%-d %B %Y}"


@dataclass
class Cell:
    """A day, or an hour of one, with what it shows."""

    on: date
    now: datetime  # by the reader's clock
    hour: int | None = None
    month: int | None = None  # the one that is shown
    deliveries: list[Delivery] = field(default_factory=list)
    in_all: int = 0

    @property
    def more(self) -> int:
        return self.in_all - len(self.deliveries)

    @property
    def is_today(self) -> bool:
        return self.on == self.now.date()

    @property
    def is_now(self) -> bool:
        return self.is_today and self.hour == self.now.hour

    @property
    def is_past(self) -> bool:
        if self.hour is None:
            return self.on < self.now.date()
        return (self.on, self.hour) < (self.now.date(), self.now.hour)

    @property
    def is_outside(self) -> bool:
        return self.month is not None and self.on.month != self.month

    @property
    def spoken(self) -> str:
        """Tuesday 24 November, 09:00."""
        return f"{self.on:%A %-d %B}" if self.hour is None else f"{self.on:%A %-d %B}, {self.hour:02}:00"

    @property
    def at(self) -> str:
        """As an address has it: 2026-11-24, 2026-11-24T09:00."""
        return f"{self.on:%Y-%m-%d}" if self.hour is None else f"{self.on:%Y-%m-%d}T{self.hour:02}:00"


def calendar(request: MemberRequest) -> HttpResponse:
    zone, now = request.user.time_zone, timezone.now()
    here = now.astimezone(zone)
    asked = request.GET.get("view", MONTH)
    view = asked if asked in VIEWS else MONTH
    span = span_of(view, day_of(request.GET.get("d", "")) or here.date(), request.user.first_weekday)
    filters = filters_of(request).without_day()
    rows = within(filters.of(Delivery.objects.of(request.workspace), zone), span.first, span.end, zone)
    rows = rows.select_related("post", "channel", "follows__channel").only(*ON_A_CHIP)
    if not filters.status:
        rows = rows.exclude(status=Status.CANCELLED)
    shown = _SHOWN[view](span, rows.order_by("due_at", "pk"), here, request)
    context: dict[str, Any] = {
        "span": span, "view": view, "views": VIEWS, "filters": filters, **shown, "here": here, "zone": zone, "now": now,
        "is_current": span.first <= here.date() < span.end and (view != MONTH or _same_month(span.around, here)),
        "clock_changes": clock_changes(span.days, zone), "channels": Channel.objects.of(request.workspace),
        "statuses": Status.choices, "reader": request.user,
    }  # fmt: skip
    if shown["is_empty"]:
        context["has_posts"] = Post.objects.of(request.workspace).exists()
    return render(request, "posts/calendar.html", context)


def _same_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)


# --- dragged ---------------------------------------------------------------------------------------------------------


def drop(request: MemberRequest) -> HttpResponse:
    """A chip was dragged: to a day, where it keeps its clock time, or to an hour, where it keeps its minutes."""
    asked, now, zone = request.POST, timezone.now(), request.user.time_zone
    pk = asked.get("delivery", "")
    delivery = own_delivery(request, int(pk) if pk.isascii() and pk.isdecimal() and len(pk) < 15 else 0)
    back = back_to(request, reverse("calendar"))
    wall = dropped_on(asked.get("to", ""), delivery.due_at.astimezone(zone))
    if wall is None:
        messages.error(request, "It was not moved: this is no day of the calendar.")
        return redirect(back)
    try:
        moment = moment_of(wall, zone)
        change = changing.move(delivery, moment, now, request.user, seen=seen_in(request))
    except (scheduling.Refused, NoSuchTime) as refused:
        messages.error(request, f"“{delivery.post}” was not moved. {refused}")
        return redirect(back)
    ring_for_deliveries()
    say(
        request,
        f"“{delivery.post}” is moved to {wall:%a %-d %b, %H:%M} on {delivery.channel}. {moment.note}".strip(),
        change,
    )
    for words in conflicts(delivery.channel, moment.due_at, but=delivery.pk):
        messages.warning(request, words)
    return redirect(back)


def dropped_on(place: str, due: datetime) -> datetime | None:
    """The wall time of a place in the calendar for what is due, by the same clock, at ``due``."""
    if (day := day_of(place)) is not None:
        return datetime.combine(day, due.time().replace(second=0, microsecond=0))
    try:
        return datetime.strptime(place, WALL).replace(minute=due.minute)
    except ValueError:
        return None


# --- which days ------------------------------------------------------------------------------------------------------


def span_of(view: str, around: date, first_weekday: int) -> Span:
    """The days of a view around one of them; weeks begin where the reader's do."""
    if view == WEEK:
        first = around - timedelta(days=(around.weekday() - first_weekday) % 7)
        return _span(view, around, first, first + timedelta(days=7))
    if view == AGENDA:
        return _span(view, around, around, around + timedelta(days=AGENDA_DAYS))
    weeks = calendars.Calendar(first_weekday).monthdatescalendar(around.year, around.month)
    first_of_month = around.replace(day=1)
    previous = (first_of_month - timedelta(days=1)).replace(day=1)
    following = (first_of_month + timedelta(days=31)).replace(day=1)
    return Span(view, around, weeks[0][0], weeks[-1][-1] + timedelta(days=1), previous, following)


def _span(view: str, around: date, first: date, end: date) -> Span:
    length = end - first
    return Span(view, around, first, end, first - length, end)


def clock_changes(days: Iterable[date], zone: tzinfo) -> list[tuple[date, str]]:
    """The days on which the clocks are set forward or back."""
    found = []
    for day in days:
        before, after = start_of(day, zone).utcoffset(), start_of(day + timedelta(days=1), zone).utcoffset()
        if before is not None and after is not None and before != after:
            found.append((day, "forward" if after > before else "back"))
    return found


# --- what stands in them ---------------------------------------------------------------------------------------------

Slot = tuple[date, int | None]


def _month(span: Span, rows: QuerySet[Delivery], here: datetime, request: MemberRequest) -> dict[str, Any]:
    found = _chosen(rows, lambda due: (due.date(), None), here.tzinfo)
    cells = [_cell(found, (day, None), here, span.around.month) for day in span.days]
    weeks = [cells[start : start + 7] for start in range(0, len(cells), 7)]
    return {"weeks": weeks, "weekdays": span.days[:7], "is_empty": not found}


def _week(span: Span, rows: QuerySet[Delivery], here: datetime, request: MemberRequest) -> dict[str, Any]:
    found = _chosen(rows, lambda due: (due.date(), due.hour), here.tzinfo)
    is_whole = request.GET.get("hours") == "all"
    busy = {hour for _, hour in found if hour is not None}
    first, last = min({WORKING_HOURS[0], *busy}), max({WORKING_HOURS[-1], *busy})
    hours = range(24) if is_whole else range(first, last + 1)
    table = [[_cell(found, (day, hour), here) for day in span.days] for hour in hours]
    return {
        "hours": [(time(hour), row) for hour, row in zip(hours, table, strict=True)],
        "days": [_day(day, [row[index] for row in table], here) for index, day in enumerate(span.days)],
        "is_whole": is_whole, "hides_hours": len(hours) < 24, "is_empty": not found,
    }  # fmt: skip


def _day(day: date, hours: list[Cell], here: datetime) -> Cell:
    """A day of a week, as a small screen shows it: what its hours show, as far as there is room."""
    shown = [delivery for hour in hours for delivery in hour.deliveries]
    return Cell(day, here, None, None, shown[:MOST_OF_A_DAY], sum(hour.in_all for hour in hours))


def _agenda(span: Span, rows: QuerySet[Delivery], here: datetime, request: MemberRequest) -> dict[str, Any]:
    listed_ones = list(rows[: MOST_LISTED + 1])
    by_day: dict[date, list[Delivery]] = defaultdict(list)
    for delivery in listed_ones[:MOST_LISTED]:
        by_day[delivery.due_at.astimezone(here.tzinfo).date()].append(delivery)
    go_on, is_cut_short = None, False
    if len(listed_ones) > MOST_LISTED:  # what does not fit, from the day that is not whole
        go_on = max(by_day)
        if len(by_day) > 1:
            del by_day[go_on]
        else:
            go_on, is_cut_short = go_on + timedelta(days=1), True
    return {
        "agenda": [(Cell(day, here), found) for day, found in by_day.items()],
        "go_on": go_on, "is_cut_short": is_cut_short, "is_empty": not by_day,
    }  # fmt: skip


_SHOWN: dict[str, Callable[[Span, QuerySet[Delivery], datetime, MemberRequest], dict[str, Any]]] = {
    MONTH: _month, WEEK: _week, AGENDA: _agenda,
}  # fmt: skip


@dataclass
class Found:
    deliveries: list[Delivery]
    in_all: int


def _chosen(rows: QuerySet[Delivery], slot_of: Callable[[datetime], Slot], zone: tzinfo | None) -> dict[Slot, Found]:
    """The first few of each slot, and how many there are. Only those that are shown are fetched whole."""
    slots: dict[Slot, list[int]] = defaultdict(list)
    for pk, due_at in rows.values_list("pk", "due_at"):
        slots[slot_of(due_at.astimezone(zone))].append(pk)
    few = SHOWN if len(slots) <= CROWDED else 1
    shown = rows.in_bulk([pk for pks in slots.values() for pk in pks[:few]])
    return {slot: Found([shown[pk] for pk in pks[:SHOWN] if pk in shown], len(pks)) for slot, pks in slots.items()}


def _cell(found: dict[Slot, Found], slot: Slot, here: datetime, month: int | None = None) -> Cell:
    there = found.get(slot, Found([], 0))
    return Cell(slot[0], here, slot[1], month, there.deliveries, there.in_all)
