"""Verbs: sign that this process is alive, ask whether one is."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Max

from posts.models import Heartbeat

BEAT_EVERY = 10.0  # seconds
SILENT_AFTER = timedelta(seconds=35)  # three beats may be lost: what containers are asked for
WORRY_AFTER = timedelta(seconds=90)  # and what people are told of: a new version may take its time to start
FORGOTTEN_AFTER = timedelta(days=1)  # a process that never came back

Kind = Heartbeat.Kind


def here(kind: Kind) -> str:
    """The name by which this process signs. There may be several workers on one host, and there is one beat."""
    host = f"{kind.value} {socket.gethostname()}"
    return f"{host}:{os.getpid()}" if kind == Kind.WORKER else host


def beat(kind: Kind, name: str, now: datetime) -> None:
    """``name`` is alive. Whoever has been silent for long is forgotten."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, kind=kind, at=now)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["kind", "at"],
    )
    Heartbeat.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()


def alive(kind: Kind, now: datetime, host: str = "") -> bool:
    """Whether one of this kind has signed lately; with ``host``, one that runs there."""
    lately = Heartbeat.objects.filter(kind=kind, at__gte=now - SILENT_AFTER)
    if not host:
        return lately.exists()
    whole = f"{kind.value} {host}"
    return any(name == whole or name.startswith(f"{whole}:") for name in lately.values_list("name", flat=True))


def last_signs() -> dict[Kind, datetime | None]:
    """When the last of each kind signed; None for never, or longer ago than anybody remembers."""
    signed = dict(Heartbeat.objects.values("kind").annotate(last=Max("at")).values_list("kind", "last"))
    return {kind: signed.get(kind) for kind in Kind}


def silent(now: datetime) -> dict[Kind, datetime | None]:
    """The kinds of which none has signed for so long that people should know, with their last sign."""
    return {kind: last for kind, last in last_signs().items() if last is None or last < now - WORRY_AFTER}


def how_to_start(kind: Kind) -> str:
    """The command that brings one back, as this installation is run."""
    command: str = settings.START_COMMAND
    return f"{command} {kind.value}" if command.startswith("docker compose") else command


def in_words(span: timedelta) -> str:
    """A length of time as one says it: 40 seconds, 12 minutes, 3 hours, 2 days."""
    seconds = max(span.total_seconds(), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds // size:.0f} {unit}{'' if seconds == size else 's'}"
    return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"


def clock_difference(clock: Callable[[], datetime]) -> float:
    """Seconds by which this process's clock is ahead of the database's, to about a second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        [theirs] = cursor.fetchone()
    if isinstance(theirs, str):  # SQLite, in UTC
        theirs = datetime.fromisoformat(theirs).replace(tzinfo=UTC)
    return float((clock() - theirs).total_seconds())
