"""Ada connects places, looks how they are, and removes one. Her keys go in and never come out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from posts.models import Channel
from publishers import PUBLISHERS
from tests.posts.views.conftest import DEVTO_SETTINGS, SECRET, Deliver, badges

HTMX = {"hx-request": "true"}
DEVTO = {"channel-name": "My DEV", "api_key": SECRET, "base_url": "https://dev.to/api", "ai_disclosure_level": "no_ai"}


def read(browser: Client, name: str, *args: object) -> str:
    return browser.get(reverse(name, args=args)).content.decode()


class TestConnecting:
    def test_what_needs_no_account_is_offered_first(self, browser: Client) -> None:
        page = read(browser, "channel_pick")
        assert page.index("/channels/connect/folder/") < page.index("/channels/connect/devto/")

    def test_the_steps_say_where_the_key_is(self, browser: Client) -> None:
        page = read(browser, "channel_connect", "devto")
        assert '<ol class="steps"><li><p>Log in to DEV' in page
        assert "sandbox-devto-key" not in page

    @pytest.mark.parametrize(
        "platform", [name for name, kind in PUBLISHERS.items() if kind.credentials_form.base_fields]
    )
    def test_the_sandbox_is_offered_where_it_runs(self, browser: Client, settings: Any, platform: str) -> None:
        settings.SANDBOX_URL = "http://127.0.0.1:8001"
        page = read(browser, "channel_connect", platform)
        for value in PUBLISHERS[platform].in_the_sandbox.values():
            assert value.replace("{sandbox}", "http://127.0.0.1:8001") in page

    def test_an_unknown_place_is_not_found(self, browser: Client) -> None:
        assert browser.get(reverse("channel_connect", args=["nowhere"])).status_code == 404

    def test_it_is_saved_and_checked(self, browser: Client) -> None:
        response = browser.post(reverse("channel_connect", args=["devto"]), DEVTO, follow=True)
        channel = Channel.objects.get()
        assert (channel.status, channel.credentials, channel.secret_hint) == ("checking", {"api_key": SECRET}, "9f3c")
        page = response.content.decode()
        assert "every 1s" in page
        assert reverse("channel_status", args=[channel.pk]) in page

    def test_what_is_missing_is_named_and_the_rest_is_kept(self, browser: Client) -> None:
        page = browser.post(
            reverse("channel_connect", args=["devto"]), {**DEVTO, "ai_disclosure_level": ""}
        ).content.decode()
        assert page.count("error-summary__title") == 1
        assert 'href="#id_ai_disclosure_level"' in page
        assert "My DEV" in page
        assert SECRET not in page

    def test_a_name_is_taken_only_once(self, browser: Client, dev: Channel) -> None:
        page = browser.post(reverse("channel_connect", args=["devto"]), DEVTO).content.decode()
        assert "There is a channel of this name already." in page
        assert Channel.objects.count() == 1


class TestTheCheck:
    def follow(self, browser: Client, channel: Channel, looked: int = 0) -> str:
        url = reverse("channel_status", args=[channel.pk]) + f"?looked={looked}"
        return browser.get(url, headers=HTMX).content.decode()

    def test_the_page_asks_on_while_it_is_checked(self, browser: Client, dev: Channel) -> None:
        Channel.objects.update(status="checking")
        part = self.follow(browser, dev)
        assert "every 1s" in part
        assert "looked=1" in part
        assert "<html" not in part

    def test_after_a_while_it_says_that_it_takes_long(self, browser: Client, dev: Channel) -> None:
        Channel.objects.update(status="checking")
        assert "Is the worker running?" in self.follow(browser, dev, 19)

    def test_it_stops_and_names_the_account(self, browser: Client, dev: Channel) -> None:
        Channel.objects.update(account_name="@ada")
        part = self.follow(browser, dev)
        assert "hx-trigger" not in part
        assert "DEV knows us as <strong>@ada</strong>" in part

    def test_a_failure_stands_at_its_field(self, browser: Client, dev: Channel) -> None:
        Channel.objects.update(status="closed", problem="DEV does not know this key.", problem_field="api_key")
        part = self.follow(browser, dev)
        assert 'id="id_api_key_error"' in part
        assert part.count("DEV does not know this key.") == 2
        assert "error-summary" not in part  # it would take the focus

    def test_without_javascript_it_is_the_channels_page(self, browser: Client, dev: Channel) -> None:
        response: Any = browser.get(reverse("channel_status", args=[dev.pk]))
        assert response.url == dev.get_absolute_url()


class TestTheChannel:
    @pytest.mark.parametrize("status", ["checking", "open", "closed", "paused"])
    def test_its_key_is_never_shown(self, browser: Client, dev: Channel, status: str) -> None:
        Channel.objects.update(status=status, problem="x", problem_field="api_key")
        for page in (read(browser, "channel", dev.pk), read(browser, "channels")):
            assert SECRET not in page
        assert "9f3c" in read(browser, "channel", dev.pk)

    def test_settings_change_and_an_empty_key_keeps_the_old_one(self, browser: Client, dev: Channel) -> None:
        browser.post(dev.get_absolute_url(), {**DEVTO, "api_key": "", "channel-name": "Other", "organization_id": "7"})
        dev.refresh_from_db()
        assert (dev.name, dev.credentials, dev.status) == ("Other", {"api_key": SECRET}, "checking")
        assert dev.settings == {**DEVTO_SETTINGS, "organization_id": 7}

    def test_a_new_key_replaces_the_old_one(self, browser: Client, dev: Channel) -> None:
        browser.post(dev.get_absolute_url(), {**DEVTO, "api_key": "another-key-0000-abcd"})
        dev.refresh_from_db()
        assert (dev.credentials, dev.secret_hint) == ({"api_key": "another-key-0000-abcd"}, "abcd")

    def test_a_key_is_not_sent_to_another_address_than_it_was_given_for(self, browser: Client, dev: Channel) -> None:
        changed = {**DEVTO, "api_key": "", "base_url": "https://elsewhere.example/api"}
        assert "The address has changed" in browser.post(dev.get_absolute_url(), changed).content.decode()
        dev.refresh_from_db()
        assert dev.settings["base_url"] == "https://dev.to/api"

    def test_it_is_paused_and_opened_again(self, browser: Client, dev: Channel) -> None:
        browser.post(reverse("channel_pause", args=[dev.pk]))
        assert badges(read(browser, "channels")) == ["Paused"]
        browser.post(reverse("channel_resume", args=[dev.pk]))
        assert badges(read(browser, "channels")) == ["Open"]

    def test_what_the_platform_leaves_to_choose_is_a_list(self, browser: Client, dev: Channel) -> None:
        Channel.objects.update(choices={"organization_id": [["7", "Engines"], ["8", "Looms"]]})
        page = read(browser, "channel", dev.pk)
        assert '<option value="7">Engines</option>' in page
        assert '<select name="organization_id"' in page

    def test_a_paused_one_is_not_checked(self, browser: Client, dev: Channel) -> None:
        Channel.objects.update(status="paused")
        page = browser.post(reverse("channel_check", args=[dev.pk]), follow=True).content.decode()
        assert "cannot be checked now" in page

    def test_it_is_checked_again(self, browser: Client, dev: Channel) -> None:
        browser.post(reverse("channel_check", args=[dev.pk]))
        assert badges(read(browser, "channels")) == ["Checking"]

    def test_many_deliveries_do_not_ask_many_questions(
        self, browser: Client, dev: Channel, deliver: Deliver, post: Any, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(10):
            deliver(post=type(post).objects.create(workspace=post.workspace, title=f"n{number}"))
        with django_assert_max_num_queries(7):  # one of them: are worker and beat alive
            read(browser, "channel", dev.pk)
        with django_assert_max_num_queries(7):
            read(browser, "channels")


class TestRemoving:
    def test_it_says_what_goes_and_what_stays(self, browser: Client, dev: Channel, deliver: Deliver, post: Any) -> None:
        deliver()
        deliver("published", post=type(post).objects.create(workspace=post.workspace, title="other"))
        page = read(browser, "channel_remove", dev.pk)
        assert "1 scheduled post will be cancelled" in page
        assert "1 published post stays where it is" in page

    def test_the_wrong_name_removes_nothing(self, browser: Client, dev: Channel) -> None:
        page = browser.post(reverse("channel_remove", args=[dev.pk]), {"name": "my dev"}).content.decode()
        assert "This is not its name" in page
        assert Channel.objects.get().status == "open"

    def test_the_right_name_removes_it_and_cancels_what_was_to_come(
        self, browser: Client, dev: Channel, deliver: Deliver
    ) -> None:
        delivery = deliver()
        browser.post(reverse("channel_remove", args=[dev.pk]), {"name": "My DEV"})
        dev.refresh_from_db()
        delivery.refresh_from_db()
        assert (dev.status, dev.credentials, delivery.status) == ("removed", {}, "cancelled")
        assert browser.get(dev.get_absolute_url()).status_code == 404
        assert "No channel yet" in read(browser, "channels")
