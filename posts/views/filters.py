"""What of the diary is wanted, from the address: which can be kept, sent and gone back to."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from posts.models import Delivery
from posts.views.scope import MemberRequest

LONGEST_TAG = 100  # characters

Status = Delivery.Status


@dataclass(frozen=True)
class Filters:
    channel: int | None
    status: str
    tag: str
    day: date | None = None

    def __bool__(self) -> bool:
        return bool(self.channel or self.status or self.tag or self.day)

    def of(self, rows: QuerySet[Delivery], zone: tzinfo) -> QuerySet[Delivery]:
        if self.channel:
            rows = rows.filter(channel=self.channel)
        if self.status:
            rows = rows.filter(status=self.status)
        if self.tag:
            rows = _tagged(rows, self.tag)
        if self.day:
            rows = within(rows, self.day, self.day + timedelta(days=1), zone)
        return rows

    def without_day(self) -> Filters:
        return replace(self, day=None)

    @property
    def query(self) -> str:
        """These filters as a part of an address, for the links to other pages of the diary."""
        parts = {"channel": self.channel, "status": self.status, "tag": self.tag, "day": self.day}
        return urlencode({name: value for name, value in parts.items() if value})


def listed(request: MemberRequest) -> QuerySet[Delivery]:
    """The deliveries of a workspace with what a line of a list shows, and without what is long or secret."""
    rows = Delivery.objects.of(request.workspace).select_related("post", "channel", "proof", "follows__channel")
    places = [f"{each}__{field}" for each in ("channel", "follows__channel") for field in ("credentials", "settings")]
    return rows.defer("sent_markdown", "post__markdown", "follows__sent_markdown", *places)


def filters_of(request: MemberRequest) -> Filters:
    """What cannot be understood is no filter."""
    asked = request.GET
    channel, status = asked.get("channel", ""), asked.get("status", "")
    return Filters(
        channel=int(channel) if channel.isascii() and channel.isdecimal() and len(channel) < 15 else None,
        status=status if status in Status else "",
        tag=asked.get("tag", "").strip().lstrip("#").strip()[:LONGEST_TAG],
        day=day_of(asked.get("day", "")),
    )


def _tagged(rows: QuerySet[Delivery], tag: str) -> QuerySet[Delivery]:
    """Databases keep the list of tags as text, one with letters as they are and one with escaped ones."""
    rows = rows.alias(tags=Cast("post__tags", TextField()))
    kept = {json.dumps(tag), json.dumps(tag, ensure_ascii=False)}
    wanted = Q()
    for words in kept:
        wanted |= Q(tags__icontains=words)
    return rows.filter(wanted)


def within(rows: QuerySet[Delivery], first: date, end: date, zone: tzinfo) -> QuerySet[Delivery]:
    """Due on days from ``first`` until before ``end``, by a clock in this zone."""
    return rows.filter(due_at__gte=start_of(first, zone), due_at__lt=start_of(end, zone))


def start_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def day_of(text: str) -> date | None:
    """A day such as 2026-11-24, in years that every zone's clock can show."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None
