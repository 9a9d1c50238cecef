"""Weekly slots, the next free one of them, and moving what is queued: never two in one slot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from posts.models import Channel, Delivery, Post, Slot
from posts.planning import changing, queueing, scheduling, slots
from posts.planning.moments import moment_at
from posts.planning.queueing import Where
from posts.planning.scheduling import Place
from tests.real.house import wait_for

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
NOW = datetime(2030, 3, 18, 12, 0, tzinfo=UTC)  # a Monday; on the 31st the clocks are set forward in Berlin
BERLIN = "Europe/Berlin"
Write = Callable[..., Post]
Enqueue = Callable[..., Delivery]


def opened(some: list[Slot], after: datetime, count: int) -> list[str]:
    return [f"{each.due_at:%a %-d %b %H:%M}" for each in islice(slots.openings(some, after), count)]


@pytest.fixture
def nine(dev: Channel) -> Channel:
    """Ada's channel publishes on Tuesdays and Thursdays at nine, in Berlin."""
    assert queueing.add_slots(dev, [1, 3], time(9), BERLIN) == 2
    return dev


@pytest.fixture
def enqueue(new_post: Write, ada: User) -> Enqueue:
    """A post in the next free slot, as it was shown a moment ago."""

    def add(channel: Channel, now: datetime = NOW, title: str = "") -> Delivery:
        at = slots.next_free([channel], now)[channel.pk]
        post = new_post(**({"title": title} if title else {}))
        [delivery] = scheduling.schedule_each(post, [Place(channel, at, in_slot=True)], now, ada)
        return delivery

    return add


def queue(channel: Channel) -> list[str]:
    return [f"{each.due_at:%-d} {each.post}" for each in queueing.queued(channel, NOW)]


class TestOpenings:
    def test_nine_oclock_stays_nine_oclock_when_the_clocks_change(self, nine: Channel) -> None:
        assert opened(list(nine.slots.all()), NOW, 5) == [
            "Tue 19 Mar 08:00", "Thu 21 Mar 08:00", "Tue 26 Mar 08:00", "Thu 28 Mar 08:00", "Tue 2 Apr 07:00",
        ]  # fmt: skip

    def test_a_slot_in_the_gap_opens_at_the_moment_that_was_meant(self) -> None:
        some = [Slot(weekday=6, at=time(2, 30), zone=BERLIN)]
        first, gap, after = islice(slots.openings(some, NOW), 3)
        assert (first.wall_time, gap.wall_time, after.wall_time) == (
            "2030-03-24T02:30", "2030-03-31T03:30", "2030-04-07T02:30",
        )  # fmt: skip

    def test_two_slots_of_one_instant_open_once(self) -> None:
        some = [Slot(weekday=1, at=time(9), zone=BERLIN), Slot(weekday=1, at=time(8), zone="UTC")]
        assert opened(some, NOW, 2) == ["Tue 19 Mar 08:00", "Tue 26 Mar 08:00"]

    def test_zones_are_merged_in_the_order_of_their_instants(self) -> None:
        some = [Slot(weekday=1, at=time(9), zone="Asia/Tokyo"), Slot(weekday=0, at=time(23), zone="America/New_York")]
        assert opened(some, NOW, 3) == ["Tue 19 Mar 00:00", "Tue 19 Mar 03:00", "Tue 26 Mar 00:00"]

    def test_what_is_now_has_opened_already(self) -> None:
        some = [Slot(weekday=0, at=time(12), zone="UTC")]
        assert opened(some, NOW, 1) == ["Mon 25 Mar 12:00"]

    def test_without_slots_nothing_opens(self) -> None:
        assert opened([], NOW, 1) == []


