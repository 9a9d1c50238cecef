"""Blocks → HTML, as Tumblr's own page will about show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise

from publishers.platforms.tumblr.npf import Block

_TAGS = {"bold": "strong", "italic": "em", "strikethrough": "s", "small": "small"}
_LISTS = {"ordered-list-item": "ol", "unordered-list-item": "ul"}
_BLOCKS = {"heading1": "h2", "heading2": "h3", "quote": "blockquote"}


def html_of(blocks: Sequence[Block], pictures: Mapping[str, str]) -> str:
    """``pictures``: where those are now that travel with the post, by their names in it."""
    parts: list[str] = []
    opened: list[str] = []  # the lists and quotations that are open
    for block in blocks:
        wanted = _around(block, opened)
        while opened and opened != wanted[: len(opened)]:
            parts.append(f"</{opened.pop()}>")
        for tag in wanted[len(opened) :]:
            parts.append(f"<{tag}>")
            opened.append(tag)
        parts.append(_picture(block, pictures) if block["type"] == "image" else _text(block))
    return "\n".join([*parts, *(f"</{tag}>" for tag in reversed(opened))])


def _around(block: Block, opened: Sequence[str]) -> list[str]:
    """What a block stands in: as much of what is open as its depth has, and its own kind."""
    kind = block.get("subtype", "")
    if kind not in _LISTS and kind != "indented":
        return []
    level = block.get("indent_level", 0)
    own = _LISTS.get(kind, "blockquote")
    outer = list(opened[:level])
    return [*outer, *["blockquote"] * (level - len(outer)), own]


def _text(block: Block) -> str:
    kind = block.get("subtype", "")
    words = _formatted(block["text"], block.get("formatting", ()))
    if kind in _LISTS:
        return f"<li>{words}</li>"
    if kind == "chat":
        return f"<pre>{words}</pre>"
    tag = _BLOCKS.get(kind, "p")
    return f"<{tag}>{words}</{tag}>".replace("\n", "<br>\n")


def _formatted(text: str, ranges: Iterable[Block]) -> str:
    """The words with their ranges, which are cut where others begin or end, so that elements nest."""
    ranges = list(ranges)
    edges = sorted({0, len(text), *(one["start"] for one in ranges), *(one["end"] for one in ranges)})
    parts = []
    for start, end in pairwise(edges):
        words = escape(text[start:end])
        for one in ranges:
            if one["start"] <= start and end <= one["end"]:
                words = _marked(words, one)
        parts.append(words)
    return "".join(parts)


def _marked(words: str, one: Block) -> str:
    if one["type"] == "link":
        return f'<a href="{escape(one["url"])}">{words}</a>'
    tag = _TAGS.get(one["type"], "span")
    return f"<{tag}>{words}</{tag}>"


def _picture(block: Block, pictures: Mapping[str, str]) -> str:
    media = block["media"][0]
    address = media.get("url") or pictures.get(media.get("identifier", ""), "")
    caption = f"<figcaption>{escape(block['caption'])}</figcaption>" if block.get("caption") else ""
    return f'<figure><img src="{escape(address)}" alt="{escape(block.get("alt_text", ""))}">{caption}</figure>'
