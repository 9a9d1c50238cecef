"""What tests need before anybody opens a browser: posts and channels, made as the product makes them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User, Workspace
from posts import connecting
from posts.models import Channel, Delivery, Post
from posts.planning import queueing, scheduling
from posts.planning.moments import moment_at
from tests.conftest import workspace_of
from tests.posts.conftest import Street
from tests.posts.views.conftest import DEVTO_SETTINGS, FOLDER_SETTINGS
from tests.real.house import wait_for


def a_post(author: User, title: str = "On analytical engines", **fields: Any) -> Post:
    return Post.objects.create(
        workspace=workspace_of(author), author=author, title=title, **{"markdown": "Some *words*.", **fields}
    )


def a_folder(workspace: Workspace, name: str = "Garden") -> Channel:
    settings = {**FOLDER_SETTINGS, "directory": name.lower()}
    return _opened(connecting.connect(workspace, "folder", name, {}, settings))


def a_dev(workspace: Workspace, street: Street, name: str = "My DEV") -> Channel:
    """A channel of DEV, whose account in the sandbox is its own."""
    account = street.order("accounts", username=f"ada{workspace.pk}", age_days=400)
    settings = {**DEVTO_SETTINGS, "base_url": street.api}
    return _opened(connecting.connect(workspace, "devto", name, {"api_key": account["key"]}, settings))


def _opened(channel: Channel) -> Channel:
    """The worker of the house asks the platform."""

    def is_open() -> bool:
        channel.refresh_from_db()
        return channel.status == Channel.Status.OPEN

    wait_for(is_open, 15, f"{channel} is open")
    return channel


def a_delivery(post: Post, channel: Channel, at: datetime | None = None) -> Delivery:
    """Scheduled for then; in ten days when nothing is said."""
    assert post.author
    moment = moment_at(at or timezone.now() + timedelta(days=10), post.author.time_zone)
    [delivery] = scheduling.schedule(post, [channel], moment, timezone.now(), post.author)
    return delivery


def until_it_is(delivery: Delivery, *states: str, seconds: float = 20) -> Delivery:
    def is_so() -> bool:
        delivery.refresh_from_db()
        return delivery.status in states

    wait_for(is_so, seconds, f"{delivery} is {' or '.join(states)}")
    return delivery


def with_slots(channel: Channel, *hours: int) -> Channel:
    """Slots at these hours on every day of the week, by the clocks of Berlin."""
    for hour in hours:
        queueing.add_slots(channel, range(7), time(hour), "Europe/Berlin")
    return channel
