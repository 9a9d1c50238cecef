"""System checks: every wrong setting is named before anything starts, with a hint that says what to do.

Each check looks at one mistake. ``manage.py check``, ``up`` and ``migrate`` run them. An id never changes its meaning.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.http.request import validate_host

from blogscheduler.logs import FORMATS

SHORTEST_SECRET = 32  # characters
ROOM = 10.0  # seconds between a lease's end and the longest call: packing, waiting for a platform's pace, a slow disk
BROKER_SCHEMES = ("redis", "rediss", "redis+socket")


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


# --- secrets ---------------------------------------------------------------------------------------------------------


@register(Tags.security)
def encryption_keys_are_usable(**_: Any) -> list[CheckMessage]:
    keys = settings.FIELD_ENCRYPTION_KEYS
    wrong = [number for number, key in enumerate(keys, start=1) if not _is_fernet_key(key)]
    if keys and not wrong:
        return []
    which = f"Key {wrong[0]} of FIELD_ENCRYPTION_KEYS" if wrong else "FIELD_ENCRYPTION_KEYS"
    return [
        Error(
            f"{which} is not a key: credentials could be neither kept nor read.",
            hint="A key is 32 bytes in URL-safe base64, as Fernet.generate_key() of the package cryptography makes it. "
            "Separate several by commas. Unset, a key is made and kept in the data folder.",
            id="blogscheduler.E001",
        )
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register(Tags.security)
def secret_key_is_long(**_: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= SHORTEST_SECRET:
        return []
    return [
        Error(
            f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters: sessions could be forged.",
            hint="Use 50 random characters, or leave it unset: one is made and kept in the data folder.",
            id="blogscheduler.E002",
        )
    ]


# --- where the site is -----------------------------------------------------------------------------------------------


@register()
def site_url_is_a_url(**_: Any) -> list[CheckMessage]:
    site = urlsplit(settings.SITE_URL)
    if site.scheme in ("http", "https") and site.hostname and not (site.path or site.query or site.fragment):
        return []
    return [
        Error(
            f"SITE_URL is {settings.SITE_URL!r}, which is not the address of a site.",
            hint="Write scheme and host, and the port if there is one: https://blog.example.com",
            id="blogscheduler.E003",
        )
    ]


@register()
def site_host_is_allowed(**_: Any) -> list[CheckMessage]:
    host = urlsplit(settings.SITE_URL).hostname
    if not host or validate_host(host, settings.ALLOWED_HOSTS):
        return []
    return [
        Error(
            f"ALLOWED_HOSTS does not have {host}, the host of SITE_URL: every page would answer 400.",
            hint=f"Add {host} to ALLOWED_HOSTS, or leave ALLOWED_HOSTS unset: then it is the host of SITE_URL.",
            id="blogscheduler.E004",
        )
    ]


@register()
def debug_is_off_in_public(**_: Any) -> list[CheckMessage]:
    if not (settings.DEBUG and settings.HTTPS):
        return []
    return [
        Error(
            "DEBUG is on, and SITE_URL is an https address: error pages would show settings and data to anybody.",
            hint="Unset DEBUG.",
            id="blogscheduler.E005",
        )
    ]


@register()
def a_proxy_is_expected(**_: Any) -> list[CheckMessage]:
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "SITE_URL is an https address and TRUSTED_PROXIES is 0: a request from a proxy looks like plain http and "
            "would be redirected for ever.",
            hint="Set TRUSTED_PROXIES to the number of proxies in front (mostly 1), which set X-Forwarded-Proto.",
            id="blogscheduler.W001",
        )
    ]


# --- what may be called, what is used --------------------------------------------------------------------------------


@register(Tags.security)
def private_targets_are_origins(**_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"ALLOW_PRIVATE_TARGETS has {target!r}, which is not an exact origin.",
            hint="Write scheme, host and port and nothing after them: http://10.0.0.5:2368, or ssh://10.0.0.5:22 or "
            "file:///srv/git for Git repositories.",
            id="blogscheduler.E006",
        )
        for target in sorted(settings.ALLOW_PRIVATE_TARGETS)
        if not _is_origin(target)
    ]


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port  # raises for what is not a port
    except ValueError:
        return False
    if parts.scheme == "file":
        return parts.path.startswith("/") and not (parts.netloc or parts.query or parts.fragment)
    beyond = parts.username or parts.path or parts.query or parts.fragment
    return parts.scheme in ("http", "https", "ssh") and bool(parts.hostname) and port != 0 and not beyond


@register()
def time_zone_is_known(**_: Any) -> list[CheckMessage]:
    try:
        ZoneInfo(settings.TIME_ZONE)
    except (KeyError, OSError, ValueError):  # not found; a folder of the database; not even a path
        pass
    else:
        return []
    return [
        Error(
            f"TIME_ZONE is {settings.TIME_ZONE!r}, which no time zone is called.",
            hint="Use a name of the IANA database, such as Europe/Berlin or America/New_York.",
            id="blogscheduler.E007",
        )
    ]


@register()
def broker_is_redis(**_: Any) -> list[CheckMessage]:
    if urlsplit(settings.REDIS_URL).scheme in BROKER_SCHEMES:
        return []
    return [
        Error(
            f"REDIS_URL does not begin with one of {', '.join(f'{scheme}://' for scheme in BROKER_SCHEMES)}.",
            hint="For example redis://127.0.0.1:6379/0, or rediss:// for TLS.",
            id="blogscheduler.E008",
        )
    ]


@register(Tags.files)
def data_folder_is_writable(**_: Any) -> list[CheckMessage]:
    if os.access(settings.DATA_DIR, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"The data folder {settings.DATA_DIR} cannot be written to.",
            hint="Let the user that runs blogscheduler own it, or choose another by DATA_DIR.",
            id="blogscheduler.E009",
        )
    ]


# --- publishing ------------------------------------------------------------------------------------------------------


@register()
def a_lease_outlasts_a_call(**_: Any) -> list[CheckMessage]:
    """A call begins only when it is sure to end within the lease: without room for that, none ever begins."""
    lease, deadline = settings.LEASE.total_seconds(), settings.CALL_DEADLINE_SECONDS
    hint = f"Set LEASE_SECONDS to CALL_DEADLINE_SECONDS + {ROOM:g} at least; 60 and 25 are good values."
    if lease <= deadline:
        told = f"LEASE_SECONDS ({lease:g}) is not above CALL_DEADLINE_SECONDS ({deadline:g}): nothing is ever sent."
        return [Error(told, hint=hint, id="blogscheduler.E010")]
    if lease < deadline + ROOM:
        told = f"LEASE_SECONDS ({lease:g}) leaves little room beside CALL_DEADLINE_SECONDS ({deadline:g})."
        return [Warning(told, hint=hint, id="blogscheduler.W002")]
    return []


@register(Tags.database)
def sqlite_survives_a_power_cut(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Asked of the database itself: on some network drives SQLite silently stays without WAL."""
    return [
        Error(
            f"The SQLite database {alias!r} does not run with journal_mode=WAL and synchronous=FULL: a claim lost at "
            "a power cut would be sent again.",
            hint="Keep init_command of settings.py, and put the database on a local disk.",
            id="blogscheduler.E011",
        )
        for alias in databases or ()
        if connections[alias].vendor == "sqlite" and not _is_durable(alias)
    ]


