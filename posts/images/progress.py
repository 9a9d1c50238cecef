"""How far the preparing of pictures is, as the rows say: so it is the same after a reload, and on another machine."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import Workspace
from posts.models import Image

Status = Image.Status


@dataclass(frozen=True)
class Progress:
    """Of the pictures that were given together with those that still wait."""

    done: int
    total: int
    stopped: int  # in the whole workspace

    @property
    def is_under_way(self) -> bool:
        return self.done < self.total


def progress_of(workspace: Workspace) -> Progress:
    """One query while nothing waits."""
    rows = Image.objects.of(workspace)
    counts = rows.aggregate(
        waiting=Count("pk", filter=Q(status=Status.WAITING)), stopped=Count("pk", filter=Q(status=Status.STOPPED))
    )
    if not counts["waiting"]:
        return Progress(0, 0, counts["stopped"])
    batches = rows.filter(status=Status.WAITING, batch__isnull=False).values("batch")
    together = rows.filter(Q(batch__in=batches) | Q(status=Status.WAITING)).exclude(status=Status.STOPPED).count()
    return Progress(together - counts["waiting"], together, counts["stopped"])
