"""Verbs: what crosses into ``publishers/``: our post becomes an Article, our channel becomes a Door."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F

from posts.engine import tailoring
from posts.engine.trips import Door, takes_images
from posts.images.using import addresses_in, images_of
from posts.models import Channel, Delivery, Post, RemoteImage
from publishers import PUBLISHERS, base
from publishers.base import Article, Publisher, TwoStep

ONE_CALL = 1.0  # seconds that creating a draft usually takes at the most
ONE_UPLOAD = 2.0  # … and a picture's way there
LONGEST_HEAD_START = timedelta(minutes=2)


def article_of(delivery: Delivery) -> Article:
    """What the channel gets: the post as it stands, with what is said otherwise there.

    An update is the same publication: it has its key, and the time at which that was due.
    """
    post, channel = delivery.post, delivery.channel
    original = delivery.revises or delivery
    said = tailoring.version_of(post, channel.pk)
    dated = delivery if original is delivery else _at_the_time_of(original, delivery)
    markdown, cover_url = tailoring.text(dated).markdown, said.get("cover_url") or post.cover_url
    images = images_of(post, cover_url, markdown)
    return Article(
        key=str(original.key),
        title=said.get("title") or post.title,
        markdown=markdown,
        summary=said.get("summary") or post.summary,
        tags=tailoring.tags(post, channel),
        slug=said.get("slug") or post.slug,
        cover_url=cover_url,
        canonical_url=tailoring.canonical_url(dated),
        language=post.language,
        author=post.author.name if post.author else "",
        due_at=dated.due_at,
        ai_disclosure=post.ai_disclosure,
        options={**said.get("options", {}), **delivery.options},
        images=images,
        uploaded=uploaded_to(channel, images) if images else {},
    )


def _at_the_time_of(original: Delivery, revision: Delivery) -> Delivery:
    """What names a day names that of the publication."""
    return Delivery(
        post=revision.post, channel=revision.channel, due_at=original.due_at, zone=original.zone,
        canonical_url=revision.canonical_url,
    )  # fmt: skip


# --- what went out, so that it can be compared -----------------------------------------------------------------------

KEPT = ("summary", "tags", "slug", "cover_url", "canonical_url", "language", "author", "ai_disclosure", "options")


def fields_of(article: Article, channel: Channel) -> dict[str, Any]:
    """What a payload is made of besides title and text, as JSON keeps it."""
    fields = {name: getattr(article, name) for name in KEPT}
    return {**fields, "tags": list(article.tags), "options": dict(article.options), "settings": channel.settings}


def digest_of(title: str, markdown: str, fields: dict[str, Any]) -> str:
    """The same for what makes the same payload."""
    whole = json.dumps([title, markdown, fields], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


def sent_article(publication: Delivery) -> tuple[Article, dict[str, Any]] | None:
    """The article that is out there by what is kept of it, and the channel's settings then; None where none is."""
    if publication.sent_fields is None:
        return None
    fields = dict(publication.sent_fields)
    channel_settings = fields.pop("settings", {})
    article = Article(
        key=str(publication.key), title=publication.sent_title, markdown=publication.sent_markdown,
        due_at=publication.due_at, **{**fields, "tags": tuple(fields.get("tags", ()))},
        images=images_of(publication.post, fields.get("cover_url", ""), publication.sent_markdown),
    )  # fmt: skip
    return article, channel_settings


def payload_digest(publisher: Publisher, article: Article) -> str:
    """Of what is sent for this article: its mark is in it, the addresses that a platform gave its pictures are not."""
    payload = publisher.payload(replace(article, uploaded={}))
    whole = json.dumps(payload, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


def place_of(channel: Channel) -> str:
    """Where it publishes: another one for another account, and at another address; "" on our own disk.

    The same number may be another article there.
    """
    publisher = PUBLISHERS.get(channel.platform)
    origin = publisher.origin(channel.settings) if publisher else ""
    if not origin:
        return ""
    who = channel.account_url or channel.account_name
    return hashlib.sha256(f"{channel.platform} {origin} {who}".encode()).hexdigest()[:32]


def uploaded_to(channel: Channel, images: tuple[base.Image, ...]) -> dict[str, base.RemoteImage]:
    """Those that are on the channel's platform already, by digest. A channel that takes none is not asked about."""
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None or not takes_images(publisher):
        return {}
    there = RemoteImage.objects.filter(
        channel=channel.pk, revision__gte=F("channel__images_since"), digest__in={image.digest for image in images}
    )
    return {row.digest: base.RemoteImage(row.remote_id, row.url) for row in there}


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


def head_start(channel: Channel, post: Post | None = None) -> timedelta:
    """How long before its time a delivery is begun: long enough for what nobody sees, the pictures of the post and the
    draft, and the pause after each.

    Then the flip, which is what people see, happens at the very moment and never before.
    """
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None:
        return timedelta()
    pictures = len(addresses_in(post.cover_url, post.markdown)) if post and takes_images(publisher) else 0
    drafts = int(issubclass(publisher, TwoStep) and publisher.has_drafts(channel.settings))
    pause = publisher.limits.seconds_between_writes * settings.PACE
    seconds = ONE_CALL * drafts + ONE_UPLOAD * pictures + pause * (drafts + pictures)
    return min(timedelta(seconds=seconds), LONGEST_HEAD_START)
