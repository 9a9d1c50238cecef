"""After each publication its public page is looked at; whoever's readers find nothing is told, once."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection

from accounts.models import Mail, User, Workspace
from posts import connecting, tasks
from posts.engine import publishing
from posts.models import Channel, Delivery, Post, Proof, ReadingPace
from posts.planning import scheduling
from posts.watch import proving
from publishers.base import Limits, RemotePost, Visibility
from publishers.pages import Outcome, Verdict
from tests.posts.conftest import MovableClock, Street, publish
from tests.publishers.raw_server import RawServer, raw_server

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Plan = Callable[..., Delivery]
Look = Callable[..., Proof]


@pytest.fixture
def published(scheduled: Plan, dev: Channel, clock: MovableClock) -> Callable[..., Delivery]:
    """A post of Ada's that DEV has taken."""

    def do(channel: Channel | None = None, post: Post | None = None) -> Delivery:
        delivery = publish(clock, scheduled(channel or dev, post))
        assert delivery.status == Delivery.Status.PUBLISHED, delivery.message
        return delivery

    return do


@pytest.fixture
def look(clock: MovableClock) -> Look:
    """Wait, let a worker look at what is due by then; the proof as it is afterwards."""

    def do(delivery: Delivery, **later: float) -> Proof:
        clock.move(**later)
        proving.look(clock)
        return Proof.objects.get(delivery=delivery)

    return do


def in_how_long(proof: Proof, clock: MovableClock) -> float:
    """Seconds until the next look."""
    assert proof.due_at is not None
    return (proof.due_at - clock()).total_seconds()


def alarms() -> list[str]:
    return list(Mail.objects.filter(event__contains=":page:").order_by("pk").values_list("subject", flat=True))


def readers(street: Street) -> int:
    """How often a public page was asked for."""
    return sum(entry["call"] == "page" for entry in street.ask("log"))


class TestTheRhythm:
    def test_a_page_is_looked_at_soon_after_an_hour_and_after_a_day(
        self, published: Plan, look: Look, street: Street, clock: MovableClock
    ) -> None:
        delivery = published()
        assert proving.look(clock) == 0, "not at once: a platform may take a moment"
        proof = Proof.objects.get(delivery=delivery)
        assert (proof.outcome, proof.looked_at) == (Proof.Outcome.WAITING, None)
        assert in_how_long(proof, clock) == pytest.approx(30, abs=5)
        for later, waits in (({"seconds": 31}, 3569), ({"hours": 1}, 82800)):
            proof = look(delivery, **later)
            assert (proof.outcome, proof.status) == (Proof.Outcome.THERE, 200)
            assert proof.message == "The page is there, with its title."
            assert proof.looked_at is not None
            assert in_how_long(proof, clock) == pytest.approx(waits, abs=60)
        proof = look(delivery, hours=24)
        assert (proof.due_at, proof.looks, len(proof.history)) == (None, 3, 3)
        assert look(delivery, days=30).looks == readers(street) == 3
        assert alarms() == []

    def test_after_a_long_outage_there_is_one_look_and_not_three(self, published: Plan, look: Look) -> None:
        delivery = published()
        assert (look(delivery, days=3).looks, look(delivery, days=3).looks) == (1, 1)

    def test_the_first_look_can_be_set_for_ones_own_platform(self, published: Plan, look: Look, settings: Any) -> None:
        settings.PAGE_SECONDS = 300
        delivery = published()
        assert look(delivery, seconds=290).looks == 0
        assert look(delivery, seconds=11).looks == 1

    def test_the_canonical_link_that_was_asked_for_is_looked_for(
        self, published: Plan, look: Look, new_post: Callable[..., Post]
    ) -> None:
        delivery = published(post=new_post(canonical_url="https://ada.example/notes/"))
        assert look(delivery, seconds=31).message == "The page is there, with its title and its canonical link."

    def test_a_platform_whose_pages_name_themselves_is_not_blamed_for_it(
        self, published: Plan, look: Look, new_post: Callable[..., Post], street: Street, workspace: Workspace,
        clock: MovableClock,
    ) -> None:  # fmt: skip
        where = {"base_url": f"{street.url}/wordpress", "username": "sandbox"}
        key = {"application_password": "sandbox-wordpress-key"}
        site = connecting.connect(workspace, "wordpress", "My site", key, where)
        connecting.verify(site.pk, clock)
        delivery = published(site, new_post(canonical_url="https://ada.example/notes/"))
        proof = look(delivery, seconds=31)
        assert (proof.outcome, proof.message) == (Proof.Outcome.THERE, "The page is there, with its title.")
        assert proving.ask(delivery, clock())
        assert look(delivery, seconds=1).outcome == Proof.Outcome.THERE

    def test_another_canonical_link_on_the_page_is_told(
        self, published: Plan, look: Look, new_post: Callable[..., Post], street: Street, dev: Channel
    ) -> None:
        delivery = published(post=new_post(canonical_url="https://ada.example/notes/"))
        requests.put(
            f"{street.api}/articles/{delivery.remote_id}",
            json={"article": {"canonical_url": "https://else.example/"}},
            headers={"api-key": dev.credentials["api_key"], "User-Agent": "somebody"},
            timeout=5,
        ).raise_for_status()
        dev_page = look(delivery, hours=1)
        for _ in range(3):
            dev_page = look(delivery, minutes=5)
        assert dev_page.outcome == Proof.Outcome.DIFFERENT
        assert "https://else.example/" in dev_page.message
        [subject] = alarms()
        assert subject.endswith("its page is not as it should be")

    def test_what_ada_edits_here_afterwards_is_not_expected_there(
        self, published: Plan, look: Look, new_post: Callable[..., Post]
    ) -> None:
        post = new_post(canonical_url="https://ada.example/notes/")
        delivery = published(post=post)
        Post.objects.filter(pk=post.pk).update(title="Something else", canonical_url="https://ada.example/else/")
        assert look(delivery, seconds=31).outcome == Proof.Outcome.THERE


