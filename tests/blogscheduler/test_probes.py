"""/healthz, /readyz and /metrics as machines ask them: by any name, without a log-in, and at once."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from blogscheduler.watch import probes
from blogscheduler.watch.lookout import Lookout
from posts.models import Heartbeat
from posts.watch import judging, measuring, watching
from posts.watch.watching import WORRY_AFTER, Kind

TOKEN = "prometheus-may-read-this-1"


@pytest.fixture(autouse=True)
def look_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of another test's look; and everybody of this one's gets a look of their own."""
    judge = Lookout(lambda: judging.judge(timezone.now()), patience=10, fresh=0)
    measure = Lookout(lambda: measuring.measure(timezone.now()), patience=10, fresh=0)
    monkeypatch.setattr(probes, "judgement", judge)
    monkeypatch.setattr(probes, "measurement", measure)
    monkeypatch.setattr(probes, "_wrong_before", frozenset())


@pytest.fixture
def alive(transactional_db: None) -> None:
    """Worker and beat have signed just now."""
    for kind in Kind:
        watching.beat(kind, watching.here(kind), timezone.now())


def ready(client: Client, query: str = "") -> tuple[int, dict[str, Any]]:
    answer = client.get(f"/readyz{query}")
    said = json.loads(answer.content)
    assert (said["status"] == "ready") == (answer.status_code == 200)
    return answer.status_code, said["checks"]


def silence(kind: Kind, how_long: timedelta) -> None:
    Heartbeat.objects.filter(kind=kind).update(at=timezone.now() - how_long)


# --- is everything there ---------------------------------------------------------------------------------------------


def test_it_is_ready_when_everything_is_there(client: Client, alive: None) -> None:
    status, checks = ready(client)

    assert status == 200
    assert list(checks) == ["database", "migrations", "worker", "beat", "overdue", "redis"]
    assert {name for name, check in checks.items() if check["ok"]} == set(checks) - {"redis"}
    assert checks["worker"]["seconds"] < 10


def test_redis_is_told_and_not_needed(client: Client, alive: None) -> None:
    """The tests' Redis refuses every connection."""
    status, checks = ready(client)

    assert status == 200
    assert checks["redis"] == {
        "ok": False,
        "required": False,
        "told": "It does not answer. Posts go out all the same: workers look by themselves.",
    }


@pytest.mark.parametrize("kind", Kind)
def test_without_a_worker_or_beat_it_is_not_ready(kind: Kind, client: Client, alive: None) -> None:
    silence(kind, WORRY_AFTER - timedelta(seconds=5))
    assert ready(client)[0] == 200
    silence(kind, WORRY_AFTER + timedelta(minutes=3))
    status, checks = ready(client)

    assert status == 503
    assert [name for name, check in checks.items() if not check["ok"] and check["required"]] == [kind.value]
    assert checks[kind.value]["told"] == "The last sign of life was 4 minutes ago."


def test_a_balancer_leaves_out_what_is_not_the_webs(client: Client, alive: None) -> None:
    silence(Kind.WORKER, timedelta(hours=1))

    assert ready(client, "?exclude=beat")[0] == 503
    status, checks = ready(client, "?exclude=worker&exclude=beat&exclude=overdue")
    assert status == 200
    assert (checks["worker"]["ok"], checks["worker"]["required"]) == (False, False)


def test_a_migration_that_is_missing_is_named(client: Client, alive: None) -> None:
    recorder = MigrationRecorder(connection)
    newest = max(name for app, name in recorder.applied_migrations() if app == "posts")
    recorder.record_unapplied("posts", newest)
    try:
        status, checks = ready(client)
    finally:
        recorder.record_applied("posts", newest)

    assert status == 503
    assert checks["migrations"]["told"] == f"1 not applied, the first is posts.{newest}."


