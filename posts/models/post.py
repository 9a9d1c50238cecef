"""The source: one text, free of any platform."""

from __future__ import annotations

import hashlib
import json
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from accounts.models import WhenLate, Workspace


class PostQuerySet(models.QuerySet["Post"]):
    def of(self, workspace: Workspace) -> PostQuerySet:
        return self.filter(workspace=workspace)


class Post(models.Model):
    class AIDisclosure(models.TextChoices):
        NO_AI = "no_ai", "Written without AI"
        SOME_AI = "some_ai", "Written with some help of AI"
        FULLY_AUTONOMOUS = "fully_autonomous", "Written by AI"
        NOT_DISCLOSED = "not_disclosed", "Not disclosed"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="posts")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="posts"
    )
    title = models.CharField(max_length=300, blank=True)
    markdown = models.TextField("text", blank=True)
    summary = models.CharField(max_length=500, blank=True)
    tags = models.JSONField(default=list, blank=True, help_text="A list of words, the most important first.")
    slug = models.CharField(max_length=200, blank=True)
    cover_url = models.URLField("cover image", max_length=1000, blank=True)
    canonical_url = models.URLField("canonical URL", max_length=1000, blank=True)
    language = models.CharField(max_length=20, blank=True)
    ai_disclosure = models.CharField("AI disclosure", max_length=20, blank=True, choices=AIDisclosure.choices)
    when_late = models.CharField(
        "when it is late", max_length=10, blank=True, choices=WhenLate.choices, db_default="",
        help_text="Blank: as the workspace wishes.",
    )  # fmt: skip
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Counts the saves.")
    # What the background check found when it fetched `cover_checked_url`; "" when it was there.
    cover_checked_url = models.CharField(max_length=1000, blank=True, editable=False)
    cover_problem = models.TextField(blank=True, editable=False)
    # What is said otherwise on one channel, by its id: see posts.engine.tailoring.
    versions = models.JSONField(null=True, blank=True, editable=False)
    # When what is published of it is to be compared with what stands here: it was changed.
    compare_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = models.Manager.from_queryset(PostQuerySet)()

    TEXT_FIELDS: ClassVar[tuple[str, ...]] = (
        "title", "markdown", "summary", "tags", "slug", "cover_url", "canonical_url", "language", "ai_disclosure",
    )  # fmt: skip

    class Meta:
        ordering = ["-updated_at"]
        indexes = [
            models.Index(fields=["workspace", "-updated_at"]),
            models.Index(fields=["compare_at"], name="post_to_compare", condition=models.Q(compare_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title or "Untitled"

    def get_absolute_url(self) -> str:
        return reverse("post", args=[self.pk])

    def digest(self) -> str:
        """The same for the same text: tells whether what went out is what stands here now."""
        text = json.dumps([getattr(self, name) for name in self.TEXT_FIELDS], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def cover_finding(self) -> str:
        """What the last check of the present cover found; "" when it is well, unset or not yet looked at."""
        return self.cover_problem if self.cover_url and self.cover_url == self.cover_checked_url else ""
