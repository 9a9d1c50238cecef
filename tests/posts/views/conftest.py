"""Ada at her browser, with a post and two channels; and Grace, who must not see any of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User, Workspace
from posts.models import Channel, Delivery, Post

DEVTO_SETTINGS = {"base_url": "https://dev.to/api", "ai_disclosure_level": "no_ai", "organization_id": None}
FOLDER_SETTINGS = {"generator": "hugo", "directory": "content/posts", "base_url": "", "permalink": "", "keys": ""}
SECRET = "a-key-that-nobody-else-may-see-9f3c"


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(ada: User) -> Client:
    """Ada's browser."""
    return browser_of(ada)


@pytest.fixture
def strange_browser(grace: User) -> Client:
    """Grace's browser: logged in, in a workspace of her own."""
    return browser_of(grace)


def workspace_of(user: User) -> Workspace:
    workspace = Workspace.objects.of(user)
    assert workspace is not None
    return workspace


@pytest.fixture
def workspace(ada: User) -> Workspace:
    return workspace_of(ada)


@pytest.fixture
def post(ada: User, workspace: Workspace) -> Post:
    return Post.objects.create(
        workspace=workspace, author=ada, title="Notes", markdown="A few *words*.", tags=["maths"]
    )


@pytest.fixture
def folder(workspace: Workspace) -> Channel:
    return Channel.objects.create(
        workspace=workspace,
        platform="folder",
        name="Garden",
        settings=FOLDER_SETTINGS,
        account_name="garden",
        status=Channel.Status.OPEN,
    )


@pytest.fixture
def dev(workspace: Workspace) -> Channel:
    return Channel.objects.create(
        workspace=workspace,
        platform="devto",
        name="My DEV",
        settings=DEVTO_SETTINGS,
        credentials={"api_key": SECRET},
        secret_hint=SECRET[-4:],
        account_name="@ada",
        status=Channel.Status.OPEN,
    )


def badges(page: str) -> list[str]:
    """The words that stand beside the icons of states."""
    return re.findall(r'<span class="badge [^"]*">.*?</svg>\s*([^<]*?)\s*</span>', page, re.DOTALL)


Deliver = Callable[..., Delivery]


@pytest.fixture
def deliver(post: Post, dev: Channel) -> Deliver:
    """Put a delivery into a state, as the engine would have."""

    def put(status: str = Delivery.Status.SCHEDULED, **fields: Any) -> Delivery:
        due = fields.pop("due_at", timezone.now() + timedelta(days=2))
        values: dict[str, Any] = {
            "post": post, "channel": dev, "workspace": post.workspace, "due_at": due, "act_at": due, "status": status,
            "late_after": due + timedelta(hours=1), **fields,
        }  # fmt: skip
        if status == Delivery.Status.PUBLISHED:
            values = {"remote_id": "7", "remote_url": "https://dev.to/ada/7", "published_at": timezone.now(), **values}
        return Delivery.objects.create(**values)

    return put
