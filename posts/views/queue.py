"""The queue: the weekly slots of a channel, what goes out in them, and what may be moved there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import groupby, takewhile
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from posts.forms.channels import SlotForm
from posts.models import Channel, Delivery, Post, Slot
from posts.models.literals import literals
from posts.planning import changing, following, handing, queueing, scheduling, slots
from posts.planning.queueing import Where
from posts.views.bells import ring_for_deliveries
from posts.views.changes import say
from posts.views.deciding import cancel
from posts.views.deliveries import own_delivery
from posts.views.placing import pin, pins_in
from posts.views.scope import MemberRequest
from posts.views.standing import page_of

WEEKS, MOST_WEEKS = 4, 26
MOST_ROWS = 60  # of one channel
MOST_HANDED_OVER = 5
Status = Delivery.Status

WEEKDAYS = (0, 1, 2, 3, 4)
PRESETS = {
    "weekdays": ("Weekdays at 9:00", WEEKDAYS, time(9)),
    "daily": ("Every day at 9:00", range(7), time(9)),
    "three": ("Mon, Wed and Fri at 10:00", (0, 2, 4), time(10)),
    "weekly": ("Tuesdays at 9:00", (1,), time(9)),
}  # by the word that the button sends


# --- slots -----------------------------------------------------------------------------------------------------------


def slots_of(request: MemberRequest, pk: int) -> HttpResponse:
    """The weekly slots of a channel: each button adds or removes some, and what is queued keeps its time."""
    channel, now, zone = _own(request, pk), timezone.now(), request.user.time_zone
    form = SlotForm(initial={"at": "09:00"})
    if request.method == "POST":
        if "remove" in request.POST:
            return _remove(request, channel)
        if preset := PRESETS.get(request.POST.get("preset", "")):
            return _add(request, channel, preset[1], preset[2])
        form = SlotForm(request.POST)
        if form.is_valid():
            return _add(request, channel, form.cleaned_data["weekdays"], form.cleaned_data["at"])
    weekly = list(channel.slots.all())
    line = queueing.queued(channel, now)
    return render(request, "posts/slots.html", {
        "channel": channel, "form": form, "zone": zone, "now": now, "presets": PRESETS.items(),
        "days": [(Slot.Weekday(day).label, list(some)) for day, some in groupby(weekly, lambda slot: slot.weekday)],
        "count": len(weekly), "zones": {slot.zone for slot in weekly}, "queued": len(line),
        "left_over": queueing.left_over(channel, line, now),
        "next": [each for each, _ in zip(slots.openings(weekly, now), range(3), strict=False)],
    })  # fmt: skip


def _add(request: MemberRequest, channel: Channel, weekdays: Any, at: time) -> HttpResponse:
    try:
        added = queueing.add_slots(channel, weekdays, at, str(request.user.time_zone))
    except scheduling.Refused as refused:
        messages.error(request, str(refused))
    else:
        many = f"{added} new slots a week" if added != 1 else "1 new slot a week"
        messages.success(request, f"{many}, at {at:%H:%M}." if added else "These slots are there already.")
    return redirect("slots", channel.pk)


def _remove(request: MemberRequest, channel: Channel) -> HttpResponse:
    number = request.POST["remove"]
    if number.isascii() and number.isdecimal() and len(number) < 15 and queueing.remove_slot(channel, int(number)):
        messages.success(request, "The slot is removed. What is queued keeps its time.")
    return redirect("slots", channel.pk)


def realign(request: MemberRequest, pk: int) -> HttpResponse:
    """Move what is queued to the present slots: shown first, done when it is still so."""
    channel, now = _own(request, pk), timezone.now()
    if request.method == "POST":
        seen = [(number, at) for number, at in map(_seen, request.POST.getlist("move")) if number]
        try:
            moved, change = queueing.realign(channel, seen, now, request.user)
        except scheduling.Refused as refused:
            messages.error(request, str(refused))
            return redirect("queue_realign", pk)
        ring_for_deliveries()
        many = "1 has a new time" if moved == 1 else f"{moved} have a new time"
        say(request, f"The queue of {channel} is moved: {many}.", change)
        return redirect(queue_url(channel))
    found = queueing.realignment(channel, now)
    return render(request, "posts/queue_realign.html", {
        "channel": channel, "zone": request.user.time_zone, "now": now,
        "moves": [(each, at, each.due_at != at.due_at, f"{each.pk}@{at.due_at.isoformat()}") for each, at in found],
        "is_needed": any(each.due_at != at.due_at for each, at in found),
        "left": len(queueing.queued(channel, now)) - len(found),
    })  # fmt: skip


def _seen(text: str) -> tuple[int, datetime]:
    number, _, at = text.partition("@")
    try:
        return int(number[:15]), datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError):
        return 0, datetime.min.replace(tzinfo=UTC)


# --- the queue -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One moment of a channel: a slot with what is in it, a gap, or something beside the slots."""

    at: datetime
    delivery: Delivery | None
    is_slot: bool
    pin: str = ""
    is_first: bool = False
    is_last: bool = False

    @property
    def can_move(self) -> bool:
        delivery = self.delivery
        return bool(delivery and delivery.status == Status.SCHEDULED and delivery.slot_at)


