"""A real worker with somebody else's package on its path publishes through it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User, Workspace
from posts import connecting
from posts.models import Channel, Delivery, Post, Proof
from posts.planning import scheduling
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from publishers.joining import join
from tests.real.house import House, wait_for
from tests.thirdparty.installing import install
from tests.thirdparty.postcard.post_office import STAMP, PostOffice, open_office

pytestmark = [pytest.mark.real, pytest.mark.engine]


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office() as office:
        yield office


@pytest.fixture
def house(house: House, office: PostOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The package is installed for its processes, and for the test, which stands for the web."""
    packages = install(tmp_path / "packages")
    house.env |= {"PYTHONPATH": str(packages), "ALLOW_PRIVATE_TARGETS": office.url, "PAGE_SECONDS": "1"}
    monkeypatch.syspath_prepend(packages)
    assert join(PUBLISHERS) == []
    yield house
    del PUBLISHERS["postcard"]


def test_a_worker_connects_publishes_and_proves_a_card(
    house: House, office: PostOffice, author: User, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_TARGETS = frozenset({office.url})
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    house.worker()  # Redis is not needed
    channel = connecting.connect(workspace, "postcard", "Cards", {"stamp": STAMP}, {"base_url": office.url})
    there = Channel.objects.filter(pk=channel.pk, status=Channel.Status.OPEN, account_name="Ada")
    wait_for(there.exists, 30, "the worker has proved the stamp")
    post = Post.objects.create(workspace=workspace, author=author, title="Notes", markdown="A few words.")
    at = moment_at(timezone.now() + timedelta(seconds=2), UTC)
    [delivery] = scheduling.schedule(post, [channel], at, timezone.now(), author)
    published = Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.PUBLISHED)
    wait_for(published.exists, 30, "the worker has published the card")
    assert office.printed == 1
    assert office.cards[str(delivery.key)]["title"] == "Notes"
    wait_for(Proof.objects.filter(delivery=delivery, outcome="there").exists, 30, "its page was looked at")