class TestTheAlarm:
    def test_a_page_that_is_only_slow_to_appear_alarms_nobody(
        self, published: Plan, look: Look, street: Street, clock: MovableClock
    ) -> None:
        delivery = published()
        street.fault("page", "status", status=404, times=2)
        proof = look(delivery, seconds=31)
        assert (proof.outcome, proof.is_unsure, proof.status) == (Proof.Outcome.WAITING, True, 404)
        assert in_how_long(proof, clock) == pytest.approx(60, abs=3)
        assert look(delivery, seconds=61).is_unsure
        proof = look(delivery, seconds=121)
        assert (proof.outcome, proof.is_unsure, proof.doubts) == (Proof.Outcome.THERE, False, 0)
        assert alarms() == []

    def test_a_page_that_stays_missing_alarms_its_author_once(
        self, published: Plan, look: Look, street: Street, clock: MovableClock, ada: User
    ) -> None:
        delivery = published()
        street.fault("page", "status", status=404, times=None)
        for later in (31, 61, 121):
            assert look(delivery, seconds=later).outcome == Proof.Outcome.WAITING
            assert alarms() == []
        proof = look(delivery, seconds=241)
        assert (proof.outcome, proof.alarms) == (Proof.Outcome.MISSING, True)
        [mail] = Mail.objects.filter(event__contains=":page:")
        assert mail.to == ada.email
        assert mail.subject == f"“{delivery.post}” is published on {delivery.channel}, but its page is missing"
        for words in ("There is no page at its address (404).", delivery.remote_url, delivery.get_absolute_url()):
            assert words in mail.text
        delivery.refresh_from_db()
        assert delivery.status == Delivery.Status.PUBLISHED, "DEV has taken it: it must not be sent again"

        assert look(delivery, hours=1).looks == 5
        assert len(alarms()) == 1, "nothing new"
        street.forgive()
        proof = look(delivery, days=1)
        assert (proof.outcome, proof.due_at) == (Proof.Outcome.THERE, None)

    def test_an_article_that_is_taken_down_an_hour_later_is_noticed(
        self, published: Plan, look: Look, street: Street, dev: Channel
    ) -> None:
        delivery = published()
        assert look(delivery, seconds=31).outcome == Proof.Outcome.THERE
        street.fault("page", "status", status=410, times=None)
        proof = look(delivery, hours=1)
        assert (proof.outcome, proof.is_unsure) == (Proof.Outcome.THERE, True)
        for later in (61, 121, 241):
            proof = look(delivery, seconds=later)
        assert proof.outcome == Proof.Outcome.MISSING
        assert len(alarms()) == 1

    def test_a_page_that_says_something_else_alarms_with_what_it_says(
        self, published: Plan, look: Look, street: Street
    ) -> None:
        delivery = published()
        street.fault("page", "html", times=None)
        for later in (31, 61, 121, 241):
            proof = look(delivery, seconds=later)
        assert proof.outcome == Proof.Outcome.DIFFERENT
        [mail] = Mail.objects.filter(event__contains=":page:")
        assert "it reads “One moment”" in mail.text

    def test_first_missing_then_something_else_is_two_things_to_know(
        self, published: Plan, look: Look, street: Street
    ) -> None:
        delivery = published()
        street.fault("page", "status", status=404, times=None)
        for later in (31, 61, 121, 241):
            look(delivery, seconds=later)
        street.forgive()
        street.fault("page", "html", times=None)
        for later in (3600, 61, 121, 241):
            look(delivery, seconds=later)
        assert [mail.event for mail in Mail.objects.filter(event__contains=":page:").order_by("pk")] == [
            f"delivery:{delivery.pk}:page:missing",
            f"delivery:{delivery.pk}:page:different",
        ]

    def test_nobody_is_there_to_be_told(self, published: Plan, look: Look, street: Street, clock: MovableClock) -> None:
        delivery = published()
        Delivery.objects.update(created_by=None)
        Post.objects.update(author=None)
        street.fault("page", "status", status=404, times=None)
        proving.ask(delivery, clock())
        assert look(delivery).outcome == Proof.Outcome.MISSING
        assert alarms() == []


