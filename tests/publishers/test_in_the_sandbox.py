"""What a connection form offers for the sandbox works as it stands, for every platform that has a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django import forms

from publishers import PUBLISHERS
from publishers.base import Publisher, Surroundings
from publishers.http import Http
from sandbox.server import Serving

STOOD_IN_FOR = [kind for kind in PUBLISHERS.values() if kind.in_the_sandbox]


@pytest.mark.parametrize("kind", STOOD_IN_FOR, ids=lambda kind: kind.name)
def test_grace_fills_in_what_is_offered_and_is_connected(
    kind: type[Publisher], sandbox: Serving, tmp_path: Path
) -> None:
    offered = {name: value.replace("{sandbox}", sandbox.url) for name, value in kind.in_the_sandbox.items()}
    credentials, settings = (filled(form, offered) for form in (kind.credentials_form, kind.settings_form))
    http = Http(private_origins=frozenset({sandbox.url}), label=kind.label)
    publisher = kind(credentials=credentials, settings=settings, surroundings=Surroundings(http=http, files=tmp_path))
    account = publisher.verify()
    assert account.id
    assert account.name


def filled(kind: type[forms.Form], offered: dict[str, str]) -> dict[str, Any]:
    """As the page sends it: what is offered, else what the field begins with, else the first choice that is one."""
    data: dict[str, Any] = {}
    for name, field in kind.base_fields.items():
        data[name] = offered.get(name, field.initial)
        if field.required and data[name] in (None, ""):
            data[name] = _first_choice(field)
    form = kind({name: value for name, value in data.items() if value is not None})
    assert form.is_valid(), form.errors
    return form.cleaned_data


def _first_choice(field: forms.Field) -> Any:
    if isinstance(field, forms.ChoiceField):
        return next(value for value, _ in field.widget.choices if value)
    return "on" if isinstance(field, forms.BooleanField) else ""
