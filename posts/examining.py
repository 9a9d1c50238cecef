"""Verbs: is a channel well? Looked at when somebody asks, when credentials are given, and once a day.

What is found is kept on the channel for its page, the admin and ``manage.py doctor``. A daily examination closes a
channel only where its credentials are refused, which publishing would have noticed as well; that a platform is out of
reach says nothing about the channel.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from posts.engine import outcomes
from posts.engine.packing import door_of
from posts.models import Attempt, Channel, ReadingPace
from publishers.base import Account, Aspect, Check, Health, Publisher
from publishers.doctor import Examination, Known, worst
from publishers.doctor import examine as look_at
from publishers.errors import NotAuthorized, PublishingError

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
Status = Channel.Status

DAY = timedelta(days=1)
AROUND = timedelta(hours=1)  # no channel is examined at the same minute every day
PUT_OFF = timedelta(minutes=1)  # where another call to the same platform has the turn
ROUND = 5  # channels before the watch pauses
SPREAD = 200  # channels in one round to which a time of day is given
GOLDEN = 0.6180339887  # multiples of it fill a day evenly, however many channels come


def examine(channel: Channel, clock: Clock) -> Examination:
    """Ask the platform. Never raises a PublishingError; writes nothing."""
    try:
        publisher = door_of(channel).open()
    except PublishingError as error:  # it is not installed any more
        return Examination(None, error, (Check(Aspect.ADDRESS, Health.BROKEN, str(error)),))
    return look_at(publisher, _known(channel, publisher, clock()), clock)


def _known(channel: Channel, publisher: Publisher, now: datetime) -> Known:
    kept = channel.health or {}
    right, accepted_at = kept.get("right") or {}, kept.get("accepted_at")
    return Known(
        account_id=right.get("id", ""),
        account_name=right.get("name", ""),
        accepted_at=datetime.fromisoformat(accepted_at) if accepted_at else None,
        sent_today=sent_since(channel, now - DAY) if publisher.limits.per_day else 0,
    )


def sent_since(channel: Channel, moment: datetime) -> int:
    """Articles that were sent, also those of which nobody knows whether they arrived."""
    steps, ends = [Attempt.Step.PUBLISH, Attempt.Step.CREATE], [Attempt.Outcome.DONE, Attempt.Outcome.UNKNOWN]
    sent = Attempt.objects.filter(delivery__channel=channel, step__in=steps, outcome__in=ends)
    return sent.filter(started_at__gt=moment).count()


# --- what is kept ----------------------------------------------------------------------------------------------------


def kept(channel: Channel, found: Examination, now: datetime) -> dict[str, Any]:
    """An examination as the channel keeps it, with what the next one has to know."""
    before = channel.health or {}
    account = _of(found.account) if found.account else before.get("account")
    return {
        "at": now.isoformat(),
        "checks": [asdict(check) for check in found.checks],
        "worst": worst(found.checks).value,
        "right": before.get("right") or account,  # the first one that the platform named
        "account": account,  # the one that it names now
        "accepted_at": now.isoformat() if found.account else before.get("accepted_at"),
    }


def _of(account: Account) -> dict[str, str]:
    return {"id": account.id[:200], "name": account.name[:200]}


def remembered(channel: Channel, *, same_place: bool, same_key: bool) -> dict[str, Any] | None:
    """What is still true of a channel that is given other settings or another key."""
    if not same_place or not channel.health:
        return None
    names = ["right", "account", *(["accepted_at"] if same_key else [])]
    return {name: channel.health[name] for name in names if channel.health.get(name)}


def accept_account(channel: Channel) -> bool:
    """A person says that the account which the platform names now is the right one. False where it is already."""
    health = channel.health or {}
    account = health.get("account")
    if not account or health.get("right") == account:
        return False
    well = Check(Aspect.ACCOUNT, Health.WELL, f"The account is {account['name']}, as you said.")
    told = [asdict(well) if check["aspect"] == Aspect.ACCOUNT else check for check in health.get("checks", [])]
    changed = {**health, "right": account, "checks": told, "worst": worst(checks_in(told)).value}
    return bool(Channel.objects.filter(pk=channel.pk, revision=channel.revision).update(health=changed))


def checks_of(channel: Channel) -> list[Check]:
    """What the last examination found."""
    return checks_in((channel.health or {}).get("checks", []))


def checks_in(rows: Iterable[dict[str, Any]]) -> list[Check]:
    """Those that this version knows."""
    aspects, healths = {aspect.value for aspect in Aspect}, {health.value for health in Health}
    return [
        Check(Aspect(row["aspect"]), Health(row["health"]), row["cause"], row.get("remedy", ""))
        for row in rows
        if row["aspect"] in aspects and row["health"] in healths
    ]


def next_time(now: datetime) -> datetime:
    return now + DAY + random.uniform(-1, 1) * AROUND  # noqa: S311  not a secret


# --- once a day ------------------------------------------------------------------------------------------------------


def look_after(clock: Clock, stopping: Callable[[], bool] = lambda: False) -> int:
    """Examine the channels whose time has come; how many."""
    _choose_times(clock())
    done = 0
    open_ones = Channel.objects.filter(status=Status.OPEN)
    for channel in list(open_ones.filter(examine_at__lte=clock()).order_by("examine_at")[:ROUND]):
        if stopping():
            break
        if _is_mine(channel, clock()):
            done += _guarded(channel, clock)
    return done


def _choose_times(now: datetime) -> None:
    """Channels that were never examined get their times of day, so that they do not all come at once."""
    untimed = Channel.objects.filter(status=Status.OPEN, examine_at=None)
    for pk in list(untimed.values_list("pk", flat=True)[:SPREAD]):
        Channel.objects.filter(pk=pk, examine_at=None).update(examine_at=now + (pk * GOLDEN % 1) * DAY)


@transaction.atomic
def _is_mine(channel: Channel, now: datetime) -> bool:
    """Compare and set: of two workers one asks. Where it is not our turn at the platform, a minute later."""
    mine = Channel.objects.filter(pk=channel.pk, status=Status.OPEN, examine_at=channel.examine_at)
    if not mine.update(examine_at=next_time(now)):
        return False
    try:
        door = door_of(channel)
        publisher = door.publisher_class
    except PublishingError:
        return True
    origin, pause = publisher.origin(door.settings), publisher.limits.seconds_between_reads * settings.PACE
    if origin and pause and ReadingPace.reserve(origin, now, pause, timedelta()) is None:
        Channel.objects.filter(pk=channel.pk).update(examine_at=now + PUT_OFF)
        return False
    return True


def _guarded(channel: Channel, clock: Clock) -> bool:
    """One bad channel never stops the others."""
    try:
        if connection.vendor != "sqlite" and not connection.in_atomic_block:
            connection.close()  # none is held while we wait for somebody else's server
        _record(channel, examine(channel, clock), clock())
    except Exception:
        log.exception("Channel %s could not be examined", channel.pk)
        return False
    return True


@transaction.atomic
def _record(channel: Channel, found: Examination, now: datetime) -> None:
    """Only while the credentials are still those that were looked at."""
    same = Channel.objects.filter(pk=channel.pk, revision=channel.revision, status=Status.OPEN)
    if not same.update(health=kept(channel, found, now), checked_at=now):
        return
    if isinstance(found.error, NotAuthorized):
        outcomes.close(channel, channel.revision, str(found.error))
