"""Markdown → the blocks of Tumblr's “Neue Post Format”, as its specification of 2024-10 describes them.

A post is a flat row of blocks: text of a few kinds, with ranges of formatting in it, and pictures. Ranges count Unicode
code points, which is how Python counts as well. What it has no block for becomes words, and is said with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import nh3
from markdown_it.token import Token

from publishers.addresses import is_public_url
from publishers.base import Image
from publishers.notes import Notes
from publishers.text.parsing import Parsed

TEXT = 4096  # code points of a text block, and of a picture's description
DEEPEST = 7  # levels of indentation
LINKS = 100
PICTURES = 30
BLOCKS = 1000

_MARKS = {"strong": "bold", "em": "italic", "s": "strikethrough"}
_LISTS = {"bullet_list_open": "unordered-list-item", "ordered_list_open": "ordered-list-item"}
Block = dict[str, Any]


@dataclass
class Words:
    """A text with its ranges, while it is being written."""

    text: str = ""
    ranges: list[dict[str, Any]] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.text += text

    def mark(self, start: int, kind: str, **more: str) -> None:
        if start < len(self.text):
            self.ranges.append({"start": start, "end": len(self.text), "type": kind, **more})

    def stripped(self) -> Words:
        head = len(self.text) - len(self.text.lstrip())
        return self.part(head, len(self.text.rstrip())) if self.text.strip() else Words()

    def part(self, start: int, end: int) -> Words:
        """A stretch of it, with what is left of the ranges."""
        ranges = []
        for one in self.ranges:
            first, last = max(one["start"], start), min(one["end"], end)
            if first < last:
                ranges.append({**one, "start": first - start, "end": last - start})
        return Words(self.text[start:end], ranges)

    def pieces(self) -> Iterator[Words]:
        """As many as are needed for none to be too long; cut at a line's end, else at a blank."""
        rest = self
        while len(rest.text) > TEXT:
            head = rest.text[: TEXT + 1]
            cut = max(head.rfind("\n"), 0) or max(head.rfind(" "), 0) or TEXT
            yield rest.part(0, min(cut, TEXT))
            rest = rest.part(cut, len(rest.text)).stripped()
        yield rest


