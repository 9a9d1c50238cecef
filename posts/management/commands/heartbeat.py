"""Whether a worker or beat is alive: for health checks and monitoring."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from posts.commands import refuse
from posts.models import Heartbeat
from posts.watch import watching


class Command(BaseCommand):
    help = "Exit with 0 when a worker (or beat) has given a sign of life lately, with 1 when none has."
    requires_system_checks: list[str] = []  # it is asked often, and has to be quick

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=Heartbeat.Kind.values)
        parser.add_argument(
            "--host",
            nargs="?",
            const=socket.gethostname(),
            default="",
            help="only one that runs on this host; without a value, on the host of this command",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kind, host = Heartbeat.Kind(options["kind"]), options["host"]
        where = f" on {host}" if host else ""
        if not watching.alive(kind, timezone.now(), host):
            refuse(f"No {kind.value}{where} has given a sign of life for {watching.SILENT_AFTER.seconds} seconds.")
        self.stdout.write(f"A {kind.value}{where} is alive.")