class TestWhatIsNoProof:
    def test_a_platform_that_sends_robots_away_is_not_pestered_and_alarms_nobody(
        self, published: Plan, look: Look, street: Street, clock: MovableClock
    ) -> None:
        delivery = published()
        street.fault("page", "status", status=403, times=None)
        proof = look(delivery, seconds=31)
        assert (proof.outcome, proof.status) == (Proof.Outcome.NOT_REACHED, 403)
        assert proof.message == "The page could not be looked at (403): have a look yourself."
        assert in_how_long(proof, clock) > 3000
        assert alarms() == []

    @pytest.mark.parametrize("fault", [{"fault": "close"}, {"fault": "status", "status": 503}])
    def test_a_page_out_of_reach_is_tried_for_some_minutes_and_alarms_nobody(
        self, published: Plan, look: Look, street: Street, fault: dict[str, Any]
    ) -> None:
        delivery = published()
        street.order("faults", call="page", times=None, **fault)
        for later in (31, 61, 121):
            assert look(delivery, seconds=later).outcome == Proof.Outcome.WAITING
        proof = look(delivery, seconds=241)
        assert (proof.outcome, proof.looks) == (Proof.Outcome.NOT_REACHED, 4)
        assert alarms() == []

    def test_a_host_that_wants_to_be_left_alone_is(
        self, published: Plan, look: Look, street: Street, clock: MovableClock
    ) -> None:
        first, second = published(), published()
        street.fault("page", "status", status=429, retry_after="600", times=1)
        look(first, seconds=31)
        assert readers(street) == 1, "the second page of this host is not even tried"
        look(first, seconds=540)
        assert readers(street) == 1
        assert look(first, seconds=61).outcome == look(second).outcome == Proof.Outcome.THERE

    def test_a_private_address_is_not_called(self, published: Plan, look: Look, street: Street, settings: Any) -> None:
        delivery = published()
        settings.ALLOW_PRIVATE_TARGETS = frozenset()
        proof = look(delivery, seconds=31)
        assert "its address is not a public one" in proof.message
        assert readers(street) == 0

    def test_where_nobody_knows_which_text_went_out_only_the_page_counts(self, published: Plan, look: Look) -> None:
        delivery = published()
        Delivery.objects.update(sent_title="")
        Proof.objects.update(canonical_url="https://ada.example/unknown/")
        assert look(delivery, seconds=31).message == "The page is there."


