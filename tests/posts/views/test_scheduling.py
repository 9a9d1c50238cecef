"""Ada chooses where and when, sees what will happen, and only then makes it happen."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django import forms
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from posts.forms.options import filled_in, in_words
from posts.models import Channel, Delivery, Post
from posts.planning.conflicts import conflicts, conflicts_of
from publishers import PUBLISHERS
from publishers.errors import Rejected
from publishers.platforms.folder import Folder
from tests.posts.views.conftest import DEVTO_SETTINGS, FOLDER_SETTINGS, SECRET, Deliver

NOW = datetime(2026, 3, 20, 11, 0, tzinfo=UTC)  # 12:00 in Berlin, nine days before the clocks change
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada(ada: User) -> User:
    ada.time_zone = "Europe/Berlin"
    ada.save()
    return ada


def choice(*channels: Channel, at: str = "2026-03-24T09:00", when: str = "at", **more: str) -> dict[str, Any]:
    return {"channels": [channel.pk for channel in channels], "when": when, "at": at, **more}


def look(browser: Client, post: Post, *channels: Channel, **values: str) -> str:
    """The review, or the choice with what is wrong with it."""
    return browser.get(reverse("review", args=[post.pk]), choice(*channels, **values)).content.decode()


def confirm(browser: Client, post: Post, *channels: Channel, **values: str) -> Any:
    return browser.post(reverse("review", args=[post.pk]), choice(*channels, **values))


class TestTheReview:
    def test_it_says_everything_and_does_nothing(self, browser: Client, post: Post, folder: Channel) -> None:
        page = look(browser, post, folder)
        for words in (
            "Tuesday 24 March 2026, 09:00",
            "Europe/Berlin (UTC+1)",
            "08:00",
            "in 3 d 21 h",
            "Garden",
            "Nothing is lost.",
        ):
            assert words in page
        assert ">Schedule for Tue 24 Mar 09:00</button>" in page
        assert not Delivery.objects.exists()

    def test_the_button_schedules_what_was_shown(self, browser: Client, post: Post, folder: Channel, ada: User) -> None:
        response = confirm(browser, post, folder)
        delivery = Delivery.objects.get()
        assert response.url == post.get_absolute_url()
        assert delivery.due_at == datetime(2026, 3, 24, 8, 0, tzinfo=UTC)
        assert (delivery.wall_time, delivery.zone) == ("2026-03-24T09:00", "Europe/Berlin")
        assert (delivery.created_by, delivery.status) == (ada, "scheduled")

    def test_now_is_now(self, browser: Client, post: Post, folder: Channel, dev: Channel) -> None:
        assert ">Publish now on 2 channels</button>" in look(browser, post, folder, dev, when="now", at="")
        confirm(browser, post, folder, dev, when="now", at="")
        assert {delivery.due_at for delivery in Delivery.objects.all()} == {NOW}

    def test_another_year_is_named_on_the_button(self, browser: Client, post: Post, folder: Channel) -> None:
        assert ">Schedule for Thu 7 Jan 2027 09:00</button>" in look(browser, post, folder, at="2027-01-07T09:00")

    def test_what_a_channel_refuses_cannot_be_confirmed(self, browser: Client, post: Post, folder: Channel) -> None:
        Post.objects.update(title="")
        page = look(browser, post, folder)
        assert "Refused:" in page
        assert "A post needs a title." in page
        assert ">Schedule for" not in page
        page = confirm(browser, post, folder).content.decode()
        assert "A post needs a title." in page
        assert not Delivery.objects.exists()

    def test_one_channel_that_refuses_stops_all_of_them(
        self, browser: Client, post: Post, folder: Channel, dev: Channel
    ) -> None:
        Post.objects.update(canonical_url="http://localhost/x")
        page = confirm(browser, post, folder, dev).content.decode()
        assert "cannot be the canonical address" in page
        assert not Delivery.objects.exists()

    def test_what_is_lost_or_changed_is_said_and_can_be_confirmed(
        self, browser: Client, post: Post, dev: Channel
    ) -> None:
        Post.objects.update(tags=["web-dev", "b", "c", "d", "e"])
        page = look(browser, post, dev)
        assert "Lost:" in page
        assert "Changed:" in page
        assert ">Schedule for" in page

    def test_a_post_does_not_go_to_one_channel_twice(
        self, browser: Client, post: Post, dev: Channel, deliver: Deliver
    ) -> None:
        deliver("published")
        assert "on My DEV already" in confirm(browser, post, dev).content.decode()
        assert Delivery.objects.count() == 1

    def test_pressing_twice_schedules_once(self, browser: Client, post: Post, folder: Channel) -> None:
        confirm(browser, post, folder)
        confirm(browser, post, folder)
        assert Delivery.objects.count() == 1


class TestTimes:
    def test_a_past_time_is_refused_at_its_field(self, browser: Client, post: Post, folder: Channel) -> None:
        for page in (
            look(browser, post, folder, at="2026-03-20T11:30"),
            confirm(browser, post, folder, at="2026-03-20T11:30").content.decode(),
        ):
            assert "11:30 on 20 March 2026 is in the past" in page
            assert 'value="2026-03-20T11:30"' in page
            assert 'aria-invalid="true"' in page
            assert 'aria-describedby="id_at_helptext id_at_error"' in page
            assert 'href="#id_at"' in page
            assert f'value="{folder.pk}" id="id_channels_0" checked' in page
        assert not Delivery.objects.exists()

    def test_a_time_that_does_not_exist_names_the_one_that_is_meant(
        self, browser: Client, post: Post, folder: Channel
    ) -> None:
        page = look(browser, post, folder, at="2026-03-29T02:30")
        assert "02:30 does not exist on 29 March 2026 in Europe/Berlin" in page
        assert "Choose 03:30" in page
        assert 'value="2026-03-29T02:30"' in page

    def test_a_time_that_comes_twice_is_explained_before_it_is_confirmed(
        self, browser: Client, post: Post, folder: Channel
    ) -> None:
        page = look(browser, post, folder, at="2026-10-25T02:30")
        assert "02:30 comes twice on 25 October 2026" in page
        assert "Sun 25 Oct 2026, 00:30" in page

    @pytest.mark.parametrize("at", ["", "soon", "9999-12-31T23:59", "0001-01-01T00:00", "2026-13-01T00:00"])
    def test_what_is_no_time_is_refused(self, browser: Client, post: Post, folder: Channel, at: str) -> None:
        assert 'aria-invalid="true"' in look(browser, post, folder, at=at)
        assert confirm(browser, post, folder, at=at).status_code == 200
        assert not Delivery.objects.exists()

    def test_no_channel_is_refused_and_the_time_is_kept(self, browser: Client, post: Post, folder: Channel) -> None:
        page = look(browser, post)
        assert "Choose at least one channel." in page
        assert 'value="2026-03-24T09:00"' in page


class TestTheChoice:
    def shown(self, browser: Client, post: Post, query: str = "", **headers: str) -> str:
        return browser.get(reverse("schedule", args=[post.pk]) + query, headers=headers).content.decode()

    def test_it_offers_tomorrow_morning_in_a_zone_that_is_spelled_out(
        self, browser: Client, post: Post, folder: Channel
    ) -> None:
        page = self.shown(browser, post)
        assert 'value="2026-03-21T09:00"' in page
        assert "Europe/Berlin (UTC+1 today)" in page

    def test_today_offers_the_next_full_hour(self, browser: Client, post: Post, folder: Channel) -> None:
        assert 'value="2026-03-20T13:00"' in self.shown(browser, post, "?day=2026-03-20")

    def test_what_is_found_is_shown_while_one_chooses(self, browser: Client, post: Post, dev: Channel) -> None:
        Post.objects.update(tags=["web-dev"])
        chosen = choice(dev, at="", look="yes")
        part = {"hx-request": "true", "hx-target": "findings"}
        page = browser.post(reverse("review", args=[post.pk]), chosen, headers=part).content.decode()
        assert "The tag “web-dev” becomes “webdev”." in page
        assert "<html" not in page

    def test_what_is_shown_while_one_chooses_schedules_nothing(
        self, browser: Client, post: Post, folder: Channel
    ) -> None:
        part = {"hx-request": "true", "hx-target": "findings"}
        browser.post(reverse("review", args=[post.pk]), choice(folder), headers=part)
        assert not Delivery.objects.exists()

    def test_it_leads_to_a_review_with_an_address_of_its_own(
        self, browser: Client, post: Post, folder: Channel
    ) -> None:
        response = confirm(browser, post, folder, look="yes")
        assert response.url.startswith(reverse("review", args=[post.pk]) + "?")
        assert "Step 2 of 2" in browser.get(response.url).content.decode()
        assert not Delivery.objects.exists()

    def test_one_comes_back_to_it_from_the_review_as_one_left_it(
        self, browser: Client, post: Post, folder: Channel
    ) -> None:
        page = confirm(browser, post, folder, change="yes").content.decode()
        assert "Step 1 of 2" in page
        assert 'value="2026-03-24T09:00"' in page
        assert f'value="{folder.pk}" id="id_channels_0" checked' in page
        assert "error-summary" not in page
        assert not Delivery.objects.exists()

    def test_a_channel_that_has_the_post_cannot_be_chosen(self, browser: Client, post: Post, deliver: Deliver) -> None:
        deliver("published")
        page = self.shown(browser, post)
        assert "has this post already" in page
        assert "disabled" in page

    def test_a_closed_channel_says_that_the_post_would_wait(self, browser: Client, post: Post, dev: Channel) -> None:
        Channel.objects.update(status="closed", problem="No.")
        assert "Waits:" in look(browser, post, dev)

    def test_without_a_channel_there_is_a_way_on(self, browser: Client, post: Post) -> None:
        assert reverse("channel_pick") in self.shown(browser, post)


class EveryKind(forms.Form):
    """One field of each kind that options may have."""

    since = forms.DateField(required=False)
    times = forms.IntegerField(required=False)
    sure = forms.BooleanField(required=False)
    open = forms.NullBooleanField(required=False)
    rooms = forms.MultipleChoiceField(required=False, choices=[("a", "Attic"), ("b", "Basement")])
    words = forms.CharField(required=False)


class TestOptions:
    @pytest.fixture
    def hashnode(self, workspace: Workspace) -> Channel:
        return Channel.objects.create(
            workspace=workspace, platform="hashnode", name="My Hashnode", status="open",
            settings={"base_url": "https://gql-beta.hashnode.com", "publication": "0" * 24},
            credentials={"token": "t"},
        )  # fmt: skip

    def shown(self, browser: Client, post: Post) -> str:
        return browser.get(reverse("schedule", args=[post.pk])).content.decode()

    def named(self, channel: Channel, **values: str) -> dict[str, str]:
        return {f"options-{channel.pk}-{name}": value for name, value in values.items()}

    def test_they_are_asked_where_a_platform_has_any(
        self, browser: Client, post: Post, folder: Channel, hashnode: Channel
    ) -> None:
        page = self.shown(browser, post)
        assert "Options for My Hashnode" in page
        assert f'name="options-{hashnode.pk}-subtitle"' in page
        assert "Options for Garden" not in page

    def test_nothing_is_asked_of_a_channel_that_has_the_post(
        self, browser: Client, post: Post, deliver: Deliver, hashnode: Channel
    ) -> None:
        deliver("published", channel=hashnode)
        assert "Options for My Hashnode" not in self.shown(browser, post)

    def test_they_are_shown_in_words_and_kept_with_the_delivery(
        self, browser: Client, post: Post, hashnode: Channel
    ) -> None:
        wishes = self.named(hashnode, subtitle="Of “looms”", newsletter="no", series="")
        page = look(browser, post, hashnode, **wishes)
        assert "<dt>Subtitle</dt><dd>Of “looms”</dd>" in page
        assert "<dt>Send as a newsletter</dt><dd>No</dd>" in page
        assert "<dt>Series</dt>" not in page
        assert f'<input type="hidden" name="options-{hashnode.pk}-subtitle" value="Of “looms”">' in page
        confirm(browser, post, hashnode, **wishes)
        delivery = Delivery.objects.get()
        assert delivery.options == {"subtitle": "Of “looms”", "newsletter": "no"}
        page = browser.get(reverse("delivery", args=[delivery.pk])).content.decode()
        assert "<dt>Send as a newsletter</dt><dd>No</dd>" in page

    def test_what_a_channel_says_of_them_is_found_before(
        self, browser: Client, post: Post, workspace: Workspace
    ) -> None:
        medium = Channel.objects.create(
            workspace=workspace, platform="medium", name="M", status="open", settings={"publish_status": "public"}
        )
        words = "It is unlisted: only who has its address can read it."
        assert words in look(browser, post, medium, **self.named(medium, publish_status="unlisted"))
        assert words not in look(browser, post, medium)

    def test_a_wrong_one_is_told_at_its_field_and_nothing_happens(
        self, browser: Client, post: Post, hashnode: Channel
    ) -> None:
        wishes = self.named(hashnode, newsletter="perhaps", subtitle="x" * 251)
        sent = {**choice(hashnode), **wishes}
        address = reverse("review", args=[post.pk])
        for response in (
            browser.get(address, sent),
            browser.post(address, {**sent, "look": "yes"}),
            browser.post(address, sent),
        ):
            page = response.content.decode()
            assert "Step 1 of 2" in page
            assert f'<a href="#id_options-{hashnode.pk}-newsletter">My Hashnode, Send as a newsletter</a>' in page
            assert f'id="id_options-{hashnode.pk}-newsletter_error"' in page
            assert "x" * 251 in page
            assert '<details class="details" open>' in page
        assert not Delivery.objects.exists()

    def test_those_of_a_channel_that_is_not_chosen_do_not_matter(
        self, browser: Client, post: Post, hashnode: Channel, folder: Channel
    ) -> None:
        wishes = self.named(hashnode, newsletter="perhaps", subtitle="Kept")
        assert "Step 2 of 2" in look(browser, post, folder, **wishes)
        page = confirm(browser, post, folder, at="", **wishes).content.decode()
        assert 'value="Kept"' in page
        assert f"id_options-{hashnode.pk}-newsletter_error" not in page
        confirm(browser, post, folder, **wishes)
        assert Delivery.objects.get().options == {}

    def test_more_than_an_address_holds_is_carried_without_one(
        self, browser: Client, post: Post, hashnode: Channel
    ) -> None:
        wishes = self.named(hashnode, seo_description="書" * 500)
        page = confirm(browser, post, hashnode, look="yes", **wishes).content.decode()
        assert "Step 2 of 2" in page
        assert f'value="{"書" * 500}"' in page
        assert not Delivery.objects.exists()

    def test_the_next_time_begins_with_the_last_ones(
        self, browser: Client, post: Post, deliver: Deliver, hashnode: Channel
    ) -> None:
        deliver("cancelled", channel=hashnode, options={"subtitle": "As before"})
        assert 'value="As before"' in self.shown(browser, post)

    def test_only_what_was_filled_in_is_kept_and_as_json_keeps_it(self, folder: Channel) -> None:
        filled = EveryKind({"since": "2026-03-01", "times": "0", "open": "false", "rooms": ["b"], "words": " "})
        assert filled_in(filled) == {"since": "2026-03-01", "times": 0, "open": False, "rooms": ["b"]}
        assert filled_in(EveryKind({})) == {}

    def test_every_kind_has_words(self, folder: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Folder, "options_form", EveryKind)
        kept = {"rooms": ["a", "b"], "open": False, "times": 0, "gone": "x"}
        words = [("Times", "0"), ("Open", "No"), ("Rooms", "Attic, Basement"), ("Gone", "x")]
        assert in_words(folder, kept) == words

    def test_those_of_a_platform_that_is_no_longer_there_are_shown_as_they_are(self, folder: Channel) -> None:
        folder.platform = "nowhere"
        assert in_words(folder, {"publish_status": "draft"}) == [("Publish status", "draft")]


class TestWhatIsSent:
    def test_each_channel_shows_what_it_gets(self, browser: Client, post: Post, folder: Channel, dev: Channel) -> None:
        page = unescape(look(browser, post, folder, dev))
        assert 'What is sent<span class="visually-hidden"> to Garden' in page
        assert '"path": "content/posts/notes.md"' in page
        assert '"tags": [\n' in page
        assert "A few *words*." in page

    def test_options_are_in_it(self, browser: Client, post: Post, workspace: Workspace) -> None:
        medium = Channel.objects.create(
            workspace=workspace, platform="medium", name="M", status="open", settings={"publish_status": "public"}
        )
        page = unescape(look(browser, post, medium, **{f"options-{medium.pk}-publish_status": "draft"}))
        assert '"publishStatus": "draft"' in page

    def test_keys_are_not_in_it(self, browser: Client, post: Post, dev: Channel) -> None:
        assert SECRET not in look(browser, post, dev)

    def test_a_long_text_is_cut_and_says_so(self, browser: Client, post: Post, folder: Channel) -> None:
        Post.objects.update(markdown="word " * 8_000)
        page = look(browser, post, folder)
        assert page.count("word ") < 8_200, "what is sent, and what it looks like"
        assert re.search(r"Only its beginning is shown: [12]\d,?\d{3},?\d* more characters are sent\.", page)

    def test_where_it_cannot_be_told_a_sentence_says_why(
        self, browser: Client, post: Post, folder: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Folder, "payload", mock.Mock(side_effect=Rejected("It has no name.")))
        assert "<p>It has no name.</p>" in look(browser, post, folder)

    @pytest.mark.parametrize("platform", [*PUBLISHERS, "nowhere"])
    def test_no_platform_stumbles_over_an_empty_post(
        self, browser: Client, post: Post, workspace: Workspace, platform: str
    ) -> None:
        Post.objects.update(
            title="", markdown="", tags=[], canonical_url="https://ada.example/an-announcement-names-it"
        )
        place = Channel.objects.create(
            workspace=workspace, platform=platform, name="P", status="open",
            settings={**DEVTO_SETTINGS, **FOLDER_SETTINGS},
        )  # fmt: skip
        page = look(browser, post, place)
        assert "Step 2 of 2" in page
        assert "What is sent" in page


class TestTheDiary:
    def list(self, browser: Client, query: str = "") -> str:
        return browser.get(reverse("schedule_list") + query).content.decode()

    def test_what_needs_a_person_comes_first(self, browser: Client, deliver: Deliver, folder: Channel) -> None:
        deliver()
        deliver("missed", channel=folder, due_at=NOW - timedelta(hours=3))
        page = self.list(browser)
        assert page.index("Needs you (1)") < page.index("Ahead (1)")

    def test_filters_stand_in_the_address(
        self, browser: Client, deliver: Deliver, folder: Channel, dev: Channel
    ) -> None:
        deliver()
        assert "Ahead (1)" in self.list(browser, f"?channel={dev.pk}")
        assert "Nothing matches" in self.list(browser, f"?channel={folder.pk}")
        assert "Found (1)" in self.list(browser, "?status=scheduled")
        assert "Found (1)" in self.list(browser, "?day=2026-03-22")
        assert "Write for this day" in self.list(browser, "?day=2026-03-23")
        assert "Ahead (1)" in self.list(browser, "?channel=x&status=y&day=z&page=q")

    def test_empty_says_which_kind_of_empty(self, browser: Client, ada: User) -> None:
        assert "Write a post, choose channels and a time" in self.list(browser)

    def test_posts_without_a_time_are_another_kind_of_empty(self, browser: Client, post: Post, folder: Channel) -> None:
        assert "Your posts are waiting for a time" in self.list(browser)

    def month(self, browser: Client, query: str = "") -> str:
        return browser.get(reverse("calendar") + query).content.decode()

    def test_the_calendar_is_a_table_that_begins_on_monday(self, browser: Client, deliver: Deliver) -> None:
        deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
        page = self.month(browser)
        assert page.index(">Mon<") < page.index(">Sun<")
        assert ">09:00</time> Notes<" in page
        assert 'aria-label="09:00 Notes, My DEV, scheduled"' in page
        assert ">My DEV</span>" in page
        assert "view=month&amp;d=2026-02-01" in page
        assert "view=month&amp;d=2026-04-01" in page
        assert reverse("post_new") + "?day=2026-03-25" in page
        assert reverse("post_new") + "?day=2026-03-19" not in page  # over

    def test_a_post_stands_on_the_day_of_adas_own_clock(self, browser: Client, deliver: Deliver) -> None:
        deliver(due_at=datetime(2026, 3, 24, 23, 30, tzinfo=UTC))
        page = self.month(browser)
        assert page.index('data-label="Wed 25 Mar"') < page.index(">00:30<") < page.index('data-label="Thu 26 Mar"')

    def test_a_full_day_leads_to_the_rest(
        self, browser: Client, deliver: Deliver, post: Post, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(5):
            another = Post.objects.create(workspace=post.workspace, title=f"n{number}")
            deliver(post=another, due_at=datetime(2026, 3, 24, 8, number, tzinfo=UTC))
        with django_assert_max_num_queries(8):
            page = self.month(browser, "?view=month&d=2026-03-01")
        assert page.count("chip--scheduled") == 3
        assert "+2 more" in page
        assert reverse("schedule_list") + "?day=2026-03-24" in page

    @pytest.mark.parametrize("month", ["0000-01-01", "9999-12-01", "x", "2026-13-01", "0001-01-01"])
    def test_months_that_no_calendar_has_show_this_one(self, browser: Client, month: str) -> None:
        assert "March 2026" in self.month(browser, f"?d={month}")


class TestWhatIsNear:
    def test_the_review_says_what_else_goes_out_there_about_then(
        self, browser: Client, post: Post, folder: Channel, deliver: Deliver
    ) -> None:
        other = Post.objects.create(workspace=post.workspace, title="Another")
        at = datetime(2026, 3, 24, 9, 0, tzinfo=BERLIN)
        deliver(post=other, channel=folder, due_at=at + timedelta(minutes=5))
        query = f"?channels={folder.pk}&when=at&at=2026-03-24T09:00"
        page = browser.get(reverse("review", args=[post.pk]) + query).content.decode()
        assert "“Another” goes out on Garden 5 minutes later." in page
        assert "Schedule for Tue 24 Mar 09:00" in page  # it is said, not refused

    def test_a_daily_quota_that_is_full_by_then_is_said(
        self, deliver: Deliver, workspace: Workspace, post: Post
    ) -> None:
        at = datetime(2026, 3, 24, 9, 0, tzinfo=BERLIN)
        medium = Channel.objects.create(workspace=workspace, platform="medium", name="My Medium", status="open")
        per_day = PUBLISHERS["medium"].limits.per_day
        assert per_day
        for number in range(per_day):
            another = Post.objects.create(workspace=post.workspace, title=f"n{number}")
            deliver(post=another, channel=medium, due_at=at - timedelta(hours=20))
        assert f"takes {per_day} articles in 24 hours" in conflicts(medium, at)[0]
        assert conflicts(medium, at + timedelta(hours=5)) == []

    def test_many_channels_are_asked_in_two_questions(
        self, workspace: Workspace, django_assert_max_num_queries: Any
    ) -> None:
        places = [
            Channel.objects.create(workspace=workspace, platform="devto", name=f"n{number}") for number in range(9)
        ]
        with django_assert_max_num_queries(2):
            conflicts_of(dict.fromkeys(places, datetime(2026, 3, 24, 9, 0, tzinfo=BERLIN)))
