"""Let go what `hold` held back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from blogscheduler.celery import ring
from posts.engine import holding
from posts.tasks import PUBLISH_DUE


class Command(BaseCommand):
    help = (
        "Open the channels that `manage.py hold` paused. What is too late by now is not published by itself; what is "
        "not goes out one after the other."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Channels open again: {holding.release(timezone.now())}.")
        ring(PUBLISH_DUE)
