"""The diary: what is scheduled as a list, what needs a person first, and the month as a calendar."""

from __future__ import annotations

import calendar as calendars
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from posts import scheduling
from posts.models import Channel, Delivery, Post
from posts.views.bells import ring_for_deliveries
from posts.views.scope import MemberRequest
from posts.views.standing import page_of, unanswered

SHOWN_PER_DAY = 3
MOST_SHOWN = 50  # of what needs a person
MOST_AT_ONCE = 500  # deliveries that one press of a button moves: a page must not take longer than people wait
MOST_TOLD = 10  # of those that could not be moved
MONDAY = 0

Status = Delivery.Status


@dataclass(frozen=True)
class Filters:
    """What of the list is wanted, from the address: which can be kept, sent and gone back to."""

    channel: int | None
    status: str
    day: date | None

    def __bool__(self) -> bool:
        return bool(self.channel or self.status or self.day)

    def of(self, rows: QuerySet[Delivery], zone: tzinfo) -> QuerySet[Delivery]:
        if self.channel:
            rows = rows.filter(channel=self.channel)
        if self.status:
            rows = rows.filter(status=self.status)
        if self.day:
            next_day = self.day + timedelta(days=1)
            rows = rows.filter(due_at__gte=_start(self.day, zone), due_at__lt=_start(next_day, zone))
        return rows

    @property
    def query(self) -> str:
        """These filters as a part of an address, for the links to other pages of the list."""
        parts = {"channel": self.channel, "status": self.status, "day": self.day}
        return urlencode({name: value for name, value in parts.items() if value})


def filters_of(request: MemberRequest) -> Filters:
    """What cannot be understood is no filter."""
    channel, status = request.GET.get("channel", ""), request.GET.get("status", "")
    return Filters(
        channel=int(channel) if channel.isascii() and channel.isdecimal() and len(channel) < 15 else None,
        status=status if status in Status else "",
        day=_day(request.GET.get("day", "")),
    )


def schedule_list(request: MemberRequest) -> HttpResponse:
    """What needs a person, then everything that is scheduled. A day or a status shows what is over, too."""
    filters = filters_of(request)
    zone = request.user.time_zone
    rows = filters.of(_listed(request), zone)
    needing = rows.filter(pk__in=unanswered().filter(workspace=request.workspace).values("pk"))
    scheduled = rows.exclude(pk__in=needing.values("pk"))
    if not filters.status and not filters.day:
        scheduled = scheduled.filter(status__in=Status.pending())
    elif not filters.status:
        scheduled = scheduled.exclude(status=Status.CANCELLED)
    context: dict[str, Any] = {
        "filters": filters,
        **_needing(needing, filters),
        "page": page_of(scheduled.order_by("due_at", "pk"), request.GET.get("page", "")),
        "channels": Channel.objects.of(request.workspace),
        "statuses": Status.choices,
        "zone": zone,
        "now": timezone.now(),
    }
    if not context["needing"] and not context["missed"] and not context["page"].paginator.count:
        context["has_posts"] = Post.objects.of(request.workspace).exists()
        context["has_channels"] = bool(context["channels"])
    return render(request, "posts/schedule_list.html", context)


def _needing(rows: QuerySet[Delivery], filters: Filters) -> dict[str, Any]:
    """What needs a person. Where several missed their time, they are shown by themselves: to be decided together."""
    missed: list[Delivery] = []
    in_all = 0
    if filters.status in ("", Status.MISSED):
        together = rows.filter(status=Status.MISSED).order_by("due_at", "pk")
        missed = list(together[:MOST_SHOWN])
        in_all = together.count() if len(missed) == MOST_SHOWN else len(missed)
    if in_all > 1:
        rows = rows.exclude(status=Status.MISSED)
    else:
        missed = []
    needing = list(rows.order_by("-due_at")[:MOST_SHOWN])
    return {"needing": needing, "missed": missed, "missed_in_all": in_all, "at_once": MOST_AT_ONCE}


def _listed(request: MemberRequest) -> QuerySet[Delivery]:
    rows = Delivery.objects.of(request.workspace).select_related("post", "channel", "proof")
    return rows.defer("sent_markdown", "post__markdown", "channel__credentials", "channel__settings")


# --- many that missed their time -------------------------------------------------------------------------------------


