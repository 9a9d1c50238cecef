"""After the commit of what a worker has to do next, and only then, the bell is rung. A dead broker stops nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from posts.models import Channel, Post
from tests.posts.views.conftest import Deliver


@pytest.fixture
def rung(django_capture_on_commit_callbacks: Any) -> Any:
    """Send something; how many bells wait for the commit. They are rung, too, at a broker that refuses."""

    def count(browser: Client, name: str, pk: int, data: dict[str, Any] | None = None) -> int:
        with django_capture_on_commit_callbacks(execute=True) as callbacks:
            assert browser.post(reverse(name, args=[pk]), data or {}).status_code in (200, 302)
        return len(callbacks)

    return count


def test_scheduling_rings_once_for_all_channels(
    browser: Client, post: Post, folder: Channel, dev: Channel, rung: Any
) -> None:
    assert rung(browser, "review", post.pk, {"channels": [folder.pk, dev.pk], "when": "now"}) == 1


def test_what_was_refused_does_not_ring(browser: Client, post: Post, rung: Any) -> None:
    assert rung(browser, "review", post.pk, {"when": "now"}) == 0


@pytest.mark.parametrize(
    ("name", "status"),
    [("publish_now", "failed"), ("send_again", "uncertain"), ("cancel", "scheduled"), ("reschedule", "scheduled")],
)
def test_each_decision_rings(browser: Client, deliver: Deliver, rung: Any, name: str, status: str) -> None:
    at = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    assert rung(browser, f"delivery_{name}", deliver(status).pk, {"at": at}) == 1


def test_a_decision_that_came_too_late_does_not(browser: Client, deliver: Deliver, rung: Any) -> None:
    assert rung(browser, "delivery_cancel", deliver("published").pk) == 0


def test_a_check_rings(browser: Client, dev: Channel, rung: Any) -> None:
    assert rung(browser, "channel_check", dev.pk) == 1


def test_only_a_new_cover_rings(browser: Client, post: Post, rung: Any) -> None:
    saved = {"title": "T", "markdown": "x", "version": 1, "cover_url": "https://ada.example/a.png"}
    assert rung(browser, "post_edit", post.pk, saved) == 1
    assert rung(browser, "post_edit", post.pk, {**saved, "version": 2, "title": "Other"}) == 0
