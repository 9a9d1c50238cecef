"""Markdown, read once: its tokens, and where in the text each of them stands."""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import Any

from markdown_it.token import Token

from publishers.text.parser import place_parser, with_notes


class Kind(StrEnum):
    """What is not plain words."""

    CODE = "code"  # fenced, indented or between backticks
    MATH = "math"
    HTML = "html"
    LINK = "link"
    IMAGE = "image"
    NOTE = "note"  # where a footnote is called
    STRUCK = "struck"  # one of the two signs around struck words


@dataclass(frozen=True)
class Span:
    kind: Kind
    start: int  # offsets in the text
    end: int
    token: Token


@dataclass(frozen=True)
class Reference:
    """An address in the text. ``start`` and ``end`` are None where it could not be located."""

    address: str
    is_image: bool
    line: int  # from 0
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Parsed:
    """A text with its tokens, which are shared by all who look at the same text: nobody may change them."""

    text: str
    tokens: list[Token]
    env: dict[str, Any]

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins."""
        return list(accumulate((len(line) + 1 for line in self.text.split("\n")), initial=0))[:-1]

    def line_at(self, offset: int) -> int:
        """The line, from 0, in which ``offset`` is."""
        return bisect_right(self.starts, offset) - 1

    def start_of(self, line: int) -> int:
        """Where a line begins, or the end of the text."""
        return self.starts[line] if line < len(self.starts) else len(self.text)

    @cached_property
    def inlines(self) -> list[Token]:
        """Every token with words, in the order of the text: also those of footnotes, which stand last in ``tokens``."""
        found: list[Token] = self.env["inlines"]
        return found

    @cached_property
    def blocks(self) -> list[Token]:
        """Every block that is code, formulas or HTML, in the order of the text."""
        found: list[Token] = self.env["blocks"]
        return found

    @cached_property
    def footnotes(self) -> dict[str, tuple[int, int]]:
        """The lines of each footnote's definition, by its label."""
        found: dict[str, tuple[int, int]] = self.env["definitions"]
        return found

    @cached_property
    def spans(self) -> list[Span]:
        """What is not plain words, in the order of the text. A link's words and pictures are spans of their own."""
        blocks = [self._block_span(token) for token in self.blocks if token.map]
        return sorted([*blocks, *self._inline_spans()], key=lambda span: (span.start, -span.end))

    def _block_span(self, token: Token) -> Span:
        assert token.map
        kind = BLOCKS[token.type]
        return Span(kind, self.start_of(token.map[0]), self.start_of(token.map[1]), token)

    def _inline_spans(self) -> Iterator[Span]:
        cursors: dict[int, int] = {}  # cells of a table share a line, and perhaps their words
        for inline in self.inlines:
            place = self._place_of(inline, cursors)
            for child in with_notes(inline.children or [], self.env):
                kind = INLINE.get(child.type)
                if kind and place and "at" in child.meta:
                    first, last = child.meta["at"]
                    yield Span(kind, place(first), place(last), child)

    def _place_of(self, inline: Token, cursors: dict[int, int]) -> Callable[[int], int] | None:
        """From an offset in the content of ``inline`` to one in the text. None where its words cannot be found."""
        if not inline.map:
            return None
        begins: list[int] = [0]  # of each of its lines, in its content
        places: list[tuple[int, bool]] = []  # the same in the text, and whether pipes are escaped there
        for number, line in enumerate(inline.content.split("\n"), inline.map[0]):
            words = line.lstrip()
            begins.append(begins[-1] + len(line) + 1)
            low, high = max(self.start_of(number), cursors.get(number, 0)), self.start_of(number + 1)
            at = self.text.find(words, low, high)
            is_escaped = at < 0
            if is_escaped:
                words = words.replace("|", "\\|")
                at = self.text.find(words, low, high)
            if at < 0:
                return None
            cursors[number] = at + len(words)
            places.append((at - (len(line) - len(line.lstrip())), is_escaped))

        def place(offset: int) -> int:
            line = min(bisect_right(begins, offset) - 1, len(places) - 1)
            at, is_escaped = places[line]
            pipes = inline.content.count("|", begins[line], offset) if is_escaped else 0
            return at + offset - begins[line] + pipes

        return place

    @cached_property
    def prose(self) -> list[tuple[int, int]]:
        """The stretches of plain words: neither code nor formulas nor HTML nor an address."""
        closed = [(span.start, span.end) for span in self.spans if span.kind in (Kind.CODE, Kind.MATH, Kind.HTML)]
        closed += [(one.start, one.end) for one in self.references if one.start is not None and one.end is not None]
        open_ = []
        position = 0
        for start, end in sorted(closed):
            if start > position:
                open_.append((position, start))
            position = max(position, end)
        return [*open_, (position, len(self.text))] if position < len(self.text) else open_

    def is_code(self, offset: int) -> bool:
        """Whether what stands there is code or a formula."""
        return _is_in(self._code, offset)

    def is_literal(self, offset: int) -> bool:
        """Whether what stands there is code, a formula or HTML."""
        return _is_in(self._literal, offset)

    @cached_property
    def _code(self) -> list[Span]:
        return [span for span in self.spans if span.kind in (Kind.CODE, Kind.MATH)]

    @cached_property
    def _literal(self) -> list[Span]:
        return [span for span in self.spans if span.kind in (Kind.CODE, Kind.MATH, Kind.HTML)]

    @cached_property
    def references(self) -> list[Reference]:
        """Every address of a link or picture, also in HTML and in definitions such as ``[name]: address``."""
        located = [*self._in_spans(), *self._in_definitions()]
        seen = {(one.address, one.is_image) for one in located}
        missed = [one for one in self._unlocated() if (one.address, one.is_image) not in seen]
        return sorted([*located, *missed], key=lambda one: (one.line, one.start or 0))

    def _in_spans(self) -> Iterator[Reference]:
        for span in self.spans:
            if span.kind is Kind.HTML:
                yield from self._in_html(span)
            elif span.kind in (Kind.LINK, Kind.IMAGE):
                address = str(span.token.attrs.get("href") or span.token.attrs.get("src") or "")
                if found := self._destination(span, address):
                    yield Reference(address, span.kind is Kind.IMAGE, self.line_at(span.start), *found)

    def _in_html(self, span: Span) -> Iterator[Reference]:
        for found in HTML_ADDRESS.finditer(self.text, span.start, span.end):
            line = self.line_at(found.start())
            yield Reference(found[2], found[1].lower() == "src", line, found.start(2), found.end(2))

    def _destination(self, span: Span, address: str) -> tuple[int, int] | None:
        """Where the address of an inline link stands; None for one by reference."""
        text = self.text
        if span.token.markup in ("autolink", "linkify"):
            brackets = span.token.markup == "autolink"
            return span.start + brackets, span.end - brackets
        parser = place_parser()
        for found in re.compile(r"\]\(\s*").finditer(text, span.start, span.end):
            result = parser.helpers.parseLinkDestination(text, found.end(), span.end)
            if result.ok and parser.normalizeLink(result.str) == address:
                is_bracketed = text[found.end()] == "<"
                return (found.end(), result.pos) if not is_bracketed else (found.end() + 1, result.pos - 1)
        return None

    def _in_definitions(self) -> Iterator[Reference]:
        pictures = {str(child.attrs.get("src")) for child in self._children() if child.type == "image"}
        for definition in self.env.get("references", {}).values():
            address, (first, last) = definition["href"], definition["map"]
            for found in re.finditer(r"\]:\s*<?([^\s>]+)", self.text[self.start_of(first) : self.start_of(last)]):
                if place_parser().normalizeLink(found[1]) == address:
                    start = self.start_of(first) + found.start(1)
                    yield Reference(address, address in pictures, first, start, start + len(found[1]))

    def _unlocated(self) -> Iterator[Reference]:
        for child in self._children():
            if child.type in ("link_open", "image"):
                is_image = child.type == "image"
                address = str(child.attrs.get("src" if is_image else "href") or "")
                yield Reference(address, is_image, child.map[0] if child.map else 0)

    def _children(self) -> Iterator[Token]:
        for inline in self.inlines:
            yield from with_notes(inline.children or [], self.env)


