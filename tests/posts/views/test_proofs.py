"""What Ada sees of the public pages of her posts, and the button to have one looked at again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from posts.models import Channel, Delivery, Post, Proof
from tests.posts.views.conftest import Deliver, badges

HTMX = {"hx-request": "true"}
Saw = Callable[..., Delivery]
AN_HOUR = timedelta(hours=1)
SECONDS = timedelta(seconds=30)


@pytest.fixture
def saw(deliver: Deliver) -> Saw:
    """A published delivery, with what was seen on its page."""

    def put(
        outcome: str = "there", message: str = "What we saw.", due_in: timedelta | None = AN_HOUR, **fields: Any
    ) -> Delivery:
        delivery = deliver("published", **fields)
        now = timezone.now()
        looked = outcome != "waiting"
        Proof.objects.create(
            delivery=delivery, host="https://dev.to:443", began_at=now, outcome=outcome,
            due_at=now + due_in if due_in else None, looked_at=now if looked else None,
            message=message if looked else "",
            history=[{"at": now.isoformat(), "outcome": outcome, "message": message}] if looked else [],
        )  # fmt: skip
        return delivery

    return put


def page_of(browser: Client, post: Post) -> str:
    return browser.get(post.get_absolute_url()).content.decode()


def history_of(browser: Client, delivery: Delivery) -> str:
    return browser.get(reverse("delivery", args=[delivery.pk])).content.decode()


@pytest.mark.parametrize(
    ("outcome", "words", "alarm"),
    [
        ("waiting", "Its public page is looked at in", []),
        ("there", "What we saw.", []),
        ("missing", "<strong>Its page is missing.</strong> What we saw.", ["Page missing"]),
        ("different", "<strong>Its page is not as it should be.</strong> What we saw.", ["Page differs"]),
        ("not_reached", "What we saw.", []),
    ],
)
def test_what_was_seen_stands_on_both_pages_with_its_time(
    browser: Client, post: Post, saw: Saw, outcome: str, words: str, alarm: list[str]
) -> None:
    delivery = saw(outcome)
    for page in (page_of(browser, post), history_of(browser, delivery)):
        assert words in page
        assert badges(page) == ["Published", *alarm]
        assert (f"{timezone.now():%Y}" in page.partition(words)[2].partition("</div>")[0]) == (outcome != "waiting")
        assert f'action="{reverse("delivery_check_page", args=[delivery.pk])}"' in page


def test_what_may_only_be_early_is_said_so(browser: Client, post: Post, saw: Saw) -> None:
    saw("there", due_in=SECONDS)
    entry = {"at": timezone.now().isoformat(), "outcome": "missing", "message": "No page (404)."}
    Proof.objects.update(history=[entry], message="No page (404).", doubts=1)
    page = page_of(browser, post)
    assert "No page (404). It may only be early" in page
    assert badges(page) == ["Published"]
    assert "Next look" in page


def test_every_look_is_kept_to_be_read(browser: Client, saw: Saw) -> None:
    delivery = saw()
    looks = [
        {"at": "2026-11-24T09:00:00+00:00", "outcome": "missing", "message": "<b>No page."},
        {"at": "2026-11-24T10:00:00+00:00", "outcome": "there", "message": "There it is."},
    ]
    Proof.objects.update(history=looks)
    page = history_of(browser, delivery)
    assert "Every look (2)" in page
    assert page.index("There it is.") < page.index("&lt;b&gt;No page.")
    assert "Tue 24 Nov 2026, 09:00" in page


@pytest.mark.parametrize("status", ["scheduled", "publishing", "failed", "uncertain", "cancelled"])
def test_what_is_not_published_has_no_public_page(browser: Client, post: Post, deliver: Deliver, status: str) -> None:
    delivery = deliver(status)
    for page in (page_of(browser, post), history_of(browser, delivery)):
        assert "ublic page" not in page


def test_a_file_without_an_address_has_none_either(
    browser: Client, post: Post, deliver: Deliver, folder: Channel
) -> None:
    deliver("published", channel=folder, remote_id="a.md", remote_url="")
    assert "ublic page" not in page_of(browser, post)


class TestTheButton:
    def press(self, browser: Client, delivery: Delivery, **data: str) -> str:
        response = browser.post(reverse("delivery_check_page", args=[delivery.pk]), data, follow=True)
        return str(response.content.decode())

    def test_it_has_the_page_looked_at_and_leads_back(self, browser: Client, saw: Saw) -> None:
        delivery = saw("missing", due_in=None)
        page = self.press(browser, delivery)
        assert "Its public page is being looked at." in page
        assert 'id="rows"' in page
        proof = Proof.objects.get()
        assert proof.due_at is not None
        assert proof.due_at <= timezone.now()
        assert 'id="public-page"' in self.press(browser, delivery, back="history")

    def test_it_is_there_for_what_was_published_long_ago(self, browser: Client, post: Post, deliver: Deliver) -> None:
        delivery = deliver("published")
        assert "Its public page has not been looked at." in page_of(browser, post)
        assert "Its public page is being looked at." in self.press(browser, delivery)

    def test_it_rings_for_this_page_alone(
        self, browser: Client, saw: Saw, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True) as bells:
            self.press(browser, saw())
        assert len(bells) == 1

    def test_where_there_is_no_page_it_says_so(self, browser: Client, deliver: Deliver) -> None:
        assert "There is no public page of it to look at." in self.press(browser, deliver("failed"))

    def test_it_is_not_offered_while_somebody_looks(self, browser: Client, post: Post, saw: Saw) -> None:
        saw("there", due_in=-SECONDS)
        assert "check-page" not in page_of(browser, post)


class TestTheWindow:
    @pytest.mark.parametrize(
        ("due_in", "pace"),
        [
            (-SECONDS, "every 2s"),
            (SECONDS, "every 2s"),
            (timedelta(minutes=4), "every 30s"),
            (-timedelta(minutes=4), "every 30s"),
            (timedelta(minutes=40), None),
            (None, None),
        ],
    )
    def test_it_follows_while_something_can_happen(
        self, browser: Client, post: Post, saw: Saw, due_in: timedelta | None, pace: str | None
    ) -> None:
        delivery = saw(due_in=due_in)
        for page in (page_of(browser, post), history_of(browser, delivery)):
            assert (pace in page) if pace else "hx-trigger" not in page

    def test_the_row_changes_when_the_page_was_looked_at(self, browser: Client, post: Post, saw: Saw) -> None:
        delivery = saw("waiting", due_in=-SECONDS)
        url = page_of(browser, post).partition('id="watch" class="muted small" hx-get="')[2].partition('"')[0]
        assert browser.get(url, headers=HTMX).status_code == 204
        self.looked(delivery, timezone.now() + AN_HOUR)
        part = browser.get(url, headers=HTMX).content.decode()
        assert f'id="delivery-{delivery.pk}"' in part
        assert "My DEV: Published. There it is." in part

    def test_the_deliverys_own_page_changes_in_place(self, browser: Client, saw: Saw) -> None:
        delivery = saw("waiting", due_in=-SECONDS)
        url = history_of(browser, delivery).partition('hx-get="')[2].partition('"')[0]
        assert browser.get(url, headers=HTMX).status_code == 204
        self.looked(delivery, None)
        part = browser.get(url, headers=HTMX).content.decode()
        assert "There it is." in part
        assert 'id="page-alarm" hx-swap-oob' in part
        assert "<html" not in part
        assert "hx-get" not in part
        assert "<html" in browser.get(url).content.decode(), "the same address, without htmx"

    def looked(self, delivery: Delivery, due_at: datetime | None) -> None:
        Proof.objects.filter(delivery=delivery).update(
            outcome="there", message="There it is.", looked_at=timezone.now(), due_at=due_at
        )


class TestTheLists:
    @pytest.mark.parametrize(("outcome", "words"), [("missing", "Page missing"), ("different", "Page differs")])
    def test_each_list_warns_in_words(
        self, browser: Client, post: Post, dev: Channel, saw: Saw, outcome: str, words: str
    ) -> None:
        saw(outcome)
        for url in (reverse("posts"), reverse("schedule_list") + "?status=published", dev.get_absolute_url()):
            assert words in browser.get(url).content.decode()

    def test_where_all_is_well_nothing_warns(self, browser: Client, post: Post, dev: Channel, saw: Saw) -> None:
        saw("there")
        for url in (reverse("posts"), reverse("schedule_list") + "?status=published", dev.get_absolute_url()):
            page = browser.get(url).content.decode()
            assert "exclamation" not in page
            assert "Page " not in page

    def test_many_proofs_do_not_ask_many_questions(
        self, browser: Client, post: Post, saw: Saw, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(8):
            place = Channel.objects.create(workspace=post.workspace, platform="devto", name=f"n{number}", status="open")
            saw("missing", channel=place)
        with django_assert_max_num_queries(9):
            browser.get(reverse("posts"))
        with django_assert_max_num_queries(9):
            browser.get(reverse("schedule_list") + "?status=published")
        with django_assert_max_num_queries(11):
            page_of(browser, post)
