"""What a person changed about the plan: who, what, from where to where, and when; so that it can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models

from accounts.models import Workspace
from posts.models.delivery import Delivery
from posts.models.post import Post


class ChangeQuerySet(models.QuerySet["Change"]):
    def of(self, workspace: Workspace) -> ChangeQuerySet:
        return self.filter(workspace=workspace)


class Change(models.Model):
    class What(models.TextChoices):
        MOVED = "moved", "Moved"
        CANCELLED = "cancelled", "Cancelled"
        DELETED = "deleted", "Deleted"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="changes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    what = models.CharField(max_length=10, choices=What.choices)
    at = models.DateTimeField(db_index=True)
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.SET_NULL, related_name="changes")
    # As they were called: both may be gone by now.
    title = models.CharField(max_length=300)
    place = models.CharField(max_length=200, blank=True)
    before = models.JSONField(default=dict)  # what an undo needs
    after = models.JSONField(default=dict)  # where the change put it: what an undo must still find
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = models.Manager.from_queryset(ChangeQuerySet)()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["workspace", "-at"])]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.title}"

    @property
    def due_before(self) -> datetime | None:
        return _time(self.before)

    @property
    def due_after(self) -> datetime | None:
        return _time(self.after)

    @property
    def began_anew(self) -> bool:
        """What had failed or was missed was given another time: that is not taken back, but cancelled."""
        return bool(self.what == Change.What.MOVED and self.before["status"] != self.after["status"])

    @property
    def can_be_undone(self) -> bool:
        """As far as one can see; whoever undoes it asks once more."""
        if self.undone_at is not None:
            return False
        if self.what == Change.What.DELETED:
            return not Post.objects.filter(pk=self.before["pk"]).exists()
        if self.delivery is None or self.began_anew:
            return False
        return bool(stands(self.delivery) == self.after)


def stands(delivery: Delivery) -> dict[str, Any]:
    """Where a delivery stands, as a change keeps it."""
    return {"status": delivery.status, "due_at": delivery.due_at.isoformat(), "number": delivery.number}


def _time(state: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(state["due_at"]) if "due_at" in state else None
