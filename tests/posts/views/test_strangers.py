"""Every address of the product, as somebody who must not see what is behind it. The addresses come from urls.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from accounts.models import User
from posts.images import keeping
from posts.models import Change, Channel, Delivery, Image, Plan, Post, Series
from posts.urls import urlpatterns
from tests.posts.pictures import picture
from tests.posts.views.conftest import Deliver, workspace_of

# The calendar feed is for programs, and a picture for everybody, who cannot log in: their addresses are the secret
# (test_feed.py, test_pictures.py).
ALL = [str(pattern.name) for pattern in urlpatterns if pattern.name not in ("feed", "picture")]
WITH_ID = [str(pattern.name) for pattern in urlpatterns if "pk" in pattern.pattern.converters]
ONLY_POST = {
    "post_autosave_new", "post_preview", "post_autosave", "post_front_matter", "delivery_cancel",
    "delivery_publish_now", "delivery_send_again", "delivery_confirm", "delivery_check_page", "channel_check",
    "channel_pause", "channel_resume", "decide_missed", "first_steps", "try_demo", "connect_demo",
    "queue_move", "queue_take_out", "delivery_release", "delivery_wait_on", "plan_delete",
    "calendar_move", "change_undo",
    "post_update", "delivery_update", "delivery_publish_anew",
    "image_upload", "image_alt", "images_stop", "images_go_on",
    "series_preview", "series_pause", "series_resume", "date_skip", "date_take_back",
    "delivery_snooze", "channel_accept_account",
}  # fmt: skip


@pytest.fixture
def delivery(deliver: Deliver) -> Delivery:
    return deliver()


@pytest.fixture(autouse=True)
def plan(dev: Channel) -> Plan:
    return Plan.objects.create(workspace=dev.workspace, name="Blog first", origin=dev)


def series_of(delivery: Delivery) -> Series:
    """A series of Ada's with one date."""
    series, is_new = Series.objects.get_or_create(
        workspace=delivery.workspace,
        defaults={
            "name": "Notes", "zone": "UTC", "start": "2026-11-23T09:00", "rule": "FREQ=DAILY", "since": delivery.due_at,
        },
    )  # fmt: skip
    if is_new:
        series.turns.create(post=delivery.post, place=1)
        series.channels.add(delivery.channel)
        wall = delivery.due_at.strftime("%Y-%m-%dT09:00")
        series.occurrences.create(original=wall, wall_time=wall, due_at=delivery.due_at, post=delivery.post)
    return series


def address(name: str, post: Post, delivery: Delivery) -> str:
    pattern: URLPattern = next(pattern for pattern in urlpatterns if pattern.name == name)
    arguments: dict[str, object] = {}
    if "pk" in pattern.pattern.converters:
        route = str(pattern.pattern)
        things: dict[str, Model] = {"posts": post, "deliveries": delivery, "channels": delivery.channel}
        things |= {"schedule": a_change(delivery), "series": series_of(delivery), "images": an_image(delivery)}
        room = route.partition("/")[0]
        arguments["pk"] = (things.get(room) or Plan.objects.get()).pk
    if "date" in pattern.pattern.converters:
        arguments["date"] = series_of(delivery).occurrences.get().pk
    if "channel" in pattern.pattern.converters:
        arguments["channel"] = delivery.channel.pk
    if "platform" in pattern.pattern.converters:
        arguments["platform"] = "folder"
    return reverse(name, kwargs=arguments)


def an_image(delivery: Delivery) -> Image:
    return keeping.take_in(delivery.workspace, None, picture(), "engine.png")


def a_change(delivery: Delivery) -> Change:
    return Change.objects.create(
        workspace=delivery.workspace, what=Change.What.CANCELLED, at=timezone.now(), delivery=delivery, title="Notes"
    )


def ask(client: Client, name: str, url: str, **headers: str) -> Any:
    return client.post(url, headers=headers) if name in ONLY_POST else client.get(url, headers=headers)


@pytest.mark.parametrize("name", ALL)
def test_who_is_not_logged_in_is_sent_to_the_log_in_page(name: str, post: Post, delivery: Delivery) -> None:
    response = ask(Client(), name, address(name, post, delivery))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login") + "?next=/")


@pytest.mark.parametrize("name", ALL)
def test_a_part_of_a_page_never_becomes_a_log_in_page(name: str, post: Post, delivery: Delivery) -> None:
    response = ask(Client(), name, address(name, post, delivery), hx_request="true")
    assert response.status_code == 401
    assert b"signed out" in response.content
    assert b"<html" not in response.content


@pytest.mark.parametrize("name", WITH_ID)
def test_grace_does_not_find_what_is_adas(name: str, post: Post, delivery: Delivery, strange_browser: Client) -> None:
    url = address(name, post, delivery)
    for response in (
        strange_browser.post(url, {}),
        strange_browser.get(url),
        strange_browser.get(url, headers={"hx-request": "true"}),
    ):
        assert response.status_code in (404, 405)
    assert ask(strange_browser, name, url).status_code == 404


@pytest.mark.parametrize("name", ALL)
def test_who_belongs_to_no_workspace_is_refused(
    name: str, post: Post, delivery: Delivery, strange_browser: Client, grace: User
) -> None:
    grace.memberships.all().delete()
    assert ask(strange_browser, name, address(name, post, delivery)).status_code == 403


@pytest.mark.parametrize("name", sorted(ONLY_POST))
def test_what_changes_something_is_not_done_by_following_a_link(
    name: str, post: Post, delivery: Delivery, browser: Client
) -> None:
    assert browser.get(address(name, post, delivery)).status_code == 405


@pytest.mark.parametrize(
    # Of what is published, and of what is published by hand.
    "name",
    sorted(set(ALL) - ONLY_POST - {"delivery_file", "delivery_page", "hand_off"}),
)
def test_ada_sees_each_of_her_pages(name: str, post: Post, delivery: Delivery, browser: Client) -> None:
    response = browser.get(address(name, post, delivery), follow=True)
    assert response.status_code == 200
    assert response.content.count(b"<h1") == 1


def test_lists_show_nothing_of_others(post: Post, delivery: Delivery, strange_browser: Client) -> None:
    for name in ("posts", "schedule_list", "calendar", "channels", "queue", "plans", "series_list", "images"):
        page = strange_browser.get(reverse(name)).content.decode()
        assert post.title not in page.replace("Notes on", "")
        assert delivery.channel.name not in page


def test_graces_channels_cannot_be_chosen_for_adas_post(post: Post, browser: Client, grace: User) -> None:
    other = Channel.objects.create(workspace=workspace_of(grace), platform="folder", name="Hers", status="open")
    response = browser.post(reverse("review", args=[post.pk]), {"channels": [other.pk], "when": "now"})
    assert response.status_code == 200
    assert "A channel that was chosen is no longer there." in response.content.decode()
    assert not Delivery.objects.exists()
