"""What a person publishes by hand: in time, once, with a mail; reminded of once; closed by an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.engine import lateness, ledger, publishing
from posts.models import Channel, Delivery, Post, Proof
from posts.planning import changing, following, handing, scheduling
from posts.planning.moments import moment_at
from posts.watch import proving
from publishers.pages import Outcome, Verdict
from tests.posts.conftest import MovableClock, Street, history, publish

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Status = Delivery.Status


@pytest.fixture
def substack(workspace: Workspace, street: Street, clock: MovableClock) -> Channel:
    """Ada's newsletter, which nobody is asked about."""
    channel = connecting.connect(workspace, "elsewhere", "Letters", {}, {"address": "", "takes": "rich"})
    assert connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN
    return channel


@pytest.fixture
def handed_over(scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock) -> Delivery:
    return publish(clock, scheduled(substack))


def mails(delivery: Delivery) -> list[str]:
    """Their subjects, in order."""
    return list(
        Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:handed")
        .order_by("pk")
        .values_list("subject", flat=True)
    )


class TestAtItsTime:
    def test_its_author_gets_one_mail_and_it_is_theirs(self, handed_over: Delivery, clock: MovableClock) -> None:
        assert handed_over.status == Status.HANDED_OVER
        assert history(handed_over) == ["hand_over done"]
        [subject] = mails(handed_over)
        assert subject.startswith("Ready to publish by hand:")
        mail = Mail.objects.get(subject=subject)
        assert f"/deliveries/{handed_over.pk}/hand-off/" in mail.text
        assert handed_over.sent_title == handed_over.post.title
        publish(clock, handed_over, moves=3)
        assert len(mails(handed_over)) == 1

    def test_nothing_happens_before(
        self, scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock
    ) -> None:
        delivery = publish(clock, scheduled(substack, hours=1))
        assert delivery.status == Status.SCHEDULED
        clock.move(minutes=61)
        assert publish(clock, delivery).status == Status.HANDED_OVER

    def test_several_of_one_channel_are_all_handed_over(
        self, scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock
    ) -> None:
        deliveries = [scheduled(substack) for _ in range(3)]
        publishing.drain(clock)
        assert set(Delivery.objects.values_list("status", flat=True)) == {Status.HANDED_OVER}
        assert all(len(mails(delivery)) == 1 for delivery in deliveries)
        substack.refresh_from_db()
        assert substack.claim is None

    def test_too_late_it_is_asked_about_like_all_others(
        self, scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock
    ) -> None:
        delivery = scheduled(substack)
        clock.move(days=3)
        lateness.miss_late(clock())
        delivery.refresh_from_db()
        assert delivery.status == Status.MISSED

    def test_a_paused_channel_keeps_it(
        self, scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock
    ) -> None:
        delivery = scheduled(substack)
        assert connecting.pause(substack)
        assert publish(clock, delivery).status == Status.SCHEDULED

    def test_a_worker_that_dies_in_between_costs_nothing(
        self, scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock
    ) -> None:
        delivery = scheduled(substack)
        [taken] = Delivery.objects.claim_due(clock(), 1, timedelta(seconds=60))
        assert taken.pk == delivery.pk
        Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
        Channel.objects.update(lease_until=Now() - timedelta(seconds=1))
        publishing.rescue(clock)
        assert publish(clock, delivery).status == Status.HANDED_OVER
        assert len(mails(delivery)) == 1

    def test_a_worker_that_comes_back_too_late_hands_over_nothing(
        self, scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock
    ) -> None:
        delivery = scheduled(substack)
        [taken] = Delivery.objects.claim_due(clock(), 1, timedelta(seconds=60))
        trip = publishing.pack(taken, clock(), 1e12)
        Delivery.objects.filter(pk=delivery.pk).update(number=taken.number + 1)
        assert not ledger.hand_over(trip, clock())
        assert mails(delivery) == []

    def test_whoever_has_no_author_any_more_asks_everybody(
        self, scheduled: Callable[..., Delivery], substack: Channel, clock: MovableClock
    ) -> None:
        delivery = scheduled(substack)
        Delivery.objects.filter(pk=delivery.pk).update(created_by=None)
        Post.objects.filter(pk=delivery.post_id).update(author=None)
        publish(clock, delivery)
        assert len(mails(delivery)) == 1


