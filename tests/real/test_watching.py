"""Watched in operation, with the real parts: who notices what, who is told, and how long anybody has to wait."""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pytest_httpserver import HTTPServer

from accounts.mailfiles import kept_mails
from accounts.models import Mail, User, Workspace
from blogscheduler.up.programs import FOR_ALL
from posts import connecting
from posts.models import Channel, Delivery, Outage, Post
from posts.watch import watching
from posts.watch.watching import Kind
from tests.conftest import workspace_of
from tests.real.house import House, wait_for

pytestmark = pytest.mark.real
KEY = "key-of-linus-that-nobody-may-read"


@pytest.fixture(autouse=True)
def no_old_mails(author: User) -> None:
    """Linus runs the machine; his post box is empty."""
    User.objects.filter(pk=author.pk).update(is_owner=True, is_superuser=True)
    Mail.objects.all().delete()
    for path in settings.MAIL_DIR.glob("*.eml"):
        path.unlink()


@pytest.fixture
def workspace(author: User) -> Workspace:
    return workspace_of(author)


def sign() -> None:
    """Worker and beat have signed just now."""
    for kind in Kind:
        watching.beat(kind, watching.here(kind), timezone.now())


def ask(url: str, seconds: float = 10) -> tuple[requests.Response, float]:
    """The answer, and how long it took."""
    start = time.monotonic()
    answer = requests.get(url, timeout=seconds)
    return answer, time.monotonic() - start


# --- nobody waits for what is frozen ---------------------------------------------------------------------------------


def test_with_redis_frozen_it_is_ready_and_says_so_at_once(house: House) -> None:
    house.broker()
    url = house.web()
    sign()
    assert ask(f"{url}/readyz")[0].json()["checks"]["redis"]["ok"]
    house.kill("broker", signal.SIGSTOP)
    time.sleep(1.1)  # an answer serves for a second
    sign()
    answer, took = ask(f"{url}/readyz")

    print(f"/readyz with Redis frozen took {took * 1000:.0f} ms")
    assert answer.status_code == 200
    assert not answer.json()["checks"]["redis"]["ok"]
    assert took < 1


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a database that takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield int(listening.getsockname()[1])


def test_with_the_database_frozen_every_probe_answers_in_time(house: House, silent: int) -> None:
    house.env["DATABASE_URL"] = f"postgres://blog:of-the-database@127.0.0.1:{silent}/blog"
    house.env["METRICS_TOKEN"] = "prometheus-may-read-this-1"
    url = house.web()
    first, took = ask(f"{url}/readyz")
    again, took_again = ask(f"{url}/readyz")
    alive, took_alive = ask(f"{url}/healthz")

    print(f"with the database frozen: /readyz {took:.2f} s, then {took_again:.2f} s; /healthz {took_alive:.3f} s")
    assert first.status_code == again.status_code == 503
    assert first.json()["checks"]["database"] == {
        "ok": False,
        "required": True,
        "told": "It did not answer within 2 seconds.",
    }
    assert alive.status_code == 200
    assert took < 4
    assert took_again < 1.5
    assert took_alive < 0.5
    numbers = requests.get(f"{url}/metrics", headers={"Authorization": "Bearer prometheus-may-read-this-1"}, timeout=20)
    assert "blogscheduler_database_up 0.0" in numbers.text
    assert "of-the-database" not in house.log("web") + first.text


# --- who is told -----------------------------------------------------------------------------------------------------


def overdue(author: User, workspace: Workspace, minutes: float) -> Delivery:
    """A post that should have gone out a while ago, to a folder of this machine."""
    folder = connecting.connect(
        workspace, "folder", "Garden", {}, {"generator": "hugo", "directory": "watched", "base_url": ""}
    )
    Channel.objects.filter(pk=folder.pk).update(status=Channel.Status.OPEN, account_name="watched")
    due = timezone.now() - timedelta(minutes=minutes)
    post = Post.objects.create(workspace=workspace, author=author, title="Kernel notes", markdown="Text.")
    return Delivery.objects.create(
        workspace=workspace, post=post, channel=folder, due_at=due, act_at=due, late_after=due + timedelta(hours=1)
    )


