"""Which pictures a text shows, and on which of its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from publishers.text.parsing import Kind, Parsed, Span, parsed
from publishers.text.steps import end_of_front_matter

_TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(src|alt)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """One picture in a text. ``line`` counts from 1."""

    address: str
    alt: str
    line: int


def pictures_in(markdown: str) -> list[Shown]:
    """Every picture, as Markdown or as HTML, in the order of the text; none in code."""
    text = markdown.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "![" not in text and "<img" not in text.lower():
        return []
    begin = end_of_front_matter(text)
    before = text.count("\n", 0, begin)
    body = parsed(text[begin:])
    return [
        Shown(address, alt, before + 1 + body.line_at(start))
        for span in body.spans
        for address, alt, start in _in(span, body)
    ]


def _in(span: Span, body: Parsed) -> Iterator[tuple[str, str, int]]:
    """Address, alt text and place of each picture in one span."""
    if span.kind is Kind.IMAGE:
        yield str(span.token.attrs.get("src", "")), span.token.content.strip(), span.start
    elif span.kind is Kind.HTML:
        for tag in _TAG.finditer(body.text, span.start, span.end):
            found = {
                name.lower(): unescape(one or two or three) for name, one, two, three in _ATTRIBUTE.findall(tag[0])
            }
            yield found.get("src", ""), found.get("alt", "").strip(), tag.start()
