"""An article as Ghost takes it: pure text work, no network.

Limits and field names come from the Admin API's own schemas and a running Ghost 6.65, observed in 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import Any

from publishers.base import Article, Finding, Limits
from publishers.http import origin_of
from publishers.notes import Notes
from publishers.platforms.ghost.text import card_of, html_of
from publishers.preparing import has_room, note_canonical_url, note_title, one_line, usable_cover
from publishers.text.steps import uploaded_addresses

TITLE = 255  # the database's limit: the schema says 2,000, and then the server refuses it
SLUG = 191
TAG = 191
EXCERPT = 300
ALT = 191
ADDRESS = 2000
META_TITLE = 300
META_DESCRIPTION = 500
EMAIL_SUBJECT = 300
MOST_TAGS = 1000  # no limit is known

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")  # of those that we keep; it refuses AVIF

LIMITS = Limits(title=TITLE, tag_length=TAG, image_types=IMAGE_TYPES)


@dataclass(frozen=True)
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    content: dict[str, str]  # {"lexical": …} or {"html": …}
    tags: list[str]
    slug: str
    excerpt: str
    canonical_url: str
    cover_url: str
    cover_alt: str
    findings: list[Finding]


def mark_tag(key: str) -> str:
    """The internal tag by which an article is known again: readers never see one that begins with "#"."""
    return f"#bs-{key}"


def mark_slug(key: str) -> str:
    """The same tag as Ghost's filters name it."""
    return f"hash-bs-{key}"


def prepare(article: Article, settings: Mapping[str, Any]) -> Prepared:
    notes = Notes("Ghost")
    title = _title(notes, article.title)
    content = _content(notes, article, settings)
    tags = _tags(notes, article.tags)
    slug = _slug(notes, article.slug)
    excerpt = _cut(notes, "summary", " ".join(article.summary.split()), EXCERPT, "excerpts", "the summary")
    canonical_url = _canonical_url(notes, article.canonical_url)
    cover_url, cover_alt = _cover(notes, article)
    _note_options(notes, article, settings)
    return Prepared(title, content, tags, slug, excerpt, canonical_url, cover_url, cover_alt, notes.findings)


def fields(article: Article, settings: Mapping[str, Any], kept_tags: Sequence[str] = ()) -> dict[str, Any]:
    """The post in a request, without its status. What is empty becomes null, lest an older value stay.

    ``kept_tags``: internal ones that somebody has given the post on Ghost.
    """
    ready = prepare(article, settings)
    options = article.options
    names = [*ready.tags, *kept_tags, mark_tag(article.key)]
    wished = {
        "meta_title": options.get("meta_title"),
        "meta_description": options.get("meta_description"),
        "email_subject": options.get("email_subject"),
    }
    return {
        "title": ready.title,
        **ready.content,
        "custom_excerpt": ready.excerpt or None,
        "canonical_url": ready.canonical_url or None,
        "feature_image": ready.cover_url or None,
        "feature_image_alt": ready.cover_alt or None,
        "visibility": str(options.get("visibility") or settings.get("visibility") or "public"),
        "tags": [{"name": name} for name in names],
        **{name: one_line(str(value)) for name, value in wished.items() if value},
        **({"featured": options["featured"] == "yes"} if options.get("featured") else {}),
    }


def newsletter_of(article: Article, settings: Mapping[str, Any]) -> str:
    """The slug of the newsletter that this article is to be mailed with, "" for none."""
    said = article.options.get("newsletter")
    wanted = said == "yes" if said in ("yes", "no") else bool(settings.get("send_newsletter"))
    return str(settings.get("newsletter") or "") if wanted else ""


def mailing(article: Article, newsletter: str) -> dict[str, str]:
    """What mails it, beside the change from draft to published: parts of the address's query."""
    segment = str(article.options.get("email_segment") or "all")
    return {"newsletter": newsletter, "email_segment": segment} if newsletter else {}


