"""Raw HTML within a text: steps that say what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

from publishers.notes import Notes
from publishers.text.html import SCHEMES, attributes_of
from publishers.text.parsing import Kind, Parsed
from publishers.text.source import Source
from publishers.text.steps import Step

_TAG = re.compile(r"<([A-Za-z][\w-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>?")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
WORDLESS = frozenset({
    "audio", "button", "canvas", "embed", "form", "iframe", "img", "input", "link", "math", "meta", "noscript",
    "object", "script", "select", "source", "style", "svg", "template", "textarea", "video",
})  # fmt: skip
"""Elements whose tags are not just around words."""


def html_elements(allowed: Collection[str]) -> Step:
    """Say which HTML elements of the text the platform cuts out: all of them, or their tags around the words."""

    def step(source: Source, notes: Notes) -> Source:
        for tag in elements(source.parsed):
            if tag.name in allowed:
                continue
            if tag.html.endswith("/>") or tag.name in WORDLESS:
                message = f"{notes.label} does not take the HTML element “{tag.name}”: it is cut out."
                notes.lost("markdown", message, source.line_at(tag.offset))
            else:
                message = f"{notes.label} does not take the HTML element “{tag.name}”: only what is in it stays."
                notes.changed("markdown", message, source.line_at(tag.offset))
        return source

    return step


def html_attributes(allowed: Collection[str]) -> Step:
    """Say which attributes ``to_article_html`` cuts out of the elements that stay."""
    kept = attributes_of(frozenset(allowed))

    def step(source: Source, notes: Notes) -> Source:
        for tag in elements(source.parsed):
            for name, value in tag.attributes if tag.name in kept else ():
                if not _stays(name, value, kept[tag.name]):
                    message = f"{notes.label} gets no “{name}” of the HTML element “{tag.name}”: it is cut out."
                    notes.changed("markdown", message, source.line_at(tag.offset))
        return source

    return step


def _stays(name: str, value: str, kept: Collection[str]) -> bool:
    if name == "style":
        return name in kept and bool(_ALIGNMENT.fullmatch(value))
    if name in ("href", "src", "cite", "poster"):
        return name in kept and _leads_on(value)
    return name in kept or name in ("lang", "title")


def _leads_on(address: str) -> bool:
    try:
        return urlsplit(address.strip()).scheme in {"", *SCHEMES}
    except ValueError:
        return False


_ALIGNMENT = re.compile(r"\s*text-align\s*:\s*[\w-]+\s*;?\s*")


@dataclass(frozen=True)
class Tag:
    """An opening tag of raw HTML as the author wrote it."""

    name: str  # in small letters
    html: str
    offset: int

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """Names in small letters, with their values."""
        return _Attributes.of(self.html)


class _Attributes(HTMLParser):
    found: list[tuple[str, str]]

    @classmethod
    def of(cls, html: str) -> list[tuple[str, str]]:
        reader = cls()
        reader.found = []
        reader.feed(html)
        return reader.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(name, value or "") for name, value in attrs]


def elements(read: Parsed) -> Iterator[Tag]:
    """Every opening tag of raw HTML, without those in comments and code."""
    for span in read.spans:
        if span.kind is Kind.HTML:
            comments = [(found.start(), found.end()) for found in _COMMENT.finditer(read.text, span.start, span.end)]
            for found in _TAG.finditer(read.text, span.start, span.end):
                if not any(first <= found.start() < last for first, last in comments):
                    yield Tag(found[1].lower(), found[0], found.start())
