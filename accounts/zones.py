"""Time zones as people choose them: by continent, then by city."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError

_NOT_PLACES = ("Etc", "SystemV", "posix", "right")
Grouped = list[tuple[str, list[tuple[str, str]]]]


@lru_cache(maxsize=1)
def zone_choices() -> Grouped:
    """UTC, then every zone that is named after a place. Old names stay: browsers still answer with them."""
    areas: dict[str, list[tuple[str, str]]] = {"Everywhere": [("UTC", "UTC")]}
    for zone in sorted(available_timezones()):
        area, _, place = zone.partition("/")
        if place and area not in _NOT_PLACES:
            areas.setdefault(area, []).append((zone, place.replace("_", " ")))
    return list(areas.items())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise ValidationError("There is no such time zone.") from error


class ZoneField(forms.TypedChoiceField):
    """A zone's name in the form, a ZoneInfo in Python."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Time zone")
        kwargs.setdefault("help_text", "Times are shown, and understood, in this zone.")
        super().__init__(choices=zone_choices, coerce=_zone, empty_value=None, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return str(value) if value else value

    def valid_value(self, value: object) -> bool:
        """A zone that was set by other means, and is in no group, stays valid."""
        return super().valid_value(value) or str(value) in available_timezones()
