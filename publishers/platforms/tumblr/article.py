"""An article as Tumblr gets it: the post's fields, and what is said about them beforehand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from json import dumps
from typing import Any

from publishers.addresses import is_public_url
from publishers.base import Article, Finding, Image, Limits
from publishers.notes import Notes
from publishers.platforms.tumblr.npf import BLOCKS, TEXT, Block, Writer, identifier_of
from publishers.preparing import note_canonical_url, note_title, one_line
from publishers.text.constructs import called_footnotes, callouts, definition_lists, diagrams, endnotes, task_lists
from publishers.text.parsing import parsed
from publishers.text.raw import html_elements
from publishers.text.source import Source
from publishers.text.steps import Step, addresses, front_matter, repeated_title, run, some_text, wrapped_lines

IMAGE_BYTES = 10 * 1024 * 1024  # told of pictures in posts of the older kind
POST_BYTES = 1_000_000  # "one megabyte" of a post's text as it is stored
SLUG = 40  # of ours; how long one may be is not documented
LIMITS = Limits(
    title=TEXT,
    settle_seconds=60,
    looks=2,
    per_day=250,  # of a user, together with what they reblog
    image_bytes=IMAGE_BYTES,
    seconds_between_writes=1,
    page_seconds=60,
)

STEPS: tuple[Step, ...] = (
    front_matter,
    repeated_title,  # which is a heading of its own
    addresses("only its words stay"),
    wrapped_lines(),
    task_lists,
    definition_lists,
    callouts,
    diagrams("A diagram appears as its code."),
    html_elements(()),
    called_footnotes,
    endnotes,
    some_text,
)


@dataclass(frozen=True)
class Prepared:
    content: list[Block]
    tags: str
    slug: str
    pictures: tuple[Image, ...]  # those that travel with it
    findings: list[Finding]


def prepare(article: Article) -> Prepared:
    notes = Notes("Tumblr")
    title = one_line(article.title)
    note_title(notes, title, article.title)
    if len(title) > TEXT:
        notes.refused("title", f"A heading on Tumblr has {TEXT} characters at the most; this one has {len(title)}.")
    content, pictures = _content(notes, article, title)
    note_canonical_url(notes, article.canonical_url, is_public_url, "it needs a public web address")
    return Prepared(content, _tags(notes, article.tags), slug_of(article), pictures, notes.findings)


def fields(article: Article) -> dict[str, Any]:
    """All of a post but its state."""
    ready = prepare(article)
    source = {"source_url": article.canonical_url} if article.canonical_url else {}
    return {"content": ready.content, "tags": ready.tags, "slug": ready.slug, **source}


def mark_of(key: str) -> str:
    """What our slugs end with, by which a post is known again: Tumblr keeps nothing else that readers do not see."""
    return re.sub(r"[^0-9a-z]", "", key.lower())[:12]


def slug_of(article: Article) -> str:
    for words in (article.slug, article.title):
        plain = unicodedata.normalize("NFKD", words.casefold()).encode("ascii", "ignore").decode()
        if slug := re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG].strip("-"):
            return f"{slug}-{mark_of(article.key)}"
    return mark_of(article.key)


def _content(notes: Notes, article: Article, title: str) -> tuple[list[Block], tuple[Image, ...]]:
    source = run(STEPS, article, notes)
    writer = Writer(notes, article.images, _lines_of(source))
    head: list[Block] = [{"type": "text", "subtype": "heading1", "text": title}] if title else []
    cover = _cover(notes, writer, article)
    blocks = head + cover + _without_twin(writer.write(parsed(source.text)), cover)
    if len(blocks) > BLOCKS:
        notes.refused("markdown", f"A post on Tumblr has {BLOCKS} blocks at the most; this one has {len(blocks)}.")
    size = len(dumps(blocks, ensure_ascii=False).encode())
    if size > POST_BYTES:
        notes.refused("markdown", f"A post on Tumblr has a megabyte at the most; this one has {size:,} bytes.")
    named = {media.get("identifier") for block in blocks for media in block.get("media", ())}
    pictures = tuple({one.digest: one for one in article.images if identifier_of(one) in named}.values())
    for image in pictures:
        if image.size > IMAGE_BYTES:
            words = f"The picture “{image.name}” has {image.size:,} bytes, and Tumblr takes {IMAGE_BYTES:,}."
            notes.refused("markdown", words)
    return blocks, pictures


def _lines_of(source: Source) -> Callable[[int], int]:
    origins = source.text_origins
    return lambda line: origins[min(line, len(origins) - 1)]


def _cover(notes: Notes, writer: Writer, article: Article) -> list[Block]:
    if not article.cover_url:
        return []
    if article.cover_url not in writer.own and not is_public_url(article.cover_url):
        notes.lost("cover_url", f"Tumblr cannot fetch the cover “{article.cover_url}”: it needs a public web address.")
        return []
    block = writer.picture(article.cover_url, next((i.alt for i in article.images if i.url == article.cover_url), ""))
    return [block] if block else []


def _without_twin(blocks: list[Block], cover: list[Block]) -> list[Block]:
    """Not the cover again, when the text begins with it."""
    is_twin = cover and blocks and blocks[0].get("media") == cover[0]["media"]
    return blocks[1:] if is_twin else blocks


def _tags(notes: Notes, tags: tuple[str, ...]) -> str:
    """Separated by commas, so that a tag can have none."""
    kept: list[str] = []
    for tag in tags:
        name = one_line(tag.replace(",", " ")).lstrip("#").strip()
        if not name or name.casefold() in {one.casefold() for one in kept}:
            notes.lost("tags", f"The tag “{tag}” is left out: it is empty or there already.")
        else:
            kept.append(name)
            if name != tag:
                notes.changed("tags", f"The tag “{tag}” becomes “{name}”.")
    return ",".join(kept)
