"""A channel is connected, proved, paused, given new credentials and removed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User, Workspace
from posts import connecting
from posts.engine import publishing
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.posts.conftest import MovableClock, Street, history, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Channel.Status
Plan = Callable[..., Delivery]


def wishes(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "ai_disclosure_level": "no_ai", "organization_id": None}


def checked(channel: Channel, clock: Callable[[], datetime]) -> Channel:
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    return channel


def new_key(street: Street, username: str) -> str:
    return str(street.order("accounts", username=username, age_days=400)["key"])


def stored(channel: Channel) -> str:
    """The whole row as it stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM posts_channel WHERE id = %s", [channel.pk])
        return str(cursor.fetchone())


# --- connecting and proving ------------------------------------------------------------------------------------------


def test_a_new_channel_is_checking_until_the_platform_says_who_ada_is(
    street: Street, workspace: Workspace, clock: MovableClock
) -> None:
    key = new_key(street, "ada")
    channel = connecting.connect(workspace, "devto", "My DEV", {"api_key": key}, wishes(street.api))
    assert (channel.status, channel.secret_hint) == (Status.CHECKING, key[-4:])
    assert connecting.verify(channel.pk, clock) == "DEV knows us as @ada."
    channel.refresh_from_db()
    assert (channel.status, channel.account_name, channel.problem) == (Status.OPEN, "@ada", "")
    assert channel.account_url.endswith("/ada")
    assert channel.checked_at is not None
    assert channel.lease_until is None


def test_a_key_cannot_be_read_in_the_database(street: Street, workspace: Workspace, clock: MovableClock) -> None:
    key = new_key(street, "ada")
    channel = connecting.connect(workspace, "devto", "My DEV", {"api_key": key}, wishes(street.api))
    assert key not in stored(checked(channel, clock))


@pytest.mark.parametrize(("key", "hint"), [("a-secret-of-twenty-1", "ty-1"), ("short", ""), ("eleven-char", "")])
def test_the_end_of_a_secret_is_shown_only_where_enough_of_it_stays_hidden(
    key: str, hint: str, workspace: Workspace, ada: User
) -> None:
    assert connecting.connect(workspace, "devto", "My DEV", {"api_key": key}, {}).secret_hint == hint


def test_a_wrong_key_is_said_in_the_platforms_words_at_the_field_of_the_key(
    street: Street, workspace: Workspace, clock: MovableClock
) -> None:
    wrong = "wrong-key-of-somebody"
    channel = connecting.connect(workspace, "devto", "My DEV", {"api_key": wrong}, wishes(street.api))
    said = connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert (channel.status, channel.problem, channel.problem_field) == (Status.CLOSED, said, "api_key")
    assert "unauthorized" in channel.problem
    assert wrong not in channel.problem


def test_a_platform_out_of_reach_is_said_at_the_field_of_its_address(
    street: Street, workspace: Workspace, clock: MovableClock, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_TARGETS = frozenset({"http://127.0.0.1:9"})
    channel = connecting.connect(workspace, "devto", "My DEV", {"api_key": "k"}, wishes("http://127.0.0.1:9/api"))
    checked(channel, clock)
    assert (channel.status, channel.problem_field) == (Status.CLOSED, "base_url")
    assert channel.problem


def test_a_private_address_that_nobody_allowed_is_refused(
    street: Street, workspace: Workspace, clock: MovableClock, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_TARGETS = frozenset()
    channel = connecting.connect(workspace, "devto", "My DEV", {"api_key": "k"}, wishes(street.api))
    checked(channel, clock)
    assert (channel.status, channel.problem_field) == (Status.CLOSED, "base_url")


def test_a_platform_out_of_reach_does_not_close_a_channel_that_it_knew(
    street: Street, dev: Channel, clock: MovableClock
) -> None:
    connecting.check_again(dev)
    street.fault("me", "status", status=503, when="before")
    checked(dev, clock)
    assert dev.status == Status.OPEN
    assert "503" in dev.problem


def test_a_platform_out_of_reach_does_not_open_a_channel_that_it_refused(
    street: Street, dev: Channel, clock: MovableClock
) -> None:
    Channel.objects.filter(pk=dev.pk).update(status=Status.CLOSED, problem="Revoked.")
    connecting.check_again(dev)
    street.fault("me", "status", status=503, when="before")
    assert checked(dev, clock).status == Status.CLOSED


def test_a_platform_that_this_installation_lacks_closes_the_channel_and_does_not_stop_the_others(
    street: Street, dev: Channel, workspace: Workspace, clock: MovableClock
) -> None:
    gone = connecting.connect(workspace, "gone", "A lost one", {}, {})
    connecting.check_again(dev)
    assert connecting.verify_waiting(clock) == 2
    gone.refresh_from_db()
    dev.refresh_from_db()
    assert (gone.status, dev.status) == (Status.CLOSED, Status.OPEN)
    assert "no publisher" in gone.problem


def test_two_workers_do_not_check_one_channel_at_once_and_a_dead_ones_check_is_taken_over(
    street: Street, dev: Channel, clock: MovableClock
) -> None:
    connecting.check_again(dev)
    Channel.objects.filter(pk=dev.pk).update(lease_until=Now() + timedelta(seconds=30))
    asked = len(street.ask("log"))
    assert connecting.verify(dev.pk, clock) is None
    assert connecting.verify_waiting(clock) == 0
    assert len(street.ask("log")) == asked
    Channel.objects.filter(pk=dev.pk).update(lease_until=Now() - timedelta(seconds=1))
    assert connecting.verify_waiting(clock) == 1
    assert Channel.objects.get(pk=dev.pk).status == Status.OPEN


@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED, Status.PAUSED, Status.REMOVED])
def test_only_a_channel_that_waits_for_it_is_checked(
    status: Channel.Status, street: Street, dev: Channel, clock: MovableClock
) -> None:
    Channel.objects.filter(pk=dev.pk).update(status=status)
    assert connecting.verify(dev.pk, clock) is None
    assert Channel.objects.get(pk=dev.pk).status == status


