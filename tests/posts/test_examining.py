"""Channels are examined when somebody asks and once a day; what is found is shown, and closes nothing by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Mail, User
from blogscheduler.watch.doctor import channels
from posts import connecting, examining
from posts.models import Channel, Delivery, ReadingPace
from publishers import PUBLISHERS
from publishers.base import Aspect, Health
from tests.posts.conftest import MovableClock, Street, publish
from tests.posts.views.conftest import browser_of

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Channel.Status


def health_of(channel: Channel) -> dict[Aspect, Health]:
    channel.refresh_from_db()
    return {check.aspect: check.health for check in examining.checks_of(channel)}


def after_a_day(clock: MovableClock, channel: Channel) -> int:
    clock.move(hours=26)
    return examining.look_after(clock)


class TestWhenItIsConnected:
    def test_what_was_looked_at_is_kept(self, dev: Channel) -> None:
        found = health_of(dev)
        assert {found[aspect] for aspect in (Aspect.ADDRESS, Aspect.KEY, Aspect.ACCOUNT, Aspect.CLOCK)} == {Health.WELL}
        assert (dev.health or {})["worst"] == "well"
        assert dev.ails == ""

    def test_a_refused_key_is_told_with_its_remedy(self, dev: Channel, clock: MovableClock) -> None:
        connecting.reconnect(dev, dev.name, {"api_key": "wrong-key-of-ada"}, dev.settings)
        connecting.verify(dev.pk, clock)
        assert health_of(dev)[Aspect.KEY] == Health.BROKEN
        assert dev.status == Status.CLOSED
        [key] = [check for check in examining.checks_of(dev) if check.aspect is Aspect.KEY]
        assert "never accepted" in key.cause  # this key, which is a new one

    def test_another_account_is_noticed_until_somebody_says_that_it_is_right(
        self, dev: Channel, street: Street, clock: MovableClock
    ) -> None:
        key = street.order("accounts", username="grace", age_days=400)["key"]
        connecting.reconnect(dev, dev.name, {"api_key": key}, dev.settings)
        connecting.verify(dev.pk, clock)
        assert health_of(dev)[Aspect.ACCOUNT] == Health.BROKEN
        assert "The key belongs to @grace" in dev.ails
        assert examining.accept_account(dev)
        assert health_of(dev)[Aspect.ACCOUNT] == Health.WELL
        assert not examining.accept_account(dev)
        after_a_day(clock, dev)
        assert health_of(dev)[Aspect.ACCOUNT] == Health.WELL

    def test_other_settings_may_be_another_place_with_another_account(
        self, folder: Channel, clock: MovableClock
    ) -> None:
        connecting.reconnect(folder, folder.name, {}, {**folder.settings, "directory": "notes"})
        connecting.verify(folder.pk, clock)
        assert health_of(folder)[Aspect.ACCOUNT] == Health.WELL


class TestOnceADay:
    def test_not_before_its_time_and_then_once(self, dev: Channel, clock: MovableClock) -> None:
        assert examining.look_after(clock) == 0
        assert after_a_day(clock, dev) == 1
        assert examining.look_after(clock) == 0
        before = dev.examine_at
        dev.refresh_from_db()
        assert dev.examine_at is not None
        assert before is not None
        assert dev.examine_at > before + timedelta(hours=20)

    def test_channels_that_never_were_are_spread_over_the_day(self, dev: Channel, clock: MovableClock) -> None:
        Channel.objects.bulk_create(
            Channel(workspace=dev.workspace, platform="folder", name=f"Site {n}", status=Status.OPEN) for n in range(48)
        )
        Channel.objects.update(examine_at=None)
        examining.look_after(clock)
        times = [at for at in Channel.objects.values_list("examine_at", flat=True) if at]
        assert len(times) == 49
        quarters = {int((at - clock()).total_seconds() // (6 * 3600)) for at in times}
        assert {0, 1, 2, 3} <= quarters

    @pytest.mark.parametrize("fault", [{"fault": "status", "status": 503}, {"fault": "close"}, {"fault": "html"}])
    def test_what_is_out_of_reach_closes_nothing(
        self, dev: Channel, street: Street, clock: MovableClock, fault: dict[str, object]
    ) -> None:
        street.order("faults", call="me", times=1, **fault)
        after_a_day(clock, dev)
        assert health_of(dev)[Aspect.ADDRESS] in (Health.BROKEN, Health.WARNING)
        assert dev.status == Status.OPEN
        assert not Mail.objects.filter(event__startswith=f"channel:{dev.pk}").exists()
        after_a_day(clock, dev)
        assert health_of(dev)[Aspect.ADDRESS] == Health.WELL

    def test_a_revoked_key_closes_it_as_a_refused_post_would(
        self, dev: Channel, street: Street, clock: MovableClock, scheduled: Callable[..., Delivery]
    ) -> None:
        delivery = scheduled(dev, days=3)
        street.order("accounts/revoke", key=dev.credentials["api_key"])
        after_a_day(clock, dev)
        assert health_of(dev)[Aspect.KEY] == Health.BROKEN
        assert dev.status == Status.CLOSED
        assert Mail.objects.filter(event__startswith=f"channel:{dev.pk}:closed").count() == 1
        delivery.refresh_from_db()
        assert delivery.status == Delivery.Status.SCHEDULED

    def test_what_was_changed_meanwhile_is_not_judged_by_the_old_key(self, dev: Channel, clock: MovableClock) -> None:
        found = examining.examine(dev, clock)
        Channel.objects.filter(pk=dev.pk).update(revision=dev.revision + 1, health=None)
        examining._record(dev, found, clock())
        dev.refresh_from_db()
        assert dev.health is None

    @pytest.mark.parametrize("status", [Status.PAUSED, Status.CLOSED, Status.CHECKING, Status.REMOVED])
    def test_only_open_channels_are(self, dev: Channel, clock: MovableClock, status: Channel.Status) -> None:
        Channel.objects.update(status=status)
        assert after_a_day(clock, dev) == 0

    def test_publishing_goes_on_meanwhile(
        self, dev: Channel, clock: MovableClock, scheduled: Callable[..., Delivery]
    ) -> None:
        delivery = scheduled(dev)
        [taken] = Delivery.objects.claim_due(clock() + timedelta(seconds=5), 1, timedelta(seconds=60))
        assert after_a_day(clock, dev) == 1  # the channel's lease is somebody else's, and stays
        dev.refresh_from_db()
        assert dev.claim == taken.claim
        assert delivery.pk == taken.pk

    def test_the_platforms_pace_is_kept(self, dev: Channel, clock: MovableClock, settings: Any) -> None:
        settings.PACE = 1
        clock.move(hours=26)
        origin = PUBLISHERS["devto"].origin(dev.settings)
        ReadingPace.objects.update_or_create(origin=origin, defaults={"free_at": clock() + timedelta(seconds=30)})
        assert examining.look_after(clock) == 0
        clock.move(minutes=2)
        assert examining.look_after(clock) == 1

    def test_the_question_is_answered_by_an_index(self, dev: Channel, clock: MovableClock) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("SQLite only")
        due = Channel.objects.filter(status=Status.OPEN, examine_at__lte=clock()).order_by("examine_at")
        assert "channel_examine" in due.explain()


def test_the_articles_of_a_day_are_counted(
    dev: Channel, clock: MovableClock, scheduled: Callable[..., Delivery]
) -> None:
    assert publish(clock, scheduled(dev)).status == Delivery.Status.PUBLISHED
    assert examining.sent_since(dev, clock() - timedelta(days=1)) == 1
    assert examining.sent_since(dev, clock() + timedelta(minutes=1)) == 0


class TestWhereItIsShown:
    @pytest.fixture
    def browser(self, ada: User) -> Client:
        return browser_of(ada)

    def test_the_page_of_the_channel_lists_cause_and_remedy(
        self, browser: Client, dev: Channel, street: Street, clock: MovableClock
    ) -> None:
        assert "DEV accepts the key." in browser.get(dev.get_absolute_url()).content.decode()
        street.order("faults", call="me", times=1, fault="html")
        after_a_day(clock, dev)
        page = browser.get(dev.get_absolute_url()).content.decode()
        assert "a web page instead of data" in page
        assert "let the firewall pass calls of its API" in page
        assert "Not well" in page
        assert "a web page instead of data" in browser.get(reverse("channels")).content.decode()

    def test_a_press_says_which_account_is_right(
        self, browser: Client, dev: Channel, street: Street, clock: MovableClock
    ) -> None:
        key = street.order("accounts", username="grace", age_days=400)["key"]
        connecting.reconnect(dev, dev.name, {"api_key": key}, dev.settings)
        connecting.verify(dev.pk, clock)
        assert "Yes, @grace is right" in browser.get(dev.get_absolute_url()).content.decode()
        answer = browser.post(reverse("channel_accept_account", args=[dev.pk]), follow=True)
        assert "belongs to that account from now on" in answer.content.decode()
        assert "Yes, @grace is right" not in browser.get(dev.get_absolute_url()).content.decode()

    def test_the_doctor_and_the_admin_say_it_too(
        self, browser: Client, dev: Channel, street: Street, clock: MovableClock, ada: User
    ) -> None:
        street.order("faults", call="me", times=1, fault="html")
        after_a_day(clock, dev)
        finding, *_ = list(channels())  # of manage.py doctor
        assert "a web page instead of data" in finding.told
        assert "firewall" in finding.remedy
        User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
        page = browser.get(reverse("admin:posts_channel_change", args=[dev.pk])).content.decode()
        assert "a web page instead of data" in page

    def test_no_secret_is_shown(self, browser: Client, dev: Channel) -> None:
        assert dev.credentials["api_key"] not in browser.get(dev.get_absolute_url()).content.decode()
        assert dev.credentials["api_key"] not in str(dev.health)