class TestWhatHasNoPage:
    def test_a_folder_without_an_address_has_none(self, published: Plan, folder: Channel) -> None:
        assert not Proof.objects.filter(delivery=published(folder)).exists()

    def test_a_site_has_to_be_built_before_its_page_is_there(
        self, published: Plan, new_channel: Callable[..., Channel], clock: MovableClock
    ) -> None:
        channel = new_channel("folder", base_url="https://ada.example")
        proof = Proof.objects.get(delivery=published(channel))
        assert proof.host == "https://ada.example:443"
        assert in_how_long(proof, clock) == pytest.approx(3600, abs=5)

    @pytest.mark.parametrize(("status", "has_page"), [("public", True), ("unlisted", True), ("draft", False)])
    def test_what_is_a_draft_by_wish_is_not_looked_for(
        self, status: str, has_page: bool, workspace: Workspace, street: Street, scheduled: Plan, clock: MovableClock
    ) -> None:
        settings = {"base_url": f"{street.url}/medium/v1", "feed_url": f"{street.url}/medium", "publish_status": status}
        key = {"integration_token": "sandbox-medium-key"}
        channel = connecting.connect(workspace, "medium", "Medium", key, settings)
        connecting.verify(channel.pk, clock)
        delivery = publish(clock, scheduled(channel))
        assert delivery.status == Delivery.Status.PUBLISHED
        assert Proof.objects.filter(delivery=delivery).exists() == has_page
        clock.move(seconds=31)
        assert proving.look(clock) == has_page
        assert [proof.outcome for proof in Proof.objects.all()] == ["there"] * has_page

    def test_a_house_may_do_without(self, published: Plan, settings: Any) -> None:
        settings.PROVE_PAGES = False
        published()
        assert not Proof.objects.exists()

    @pytest.mark.parametrize("url", ["", "file:///etc/passwd", "https://" + "a" * 300 + ".example/", "http://[bad/"])
    def test_what_is_no_address_has_no_page(self, url: str, clock: MovableClock) -> None:
        assert proving.proof_of(1, Limits(), RemotePost("7", url, Visibility.PUBLIC), "", clock()) is None


class TestByHand:
    def test_what_a_person_asks_for_is_looked_at_at_once_and_counts_at_once(
        self, published: Plan, look: Look, street: Street, clock: MovableClock
    ) -> None:
        delivery = published()
        street.fault("page", "status", status=404, times=1)
        assert proving.ask(delivery, clock())
        proof = look(delivery)
        assert (proof.outcome, len(alarms())) == (Proof.Outcome.MISSING, 1)
        assert in_how_long(proof, clock) > 3500, "the looks that were planned stay planned"
        assert proving.ask(delivery, clock())
        assert look(delivery).outcome == Proof.Outcome.THERE

    def test_the_bell_takes_this_page_before_all_that_wait(
        self, published: Plan, street: Street, clock: MovableClock
    ) -> None:
        first, second = published(), published()
        clock.move(hours=1)
        proving.ask(second, clock())
        assert proving.prove(second.pk, clock)
        outcomes = dict(Proof.objects.values_list("delivery", "outcome"))
        assert outcomes == {first.pk: "waiting", second.pk: "there"}
        assert not proving.prove(second.pk, clock), "once is enough"
        tasks.prove(10**9)  # a delivery that was deleted meanwhile

    def test_what_was_published_before_anybody_looked_can_be_looked_at(
        self, published: Plan, look: Look, clock: MovableClock, settings: Any
    ) -> None:
        settings.PROVE_PAGES = False
        delivery = published()
        assert proving.ask(delivery, clock())
        proof = look(delivery)
        assert (proof.outcome, proof.message) == (Proof.Outcome.THERE, "The page is there, with its title.")

    def test_what_is_not_published_has_no_page(self, scheduled: Plan, dev: Channel, clock: MovableClock) -> None:
        assert not proving.ask(scheduled(dev, hours=1), clock())

    def test_what_a_person_found_is_proven_like_everything_else(
        self, published: Plan, look: Look, scheduled: Plan, dev: Channel, clock: MovableClock
    ) -> None:
        url = published().remote_url
        doubtful = scheduled(dev, hours=2)
        Delivery.objects.filter(pk=doubtful.pk).update(status=Delivery.Status.UNCERTAIN)
        scheduling.confirm(Delivery.objects.get(pk=doubtful.pk), url, clock())
        proof = look(doubtful, seconds=31)
        assert (proof.outcome, proof.message) == (Proof.Outcome.THERE, "The page is there.")

    def test_who_was_too_late_to_confirm_begins_nothing(
        self, scheduled: Plan, dev: Channel, clock: MovableClock
    ) -> None:
        with pytest.raises(scheduling.Refused):
            scheduling.confirm(scheduled(dev), "https://dev.example/a", clock())
        assert not Proof.objects.exists()