@pytest.mark.parametrize(
    ("status", "asks"),
    [(Status.OPEN, True), (Status.CLOSED, True), (Status.PAUSED, False), (Status.REMOVED, False)],
)
def test_checking_again_neither_wakes_a_paused_channel_nor_a_removed_one(
    status: Channel.Status, asks: bool, dev: Channel
) -> None:
    Channel.objects.filter(pk=dev.pk).update(status=status, problem="Old.")
    assert connecting.check_again(dev) is asks
    assert Channel.objects.get(pk=dev.pk).status == (Status.CHECKING if asks else status)


@pytest.mark.parametrize("old_is_good", [True, False])
def test_the_check_of_old_credentials_does_not_judge_the_newer_ones(
    old_is_good: bool, street: Street, dev: Channel, clock: MovableClock
) -> None:
    """Ada saves another key in the very moment between the platform's answer and our writing it down."""
    old, new = dev.credentials["api_key"], new_key(street, "ada_anew")
    if not old_is_good:
        street.order("accounts/revoke", key=old)
    connecting.check_again(dev)

    def while_ada_saves() -> datetime:
        connecting.reconnect(Channel.objects.get(pk=dev.pk), dev.name, {"api_key": new}, dev.settings)
        return clock()

    connecting.verify(dev.pk, while_ada_saves)
    dev.refresh_from_db()
    assert (dev.status, dev.problem, dev.account_name) == (Status.CHECKING, "", "")
    checked(dev, clock)
    assert (dev.status, dev.account_name) == (Status.OPEN, "@ada_anew")


# --- names -----------------------------------------------------------------------------------------------------------


def test_a_name_is_taken_once_per_workspace(dev: Channel, folder: Channel, workspace: Workspace, grace: User) -> None:
    with pytest.raises(connecting.NameTaken):
        connecting.connect(workspace, "devto", dev.name, {"api_key": "k"}, {})
    with pytest.raises(connecting.NameTaken):
        connecting.reconnect(folder, dev.name, {}, folder.settings)
    folder.refresh_from_db()
    assert (folder.name, folder.status, folder.revision) == ("folder 2", Status.OPEN, 1)
    hers = Workspace.objects.of(grace)
    assert hers is not None
    assert connecting.connect(hers, "devto", dev.name, {"api_key": "k"}, {}).pk


def test_the_name_of_a_removed_channel_is_free_again(folder: Channel, workspace: Workspace) -> None:
    connecting.disconnect(folder)
    assert connecting.connect(workspace, "folder", folder.name, {}, {}).name == folder.name


# --- new credentials -------------------------------------------------------------------------------------------------


def test_an_empty_secret_keeps_the_old_one_and_the_settings_are_proved_anew(
    street: Street, dev: Channel, clock: MovableClock
) -> None:
    key = dev.credentials["api_key"]
    connecting.reconnect(dev, "Renamed", {"api_key": ""}, {**dev.settings, "organization_id": 7})
    dev.refresh_from_db()
    assert (dev.name, dev.status, dev.revision) == ("Renamed", Status.CHECKING, 2)
    assert dev.credentials == {"api_key": key}
    assert dev.secret_hint == key[-4:]
    assert dev.settings["organization_id"] == 7
    assert checked(dev, clock).status == Status.OPEN