class TestReminders:
    def test_one_after_a_day_and_no_further_one(self, handed_over: Delivery, clock: MovableClock) -> None:
        assert handing.remind(clock()) == 0
        clock.move(hours=25)
        assert handing.remind(clock()) == 1
        assert handing.remind(clock()) == 0
        clock.move(days=5)
        assert handing.remind(clock()) == 0
        assert [subject.split(":")[0] for subject in mails(handed_over)] == [
            "Ready to publish by hand",
            "Still waiting for you",
        ]

    def test_none_when_it_was_published_or_skipped(self, handed_over: Delivery, clock: MovableClock, ada: User) -> None:
        changing.cancel(handed_over, clock(), ada)
        clock.move(hours=25)
        assert handing.remind(clock()) == 0

    def test_the_question_is_answered_by_a_small_index(self, handed_over: Delivery, clock: MovableClock) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("SQLite only")
        due = Delivery.objects.filter(remind_at__lte=clock()).values_list("pk", flat=True)
        assert "delivery_remind" in due.explain()


class TestPutOffAndSkipped:
    def test_put_off_it_is_handed_over_anew(self, handed_over: Delivery, clock: MovableClock, ada: User) -> None:
        changing.move(handed_over, moment_at(clock() + timedelta(hours=1), UTC), clock(), ada)
        handed_over.refresh_from_db()
        assert handed_over.status == Status.SCHEDULED
        assert handed_over.remind_at is None
        clock.move(minutes=61)
        assert publish(clock, handed_over).status == Status.HANDED_OVER
        assert len(mails(handed_over)) == 2

    def test_with_its_channel_removed_nobody_is_asked_any_more(
        self, handed_over: Delivery, clock: MovableClock
    ) -> None:
        assert connecting.disconnect(handed_over.channel) == 1
        handed_over.refresh_from_db()
        assert handed_over.status == Status.CANCELLED
        clock.move(hours=25)
        assert handing.remind(clock()) == 0

    def test_skipped_and_taken_back_it_waits_again(self, handed_over: Delivery, clock: MovableClock, ada: User) -> None:
        change = changing.cancel(handed_over, clock(), ada)
        changing.undo(change, clock(), ada)
        handed_over.refresh_from_db()
        assert handed_over.status == Status.HANDED_OVER


