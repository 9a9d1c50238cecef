"""Where to and when, in two steps: the choice, and the review that says what will happen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from posts import scheduling
from posts.engine.packing import article_of, door_of
from posts.forms import ScheduleForm, TimeForm, in_words, options_prefix
from posts.models import Channel, Delivery, Post
from posts.moments import WALL, Moment
from posts.views.bells import ring_for_deliveries
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
    sent: Sent | None = None  # only where it is shown

    def groups(self) -> list[tuple[Level, list[Finding]]]:
        """The worst first."""
        groups = [(level, [found for found in self.findings if found.level == level]) for level in Level]
        return [(level, found) for level, found in groups if found]

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
    post: Post, channels: Iterable[Channel], due_at: datetime, wishes: Wishes, *, with_sent: bool = False
) -> list[Verdict]:
    found = []
    for channel in channels:
        options = wishes.get(channel.pk, {})
        findings = scheduling.check(post, channel, due_at, options)
        sent = sent_to(channel, post, due_at, options) if with_sent else None
        found.append(Verdict(channel, findings, in_words(channel, options), sent))
    return found


def sent_to(channel: Channel, post: Post, due_at: datetime, options: scheduling.Options) -> Sent:
    """The body that this channel would be sent. Nothing is asked of the platform."""
    delivery = Delivery(post=post, channel=channel, workspace=post.workspace, due_at=due_at, options=dict(options))
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
    taken, wishes = _taken(post), _last_wishes(post)
    chosen = _wanted(request, request.GET, taken)
    offer = suggestion(request.GET.get("day", ""), now.astimezone(request.user.time_zone))
    form = ScheduleForm(
        initial={
            "channels": [channel.pk for channel in chosen],
            "when": request.GET.get("when", ScheduleForm.AT),
            "at": request.GET.get("at") or offer,
        },
        workspace=request.workspace, taken=taken, wishes=wishes, zone=request.user.time_zone, now=now,
    )  # fmt: skip
    return _choice(request, post, form, verdicts(post, chosen, _due_at(request, now), wishes))


def _choice(request: MemberRequest, post: Post, form: ScheduleForm, said: list[Verdict]) -> HttpResponse:
    return render(request, "posts/schedule.html", {"post": post, "form": form, "verdicts": said, "zone": form.zone})


# --- step 2 ----------------------------------------------------------------------------------------------------------


def review(request: MemberRequest, pk: int) -> HttpResponse:
    """What will happen, before it does. Only a POST that neither looks nor goes back makes it happen."""
    post, now = _post(request, pk), timezone.now()
    data = request.POST if request.method == "POST" else request.GET
    taken = _taken(post)
    form = ScheduleForm(data, workspace=request.workspace, taken=taken, zone=request.user.time_zone, now=now)
    is_valid, moment = form.is_valid(), form.moment
    if request.htmx.target == "findings" or not is_valid or moment is None or "change" in request.POST:
        said = verdicts(post, _wanted(request, data, taken), moment.due_at if moment else now, form.options)
        if request.htmx.target == "findings":
            return render(request, "posts/_findings.html", {"verdicts": said})
        return _choice(request, post, form, said)
    channels, options, carried = form.cleaned_data["channels"], form.options, _carried(data, form)
    refused = ""
    if "look" in request.POST:
        query = urlencode(carried)
        if len(query) <= LONGEST_QUERY:
            return redirect(f"{reverse('review', args=[pk])}?{query}")
    elif request.method == "POST":
        try:
            scheduling.schedule(post, channels, moment, now, by=request.user, options=options)
        except scheduling.Refused as error:
            refused = str(error)
        else:
            ring_for_deliveries()
            messages.success(request, _done(channels, moment, form))
            return redirect(post)
    said = verdicts(post, channels, moment.due_at, options, with_sent=True)
    return render(request, "posts/review.html", {
        "post": post, "carried": carried, "moment": moment, "verdicts": said, "refused": refused,
        "is_possible": not any(verdict.is_refused for verdict in said), "zone": form.zone, "now": now,
        "is_now": form.cleaned_data["when"] == ScheduleForm.NOW, "effect": _effect(channels, moment, form),
    })  # fmt: skip


def _carried(data: QueryDict, form: ScheduleForm) -> list[tuple[str, str]]:
    """What was chosen, field by field as it was sent: without what is empty or belongs to other channels."""
    prefixes = tuple(f"{options_prefix(channel)}-" for channel in form.cleaned_data["channels"])
    names = [name for name in data if name in form.fields or name.startswith(prefixes)]
    return [(name, str(value)) for name in names for value in data.getlist(name) if value]


def _effect(channels: list[Channel], moment: Moment, form: ScheduleForm) -> str:
    """What the button does, in its own words."""
    if form.cleaned_data["when"] == ScheduleForm.NOW:
        return f"Publish now on {_count(channels)}"
    return f"Schedule for {_spoken(moment, form)}"


def _done(channels: list[Channel], moment: Moment, form: ScheduleForm) -> str:
    if form.cleaned_data["when"] == ScheduleForm.NOW:
        return f"It is being published on {_count(channels)}."
    return f"Scheduled for {_spoken(moment, form)} on {_count(channels)}."


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


def _taken(post: Post) -> set[int]:
    """The channels where the post is scheduled, on its way or published: it cannot go there twice."""
    over = [Delivery.Status.CANCELLED, Delivery.Status.FAILED]
    return set(post.deliveries.exclude(status__in=over).values_list("channel_id", flat=True))


def _last_wishes(post: Post) -> dict[int, dict[str, Any]]:
    """What was wished for when the post was last scheduled on each channel, to begin with."""
    return dict(post.deliveries.order_by("pk").values_list("channel_id", "options"))


def _wanted(request: MemberRequest, data: QueryDict, taken: set[int]) -> list[Channel]:
    """The channels that are named, of those where the post can go."""
    named = set(data.getlist("channels"))
    channels = Channel.objects.of(request.workspace).exclude(pk__in=taken)
    return [channel for channel in channels if str(channel.pk) in named]


def _due_at(request: MemberRequest, now: datetime) -> datetime:
    """The chosen time where it is one already; findings are shown while people still choose."""
    form = TimeForm(request.GET, zone=request.user.time_zone, now=now)
    return form.moment.due_at if form.is_valid() and form.moment else now
