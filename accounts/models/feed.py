"""The private address at which a person's calendar program reads what a workspace publishes."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models.workspace import Workspace


class Feed(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feeds")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True)  # of the token: the token itself is kept nowhere
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "workspace"], name="one_feed_per_person")]

    def __str__(self) -> str:
        return f"Calendar feed of {self.user}"
