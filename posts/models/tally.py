"""Numbers of the past that only grow: what /metrics tells of attempts and publications."""

from __future__ import annotations

from django.db import models


class Tally(models.Model):
    class Of(models.TextChoices):
        ATTEMPTS = "attempts", "Attempts"  # detail: step and outcome
        LATENESS = "lateness", "Lateness"  # detail: the upper bound of a bucket in seconds, or "sum"
        CALLS = "calls", "Seconds of calls"  # detail: as with lateness

    of = models.CharField(max_length=20, choices=Of.choices)
    platform = models.CharField(max_length=30)
    detail = models.CharField(max_length=40)
    value = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "platform", "detail"], name="tally_once")]
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.of} {self.platform} {self.detail}"
