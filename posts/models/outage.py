"""A time in which something was due and nothing could be published. Its owner is told when it begins and ends."""

from __future__ import annotations

from django.db import models


class Outage(models.Model):
    since = models.DateTimeField()
    is_over = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["is_over"], condition=models.Q(is_over=False), name="outage_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"Outage since {self.since:%Y-%m-%d %H:%M}"
