"""Markdown → the little HTML that Medium keeps.

Medium's page is a flat row of blocks: two sizes of headings, paragraphs, quotations, lists of one level, code,
pictures, rules. Its public documentation ends there (archived 2023), so everything else is turned into these here,
where it can be said beforehand, and nothing is left to the platform's own cleaning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from urllib.parse import urlsplit

from publishers.addresses import is_public_url
from publishers.platforms.medium.tree import Node, take_footnotes, tree_of
from publishers.text.html import to_lined_html
from publishers.text.source import Source

SUBSET: dict[str, frozenset[str]] = {
    **dict.fromkeys(("h1", "h2", "p", "blockquote", "ul", "ol", "li", "pre", "hr", "br"), frozenset[str]()),
    **dict.fromkeys(("strong", "em", "code", "figure", "figcaption"), frozenset[str]()),
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt"}),
}
"""Every element that may come out, with its attributes."""

STRONG = frozenset({"strong", "b"})
EMPHASIS = frozenset({"em", "i", "cite", "dfn", "var"})
CODE = frozenset({"code", "kbd", "samp", "tt"})
PLAIN = frozenset({"u", "ins", "mark", "small", "abbr", "acronym", "sup", "sub"})  # formatting that gets lost
STRUCK = frozenset({"s", "del", "strike"})
BLOCKS = frozenset({
    "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "nav", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
})  # fmt: skip
RAISED = {
    "sup": str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ"),
    "sub": str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎"),
}


class Change(StrEnum):
    """What may happen to a text on its way."""

    HEADING = "heading"
    NESTED_LIST = "nested list"
    LIST = "list"
    TABLE = "table"
    FOOTNOTE = "footnote"
    TASK = "task"
    LANGUAGE = "language"
    QUOTATION = "quotation"
    STRUCK = "struck"
    PLAIN = "plain"
    PICTURE = "picture"
    LINKED_PICTURE = "linked picture"
    ANCHOR = "anchor"
    DEFINITION = "definition"
    CALLOUT = "callout"


def to_medium(source: Source) -> tuple[list[str], list[tuple[Change, int]]]:
    """The blocks of the text as HTML of the subset, and what happened on the way: each with the author's line."""
    root = tree_of(to_lined_html(source))
    writer = _Writer(take_footnotes(root))
    blocks = [block.html for block in writer.flow(root.children)]
    lines = source.text_origins
    return blocks, [(change, lines[min(line, len(lines) - 1)]) for change, line in dict.fromkeys(writer.notes)]


def figure(src: str, alt: str = "", caption: str = "") -> str:
    """A picture as a block of its own; ``caption`` is HTML."""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure><img src="{escape(src)}" alt="{escape(alt)}">{below}</figure>'


def text(words: str) -> str:
    """Plain words as HTML: blanks collapsed as a browser would, no control characters."""
    visible = "".join(char for char in words if char in "\t\n\r\f" or unicodedata.category(char) != "Cc")
    return escape(re.sub(r"[ \t\r\n\f]+", " ", visible), quote=False)


# --- Writing it anew ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Block:
    kind: str  # the outer element; "quote" stands for the paragraphs of a quotation
    inner: str

    @property
    def html(self) -> str:
        match self.kind:
            case "hr":
                return "<hr>"
            case "figure":
                return self.inner
            case "quote":
                return f"<blockquote>{self.inner}</blockquote>"
            case "pre":
                return f"<pre>{self.inner}</pre>"
        return f"<{self.kind}>{self.inner}</{self.kind}>"


@dataclass(frozen=True)
class _Picture:
    html: str


_Piece = str | _Picture