def is_slug(slug: str, wanted: str) -> bool:
    """Whether ``slug`` is the one that was asked for, be it with a number after it."""
    return slug == wanted or bool(re.fullmatch(rf"{re.escape(wanted)}-\d+", slug))


def _content(notes: Notes, article: Article, settings: Mapping[str, Any]) -> dict[str, str]:
    if settings.get("content_format") == "html":
        return {"html": html_of(article, notes)}
    card = {"type": "markdown", "version": 1, "markdown": card_of(article, notes)}
    block = {"direction": None, "format": "", "indent": 0, "version": 1}
    return {"lexical": dumps({"root": {"children": [card], "type": "root", **block}}, ensure_ascii=False)}


# --- What goes with it -------------------------------------------------------------------------------------------


def _title(notes: Notes, given: str) -> str:
    title = one_line(given)
    if len(title) > TITLE:
        notes.refused("title", f"Ghost takes titles of up to {TITLE} characters; this has {len(title)}.")
    else:
        note_title(notes, title, given)
    return title


def _slug(notes: Notes, slug: str) -> str:
    if len(slug) > SLUG:
        notes.refused("slug", f"Ghost takes slugs of up to {SLUG} characters; this has {len(slug)}.")
    return slug


def _cut(notes: Notes, name: str, text: str, most: int, what: str, ours: str) -> str:
    if len(text) <= most:
        return text
    notes.changed(name, f"Ghost takes {what} of up to {most} characters: {ours} is cut.")
    return text[: most - 1].rstrip() + "…"


def _canonical_url(notes: Notes, url: str) -> str:
    if len(url) > ADDRESS:
        message = f"Ghost takes canonical addresses of up to {ADDRESS:,} characters; this has {len(url):,}."
        notes.refused("canonical_url", message)
    else:
        note_canonical_url(notes, url, _is_web_address, "it has to begin with http:// or https://")
    return url


def _cover(notes: Notes, article: Article) -> tuple[str, str]:
    """Address and description of the feature image. Only a picture of ours has a description."""
    url = usable_cover(notes, article.cover_url, _is_web_address, "a web address")
    if len(url) > ADDRESS:
        notes.lost("cover_url", f"Ghost takes addresses of up to {ADDRESS:,} characters: the cover is left out.")
        url = ""
    alt = next((one.alt for one in article.images if one.url == article.cover_url), "") if url else ""
    alt = _cut(notes, "cover_url", one_line(alt), ALT, "descriptions of the cover", "this one")
    return uploaded_addresses(article).get(url, url), alt


def _tags(notes: Notes, tags: tuple[str, ...]) -> list[str]:
    """By name, made when they are new. Ghost does not tell upper from lower case."""
    kept: dict[str, str] = {}
    for tag in tags:
        name = one_line(tag).lstrip(",").strip()
        if not name or len(name) > TAG:
            notes.lost("tags", f"Ghost cannot take the tag “{tag}”: 1 to {TAG} characters.")
        elif has_room(notes, tag, name.casefold(), kept, MOST_TAGS):
            kept[name.casefold()] = name
            if name.startswith("#"):
                notes.changed("tags", f"The tag “{tag}” is an internal one on Ghost: readers do not see it.")
    return list(kept.values())


def _note_options(notes: Notes, article: Article, settings: Mapping[str, Any]) -> None:
    limits = {"meta_title": META_TITLE, "meta_description": META_DESCRIPTION, "email_subject": EMAIL_SUBJECT}
    for name, most in limits.items():
        if len(str(article.options.get(name) or "")) > most:
            notes.refused("options", f"Ghost takes up to {most} characters for “{name.replace('_', ' ')}”.")
    if newsletter := newsletter_of(article, settings):
        message = f"Ghost mails it to the readers of “{newsletter}” as it is published: that cannot be taken back."
        notes.changed("options", message)  # too much to be folded away among the notes
    elif article.options.get("newsletter") == "yes":
        notes.refused("options", "It is to be mailed, but the channel's settings name no newsletter.")


def _is_web_address(url: str) -> bool:
    return bool(origin_of(url)) and not re.search(r"\s", url)
