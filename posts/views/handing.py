"""The hand-off: an article that a person publishes by hand, every part of it ready to be copied."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from posts.engine.packing import article_of
from posts.forms.deciding import ConfirmForm
from posts.models import Delivery
from posts.planning import changing, following, handing
from posts.planning.moments import Moment, NoSuchTime, moment_at, moment_of
from posts.planning.scheduling import Refused
from posts.views.changes import say
from posts.views.deliveries import own_delivery
from posts.views.scope import MemberRequest
from publishers.base import Assisted

SNOOZES = {"hour": timedelta(hours=1), "tomorrow": timedelta(days=1)}

Status = Delivery.Status


def hand_off(request: MemberRequest, pk: int) -> HttpResponse:
    """The text and where to bring it; sent to itself it takes the address at which it is."""
    delivery = own_delivery(request, pk)
    place = handing.place_of(delivery.channel)
    if place is None:
        raise Http404("This channel is not published by hand.")
    form = ConfirmForm(request.POST if request.method == "POST" else None, place=place)
    if request.method == "POST" and form.is_valid():
        try:
            handing.published(delivery, form.cleaned_data["url"], form.cleaned_data["seen"], timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"It is published on {delivery.channel}. We look at its page in a moment.")
            return redirect(delivery)
    return render(request, "posts/hand_off.html", _context(delivery, place, form))


def _context(delivery: Delivery, place: Assisted, form: ConfirmForm) -> dict[str, object]:
    article = article_of(delivery)
    return {
        "delivery": delivery, "post": delivery.post, "place": place, "form": form, "text": place.hand_off(article),
        "doors": place.doors(article), "findings": place.check(article), "seen": handing.shown(delivery)["sent_as"],
        "can_publish": delivery.status == Status.HANDED_OVER,
        "followers": [each.channel for each in following.waiting_for(delivery).select_related("channel")],
    }  # fmt: skip


def snooze(request: MemberRequest, pk: int) -> HttpResponse:
    """Not now: it is handed over anew, in an hour or at the same time tomorrow."""
    delivery, now = own_delivery(request, pk), timezone.now()
    wait = SNOOZES.get(request.POST.get("until", ""))
    if delivery.status != Status.HANDED_OVER or wait is None:
        messages.error(request, "There is nothing to put off any more." if wait else "Choose until when.")
        return redirect("hand_off", delivery.pk)
    at = _tomorrow(request, delivery) if wait == SNOOZES["tomorrow"] else moment_at(now + wait, request.user.time_zone)
    try:
        change = changing.move(delivery, at, now, request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("hand_off", delivery.pk)
    local = at.due_at.astimezone(request.user.time_zone)
    say(request, f"We hand it over again on {local:%a %-d %b at %H:%M}.", change)
    return redirect(delivery)


def _tomorrow(request: MemberRequest, delivery: Delivery) -> Moment:
    """Tomorrow at the time of day at which it was due, by the clock of who asks."""
    zone = request.user.time_zone
    here = timezone.now().astimezone(zone)
    due = delivery.due_at.astimezone(zone)
    wall = datetime.combine(here.date() + timedelta(days=1), time(due.hour, due.minute))
    try:
        return moment_of(wall, zone)
    except NoSuchTime as gap:
        return moment_at(gap.instead or here + timedelta(days=1), zone)
