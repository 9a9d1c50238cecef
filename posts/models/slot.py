"""A weekly moment at which a channel may publish: a weekday and a wall time in a zone."""

from __future__ import annotations

from django.db import models

from posts.models.channel import Channel


class Slot(models.Model):
    class Weekday(models.IntegerChoices):  # as datetime.weekday() counts
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="slots")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    at = models.TimeField()  # as a clock on the wall of the zone shows it, to the minute
    zone = models.CharField(max_length=60)  # IANA name: nine o'clock stays nine o'clock when the clocks change

    class Meta:
        ordering = ["weekday", "at", "zone"]
        constraints = [models.UniqueConstraint(fields=["channel", "weekday", "at", "zone"], name="slot_once")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.at:%H:%M} {self.zone}"
