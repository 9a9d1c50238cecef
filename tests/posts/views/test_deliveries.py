"""What Ada sees of a delivery in each state, and what she can do about it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from posts.models import Attempt, Channel, Delivery, Post
from tests.posts.views.conftest import Deliver, badges

HTMX = {"hx-request": "true"}


def page_of(browser: Client, post: Post) -> str:
    return browser.get(post.get_absolute_url()).content.decode()


def press(browser: Client, name: str, delivery: Delivery, **values: str) -> str:
    """Press a button of a delivery; the page that one is led to."""
    response = browser.post(reverse(f"delivery_{name}", args=[delivery.pk]), values, follow=True)
    delivery.refresh_from_db()
    return response.content.decode()


class TestTheButtons:
    @pytest.mark.parametrize(
        ("status", "buttons"),
        [
            ("scheduled", {"reschedule", "publish-now", "cancel"}),
            ("failed", {"publish-now", "reschedule", "cancel"}),
            ("missed", {"publish-now", "reschedule", "cancel"}),
            ("uncertain", {"confirm", "send-again", "cancel"}),
            ("handed_over", {"confirm", "cancel"}),
            ("waiting", {"release", "cancel"}),
            ("publishing", set()),
            ("checking", set()),
            ("published", set()),
            ("cancelled", set()),
        ],
    )
    def test_each_state_has_its_own(
        self, browser: Client, post: Post, deliver: Deliver, status: str, buttons: set[str]
    ) -> None:
        delivery = deliver(status)
        page = page_of(browser, post)
        assert badges(page) == [delivery.get_status_display()]
        every = {"reschedule", "publish-now", "cancel", "confirm", "send-again", "release"}
        assert {name for name in every if f"/deliveries/{delivery.pk}/{name}/" in page} == buttons

    @pytest.mark.parametrize(("status", "buttons"), [("failed", 1), ("missed", 1), ("uncertain", 2), ("cancelled", 0)])
    def test_nothing_is_offered_that_a_removed_channel_could_not_do(
        self, browser: Client, post: Post, deliver: Deliver, status: str, buttons: int
    ) -> None:
        delivery = deliver(status)
        Channel.objects.update(status="removed")
        page = page_of(browser, post)
        assert page.count(f'method="post" action="/deliveries/{delivery.pk}/') == buttons
        assert "Schedule again" not in page

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("publish_now", "scheduled"),
            ("publish_now", "failed"),
            ("publish_now", "missed"),
            ("reschedule", "failed"),
            ("reschedule", "missed"),
            ("send_again", "uncertain"),
        ],
    )
    def test_a_page_from_before_the_channel_was_removed_is_told_so(
        self, browser: Client, deliver: Deliver, name: str, status: str
    ) -> None:
        delivery = deliver(status)
        Channel.objects.update(status="removed", credentials={})
        at = (timezone.now() + timedelta(days=5)).strftime("%Y-%m-%dT10:00")
        assert "My DEV has been removed." in press(browser, name, delivery, at=at)
        assert delivery.status == status

    def test_cancel(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver()
        page = press(browser, "cancel", delivery)
        assert delivery.status == "cancelled"
        assert "It will not be published on My DEV." in page
        assert "Schedule again" in page

    @pytest.mark.parametrize("status", ["scheduled", "failed", "missed"])
    def test_publish_now(self, browser: Client, deliver: Deliver, status: str) -> None:
        delivery = deliver(status)
        press(browser, "publish_now", delivery)
        assert delivery.status == "scheduled"
        assert abs(delivery.due_at - timezone.now()) < timedelta(seconds=20)

    @pytest.mark.parametrize("name", ["cancel", "publish_now", "send_again"])
    def test_what_is_on_its_way_is_left_alone_and_says_why(self, browser: Client, deliver: Deliver, name: str) -> None:
        delivery = deliver("publishing")
        assert "being published on My DEV at this moment" in press(browser, name, delivery)
        assert delivery.status == "publishing"

    def test_send_again_after_looking(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver("uncertain", doubtful=True)
        press(browser, "send_again", delivery)
        assert (delivery.status, delivery.doubtful) == ("scheduled", True)

    def test_it_is_there(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver("uncertain")
        press(browser, "confirm", delivery, url="https://dev.to/ada/found")
        assert (delivery.status, delivery.remote_url) == ("published", "https://dev.to/ada/found")

    @pytest.mark.parametrize("url", ["", "javascript:alert(1)", "nowhere", "ftp://x.example/"])
    def test_what_is_no_address_is_refused_at_its_field(self, browser: Client, deliver: Deliver, url: str) -> None:
        delivery = deliver("uncertain")
        page = press(browser, "confirm", delivery, url=url)
        assert 'href="#id_url"' in page
        assert f'value="{url}"' in page or not url
        assert delivery.status == "uncertain"

    def test_what_the_platform_would_refuse_by_now_is_said(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver("failed")
        Post.objects.update(title="")
        page = press(browser, "publish_now", delivery)
        assert "notice--error" in page or "notice--danger" in page
        assert delivery.status == "failed"


class TestAnotherTime:
    def test_it_moves(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver()
        assert (
            'type="datetime-local"' in browser.get(reverse("delivery_reschedule", args=[delivery.pk])).content.decode()
        )
        at = (timezone.now() + timedelta(days=5)).strftime("%Y-%m-%dT10:00")
        press(browser, "reschedule", delivery, at=at)
        assert delivery.wall_time == at

    def test_the_past_is_refused_at_its_field_and_kept(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver()
        page = press(browser, "reschedule", delivery, at="2020-01-01T10:00")
        assert "is in the past" in page
        assert 'aria-invalid="true"' in page
        assert 'value="2020-01-01T10:00"' in page

    def test_too_late_is_said(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver("published")
        page = press(
            browser, "reschedule", delivery, at=(timezone.now() + timedelta(days=5)).strftime("%Y-%m-%dT10:00")
        )
        assert "It is published on My DEV already." in page


class TestTheWindow:
    def watch(self, page: str) -> str:
        """What the page asks next, "" when it has stopped asking."""
        return page.partition('id="watch" class="muted small" hx-get="')[2].partition('"')[0]

    @pytest.mark.parametrize(
        ("status", "due_in", "pace"),
        [
            ("publishing", timedelta(), "every 2s"),
            ("checking", timedelta(), "every 2s"),
            ("scheduled", timedelta(seconds=20), "every 2s"),
            ("scheduled", timedelta(days=2), "every 30s"),
            ("published", timedelta(), None),
            ("failed", timedelta(), None),
            ("uncertain", timedelta(), None),
        ],
    )
    def test_it_asks_only_while_something_can_happen(
        self, browser: Client, post: Post, deliver: Deliver, status: str, due_in: timedelta, pace: str | None
    ) -> None:
        deliver(status, due_at=timezone.now() + due_in)
        page = page_of(browser, post)
        assert (pace in page) if pace else "hx-trigger" not in page

    def test_it_gets_nothing_while_nothing_changed(self, browser: Client, post: Post, deliver: Deliver) -> None:
        deliver("publishing")
        url = self.watch(page_of(browser, post))
        assert url
        assert browser.get(url, headers=HTMX).status_code == 204

    def test_it_gets_only_the_rows_that_changed(
        self, browser: Client, post: Post, deliver: Deliver, folder: Channel
    ) -> None:
        moving, other = deliver("publishing"), deliver(channel=folder)
        url = self.watch(page_of(browser, post))
        Delivery.objects.filter(pk=moving.pk).update(status="published", remote_id="7", remote_url="https://dev.to/7")
        part = browser.get(url, headers=HTMX).content.decode()
        assert f'id="delivery-{moving.pk}"' in part
        assert f'id="delivery-{other.pk}"' not in part
        assert "My DEV: Published." in part
        assert "every 30s" in part
        assert "<html" not in part

    def test_a_row_that_nobody_has_seen_has_the_page_loaded_anew(
        self, browser: Client, post: Post, deliver: Deliver, folder: Channel
    ) -> None:
        deliver()
        url = self.watch(page_of(browser, post))
        deliver(channel=folder)
        assert browser.get(url, headers=HTMX)["HX-Refresh"] == "true"

    def test_a_closed_channel_is_named_as_the_reason(self, browser: Client, post: Post, deliver: Deliver) -> None:
        deliver()
        Channel.objects.update(status="closed", problem="The key is refused.")
        assert "the channel is closed</a>. The key is refused." in page_of(browser, post)

    def test_what_was_edited_since_is_said(self, browser: Client, post: Post, deliver: Deliver) -> None:
        deliver("published", sent_digest="old", sent_title="Notes", sent_markdown="Some words.", differs=True)
        assert "It differs from what is out there." in page_of(browser, post)

    def test_many_channels_do_not_ask_many_questions(
        self, browser: Client, post: Post, deliver: Deliver, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(8):
            place = Channel.objects.create(
                workspace=post.workspace, platform="folder", name=f"n{number}", status="open"
            )
            deliver(channel=place)
        with django_assert_max_num_queries(9):  # one of them: are worker and beat alive
            page_of(browser, post)


class TestTheHistory:
    def test_every_try_is_told_and_can_be_looked_into(self, browser: Client, deliver: Deliver) -> None:
        delivery = deliver("uncertain")
        exchange = {"method": "POST", "url": "https://dev.to/api/articles", "request": '{"a": "<b>"}', "status": 503,
                    "response": "busy", "error": "", "seconds": 1.5, "headers": {}}  # fmt: skip
        Attempt.objects.create(
            delivery=delivery, number=1, step="create", outcome="unknown", message="No answer.", seconds=1.52,
            exchanges=[exchange], started_at=timezone.now(),
        )  # fmt: skip
        page = browser.get(reverse("delivery", args=[delivery.pk])).content.decode()
        for words in (
            "as a draft that nobody sees",
            "No clear answer: the draft may be there",
            "No answer.",
            "took 1.52 s",
            "answered 503",
            "&lt;b&gt;",
            "busy",
        ):
            assert words in page

    def test_the_text_that_went_out_and_what_changed_since(self, browser: Client, post: Post, deliver: Deliver) -> None:
        delivery = deliver(
            "published", sent_digest="old", sent_title="Old", sent_markdown="A few words.", sent_version=1
        )
        page = browser.get(reverse("delivery_text", args=[delivery.pk])).content.decode()
        assert "<del>A few words.</del>" in page
        assert "<ins>A few *words*.</ins>" in page

    def test_the_text_that_did_not_change(self, browser: Client, post: Post, deliver: Deliver) -> None:
        delivery = deliver("published", sent_digest=post.digest(), sent_markdown=post.markdown, sent_version=1)
        page = browser.get(reverse("delivery_text", args=[delivery.pk])).content.decode()
        assert "has not changed since" in page


class TestTheFile:
    def written(self, deliver: Deliver, folder: Channel, name: str = "content/posts/notes.md") -> Delivery:
        return deliver("published", channel=folder, remote_id=name)

    def root(self, delivery: Delivery) -> Path:
        root = settings.SITES_DIR / f"workspace-{delivery.workspace_id}"
        (root / "content/posts").mkdir(parents=True, exist_ok=True)
        return root

    def test_it_is_shown_as_plain_text(self, browser: Client, deliver: Deliver, folder: Channel) -> None:
        delivery = self.written(deliver, folder)
        (self.root(delivery) / delivery.remote_id).write_text("<b>Grüße</b>")
        response = browser.get(reverse("delivery_file", args=[delivery.pk]))
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response.content.decode() == "<b>Grüße</b>"

    @pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "content", "content/posts/link.md", "nowhere.md"])
    def test_nothing_outside_of_the_workspaces_folder_is_shown(
        self, browser: Client, deliver: Deliver, folder: Channel, name: str
    ) -> None:
        delivery = self.written(deliver, folder, name)
        root = self.root(delivery)
        (root.parent / "secret.txt").write_text("secret")
        link = root / "content/posts/link.md"
        link.unlink(missing_ok=True)
        link.symlink_to(root.parent / "secret.txt")
        assert browser.get(reverse("delivery_file", args=[delivery.pk])).status_code == 404

    def test_other_channels_have_no_files(self, browser: Client, deliver: Deliver) -> None:
        assert browser.get(reverse("delivery_file", args=[deliver("published").pk])).status_code == 404
