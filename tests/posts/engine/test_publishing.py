"""The main road and its faults: each post is public exactly once, or a person is asked. The sandbox is the oracle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import Mail
from posts import connecting
from posts.engine import ledger, publishing
from posts.engine.trips import take
from posts.models import Channel, Delivery, Post
from posts.models.delivery import SUCCESSORS
from posts.planning import scheduling
from posts.planning.moments import Moment, moment_at
from tests.posts.conftest import MovableClock, Street, history, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
Plan = Callable[..., Delivery]


def test_a_post_goes_out_once_as_a_draft_that_is_made_public(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = publish(clock, scheduled(dev))
    assert delivery.status == Status.PUBLISHED
    assert delivery.remote_url.startswith(street.url)
    assert history(delivery) == ["create done", "flip done"]
    assert street.public(delivery) == 1


def test_what_is_not_due_yet_stays(street: Street, dev: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = publish(clock, scheduled(dev, hours=2))
    assert delivery.status == Status.SCHEDULED
    assert street.ask("articles") == []


def test_the_text_is_taken_as_it_stands_at_publication(
    street: Street, dev: Channel, scheduled: Plan, new_post: Callable[..., Post], clock: MovableClock
) -> None:
    post = new_post(title="First thought")
    delivery = scheduled(dev, post, minutes=30)
    Post.objects.filter(pk=post.pk).update(title="Second thought", markdown="Better.", version=2)
    clock.move(minutes=30)
    publish(clock, delivery)
    assert [article["title"] for article in street.ask("articles")] == ["Second thought"]
    assert (delivery.sent_title, delivery.sent_markdown, delivery.sent_version) == ("Second thought", "Better.", 2)


FAULTS = [
    ("create", "status", {"status": 504, "when": "after"}),
    ("create", "status", {"status": 500, "when": "before"}),
    ("create", "close", {"when": "after"}),
    ("create", "close", {"when": "before"}),
    ("create", "html", {"when": "after"}),
    ("create", "half_json", {"when": "after"}),
    ("create", "hang", {"when": "after", "seconds": 30}),
    ("create", "drip", {"when": "after", "seconds": 0.2}),
    ("flip", "status", {"status": 504, "when": "after"}),
    ("flip", "status", {"status": 503, "when": "before"}),
    ("flip", "close", {"when": "after"}),
    ("flip", "html", {"when": "before"}),
    ("flip", "half_json", {"when": "after"}),
    ("flip", "hang", {"when": "before", "seconds": 30}),
]


@pytest.mark.parametrize(("call", "fault", "how"), FAULTS)
def test_a_lost_answer_is_looked_up_and_the_post_is_public_once(
    call: str, fault: str, how: dict[str, Any], street: Street, dev: Channel, scheduled: Plan, clock: MovableClock,
    settings: Any,
) -> None:  # fmt: skip
    settings.CALL_DEADLINE_SECONDS = 1
    delivery = scheduled(dev)
    street.fault(call, fault, **how)
    publish(clock, delivery)
    assert delivery.status == Status.CHECKING, delivery.message
    assert delivery.act_at - clock() > timedelta(seconds=50), "a look-up before the platform has settled proves nothing"
    publish(clock, delivery, moves=3)
    assert delivery.status == Status.PUBLISHED, delivery.message
    assert street.public(delivery) == 1
    assert street.drafts(delivery) == 0
    assert f"{call} unknown" in history(delivery)
    assert any(step.startswith("look ") for step in history(delivery))


def test_a_look_up_that_fails_is_repeated_and_in_the_end_a_person_is_asked(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.fault("create", "status", status=504, when="after")
    street.fault("list", "status", status=500, when="before", times=None)
    publish(clock, delivery, moves=16)
    assert delivery.status == Status.UNCERTAIN
    assert "could not find out" in delivery.message
    assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:uncertain").count() == 1
    assert street.public(delivery) == 0


def test_a_person_who_says_send_again_is_believed_only_after_one_more_look(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.fault("flip", "status", status=504, when="after")
    street.fault("list", "status", status=500, when="before", times=None)
    publish(clock, delivery, moves=16)
    assert delivery.status == Status.UNCERTAIN
    street.forgive()
    scheduling.send_again(delivery, at_once(clock))
    publish(clock, delivery)
    assert delivery.status == Status.PUBLISHED
    assert street.public(delivery) == 1


def test_a_refusal_fails_at_once_tells_the_author_and_can_be_tried_again(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.fault("create", "status", status=422, body='{"error": "Title is too dull", "status": 422}', when="before")
    publish(clock, delivery)
    assert delivery.status == Status.FAILED
    assert "Title is too dull" in delivery.message
    assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:failed").count() == 1
    scheduling.publish_now(delivery, at_once(clock))
    publish(clock, delivery)
    assert delivery.status == Status.PUBLISHED
    assert street.public(delivery) == 1


def test_being_asked_to_wait_is_no_failed_try_and_the_whole_channel_waits(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    first, second = scheduled(dev), scheduled(dev)
    street.fault("create", "status", status=429, retry_after=300, when="before")
    publish(clock, first)
    assert (first.status, first.tries) == (Status.SCHEDULED, 0)
    assert timedelta(seconds=290) < first.act_at - clock() < timedelta(seconds=310)
    second.refresh_from_db()
    assert history(second) == []
    clock.move(minutes=6)
    publish(clock, first)
    second.refresh_from_db()
    assert first.status == second.status == Status.PUBLISHED


def test_a_platform_out_of_reach_is_tried_five_times_and_then_it_failed(
    dev: Channel, scheduled: Plan, clock: MovableClock, settings: Any
) -> None:
    Channel.objects.filter(pk=dev.pk).update(settings={**dev.settings, "base_url": "http://127.0.0.1:9/api"})
    settings.ALLOW_PRIVATE_TARGETS |= {"http://127.0.0.1:9"}
    delivery = scheduled(dev)
    publish(clock, delivery, moves=7)
    assert delivery.status == Status.FAILED
    assert history(delivery) == ["create unavailable"] * 5


def test_a_revoked_token_closes_the_channel_once_and_keeps_its_deliveries(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    deliveries = [scheduled(dev), scheduled(dev)]
    street.order("accounts/revoke", key=dev.credentials["api_key"])
    publish(clock, deliveries[0])
    dev.refresh_from_db()
    assert dev.status == Channel.Status.CLOSED
    assert Mail.objects.filter(event__startswith=f"channel:{dev.pk}:closed").count() == 1
    assert [Delivery.objects.get(pk=d.pk).status for d in deliveries] == [Status.SCHEDULED] * 2

    key = street.order("accounts", username="ada_again", age_days=400)["key"]
    connecting.reconnect(dev, dev.name, {"api_key": key}, dev.settings)
    connecting.verify(dev.pk, clock)
    for delivery in deliveries:
        publish(clock, delivery)
        assert delivery.status == Status.PUBLISHED


def doubtful_on(street: Street, dev: Channel, scheduled: Plan, clock: MovableClock) -> Delivery:
    """Public on the platform, and nobody knows it yet."""
    delivery = scheduled(dev)
    street.fault("flip", "status", status=504, when="after")
    assert publish(clock, delivery).status == Status.CHECKING
    return delivery


def test_what_may_be_public_on_one_account_is_never_sent_to_another(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = doubtful_on(street, dev, scheduled, clock)
    key = street.order("accounts", username="somebody_else", age_days=400)["key"]
    connecting.reconnect(dev, dev.name, {"api_key": key}, dev.settings)
    connecting.verify(dev.pk, clock)
    publish(clock, delivery, moves=4)
    assert delivery.status == Status.UNCERTAIN
    assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:uncertain").count() == 1
    assert street.public(delivery) == 1


def test_nor_is_it_looked_for_at_another_address(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = doubtful_on(street, dev, scheduled, clock)
    connecting.reconnect(dev, dev.name, {}, {**dev.settings, "base_url": "https://dev.to/api"})
    publish(clock, delivery)
    assert delivery.status == Status.UNCERTAIN


def test_a_new_key_of_the_same_account_goes_on_looking(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = doubtful_on(street, dev, scheduled, clock)
    connecting.reconnect(dev, dev.name, {"api_key": dev.credentials["api_key"]}, dev.settings)
    connecting.verify(dev.pk, clock)
    publish(clock, delivery, moves=3)
    assert (delivery.status, street.public(delivery)) == (Status.PUBLISHED, 1)


def test_when_a_closed_channel_opens_too_late_the_author_is_asked(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.order("accounts/revoke", key=dev.credentials["api_key"])
    publish(clock, delivery)
    clock.move(days=3)
    key = street.order("accounts", username="ada_late", age_days=400)["key"]
    connecting.reconnect(dev, dev.name, {"api_key": key}, dev.settings)
    connecting.verify(dev.pk, clock)
    publish(clock, delivery, moves=2)
    assert delivery.status == Status.MISSED
    assert street.public(delivery) == 0


def test_what_is_later_than_the_grace_is_missed_and_said_not_sent(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    clock.move(hours=2)
    publishing.drain(clock)
    publish(clock, delivery, moves=2)
    assert delivery.status == Status.MISSED
    assert Mail.objects.filter(event__startswith="late:").count() == 1
    scheduling.publish_now(delivery, at_once(clock))
    publish(clock, delivery)
    assert delivery.status == Status.PUBLISHED
    assert street.public(delivery) == 1


def test_a_worker_that_dies_after_the_claim_is_noticed_and_the_post_is_public_once(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    publishing.claim(clock(), 5)  # and then nothing more is heard of it
    expire_lease(delivery)
    publish(clock, delivery, moves=3)
    assert delivery.status == Status.PUBLISHED
    assert history(delivery) == ["unknown abandoned", "look absent", "create done", "flip done"]
    assert street.public(delivery) == 1


def test_a_worker_that_dies_between_draft_and_flip_leaves_one_public_article(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    [trip] = publishing.claim(clock(), 5)
    take(trip, clock())  # the draft is on the platform, and nobody has written it down
    expire_lease(delivery)
    publish(clock, delivery, moves=3)
    assert history(delivery) == ["unknown abandoned", "look found", "flip done"]
    assert (street.public(delivery), street.drafts(delivery)) == (1, 0)


def test_a_worker_back_from_the_dead_overwrites_nothing(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    [trip] = publishing.claim(clock(), 5)
    result = take(trip, clock())
    expire_lease(delivery)
    publish(clock, delivery, moves=3)
    written = history(delivery)
    assert ledger.record(result, clock()) is None
    assert Delivery.objects.get(pk=delivery.pk).status == Status.PUBLISHED
    assert history(delivery) == written


def test_a_worker_back_before_the_look_up_hands_over_its_draft_and_does_not_flip(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    [trip] = publishing.claim(clock(), 5)
    result = take(trip, clock())
    expire_lease(delivery)
    publishing.rescue(clock)
    assert ledger.record(result, clock()) is None
    delivery.refresh_from_db()
    assert (delivery.status, delivery.remote_id != "") == (Status.CHECKING, True)
    publish(clock, delivery, moves=3)
    assert delivery.status == Status.PUBLISHED
    assert (street.public(delivery), street.drafts(delivery)) == (1, 0)


def test_past_the_fence_nothing_is_sent(street: Street, dev: Channel, scheduled: Plan, clock: MovableClock) -> None:
    scheduled(dev)
    [trip] = publishing.claim(clock(), 5)
    frozen = replace(trip, fence=time.monotonic() - 0.001)
    assert take(frozen, clock()).error is not None
    assert street.ask("articles") == []


def test_two_workers_never_take_the_same_channel(
    dev: Channel, new_channel: Callable[..., Channel], scheduled: Plan, clock: MovableClock
) -> None:
    for channel in (dev, dev, new_channel("devto")):
        scheduled(channel)
    first, second = publishing.claim(clock(), 5), publishing.claim(clock(), 5)
    assert len({trip.channel_id for trip in first}) == len(first) == 2
    assert second == []


def test_a_duplicate_refusal_of_somebody_elses_article_is_a_failure_with_the_reason(
    street: Street, dev: Channel, new_channel: Callable[..., Channel], scheduled: Plan, new_post: Callable[..., Post],
    clock: MovableClock, grace: Any,
) -> None:  # fmt: skip
    canonical = "https://ada.example.org/engines"
    publish(clock, scheduled(dev, new_post(canonical_url=canonical)))
    other = new_channel("devto")
    delivery = Delivery.objects.create(
        workspace=dev.workspace, post=new_post(canonical_url=canonical), channel=other, due_at=clock(), act_at=clock(),
        late_after=clock() + timedelta(hours=1),
    )  # fmt: skip
    publish(clock, delivery, moves=4)
    assert delivery.status == Status.FAILED
    assert "anonical" in delivery.message
    assert street.public(delivery) == 0


def test_a_draft_deleted_on_the_platform_is_said_and_trying_again_writes_a_new_one(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.fault("flip", "status", status=404, body='{"error": "not found", "status": 404}', when="before")
    publish(clock, delivery)
    assert delivery.status == Status.FAILED
    assert delivery.remote_id == ""
    scheduling.publish_now(delivery, at_once(clock))
    clock.move(minutes=1)
    publish(clock, delivery, moves=3)
    assert delivery.status == Status.PUBLISHED
    assert street.public(delivery) == 1


def test_a_paused_channel_waits_and_the_other_goes_on(
    street: Street, dev: Channel, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    connecting.pause(dev)
    waiting, gone = scheduled(dev), scheduled(folder)
    publish(clock, waiting)
    gone.refresh_from_db()
    assert (waiting.status, gone.status) == (Status.SCHEDULED, Status.PUBLISHED)
    assert publishing.next_due(clock()) is None, "the bell must not ring for what cannot be claimed"


def test_one_bad_row_does_not_stop_the_others(
    dev: Channel, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    bad, good = scheduled(dev), scheduled(folder)
    Channel.objects.filter(pk=dev.pk).update(platform="gone")
    publish(clock, bad)
    good.refresh_from_db()
    assert good.status == Status.PUBLISHED
    expire_lease(bad)
    publish(clock, bad, moves=2)
    assert bad.status == Status.UNCERTAIN


def test_stopping_puts_back_what_is_held_for_the_platforms_pace(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock, settings: Any
) -> None:
    settings.PACE = 1
    delivery = scheduled(dev)
    [trip] = publishing.claim(clock(), 5)
    following = ledger.record(take(trip, clock()), clock())
    assert following is not None
    assert following.step == "flip"
    assert following.ready_at > clock()
    ledger.put_back(following, clock())
    delivery.refresh_from_db()
    assert (delivery.status, delivery.remote_id) == (Status.SCHEDULED, following.remote_id)
    publish(clock, delivery)
    assert (street.public(delivery), street.drafts(delivery)) == (1, 0)


def test_the_database_refuses_two_live_deliveries_of_a_post_to_a_channel(dev: Channel, scheduled: Plan) -> None:
    delivery = scheduled(dev)
    with pytest.raises(scheduling.Refused, match="already"):
        scheduled(dev, delivery.post)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            workspace=dev.workspace, post=delivery.post, channel=dev, due_at=delivery.due_at, act_at=delivery.due_at
        )


def test_the_database_refuses_published_without_an_id(dev: Channel, scheduled: Plan) -> None:
    delivery = scheduled(dev)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(status=Status.PUBLISHED)


def test_the_database_refuses_two_at_once_on_a_channel(dev: Channel, scheduled: Plan) -> None:
    scheduled(dev), scheduled(dev)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(channel=dev).update(status=Status.PUBLISHING)


@pytest.mark.parametrize("state", Status)
def test_cancelling_wins_or_is_told_why_not(state: Delivery.Status, dev: Channel, scheduled: Plan) -> None:
    delivery = scheduled(dev)
    Delivery.objects.filter(pk=delivery.pk).update(status=state, remote_id="1")
    delivery.refresh_from_db()
    if Status.CANCELLED in SUCCESSORS[state]:
        scheduling.cancel(delivery)
        assert Delivery.objects.get(pk=delivery.pk).status == Status.CANCELLED
    else:
        with pytest.raises(scheduling.Refused) as refusal:
            scheduling.cancel(delivery)
        assert str(refusal.value).endswith(".")


def test_a_folder_delivery_is_written_once_and_looked_up_after_a_death(
    folder: Channel, scheduled: Plan, clock: MovableClock, settings: Any
) -> None:
    delivery = scheduled(folder)
    [trip] = publishing.claim(clock(), 5)
    take(trip, clock())
    expire_lease(delivery)
    publish(clock, delivery, moves=3)
    assert delivery.status == Status.PUBLISHED
    directory = settings.SITES_DIR / f"workspace-{folder.workspace_id}" / folder.settings["directory"]
    assert len([path for path in directory.rglob("*.md") if str(delivery.key) in path.read_text()]) == 1


def test_secrets_stand_neither_in_attempts_nor_in_the_repr_of_a_trip(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    [trip] = publishing.claim(clock(), 5)
    key = dev.credentials["api_key"]
    result = take(trip, clock())
    assert key not in repr(trip)
    assert key not in repr(result)
    ledger.record(result, clock())
    assert key not in str(list(delivery.attempts.values()))


def expire_lease(delivery: Delivery) -> None:
    """As if the worker that holds it had not been heard of for longer than its lease."""
    past = Now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=past)
    Channel.objects.filter(pk=delivery.channel_id).update(lease_until=past)


def at_once(clock: MovableClock) -> Moment:
    return moment_at(clock(), UTC)


def test_a_claim_that_is_not_ours_changes_no_channel(dev: Channel, scheduled: Plan, clock: MovableClock) -> None:
    scheduled(dev)
    [trip] = publishing.claim(clock(), 5)
    ledger.put_back(replace(trip, number=trip.number - 1, claim=uuid4()), clock())
    dev.refresh_from_db()
    assert dev.claim == trip.claim
