"""Where to and when, in two steps: the choice, and the review that says what will happen."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from posts.engine import tailoring
from posts.engine.packing import article_of, door_of
from posts.forms.options import in_words, options_prefix
from posts.forms.scheduling import ScheduleForm, delay_name
from posts.forms.times import TimeForm, span_in_words
from posts.images import outside
from posts.models import Channel, Delivery, Plan, Post
from posts.planning import following, scheduling
from posts.planning.conflicts import conflicts_of
from posts.planning.moments import WALL, Moment
from posts.planning.scheduling import Place
from posts.views.bells import ring_for_deliveries, ring_for_pictures
from posts.views.looks import Sight, by_level, sight_of
from posts.views.placing import NoSlot, Pins, as_shown, next_slots, pin, pins_in, places_of
from posts.views.scope import MemberRequest
from publishers.base import Finding, Level
from publishers.errors import PublishingError

MORNING = 9  # o'clock: what is offered for a day that was chosen in the calendar
MOST_SHOWN = 20_000  # characters of what a channel is sent
LONGEST_QUERY = 3_000  # characters: web servers take no request whose first line is longer than about four thousand


Wishes = Mapping[int, scheduling.Options]  # options by channel id


@dataclass(frozen=True)
class Verdict:
    """What one channel says of the post, and what was wished for there."""

    channel: Channel
    findings: list[Finding]
    options: list[tuple[str, str]]  # in words
    near: list[str]  # what else goes out there about then, in sentences
    sent: Sent | None = None  # only where it is shown
    said: Sequence[str] = ()  # what is said otherwise there, in words
    sight: Sight | None = None  # only where it is shown

    def groups(self) -> list[tuple[Level, list[Finding]]]:
        """The worst first."""
        return by_level(self.findings)

    @property
    def is_refused(self) -> bool:
        return any(found.level == Level.REFUSED for found in self.findings)


@dataclass(frozen=True)
class Sent:
    """What a channel would be sent, or the sentence that says why that cannot be told."""

    text: str = ""
    left_out: int = 0  # characters that are not shown
    problem: str = ""


def verdicts(
    post: Post,
    due: Mapping[Channel, datetime],
    wishes: Wishes,
    *,
    with_sent: bool = False,
    pages: Mapping[Channel, str] | None = None,
) -> list[Verdict]:
    """What each channel says, at the time at which it would get the post. ``pages`` are announced where known."""
    found, near = [], conflicts_of(due)
    for channel, due_at in due.items():
        options, page = wishes.get(channel.pk, {}), (pages or {}).get(channel, "")
        findings = scheduling.check(post, channel, due_at, options, page)
        sent = sent_to(channel, post, due_at, options, page) if with_sent else None
        said = tailoring.said_otherwise(post, channel.pk)
        wished = {**tailoring.version_of(post, channel.pk).get("options", {}), **options}
        sight = sight_of(post, channel, due_at, options, findings, MOST_SHOWN, page) if with_sent else None
        found.append(Verdict(channel, findings, in_words(channel, wished), near[channel], sent, said, sight))
    return found


def sent_to(channel: Channel, post: Post, due_at: datetime, options: scheduling.Options, page: str = "") -> Sent:
    """The body that this channel would be sent. Nothing is asked of the platform."""
    delivery = scheduling.not_yet(post, channel, due_at, options, page)
    try:
        payload = door_of(channel).open().payload(article_of(delivery))
    except PublishingError as error:
        return Sent(problem=str(error))
    text = json.dumps(payload, indent=2, ensure_ascii=False, default=str)
    return Sent(text[:MOST_SHOWN], max(0, len(text) - MOST_SHOWN))


# --- step 1 ----------------------------------------------------------------------------------------------------------


def schedule(request: MemberRequest, pk: int) -> HttpResponse:
    """The choice. What each chosen channel says is shown as it is chosen; without JavaScript, in the review."""
    post, now = _post(request, pk), timezone.now()
    if outside.ask(post, now):
        ring_for_pictures()
    standing, wishes, plan = _standing(post), _last_wishes(post), _plan(request)
    taken = {delivery.channel_id for delivery in standing}
    pins = pins_in(request.GET)
    planned = _as_planned(plan) if plan else {}
    chosen = _wanted(request, request.GET, taken, {str(pk) for pk in [*pins, *planned.get("channels", [])]})
    offer = suggestion(request.GET.get("day", ""), now.astimezone(request.user.time_zone))
    form = ScheduleForm(
        initial={
            **planned,
            "channels": [channel.pk for channel in chosen],
            "when": request.GET.get("when", ScheduleForm.QUEUE if pins else ScheduleForm.AT),
            "at": request.GET.get("at") or offer,
        },
        workspace=request.workspace, taken=taken, wishes=wishes, zone=request.user.time_zone, now=now,
        pages=_pages(standing), canonical_url=post.canonical_url,
    )  # fmt: skip
    due = {channel: _due_at(request, now) for channel in chosen}
    said = verdicts(post, due, wishes, pages=_pages_now(standing, chosen))
    return _choice(request, post, form, said, pins)


def _plan(request: MemberRequest) -> Plan | None:
    number = request.GET.get("plan", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 15):
        return None
    return Plan.objects.of(request.workspace).filter(pk=number).prefetch_related("steps").first()


def _as_planned(plan: Plan) -> dict[str, Any]:
    """What the form begins with."""
    steps = {step.channel_id: step.after for step in plan.steps.all()}
    delays = {f"delay-{channel}": after for channel, after in steps.items()}
    return {"order": ScheduleForm.FIRST, "origin": plan.origin_id, "channels": [plan.origin_id, *steps], **delays}


def _choice(
    request: MemberRequest, post: Post, form: ScheduleForm, said: list[Verdict], pins: Pins, problem: str = ""
) -> HttpResponse:
    channels = [choice.data["value"].instance for choice in form["channels"]]
    free = next_slots([channel for channel in channels if channel.pk not in form.taken], pins, form.now)
    return render(request, "posts/schedule.html", {
        "post": post, "form": form, "verdicts": said, "zone": form.zone, "problem": problem,
        "slots": [(channel, free.get(channel.pk)) for channel in channels if channel.pk not in form.taken],
        "has_slots": bool(free), "carried_slots": [pin(each, pins[each.pk]) for each in channels if each.pk in pins],
        "plans": Plan.objects.of(request.workspace).select_related("origin").prefetch_related("steps__channel"),
    })  # fmt: skip


# --- step 2 ----------------------------------------------------------------------------------------------------------


def review(request: MemberRequest, pk: int) -> HttpResponse:
    """What will happen, before it does. Only a POST that neither looks nor goes back makes it happen."""
    post, now = _post(request, pk), timezone.now()
    data = request.POST if request.method == "POST" else request.GET
    standing, pins = _standing(post), pins_in(data)
    taken = {delivery.channel_id for delivery in standing}
    form = ScheduleForm(
        data, workspace=request.workspace, taken=taken, zone=request.user.time_zone, now=now, pages=_pages(standing),
        canonical_url=post.canonical_url,
    )  # fmt: skip
    places, problem = _places(form, pins) if form.is_valid() else ([], "")
    if request.htmx.target == "findings" or not places or "change" in request.POST:
        due_at = form.moment.due_at if form.moment else now
        chosen = _wanted(request, data, taken)
        said = verdicts(post, dict.fromkeys(chosen, due_at), form.options, pages=_pages_now(standing, chosen))
        if request.htmx.target == "findings":
            return render(request, "posts/_findings.html", {"verdicts": said})
        return _choice(request, post, form, said, pins, problem)
    refused = ""
    if "look" in request.POST:
        query = urlencode(_carried(data, form, places))
        if len(query) <= LONGEST_QUERY:
            return redirect(f"{reverse('review', args=[pk])}?{query}")
    elif request.method == "POST" and _has_seen(places, pins):
        try:
            made = _schedule(request, post, as_shown(places, pins, form.zone), form)
        except scheduling.Refused as error:
            refused = str(error)
        else:
            ring_for_deliveries()
            messages.success(request, _done(made, form))
            return redirect(post)
    return _review(request, post, form, places, _carried(data, form, places), refused)


def _places(form: ScheduleForm, pins: Pins) -> tuple[list[Place], str]:
    try:
        return places_of(form, pins), ""
    except NoSlot as problem:
        return [], str(problem)


def _has_seen(places: list[Place], pins: Pins) -> bool:
    """Whether each slot that would be taken was shown before: else it is shown now."""
    return all(place.channel.pk in pins for place in places if place.in_slot)


@transaction.atomic
def _schedule(request: MemberRequest, post: Post, places: list[Place], form: ScheduleForm) -> list[Place]:
    scheduling.schedule_each(post, places, form.now, by=request.user, options=form.options)
    if (later := _planned(places)) and (name := form.cleaned_data["plan_name"]):
        following.keep_plan(request.workspace, name, places[0].channel, later)
    return places


def _planned(places: list[Place]) -> list[tuple[Channel, timedelta]]:
    """What of it can be kept as a plan: who follows the first one."""
    return [(place.channel, place.after) for place in places if place.after is not None and place.follows is None]


def _review(
    request: MemberRequest, post: Post, form: ScheduleForm, places: list[Place], carried: object, refused: str
) -> HttpResponse:
    due = {place.channel: place.at.due_at for place in places}
    pages = {
        each.channel: each.page or scheduling.PAGE_TO_COME for each in places if each.page or each.after is not None
    }
    said = verdicts(post, due, form.options, with_sent=True, pages=pages)
    waiting = [place for place in places if place.after is not None]
    together = len({place.at.due_at for place in places}) == 1 and not waiting
    first = places[0].channel if any(place.follows is None for place in waiting) else None
    return render(request, "posts/review.html", {
        "post": post, "carried": carried, "moment": places[0].at, "verdicts": said, "refused": refused,
        "is_possible": not any(verdict.is_refused for verdict in said), "zone": form.zone, "now": form.now,
        "is_now": form.cleaned_data["when"] == ScheduleForm.NOW, "effect": _effect(places, form),
        "dates": places, "times": _by_time(places), "is_together": together,
        "origin": form.cleaned_data["origin"], "first": first,
        "articles": [place for place in places if not tailoring.announces(place.channel)],
        "origin_has_page": first is None or following.may_have_page(first),
        "is_queue": form.cleaned_data["when"] == ScheduleForm.QUEUE,
        "plan_name": form.cleaned_data["plan_name"] if _planned(places) else "",
    })  # fmt: skip


def _by_time(places: list[Place]) -> list[list[Place]]:
    """Those that go out at one time and wait for nothing are shown together."""

    def what_is_said(place: Place) -> object:
        alone = place.after is not None or place.page
        return (place.channel.pk,) if alone else (place.at.due_at, place.in_slot)

    return [list(some) for _, some in groupby(places, what_is_said)]


def _carried(data: QueryDict, form: ScheduleForm, places: list[Place]) -> list[tuple[str, str]]:
    """What was chosen, field by field as it was sent, and the slots that are shown: without what is empty or belongs
    to other channels.
    """
    chosen = form.cleaned_data["channels"]
    prefixes = tuple(f"{options_prefix(channel)}-" for channel in chosen)
    later = {delay_name(channel) for channel, _ in [*form.followers, *form.announcements]}
    idle = {delay_name(channel) for channel, _ in [*form.delays, *form.waits]} - later
    idle |= set() if form.followers else {"order", "origin"}
    idle |= set() if form.announcements else {"announced"}
    idle |= set() if _planned(places) else {"plan_name"}
    names = [name for name in data if name in form.fields.keys() - idle or name.startswith(prefixes)]
    carried = [(name, str(value)) for name in names for value in data.getlist(name) if value]
    return carried + [("slot", pin(place.channel, place.at.due_at)) for place in places if place.in_slot]


def _effect(places: list[Place], form: ScheduleForm) -> str:
    """What the button does, in its own words."""
    channels = [place.channel for place in places if not tailoring.announces(place.channel)]
    if not channels:
        return _effect_of_announcing(places, form)
    if form.followers:
        first = f"on {channels[0]} first, then on {_count(channels[1:])}"
        if form.cleaned_data["when"] == ScheduleForm.NOW:
            return f"Publish now {first}"
        return f"Schedule for {_spoken(places[0].at, form)} {first}"
    places = [place for place in places if place.after is None]
    if form.cleaned_data["when"] == ScheduleForm.NOW:
        return f"Publish now on {_count(channels)}"
    if form.cleaned_data["when"] == ScheduleForm.QUEUE and len(places) > 1:
        return f"Add to {len(places)} queues"
    if form.cleaned_data["when"] == ScheduleForm.QUEUE:
        return f"Add to the queue for {_spoken(places[0].at, form)}"
    return f"Schedule for {_spoken(places[0].at, form)}"


def _effect_of_announcing(places: list[Place], form: ScheduleForm) -> str:
    channels = _count([place.channel for place in places])
    if form.cleaned_data["when"] == ScheduleForm.NOW and places[0].after is None:
        return f"Announce it now on {channels}"
    return f"Announce it {_spoken(places[0].at, form)} on {channels}"


def _done(places: list[Place], form: ScheduleForm) -> str:
    leading = [place for place in places if place.after is None]
    channels = [place.channel for place in leading]
    rest = [_follows(place, place.after) for place in places if place.after is not None]
    if not leading:
        return " ".join(rest)
    if form.cleaned_data["when"] == ScheduleForm.NOW:
        said = f"On its way to {_count(channels)}."
    elif form.cleaned_data["when"] == ScheduleForm.QUEUE:
        said = " ".join(f"In the queue of {place.channel} for {_spoken(place.at, form)}." for place in leading)
    else:
        said = f"Scheduled for {_spoken(leading[0].at, form)} on {_count(channels)}."
    return " ".join([said, *rest])


def _follows(place: Place, after: timedelta) -> str:
    if not tailoring.announces(place.channel):
        return f"{place.channel} follows {span_in_words(after)} later."
    return f"{place.channel} announces it {f'{span_in_words(after)} later' if after else 'once its page is there'}."


def _count(channels: list[Channel]) -> str:
    return str(channels[0]) if len(channels) == 1 else f"{len(channels)} channels"


def _spoken(moment: Moment, form: TimeForm) -> str:
    """Tue 24 Nov 09:00, with the year when it is another one."""
    local = moment.due_at.astimezone(form.zone)
    year = "" if local.year == form.now.astimezone(form.zone).year else " %Y"
    return local.strftime(f"%a %-d %b{year} %H:%M")


def suggestion(day: str, here: datetime) -> str:
    """A time to begin with, as the browser's field wants it: what was chosen, a day's or tomorrow's morning."""
    chosen = _chosen(day)
    if chosen is None:
        chosen = (here + timedelta(days=1)).replace(hour=MORNING, minute=0)
    if chosen.replace(tzinfo=None) <= here.replace(tzinfo=None):  # over already: the next full hour
        chosen = here.replace(minute=0) + timedelta(hours=1)
    return chosen.strftime(WALL)


