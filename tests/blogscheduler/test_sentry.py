"""Reports to Sentry: what broke and where, without people and secrets; and nothing at all where no DSN is set.

In processes of their own: Sentry's integrations change Django and Celery for as long as a process lives.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

DSN = "https://0123456789abcdef@sentry.example.com/7"
START = """
import json, logging, sys
import django
django.setup()
from django.conf import settings
"""
KEEP = """
from sentry_sdk.transport import Transport
events = []
class Keep(Transport):
    def capture_envelope(self, envelope):
        event = envelope.get_event()
        if event is not None:
            events.append(event)
"""
END = "\nprint(json.dumps(events, default=str))"


def run(code: str, data: Path, **more: str) -> Any:
    """What a process prints as JSON in the end."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DJANGO_SETTINGS_MODULE": "blogscheduler.settings",
        "DATA_DIR": str(data),
        "ALLOWED_HOSTS": "*",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", START + code], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


IS_THERE = "\nprint(json.dumps('sentry_sdk' in sys.modules))"


def test_without_a_dsn_it_is_not_even_imported(tmp_path: Path) -> None:
    assert run(IS_THERE, tmp_path, SENTRY_DSN="") is False


def test_with_a_dsn_errors_are_reported(tmp_path: Path) -> None:
    code = """
import sentry_sdk
client = sentry_sdk.get_client()
print(json.dumps([client.dsn, client.options["send_default_pii"], client.options["include_local_variables"]]))
"""
    assert run(code, tmp_path, SENTRY_DSN=DSN) == [DSN, False, False]


def test_what_is_no_dsn_keeps_nothing_from_starting(tmp_path: Path) -> None:
    assert run(IS_THERE, tmp_path, SENTRY_DSN="yes please") is False


REQUEST = (
    KEEP
    + """
from blogscheduler import sentry, logs
from io import BytesIO
from wsgiref.util import setup_testing_defaults
from django.core.wsgi import get_wsgi_application
from django.urls import path
import blogscheduler.urls
def broken(request, token):
    api_key = "a-local-variable-" + token
    log = logging.getLogger("posts.engine.trips")
    log.warning("ada@example.com comes, Authorization: Bearer abcdefghijkl")
    with logs.about(delivery=7, attempt=2, secrets=["key-of-my-channel"]):
        try:
            raise LookupError("key-of-my-channel")
        except LookupError:
            log.exception("Delivery 7: key-of-my-channel")
    raise RuntimeError(f"{settings.SECRET_KEY} and ada@example.com")
blogscheduler.urls.urlpatterns.insert(0, path("broken/<str:token>/", broken))
sentry.start(settings.SENTRY_DSN, transport=Keep)
settings.MIDDLEWARE = ["accounts.middleware.request_id"]
form = b"password=of-ada"
environ = {
    "REQUEST_METHOD": "POST", "PATH_INFO": "/broken/x/", "QUERY_STRING": "next=secret-of-the-query",
    "REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "203.0.113.9", "HTTP_COOKIE": "sessionid=of-ada",
    "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(form)), "wsgi.input": BytesIO(form),
}
setup_testing_defaults(environ)
b"".join(get_wsgi_application()(environ, lambda *_: None))
"""
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Of one request that broke."""
    secret = "the-secret-key-of-this-house-" + "x" * 30
    return list(run(REQUEST + END, tmp_path_factory.mktemp("data"), SENTRY_DSN=DSN, SECRET_KEY=secret))


def test_a_request_that_breaks_is_reported_with_where_and_what_it_was_about(reports: list[dict[str, Any]]) -> None:
    *_, report = reports
    *_, broken = report["exception"]["values"]

    assert broken["type"] == "RuntimeError"
    assert broken["stacktrace"]["frames"][-1]["function"] == "broken"
    assert report["request"] == {"method": "POST", "url": "/broken/x/"}
    assert set(report["tags"]) == {"request_id"}


def test_what_is_logged_as_an_error_is_reported_with_its_delivery_and_attempt(reports: list[dict[str, Any]]) -> None:
    logged = reports[0]

    assert logged["logentry"]["formatted"] == "Delivery 7: •••"
    assert {name: logged["tags"][name] for name in ("delivery", "attempt")} == {"delivery": "7", "attempt": "2"}


def test_no_person_and_no_secret_is_in_it(reports: list[dict[str, Any]]) -> None:
    whole = json.dumps(reports)

    people = ("ada@example.com", "203.0.113.9", "of-ada", "secret-of-the-query")
    secrets = ("the-secret-key-of-this-house", "abcdefghijkl", "key-of-my-channel", "a-local-variable-x")
    assert [private for private in (*people, *secrets) if private in whole] == []
    assert [report for report in reports if "user" in report or '"vars"' in json.dumps(report)] == []


TASK = (
    KEEP
    + """
from blogscheduler import sentry
from blogscheduler.celery import app
sentry.start(settings.SENTRY_DSN, transport=Keep)
@app.task(name="tests.broken")
def broken(number):
    raise RuntimeError("The task broke")
broken.apply(args=[7])
"""
)


def test_a_task_that_breaks_is_reported_without_its_arguments(tmp_path: Path) -> None:
    [report] = run(TASK + END, tmp_path, SENTRY_DSN=DSN)

    assert report["exception"]["values"][0]["value"] == "The task broke"
    assert report["extra"]["celery-job"]["task_name"] == "tests.broken"
    assert report["extra"]["celery-job"]["args"] != [7]
