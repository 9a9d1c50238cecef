"""Which workers and beats are alive: each signs here every few seconds."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    class Kind(models.TextChoices):
        WORKER = "worker", "Worker"
        BEAT = "beat", "Beat"

    name = models.CharField(max_length=300, unique=True)  # kind, host, for workers process: posts.watch.watching
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
