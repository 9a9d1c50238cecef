"""What owns everything: one person's workspace, or a team's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from accounts.models.user import User


def default_grace() -> timedelta:
    return settings.DEFAULT_GRACE


class WhenLate(models.TextChoices):
    """What is to happen to a post that could not be published at its time."""

    PUBLISH = "publish", "Publish it late, within the grace; after that, ask me"
    ASK = "ask", "Ask me"
    DROP = "drop", "Drop it, and tell me"


class WorkspaceManager(models.Manager["Workspace"]):
    def of(self, user: User) -> Workspace | None:
        """The workspace that this person works in; None for somebody who belongs to none."""
        return self.filter(memberships__user=user).order_by("memberships__pk").first()


class Workspace(models.Model):
    name = models.CharField(max_length=150)
    grace = models.DurationField(
        default=default_grace,
        help_text="A post that is later than this is not published by itself: a person is asked.",
    )
    when_late = models.CharField(
        "when a post is late", max_length=10, choices=WhenLate.choices, default=WhenLate.PUBLISH,
        db_default=WhenLate.PUBLISH,
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkspaceManager()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        EDITOR = "editor", "Editor"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OWNER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"
