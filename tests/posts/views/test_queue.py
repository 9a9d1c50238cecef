"""Ada sets weekly slots, adds to the queue, and puts it in order; nobody is surprised by a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from posts.models import Change, Channel, Delivery, Post
from posts.planning import queueing, scheduling, slots
from posts.planning.moments import Moment
from posts.planning.scheduling import Place
from posts.views.placing import pin
from tests.posts.views.conftest import browser_of, workspace_of

NOW = datetime(2026, 3, 23, 11, 0, tzinfo=UTC)  # a Monday; on Sunday the clocks are set forward in Berlin
Status = Delivery.Status


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada(ada: User) -> User:
    ada.time_zone = "Europe/Berlin"
    ada.save()
    return ada


@pytest.fixture
def nine(dev: Channel) -> Channel:
    """Tuesdays and Thursdays at nine."""
    queueing.add_slots(dev, [1, 3], time(9), "Europe/Berlin")
    return dev


def queued(channel: Channel, ada: User, *titles: str) -> list[Delivery]:
    made = []
    for title in titles:
        post = Post.objects.create(workspace=channel.workspace, author=ada, title=title, markdown="Words.")
        at = slots.next_free([channel], NOW)[channel.pk]
        made += scheduling.schedule_each(post, [Place(channel, at, in_slot=True)], NOW, ada)
    return made


def page_of(browser: Client, name: str = "queue", *args: Any, **query: Any) -> str:
    return unescape(browser.get(reverse(name, args=args), query).content.decode())


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def rows(page: str) -> list[str]:
    """Each line of the queue: its time and what stands there."""
    found = re.findall(r'<span class="queue__at">(.*?)</span>\s*<div class="queue__what[^"]*">(.*?)</div>', page, re.S)
    return [f"{words(at)} {words(what)}" for at, what in found]


class TestSlots:
    def test_a_usual_week_is_one_press_away(self, browser: Client, dev: Channel) -> None:
        assert "No slots yet" in page_of(browser, "slots", dev.pk)
        browser.post(reverse("slots", args=[dev.pk]), {"preset": "weekdays"})
        found = list(dev.slots.values_list("weekday", "at", "zone"))
        assert found == [(day, time(9), "Europe/Berlin") for day in range(5)]
        page = words(page_of(browser, "slots", dev.pk))
        assert "Each week (5)" in page
        assert "Next: Tue 24 Mar, 09:00" in page

    def test_own_days_and_times_are_added(self, browser: Client, dev: Channel) -> None:
        browser.post(reverse("slots", args=[dev.pk]), {"weekdays": ["0", "6"], "at": "17:30"})
        assert [f"{slot.get_weekday_display()} {slot.at:%H:%M}" for slot in dev.slots.all()] == [
            "Monday 17:30", "Sunday 17:30",
        ]  # fmt: skip

    @pytest.mark.parametrize(("values", "sentence"), [
        ({"at": "09:00"}, "Choose at least one day."),
        ({"weekdays": ["1"], "at": ""}, "Choose a time."),
        ({"weekdays": ["1"], "at": "nine"}, "Write the time like 09:00."),
    ])  # fmt: skip
    def test_what_is_missing_is_said_at_its_field(
        self, browser: Client, dev: Channel, values: dict[str, Any], sentence: str
    ) -> None:
        page = browser.post(reverse("slots", args=[dev.pk]), values).content.decode()
        assert page.count(sentence) == 2  # in the summary and at the field
        assert not dev.slots.exists()

    def test_what_is_queued_keeps_its_time_until_it_is_told_to_move(
        self, browser: Client, nine: Channel, ada: User
    ) -> None:
        [first] = queued(nine, ada, "First")
        browser.post(reverse("slots", args=[nine.pk]), {"remove": str(nine.slots.get(weekday=1).pk)})
        first.refresh_from_db()
        assert f"{first.due_at:%a %-d}" == "Tue 24"
        assert "1 queued post keeps its time" in page_of(browser, "slots", nine.pk)
        shown = page_of(browser, "queue_realign", nine.pk)
        assert "Tue 24 Mar, 09:00" in words(shown)
        assert "Thu 26 Mar, 09:00" in words(shown)
        first.refresh_from_db()
        assert f"{first.due_at:%a}" == "Tue", "showing it changes nothing"
        moves = re.findall(r'name="move" value="([^"]+)"', shown)
        browser.post(reverse("queue_realign", args=[nine.pk]), {"move": moves})
        first.refresh_from_db()
        assert f"{first.due_at:%a %-d}" == "Thu 26"

    def test_a_queue_that_changed_meanwhile_is_shown_again(self, browser: Client, nine: Channel, ada: User) -> None:
        queued(nine, ada, "First")
        nine.slots.filter(weekday=1).delete()
        moves = re.findall(r'name="move" value="([^"]+)"', page_of(browser, "queue_realign", nine.pk))
        queued(nine, ada, "Second")
        response = browser.post(reverse("queue_realign", args=[nine.pk]), {"move": moves}, follow=True)
        assert "The queue has changed meanwhile." in response.content.decode()
        assert f"{Delivery.objects.earliest('pk').due_at:%a}" == "Tue"


class TestAddingToTheQueue:
    def choice(self, *channels: Channel, **more: Any) -> dict[str, Any]:
        return {"channels": [channel.pk for channel in channels], "when": "queue", **more}

    def review(self, browser: Client, post: Post, *channels: Channel, **more: Any) -> str:
        return page_of(browser, "review", post.pk, **self.choice(*channels, **more))

    def carried(self, page: str) -> list[tuple[str, str]]:
        return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)

    def confirm(self, browser: Client, post: Post, page: str) -> Any:
        data: dict[str, list[str]] = {}
        for name, value in self.carried(page):
            data.setdefault(name, []).append(value)
        return browser.post(reverse("review", args=[post.pk]), data, follow=True)

    def test_the_next_free_slot_is_shown_before_anything_happens(
        self, browser: Client, post: Post, nine: Channel
    ) -> None:
        assert "Tue 24 Mar 2026, 09:00" in page_of(browser, "schedule", post.pk)
        page = self.review(browser, post, nine)
        assert "Tuesday 24 March 2026, 09:00" in page
        assert ">Add to the queue for Tue 24 Mar 09:00</button>" in page
        assert not Delivery.objects.exists()
        response = self.confirm(browser, post, page)
        assert "In the queue of My DEV for Tue 24 Mar 09:00." in response.content.decode()
        assert Delivery.objects.get().slot_at == datetime(2026, 3, 24, 8, 0, tzinfo=UTC)

    def test_each_channel_has_a_time_of_its_own(
        self, browser: Client, post: Post, nine: Channel, folder: Channel
    ) -> None:
        queueing.add_slots(folder, [4], time(7), "Europe/Berlin")
        page = self.review(browser, post, nine, folder)
        assert "Tuesday 24 March 2026, 09:00" in page
        assert "Friday 27 March 2026, 07:00" in page
        assert ">Add to 2 queues</button>" in page
        self.confirm(browser, post, page)
        assert Delivery.objects.exclude(slot_at=None).count() == 2

    def test_a_slot_that_was_taken_meanwhile_is_said_and_the_new_one_shown(
        self, browser: Client, post: Post, nine: Channel, ada: User
    ) -> None:
        page = self.review(browser, post, nine)
        queued(nine, ada, "Quicker")
        response = self.confirm(browser, post, page)
        page = unescape(response.content.decode())
        assert "The slot Tue 24 Mar 2026, 09:00 on My DEV is not free any more." in page
        assert "Thursday 26 March 2026, 09:00" in page
        assert Delivery.objects.count() == 1
        self.confirm(browser, post, page)
        assert [f"{each.due_at:%a}" for each in Delivery.objects.all()] == ["Tue", "Thu"]

    def test_without_having_seen_the_slot_nothing_is_queued(self, browser: Client, post: Post, nine: Channel) -> None:
        response = browser.post(reverse("review", args=[post.pk]), self.choice(nine))
        assert "Tuesday 24 March 2026, 09:00" in response.content.decode()
        assert not Delivery.objects.exists()

    def test_a_channel_without_slots_says_what_to_do(self, browser: Client, post: Post, dev: Channel) -> None:
        page = self.review(browser, post, dev)
        assert "There is no free slot on My DEV. Set its weekly slots, or choose a time." in page

    def test_on_the_way_back_nothing_is_lost(self, browser: Client, post: Post, nine: Channel) -> None:
        data = {**self.choice(nine, slot=pin(nine, datetime(2026, 3, 26, 8, 0, tzinfo=UTC))), "change": "yes"}
        page = browser.post(reverse("review", args=[post.pk]), data).content.decode()
        assert re.search(rf'value="{nine.pk}" id="[^"]+" checked', page)
        assert re.search(r'value="queue"[^>]* checked', page)
        assert "2026-03-26T08:00:00Z" in page

    def test_two_quick_adds_get_two_slots(self, browser: Client, post: Post, nine: Channel, ada: User) -> None:
        other = Post.objects.create(workspace=post.workspace, author=ada, title="Second", markdown="Words.")
        for each in (post, other):
            self.confirm(browser, each, self.review(browser, each, nine))
        assert [f"{each.due_at:%a}" for each in Delivery.objects.order_by("due_at")] == ["Tue", "Thu"]

    def test_a_slot_of_somebody_elses_channel_is_no_slot(
        self, browser: Client, post: Post, nine: Channel, grace: User
    ) -> None:
        at = datetime(2026, 3, 26, 8, 0, tzinfo=UTC)
        stranger = Channel.objects.create(workspace=workspace_of(grace), platform="folder", name="Hers")
        assert "Tuesday 24 March" in self.review(browser, post, nine, slot=pin(stranger, at))

    @pytest.mark.parametrize("slot", ["", "x", "1@", "1@2026-03-26", "9" * 99 + "@2026-03-26T08:00:00Z", "@@"])
    def test_what_is_no_slot_is_left_out(self, browser: Client, post: Post, nine: Channel, slot: str) -> None:
        assert "Tuesday 24 March" in self.review(browser, post, nine, slot=slot)


class TestTheQueue:
    def test_it_shows_what_is_queued_and_the_gaps(self, browser: Client, nine: Channel, ada: User) -> None:
        first, _ = queued(nine, ada, "First", "Second")
        scheduling.cancel(first)
        page = page_of(browser)
        assert rows(page)[:3] == ["09:00 Free", "09:00 Second", "09:00 Free"]
        assert len(rows(page)) == 8  # four weeks
        assert "7 free slots in the next 4 weeks." in page
        assert len(rows(page_of(browser, weeks=8))) == 16

    def test_nine_oclock_is_nine_oclock_after_the_clocks_have_changed(self, browser: Client, nine: Channel) -> None:
        assert set(rows(page_of(browser))) == {"09:00 Free"}

    def test_what_has_a_time_of_its_own_stands_among_them(
        self, browser: Client, nine: Channel, post: Post, ada: User
    ) -> None:
        at = slots.next_free([nine], NOW)[nine.pk]
        early = Moment(at.due_at - timedelta(hours=1), "2026-03-24T08:00", "Europe/Berlin")
        scheduling.schedule(post, [nine], early, NOW, ada)
        assert rows(page_of(browser))[:2] == ["08:00 Notes a time of its own", "09:00 Free"]

    def test_a_free_slot_can_be_written_for_and_filled(
        self, browser: Client, nine: Channel, post: Post, folder: Channel
    ) -> None:
        page = page_of(browser)
        [write, *_] = re.findall(r'href="(/posts/new/\?slot=[^"]+)"', page)
        [fill, *_] = re.findall(r'href="(/channels/\d+/fill/[^"]+)"', page)
        assert 'name="slot"' in browser.get(write).content.decode()
        chosen = browser.get(fill).content.decode()
        review = re.search(rf'href="(/posts/{post.pk}/review/[^"]+)"', chosen)
        assert review
        assert ">Add to the queue for Tue 24 Mar 09:00</button>" in browser.get(unescape(review[1])).content.decode()

    def test_what_is_written_for_a_slot_is_scheduled_there(self, browser: Client, nine: Channel) -> None:
        later = pin(nine, datetime(2026, 3, 26, 8, 0, tzinfo=UTC))
        values = {"title": "For Thursday", "markdown": "Words.", "slot": later, "schedule": "yes"}
        page = browser.post(reverse("post_new"), values, follow=True).content.decode()
        assert re.search(rf'value="{nine.pk}" id="[^"]+" checked', page)
        assert re.search(r'value="queue"[^>]* checked', page)
        assert "Thu 26 Mar 2026, 09:00" in page

    def test_the_buttons_put_it_in_order(self, browser: Client, nine: Channel, ada: User) -> None:
        _, second = queued(nine, ada, "First", "Second")
        seen = pin(nine, second.due_at)
        response = browser.post(reverse("queue_move", args=[second.pk]), {"where": "top", "slot": seen}, follow=True)
        assert "“Second” goes out Tue 24 Mar 2026, 09:00 now." in unescape(response.content.decode())
        assert rows(page_of(browser))[:2] == ["09:00 Second", "09:00 First"]

    def test_who_comes_too_late_is_told_where_it_is(self, browser: Client, nine: Channel, ada: User) -> None:
        _, second = queued(nine, ada, "First", "Second")
        colleague, seen = browser_of(ada), pin(nine, second.due_at)
        for each in (browser, colleague):
            response = each.post(reverse("queue_move", args=[second.pk]), {"where": "up", "slot": seen}, follow=True)
        assert "“Second” was moved meanwhile" in unescape(response.content.decode())
        assert rows(page_of(browser))[:2] == ["09:00 Second", "09:00 First"]

    def test_taking_out_keeps_the_post_and_can_be_undone(self, browser: Client, nine: Channel, ada: User) -> None:
        [first] = queued(nine, ada, "First")
        browser.post(reverse("queue_take_out", args=[first.pk]))
        first.refresh_from_db()
        assert first.status == Status.CANCELLED
        assert rows(page_of(browser))[0] == "09:00 Free"
        browser.post(reverse("change_undo", args=[Change.objects.get().pk]))
        assert rows(page_of(browser))[0] == "09:00 First"

    def test_what_is_on_its_way_has_no_buttons(self, browser: Client, nine: Channel, ada: User) -> None:
        [first] = queued(nine, ada, "First")
        Delivery.objects.update(status=Status.PUBLISHING)
        page = page_of(browser)
        assert rows(page)[0] == "09:00 First Publishing"
        assert f"/deliveries/{first.pk}/move-in-queue/" not in page
        response = browser.post(reverse("queue_move", args=[first.pk]), {"where": "down"}, follow=True)
        assert "It is being published on My DEV at this moment" in response.content.decode()

    def test_a_channel_is_paused_and_resumed_here(self, browser: Client, nine: Channel) -> None:
        response = browser.post(reverse("channel_pause", args=[nine.pk]), {"back": "queue"}, follow=True)
        page = response.content.decode()
        assert "My DEV is paused:" in page
        response = browser.post(reverse("channel_resume", args=[nine.pk]), {"back": "queue"}, follow=True)
        assert f'action="{reverse("channel_pause", args=[nine.pk])}"' in response.content.decode()

    def test_empty_says_which_kind_of_empty(self, browser: Client, ada: User) -> None:
        assert "No channel yet" in page_of(browser)
        Channel.objects.create(workspace=workspace_of(ada), platform="folder", name="Garden", status="open")
        assert "Garden has no slots yet" in page_of(browser)

    @pytest.mark.parametrize("query", [{"channel": "x"}, {"channel": "99999"}, {"weeks": "0"}, {"weeks": "٣"}])
    def test_what_cannot_be_understood_is_left_out(self, browser: Client, nine: Channel, query: dict[str, str]) -> None:
        assert "09:00 Free" in rows(page_of(browser, **query))

    def test_it_asks_few_questions_however_long_it_is(
        self, browser: Client, nine: Channel, ada: User, django_assert_max_num_queries: Any
    ) -> None:
        queueing.add_slots(nine, range(7), time(15), "Europe/Berlin")
        queued(nine, ada, *(f"Part {number}" for number in range(20)))
        for name, args in (("queue", []), ("slots", [nine.pk]), ("queue_realign", [nine.pk])):
            with django_assert_max_num_queries(10):
                browser.get(reverse(name, args=args))
