"""Canonical first: the plans of a workspace, and what a person decides about what waits for its original."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from posts.forms.scheduling import PlanForm
from posts.forms.times import DelayForm
from posts.models import Channel, Plan
from posts.planning import following, scheduling
from posts.views.bells import ring_for_deliveries
from posts.views.deliveries import own_delivery
from posts.views.scope import MemberRequest


def plans(request: MemberRequest) -> HttpResponse:
    rows = Plan.objects.of(request.workspace).select_related("origin").prefetch_related("steps__channel")
    channels = Channel.objects.of(request.workspace).count()
    return render(request, "posts/plans.html", {"plans": rows, "has_channels": channels > 1})


def plan_new(request: MemberRequest) -> HttpResponse:
    return _form(request, None)


def plan(request: MemberRequest, pk: int) -> HttpResponse:
    return _form(request, _own(request, pk))


def _form(request: MemberRequest, kept: Plan | None) -> HttpResponse:
    form = PlanForm(request.POST if request.method == "POST" else None, workspace=request.workspace, plan=kept)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            following.keep_plan(request.workspace, values["name"], values["origin"], form.followers, kept)
        except following.NameTaken as taken:
            form.add_error("name", str(taken))
        else:
            messages.success(request, f"The plan “{values['name']}” is kept.")
            return redirect("plans")
    context: dict[str, Any] = {"form": form, "plan": kept}
    return render(request, "posts/plan.html", context)


def plan_delete(request: MemberRequest, pk: int) -> HttpResponse:
    kept = _own(request, pk)
    kept.delete()
    messages.success(request, f"The plan “{kept}” is deleted. What was scheduled by it stays as it is.")
    return redirect("plans")


def release(request: MemberRequest, pk: int) -> HttpResponse:
    """Do not wait any longer."""
    follower = own_delivery(request, pk)
    try:
        at = following.release(follower, timezone.now(), with_canonical="canonical" in request.POST)
    except scheduling.Refused as refused:
        messages.error(request, str(refused))
    else:
        ring_for_deliveries()
        local = at.astimezone(request.user.time_zone)
        messages.success(request, f"It waits no longer: it goes out on {follower.channel} {local:%a %-d %b %Y, %H:%M}.")
    return redirect(follower)


def delay(request: MemberRequest, pk: int) -> HttpResponse:
    """How much later than its original it goes out."""
    follower = own_delivery(request, pk)
    form = DelayForm(
        request.POST if request.method == "POST" else None, initial={"after": follower.follow_after or timedelta()}
    )
    if request.method == "POST" and form.is_valid():
        try:
            at = following.delay(follower, form.cleaned_data["after"])
        except scheduling.Refused as refused:
            messages.error(request, str(refused))
        else:
            local = at.astimezone(request.user.time_zone)
            messages.success(request, f"It is expected on {follower.channel} about {local:%a %-d %b %Y, %H:%M} now.")
        return redirect(follower)
    return render(request, "posts/delivery_delay.html", {"delivery": follower, "post": follower.post, "form": form})


def wait_on(request: MemberRequest, pk: int) -> HttpResponse:
    follower = own_delivery(request, pk)
    try:
        following.wait_on(follower)
    except scheduling.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"It goes on waiting on {follower.channel}.")
    return redirect(follower)


def _own(request: MemberRequest, pk: int) -> Plan:
    return get_object_or_404(Plan.objects.of(request.workspace), pk=pk)
