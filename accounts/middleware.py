"""What every request goes through: its id, the browser's permissions, the first visit, whose workspace and zone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts.models import User, Workspace
from blogscheduler import logs

Handler = Callable[[Any], HttpResponse]

# Nothing of this product needs them, and neither does anything that a post embeds.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("accelerometer", "camera", "geolocation", "gyroscope", "microphone", "payment", "usb")
)
# What answers before there is an owner.
OPEN_TO_ALL = ("/setup/", "/theme/")


def request_id(get_response: Handler) -> Handler:
    """Number each request, so that a person's "it broke" can be found in the log: every line of it has the number.

    Django's own line about an answer is written when every middleware has ended: the number stays until the next one.
    """

    def middleware(request: Any) -> HttpResponse:
        request.request_id = uuid.uuid4().hex
        logs.begin(request_id=request.request_id)
        response = get_response(request)
        response["X-Request-ID"] = request.request_id
        return response

    return middleware


def permissions_policy(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        return response

    return middleware


def first_visit(get_response: Handler) -> Handler:
    """While nobody has an account, every page leads to the one that says how to get the first.

    The database is asked until the answer is yes; then never again by this process.
    """
    settled = False
    open_to_all = (*OPEN_TO_ALL, settings.STATIC_URL)

    def middleware(request: HttpRequest) -> HttpResponse:
        nonlocal settled
        if not settled and not request.path.startswith(open_to_all):
            settled = User.objects.exists()
            if not settled:
                return redirect("setup")
        return get_response(request)

    return middleware


def workspace_and_zone(get_response: Handler) -> Handler:
    """``request.workspace``: where this person works, or None. Times are said in the person's own zone."""

    def middleware(request: Any) -> HttpResponse:
        person = request.user if request.user.is_authenticated else None
        request.workspace = Workspace.objects.of(person) if person else None
        logs.also(workspace=request.workspace and request.workspace.pk)
        with timezone.override(person.time_zone if person else None):
            return get_response(request)

    return middleware
