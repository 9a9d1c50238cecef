"""The page of what is published by hand: to copy from, to say where it is, to put it off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Workspace
from posts.models import Channel, Delivery, Post
from tests.posts.views.conftest import Deliver

pytestmark = pytest.mark.django_db
Status = Delivery.Status


@pytest.fixture
def letters(workspace: Workspace) -> Channel:
    return Channel.objects.create(
        workspace=workspace, platform="medium-by-hand", name="Letters", settings={"address": ""},
        account_name="medium.com",
        status=Channel.Status.OPEN,
    )  # fmt: skip


@pytest.fixture
def delivery(deliver: Deliver, letters: Channel) -> Delivery:
    return deliver(Status.HANDED_OVER, channel=letters, due_at=timezone.now() - timedelta(minutes=1))


def page(browser: Client, delivery: Delivery) -> str:
    response = browser.get(reverse("hand_off", args=[delivery.pk]))
    assert response.status_code == 200
    return response.content.decode()


class TestThePage:
    def test_it_has_everything_to_copy(self, browser: Client, delivery: Delivery, post: Post) -> None:
        Post.objects.filter(pk=post.pk).update(
            canonical_url="https://ada.example/notes", summary="In short.", markdown="## Part\n\nA few *words*."
        )
        shown = page(browser, delivery)
        assert "<h2>Part</h2>" in shown  # as rich text
        assert "A few *words*." in shown  # as Markdown
        assert "&lt;h2&gt;Part&lt;/h2&gt;" in shown  # as HTML
        for part in ("Notes", "maths", "In short.", "https://ada.example/notes"):
            assert f">{part}</span>" in shown
        assert 'href="https://medium.com/p/import"' in shown
        assert "we could not try it" in shown

    def test_what_is_dangerous_in_the_text_is_not_in_the_page(
        self, browser: Client, delivery: Delivery, post: Post
    ) -> None:
        Post.objects.filter(pk=post.pk).update(markdown="<script>alert(1)</script><img src=x onerror=alert(1)>")
        shown = page(browser, delivery)
        assert "<script>alert" not in shown
        assert "onerror" not in shown.replace("onerror=alert(1)&gt;", "")

    def test_before_its_time_it_can_be_seen_and_not_be_closed(
        self, browser: Client, deliver: Deliver, letters: Channel
    ) -> None:
        shown = page(browser, deliver(Status.SCHEDULED, channel=letters))
        assert "It is handed over on" in shown
        assert "I published it" not in shown

    def test_a_channel_with_an_api_has_no_such_page(self, browser: Client, deliver: Deliver) -> None:
        assert browser.get(reverse("hand_off", args=[deliver().pk])).status_code == 404

    def test_the_link_of_the_mail_asks_to_log_in(self, delivery: Delivery) -> None:
        url = reverse("hand_off", args=[delivery.pk])
        response = Client().get(url)
        assert response.status_code == 302
        assert response["Location"].endswith(f"?next={url}")

    def test_graces_browser_finds_nothing(self, strange_browser: Client, delivery: Delivery) -> None:
        url = reverse("hand_off", args=[delivery.pk])
        assert strange_browser.get(url).status_code == 404
        assert strange_browser.post(url, {"url": "https://medium.com/@grace/1"}).status_code == 404
        assert (
            strange_browser.post(reverse("delivery_snooze", args=[delivery.pk]), {"until": "hour"}).status_code == 404
        )

    def test_it_asks_little_of_the_database(
        self, browser: Client, delivery: Delivery, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(15):
            page(browser, delivery)


class TestIPublishedIt:
    def send(self, browser: Client, delivery: Delivery, url: str, **more: str) -> Any:
        return browser.post(reverse("hand_off", args=[delivery.pk]), {"url": url, **more}, follow=True)

    def test_it_is_published_and_said(self, browser: Client, delivery: Delivery) -> None:
        answer = self.send(browser, delivery, "https://medium.com/@ada/notes-1", seen=delivery.sent_as)
        delivery.refresh_from_db()
        assert (delivery.status, delivery.remote_url) == (Status.PUBLISHED, "https://medium.com/@ada/notes-1")
        assert "It is published on Letters" in answer.content.decode()

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("https://example.com/notes", "This address is on example.com"),
            ("https://medium.com/", "home page"),
            ("not an address", "Enter a valid URL"),
            ("", "This field is required"),
            ("javascript:alert(1)", "valid URL"),
        ],
    )
    def test_a_wrong_address_is_said_at_its_field_and_kept(
        self, browser: Client, delivery: Delivery, url: str, words: str
    ) -> None:
        answer = self.send(browser, delivery, url)
        shown = answer.content.decode()
        assert words in shown
        assert 'aria-invalid="true"' in shown
        delivery.refresh_from_db()
        assert delivery.status == Status.HANDED_OVER

    def test_also_from_the_page_of_the_post(self, browser: Client, delivery: Delivery) -> None:
        answer = browser.post(reverse("delivery_confirm", args=[delivery.pk]), {"url": "https://example.com/notes"})
        assert "This address is on example.com" in answer.content.decode()

    def test_a_second_time_nothing_is_changed(self, browser: Client, delivery: Delivery) -> None:
        self.send(browser, delivery, "https://medium.com/@ada/notes-1")
        answer = self.send(browser, delivery, "https://medium.com/@ada/notes-2")
        assert "published on Letters already" in answer.content.decode()
        delivery.refresh_from_db()
        assert delivery.remote_url.endswith("notes-1")


class TestNotNow:
    def snooze(self, browser: Client, delivery: Delivery, until: str) -> str:
        answer = browser.post(reverse("delivery_snooze", args=[delivery.pk]), {"until": until}, follow=True)
        delivery.refresh_from_db()
        return answer.content.decode()

    def test_in_an_hour(self, browser: Client, delivery: Delivery) -> None:
        assert "We hand it over again" in self.snooze(browser, delivery, "hour")
        assert delivery.status == Status.SCHEDULED
        assert timedelta(minutes=59) < delivery.due_at - timezone.now() < timedelta(minutes=61)

    def test_tomorrow_at_the_same_time_of_day(self, browser: Client, delivery: Delivery) -> None:
        before = delivery.due_at
        self.snooze(browser, delivery, "tomorrow")
        assert delivery.due_at.date() == before.date() + timedelta(days=1)
        assert (delivery.due_at.hour, delivery.due_at.minute) == (before.hour, before.minute)

    def test_whatever_else_is_asked_for_changes_nothing(self, browser: Client, delivery: Delivery) -> None:
        assert "Choose until when." in self.snooze(browser, delivery, "never")
        assert delivery.status == Status.HANDED_OVER

    def test_another_time_is_chosen_on_the_page_for_that(self, browser: Client, delivery: Delivery) -> None:
        at = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
        browser.post(reverse("delivery_reschedule", args=[delivery.pk]), {"at": at})
        delivery.refresh_from_db()
        assert delivery.status == Status.SCHEDULED

    def test_skipped_it_is_cancelled(self, browser: Client, delivery: Delivery) -> None:
        browser.post(reverse("delivery_cancel", args=[delivery.pk]))
        delivery.refresh_from_db()
        assert delivery.status == Status.CANCELLED


class TestElsewhere:
    def test_it_stands_in_every_list_with_its_word(self, browser: Client, delivery: Delivery) -> None:
        for url in (
            reverse("posts"), reverse("schedule_list"), reverse("schedule_list") + "?status=handed_over",
            reverse("calendar"), delivery.post.get_absolute_url(), delivery.channel.get_absolute_url(),
        ):  # fmt: skip
            shown = browser.get(url).content.decode().lower()
            assert "handed over" in shown or "needs you" in shown, url
        assert reverse("hand_off", args=[delivery.pk]) in browser.get(reverse("schedule_list")).content.decode()

    def test_the_queue_of_its_channel_says_so(self, browser: Client, delivery: Delivery) -> None:
        shown = browser.get(reverse("queue") + f"?channel={delivery.channel_id}").content.decode()
        assert "“Notes” is handed over: it is yours to publish." in shown
        assert reverse("hand_off", args=[delivery.pk]) in shown

    def test_places_without_an_api_are_offered_by_themselves(self, browser: Client) -> None:
        shown = browser.get(reverse("channel_pick")).content.decode()
        before, _, after = shown.partition("Places without an API")
        assert "Substack" in after
        assert "Substack" not in before

    def test_such_a_channel_is_added_without_a_key(self, browser: Client) -> None:
        answer = browser.post(
            reverse("channel_connect", args=["substack"]),
            {"channel-name": "My letters", "address": "https://ada.substack.com"}, follow=True,
        )  # fmt: skip
        assert answer.status_code == 200
        assert Channel.objects.get(name="My letters").platform == "substack"
