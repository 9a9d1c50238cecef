"""An order that a workspace uses again: one channel first, the others so much later."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from accounts.models import Workspace
from posts.models.channel import Channel


class PlanQuerySet(models.QuerySet["Plan"]):
    def of(self, workspace: Workspace) -> PlanQuerySet:
        return self.filter(workspace=workspace)


class Plan(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=100)
    origin = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")  # whose page is the original

    objects = models.Manager.from_queryset(PlanQuerySet)()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                name="plan_name_once_per_workspace",
                violation_error_message="There is a plan of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("plan", args=[self.pk])


class PlanStep(models.Model):
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="steps")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    after = models.DurationField()  # the origin's publication

    class Meta:
        ordering = ["after", "pk"]
        constraints = [models.UniqueConstraint(fields=["plan", "channel"], name="plan_step_once_per_channel")]

    def __str__(self) -> str:
        return f"{self.plan}: {self.channel} after {self.after}"
