"""What a publisher asks with each delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.utils import pretty_name

from posts.models import Channel
from publishers import PUBLISHERS


def options_prefix(channel: Channel) -> str:
    return f"options-{channel.pk}"


def options_form(channel: Channel, data: Any = None, initial: Mapping[str, Any] | None = None) -> forms.Form | None:
    """What the channel's publisher asks with each delivery; None where it asks nothing."""
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None or publisher.options_form is None:
        return None
    return publisher.options_form(data, prefix=options_prefix(channel), initial=dict(initial or {}))


def filled_in(form: forms.Form) -> dict[str, Any]:
    """The values that somebody has given and that are valid, as JSON keeps them."""
    form.full_clean()
    given = {
        name: value
        for name, value in form.cleaned_data.items()
        if value not in form.fields[name].empty_values and (value or name in form.changed_data)
    }
    kept: dict[str, Any] = json.loads(json.dumps(given, cls=DjangoJSONEncoder))
    return kept


def in_words(channel: Channel, options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Kept options as people read them, in the form's order; what the form no longer asks comes last, as it is."""
    form = options_form(channel) or forms.Form()
    asked = [
        (str(form[name].label), _words(form.fields[name], options[name])) for name in form.fields if name in options
    ]
    return asked + [(pretty_name(name), str(value)) for name, value in options.items() if name not in form.fields]


def _words(field: forms.Field, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_words(field, one) for one in value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    choices = getattr(field.widget, "choices", [])
    return {str(key): str(label) for key, label in choices}.get(str(value), str(value))
