"""Verbs: what of a post is said otherwise on one channel.

``Post.versions`` has what its author says for one channel, by the channel's id: any of ``FIELDS``; what is missing is
inherited. ``Channel.defaults`` has what all posts get there: ``intro``, ``footer``, ``canonical`` (one of POLICIES),
``pattern`` (of addresses), ``tags`` (a name for a name; "" leaves it out). Both are columns of rows that a claim reads
anyway. Pure: no query, no clock.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from posts.models import Channel, Delivery, Post
from publishers import PUBLISHERS
from publishers.base import Finding
from publishers.markdown import strip_front_matter

FIELDS = ("title", "summary", "tags", "slug", "cover_url", "canonical_url", "intro", "footer", "options")
NOTHING = "-"  # in a block: none here, although the channel has one

ORIGINAL, NONE, PATTERN = "original", "none", "pattern"
POLICIES = {
    ORIGINAL: "The post's own, or the original's where it follows one",
    NONE: "None: it counts as an original there",
    PATTERN: "An address of your own",
}
_PLACES = re.compile(r"\{(title|canonical_url|date)\}")
_HEADING = re.compile(r"(?:[ \t]*\n)*#[ \t]+[^\n]*(?:\n|$)")


def version_of(post: Post, channel_id: int) -> dict[str, Any]:
    """What is said otherwise there; empty where nothing is."""
    return dict((post.versions or {}).get(str(channel_id), {}))


def with_version(post: Post, channel_id: int, version: Mapping[str, Any]) -> dict[str, Any] | None:
    """All versions of the post, with this one for this channel; what is blank is inherited, and not kept."""
    kept = {name: value for name, value in version.items() if name in FIELDS and value}
    others = {pk: said for pk, said in (post.versions or {}).items() if pk != str(channel_id)}
    return ({**others, str(channel_id): kept} if kept else others) or None


def title(post: Post, channel: Channel) -> str:
    return str(version_of(post, channel.pk).get("title") or post.title)


def tags(post: Post, channel: Channel) -> tuple[str, ...]:
    """The channel's names for them, each once."""
    names = (channel.defaults or {}).get("tags") or {}
    said = version_of(post, channel.pk).get("tags") or post.tags
    renamed = (str(names.get(tag.lower(), tag)) for tag in said)
    return tuple(dict.fromkeys(tag for tag in renamed if tag))


def announces(channel: Channel) -> bool:
    """Whether what goes out there is a short text about a page elsewhere."""
    publisher = PUBLISHERS.get(channel.platform)
    return publisher is not None and publisher.announces


def canonical_url(delivery: Delivery) -> str:
    """What the author says for this channel; else as the channel wishes: the original's, none, or its own pattern."""
    post, channel = delivery.post, delivery.channel
    if announces(channel):  # it is no link to an original but what it is about
        return delivery.canonical_url or post.canonical_url
    if said := version_of(post, channel.pk).get("canonical_url"):
        return str(said)
    defaults = channel.defaults or {}
    policy = defaults.get("canonical", ORIGINAL)
    if policy == NONE:
        return ""
    if policy == PATTERN:
        return _by_pattern(str(defaults.get("pattern") or ""), delivery)
    return delivery.canonical_url or post.canonical_url


def _by_pattern(pattern: str, delivery: Delivery) -> str:
    """{slug}, {year}, {month} and {day} of when it is due; "" while what it names is not known yet."""
    post = delivery.post
    day = _day(delivery)
    slug = version_of(post, delivery.channel_id).get("slug") or post.slug or plain_slug(post.title)
    values = {"slug": slug, **({"year": f"{day:%Y}", "month": f"{day:%m}", "day": f"{day:%d}"} if day else {})}
    missing = [name for name in re.findall(r"\{(\w+)\}", pattern) if name in PATTERN_PLACES and not values.get(name)]
    if missing:
        return ""
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), pattern)


def example_of(pattern: str) -> str:
    """An address by this pattern, to see whether it is one."""
    values = {"slug": "notes", "year": "2026", "month": "11", "day": "23"}
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), pattern)