def queue_url(channel: Channel) -> str:
    return f"{reverse('queue')}?channel={channel.pk}"


def queue(request: MemberRequest) -> HttpResponse:
    """One channel's next weeks: what goes out when, and where there is room."""
    now, zone = timezone.now(), request.user.time_zone
    channels = _channels(request, now)
    channel = _shown(channels, request.GET.get("channel", ""))
    weeks = _weeks(request.GET.get("weeks", ""))
    context: dict[str, Any] = {"channels": channels, "channel": channel, "zone": zone, "now": now, "weeks": weeks}
    if channel is not None:
        rows, is_cut = rows_of(channel, now, now + timedelta(weeks=weeks))
        line = [row.delivery for row in rows if row.delivery and row.can_move]
        context |= {
            "days": _by_day(rows, zone), "rows": rows, "is_cut": is_cut,
            "gaps": sum(row.delivery is None for row in rows), "more": min(2 * weeks, MOST_WEEKS),
            "left_over": queueing.left_over(channel, line, now) if channel.weekly else line,
        }  # fmt: skip
    if channel is not None and handing.is_by_hand(channel):
        handed_over = Delivery.objects.filter(channel=channel, status__in=literals([Status.HANDED_OVER]))
        context["handed_over"] = handed_over.select_related("post").order_by("due_at")[:MOST_HANDED_OVER]
    return render(request, "posts/queue.html", context)


def _channels(request: MemberRequest, now: datetime) -> list[Any]:
    """Each with ``queued`` and ``weekly``: how many hold a slot, and how many slots it has."""
    holding = Delivery.objects.filter(channel=OuterRef("pk"), status=Status.SCHEDULED, slot_at__gt=now)
    holding = holding.filter(slot_at__isnull=False).exclude(status__in=literals([Status.CANCELLED, Status.FAILED]))
    weekly = Slot.objects.filter(channel=OuterRef("pk"))
    counts = {"queued": _count(holding), "weekly": _count(weekly)}
    return list(Channel.objects.of(request.workspace).annotate(**counts).order_by("name"))


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many there are of each channel; each counted by itself, for joined they would be multiplied."""
    each = rows.order_by().values("channel").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(each), 0)


def _shown(channels: list[Any], number: str) -> Any:
    """The channel that is asked for, else the first one with slots."""
    named = next((each for each in channels if str(each.pk) == number), None)
    return named or next((each for each in channels if each.weekly), None) or next(iter(channels), None)


def _weeks(text: str) -> int:
    return min(max(int(text), 1), MOST_WEEKS) if text.isascii() and text.isdecimal() and len(text) < 4 else WEEKS


def rows_of(channel: Channel, now: datetime, until: datetime) -> tuple[list[Row], bool]:
    """Every slot until then and everything that goes out beside them, in order; whether there is more."""
    open_at = {each.due_at: each for each in takewhile(
        lambda each: each.due_at <= until, slots.openings(channel.slots.all(), now)
    )}  # fmt: skip
    on_their_way = _ahead(channel).filter(due_at__lte=now, status__in=literals([Status.PUBLISHING, Status.CHECKING]))
    coming = _ahead(channel).filter(workspace=channel.workspace_id, due_at__gt=now, due_at__lte=until)
    there = [*on_their_way[:MOST_ROWS], *coming[: MOST_ROWS + 1]]
    filled = {each.due_at for each in there}
    rows = [Row(each.due_at, each, is_slot=each.due_at in open_at) for each in there]
    rows += [Row(at, None, is_slot=True, pin=pin(channel, at)) for at in open_at if at not in filled]
    rows.sort(key=lambda row: (row.at, row.delivery.pk if row.delivery else 0))
    return _with_ends(rows[:MOST_ROWS]), len(rows) > MOST_ROWS


def _with_ends(rows: list[Row]) -> list[Row]:
    """Who cannot go further up or down."""
    movable = [row for row in rows if row.can_move]
    room = [row for row in rows if row.can_move or row.delivery is None]
    return [
        Row(row.at, row.delivery, row.is_slot, row.pin, is_first=row == room[0], is_last=row == movable[-1])
        if row.can_move
        else row
        for row in rows
    ]


def _ahead(channel: Channel) -> QuerySet[Delivery]:
    rows = channel.deliveries.filter(status__in=Status.pending()).select_related("post", "follows__channel")
    return rows.defer("sent_markdown", "post__markdown", "follows__sent_markdown").order_by("due_at", "pk")


def _by_day(rows: list[Row], zone: tzinfo) -> list[tuple[datetime, list[Row]]]:
    """By the day that the reader's clock shows."""
    days = groupby(rows, lambda row: row.at.astimezone(zone).date())
    return [(some[0].at, some) for some in (list(each) for _, each in days)]


