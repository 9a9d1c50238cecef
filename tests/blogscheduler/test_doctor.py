"""The doctor: every finding with its remedy, whatever is broken; and an exit status that says whether anything is."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as house
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from pytest_httpserver import HTTPServer

from accounts.models import Mail, User, Workspace
from blogscheduler.up.broker import find_server
from blogscheduler.watch import broker, doctor
from blogscheduler.watch.doctor import Finding, Level
from posts.engine import holding
from posts.models import Channel, Delivery, Heartbeat, Outage, Post
from posts.watch import watching
from posts.watch.watching import Kind
from tests.conftest import workspace_of
from tests.real.house import free_port, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def well(transactional_db: None, httpserver: HTTPServer, settings: Any) -> None:
    """A house in which nothing is wrong but that it has no Redis: the tests' one refuses every connection."""
    for kind in Kind:
        watching.beat(kind, watching.here(kind), timezone.now())
    httpserver.expect_request("/healthz").respond_with_data("ok")
    settings.SITE_URL = httpserver.url_for("").rstrip("/")


def findings(examination: doctor.Examination = doctor.examine, level: Level | None = None) -> list[Finding]:
    return [finding for finding in examination() if level is None or finding.level == level]


def run(*options: str) -> tuple[int, str]:
    """The exit status and what was said."""
    out = StringIO()
    try:
        call_command("doctor", *options, stdout=out, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


# --- how it is said --------------------------------------------------------------------------------------------------


def test_when_nothing_is_wrong_every_line_says_so_and_the_status_is_0() -> None:
    status, said = run()

    assert status == 0
    assert re.search(
        r"^ok       worker                The last sign of life was \d+ seconds? ago\.$", said, re.MULTILINE
    )
    assert "\nproblem: 0, warning: 1, ok: " in said


def test_a_warning_is_a_failure_to_those_who_ask_for_it() -> None:
    assert run("--fail-level", "warning")[0] == 1


def test_a_problem_comes_with_its_remedy_and_the_status_is_1() -> None:
    Heartbeat.objects.filter(kind=Kind.WORKER).update(at=timezone.now() - timedelta(minutes=5))
    status, said = run()

    assert status == 1
    told = "problem  worker                The last sign of life was 5 minutes ago.\n"
    assert told + f"{'':<30} → Start one: make run\n" in said


def test_programs_get_one_object() -> None:
    Heartbeat.objects.filter(kind=Kind.BEAT).delete()
    status, said = run("--json")
    answer = json.loads(said)

    assert status == 1
    assert answer["worst"] == "problem"
    assert {
        "level": "problem",
        "about": "beat",
        "told": "None has signed within the last day.",
        "remedy": "Start one: make run",
    } in answer["findings"]


def test_everything_but_ok_has_a_remedy(ada: User) -> None:
    Heartbeat.objects.all().delete()
    Outage.objects.create(since=timezone.now())
    found = findings()

    assert [finding for finding in found if finding.level != Level.OK and not finding.remedy] == []
    assert len({finding.about for finding in found}) >= 13


# --- what it finds ---------------------------------------------------------------------------------------------------


def test_a_wrong_setting_is_told_with_the_hint_of_its_check(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Atlantis"
    found = {finding.told: finding.remedy for finding in findings(doctor.system_checks, Level.PROBLEM)}

    [(told, remedy)] = [item for item in found.items() if "blogscheduler.E007" in item[0]]
    assert "which no time zone is called" in told
    assert "IANA" in remedy
    assert len(found) == 2, "and a check of Django's that this setting breaks"


def test_the_sandbox_does_not_belong_on_the_internet(settings: Any) -> None:
    settings.HTTPS, settings.SANDBOX_URL = True, "http://127.0.0.1:8801"

    assert any("SANDBOX_URL" in finding.remedy for finding in findings(doctor.system_checks, Level.WARNING))


@pytest.mark.parametrize("name", ["SITES_DIR", "IMAGES_DIR"])
def test_a_folder_that_cannot_be_written_to(name: str, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    setattr(settings, name, tmp_path / "file" / "sites")
    [found] = findings(doctor.folders, Level.PROBLEM)

    assert found.told.startswith(f"{name} cannot be written to")


def test_keys_that_others_can_read(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "encryption.key").write_text("key")
    (tmp_path / "encryption.key").chmod(0o644)
    (tmp_path / "secret.key").write_text("key")
    (tmp_path / "secret.key").chmod(0o600)

    assert [found.remedy for found in findings(doctor.folders, Level.PROBLEM)] == [
        f"Run: chmod 600 {tmp_path / 'encryption.key'}"
    ]


def test_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"total": 10**11, "used": 10**11, "free": 50 * 1024 * 1024})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    assert "50 MB of" in findings(doctor.folders, Level.PROBLEM)[0].told


@pytest.mark.engine
def test_the_database_is_told_with_its_version() -> None:
    [found] = findings(doctor.durability, Level.OK)

    assert findings(doctor.database) == [Finding(Level.OK, "database", "It answers.")]
    assert found.told.lower().startswith(connection.vendor)


@pytest.mark.postgres
def test_a_postgresql_that_forgets_at_a_crash_is_a_problem() -> None:
    """The tests' own server does not write to the disk: it is thrown away."""
    told = " ".join(finding.told for finding in findings(doctor.durability, Level.PROBLEM))

    assert "fsync is off" in told
    assert "full_page_writes is off" in told


@pytest.mark.postgres
def test_the_clock_of_the_database_is_compared() -> None:
    [found] = list(doctor.clock())

    assert found.level == Level.OK
    assert "0.0" in found.told


def test_a_sqlite_that_forgets_at_a_power_cut_is_a_problem() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    try:
        [found] = list(doctor.durability())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")

    assert found.level == Level.PROBLEM
    assert "sent again" in found.told


def test_without_its_migrations_the_database_is_not_asked_for_more() -> None:
    recorder = MigrationRecorder(connection)
    newest = max(name for app, name in recorder.applied_migrations() if app == "posts")
    recorder.record_unapplied("posts", newest)
    try:
        found = findings()
    finally:
        recorder.record_applied("posts", newest)

    assert [finding.told for finding in found if finding.level == Level.PROBLEM] == [
        f"1 not applied, the first is posts.{newest}."
    ]
    assert "worker" not in {finding.about for finding in found}
    assert "site" in {finding.about for finding in found}


@pytest.fixture
def workspace(ada: User) -> Workspace:
    return workspace_of(ada)


@pytest.fixture
def dev(workspace: Workspace) -> Channel:
    return Channel.objects.create(
        workspace=workspace, platform="devto", name="My DEV", status=Channel.Status.OPEN,
        credentials={"api_key": "key-of-ada"},
    )  # fmt: skip


def deliver(channel: Channel, **values: Any) -> Delivery:
    post = Post.objects.create(workspace=channel.workspace, title="Notes", markdown="Text.")
    due = values.pop("due_at", timezone.now())
    return Delivery.objects.create(
        workspace=channel.workspace, post=post, channel=channel, due_at=due, act_at=due, **values
    )


def test_what_is_overdue_and_what_waits_for_a_person(dev: Channel) -> None:
    deliver(dev, due_at=timezone.now() - timedelta(minutes=30))
    deliver(dev, status=Delivery.Status.UNCERTAIN)
    deliver(dev, status=Delivery.Status.UNCERTAIN)

    assert "30 minutes ago" in findings(doctor.what_works, Level.PROBLEM)[0].told
    assert "2 uncertain" in findings(doctor.deliveries, Level.WARNING)[0].told


def test_a_closed_channel_is_named_with_what_waits_for_it(dev: Channel) -> None:
    Channel.objects.update(status=Channel.Status.CLOSED, problem="DEV does not accept the key.")
    deliver(dev, status=Delivery.Status.SCHEDULED)
    [found] = findings(doctor.channels, Level.WARNING)

    assert found.told == "“My DEV” (devto) is closed, and 1 deliveries wait for it: DEV does not accept the key."
    assert dev.get_absolute_url() in found.remedy


def test_channels_that_are_held_back_are_told(dev: Channel) -> None:
    holding.hold()
    [found] = findings(doctor.channels)

    assert found.level == Level.WARNING
    assert found.remedy.endswith("manage.py release")


def test_an_outage_is_told() -> None:
    Outage.objects.create(since=timezone.now() - timedelta(minutes=40))

    assert findings(doctor.what_works, Level.PROBLEM)[0].told == "Nothing could be published for 40 minutes."


def test_secrets_that_can_no_longer_be_read(dev: Channel, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    [found] = findings(doctor.encryption_keys, Level.PROBLEM)

    assert "cannot be read with any" in found.told
    assert "key-of-ada" not in found.told


def test_secrets_that_are_written_with_an_older_key(dev: Channel, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    [found] = findings(doctor.encryption_keys, Level.WARNING)

    assert found.remedy == "Run: python manage.py rotate_keys"


def test_mails_that_wait_for_long(ada: User) -> None:
    Mail.objects.update(created_at=timezone.now() - timedelta(minutes=20), problem="Connection refused")
    [found] = findings(doctor.mails, Level.WARNING)

    assert found.told == "1 wait to be sent, the oldest for 20 minutes. Connection refused"


def test_a_mail_server_that_is_not_there(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    [found] = findings(doctor.mail_server, Level.PROBLEM)

    assert "refused" in found.told


def test_a_site_that_does_not_answer_by_its_own_name(settings: Any, httpserver: HTTPServer) -> None:
    httpserver.clear()
    httpserver.expect_request("/healthz").respond_with_data("", status=301, headers={"Location": "https://x/healthz"})
    assert findings(doctor.site, Level.WARNING)
    settings.SITE_URL = f"http://127.0.0.1:{free_port()}"

    assert "refused the connection" in findings(doctor.site, Level.WARNING)[0].told


# --- Redis -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def valkey(settings: Any, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start a server with these options; the settings name it."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> None:
        port = free_port()
        command = [find_server(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options]
        running.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL))
        settings.REDIS_URL = f"redis://:secret-of-redis@127.0.0.1:{port}/0"
        wait_for(_answers, 10, "the server answers")

    yield start
    for process in running:
        process.kill()
        process.wait()


def _answers() -> bool:
    try:
        broker.policy()
    except broker.Unreachable:
        return False
    return True


def test_a_redis_that_drops_nothing_is_right(valkey: Callable[..., None]) -> None:
    valkey("--requirepass", "secret-of-redis", "--maxmemory-policy", "noeviction")

    assert findings(doctor.redis, Level.OK)[0].told == "Redis answers, and drops nothing."


def test_a_redis_that_drops_queues_is_not(valkey: Callable[..., None]) -> None:
    valkey("--requirepass", "secret-of-redis", "--maxmemory-policy", "allkeys-lru")

    assert "allkeys-lru" in findings(doctor.redis, Level.WARNING)[0].told


def test_a_wrong_password_is_told_without_it(valkey: Callable[..., None], settings: Any) -> None:
    valkey("--requirepass", "secret-of-redis")
    settings.REDIS_URL = settings.REDIS_URL.replace("secret-of-redis", "wrong-password")
    [found] = findings(doctor.redis, Level.WARNING)

    assert "AuthenticationError" in found.told
    assert "wrong-password" not in found.told


# --- when nothing answers --------------------------------------------------------------------------------------------


def test_an_examination_that_breaks_or_hangs_is_a_finding_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def breaks() -> list[Finding]:
        raise RuntimeError(f"token={settings.SECRET_KEY}\nand more")

    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.1)

        def hangs() -> list[Finding]:
            with socket.create_connection(silent.getsockname()) as never:
                never.recv(1)
            return []

        monkeypatch.setattr(doctor, "PATIENCE", 0.3)
        monkeypatch.setitem(doctor.NEED_THE_DATABASE, "clock", hangs)
        monkeypatch.setitem(doctor.NEED_THE_DATABASE, "channels", breaks)
        found = {finding.about: finding for finding in findings(level=Level.PROBLEM)}

    assert found["clock"].told == "There was no answer within 0.3 seconds."
    assert found["channels"].told == "It could not be looked at: RuntimeError: token=••• and more"
    assert set(found) == {"clock", "channels"}


def test_a_database_that_is_away_is_told_and_the_rest_examined(tmp_path: Path) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "blogscheduler.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgres://blog:of-the-database@127.0.0.1:1/nothing",
    }
    command = [sys.executable, "manage.py", "doctor", "--json"]
    done = subprocess.run(command, cwd=house.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60)
    found = {finding["about"]: finding for finding in json.loads(done.stdout)["findings"]}

    assert done.returncode == 1
    assert "Connection refused" in found["database"]["told"]
    assert {"settings", "folders", "redis", "mail server", "site"} <= set(found)
    assert "worker" not in found
    assert "of-the-database" not in done.stdout + done.stderr