def _chosen(day: str) -> datetime | None:
    """A day of the calendar, or an hour of one."""
    try:
        return datetime.strptime(day, WALL)
    except ValueError:
        pass
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(hour=MORNING)
    except ValueError:
        return None


def _post(request: MemberRequest, pk: int) -> Post:
    return get_object_or_404(Post.objects.of(request.workspace).select_related("author", "workspace"), pk=pk)


def _standing(post: Post) -> list[Delivery]:
    """What is scheduled, on its way or published: the post cannot go to these channels twice."""
    over = [Delivery.Status.CANCELLED, Delivery.Status.FAILED]
    rows = post.deliveries.publications().exclude(status__in=over).select_related("channel").defer("sent_markdown")
    return list(rows.order_by("due_at", "pk"))


def _pages(standing: list[Delivery]) -> list[Delivery]:
    """Those whose page may be announced: what is there first, then what is to come."""
    there = [each for each in standing if each.status == Delivery.Status.PUBLISHED and following.has_address(each)]
    coming = [each for each in standing if each.status in Delivery.Status.pending()]
    return there + [each for each in coming if following.may_have_page(each.channel)]


def _pages_now(standing: list[Delivery], chosen: list[Channel]) -> dict[Channel, str]:
    """What announcements would name while people still choose: a page that is there, where nothing else is chosen."""
    there = next((each.remote_url for each in _pages(standing) if each.status == Delivery.Status.PUBLISHED), "")
    is_alone = all(map(tailoring.announces, chosen))
    return dict.fromkeys(chosen, there if is_alone else scheduling.PAGE_TO_COME)


def _last_wishes(post: Post) -> dict[int, dict[str, Any]]:
    """What was wished for when the post was last scheduled on each channel, or is said there, to begin with."""
    wishes = dict(post.deliveries.order_by("pk").values_list("channel_id", "options"))
    for pk, version in (post.versions or {}).items():
        if version.get("options"):
            wishes[int(pk)] = {**version["options"], **wishes.get(int(pk), {})}
    return wishes


def _wanted(request: MemberRequest, data: QueryDict, taken: set[int], more: Collection[str] = ()) -> list[Channel]:
    """The channels that are named, of those where the post can go."""
    named = {*data.getlist("channels"), *more}
    channels = Channel.objects.of(request.workspace).exclude(pk__in=taken)
    return [channel for channel in channels if str(channel.pk) in named]


def _due_at(request: MemberRequest, now: datetime) -> datetime:
    """The chosen time where it is one already; findings are shown while people still choose."""
    form = TimeForm(request.GET, zone=request.user.time_zone, now=now)
    return form.moment.due_at if form.is_valid() and form.moment else now
