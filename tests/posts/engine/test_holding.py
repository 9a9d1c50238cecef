"""A backup was restored: nothing goes out before somebody has looked, and what is out already is not sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Mail
from posts import connecting
from posts.engine import holding, publishing
from posts.models import Attempt, Channel, Delivery
from posts.planning import scheduling
from tests.posts.conftest import MovableClock, Street, history, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Plan = Callable[..., Delivery]
Status = Delivery.Status

# What a publication leaves on a delivery, as it was before.
BEFORE: dict[str, Any] = {
    "status": Status.SCHEDULED, "number": 0, "remote_id": "", "remote_url": "", "published_at": None, "message": "",
    "sent_title": "", "sent_markdown": "", "sent_digest": "", "sent_version": None,
}  # fmt: skip


def restore(delivery: Delivery) -> None:
    """The row as the backup has it: from before its publication."""
    Attempt.objects.filter(delivery=delivery).delete()
    Delivery.objects.filter(pk=delivery.pk).update(late_after=delivery.due_at + delivery.workspace.grace, **BEFORE)


def test_what_is_held_waits_and_goes_on_when_it_is_released(
    dev: Channel, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    planned = [scheduled(dev), scheduled(folder)]
    assert holding.hold() == 2
    assert [publish(clock, delivery).status for delivery in planned] == [Status.SCHEDULED] * 2
    dev.refresh_from_db()
    assert (dev.status, dev.problem) == (Channel.Status.PAUSED, holding.HELD)
    assert holding.release(clock()) == 2
    assert [publish(clock, delivery).status for delivery in planned] == [Status.PUBLISHED] * 2
    dev.refresh_from_db()
    assert dev.problem == ""


def test_what_a_person_paused_or_a_platform_closed_stays_as_it_was(dev: Channel, folder: Channel) -> None:
    connecting.pause(dev)
    Channel.objects.filter(pk=folder.pk).update(status=Channel.Status.CLOSED)
    assert holding.hold() == 0


def test_a_channel_that_is_being_checked_does_not_open_by_itself(
    street: Street, dev: Channel, clock: MovableClock
) -> None:
    connecting.reconnect(dev, dev.name, {}, dev.settings)
    assert holding.hold() == 1
    assert connecting.verify(dev.pk, clock) is None
    assert holding.release(clock()) == 1
    dev.refresh_from_db()
    assert dev.status == Channel.Status.CHECKING, "the new credentials were never accepted"


def test_after_a_restore_what_is_out_already_is_adopted_and_not_sent_again(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    out, not_out = publish(clock, scheduled(dev)), scheduled(dev, minutes=5)
    restore(out)
    holding.hold()
    assert holding.doubt(clock()) == (2, 0)
    clock.move(minutes=20)
    holding.release(clock())
    for _ in range(3):
        publish(clock, out)
        publish(clock, not_out)
        clock.move(minutes=1)
    assert (publish(clock, out).status, publish(clock, not_out).status) == (Status.PUBLISHED, Status.PUBLISHED)
    assert history(out) == ["look found"]
    assert history(not_out) == ["look absent", "create done", "flip done"]
    assert (street.public(out), street.public(not_out)) == (1, 1)


def test_what_is_too_late_by_then_is_asked_about_and_even_then_looked_for_first(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    out = publish(clock, scheduled(dev))
    restore(out)
    Mail.objects.all().delete()
    holding.hold()
    holding.doubt(clock())
    clock.move(hours=5)
    holding.release(clock())
    publishing.rescue(clock)
    out.refresh_from_db()
    assert out.status == Status.MISSED
    assert "it may be there" in Mail.objects.get().text
    assert scheduling.publish_in_turn([out], clock(), UTC) == {}
    assert publish(clock, out).status == Status.PUBLISHED
    assert street.public(out) == 1


def test_where_nobody_can_look_a_person_is_asked_about_what_was_due(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    """Medium's public feed proves nothing."""
    was_due, ahead = scheduled(folder), scheduled(folder, hours=5)
    Channel.objects.filter(pk=folder.pk).update(platform="medium")
    holding.hold()
    clock.move(minutes=1)
    assert holding.doubt(clock()) == (0, 1)
    was_due.refresh_from_db()
    ahead.refresh_from_db()
    assert (was_due.status, was_due.message, was_due.doubtful) == (Status.MISSED, holding.LOOK_FIRST, True)
    assert (ahead.status, ahead.doubtful) == (Status.SCHEDULED, False)


def test_by_command(dev: Channel, folder: Channel, scheduled: Plan) -> None:
    scheduled(dev)
    out = StringIO()
    call_command("hold", "--restored", stdout=out)
    assert "Channels held back: 2." in out.getvalue()
    assert "Looked for before it is sent: 1. Cannot be looked for, so asked: 0." in out.getvalue()
    call_command("release", stdout=out)
    assert "Channels open again: 2." in out.getvalue()