class _Writer:
    """Turns nodes into blocks, and notes what it could not keep. ``flow`` is for blocks, ``line`` for words."""

    def __init__(self, footnotes: dict[str, Node]) -> None:
        self.footnotes = footnotes
        self.told: set[str] = set()  # footnotes that stand in the text already
        self.notes: list[tuple[Change, int]] = []

    def note(self, change: Change, node: Node) -> None:
        self.notes.append((change, node.line))

    # Blocks

    def flow(self, children: Sequence[Node | str], *, quoted: bool = False) -> list[_Block]:
        blocks: list[_Block] = []
        run: list[Node | str] = []
        for child in children:
            if isinstance(child, str) or not _is_block(child):
                run.append(child)
                continue
            blocks += self.paragraph(run)
            run = []
            blocks += self.block(child, quoted)
        return blocks + self.paragraph(run)

    def paragraph(self, run: Sequence[Node | str]) -> list[_Block]:
        """A run of words; pictures in it become blocks of their own."""
        blocks: list[_Block] = []
        for piece in _merged(self.pieces(run, frozenset(), pictures=True)):
            if isinstance(piece, _Picture):
                blocks.append(_Block("figure", piece.html))
            elif words := _trimmed(piece):
                blocks.append(_Block("p", words))
        return blocks

    def block(self, node: Node, quoted: bool) -> list[_Block]:
        match node.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                return self.heading(node)
            case "blockquote":
                return self.quotation(node, quoted)
            case "ul" | "ol":
                return self.listing(node, quoted)
            case "table":
                return self.table(node)
            case "pre":
                return self.code(node)
            case "hr":
                return [] if node.has_class("footnotes-sep") else [_Block("hr", "")]
            case "figure":
                return self.figure(node)
            case "dt":
                self.note(Change.DEFINITION, node)
                return self.bold(node)
            case "summary" | "caption":
                return self.bold(node)
            case "div" if node.has_class("markdown-alert"):
                self.note(Change.CALLOUT, node)
                return self.quotation(node, quoted)
            case "p" if node.has_class("markdown-alert-title"):
                return self.bold(node)
        return self.flow(node.children, quoted=quoted)

    def heading(self, node: Node) -> list[_Block]:
        if node.tag in ("h1", "h2"):
            words = self.line(node.children)
            return [_Block(node.tag, words)] if words else []
        self.note(Change.HEADING, node)
        return self.bold(node)

    def bold(self, node: Node) -> list[_Block]:
        words = self.line(node.children, frozenset({"strong"}))
        return [_Block("p", f"<strong>{words}</strong>")] if words else []

    def quotation(self, node: Node, quoted: bool) -> list[_Block]:
        """Paragraphs only: what else is quoted comes out of the quotation, which goes on behind it."""
        blocks: list[_Block] = []
        inside: list[str] = []
        for block in [*self.flow(node.children, quoted=True), None]:
            if block and block.kind in ("p", "quote"):
                inside.append(block.inner if block.kind == "quote" else block.html)
                continue
            if inside:
                blocks.append(_Block("quote", "".join(inside)))
                inside = []
            if block:
                self.note(Change.QUOTATION, node)
                blocks.append(block)
        if quoted:
            self.note(Change.QUOTATION, node)
        return blocks

    def code(self, node: Node) -> list[_Block]:
        if any("language-" in inner.attrs.get("class", "") for inner in node.all()):
            self.note(Change.LANGUAGE, node)
        code = "".join(char for char in node.bare() if char in "\t\n" or unicodedata.category(char) != "Cc")
        code = code.rstrip()
        if not code:
            return []
        return [_Block("pre", ("\n" if code[0] == "\n" else "") + escape(code, quote=False))]

    def figure(self, node: Node) -> list[_Block]:
        """A picture with its caption; anything else in a figure is text as usual."""
        captions = [child for child in node.elements() if child.tag == "figcaption"]
        blocks = self.flow([child for child in node.children if child not in captions])
        caption = " ".join(filter(None, (self.line(one.children) for one in captions)))
        if caption and [block.kind for block in blocks] == ["figure"] and "<figcaption>" not in blocks[0].inner:
            whole = blocks[0].inner.removesuffix("</figure>") + f"<figcaption>{caption}</figcaption></figure>"
            return [_Block("figure", whole)]
        return blocks + ([_Block("p", caption)] if caption else [])

    # Lists

    def listing(self, node: Node, quoted: bool, level: int = 0) -> list[_Block]:
        """One level is all there is: deeper items become lines with dashes; lists with code become paragraphs."""
        if level or quoted or not _is_plain_list(node):
            if not level and not quoted:
                self.note(Change.LIST, node)
            return self.listed_paragraphs(node, quoted, level)
        items = ["<br>".join(self.item_lines(item, 0)) for item in _items(node)]
        inner = "".join(f"<li>{item}</li>" for item in items if item)
        return [_Block(node.tag, inner)] if inner else []

    def item_lines(self, item: Node, level: int) -> list[str]:
        lines: list[str] = []
        run: list[Node | str] = []
        for child in [*item.children, None]:
            if child is not None and (isinstance(child, str) or not _is_block(child)):
                run.append(child)
                continue
            lines += filter(None, [self.line(run)])
            run = []
            if child is not None and child.tag in ("ul", "ol"):
                self.note(Change.NESTED_LIST, child)
                lines += self.nested_lines(child, level + 1)
            elif child is not None:
                lines += filter(None, [self.line(child.children)])
        return lines

    def nested_lines(self, node: Node, level: int) -> Iterator[str]:
        for marker, item in _marked(node, level):
            lines = self.item_lines(item, level)
            if lines:
                yield marker + lines[0]
                yield from lines[1:]

    def listed_paragraphs(self, node: Node, quoted: bool, level: int) -> list[_Block]:
        blocks: list[_Block] = []
        for marker, item in _marked(node, level):
            inner = self.item_blocks(item, quoted, level)
            if inner and inner[0].kind == "p" and not inner[0].inner.startswith("–"):
                blocks += [_Block("p", marker + inner[0].inner), *inner[1:]]
            elif inner:
                blocks += [_Block("p", marker.rstrip()), *inner]
        return blocks

    def item_blocks(self, item: Node, quoted: bool, level: int) -> list[_Block]:
        blocks: list[_Block] = []
        run: list[Node | str] = []
        for child in [*item.children, None]:
            if child is not None and (isinstance(child, str) or child.tag not in ("ul", "ol")):
                run.append(child)
                continue
            blocks += self.flow(run, quoted=quoted)
            run = []
            if child is not None:
                self.note(Change.NESTED_LIST, child)
                blocks += self.listing(child, quoted, level + 1)
        return blocks

    # Tables

    def table(self, node: Node) -> list[_Block]:
        """A list with an item for each row: its first cell in bold, the others behind the head of their column."""
        self.note(Change.TABLE, node)
        blocks = [block for child in node.elements() if child.tag == "caption" for block in self.bold(child)]
        rows = [row for row in node.all() if row.tag == "tr"]
        cells = [[cell for cell in row.elements() if cell.tag in ("td", "th")] for row in rows]
        heads: list[str] = []
        if len(cells) > 1 and cells[0] and all(cell.tag == "th" for cell in cells[0]):
            heads = [self.line(cell.children) for cell in cells.pop(0)]
        if len(heads) == 1 and heads[0]:
            blocks.append(_Block("p", f"<strong>{_without(heads[0], 'strong')}</strong>"))
        items = filter(None, (self.row(row, heads) for row in cells))
        inner = "".join(f"<li>{item}</li>" for item in items)
        return [*blocks, _Block("ul", inner)] if inner else blocks

    def row(self, cells: list[Node], heads: list[str]) -> str:
        lines = []
        for number, cell in enumerate(cells):
            first = number == 0 and len(cells) > 1
            words = self.line(cell.children, frozenset({"strong"}) if first else frozenset())
            head = heads[number] if number < len(heads) and len(cells) > 1 else ""
            if words:
                said = f"{_without(head, 'strong') if first else head}: {words}" if head else words
                lines.append(f"<strong>{said}</strong>" if first else said)
        return "<br>".join(lines)

    # Words

    def line(self, children: Sequence[Node | str], inside: frozenset[str] = frozenset()) -> str:
        """Words of one line, where no picture may stand: it becomes a link. Blocks are separated by a blank."""
        return _trimmed("".join(piece for piece in self.pieces(children, inside) if isinstance(piece, str)))

    def pieces(
        self, children: Sequence[Node | str], inside: frozenset[str], *, pictures: bool = False
    ) -> Iterator[_Piece]:
        for child in children:
            if isinstance(child, str):
                yield text(child)
            else:
                yield from self.inline(child, inside, pictures)

    def inline(self, node: Node, inside: frozenset[str], pictures: bool) -> Iterator[_Piece]:
        match node.tag:
            case "br":
                yield "<br>"
            case "img":
                yield self.picture(node, inside, pictures)
            case "input":
                self.note(Change.TASK, node)
                yield "☑ " if "checked" in node.attrs else "☐ "
            case "sup" if node.has_class("footnote-ref"):
                yield self.footnote(node, inside)
            case "sup" | "sub" if (raised := node.bare().translate(RAISED[node.tag])) != node.bare():
                yield text(raised)
            case "a":
                yield from self.link(node, inside, pictures)
            case "q":
                yield "“"
                yield from self.pieces(node.children, inside, pictures=pictures)
                yield "”"
            case tag if tag in CODE or tag == "pre":
                yield from _wrapped("code", [text(node.bare())], inside)
            case tag if tag in STRONG:
                inner = self.pieces(node.children, inside | {"strong"}, pictures=pictures)
                yield from _wrapped("strong", inner, inside)
            case tag if tag in EMPHASIS:
                yield from _wrapped("em", self.pieces(node.children, inside | {"em"}, pictures=pictures), inside)
            case tag:
                if tag in STRUCK:
                    self.note(Change.STRUCK, node)
                elif tag in PLAIN:
                    self.note(Change.PLAIN, node)
                around = " " if tag in BLOCKS else ""
                yield around
                yield from self.pieces(node.children, inside, pictures=pictures)
                yield around

    def picture(self, node: Node, inside: frozenset[str], pictures: bool) -> _Piece:
        src, alt = _absolute(node.attrs.get("src", "")), node.attrs.get("alt", "")
        if not src:
            if not node.attrs.get("src"):  # a relative address is told apart
                self.note(Change.PICTURE, node)
            return text(alt)
        if not is_public_url(src):
            return text(alt)  # said when its address was looked at
        if pictures:
            if "a" in inside:
                self.note(Change.LINKED_PICTURE, node)
            return _Picture(figure(src, alt))
        self.note(Change.PICTURE, node)
        words = text(alt).strip() or "picture"
        return words if "a" in inside else f'<a href="{escape(src)}">{words}</a>'

    def link(self, node: Node, inside: frozenset[str], pictures: bool) -> Iterator[_Piece]:
        if node.has_class("footnote-backref"):
            return
        href = _absolute(node.attrs.get("href", ""), "mailto")
        if node.attrs.get("href", "").startswith("#"):
            self.note(Change.ANCHOR, node)
        if not href:
            yield from self.pieces(node.children, inside, pictures=pictures)
            return
        inner = self.pieces(node.children, inside | {"a"}, pictures=pictures)
        yield from _wrapped("a", inner, inside, f' href="{escape(href)}"')

    def footnote(self, node: Node, inside: frozenset[str]) -> str:
        """The note itself in brackets where it is called first; a note within a note keeps only its place."""
        self.note(Change.FOOTNOTE, node)
        name = next((inner.attrs.get("href", "") for inner in node.all() if inner.tag == "a"), "").removeprefix("#")
        if name in self.told or name not in self.footnotes:
            return " [see the note above]"
        self.told.add(name)
        words = self.line(self.footnotes[name].children, inside)
        return f" [{words}]" if words else ""


