"""One platform, many servers: what the house does by what a server can, and by what its check has found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Workspace
from posts import connecting
from posts.engine.packing import head_start
from posts.models import Attempt, Channel, Delivery
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def connect(workspace: Workspace, street: Street, clock: MovableClock) -> Callable[..., Channel]:
    def connect(*, lists: bool = True, **wishes: Any) -> Channel:
        street.platform = "micropub"
        settings = {
            "base_url": f"{street.url}/micropub/home", "endpoint": "", "media_endpoint": "", "content_format": "html",
            "drafts": "", **wishes,
        }  # fmt: skip
        token = street.order("accounts", username="ada", lists=lists)["key"]
        channel = connecting.connect(workspace, "micropub", "Ada", {"token": token}, settings)
        connecting.verify(channel.pk, clock)
        channel.refresh_from_db()
        assert channel.status == Channel.Status.OPEN, channel.problem
        return channel

    return connect


def test_what_the_check_finds_is_kept_as_a_setting(connect: Callable[..., Channel], street: Street) -> None:
    channel = connect()
    assert channel.settings["endpoint"] == f"{street.url}/micropub/endpoint/"
    assert channel.settings["media_endpoint"] == f"{street.url}/micropub/media/"
    assert channel.settings["drafts"] == "yes"


@pytest.mark.parametrize(
    ("drafts", "steps"),
    [("yes", [Attempt.Step.CREATE, Attempt.Step.FLIP]), ("no", [Attempt.Step.PUBLISH])],
)
def test_only_where_there_are_drafts_one_is_made_before_its_time(
    connect: Callable[..., Channel], scheduled: Callable[..., Delivery], clock: MovableClock, drafts: str,
    steps: list[Attempt.Step],
) -> None:  # fmt: skip
    channel = connect(drafts=drafts)
    assert (head_start(channel) > timedelta()) is (drafts == "yes")
    delivery = publish(clock, scheduled(channel))
    assert delivery.status == Delivery.Status.PUBLISHED
    assert [attempt.step for attempt in delivery.attempts.order_by("pk")] == steps


def test_where_nobody_can_look_a_person_is_asked_at_once(
    connect: Callable[..., Channel], scheduled: Callable[..., Delivery], clock: MovableClock, street: Street
) -> None:
    channel = connect(drafts="no", lists=False)
    street.fault("create", "status", status=504, when="after")
    delivery = publish(clock, scheduled(channel))
    assert delivery.status == Delivery.Status.CHECKING
    clock.move(minutes=2)
    delivery = publish(clock, delivery)
    assert delivery.status == Delivery.Status.UNCERTAIN
    assert "cannot list" in delivery.message


def test_what_came_out_otherwise_is_told_to_its_author(
    connect: Callable[..., Channel], scheduled: Callable[..., Delivery], new_post: Callable[..., Any],
    clock: MovableClock, street: Street,
) -> None:  # fmt: skip
    channel = connect(drafts="no")
    street.order("switches", switch="slugs", on=False)
    try:
        delivery = publish(clock, scheduled(channel, new_post(slug="my-own-slug")))
    finally:
        street.order("switches", switch="slugs", on=True)
    assert delivery.status == Delivery.Status.PUBLISHED
    assert "did not take the slug “my-own-slug”" in delivery.message


def test_a_password_is_forgotten_for_the_token_that_it_gave(
    workspace: Workspace, street: Street, clock: MovableClock, scheduled: Callable[..., Delivery]
) -> None:
    street.platform = "writefreely"
    street.order("switches", switch="cache", on=False)  # it runs by the real clock, ours is moved on
    settings = {"base_url": f"{street.url}/writefreely", "username": "sandbox", "collection": "", "font": "norm"}
    channel = connecting.connect(workspace, "writefreely", "Ada", {"token": "", "password": "let-me-in"}, settings)
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    assert set(channel.credentials) == {"token"}
    assert channel.secret_hint == channel.credentials["token"][-4:]
    assert channel.settings["collection"] == "sandbox"
    assert publish(clock, scheduled(channel)).status == Delivery.Status.PUBLISHED


LOST: dict[str, dict[str, Any]] = {
    "answer lost after create": {"call": "create", "fault": "status", "status": 504, "when": "after"},
    "answer lost after flip": {"call": "flip", "fault": "status", "status": 504, "when": "after"},
    "hang-up after flip": {"call": "flip", "fault": "close", "when": "after"},
    "half an answer to the flip": {"call": "flip", "fault": "half_json", "when": "after"},
    "5xx before the flip": {"call": "flip", "fault": "status", "status": 503, "when": "before"},
    "429 at the flip": {"call": "flip", "fault": "status", "status": 429, "retry_after": 60, "when": "before"},
}


@pytest.mark.parametrize("lost", LOST)
def test_whatever_gets_lost_a_newsletter_goes_out_once(
    workspace: Workspace, street: Street, clock: MovableClock, scheduled: Callable[..., Delivery], lost: str
) -> None:
    street.platform = "ghost"
    key = street.order("accounts", username="ada", age_days=400)["key"]
    settings = {
        "base_url": f"{street.url}/ghost", "content_format": "markdown", "visibility": "public",
        "newsletter": "default-newsletter", "send_newsletter": True,
    }  # fmt: skip
    channel = connecting.connect(workspace, "ghost", "Ada", {"admin_api_key": key}, settings)
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    delivery = scheduled(channel)
    street.fault(**LOST[lost])
    for _ in range(5):
        delivery = publish(clock, delivery)
        clock.move(minutes=10)
    assert delivery.status == Delivery.Status.PUBLISHED
    assert street.public(delivery) == 1
    mailed = [entry for entry in street.ask("log") if "newsletter=" in entry["path"] and entry["worked"]]
    assert len(mailed) == 1
