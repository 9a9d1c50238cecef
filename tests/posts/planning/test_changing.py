"""What Ada and Grace change about the plan is kept with what takes it back, and nobody overrules the other unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from accounts.models import User
from posts.models import Change, Channel, Delivery, Post
from posts.planning import changing, scheduling
from posts.planning.moments import Moment, moment_at
from posts.planning.scheduling import Refused
from tests.posts.conftest import MovableClock, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
Plan = Callable[..., Delivery]


def at(clock: MovableClock, **later: float) -> Moment:
    return moment_at(clock() + timedelta(**later), UTC)


def row(delivery: Delivery) -> dict[str, Any]:
    return dict(Delivery.objects.filter(pk=delivery.pk).values().get())


def put(delivery: Delivery, status: Delivery.Status, **fields: Any) -> Delivery:
    Delivery.objects.filter(pk=delivery.pk).update(status=status, **fields)
    delivery.refresh_from_db()
    return delivery


# --- moving ----------------------------------------------------------------------------------------------------------


def test_a_move_keeps_who_what_from_where_to_where_and_when(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    delivery = scheduled(folder, days=1)
    before, to, now = delivery.due_at, at(clock, days=2), clock()
    change = changing.move(delivery, to, now, ada)
    assert (change.what, change.by, change.at) == ("moved", ada, now)
    assert (change.due_before, change.due_after) == (before, to.due_at)
    assert (change.title, change.place) == (str(delivery.post), str(folder))


def test_undone_it_is_as_it_was_to_the_last_field(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    delivery = scheduled(folder, days=1)
    before = row(delivery)
    change = changing.move(delivery, at(clock, days=2), clock(), ada)
    assert row(delivery) != before
    later = clock() + timedelta(minutes=5)
    changing.undo(change, later, ada)
    assert row(delivery) == before
    change.refresh_from_db()
    assert (change.undone_at, change.undone_by) == (later, ada)


def test_nothing_is_undone_twice(folder: Channel, scheduled: Plan, clock: MovableClock, ada: User) -> None:
    change = changing.move(scheduled(folder, days=1), at(clock, days=2), clock(), ada)
    changing.undo(change, clock(), ada)
    with pytest.raises(Refused, match="undone already"):
        changing.undo(change, clock(), ada)


def test_who_moves_what_somebody_else_moved_meanwhile_is_told_and_nothing_is_lost(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, grace: User
) -> None:
    delivery = scheduled(folder, days=1)
    seen = delivery.due_at
    graces = at(clock, days=3)
    changing.move(delivery, graces, clock(), grace, seen=seen)
    with pytest.raises(Refused, match="Grace moved it meanwhile: it is due on"):
        changing.move(delivery, at(clock, days=2), clock(), ada, seen=seen)
    assert row(delivery)["due_at"] == graces.due_at
    assert Change.objects.count() == 1


def test_two_at_the_same_instant_one_wins_and_the_other_is_told(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked and found it where they saw it: the database decides."""
    delivery = scheduled(folder, days=1)
    quicker, checked = at(clock, days=3), scheduling.refusals

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        Delivery.objects.filter(pk=delivery.pk).update(due_at=quicker.due_at)
        return checked(*args, **kwargs)

    monkeypatch.setattr(scheduling, "refusals", meanwhile)
    with pytest.raises(Refused, match="moved at this very moment"):
        changing.move(delivery, at(clock, days=2), clock(), ada, seen=delivery.due_at)
    assert not Change.objects.exists()


def test_an_undo_does_not_overrule_a_later_move(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, grace: User
) -> None:
    delivery = scheduled(folder, days=1)
    first = changing.move(delivery, at(clock, days=2), clock(), ada)
    later = at(clock, days=4)
    second = changing.move(delivery, later, clock(), grace)
    first.refresh_from_db()
    assert not first.can_be_undone
    with pytest.raises(Refused, match="moved since"):
        changing.undo(first, clock(), ada)
    assert row(delivery)["due_at"] == later.due_at
    assert Change.objects.get(pk=first.pk).undone_at is None
    changing.undo(second, clock(), grace)
    changing.undo(first, clock(), ada)


