"""Hold everything back until a person has looked."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from posts.engine import holding


class Command(BaseCommand):
    help = (
        "Pause every open channel, in all workspaces: nothing is published until `manage.py release`, or until "
        "somebody resumes a channel. Run it after a backup was restored, before a worker starts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--restored",
            action="store_true",
            help="a backup was restored: what it takes for unpublished is looked for on its platform before it is sent",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Channels held back: {holding.hold()}.")
        if options["restored"]:
            doubted, asked = holding.doubt(timezone.now())
            self.stdout.write(f"Looked for before it is sent: {doubted}. Cannot be looked for, so asked: {asked}.")
        self.stdout.write("Look at what is scheduled; then: manage.py release")
