"""Ada chooses a channel that announces: what she sees, and what comes of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from posts.models import Channel, Delivery, Plan, Post, Slot
from tests.posts.views.conftest import Deliver

NOW = datetime(2026, 3, 20, 11, 0, tzinfo=UTC)
TEMPLATE = "{title}\n\n{link}"
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
def mastodon(workspace: Workspace) -> Channel:
    return Channel.objects.create(
        workspace=workspace, platform="mastodon", name="Toots", status=Channel.Status.OPEN,
        account_name="@ada@a.example",
        settings={"base_url": "https://a.example", "template": TEMPLATE, "visibility": "public", "longest": "500"},
        credentials={"access_token": "never-shown-7c1d"},
    )  # fmt: skip


def choice(*channels: Channel, when: str = "at", at: str = "2026-03-24T09:00", **more: str) -> dict[str, Any]:
    return {"channels": [channel.pk for channel in channels], "when": when, "at": at, **more}


def look(browser: Client, post: Post, *channels: Channel, **values: str) -> str:
    page = browser.get(reverse("review", args=[post.pk]), choice(*channels, **values)).content.decode()
    return " ".join(unescape(page).split())


def confirm(browser: Client, post: Post, *channels: Channel, **values: str) -> str:
    answer = browser.post(reverse("review", args=[post.pk]), choice(*channels, **values), follow=True)
    return " ".join(unescape(answer.content.decode()).split())


def test_the_choice_says_which_channels_announce(browser: Client, post: Post, dev: Channel, mastodon: Channel) -> None:
    page = unescape(browser.get(reverse("schedule", args=[post.pk])).content.decode())
    assert page.count("announces it") == 1
    assert "The page that is announced" in page
    assert page.index("My DEV") < page.index("Toots")


def test_without_one_nothing_is_asked(browser: Client, post: Post, dev: Channel) -> None:
    assert "announce" not in browser.get(reverse("schedule", args=[post.pk])).content.decode()


class TestTogether:
    def test_the_review_says_that_it_waits_for_the_page(
        self, browser: Client, post: Post, dev: Channel, mastodon: Channel
    ) -> None:
        page = look(browser, post, dev, mastodon)
        assert (
            "Waits until My DEV has published it and its page answers. It announces the address of that page." in page
        )
        assert ">Schedule for Tue 24 Mar 09:00</button>" in page
        assert "It reads: “Notes https://the-page-to-come.example/”." in page

    def test_confirmed_it_waits(self, browser: Client, post: Post, dev: Channel, mastodon: Channel) -> None:
        page = confirm(browser, post, dev, mastodon, **{f"delay-{mastodon.pk}": "10 min"})
        article, announcement = Delivery.objects.order_by("pk")
        assert (announcement.follows, announcement.follow_after) == (article, timedelta(minutes=10))
        assert "Scheduled for Tue 24 Mar 09:00 on My DEV. Toots announces it 10 min later." in page
        assert "It announces the page on My DEV: 10 min after it is published there and its page answers" in page
        assert "Release without canonical link" not in page

    def test_with_no_delay_it_follows_at_once(
        self, browser: Client, post: Post, dev: Channel, mastodon: Channel
    ) -> None:
        page = confirm(browser, post, dev, mastodon, **{f"delay-{mastodon.pk}": ""})
        assert "Toots announces it once its page is there." in page
        assert Delivery.objects.get(channel=mastodon).follow_after == timedelta()

    def test_a_delay_that_is_none_is_told_at_its_field(
        self, browser: Client, post: Post, dev: Channel, mastodon: Channel
    ) -> None:
        page = confirm(browser, post, dev, mastodon, **{f"delay-{mastodon.pk}": "soon"})
        assert "Write how long, such as 24 h, 3 d or 90 min." in page
        assert not Delivery.objects.exists()

    def test_of_several_pages_one_chooses_which(
        self, browser: Client, post: Post, dev: Channel, folder: Channel, mastodon: Channel
    ) -> None:
        confirm(browser, post, dev, folder, mastodon, announced=str(folder.pk))
        assert Delivery.objects.get(channel=mastodon).follows == Delivery.objects.get(channel=folder)
        assert Delivery.objects.get(channel=dev).status == Status.SCHEDULED

    def test_the_posts_own_address_may_be_chosen_and_is_not_waited_for(
        self, browser: Client, post: Post, dev: Channel, mastodon: Channel
    ) -> None:
        Post.objects.filter(pk=post.pk).update(canonical_url="https://ada.example/notes")
        assert "It reads: “Notes https://the-page-to-come.example/”." in look(browser, post, dev, mastodon)
        page = look(browser, post, dev, mastodon, announced="canonical")
        assert "It reads: “Notes https://ada.example/notes”." in page
        confirm(browser, post, dev, mastodon, announced="canonical")
        announcement = Delivery.objects.get(channel=mastodon)
        assert (announcement.status, announcement.canonical_url) == (Status.SCHEDULED, "https://ada.example/notes")

    @pytest.mark.parametrize("announced", ["canonical", "424242", "x"])
    def test_a_page_that_is_not_offered_is_refused(
        self, browser: Client, post: Post, dev: Channel, mastodon: Channel, announced: str
    ) -> None:
        page = look(browser, post, dev, mastodon, announced=announced)
        assert "This is no longer there. Choose another page." in page

    def test_where_nobody_chooses_it_is_the_first_that_has_a_page(
        self, browser: Client, post: Post, dev: Channel, folder: Channel, mastodon: Channel
    ) -> None:
        confirm(browser, post, folder, dev, mastodon)
        assert Delivery.objects.get(channel=mastodon).follows == Delivery.objects.get(channel=dev)

    def test_a_page_on_a_channel_that_is_not_chosen_is_refused(
        self, browser: Client, post: Post, dev: Channel, folder: Channel, mastodon: Channel
    ) -> None:
        page = look(browser, post, dev, mastodon, announced=str(folder.pk))
        assert "The post is not there: choose this channel above, or announce another page." in page

    def test_a_folder_without_a_site_is_warned_of(
        self, browser: Client, post: Post, folder: Channel, mastodon: Channel
    ) -> None:
        assert "What Garden publishes is a file" in look(browser, post, folder, mastodon)

    def test_after_an_original_it_follows_that_and_is_kept_in_the_plan(
        self, browser: Client, post: Post, dev: Channel, folder: Channel, mastodon: Channel
    ) -> None:
        values = {
            "order": "first", "origin": str(dev.pk), f"delay-{folder.pk}": "24 h", f"delay-{mastodon.pk}": "5 min",
            "plan_name": "DEV first",
        }  # fmt: skip
        confirm(browser, post, dev, folder, mastodon, **values)
        article = Delivery.objects.get(channel=dev)
        assert {each.channel.name: each.follow_after for each in article.followers.all()} == {
            "Garden": timedelta(hours=24), "Toots": timedelta(minutes=5),
        }  # fmt: skip
        plan = Plan.objects.get()
        assert [(step.channel, step.after) for step in plan.steps.all()] == [
            (mastodon, timedelta(minutes=5)), (folder, timedelta(hours=24)),
        ]  # fmt: skip
        another = Post.objects.create(workspace=post.workspace, author=post.author, title="Another", markdown="Text.")
        page = unescape(browser.get(reverse("schedule", args=[another.pk]), {"plan": plan.pk}).content.decode())
        assert 'value="5 min"' in page

    def test_it_cannot_be_the_original(
        self, browser: Client, post: Post, dev: Channel, folder: Channel, mastodon: Channel
    ) -> None:
        page = look(browser, post, dev, folder, mastodon, order="first", origin=str(mastodon.pk))
        assert "Choose one of the channels above: its page becomes the original." in page
        form = browser.post(reverse("plan_new"), {"name": "x", "origin": mastodon.pk, f"delay-{dev.pk}": "1 h"})
        assert "announces a page that is elsewhere" in form.content.decode()


class TestAlone:
    def test_with_nothing_to_announce_it_is_refused_in_words(
        self, browser: Client, post: Post, mastodon: Channel
    ) -> None:
        page = look(browser, post, mastodon)
        assert "Toots announces a page, and there is none yet" in page

    def test_of_the_posts_own_address_it_goes_out_at_its_time(
        self, browser: Client, post: Post, mastodon: Channel
    ) -> None:
        Post.objects.filter(pk=post.pk).update(canonical_url="https://ada.example/notes")
        page = look(browser, post, mastodon)
        assert "Toots announces" in page
        assert ">Announce it Tue 24 Mar 09:00 on Toots</button>" in page
        confirm(browser, post, mastodon)
        announcement = Delivery.objects.get()
        assert (announcement.status, announcement.canonical_url) == (Status.SCHEDULED, "https://ada.example/notes")

    def test_of_a_page_that_is_there_it_names_that(
        self, browser: Client, post: Post, mastodon: Channel, deliver: Deliver
    ) -> None:
        deliver(Status.PUBLISHED)
        page = look(browser, post, mastodon, when="now")
        assert "It reads: “Notes https://dev.to/ada/7”." in page
        assert "the-page-to-come" not in page
        choosing = browser.get(reverse("schedule", args=[post.pk]), {"channels": mastodon.pk}).content.decode()
        assert "It reads: “Notes https://dev.to/ada/7”." in unescape(choosing)
        assert ">Announce it now on Toots</button>" in page
        confirm(browser, post, mastodon, when="now")
        assert Delivery.objects.get(channel=mastodon).canonical_url == "https://dev.to/ada/7"

    def test_of_a_page_to_come_it_waits_for_it_and_not_less_than_was_chosen(
        self, browser: Client, post: Post, mastodon: Channel, deliver: Deliver
    ) -> None:
        article = deliver(due_at=datetime(2026, 3, 23, 8, 0, tzinfo=UTC))
        assert "Waits until My DEV has published it" in look(browser, post, mastodon)
        confirm(browser, post, mastodon)  # Tuesday, 9:00 in Berlin: a day later
        announcement = Delivery.objects.get(channel=mastodon)
        assert (announcement.follows, announcement.follow_after) == (article, timedelta(days=1))
        assert announcement.due_at == datetime(2026, 3, 24, 8, 0, tzinfo=UTC)

    def test_sooner_than_the_page_it_cannot_be(
        self, browser: Client, post: Post, mastodon: Channel, deliver: Deliver
    ) -> None:
        article = deliver(due_at=datetime(2026, 3, 25, 8, 0, tzinfo=UTC))
        confirm(browser, post, mastodon)
        announcement = Delivery.objects.get(channel=mastodon)
        assert (announcement.follow_after, announcement.due_at) == (timedelta(), article.due_at)


def test_its_text_is_an_option_with_a_link_in_it(browser: Client, post: Post, dev: Channel, mastodon: Channel) -> None:
    field = f"options-{mastodon.pk}-text"
    assert "Without {link} nobody finds the page" in look(browser, post, dev, mastodon, **{field: "Read this"})
    page = look(browser, post, dev, mastodon, **{field: "Read this: {link}"})
    assert "It reads: “Read this: https://the-page-to-come.example/”." in page
    confirm(browser, post, dev, mastodon, **{field: "Read this: {link}"})
    assert Delivery.objects.get(channel=mastodon).options == {"text": "Read this: {link}"}


def test_too_long_a_text_cannot_be_confirmed(browser: Client, post: Post, dev: Channel, mastodon: Channel) -> None:
    page = look(browser, post, dev, mastodon, **{f"options-{mastodon.pk}-text": "x" * 480 + " {link}"})
    assert "Mastodon takes 500 characters; this is longer" in page
    assert "It cannot be scheduled like this" in page


def test_a_series_announces_only_what_has_an_address(browser: Client, post: Post, mastodon: Channel) -> None:
    values = {
        "name": "Weekly", "channels": mastodon.pk, "at": "2026-03-24T09:00", "series_zone": "Europe/Berlin",
        "repeat": "weekly", "interval": "1", "ends": "never", "post": post.pk,
    }  # fmt: skip
    page = unescape(browser.post(reverse("series_new"), values).content.decode())
    assert "“Notes” has no canonical URL that it could name" in page


def test_cancelling_the_article_says_that_there_is_nothing_to_announce(
    browser: Client, post: Post, dev: Channel, folder: Channel, mastodon: Channel
) -> None:
    values = {"order": "first", "origin": str(dev.pk), f"delay-{folder.pk}": "24 h"}
    confirm(browser, post, dev, folder, mastodon, **values)
    address = reverse("delivery_cancel", args=[Delivery.objects.get(channel=dev).pk])
    asked = " ".join(browser.post(address).content.decode().split())
    assert "without the original; what would announce it is stopped</button>" in asked
    done = unescape(browser.post(address, {"then": "release"}, follow=True).content.decode())
    assert "It goes out on Garden. There is nothing to announce on Toots." in done
    assert Delivery.objects.get(channel=mastodon).status == Status.CANCELLED


def test_from_a_slot_of_the_queue_it_follows_as_well(
    browser: Client, post: Post, dev: Channel, mastodon: Channel
) -> None:
    Slot.objects.create(channel=dev, weekday=0, at=time(9), zone="Europe/Berlin")
    values = {f"delay-{mastodon.pk}": "5 min"}
    page = look(browser, post, dev, mastodon, when="queue", **values)
    assert ">Add to the queue for Mon 23 Mar 09:00</button>" in page
    [slot] = re.findall(r'name="slot" value="([^"]+)"', page)
    confirm(browser, post, dev, mastodon, when="queue", slot=slot, **values)
    article, announcement = Delivery.objects.order_by("pk")
    assert (article.slot_at, announcement.slot_at) == (article.due_at, None)
    assert announcement.due_at == article.due_at + timedelta(minutes=5)


def test_in_a_slot_of_its_own_it_announces_what_is_there(
    browser: Client, post: Post, mastodon: Channel, deliver: Deliver
) -> None:
    deliver(Status.PUBLISHED)
    Slot.objects.create(channel=mastodon, weekday=0, at=time(9), zone="Europe/Berlin")
    [slot] = re.findall(r'name="slot" value="([^"]+)"', look(browser, post, mastodon, when="queue"))
    confirm(browser, post, mastodon, when="queue", slot=slot)
    announcement = Delivery.objects.get(channel=mastodon)
    assert (announcement.slot_at, announcement.canonical_url) == (announcement.due_at, "https://dev.to/ada/7")
