"""What single platforms ask of the engine: a choice at connection, a daily quota, a glimpse instead of a look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from django import forms

from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.engine import publishing
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from tests.posts.conftest import MovableClock, Street, history, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status


@pytest.fixture
def hashnode(workspace: Workspace, street: Street, clock: MovableClock) -> Callable[[str], Channel]:
    def connect(token: str) -> Channel:
        settings = {"base_url": f"{street.url}/hashnode/"}
        channel = connecting.connect(workspace, "hashnode", token, {"token": token}, settings)
        connecting.verify(channel.pk, clock)
        channel.refresh_from_db()
        return channel

    return connect


@pytest.fixture
def medium(workspace: Workspace, street: Street, clock: MovableClock) -> Channel:
    street.platform = "medium"
    settings = {
        "base_url": f"{street.url}/medium/v1",
        "feed_url": f"{street.url}/medium",
        "publish_status": "public",
        "license": "public-domain",
    }
    token = {"integration_token": "sandbox-medium-key"}
    channel = connecting.connect(workspace, "medium", "Medium", token, settings)
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    return channel


@pytest.fixture
def plan(workspace: Workspace, ada: User, clock: MovableClock) -> Callable[..., Delivery]:
    def plan(channel: Channel, title: str = "Notes", **options: Any) -> Delivery:
        post = Post.objects.create(workspace=workspace, author=ada, title=title, markdown="Text.")
        at = moment_at(clock(), UTC)
        [delivery] = scheduling.schedule(post, [channel], at, clock(), ada, {channel.pk: options})
        return delivery

    return plan


@pytest.mark.parametrize("platform", [name for name, kind in PUBLISHERS.items() if kind.in_the_sandbox])
def test_what_is_offered_for_the_sandbox_connects_there(
    platform: str, workspace: Workspace, street: Street, clock: MovableClock
) -> None:
    kind = PUBLISHERS[platform]
    fill = {name: value.replace("{sandbox}", street.url) for name, value in kind.in_the_sandbox.items()}
    suggested = {name: _suggested(field) for name, field in kind.settings_form.base_fields.items()}
    secret, wishes = kind.credentials_form(fill), kind.settings_form({**suggested, **fill})
    assert secret.is_valid(), secret.errors
    assert wishes.is_valid(), wishes.errors
    channel = connecting.connect(workspace, platform, "Try", secret.cleaned_data, wishes.cleaned_data)
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert channel.account_name, channel.problem


def _suggested(field: forms.Field) -> Any:
    """What a person finds in a field, or has to put there."""
    if isinstance(field, forms.BooleanField):
        return field.required or bool(field.initial)
    if field.initial is None and field.required and isinstance(field, forms.ChoiceField):
        return next(value for value, _ in field.widget.choices if value)
    return "" if field.initial is None else field.initial


def test_with_two_publications_the_person_is_asked_at_the_field(
    hashnode: Callable[[str], Channel], clock: MovableClock
) -> None:
    channel = hashnode("sandbox-hashnode-key")
    assert (channel.status, channel.problem_field) == (Channel.Status.CLOSED, "publication")
    [first, second] = channel.choices["publication"]
    assert first[1] in channel.problem
    assert second[1] in channel.problem
    connecting.reconnect(channel, channel.name, {}, {**channel.settings, "publication": second[0]})
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert (channel.status, channel.settings["publication"]) == (Channel.Status.OPEN, second[0])


def test_the_only_publication_is_taken_without_asking(hashnode: Callable[[str], Channel]) -> None:
    channel = hashnode("sandbox-hashnode-single-key")
    assert channel.status == Channel.Status.OPEN
    assert channel.settings["publication"] == channel.choices["publication"][0][0]


def test_a_publication_without_the_paid_plan_is_said_in_the_platforms_words(
    hashnode: Callable[[str], Channel],
) -> None:
    channel = hashnode("sandbox-hashnode-free-key")
    assert channel.status == Channel.Status.CLOSED
    assert "Pro plan" in channel.problem


def test_the_eleventh_article_of_a_day_is_moved_and_its_author_is_told(
    street: Street, medium: Channel, plan: Callable[..., Delivery], clock: MovableClock
) -> None:
    deliveries = [plan(medium, f"Part {number}") for number in range(11)]
    publishing.drain(clock)
    last = deliveries[-1]
    last.refresh_from_db()
    assert Delivery.objects.filter(status=Status.PUBLISHED).count() == 10
    assert last.status == Status.SCHEDULED
    assert timedelta(hours=23) < last.act_at - clock() <= timedelta(hours=24)
    assert history(last) == []
    assert Mail.objects.filter(event__startswith=f"delivery:{last.pk}:postponed").count() == 1
    street.order("limits", on=False)  # the sandbox counts by the real clock, ours is moved on
    clock.move(hours=24, minutes=1)
    publishing.rescue(clock)
    publishing.drain(clock)
    last.refresh_from_db()
    assert last.status == Status.PUBLISHED


def test_what_a_feed_does_not_show_goes_to_a_person_and_is_never_sent_again(
    street: Street, medium: Channel, plan: Callable[..., Delivery], clock: MovableClock
) -> None:
    delivery = plan(medium)
    street.fault("create", "status", status=503, when="before")
    for _ in range(4):
        publishing.drain(clock)
        clock.move(minutes=30)
        publishing.rescue(clock)
    delivery.refresh_from_db()
    assert delivery.status == Status.UNCERTAIN
    assert "proves nothing" in delivery.message
    assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:uncertain").count() == 1
    assert len([entry for entry in street.ask("log") if entry["call"] == "create"]) == 1
    scheduling.confirm(delivery, "https://medium.com/@ada/notes-1", clock())
    delivery.refresh_from_db()
    assert (delivery.status, delivery.remote_url) == (Status.PUBLISHED, "https://medium.com/@ada/notes-1")


def test_a_draft_that_was_wished_for_is_a_success_and_says_so(
    medium: Channel, plan: Callable[..., Delivery], clock: MovableClock
) -> None:
    delivery = plan(medium, publish_status="draft")
    publishing.drain(clock)
    delivery.refresh_from_db()
    assert delivery.status == Status.PUBLISHED, delivery.message
    assert "as a draft, as you asked" in delivery.message


def test_a_flip_that_always_fails_is_given_up_and_its_author_told(
    dev: Channel, scheduled: Callable[..., Delivery], street: Street, clock: MovableClock
) -> None:
    delivery = scheduled(dev)
    street.fault("flip", "status", status=500, when="before", times=None)
    for _ in range(12):
        delivery = publish(clock, delivery)
        clock.move(minutes=5)
    assert delivery.status == Delivery.Status.FAILED
    assert "stopped" in delivery.message
    assert delivery.remote_id
    assert (street.public(delivery), street.drafts(delivery)) == (0, 1)
    assert Mail.objects.filter(event__contains=str(delivery.pk)).exists()
