"""Publishers of third parties: an installed package names a class in the entry points of our group, and it joins.

Whatever is wrong with one is a sentence for whoever runs the installation (``posts.checks``), and keeps nobody else
from publishing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract, isclass
from typing import Any

from django import forms

from publishers.base import Assisted, Limits, OneStep, Publisher, TwoStep

GROUP = "blogscheduler.publishers"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,29}")  # it stands in addresses and in a column of this length


@dataclass(frozen=True)
class NotJoined:
    """A publisher that was found and cannot be used: what is wrong, and what to do about it."""

    package: str
    told: str
    remedy: str


class _Wrong(Exception):
    """A class does not keep the contract. ``str()`` is the end of a sentence."""


def join(registry: dict[str, type[Publisher]], found: Iterable[EntryPoint] | None = None) -> list[NotJoined]:
    """Add what installed packages bring. Never raises: returns those that could not be added."""
    try:
        points = sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name)
    except Exception as broken:  # whatever stands in the metadata of some package
        told = f"Installed packages cannot be looked through: {type(broken).__name__}: {broken}"
        return [NotJoined("unknown", " ".join(told.split()), "Look for a package that is only half installed.")]
    troubles = []
    for point in points:
        try:
            publisher = _loaded(point)
            if publisher.name in registry:
                raise _Wrong(f"calls itself “{publisher.name}”, which is the name of another publisher")
        except _Wrong as wrong:
            remedy = "docs/adding-a-platform.md says what a publisher is made of. Until then its channels wait."
            troubles.append(_trouble(point, f"The publisher {point.value} {wrong}.", remedy))
        except Exception as broken:  # whatever somebody else's code does while it is imported
            told = f"The publisher {point.value} cannot be imported: {type(broken).__name__}: {broken}"
            remedy = "Install a version of the package that fits this one, or uninstall it."
            troubles.append(_trouble(point, told, remedy))
        else:
            registry[publisher.name] = publisher
    return troubles


def _trouble(point: EntryPoint, told: str, remedy: str) -> NotJoined:
    return NotJoined(point.dist.name if point.dist else "a package", " ".join(told.split()), remedy)


def _loaded(point: EntryPoint) -> type[Publisher]:
    """The class, if it keeps the contract as far as one can see. Raises _Wrong, and whatever its module raises."""
    publisher: Any = point.load()
    if not isclass(publisher) or not issubclass(publisher, Publisher):
        raise _Wrong("is no class of publishers.base.Publisher")
    if not issubclass(publisher, (TwoStep, OneStep, Assisted)):
        raise _Wrong("is neither a TwoStep nor a OneStep nor an Assisted publisher")
    if isabstract(publisher):
        missing = ", ".join(sorted(publisher.__abstractmethods__))
        raise _Wrong(f"lacks {missing}")
    if not isinstance(name := getattr(publisher, "name", None), str) or not NAME.fullmatch(name):
        raise _Wrong("needs a name of up to 30 small letters, digits and hyphens")
    if not isinstance(label := getattr(publisher, "label", None), str) or not label.strip():
        raise _Wrong("needs a label")
    for form in ("credentials_form", "settings_form"):
        if not _is_form(getattr(publisher, form, None)):
            raise _Wrong(f"needs a {form} that is a Django form")
    if publisher.options_form is not None and not _is_form(publisher.options_form):
        raise _Wrong("has options_form, which is no Django form")
    if not isinstance(publisher.limits, Limits):
        raise _Wrong("has limits that are no publishers.base.Limits")
    return publisher


def _is_form(value: Any) -> bool:
    return isclass(value) and issubclass(value, forms.BaseForm)
