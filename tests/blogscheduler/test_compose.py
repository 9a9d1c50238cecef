"""What docker-compose.yml and the image promise: nothing open to others, nothing as root, all of it watched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from tests.blogscheduler.test_env_example import variables_in_example
from tests.test_imports import TOP

ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

OURS = ("init", "web", "worker", "beat", "sandbox")
APP = ("init", "web", "worker", "beat")
LASTING = sorted(set(SERVICES) - {"init"})
SECRETS = (
    *("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "EMAIL_URL", "DATABASE_URL", "REDIS_URL"),
    *("METRICS_TOKEN", "WATCHDOG_URL", "SENTRY_DSN"),
)
# What means something else inside a container: fixed by the image, or by the services' own command.
NOT_HANDED_ON = {"DATA_DIR", "STATIC_ROOT", "SITES_DIR", "IMAGES_DIR", "SANDBOX_PORT"}
FOR_LIBPQ = {"PGPASSFILE"}


def command(service: str) -> str:
    words = SERVICES[service]["command"]
    return words if isinstance(words, str) else " ".join(words)


def test_it_has_the_services_that_are_documented() -> None:
    assert sorted(SERVICES) == ["beat", "db", "init", "mailpit", "redis", "sandbox", "web", "worker"]
    assert "version" not in COMPOSE


# --- what others can reach -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_every_published_port_is_for_this_machine_only(service: str) -> None:
    assert [port for port in SERVICES[service].get("ports", []) if not port.startswith("127.0.0.1:")] == []


def test_only_what_a_browser_opens_is_published() -> None:
    assert sorted(name for name, service in SERVICES.items() if "ports" in service) == ["mailpit", "sandbox", "web"]


@pytest.mark.parametrize("service", ["db", "redis"])
def test_the_database_and_the_broker_are_on_a_network_without_a_way_in_or_out(service: str) -> None:
    assert SERVICES[service]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("service", ["mailpit", "sandbox"])
def test_what_only_helps_is_not_on_it(service: str) -> None:
    assert SERVICES[service]["networks"] == ["outside"]


def test_no_password_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    assert re.findall(r"://[^/\s@]+:[^/\s@]+@", text) == []
    assert [
        name for service in SERVICES.values() for name in service.get("environment", ()) if "PASSWORD" in name
    ] == []
    assert "AUTH_METHOD" not in text


# --- what a process may do -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_every_root_is_read_only_and_nothing_gains_privileges(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", [*OURS, "mailpit"])
def test_nobody_is_root(service: str) -> None:
    """The entry points of db and redis, which are not ours, become their own users by themselves."""
    assert SERVICES[service]["user"] == "1000:1000"
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert "/tmp" in SERVICES[service]["tmpfs"]


def test_the_image_is_of_a_user_with_a_fixed_number() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]

    assert "\nUSER 1000:1000\n" in last
    assert "--uid 1000" in last
    assert "# syntax=" not in DOCKERFILE


@pytest.mark.parametrize("service", sorted(set(SERVICES) - set(OURS)))
def test_every_image_of_others_is_pinned(service: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d[\w.-]*", SERVICES[service]["image"])


# --- what waits for what, what is watched ----------------------------------------------------------------------------


@pytest.mark.parametrize("service", LASTING)
def test_what_stays_is_watched_and_started_again(service: str) -> None:
    check = SERVICES[service]["healthcheck"]

    assert check["test"][0] == "CMD"
    assert "curl" not in check["test"]
    assert {"interval", "timeout"} <= set(check)
    assert "start_interval" not in check  # which only the newest engines know
    assert SERVICES[service]["restart"] == "unless-stopped"
    assert "container_name" not in SERVICES[service]  # `--scale worker=3` needs several


@pytest.mark.parametrize("service", ["web", "worker", "beat"])
def test_the_app_starts_when_it_is_prepared(service: str) -> None:
    assert SERVICES[service]["depends_on"] == {
        "init": {"condition": "service_completed_successfully"},
        "db": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
    }


def test_preparing_waits_for_the_database_and_ends() -> None:
    assert SERVICES["init"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert SERVICES["init"]["restart"] == "no"


def test_a_worker_has_the_time_to_finish() -> None:
    grace = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))

    assert grace > settings.CALL_DEADLINE_SECONDS + 5  # see posts.tasks.finish_what_is_in_flight


def test_worker_and_beat_are_started_as_by_up() -> None:
    flags = {"--pool threads", "--concurrency 4", "--without-gossip", "--without-mingle", "--loglevel WARNING"}

    assert {flag for flag in flags if flag not in command("worker")} == set()
    assert "beat --loglevel WARNING --pidfile=" in command("beat")


def test_the_broker_keeps_what_it_has() -> None:
    assert "--appendonly yes" in command("redis")
    assert "--maxmemory-policy noeviction" in command("redis")
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_every_volume_is_named_and_used() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]

    assert {mount.partition(":")[0] for mount in mounts} == set(COMPOSE["volumes"])


def test_commands_of_ours_exist() -> None:
    asked = [*map(command, APP), *(" ".join(SERVICES[name]["healthcheck"]["test"]) for name in ("worker", "beat"))]
    names = [name for words in asked for name in re.findall(r"manage\.py (\w+)", words)]

    assert sorted(names) == ["heartbeat", "heartbeat", "prepare"]
    assert set(names) | {"welcome"} <= set(get_commands())


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", APP)
def test_every_setting_reaches_the_containers_and_no_other(service: str) -> None:
    plain = {name for name in SERVICES[service]["environment"] if not name.endswith("_FILE")}

    assert plain - FOR_LIBPQ == set(variables_in_example()) - NOT_HANDED_ON


@pytest.mark.parametrize("service", APP)
def test_every_secret_can_be_a_file(service: str) -> None:
    files = {name for name in SERVICES[service]["environment"] if name.endswith("_FILE")}

    assert files == {f"{name}_FILE" for name in SECRETS}


def test_the_sandbox_is_where_the_settings_say() -> None:
    environment = SERVICES["worker"]["environment"]

    assert environment["SANDBOX_URL"] == "${SANDBOX_URL-http://sandbox:8801}"
    assert environment["ALLOW_PRIVATE_TARGETS"] == "${ALLOW_PRIVATE_TARGETS-http://sandbox:8801}"
    assert "--port=8801" in command("sandbox")
    assert "--public-url=http://127.0.0.1:${SANDBOX_PORT:-8801}" in command("sandbox")
    assert SERVICES["sandbox"]["ports"] == ["127.0.0.1:${SANDBOX_PORT:-8801}:8801"]


# --- the image -------------------------------------------------------------------------------------------------------


def test_the_image_gets_the_product_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}

    assert "*" in lines
    assert let_in == {*TOP, "docker", "manage.py", "requirements.lock"}


def test_packages_are_installed_by_their_hashes() -> None:
    assert "--require-hashes --requirement /tmp/requirements.lock" in DOCKERFILE


@pytest.mark.parametrize("script", ["web", "healthy"])
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / "docker" / script, os.X_OK)


class Answering(BaseHTTPRequestHandler):
    """200 for whoever asks for /healthz by the site's name."""

    def do_GET(self) -> None:
        right = self.path == "/healthz" and self.headers["Host"] == "blog.example.com"
        self.send_response(200 if right else 400)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def healthy(port: int, path: str, site: str) -> int:
    command = [sys.executable, str(ROOT / "docker" / "healthy"), str(port), path]
    return subprocess.run(command, env={"SITE_URL": site}, capture_output=True, timeout=20).returncode


def test_a_server_is_healthy_when_it_answers_by_its_own_name(server: int) -> None:
    assert healthy(server, "/healthz", "https://blog.example.com") == 0
    assert healthy(server, "/healthz", "") == 1
    assert healthy(server, "/", "https://blog.example.com") == 1


def test_nobody_there_is_not_healthy() -> None:
    assert healthy(1, "/healthz", "") == 1
