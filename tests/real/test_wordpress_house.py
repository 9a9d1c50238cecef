"""The whole engine and a real WordPress: a post with pictures goes out, is changed, taken back; never a second one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
import requests

from accounts.models import User, Workspace
from posts import connecting
from posts.engine import publishing
from posts.images import keeping
from posts.models import Attempt, Channel, Delivery, Post
from posts.planning import living, scheduling
from posts.planning.moments import moment_at
from publishers import pages
from publishers.http import Http
from tests.posts.conftest import MovableClock, clock, history, workspace
from tests.posts.pictures import picture
from tests.real.relay import Relay
from tests.real.test_wordpress import PASSWORD, RICH, SITE, USER, forget, wordpress

__all__ = ["clock", "workspace"]
pytestmark = [
    pytest.mark.skipif(not SITE, reason="WORDPRESS_URL names no site"),
    pytest.mark.django_db,
]
Status = Delivery.Status


@pytest.fixture
def relay() -> Iterator[Relay]:
    relay = Relay(SITE)
    yield relay
    relay.server.close()


@pytest.fixture
def site(tmp_path: Path) -> Any:
    site = wordpress(tmp_path)
    forget(site)
    return site


@pytest.fixture
def channel(site: Any, workspace: Workspace, clock: MovableClock, relay: Relay, settings: Any) -> Channel:
    """Connected by the site's address and nothing else; then its calls go by way of the relay."""
    settings.ALLOW_PRIVATE_TARGETS = frozenset({SITE, relay.url})
    settings.SITE_URL = "https://house.example"
    where = {"base_url": SITE, "username": USER, "categories": "Machines & Men"}
    credentials = {"application_password": "".join(PASSWORD.split())}
    channel = connecting.connect(workspace, "wordpress", "My site", credentials, where)
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    assert channel.settings["raw_html"] == "yes"
    by_relay = {"base_url": relay.url, "rest_root": channel.settings["rest_root"].replace(SITE, relay.url)}
    Channel.objects.filter(pk=channel.pk).update(settings=channel.settings | by_relay)
    channel.refresh_from_db()
    return channel


@pytest.fixture
def post(workspace: Workspace, ada: User, channel: Channel) -> Post:
    engine = keeping.take_in(workspace, ada, picture("png", 640, 320, "teal"), "engine.png", alt="The engine")
    cover = keeping.take_in(workspace, ada, picture("jpg", 1200, 630, "maroon"), "cover.jpg", alt="The cover")
    text = RICH.read_text(encoding="utf-8").replace("https://house.example/engine.png", engine.url)
    return Post.objects.create(
        workspace=workspace, author=ada, title="Notes & <Queries> on the Engine", markdown=text, slug="notes-queries",
        tags=["C#", "R&D"], cover_url=cover.url, summary="What it can do & cannot.",
    )  # fmt: skip


def run(clock: MovableClock, delivery: Delivery) -> Delivery:
    for _ in range(4):
        publishing.drain(clock)
        clock.move(minutes=10)
        publishing.rescue(clock)
    delivery.refresh_from_db()
    return delivery


def schedule(post: Post, channel: Channel, clock: MovableClock, ada: User) -> Delivery:
    [delivery] = scheduling.schedule(post, [channel], moment_at(clock(), UTC), clock(), ada)
    return delivery


def how_many(site: Any, delivery: Delivery) -> list[str]:
    query: dict[str, Any] = {"search": str(delivery.key), "status": "any,trash", "context": "edit", "_fields": "status"}
    return [one["status"] for one in site.site.get("wp/v2/posts", **query).json()]


def test_a_post_with_pictures_is_published_changed_and_taken_back(
    channel: Channel, post: Post, clock: MovableClock, ada: User, site: Any
) -> None:
    delivery = run(clock, schedule(post, channel, clock, ada))
    assert delivery.status == Status.PUBLISHED, (delivery.message, history(delivery))
    assert history(delivery) == ["image done", "image done", "create done", "flip done"]
    page = requests.get(delivery.remote_url, timeout=20).text
    assert "wp-image-" in page
    assert "house.example" not in page.split("<article")[-1].split("Originally")[0]
    wanted = pages.Wanted(delivery.remote_url, post.title, None)
    verdict = pages.look(Http(private_origins=frozenset({SITE})), wanted)
    assert verdict.outcome is pages.Outcome.THERE, verdict.message

    Post.objects.filter(pk=post.pk).update(markdown="Shorter.", version=post.version + 1, updated_at=clock())
    revision = run(clock, living.update(delivery, moment_at(clock(), UTC), clock(), ada))
    assert revision.status == Status.PUBLISHED, revision.message
    assert "Shorter." in requests.get(delivery.remote_url, timeout=20).text
    assert how_many(site, delivery) == ["publish"]

    taken_back = run(clock, living.unpublish(delivery, moment_at(clock(), UTC), clock(), ada))
    assert taken_back.status == Status.PUBLISHED, taken_back.message
    assert requests.get(delivery.remote_url, timeout=20).status_code == 404
    assert how_many(site, delivery) == ["draft"]
    assert not Attempt.objects.filter(exchanges__icontains="".join(PASSWORD.split())).exists()


@pytest.mark.parametrize("lost", ["POST {root}wp/v2/media", "POST {root}wp/v2/posts HTTP", "POST {root}wp/v2/posts/"])
def test_an_answer_that_is_lost_leaves_one_public_article(
    lost: str, channel: Channel, post: Post, clock: MovableClock, ada: User, site: Any, relay: Relay
) -> None:
    root = channel.settings["rest_root"].removeprefix(relay.url)
    delivery = schedule(post, channel, clock, ada)
    relay.swallow = lost.format(root=root)
    publishing.drain(clock)
    delivery.refresh_from_db()
    assert delivery.status != Status.PUBLISHED
    relay.swallow = ""
    clock.move(minutes=10)
    delivery = run(clock, delivery)
    assert delivery.status == Status.PUBLISHED, delivery.message
    assert how_many(site, delivery) == ["publish"]
    assert delivery.remote_url.startswith(SITE)
