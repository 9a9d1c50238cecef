"""Proof of a publication: what we last saw on its public page, when, and when we look again."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from posts.models.delivery import Delivery


class ProofQuerySet(models.QuerySet["Proof"]):
    def due(self, now: datetime) -> ProofQuerySet:
        """To be looked at now, and in no worker's hands: leases are compared by the database's clock."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), due_at__lte=now)


class Proof(models.Model):
    class Outcome(models.TextChoices):
        WAITING = "waiting", "Not looked at yet"
        THERE = "there", "There"
        MISSING = "missing", "Missing"
        DIFFERENT = "different", "Not as it should be"
        NOT_REACHED = "not_reached", "Could not be looked at"

        @classmethod
        def alarming(cls) -> list[Proof.Outcome]:
            return [cls.MISSING, cls.DIFFERENT]

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, primary_key=True, related_name="proof")
    host = models.CharField(max_length=300)  # scheme, host and port of the page: whom we must not hammer
    # What the page was asked to say; null: not known, because it is not known which text went out.
    canonical_url = models.CharField(max_length=1000, null=True)  # noqa: DJ001  "" wants none
    began_at = models.DateTimeField()
    gone = models.BooleanField(default=False, db_default=False)  # it was taken back: there should be no page

    due_at = models.DateTimeField("next look", null=True)  # null: no further look is planned
    lease_until = models.DateTimeField(null=True)
    looks = models.PositiveIntegerField(default=0)  # begun so far: the fence
    doubts = models.PositiveSmallIntegerField(default=0)  # looks in a row that found something wrong

    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.WAITING)
    looked_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField("answered", null=True)  # the HTTP status of the last look
    message = models.TextField(blank=True)  # of the last look, for the author
    history = models.JSONField(default=list)  # the last looks: at, outcome, message

    objects = models.Manager.from_queryset(ProofQuerySet)()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="proof_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.message}" if self.message else self.get_outcome_display()

    @property
    def alarms(self) -> bool:
        """The platform says that it is published, and its readers do not find it."""
        return self.outcome in Proof.Outcome.alarming()

    @property
    def is_unsure(self) -> bool:
        """The last look found something else than what is held for true: the next ones decide."""
        return bool(self.history) and self.history[-1]["outcome"] != self.outcome
