"""The first minutes: a sample post for a demo channel, one press away; the first steps, hidden and brought back."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from posts import beginning
from posts.forms.scheduling import ScheduleForm
from posts.views.bells import ring_for_channel
from posts.views.scope import MemberRequest


def try_demo(request: MemberRequest) -> HttpResponse:
    """Everything that a first publication needs; the review says what will happen before it does."""
    channel = beginning.demo_channel(request.workspace)
    post = beginning.sample_post(request.workspace, request.user)
    ring_for_channel(channel)
    if beginning.is_there(post, channel):
        return redirect(post)
    chosen = urlencode({"channels": channel.pk, "when": ScheduleForm.NOW})
    return redirect(f"{reverse('review', args=[post.pk])}?{chosen}")


def connect_demo(request: MemberRequest) -> HttpResponse:
    channel = beginning.demo_channel(request.workspace)
    ring_for_channel(channel)
    return redirect(channel)


def first_steps(request: MemberRequest) -> HttpResponse:
    """Hide the first steps, or show them again; then back to where one was."""
    hide = request.POST.get("do") != "show"
    User.objects.filter(pk=request.user.pk).update(first_steps_hidden=hide)
    if hide:
        messages.success(request, "The first steps are hidden. Settings brings them back.")
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "posts")