def test_a_database_that_newer_code_has_migrated_is_no_trouble(client: Client, alive: None) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_applied("posts", "9999_of_tomorrow")
    try:
        assert ready(client)[0] == 200
    finally:
        recorder.record_unapplied("posts", "9999_of_tomorrow")


def test_a_database_that_is_away_is_said_without_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused() -> list[judging.Check]:
        raise OperationalError('connection to server at "10.7.7.7", user "blog" failed')

    monkeypatch.setattr(probes, "judgement", Lookout(refused, patience=5))
    with caplog.at_level(logging.WARNING):
        status, checks = ready(client)

    assert status == 503
    assert checks["database"] == {"ok": False, "required": True, "told": "It does not answer."}
    assert "10.7.7.7" in caplog.text, "the log tells those who can do something"


def test_the_log_says_when_it_changes_and_not_at_every_probe(
    client: Client, alive: None, caplog: pytest.LogCaptureFixture
) -> None:
    silence(Kind.BEAT, timedelta(hours=1))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            ready(client)
        watching.beat(Kind.BEAT, watching.here(Kind.BEAT), timezone.now())
        for _ in range(3):
            ready(client)

    assert [record.getMessage() for record in caplog.records] == [
        "Not ready: beat: The last sign of life was 60 minutes ago.",
        "Ready again",
    ]


# --- who asks, and how -----------------------------------------------------------------------------------------------


@pytest.fixture
def on_the_internet(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["blog.example.com"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_balancer_asks_by_address_and_over_http(
    path: str, client: Client, alive: None, on_the_internet: None
) -> None:
    answer = client.get(path, headers={"Host": "10.0.0.7:8000"})

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-ID"]
    assert client.get("/", headers={"Host": "10.0.0.7:8000"}).status_code == 400


def test_a_probe_reads_no_session_and_asks_for_no_person(client: Client, alive: None, ada: Any) -> None:
    """A browser that is signed in must not wait for a database that is frozen either."""
    client.force_login(ada)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "cursor", lambda *_: pytest.fail("the web's own thread asked the database"))
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_only_read(path: str, client: Client, alive: None, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.post(path).status_code == 405


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_token(settings: Any) -> dict[str, str]:
    settings.METRICS_TOKEN = TOKEN
    return {"Authorization": f"Bearer {TOKEN}"}


def test_without_a_token_in_the_settings_there_are_no_metrics(client: Client, ada: Any) -> None:
    answer = client.get("/metrics", headers={"Authorization": "Bearer "})

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ü", TOKEN],
)
def test_whoever_does_not_know_the_token_learns_nothing(given: str, client: Client, with_token: Any) -> None:
    answer = client.get("/metrics", headers={"Authorization": given})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert b"blogscheduler_" not in answer.content


def test_prometheus_understands_the_numbers(client: Client, alive: None, with_token: dict[str, str]) -> None:
    answer = client.get("/metrics", headers=with_token)
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert families["blogscheduler_database_up"].samples[0].value == 1
    assert families["blogscheduler_redis_up"].samples[0].value == 0
    ages = {sample.labels["kind"]: sample.value for sample in families["blogscheduler_heartbeat_age_seconds"].samples}
    assert set(ages) == {"worker", "beat"}
    assert all(age < 10 for age in ages.values())
    assert {family.type for family in families.values()} == {"gauge", "counter", "histogram"}


def test_it_speaks_openmetrics_too(client: Client, alive: None, with_token: dict[str, str]) -> None:
    answer = client.get("/metrics", headers={**with_token, "Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_while_the_database_is_away_that_is_what_is_told(
    client: Client, with_token: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> list[Any]:
        raise OperationalError("gone")

    monkeypatch.setattr(probes, "measurement", Lookout(refused, patience=5))
    answer = client.get("/metrics", headers=with_token)

    assert answer.status_code == 200
    assert "blogscheduler_database_up 0.0" in answer.text
    assert "blogscheduler_deliveries" not in answer.text