def _is_in(spans: list[Span], offset: int) -> bool:
    index = bisect_right(spans, offset, key=lambda span: span.start) - 1
    return index >= 0 and offset < spans[index].end


BLOCKS = {"fence": Kind.CODE, "code_block": Kind.CODE, "math_block": Kind.MATH, "html_block": Kind.HTML}
INLINE = {
    "code_inline": Kind.CODE,
    "math_inline": Kind.MATH,
    "html_inline": Kind.HTML,
    "link_open": Kind.LINK,
    "image": Kind.IMAGE,
    "footnote_ref": Kind.NOTE,
    "s_open": Kind.STRUCK,
    "s_close": Kind.STRUCK,
}
HTML_ADDRESS = re.compile(r"\b(href|src)\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)


SHORT = 64_000  # characters: the tokens of a text need some sixty times its own memory


def parsed(text: str) -> Parsed:
    """Parsed once for all the steps and platforms that look at the same text. ``text`` has plain line ends."""
    return _few(text) if len(text) > SHORT else _many(text)


@lru_cache(maxsize=2)
def _few(text: str) -> Parsed:
    return _parsed(text)


@lru_cache(maxsize=16)
def _many(text: str) -> Parsed:
    return _parsed(text)


def _parsed(text: str) -> Parsed:
    env: dict[str, Any] = {"inlines": [], "blocks": [], "definitions": {}}
    with _no_collection():
        return Parsed(text, place_parser().parse(text, env), env)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Tokens by the ten thousand, and none of them garbage: looking for some would take a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- Reading tokens ----------------------------------------------------------------------------------------------


def text_of(inline: Token) -> str:
    """The words of a heading or paragraph, without what makes them bold or a link."""
    return "".join(" " if one.type.endswith("break") else one.content for one in inline.children or [])


def paragraphs(tokens: list[Token]) -> Iterator[tuple[int, int, int]]:
    """First line, line after the last, and depth of quotation of each paragraph of more than one line."""
    quotes = 0
    for token, following in pairwise(tokens):
        quotes += {"blockquote_open": 1, "blockquote_close": -1, "alert_open": 1, "alert_close": -1}.get(token.type, 0)
        if token.type == "paragraph_open" and following.type == "inline" and following.map:
            first, last = following.map
            if last - first > 1:
                yield first, last, quotes
