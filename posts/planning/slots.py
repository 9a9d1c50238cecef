"""The openings of a channel's weekly slots: which instants they stand for, and which of them are free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from zoneinfo import ZoneInfo

from posts.models import Channel, Delivery, Slot
from posts.planning.moments import Moment, NoSuchTime, moment_at, moment_of

WEEKS = 53  # how far ahead a free slot is looked for
AT_ONCE = 50  # openings of a channel that are asked for together
OVER = (Delivery.Status.CANCELLED, Delivery.Status.FAILED)


def openings(slots: Iterable[Slot], after: datetime) -> Iterator[Moment]:
    """The moments of weekly slots later than ``after``, in order, about a year of them; each instant once.

    Where the clocks are set forward over a slot, it opens at the moment that was meant.
    """
    last = None
    for moment in merge(*(_weekly(slot, after) for slot in slots), key=lambda each: each.due_at):
        if moment.due_at != last:
            yield moment
        last = moment.due_at


def _weekly(slot: Slot, after: datetime) -> Iterator[Moment]:
    zone = ZoneInfo(slot.zone)
    day = after.astimezone(zone).date()
    day += timedelta(days=(slot.weekday - day.weekday()) % 7)
    for week in range(WEEKS):
        wall = datetime.combine(day + timedelta(weeks=week), slot.at)
        try:
            moment = moment_of(wall, zone)
        except NoSuchTime as gap:
            if gap.instead is None:
                return
            moment = moment_at(gap.instead, zone)
        if moment.due_at > after:
            yield moment


def taken(
    channels: Collection[int], after: datetime, at: Collection[datetime] | None = None
) -> dict[int, set[datetime]]:
    """The moments later than ``after`` at which something goes out on each channel, in a slot or beside them.

    ``at``: only these are asked for.
    """
    found: dict[int, set[datetime]] = {pk: set() for pk in channels}
    live = Delivery.objects.filter(channel__in=channels, due_at__gt=after).exclude(status__in=OVER)
    if at is not None:
        live = live.filter(due_at__in=at)
    for channel, due_at in live.order_by().values_list("channel_id", "due_at"):
        found[channel].add(due_at)
    return found


def next_free(channels: Iterable[Channel], now: datetime) -> dict[int, Moment]:
    """The next free opening of each channel that has one, by channel id."""
    weekly: dict[int, list[Slot]] = {}
    for slot in Slot.objects.filter(channel__in=[channel.pk for channel in channels]):
        weekly.setdefault(slot.channel_id, []).append(slot)
    ahead = {pk: openings(some, now) for pk, some in weekly.items()}
    found: dict[int, Moment] = {}
    while ahead:
        some = {pk: list(islice(moments, AT_ONCE)) for pk, moments in ahead.items()}
        busy = taken(ahead, now, {moment.due_at for moments in some.values() for moment in moments})
        for pk, moments in some.items():
            if free := next((moment for moment in moments if moment.due_at not in busy[pk]), None):
                found[pk] = free
        ahead = {pk: moments for pk, moments in ahead.items() if some[pk] and pk not in found}
    return found


def opening_at(channel: Channel, at: datetime, now: datetime) -> Moment | None:
    """The opening of this channel at this very moment, if there is one to come, free or not."""
    if at <= now:
        return None
    first = next(openings(channel.slots.all(), at.astimezone(UTC) - timedelta(seconds=1)), None)
    return first if first and first.due_at == at else None
