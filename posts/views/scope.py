"""Who may see a page: people who are logged in and work in a workspace, and of that workspace alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from accounts.models import User, Workspace


class MemberRequest(HttpRequest):
    """A request as the views get it: somebody is logged in and works somewhere."""

    user: User
    workspace: Workspace
    htmx: HtmxDetails


View = Callable[..., HttpResponse]


def members_only(view: View) -> View:
    """Strangers are sent to the log-in page, or told in place when only a part of the page was asked for."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        if request.workspace is None:
            raise PermissionDenied("You do not belong to a workspace yet. Ask whoever invited you to add you to one.")
        return view(request, *args, **kwargs)

    return guarded


def page(view: View) -> View:
    """A page that is only read."""
    return members_only(require_safe(view))


def form(view: View) -> View:
    """A page with a form that is sent to the page itself."""
    return members_only(require_http_methods(["GET", "HEAD", "POST"])(view))


def action(view: View) -> View:
    """A button: it changes something and leads on to another page."""
    return require_POST(members_only(view))


def _sign_in_first(request: Any) -> HttpResponse:
    if request.htmx:  # a log-in page inside of a page would throw away what was typed
        return render(request, "posts/_signed_out.html", status=401)
    if "markdown" in request.POST:
        typed = [(name, text) for name, text in request.POST.items() if name not in ("csrfmiddlewaretoken", "markdown")]
        return render(request, "posts/signed_out.html", {"typed": typed, "text": request.POST["markdown"]}, status=401)
    return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else reverse("home"))
