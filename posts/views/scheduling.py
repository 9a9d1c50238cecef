"""Where to and when, in two steps: the choice, and the review that says what will happen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from posts import scheduling
from posts.forms import ScheduleForm, TimeForm
from posts.models import Channel, Delivery, Post
from posts.moments import WALL, Moment
from posts.views.bells import ring_for_deliveries
from posts.views.scope import MemberRequest
from publishers.base import Finding, Level

MORNING = 9  # o'clock: what is offered for a day that was chosen in the calendar


@dataclass(frozen=True)
class Verdict:
    """What one channel says of the post."""

    channel: Channel
    findings: list[Finding]

    def groups(self) -> list[tuple[Level, list[Finding]]]:
        """The worst first."""
        groups = [(level, [found for found in self.findings if found.level == level]) for level in Level]
        return [(level, found) for level, found in groups if found]

    @property
    def is_refused(self) -> bool:
        return any(found.level == Level.REFUSED for found in self.findings)


def verdicts(post: Post, channels: Iterable[Channel], due_at: datetime) -> list[Verdict]:
    return [Verdict(channel, scheduling.check(post, channel, due_at)) for channel in channels]


def schedule(request: MemberRequest, pk: int) -> HttpResponse:
    """The choice. What each chosen channel says is shown as it is chosen; without JavaScript, in the review."""
    post, now = _post(request, pk), timezone.now()
    taken = _taken(post)
    chosen = [channel for channel in _wanted(request) if channel.pk not in taken]
    said = verdicts(post, chosen, _due_at(request, now))
    if request.htmx.target == "findings":
        return render(request, "posts/_findings.html", {"verdicts": said})
    offer = suggestion(request.GET.get("day", ""), now.astimezone(request.user.time_zone))
    form = ScheduleForm(
        initial={
            "channels": [channel.pk for channel in chosen],
            "when": request.GET.get("when", ScheduleForm.AT),
            "at": request.GET.get("at") or offer,
        },
        workspace=request.workspace, taken=taken, zone=request.user.time_zone, now=now,
    )  # fmt: skip
    return _choice(request, post, form, said)


def _choice(request: MemberRequest, post: Post, form: ScheduleForm, said: list[Verdict]) -> HttpResponse:
    return render(request, "posts/schedule.html", {"post": post, "form": form, "verdicts": said, "zone": form.zone})


def review(request: MemberRequest, pk: int) -> HttpResponse:
    """What will happen, before it does. GET shows it; POST does it."""
    post, now = _post(request, pk), timezone.now()
    form = ScheduleForm(
        request.POST if request.method == "POST" else request.GET,
        workspace=request.workspace, taken=_taken(post), zone=request.user.time_zone, now=now,
    )  # fmt: skip
    if not form.is_valid() or form.moment is None:
        return _choice(request, post, form, verdicts(post, form.cleaned_data.get("channels", []), now))
    channels, moment = form.cleaned_data["channels"], form.moment
    refused = ""
    if request.method == "POST":
        try:
            scheduling.schedule(post, channels, moment, now, by=request.user)
        except scheduling.Refused as error:
            refused = str(error)
        else:
            ring_for_deliveries()
            messages.success(request, _done(channels, moment, form))
            return redirect(post)
    said = verdicts(post, channels, moment.due_at)
    return render(request, "posts/review.html", {
        "post": post, "form": form, "channels": channels, "moment": moment, "verdicts": said, "refused": refused,
        "is_possible": not any(verdict.is_refused for verdict in said), "zone": form.zone, "now": now,
        "is_now": form.cleaned_data["when"] == ScheduleForm.NOW, "effect": _effect(channels, moment, form),
    })  # fmt: skip


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
    """A time to begin with, as the browser's field wants it: the morning of ``day`` or of tomorrow."""
    try:
        morning = datetime.strptime(day, "%Y-%m-%d").replace(hour=MORNING)
    except ValueError:
        morning = (here + timedelta(days=1)).replace(hour=MORNING, minute=0)
    if morning.replace(tzinfo=None) <= here.replace(tzinfo=None):  # today: the next full hour
        morning = here.replace(minute=0) + timedelta(hours=1)
    return morning.strftime(WALL)


def _post(request: MemberRequest, pk: int) -> Post:
    return get_object_or_404(Post.objects.of(request.workspace).select_related("author", "workspace"), pk=pk)


def _taken(post: Post) -> set[int]:
    """The channels where the post is scheduled, on its way or published: it cannot go there twice."""
    over = [Delivery.Status.CANCELLED, Delivery.Status.FAILED]
    return set(post.deliveries.exclude(status__in=over).values_list("channel_id", flat=True))


def _wanted(request: MemberRequest) -> list[Channel]:
    """The channels that the address names, of those that there are."""
    named = set(request.GET.getlist("channels"))
    return [channel for channel in Channel.objects.of(request.workspace) if str(channel.pk) in named]


def _due_at(request: MemberRequest, now: datetime) -> datetime:
    """The chosen time where it is one already; findings are shown while people still choose."""
    form = TimeForm(request.GET, zone=request.user.time_zone, now=now)
    return form.moment.due_at if form.is_valid() and form.moment else now
