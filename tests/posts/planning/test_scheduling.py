"""What people decide: when and where to, and what they may still change. All of it or nothing, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User, Workspace
from posts import connecting, covers
from posts.engine import publishing
from posts.engine.packing import head_start
from posts.models import Channel, Delivery, Post
from posts.models.delivery import SUCCESSORS
from posts.planning import scheduling
from posts.planning.moments import Moment, moment_at
from publishers.base import Level
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
Plan = Callable[..., Delivery]
Write = Callable[..., Post]
Connect = Callable[..., Channel]


def at(clock: MovableClock, **later: float) -> Moment:
    return moment_at(clock() + timedelta(**later), UTC)


def row(delivery: Delivery) -> dict[str, Any]:
    return dict(Delivery.objects.filter(pk=delivery.pk).values().get())


def put(delivery: Delivery, status: Delivery.Status, **fields: Any) -> Delivery:
    """As if it had come to this state on its way."""
    Delivery.objects.filter(pk=delivery.pk).update(status=status, remote_id="7", **fields)
    delivery.refresh_from_db()
    return delivery


def graces(grace: User) -> Workspace:
    workspace = Workspace.objects.of(grace)
    assert workspace is not None
    return workspace


# --- scheduling ------------------------------------------------------------------------------------------------------


def test_each_channel_gets_a_delivery_with_the_time_as_it_was_meant(
    dev: Channel, folder: Channel, new_post: Write, clock: MovableClock, ada: User
) -> None:
    moment = Moment(at(clock, hours=1).due_at, "2030-01-01T09:00", "Europe/Berlin")
    deliveries = scheduling.schedule(new_post(), [dev, folder], moment, clock(), ada)
    assert [delivery.channel for delivery in deliveries] == [dev, folder]
    for delivery in deliveries:
        assert (delivery.status, delivery.created_by) == (Status.SCHEDULED, ada)
        assert (delivery.wall_time, delivery.zone) == ("2030-01-01T09:00", "Europe/Berlin")
        assert delivery.due_at == delivery.act_at + head_start(delivery.channel) == moment.due_at
        assert delivery.late_after == moment.due_at + dev.workspace.grace


def test_when_one_of_several_channels_has_the_post_already_none_gets_it(
    dev: Channel, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    first = scheduled(folder)
    with pytest.raises(scheduling.Refused, match=rf"on {folder} already"):
        scheduling.schedule(first.post, [dev, folder], at(clock), clock())
    assert list(Delivery.objects.all()) == [first]


def test_when_one_platform_refuses_none_gets_it_and_each_refusal_names_its_channel(
    dev: Channel, folder: Channel, new_post: Write, clock: MovableClock
) -> None:
    with pytest.raises(scheduling.PlatformRefuses) as refusal:
        scheduling.schedule(new_post(title=""), [dev, folder], at(clock), clock())
    assert set(refusal.value.findings) == {dev, folder}
    for channel, findings in refusal.value.findings.items():
        assert [(finding.level, finding.field) for finding in findings] == [(Level.REFUSED, "title")]
        assert f"{channel}: {findings[0].message}" in str(refusal.value).splitlines()
    assert not Delivery.objects.exists()


def test_only_the_platform_that_refuses_is_named(
    dev: Channel, folder: Channel, new_post: Write, clock: MovableClock
) -> None:
    with pytest.raises(scheduling.PlatformRefuses) as refusal:
        scheduling.schedule(new_post(title="x" * 200), [dev, folder], at(clock), clock())
    assert set(refusal.value.findings) == {dev}


def test_somebody_without_a_channel_is_asked_to_choose_one(new_post: Write, clock: MovableClock, ada: User) -> None:
    with pytest.raises(scheduling.Refused, match="at least one channel"):
        scheduling.schedule(new_post(), [], at(clock), clock())


def test_a_minute_ago_is_now_and_two_minutes_ago_is_the_past(
    folder: Channel, new_post: Write, clock: MovableClock
) -> None:
    now = clock()
    with pytest.raises(scheduling.Refused, match="in the past"):
        scheduling.schedule(new_post(), [folder], moment_at(now - timedelta(minutes=2), UTC), now)
    scheduling.schedule(new_post(), [folder], moment_at(now - timedelta(minutes=1), UTC), now)
    assert Delivery.objects.count() == 1


def test_ada_cannot_publish_on_a_channel_of_grace(
    dev: Channel, new_post: Write, clock: MovableClock, grace: User
) -> None:
    Channel.objects.filter(pk=dev.pk).update(workspace=graces(grace))
    dev.refresh_from_db()
    with pytest.raises(scheduling.Refused, match="another workspace"):
        scheduling.schedule(new_post(), [dev], at(clock), clock())
    assert not Delivery.objects.exists()


def test_a_removed_channel_takes_nothing_also_when_it_is_removed_while_the_form_is_open(
    dev: Channel, folder: Channel, new_post: Write, clock: MovableClock
) -> None:
    on_the_screen = Channel.objects.get(pk=folder.pk)
    connecting.disconnect(folder)
    folder.refresh_from_db()
    for stale_or_fresh in (on_the_screen, folder):
        with pytest.raises(scheduling.Refused, match="has been removed"):
            scheduling.schedule(new_post(), [dev, stale_or_fresh], at(clock), clock())
    assert not Delivery.objects.exists()


def test_a_channel_whose_platform_is_gone_from_this_installation_is_a_refusal_and_no_accident(
    folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    delivery = put(scheduled(folder), Status.UNCERTAIN)
    Channel.objects.filter(pk=folder.pk).update(platform="gone")
    channel = Channel.objects.get(pk=folder.pk)
    with pytest.raises(scheduling.PlatformRefuses, match="no publisher called “gone”"):
        scheduling.schedule(new_post(), [channel], at(clock), clock())
    with pytest.raises(scheduling.PlatformRefuses, match="no publisher called “gone”"):
        scheduling.send_again(Delivery.objects.get(pk=delivery.pk), at(clock))


def test_a_cancelled_or_failed_post_can_be_scheduled_on_the_same_channel_again(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    first = scheduled(folder)
    scheduling.cancel(first)
    second = scheduled(folder, first.post)
    put(second, Status.FAILED)
    third = publish(clock, scheduled(folder, first.post))
    assert third.status == Status.PUBLISHED


# --- what else the workspace publishes -------------------------------------------------------------------------------

CANONICAL = "https://ada.example.org/engines"


def canonical_findings(post: Post, channel: Channel) -> list[Level]:
    return [finding.level for finding in scheduling.check(post, channel) if finding.field == "canonical_url"]


def test_two_posts_with_one_canonical_url_are_refused_where_the_platform_takes_it_only_once(
    dev: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    scheduled(dev, new_post(title="The first", canonical_url=CANONICAL))
    with pytest.raises(scheduling.PlatformRefuses, match="“The first” has the same canonical URL"):
        scheduled(dev, new_post(canonical_url=CANONICAL))


def test_elsewhere_the_same_canonical_url_is_only_said(folder: Channel, scheduled: Plan, new_post: Write) -> None:
    scheduled(folder, new_post(canonical_url=CANONICAL))
    second = new_post(canonical_url=CANONICAL)
    assert canonical_findings(second, folder) == [Level.CHANGED]
    assert scheduled(folder, second).status == Status.SCHEDULED


def test_the_same_canonical_url_is_no_matter_on_another_platform_when_cancelled_or_for_the_post_itself(
    dev: Channel, folder: Channel, new_channel: Connect, scheduled: Plan, new_post: Write
) -> None:
    first = scheduled(folder, new_post(canonical_url=CANONICAL))
    second = new_post(canonical_url=CANONICAL)
    assert canonical_findings(second, dev) == []
    assert canonical_findings(first.post, new_channel("folder")) == []
    scheduling.cancel(first)
    assert canonical_findings(second, folder) == []


def test_what_grace_publishes_is_not_told_to_ada(dev: Channel, scheduled: Plan, new_post: Write, grace: User) -> None:
    other = scheduled(dev, new_post(canonical_url=CANONICAL))
    Delivery.objects.filter(pk=other.pk).update(workspace=graces(grace))
    Post.objects.filter(pk=other.post_id).update(workspace=graces(grace))
    assert canonical_findings(new_post(canonical_url=CANONICAL), dev) == []


def test_checking_a_post_asks_nobody_outside(street: Street, dev: Channel, new_post: Write) -> None:
    before = len(street.ask("log"))
    scheduling.check(new_post(), dev)
    assert len(street.ask("log")) == before


def test_a_cover_that_cannot_be_fetched_is_said_while_scheduling(
    folder: Channel, new_post: Write, clock: MovableClock
) -> None:
    post = new_post(cover_url="http://127.0.0.1:9/cover.png")
    assert [f.field for f in scheduling.check(post, folder)] == [], "nobody has looked yet"
    covers.check(post.pk)
    post.refresh_from_db()
    [finding] = scheduling.check(post, folder)
    assert (finding.level, finding.field) == (Level.LOST, "cover_url")
    scheduling.schedule(post, [folder], at(clock), clock())  # said, not forbidden


# --- every verb in every state ---------------------------------------------------------------------------------------

VERBS: dict[str, tuple[Callable[[Delivery, MovableClock], None], Delivery.Status, set[Delivery.Status]]] = {
    "reschedule": (
        lambda delivery, clock: scheduling.reschedule(delivery, at(clock, hours=3), clock()),
        Status.SCHEDULED, {Status.SCHEDULED, Status.FAILED, Status.MISSED, Status.HANDED_OVER},
    ),
    "publish now": (
        lambda delivery, clock: scheduling.publish_now(delivery, at(clock)),
        Status.SCHEDULED, {Status.SCHEDULED, Status.FAILED, Status.MISSED},
    ),
    "send again": (
        lambda delivery, clock: scheduling.send_again(delivery, at(clock)),
        Status.SCHEDULED, {Status.UNCERTAIN},
    ),
    "cancel": (
        lambda delivery, clock: scheduling.cancel(delivery),
        Status.CANCELLED, {state for state in Status if Status.CANCELLED in SUCCESSORS[state]},
    ),
    "confirm": (
        lambda delivery, clock: scheduling.confirm(delivery, "https://dev.to/ada/engines", clock()),
        Status.PUBLISHED, {Status.UNCERTAIN, Status.HANDED_OVER},
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_does_what_the_states_allow_or_says_why_not_and_changes_nothing(
    verb: str, state: Delivery.Status, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    do, target, allowed = VERBS[verb]
    delivery = put(scheduled(folder), state)
    before = row(delivery)
    if state in allowed:
        assert target in SUCCESSORS[state]
        do(delivery, clock)
        assert row(delivery)["status"] == target
        return
    with pytest.raises(scheduling.Refused) as refusal:
        do(delivery, clock)
    assert row(delivery) == before
    assert str(refusal.value)[0].isupper()
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("meanwhile", [Status.PUBLISHING, Status.CHECKING, Status.PUBLISHED, Status.CANCELLED])
def test_what_moved_on_since_the_page_was_opened_is_not_overwritten(
    verb: str, meanwhile: Delivery.Status, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    do, _, allowed = VERBS[verb]
    on_the_screen = put(scheduled(folder), min(allowed))
    Delivery.objects.filter(pk=on_the_screen.pk).update(status=meanwhile)
    before = row(on_the_screen)
    with pytest.raises(scheduling.Refused) as refusal:
        do(on_the_screen, clock)
    assert row(on_the_screen) == before
    words = {"publishing": "at this moment", "checking": "whether it arrived", "published": "is published"}
    assert words.get(meanwhile.value, "was cancelled") in str(refusal.value)


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_deleted_since_the_page_was_opened_is_said_to_be_deleted(
    verb: str, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    do, _, allowed = VERBS[verb]
    on_the_screen = put(scheduled(folder), min(allowed))
    Post.objects.get(pk=on_the_screen.post_id).delete()
    with pytest.raises(scheduling.Refused, match="deleted"):
        do(on_the_screen, clock)


@pytest.mark.parametrize("verb", ["reschedule", "publish now", "send again"])
def test_nothing_is_brought_back_onto_a_removed_channel(
    verb: str, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    """It would stay scheduled for ever: no worker takes it there."""
    do, _, allowed = VERBS[verb]
    delivery = put(scheduled(folder), (allowed - {Status.SCHEDULED}).pop())
    Channel.objects.filter(pk=folder.pk).update(status=Channel.Status.REMOVED)
    before = row(delivery)
    with pytest.raises(scheduling.Refused, match="has been removed"):
        do(delivery, clock)
    assert row(delivery) == before


@pytest.mark.parametrize("verb", ["reschedule", "publish now"])
def test_a_failed_delivery_is_not_revived_beside_a_later_one_of_the_same_post(
    verb: str, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    failed = put(scheduled(folder), Status.FAILED)
    scheduled(folder, failed.post, hours=1)
    with pytest.raises(scheduling.Refused, match="Another delivery"):
        VERBS[verb][0](failed, clock)
    assert row(failed)["status"] == Status.FAILED


def test_a_post_that_a_platform_would_refuse_by_now_is_not_begun_again(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = put(scheduled(folder), Status.FAILED)
    Post.objects.filter(pk=delivery.post_id).update(title="")
    with pytest.raises(scheduling.PlatformRefuses):
        scheduling.publish_now(Delivery.objects.get(pk=delivery.pk), at(clock))
    assert row(delivery)["status"] == Status.FAILED


def test_beginning_anew_forgets_the_failures_and_keeps_what_was_sent(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(folder)
    put(delivery, Status.FAILED, tries=4, looks_failed=3, looks_absent=1, message="No.", retry_if_absent=5, number=6)
    scheduling.reschedule(delivery, at(clock, hours=2), clock())
    delivery.refresh_from_db()
    assert (delivery.tries, delivery.looks_failed, delivery.looks_absent, delivery.message) == (0, 0, 0, "")
    assert (delivery.number, delivery.remote_id, delivery.retry_if_absent) == (6, "7", None)
    assert delivery.late_after == delivery.due_at + delivery.workspace.grace, "a new time has a grace of its own"


def test_rescheduling_moves_the_time_the_wall_time_and_the_grace(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(folder)
    moment = Moment(at(clock, hours=5).due_at, "2030-05-05T05:00", "Asia/Tokyo")
    scheduling.reschedule(delivery, moment, clock())
    delivery.refresh_from_db()
    assert delivery.due_at == delivery.act_at + head_start(delivery.channel) == moment.due_at
    assert delivery.late_after == moment.due_at + folder.workspace.grace
    assert (delivery.wall_time, delivery.zone) == ("2030-05-05T05:00", "Asia/Tokyo")
    assert publish(clock, delivery).status == Status.SCHEDULED
    clock.move(hours=5)
    assert publish(clock, delivery).status == Status.PUBLISHED


def test_nothing_is_rescheduled_into_the_past(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(folder, hours=1)
    before = row(delivery)
    with pytest.raises(scheduling.Refused, match="in the past"):
        scheduling.reschedule(delivery, at(clock, minutes=-5), clock())
    assert row(delivery) == before


def test_sending_again_looks_first_where_one_can_look(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = put(scheduled(folder), Status.UNCERTAIN)
    scheduling.send_again(delivery, at(clock))
    assert row(delivery)["doubtful"] is True


def test_a_confirmed_delivery_has_its_address_and_an_id(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    url = "https://ada.example.org/" + "x" * 400
    delivery = scheduled(folder)
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.HANDED_OVER)
    now = clock()
    scheduling.confirm(Delivery.objects.get(pk=delivery.pk), url, now)
    delivery.refresh_from_db()
    assert (delivery.remote_url, delivery.remote_id, delivery.published_at) == (url, url[:300], now)


@pytest.mark.parametrize("url", ["", "dev.to/ada", "javascript:alert(1)"])
def test_what_is_no_address_confirms_nothing(url: str, folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(folder)
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.UNCERTAIN)
    with pytest.raises(scheduling.Refused, match="address"):
        scheduling.confirm(Delivery.objects.get(pk=delivery.pk), url, clock())
    assert row(delivery)["status"] == Status.UNCERTAIN


def test_a_cancelled_delivery_is_never_sent(street: Street, dev: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(dev)
    scheduling.cancel(delivery)
    assert publish(clock, delivery, moves=2).status == Status.CANCELLED
    assert street.ask("articles") == []


def test_cancelling_what_a_worker_has_just_taken_comes_too_late(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    on_the_screen = scheduled(dev)
    publishing.claim(clock(), 5)
    with pytest.raises(scheduling.Refused, match="too late to change"):
        scheduling.cancel(on_the_screen)


def test_all_deliveries_of_a_post_are_checked_before_the_first_is_written(
    dev: Channel, folder: Channel, new_post: Write, clock: MovableClock
) -> None:
    with (
        CaptureQueriesContext(
            connection,
        ) as seen,
        pytest.raises(scheduling.PlatformRefuses),
    ):
        scheduling.schedule(new_post(title="x" * 200), [folder, dev], at(clock), clock())
    assert not [query for query in seen if "INSERT INTO" in query["sql"] and "posts_delivery" in query["sql"]]
