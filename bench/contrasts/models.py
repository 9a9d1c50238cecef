from __future__ import annotations

from typing import ClassVar

from django.db import models


class Post(models.Model):
    """Text and state in one table."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled"
        QUEUED = "queued"
        DRAFTED = "drafted"
        PUBLISHED = "published"

    title = models.CharField(max_length=300)
    markdown = models.TextField()
    api = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.SCHEDULED)
    remote_id = models.CharField(max_length=300, blank=True)
    remote_url = models.CharField(max_length=1000, blank=True)
    published_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Post]] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["status", "due_at"])]

    def __str__(self) -> str:
        return self.title
