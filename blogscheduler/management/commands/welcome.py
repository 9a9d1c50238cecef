"""Say where everything is, and how to become the owner while nobody is: for the log of a web that has just started."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from blogscheduler.management.commands.up import answers, owner_link

PATIENCE = 60.0  # seconds


class Command(BaseCommand):
    help = "Wait until the site answers, then say where it is and, while there is no account, how to become its owner."
    requires_system_checks: list[str] = []  # `prepare` has made them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", type=float, default=PATIENCE, metavar="SECONDS", help="how long to wait")
        parser.add_argument("--mails", metavar="URL", default="", help="where to read mails that are caught here")
        parser.add_argument("--catcher", metavar="HOST", default="", help="the mail server that catches them")
        parser.add_argument("--sandbox", metavar="URL", default="", help="where to look at the sandbox")

    def handle(self, *args: Any, wait: float, mails: str, catcher: str, sandbox: str, **options: Any) -> None:
        await_site(wait)
        lines = [f"blogscheduler is up:  {settings.SITE_URL}/"]
        if not get_user_model().objects.exists():
            lines.append(f"become its owner:     {owner_link()}")
        if mails and catcher and getattr(settings, "EMAIL_HOST", "") == catcher:
            lines.append(f"mails are caught at:  {mails}")
        if sandbox and settings.SANDBOX_URL:
            lines.append(f"the sandbox:          {sandbox}")
        self.stdout.write("\n".join(["", *(f"  {line}" for line in lines), ""]))


def await_site(seconds: float) -> None:
    """Return when it answers. Raises CommandError when it does not in time."""
    end = time.monotonic() + seconds
    while not answers():
        if time.monotonic() > end:
            raise CommandError("The site does not answer; the reason should be among the lines above.")
        time.sleep(0.2)