class TestManyAtOnce:
    @pytest.fixture
    def many(self, published: Plan) -> list[Delivery]:
        """Twelve publications on two hosts."""
        deliveries = [published() for _ in range(12)]
        for delivery in deliveries[10:]:
            Proof.objects.filter(delivery=delivery).update(host="https://other.example:443")
        return deliveries

    def test_of_two_workers_one_looks(self, published: Plan, clock: MovableClock) -> None:
        delivery = published()
        clock.move(seconds=31)
        due = proving._found(Proof.objects.due(clock()))
        assert [look.pk for look in proving.claim(clock(), 4)] == [delivery.pk]
        assert proving.claim(clock(), 4) == []
        assert proving._claim(due[0], clock(), paced=False) == [], "nor does one that had seen it due before"
        assert not proving.prove(delivery.pk, clock)

    def test_a_worker_that_dies_leaves_its_page_to_the_next_one(
        self, published: Plan, look: Look, clock: MovableClock
    ) -> None:
        delivery = published()
        clock.move(seconds=31)
        [dead] = proving.claim(clock(), 4)
        assert look(delivery).looks == 1
        Proof.objects.update(lease_until=clock() - timedelta(hours=1))
        assert look(delivery).outcome == Proof.Outcome.THERE
        proving.record(dead, Verdict(Outcome.MISSING, "Back from the dead."), clock())
        assert look(delivery).outcome == Proof.Outcome.THERE

    def test_one_host_is_asked_once_a_second_and_does_not_stop_another(
        self, many: list[Delivery], clock: MovableClock, settings: Any
    ) -> None:
        settings.PACE = 1
        clock.move(seconds=31)
        now = clock()
        hosts = [look.host for look in proving.claim(now, 4)]
        assert sorted(set(hosts)) == sorted(hosts)
        assert len(hosts) == 2
        assert proving.claim(now, 4) == [], "every host rests, for every worker"
        Proof.objects.filter(host=hosts[0]).update(lease_until=None)
        assert len(proving.claim(now + timedelta(seconds=1.1), 4)) == 2

    def test_pages_do_not_slow_down_look_ups(self, published: Plan, look: Look, settings: Any, street: Street) -> None:
        settings.PACE = 1
        look(published(), seconds=31)
        assert not ReadingPace.objects.filter(origin__startswith="http").exists()

    def test_without_limits_all_are_looked_at_one_after_the_other(
        self, many: list[Delivery], clock: MovableClock, street: Street
    ) -> None:
        clock.move(seconds=31)
        assert proving.look(clock) + proving.look(clock) == 12
        assert set(Proof.objects.values_list("outcome", flat=True)) == {"there"}

    def test_a_worker_that_is_told_to_stop_begins_nothing_more(self, many: list[Delivery], clock: MovableClock) -> None:
        clock.move(seconds=31)
        assert proving.look(clock, stopping=lambda: True) == 0

    def test_a_round_comes_to_an_end(self, many: list[Delivery], clock: MovableClock, monkeypatch: Any) -> None:
        monkeypatch.setattr(proving, "ROUND", 5)
        clock.move(seconds=31)
        assert [proving.look(clock) for _ in range(4)] == [5, 5, 2, 0]

    def test_a_delivery_that_is_deleted_takes_its_proof_along(self, published: Plan, clock: MovableClock) -> None:
        delivery = published()
        clock.move(seconds=31)
        [taken] = proving.claim(clock(), 1)
        delivery.delete()
        proving.record(taken, Verdict(Outcome.THERE, "There."), clock())
        assert not Proof.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_a_page_is_fetched_nothing_is_held(
    published: Plan, clock: MovableClock, settings: Any, street: Street
) -> None:
    """A page may take its time: who writes meanwhile does not wait for it."""
    delivery = published()

    def write_and_answer(wire: socket.socket, server: RawServer) -> None:
        Post.objects.filter(pk=delivery.post_id).update(title="Written meanwhile")
        connection.close()
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with raw_server(write_and_answer) as server:
        settings.ALLOW_PRIVATE_TARGETS = frozenset({server.url})
        Delivery.objects.update(remote_url=f"{server.url}/slow")
        clock.move(seconds=31)
        assert proving.look(clock) == 1
    delivery.post.refresh_from_db()
    assert delivery.post.title == "Written meanwhile"
    assert Proof.objects.get().status == 200


def test_the_worker_has_eyes_for_pages_alone() -> None:
    """A page that drips for half a minute must not keep a mail, a channel's check or a publication waiting."""
    [verb] = [verb for name, _, verb in tasks.WATCHES if name == "public pages"]
    publishing.stopping.set()
    try:
        verb()
    finally:
        publishing.stopping.clear()
