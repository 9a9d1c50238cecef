"""Connect a channel from the command line."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings as house
from django.core.management.base import BaseCommand
from django.utils import timezone

from posts import connecting
from posts.commands import add_workspace, misused, refuse, the_workspace
from posts.models import Channel
from publishers import PUBLISHERS
from publishers.base import Publisher

LONGEST_NAME = 100  # characters, as its column


class Command(BaseCommand):
    help = (
        "Connect a channel and prove its credentials: connect PLATFORM NAME key=value… "
        "A value @FILE is read from that file, @- from standard input, so that no secret stands in the shell's history."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("platform", choices=sorted(PUBLISHERS))
        parser.add_argument("name", help="how you call the channel")
        parser.add_argument("values", nargs="*", metavar="key=value")
        add_workspace(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        publisher = PUBLISHERS[options["platform"]]
        if not 0 < len(options["name"].strip()) <= LONGEST_NAME:
            misused(f"A channel's name has between 1 and {LONGEST_NAME} characters.")
        workspace = the_workspace(options["workspace"])
        credentials, settings = forms_of(publisher, dict(_pair(text) for text in options["values"]))
        try:
            channel = connecting.connect(workspace, publisher.name, options["name"], credentials, settings)
        except connecting.NameTaken:
            refuse(f"There is a channel called {options['name']} in this workspace already.")
        _await_proof(channel)
        if channel.status == Channel.Status.CHECKING:
            refuse(f"{channel} is saved, and its credentials are still being checked: look at its page.")
        if channel.status == Channel.Status.CLOSED:
            reason = channel.problem + _how_to_choose(channel)
            channel.delete()
            refuse(f"{reason} The channel was not connected.")
        self.stdout.write(f"Connected {channel}: {publisher.label} knows us as {channel.account_name}.")


def _how_to_choose(channel: Channel) -> str:
    """What to add to the command, when the platform leaves something to choose."""
    choices = channel.choices.get(channel.problem_field, [])
    return "".join(f"\n  {channel.problem_field}={value}   {label}" for value, label in choices) + "\n" * bool(choices)


def _await_proof(channel: Channel) -> None:
    """Check the credentials; where a running worker was quicker, wait for its word."""
    end = time.monotonic() + house.CALL_DEADLINE_SECONDS
    while connecting.verify(channel.pk, timezone.now) is None:
        channel.refresh_from_db()
        if channel.status != Channel.Status.CHECKING or time.monotonic() > end:
            return
        time.sleep(0.1)
    channel.refresh_from_db()


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        misused(f"“{text}” is not of the form key=value.")
    if value == "@-":
        return key, sys.stdin.readline().rstrip("\n")
    if value.startswith("@"):
        try:
            return key, Path(value[1:]).read_text(encoding="utf-8").strip()
        except OSError as problem:
            refuse(f"{key} cannot be read from {value[1:]}: {problem.strerror}.")
        except UnicodeDecodeError:
            refuse(f"{key} cannot be read from {value[1:]}: it is not UTF-8 text.")
    return key, value


def forms_of(publisher: type[Publisher], values: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values as the platform's own forms clean them: credentials and settings. Exit codes as ever."""
    credentials, settings = publisher.credentials_form, publisher.settings_form
    known = [*credentials.base_fields, *settings.base_fields]
    if unknown := [key for key in values if key not in known]:
        misused(f"{publisher.label} knows no {', '.join(unknown)}. It knows: {', '.join(known) or 'nothing'}.")
    return _clean(credentials, values), _clean(settings, values)


def _clean(form_class: type[forms.Form], values: dict[str, str]) -> dict[str, Any]:
    initial = {
        name: field.initial
        for name, field in form_class.base_fields.items()
        if name not in values and field.initial is not None
    }
    form = form_class({**initial, **values})
    if not form.is_valid():
        refuse("\n".join(f"{field}: {' '.join(map(str, errors))}" for field, errors in form.errors.items()))
    return form.cleaned_data