PATTERN_PLACES = ("slug", "year", "month", "day")
LABELS = {
    "title": "title", "summary": "summary", "tags": "tags", "slug": "slug", "cover_url": "cover image",
    "canonical_url": "canonical URL", "intro": "block before the text", "footer": "block behind the text",
    "options": "options",
}  # fmt: skip


def said_otherwise(post: Post, channel_id: int) -> list[str]:
    """What that is, in words."""
    version = version_of(post, channel_id)
    return [label for name, label in LABELS.items() if version.get(name)]


def plain_slug(text: str) -> str:
    """Letters, digits and hyphens, for an address."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-")


def _day(delivery: Delivery) -> datetime | None:
    """When it is due, on the clock that was meant."""
    due_at: datetime | None = delivery.due_at  # None while nobody has chosen a time
    return due_at.astimezone(ZoneInfo(delivery.zone or "UTC")) if due_at else None


# --- the text, with a block before it and one behind it --------------------------------------------------------------


@dataclass(frozen=True)
class Placed:
    """The text as this channel gets it. ``added`` lines stand after line ``at`` of the author's ``lines``."""

    markdown: str
    at: int = 0
    added: int = 0
    lines: int = sys.maxsize

    def in_the_source(self, finding: Finding) -> Finding:
        """A finding by the line of the author's own text; by none where it is about a block."""
        line = finding.line
        if line is None or line <= self.at:
            return finding
        if line <= self.at + self.added or line - self.added > self.lines:
            return _without_line(finding)
        return Finding(finding.level, finding.field, finding.message, line - self.added)


def _without_line(finding: Finding) -> Finding:
    return Finding(finding.level, finding.field, finding.message)


def text(delivery: Delivery) -> Placed:
    """The author's text with the blocks of this post and channel."""
    post = delivery.post
    intro, footer = block(delivery, "intro"), block(delivery, "footer")
    own_title = version_of(post, delivery.channel_id).get("title")
    if not (intro or footer or own_title):
        return Placed(post.markdown)
    head, after = _head_of(post)
    if own_title and head.rstrip().endswith(post.title):  # so that whoever drops a repeated title knows it again
        head = f"{head.rstrip().removesuffix(post.title)}{own_title}\n"
    piece = ""
    if intro:
        piece = f"{'' if not head or head.endswith(chr(10) * 2) else chr(10)}{intro}\n\n"
    whole = head + piece + after
    if footer:
        whole = f"{whole.rstrip()}\n\n{footer}\n"
    return Placed(whole, head.count("\n"), piece.count("\n"), post.markdown.count("\n") + 1)


def _head_of(post: Post) -> tuple[str, str]:
    """What stands before the text itself (front matter, a heading that repeats the title), and that."""
    source = post.markdown
    text = strip_front_matter(source)
    end = len(source) - len(text) if source.endswith(text) else 0
    heading = _HEADING.match(source, end)
    if heading and _words(heading[0].strip().strip("#")) == _words(post.title):
        end = heading.end()
    return source[:end], source[end:]


def _words(text: str) -> str:
    return " ".join(text.split()).casefold()


def block(delivery: Delivery, name: str) -> str:
    """The intro or the footer with its values; "" for none. What names a missing canonical link is left out."""
    said = version_of(delivery.post, delivery.channel_id).get(name) or (delivery.channel.defaults or {}).get(name) or ""
    template = str(said).strip()
    if not template or template == NOTHING:
        return ""
    day = _day(delivery)
    values = {
        "title": title(delivery.post, delivery.channel),
        "canonical_url": canonical_url(delivery),
        "date": f"{day:%-d %B %Y}" if day else "",
    }
    paragraphs = re.split(r"\n[ \t]*\n", template)
    kept = [one for one in paragraphs if values["canonical_url"] or "{canonical_url}" not in one]
    return _PLACES.sub(lambda found: values[found[1]], "\n\n".join(kept)).strip()
