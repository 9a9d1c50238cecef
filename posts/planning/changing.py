"""Verbs: what people change about the plan, each kept in the history with what takes it back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

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


def cancel(delivery: Delivery, now: datetime, by: User | None) -> Change:
    """Take it back. Raises Refused."""
    with transaction.atomic():
        before = scheduling.as_it_is(delivery)
        scheduling.cancel(before)
        return _keep(What.CANCELLED, before, scheduling.as_it_is(before), now, by)


def cancel_all(deliveries: Iterable[Delivery], now: datetime, by: User | None) -> dict[Delivery, str]:
    """Take many back. Returns those that could not be, each with the reason."""
    refused = {}
    for delivery in deliveries:
        try:
            cancel(delivery, now, by)
        except Refused as reason:
            refused[delivery] = str(reason)
    return refused


def delete(post: Post, now: datetime, by: User | None) -> Change | None:
    """Only what is nowhere and not on its way; None when it is: the history of what is published must not be lost."""
    over = [Status.CANCELLED, Status.FAILED, Status.MISSED]
    live = Delivery.objects.filter(post=OuterRef("pk")).exclude(status__in=over)
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
    in_slot = _slot_is_free(change, delivery, then, now)
    scheduling.reschedule(delivery, _moment(change, then), now, in_slot=in_slot, seen=delivery.due_at)


def _revive(change: Change, now: datetime) -> None:
    """What was cancelled is again what it was."""
    delivery, status = _still_there(change), Status(change.before["status"])
    then = datetime.fromisoformat(change.before["due_at"])
    times: dict[str, Any] = {}
    if status == Status.SCHEDULED:
        _not_over(then, now, change)
        times = scheduling.time_fields(delivery.post, delivery.channel, _moment(change, then))
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
