"""Where a post stands: in words, by itself, with what to do next; and whether anybody is at work at all."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from accounts.models import User, Workspace
from posts.models import Delivery, Heartbeat
from tests.e2e.conftest import Opens
from tests.e2e.gallery import Gallery
from tests.e2e.making import a_delivery, a_dev, a_folder, a_post, until_it_is
from tests.posts.conftest import Street
from tests.real.house import House, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_every_state_is_a_word_and_not_a_colour_only(opens: Opens, gallery: Gallery) -> None:
    page = opens(gallery.person)
    for status in Delivery.Status:
        if status == Delivery.Status.PUBLISHING:
            continue
        page.goto(f"/schedule/?status={status}")
        badge = page.locator(f".badge--{status}").first
        assert badge.inner_text().strip() == status.label
        assert badge.locator("svg[aria-hidden=true]").count() == 1


def test_the_page_follows_within_three_seconds_and_then_falls_silent(
    page: Page, ada: User, workspace: Workspace
) -> None:
    delivery = a_delivery(a_post(ada), a_folder(workspace), timezone.now() + timedelta(seconds=5))
    page.goto(delivery.get_absolute_url())
    assert page.locator(".delivery .badge--scheduled").is_visible()
    until_it_is(delivery, "published")
    changed = time.monotonic()
    page.locator(".delivery .badge--published").wait_for()
    took = time.monotonic() - changed
    print(f"the page followed after {took:.1f} s")
    assert took < 3
    assert "Garden: Published." in page.locator("#said").inner_text(), "said to who does not see it"

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4500)
    assert asked == []
    assert delivery.remote_id


FAULTS = [
    ("401", {"status": 401, "body": '{"error": "unauthorized", "status": 401}'}, "It waits", "the channel is closed"),
    ("429", {"status": 429, "retry_after": 600}, "asks us to slow down", "Next try"),
    ("500", {"status": 500}, "Checking", "look"),
    ("422", {"status": 422, "body": '{"error": "Title is too dull", "status": 422}'}, "Title is too dull", "Try again"),
]


@pytest.mark.parametrize(("fault", "how", "words", "next_step"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_each_trouble_has_its_own_words_and_its_next_step(
    fault: str, how: dict[str, object], words: str, next_step: str, page: Page, ada: User, workspace: Workspace,
    street: Street,
) -> None:  # fmt: skip
    street.forgive()
    channel, post = a_dev(workspace, street), a_post(ada, title=f"A post that meets {fault}")
    street.fault("create", "status", when="before", times=20, **how)
    try:
        delivery = a_delivery(post, channel, timezone.now() + timedelta(seconds=2))
        wait_for(lambda: delivery.attempts.exists(), 15, "it was tried")
    finally:
        street.forgive()
    page.goto(post.get_absolute_url())
    row = page.locator(f"#delivery-{delivery.pk}")
    text = row.inner_text()
    assert words.lower() in text.lower()
    assert next_step.lower() in text.lower()


def test_a_lost_answer_is_told_as_a_story(page: Page, ada: User, workspace: Workspace, street: Street) -> None:
    """The draft was made and the answer lost: it is looked for, found and adopted; and all of that can be read."""
    street.forgive()
    channel, post = a_dev(workspace, street), a_post(ada, title="A post whose answer is lost")
    street.fault("create", "status", when="after", status=504)
    delivery = a_delivery(post, channel, timezone.now() + timedelta(seconds=2))
    until_it_is(delivery, "published", seconds=40)
    page.goto(f"/deliveries/{delivery.pk}/")
    story = page.locator("main").inner_text().lower()
    for part in ("no clear answer: the draft may be there", "looked", "it is there", "it is public"):
        assert part in story, part
    assert street.public(delivery) == 1


def test_a_dead_worker_is_told_with_the_command_that_brings_it_back(page: Page, house: House, ada: User) -> None:
    page.goto("/posts/")
    assert not page.locator(".silence").count()
    house.kill("worker")
    try:
        long_ago = timezone.now() - timedelta(seconds=100)
        Heartbeat.objects.filter(kind=Heartbeat.Kind.WORKER).update(at=long_ago)
        page.reload()
        banner = page.locator(".silence").inner_text()
        assert "the worker gives no sign of life" in banner
        assert "make run" in banner
    finally:
        house.worker()

    def signed() -> bool:
        lately = timezone.now() - timedelta(seconds=30)
        return Heartbeat.objects.filter(kind=Heartbeat.Kind.WORKER, at__gt=lately).exists()

    wait_for(signed, 40, "another worker signs")
    page.reload()
    assert not page.locator(".silence").count()
