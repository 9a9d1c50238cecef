"""What the ready-made account forms say twice, said once."""

from __future__ import annotations

from django import template
from django.forms import BoundField

from accounts.forms import password_hint

register = template.Library()


@register.filter
def calm(field: BoundField) -> BoundField:
    """Without the placeholder that repeats the label, and with one sentence for the rules of a new password."""
    attrs = field.field.widget.attrs
    attrs.pop("placeholder", None)
    if attrs.get("autocomplete") == "new-password" and field.help_text:
        field.help_text = password_hint()
    return field
