"""Something was down: what is late goes out, is asked about or is dropped, as was wished; each author hears once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import mailing
from accounts.models import Mail, Membership, User, WhenLate, Workspace
from posts import connecting, tasks
from posts.engine import lateness, ledger, publishing
from posts.models import Channel, Delivery, Heartbeat, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from posts.watch import watching
from tests.conftest import joined
from tests.posts.conftest import MovableClock, Street, history, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Plan = Callable[..., Delivery]
Write = Callable[..., Post]
Connect = Callable[..., Channel]
Status = Delivery.Status
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def empty_post_box(request: Any) -> None:
    """Without the welcome mails of those who have joined."""
    if "workspace" in request.fixturenames or "ada" in request.fixturenames:
        request.getfixturevalue("workspace")
        Mail.objects.all().delete()


@pytest.fixture
def sign(clock: MovableClock) -> Callable[[], None]:
    """A worker gives a sign of life."""
    return lambda: watching.beat(watching.Kind.WORKER, "worker somewhere:1", clock())


def back(clock: MovableClock, delivery: Delivery) -> Delivery:
    """A worker is back: what it does first, and then as ever."""
    lateness.catch_up(clock())
    publishing.rescue(clock)
    return publish(clock, delivery)


def wished(workspace: Workspace, wish: str, **fields: Any) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(when_late=wish, **fields)
    workspace.refresh_from_db()


def ahead(deliveries: list[Delivery], now: datetime) -> list[int]:
    """In how many seconds each is to go out."""
    rows = Delivery.objects.in_bulk([delivery.pk for delivery in deliveries])
    return [round((rows[delivery.pk].act_at - now).total_seconds()) for delivery in deliveries]


# --- what is wished --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("house", "own", "minutes", "becomes"),
    [
        ("publish", "", 30, Status.PUBLISHED),
        ("publish", "", 61, Status.MISSED),
        ("publish", "ask", 30, Status.MISSED),
        ("publish", "drop", 30, Status.CANCELLED),
        ("ask", "", 3, Status.MISSED),
        ("ask", "publish", 59, Status.PUBLISHED),
        ("drop", "", 3, Status.CANCELLED),
        ("drop", "ask", 3, Status.MISSED),
        # A moment late is on time, whatever is wished.
        ("ask", "", 1, Status.PUBLISHED),
        ("drop", "", 1, Status.PUBLISHED),
    ],
)
def test_a_post_becomes_what_its_author_wishes_else_the_workspace(
    house: str, own: str, minutes: int, becomes: Status,
    workspace: Workspace, folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock,
) -> None:  # fmt: skip
    wished(workspace, house)
    delivery = scheduled(folder, new_post(when_late=own))
    clock.move(minutes=minutes)
    assert back(clock, delivery).status == becomes
    assert Mail.objects.count() == (minutes > 2)


def test_ada_reads_why_on_the_page(folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock) -> None:
    said = []
    for wish in ("publish", "ask", "drop"):
        delivery = scheduled(folder, new_post(when_late=wish))
        clock.move(hours=2)
        said.append(back(clock, delivery).message)
    assert said == [lateness.GRACE_IS_OVER, lateness.ASKED, lateness.DROPPED]


def test_another_wish_of_the_workspace_holds_for_what_is_scheduled_already(
    workspace: Workspace, folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    its_own = new_post(when_late="ask")
    as_the_house, as_it_says = scheduled(folder), scheduled(folder, its_own)
    wished(workspace, "publish", grace=timedelta(hours=5))
    lateness.wishes_changed(workspace)
    clock.move(hours=4)
    assert back(clock, as_the_house).status == Status.PUBLISHED
    assert back(clock, as_it_says).status == Status.MISSED


def test_another_wish_of_one_post_holds_for_that_post_alone(
    workspace: Workspace, folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    news, essay = new_post(), new_post()
    planned = [scheduled(folder, news), scheduled(folder, essay)]
    news.when_late = WhenLate.DROP
    news.save()
    lateness.wishes_changed(workspace, news)
    clock.move(minutes=10)
    assert [back(clock, delivery).status for delivery in planned] == [Status.CANCELLED, Status.PUBLISHED]


def test_wishes_of_ada_are_nothing_to_grace(
    workspace: Workspace, folder: Channel, scheduled: Plan, grace: User, clock: MovableClock
) -> None:
    delivery = scheduled(folder)
    other = Workspace.objects.of(grace)
    assert other is not None
    wished(other, "drop")
    lateness.wishes_changed(other)
    delivery.refresh_from_db()
    assert delivery.late_after == delivery.due_at + workspace.grace


def test_what_has_begun_is_left_alone_by_other_wishes(
    street: Street, workspace: Workspace, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    street.fault("create", "status", status=429, retry_after=60, when="before")
    delivery = publish(clock, scheduled(dev))
    wished(workspace, "drop")
    lateness.wishes_changed(workspace)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.late_after) == (Status.SCHEDULED, None)


# --- after an outage -------------------------------------------------------------------------------------------------


def test_after_an_outage_a_channels_backlog_goes_out_one_after_the_other_and_ada_gets_one_mail(
    street: Street, dev: Channel, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    on_dev = [scheduled(dev, minutes=number) for number in range(4)]
    on_folder = [scheduled(folder, minutes=number) for number in range(2)]
    clock.move(minutes=20)
    lateness.catch_up(clock())
    assert ahead(on_dev, clock()) == [0, 60, 120, 180]
    assert ahead(on_folder, clock()) == [0, 60], "another channel has its own turn"

    for minute in range(4):
        publishing.drain(clock)
        assert sum(street.public(delivery) for delivery in on_dev) == minute + 1
        clock.move(seconds=60)
    mail = Mail.objects.get()
    assert mail.subject == "6 publications go out late"
    assert "Nothing could be published for a while." in mail.text
    assert mail.text.count("goes out") == 6


def test_what_is_too_late_what_goes_out_and_what_is_dropped_are_one_mail(
    workspace: Workspace, folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    scheduled(folder)
    clock.move(minutes=50)
    scheduled(folder)
    scheduled(folder, new_post(when_late="drop"))
    clock.move(minutes=30)
    lateness.catch_up(clock())
    publishing.rescue(clock)
    mail = Mail.objects.get()
    for heading in ("WAITING FOR YOU: 1", "GOING OUT LATE, AS WAS WISHED: 1", "DROPPED, AS WAS WISHED: 1"):
        assert heading in mail.text


def test_what_is_due_during_the_catching_up_keeps_its_time(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    late = [scheduled(folder) for _ in range(3)]
    clock.move(minutes=10)
    on_time = scheduled(folder, seconds=70)
    lateness.catch_up(clock())
    assert ahead([on_time], clock()) == [70]
    assert ahead(late, clock()) == [0, 130, 190], "none within a minute of it"


def test_the_spreading_itself_makes_nothing_too_late(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    late = [scheduled(folder) for _ in range(5)]
    clock.move(minutes=59)
    lateness.catch_up(clock())
    for _ in range(5):
        publishing.rescue(clock)
        publishing.drain(clock)
        clock.move(seconds=60)
    assert {publish(clock, delivery).status for delivery in late} == {Status.PUBLISHED}


def test_a_second_outage_meanwhile_is_judged_by_the_time_that_was_given(
    folder: Channel, scheduled: Plan, sign: Callable[[], None], clock: MovableClock
) -> None:
    first, second = scheduled(folder), scheduled(folder)
    clock.move(minutes=30)
    lateness.catch_up(clock())
    clock.move(minutes=50)
    lateness.catch_up(clock())
    assert ahead([first, second], clock()) == [0, 60]
    clock.move(minutes=90)
    lateness.catch_up(clock())
    assert publish(clock, first).status == publish(clock, second).status == Status.MISSED


def test_while_workers_live_nothing_is_spread(
    folder: Channel, scheduled: Plan, sign: Callable[[], None], clock: MovableClock
) -> None:
    """A great crowd at one instant takes its time, and is not late because of an outage."""
    crowd = [scheduled(folder) for _ in range(3)]
    clock.move(minutes=5)
    sign()
    lateness.catch_up(clock())
    assert len(set(ahead(crowd, crowd[0].due_at))) == 1
    assert not Mail.objects.exists()


def test_a_sign_from_the_future_hides_no_outage(
    folder: Channel, scheduled: Plan, sign: Callable[[], None], clock: MovableClock
) -> None:
    """The clock had been an hour ahead when the worker last signed."""
    late = [scheduled(folder) for _ in range(2)]
    clock.move(minutes=70)
    sign()
    clock.move(minutes=-60)
    lateness.catch_up(clock())
    assert ahead(late, clock()) == [0, 60]


def test_the_first_worker_of_all_finds_nothing_and_signs(workspace: Workspace, clock: MovableClock) -> None:
    lateness.catch_up(clock())
    assert Heartbeat.objects.get().name == watching.here(watching.Kind.WORKER)
    assert not Mail.objects.exists()


def test_no_spreading_is_a_choice(folder: Channel, scheduled: Plan, clock: MovableClock, settings: Any) -> None:
    settings.CATCH_UP_SECONDS = 0
    late = [scheduled(folder) for _ in range(3)]
    clock.move(minutes=10)
    lateness.catch_up(clock())
    assert ahead(late, clock()) == [0, 0, 0]


def test_what_had_begun_before_a_long_outage_is_not_published_behind_adas_back(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    street.fault("create", "status", status=429, retry_after=60, when="before")
    delivery = publish(clock, scheduled(dev))
    assert (delivery.status, delivery.late_after) == (Status.SCHEDULED, None)
    clock.move(days=3)
    assert back(clock, delivery).status == Status.MISSED
    assert street.ask("articles") == []


def test_what_the_platform_put_off_is_late_from_the_time_that_it_gave(
    street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    street.fault("create", "status", status=429, retry_after=7200, when="before")
    delivery = publish(clock, scheduled(dev))
    clock.move(hours=2, minutes=30)
    assert back(clock, delivery).status == Status.PUBLISHED


def test_what_may_be_there_is_looked_for_and_neither_dropped_nor_sent_again(
    street: Street, dev: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    """Its answer was lost, then everything was down for two days."""
    street.fault("flip", "status", status=504, when="after")
    delivery = publish(clock, scheduled(dev, new_post(when_late="drop")))
    assert delivery.status == Status.CHECKING
    clock.move(days=2)
    assert back(clock, delivery).status == Status.PUBLISHED
    assert street.public(delivery) == 1


def test_what_ada_had_sent_again_may_be_there_and_is_not_dropped(
    street: Street, dev: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    delivery = scheduled(dev, new_post(when_late="drop"))
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.UNCERTAIN, doubtful=True)
    delivery.refresh_from_db()
    scheduling.send_again(delivery, moment_at(clock(), UTC))
    clock.move(hours=1)
    delivery = back(clock, delivery)
    assert (delivery.status, delivery.message, delivery.doubtful) == (Status.MISSED, lateness.ASKED, True)
    assert "it may be there" in Mail.objects.get().text


def test_the_thousandth_late_post_costs_no_query_of_its_own(
    folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock, django_assert_max_num_queries: Any
) -> None:
    template = scheduled(folder)
    rows = [
        Delivery(
            workspace=folder.workspace, channel=folder, post=new_post(), created_by=template.created_by,
            due_at=template.due_at, act_at=template.due_at,
            late_after=template.due_at + (timedelta(hours=1) if number % 2 else timedelta(minutes=2)),
        )
        for number in range(400)
    ]  # fmt: skip
    Delivery.objects.bulk_create(rows)
    clock.move(minutes=10)
    with django_assert_max_num_queries(30):
        lateness.catch_up(clock())
    assert Counter(Delivery.objects.values_list("status", flat=True)) == {Status.SCHEDULED: 201, Status.MISSED: 200}
    text = Mail.objects.get().text
    assert text.count("/#delivery-") == 100
    assert "- and 150 more: " in text
    assert "- and 151 more: " in text


# --- whose business it is --------------------------------------------------------------------------------------------


def test_each_author_gets_one_mail_with_what_is_theirs(
    workspace: Workspace, folder: Channel, scheduled: Plan, new_post: Write, grace: User, clock: MovableClock
) -> None:
    Membership.objects.create(workspace=workspace, user=grace)
    Mail.objects.all().delete()
    mine, hers, nobodys = scheduled(folder), scheduled(folder), scheduled(folder)
    Delivery.objects.filter(pk=hers.pk).update(created_by=grace)
    Delivery.objects.filter(pk=nobodys.pk).update(created_by=None)
    Post.objects.filter(pk=nobodys.post_id).update(author=None)
    clock.move(minutes=10)
    lateness.catch_up(clock())
    told = {mail.to: mail.text for mail in Mail.objects.all()}
    assert set(told) == {"ada@example.com", "grace@example.com"}
    assert f"#delivery-{mine.pk}\n" in told["ada@example.com"]
    assert f"#delivery-{hers.pk}\n" in told["grace@example.com"]
    assert len(set(ahead([mine, hers, nobodys], clock()))) == 3, "nobody's goes out as well"


def test_a_post_that_was_deleted_is_told_to_nobody(
    workspace: Workspace, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(folder)
    clock.move(minutes=10)
    Post.objects.filter(pk=delivery.post_id).delete()
    lateness.catch_up(clock())
    assert not Mail.objects.exists()


def test_a_mail_that_cannot_be_put_together_stops_nothing(
    folder: Channel, scheduled: Plan, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    delivery = scheduled(folder)
    clock.move(hours=2)
    monkeypatch.setattr(mailing, "enqueue_template", lambda *_, **__: 1 / 0)
    assert back(clock, delivery).status == Status.MISSED
    assert "could not be told" in caplog.text


# --- channels that are closed, and open again ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Channel.Status.PAUSED, Channel.Status.CLOSED, Channel.Status.CHECKING])
def test_what_waits_for_a_channel_goes_on_waiting(
    status: str, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(folder)
    Channel.objects.filter(pk=folder.pk).update(status=status)
    clock.move(hours=3)
    assert back(clock, delivery).status == Status.SCHEDULED
    assert not Mail.objects.exists()


@pytest.mark.parametrize("opens_by", ["resuming", "new credentials"])
def test_the_backlog_of_a_channel_that_opens_again_is_spread_and_told_in_one_mail(
    opens_by: str, street: Street, dev: Channel, scheduled: Plan, sign: Callable[[], None], clock: MovableClock
) -> None:
    too_late = scheduled(dev)
    clock.move(minutes=40)
    late = [scheduled(dev) for _ in range(3)]
    if opens_by == "resuming":
        connecting.pause(dev)
    else:
        Channel.objects.filter(pk=dev.pk).update(status=Channel.Status.CLOSED)
    clock.move(minutes=30)
    sign()
    if opens_by == "resuming":
        connecting.resume(dev, clock())
    else:
        connecting.reconnect(dev, dev.name, {}, dev.settings)
        connecting.verify(dev.pk, clock)
    assert ahead(late, clock()) == [0, 60, 120]
    publishing.rescue(clock)
    assert publish(clock, too_late).status == Status.MISSED
    mail = Mail.objects.get()
    assert mail.subject == "4 publications could not go out at their time"
    assert f"{dev} could not be used for a while, and is open again." in mail.text


def test_a_mere_check_spreads_nothing(
    street: Street, dev: Channel, scheduled: Plan, sign: Callable[[], None], clock: MovableClock
) -> None:
    """Ada presses "Check again" while a crowd of posts is on its way."""
    crowd = [scheduled(dev) for _ in range(3)]
    clock.move(minutes=5)
    sign()
    connecting.check_again(dev)
    connecting.verify(dev.pk, clock)
    assert len(set(ahead(crowd, crowd[0].due_at))) == 1
    assert not Mail.objects.exists()


# --- by cron ---------------------------------------------------------------------------------------------------------


def by_cron(clock: MovableClock) -> int:
    spread = lateness.catch_up(clock(), f"worker here:{lateness.CRON}")
    watching.beat(watching.Kind.WORKER, f"worker here:{lateness.CRON}", clock())
    return spread


def test_cron_may_come_every_quarter_of_an_hour_and_that_is_no_outage(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    by_cron(clock)
    late = [scheduled(folder) for _ in range(3)]
    clock.move(minutes=15)
    assert by_cron(clock) == 0
    assert {publish(clock, delivery).status for delivery in late} == {Status.PUBLISHED}
    assert not Mail.objects.exists()


def test_cron_that_has_been_away_for_hours_spreads_as_well(
    workspace: Workspace, folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    wished(workspace, "publish", grace=timedelta(days=1))
    by_cron(clock)
    late = [scheduled(folder) for _ in range(3)]
    clock.move(hours=3)
    assert by_cron(clock) == 3
    assert ahead(late, clock()) == [0, 60, 120]


def test_by_hand_after_the_worker_died_is_after_an_outage(
    folder: Channel, scheduled: Plan, sign: Callable[[], None], clock: MovableClock
) -> None:
    sign()
    late = [scheduled(folder) for _ in range(2)]
    clock.move(minutes=30)
    assert by_cron(clock) == 2
    assert ahead(late, clock()) == [0, 60]


# --- the worker's watches --------------------------------------------------------------------------------------------


@pytest.fixture
def thawed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that has not looked for a while."""
    monkeypatch.setattr(tasks, "_awake_at", None)


