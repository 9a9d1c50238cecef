"""What else goes out near a time on a channel: nothing forbids it, but whoever chooses the time should know."""

from __future__ import annotations

from datetime import datetime, timedelta

from posts.models import Channel, Delivery
from publishers import PUBLISHERS
from publishers.base import Limits

NEAR = timedelta(minutes=15)
MOST_TOLD = 3
DAY = timedelta(hours=24)

Status = Delivery.Status


def conflicts(channel: Channel, due_at: datetime, but: int = 0) -> list[str]:
    """In sentences, the nearest first; ``but`` is the delivery itself."""
    publisher = PUBLISHERS.get(channel.platform)
    limits = publisher.limits if publisher else Limits()
    around = max(NEAR, timedelta(seconds=limits.seconds_between_writes))
    rows = Delivery.objects.filter(channel=channel, status__in=[*Status.pending(), Status.PUBLISHED]).exclude(pk=but)
    near = rows.filter(due_at__gt=due_at - around, due_at__lt=due_at + around, status__in=Status.pending())
    others = sorted(near.select_related("post").only("due_at", "post__title"), key=lambda row: abs(row.due_at - due_at))
    told = [_near(other, channel, due_at) for other in others[:MOST_TOLD]]
    if len(others) > MOST_TOLD:
        told.append(f"{len(others) - MOST_TOLD} more go out on {channel} within {_minutes(around)}.")
    if limits.per_day:
        before = rows.filter(due_at__gt=due_at - DAY, due_at__lte=due_at).count()
        if before >= limits.per_day:
            told.append(
                f"{channel} takes {limits.per_day} articles in 24 hours, and {before} are there or planned in the "
                "24 hours before: it may go out later."
            )
    return told


def _near(other: Delivery, channel: Channel, due_at: datetime) -> str:
    apart = other.due_at - due_at
    if abs(apart) < timedelta(minutes=1):
        return f"“{other.post}” goes out on {channel} at the same minute."
    return (
        f"“{other.post}” goes out on {channel} {_minutes(abs(apart))} {'later' if apart > timedelta() else 'earlier'}."
    )


def _minutes(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
