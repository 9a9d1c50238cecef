"""Canonical first: what follows an original waits for its page, takes its address, and goes out so much later. Once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.engine import publishing
from posts.engine.packing import article_of
from posts.models import Channel, Delivery, Plan, Post, Proof
from posts.planning import following, scheduling
from posts.planning.following import Then
from posts.planning.moments import moment_at
from posts.planning.scheduling import Place
from posts.watch import proving
from tests.posts.conftest import MovableClock, Street, publish
from tests.posts.planning.test_queueing import at_once

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
Obstacle = Delivery.Obstacle
DAY = timedelta(hours=24)
Write = Callable[..., Post]
Connect = Callable[..., Channel]


class Pair:
    """An original on one channel, and what follows it on another a day later."""

    def __init__(self, origin: Delivery, follower: Delivery, clock: MovableClock, street: Street) -> None:
        self.origin, self.follower, self.clock, self.street = origin, follower, clock, street

    def again(self) -> Pair:
        self.origin.refresh_from_db()
        self.follower.refresh_from_db()
        return self

    def look(self) -> Pair:
        following.look_after(self.clock)
        return self.again()

    def publish(self) -> Pair:
        """The original goes out, and its page has not been looked at yet."""
        publish(self.clock, self.origin)
        assert self.origin.status == Status.PUBLISHED, self.origin.message
        return self.again()

    def prove(self) -> Pair:
        """Its page is looked at until that is sure."""
        for _ in range(4):
            self.clock.move(minutes=5)
            proving.look(self.clock)
        return self.again()

    def stands(self, **changes: Any) -> Pair:
        Delivery.objects.filter(pk=self.origin.pk).update(**changes)
        return self.again()


@pytest.fixture
def pair(new_channel: Connect, new_post: Write, clock: MovableClock, street: Street, ada: User) -> Pair:
    return make(new_channel("devto"), new_channel("devto"), new_post(), clock, street, ada)


def make(first: Channel, second: Channel, post: Post, clock: MovableClock, street: Street, by: User) -> Pair:
    at = moment_at(clock(), UTC)
    places = [Place(first, at), Place(second, scheduling.later(at, DAY), after=DAY)]
    origin, follower = scheduling.schedule_each(post, places, clock(), by)
    return Pair(origin, follower, clock, street)


def mails() -> list[str]:
    return list(Mail.objects.filter(event__startswith="followers:").order_by("pk").values_list("subject", flat=True))


class TestWaiting:
    def test_it_waits_for_the_first_place(self, pair: Pair) -> None:
        assert (pair.origin.status, pair.follower.status) == (Status.SCHEDULED, Status.WAITING)
        assert (pair.follower.follows, pair.follower.follow_after) == (pair.origin, DAY)
        assert pair.follower.due_at == pair.origin.due_at + DAY

    def test_the_engine_leaves_it_alone_however_late_it_gets(self, pair: Pair) -> None:
        pair.clock.move(days=3)
        publishing.drain(pair.clock)
        publishing.rescue(pair.clock)
        assert pair.again().follower.status == Status.WAITING
        assert pair.street.public(pair.follower) == 0

    def test_another_time_of_the_original_moves_what_is_expected(self, pair: Pair) -> None:
        at = moment_at(pair.clock() + timedelta(days=5), UTC)
        scheduling.reschedule(pair.origin, at, pair.clock())
        assert pair.again().follower.due_at == at.due_at + DAY
        assert pair.follower.status == Status.WAITING

    def test_the_others_of_a_post_are_not_moved_with_it(self, pair: Pair) -> None:
        before = pair.follower.due_at
        Delivery.objects.filter(pk=pair.follower.pk).update(status=Status.SCHEDULED)
        scheduling.reschedule(pair.origin, moment_at(pair.clock() + timedelta(days=5), UTC), pair.clock())
        assert pair.again().follower.due_at == before

    def test_an_original_that_is_scheduled_again_takes_its_followers_over(self, pair: Pair, ada: User) -> None:
        pair.stands(status=Status.CANCELLED).look()
        again = moment_at(pair.clock() + timedelta(days=2), UTC)
        [origin] = scheduling.schedule(pair.origin.post, [pair.origin.channel], again, pair.clock(), ada)
        pair.look()
        assert (pair.follower.follows, pair.follower.obstacle) == (origin, "")
        assert pair.follower.due_at == again.due_at + DAY

    def test_scheduled_somewhere_else_it_takes_over_nothing(self, pair: Pair, new_channel: Connect, ada: User) -> None:
        at = moment_at(pair.clock() + DAY, UTC)
        pair.stands(status=Status.CANCELLED)
        scheduling.schedule(pair.origin.post, [new_channel("devto")], at, pair.clock(), ada)
        assert pair.again().follower.follows == pair.origin

    def test_a_removed_channel_ends_the_waiting(self, pair: Pair) -> None:
        connecting.disconnect(pair.follower.channel)
        assert pair.again().follower.status == Status.CANCELLED


class TestTheRelease:
    def test_published_is_not_enough_its_page_must_answer(self, pair: Pair) -> None:
        pair.publish().look()
        assert pair.follower.status == Status.WAITING
        assert pair.follower.obstacle == ""
        pair.prove().look()
        assert pair.follower.status == Status.SCHEDULED

    def test_it_is_due_a_day_after_the_publication_and_names_the_original(self, pair: Pair) -> None:
        pair.publish().prove().look()
        assert pair.origin.published_at
        assert pair.follower.due_at == pair.origin.published_at + DAY
        assert pair.follower.act_at < pair.follower.due_at < pair.follower.late_after  # type: ignore[operator]
        assert pair.follower.canonical_url == pair.origin.remote_url
        assert article_of(pair.follower).canonical_url == pair.origin.remote_url

    def test_the_platform_gets_the_originals_address(self, pair: Pair) -> None:
        pair.publish().prove().look()
        pair.clock.move(days=1)
        assert publish(pair.clock, pair.follower).status == Status.PUBLISHED
        [article] = [each for each in pair.street.ask("articles") if str(pair.follower.key) in str(each)]
        assert article["canonical_url"] == pair.origin.remote_url

    def test_its_own_page_is_proved_against_that_address(self, pair: Pair) -> None:
        pair.publish().prove().look()
        pair.clock.move(days=1)
        publish(pair.clock, pair.follower)
        assert Proof.objects.get(delivery=pair.follower).canonical_url == pair.origin.remote_url

    def test_the_originals_address_wins_over_the_posts_own_canonical_url(self, pair: Pair) -> None:
        Post.objects.update(canonical_url="https://ada.example/first")
        pair.publish().prove().look()
        follower = Delivery.objects.select_related("post", "channel").get(pk=pair.follower.pk)
        assert article_of(follower).canonical_url == pair.origin.remote_url

    def test_a_look_that_a_person_asks_for_wants_that_address_too(self, pair: Pair, settings: Any) -> None:
        pair.publish().prove().look()
        settings.PROVE_PAGES = False
        pair.clock.move(days=1)
        publish(pair.clock, pair.follower)
        follower = Delivery.objects.select_related("post", "channel").get(pk=pair.follower.pk)
        assert proving.ask(follower, pair.clock())
        assert Proof.objects.get(delivery=follower).canonical_url == pair.origin.remote_url

    def test_a_worker_has_the_address_in_hand_with_the_claim(self, pair: Pair) -> None:
        pair.publish().prove().look()
        pair.clock.move(days=1)
        [claimed] = Delivery.objects.claim_due(pair.clock(), 1, timedelta(seconds=60))
        assert "canonical_url" not in claimed.get_deferred_fields()

    def test_where_the_page_answers_too_late_it_goes_out_then(self, pair: Pair) -> None:
        pair.street.fault("page", "status", status=404, times=None)
        pair.publish().prove().look()
        pair.street.forgive()
        pair.clock.move(days=2)
        proving.ask(pair.origin, pair.clock())
        proving.look(pair.clock)
        pair.look()
        assert pair.follower.status == Status.SCHEDULED
        assert abs(pair.follower.due_at - pair.clock()) < timedelta(minutes=1)
        assert pair.follower.late_after and pair.follower.late_after > pair.clock()  # noqa: PT018

    def test_it_is_released_once(self, pair: Pair) -> None:
        pair.publish().prove().look()
        due_at = pair.follower.due_at
        pair.clock.move(days=3)
        pair.look()
        assert pair.follower.due_at == due_at

    def test_where_pages_are_not_looked_at_this_one_is(self, pair: Pair, settings: Any) -> None:
        settings.PROVE_PAGES = False
        pair.publish()
        assert not Proof.objects.exists()
        pair.look().prove().look()
        assert pair.follower.status == Status.SCHEDULED

    def test_one_bad_row_does_not_stop_the_others(
        self, pair: Pair, new_channel: Connect, new_post: Write, ada: User
    ) -> None:
        other = make(pair.origin.channel, new_channel("devto"), new_post(), pair.clock, pair.street, ada)
        pair.publish().prove()
        other.publish().prove()
        Delivery.objects.filter(pk=pair.follower.pk).update(zone="No/Such")
        other.look()
        assert other.follower.status == Status.SCHEDULED
        assert pair.again().follower.status == Status.WAITING

    def test_a_house_without_followers_asks_one_small_question(self, db: None, clock: MovableClock) -> None:
        with CaptureQueriesContext(connection) as queries:
            following.look_after(clock)
        [query] = queries.captured_queries
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                steps = [row[3] for row in cursor.fetchall()]
            assert any("delivery_waiting" in step for step in steps), steps


class TestWhenItCannotGoOn:
    @pytest.mark.parametrize("status", [Status.FAILED, Status.UNCERTAIN, Status.MISSED, Status.CANCELLED])
    def test_the_author_hears_once_of_an_original_that_ended(self, pair: Pair, status: Delivery.Status) -> None:
        pair.stands(status=status).look().look()
        assert (pair.follower.status, pair.follower.obstacle) == (Status.WAITING, status.value)
        [subject] = mails()
        assert subject.startswith("“On analytical engines, part 1” waits on devto 2: ")

    def test_a_page_that_does_not_answer_holds_it(self, pair: Pair) -> None:
        pair.street.fault("page", "status", status=404, times=None)
        pair.publish().prove().look().look()
        assert (pair.follower.status, pair.follower.obstacle) == (Status.WAITING, Obstacle.MISSING)
        assert mails() == ["“On analytical engines, part 1” waits on devto 2: its page on devto 1 does not answer"]

    def test_a_page_that_cannot_be_looked_at_holds_it(self, pair: Pair) -> None:
        pair.street.fault("page", "status", status=403, times=None)
        pair.publish().prove().look()
        assert (pair.follower.status, pair.follower.obstacle) == (Status.WAITING, Obstacle.NOT_REACHED)

    def test_a_late_original_is_told_after_a_quarter_of_an_hour(self, pair: Pair) -> None:
        pair.clock.move(minutes=14)
        assert pair.look().follower.obstacle == ""
        pair.clock.move(minutes=2)
        assert pair.look().follower.obstacle == Obstacle.LATE
        assert len(mails()) == 1

    def test_a_published_original_is_not_late_while_its_page_is_looked_at(self, pair: Pair) -> None:
        pair.publish()
        pair.clock.move(minutes=30)
        assert pair.look().follower.obstacle == ""
        assert mails() == []

    def test_a_file_has_no_page_to_name(
        self, folder: Channel, dev: Channel, new_post: Write, clock: MovableClock, street: Street, ada: User
    ) -> None:
        pair = make(folder, dev, new_post(), clock, street, ada)
        assert not following.may_have_page(folder)
        pair.publish().look()
        assert (pair.follower.status, pair.follower.obstacle) == (Status.WAITING, Obstacle.NO_PAGE)
        assert mails() == [f"“{pair.origin.post}” waits on {dev}: what {folder} has published has no public page"]

    def test_a_new_time_of_the_original_ends_it(self, pair: Pair) -> None:
        pair.stands(status=Status.MISSED).look()
        following.wait_on(pair.follower)
        scheduling.reschedule(pair.origin, moment_at(pair.clock() + DAY, UTC), pair.clock())
        pair.look()
        assert (pair.follower.obstacle, pair.follower.waits_on) == ("", False)

    def test_another_obstacle_is_another_mail(self, pair: Pair) -> None:
        pair.clock.move(minutes=20)
        pair.look()
        pair.stands(status=Status.FAILED).look()
        assert len(mails()) == 2

    def test_all_that_follow_one_original_are_in_one_mail(
        self, new_channel: Connect, new_post: Write, clock: MovableClock, ada: User
    ) -> None:
        at = moment_at(clock(), UTC)
        first, *others = (new_channel("devto") for _ in range(3))
        places = [Place(first, at), *(Place(each, scheduling.later(at, DAY), after=DAY) for each in others)]
        origin, *_ = scheduling.schedule_each(new_post(), places, clock(), ada)
        Delivery.objects.filter(pk=origin.pk).update(status=Status.FAILED)
        following.look_after(clock)
        [subject] = mails()
        assert "waits on devto 2, devto 3:" in subject

    def test_an_original_that_was_deleted_is_said(self, pair: Pair) -> None:
        Delivery.objects.filter(pk=pair.origin.pk).delete()
        following.look_after(pair.clock)
        pair.follower.refresh_from_db()
        assert (pair.follower.status, pair.follower.obstacle) == (Status.WAITING, Obstacle.GONE)


class TestDecisions:
    def test_released_without_the_original_it_goes_out_at_the_expected_time(self, pair: Pair) -> None:
        following.release(pair.follower, pair.clock(), with_canonical=False)
        expected = pair.origin.due_at + DAY
        assert (pair.again().follower.status, pair.follower.due_at) == (Status.SCHEDULED, expected)
        assert pair.follower.canonical_url == ""

    def test_released_too_late_for_that_it_goes_out_now(self, pair: Pair) -> None:
        pair.clock.move(days=3)
        at = following.release(pair.follower, pair.clock(), with_canonical=False)
        assert abs(at - pair.clock()) < timedelta(seconds=5)
        assert pair.again().follower.due_at == at

    def test_released_with_the_original_it_names_its_address_whatever_its_page_says(self, pair: Pair) -> None:
        pair.street.fault("page", "status", status=404, times=None)
        pair.publish().prove().look()
        following.release(pair.follower, pair.clock(), with_canonical=True)
        assert pair.again().follower.canonical_url == pair.origin.remote_url
        assert (pair.follower.status, pair.follower.obstacle) == (Status.SCHEDULED, "")

    def test_an_address_that_is_not_known_cannot_be_named(self, pair: Pair) -> None:
        with pytest.raises(scheduling.Refused, match="no public address yet"):
            following.release(pair.follower, pair.clock(), with_canonical=True)
        assert pair.again().follower.status == Status.WAITING

    def test_what_was_released_already_is_said(self, pair: Pair) -> None:
        pair.publish().prove().look()
        due_at = pair.follower.due_at
        with pytest.raises(scheduling.Refused, match="It is scheduled"):
            following.release(pair.follower, pair.clock() + DAY, with_canonical=False)
        assert pair.again().follower.due_at == due_at

    def test_who_waits_on_is_not_asked_again(self, pair: Pair) -> None:
        pair.stands(status=Status.FAILED).look()
        following.wait_on(pair.follower)
        pair.look()
        assert pair.follower.waits_on
        assert len(mails()) == 1

    @pytest.mark.parametrize(("then", "status"), [
        (Then.STOP, Status.CANCELLED), (Then.RELEASE, Status.SCHEDULED), (Then.WAIT, Status.WAITING),
    ])  # fmt: skip
    def test_cancelling_the_original_says_what_becomes_of_them(
        self, pair: Pair, then: Then, status: Delivery.Status
    ) -> None:
        following.cancel(pair.origin, then, pair.clock(), None)
        pair.look()
        assert (pair.origin.status, pair.follower.status) == (Status.CANCELLED, status)
        assert mails() == []

    def test_an_original_that_is_on_its_way_changes_nothing(self, pair: Pair) -> None:
        pair.stands(status=Status.PUBLISHING)
        with pytest.raises(scheduling.Refused, match="at this moment"):
            following.cancel(pair.origin, Then.STOP, pair.clock(), None)
        assert pair.again().follower.status == Status.WAITING


class TestPlans:
    def test_an_order_is_kept_and_changed(self, dev: Channel, folder: Channel, workspace: Workspace) -> None:
        plan = following.keep_plan(workspace, "Blog first", folder, [(dev, DAY)])
        following.keep_plan(workspace, "My blog first", folder, [(dev, 2 * DAY)], plan)
        [kept] = Plan.objects.of(workspace)
        assert (kept.name, kept.origin) == ("My blog first", folder)
        assert [(step.channel, step.after) for step in kept.steps.all()] == [(dev, 2 * DAY)]

    def test_a_name_is_taken_once(self, dev: Channel, folder: Channel, workspace: Workspace) -> None:
        following.keep_plan(workspace, "Blog first", folder, [(dev, DAY)])
        with pytest.raises(following.NameTaken):
            following.keep_plan(workspace, "Blog first", dev, [(folder, DAY)])
        assert Plan.objects.get().origin == folder


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_workers_release_once(self, pair: Pair) -> None:
        pair.publish().prove()
        found = at_once(*(lambda: following.look_after(pair.clock) for _ in range(3)))
        assert sum(found) == 1
        assert pair.again().follower.status == Status.SCHEDULED

    def test_two_workers_tell_once(self, pair: Pair) -> None:
        pair.stands(status=Status.FAILED)
        at_once(*(lambda: following.look_after(pair.clock) for _ in range(3)))
        assert len(mails()) == 1

    def test_a_person_and_a_worker_release_once(self, pair: Pair) -> None:
        pair.publish().prove()
        released, told = at_once(
            lambda: following.look_after(pair.clock),
            lambda: following.release(pair.follower, pair.clock(), with_canonical=False),
        )
        assert (released == 1) == isinstance(told, scheduling.Refused)
        assert (pair.again().follower.canonical_url != "") == (released == 1)
