"""When nothing can be published the owner is told, once; and once more when it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from accounts.models import Mail, User
from posts import connecting
from posts.engine import publishing
from posts.models import Channel, Delivery, Outage
from posts.planning import scheduling
from posts.watch import outages, watching
from posts.watch.outages import AFTER
from posts.watch.watching import Kind
from tests.conftest import joined
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Plan = Callable[..., Delivery]
Status = Delivery.Status


@pytest.fixture(autouse=True)
def owner(workspace: Any) -> User:
    """Linus, who runs the machine; with an empty post box."""
    owner = joined("linus@example.com", "Linus", is_owner=True, is_superuser=True, time_zone="Asia/Tokyo")
    Mail.objects.all().delete()
    return owner


def told() -> list[str]:
    """The subjects of what the owner got, in order."""
    return list(Mail.objects.filter(event__startswith="outage").order_by("pk").values_list("subject", flat=True))


def pass_by(clock: MovableClock, **time: float) -> None:
    """Time goes by, and somebody looks every minute."""
    end = clock() + timedelta(**time)
    while clock() < end:
        clock.move(minutes=1)
        outages.look(clock())


# --- nobody publishes ------------------------------------------------------------------------------------------------


def test_after_ten_minutes_without_a_worker_the_owner_is_told_once(
    folder: Channel, scheduled: Plan, clock: MovableClock, owner: User
) -> None:
    watching.beat(Kind.WORKER, "worker one:7", clock())
    scheduled(folder)
    pass_by(clock, minutes=9)
    assert told() == []
    pass_by(clock, minutes=30)

    assert told() == ["Nothing could be published for 10 minutes"]
    letter = Mail.objects.get()
    assert (letter.to, letter.user, letter.repeatable) == (owner.email, owner, True)
    assert "1 delivery waits" in letter.text
    assert "No worker has given a sign of life for 10 minutes. Start one: make run" in letter.text
    assert "doctor" in letter.text
    assert "(Asia/Tokyo)" in letter.text


def test_only_those_who_can_do_something_are_told(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, grace: User
) -> None:
    joined("margaret@example.com", "Margaret", is_superuser=True)
    joined("gone@example.com", "Gone", is_superuser=True, is_active=False)
    Mail.objects.all().delete()
    scheduled(folder)
    pass_by(clock, minutes=15)

    assert sorted(Mail.objects.values_list("to", flat=True)) == ["linus@example.com", "margaret@example.com"]


def test_when_posts_go_out_again_that_is_told_once(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(folder)
    pass_by(clock, minutes=20)
    publish(clock, delivery)
    pass_by(clock, minutes=20)

    assert told() == ["Nothing could be published for 10 minutes", "Posts go out again, after 21 minutes"]
    assert Outage.objects.get().is_over
    assert "Nothing had gone out since" in Mail.objects.get(event__startswith="outage_over").text


def test_a_second_outage_is_told_again(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    for _ in range(2):
        delivery = scheduled(folder)
        pass_by(clock, minutes=15)
        publish(clock, delivery)
        pass_by(clock, minutes=2)

    assert len(told()) == 4
    assert Outage.objects.filter(is_over=True).count() == 2


def test_while_what_waited_is_on_its_way_it_is_not_over_yet(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    """A worker has come back and has spread the backlog: whether it works is known when the first one is out."""
    delivery = scheduled(folder)
    pass_by(clock, minutes=15)
    Delivery.objects.filter(pk=delivery.pk).update(act_at=clock() + timedelta(minutes=5))
    pass_by(clock, minutes=2)

    assert len(told()) == 1
    publish(clock, delivery)
    clock.move(minutes=5)
    publish(clock, delivery)
    pass_by(clock, minutes=1)
    assert told()[1].startswith("Posts go out again")


def test_when_nothing_waits_any_more_that_is_what_is_said(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(folder)
    pass_by(clock, minutes=15)
    delivery.refresh_from_db()
    scheduling.cancel(delivery)
    pass_by(clock, minutes=5)

    assert told()[1:] == ["Nothing waits any more, after 16 minutes without an answer"]


# --- nobody answers --------------------------------------------------------------------------------------------------


@pytest.fixture
def unreachable(dev: Channel, settings: Any) -> Channel:
    """The way to the platform is cut."""
    dev.settings = {**dev.settings, "base_url": "http://127.0.0.1:1/api"}
    dev.save()
    settings.ALLOW_PRIVATE_TARGETS = frozenset({"http://127.0.0.1:1"})
    settings.PUBLISH_TRIES = 50
    return dev


def work(clock: MovableClock, minutes: int) -> None:
    """A worker that lives and does what it can."""
    for _ in range(minutes):
        clock.move(minutes=1)
        watching.beat(Kind.WORKER, "worker one:7", clock())
        publishing.rescue(clock)
        publishing.drain(clock)
        outages.look(clock())


def test_a_platform_that_nobody_reaches_is_an_outage_although_the_worker_does_its_best(
    unreachable: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(unreachable)
    work(clock, 15)

    assert told() == ["Nothing could be published for 10 minutes"]
    letter = Mail.objects.get(event__startswith="outage").text
    assert "DEV could not be reached: it refused the connection." in letter
    assert "sign of life" not in letter


def test_as_long_as_anything_goes_out_it_is_none(
    unreachable: Channel, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(unreachable)
    for _ in range(4):
        scheduled(folder)
        work(clock, 8)

    assert told() == []


def test_a_platform_that_asks_to_wait_is_none(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(dev)
    street.fault("create", "status", status=429, when="before", retry_after=1500)
    work(clock, 20)

    assert told() == []


def test_a_post_that_was_refused_is_none(street: Street, dev: Channel, scheduled: Plan, clock: MovableClock) -> None:
    scheduled(dev)
    street.fault("create", "status", status=422, body='{"error": "Too dull", "status": 422}', when="before")
    work(clock, 20)

    assert told() == []


def test_what_waits_for_a_person_or_for_its_time_is_none(
    folder: Channel, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    connecting.pause(folder)
    scheduled(dev, hours=5)
    pass_by(clock, minutes=40)

    assert told() == []


def test_it_counts_from_the_last_sign_of_the_platforms(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    """A worker that died eight minutes ago, with something due ever since, has not been gone for ten minutes."""
    publish(clock, scheduled(folder))
    scheduled(folder)
    clock.move(minutes=8)
    outages.look(clock())
    assert told() == []
    clock.move(minutes=3)
    outages.look(clock())

    assert told() == ["Nothing could be published for 11 minutes"]


# --- who tells -------------------------------------------------------------------------------------------------------


def test_several_who_notice_at_once_tell_it_once(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    scheduled(folder)
    clock.move(minutes=15)
    trouble = outages.trouble_of(clock())
    assert trouble is not None
    outages._begin(trouble, clock())
    outages._begin(trouble, clock())

    assert len(told()) == 1
    assert Outage.objects.count() == 1


def test_without_a_worker_whoever_looks_sends_the_mail_himself(
    folder: Channel, scheduled: Plan, clock: MovableClock, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    scheduled(folder)
    clock.move(minutes=15)
    outages.look_after(clock)

    assert [message.to for message in mail.outbox] == [["linus@example.com"]]
    assert Mail.objects.get().status == Mail.Status.SENT


def test_a_worker_that_lives_is_left_to_send_it(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    scheduled(folder)
    clock.move(minutes=15)
    watching.beat(Kind.WORKER, "worker one:7", clock())
    outages.look_after(clock)

    assert Mail.objects.get().status == Mail.Status.QUEUED
    assert mail.outbox == []


def test_nothing_is_asked_for_twice_while_all_is_well(
    folder: Channel, scheduled: Plan, clock: MovableClock, django_assert_max_num_queries: Any
) -> None:
    scheduled(folder, hours=2)
    with django_assert_max_num_queries(4):
        outages.look_after(clock)


def test_ten_minutes_are_ten_minutes(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    due = scheduled(folder).due_at
    assert outages.trouble_of(due + AFTER - timedelta(seconds=1)) is None
    assert outages.trouble_of(due + AFTER) is not None


def test_a_channel_that_opens_again_begins_no_outage_with_what_had_waited_for_it(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    scheduled(folder)
    connecting.pause(folder)
    clock.move(minutes=40)
    connecting.resume(folder, clock())
    outages.look(clock())

    assert told() == []