def _is_block(node: Node) -> bool:
    """Also words around blocks, such as a link around a heading, count as one."""
    return node.tag in BLOCKS or any(inner.tag in BLOCKS for inner in node.all())


def _is_plain_list(node: Node) -> bool:
    """Whether its items are words and further lists, and its numbers begin at 1."""
    inner = {one.tag for one in node.all()}
    return inner & (BLOCKS | {"img"}) <= {"ul", "ol", "li", "p"} and node.attrs.get("start", "1") == "1"


def _items(node: Node) -> list[Node]:
    return [child for child in node.elements() if child.tag == "li"]


def _marked(node: Node, level: int) -> Iterator[tuple[str, Node]]:
    """Each item with what stands before it when the list is no list any more: "• ", "1. ", "– 1. "."""
    start = node.attrs.get("start", "1")
    first = int(start) if re.fullmatch(r"\d{1,9}", start) else 1
    for number, item in enumerate(_items(node), first):
        mark = f"{number}. " if node.tag == "ol" else "" if level else "• "
        yield "– " * level + mark, item


def _wrapped(tag: str, pieces: Iterable[_Piece], inside: frozenset[str], attrs: str = "") -> Iterator[_Piece]:
    """``pieces`` within an element, except the pictures and what is blank; never an element within its own kind."""
    for piece in _merged(pieces):
        if isinstance(piece, _Picture) or tag in inside or not _shows(piece):
            yield piece
        else:
            yield f"<{tag}{attrs}>{piece}</{tag}>"


def _merged(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    words = ""
    for piece in pieces:
        if isinstance(piece, str):
            words += piece
            continue
        yield words
        yield piece
        words = ""
    yield words


def _shows(html: str) -> bool:
    return bool(re.sub(r"<[^>]*>", "", html).strip())


def _trimmed(html: str) -> str:
    """Without blanks and breaks at both ends; "" when no word is left."""
    words = re.sub(r" *<br> *", "<br>", re.sub(r" {2,}", " ", html))
    words = re.sub(r"^(?: |<br>)+|(?: |<br>)+$", "", words)
    return words if _shows(words) else ""


def _without(html: str, tag: str) -> str:
    return html.replace(f"<{tag}>", "").replace(f"</{tag}>", "")


def _absolute(address: str, *schemes: str) -> str:
    """A full web address, "" for anything else: relative ones lead nowhere on another site."""
    address = address.strip()
    if address.startswith("//"):
        address = f"https:{address}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme in schemes:
        return address
    return address if parts.scheme in ("http", "https") and parts.netloc else ""
