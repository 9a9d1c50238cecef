"""What is said otherwise on one channel: of one post, and of all."""

from __future__ import annotations

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from posts.forms.tailoring import DefaultsForm, VersionForm
from posts.models import Channel, Delivery, Post
from posts.planning import living, scheduling
from posts.views.changes import back_to
from posts.views.scope import MemberRequest
from publishers.base import Finding

Field = tuple[BoundField, list[Finding]]


def version(request: MemberRequest, pk: int, channel: int) -> HttpResponse:
    """ "On DEV": title, tags and the rest as they are there; what the channel says of it stands at its field."""
    post = get_object_or_404(Post.objects.of(request.workspace).select_related("author", "workspace"), pk=pk)
    place = get_object_or_404(Channel.objects.of(request.workspace), pk=channel)
    form = VersionForm(request.POST if request.method == "POST" else None, post=post, channel=place)
    back = back_to(request, post.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        living.keep_version(post, place, form.said, timezone.now())
        messages.success(request, f"Saved for {place}." if form.said else f"{place} gets the post as it is.")
        return redirect(back)
    findings = scheduling.check(post, place, timezone.now(), form.version.get("options"))
    fields, others = _by_field(form, findings)
    out = post.deliveries.publications().filter(channel=place, status=Delivery.Status.PUBLISHED).exists()
    return render(request, "posts/version.html", {
        "post": post, "channel": place, "form": form, "fields": fields, "findings": others, "back": back, "is_out": out,
    })  # fmt: skip


def _by_field(form: VersionForm, findings: list[Finding]) -> tuple[list[Field], list[Finding]]:
    """Each field with what is said of it, and the rest."""
    fields = [(field, [one for one in findings if one.field == field.name]) for field in form.visible_fields()]
    named = {field.name for field, _ in fields}
    return fields, [one for one in findings if one.field not in named]


def defaults(request: MemberRequest, pk: int) -> HttpResponse:
    """What all posts get on this channel."""
    place = get_object_or_404(Channel.objects.of(request.workspace), pk=pk)
    form = DefaultsForm(request.POST if request.method == "POST" else None, channel=place)
    if request.method == "POST" and form.is_valid():
        living.keep_defaults(place, form.defaults)
        messages.success(request, f"Saved. It holds for what goes out on {place} from now on.")
        return redirect(place)
    return render(request, "posts/channel_defaults.html", {"channel": place, "form": form})
