"""Announcements with the real parts: two workers, an article on DEV; Mastodon and Bluesky name its page once."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from accounts.models import User, Workspace
from posts import connecting
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.posts.conftest import Street
from tests.real.house import House, wait_for
from tests.real.test_exactly_once import channels

pytestmark = [pytest.mark.real, pytest.mark.engine]
Status = Delivery.Status


@pytest.fixture
def house(house: House) -> House:
    house.env["PAGE_SECONDS"] = "1"
    house.env["SETTLE_SECONDS"] = "2"
    house.env["PACE"] = "0.1"
    return house


def connected(author: User, platform: str, key: dict[str, str], settings: dict[str, Any]) -> Channel:
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    channel = connecting.connect(workspace, platform, platform, key, {"template": "{title} {link}", **settings})
    connecting.verify(channel.pk, timezone.now)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    return channel


def named(street: Street, platform: str, address: str) -> int:
    """How many public texts there name this address."""
    listed = requests.get(f"{street.url}/_sandbox/counts", params={"platform": platform}, timeout=5).json()
    return int(listed.get(f"link:{address}", {"public": 0})["public"])


@pytest.mark.parametrize("lost", [False, True])
def test_what_is_live_is_announced_once_on_each(house: House, street: Street, author: User, lost: bool) -> None:
    dev = channels(author, street, 1)[0]
    mastodon = connected(
        author, "mastodon", {"access_token": "sandbox-mastodon-key"},
        {"base_url": f"{street.url}/mastodon", "visibility": "public"},
    )  # fmt: skip
    bluesky = connected(
        author, "bluesky", {"app_password": "sandbox-bluesky-key"},
        {"handle": "sandbox.bsky.example", "base_url": f"{street.url}/bluesky", "site_url": f"{street.url}/bluesky"},
    )  # fmt: skip
    if lost:
        for platform in ("mastodon", "bluesky"):
            street.platform = platform
            street.fault("create", "close", when="after")
    house.worker("worker 1")
    house.worker("worker 2")
    post = Post.objects.create(workspace=dev.workspace, author=author, title="Kernel notes", markdown="Text.")
    at = moment_at(timezone.now() + timedelta(seconds=2), UTC)
    article, *announcements = scheduling.schedule(post, [mastodon, dev, bluesky], at, timezone.now(), author)
    pks = [each.pk for each in announcements]
    done = Delivery.objects.filter(pk__in=pks, status=Status.PUBLISHED)
    wait_for(lambda: done.count() == 2, 90, "both have announced it")
    article.refresh_from_db()
    assert named(street, "mastodon", article.remote_url) == 1
    assert named(street, "bluesky", article.remote_url) == 1
    for announcement in done:
        assert announcement.canonical_url == article.remote_url
        assert requests.get(announcement.remote_url, timeout=5).ok
