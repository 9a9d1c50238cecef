"""Every wrong setting is named, by an id, with a hint."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks.registry import registry
from django.db import connection
from pytest_django import Settings

from blogscheduler import checks
from blogscheduler.checks import is_loopback

HTTPS: dict[str, Any] = {
    "SITE_URL": "https://blog.example.com",
    "HTTPS": True,
    "ALLOWED_HOSTS": ["blog.example.com"],
    "TRUSTED_PROXIES": 1,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
}

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("E001", {"FIELD_ENCRYPTION_KEYS": ["too short"]}),
    ("E001", {"FIELD_ENCRYPTION_KEYS": [Fernet.generate_key().decode(), "ä" * 44]}),
    ("E001", {"FIELD_ENCRYPTION_KEYS": []}),
    ("E002", {"SECRET_KEY": "changeme"}),
    ("E003", {"SITE_URL": "blog.example.com"}),
    ("E003", {"SITE_URL": "https://"}),
    ("E003", {"SITE_URL": "http://127.0.0.1/blog"}),
    ("E004", {"ALLOWED_HOSTS": ["other.example.com"]}),
    ("E005", HTTPS | {"DEBUG": True}),
    ("E006", {"ALLOW_PRIVATE_TARGETS": frozenset({"10.0.0.5"})}),
    ("E006", {"ALLOW_PRIVATE_TARGETS": frozenset({"http://10.0.0.5:2368/ghost"})}),
    ("E006", {"ALLOW_PRIVATE_TARGETS": frozenset({"http://10.0.0.5:none"})}),
    ("E007", {"TIME_ZONE": "Europe/Atlantis"}),
    ("E007", {"TIME_ZONE": "../etc"}),
    ("E008", {"REDIS_URL": "amqp://localhost"}),
    ("E009", {"DATA_DIR": Path("/nowhere/at/all")}),
    ("E010", {"LEASE": timedelta(seconds=25), "CALL_DEADLINE_SECONDS": 25.0}),
    ("E012", HTTPS | {"SHOW_MAIL": True}),
    ("E013", {"LOG_FORMAT": "yaml"}),
    ("E014", {"METRICS_TOKEN": "guess-me"}),
    ("E015", {"WATCHDOG_URL": "hc-ping.com/8f1c"}),
    ("E016", {"SENTRY_DSN": "sentry.example.com"}),
    ("E016", {"SENTRY_DSN": "https://key@sentry.example.com/project"}),
    ("W001", HTTPS | {"TRUSTED_PROXIES": 0}),
    ("W002", {"LEASE": timedelta(seconds=30), "CALL_DEADLINE_SECONDS": 25.0}),
    ("W003", HTTPS | {"EMAIL_BACKEND": "accounts.mailfiles.MailFiles"}),
]


def findings(databases: list[str] | None = None) -> dict[str, str]:
    """The ids of those of our own checks that have something to say, with their hints."""
    ours = [
        check for check in registry.get_checks(include_deployment_checks=True) if check.__module__ == checks.__name__
    ]
    messages = [message for check in ours for message in check(app_configs=None, databases=databases)]
    return {str(message.id).removeprefix("blogscheduler."): str(message.hint) for message in messages}


def change(settings: Settings, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(settings, name, value)


@pytest.mark.parametrize(("expected", "values"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_setting_is_named_with_a_hint(expected: str, values: dict[str, Any], settings: Settings) -> None:
    change(settings, values)

    found = findings()

    assert list(found) == [expected]
    assert len(found[expected]) > 10


def test_the_settings_of_the_tests_are_right() -> None:
    assert findings() == {}


def test_an_ordinary_site_on_the_internet_is_right(settings: Settings) -> None:
    change(settings, HTTPS)

    assert findings() == {}


@pytest.mark.parametrize("origin", ["http://10.0.0.5:2368", "https://ghost.internal:8443", "http://[fd00::1]:80"])
def test_exact_origins_may_be_called(origin: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = frozenset({origin})

    assert findings() == {}


@pytest.mark.django_db(transaction=True)
def test_a_sqlite_that_would_lose_a_claim_is_named() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    before = findings(databases=["default"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = NORMAL")

    after = findings(databases=["default"])

    connection.close()  # the next connection is a right one again
    assert before == {}
    assert list(after) == ["E011"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("example.com", False),
        (None, False),
    ],
)
def test_loopback_can_only_mean_this_machine(host: str | None, expected: bool) -> None:
    assert is_loopback(host) is expected