class TestSlots:
    def test_the_same_slot_is_there_once(self, nine: Channel) -> None:
        assert queueing.add_slots(nine, [1, 2], time(9), BERLIN) == 1
        assert nine.slots.count() == 3

    def test_a_week_has_so_many_slots_at_most(self, nine: Channel) -> None:
        for hour in range(14):
            queueing.add_slots(nine, range(7), time(hour, 30), BERLIN)
        with pytest.raises(scheduling.Refused, match="100 slots a week at most"):
            queueing.add_slots(nine, range(7), time(20), BERLIN)

    def test_a_removed_slot_moves_nothing(self, nine: Channel, enqueue: Enqueue) -> None:
        delivery = enqueue(nine)
        assert queueing.remove_slot(nine, nine.slots.get(weekday=1).pk)
        delivery.refresh_from_db()
        assert f"{delivery.due_at:%a %-d %H:%M}" == "Tue 19 08:00"
        assert queueing.left_over(nine, queueing.queued(nine, NOW), NOW) == [delivery]

    def test_a_slot_of_another_channel_is_not_removed(self, nine: Channel, folder: Channel) -> None:
        assert not queueing.remove_slot(folder, nine.slots.get(weekday=1).pk)
        assert nine.slots.count() == 2


class TestAddingToTheQueue:
    def test_each_gets_the_next_free_slot(self, nine: Channel, enqueue: Enqueue) -> None:
        times = [enqueue(nine).due_at for _ in range(3)]
        assert [f"{at:%a %-d}" for at in times] == ["Tue 19", "Thu 21", "Tue 26"]

    def test_it_keeps_the_slot_and_the_time_as_it_was_meant(self, nine: Channel, enqueue: Enqueue) -> None:
        delivery = enqueue(nine)
        assert (delivery.slot_at, delivery.wall_time, delivery.zone) == (delivery.due_at, "2030-03-19T09:00", BERLIN)

    def test_what_is_scheduled_by_hand_at_a_slot_fills_it(
        self, nine: Channel, enqueue: Enqueue, new_post: Write, ada: User
    ) -> None:
        tuesday = slots.next_free([nine], NOW)[nine.pk]
        scheduling.schedule(new_post(), [nine], tuesday, NOW, ada)
        assert f"{enqueue(nine).due_at:%a}" == "Thu"

    def test_a_slot_that_is_given_back_is_free_again(self, nine: Channel, enqueue: Enqueue) -> None:
        for status in (Status.CANCELLED, Status.FAILED):
            delivery = enqueue(nine)
            Delivery.objects.filter(pk=delivery.pk).update(status=status)
        assert f"{enqueue(nine).due_at:%a %-d}" == "Tue 19"

    def test_a_slot_that_was_taken_meanwhile_is_said_and_the_next_one_offered(
        self, nine: Channel, enqueue: Enqueue, new_post: Write
    ) -> None:
        shown = slots.next_free([nine], NOW)[nine.pk]
        enqueue(nine)
        with pytest.raises(scheduling.SlotTaken, match="Tue 19 Mar 2030, 09:00 on devto 1 is not free") as lost:
            scheduling.schedule_each(new_post(), [Place(nine, shown, in_slot=True)], NOW)
        assert f"{lost.value.instead[nine.pk].due_at:%a %-d}" == "Thu 21"
        assert Delivery.objects.count() == 1

    def test_a_time_that_is_no_slot_is_not_queued(self, nine: Channel, new_post: Write) -> None:
        at = moment_at(NOW + timedelta(hours=1), UTC)
        with pytest.raises(scheduling.SlotTaken):
            scheduling.schedule_each(new_post(), [Place(nine, at, in_slot=True)], NOW)

    def test_the_database_itself_holds_one_in_a_slot(self, nine: Channel, enqueue: Enqueue) -> None:
        first, second = enqueue(nine), enqueue(nine)
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.filter(pk=second.pk).update(slot_at=first.slot_at)

    def test_another_time_gives_the_slot_back(self, nine: Channel, enqueue: Enqueue) -> None:
        delivery = enqueue(nine)
        scheduling.reschedule(delivery, moment_at(NOW + timedelta(hours=5), UTC), NOW)
        delivery.refresh_from_db()
        assert delivery.slot_at is None
        assert f"{enqueue(nine).due_at:%a %-d}" == "Tue 19"

    def test_published_now_it_gives_the_slot_back(self, nine: Channel, enqueue: Enqueue) -> None:
        delivery = enqueue(nine)
        scheduling.publish_now(delivery, moment_at(NOW, UTC))
        delivery.refresh_from_db()
        assert delivery.slot_at is None


