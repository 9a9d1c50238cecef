"""A tree of safe, well nested HTML: just enough to write it anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

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


_PIECE = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:=\"[^\"]*\")?)*)\s*/?>|([^<]+|<)")
_ATTRIBUTE = re.compile(r"([\w:-]+)(?:=\"([^\"]*)\")?")


def tree_of(html: str) -> Node:
    """For HTML that is well nested and written in one way, as the cleaning leaves it."""
    stack = [Node("root")]
    line = 0
    for closing, tag, attributes, words in _PIECE.findall(html):
        if words:
            stack[-1].children.append(unescape(words) if "&" in words else words)
        elif closing:
            if tag not in VOID and len(stack) > 1:
                stack.pop()
        else:
            given = {name: unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}
            number = given.pop(LINE, "")
            line = int(number) if re.fullmatch(r"\d{1,9}", number) else line
            node = stack[-1]
            if len(stack) < DEPTH or tag in VOID:
                node = Node(tag, given, line=line)
                stack[-1].children.append(node)
            if tag not in VOID:
                stack.append(node)
    return stack[0]


def take_footnotes(root: Node) -> dict[str, Node]:
    """The footnotes by their id, taken off the end of the text."""
    found: dict[str, Node] = {}
    for node in [child for child in root.elements() if child.tag == "section" and child.has_class("footnotes")]:
        items = {item.attrs.get("id", ""): item for item in node.all() if item.has_class("footnote-item")}
        if items:
            found |= items
            root.children.remove(node)
    return found
