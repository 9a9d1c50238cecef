"""What people changed about the plan lately, and the way back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from posts.models import Change
from posts.planning import changing, scheduling
from posts.views.bells import ring_for_deliveries
from posts.views.scope import MemberRequest
from posts.views.standing import page_of

DONE = {
    Change.What.MOVED: "“{}” is back at its time.",
    Change.What.CANCELLED: "“{}” is planned again as it was.",
    Change.What.DELETED: "“{}” is back, with its text.",
}


def changes(request: MemberRequest) -> HttpResponse:
    rows = Change.objects.of(request.workspace).select_related("by", "undone_by", "delivery")
    return render(request, "posts/changes.html", {
        "page": page_of(rows, request.GET.get("page", "")), "days": changing.KEPT.days, "zone": request.user.time_zone,
        "now": timezone.now(),
    })  # fmt: skip


def undo(request: MemberRequest, pk: int) -> HttpResponse:
    change = get_object_or_404(Change.objects.of(request.workspace).select_related("delivery"), pk=pk)
    try:
        changing.undo(change, timezone.now(), request.user)
    except scheduling.Refused as refused:
        messages.error(request, f"“{change.title}”: {refused}")
    else:
        ring_for_deliveries()
        messages.success(request, DONE[Change.What(change.what)].format(change.title))
    return redirect(back_to(request, reverse("changes")))


def say(request: MemberRequest, words: str, change: Change | None) -> None:
    """A toast, with a button that takes the change back where that can be done."""
    offers = change is not None and change.can_be_undone
    messages.success(request, words, extra_tags=f"undo-{change.pk}" if change and offers else "")


def back_to(request: MemberRequest, otherwise: str) -> str:
    """Where the person came from, as the form or the address says; never out of the house."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    ours = url.startswith("/") and url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())
    return url if ours else otherwise