class TestMoving:
    @pytest.fixture
    def line(self, nine: Channel, enqueue: Enqueue) -> dict[str, Delivery]:
        """A, B and C in the first three slots."""
        return {title: enqueue(nine, title=title) for title in "ABC"}

    @pytest.mark.parametrize(("who", "where", "then"), [
        ("B", Where.UP, ["19 B", "21 A", "26 C"]),
        ("B", Where.DOWN, ["19 A", "21 C", "26 B"]),
        ("C", Where.TOP, ["19 C", "21 A", "26 B"]),
        ("A", Where.BOTTOM, ["19 B", "21 C", "26 A"]),
        ("C", Where.DOWN, ["19 A", "21 B", "28 C"]),
    ])  # fmt: skip
    def test_it_changes_places(
        self, nine: Channel, line: dict[str, Delivery], who: str, where: Where, then: list[str]
    ) -> None:
        change = queueing.move(line[who], where, line[who].slot_at, NOW, None)
        assert queue(nine) == then
        moved = Delivery.objects.get(pk=line[who].pk)
        assert moved.due_at == moved.slot_at == change.due_after
        assert moved.late_after
        assert moved.act_at <= moved.due_at < moved.late_after

    @pytest.mark.parametrize("where", [Where.TOP, Where.UP, Where.DOWN, Where.BOTTOM])
    def test_undone_everybody_is_where_they_were(self, nine: Channel, line: dict[str, Delivery], where: Where) -> None:
        before = queue(nine)
        change = queueing.move(line["B"], where, None, NOW, None)
        assert queue(nine) != before
        changing.undo(change, NOW, None)
        assert queue(nine) == before
        assert all(each.slot_at == each.due_at for each in queueing.queued(nine, NOW))

    def test_it_is_not_undone_when_a_neighbour_was_moved_since(self, nine: Channel, line: dict[str, Delivery]) -> None:
        change = queueing.move(line["C"], Where.TOP, None, NOW, None)
        queueing.move(line["B"], Where.DOWN, None, NOW, None)
        now = queue(nine)
        with pytest.raises(scheduling.Refused, match="The queue has changed since"):
            changing.undo(change, NOW, None)
        assert queue(nine) == now

    def test_it_is_not_undone_into_a_slot_that_another_has(
        self, nine: Channel, line: dict[str, Delivery], enqueue: Enqueue
    ) -> None:
        scheduling.cancel(line["B"])
        change = queueing.move(line["C"], Where.TOP, None, NOW, None)
        assert queue(nine) == ["19 C", "21 A"]
        enqueue(nine, title="D")
        with pytest.raises(scheduling.Refused, match="given to another post since"):
            changing.undo(change, NOW, None)
        assert queue(nine) == ["19 C", "21 A", "26 D"]

    def test_it_is_not_undone_when_a_time_of_it_is_over(self, nine: Channel, line: dict[str, Delivery]) -> None:
        change = queueing.move(line["B"], Where.DOWN, None, NOW, None)
        with pytest.raises(scheduling.Refused, match="is over"):
            changing.undo(change, NOW + timedelta(days=9), None)

    def test_into_a_gap_nobody_else_moves(self, nine: Channel, line: dict[str, Delivery]) -> None:
        scheduling.cancel(line["A"])
        queueing.move(line["C"], Where.TOP, None, NOW, None)
        assert queue(nine) == ["19 C", "21 B"]

    def test_to_the_top_shifts_only_up_to_the_first_gap(self, nine: Channel, line: dict[str, Delivery]) -> None:
        scheduling.cancel(line["B"])
        queueing.move(line["C"], Where.TOP, None, NOW, None)
        assert queue(nine) == ["19 C", "21 A"]

    @pytest.mark.parametrize(("who", "where", "words"), [
        ("A", Where.UP, "in the first slot already"),
        ("A", Where.TOP, "in the first slot already"),
        ("C", Where.BOTTOM, "the last one already"),
    ])  # fmt: skip
    def test_at_the_ends_it_is_said(self, line: dict[str, Delivery], who: str, where: Where, words: str) -> None:
        with pytest.raises(scheduling.Refused, match=words):
            queueing.move(line[who], where, None, NOW, None)

    def test_what_is_on_its_way_keeps_its_place_and_others_pass_it_by(
        self, nine: Channel, line: dict[str, Delivery]
    ) -> None:
        Delivery.objects.filter(pk=line["A"].pk).update(status=Status.PUBLISHING)
        with pytest.raises(scheduling.Refused, match="being published on devto 1 at this moment"):
            queueing.move(line["A"], Where.DOWN, None, NOW, None)
        queueing.move(line["C"], Where.TOP, None, NOW, None)
        assert queue(nine) == ["21 C", "26 B"]
        line["A"].refresh_from_db()
        assert f"{line['A'].due_at:%-d}" == "19"

    def test_what_is_published_never_moves(self, nine: Channel, line: dict[str, Delivery]) -> None:
        Delivery.objects.filter(pk=line["A"].pk).update(status=Status.PUBLISHED, remote_id="7")
        with pytest.raises(scheduling.Refused, match="published on devto 1 already"):
            queueing.move(line["A"], Where.DOWN, None, NOW, None)

    def test_what_was_moved_meanwhile_is_not_moved_again(self, nine: Channel, line: dict[str, Delivery]) -> None:
        seen = line["B"].slot_at
        queueing.move(line["B"], Where.UP, seen, NOW, None)
        with pytest.raises(scheduling.Refused, match="“B” was moved meanwhile: it is due Tue 19 Mar 2030, 09:00 now"):
            queueing.move(line["B"], Where.UP, seen, NOW, None)
        assert queue(nine) == ["19 B", "21 A", "26 C"]

    def test_where_a_neighbour_cannot_be_moved_nobody_is(self, nine: Channel, line: dict[str, Delivery]) -> None:
        Post.objects.filter(pk=line["A"].post_id).update(title="", markdown="")
        with pytest.raises(scheduling.Refused, match="would have to be moved as well"):
            queueing.move(line["B"], Where.UP, None, NOW, None)
        assert [at.split()[0] for at in queue(nine)] == ["19", "21", "26"]
        assert queue(nine)[1] == "21 B"

    def test_a_time_of_its_own_is_not_in_the_queue(self, nine: Channel, line: dict[str, Delivery]) -> None:
        scheduling.reschedule(line["A"], moment_at(NOW + timedelta(hours=5), UTC), NOW)
        with pytest.raises(scheduling.Refused, match="a time of its own"):
            queueing.move(line["A"], Where.DOWN, None, NOW, None)