class Writer:
    """Turns the tokens of one text into blocks. ``line`` tells the author's line for one of the text, from 0."""

    def __init__(self, notes: Notes, images: Sequence[Image], line: Callable[[int], int]) -> None:
        self.notes = notes
        self.own = {image.url: image for image in images}
        self.line = line
        self.blocks: list[Block] = []
        self.links = self.pictures = 0
        self._here = 0  # the line that is being read
        self._lists: list[str] = []
        self._quotes = 0
        self._first_of_item = False
        self._cells: list[Words] = []
        self._titles: list[str] = []

    def write(self, read: Parsed) -> list[Block]:
        tokens = iter(read.tokens)
        heading = ""
        for token in tokens:
            self._here = token.map[0] if token.map else self._here
            match token.type:
                case "heading_open":
                    heading = token.tag
                case "heading_close":
                    heading = ""
                case "inline":
                    self._paragraph(token.children or [], heading)
                case "bullet_list_open" | "ordered_list_open":
                    self._begin_list(token)
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                case "list_item_open":
                    self._first_of_item = True
                case "blockquote_open" | "blockquote_close":
                    self._quotes += 1 if token.nesting > 0 else -1
                case "fence" | "code_block":
                    self._code(token)
                case "math_block":
                    self._changed("Formulas appear as they are written: Tumblr has none.")
                    self._text(Words(f"$$\n{token.content.strip()}\n$$"), "chat")
                case "html_block":
                    self._words_of_html(token.content)
                case "hr":
                    self._changed("A line across the page becomes a row of dashes.")
                    self._text(Words("———"))
                case "table_open":
                    self._table(tokens)
        return self.blocks

    # Blocks

    def _begin_list(self, token: Token) -> None:
        self._lists.append(_LISTS[token.type])
        if len(self._lists) + self._quotes - 1 > DEEPEST:
            self._changed(f"Tumblr has {DEEPEST + 1} levels of lists and quotations: deeper ones move up.")
        if token.type == "ordered_list_open" and token.attrs.get("start", 1) != 1:
            self._changed("Numbered lists begin at 1.")

    def _paragraph(self, children: Sequence[Token], heading: str) -> None:
        words = Words()
        for piece in self._inline(children):
            if isinstance(piece, Words):
                words = piece
                self._text(words, _subtype(heading), bold=heading not in ("", "h1", "h2"))
            else:
                self.blocks.append(piece)
        if heading not in ("", "h1", "h2"):
            self._changed("Tumblr has two sizes of headings: smaller ones become bold paragraphs.")

    def _text(self, words: Words, subtype: str = "", *, bold: bool = False) -> None:
        words = words.stripped() if subtype != "chat" else words
        if not words.text.strip():
            return
        if bold:
            words.ranges = [one for one in words.ranges if one["type"] != "bold"]
            words.mark(0, "bold")
        place = self._place(subtype)
        if len(words.text) > TEXT:
            self._changed(f"A block of text has {TEXT} characters at the most: a longer one is cut in two.")
        for piece in words.pieces():
            block: Block = {"type": "text", "text": piece.text, **place}
            self.blocks.append(block | ({"formatting": piece.ranges} if piece.ranges else {}))

    def _place(self, subtype: str) -> Block:
        """Kind and depth of a text: the innermost list or quotation it is in, unless it has a kind of its own."""
        depth = len(self._lists) + self._quotes
        if not depth or subtype:
            if depth and subtype:
                self._changed("A heading or code within a list or quotation comes out of it.")
            return {"subtype": subtype} if subtype else {}
        inner = self._lists[-1] if self._lists and self._first_of_item else "indented"
        if self._lists and not self._first_of_item:
            self._changed("A further paragraph of a list's item is indented below it.")
        self._first_of_item = False
        level = min(depth - 1, DEEPEST)
        return {"subtype": inner} | ({"indent_level": level} if level else {})

    def _code(self, token: Token) -> None:
        if token.info.strip():
            self._lost("Tumblr does not keep the language of code blocks.")
        self._text(Words(token.content.rstrip("\n")), "chat")

    def _words_of_html(self, html: str) -> None:
        words = " ".join(unescape(nh3.clean(html, tags=set())).split())
        self._text(Words(words))

    def _table(self, tokens: Iterator[Token]) -> None:
        """Each row as an item of a list, with the column's title before each value."""
        self._changed("Tumblr has no tables: they become lists with an item for each row.")
        titles: list[str] = []
        row: list[Words] = []
        for token in tokens:
            self._here = token.map[0] if token.map else self._here
            if token.type == "table_close":
                return
            if token.type == "tr_open":
                row = []
            elif token.type == "inline":
                row.append(self._cell(token.children or []))
            elif token.type == "tr_close" and not titles:
                titles = [words.text for words in row]
            elif token.type == "tr_close":
                self._row(titles, row)

    def _cell(self, children: Sequence[Token]) -> Words:
        words = Words()
        for piece in self._inline(children):
            if isinstance(piece, Words):
                words = piece
            else:
                self.blocks.append(piece)
        return words.stripped()

    def _row(self, titles: list[str], cells: list[Words]) -> None:
        whole = Words()
        for number, cell in enumerate(cells):
            whole.add("; " if whole.text else "")
            title = titles[number] if number < len(titles) else ""
            if title:
                start = len(whole.text)
                whole.add(f"{title}:")
                whole.mark(start, "bold")
                whole.add(" ")
            start = len(whole.text)
            whole.add(cell.text)
            moved = ({**one, "start": one["start"] + start, "end": one["end"] + start} for one in cell.ranges)
            whole.ranges += moved
        for piece in whole.pieces():
            item: Block = {"type": "text", "text": piece.text, "subtype": "unordered-list-item"}
            self.blocks.append(item | ({"formatting": piece.ranges} if piece.ranges else {}))

    # Words

    def _inline(self, children: Sequence[Token]) -> Iterator[Words | Block]:
        """Texts, and pictures between them."""
        words = Words()
        opened: list[int] = []
        address = ""
        for token in children:
            kind, _, end = token.type.rpartition("_")
            if token.type == "image":
                if picture := self._picture(token):
                    yield words
                    yield picture
                    words = self._after_picture(words, opened)
                else:
                    words.add(token.content and f"[{token.content}]")
            elif kind in _MARKS and end == "open":
                opened.append(len(words.text))
            elif kind in _MARKS:
                words.mark(opened.pop(), _MARKS[kind])
            elif token.type == "link_open":
                opened.append(len(words.text))
                address = str(token.attrs.get("href", ""))
            elif token.type == "link_close":
                self._link(words, opened.pop(), address)
            else:
                words.add(self._letters(token))
        yield words

    def _after_picture(self, words: Words, opened: list[int]) -> Words:
        """What stands around a picture goes on behind it."""
        opened[:] = [0] * len(opened)
        return Words()

    def _letters(self, token: Token) -> str:
        match token.type:
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case "code_inline":
                self._changed("Code within a line appears as ordinary words: Tumblr has no other letters for it.")
            case "math_inline":
                self._changed("Formulas appear as they are written: Tumblr has none.")
                return f"${token.content}$"
            case "html_inline":
                return "\n" if token.content.lower().startswith("<br") else ""
            case "footnote_ref" | "footnote_anchor":
                return ""
        return token.content

    def _link(self, words: Words, start: int, address: str) -> None:
        if address.startswith("#"):
            self._changed("Links to other places in the text become ordinary words.")
        if not address.startswith(("http://", "https://", "mailto:")):
            return
        if start >= len(words.text):
            self._lost("A link around a picture is left out.")
            return
        self.links += 1
        if self.links > LINKS:
            self._lost(f"Tumblr takes {LINKS} links in a post: of the others only the words stay.")
        else:
            words.mark(start, "link", url=address)

    def _picture(self, token: Token) -> Block | None:
        return self.picture(str(token.attrs.get("src", "")), token.content, str(token.attrs.get("title", "")))

    def picture(self, address: str, alt: str, caption: str = "") -> Block | None:
        """A block for a picture; None where there can be none, which is said."""
        own = self.own.get(address)
        if not own and not is_public_url(address):
            self._lost(f"Tumblr cannot fetch the picture “{address}”: it is not public.")
            return None
        self.pictures += 1
        if self.pictures > PICTURES:
            self._lost(f"Tumblr takes {PICTURES} pictures in a post: of the others only the description stays.")
            return None
        if len(alt) > TEXT or len(caption) > TEXT:
            self._lost(f"The description of a picture has {TEXT} characters at the most: the rest is cut off.")
        block: Block = {"type": "image", "media": [_own(own) if own else {"url": address}]}
        return block | {key: value[:TEXT] for key, value in (("alt_text", alt), ("caption", caption)) if value}

    # Notes

    def _changed(self, message: str) -> None:
        self.notes.changed("markdown", message, self.line(self._here))

    def _lost(self, message: str) -> None:
        self.notes.lost("markdown", message, self.line(self._here))


def _own(image: Image) -> Block:
    """A picture that travels with the post, under its name in the form."""
    size = {"width": image.width, "height": image.height} if image.width and image.height else {}
    return {"type": image.media_type or "image/png", "identifier": identifier_of(image), **size}


def identifier_of(image: Image) -> str:
    return f"picture-{image.digest[:32]}"


def _subtype(heading: str) -> str:
    return {"h1": "heading1", "h2": "heading2"}.get(heading, "")
