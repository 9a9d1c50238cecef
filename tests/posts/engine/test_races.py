"""People and workers at the same moment: one side wins, the other is told, and the sandbox agrees with both.

Threads with real transactions. Each round begins at one barrier and lets the sides start a few milliseconds apart, so
that some rounds meet before the claim, some during the call, some after it. Both ends are asserted in every round;
which of them came how often is printed. ``RACE_ROUNDS=60`` for more.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import Mail, User
from posts import connecting
from posts.engine import ledger, publishing
from posts.engine.trips import take
from posts.forms.writing import PostForm
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
Status = Delivery.Status
Plan = Callable[..., Delivery]
ROUNDS = int(os.environ.get("RACE_ROUNDS", "12"))
APART = 0.03  # seconds between the starts of two sides, at most: about as long as a claim and a call to the sandbox
REFUSED = "refused"


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """Run each side in a thread of its own, from one moment on; what each returned, or REFUSED."""
    chance = random.Random(4)

    def run(*sides: Callable[[], Any], apart: float = APART) -> list[Any]:
        barrier = threading.Barrier(len(sides))
        later = [chance.uniform(0, apart) for _ in sides]

        def side(verb: Callable[[], Any], seconds: float) -> Any:
            try:
                barrier.wait(10)
                time.sleep(seconds)
                return verb()
            except scheduling.Refused:
                return REFUSED
            finally:
                connection.close()

        with ThreadPoolExecutor(len(sides)) as threads:
            return [
                future.result(60) for future in [threads.submit(side, *each) for each in zip(sides, later, strict=True)]
            ]

    return run


Together = Callable[..., list[Any]]


def work(clock: MovableClock) -> Callable[[], None]:
    """A worker as another process would be: the drain's verbs without the lock that a process has only once."""

    def drain() -> None:
        while trips := publishing.claim(clock(), 4):
            for first in trips:
                following = ledger.record(take(first, clock()), clock())
                while following:
                    following = ledger.record(take(following, clock()), clock())

    return drain


