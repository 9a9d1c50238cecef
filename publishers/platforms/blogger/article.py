"""An article as Blogger takes it: pure text work, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from publishers.base import Article, Limits
from publishers.marks import mark
from publishers.notes import Notes
from publishers.preparing import has_room, is_public_url, note_canonical_url, note_title, one_line, original_line
from publishers.text.constructs import called_footnotes, callouts, diagrams, formulas_as_code, task_lists
from publishers.text.html import ELEMENTS, EMBEDS, to_article_html
from publishers.text.raw import html_attributes, html_elements
from publishers.text.steps import Step, addresses, front_matter, repeated_title, run, some_text, wrapped_lines

# Not in Google's description of the API: what its editor was known to take.
LABELS = 20
LABELS_LENGTH = 200  # characters of all together

LIMITS = Limits(
    tags=LABELS,
    names_canonical=False,
    seconds_between_writes=1.0,  # how much is allowed is not known
    seconds_between_reads=0.5,
    settle_seconds=60,
    looks=2,
)
KEPT = ELEMENTS | EMBEDS


@dataclass(frozen=True)
class Prepared:
    title: str
    content: str  # HTML
    labels: list[str]
    notes: Notes = field(repr=False)


def prepare(article: Article, settings: Mapping[str, Any]) -> Prepared:
    notes = Notes("Blogger")
    title = one_line(article.title)
    note_title(notes, title, article.title)
    content = _content(notes, article, settings)
    labels = _labels(notes, article.tags)
    if article.summary.strip():
        notes.lost("summary", "Blogger's API takes no summary: the description for search engines is missing.")
    if article.slug:
        notes.note("slug", "Blogger makes the address of a post of its title when it is first published.")
    return Prepared(title, content, labels, notes)


def fields(article: Article, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A post. Never a date: one to come would hold it back."""
    ready = prepare(article, settings)
    return {"title": ready.title, "content": ready.content, "labels": ready.labels}


# --- Text --------------------------------------------------------------------------------------------------------

STEPS: tuple[Step, ...] = (
    front_matter,
    repeated_title,
    addresses("it leads nowhere on Blogger"),
    called_footnotes,
    task_lists,
    callouts,
    formulas_as_code("Blogger does not set formulas: they appear as their code."),
    diagrams("Blogger does not draw diagrams: they appear as their code."),
    html_elements(KEPT),
    html_attributes(KEPT),
    wrapped_lines(),  # some blogs are set to show each line end as a break
    some_text,
)


def _content(notes: Notes, article: Article, settings: Mapping[str, Any]) -> str:
    html = without_line_ends(to_article_html(run(STEPS, article, notes), KEPT))
    parts = [_cover(notes, article.cover_url), html, _original(notes, article.canonical_url, settings)]
    return "".join(filter(None, parts)) + mark(article.key)


_PRE = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_BLOCK = (
    r"</?(?:p|[uo]l|li|d[ltd]|h[1-6r]|blockquote|t(?:able|head|body|r|h|d)|div|section|fig\w+|details|summary|br)\b"
)
_AT_BLOCKS = re.compile(rf"({_BLOCK}[^>]*>)\s*\n\s*|\s*\n\s*(?={_BLOCK})")
_BETWEEN_WORDS = re.compile(r"\s*\n\s*")


def without_line_ends(html: str) -> str:
    """``html`` in which only code has line ends: a blog that shows them as breaks shows the same."""
    parts = _PRE.split(html)
    parts[::2] = [_BETWEEN_WORDS.sub(" ", _AT_BLOCKS.sub(r"\1", part)) for part in parts[::2]]
    return "".join(part.strip(" ") for part in parts)


def _cover(notes: Notes, url: str) -> str:
    """The first picture is what Blogger shows in lists."""
    if not url:
        return ""
    if not is_public_url(url):
        notes.lost("cover_url", f"Blogger's readers cannot see the cover “{url}”: it needs a public web address.")
        return ""
    notes.changed("cover_url", "Blogger has no field for a cover: the text begins with it.")
    return f'<figure><img src="{escape(url)}" alt=""></figure>'


def _original(notes: Notes, url: str, settings: Mapping[str, Any]) -> str:
    if not url:
        return ""
    note_canonical_url(notes, url, is_public_url, "Blogger's readers need a public one with http:// or https://")
    if settings.get("canonical_line") == "none":
        notes.lost("canonical_url", "Blogger has no field for the address of the original: it is not named.")
        return ""
    notes.changed("canonical_url", "Blogger has no field for the address of the original: a line names it.")
    return original_line(url)


# --- Labels ------------------------------------------------------------------------------------------------------


def _labels(notes: Notes, tags: tuple[str, ...]) -> list[str]:
    kept: dict[str, str] = {}
    for tag in tags:
        name = one_line(tag.replace(",", " "))
        if not name:
            notes.lost("tags", "An empty tag is left out.")
        elif sum(map(len, kept.values())) + len(name) > LABELS_LENGTH:
            notes.lost("tags", f"Blogger takes labels of {LABELS_LENGTH} characters in all: “{tag[:60]}” is left out.")
        elif has_room(notes, tag, name.casefold(), kept, LABELS):
            kept[name.casefold()] = name
            if name != tag:
                notes.changed("tags", f"The tag “{tag}” becomes “{name}”.")
    return list(kept.values())
