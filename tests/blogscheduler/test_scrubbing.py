"""What must not stand in a log line or an error report, however it got there."""

from typing import Any
from urllib.parse import quote

import pytest

from blogscheduler.scrubbing import REMOVED, scrub


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "a-secret-key-of-this-house"),
        ("FIELD_ENCRYPTION_KEYS", ["an-older-key-1", "a-newer-key-22"]),
        ("METRICS_TOKEN", "prometheus-may-read"),
        ("WATCHDOG_URL", "https://hc.example.com/ping/8f1c-77"),
        ("SENTRY_DSN", "https://abcdef@sentry.example.com/7"),
        ("EMAIL_HOST_PASSWORD", "p&ss wörd/with=signs"),
        ("REDIS_URL", "redis://:of-the-broker@10.0.0.3:6379/0"),
    ],
)
def test_the_secrets_of_the_settings_are_known(name: str, value: Any, settings: Any) -> None:
    setattr(settings, name, value)
    secrets = value if isinstance(value, list) else [value]
    if name == "REDIS_URL":
        secrets = ["of-the-broker"]

    for secret in secrets:
        for form in (secret, quote(secret, safe="")):
            told = scrub(f"It said: {form}!")
            assert form not in told
            assert told == f"It said: {REMOVED}!"


def test_the_password_of_the_database_is_known(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "of-the-database")

    assert scrub("of-the-database is wrong") == f"{REMOVED} is wrong"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgres://blog:hunter2@db/blog is away", f"postgres://blog:{REMOVED}@db/blog is away"),
        ("redis://:hunter2@127.0.0.1:6379/0", f"redis://:{REMOVED}@127.0.0.1:6379/0"),
        ("Not Found: /setup/owner:1xVI:sig-nature/", f"Not Found: /setup/{REMOVED}/"),
        ("GET /accounts/confirm-email/MQ:1x:sig/", f"GET /accounts/confirm-email/{REMOVED}/"),
        ("/accounts/password/reset/key/3-c1a2b3/", f"/accounts/password/reset/key/{REMOVED}/"),
        ("Not Found: /calendar/0a1b2c3d4e5f6g7h8i9j.ics", f"Not Found: /calendar/{REMOVED}.ics"),
        ("Authorization: Bearer abcdef0123456789", f"Authorization: Bearer {REMOVED}"),
        ("{'api-key': 'dev-key-123', 'a': 1}", f"{{'api-key': '{REMOVED}', 'a': 1}}"),
        (
            '{"integrationToken": "abc", "password": "x"}',
            f'{{"integrationToken": "{REMOVED}", "password": "{REMOVED}"}}',
        ),
        ("Api-Key: dev-key-123 and more", f"Api-Key: {REMOVED} and more"),
        ("?csrfmiddlewaretoken=abc&next=/", f"?csrfmiddlewaretoken={REMOVED}&next=/"),
    ],
)
def test_what_looks_like_a_secret_goes_as_well(text: str, told: str) -> None:
    assert scrub(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "DEV does not accept the key: unauthorized.",
        "Delivery 7: attempt 2 came back too late",
        "https://dev.to/ada/on-engines?preview=1",
        "The token is missing or wrong.",
        "Give it a new token: https://blog.example.com/channels/7/",
        "Mail 3 (welcome:1) could not be sent after 14 tries: ada@example.com refused",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert scrub(text) == text


def test_those_who_know_of_more_secrets_name_them() -> None:
    assert scrub("He said sesame-open.", ["sesame-open"]) == f"He said {REMOVED}."


def test_a_secret_too_short_to_be_one_does_not_garble_every_word() -> None:
    assert scrub("a banana", ["a"]) == "a banana"