def move(request: MemberRequest, pk: int) -> HttpResponse:
    """Up, down, to the top or to the bottom of its channel's queue."""
    delivery = own_delivery(request, pk)
    try:
        where = Where(request.POST.get("where", ""))
    except ValueError:
        return redirect(queue_url(delivery.channel))
    seen = pins_in(request.POST).get(delivery.channel_id)
    try:
        change = queueing.move(delivery, where, seen, timezone.now(), request.user)
    except scheduling.Refused as refused:
        messages.error(request, str(refused))
    else:
        ring_for_deliveries()
        at = (change.due_after or delivery.due_at).astimezone(request.user.time_zone)
        say(request, f"“{delivery.post}” goes out {at:%a %-d %b %Y, %H:%M} now.", change)
    return redirect(queue_url(delivery.channel) + f"#delivery-{delivery.pk}")


def take_out(request: MemberRequest, pk: int) -> HttpResponse:
    """The delivery is cancelled; the post is kept. Where others wait for it, its page asks what becomes of them."""
    delivery = own_delivery(request, pk)
    if following.waiting_for(delivery).exists():
        return cancel(request, pk)
    try:
        change = changing.cancel(delivery, timezone.now(), request.user)
    except scheduling.Refused as refused:
        messages.error(request, str(refused))
    else:
        done = f"“{delivery.post}” is taken out of the queue of {delivery.channel}. The post is kept."
        say(request, done, change)
    return redirect(queue_url(delivery.channel))


def fill(request: MemberRequest, pk: int) -> HttpResponse:
    """A free slot and the posts that could go there: drafts, the latest first."""
    channel, now = _own(request, pk), timezone.now()
    at = pins_in(request.GET).get(channel.pk)
    opening = slots.opening_at(channel, at, now) if at else None
    if opening is None:
        messages.error(request, "This is no slot any more. Choose another one.")
        return redirect(queue_url(channel))
    planned = Delivery.objects.filter(post=OuterRef("pk")).exclude(status=Status.CANCELLED)
    drafts = Post.objects.of(request.workspace).filter(~Exists(planned)).defer("markdown")
    query = urlencode({"channels": channel.pk, "when": "queue", "slot": pin(channel, opening.due_at)})
    return render(request, "posts/queue_fill.html", {
        "channel": channel, "at": opening, "page": page_of(drafts, request.GET.get("page", "")), "query": query,
        "slot": pin(channel, opening.due_at), "zone": request.user.time_zone, "now": now,
        "is_free": opening.due_at not in slots.taken([channel.pk], now)[channel.pk],
    })  # fmt: skip


def _own(request: MemberRequest, pk: int) -> Channel:
    return get_object_or_404(Channel.objects.of(request.workspace), pk=pk)
