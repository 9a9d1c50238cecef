"""Verbs: connect a channel, prove its credentials, give it new ones, pause it, remove it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from accounts.models import Workspace
from posts import examining, notifying
from posts.engine import lateness
from posts.engine.outcomes import CHANNEL_CHANGED
from posts.models import Channel, Delivery, RemoteImage, Series
from posts.models.delivery import move
from posts.planning import living
from publishers import PUBLISHERS
from publishers.base import Account
from publishers.errors import Later, NotAuthorized, PublishingError

Status = Channel.Status


class NameTaken(Exception):
    """There is a channel of this name in the workspace already."""


def connect(
    workspace: Workspace, platform: str, name: str, credentials: dict[str, Any], channel_settings: dict[str, Any]
) -> Channel:
    """Save a new channel as CHECKING; a worker asks the platform next. Raises NameTaken. Ring after the commit."""
    try:
        with transaction.atomic():
            return Channel.objects.create(
                workspace=workspace,
                platform=platform,
                name=name,
                credentials=credentials,
                secret_hint=_hint(credentials),
                settings=channel_settings,
            )
    except IntegrityError as error:
        raise NameTaken from error


def reconnect(channel: Channel, name: str, credentials: dict[str, Any], channel_settings: dict[str, Any]) -> None:
    """New settings, and new credentials where they are given: an empty secret keeps the old one.

    CHECKING again; a paused channel stays paused, and is checked when somebody resumes it.
    """
    perhaps_another = any(credentials.values()) or channel_settings != channel.settings
    forgets = {"images_since": F("revision") + 1} if perhaps_another else {}
    kept = {**channel.credentials, **{key: value for key, value in credentials.items() if value}}
    same_place, same_key = channel_settings == channel.settings, kept == channel.credentials
    as_given = all(channel.settings.get(name) == value for name, value in channel_settings.items())
    health = examining.remembered(channel, same_place=as_given, same_key=same_key)
    try:
        with transaction.atomic():
            Channel.objects.filter(pk=channel.pk).exclude(status=Status.REMOVED).update(
                name=name,
                credentials=kept,
                secret_hint=_hint(kept),
                settings=channel_settings,
                revision=F("revision") + 1,
                status=Case(When(status=Status.PAUSED, then=F("status")), default=Value(Status.CHECKING)),
                problem="",
                problem_field="",
                health=health,
                account_name="",  # account_url stays: it tells whether the new credentials are another account's
                lease_until=None,
                **forgets,
            )
            if not same_place:
                _cannot_look_there(channel)
                living.channel_changed(channel)
    except IntegrityError as error:
        raise NameTaken from error


def _hint(credentials: dict[str, Any]) -> str:
    """The last four characters of a secret that is long enough to spare them."""
    secret = next((str(value) for value in credentials.values() if value), "")
    return secret[-4:] if len(secret) >= 12 else ""


def check_again(channel: Channel) -> bool:
    """Ask the platform once more, with what we have. False for a channel that is paused, removed or being checked."""
    anew: dict[str, Any] = {"problem": "", "problem_field": "", "revision": F("revision") + 1}
    rows = Channel.objects.filter(pk=channel.pk)
    # One that was refused counts as unknown until it is accepted again: an outage must not open it.
    closed = rows.filter(status=Status.CLOSED).update(status=Status.CHECKING, account_name="", **anew)
    return bool(closed or rows.filter(status=Status.OPEN).update(status=Status.CHECKING, **anew))


def verify_waiting(clock: Callable[[], datetime]) -> int:
    """Check every channel that waits for it; the number of those that were checked."""
    waiting = Channel.objects.filter(status=Status.CHECKING).values_list("pk", flat=True)
    return sum(verify(pk, clock) is not None for pk in list(waiting))


def verify(channel_id: int, clock: Callable[[], datetime]) -> str | None:
    """Ask the platform who we are, and write what it said, in one sentence, which is returned.

    None when the channel does not wait for a check, or somebody else does it at this moment.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    mine = Channel.objects.filter(free, pk=channel_id, status=Status.CHECKING)
    if not mine.update(lease_until=Now() + settings.LEASE):
        return None
    channel = Channel.objects.get(pk=channel_id)
    found = examining.examine(channel, clock)
    now, error = clock(), found.error
    told = {"health": examining.kept(channel, found, now), "examine_at": examining.next_time(now)}
    if error is None:
        assert found.account is not None
        return _open(channel, found.account, now, told)
    # Out of reach says nothing against credentials that the platform has accepted before.
    known = isinstance(error, Later) and bool(channel.account_name)
    status = Status.OPEN if known else Status.CLOSED
    return _write(channel, now, status=status, problem=str(error), problem_field=_field_of(error, channel), **told)


def _open(channel: Channel, account: Account, now: datetime, told: dict[str, Any]) -> str:
    """The platform knows us. What it leaves to choose and nobody has chosen yet is asked, at its field."""
    label = PUBLISHERS[channel.platform].label
    changes: dict[str, Any] = {
        **told,
        "account_name": account.name[:200],
        "account_url": account.url[:1000],
        "choices": {field: [list(choice) for choice in choices] for field, choices in account.choices.items()},
        "settings": {**channel.settings, **_found(channel, account), **_only_choices(channel, account)},
    }
    if account.credentials is not None:
        changes |= {"credentials": dict(account.credentials), "secret_hint": _hint(dict(account.credentials))}
    for field, choices in account.choices.items():
        if changes["settings"].get(field, "") not in dict(choices):
            problem = f"{label} knows us as {account.name}. Choose the {field.replace('_', ' ')}: " + _listed(choices)
            return _write(channel, now, status=Status.CLOSED, problem=problem, problem_field=field, **changes)
    _write(channel, now, status=Status.OPEN, problem="", problem_field="", **changes)
    return f"{label} knows us as {account.name}."


