"""Verbs: what people change about the plan, each kept in the history with what takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from posts.models import Change, Delivery, Post
from posts.models.change import stands
from posts.planning import scheduling, slots
from posts.planning.moments import Moment
from posts.planning.scheduling import JUST_NOW, Refused

KEPT = timedelta(days=30)  # how long a change, and the text of a deleted post, is kept

Status = Delivery.Status
What = Change.What


# --- changes ---------------------------------------------------------------------------------------------------------


def move(delivery: Delivery, at: Moment, now: datetime, by: User | None, seen: datetime | None = None) -> Change:
    """Another time. ``seen`` is the one that the person saw: what was moved meanwhile stays there. Raises Refused."""
    before = scheduling.as_it_is(delivery)
    if seen is not None and before.due_at != seen:
        raise Refused(_moved_meanwhile(before, at))
    with transaction.atomic():
        scheduling.reschedule(before, at, now, seen=before.due_at)
        return _keep(What.MOVED, before, scheduling.as_it_is(before), now, by)


def moment_of(delivery: Delivery) -> Moment:
    """Its time as it was meant."""
    return Moment(delivery.due_at, delivery.wall_time, delivery.zone)


def move_in_queue(first: Delivery, moves: Mapping[Delivery, Moment], now: datetime, by: User | None) -> Change:
    """Give these deliveries of one channel these slots, all or none: one change, named after ``first`` of them.

    In the caller's transaction, with the channel locked. Raises Refused.
    """
    before = {each: scheduling.as_it_is(each) for each in moves}
    _place_all(moves, now)
    change = _keep(What.MOVED, before[first], scheduling.as_it_is(first), now, by)
    change.before["others"] = [
        {"pk": each.pk, "wall_time": before[each].wall_time, "zone": before[each].zone,
         "from": before[each].due_at.isoformat(), "to": moves[each].due_at.isoformat()}
        for each in moves if each != first
    ]  # fmt: skip
    change.save(update_fields=["before"])
    return change


def _place_all(moves: Mapping[Delivery, Moment], now: datetime) -> None:
    # First nobody holds a slot, so that two can change places.
    Delivery.objects.filter(pk__in=[each.pk for each in moves], status=Status.SCHEDULED).update(slot_at=None)
    for each, at in moves.items():
        try:
            scheduling.reschedule(each, at, now, in_slot=True)
        except scheduling.PlatformRefuses as refused:
            raise Refused(f"“{each.post}” would have to be moved as well, and that cannot be done: {refused}") from None


def cancel(delivery: Delivery, now: datetime, by: User | None) -> Change:
    """Take it back. Raises Refused."""
    with transaction.atomic():
        before = scheduling.as_it_is(delivery)
        scheduling.cancel(before)
        return _keep(What.CANCELLED, before, scheduling.as_it_is(before), now, by)


def delete(post: Post, now: datetime, by: User | None) -> Change | None:
    """Only what is nowhere and not on its way; None when it is: the history of what is published must not be lost."""
    over = [Status.CANCELLED, Status.FAILED, Status.MISSED]
    done_since = Q(status=Status.PUBLISHED) & ~Q(action=Delivery.Action.PUBLISH)
    live = Delivery.objects.filter(post=OuterRef("pk")).exclude(status__in=over).exclude(done_since)
    kept = {"pk": post.pk, "post": _as_json(post)}
    try:
        with transaction.atomic():
            if not Post.objects.filter(~Exists(live), pk=post.pk, version=post.version).delete()[0]:
                return None
            return Change.objects.create(
                workspace=post.workspace, by=by, what=What.DELETED, at=now, title=str(post), before=kept
            )
    except IntegrityError:  # it was scheduled at this very moment
        return None


def _as_json(post: Post) -> dict[str, Any]:
    """Every field of it; Django's own JSON would cut its times to milliseconds."""
    [row] = serializers.serialize("python", [post])
    fields = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in row["fields"].items()
    }
    return {**row, "fields": fields}


def forget(now: datetime) -> None:
    """What is older than a month, and with it the texts of deleted posts."""
    old = Change.objects.filter(at__lt=now - KEPT)
    if old.exists():
        old.delete()


def _keep(what: What, before: Delivery, after: Delivery, now: datetime, by: User | None) -> Change:
    return Change.objects.create(
        workspace=before.workspace, by=by, what=what, at=now, delivery=after, title=str(before.post),
        place=str(before.channel), before={**stands(before), "wall_time": before.wall_time, "zone": before.zone,
            "in_slot": before.slot_at == before.due_at},
        after=stands(after),
    )  # fmt: skip


def _moved_meanwhile(delivery: Delivery, at: Moment) -> str:
    """Who was quicker, and where it is now."""
    last = Change.objects.filter(delivery=delivery, undone_at=None).select_related("by").first()
    who = str(last.by) if last and last.by else "Somebody"
    due = delivery.due_at.astimezone(ZoneInfo(at.zone))
    return f"{who} moved it meanwhile: it is due on {due:%a %-d %b %Y at %H:%M} now, and was left there."


# --- undo ------------------------------------------------------------------------------------------------------------


