"""A tree of safe, well nested HTML: just enough to write it anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from publishers.text.html import LINE

DEPTH = 60  # levels of nested HTML; what is deeper joins the level above
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "wbr"})


@dataclass
class Node:
    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)
    line: int = 0  # of the text, from 0: its own or that of what stands before it

    def has_class(self, name: str) -> bool:
        return name in self.attrs.get("class", "").split()

    def elements(self) -> Iterator[Node]:
        return (child for child in self.children if isinstance(child, Node))

    def all(self) -> Iterator[Node]:
        for child in self.elements():
            yield child
            yield from child.all()

    def bare(self) -> str:
        return "".join(child if isinstance(child, str) else child.bare() for child in self.children)


class _Builder(HTMLParser):
    """For HTML that is well nested already, as the cleaning leaves it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [Node("root")]
        self.line = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = self.stack[-1]
        given = {name: value or "" for name, value in attrs}
        line = given.pop(LINE, "")
        if re.fullmatch(r"\d{1,9}", line):
            self.line = int(line)
        if len(self.stack) < DEPTH or tag in VOID:
            node = Node(tag, given, line=self.line)
            self.stack[-1].children.append(node)
        if tag not in VOID:
            self.stack.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and len(self.stack) > 1:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].children.append(data)


def tree_of(html: str) -> Node:
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.stack[0]


def take_footnotes(root: Node) -> dict[str, Node]:
    """The footnotes by their id, taken off the end of the text."""
    found: dict[str, Node] = {}
    for node in [child for child in root.elements() if child.tag == "section" and child.has_class("footnotes")]:
        items = {item.attrs.get("id", ""): item for item in node.all() if item.has_class("footnote-item")}
        if items:
            found |= items
            root.children.remove(node)
    return found