def _cannot_look_there(channel: Channel) -> None:
    """What may have arrived at one place must not be looked for at another, not found, and sent a second time.

    Called in the transaction that has changed the channel, and after that: the channel is locked, so nothing of it is
    claimed meanwhile. What is in hand at this moment is marked, and goes to a person if its outcome stays in doubt.
    """
    deliveries = Delivery.objects.filter(channel=channel)
    deliveries.filter(status=Delivery.Status.PUBLISHING).update(place_changed=True)
    related = deliveries.select_related("post", "post__author", "channel", "created_by")
    for delivery in related.filter(status=Delivery.Status.CHECKING):
        if delivery.move(Delivery.Status.UNCERTAIN, lease_until=None, doubtful=True, message=CHANNEL_CHANGED):
            notifying.tell_author(delivery, Delivery.Status.UNCERTAIN, CHANNEL_CHANGED)
    for delivery in related.filter(status=Delivery.Status.SCHEDULED, doubtful=True):
        if move(delivery.pk, Delivery.Status.MISSED, [Delivery.Status.SCHEDULED], message=CHANNEL_CHANGED):
            notifying.tell_author(delivery, Delivery.Status.UNCERTAIN, CHANNEL_CHANGED)


def _found(channel: Channel, account: Account) -> dict[str, str]:
    """What the platform has told of itself, where nobody has said otherwise."""
    return {field: value for field, value in account.found.items() if not channel.settings.get(field)}


def _only_choices(channel: Channel, account: Account) -> dict[str, str]:
    """A setting that was left empty and has one possible value gets it."""
    return {
        field: choices[0][0]
        for field, choices in account.choices.items()
        if len(choices) == 1 and not channel.settings.get(field)
    }


def _listed(choices: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(label for _, label in choices) + "." if choices else "there is none on this account."


@transaction.atomic
def _write(channel: Channel, now: datetime, **changes: Any) -> str:
    """Only while the credentials are still those that were checked. When it opens, what waited for it is sorted out."""
    written = Channel.objects.filter(pk=channel.pk, status=Status.CHECKING, revision=channel.revision).update(
        checked_at=now, lease_until=None, **changes
    )
    if written and channel.account_url and changes.get("account_url", channel.account_url) != channel.account_url:
        Channel.objects.filter(pk=channel.pk).update(images_since=F("revision"))
        _cannot_look_there(channel)
    if written and changes["status"] == Status.OPEN:
        was_known = bool(channel.account_name)  # then it was open until somebody asked for this check
        lateness.reopened(channel, now, spread=not was_known)
    return str(changes.get("problem", ""))


def _field_of(error: PublishingError, channel: Channel) -> str:
    """The form field at which the failure belongs: the secret, else the address."""
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None:
        return ""
    fields = publisher.credentials_form.base_fields if isinstance(error, NotAuthorized) else {}
    addresses = (name for name in ("repository", "base_url") if name in publisher.settings_form.base_fields)
    return next(iter(fields), next(addresses, ""))


def pause(channel: Channel) -> bool:
    return bool(Channel.objects.filter(pk=channel.pk, status=Status.OPEN).update(status=Status.PAUSED))


@transaction.atomic
def resume(channel: Channel, now: datetime) -> bool:
    """Open again; CHECKING first when it was changed meanwhile. Ring after the commit."""
    unchecked = When(account_name="", then=Value(Status.CHECKING))
    resumed = Channel.objects.filter(pk=channel.pk, status=Status.PAUSED).update(
        status=Case(unchecked, default=Value(Status.OPEN)), problem=""
    )
    if resumed:
        lateness.reopened(channel, now)
    return bool(resumed)


@transaction.atomic
def disconnect(channel: Channel) -> int:
    """Forget the credentials and cancel what had not been sent; the history stays. The number of those cancelled.

    What may have arrived cannot be looked up any more: a person is asked. Series are locked before channels.
    """
    Series.objects.filter(channels=channel, status=Series.Status.ACTIVE).update(look_at=F("since"))  # at once
    Channel.objects.filter(pk=channel.pk).update(
        status=Status.REMOVED, credentials={}, secret_hint="", revision=F("revision") + 1
    )
    RemoteImage.objects.filter(channel=channel).delete()
    Delivery.objects.filter(channel=channel, status=Delivery.Status.CHECKING).update(
        status=Delivery.Status.UNCERTAIN,
        lease_until=None,
        doubtful=True,
        message="The channel was removed before we could look whether it had arrived.",
    )
    unsent = [
        Delivery.Status.WAITING, Delivery.Status.SCHEDULED, Delivery.Status.MISSED, Delivery.Status.HANDED_OVER,
    ]  # fmt: skip
    cancelled = {"status": Delivery.Status.CANCELLED, "remind_at": None}
    return Delivery.objects.filter(channel=channel, status__in=unsent).update(**cancelled)
