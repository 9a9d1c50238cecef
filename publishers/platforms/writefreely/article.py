"""An article as WriteFreely takes it: a title and Markdown, and nothing beside it. Pure text work, no network.

Limits are those of WriteFreely's database, its habits those of its renderer (source code, 2018 to 2024).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

from publishers.base import Article, Finding, Limits
from publishers.notes import Notes
from publishers.preparing import TAG_NAMES, has_room, note_title, one_line
from publishers.text.constructs import (
    called_footnotes,
    callouts,
    definition_lists,
    diagrams,
    endnotes,
    formulas_as_code,
    numbering,
    task_lists,
)
from publishers.text.dialects import Dialect
from publishers.text.escapes import underscores_in_words
from publishers.text.html import ELEMENTS, EMBEDS
from publishers.text.parsing import Kind
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
    wrapped_lines,
)

TITLE = 160
BODY_BYTES = 65_535  # where its database is MySQL, as at Write.as
MOST_TAGS = 1000  # no limit is known
FONTS = {"norm": "Serif", "sans": "Sans-serif", "mono": "Monospace"}

LIMITS = Limits(title=TITLE, body_bytes=BODY_BYTES, names_canonical=False)


@dataclass(frozen=True)
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    body: str
    findings: list[Finding]


def prepare(article: Article) -> Prepared:
    notes = Notes("WriteFreely")
    title = _title(notes, article.title)
    body = _body(notes, article)
    _note_left_out(notes, article)
    return Prepared(title, body, notes.findings)


def fields(article: Article, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The post in a request. Its time is left out: one in a form that is not understood would count as now."""
    ready = prepare(article)
    language = article.language.partition("-")[0].lower()
    found: dict[str, Any] = {
        "title": ready.title,
        "body": ready.body,
        "font": settings.get("font") or "norm",
    }
    return found | ({"lang": language} if len(language) == 2 else {})


def struck(source: Source, notes: Notes) -> Source:
    """A single tilde strikes out in the preview; there, two do."""
    signs = [span for span in source.parsed.spans if span.kind is Kind.STRUCK and span.end - span.start == 1]
    return source.edited(Edit(span.start, span.end, "~~") for span in signs)


_HASHTAG = re.compile(r"(?<![\w&/])#(?=\w*[^\W\d_])[^\W_]+")


def hashtags(source: Source, notes: Notes) -> Source:
    """Say which words of the text become tags."""
    for start, end in source.parsed.prose:
        for found in _HASHTAG.finditer(source.base, start, end):
            notes.note("markdown", f"“{found[0]}” becomes a tag on WriteFreely.", source.line_at(found.start()))
    return source


STEPS: tuple[Step, ...] = (
    front_matter,
    repeated_title,
    addresses("it leads nowhere on WriteFreely"),
    underscores_in_words,  # its Markdown knows emphasis within words
    hard_breaks,
    numbering,
    wrapped_lines("WriteFreely may show each line end as a break."),
    struck,
    hashtags,
    definition_lists,
    formulas_as_code("WriteFreely shows no formulas by itself: they appear as code."),
    diagrams("WriteFreely draws no diagrams: their code appears."),
    called_footnotes,
    task_lists,
    callouts,
    html_elements(ELEMENTS | EMBEDS),
    endnotes,
    some_text,
    closed_code,
)


SHOWN = Dialect(elements=ELEMENTS | EMBEDS)


def _title(notes: Notes, given: str) -> str:
    title = one_line(given)
    if len(title) > TITLE:
        notes.refused("title", f"WriteFreely takes titles of up to {TITLE} characters; this has {len(title)}.")
    else:
        note_title(notes, title, given)
    return title


def _body(notes: Notes, article: Article) -> str:
    """The text, a line of hashtags, and our mark, which its page leaves out."""
    source = run(STEPS, article, notes)
    tags = " ".join(f"#{tag}" for tag in _tags(notes, article.tags))
    tagged = source.rewritten(f"{source.text.rstrip()}\n\n{tags}") if tags else source
    body = signed(tagged, notes).text
    size = len(body.encode("utf-8", "replace"))
    if size > BODY_BYTES:
        notes.refused("markdown", f"WriteFreely takes texts of up to {BODY_BYTES:,} bytes; this has {size:,}.")
    return body


def _tags(notes: Notes, tags: tuple[str, ...]) -> list[str]:
    """As hashtags: letters and digits only, so that several words become one."""
    kept: list[str] = []
    for tag in tags:
        name = _tag(tag)
        if not any(char.isalpha() for char in name):
            notes.lost("tags", f"WriteFreely cannot take the tag “{tag}”: it needs letters.")
        elif has_room(notes, tag, name, kept, MOST_TAGS):
            kept.append(name)
            if name != tag:
                notes.changed("tags", f"The tag “{tag}” becomes #{name}.")
    return kept


def _tag(tag: str) -> str:
    words = TAG_NAMES.get(tag.strip().lower(), unicodedata.normalize("NFC", tag).strip())
    parts = re.findall(r"[^\W_]+", words)
    return parts[0] if len(parts) == 1 else "".join(part[:1].upper() + part[1:] for part in parts)


def _note_left_out(notes: Notes, article: Article) -> None:
    """It has no place for any of these."""
    if article.slug and article.slug != slugify(article.title):
        notes.lost("slug", "WriteFreely makes the address of the title: the slug is left out.")
    if article.cover_url:
        notes.lost("cover_url", "WriteFreely has no cover: put the picture into the text.")
    if article.canonical_url:
        notes.lost("canonical_url", "WriteFreely has no field for the canonical address: the page names its own.")
    if article.summary:
        notes.note("summary", "WriteFreely has no summary: it shows how the text begins.")