def test_a_move_from_a_time_that_is_over_by_now_stays(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    change = changing.move(scheduled(folder, hours=1), at(clock, days=2), clock(), ada)
    clock.move(hours=3)
    with pytest.raises(Refused, match="is over"):
        changing.undo(change, clock(), ada)


@pytest.mark.parametrize("status", [Status.FAILED, Status.MISSED])
def test_what_began_anew_is_cancelled_and_not_undone(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, status: Delivery.Status
) -> None:
    change = changing.move(put(scheduled(folder), status), at(clock, days=2), clock(), ada)
    assert not change.can_be_undone
    with pytest.raises(Refused, match="began anew"):
        changing.undo(change, clock(), ada)


@pytest.mark.parametrize("status", [Status.PUBLISHING, Status.CHECKING, Status.CANCELLED])
def test_what_is_on_its_way_or_over_is_not_moved(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, status: Delivery.Status
) -> None:
    delivery = put(scheduled(folder, days=1), status)
    before = row(delivery)
    with pytest.raises(Refused):
        changing.move(delivery, at(clock, days=2), clock(), ada)
    assert row(delivery) == before
    assert not Change.objects.exists()


def test_what_was_published_since_is_not_moved_back(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    change = changing.move(scheduled(folder, days=2), at(clock, hours=1), clock(), ada)
    clock.move(hours=1, seconds=5)
    assert change.delivery is not None
    assert publish(clock, change.delivery).status == Status.PUBLISHED
    with pytest.raises(Refused, match="it is published"):
        changing.undo(change, clock(), ada)


# --- cancelling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [Status.WAITING, Status.SCHEDULED, Status.FAILED, Status.MISSED, Status.UNCERTAIN, Status.HANDED_OVER],
)
def test_what_was_cancelled_is_again_what_it_was(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, status: Delivery.Status
) -> None:
    delivery = put(scheduled(folder, days=1), status, message="As the author read it.")
    before = row(delivery)
    change = changing.cancel(delivery, clock(), ada)
    assert row(delivery)["status"] == Status.CANCELLED
    assert change.can_be_undone
    changing.undo(change, clock(), ada)
    assert row(delivery) == before


def test_what_was_cancelled_and_revived_goes_out_once(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    delivery = scheduled(folder, hours=1)
    changing.undo(changing.cancel(delivery, clock(), ada), clock(), ada)
    clock.move(hours=1, seconds=5)
    assert publish(clock, delivery).status == Status.PUBLISHED
    assert delivery.attempts.count() == 1


def test_what_was_scheduled_anew_is_not_revived_beside_it(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    delivery = scheduled(folder, days=1)
    change = changing.cancel(delivery, clock(), ada)
    scheduled(folder, delivery.post, days=3)
    with pytest.raises(Refused, match="again since"):
        changing.undo(change, clock(), ada)
    assert row(delivery)["status"] == Status.CANCELLED
    assert Change.objects.get(pk=change.pk).undone_at is None


def test_a_removed_channel_gets_nothing_back(folder: Channel, scheduled: Plan, clock: MovableClock, ada: User) -> None:
    change = changing.cancel(scheduled(folder, days=1), clock(), ada)
    Channel.objects.filter(pk=folder.pk).update(status=Channel.Status.REMOVED)
    with pytest.raises(Refused, match="has been removed"):
        changing.undo(change, clock(), ada)


def test_a_cancelled_time_that_is_over_is_not_published_late(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    change = changing.cancel(scheduled(folder, hours=1), clock(), ada)
    clock.move(hours=2)
    with pytest.raises(Refused, match="is over"):
        changing.undo(change, clock(), ada)


# --- deleting --------------------------------------------------------------------------------------------------------


def test_a_deleted_draft_comes_back_with_its_address_and_every_word(
    new_post: Callable[..., Post], clock: MovableClock, ada: User
) -> None:
    post = new_post(tags=["maths", "été"], summary="Short.", markdown="Long.\n\nText.")
    before = Post.objects.filter(pk=post.pk).values().get()
    change = changing.delete(post, clock(), ada)
    assert change is not None
    assert change.can_be_undone
    assert not Post.objects.exists()
    change = Change.objects.get()
    changing.undo(change, clock(), ada)
    assert Post.objects.filter(pk=before["id"]).values().get() == before


def test_what_is_scheduled_is_not_deleted_and_no_change_is_kept(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    assert changing.delete(scheduled(folder, days=1).post, clock(), ada) is None
    assert not Change.objects.exists()


def test_what_somebody_saved_meanwhile_is_not_deleted(
    new_post: Callable[..., Post], clock: MovableClock, ada: User
) -> None:
    post = new_post()
    Post.objects.filter(pk=post.pk).update(markdown="More.", version=2)
    assert changing.delete(post, clock(), ada) is None


def test_after_a_month_the_text_is_forgotten(new_post: Callable[..., Post], clock: MovableClock, ada: User) -> None:
    changing.delete(new_post(), clock(), ada)
    clock.move(days=29)
    changing.forget(clock())
    assert Change.objects.exists()
    clock.move(days=2)
    changing.forget(clock())
    assert not Change.objects.exists()


def test_of_two_who_undo_at_once_one_is_told(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, grace: User
) -> None:
    change = changing.move(scheduled(folder, days=1), at(clock, days=2), clock(), ada)
    shown_to_both = Change.objects.get(pk=change.pk)
    changing.undo(change, clock(), ada)
    with pytest.raises(Refused, match="undone already"):
        changing.undo(shown_to_both, clock(), grace)
