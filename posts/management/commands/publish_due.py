"""Publish what is due, without worker, beat or Redis: for cron, and for looking."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts import mailing
from posts.engine import lateness, publishing
from posts.models import Channel, Delivery
from posts.planning import following
from posts.watch import proving, watching

BY_CRON = f"{watching.Kind.WORKER.value} {socket.gethostname()}:{lateness.CRON}"  # how this command signs


class Command(BaseCommand):
    help = (
        "Publish everything that is due now, send the mails that wait, look up what a dead worker left, and end. "
        "Safe beside running workers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self.show()
            return
        now = timezone.now()
        if spread := lateness.catch_up(now, BY_CRON):
            self.stdout.write(f"After an outage {spread} late deliveries go out one after the other on each channel.")
        watching.beat(watching.Kind.WORKER, BY_CRON, now)
        publishing.rescue(timezone.now)
        calls = publishing.drain(timezone.now)
        if pages := proving.look(timezone.now):
            self.stdout.write(f"Public pages looked at: {pages}.")
        if released := following.look_after(timezone.now):
            self.stdout.write(f"Released, because their originals are published: {released}.")
        mails = mailing.send_waiting(timezone.now)
        self.stdout.write(f"Calls made: {calls}. Mails sent: {mails}.")

    def show(self) -> None:
        now = timezone.now()
        due = Delivery.objects.due(now).filter(channel__status=Channel.Status.OPEN).select_related("post", "channel")
        for delivery in due.order_by("act_at"):
            self.stdout.write(f"{delivery.pk:>6}  {delivery.status:<10} {delivery.channel}: {delivery.post}")
        self.stdout.write(f"{due.count()} due.")
