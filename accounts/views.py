"""Pages about people: the first visit, preferences, the theme, the mails of one's own machine, and error pages."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import feeds, joining
from accounts.adapter import ring_for_mail
from accounts.forms import CalendarForm, OwnerForm, PersonForm, WorkspaceForm
from accounts.mailfiles import kept_mails
from accounts.models import Feed, Membership, User, Workspace
from accounts.owner_link import LinkOver, LinkUnknown, check_owner_link
from blogscheduler.context import THEMES, chosen_theme
from posts.engine import lateness

log = logging.getLogger(__name__)

A_YEAR = 365 * 24 * 60 * 60  # seconds


# --- the first visit -------------------------------------------------------------------------------------------------
@require_safe
@never_cache
def setup(request: HttpRequest) -> HttpResponse:
    """How to become the owner. The link itself is never shown here: it proves access to the machine."""
    if User.objects.exists():
        return redirect("account_login")
    return render(request, "accounts/setup.html")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@never_cache
def owner_setup(request: HttpRequest, token: str) -> HttpResponse:
    """The form behind the one-time link."""
    try:
        check_owner_link(token)
    except LinkUnknown:
        return render(request, "accounts/owner_link_unknown.html", status=404)
    except LinkOver:
        return _link_over(request)
    form = OwnerForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/owner_setup.html", {"form": form})
    try:
        owner = joining.create_owner(**form.cleaned_data)
    except joining.OwnerExists:  # somebody else was quicker with the same link
        return _link_over(request)
    ring_for_mail()
    login(request, owner)
    messages.success(request, f"Welcome, {owner}. This installation is yours.")
    return redirect("/")


def _link_over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/owner_link_over.html", {"has_owner": User.objects.exists()}, status=410)


# --- preferences -----------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: Any) -> HttpResponse:
    """The person's part; the workspace's part posts to ``workspace_preferences`` and comes back to the same page."""
    form = PersonForm(request.POST or None, instance=_fresh(request.user))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your preferences are saved." + _about_zone(form))
        return redirect("settings")
    return _preferences(request, person_form=form)


def _about_zone(form: PersonForm) -> str:
    if "time_zone" not in form.changed_data:
        return ""
    return f" Times are shown in {form.instance.time_zone} now. Nothing was moved: each post goes out when it was to."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def workspace_preferences(request: Any) -> HttpResponse:
    if request.method != "POST":  # an address that a browser kept from a form with errors
        return redirect("settings")
    if not _may_change(request.workspace, request.user):
        raise PermissionDenied("Only an owner of the workspace can change it.")
    form = WorkspaceForm(request.POST, instance=request.workspace)
    if form.is_valid():
        with transaction.atomic():
            workspace = form.save()
            if form.has_other_wishes:
                lateness.wishes_changed(workspace)
        messages.success(request, "The workspace is saved.")
        return redirect("settings")
    return _preferences(request, workspace_form=form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_preferences(request: Any) -> HttpResponse:
    if request.method != "POST":
        return redirect("settings")
    form = CalendarForm(request.POST, instance=_fresh(request.user))
    if form.is_valid():
        form.save()
        messages.success(request, "Your calendar's preferences are saved.")
        return redirect("settings")
    return _preferences(request, calendar_form=form)


def _preferences(
    request: Any,
    person_form: PersonForm | None = None,
    workspace_form: WorkspaceForm | None = None,
    calendar_form: CalendarForm | None = None,
    feed_url: str = "",
) -> HttpResponse:
    if workspace_form is None and _may_change(request.workspace, request.user):
        workspace_form = WorkspaceForm(instance=request.workspace)
    forms = {
        "person_form": person_form or PersonForm(instance=_fresh(request.user)),
        "workspace_form": workspace_form,
        "calendar_form": calendar_form or CalendarForm(instance=_fresh(request.user)),
    }
    feed = Feed.objects.filter(user=request.user, workspace=request.workspace).first()
    return render(request, "accounts/preferences.html", {**forms, "feed": feed, "feed_url": feed_url})


# --- the private address for calendar programs ------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def feed_preferences(request: Any) -> HttpResponse:
    """A new address is shown by the answer itself, once: only its digest is kept."""
    if request.method != "POST":
        return redirect("settings")
    if request.workspace is None:
        raise PermissionDenied("You do not belong to a workspace yet.")
    if "revoke" in request.POST:
        if feeds.revoke(request.user, request.workspace):
            messages.success(request, "The calendar address is revoked: whoever has it reads nothing any more.")
        return redirect("settings")
    token = feeds.renew(request.user, request.workspace, timezone.now())
    return _preferences(request, feed_url=f"{settings.SITE_URL}{reverse('feed', args=[token])}")


def _fresh(user: User) -> User:
    """The person as saved: a form that does not validate must not change the name in the page's own frame."""
    return User.objects.get(pk=user.pk)


def _may_change(workspace: Workspace | None, user: User) -> bool:
    return Membership.objects.filter(workspace=workspace, user=user, role=Membership.Role.OWNER).exists()


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in a cookie, so that the server knows it before the first pixel; then back to where one was."""
    back = request.POST.get("next", "")
    response = redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/")
    if request.POST.get("theme") in THEMES:
        response.set_cookie(
            "theme", request.POST["theme"], max_age=A_YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


# --- mails of one's own machine --------------------------------------------------------------------------------------
@require_safe
@never_cache
def mail(request: HttpRequest) -> HttpResponse:
    """The mails in the data folder. Open without log-in: one reads the mail that confirms the address here."""
    if not settings.SHOW_MAIL:
        raise Http404
    return render(request, "accounts/mail.html", {"mails": kept_mails()})


# --- errors ----------------------------------------------------------------------------------------------------------
def server_error(request: HttpRequest) -> HttpResponse:
    """The page for what should not happen. It asks no database, and survives even when templates do not."""
    number = getattr(request, "request_id", "")
    log.error("Request %s failed: %s %s", number or "without id", request.method, request.path)
    try:
        known = {"request_id": number, "theme": chosen_theme(request), "site_name": settings.SITE_NAME}
        page: str = render_to_string("500.html", known)
    except Exception:  # the static files or the templates themselves may be what broke
        log.exception("The error page could not be rendered.")
        page = f"<!doctype html><html lang=en><title>Error</title><h1>Something went wrong</h1><p>Request {number}"
    return HttpResponseServerError(page)
