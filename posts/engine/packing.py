"""Verbs: what crosses into ``publishers/``: our post becomes an Article, our channel becomes a Door."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.conf import settings

from posts.engine.trips import Door
from posts.models import Channel, Delivery
from publishers import PUBLISHERS
from publishers.base import Article, TwoStep

ONE_CALL = 1.0  # seconds that creating a draft usually takes at the most


def article_of(delivery: Delivery) -> Article:
    """What the channel gets: the post as it stands, and the channel's own wishes where the post has none."""
    post = delivery.post
    return Article(
        key=str(delivery.key),
        title=post.title,
        markdown=post.markdown,
        summary=post.summary,
        tags=tuple(post.tags),
        slug=post.slug,
        cover_url=post.cover_url,
        canonical_url=delivery.canonical_there,
        language=post.language,
        author=post.author.name if post.author else "",
        due_at=delivery.due_at,
        ai_disclosure=post.ai_disclosure,
        options=delivery.options,
    )


def door_of(channel: Channel) -> Door:
    """How to reach this channel's platform. Folder channels write below the workspace's own folder."""
    files: Path = settings.SITES_DIR / f"workspace-{channel.workspace_id}"
    return Door(
        platform=channel.platform,
        credentials=channel.credentials,
        settings=channel.settings,
        revision=channel.revision,
        files=files,
        private_origins=settings.ALLOW_PRIVATE_TARGETS,
        deadline=settings.CALL_DEADLINE_SECONDS,
    )


def head_start(channel: Channel) -> timedelta:
    """How long before its time a delivery is begun: long enough for the invisible draft and the pause after it.

    Then the flip, which is what people see, happens at the very moment and never before.
    """
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None or not issubclass(publisher, TwoStep) or not publisher.has_drafts(channel.settings):
        return timedelta()
    return timedelta(seconds=ONE_CALL + publisher.limits.seconds_between_writes * settings.PACE)
