"""What else goes out near a time on a channel: nothing forbids it, but whoever chooses the time should know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Count, Q

from posts.models import Channel, Delivery
from publishers import PUBLISHERS
from publishers.base import Limits

NEAR = timedelta(minutes=15)
MOST_TOLD = 3
DAY = timedelta(hours=24)

Status = Delivery.Status


def conflicts(channel: Channel, due_at: datetime, but: int = 0) -> list[str]:
    """In sentences, the nearest first; ``but`` is the delivery itself."""
    return conflicts_of({channel: due_at}, but)[channel]


def conflicts_of(due: Mapping[Channel, datetime], but: int = 0) -> dict[Channel, list[str]]:
    """The same for several channels, each with its own time, in two questions."""
    near, full = _near(due, but), _planned_before(due, but)
    return {channel: _told(channel, at, near[channel.pk], full.get(channel.pk, 0)) for channel, at in due.items()}


def _near(due: Mapping[Channel, datetime], but: int) -> dict[int, list[Delivery]]:
    around = Q(pk__in=[])
    for channel, at in due.items():
        around |= Q(channel=channel, due_at__gt=at - _reach(channel), due_at__lt=at + _reach(channel))
    rows = Delivery.objects.filter(around, status__in=Status.pending()).exclude(pk=but).select_related("post")
    found: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in rows.only("due_at", "channel_id", "post__title").order_by("due_at", "pk"):
        found[delivery.channel_id].append(delivery)
    return found


def _planned_before(due: Mapping[Channel, datetime], but: int) -> dict[int, int]:
    """How many go out in the 24 hours before, on channels whose platform counts them."""
    before = Q(pk__in=[])
    counted = {channel: at for channel, at in due.items() if _limits(channel).per_day}
    for channel, at in counted.items():
        before |= Q(channel=channel, due_at__gt=at - DAY, due_at__lte=at)
    if not counted:
        return {}
    rows = Delivery.objects.filter(before, status__in=[*Status.pending(), Status.PUBLISHED]).exclude(pk=but)
    return dict(rows.order_by().values_list("channel").annotate(Count("pk")))


def _told(channel: Channel, due_at: datetime, near: list[Delivery], before: int) -> list[str]:
    nearest = sorted(near, key=lambda other: abs(other.due_at - due_at))
    told = [_beside(other, channel, due_at) for other in nearest[:MOST_TOLD]]
    if len(nearest) > MOST_TOLD:
        told.append(f"{len(nearest) - MOST_TOLD} more go out on {channel} within {_minutes(_reach(channel))}.")
    per_day = _limits(channel).per_day
    if per_day and before >= per_day:
        told.append(
            f"{channel} takes {per_day} articles in 24 hours, and {before} are there or planned in the 24 hours "
            "before: it may go out later."
        )
    return told


def _limits(channel: Channel) -> Limits:
    publisher = PUBLISHERS.get(channel.platform)
    return publisher.limits if publisher else Limits()


def _reach(channel: Channel) -> timedelta:
    return max(NEAR, timedelta(seconds=_limits(channel).seconds_between_writes))


def _beside(other: Delivery, channel: Channel, due_at: datetime) -> str:
    apart = other.due_at - due_at
    if abs(apart) < timedelta(minutes=1):
        return f"“{other.post}” goes out on {channel} at the same minute."
    which = "later" if apart > timedelta() else "earlier"
    return f"“{other.post}” goes out on {channel} {_minutes(abs(apart))} {which}."


def _minutes(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