def undo(change: Change, now: datetime, by: User | None) -> None:
    """Take it back, if everything still stands where the change put it. Raises Refused."""
    verb = {What.MOVED: _move_back, What.CANCELLED: _revive, What.DELETED: _restore}[What(change.what)]
    with transaction.atomic():
        first = Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by)
        if not first:
            raise Refused("This was undone already.")
        verb(change, now)


def _move_back(change: Change, now: datetime) -> None:
    delivery = _still_there(change)
    if change.began_anew:
        raise Refused("It began anew when it was moved. Cancel it if it is not to be published.")
    then = datetime.fromisoformat(change.before["due_at"])
    _not_over(then, now, change)
    if others := _others_back(change, delivery, now):
        _place_all({delivery: _moment(change, then), **others}, now)
        return
    in_slot = _slot_is_free(change, delivery, then, now)
    scheduling.reschedule(delivery, _moment(change, then), now, in_slot=in_slot, seen=delivery.due_at)


def _others_back(change: Change, delivery: Delivery, now: datetime) -> dict[Delivery, Moment]:
    """Who was moved with it in the queue, and to where each goes back. Raises Refused. Locks the channel."""
    told = {each["pk"]: each for each in change.before.get("others", [])}
    if not told:
        return {}
    scheduling.not_removed([delivery.channel])
    there = Delivery.objects.filter(pk__in=told, channel=delivery.channel_id, status=Status.SCHEDULED)
    found = {each.pk: each for each in there.select_related("post__workspace", "post__author", "channel")}
    if any(pk not in found or found[pk].slot_at != datetime.fromisoformat(each["to"]) for pk, each in told.items()):
        raise Refused("The queue has changed since: what was moved with it is not where it was put.")
    back = {found[pk]: Moment(datetime.fromisoformat(each["from"]), each["wall_time"], each["zone"])
            for pk, each in told.items()}  # fmt: skip
    for moment in back.values():
        if moment.due_at < now - JUST_NOW:
            raise Refused("The queue has gone on since: one of the times is over.")
    own = {each.slot_at for each in (delivery, *back)}
    wanted = {moment.due_at for moment in back.values()} | {datetime.fromisoformat(change.before["due_at"])}
    if (wanted - own) & slots.taken([delivery.channel_id], now)[delivery.channel_id]:
        raise Refused("One of the slots was given to another post since.")
    return back


def _revive(change: Change, now: datetime) -> None:
    """What was cancelled is again what it was."""
    delivery, status = _still_there(change), Status(change.before["status"])
    then = datetime.fromisoformat(change.before["due_at"])
    times: dict[str, Any] = {}
    if status == Status.SCHEDULED:
        _not_over(then, now, change)
        times = scheduling.time_fields(delivery.post, delivery.channel, _moment(change, then))
        times |= scheduling.never_late(delivery, _moment(change, then))
        if _slot_is_free(change, delivery, then, now):
            times["slot_at"] = then
    try:
        with transaction.atomic():
            scheduling.not_removed([delivery.channel])
            cancelled = Delivery.objects.filter(pk=delivery.pk, status=Status.CANCELLED, number=delivery.number)
            if not cancelled.update(status=status, **times):
                raise Refused("Somebody was quicker: it is not cancelled any more.")
    except IntegrityError as error:
        raise Refused(f"It has been scheduled on {delivery.channel} again since.") from error


def _restore(change: Change, now: datetime) -> None:
    """A deleted post, with its old address. The history of what was cancelled or had failed of it stays lost."""
    if Post.objects.filter(pk=change.before["pk"]).exists():
        raise Refused("The post is there already.")
    fields = change.before["post"]["fields"]
    if fields.get("author") and not User.objects.filter(pk=fields["author"]).exists():
        fields["author"] = None
    for post in serializers.deserialize("python", [change.before["post"]], ignorenonexistent=True):
        post.save()


def _still_there(change: Change) -> Delivery:
    if change.delivery is None:
        raise Refused("It has been deleted since.")
    delivery = scheduling.as_it_is(change.delivery)
    if stands(delivery) != change.after:
        raise Refused(
            f"It cannot be undone any more: it is {delivery.get_status_display().lower()} or was moved since."
        )
    return delivery


def _not_over(then: datetime, now: datetime, change: Change) -> None:
    if then < now - JUST_NOW:
        zone = change.before["zone"]
        local = then.astimezone(ZoneInfo(zone)) if zone else then
        raise Refused(f"Its time, {local:%a %-d %b %Y at %H:%M}, is over. Choose another one.")


def _slot_is_free(change: Change, delivery: Delivery, then: datetime, now: datetime) -> bool:
    """Whether its time was a slot, which is free. Raises Refused where another has it. The channel is locked."""
    if not change.before.get("in_slot"):
        return False
    scheduling.not_removed([delivery.channel])
    if then in slots.taken([delivery.channel_id], now)[delivery.channel_id]:
        raise Refused("Its slot was given to another post since. Choose another time.")
    return True


def _moment(change: Change, then: datetime) -> Moment:
    return Moment(then, change.before["wall_time"], change.before["zone"])
