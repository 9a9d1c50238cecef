"""An article as Hashnode takes it: pure text work, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps
from typing import Any

from django.utils.text import slugify

from publishers.base import Article, Finding, Limits
from publishers.http import origin_of
from publishers.notes import Notes
from publishers.platforms.hashnode.images import IMAGE_BYTES, IMAGE_TYPES
from publishers.preparing import TAG_NAMES, has_room, note_canonical_url, usable_cover
from publishers.text.constructs import callouts, definition_lists, diagrams, endnotes
from publishers.text.dialects import Dialect
from publishers.text.escapes import struck_words
from publishers.text.html import ELEMENTS as ELEMENTS_OF_ARTICLES
from publishers.text.raw import html_elements
from publishers.text.source import Edit, Source
from publishers.text.steps import (
    Step,
    addresses,
    closed_code,
    front_matter,
    hard_breaks,
    repeated_title,
    run,
    signed,
    some_text,
    uploaded_addresses,
    wrapped_lines,
)

TAGS = 15
BODY_BYTES = 100_000  # of the whole request
LONGEST_SLUG = 100  # characters of a slug that we make ourselves

LIMITS = Limits(
    tags=TAGS,
    body_bytes=BODY_BYTES,
    seconds_between_writes=0.25,  # 500 a minute, and publishing takes two
    # A call may go on for half a minute after we hung up, and a reading answer may be 25 seconds old. Both look-ups
    # are later than that, and so far apart that they cannot get the same old answer.
    settle_seconds=60,
    looks=2,
    image_bytes=IMAGE_BYTES,
    image_types=IMAGE_TYPES,
)


@dataclass(frozen=True)
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    slug: str
    body: str
    tags: list[dict[str, str]]
    canonical_url: str
    cover_url: str
    findings: list[Finding]


def prepare(article: Article) -> Prepared:
    notes = Notes("Hashnode")
    title, slug = _one_line(article.title), slug_of(article)
    if not title:
        notes.refused("title", "Hashnode needs a title.")
    if article.slug and slug != article.slug:
        notes.changed("slug", f"The slug becomes “{slug}”." if slug else _NO_SLUG)
    body = run(STEPS, article, notes).text
    tags = _tags(notes, article.tags)
    wish = "it has to begin with http:// or https://"
    note_canonical_url(notes, article.canonical_url, _is_web_address, wish)
    cover_url = usable_cover(notes, article.cover_url, _is_web_address, "a web address")
    cover_url = uploaded_addresses(article).get(cover_url, cover_url)
    return Prepared(title, slug, body, tags, article.canonical_url, cover_url, notes.findings)


_NO_SLUG = "Hashnode takes only letters from a to z in a slug: it makes one of its own."


def slug_of(article: Article) -> str:
    """The author's slug, else one of the title, as the platform would make it: so that we know where to look.

    "" when there is no plain letter in either. It need not be free: what is found there is ours only by its mark.
    """
    return _slug(article.slug) or _slug(article.title)[:LONGEST_SLUG].strip("-")


def _slug(text: str) -> str:
    return slugify(text.replace("ß", "ss"))


def size_of(body: Mapping[str, Any]) -> int:
    """Bytes of a request as it travels: JSON in UTF-8, as ``publishers.http`` sends it."""
    return len(dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))


# --- The inputs of the mutations: keys without a value are left out -----------------------------------------------


def draft_input(
    article: Article, settings: Mapping[str, Any], series_id: str = "", ready: Prepared | None = None
) -> dict[str, Any]:
    """What creating and updating a draft have in common. ``ready`` is the article where it was prepared already."""
    ready = ready or prepare(article)
    meta = _without_empty(
        title=_option(article, "seo_title"), description=_description(article), image=_option(article, "seo_image")
    )
    return {
        "title": ready.title,
        "contentMarkdown": ready.body,
        "tags": ready.tags,
        "disableComments": _wanted(article, settings, "disable_comments"),
        "settings": {
            "enableTableOfContent": _wanted(article, settings, "table_of_contents"),
            "delist": _wanted(article, settings, "delist"),
            "activateNewsletter": _wanted(article, settings, "newsletter"),
            "slugOverridden": bool(ready.slug),  # else the title would make it anew
        },
    } | _without_empty(
        subtitle=_option(article, "subtitle"),
        slug=ready.slug,
        originalArticleURL=ready.canonical_url,
        coverImageOptions=_without_empty(coverImageURL=ready.cover_url),
        metaTags=meta,
        seriesId=series_id,
    )


def post_input(article: Article, settings: Mapping[str, Any], series_id: str = "") -> dict[str, Any]:
    """What a public post gets. Its address stays, and what was hidden stays hidden."""
    ready = prepare(article)
    return {
        "title": ready.title,
        "contentMarkdown": ready.body,
        "tags": ready.tags,
        "disableComments": _wanted(article, settings, "disable_comments"),
        "enableToc": _wanted(article, settings, "table_of_contents"),
    } | _without_empty(
        subtitle=_option(article, "subtitle"),
        originalArticleURL=ready.canonical_url,
        coverImage=ready.cover_url,
        metaTitle=_option(article, "seo_title"),
        metaDescription=_description(article),
        ogImage=_option(article, "seo_image"),
        seriesId=series_id,
    )


def _without_empty(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _option(article: Article, name: str) -> str:
    return _one_line(str(article.options.get(name) or ""))


def _description(article: Article) -> str:
    return _option(article, "seo_description") or _one_line(article.summary)


def _wanted(article: Article, settings: Mapping[str, Any], name: str) -> bool:
    """What the delivery says, else what the channel does."""
    said = article.options.get(name)
    return said == "yes" if said in ("yes", "no") else bool(settings.get(name))


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- The text ----------------------------------------------------------------------------------------------------


_EMBED = re.compile(r"^((?:[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t])*)(%%?)\[", re.MULTILINE)


def embeds(source: Source, notes: Notes) -> Source:
    """``%[…]`` and ``%%[…]`` at the start of a line are text, not an embedded page or widget.

    In code they stay as they are: a backslash would be shown there.
    """
    found = [one for one in _EMBED.finditer(source.base) if _begins_line(source, one.start(), one.start(2))]
    for one in found:
        message = "“%[” at the start of a line stays text: Hashnode would embed a page."
        notes.changed("markdown", message, source.line_at(one.start(2)))
    return source.edited(Edit(one.start(2), one.end(2), one[2].replace("%", "\\%")) for one in found)


def _begins_line(source: Source, start: int, sign: int) -> bool:
    return not source.parsed.is_literal(sign) and not source.is_edited(start - 1, start)  # else it was joined


# Which HTML Hashnode keeps is not documented: these are what its editor makes itself.
ELEMENTS = ELEMENTS_OF_ARTICLES - {"section"}

SHOWN = Dialect(breaks=True, tasks=True)  # no more than what is certain

STEPS: tuple[Step, ...] = (
    front_matter,
    repeated_title,
    html_elements(ELEMENTS),
    addresses("it leads nowhere on Hashnode"),
    callouts,
    definition_lists,
    struck_words,
    diagrams("Mermaid diagrams may appear as their code: whether Hashnode draws them is not known."),
    hard_breaks,
    wrapped_lines("Hashnode could show line ends as breaks."),
    embeds,
    endnotes,
    some_text,
    closed_code,
    signed,
)


# --- What goes with it -------------------------------------------------------------------------------------------


def _tags(notes: Notes, tags: tuple[str, ...]) -> list[dict[str, str]]:
    """At most 15, each with a slug of plain letters, digits and hyphens and the name that the author gave it."""
    kept: dict[str, dict[str, str]] = {}
    for tag in tags:
        name = _one_line(tag)
        slug = TAG_NAMES.get(name.lower()) or _slug(name)
        if not slug:
            notes.lost("tags", f"Hashnode cannot take the tag “{tag}”: it needs letters from a to z.")
        elif has_room(notes, tag, slug, kept, TAGS):
            kept[slug] = {"slug": slug, "name": name}
    return list(kept.values())


def _is_web_address(url: str) -> bool:
    return bool(origin_of(url)) and not re.search(r"\s", url)
