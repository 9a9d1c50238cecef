"""What every template knows of the house."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def house(request: HttpRequest) -> dict[str, object]:
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "sandbox_url": settings.SANDBOX_URL,
        "show_mail": settings.SHOW_MAIL,
        "registration_open": settings.REGISTRATION_OPEN,
    }
