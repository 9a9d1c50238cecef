"""The power fails at each named point while pictures are uploaded and the article after them: it is public once, with
every picture, and no channel has one twice.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from posts.engine import failpoints
from posts.images import keeping
from posts.models import Channel, Delivery, Post, RemoteImage
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.posts.conftest import Street
from tests.posts.pictures import picture
from tests.real.house import House, wait_for
from tests.real.test_failpoints import (  # noqa: F401  the fixture house
    DIED,
    IN_A_CALL,
    assert_once,
    channel_on,
    house,
    leases_run_out,
    workers_in,
)

pytestmark = [pytest.mark.real, pytest.mark.engine]
CALLS = 4  # two pictures, the draft, its flip
POINTS = [failpoints.CLAIMED, *(f"{point}:{nth}" for nth in range(1, CALLS + 1) for point in IN_A_CALL)]


def illustrated(author: User, channel: Channel) -> Delivery:
    """A post with a cover and a picture, due now."""
    engine = keeping.take_in(channel.workspace, author, picture("png"), "engine.png", alt="The engine")
    cover = keeping.take_in(channel.workspace, author, picture("jpg", 60, 40, "maroon"), "cover.jpg")
    post = Post.objects.create(
        workspace=channel.workspace, author=author, title=f"Kernel notes: {channel.name}",
        markdown=f"Look:\n\n![The engine]({engine.url})\n", cover_url=cover.url,
    )  # fmt: skip
    [delivery] = scheduling.schedule(post, [channel], moment_at(timezone.now(), UTC), timezone.now(), author)
    return delivery


def test_a_worker_that_dies_anywhere_on_the_way_of_two_pictures(
    house: House,  # noqa: F811
    street: Street,
    author: User,
    settings: Any,
) -> None:
    house.env["IMAGES_DIR"] = str(settings.IMAGES_DIR)
    with workers_in(house) as workers:
        for point in POINTS:
            illustrated(author, channel_on("hashnode", author, street, point))
            assert workers.look(point) == DIED, f"nobody passes “{point}”"
        unfinished = Delivery.objects.filter(status__in=Delivery.Status.pending())

        def ended() -> bool:
            leases_run_out(Delivery.objects.all())
            assert workers.look() == 0
            return not unfinished.exists()

        wait_for(ended, 60, "every delivery has ended")
    for delivery in Delivery.objects.select_related("channel", "post"):
        assert delivery.status == Delivery.Status.PUBLISHED, f"{delivery.channel}: {delivery.message}"
        assert_once(street, delivery, settings.SITES_DIR)
        there = RemoteImage.objects.filter(channel=delivery.channel)
        assert len({row.digest for row in there}) == there.count() == 2, delivery.channel.name
