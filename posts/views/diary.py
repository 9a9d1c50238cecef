"""The diary as a list: what needs a person first, then what is scheduled."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from posts.models import Channel, Delivery, Post
from posts.planning import following, scheduling, zonelaws
from posts.planning.following import Then
from posts.views.bells import ring_for_deliveries
from posts.views.filters import Filters, filters_of, listed
from posts.views.scope import MemberRequest
from posts.views.standing import page_of, unanswered

MOST_SHOWN = 50  # of what needs a person
MOST_AT_ONCE = 500  # deliveries that one press of a button moves: a page must not take longer than people wait
MOST_TOLD = 10  # of those that could not be moved

Status = Delivery.Status


def schedule_list(request: MemberRequest) -> HttpResponse:
    """What needs a person, then everything that is scheduled. A day or a status shows what is over, too."""
    filters = filters_of(request)
    zone = request.user.time_zone
    rows = filters.of(listed(request), zone)
    needing = rows.filter(pk__in=unanswered().filter(workspace=request.workspace).values("pk"))
    scheduled = _without(needing, rows, filters)
    context: dict[str, Any] = {
        "filters": filters,
        **_needing(needing, filters),
        "page": page_of(scheduled.order_by("due_at", "pk"), request.GET.get("page", "")),
        "channels": Channel.objects.of(request.workspace),
        "statuses": Status.choices,
        "apart": zonelaws.come_apart(request.workspace).count(),
        "zone": zone,
        "now": timezone.now(),
    }
    if not context["needing"] and not context["missed"] and not context["page"].paginator.count:
        context["has_posts"] = Post.objects.of(request.workspace).exists()
        context["has_channels"] = bool(context["channels"])
    return render(request, "posts/schedule_list.html", context)


def _without(needing: QuerySet[Delivery], rows: QuerySet[Delivery], filters: Filters) -> QuerySet[Delivery]:
    """What is listed below what needs a person. What is ahead, or in another state, is not among that anyway."""
    if not filters.status and not filters.day:
        return rows.filter(status__in=Status.pending())
    if filters.status and filters.status not in Status.needs_a_person():
        return rows
    rest = rows.exclude(pk__in=needing.values("pk"))
    return rest if filters.status else rest.exclude(status=Status.CANCELLED)


def _needing(rows: QuerySet[Delivery], filters: Filters) -> dict[str, Any]:
    """What needs a person. Where several missed their time, they are shown by themselves: to be decided together."""
    missed: list[Delivery] = []
    in_all = 0
    if filters.status in ("", Status.MISSED):
        together = rows.filter(status=Status.MISSED).order_by("due_at", "pk")
        missed = list(together[:MOST_SHOWN])
        in_all = together.count() if len(missed) == MOST_SHOWN else len(missed)
    if in_all > 1:
        rows = rows.exclude(status=Status.MISSED)
    else:
        missed = []
    needing = list(rows.order_by("-due_at")[:MOST_SHOWN])
    return {"needing": needing, "missed": missed, "missed_in_all": in_all, "at_once": MOST_AT_ONCE}


# --- many that missed their time -------------------------------------------------------------------------------------


def decide_missed(request: MemberRequest) -> HttpResponse:
    """Those that were chosen, or all that the filters show: publish one after the other, or drop."""
    back, chosen, left = _back_to_list(request), *_chosen(request)
    if not chosen:
        messages.error(request, "Choose which of those that missed their time are meant.")
        return redirect(back)
    if request.POST.get("do") == "publish":
        refused = scheduling.publish_in_turn(chosen, timezone.now(), request.user.time_zone)
        done = "{} published: on each channel one after the other, the first one now."
        ring_for_deliveries()
    elif "sure" in request.POST and (then := request.POST.get("then", Then.WAIT)) in Then.__members__.values():
        refused = following.cancel_all(chosen, Then(then), timezone.now(), request.user)
        done = "{} dropped and not published."
    else:
        waiting = Delivery.objects.filter(follows__in=chosen, status=Status.WAITING).count()
        context = {"chosen": chosen, "back": back, "filters": filters_of(request), "followers": waiting}
        return render(request, "posts/missed_drop.html", context)
    number = len(chosen) - len(refused)
    if number:
        messages.success(request, done.format("1 is" if number == 1 else f"{number} are"))
    for delivery, reason in list(refused.items())[:MOST_TOLD]:
        messages.error(request, f"“{delivery.post}” on {delivery.channel}: {reason}")
    if left:
        messages.info(request, f"{left} more are left: choose again.")
    if len(refused) > MOST_TOLD:
        messages.error(request, f"{len(refused) - MOST_TOLD} more could not be moved. They are still in the list.")
    return redirect(back)


def _chosen(request: MemberRequest) -> tuple[list[Delivery], int]:
    """As many as one press may move, and how many were meant beside them."""
    rows = filters_of(request).of(listed(request), request.user.time_zone).filter(status=Status.MISSED)
    if "all" not in request.POST:
        named = [int(pk) for pk in request.POST.getlist("delivery") if pk.isascii() and pk.isdecimal() and len(pk) < 15]
        rows = rows.filter(pk__in=named[:MOST_AT_ONCE])
    chosen = list(rows.order_by("due_at", "pk")[:MOST_AT_ONCE])
    return chosen, rows.count() - len(chosen)


def _back_to_list(request: MemberRequest) -> str:
    query = filters_of(request).query
    return f"{reverse('schedule_list')}?{query}" if query else reverse("schedule_list")