def subjects() -> list[str]:
    return sorted(mail.subject for mail in kept_mails())


def test_without_a_worker_beat_tells_the_owner_and_with_one_again_the_worker_does(
    house: House, author: User, workspace: Workspace
) -> None:
    overdue(author, workspace, minutes=12)
    house.broker()
    house.beat()
    wait_for(subjects, 40, "beat has told the owner")
    assert subjects() == ["Nothing could be published for 12 minutes"]
    assert Outage.objects.filter(is_over=False).count() == 1

    house.worker()
    wait_for(lambda: Outage.objects.filter(is_over=True).exists(), 60, "the worker has noticed that it is over")
    wait_for(lambda: any(subject.startswith("Posts go out again") for subject in subjects()), 20, "and told it")


def test_the_dead_mans_switch_hears_of_a_house_that_is_well_and_of_no_other(
    house: House, httpserver: HTTPServer, author: User, workspace: Workspace
) -> None:
    httpserver.expect_request("/ping/secret-77").respond_with_data("OK")
    house.env["WATCHDOG_URL"] = httpserver.url_for("/ping/secret-77")
    house.env["ALLOW_PRIVATE_TARGETS"] += "," + httpserver.url_for("").rstrip("/")
    house.broker()
    house.worker()
    silence = "is not told that all is well: beat: None has signed"
    wait_for(lambda: silence in house.log("worker"), 60, "the worker has seen that there is no beat")
    assert httpserver.log == []

    house.beat()
    wait_for(lambda: httpserver.log, 90, "the switch has been called")
    assert len(httpserver.log) == 1
    assert "secret-77" not in house.log("worker")


# --- the log ---------------------------------------------------------------------------------------------------------


def lines(house: House, name: str) -> list[dict[str, Any]]:
    """Every line of a process, each of which must be one object."""
    return [json.loads(line) for line in house.log(name).splitlines() if line.strip()]


RING = """
import django
django.setup()
from blogscheduler import logs
from blogscheduler.celery import ring
logs.begin(request_id="of-linus")
ring("posts.tasks.check_channel", "no number")
"""


def test_worker_beat_and_web_write_one_object_a_line_and_a_task_names_the_request_that_rang(
    house: House, author: User, workspace: Workspace
) -> None:
    """A channel whose token cannot be read any more, and a bell that makes no sense, give the worker much to say."""
    house.env.update(LOG_FORMAT="json", LOG_LEVEL="INFO", PYTHONWARNINGS=FOR_ALL["PYTHONWARNINGS"])
    connecting.connect(workspace, "devto", "DEV", {"api_key": KEY}, {"base_url": "https://dev.to/api"})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE posts_channel SET credentials = 'gAAAAAnobody'")
    house.broker()
    celery = (sys.executable, "-m", "celery", "--quiet", "-A", "blogscheduler")  # without its banner, as in `up`
    house.start("worker", *celery, "worker", "--pool=threads", "--loglevel", "WARNING")
    house.start("beat", *celery, "beat", "--pidfile=")
    url = house.web()
    house.start("bell", sys.executable, "-c", RING)
    requests.get(f"{url}/nowhere/", timeout=10)
    wait_for(lambda: any("credentials" in line.get("exception", "") for line in lines(house, "worker")), 30, "a look")
    task = wait_for(
        lambda: [line for line in lines(house, "worker") if line.get("request_id") == "of-linus"], 30, "the task's line"
    )

    assert "no number" in task[0]["exception"]
    assert task[0]["logger"] == "celery.app.trace"
    for name in ("worker", "beat"):
        assert all({"time", "level", "logger", "message"} <= set(line) for line in lines(house, name))
    assert any("/nowhere/" in line and '"request_id": "' in line for line in house.log("web").splitlines())
    assert KEY not in house.log("worker") + house.log("web") + house.log("beat")