def as_it_is(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_related("post__workspace", "post__author", "channel").get(pk=delivery.pk)


def now(clock: MovableClock) -> Any:
    return moment_at(clock(), UTC)


def later(clock: MovableClock) -> Any:
    return moment_at(clock().replace(year=clock().year + 1), UTC)


def test_whoever_cancels_has_it_cancelled_or_is_told_that_it_is_too_late(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        delivery = as_it_is(scheduled(dev))
        told, _ = together(partial(scheduling.cancel, delivery), work(clock))
        publish(clock, delivery)
        ends[delivery.status] += 1
        expected = (Status.PUBLISHED, 1) if told == REFUSED else (Status.CANCELLED, 0)
        assert (delivery.status, street.public(delivery)) == expected
    print(dict(ends))


def test_whoever_moves_it_has_it_moved_or_is_told_that_it_is_too_late(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        delivery = as_it_is(scheduled(dev))
        told, _ = together(partial(scheduling.reschedule, delivery, later(clock), clock()), work(clock))
        publish(clock, delivery)
        ends[delivery.status] += 1
        expected = (Status.PUBLISHED, 1) if told == REFUSED else (Status.SCHEDULED, 0)
        assert (delivery.status, street.public(delivery)) == expected
        assert (delivery.due_at > clock()) == (told != REFUSED)
    print(dict(ends))


def test_what_is_edited_at_its_time_goes_out_in_one_wording_or_the_other_and_the_row_says_in_which(
    street: Street, dev: Channel, scheduled: Plan, new_post: Callable[..., Post], clock: MovableClock,
    together: Together,
) -> None:  # fmt: skip
    versions: Counter[int] = Counter()
    for number in range(ROUNDS):
        post = new_post(title=f"Old {number}", markdown="Old text.")
        delivery = scheduled(dev, post)
        form = PostForm(
            {"title": f"New {number}", "markdown": "New text.", "version": 1}, instance=Post.objects.get(pk=post.pk)
        )
        assert form.is_valid(), form.errors
        saved, _ = together(partial(form.write_over, post, clock()), work(clock))
        publish(clock, delivery)
        assert saved
        [article] = [one for one in street.ask("articles") if one["title"].endswith(f" {number}")]
        old_or_new = article["title"].split()[0]
        assert (article["title"], delivery.sent_title) == (f"{old_or_new} {number}",) * 2
        assert delivery.sent_markdown == f"{old_or_new} text."
        assert delivery.sent_version == (1 if old_or_new == "Old" else 2)
        assert (delivery.sent_digest == Post.objects.get(pk=post.pk).digest()) == (old_or_new == "New")
        versions[delivery.sent_version] += 1
    print(dict(versions))


def test_a_channel_paused_at_that_moment_has_published_it_or_keeps_it(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        delivery = scheduled(dev)
        together(partial(connecting.pause, dev), work(clock))
        publish(clock, delivery)
        ends[delivery.status] += 1
        assert (delivery.status, street.public(delivery)) in [(Status.PUBLISHED, 1), (Status.SCHEDULED, 0)]
        assert connecting.resume(dev, clock())
        publish(clock, delivery)
        assert (delivery.status, street.public(delivery)) == (Status.PUBLISHED, 1)
    print(dict(ends))


def test_a_channel_removed_at_that_moment_has_published_it_or_never_will(
    street: Street, new_channel: Callable[..., Channel], scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        channel = new_channel("devto")
        delivery = scheduled(channel)
        together(partial(connecting.disconnect, channel), work(clock))
        publishing.rescue(clock)
        publish(clock, delivery)
        ends[delivery.status] += 1
        assert (delivery.status, street.public(delivery)) in [(Status.PUBLISHED, 1), (Status.CANCELLED, 0)]
    print(dict(ends))


def test_a_key_refused_at_that_moment_loses_nothing_and_is_told_once(
    street: Street, new_channel: Callable[..., Channel], scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        channel = new_channel("devto")
        deliveries = [scheduled(channel), scheduled(channel)]
        key = channel.credentials["api_key"]
        together(partial(street.order, "accounts/revoke", key=key), work(clock), work(clock), apart=0.2)
        channel.refresh_from_db()
        told = Mail.objects.filter(event__startswith=f"channel:{channel.pk}:closed").count()
        assert told == (channel.status == Channel.Status.CLOSED)
        for delivery in deliveries:
            publish(clock, delivery)
            ends[delivery.status] += 1
            assert (delivery.status == Status.PUBLISHED) == (street.public(delivery) == 1)
            assert delivery.status in (Status.PUBLISHED, Status.SCHEDULED)
        new_key = street.order("accounts", username=f"again{number}", age_days=400)["key"]
        channel.refresh_from_db()
        connecting.reconnect(channel, channel.name, {"api_key": new_key}, channel.settings)
        connecting.verify(channel.pk, clock)
        for delivery in deliveries:
            if publish(clock, delivery).status == Status.FAILED:  # its draft has stayed in the old account
                assert street.public(delivery) == 0
                scheduling.publish_now(delivery, now(clock))
                publish(clock, delivery)
            assert (delivery.status, street.public(delivery)) == (Status.PUBLISHED, 1)
    print(dict(ends))


@pytest.mark.parametrize("lost", [False, True], ids=["all is answered", "answers are lost"])
def test_a_channel_given_another_account_at_that_moment_publishes_it_in_one_of_the_two_or_asks(
    lost: bool, street: Street, new_channel: Callable[..., Channel], scheduled: Plan, clock: MovableClock,
    together: Together,
) -> None:  # fmt: skip
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        channel = new_channel("devto")
        delivery = scheduled(channel)
        if lost:
            street.fault(["create", "flip"][number % 2], "status", status=504, when="after")

        together(partial(other_account, street, channel, clock, f"other{number}"), work(clock))
        street.forgive()
        publish(clock, delivery, moves=4)
        ends[delivery.status] += 1
        public = street.public(delivery)
        assert public <= 1
        assert delivery.status in (Status.PUBLISHED, Status.UNCERTAIN, Status.FAILED), delivery.message
        assert (public == 1) or delivery.status != Status.PUBLISHED
        assert (public == 0) or delivery.status != Status.FAILED
        if delivery.status != Status.PUBLISHED:
            event = f"delivery:{delivery.pk}:{delivery.status}"
            assert Mail.objects.filter(event__startswith=event).count() == 1
    print(dict(ends))


def other_account(street: Street, channel: Channel, clock: MovableClock, username: str = "somebody_else") -> None:
    """Somebody else's key, and the worker that checks it."""
    key = street.order("accounts", username=username, age_days=400)["key"]
    connecting.reconnect(channel, channel.name, {"api_key": key}, channel.settings)
    connecting.verify(channel.pk, clock)


def lease_runs_out(delivery: Delivery) -> None:
    over = Now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=over)
    Channel.objects.filter(pk=delivery.channel_id).update(lease_until=over)


def assert_a_person_is_asked(delivery: Delivery, street: Street, clock: MovableClock) -> None:
    publish(clock, delivery, moves=3)
    assert delivery.status == Status.UNCERTAIN
    assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:uncertain").count() == 1
    assert street.public(delivery) == 1


def test_a_doubt_about_a_call_that_was_in_flight_when_the_account_changed_goes_to_a_person(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    """The article is public in the old account; in the new one it would not be found, and sent a second time."""
    delivery = scheduled(dev)
    [trip] = publishing.claim(clock(), 1)
    following = ledger.record(take(trip, clock()), clock())
    assert following is not None
    street.fault("flip", "status", status=504, when="after")
    result = take(following, clock())
    other_account(street, dev, clock)
    ledger.record(result, clock())
    assert_a_person_is_asked(delivery, street, clock)


def test_a_dead_workers_post_is_not_looked_for_in_an_account_that_came_later(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    [trip] = publishing.claim(clock(), 1)
    following = ledger.record(take(trip, clock()), clock())
    assert following is not None
    take(following, clock())  # and then nothing more is heard of this worker
    other_account(street, dev, clock)
    lease_runs_out(delivery)
    assert_a_person_is_asked(delivery, street, clock)


def test_two_workers_and_three_posts_on_one_channel(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    for _ in range(ROUNDS):
        deliveries = [scheduled(dev) for _ in range(3)]
        together(work(clock), work(clock), work(clock))
        for delivery in deliveries:
            publish(clock, delivery)
            assert (delivery.status, street.public(delivery)) == (Status.PUBLISHED, 1)
            assert delivery.attempts.count() == 2, "a draft and a flip, and nothing else"


def test_two_people_decide_otherwise_and_the_second_is_told(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        delivery = scheduled(dev, hours=2)
        cancels, publishes, _ = together(
            partial(scheduling.cancel, as_it_is(delivery)),
            partial(scheduling.publish_now, as_it_is(delivery), now(clock)),
            work(clock),
            apart=0.2,
        )
        publish(clock, delivery)
        ends[delivery.status] += 1
        assert REFUSED in (cancels, publishes) or delivery.status == Status.CANCELLED
        expected = (Status.PUBLISHED, 1) if cancels == REFUSED else (Status.CANCELLED, 0)
        assert (delivery.status, street.public(delivery)) == expected
    print(dict(ends))


def test_the_same_post_scheduled_in_two_windows_is_scheduled_once(
    street: Street, dev: Channel, new_post: Callable[..., Post], clock: MovableClock, together: Together, ada: User
) -> None:
    for _ in range(ROUNDS):
        post = new_post()
        window = partial(scheduling.schedule, post, [dev], now(clock), clock(), ada)
        made = together(window, window, work(clock))
        assert made[:2].count(REFUSED) == 1
        [delivery] = Delivery.objects.filter(post=post)
        publish(clock, delivery)
        assert (delivery.status, street.public(delivery)) == (Status.PUBLISHED, 1)


def test_nothing_is_scheduled_on_a_channel_that_is_removed_at_that_moment(
    street: Street, new_channel: Callable[..., Channel], new_post: Callable[..., Post], clock: MovableClock,
    together: Together, ada: User,
) -> None:  # fmt: skip
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        channel, post = new_channel("devto"), new_post()
        made, _ = together(
            partial(scheduling.schedule, post, [channel], now(clock), clock(), ada),
            partial(connecting.disconnect, channel),
        )
        rows = list(Delivery.objects.filter(post=post))
        assert [row.status for row in rows] == ([] if made == REFUSED else [Status.CANCELLED])
        ends["refused" if made == REFUSED else "cancelled"] += 1
    print(dict(ends))


def test_two_who_answer_an_uncertain_one_do_not_both_win(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    """Ada says that it is there while Grace says that it is not: whoever is second is told, and it is public once."""
    for _ in range(ROUNDS):
        delivery = scheduled(dev)
        street.fault("flip", "status", status=504, when="after")
        publish(clock, delivery)
        Delivery.objects.filter(pk=delivery.pk).update(status=Status.UNCERTAIN)
        clock.move(minutes=2)  # the platform has settled
        told = together(
            partial(scheduling.confirm, as_it_is(delivery), f"{street.url}/somewhere", clock()),
            partial(scheduling.send_again, as_it_is(delivery), now(clock)),
            work(clock),
        )
        assert REFUSED in told[:2]
        publish(clock, delivery)
        assert (delivery.status, street.public(delivery)) == (Status.PUBLISHED, 1)


def test_a_post_that_two_rescues_find_is_noticed_once(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, together: Together
) -> None:
    for _ in range(ROUNDS):
        delivery = scheduled(dev)
        [trip] = publishing.claim(clock(), 1)
        result = take(trip, clock())
        lease_runs_out(delivery)
        rescue = partial(publishing.rescue, clock)
        together(rescue, rescue, partial(ledger.record, result, clock()))
        publish(clock, delivery, moves=3)
        assert (delivery.status, street.public(delivery), street.drafts(delivery)) == (Status.PUBLISHED, 1, 0)
        assert delivery.attempts.filter(outcome="abandoned").count() <= 1
