"""Living copies: what differs from what is out there, bringing it up to date, taking it back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from posts.forms.times import TimeForm
from posts.models import Delivery, Post
from posts.planning import living
from posts.planning.moments import WALL, Moment, moment_at
from posts.planning.scheduling import Refused
from posts.views.bells import ring_for_deliveries
from posts.views.deliveries import changes, own_delivery
from posts.views.scope import MemberRequest
from publishers import PUBLISHERS


def differences(request: MemberRequest, pk: int) -> HttpResponse:
    """What was sent against what would be sent now."""
    found = _publication(request, pk)
    fields, texts = living.differences(found)
    return render(request, "posts/living_differences.html", {
        "delivery": found, "post": found.post, "fields": fields, "lines": changes(*texts),
        "is_same_text": texts[0] == texts[1], "differs": living.differs(found), "can": living.abilities(found),
    })  # fmt: skip


def update(request: MemberRequest, pk: int) -> HttpResponse:
    """ "Update now": one channel."""
    found = own_delivery(request, pk)
    return _do(request, found, lambda at: living.update(found, at, timezone.now(), request.user), _now(request))


def update_at(request: MemberRequest, pk: int) -> HttpResponse:
    """ "Update at…": at a time."""
    found, now, zone = _publication(request, pk), timezone.now(), request.user.time_zone
    form = TimeForm(
        request.POST if request.method == "POST" else None,
        initial={"at": now.astimezone(zone).strftime(WALL)}, zone=zone, now=now,
    )  # fmt: skip
    others = [each.publication.channel.name for each in living.standing(found.post) if _is_another(each, found)]
    if request.method == "POST" and form.is_valid() and form.moment:
        if "everywhere" in request.POST and others:
            return _everywhere(request, found.post, form.moment)
        return _do(request, found, lambda at: living.update(found, at, now, request.user), form.moment)
    context = {"delivery": found, "post": found.post, "form": form, "zone": zone, "now": now, "others": others}
    return render(request, "posts/living_update_at.html", {**context, "can": living.abilities(found)})


def _is_another(standing: living.Standing, found: Delivery) -> bool:
    return standing.differs and standing.publication != found and living.abilities(standing.publication).update


def update_all(request: MemberRequest, pk: int) -> HttpResponse:
    """ "Update on 2 channels": every publication of the post that differs."""
    return _everywhere(request, get_object_or_404(Post.objects.of(request.workspace), pk=pk), _now(request))


def _everywhere(request: MemberRequest, post: Post, at: Moment) -> HttpResponse:
    made, refused = living.update_all(post, at, timezone.now(), request.user)
    if made:
        ring_for_deliveries()
        where = ", ".join(each.channel.name for each in made)
        messages.success(request, _said(request, f"The update on {where}", at))
    for channel, why in refused.items():
        messages.error(request, f"{channel}: {why}")
    if not made and not refused:
        messages.info(request, "Everything out there is as it stands here.")
    return redirect(post)


def unpublish(request: MemberRequest, pk: int) -> HttpResponse:
    """ "Unpublish…": what will happen there is said before it does."""
    found = _publication(request, pk)
    if request.method == "POST":
        return _do(request, found, lambda at: living.unpublish(found, at, timezone.now(), request.user), _now(request))
    publisher = PUBLISHERS.get(found.channel.platform)
    return render(request, "posts/living_unpublish.html", {
        "delivery": found, "post": found.post, "can": living.abilities(found),
        "followers": found.followers.filter(status=Delivery.Status.WAITING).select_related("channel"),
        "what_happens": publisher.when_unpublished if publisher else "",
    })  # fmt: skip


def publish_anew(request: MemberRequest, pk: int) -> HttpResponse:
    """It is gone there: another article may be made of it, which is scheduled as ever."""
    found = _publication(request, pk)
    try:
        living.give_up(found)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(found)
    return redirect(f"{reverse('schedule', args=[found.post_id])}?channels={found.channel_id}")


def _publication(request: MemberRequest, pk: int) -> Delivery:
    return get_object_or_404(
        Delivery.objects.of(request.workspace).publications().select_related("post__author", "channel", "workspace"),
        pk=pk,
    )


def _now(request: MemberRequest) -> Moment:
    return moment_at(timezone.now(), request.user.time_zone)


def _do(request: MemberRequest, publication: Delivery, verb: Callable[[Moment], Delivery], at: Moment) -> HttpResponse:
    """Do it and say so, or say in a sentence why it cannot be done."""
    try:
        made = verb(at)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(publication)
    ring_for_deliveries()
    what = "update" if made.action == Delivery.Action.UPDATE else "taking back"
    messages.success(request, _said(request, f"The {what} on {publication.channel}", at))
    return redirect(publication)


def _said(request: MemberRequest, what: str, at: Moment) -> str:
    if at.due_at <= timezone.now():
        return f"{what} is on its way."
    return f"{what} is scheduled for {at.due_at.astimezone(request.user.time_zone):%a %-d %b %Y, %H:%M}."
