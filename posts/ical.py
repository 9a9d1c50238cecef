"""What is planned, as calendar programs read it (RFC 5545): when, the title, the channel and the state, and a link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Workspace
from posts.models import Attempt, Change, Delivery

BACK, AHEAD = timedelta(days=60), timedelta(days=400)
MOST = 2_000  # events in one feed
LENGTH = timedelta(minutes=15)  # of an event: programs draw shorter ones too small to be read
LINE = 75  # octets
PRODUCT = "-//Blog post scheduler//Plan//EN"

Status = Delivery.Status
# What has no sure time yet, or went another way than it was meant.
TENTATIVE = {Status.WAITING, Status.MISSED, Status.FAILED, Status.UNCERTAIN}


def planned(workspace: Workspace, now: datetime) -> QuerySet[Any]:
    """What a feed shows; what is cancelled is left out, so that programs take it away."""
    changes = Change.objects.filter(delivery=OuterRef("pk"))
    attempts = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-pk").values("created_at")[:1]
    rows = Delivery.objects.of(workspace).exclude(status=Status.CANCELLED)
    rows = rows.filter(due_at__gte=now - BACK, due_at__lt=now + AHEAD).select_related("post", "channel")
    rows = rows.only(
        "key", "due_at", "status", "action", "gone_at", "created_at", "published_at", "post__title", "channel__name"
    )
    numbers = changes.order_by().values("delivery")
    rows = rows.annotate(
        tried_at=Subquery(attempts),
        changed_at=Subquery(numbers.annotate(last=Max("at")).values("last")),
        undone_at=Subquery(numbers.annotate(last=Max("undone_at")).values("last")),
        times_changed=Coalesce(Subquery(numbers.annotate(all=Count("at") + Count("undone_at")).values("all")), 0),
    )
    return rows.order_by("due_at", "pk")[:MOST]


def calendar(name: str, deliveries: Iterable[Any], site_url: str) -> bytes:
    """The whole file. The same plan gives the same bytes."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M",
    ]  # fmt: skip
    for delivery in deliveries:
        lines += _event(delivery, site_url)
    lines.append("END:VCALENDAR")
    return b"".join(part for line in lines for part in folded(line))


def _event(delivery: Any, site_url: str) -> list[str]:
    times = (
        delivery.created_at, delivery.published_at, delivery.tried_at, delivery.changed_at, delivery.undone_at
    )  # fmt: skip
    changed = stamp(max(filter(None, times)))
    state = delivery.state_label
    return [
        "BEGIN:VEVENT", f"UID:{delivery.key}@blogscheduler", f"DTSTAMP:{changed}", f"LAST-MODIFIED:{changed}",
        f"SEQUENCE:{delivery.times_changed}",
        f"DTSTART:{stamp(delivery.due_at)}", f"DTEND:{stamp(delivery.due_at + LENGTH)}",
        f"SUMMARY:{escaped(f'{delivery.post} → {delivery.channel}')}",
        f"DESCRIPTION:{escaped(f'{state} on {delivery.channel}.')}",
        f"URL:{site_url}{delivery.get_absolute_url()}",
        f"STATUS:{'TENTATIVE' if delivery.status in TENTATIVE else 'CONFIRMED'}", "TRANSP:TRANSPARENT", "END:VEVENT",
    ]  # fmt: skip


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """As the value of a TEXT property; control characters have no place there."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\\n".join("".join(letter for letter in line if letter >= " " and letter != "\x7f") for line in lines)


def folded(line: str) -> Iterator[bytes]:
    """At most 75 octets a line, cut between letters and never within one; the rest begins with a blank."""
    room, part = LINE, b""
    for letter in line:
        octets = letter.encode("utf-8", "replace")
        if len(part) + len(octets) > room:
            yield part + b"\r\n "
            room, part = LINE - 1, b""
        part += octets
    yield part + b"\r\n"
