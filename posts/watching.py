"""Verbs: sign that this process is alive, ask whether one is."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

from posts.models import Heartbeat

BEAT_EVERY = 10.0  # seconds
SILENT_AFTER = timedelta(seconds=35)  # three beats may be lost
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