def decide_missed(request: MemberRequest) -> HttpResponse:
    """Those that were chosen, or all that the filters show: publish one after the other, or drop."""
    back, chosen, left = _back_to_list(request), *_chosen(request)
    if not chosen:
        messages.error(request, "Choose which of those that missed their time are meant.")
        return redirect(back)
    if request.POST.get("do") == "publish":
        refused = scheduling.publish_in_turn(chosen, timezone.now(), request.user.time_zone)
        done = "{} published: on each channel one after the other, the first one now."
        ring_for_deliveries()
    elif "sure" in request.POST:
        refused = scheduling.cancel_all(chosen)
        done = "{} dropped and not published."
    else:
        context = {"chosen": chosen, "back": back, "filters": filters_of(request)}
        return render(request, "posts/missed_drop.html", context)
    number = len(chosen) - len(refused)
    if number:
        messages.success(request, done.format("1 is" if number == 1 else f"{number} are"))
    for delivery, reason in list(refused.items())[:MOST_TOLD]:
        messages.error(request, f"“{delivery.post}” on {delivery.channel}: {reason}")
    if left:
        messages.info(request, f"{left} more are left: choose again.")
    if len(refused) > MOST_TOLD:
        messages.error(request, f"{len(refused) - MOST_TOLD} more could not be moved. They are still in the list.")
    return redirect(back)


def _chosen(request: MemberRequest) -> tuple[list[Delivery], int]:
    """As many as one press may move, and how many were meant beside them."""
    rows = filters_of(request).of(_listed(request), request.user.time_zone).filter(status=Status.MISSED)
    if "all" not in request.POST:
        named = [int(pk) for pk in request.POST.getlist("delivery") if pk.isascii() and pk.isdecimal() and len(pk) < 15]
        rows = rows.filter(pk__in=named[:MOST_AT_ONCE])
    chosen = list(rows.order_by("due_at", "pk")[:MOST_AT_ONCE])
    return chosen, rows.count() - len(chosen)


def _back_to_list(request: MemberRequest) -> str:
    query = filters_of(request).query
    return f"{reverse('schedule_list')}?{query}" if query else reverse("schedule_list")


# --- the calendar ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """One cell of the calendar."""

    on: date
    deliveries: list[Delivery]
    today: date
    month: int

    @property
    def shown(self) -> list[Delivery]:
        return self.deliveries[:SHOWN_PER_DAY]

    @property
    def more(self) -> int:
        return len(self.deliveries) - len(self.shown)

    @property
    def is_today(self) -> bool:
        return self.on == self.today

    @property
    def is_past(self) -> bool:
        return self.on < self.today

    @property
    def is_outside(self) -> bool:
        return self.on.month != self.month


def calendar(request: MemberRequest) -> HttpResponse:
    zone, now = request.user.time_zone, timezone.now()
    today = now.astimezone(zone).date()
    first = _month(request.GET.get("month", "")) or today.replace(day=1)
    weeks = calendars.Calendar(MONDAY).monthdatescalendar(first.year, first.month)
    found = _by_day(request, weeks[0][0], weeks[-1][-1], zone)
    return render(request, "posts/calendar.html", {
        "first": first,
        "weeks": [[Day(day, found[day], today, first.month) for day in week] for week in weeks],
        "weekdays": weeks[0],
        "previous": first - timedelta(days=1),
        "next": (first + timedelta(days=31)).replace(day=1),
        "is_this_month": first == today.replace(day=1),
        "is_empty": not found,
        "zone": zone, "now": now,
    })  # fmt: skip


def _by_day(request: MemberRequest, first: date, last: date, zone: tzinfo) -> dict[date, list[Delivery]]:
    """By the day that the author's clock shows."""
    rows = _listed(request).exclude(status=Status.CANCELLED).order_by("due_at", "pk")
    found: dict[date, list[Delivery]] = defaultdict(list)
    for delivery in rows.filter(due_at__gte=_start(first, zone), due_at__lt=_start(last + timedelta(days=1), zone)):
        found[delivery.due_at.astimezone(zone).date()].append(delivery)
    return found


def _start(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _day(text: str) -> date | None:
    """A day such as 2026-11-24, in years that every zone's clock can show."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def _month(text: str) -> date | None:
    return _day(f"{text}-01")
