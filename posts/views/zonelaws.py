"""The law of a zone was changed: keep what the clock shows, or keep the moment. Nothing moves without a word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from posts.models import Delivery
from posts.planning import zonelaws
from posts.planning.scheduling import Refused
from posts.views.bells import ring_for_deliveries
from posts.views.scope import MemberRequest

MOST_SHOWN = 200


@dataclass(frozen=True)
class Apart:
    """One delivery whose clock time and moment have come apart."""

    delivery: Delivery

    @property
    def reads(self) -> datetime:
        """What the clock there will show at its moment."""
        return self.delivery.due_at.astimezone(ZoneInfo.no_cache(self.delivery.zone))

    @property
    def moves_to(self) -> datetime:
        assert self.delivery.wall_moves_to is not None
        return self.delivery.wall_moves_to.astimezone(ZoneInfo.no_cache(self.delivery.zone))


def zone_laws(request: MemberRequest) -> HttpResponse:
    rows = zonelaws.come_apart(request.workspace).select_related("post__workspace", "channel").order_by("due_at", "pk")
    if request.method == "POST":
        named = [int(pk) for pk in request.POST.getlist("delivery") if pk.isascii() and pk.isdecimal() and len(pk) < 15]
        return _decide(request, list(rows.filter(pk__in=named[:MOST_SHOWN])))
    return render(request, "posts/zone_laws.html", {"rows": [Apart(delivery) for delivery in rows[:MOST_SHOWN]]})


def _decide(request: MemberRequest, chosen: list[Delivery]) -> HttpResponse:
    keeps_wall = request.POST.get("keep") == "wall"
    done = 0
    for delivery in chosen:
        try:
            if keeps_wall:
                zonelaws.keep_wall_time(delivery, timezone.now())
            else:
                zonelaws.keep_moment(delivery)
        except Refused as refused:
            messages.error(request, f"“{delivery.post}” on {delivery.channel}: {refused}")
        else:
            done += 1
    if not chosen:
        messages.error(request, "Choose which of them are meant.")
    if done:
        ring_for_deliveries()
        told = "moved: the clock shows what was meant." if keeps_wall else "left at the moment that was chosen."
        messages.success(request, f"{done} {'is' if done == 1 else 'are'} {told}")
    return redirect("zone_laws" if zonelaws.come_apart(request.workspace).exists() else "schedule_list")
