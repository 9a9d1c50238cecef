"""One e-mail to one person for one event: a row first, sent by a worker."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.encrypted import EncryptedTextField


class Mail(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        UNCERTAIN = "uncertain", "Uncertain"  # it may have been sent: the server's answer is not known

    event = models.CharField(max_length=200, unique=True, help_text="What it is about; there is one mail per event.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="mails")
    to = models.EmailField("to")
    subject = models.CharField(max_length=300)
    # Bodies hold one-time links: unreadable at rest, and emptied once they are sent.
    text = EncryptedTextField()
    html = EncryptedTextField(blank=True)
    repeatable = models.BooleanField(
        default=True, help_text="Twice is better than never: sent again when it is not known whether it went out."
    )
    message_id = models.CharField("Message-ID", max_length=200, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    act_at = models.DateTimeField("next try", default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["act_at"], name="mail_waiting", condition=models.Q(status__in=["queued", "sending"]))
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to}"
