"""Every platform × every fault, counted by the sandbox: one public article, or a person is asked; never two.

Run it with ``-s`` to see the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import User, Workspace
from posts import connecting
from posts.engine import publishing, tailoring
from posts.engine.trips import take
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from publishers.base import TwoStep
from tests.posts.conftest import MovableClock, Street

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status

MICROPUB = {
    "base_url": "{url}/micropub/home",
    "endpoint": "{url}/micropub/endpoint/",
    "media_endpoint": "{url}/micropub/media/",
    "content_format": "html",
}
# By platform, some of them in two ways: the name of the secret, and the settings.
PLATFORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "devto": ("api_key", {"base_url": "{url}/devto/api", "ai_disclosure_level": "no_ai"}),
    "hashnode": ("token", {"base_url": "{url}/hashnode/"}),
    "medium": (
        "integration_token",
        {
            "base_url": "{url}/medium/v1",
            "feed_url": "{url}/medium",
            "publish_status": "public",
            "license": "public-domain",
        },
    ),
    "ghost": (
        "admin_api_key",
        {
            "base_url": "{url}/ghost",
            "content_format": "markdown",
            "visibility": "public",
            "newsletter": "default-newsletter",
            "send_newsletter": True,
        },
    ),
    "bluesky": (
        "app_password",
        {
            "handle": "ada-bluesky.bsky.example",
            "template": "",
            "base_url": "{url}/bluesky",
            "site_url": "{url}/bluesky",
        },
    ),
    "mastodon": ("access_token", {"base_url": "{url}/mastodon", "template": "", "visibility": "public"}),
    "wordpress": ("application_password", {"base_url": "{url}/wordpress", "username": "ada_wordpress"}),
    "git": (
        "secret",
        {"repository": "{url}/git/r/ada_git/blog.git", "generator": "hugo", "path": "posts/{slug}.md", "branch": ""},
    ),
    "github": (
        "token",
        {
            "api_url": "{url}/github/api",
            "repository": "ada_github/blog",
            "generator": "hugo",
            "path": "posts/{slug}.md",
            "branch": "",
        },
    ),
    "buttondown": ("api_key", {"base_url": "{url}/buttondown/v1", "archival_mode": "enabled"}),
    "micropub": ("token", MICROPUB | {"drafts": "no"}),
    "micropub with drafts": ("token", MICROPUB | {"drafts": "yes"}),
    "writefreely": (
        "token",
        {"base_url": "{url}/writefreely", "username": "", "collection": "ada_writefreely", "font": "norm"},
    ),
    "tumblr": ("token", {"base_url": "{url}/tumblr/v2", "blog": "ada_tumblr"}),
    "blogger": ("refresh_token", {"base_url": "{url}/blogger"}),
    "folder": ("", {"generator": "hugo", "directory": "blog"}),
}
# What a channel needs beside the key of its account.
MORE_KEYS = {"blogger": {"client_id": "sandbox-blogger-client", "client_secret": "sandbox-blogger-secret"}}
# The calls that look for an article: these a "stale look-up" turns back in time.
LOOKS: dict[str, list[str]] = {
    "blogger": ["list", "show"],
    "bluesky": ["look"],
    "buttondown": ["list", "look"],
    "devto": ["list"],
    "ghost": ["browse"],
    "git": [],  # what a branch is, is never stale
    "github": [],
    "hashnode": ["list", "look"],
    "mastodon": ["list"],
    "medium": ["feed"],
    "tumblr": ["list"],
    "wordpress": ["list", "show"],
    "micropub": ["list"],
    "writefreely": ["list"],
}
# By name: the call it strikes, and how. "flip" strikes the creation where creating is publishing.
FAULTS: dict[str, dict[str, Any]] = {
    "answer lost after create": {"call": "create", "fault": "status", "status": 504, "when": "after"},
    "answer lost after flip": {"call": "flip", "fault": "status", "status": 504, "when": "after"},
    "hang-up after create": {"call": "create", "fault": "close", "when": "after"},
    "hang-up after flip": {"call": "flip", "fault": "close", "when": "after"},
    "429": {"call": "create", "fault": "status", "status": 429, "retry_after": 60, "when": "before"},
    "5xx before the work": {"call": "create", "fault": "status", "status": 503, "when": "before"},
    "hang": {"call": "create", "fault": "hang", "seconds": 30, "when": "after"},
    "dripping": {"call": "create", "fault": "drip", "seconds": 0.2, "when": "after"},
    "HTML": {"call": "create", "fault": "html", "when": "after"},
    "half a JSON": {"call": "flip", "fault": "half_json", "when": "after"},
    "worker killed between create and flip": {},
    "worker killed before sending": {},
    "stale look-up": {"call": "create", "fault": "status", "status": 504, "when": "after", "stale": 25},
}
TABLE: dict[str, dict[str, str]] = {}


@pytest.fixture(scope="module", autouse=True)
def the_table() -> Iterator[None]:
    yield
    print("\n" + " | ".join(["fault", *PLATFORMS]))
    for fault, row in TABLE.items():
        print(" | ".join([fault, *(row.get(platform, "–") for platform in PLATFORMS)]))


@pytest.fixture
def connect(workspace: Workspace, street: Street, clock: MovableClock) -> Callable[[str], Channel]:
    def connect(way: str) -> Channel:
        secret, settings = PLATFORMS[way]
        platform = way.split()[0]
        settings = {
            key: value.replace("{url}", street.url) if isinstance(value, str) else value
            for key, value in settings.items()
        }
        street.platform = platform
        credentials = {}
        if secret:
            street.order("limits", on=False)
            credentials = {secret: street.order("accounts", username=f"ada_{platform}", age_days=400)["key"]}
        if platform == "tumblr":
            own = {"consumer_key": "sandbox-tumblr-app", "consumer_secret": "sandbox-tumblr-app-secret"}
            credentials |= own | {"token_secret": f"{credentials['token']}-secret"}
        credentials |= MORE_KEYS.get(platform, {})
        channel = connecting.connect(workspace, platform, platform, credentials, settings)
        connecting.verify(channel.pk, clock)
        channel.refresh_from_db()
        assert channel.status == Channel.Status.OPEN, channel.problem
        if platform in ("hashnode", "writefreely"):
            street.order("switches", switch="cache", on=False)  # its cache runs by the real clock, ours is moved on
        return channel

    return connect


def public_articles(street: Street, delivery: Delivery, settings: Any) -> int:
    """How many of it are public, as the platform itself sees it."""
    if delivery.channel.platform == "folder":
        folder = settings.SITES_DIR / f"workspace-{delivery.workspace_id}"
        return sum(str(delivery.key) in path.read_text() for path in folder.rglob("*.md"))
    return sum(a["public"] for a in street.ask("articles") if a["title"] == delivery.post.title)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_one_public_article_or_a_person_is_asked(
    platform: str, fault: str, connect: Callable[[str], Channel], street: Street, workspace: Workspace, ada: User,
    clock: MovableClock, settings: Any,
) -> None:  # fmt: skip
    settings.CALL_DEADLINE_SECONDS = 1 if platform != "git" else 8  # a call of git is some twenty small programs
    channel = connect(platform)
    post = Post.objects.create(
        workspace=workspace, author=ada, title=f"{fault} on {platform}".capitalize(), markdown="Text.", slug="cross",
        canonical_url="https://ada.example/cross" if tailoring.announces(channel) else "",
    )  # fmt: skip
    [delivery] = scheduling.schedule(post, [channel], moment_at(clock(), UTC), clock(), ada)
    strike(fault, street, channel, clock)
    for _ in range(6):
        publishing.drain(clock)
        clock.move(minutes=10)
        publishing.rescue(clock)
    delivery.refresh_from_db()
    public = public_articles(street, delivery, settings)
    TABLE.setdefault(fault, {})[platform] = f"{delivery.get_status_display()}, {public} public"
    assert public <= 1
    if delivery.status == Status.UNCERTAIN:
        assert platform == "medium", f"only Medium has no way to look: {delivery.message}"
        assert "interrupted" not in delivery.message
    else:
        assert (delivery.status, public) == (Status.PUBLISHED, 1), delivery.message


def strike(fault: str, street: Street, channel: Channel, clock: MovableClock) -> None:
    """Order the fault, or do to the worker what its name says."""
    platform = channel.platform
    if fault.startswith("worker killed"):
        [trip] = publishing.claim(clock(), 5)
        if "between" in fault:
            take(trip, clock())
        lapse(trip.delivery_id, trip.channel_id)
        return
    if platform == "folder":
        return  # a disk knows none of these
    order = dict(FAULTS[fault])
    stale = order.pop("stale", None)
    publisher = PUBLISHERS[platform]
    if order["call"] == "flip" and not (issubclass(publisher, TwoStep) and publisher.has_drafts(channel.settings)):
        order["call"] = "create"
    street.fault(order.pop("call"), order.pop("fault"), **order)
    if stale:
        for call in LOOKS[platform]:
            street.fault(call, "stale", seconds=stale)


def lapse(delivery_id: int, channel_id: int) -> None:
    """As if nothing had been heard of the worker for longer than its lease."""
    past = Now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery_id).update(lease_until=past)
    Channel.objects.filter(pk=channel_id).update(lease_until=past)