@pytest.mark.usefixtures("thawed")
@pytest.mark.parametrize("first", [tasks._sign, tasks.look_for_left_behind])
def test_whichever_watch_of_a_thawed_worker_wakes_up_first_the_outage_is_seen(
    first: Callable[[], None], folder: Channel, scheduled: Plan
) -> None:
    late = [scheduled(folder) for _ in range(2)]
    ago = timezone.now() - 10 * MINUTE
    Delivery.objects.update(due_at=ago, act_at=ago, late_after=ago + 60 * MINUTE)
    watching.beat(watching.Kind.WORKER, watching.here(watching.Kind.WORKER), ago)
    now = timezone.now()
    first()
    assert ahead(late, now) == [0, 60]


@pytest.mark.usefixtures("thawed")
def test_a_mistake_of_ours_in_the_catching_up_keeps_nothing_from_being_published(
    folder: Channel, scheduled: Plan, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    delivery = scheduled(folder)
    monkeypatch.setattr(lateness, "_spread", lambda *_: 1 / 0)
    ago = timezone.now() - 10 * MINUTE
    Delivery.objects.update(due_at=ago, act_at=ago, late_after=ago + 60 * MINUTE)
    tasks.look_at_due()
    delivery.refresh_from_db()
    assert delivery.status == Status.PUBLISHED
    assert "could not be seen to" in caplog.text


# --- at the same moment ----------------------------------------------------------------------------------------------


def at_once(*verbs: Callable[[], Any]) -> list[Any]:
    """Each in a thread of its own, begun together; what each of them gave."""
    barrier = threading.Barrier(len(verbs))
    given: list[Any] = [None] * len(verbs)

    def run(number: int, verb: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            given[number] = verb()
        except Exception as problem:  # told by the assertion of whoever asked
            given[number] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return given


@pytest.fixture
def committed(transactional_db: None, settings: Any, tmp_path: Any) -> User:
    """Linus, whose rows other threads can see."""
    settings.SITES_DIR = tmp_path
    return joined("linus@example.com", "Linus")


def backlog_of(author: User, clock: MovableClock, channels: int, each: int) -> list[Delivery]:
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    made = []
    for number in range(channels):
        settings = {"generator": "hugo", "directory": f"blog{number}", "base_url": ""}
        channel = connecting.connect(workspace, "folder", f"Folder {number}", {}, settings)
        connecting.verify(channel.pk, clock)
        for _ in range(each):
            post = Post.objects.create(workspace=workspace, author=author, title="Kernel notes", markdown="Text.")
            made += scheduling.schedule(post, [channel], moment_at(clock(), UTC), clock(), author)
    Mail.objects.all().delete()
    return made


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signed", ["before", "never"])
def test_two_workers_that_come_back_at_once_spread_it_once_and_tell_it_once(
    signed: str, committed: User, clock: MovableClock
) -> None:
    [first] = backlog_of(committed, clock, channels=1, each=1)
    posts = Post.objects.bulk_create([Post(workspace=first.workspace, author=committed) for _ in range(1999)])
    same = {name: getattr(first, name) for name in ("workspace", "channel", "due_at", "act_at", "late_after")}
    Delivery.objects.bulk_create([Delivery(post=post, **same) for post in posts])
    for times in (1, 2, 3):
        Heartbeat.objects.all().delete()
        clock.move(minutes=10)
        now = clock()
        if signed == "before":
            watching.beat(watching.Kind.WORKER, "worker somewhere:1", now - 10 * MINUTE)
        Delivery.objects.update(due_at=now - 5 * MINUTE, act_at=now - 5 * MINUTE, late_after=now + 5 * MINUTE)
        given = at_once(*(partial(lateness.catch_up, now, f"worker {name}:1") for name in "ab"))
        assert sorted(given) == [0, 2000], given
        assert Delivery.objects.values("act_at").distinct().count() == 2000, "each at a moment of its own"
        assert Mail.objects.count() == times


@pytest.mark.django_db(transaction=True)
def test_what_a_person_moves_or_a_worker_takes_at_that_moment_is_theirs(committed: User, clock: MovableClock) -> None:
    """Each goes out once, at the time that the last word gave; nothing waits for the other for ever."""
    for _ in range(3):
        Delivery.objects.all().delete()
        Channel.objects.all().delete()
        Heartbeat.objects.all().delete()
        late = backlog_of(committed, clock, channels=4, each=4)
        clock.move(minutes=10)
        now = clock()
        tomorrow = moment_at(now + timedelta(days=1), UTC)
        moved = late[1]
        given = at_once(
            partial(lateness.catch_up, now, "worker a:1"),
            partial(publishing.drain, clock),
            partial(scheduling.reschedule, moved, tomorrow, now),
            partial(scheduling.cancel, late[2]),
            partial(lateness.wishes_changed, late[0].workspace),
        )
        problems = [problem for problem in given if isinstance(problem, Exception)]
        assert all(isinstance(problem, scheduling.Refused) for problem in problems), problems
        publishing.drain(clock)
        rows = {row.pk: row for row in Delivery.objects.all()}
        assert not any(row.is_moving() for row in rows.values())
        assert all(len(history(row)) == (row.status == Status.PUBLISHED) for row in rows.values())
        if not problems:
            assert (rows[moved.pk].due_at, rows[moved.pk].status) == (tomorrow.due_at, Status.SCHEDULED)
            assert rows[late[2].pk].status == Status.CANCELLED


def test_a_post_that_is_to_be_dropped_when_late_is_not_published_late_by_a_second_try(
    street: Street, dev: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    street.fault("create", "status", status=429, retry_after=600, when="before")
    delivery = publish(clock, scheduled(dev, new_post(when_late="drop")))
    clock.move(minutes=11)
    publishing.rescue(clock)
    assert publish(clock, delivery).status == Status.CANCELLED
    assert street.ask("articles") == []


def test_a_post_that_is_to_ask_when_late_does_not_wait_for_tomorrows_quota(
    folder: Channel, scheduled: Plan, new_post: Write, clock: MovableClock
) -> None:
    """A platform takes so many a day: what would have to wait for tomorrow is asked about now."""
    delivery = scheduled(folder, new_post(when_late="ask"))
    [trip] = publishing.claim(clock(), 1)
    ledger.postpone(trip, clock() + timedelta(hours=20), 10)
    clock.move(seconds=10)
    publishing.rescue(clock)
    delivery.refresh_from_db()
    assert delivery.status == Status.MISSED
