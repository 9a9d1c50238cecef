"""Every platform that pictures are uploaded to, over real HTTP: each once, and the article names it as it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from accounts.models import User, Workspace
from posts.engine.trips import takes_images
from posts.images import keeping
from posts.models import Channel, Delivery, Post, RemoteImage
from publishers import PUBLISHERS
from tests.posts.conftest import MovableClock, Street, history, publish
from tests.posts.engine.test_cross_table import PLATFORMS, connect  # noqa: F401  the fixture
from tests.posts.pictures import picture

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
TAKING = [way for way in PLATFORMS if takes_images(PUBLISHERS[way.split()[0]])]


def test_there_are_some() -> None:
    assert {"wordpress", "ghost", "hashnode", "micropub"} <= set(TAKING)


@pytest.mark.parametrize("way", TAKING)
def test_pictures_are_uploaded_once_and_named_as_they_are_there(
    way: str,
    connect: Callable[[str], Channel],  # noqa: F811
    street: Street,
    workspace: Workspace,
    ada: User,
    clock: MovableClock,
    scheduled: Callable[..., Delivery],
    new_post: Callable[..., Post],
    settings: Any,
) -> None:
    settings.SITE_URL = "http://127.0.0.1:8000"  # nobody reaches it: what is uploaded does not need it
    channel = connect(way)
    engine = keeping.take_in(workspace, ada, picture("png", 40, 30), "engine.png", alt="The engine")
    cover = keeping.take_in(workspace, ada, picture("jpg", 60, 40, "maroon"), "cover.jpg", alt="Red")
    posts = [new_post(markdown=f"Look:\n\n![The engine]({engine.url})\n", cover_url=cover.url) for _ in range(2)]
    first, second = (publish(clock, scheduled(channel, post), moves=2) for post in posts)
    assert first.status == second.status == Delivery.Status.PUBLISHED, first.message + second.message
    assert [step for step in history(first) if step.startswith("image")] == ["image done"] * 2
    assert [step for step in history(second) if step.startswith("image")] == []
    assert RemoteImage.objects.filter(channel=channel).count() == 2
    [there] = RemoteImage.objects.filter(channel=channel, digest=engine.digest)
    page = requests.get(second.remote_url, timeout=5).text
    assert "127.0.0.1:8000" not in page
    assert there.url.rpartition("/")[2] in page
