"""Ada plans the original first and the others later; what waits says for what, and what she may do about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from posts.forms.times import SpanField, span_in_words
from posts.models import Channel, Delivery, Plan, Post
from posts.planning import following, scheduling
from posts.planning.moments import moment_at
from posts.planning.scheduling import Place
from tests.posts.views.conftest import FOLDER_SETTINGS, badges, workspace_of

NOW = datetime(2026, 3, 20, 11, 0, tzinfo=UTC)  # a Friday, 12:00 in Berlin
DAY = timedelta(days=1)
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
def blog(workspace: Workspace) -> Channel:
    """A folder whose site is known: what is written there has an address."""
    settings = {**FOLDER_SETTINGS, "base_url": "https://ada.example"}
    return Channel.objects.create(
        workspace=workspace, platform="folder", name="My blog", settings=settings, status="open"
    )


Pair = tuple[Delivery, Delivery]


@pytest.fixture
def pair(post: Post, blog: Channel, dev: Channel, ada: User) -> Pair:
    at = moment_at(NOW + DAY, UTC)
    places = [Place(blog, at), Place(dev, scheduling.later(at, DAY), after=DAY)]
    origin, follower = scheduling.schedule_each(post, places, NOW, ada)
    return origin, follower


def choice(origin: Channel, *others: Channel, **more: Any) -> dict[str, Any]:
    delays = {f"delay-{channel.pk}": "24 h" for channel in others}
    channels = [channel.pk for channel in (origin, *others)]
    return {
        "channels": channels, "when": "at", "at": "2026-03-24T09:00", "order": "first", "origin": origin.pk,
        **delays, **more,
    }  # fmt: skip


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def look(browser: Client, post: Post, values: dict[str, Any]) -> str:
    return browser.get(reverse("review", args=[post.pk]), values).content.decode()


class TestTheReview:
    def test_it_lists_the_whole_sequence_and_does_nothing(
        self, browser: Client, post: Post, blog: Channel, dev: Channel
    ) -> None:
        page = words(look(browser, post, choice(blog, dev)))
        for sentence in (
            "My blog Tuesday 24 March 2026, 09:00",
            "DEV about Wednesday 25 March 2026, 09:00 24 h after My blog",
            "Europe/Berlin (UTC+1) · Wed 25 Mar 2026, 08:00 in UTC · in 4 d 21 h",
            "Waits until My blog has published it and its page answers. Canonical link: the address of that page.",
            "On My blog: none, it is the original. On the others: the address of the page on My blog.",
            "Schedule for Tue 24 Mar 09:00 on My blog first, then on My DEV",
        ):
            assert sentence in page
        assert not Delivery.objects.exists()

    def test_those_with_one_time_stand_together(
        self, browser: Client, post: Post, blog: Channel, folder: Channel
    ) -> None:
        news = Channel.objects.create(
            workspace=blog.workspace, platform="hacker-news", name="News", settings={}, status="open"
        )
        chosen = {"channels": [folder.pk, blog.pk, news.pk], "when": "at", "at": "2026-03-24T09:00"}
        page = words(look(browser, post, chosen))
        assert f"When {blog}, {folder} Tuesday 24 March 2026, 09:00" in page
        assert "News about Tuesday 24 March 2026, 09:00" in page

    def test_the_button_plans_what_was_shown(
        self, browser: Client, post: Post, blog: Channel, dev: Channel, ada: User
    ) -> None:
        response = browser.post(reverse("review", args=[post.pk]), choice(blog, dev), follow=True)
        assert "Scheduled for Tue 24 Mar 09:00 on My blog. My DEV follows 24 h later." in response.content.decode()
        origin, follower = Delivery.objects.order_by("due_at")
        assert (origin.channel, origin.status) == (blog, Status.SCHEDULED)
        assert (follower.channel, follower.status, follower.follows) == (dev, Status.WAITING, origin)
        assert follower.due_at == origin.due_at + DAY

    def test_a_file_without_an_address_is_said_before(
        self, browser: Client, post: Post, folder: Channel, dev: Channel
    ) -> None:
        page = words(look(browser, post, choice(folder, dev)))
        assert "What Garden publishes is a file: it has no page of its own" in page
        assert ">Schedule for" in look(browser, post, choice(folder, dev))

    def test_the_original_goes_into_the_next_free_slot(
        self, browser: Client, post: Post, blog: Channel, dev: Channel
    ) -> None:
        browser.post(reverse("slots", args=[blog.pk]), {"weekdays": ["2"], "at": "07:00"})
        page = words(look(browser, post, choice(blog, dev, when="queue", at="")))
        assert "My blog Wednesday 25 March 2026, 07:00 a free slot" in page
        assert "about Thursday 26 March 2026, 07:00 24 h after My blog" in page

    @pytest.mark.parametrize(("change", "sentence"), [
        ({"origin": ""}, "Choose one of the channels above: its page becomes the original."),
        ({"origin": "99999"}, "This channel is no longer there."),
        ({"delay": ""}, "Say how much later it follows, such as 24 h."),
        ({"delay": "soon"}, "Write how long, such as 24 h, 3 d or 90 min."),
        ({"delay": "400 d"}, "This is more than a year."),
    ])  # fmt: skip
    def test_what_is_missing_is_said_at_its_field_and_nothing_is_lost(
        self, browser: Client, post: Post, blog: Channel, dev: Channel, change: dict[str, str], sentence: str
    ) -> None:
        values = {name.replace("delay", f"delay-{dev.pk}"): value for name, value in change.items()}
        page = unescape(look(browser, post, {**choice(blog, dev), **values}))
        assert page.count(sentence) == 2
        assert 'value="2026-03-24T09:00"' in page
        assert not Delivery.objects.exists()

    def test_two_followers_at_a_site_that_takes_each_original_once_are_refused(
        self, browser: Client, post: Post, blog: Channel, dev: Channel
    ) -> None:
        second = Channel.objects.create(
            workspace=dev.workspace, platform="devto", name="Second DEV", settings=dev.settings, status="open"
        )
        sentence = "DEV takes each canonical link once, and My DEV would name the same original. Choose one of the two."
        page = unescape(look(browser, post, choice(blog, dev, second)))
        assert page.count(sentence) == 2
        page = unescape(
            browser.post(reverse("plan_new"), {"name": "Blog first", **choice(blog, dev, second)}).content.decode()
        )
        assert sentence in page
        assert not Plan.objects.exists()
        elsewhere = {**dev.settings, "base_url": "https://forem.example/api"}
        Channel.objects.filter(pk=second.pk).update(settings=elsewhere)
        assert sentence not in unescape(look(browser, post, choice(blog, dev, second)))

    def test_without_an_order_delays_do_not_matter(
        self, browser: Client, post: Post, blog: Channel, dev: Channel
    ) -> None:
        values = {**choice(blog, dev, order="together"), f"delay-{dev.pk}": "nonsense"}
        browser.post(reverse("review", args=[post.pk]), values)
        assert set(Delivery.objects.values_list("status", flat=True)) == {"scheduled"}


class TestPlans:
    def test_an_order_is_kept_while_scheduling(self, browser: Client, post: Post, blog: Channel, dev: Channel) -> None:
        values = choice(blog, dev, plan_name="Blog first")
        assert "This order is kept as the plan “Blog first”." in unescape(look(browser, post, values))
        assert not Plan.objects.exists()
        browser.post(reverse("review", args=[post.pk]), values)
        [step] = Plan.objects.get(name="Blog first", origin=blog).steps.all()
        assert (step.channel, step.after) == (dev, DAY)

    def test_a_kept_plan_fills_in_the_choice(
        self, browser: Client, post: Post, blog: Channel, dev: Channel, folder: Channel
    ) -> None:
        plan = following.keep_plan(post.workspace, "Blog first", blog, [(dev, 3 * DAY)])
        url = reverse("schedule", args=[post.pk])
        assert "Blog first" in browser.get(url).content.decode()
        page = browser.get(url, {"plan": plan.pk}).content.decode()
        checked = re.findall(r'name="channels" value="(\d+)" id="[^"]+" checked', page)
        assert {int(pk) for pk in checked} == {blog.pk, dev.pk}
        assert re.search(r'value="first"[^>]* checked', page)
        assert re.search(rf'<option value="{blog.pk}" selected', page)
        assert re.search(rf'name="delay-{dev.pk}" value="3 d"', page)

    def test_a_plan_is_made_changed_and_deleted(self, browser: Client, blog: Channel, dev: Channel) -> None:
        values = {"name": "Blog first", "origin": blog.pk, f"delay-{dev.pk}": "1 day"}
        browser.post(reverse("plan_new"), values)
        plan = Plan.objects.get()
        assert "My blog first, My DEV 24 h later." in words(browser.get(reverse("plans")).content.decode())
        browser.post(reverse("plan", args=[plan.pk]), {**values, f"delay-{dev.pk}": "90 min"})
        assert plan.steps.get().after == timedelta(minutes=90)
        browser.post(reverse("plan_delete", args=[plan.pk]))
        assert not Plan.objects.exists()

    @pytest.mark.parametrize(("change", "sentence"), [
        ({"name": ""}, "This field is required"),
        ({"delay": ""}, "Say of at least one other channel how much later it follows."),
        ({"name": "Taken"}, "There is a plan of this name already."),
    ])  # fmt: skip
    def test_what_is_missing_is_said(
        self, browser: Client, blog: Channel, dev: Channel, change: dict[str, str], sentence: str
    ) -> None:
        following.keep_plan(blog.workspace, "Taken", blog, [(dev, DAY)])
        values = {"name": "Blog first", "origin": blog.pk, f"delay-{dev.pk}": "1 d"}
        values |= {name.replace("delay", f"delay-{dev.pk}"): value for name, value in change.items()}
        assert sentence in browser.post(reverse("plan_new"), values).content.decode()
        assert Plan.objects.count() == 1

    def test_graces_plan_is_not_adas(self, browser: Client, post: Post, grace: User, dev: Channel) -> None:
        theirs = workspace_of(grace)
        channel = Channel.objects.create(workspace=theirs, platform="folder", name="Hers", status="open")
        plan = Plan.objects.create(workspace=theirs, name="Secret", origin=channel)
        assert browser.get(reverse("plan", args=[plan.pk])).status_code == 404
        assert browser.post(reverse("plan_delete", args=[plan.pk])).status_code == 404
        page = browser.get(reverse("schedule", args=[post.pk]), {"plan": plan.pk}).content.decode()
        assert "Secret" not in page


class TestWhatWaits:
    def page(self, browser: Client, post: Post) -> str:
        return words(browser.get(post.get_absolute_url()).content.decode())

    def test_the_post_says_what_it_waits_for(self, browser: Client, post: Post, pair: Pair) -> None:
        page = self.page(browser, post)
        assert (
            "It follows My blog: 24 h after it is published there and its page answers, about Sun 22 Mar 2026, 12:00"
            in page
        )
        assert "My DEV waits for it." in page

    def test_lists_and_calendar_say_it_too(self, browser: Client, pair: Pair) -> None:
        assert "24 h after My blog" in words(browser.get(reverse("schedule_list")).content.decode())
        calendar = unescape(browser.get(reverse("calendar")).content.decode())
        assert "about 12:00 Notes, My DEV, waits for My blog" in calendar

    def test_a_published_original_is_waiting_for_its_page(self, browser: Client, post: Post, pair: Pair) -> None:
        Delivery.objects.filter(pk=pair[0].pk).update(
            status="published", remote_id="1", remote_url="https://ada.example/1"
        )
        assert "goes out as soon as its page there has been seen to answer" in self.page(browser, post)

    @pytest.mark.parametrize("status", [Status.FAILED, Status.UNCERTAIN, Status.MISSED])
    def test_what_holds_it_needs_a_person(
        self, browser: Client, post: Post, pair: Pair, status: Delivery.Status
    ) -> None:
        Delivery.objects.filter(pk=pair[0].pk).update(status=status)
        following.look_after(lambda: NOW)
        assert "It cannot go out as planned:" in self.page(browser, post)
        listed = words(browser.get(reverse("schedule_list")).content.decode())
        assert "Needs you" in listed
        assert badges(browser.get(post.get_absolute_url()).content.decode()).count("Waiting") == 1
        browser.post(reverse("delivery_wait_on", args=[pair[1].pk]))
        assert "It goes on waiting:" in self.page(browser, post)

    def test_it_is_released_without_a_canonical_link(self, browser: Client, post: Post, pair: Pair) -> None:
        response = browser.post(reverse("delivery_release", args=[pair[1].pk]), follow=True)
        assert "It waits no longer: it goes out on My DEV Sun 22 Mar 2026, 12:00." in response.content.decode()
        assert Delivery.objects.get(pk=pair[1].pk).canonical_url == ""

    def test_it_is_released_with_the_originals_address(self, browser: Client, post: Post, pair: Pair) -> None:
        url = reverse("delivery_release", args=[pair[1].pk])
        assert "Release with canonical link" not in self.page(browser, post)
        refused = browser.post(url, {"canonical": "yes"}, follow=True).content.decode()
        assert "The original has no public address yet" in refused
        Delivery.objects.filter(pk=pair[0].pk).update(
            status="published", remote_id="1", remote_url="https://ada.example/1", published_at=NOW
        )
        assert "Release with canonical link" in self.page(browser, post)
        browser.post(url, {"canonical": "yes"})
        assert Delivery.objects.get(pk=pair[1].pk).canonical_url == "https://ada.example/1"

    def test_once_released_it_says_which_address_it_names(self, browser: Client, post: Post, pair: Pair) -> None:
        Delivery.objects.filter(pk=pair[1].pk).update(status="scheduled", canonical_url="https://ada.example/1")
        assert "It follows My blog. Its canonical link: https://ada.example/1" in self.page(browser, post)
        history = words(browser.get(reverse("delivery", args=[pair[1].pk])).content.decode())
        assert "Canonical link https://ada.example/1" in history

    def test_it_is_stopped(self, browser: Client, pair: Pair) -> None:
        browser.post(reverse("delivery_cancel", args=[pair[1].pk]))
        assert Delivery.objects.get(pk=pair[1].pk).status == Status.CANCELLED
        assert Delivery.objects.get(pk=pair[0].pk).status == Status.SCHEDULED

    @pytest.mark.parametrize(("then", "status"), [
        ("stop", Status.CANCELLED), ("release", Status.SCHEDULED), ("wait", Status.WAITING),
    ])  # fmt: skip
    def test_cancelling_the_original_asks_first(
        self, browser: Client, pair: Pair, then: str, status: Delivery.Status
    ) -> None:
        url = reverse("delivery_cancel", args=[pair[0].pk])
        asked = words(browser.post(url).content.decode())
        assert "What shall become of it?" in asked
        assert "My DEV , 24 h after it" in asked
        assert Delivery.objects.get(pk=pair[0].pk).status == Status.SCHEDULED
        browser.post(url, {"then": then})
        assert Delivery.objects.get(pk=pair[0].pk).status == Status.CANCELLED
        assert Delivery.objects.get(pk=pair[1].pk).status == status

    def test_how_much_later_it_follows_can_be_changed(self, browser: Client, post: Post, pair: Pair) -> None:
        origin, follower = pair
        address = reverse("delivery_delay", args=[follower.pk])
        assert address in browser.get(post.get_absolute_url()).content.decode()
        assert 'value="24 h"' in browser.get(address).content.decode()
        page = browser.post(address, {"after": "soon"}).content.decode()
        assert "Write how long, such as 24 h" in page
        assert 'value="soon"' in page
        page = browser.post(address, {"after": "3 d"}, follow=True).content.decode()
        assert "It is expected on My DEV about Tue 24 Mar 2026, 12:00 now." in page
        follower.refresh_from_db()
        assert follower.due_at == origin.due_at + 3 * DAY > follower.act_at
        assert follower.follow_after == 3 * DAY
        scheduling.cancel(follower)
        page = browser.post(address, {"after": "2 d"}, follow=True).content.decode()
        assert "It was cancelled. Schedule the post again." in page

    @pytest.mark.parametrize(("then", "status"), [("stop", "cancelled"), ("release", "scheduled"), ("wait", "waiting")])
    def test_dropping_a_missed_original_asks_what_becomes_of_the_others(
        self, browser: Client, pair: Pair, then: str, status: str
    ) -> None:
        origin, follower = pair
        Delivery.objects.filter(pk=origin.pk).update(status=Status.MISSED)
        form = {"delivery": str(origin.pk), "do": "drop"}
        page = browser.post(reverse("decide_missed"), form).content.decode()
        assert "1 publication on other channels waits for it" in page
        browser.post(reverse("decide_missed"), form | {"sure": "yes", "then": then})
        origin.refresh_from_db()
        follower.refresh_from_db()
        assert (origin.status, follower.status) == ("cancelled", status)

    def test_moving_the_original_moves_what_is_expected(self, browser: Client, post: Post, pair: Pair) -> None:
        browser.post(reverse("delivery_reschedule", args=[pair[0].pk]), {"at": "2026-04-02T09:00"})
        assert "about Fri 3 Apr 2026, 09:00" in self.page(browser, post)

    def test_many_of_them_ask_few_questions(
        self, browser: Client, post: Post, pair: Pair, workspace: Workspace, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(8):
            channel = Channel.objects.create(workspace=workspace, platform="devto", name=f"n{number}", status="open")
            Delivery.objects.create(
                workspace=workspace, post=post, channel=channel, due_at=NOW + DAY, act_at=NOW + DAY,
                status=Status.WAITING, follows=pair[0], follow_after=DAY,
            )  # fmt: skip
        for url in (
            post.get_absolute_url(),
            reverse("schedule_list"),
            reverse("calendar"),
            reverse("queue"),
            reverse("plans"),
        ):
            with django_assert_max_num_queries(15):
                browser.get(url)


class TestSpans:
    @pytest.mark.parametrize(("text", "span"), [
        ("24 h", DAY), ("3 d", 3 * DAY), ("90min", timedelta(minutes=90)), ("1 h 30 min", timedelta(minutes=90)),
        ("2 Weeks", 14 * DAY), ("1 day and 2 hours", timedelta(hours=26)), ("0 min", timedelta()),
    ])  # fmt: skip
    def test_people_write_it_as_they_like(self, text: str, span: timedelta) -> None:
        assert SpanField().clean(text) == span
        assert SpanField().clean(span_in_words(span)) == span

    @pytest.mark.parametrize("text", ["24", "h", "-1 h", "1.5 h", "ten days", "9" * 400 + " d", "1 parsec"])
    def test_what_is_no_span_is_refused(self, text: str) -> None:
        with pytest.raises(Exception, match="Write how long"):
            SpanField().clean(text)
