"""What the pages ring for after the commit, so that a worker finds the row. A lost bell only costs a second or two."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.utils import timezone

from blogscheduler.celery import ring
from posts.engine import publishing
from posts.models import Channel, Delivery, Post
from posts.tasks import CHECK_CHANNEL, CHECK_COVER, CHECK_PICTURES, PREPARE_IMAGE, PROVE, PUBLISH_DUE


def ring_for_deliveries() -> None:
    """Only when something is due: for another day there is no hurry, and ringing a dead Redis costs time."""

    def ring_if_due() -> None:
        if publishing.next_due(timezone.now()) is not None:
            ring(PUBLISH_DUE)

    transaction.on_commit(ring_if_due, robust=True)


def ring_for_channel(channel: Channel) -> None:
    transaction.on_commit(lambda: ring(CHECK_CHANNEL, channel.pk), robust=True)


def ring_for_cover(post: Post) -> None:
    transaction.on_commit(lambda: ring(CHECK_COVER, post.pk), robust=True)


def ring_for_pictures() -> None:
    transaction.on_commit(partial(ring, CHECK_PICTURES), robust=True)


def ring_for_images(ids: Iterable[int]) -> None:
    for pk in ids:
        transaction.on_commit(partial(ring, PREPARE_IMAGE, pk), robust=True)


def ring_for_page(delivery: Delivery) -> None:
    transaction.on_commit(lambda: ring(PROVE, delivery.pk), robust=True)
