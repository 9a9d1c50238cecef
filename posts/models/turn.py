"""What one of several processes does now and then: whoever takes the turn does it, the others go home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import models

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class TurnQuerySet(models.QuerySet["Turn"]):
    def take(self, name: str, now: datetime, every: timedelta) -> bool:
        """Whether it is time, and nobody else was quicker.

        A turn that lies ahead was taken before a clock was set back: it holds nobody up.
        """
        turn, _ = self.get_or_create(name=name, defaults={"taken_at": NEVER})
        if turn.taken_at <= now < turn.taken_at + every:
            return False
        return self.filter(pk=turn.pk, taken_at=turn.taken_at).update(taken_at=now) == 1


class Turn(models.Model):
    name = models.CharField(max_length=40, unique=True)
    taken_at = models.DateTimeField()
    reached = models.BigIntegerField(default=0)  # how far it went, where there is something to go through

    objects = models.Manager.from_queryset(TurnQuerySet)()

    def __str__(self) -> str:
        return self.name
