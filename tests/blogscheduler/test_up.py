"""``manage.py up``, with real processes: what a person sees who starts, disturbs and ends it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogscheduler.up.ports import free_port
from tests.blogscheduler.house import House, until, up

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One that runs, for the tests that leave it running."""
    with up(tmp_path_factory.mktemp("house"), free_port()) as house:
        house.says("Ctrl-C ends everything")
        yield house


def test_it_starts_from_nothing_and_says_where_it_is(house: House) -> None:
    assert house.answers()
    assert f"http://127.0.0.1:{house.port}/" in house.told
    assert str(house.data) in house.told
    assert str(house.data / "mail") in house.told


def test_it_says_how_to_become_the_owner(house: House) -> None:
    house.says(rf"http://127\.0\.0\.1:{house.port}/setup/[\w:.-]+/")


@pytest.mark.parametrize("name", ["web", "worker", "beat", "broker"])
def test_a_child_that_is_killed_is_started_again(house: House, name: str) -> None:
    until(f"{name} runs", lambda: house.runs(name))
    killed = house.pid_of(name)

    os.kill(killed, signal.SIGKILL)

    house.says(rf"{name} has ended \(killed by SIGKILL\) and is started again in [\d.]+ s")
    until(f"{name} runs again", lambda: house.runs(name) and house.pid_of(name) != killed)
    until("the site answers", house.answers)


def test_commands_typed_beside_it_know_its_broker_and_its_sandbox(house: House) -> None:
    told = house.data / "running.env"
    assert told.stat().st_mode & 0o777 == 0o600
    asked = "from django.conf import settings as s; print(s.REDIS_URL, s.SANDBOX_URL, *s.ALLOW_PRIVATE_TARGETS)"
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(house.data)}
    command = [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", asked]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert said[0].startswith("redis://:")
    assert said[1] == said[2] != ""


def test_a_second_one_on_the_same_data_is_refused(house: House) -> None:
    with up(house.data, free_port()) as second:
        status = second.ends()

    assert status == 1
    assert f"is running already with the data folder {house.data} (process {house.process.pid})" in second.told
    assert house.answers()


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody, up(tmp_path, somebody.getsockname()[1]) as house:
        status = house.ends()

    assert status == 1
    assert f"Port {house.port} cannot be used" in house.told
    assert f"PORT={house.port + 1} make run" in house.told
    assert not (tmp_path / "db.sqlite3").exists()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_and_leaves_nobody_behind(tmp_path: Path, sign: signal.Signals) -> None:
    with up(tmp_path, free_port()) as house:
        house.says("Ctrl-C ends everything")
        before = time.monotonic()
        house.process.send_signal(sign)
        status = house.ends()
        took = time.monotonic() - before

        assert status == 0
        assert took < 10
        assert house.processes() == {}
        assert not (house.data / "running.env").exists()


def test_a_frozen_child_does_not_hold_up_its_end(tmp_path: Path) -> None:
    with up(tmp_path, free_port()) as house:
        house.says("Ctrl-C ends everything")
        until("the worker runs", lambda: house.runs("worker"))
        os.kill(house.pid_of("worker"), signal.SIGSTOP)
        before = time.monotonic()
        house.process.terminate()
        status = house.ends()

        assert status == 0
        assert time.monotonic() - before < 10
        assert "worker does not end by itself and is killed" in house.told
        assert house.processes() == {}


def test_when_it_is_killed_nobody_outlives_it(tmp_path: Path) -> None:
    with up(tmp_path, free_port()) as house:
        house.says("Ctrl-C ends everything")
        assert len(house.processes()) >= 6  # broker, sandbox, web and its two, worker, beat

        house.process.kill()

        house.ends()
        until("everybody has ended", lambda: not house.processes(), seconds=5)


def test_keys_stay_the_same_when_it_is_started_again(tmp_path: Path) -> None:
    kept = [tmp_path / "secret.key", tmp_path / "encryption.key"]
    port = free_port()
    seen = []
    for _ in range(2):
        with up(tmp_path, port) as house:
            house.says("Ctrl-C ends everything")
            seen.append([path.read_text() for path in kept])
            house.process.terminate()
            assert house.ends() == 0

    assert seen[0] == seen[1]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600, 0o600]
