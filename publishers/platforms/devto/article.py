"""An article as DEV takes it: pure text work, no network.

Facts about DEV come from the Forem v1 server source, 2024 to 2026.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from publishers.base import Article, Finding, Limits
from publishers.markdown import clean
from publishers.notes import Notes
from publishers.preparing import (
    TAG_NAMES,
    has_room,
    is_public_url,
    note_canonical_url,
    note_title,
    one_line,
    usable_cover,
)
from publishers.text.constructs import (
    called_footnotes,
    callouts,
    definition_lists,
    diagrams,
    formulas_as_code,
    named_footnotes,
    numbering,
    task_lists,
)
from publishers.text.dialects import Dialect, to_shown_html
from publishers.text.escapes import escape_liquid, has_no_brace, struck_words, without_raw
from publishers.text.raw import html_elements
from publishers.text.source import Source
from publishers.text.steps import (
    Step,
    addresses,
    as_letters,
    closed_code,
    front_matter,
    hard_breaks,
    repeated_title,
    run,
    signed,
    some_text,
    wrapped_lines,
)

TITLE = 128
TAGS = 4
TAG = 30
BODY_BYTES = 819_200

LIMITS = Limits(
    title=TITLE,
    tags=TAGS,
    tag_length=TAG,
    body_bytes=BODY_BYTES,
    unique_canonical=True,
    seconds_between_writes=1.1,  # the edge allows one write a second
    seconds_between_reads=0.4,  # and three reads a second
    settle_seconds=60,
    looks=1,
)


@dataclass(frozen=True)
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    body: str
    tags: list[str]
    canonical_url: str
    cover_url: str
    findings: list[Finding]


def prepare(article: Article) -> Prepared:
    notes = Notes("DEV")
    title = _title(notes, article.title)
    body = _body(notes, article)
    tags = _tags(notes, article.tags)
    wish = "DEV wants a public one with http:// or https://"
    note_canonical_url(notes, article.canonical_url, is_public_url, wish)
    cover_url = usable_cover(notes, article.cover_url, is_public_url)
    return Prepared(title, body, tags, article.canonical_url, cover_url, notes.findings)


def fields(article: Article, settings: Mapping[str, Any], *, published: bool) -> dict[str, Any]:
    """The value of "article" in the request. Keys without a value are left out: null would delete on an update."""
    ready = prepare(article)
    optional = {
        "canonical_url": ready.canonical_url,
        "main_image": ready.cover_url,
        "description": " ".join(article.summary.split()),
        "organization_id": settings.get("organization_id"),
        "series": one_line(str(article.options.get("series") or "")),
        "language": article.language.split("-")[0].lower(),
        "ai_disclosure_level": article.ai_disclosure or settings.get("ai_disclosure_level"),
    }
    required = {
        "title": ready.title,
        "body_markdown": ready.body,
        "published": published,
        "tags": ready.tags,  # an array: a string is silently dropped
    }
    return required | {name: value for name, value in optional.items() if value}


def changed_fields(article: Article, settings: Mapping[str, Any]) -> dict[str, Any]:
    """As ``fields`` for what is out: nothing is said about its publication, and what the post lost is taken off.

    The series stays where none is given: it may have been chosen on DEV.
    """
    whole = fields(article, settings, published=False)
    del whole["published"]
    return {"canonical_url": None, "main_image": None, "description": None} | whole


def _title(notes: Notes, given: str) -> str:
    title = one_line(given)
    if len(title) > TITLE:
        notes.refused("title", f"DEV takes titles of up to {TITLE} characters; this has {len(title)}.")
    else:
        note_title(notes, title, given)
    return title


def _body(notes: Notes, article: Article) -> str:
    size = len(article.markdown.encode("utf-8", "replace"))
    if _too_long(notes, size):  # no need to read through megabytes that nobody will send
        return article.markdown
    body = run(STEPS, article, notes).text
    _too_long(notes, len(body.encode("utf-8", "replace")))
    return body


def _too_long(notes: Notes, size: int) -> bool:
    if size > BODY_BYTES:
        notes.refused("markdown", f"DEV takes texts of up to {BODY_BYTES:,} bytes; this has {size:,}.")
    return size > BODY_BYTES


# Forem puts raw blocks of its own around these before it renders Markdown, whatever Markdown says about them: from one
# run of backticks or tildes to the next, over lines. A raw block of ours inside would be shown to the reader, one
# around it would be closed too early. Everything else, indented code as well, goes through Liquid as it is.
_FOREM_CODE = re.compile(r"~~~.*?~~~|```.*?```|``.+?``|`.+?`", re.DOTALL)
_ENDRAW = re.compile(r"\{%-?\s*endraw\b.*?%\}", re.DOTALL)


def escape_for_forem(text: str) -> str:
    """``text`` so that Liquid finds no tag in it. Nothing is added inside what Forem takes for code."""
    if has_no_brace(text):
        return text
    parts: list[str] = []
    position = 0
    for code in _FOREM_CODE.finditer(text):
        prose = text[position : code.start()]
        parts += [escape_liquid(prose, before_tag=True, after_tag=position > 0), code[0]]
        position = code.end()
    return "".join(parts) + escape_liquid(text[position:], after_tag=position > 0)


def respell_endraw(text: str) -> str:
    """In code, Forem protects only the usual spelling of endraw; any other one would end its raw block."""
    if "endraw" not in text:
        return text
    return _FOREM_CODE.sub(lambda code: _ENDRAW.sub("{% endraw %}", code[0]), text)


# The elements that Forem lets through, as its source had them in 2024.
ELEMENTS = frozenset({
    "a", "abbr", "b", "blockquote", "br", "center", "cite", "code", "col", "colgroup", "dd", "del", "dl", "dt",
    "em", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "kbd", "li", "mark", "ol", "p", "pre", "q",
    "rp", "rt", "ruby", "small", "source", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "time", "tr", "u", "ul", "video",
})  # fmt: skip
_DATA = re.compile(r"src=[\"'](?:data|&)|data:text/html[,;\s\w]", re.IGNORECASE)


def data_addresses(source: Source, notes: Notes) -> Source:
    """Forem refuses a text with pictures or pages written out as data, except in code."""
    if "src=" not in (small := source.base.casefold()) and "data:" not in small:
        return source
    for found in _DATA.finditer(source.base):
        if not source.parsed.is_code(found.start()):
            message = "DEV takes no address that begins with “data:”: give the picture an address of its own."
            notes.refused("markdown", message, source.line_at(found.start()))
    return source


_NAME = re.compile(r"(?<![\w/@.\\])@[A-Za-z0-9_]+")


def names_of_people(source: Source, notes: Notes) -> Source:
    """Say that a word such as @ada becomes a link to whoever has this name there."""
    for start, end in source.parsed.prose if "@" in source.base else ():
        for found in _NAME.finditer(source.base, start, end):
            message = f"“{found[0]}” becomes a link if somebody on DEV has that name."
            notes.note("markdown", message, source.line_at(found.start()))
    return source


STEPS: tuple[Step, ...] = (
    front_matter,  # it would win over the fields
    repeated_title,
    data_addresses,
    html_elements(ELEMENTS),
    addresses("it leads nowhere on DEV"),
    task_lists,
    numbering,
    callouts,
    definition_lists,
    struck_words,
    formulas_as_code("Formulas appear as code: DEV shows them only in a tag of its own."),
    diagrams("Mermaid diagrams appear as their code: DEV does not draw them."),
    called_footnotes,
    named_footnotes,
    names_of_people,
    hard_breaks,
    wrapped_lines("DEV would show each line end as a break."),
    some_text,
    closed_code,
    as_letters(respell_endraw, "In code, unusual spellings of “{% endraw %}” become the usual one."),
    as_letters(escape_for_forem),
    signed,
)


SHOWN = Dialect(breaks=True, footnotes=True)


def shown_html(body: str) -> str:
    """What readers will see of a body: Redcarpet with line ends as breaks, after Liquid has run."""
    parts: list[str] = []
    position = 0
    for code in _FOREM_CODE.finditer(body):
        parts += [without_raw(body[position : code.start()]), code[0]]
        position = code.end()
    html = to_shown_html("".join(parts) + without_raw(body[position:]), SHOWN)
    return clean(html, ELEMENTS | {"s"})  # which Redcarpet writes as "del"


def _tags(notes: Notes, tags: tuple[str, ...]) -> list[str]:
    """At most 4, of letters and digits, at most 30 characters, lower-case."""
    kept: list[str] = []
    for tag in tags:
        name = _tag(tag)
        if not name or len(name) > TAG:
            notes.lost("tags", f"DEV cannot take the tag “{tag}”: 1 to {TAG} letters and digits.")
        elif has_room(notes, tag, name, kept, TAGS):
            kept.append(name)
            if name != tag:
                notes.changed("tags", f"The tag “{tag}” becomes “{name}”.")
    return kept


def _tag(tag: str) -> str:
    tag = unicodedata.normalize("NFKC", tag).strip().lower()
    tag = TAG_NAMES.get(tag, tag)
    return "".join(char for char in tag if unicodedata.category(char) in ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd"))