def test_a_removed_channel_gets_no_new_credentials(dev: Channel) -> None:
    on_the_screen = Channel.objects.get(pk=dev.pk)
    connecting.disconnect(dev)
    connecting.reconnect(on_the_screen, dev.name, {"api_key": "a-new-secret-key"}, dev.settings)
    dev.refresh_from_db()
    assert (dev.status, dev.credentials, dev.secret_hint) == (Status.REMOVED, {}, "")


# --- pausing ---------------------------------------------------------------------------------------------------------


def test_a_paused_channel_waits_and_goes_on_when_it_is_resumed(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    assert connecting.pause(dev)
    delivery = publish(clock, scheduled(dev))
    assert (delivery.status, history(delivery)) == (Delivery.Status.SCHEDULED, [])
    assert connecting.resume(dev, clock())
    assert publish(clock, delivery).status == Delivery.Status.PUBLISHED


def test_pausing_and_resuming_say_whether_they_did_anything(dev: Channel, clock: MovableClock) -> None:
    assert (connecting.resume(dev, clock()), connecting.pause(dev), connecting.pause(dev)) == (False, True, False)
    assert (connecting.resume(dev, clock()), connecting.resume(dev, clock())) == (True, False)
    connecting.disconnect(dev)
    assert (connecting.pause(dev), connecting.resume(dev, clock())) == (False, False)


@pytest.mark.parametrize("opens_by", ["resuming", "new credentials", "a check that finds nobody"])
def test_what_had_begun_before_a_long_closing_is_not_published_behind_adas_back(
    opens_by: str, street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.fault("create", "status", status=429, retry_after=60, when="before")
    publish(clock, delivery)
    assert (delivery.status, delivery.late_after) == (Delivery.Status.SCHEDULED, None)
    if opens_by == "resuming":
        connecting.pause(dev)
    else:
        connecting.check_again(dev)
    clock.move(days=2)
    if opens_by == "resuming":
        connecting.resume(dev, clock())
    else:
        if opens_by == "a check that finds nobody":
            street.fault("me", "status", status=503, when="before")
        connecting.verify(dev.pk, clock)
    assert publish(clock, delivery, moves=2).status == Delivery.Status.MISSED
    assert street.ask("articles") == []


# --- removing --------------------------------------------------------------------------------------------------------


def test_removing_forgets_the_credentials_cancels_what_waits_and_keeps_the_history(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    published = publish(clock, scheduled(dev))
    waiting, failed, missed = scheduled(dev, hours=1), scheduled(dev, hours=1), scheduled(dev, hours=1)
    Delivery.objects.filter(pk=failed.pk).update(status=Delivery.Status.FAILED)
    Delivery.objects.filter(pk=missed.pk).update(status=Delivery.Status.MISSED)
    assert connecting.disconnect(dev) == 2
    dev.refresh_from_db()
    assert (dev.status, dev.credentials, dev.secret_hint) == (Status.REMOVED, {}, "")
    assert [Delivery.objects.get(pk=d.pk).status for d in (published, waiting, failed, missed)] == [
        "published", "cancelled", "failed", "cancelled",
    ]  # fmt: skip
    assert history(published) == ["create done", "flip done"]
    assert dev not in Channel.objects.of(dev.workspace)


def test_what_may_have_arrived_is_asked_of_a_person_when_its_channel_is_removed(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.fault("flip", "close", when="after")
    publish(clock, delivery)
    assert delivery.status == Delivery.Status.CHECKING
    assert connecting.disconnect(dev) == 0
    publish(clock, delivery, moves=3)
    assert delivery.status == Delivery.Status.UNCERTAIN, "nobody would ever look again"
    assert "removed" in delivery.message
    scheduling.confirm(delivery, f"{street.url}/devto/ada/engines", clock())


def test_what_is_on_its_way_when_its_channel_is_removed_still_arrives(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    removed: list[int] = []

    def while_ada_removes_it() -> datetime:
        if not removed and Delivery.objects.filter(status=Delivery.Status.PUBLISHING).exists():
            removed.append(connecting.disconnect(dev))
        return clock()

    publishing.drain(while_ada_removes_it)
    delivery.refresh_from_db()
    assert removed == [0]
    assert delivery.status == Delivery.Status.PUBLISHED
    assert street.public(delivery) == 1


def test_a_closed_channel_keeps_what_is_scheduled_and_takes_more(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, new_post: Callable[..., Post]
) -> None:
    Channel.objects.filter(pk=dev.pk).update(status=Status.CLOSED)
    dev.refresh_from_db()
    [delivery] = scheduling.schedule(new_post(), [dev], moment_at(clock(), UTC), clock())
    assert publish(clock, delivery).status == Delivery.Status.SCHEDULED
