"""Everything on this machine with one command: broker, web, worker, beat and the sandbox."""

from __future__ import annotations

import fcntl
import http.client
import os
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import reverse

from blogscheduler.up.broker import NoBroker
from blogscheduler.up.ports import LOOPBACK, listen
from blogscheduler.up.programs import Programs
from blogscheduler.up.supervisor import Supervisor

ANSWER_WITHIN = 0.5  # seconds: /healthz asks nobody
WORRY_AFTER = 30.0


class Command(BaseCommand):
    help = "Run everything on this machine: broker, web, worker, beat and the sandbox. Ctrl-C ends all of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-sandbox", action="store_true", help="without the stand-ins for the platforms")

    def handle(self, *args: Any, no_sandbox: bool, **options: Any) -> None:
        try:
            with only_one_at_a_time(), open_door() as door:
                self.prepare()
                programs = Programs(door, with_sandbox=not no_sandbox)
                supervisor = Supervisor(programs.children, settings.BASE_DIR, programs.environment, self.say)
                with programs.told_to_neighbours():
                    supervisor.run(each_turn=Welcome(self.say, programs.environment))
        except NoBroker as problem:
            raise CommandError(str(problem)) from problem
        except KeyboardInterrupt:  # before the supervisor listened to signals: nothing has been started
            self.say("Ended before anything was started.")

    def say(self, line: str) -> None:
        """One line. A terminal or a pipe that has gone away ends nothing."""
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def prepare(self) -> None:
        """The database as this version wants it, and the static files."""
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Two on one data folder would migrate and publish side by side."""
    with open(settings.DATA_DIR / "up.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            lock.seek(0)
            raise CommandError(
                f"blogscheduler is running already with the data folder {settings.DATA_DIR} (process {lock.read()}). "
                "End that one first, or choose another folder: DATA_DIR=… make run"
            ) from problem
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def open_door() -> Iterator[socket.socket]:
    """Take the port before anything starts, and keep it while web is started again."""
    try:
        door = listen(settings.PORT)
    except OSError as problem:
        raise CommandError(
            f"Port {settings.PORT} cannot be used ({problem.strerror}). "
            f"Choose another: PORT={settings.PORT + 1} make run"
        ) from problem
    with door:
        yield door


class Welcome:
    """Called again and again: when the site answers, says once where everything is."""

    def __init__(self, say: Callable[[str], None], environment: dict[str, str]) -> None:
        self.say = say
        self.environment = environment
        self.worry_at = time.monotonic() + WORRY_AFTER
        self.welcomed = False

    def __call__(self) -> None:
        if self.welcomed:
            return
        if answers():
            self.welcomed = True
            self.welcome()
        elif time.monotonic() > self.worry_at:
            self.worry_at = time.monotonic() + WORRY_AFTER
            self.say("The site does not answer yet; the reason should be among the lines above.")

    def welcome(self) -> None:
        self.say("")
        self.say(f"  blogscheduler is up:  {settings.SITE_URL}/")
        if urlsplit(settings.SITE_URL).port != settings.PORT:
            self.say(f"  it listens on:        http://{LOOPBACK}:{settings.PORT}/")
        if not get_user_model().objects.exists():
            self.say(f"  become its owner:     {owner_link()}")
        self.say(f"  the data is in:       {settings.DATA_DIR}")
        self.say(f"  mails:                {self.mails()}")
        if self.environment.get("SANDBOX_URL"):
            self.say(f"  the sandbox:          {self.environment['SANDBOX_URL']}/")
        self.say("  Ctrl-C ends everything.")
        self.say("")
        connection.close()

    def mails(self) -> str:
        if settings.EMAIL_BACKEND != "accounts.mailfiles.MailFiles":
            return "are sent by the server of EMAIL_URL"
        shown = f", shown at {settings.SITE_URL}{reverse('mail')}" if self.environment.get("SHOW_MAIL") == "1" else ""
        return f"are files in {settings.MAIL_DIR}{shown}"


def answers() -> bool:
    """Whether /healthz answers 200. It is asked as the site's own host: another would not be allowed."""
    conversation = http.client.HTTPConnection(LOOPBACK, settings.PORT, timeout=ANSWER_WITHIN)
    try:
        conversation.request("GET", reverse("healthz"), headers={"Host": urlsplit(settings.SITE_URL).netloc})
        return conversation.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        conversation.close()


def owner_link() -> str:
    """The one-time link by which the first account is made."""
    from accounts.owner_link import owner_link_token

    return settings.SITE_URL + reverse("owner_setup", args=[owner_link_token()])
