"""When only a person can go on, exactly one mail says so: to the right one, with the reason and the way there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Mail, Membership, User
from posts import connecting, notifying
from posts.engine.outcomes import close
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Plan = Callable[..., Delivery]
Status = Delivery.Status
ENDS = [Status.FAILED, Status.UNCERTAIN]


@pytest.fixture(autouse=True)
def empty_post_box(workspace: Any) -> None:
    """Without the welcome mails of those who have joined."""
    Mail.objects.all().delete()


@pytest.mark.parametrize("status", ENDS)
def test_the_mail_says_what_happened_where_and_how_to_go_on(
    status: Delivery.Status, folder: Channel, scheduled: Plan, new_post: Callable[..., Post], ada: User, settings: Any
) -> None:
    settings.SITE_URL = "https://blog.example.org"
    delivery = scheduled(folder, new_post(title="Cause & <effect>"))
    notifying.tell_author(delivery, status, "The platform said “no” & more.")
    mail = Mail.objects.get()
    assert (mail.to, mail.user, mail.repeatable) == (ada.email, ada, True)
    assert "“Cause & <effect>”" in mail.subject
    assert str(folder) in mail.subject
    assert "Hello Ada," in mail.text
    assert "The platform said “no” & more." in mail.text
    assert f"https://blog.example.org/posts/{delivery.post_id}/#delivery-{delivery.pk}" in mail.text


def test_whoever_scheduled_it_is_told_else_the_author_else_nobody(
    folder: Channel, scheduled: Plan, ada: User, grace: User
) -> None:
    Mail.objects.all().delete()
    delivery = scheduled(folder)
    told: list[str] = []
    for created_by, author in ((grace, ada), (None, ada), (None, None)):
        delivery.created_by, delivery.post.author = created_by, author
        notifying.tell_author(delivery, Status.FAILED, "No.")
        notifying.tell_postponed(delivery, delivery.due_at, "Ten a day are allowed.")
        told += Mail.objects.values_list("to", flat=True)
        Mail.objects.all().delete()
    assert told == [grace.email] * 2 + [ada.email] * 2


def test_one_end_is_one_mail_and_the_next_end_is_another(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    for failures in (1, 2):
        street.fault("create", "status", status=422, body='{"error": "Too dull", "status": 422}', when="before")
        publish(clock, delivery)
        assert delivery.status == Status.FAILED
        notifying.tell_author(delivery, Status.FAILED, "Said once more by somebody who was not quick enough.")
        assert Mail.objects.count() == failures
        scheduling.publish_now(delivery, moment_at(clock(), UTC))


def test_what_is_missed_twice_is_told_twice(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(folder)
    for times in (1, 2):
        clock.move(hours=3)
        connecting.pause(folder)
        connecting.resume(folder, clock())
        assert publish(clock, delivery, moves=2).status == Status.MISSED
        assert Mail.objects.count() == times
        scheduling.reschedule(delivery, moment_at(clock() + timedelta(hours=1), UTC), clock())


def test_what_is_rolled_back_is_told_to_nobody(folder: Channel, scheduled: Plan) -> None:
    delivery = scheduled(folder)
    with transaction.atomic():
        notifying.tell_author(delivery, Status.FAILED, "No.")
        transaction.set_rollback(True)
    assert not Mail.objects.exists()


def test_the_longest_title_does_not_keep_the_end_from_being_written(
    street: Street, folder: Channel, scheduled: Plan, new_post: Callable[..., Post], clock: MovableClock
) -> None:
    delivery = scheduled(folder, new_post(title="x" * 300))
    clock.move(hours=3)
    assert publish(clock, delivery, moves=2).status == Status.MISSED
    assert len(Mail.objects.get().subject) == 300


def test_what_is_put_off_says_when_it_goes_out_in_adas_zone_and_once_a_day(
    folder: Channel, scheduled: Plan, ada: User
) -> None:
    ada.time_zone = "Asia/Tokyo"
    ada.save()
    delivery = Delivery.objects.select_related("created_by").get(pk=scheduled(folder).pk)
    for hour in (1, 2):
        notifying.tell_postponed(delivery, datetime(2036, 7, 1, hour, tzinfo=UTC), "Ten a day are allowed.")
    mail = Mail.objects.get()
    assert "1 July 2036, 10:00 (Asia/Tokyo)" in mail.text
    notifying.tell_postponed(delivery, datetime(2036, 7, 2, 1, tzinfo=UTC), "Ten a day are allowed.")
    assert Mail.objects.count() == 2


# --- a channel that was closed ---------------------------------------------------------------------------------------


def test_everybody_in_the_workspace_hears_once_that_its_channel_was_closed(
    dev: Channel, ada: User, grace: User, django_user_model: type[User]
) -> None:
    gone = django_user_model.objects.create_user("linus@example.com", is_active=False)
    for user in (grace, gone):
        Membership.objects.create(workspace=dev.workspace, user=user)
    django_user_model.objects.create_user("stranger@example.com")
    Mail.objects.all().delete()
    for _ in range(2):
        close(dev, dev.revision, "DEV does not accept the key: unauthorized.")
    assert sorted(Mail.objects.values_list("to", flat=True)) == [ada.email, grace.email]
    mail = Mail.objects.get(to=ada.email)
    assert str(dev) in mail.subject
    assert "DEV does not accept the key" in mail.text
    assert mail.text.rstrip().endswith(dev.get_absolute_url())


def test_a_closing_after_new_credentials_is_told_again(street: Street, dev: Channel, clock: MovableClock) -> None:
    close(dev, dev.revision, "Refused.")
    key = street.order("accounts", username="ada_again", age_days=400)["key"]
    connecting.reconnect(dev, dev.name, {"api_key": key}, dev.settings)
    connecting.verify(dev.pk, clock)
    dev.refresh_from_db()
    close(dev, dev.revision - 1, "An answer to the old key that came late.")
    assert Mail.objects.count() == 1
    close(dev, dev.revision, "Refused again.")
    assert Mail.objects.count() == 2


def test_the_key_stands_in_no_mail(street: Street, dev: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(dev)
    street.order("accounts/revoke", key=dev.credentials["api_key"])
    publish(clock, delivery)
    assert dev.credentials["api_key"] not in Mail.objects.get().text
