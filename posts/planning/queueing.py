"""Verbs: a channel's weekly slots, and moving what is queued in them.

What is queued are the SCHEDULED deliveries that hold a slot still to come. Whoever moves one holds the channel's row:
a claim passes over it meanwhile, and a second person waits and then sees what has become of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, time
from enum import StrEnum

from django.db import transaction

from accounts.models import User
from posts.models import Change, Channel, Delivery, Slot
from posts.planning import changing, scheduling, slots
from posts.planning.changing import moment_of
from posts.planning.moments import Moment
from posts.planning.scheduling import Refused

Status = Delivery.Status
MOST_SLOTS = 100  # a week and channel


class Where(StrEnum):
    TOP = "top"
    UP = "up"
    DOWN = "down"
    BOTTOM = "bottom"


# --- slots -----------------------------------------------------------------------------------------------------------


def add_slots(channel: Channel, weekdays: Collection[int], at: time, zone: str) -> int:
    """Weekly slots on these days; how many are new. What is queued keeps its time. Raises Refused."""
    with transaction.atomic():
        _locked(channel)
        there = set(channel.slots.filter(at=at, zone=zone).values_list("weekday", flat=True))
        new = [Slot(channel=channel, weekday=day, at=at, zone=zone) for day in sorted(set(weekdays) - there)]
        if channel.slots.count() + len(new) > MOST_SLOTS:
            raise Refused(f"A channel has {MOST_SLOTS} slots a week at most.")
        Slot.objects.bulk_create(new)
    return len(new)


def remove_slot(channel: Channel, slot_id: int) -> bool:
    """What is queued keeps its time. False when it is gone already."""
    return bool(channel.slots.filter(pk=slot_id).delete()[0])


# --- the queue -------------------------------------------------------------------------------------------------------


def queued(channel: Channel, now: datetime) -> list[Delivery]:
    """What holds a slot still to come and can be moved, in its order."""
    line = Delivery.objects.filter(channel=channel, status=Status.SCHEDULED, slot_at__gt=now)
    return list(line.select_related("post__workspace", "post__author", "channel").order_by("slot_at", "pk"))


def move(delivery: Delivery, where: Where, seen: datetime | None, now: datetime, by: User | None) -> Change:
    """Move one place in its channel's queue, or all the way, and the others with it. Raises Refused.

    ``seen`` is the time that it had on the page where a person decided.
    Up and down is to the next slot, whoever holds it comes to this one. To the top: the first slot is taken, and what
    stands there moves on until a gap ends it. To the bottom: behind all others, which close up.
    """
    with transaction.atomic():
        _locked(delivery.channel)
        line = queued(delivery.channel, now)
        mine = next((each for each in line if each.pk == delivery.pk), None)
        if mine is None:
            raise Refused(scheduling.overtaken(delivery, "It has a time of its own, which is no slot of the queue."))
        if seen is not None and mine.slot_at != seen:
            raise Refused(f"“{mine.post}” was moved meanwhile: it is due {scheduling.in_words(moment_of(mine))} now.")
        moves = _moves(mine, line, _places(delivery.channel, line, now), where)
        return changing.move_in_queue(mine, moves, now, by)


def _places(channel: Channel, line: list[Delivery], now: datetime) -> list[Moment]:
    """Every slot that the queue can have, in order: those that it holds, and the free ones."""
    held = {each.due_at: moment_of(each) for each in line}
    busy = slots.taken([channel.pk], now)[channel.pk]
    for opening in slots.openings(channel.slots.all(), now):
        if opening.due_at not in busy:
            held.setdefault(opening.due_at, opening)
    return [held[at] for at in sorted(held)]


def _moves(mine: Delivery, line: list[Delivery], places: list[Moment], where: Where) -> dict[Delivery, Moment]:
    """Who goes where, for a queue ``line`` and its ``places``. Raises Refused at either end."""
    order = [place.due_at for place in places]
    held = {each.due_at: each for each in line}
    here = order.index(mine.due_at)
    if where in (Where.TOP, Where.UP) and here == 0:
        raise Refused(f"“{mine.post}” is in the first slot already.")
    if where == Where.BOTTOM and mine == line[-1]:
        raise Refused(f"“{mine.post}” is the last one already.")
    if where == Where.DOWN and here + 1 == len(places):
        raise Refused("There is no later slot within a year.")
    if where in (Where.UP, Where.DOWN):
        there = here + (1 if where == Where.DOWN else -1)
        moves = {mine: places[there]}
        if other := held.get(order[there]):
            moves[other] = places[here]
        return moves
    if where == Where.TOP:
        moves, at = {mine: places[0]}, 0
        while at < here and (other := held.get(order[at])):
            at += 1
            moves[other] = places[at]
        return moves
    behind = line[line.index(mine) :]
    own = [moment_of(each) for each in behind]
    return dict(zip([*behind[1:], mine], own, strict=True))


# --- other slots -----------------------------------------------------------------------------------------------------


def left_over(channel: Channel, line: Iterable[Delivery], now: datetime) -> list[Delivery]:
    """What of the queue has a time that is no slot any more."""
    line = list(line)
    if not line:
        return []
    last = max(each.due_at for each in line)
    still = set()
    for opening in slots.openings(channel.slots.all(), now):
        if opening.due_at > last:
            break
        still.add(opening.due_at)
    return [each for each in line if each.due_at not in still]


def realignment(channel: Channel, now: datetime) -> list[tuple[Delivery, Moment]]:
    """Each of the queue, in its order, and the slot that it would get: one after the other, from the next one on."""
    line = queued(channel, now)
    busy = slots.taken([channel.pk], now)[channel.pk] - {each.due_at for each in line}
    free = (each for each in slots.openings(channel.slots.all(), now) if each.due_at not in busy)
    return list(zip(line, free, strict=False))


def realign(
    channel: Channel, seen: Collection[tuple[int, datetime]], now: datetime, by: User | None
) -> tuple[int, Change | None]:
    """Move the queue to the present slots, as was shown. How many were moved, and what undoes it. Raises Refused."""
    with transaction.atomic():
        _locked(channel)
        found = realignment(channel, now)
        if [(each.pk, at.due_at) for each, at in found] != list(seen):
            raise Refused("The queue has changed meanwhile. This is how it would be moved now.")
        moves = {each: at for each, at in found if each.due_at != at.due_at}
        return len(moves), changing.move_in_queue(next(iter(moves)), moves, now, by) if moves else None


def _locked(channel: Channel) -> None:
    there = Channel.objects.select_for_update().filter(pk=channel.pk).exclude(status=Channel.Status.REMOVED)
    if not list(there.values_list("pk")):
        raise Refused(f"{channel} has been removed.")