class TestOtherSlots:
    def test_the_queue_moves_only_when_it_is_told_to(self, nine: Channel, enqueue: Enqueue) -> None:
        first, second = enqueue(nine, title="A"), enqueue(nine, title="B")
        nine.slots.all().delete()
        queueing.add_slots(nine, [4], time(7), "UTC")
        assert queue(nine) == ["19 A", "21 B"]
        shown = queueing.realignment(nine, NOW)
        assert [(each.pk, f"{at.due_at:%-d %H:%M}") for each, at in shown] == [
            (first.pk, "22 07:00"), (second.pk, "29 07:00"),
        ]  # fmt: skip
        assert queueing.realign(nine, [(each.pk, at.due_at) for each, at in shown], NOW, None)[0] == 2
        assert queue(nine) == ["22 A", "29 B"]
        assert queueing.left_over(nine, queueing.queued(nine, NOW), NOW) == []

    def test_undone_it_has_its_old_times(self, nine: Channel, enqueue: Enqueue) -> None:
        for title in "AB":
            enqueue(nine, title=title)
        nine.slots.all().delete()
        queueing.add_slots(nine, [4], time(7), "UTC")
        shown = [(each.pk, at.due_at) for each, at in queueing.realignment(nine, NOW)]
        _, change = queueing.realign(nine, shown, NOW, None)
        assert change
        changing.undo(change, NOW, None)
        assert queue(nine) == ["19 A", "21 B"]

    def test_what_was_shown_is_what_is_done(self, nine: Channel, enqueue: Enqueue) -> None:
        enqueue(nine, title="A")
        nine.slots.all().delete()
        queueing.add_slots(nine, [4], time(7), "UTC")
        shown = [(each.pk, at.due_at) for each, at in queueing.realignment(nine, NOW)]
        enqueue(nine, title="B")
        with pytest.raises(scheduling.Refused, match="changed meanwhile"):
            queueing.realign(nine, shown, NOW, None)
        assert queue(nine)[0] == "19 A"