def _is_durable(alias: str) -> bool:
    with connections[alias].cursor() as cursor:
        (journal,) = cursor.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = cursor.execute("PRAGMA synchronous").fetchone()
    return journal == "wal" and synchronous in (2, 3)  # FULL, EXTRA


# --- mail ------------------------------------------------------------------------------------------------------------


@register(Tags.security)
def mails_are_shown_to_nobody_else(**_: Any) -> list[CheckMessage]:
    if not settings.SHOW_MAIL or is_loopback(urlsplit(settings.SITE_URL).hostname):
        return []
    return [
        Error(
            "SHOW_MAIL is on, and SITE_URL is not on this machine: anybody could read other people's mails.",
            hint="Unset SHOW_MAIL, and set EMAIL_URL.",
            id="blogscheduler.E012",
        )
    ]


@register()
def mails_reach_people(**_: Any) -> list[CheckMessage]:
    if not settings.HTTPS or settings.EMAIL_BACKEND != "accounts.mailfiles.MailFiles":
        return []
    return [
        Warning(
            f"EMAIL_URL is not set: mails become files in {settings.MAIL_DIR}, and nobody can confirm an address.",
            hint="For example EMAIL_URL=smtp+tls://user:password@mail.example.com:587",
            id="blogscheduler.W003",
        )
    ]


# --- watching --------------------------------------------------------------------------------------------------------

SHORTEST_TOKEN = 16  # characters


@register()
def log_format_is_known(**_: Any) -> list[CheckMessage]:
    if settings.LOG_FORMAT in FORMATS:
        return []
    return [
        Error(
            f"LOG_FORMAT is {settings.LOG_FORMAT!r}, which is not a format of the log.",
            hint=f"Use one of {', '.join(FORMATS)}.",
            id="blogscheduler.E013",
        )
    ]


@register(Tags.security)
def metrics_token_is_long(**_: Any) -> list[CheckMessage]:
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= SHORTEST_TOKEN:
        return []
    return [
        Error(
            f"METRICS_TOKEN is shorter than {SHORTEST_TOKEN} characters: it could be guessed.",
            hint="Use 32 random characters, or leave it unset: then there is no /metrics.",
            id="blogscheduler.E014",
        )
    ]


@register()
def watchdog_url_is_a_url(**_: Any) -> list[CheckMessage]:
    site = urlsplit(settings.WATCHDOG_URL)
    if not settings.WATCHDOG_URL or (site.scheme in ("http", "https") and site.hostname):
        return []
    return [
        Error(
            "WATCHDOG_URL is not a web address.",
            hint="Copy the address that your dead-man's switch gives you: https://…",
            id="blogscheduler.E015",
        )
    ]


@register()
def sentry_dsn_is_a_dsn(**_: Any) -> list[CheckMessage]:
    if not settings.SENTRY_DSN or is_dsn(settings.SENTRY_DSN):
        return []
    return [
        Error(
            "SENTRY_DSN is not a DSN: errors are not reported.",
            hint="Copy it from the settings of your project there: https://key@host/number",
            id="blogscheduler.E016",
        )
    ]


def is_dsn(text: str) -> bool:
    """Whether it has what a DSN has: scheme, key, host and the number of a project."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    project = parts.path.rpartition("/")[2]
    return bool(
        parts.scheme in ("http", "https") and parts.username and parts.hostname and port != 0 and project.isdigit()
    )
