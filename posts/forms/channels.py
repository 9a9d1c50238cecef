"""A channel's name, its weekly slots, and its removal."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from posts.models import Channel, Slot


class ChannelNameForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="How you call it, such as “My DEV account”.")


class RemoveForm(forms.Form):
    """Removing a channel cannot be undone: its name is typed once more."""

    name = forms.CharField(
        label="Name of the channel", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name != self.channel.name.strip():
            raise ValidationError(f"This is not its name. Type “{self.channel}” to remove it.")
        return name


class SlotForm(forms.Form):
    """Weekly slots on some days at one time, in the author's zone."""

    weekdays = forms.TypedMultipleChoiceField(
        label="Days",
        choices=Slot.Weekday.choices,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )
    at = forms.TimeField(
        label="Time",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Write the time like 09:00.", "required": "Choose a time."},
    )

    def clean_at(self) -> time:
        at: time = self.cleaned_data["at"]
        return at.replace(second=0, microsecond=0)
