"""Schedule a Markdown file from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from accounts.models import User, Workspace
from blogscheduler.celery import ring
from posts.commands import add_workspace, misused, refuse, the_workspace
from posts.models import Channel, Post
from posts.planning import scheduling
from posts.planning.moments import Moment, NoSuchTime, moment_at, moment_of
from posts.tasks import PUBLISH_DUE
from posts.texts import NotReadable, post_fields


class Command(BaseCommand):
    help = (
        "Make a post of a Markdown file and schedule it. Front matter is respected: title, summary or description, "
        "tags, slug, cover, canonical_url, language."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.md")
        parser.add_argument("--channel", action="append", required=True, metavar="NAME", help="may be repeated")
        parser.add_argument("--at", required=True, metavar="TIME|now", help="2026-11-24T09:00 in your zone, or now")
        parser.add_argument("--zone", help="an IANA time zone; your own when not given")
        add_workspace(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = the_workspace(options["workspace"])
        author = User.objects.filter(memberships__workspace=workspace).order_by("memberships__pk").first()
        at = _moment(options["at"], _zone(options["zone"], author))
        channels = [_channel(workspace, name) for name in options["channel"]]
        fields = _fields(Path(options["file"]))
        try:
            with transaction.atomic():
                post = Post.objects.create(workspace=workspace, author=author, **fields)
                deliveries = scheduling.schedule(post, channels, at, timezone.now(), author)
        except scheduling.Refused as refusal:
            refuse(str(refusal))
        ring(PUBLISH_DUE)
        for delivery in deliveries:
            self.stdout.write(f"{delivery.pk}: “{post}” on {delivery.channel}, {at.wall_time} {at.zone}")
        if at.note:
            self.stdout.write(at.note)


def _zone(name: str | None, author: User | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or (str(author.time_zone) if author else settings.TIME_ZONE))
    except (KeyError, ValueError, OSError):  # OSError: it names a folder of zones, such as Europe
        misused(f"There is no time zone called {name}. Give one like Europe/Berlin.")


def _moment(text: str, zone: ZoneInfo) -> Moment:
    if text == "now":
        return moment_at(timezone.now(), zone)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        misused(f"“{text}” is no time. Give one like 2026-11-24T09:00, or now.")
    try:
        return moment_at(given, zone) if given.tzinfo else moment_of(given, zone)
    except NoSuchTime as gap:
        refuse(str(gap))


def _channel(workspace: Workspace, name: str) -> Channel:
    channel = Channel.objects.of(workspace).filter(name=name).first()
    if channel is None:
        names = ", ".join(Channel.objects.of(workspace).values_list("name", flat=True)) or "none yet"
        refuse(f"There is no channel called {name}. There are: {names}.")
    return channel


def _fields(path: Path) -> dict[str, Any]:
    try:
        return post_fields(path.read_text(encoding="utf-8"))
    except OSError as problem:
        refuse(f"{path} cannot be read: {problem.strerror}.")
    except UnicodeDecodeError:
        refuse(f"{path} is not UTF-8 text.")
    except NotReadable as problem:
        refuse(f"{path}: {problem}")
