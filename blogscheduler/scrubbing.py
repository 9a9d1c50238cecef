"""Secrets are taken out of everything that leaves by the side: log lines and error reports.

Nothing of ours writes a secret there. This is the net beneath: the words of libraries, of exceptions, of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from json import dumps
from urllib.parse import quote, urlsplit

from django.conf import settings

REMOVED = "•••"
SHORTEST = 6  # characters: a shorter secret stands in ordinary words as well

NAMES = r"\b(?:authorization|api[-_]?key|(?:set-)?cookie|passw(?:or)?d|secret|\w*token)"
# What looks like a secret, whoever wrote it. Each keeps what its first group has found.
ADDRESSES = (
    re.compile(r"(://[^\s/@:]*:)[^\s/@]+(?=@)"),  # the password in an address
    re.compile(r"(/(?:setup|confirm-email|password/reset/key)/)[^\s/\"'?]+"),  # links that open a door once
    re.compile(r"(/calendar/)[\w-]{16,}(?=\.ics)"),  # a person's private calendar address
)
NAMED = (
    re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"(\b(?:authorization|(?:x-)?api-key|(?:set-)?cookie):\s*)(?!(?:bearer|basic)\s)\S+", re.IGNORECASE),
    re.compile(rf"""({NAMES}=["']?)[^\s"',;&)]+""", re.IGNORECASE),  # a parameter, a field of a form
    re.compile(rf"""({NAMES}["']\s*:\s*["'])[^"']+""", re.IGNORECASE),  # a value in JSON, or in Python's words
)
# Most lines have none of these, and are spared the search.
WORDS = ("bearer", "basic", "authorization", "api", "cookie", "passw", "secret", "token")


def scrub(text: str, also: Iterable[str] = ()) -> str:
    """``text`` without the secrets of this installation, without those of ``also``, and without what looks like one."""
    if known := _forms((*_of_the_settings(), *also)):
        text = known.sub(REMOVED, text)
    small = text.lower()
    for pattern in (*ADDRESSES, *NAMED) if any(word in small for word in WORDS) else ADDRESSES:
        text = pattern.sub(rf"\1{REMOVED}", text)
    return text


def _of_the_settings() -> Iterator[str]:
    if not settings.configured:  # a line that is written while the settings are being read
        return
    yield settings.SECRET_KEY
    yield from settings.FIELD_ENCRYPTION_KEYS
    yield settings.METRICS_TOKEN
    yield settings.WATCHDOG_URL
    yield settings.SENTRY_DSN
    yield str(settings.DATABASES["default"].get("PASSWORD") or "")
    yield getattr(settings, "EMAIL_HOST_PASSWORD", "")
    yield urlsplit(settings.REDIS_URL).password or ""


@lru_cache(maxsize=256)
def _forms(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for each form in which a secret may be written: plain, in a URL, in JSON."""
    forms = {
        form
        for secret in secrets
        if len(secret) >= SHORTEST
        for form in (secret, quote(secret), quote(secret, safe=""), dumps(secret)[1:-1])
    }
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))) if forms else None
