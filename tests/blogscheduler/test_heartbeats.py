"""Heartbeats: who signs, who is alive, what health checks and the log of the web are told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from accounts.models import User
from accounts.owner_link import check_owner_link
from blogscheduler.beat import BellScheduler
from blogscheduler.celery import app
from blogscheduler.management.commands import prepare, welcome
from posts import tasks
from posts.models import Heartbeat
from posts.watch import watching
from posts.watch.watching import FORGOTTEN_AFTER, SILENT_AFTER, Kind

NOW = timezone.now()
HERE = socket.gethostname()


# --- the verbs -------------------------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.django_db
def test_whoever_signed_lately_is_alive() -> None:
    watching.beat(Kind.WORKER, "worker one:7", NOW)

    assert watching.alive(Kind.WORKER, NOW + SILENT_AFTER)
    assert not watching.alive(Kind.WORKER, NOW + SILENT_AFTER + timedelta(seconds=1))
    assert not watching.alive(Kind.BEAT, NOW)


@pytest.mark.engine
@pytest.mark.django_db
def test_one_row_for_each_however_often_it_signs() -> None:
    for seconds in range(3):
        watching.beat(Kind.WORKER, "worker one:7", NOW + timedelta(seconds=seconds))
    watching.beat(Kind.WORKER, "worker one:8", NOW)

    assert dict(Heartbeat.objects.values_list("name", "at")) == {
        "worker one:7": NOW + timedelta(seconds=2),
        "worker one:8": NOW,
    }


@pytest.mark.engine
@pytest.mark.django_db
def test_a_host_is_asked_for_by_its_whole_name() -> None:
    watching.beat(Kind.WORKER, "worker one:7", NOW)
    watching.beat(Kind.BEAT, "beat two", NOW)

    assert watching.alive(Kind.WORKER, NOW, host="one")
    assert not watching.alive(Kind.WORKER, NOW, host="on")
    assert not watching.alive(Kind.WORKER, NOW, host="two")
    assert watching.alive(Kind.BEAT, NOW, host="two")
    assert not watching.alive(Kind.BEAT, NOW, host="tw")


@pytest.mark.engine
@pytest.mark.django_db
def test_who_never_came_back_is_forgotten() -> None:
    watching.beat(Kind.WORKER, "worker old:1", NOW - FORGOTTEN_AFTER - timedelta(seconds=1))
    watching.beat(Kind.WORKER, "worker yesterday:1", NOW - FORGOTTEN_AFTER)
    watching.beat(Kind.WORKER, "worker new:1", NOW)

    assert sorted(Heartbeat.objects.values_list("name", flat=True)) == ["worker new:1", "worker yesterday:1"]


def test_workers_sign_with_their_process_and_beat_with_its_host() -> None:
    assert watching.here(Kind.WORKER) == f"worker {HERE}:{os.getpid()}"
    assert watching.here(Kind.BEAT) == f"beat {HERE}"


# --- who signs -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_workers_own_look_signs() -> None:
    [(every, verb)] = [(every, verb) for name, every, verb in tasks.WATCHES if name == "heartbeat"]
    verb()

    assert 3 * every < SILENT_AFTER.total_seconds()
    assert watching.alive(Kind.WORKER, timezone.now(), host=HERE)


@pytest.fixture
def scheduler(db: None, monkeypatch: pytest.MonkeyPatch) -> BellScheduler:
    monkeypatch.setattr(DatabaseScheduler, "tick", lambda self, *args, **kwargs: 5.0)
    return BellScheduler(app=app, lazy=True)


def test_beat_signs_as_it_ticks_and_not_at_every_tick(
    scheduler: BellScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed: list[str] = []
    monkeypatch.setattr(watching, "beat", lambda kind, name, now: signed.append(name))
    monotonic = [1000.0]
    monkeypatch.setattr("blogscheduler.beat.time.monotonic", lambda: monotonic[0])
    for _ in range(25):
        assert scheduler.tick() <= 1
        monotonic[0] += 1

    assert signed == [f"beat {HERE}"] * 3


def test_beat_goes_on_when_it_cannot_sign(scheduler: BellScheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(watching, "beat", broken)

    assert scheduler.tick() <= 1


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Kind)
def test_the_command_ends_well_when_one_is_alive_here(kind: Kind, capsys: pytest.CaptureFixture[str]) -> None:
    watching.beat(kind, watching.here(kind), timezone.now())
    call_command("heartbeat", kind.value)
    call_command("heartbeat", kind.value, "--host")

    assert capsys.readouterr().out == f"A {kind.value} is alive.\nA {kind.value} on {HERE} is alive.\n"


@pytest.mark.django_db
def test_the_command_fails_when_none_is_alive_here() -> None:
    watching.beat(Kind.WORKER, "worker elsewhere:7", timezone.now())
    call_command("heartbeat", "worker")
    call_command("heartbeat", "worker", "--host", "elsewhere")

    with pytest.raises(CommandError, match=f"No worker on {HERE} has given a sign of life for 35 seconds") as failure:
        call_command("heartbeat", "worker", "--host")
    assert failure.value.returncode == 1
    with pytest.raises(CommandError, match="No beat has"):
        call_command("heartbeat", "beat")


# --- before anything starts ------------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.django_db(transaction=True)
def test_preparing_again_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("prepare")

    assert capsys.readouterr().out == "The database is ready.\n"


def test_several_prepare_one_new_house_at_once(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment |= {"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    command = [sys.executable, "manage.py", "prepare"]
    several = [
        subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]

    assert [process.communicate(timeout=120)[0] for process in several] == ["The database is ready.\n"] * 3
    assert {path.name for path in tmp_path.iterdir()} >= {"secret.key", "encryption.key", "db.sqlite3"}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_on_postgresql_the_lock_is_in_the_database_and_given_back() -> None:
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
    with prepare.one_at_a_time(), connection.cursor() as cursor:
        cursor.execute(held, [prepare.LOCK])
        assert cursor.fetchone() == (1,)
    with connection.cursor() as cursor:
        cursor.execute(held, [prepare.LOCK])
        assert cursor.fetchone() == (0,)


def test_a_database_that_never_answers_is_named(tmp_path: Path) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "blogscheduler.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
    }
    command = [sys.executable, "manage.py", "prepare", "--wait", "0", "--skip-checks"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert "The database does not answer" in done.stderr


# --- what the log of the web says ------------------------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setattr(welcome, "answers", lambda: True)

    def say(**options: Any) -> str:
        out = StringIO()
        call_command("welcome", stdout=out, **options)
        return out.getvalue()

    return say


@pytest.mark.django_db
def test_the_owners_link_is_told_while_there_is_no_account(said: Callable[..., str]) -> None:
    [line] = [line for line in said().splitlines() if "become its owner" in line]
    before, _, rest = line.partition(settings.SITE_URL + reverse("setup"))

    assert before.split() == ["become", "its", "owner:"]
    check_owner_link(rest.strip("/"))


def test_the_owners_link_is_not_told_to_a_second_one(said: Callable[..., str], ada: User) -> None:
    assert "owner" not in said()
    assert settings.SITE_URL in said()


@pytest.mark.django_db
def test_helpers_are_told_while_they_are_used(said: Callable[..., str], settings: Any) -> None:
    helpers = {"mails": "http://127.0.0.1:8025/", "catcher": "mailpit", "sandbox": "http://127.0.0.1:8801/"}
    settings.EMAIL_HOST, settings.SANDBOX_URL = "mailpit", "http://sandbox:8801"
    told = said(**helpers)
    assert "mails are caught at:  http://127.0.0.1:8025/" in told
    assert "the sandbox:          http://127.0.0.1:8801/" in told

    settings.EMAIL_HOST, settings.SANDBOX_URL = "mail.example.com", ""
    told = said(**helpers)
    assert "caught" not in told
    assert "sandbox" not in told


def test_a_site_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(welcome, "answers", lambda: False)

    with pytest.raises(CommandError, match="does not answer"):
        call_command("welcome", wait=0)
