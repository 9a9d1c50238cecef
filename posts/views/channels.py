"""The doors: connect a channel, see how it is, change it, pause it, remove it. Secrets go in and never come out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.forms import BoundField
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from posts import connecting, examining
from posts.forms.channels import ChannelNameForm, RemoveForm
from posts.models import Channel, Delivery
from posts.views.bells import ring_for_channel, ring_for_deliveries
from posts.views.scope import MemberRequest
from publishers import PUBLISHERS
from publishers.base import Assisted, Publisher

RECENT = 20  # deliveries on a channel's page
FEW = 4  # optional settings that stand among the others
LONG_WAIT = 20  # looks, one a second, after which we say that the check takes long

Status = Channel.Status
UNSENT = [Delivery.Status.WAITING, Delivery.Status.SCHEDULED, Delivery.Status.MISSED, Delivery.Status.HANDED_OVER]
Unsent = Q(deliveries__status__in=UNSENT)

Published = Q(deliveries__status=Delivery.Status.PUBLISHED, deliveries__action=Delivery.Action.PUBLISH)


@dataclass(frozen=True)
class Kind:
    """A platform as the pages name it."""

    name: str
    label: str
    blurb: str = ""
    steps: tuple[str, ...] = ()
    is_free: bool = False  # it needs no account and no key
    is_by_hand: bool = False  # a person publishes there, and we prepare it


def kind_of(platform: str) -> Kind:
    """Also of a platform whose publisher is no longer installed."""
    publisher = PUBLISHERS.get(platform)
    if publisher is None:
        return Kind(platform, platform)
    by_hand = issubclass(publisher, Assisted)
    is_free = not publisher.credentials_form.base_fields and not by_hand
    return Kind(platform, publisher.label, publisher.blurb, publisher.steps, is_free, by_hand)


@dataclass
class DoorForms:
    """The three forms of a channel as one: its name, its secrets and its settings."""

    name: ChannelNameForm
    credentials: forms.Form
    settings: forms.Form

    @property
    def all(self) -> list[forms.Form]:
        return [self.name, self.credentials, self.settings]

    @property
    def fields(self) -> list[forms.BoundField]:
        """What everybody has to look at."""
        return [field for form in self.all for field in form.visible_fields() if field not in self.more]

    @cached_property
    def more(self) -> list[forms.BoundField]:
        """Settings that most people leave as they are, where there are many of them."""
        optional = [field for field in self.settings.visible_fields() if not field.field.required]
        return optional if len(optional) > FEW else []

    @property
    def shows_more(self) -> bool:
        """Whether one of those has something to say: what is wrong, or what was chosen."""
        return any(field.errors or (field.value() or "") != (field.field.initial or "") for field in self.more)

    def is_valid(self) -> bool:
        """All are asked, so that every problem is shown at once."""
        return not [form for form in self.all if not form.is_valid()]

    @property
    def values(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        return self.name.cleaned_data["name"], self.credentials.cleaned_data, self.settings.cleaned_data


def channels(request: MemberRequest) -> HttpResponse:
    rows = Channel.objects.of(request.workspace).annotate(
        unsent=Count("deliveries", filter=Unsent),
        published=Count("deliveries", filter=Published),
    )
    return render(request, "posts/channels.html", {"channels": rows})


def pick(request: MemberRequest) -> HttpResponse:
    """Which kind of place. What needs no account comes first: one can see the product work at once."""
    kinds = sorted(map(kind_of, PUBLISHERS), key=lambda kind: (not kind.is_free, kind.label.lower()))
    by_hand = [kind for kind in kinds if kind.is_by_hand]
    return render(
        request,
        "posts/channel_pick.html",
        {"kinds": [kind for kind in kinds if not kind.is_by_hand], "by_hand": by_hand},
    )


def connect(request: MemberRequest, platform: str) -> HttpResponse:
    publisher = PUBLISHERS.get(platform)
    if publisher is None:
        raise Http404("There is no such platform.")
    data = request.POST if request.method == "POST" else None
    asked = DoorForms(
        ChannelNameForm(data, prefix="channel", initial={"name": publisher.label}),
        publisher.credentials_form(data),
        publisher.settings_form(data),
    )
    if data is not None and asked.is_valid():
        name, credentials, wishes = asked.values
        try:
            channel = connecting.connect(request.workspace, platform, name, credentials, wishes)
        except connecting.NameTaken:
            asked.name.add_error("name", "There is a channel of this name already. Choose another one.")
        else:
            ring_for_channel(channel)
            return redirect(channel)
    kind = kind_of(platform)
    context = {"kind": kind, "forms": asked, "sandbox": sandbox_of(kind, asked)}
    return render(request, "posts/channel_connect.html", context)


def sandbox_of(kind: Kind, asked: DoorForms) -> list[tuple[BoundField, str]]:
    """What to fill in to try a platform in the sandbox, without an account: fields and values; none without one."""
    if not settings.SANDBOX_URL:
        return []
    fields = {field.name: field for form in (asked.settings, asked.credentials) for field in form}
    values = PUBLISHERS[kind.name].in_the_sandbox
    return [(fields[name], value.replace("{sandbox}", settings.SANDBOX_URL)) for name, value in values.items()]


def channel(request: MemberRequest, pk: int) -> HttpResponse:
    """How it is, and the form to change it."""
    found = _own(request, pk)
    publisher = PUBLISHERS.get(found.platform)
    if request.method != "POST" or publisher is None:
        return _page(request, found, _kept(found, publisher))
    asked = _forms(found, publisher, request.POST)
    if asked.is_valid() and _key_may_travel(found, publisher, asked):
        name, credentials, wishes = asked.values
        try:
            connecting.reconnect(found, name, credentials, wishes)
        except connecting.NameTaken:
            asked.name.add_error("name", "There is a channel of this name already. Choose another one.")
        else:
            ring_for_channel(found)
            return redirect(found)
    return _page(request, found, asked)


def _key_may_travel(found: Channel, publisher: type[Publisher], asked: DoorForms) -> bool:
    """A key is sent nowhere but where its owner meant it to go: another address needs the key again."""
    old, new = publisher.origin(found.settings), publisher.origin(asked.settings.cleaned_data)
    missing = [name for name in asked.credentials.fields if not asked.credentials.cleaned_data.get(name)]
    if old == new or not missing:
        return True
    asked.credentials.add_error(missing[0], "The address has changed: please give the key for it, too.")
    return False


def _forms(found: Channel, publisher: type[Publisher], data: Any) -> DoorForms:
    asked = DoorForms(
        ChannelNameForm(data, prefix="channel", initial={"name": found.name}),
        publisher.credentials_form(data),
        publisher.settings_form(data, initial=found.settings),
    )
    for name, choices in found.choices.items():
        if name in asked.settings.fields:  # what the platform left to choose, by its own names
            nothing = [] if any(not value for value, _ in choices) else [("", "Please choose")]
            asked.settings.fields[name].widget = forms.Select(choices=[*nothing, *choices])
    for field in asked.credentials.fields.values():
        field.required = False
        ending = f", which ends in “{found.secret_hint}”" if found.secret_hint else ""
        field.help_text = f"Empty: the present one{ending}, is kept." if ending else "Empty: the present one is kept."
    return asked


def _kept(found: Channel, publisher: type[Publisher] | None) -> DoorForms | None:
    """The form as it was saved; what the check found stands at the field that it is about."""
    if publisher is None or found.status == Status.CHECKING:
        return None
    if not found.problem:
        return _forms(found, publisher, None)
    asked = _forms(found, publisher, {"channel-name": found.name, **found.settings})
    asked.is_valid()
    for part in (asked.credentials, asked.settings):
        if found.problem_field in part.fields:
            part.add_error(found.problem_field, found.problem)
    return asked


def _page(request: MemberRequest, found: Channel, asked: DoorForms | None) -> HttpResponse:
    rows = found.deliveries.select_related("post", "proof", "follows__channel")
    rows = rows.defer("sent_markdown", "post__markdown", "follows__sent_markdown")
    recent = rows.order_by("-due_at")[:RECENT]
    return render(request, "posts/channel.html", {**_body(found, asked), "deliveries": recent})


def _body(found: Channel, asked: DoorForms | None) -> dict[str, Any]:
    return {
        "channel": found, "kind": kind_of(found.platform), "forms": asked, "looked": 0,
        "checks": examining.checks_of(found),
    }  # fmt: skip


def status(request: MemberRequest, pk: int) -> HttpResponse:
    """The part of the channel's page that follows a check; it stops asking when the check is done."""
    found = _own(request, pk)
    if not request.htmx:
        return redirect(found)
    looked = request.GET.get("looked", "")
    count = min(int(looked), 10_000) + 1 if looked.isascii() and looked.isdecimal() and len(looked) < 8 else 1
    if found.status == Status.CHECKING:
        context = {**_body(found, None), "looked": count, "takes_long": count >= LONG_WAIT}
    else:
        context = _body(found, _kept(found, PUBLISHERS.get(found.platform)))
    return render(request, "posts/_channel_body.html", context)


