"""An article as a Micropub server takes it: an h-entry in which every value is a list. Pure text work, no network.

Micropub is a W3C Recommendation of 2017; ``mp-slug`` and ``post-status`` are extensions that many servers know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.text import slugify

from publishers.base import Article, Finding, Limits
from publishers.http import origin_of
from publishers.marks import mark
from publishers.notes import Notes
from publishers.preparing import has_room, note_title, one_line, usable_cover
from publishers.text.constructs import called_footnotes, callouts, diagrams, formulas_as_code, task_lists
from publishers.text.html import ELEMENTS, to_article_html
from publishers.text.raw import html_attributes, html_elements
from publishers.text.steps import (
    Step,
    addresses,
    closed_code,
    front_matter,
    repeated_title,
    run,
    signed,
    some_text,
    uploaded_addresses,
)

LONGEST_SLUG = 100  # characters of a slug that we make ourselves
MOST_TAGS = 1000  # no limit is known

LIMITS = Limits(
    settle_seconds=60,
    names_canonical=False,
    looks=2,  # a server may answer before it has done its work
    page_seconds=120,  # and build its pages after that
)


STEPS: tuple[Step, ...] = (
    front_matter,
    repeated_title,
    addresses("it leads nowhere there"),
    formulas_as_code("Formulas appear as code."),
    diagrams("Diagrams appear as their code."),
    called_footnotes,
    task_lists,
    callouts,
    some_text,
)
AS_HTML: tuple[Step, ...] = (*STEPS, html_elements(ELEMENTS), html_attributes(ELEMENTS))
AS_MARKDOWN: tuple[Step, ...] = (*STEPS, closed_code, signed)


@dataclass(frozen=True)
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    content: Any  # {"html": …} or Markdown, with the mark
    tags: list[str]
    cover_url: str
    cover_alt: str
    findings: list[Finding]


def prepare(article: Article, settings: Mapping[str, Any]) -> Prepared:
    notes = Notes("Micropub")
    title = one_line(article.title)
    note_title(notes, title, article.title)
    content = _content(notes, article, settings)
    tags = _tags(notes, article.tags)
    cover_url, cover_alt = _cover(notes, article)
    if article.images and not settings.get("media_endpoint"):
        notes.note("markdown", "This server has no media endpoint: your pictures are shown from our address.")
    if article.canonical_url:
        message = "Micropub has no field for the canonical address: the page names its own."
        notes.lost("canonical_url", message)
    return Prepared(title, content, tags, cover_url, cover_alt, notes.findings)


def properties(article: Article, settings: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Name, content and what goes with it. What is empty is left out."""
    ready = prepare(article, settings)
    cover = {"value": ready.cover_url, "alt": ready.cover_alt} if ready.cover_alt else ready.cover_url
    found: dict[str, list[Any]] = {
        "name": [ready.title],
        "content": [ready.content],
        "summary": [" ".join(article.summary.split())],
        "category": list(ready.tags),
        "featured": [cover],  # with "photo" a server would take the article for a picture
    }
    return {name: values for name, values in found.items() if any(values)}


def creation(article: Article, settings: Mapping[str, Any], *, draft: bool) -> dict[str, Any]:
    """The whole body. The time is that of the plan, so that a second try is the same to the letter."""
    slug = slug_of(article)
    extra: dict[str, list[Any]] = {
        "published": [published(article)],
        "mp-slug": [slug],
        "post-status": ["draft" if draft else "published"],
    }
    kept = {name: values for name, values in extra.items() if any(values)}
    return {"type": ["h-entry"], "properties": properties(article, settings) | kept}


def published(article: Article) -> str:
    """Such as "2026-11-22T18:30:00+00:00"; "" without a time."""
    return article.due_at.astimezone(UTC).replace(microsecond=0).isoformat() if article.due_at else ""


def slug_of(article: Article) -> str:
    """The author's slug, else one of the title; "" when there is no plain letter in either."""
    made = slugify(article.title.replace("ß", "ss"))[:LONGEST_SLUG].strip("-")
    return article.slug or made


def is_same_moment(text: Any, article: Article) -> bool:
    """Whether a server's date is the moment that was planned."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return False
    if article.due_at is None or moment.tzinfo is None:
        return False
    return abs((moment - article.due_at).total_seconds()) < 1


def _content(notes: Notes, article: Article, settings: Mapping[str, Any]) -> Any:
    """By the Recommendation a bare string is plain text; that some servers render it as Markdown is a habit."""
    if settings.get("content_format") == "markdown":
        return run(AS_MARKDOWN, article, notes).text
    return {"html": f"{to_article_html(run(AS_HTML, article, notes))}\n{mark(article.key)}\n"}


def _tags(notes: Notes, tags: tuple[str, ...]) -> list[str]:
    kept: dict[str, str] = {}
    for tag in tags:
        name = one_line(tag)
        if name and has_room(notes, tag, name.casefold(), kept, MOST_TAGS):
            kept[name.casefold()] = name
    return list(kept.values())


def _cover(notes: Notes, article: Article) -> tuple[str, str]:
    url = usable_cover(notes, article.cover_url, _is_web_address, "a web address")
    if not url:
        return "", ""
    notes.note("cover_url", "The cover is sent as “featured”: not every Micropub server shows it.")
    alt = next((one.alt for one in article.images if one.url == url), "")
    return uploaded_addresses(article).get(url, url), one_line(alt)


def _is_web_address(url: str) -> bool:
    return bool(origin_of(url)) and not re.search(r"\s", url)
