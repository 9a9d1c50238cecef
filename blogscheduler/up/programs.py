"""The programs of one installation, and what they are told in their environment."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from blogscheduler.checks import is_loopback
from blogscheduler.settings import env
from blogscheduler.up.broker import own_broker
from blogscheduler.up.ports import LOOPBACK, free_port
from blogscheduler.up.supervisor import Child

PYTHON = sys.executable
WEB_CONFIGURATION = Path(__file__).with_name("webserver.py")
SANDBOX_PORT = 8801
WORKER_THREADS = 4  # of Celery's tasks; calls to platforms have their own, see PUBLISH_THREADS


FOR_ALL = {
    "PYTHONUNBUFFERED": "1",  # lines are shown when they are said
    "SKIP_CHECKS": "1",  # `up` has made them
    # For people who are root in a container of their own: messages are JSON and can run no code.
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
}


class Programs:
    """Decides what is started here, and gathers what the programs must know of each other."""

    def __init__(self, door: socket.socket, *, with_sandbox: bool) -> None:
        self.children: list[Child] = []
        self.told: dict[str, str] = {}
        self.environment = {**os.environ, **FOR_ALL}
        self._broker()
        if with_sandbox and not settings.SANDBOX_URL:
            self._sandbox()
        self._house(door)
        self._mail()

    def _broker(self) -> None:
        if env.str("REDIS_URL", default=""):
            return
        broker = own_broker(settings.DATA_DIR / "redis")
        self.children.append(Child("broker", broker.command, ends_last=True))
        self._tell(REDIS_URL=broker.url)

    def _sandbox(self) -> None:
        """The only private address that publishers may call beside those that the settings name."""
        port = free_port(env.int("SANDBOX_PORT", default=SANDBOX_PORT))
        origin = f"http://{LOOPBACK}:{port}"
        data = settings.DATA_DIR / "sandbox"
        data.mkdir(exist_ok=True)
        command = [PYTHON, "-m", "sandbox", "--host", LOOPBACK, "--port", str(port), "--data", str(data)]
        self.children.append(Child("sandbox", command))
        allowed = {*settings.ALLOW_PRIVATE_TARGETS, origin}
        self._tell(SANDBOX_URL=origin, ALLOW_PRIVATE_TARGETS=",".join(sorted(allowed)))

    def _house(self, door: socket.socket) -> None:
        celery = [PYTHON, "-m", "celery", "--quiet", "-A", "blogscheduler"]
        worker = ["--pool", "threads", "--concurrency", str(WORKER_THREADS), "--without-gossip", "--without-mingle"]
        self.children += [
            Child("web", web_command(door), descriptors=[door.fileno()]),
            Child("worker", [*celery, "worker", "--loglevel", "WARNING", *worker]),
            Child("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile", ""]),
        ]

    def _mail(self) -> None:
        """On one's own machine, without a mail server, there is a page that lists the mails."""
        at_home = is_loopback(urlsplit(settings.SITE_URL).hostname)
        if at_home and not env.str("EMAIL_URL", default="") and not env.str("SHOW_MAIL", default=""):
            self._tell(SHOW_MAIL="1")

    def _tell(self, **variables: str) -> None:
        """What is said here counts, whatever file a variable was read from."""
        for name, value in variables.items():
            self.environment.pop(f"{name}_FILE", None)
            self.environment[name] = value
            self.told[name] = value

    @contextmanager
    def told_to_neighbours(self) -> Iterator[None]:
        """As long as this runs, the settings of commands beside it know where broker and sandbox are."""
        path = settings.DATA_DIR / "running.env"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in self.told.items()), encoding="utf-8")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def web_command(door: socket.socket) -> list[str]:
    """gunicorn, on a socket that is open already: while it is started again, browsers wait instead of failing."""
    return [
        *(PYTHON, "-m", "gunicorn", "--config", str(WEB_CONFIGURATION)),
        *("--workers", str(settings.WEB_CONCURRENCY), "--bind", f"fd://{door.fileno()}"),
        "blogscheduler.wsgi",
    ]
