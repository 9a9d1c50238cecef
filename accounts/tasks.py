"""Celery's way in for mail."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts import mailing

SEND_MAIL = "accounts.tasks.send_mail"


@shared_task(name=SEND_MAIL)
def send_mail() -> None:
    """Send every mail that waits."""
    mailing.send_waiting(timezone.now)
