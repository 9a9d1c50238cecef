"""The plan for calendar programs, at a private address: who knows it needs no log-in."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts import feeds
from posts import ical

KEPT = 300  # seconds that a program need not ask again


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Nobody's address and a revoked one look the same: not found."""
    found = feeds.feed_of(token)
    if found is None:
        raise Http404("There is no calendar here.")
    plan = ical.planned(found.workspace, timezone.now())
    file = ical.calendar(f"{found.workspace} · {settings.SITE_NAME}", plan, settings.SITE_URL)
    etag = f'"{hashlib.sha256(file).hexdigest()[:32]}"'
    response = HttpResponse(file, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = f"private, max-age={KEPT}"
    response["Content-Disposition"] = 'inline; filename="plan.ics"'
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return get_conditional_response(request, etag=etag, response=response) or response
