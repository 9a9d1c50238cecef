"""The buttons of a delivery: each calls one verb, rings, and leads back to the post."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from posts.forms.deciding import ConfirmForm
from posts.forms.times import TimeForm
from posts.models import Change, Delivery
from posts.planning import changing, following, handing, scheduling
from posts.planning.conflicts import conflicts
from posts.planning.following import Then
from posts.planning.moments import WALL, Moment, moment_at
from posts.views.bells import ring_for_deliveries, ring_for_page
from posts.views.changes import back_to, say
from posts.views.deliveries import own_delivery
from posts.views.scope import MemberRequest
from posts.watch import proving


def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """Where others wait for it, what is to become of them is asked first."""
    delivery, now = own_delivery(request, pk), timezone.now()
    followers = list(following.waiting_for(delivery).select_related("channel"))
    then = request.POST.get("then", "")
    if followers and then not in Then.__members__.values():
        context = {"delivery": delivery, "post": delivery.post, "followers": followers, "now": now}
        return render(request, "posts/delivery_cancel.html", context)
    done = f"It will not be published on {delivery.channel}."
    if followers:
        done += _of_followers(Then(then), followers)
    return _decide(
        request, delivery, lambda: following.cancel(delivery, Then(then or Then.WAIT), now, request.user), done
    )


def _of_followers(then: Then, followers: list[Delivery]) -> str:
    """What becomes of them, in a sentence; an announcement without its page has nothing to say."""
    alone = [each for each in followers if then != Then.RELEASE or following.can_go_alone(each)]
    groups = [
        ({Then.STOP: "Nor on", Then.RELEASE: "It goes out on", Then.WAIT: "It waits on"}[then], alone),
        ("There is nothing to announce on", [each for each in followers if each not in alone]),
    ]
    named = [(words, ", ".join(each.channel.name for each in some)) for words, some in groups if some]
    return "".join(f" {words} {names}." for words, names in named)


def publish_now(request: MemberRequest, pk: int) -> HttpResponse:
    delivery = own_delivery(request, pk)
    done = f"On its way to {delivery.channel}."
    return _decide(request, delivery, lambda: scheduling.publish_now(delivery, _at_once(request)), done)


def send_again(request: MemberRequest, pk: int) -> HttpResponse:
    delivery = own_delivery(request, pk)
    done = f"It is being sent to {delivery.channel} again."
    return _decide(request, delivery, lambda: scheduling.send_again(delivery, _at_once(request)), done)


def confirm(request: MemberRequest, pk: int) -> HttpResponse:
    """ "It is there": the address that a person found."""
    delivery = own_delivery(request, pk)
    form = ConfirmForm(request.POST, place=handing.place_of(delivery.channel))
    if not form.is_valid():
        context = {"delivery": delivery, "form": form, "post": delivery.post}
        return render(request, "posts/delivery_confirm.html", context)
    url, now = form.cleaned_data["url"], timezone.now()
    done = f"It is published on {delivery.channel}."
    return _decide(request, delivery, lambda: scheduling.confirm(delivery, url, now), done)


def check_page(request: MemberRequest, pk: int) -> HttpResponse:
    """ "Check the page again": leads back to where it was pressed, which follows what happens."""
    delivery = own_delivery(request, pk)
    if proving.ask(delivery, timezone.now()):
        ring_for_page(delivery)
    else:
        messages.error(request, "There is no public page of it to look at.")
    return redirect("delivery", delivery.pk) if request.POST.get("back") == "history" else redirect(delivery)


def reschedule(request: MemberRequest, pk: int) -> HttpResponse:
    """ "Move…": the same as dragging, by keyboard and tap."""
    delivery, now, zone = own_delivery(request, pk), timezone.now(), request.user.time_zone
    form = TimeForm(
        request.POST if request.method == "POST" else None,
        initial={"at": _first_offer(delivery.due_at.astimezone(zone), now.astimezone(zone))},
        zone=zone, now=now,
    )  # fmt: skip
    back = back_to(request, delivery.get_absolute_url())
    if request.method == "POST" and form.is_valid() and form.moment:
        moment = form.moment
        local = moment.due_at.astimezone(zone)
        near = conflicts(delivery.channel, moment.due_at, but=delivery.pk)
        done = f"It will be published on {delivery.channel} on {local:%a %-d %b %Y at %H:%M}. {moment.note}".strip()
        seen = seen_in(request)
        return _decide(
            request, delivery, lambda: changing.move(delivery, moment, now, request.user, seen), done, near, back
        )
    context = {"delivery": delivery, "form": form, "post": delivery.post, "zone": zone, "now": now, "back": back}
    return render(request, "posts/delivery_reschedule.html", context)


def seen_in(request: MemberRequest) -> datetime | None:
    """The time that the page showed when the person decided, where it says so."""
    try:
        seen = datetime.fromisoformat(request.POST.get("seen", ""))
    except ValueError:
        return None
    return seen if seen.tzinfo else None


def _first_offer(due: datetime, now: datetime) -> str:
    """The time that it has, or now where that is over."""
    return max(due, now).strftime(WALL)


def _at_once(request: MemberRequest) -> Moment:
    return moment_at(timezone.now(), request.user.time_zone)


def _decide(
    request: MemberRequest,
    delivery: Delivery,
    verb: Callable[[], object],
    done: str,
    besides: Iterable[str] = (),
    back: str = "",
) -> HttpResponse:
    """Do it and say so, or say in a sentence why it cannot be done; nothing is lost either way."""
    try:
        made = verb()
    except scheduling.Refused as refused:
        messages.error(request, str(refused))
    else:
        ring_for_deliveries()
        say(request, done, made if isinstance(made, Change) else None)
        for words in besides:
            messages.warning(request, words)
    return redirect(back or delivery)
