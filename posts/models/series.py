"""What repeats: a rule, the posts that take turns, and the dates that have been made of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Workspace
from posts.models.channel import Channel
from posts.models.post import Post


class SeriesQuerySet(models.QuerySet["Series"]):
    def of(self, workspace: Workspace) -> SeriesQuerySet:
        return self.filter(workspace=workspace)


class Series(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="series")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=200)
    channels = models.ManyToManyField(Channel, related_name="series")
    zone = models.CharField(max_length=60)  # IANA name: the rule is followed on this zone's clocks
    start = models.CharField(max_length=30)  # the wall time from which it goes, and the clock time of each date
    rule = models.CharField(max_length=500)  # RRULE's value: posts.planning.recurring.rules
    options = models.JSONField(default=dict, blank=True, editable=False)  # of publishers' options_forms, by channel id
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    problem = models.TextField(blank=True, editable=False)  # why it rests, where nobody has paused it
    since = models.DateTimeField(editable=False)  # dates before it were never meant: made, resumed or changed then
    look_at = models.DateTimeField(null=True, editable=False)  # when its next dates are to be made
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(SeriesQuerySet)()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "series"
        indexes: ClassVar = [
            models.Index(fields=["workspace", "name"]),
            models.Index(fields=["look_at"], name="series_to_make", condition=Q(status="active")),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("series", args=[self.pk])


class SeriesPost(models.Model):
    """One post's place in the turns of a series."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="turns")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="turns")
    place = models.PositiveIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["series", "place"], name="series_place_once")]

    def __str__(self) -> str:
        return f"{self.place}. {self.post}"


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def series_of(self, numbers: Iterable[int]) -> dict[int, int]:
        """The series of each of these dates."""
        wanted = list(numbers)
        batches = (wanted[start : start + 500] for start in range(0, len(wanted), 500))
        return {pk: series for some in batches for pk, series in self.filter(pk__in=some).values_list("pk", "series")}


class Occurrence(models.Model):
    """One date of a series. Its deliveries carry its number in ``Delivery.occurrence``."""

    class LeftOut(models.TextChoices):
        PERSON = "person", "Skipped"
        PAUSE = "pause", "Paused then"
        MISSED = "missed", "Missed"

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="occurrences")
    original = models.CharField(max_length=30)  # the rule's wall time, which is the identity: also after a move
    wall_time = models.CharField(max_length=30)  # when it goes, on the series' clocks …
    due_at = models.DateTimeField()  # … and the instant
    is_moved = models.BooleanField(default=False)  # by a person: the rule does not move it back
    turn = models.PositiveIntegerField(default=0)  # counts the dates: whose turn it is
    post = models.ForeignKey(Post, null=True, on_delete=models.SET_NULL, related_name="occurrences")
    left_out = models.CharField(max_length=10, blank=True, choices=LeftOut.choices)
    note = models.TextField(blank=True)  # such as that the clocks change that night
    problem = models.TextField(blank=True)  # which channel would refuse it, and why
    made = models.JSONField(default=list, blank=True)  # ids of the channels for which there is, or was, a delivery

    objects = models.Manager.from_queryset(OccurrenceQuerySet)()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["series", "original"], name="occurrence_once")]
        indexes: ClassVar = [models.Index(fields=["series", "due_at"])]

    def __str__(self) -> str:
        return f"{self.series}, {self.wall_time}"
