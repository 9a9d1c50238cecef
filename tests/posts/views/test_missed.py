"""After an outage Ada decides about many posts at once; and says beforehand what is to become of late ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User, WhenLate, Workspace
from posts.engine import lateness
from posts.models import Channel, Delivery, Post
from posts.views import diary
from tests.posts.views.conftest import browser_of, workspace_of

pytestmark = pytest.mark.django_db
Status = Delivery.Status


@pytest.fixture
def missed(workspace: Workspace, ada: User, folder: Channel) -> list[Delivery]:
    return missed_on(folder, ada, 3)


def missed_on(channel: Channel, author: User, number: int) -> list[Delivery]:
    due = timezone.now() - timedelta(hours=3)
    posts = [
        Post.objects.create(workspace=channel.workspace, author=author, title=f"Note {each}", markdown="Text.")
        for each in range(number)
    ]
    return [
        Delivery.objects.create(
            workspace=channel.workspace, channel=channel, post=post, due_at=due, act_at=due, late_after=due,
            status=Status.MISSED, message=lateness.GRACE_IS_OVER,
        )
        for post in posts
    ]  # fmt: skip


def decide(browser: Client, do: str, query: str = "", **values: Any) -> str:
    """Press a button; the page that one is led to."""
    return browser.post(reverse("decide_missed") + query, {"do": do, **values}, follow=True).content.decode()


def now_of(*deliveries: Delivery) -> list[tuple[str, int]]:
    """The state of each, and in how many minutes it is due."""
    rows = Delivery.objects.in_bulk([delivery.pk for delivery in deliveries])
    now = timezone.now()
    return [
        (rows[delivery.pk].status, round((rows[delivery.pk].due_at - now) / timedelta(minutes=1)))
        for delivery in deliveries
    ]


class TestManyAtOnce:
    def test_they_stand_by_themselves_with_what_can_be_done(self, browser: Client, missed: list[Delivery]) -> None:
        page = browser.get(reverse("schedule_list")).content.decode()
        assert "Missed their time (3)" in page
        assert "Needs you" not in page
        assert page.count('<input type="checkbox" name="delivery"') == 3
        assert lateness.GRACE_IS_OVER in page

    def test_one_alone_is_decided_on_its_own_page(self, browser: Client, missed: list[Delivery]) -> None:
        Delivery.objects.exclude(pk=missed[0].pk).delete()
        page = browser.get(reverse("schedule_list")).content.decode()
        assert "Needs you (1)" in page
        assert "Missed their time" not in page

    def test_all_are_published_one_after_the_other(
        self, browser: Client, missed: list[Delivery], dev: Channel, ada: User
    ) -> None:
        elsewhere = missed_on(dev, ada, 1)
        page = decide(browser, "publish", all="yes")
        assert "4 are published: on each channel one after the other, the first one now." in page
        assert now_of(*missed, *elsewhere) == [
            (Status.SCHEDULED, 0), (Status.SCHEDULED, 1), (Status.SCHEDULED, 2), (Status.SCHEDULED, 0),
        ]  # fmt: skip

    def test_those_that_are_chosen_and_no_others(self, browser: Client, missed: list[Delivery]) -> None:
        page = decide(browser, "publish", delivery=[missed[1].pk])
        assert "1 is published" in page
        assert [status for status, _ in now_of(*missed)] == [Status.MISSED, Status.SCHEDULED, Status.MISSED]

    def test_what_is_published_in_two_presses_stands_in_one_line(self, browser: Client, missed: list[Delivery]) -> None:
        decide(browser, "publish", delivery=[missed[0].pk, missed[1].pk])
        decide(browser, "publish", all="yes")
        assert [minutes for _, minutes in now_of(*missed)] == [0, 1, 2]

    def test_dropping_is_asked_once_more_and_says_what(self, browser: Client, missed: list[Delivery]) -> None:
        page = decide(browser, "drop", all="yes")
        assert "Drop 3 publications?" in page
        assert "“Note 0” on Garden" in page
        assert {status for status, _ in now_of(*missed)} == {Status.MISSED}
        page = decide(browser, "drop", sure="yes", delivery=[delivery.pk for delivery in missed])
        assert "3 are dropped and not published." in page
        assert {status for status, _ in now_of(*missed)} == {Status.CANCELLED}

    def test_nothing_chosen_is_said(self, browser: Client, missed: list[Delivery]) -> None:
        for nothing in ([], ["x", "999999999999999999999"]):
            page = decide(browser, "publish", delivery=nothing)
            assert "Choose which of those that missed their time are meant." in page

    def test_each_that_cannot_be_moved_is_told_with_its_reason(
        self, browser: Client, missed: list[Delivery], folder: Channel
    ) -> None:
        Post.objects.filter(pk=missed[1].post_id).update(title="", markdown="")
        page = decide(browser, "publish", all="yes")
        assert "2 are published" in page
        assert "“Untitled” on Garden: " in page
        assert now_of(missed[1])[0][0] == Status.MISSED

    def test_many_that_cannot_be_moved_do_not_fill_the_page(self, browser: Client, ada: User, folder: Channel) -> None:
        missed_on(folder, ada, 13)
        Channel.objects.filter(pk=folder.pk).update(status=Channel.Status.REMOVED)
        page = decide(browser, "publish", all="yes")
        assert page.count("has been removed") == diary.MOST_TOLD
        assert "3 more could not be moved. They are still in the list." in page

    def test_what_somebody_else_was_quicker_with_is_not_touched(self, browser: Client, missed: list[Delivery]) -> None:
        Delivery.objects.filter(pk=missed[0].pk).update(status=Status.PUBLISHED, remote_id="7")
        decide(browser, "drop", sure="yes", delivery=[delivery.pk for delivery in missed])
        assert [status for status, _ in now_of(*missed)] == [Status.PUBLISHED, Status.CANCELLED, Status.CANCELLED]

    def test_all_means_all_that_the_filters_show(
        self, browser: Client, missed: list[Delivery], dev: Channel, ada: User
    ) -> None:
        elsewhere = missed_on(dev, ada, 2)
        page = decide(browser, "publish", f"?channel={dev.pk}", all="yes")
        assert "2 are published" in page
        assert [status for status, _ in now_of(*missed, *elsewhere)] == [Status.MISSED] * 3 + [Status.SCHEDULED] * 2

    def test_one_press_moves_only_so_many_and_says_how_many_are_left(
        self, browser: Client, missed: list[Delivery], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(diary, "MOST_AT_ONCE", 2)
        assert "The first 2 of all 3" in browser.get(reverse("schedule_list")).content.decode()
        page = decide(browser, "publish", all="yes")
        assert "2 are published" in page
        assert "1 more are left: choose again." in page

    def test_grace_decides_about_nothing_of_adas(
        self, missed: list[Delivery], strange_browser: Client, grace: User
    ) -> None:
        assert workspace_of(grace) != missed[0].workspace
        for do in ("publish", "drop"):
            for values in ({"all": "yes"}, {"delivery": [delivery.pk for delivery in missed]}):
                decide(strange_browser, do, sure="yes", **values)
        assert {status for status, _ in now_of(*missed)} == {Status.MISSED}


class TestWishes:
    def test_the_editor_offers_them_and_says_what_blank_means(
        self, browser: Client, post: Post, workspace: Workspace
    ) -> None:
        page = browser.get(reverse("post_edit", args=[post.pk])).content.decode()
        assert "As for all posts: publish it up to 1 hour late; after that, ask me</option>" in page
        Workspace.objects.filter(pk=workspace.pk).update(when_late=WhenLate.DROP, grace=timedelta(minutes=90))
        page = browser.get(reverse("post_edit", args=[post.pk])).content.decode()
        assert "As for all posts: drop it, and tell me by mail</option>" in page
        assert ">Publish it up to 90 minutes late; after that, ask me</option>" in page

    @pytest.mark.parametrize("by", ["post_edit", "post_autosave"])
    def test_a_posts_own_wish_is_saved_and_holds_for_what_is_scheduled(
        self, by: str, browser: Client, post: Post, deliver: Any
    ) -> None:
        delivery = deliver()
        kept = {"title": post.title, "markdown": post.markdown, "tags": "maths", "version": post.version}
        browser.post(reverse(by, args=[post.pk]), {**kept, "when_late": "drop", "save": "1"})
        post.refresh_from_db()
        delivery.refresh_from_db()
        assert (post.when_late, post.version) == ("drop", 2)
        assert delivery.late_after == delivery.due_at + lateness.LATE

    def test_a_wish_is_no_text(self, post: Post) -> None:
        """What went out is what stands here, whatever is wished for when it is late."""
        before = post.digest()
        post.when_late = WhenLate.ASK
        assert post.digest() == before

    def test_two_who_wish_different_things_see_both_in_words(self, browser: Client, post: Post, ada: User) -> None:
        kept = {"title": post.title, "markdown": post.markdown, "tags": "maths", "version": "1"}
        address = reverse("post_edit", args=[post.pk])
        browser_of(ada).post(address, {**kept, "when_late": "ask"})
        page = browser.post(address, {**kept, "when_late": "drop"}).content.decode()
        assert "<dd>Ask me, and publish nothing before I have answered</dd>" in page

    def test_front_matter_leaves_it_as_it_is(self, browser: Client, post: Post) -> None:
        Post.objects.filter(pk=post.pk).update(when_late="ask", markdown="---\ntitle: Engines\n---\nText.")
        browser.post(reverse("post_front_matter", args=[post.pk]), {"version": "1"})
        post.refresh_from_db()
        assert (post.title, post.when_late) == ("Engines", "ask")

    def test_the_review_says_what_happens_then(self, browser: Client, post: Post, folder: Channel) -> None:
        tomorrow = timezone.now() + timedelta(days=1)
        chosen: dict[str, Any] = {"channels": folder.pk, "when": "at", "at": f"{tomorrow:%Y-%m-%dT09:00}"}
        page = browser.get(reverse("review", args=[post.pk]), chosen).content.decode()
        assert "<dt>If it cannot go out at 09:00</dt>" in page
        assert "As for all posts: publish it up to 1 hour late; after that, ask me." in page
        assert f"{reverse('post_edit', args=[post.pk])}#id_when_late" in page

    def test_the_page_of_a_delivery_says_it_as_well(self, browser: Client, deliver: Any) -> None:
        page = browser.get(reverse("delivery", args=[deliver().pk])).content.decode()
        assert "As for all posts: publish it up to 1 hour late; after that, ask me." in page

    def test_what_missed_its_time_can_be_decided_on_its_page(self, browser: Client, deliver: Any) -> None:
        page = browser.get(reverse("delivery", args=[deliver(Status.MISSED).pk])).content.decode()
        for words in ("Publish now", "New time", "Drop it"):
            assert words in page
