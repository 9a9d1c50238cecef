"""While worker or beat gives no sign of life every page says so, with the command that starts it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from posts.models import Heartbeat
from posts.watch import watching
from posts.watch.watching import WORRY_AFTER, Kind

PAGES = ["/posts/", "/posts/new/", "/calendar/", "/schedule/", "/channels/", "/settings/", "/nowhere/"]
WORKER = "Nothing is being published: the worker gives no sign of life."
BEAT = "Beat gives no sign of life."


@pytest.fixture
def browser(client: Client, ada: User) -> Client:
    """Ada's browser, in a house where worker and beat have signed just now."""
    client.force_login(ada)
    for kind in Kind:
        watching.beat(kind, watching.here(kind), timezone.now())
    return client


def silence(kind: Kind, how_long: timedelta) -> None:
    Heartbeat.objects.filter(kind=kind).update(at=timezone.now() - how_long)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_when_the_worker_is_silent(page: str, browser: Client) -> None:
    assert "sign of life" not in browser.get(page).text
    silence(Kind.WORKER, timedelta(minutes=4))
    text = browser.get(page).text

    assert text.count(WORKER) == 1
    assert "Its last one was 4 minutes ago." in text
    assert '<code class="breaks">make run</code>' in text


def test_ninety_seconds_are_borne(browser: Client) -> None:
    silence(Kind.WORKER, WORRY_AFTER - timedelta(seconds=5))
    assert WORKER not in browser.get("/posts/").text
    silence(Kind.WORKER, WORRY_AFTER + timedelta(seconds=1))
    assert WORKER in browser.get("/posts/").text


def test_without_beat_posts_go_out_and_that_is_said(browser: Client) -> None:
    silence(Kind.BEAT, timedelta(hours=3))
    text = browser.get("/posts/").text

    assert BEAT in text
    assert "up to a second later than usual" in text
    assert "notice--warning silence" in text


def test_of_two_the_worse_is_said(browser: Client) -> None:
    Heartbeat.objects.all().delete()
    text = browser.get("/posts/").text

    assert WORKER in text
    assert BEAT not in text
    assert "Its last one" not in text


def test_the_command_is_the_one_of_this_installation(browser: Client, settings: Any) -> None:
    settings.START_COMMAND = "docker compose up -d"
    silence(Kind.BEAT, timedelta(hours=3))

    assert '<code class="breaks">docker compose up -d beat</code>' in browser.get("/posts/").text


def test_one_worker_of_several_that_lives_is_enough(browser: Client) -> None:
    Heartbeat.objects.create(name="worker other:9", kind=Kind.WORKER, at=timezone.now() - timedelta(hours=2))

    assert WORKER not in browser.get("/posts/").text


def test_strangers_are_told_nothing(client: Client, ada: User) -> None:
    assert "sign of life" not in client.get("/accounts/login/").text


def test_the_part_of_a_page_that_refreshes_does_not_ask(browser: Client, django_assert_max_num_queries: Any) -> None:
    """Only the frame of a page shows it: what htmx asks for again and again stays as cheap as it was."""
    text = browser.post("/posts/preview/", {"markdown": "*Words*"}, headers={"HX-Request": "true"}).text
    assert "<em>Words</em>" in text
    with django_assert_max_num_queries(4):  # the session, the person, the workspace, its channels
        browser.post("/posts/preview/", {"markdown": "*Words*"}, headers={"HX-Request": "true"})