# --- at once ---------------------------------------------------------------------------------------------------------


def at_once(*verbs: Callable[[], Any]) -> list[Any]:
    """Run them in threads that begin together; what each returned, or how it was refused."""
    barrier = threading.Barrier(len(verbs))
    found: list[Any] = [None] * len(verbs)

    def run(number: int, verb: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            found[number] = verb()
        except scheduling.Refused as refused:
            found[number] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_who_add_at_once_never_get_one_slot(self, nine: Channel, new_post: Write) -> None:
        shown = slots.next_free([nine], NOW)[nine.pk]
        posts = [new_post() for _ in range(4)]
        found = at_once(*(
            lambda post=post: scheduling.schedule_each(post, [Place(nine, shown, in_slot=True)], NOW) for post in posts
        ))  # fmt: skip
        told = [each for each in found if isinstance(each, scheduling.SlotTaken)]
        assert len(told) == 3
        assert Delivery.objects.filter(slot_at=shown.due_at).count() == Delivery.objects.count() == 1

    def test_two_who_move_at_once_lose_nothing(self, nine: Channel, enqueue: Enqueue) -> None:
        line = [enqueue(nine, title=title) for title in "ABCD"]
        before = {each.slot_at for each in line}
        found = at_once(
            lambda: queueing.move(line[3], Where.TOP, line[3].slot_at, NOW, None),
            lambda: queueing.move(line[1], Where.UP, line[1].slot_at, NOW, None),
            lambda: queueing.move(line[0], Where.BOTTOM, line[0].slot_at, NOW, None),
        )
        after = list(Delivery.objects.values_list("slot_at", flat=True))
        assert set(after) == before
        assert len(after) == 4
        told = [str(each) for each in found if isinstance(each, scheduling.Refused)]
        assert all("moved meanwhile" in words for words in told)
        assert len(told) < 3

    @pytest.mark.parametrize("number", range(8))
    def test_what_a_worker_takes_at_that_moment_is_not_moved_and_what_is_moved_is_not_taken(
        self, nine: Channel, enqueue: Enqueue, number: int
    ) -> None:
        first, second = enqueue(nine), enqueue(nine)
        moment = first.due_at - timedelta(seconds=0.5)  # its draft may be begun, and its slot is still to come
        moved, taken = at_once(
            lambda: queueing.move(first, Where.DOWN, first.slot_at, moment, None),
            lambda: Delivery.objects.claim_due(moment, 4, timedelta(seconds=60)),
        )
        now = Delivery.objects.get(pk=first.pk)
        if first in taken:
            assert (now.status, now.due_at) == (Status.PUBLISHING, first.due_at)
            assert isinstance(moved, scheduling.Refused)
            assert "at this moment" in str(moved)
        else:
            assert (now.status, now.due_at) == (Status.SCHEDULED, second.due_at)
        assert len(set(Delivery.objects.values_list("slot_at", flat=True))) == 2

    @pytest.mark.postgres
    def test_who_had_to_wait_sees_what_the_first_has_done(self, nine: Channel, enqueue: Enqueue) -> None:
        line = [enqueue(nine, title=title) for title in "ABCD"]
        has_moved = threading.Event()

        def first() -> None:
            with transaction.atomic():
                queueing.move(line[2], Where.TOP, None, NOW, None)
                has_moved.set()
                wait_for(_somebody_waits, 10, "the second waits for the first")

        def second() -> None:
            has_moved.wait(10)
            queueing.move(line[3], Where.UP, None, NOW, None)

        assert at_once(first, second) == [None, None]
        assert [at.split()[1] for at in queue(nine)] == ["C", "A", "D", "B"]


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
