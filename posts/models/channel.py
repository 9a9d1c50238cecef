"""A workspace's account on a platform, and how fast it may be used."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import EncryptedJSONField, Workspace


class ChannelQuerySet(models.QuerySet["Channel"]):
    def of(self, workspace: Workspace) -> ChannelQuerySet:
        return self.filter(workspace=workspace).exclude(status=Channel.Status.REMOVED)

    def free(self, now: datetime) -> ChannelQuerySet:
        """Open, held by no worker, and the platform's pause between two writes is over.

        Leases are compared by the database's clock, so that two machines with different clocks agree.
        """
        return self.filter(
            models.Q(lease_until=None) | models.Q(lease_until__lt=Now()),
            models.Q(paced_until=None) | models.Q(paced_until__lte=now),
            status=Channel.Status.OPEN,
        )


class Channel(models.Model):
    class Status(models.TextChoices):
        CHECKING = "checking", "Checking"  # the credentials were given; a worker asks the platform
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"  # the platform refuses the credentials: its deliveries wait
        PAUSED = "paused", "Paused"  # by a person: its deliveries wait
        REMOVED = "removed", "Removed"  # kept for the history only; its credentials are gone

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="channels")
    platform = models.CharField(max_length=30)
    name = models.CharField(max_length=100, help_text="How you call it. It must be unique in the workspace.")
    credentials = EncryptedJSONField(default=dict, editable=False)
    secret_hint = models.CharField(max_length=8, blank=True, editable=False)  # the last four characters
    settings = models.JSONField(default=dict, blank=True)
    # What posts get there that do not say it themselves: see posts.engine.tailoring.
    defaults = models.JSONField(null=True, blank=True, editable=False)
    # What the last check found that may be chosen for a setting: [[value, label], …] by setting.
    choices = models.JSONField(default=dict, blank=True, editable=False)
    # Counts the changes of credentials and settings: a check of older ones must not judge the newer.
    revision = models.PositiveIntegerField(default=1, editable=False)

    # The revision since which it is the same account: what was uploaded before that is somewhere else.
    images_since = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CHECKING)
    problem = models.TextField(blank=True)
    problem_field = models.CharField(max_length=50, blank=True, editable=False)
    account_name = models.CharField("account", max_length=200, blank=True, editable=False)
    account_url = models.CharField(max_length=1000, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    # What the last examination found, as posts.examining writes it; null before the first one.
    health = models.JSONField(null=True, editable=False)
    # Of the daily one; null: its time of day is chosen by the next watch.
    examine_at = models.DateTimeField("next check", null=True, editable=False)

    lease_until = models.DateTimeField(null=True, editable=False)
    claim = models.UUIDField(null=True, editable=False)
    paced_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(ChannelQuerySet)()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["examine_at"], name="channel_examine", condition=models.Q(status="open"))]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=~models.Q(status="removed"),
                name="channel_name_once_per_workspace",
                violation_error_message="There is a channel of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("channel", args=[self.pk])

    @property
    def ails(self) -> str:
        """What the last examination of an open channel found wrong, the first thing of it; "" when all is well."""
        health = self.health or {}
        if self.status != Channel.Status.OPEN or health.get("worst") in (None, "well"):
            return ""
        return next((check["cause"] for check in health["checks"] if check["health"] == health["worst"]), "")


class ReadingPace(models.Model):
    """When the next reading call to an origin may start: shared by all workers and all channels."""

    origin = models.CharField(primary_key=True, max_length=300)
    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.origin

    @classmethod
    def reserve(cls, origin: str, now: datetime, seconds: float, at_most: timedelta) -> datetime | None:
        """Take the next free moment at this origin; None when it is further away than ``at_most``.

        Call it in a transaction: it locks the origin's row.
        """
        row, _ = cls.objects.select_for_update().get_or_create(origin=origin, defaults={"free_at": now})
        start = max(row.free_at, now)
        if start - now > at_most:
            return None
        cls.objects.filter(pk=origin).update(free_at=start + timedelta(seconds=seconds))
        return start
