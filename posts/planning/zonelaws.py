"""Verbs: a zone's law was changed, so that 09:00 there is another moment than when it was chosen.

What is scheduled stays at its moment until a person says otherwise: nothing is moved silently. Once for each state of
the time-zone data the kept wall times are compared with the kept moments; those that have come apart are marked, and
their authors are told.
"""

from __future__ import annotations

import hashlib
import logging
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import Workspace
from posts import notifying
from posts.models import Delivery, Occurrence, Turn
from posts.models.delivery import DeliveryQuerySet
from posts.models.each import update_each
from posts.planning import scheduling
from posts.planning.moments import WALL, Moment
from posts.planning.recurring.dating import date_of
from posts.planning.scheduling import Refused

log = logging.getLogger(__name__)

TURN = "time-zone data"
EVERY = timedelta(days=1)
Status = Delivery.Status
MEANWHILE = "It was changed meanwhile, and was left as it is."


def look_after(now: datetime) -> int:
    """Once a day, and only when the data of a zone in use has changed: mark what has come apart. How many."""
    if not Turn.objects.take(TURN, now, EVERY):
        return 0
    mark = fingerprint(zones_in_use(now))
    if Turn.objects.filter(name=TURN, reached=mark).exists():
        return 0
    found = compare(now)
    Turn.objects.filter(name=TURN).update(reached=mark)
    return found


def _ahead(now: datetime) -> DeliveryQuerySet:
    """What has a time that nothing has begun for."""
    return Delivery.objects.filter(status=Status.SCHEDULED, number=0, due_at__gt=now).exclude(zone="")


def zones_in_use(now: datetime) -> list[str]:
    return sorted(set(_ahead(now).order_by().values_list("zone", flat=True).distinct()))


def fingerprint(zones: Iterable[str]) -> int:
    """Another number when one of these zones has another law, or other ones are in use."""
    digest = hashlib.sha256()
    for zone in zones:
        digest.update(zone.encode() + b"\0" + data_of(zone) + b"\0")
    return int.from_bytes(digest.digest()[:7], "big")


def data_of(zone: str) -> bytes:
    """The law of a zone as zoneinfo reads it: the system's file, else the package's. b"" where there is none."""
    try:
        ZoneInfo.no_cache(zone)  # refuses what is no name of a zone
    except (ValueError, LookupError, OSError):
        return b""
    for root in zoneinfo.TZPATH:
        if (file := Path(root) / zone).is_file():
            return file.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()


def compare(now: datetime) -> int:
    """Mark what does not read on the clock as it was meant, with the moment that was meant; clear what does again."""
    zones: dict[str, tzinfo | None] = {}
    changes, apart = [], []
    rows = _ahead(now).order_by("pk").values_list("pk", "due_at", "wall_time", "zone", "wall_moves_to")
    for pk, due_at, wall_time, name, marked in rows.iterator(2000):
        if name not in zones:
            zones[name] = _zone(name)
        meant = _meant(due_at, wall_time, zones[name])
        if meant != marked:
            changes.append(({"id": pk, "due_at": due_at, "wall_time": wall_time}, {"wall_moves_to": meant}))
        if meant is not None and meant != marked:
            apart.append(pk)
    with transaction.atomic():
        update_each(Delivery, changes)
        _tell(apart)
    if apart:
        log.warning("The law of a time zone was changed: %s deliveries stand at another wall time now", len(apart))
    return len(apart)


def _zone(name: str) -> tzinfo | None:
    """By the law as it stands on the disk, not as this process once read it."""
    try:
        return ZoneInfo.no_cache(name)
    except (ValueError, LookupError, OSError):
        return None


def _meant(due_at: datetime, wall_time: str, zone: tzinfo | None) -> datetime | None:
    """The moment that the wall time stands for now; None where it is still the one that was kept.

    A moment in the second of two equal hours, or with seconds in it, is still its own wall time.
    """
    if zone is None or due_at.astimezone(zone).strftime(WALL) == wall_time:
        return None
    try:
        wall = datetime.strptime(wall_time, WALL)
    except ValueError:
        return None
    moment = date_of(wall, zone).moment
    return moment.due_at if moment is not None and moment.due_at != due_at else None


def _tell(apart: list[int]) -> None:
    by_author: dict[int, list[Delivery]] = defaultdict(list)
    for start in range(0, len(apart), 500):
        rows = Delivery.objects.filter(pk__in=apart[start : start + 500]).select_related("post", "channel")
        for delivery in rows.order_by("due_at"):
            if author := delivery.created_by_id or delivery.post.author_id:
                by_author[author].append(delivery)
    for author, deliveries in by_author.items():
        notifying.tell_zone_law(author, deliveries)


# --- a person decides ------------------------------------------------------------------------------------------------


def come_apart(workspace: Workspace) -> DeliveryQuerySet:
    """What waits for somebody's word."""
    return Delivery.objects.of(workspace).filter(wall_moves_to__isnull=False, status=Status.SCHEDULED)


def keep_wall_time(delivery: Delivery, now: datetime) -> None:
    """Move it, so that the clock shows what was meant. Raises Refused."""
    meant = delivery.wall_moves_to
    if meant is None:
        raise Refused(MEANWHILE)
    local = meant.astimezone(_zone(delivery.zone)).strftime(WALL)
    with transaction.atomic():
        scheduling.reschedule(delivery, Moment(meant, local, delivery.zone), now, seen=delivery.due_at)
        Occurrence.objects.filter(pk=delivery.occurrence, due_at=delivery.due_at).update(due_at=meant, wall_time=local)


def keep_moment(delivery: Delivery) -> None:
    """Leave it where it is; its wall time is the one that the clock shows then. Raises Refused."""
    local = delivery.due_at.astimezone(_zone(delivery.zone)).strftime(WALL)
    unchanged = Delivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at, wall_moves_to=delivery.wall_moves_to)
    with transaction.atomic():
        if not unchanged.exclude(wall_moves_to=None).update(wall_time=local, wall_moves_to=None):
            raise Refused(MEANWHILE)
        Occurrence.objects.filter(pk=delivery.occurrence, due_at=delivery.due_at).update(wall_time=local, is_moved=True)