class TestIPublishedIt:
    def test_it_is_published_where_the_person_says_and_its_page_is_looked_at(
        self, handed_over: Delivery, clock: MovableClock
    ) -> None:
        url = "https://letters.example/p/notes"
        handing.published(handed_over, url, handed_over.sent_as, clock())
        handed_over.refresh_from_db()
        assert (handed_over.status, handed_over.remote_url, handed_over.remote_id) == (Status.PUBLISHED, url, url)
        assert handed_over.sent_digest == handed_over.post.digest()
        assert handed_over.remind_at is None
        assert handed_over.proof.outcome == Proof.Outcome.WAITING
        assert handed_over.proof.due_at is not None
        assert handed_over.proof.due_at < clock() + timedelta(seconds=10)

    def test_another_text_by_now_is_not_taken_for_the_one_that_is_there(
        self, handed_over: Delivery, clock: MovableClock
    ) -> None:
        seen = "as it was between two changes"
        Post.objects.filter(pk=handed_over.post_id).update(markdown="Another text.")
        handing.published(handed_over, "https://letters.example/p/notes", seen, clock())
        handed_over.refresh_from_db()
        assert handed_over.sent_digest == ""

    def test_a_text_that_was_changed_before_it_was_copied_is_the_one_that_is_there(
        self, handed_over: Delivery, clock: MovableClock
    ) -> None:
        Post.objects.filter(pk=handed_over.post_id).update(markdown="Another text.")
        seen = handing.shown(scheduling.as_it_is(handed_over))["sent_as"]
        handing.published(handed_over, "https://letters.example/p/notes", seen, clock())
        handed_over.refresh_from_db()
        assert handed_over.sent_markdown == "Another text."

    def test_not_twice(self, handed_over: Delivery, clock: MovableClock) -> None:
        handing.published(handed_over, "https://letters.example/p/notes", "", clock())
        with pytest.raises(scheduling.Refused, match="published on Letters already"):
            handing.published(handed_over, "https://letters.example/p/other", "", clock())
        handed_over.refresh_from_db()
        assert handed_over.remote_url.endswith("/notes")

    def test_what_follows_goes_out_when_its_page_was_seen(
        self, new_post: Callable[..., Post], substack: Channel, folder: Channel, clock: MovableClock, ada: User
    ) -> None:
        origin, follower = followed(new_post(), substack, folder, clock, ada)
        publish(clock, origin)
        clock.move(minutes=30)
        following.look_after(clock)
        follower.refresh_from_db()
        assert (follower.status, follower.obstacle) == (Status.WAITING, "")  # its author knows that it is theirs
        handing.published(origin, "https://letters.example/p/notes", "", clock())
        seen(origin, Outcome.THERE, clock)
        following.look_after(clock)
        follower.refresh_from_db()
        assert (follower.status, follower.canonical_url) == (Status.SCHEDULED, "https://letters.example/p/notes")

    def test_a_page_that_is_closed_to_robots_holds_nobody_up(
        self, new_post: Callable[..., Post], substack: Channel, folder: Channel, clock: MovableClock, ada: User
    ) -> None:
        origin, follower = followed(new_post(), substack, folder, clock, ada)
        publish(clock, origin)
        handing.published(origin, "https://letters.example/p/notes", "", clock())
        seen(origin, Outcome.NOT_REACHED, clock)
        following.look_after(clock)
        follower.refresh_from_db()
        origin.refresh_from_db()
        assert follower.status == Status.SCHEDULED
        assert origin.status == Status.PUBLISHED
        assert origin.proof.message == "The page could not be looked at (403): have a look yourself."

    def test_where_no_canonical_link_is_kept_none_is_asked_for(
        self, new_post: Callable[..., Post], workspace: Workspace, clock: MovableClock, street: Street, ada: User
    ) -> None:
        news = connecting.connect(workspace, "hacker-news", "News", {}, {})
        connecting.verify(news.pk, clock)
        post = new_post(canonical_url="https://ada.example/notes")
        [delivery] = scheduling.schedule(post, [news], moment_at(clock(), UTC), clock(), ada)
        publish(clock, delivery)
        handing.published(delivery, "https://news.ycombinator.com/item?id=1", "", clock())
        assert Proof.objects.get(delivery=delivery).canonical_url is None


def followed(post: Post, first: Channel, second: Channel, clock: MovableClock, ada: User) -> tuple[Delivery, Delivery]:
    now = moment_at(clock(), UTC)
    places = [scheduling.Place(first, now), scheduling.Place(second, now, after=timedelta(0))]
    origin, follower = scheduling.schedule_each(post, places, clock(), ada)
    return origin, follower


def seen(delivery: Delivery, outcome: Outcome, clock: MovableClock) -> None:
    """A look at its page has come back like this."""
    clock.move(seconds=20)
    [taken] = proving.claim(clock(), 1)
    words = {
        Outcome.THERE: "The page is there.",
        Outcome.NOT_REACHED: "The page could not be looked at (403): have a look yourself.",
    }
    proving.record(taken, Verdict(outcome, words[outcome], 403 if outcome is Outcome.NOT_REACHED else 200), clock())
