"""One try at a delivery: what we did, what came back, how long it took. Written once when it ends, never changed."""

from __future__ import annotations

from django.db import models

from posts.models.delivery import Delivery


class Attempt(models.Model):
    class Step(models.TextChoices):
        IMAGE = "image", "Upload a picture"
        CREATE = "create", "Create the draft"
        FLIP = "flip", "Make it public"
        PUBLISH = "publish", "Publish"
        LOOK = "look", "Look whether it is there"
        UPDATE = "update", "Bring it to the present text"
        UNPUBLISH = "unpublish", "Take it back"
        HAND_OVER = "hand_over", "Hand it to its author"
        UNKNOWN = "unknown", "Interrupted"  # the worker died: which step it was in is not known

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        FOUND = "found", "Found"
        ABSENT = "absent", "Not there"
        REJECTED = "rejected", "Refused"
        NOT_AUTHORIZED = "not_authorized", "Not authorised"
        RATE_LIMITED = "rate_limited", "Asked to wait"
        UNAVAILABLE = "unavailable", "Not reached"
        UNKNOWN = "unknown", "No clear answer"
        ABANDONED = "abandoned", "Worker died"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=10, choices=Step.choices)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    message = models.TextField(blank=True)
    exchanges = models.JSONField(
        default=list
    )  # of publishers.answers.Exchange: secrets removed, bodies capped at 64 KB
    started_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            # Of pictures there may be several.
            models.UniqueConstraint(
                fields=["delivery", "number", "step"], name="attempt_once_per_step", condition=~models.Q(step="image")
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.get_outcome_display()}"
