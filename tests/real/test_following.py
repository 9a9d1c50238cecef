"""Canonical first with the real parts: a worker publishes the original, looks at its page, and only then lets go."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from posts.planning.scheduling import Place
from posts.watch import proving
from tests.posts.conftest import Street
from tests.real.house import House, wait_for
from tests.real.test_exactly_once import channels

pytestmark = [pytest.mark.real, pytest.mark.engine]
Status = Delivery.Status
AFTER = timedelta(seconds=5)


@pytest.fixture
def house(house: House) -> House:
    house.env["PAGE_SECONDS"] = "1"
    house.env["PACE"] = "0.1"
    return house


@pytest.fixture
def dev(author: User, street: Street) -> Channel:
    return channels(author, street, 1)[0]


@pytest.fixture
def hashnode(author: User, street: Street, dev: Channel) -> Channel:
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    settings, key = {"base_url": f"{street.url}/hashnode/"}, {"token": "sandbox-hashnode-single-key"}
    channel = connecting.connect(workspace, "hashnode", "My Hashnode", key, settings)
    connecting.verify(channel.pk, timezone.now)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    return channel


def plan(author: User, dev: Channel, hashnode: Channel) -> tuple[Delivery, Delivery]:
    """On DEV in a moment, on Hashnode so much later."""
    post = Post.objects.create(workspace=dev.workspace, author=author, title="Kernel notes", markdown="Text.")
    at = moment_at(timezone.now() + timedelta(seconds=2), UTC)
    places = [Place(dev, at), Place(hashnode, scheduling.later(at, AFTER), after=AFTER)]
    origin, follower = scheduling.schedule_each(post, places, timezone.now(), author)
    return origin, follower


def is_now(delivery: Delivery, status: Delivery.Status, **more: str) -> bool:
    return Delivery.objects.filter(pk=delivery.pk, status=status, **more).exists()


def there(street: Street) -> list[dict[str, str]]:
    """The public articles on Hashnode."""
    street.platform = "hashnode"
    return [article for article in street.ask("articles") if article["public"]]


def is_told(origin: Delivery) -> bool:
    return Mail.objects.filter(event__startswith=f"followers:{origin.pk}:", status=Mail.Status.SENT).count() == 1


def test_the_follower_goes_out_after_the_original_and_names_its_address(
    house: House, street: Street, author: User, dev: Channel, hashnode: Channel
) -> None:
    house.worker("worker 1")
    house.worker("worker 2")  # both look after what follows
    origin, follower = plan(author, dev, hashnode)
    wait_for(lambda: is_now(follower, Status.PUBLISHED), 60, "the follower is published")
    origin.refresh_from_db()
    follower.refresh_from_db()
    assert origin.published_at and follower.published_at  # noqa: PT018
    assert follower.published_at >= origin.published_at + AFTER
    [article] = there(street)
    assert article["canonical_url"] == origin.remote_url
    assert origin.remote_url.startswith("http")


def test_an_original_that_fails_holds_the_follower_and_its_author_is_told(
    house: House, street: Street, author: User, dev: Channel, hashnode: Channel
) -> None:
    street.fault("create", "status", status=422, times=None)
    house.worker()
    origin, follower = plan(author, dev, hashnode)
    wait_for(lambda: is_now(follower, Status.WAITING, obstacle="failed"), 40, "the follower is held")
    wait_for(lambda: is_told(origin), 15, "its author is told")
    assert is_now(origin, Status.FAILED)
    assert there(street) == []


def test_a_page_that_answers_404_holds_the_follower_until_it_is_there(
    house: House, street: Street, author: User, dev: Channel, hashnode: Channel
) -> None:
    street.fault("page", "status", status=404, times=None)
    house.worker()
    origin, follower = plan(author, dev, hashnode)
    wait_for(lambda: is_now(origin, Status.PUBLISHED), 30, "the original is published")
    origin.refresh_from_db()
    proving.ask(origin, timezone.now())  # what is seen then counts at once
    wait_for(lambda: is_now(follower, Status.WAITING, obstacle="missing"), 40, "the follower is held")
    wait_for(lambda: is_told(origin), 15, "its author is told")
    assert there(street) == []
    street.platform = "devto"
    street.forgive()
    proving.ask(origin, timezone.now())
    wait_for(lambda: is_now(follower, Status.PUBLISHED), 60, "the follower goes out by itself")
    [article] = there(street)
    assert article["canonical_url"] == origin.remote_url
