"""Ada's first hour, with everything real but the worker's process: from an empty house to a file on the disk."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User, Workspace
from posts import connecting
from posts.engine import publishing
from posts.models import Channel, Delivery, Post
from tests.posts.views.conftest import badges, browser_of


@pytest.mark.django_db(transaction=True)
def test_ada_connects_a_folder_writes_and_publishes(ada: User) -> None:
    browser = browser_of(ada)
    assert "First steps" in browser.get(reverse("posts")).content.decode()

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


@pytest.mark.django_db(transaction=True)
def test_ada_publishes_the_sample_post_with_three_presses(ada: User) -> None:
    browser = browser_of(ada)
    home = browser.get(reverse("posts")).content.decode()
    assert f'action="{reverse("try_demo")}"' in home  # 1: "Try it"

    review = browser.post(reverse("try_demo"), follow=True)
    assert "Publish now on Demo blog" in review.content.decode()
    carried = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', review.content.decode())
    page = browser.post(review.request["PATH_INFO"], dict(carried), follow=True).content.decode()  # 2: "Publish now"
    assert "every 2s" in page, "the page follows what happens, though the channel is still being checked"

    connecting.verify(Channel.objects.get().pk, timezone.now)
    publishing.drain(timezone.now)
    post = Post.objects.get()
    assert badges(browser.get(post.get_absolute_url()).content.decode()) == ["Published"]
    read = browser.get(reverse("delivery_page", args=[Delivery.objects.get().pk])).content.decode()  # 3: "Read it"
    assert "<h1>Hello from your demo blog</h1>" in read
    assert "<h3>What happens when you press Publish</h3>" in re.sub(r' id="[^"]*"', "", read)
    assert "blogscheduler:" not in read

    home = browser.get(reverse("posts")).content.decode()
    assert "4 of 4 done" in home
    assert reverse("try_demo") not in home


@pytest.mark.django_db(transaction=True)
def test_who_tries_again_is_led_to_the_post_that_is_there(ada: User) -> None:
    browser = browser_of(ada)
    browser.post(reverse("try_demo"))
    post, channel = Post.objects.get(), Channel.objects.get()
    browser.post(reverse("review", args=[post.pk]), {"channels": [channel.pk], "when": "now"})
    assert browser.post(reverse("try_demo")).headers["Location"] == post.get_absolute_url()
    assert (Post.objects.count(), Channel.objects.count(), Delivery.objects.count()) == (1, 1, 1)


@pytest.mark.django_db
class TestTheFirstSteps:
    def test_they_are_hidden_and_brought_back(self, ada: User) -> None:
        browser = browser_of(ada)
        page = browser.post(reverse("first_steps"), {"do": "hide"}, follow=True).content.decode()
        assert 'id="first-steps"' not in page
        assert "No post yet" in page
        assert "Show them again" in browser.get(reverse("settings")).content.decode()
        page = browser.post(reverse("first_steps"), {"do": "show"}, follow=True).content.decode()
        assert 'id="first-steps"' in page

    def test_who_is_no_longer_new_and_has_taken_them_all_does_not_see_them(self, ada: User) -> None:
        browser = browser_of(ada)
        browser.post(reverse("try_demo"))
        post, channel = Post.objects.get(), Channel.objects.get()
        browser.post(reverse("review", args=[post.pk]), {"channels": [channel.pk], "when": "now"})
        assert "4 of 4 done" in browser.get(reverse("posts")).content.decode()
        Workspace.objects.update(created_at=timezone.now() - timedelta(days=8))
        assert 'id="first-steps"' not in browser.get(reverse("posts")).content.decode()

    def test_nobody_is_led_to_another_house(self, ada: User) -> None:
        response = browser_of(ada).post(reverse("first_steps"), {"do": "hide", "next": "https://elsewhere.example/"})
        assert response.headers["Location"] == reverse("posts")

    def test_the_demo_blog_is_connected_at_one_press(self, ada: User) -> None:
        page = browser_of(ada).post(reverse("connect_demo"), follow=True).content.decode()
        assert badges(page) == ["Checking"]
        assert Channel.objects.get().name == "Demo blog"