def check_again(request: MemberRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    if connecting.check_again(found):
        ring_for_channel(found)
    else:
        messages.error(request, f"{found} cannot be checked now: it is being checked, or paused.")
    return redirect(found)


def accept_account(request: MemberRequest, pk: int) -> HttpResponse:
    """ "Yes, this is the right account": the one that the platform names now."""
    found = _own(request, pk)
    if examining.accept_account(found):
        messages.success(request, f"{found} belongs to that account from now on.")
    else:
        messages.error(request, "There is no other account to accept.")
    return redirect(found)


def pause(request: MemberRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    if connecting.pause(found):
        messages.success(request, f"{found} is paused: what is scheduled there waits.")
    else:
        messages.error(request, f"{found} cannot be paused: only an open channel can.")
    return _back(request, found)


def resume(request: MemberRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    if connecting.resume(found, timezone.now()):
        ring_for_deliveries()
        messages.success(request, f"{found} is open again. What is too late by now is not published without you.")
    else:
        messages.error(request, f"{found} is not paused.")
    return _back(request, found)


def _back(request: MemberRequest, found: Channel) -> HttpResponse:
    """To the page where the button was pressed."""
    return redirect(f"{reverse('queue')}?channel={found.pk}" if request.POST.get("back") == "queue" else found)


def remove(request: MemberRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    form = RemoveForm(request.POST if request.method == "POST" else None, channel=found)
    if request.method == "POST" and form.is_valid():
        cancelled = connecting.disconnect(found)
        messages.success(request, f"{found} is removed. Cancelled: {cancelled}.")
        return redirect("channels")
    counts = Channel.objects.filter(pk=found.pk).aggregate(
        unsent=Count("deliveries", filter=Unsent),
        published=Count("deliveries", filter=Published),
    )
    return render(request, "posts/channel_remove.html", {"channel": found, "form": form, **counts})


def _own(request: MemberRequest, pk: int) -> Channel:
    return get_object_or_404(Channel.objects.of(request.workspace), pk=pk)
