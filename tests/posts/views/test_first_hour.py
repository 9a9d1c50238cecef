"""Ada's first hour, with everything real but the worker's process: from an empty house to a file on the disk."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from posts import connecting
from posts.engine import publishing
from posts.models import Channel, Delivery, Post
from tests.posts.views.conftest import badges, browser_of


@pytest.mark.django_db(transaction=True)
def test_ada_connects_a_folder_writes_and_publishes(ada: User) -> None:
    browser = browser_of(ada)
    assert "Three steps" in browser.get(reverse("posts")).content.decode()

    answers = {"channel-name": "Garden", "generator": "hugo"}
    page = browser.post(reverse("channel_connect", args=["folder"]), answers, follow=True).content.decode()
    assert badges(page) == ["Checking"]
    channel = Channel.objects.get()
    connecting.verify(channel.pk, timezone.now)
    assert badges(browser.get(channel.get_absolute_url()).content.decode()) == ["Open"]

    browser.post(reverse("post_new"), {"title": "First words", "markdown": "Hello *world*."})
    post = Post.objects.get()
    chosen: dict[str, Any] = {"channels": [channel.pk], "when": "now"}
    assert "Publish now on Garden" in browser.get(reverse("review", args=[post.pk]), chosen).content.decode()
    page = browser.post(reverse("review", args=[post.pk]), chosen, follow=True).content.decode()
    assert badges(page) == ["Scheduled"]

    publishing.drain(timezone.now)
    page = browser.get(post.get_absolute_url()).content.decode()
    assert badges(page) == ["Published"]
    assert "hx-trigger" not in page
    delivery = Delivery.objects.get()
    assert "Hello *world*." in browser.get(reverse("delivery_file", args=[delivery.pk])).content.decode()
    assert "Publish" in browser.get(reverse("delivery", args=[delivery.pk])).content.decode()
    assert "has not changed since" in browser.get(reverse("delivery_text", args=[delivery.pk])).content.decode()
    assert list((settings.SITES_DIR / f"workspace-{post.workspace_id}").rglob("first-words.md"))
