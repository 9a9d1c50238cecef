"""The parser of authors' Markdown, which notes where things stand.

markdown-it says which lines a block has, but not where in them a link or a piece of code stands. Here its inline rules
are wrapped so that they note it, which lets a step change one address and leave every other letter as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from publishers.text.math import math_plugin

DEEPEST = 100  # levels of lists and quotations; what lies deeper is dropped without a word
LITERAL = ("fence", "code_block", "math_block", "html_block")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*\Z|\Z")


@cache
def place_parser() -> MarkdownIt:
    """The parser that also notes where things stand."""
    parser = new_parser()
    for rule, (kind, sign) in RULES.items():
        _locate(parser, rule, kind, sign)
    parser.core.ruler.after("inline", "places", _note_places)
    return parser


class Renderer(RendererHTML):
    """Without a blank where a line ends between Chinese or Japanese characters."""

    def softbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        left, right = (tokens[at].content if 0 <= at < len(tokens) else "" for at in (idx - 1, idx + 1))
        return between(left, right) and str(super().softbreak(tokens, idx, options, env))


def new_parser(renderer: type[RendererHTML] = Renderer, **options: Any) -> MarkdownIt:
    """GitHub-flavoured Markdown with footnotes, definition lists and formulas."""
    parser = MarkdownIt("gfm-like2", {"maxNesting": DEEPEST, **options}, renderer_cls=renderer)
    parser.linkify = Links()
    parser.use(footnote_plugin).use(deflist_plugin).use(math_plugin)
    parser.add_render_rule("footnote_caption", _caption)
    return parser


def _caption(_renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object) -> str:
    """The same number however often a footnote is called."""
    return f"[{tokens[index].meta['id'] + 1}]"


_PERHAPS = re.compile(r"://|www\.|@|mailto:|//", re.IGNORECASE)


class Links(LinkifyIt):
    """As on GitHub: of addresses without a scheme only those with www. are links; user.name and store.md are words."""

    def pretest(self, text: str) -> bool:
        return _PERHAPS.search(text) is not None

    def test(self, text: str) -> bool:
        return _PERHAPS.search(text) is not None and bool(super().test(text))

    def match(self, text: str) -> Any:
        return [found for found in super().match(text) or [] if found.schema or found.text.lower().startswith("www.")]


RULES = {  # name of the inline rule → what its tokens are, and the sign at which it begins
    "backticks": ("code_inline", "`"),
    "math_inline": ("math_inline", "$"),
    "link": ("link_open", "["),
    "linkify": ("link_open", ":"),
    "autolink": ("link_open", "<"),
    "image": ("image", "!"),
    "html_inline": ("html_inline", "<"),
    "footnote_ref": ("footnote_ref", "["),
    "footnote_inline": ("footnote_ref", "^"),
    "strikethrough": ("text", "~"),
}


def _locate(parser: MarkdownIt, name: str, kind: str, sign: str) -> None:
    """Have an inline rule note from where to where its token stands in the content: ``meta["at"]``."""
    ruler = parser.inline.ruler
    rule = next(rule.fn for rule in ruler.__rules__ if rule.name == name)

    def located(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        if state.src[start] != sign or not rule(state, silent):
            return False
        if not silent:
            new = state.tokens[count:]
            if kind == "text":  # what stood before it may have become a token as well
                new = new[-1:]
            own = next((token for token in new if token.type == kind), None)
            if own is not None:
                if name == "linkify":  # it is noticed at its colon
                    start -= len(SCHEME.findall(state.src[max(0, start - 40) : start])[0])
                own.meta = {**own.meta, "at": (start, state.pos)}
                if name == "footnote_inline":
                    _shift(state.env["footnotes"]["list"][own.meta["id"]]["tokens"], start + 2, state.env)
        return True

    ruler.at(name, located)


def _shift(tokens: list[Token], by: int, env: Any) -> None:
    """A footnote within the text was read by itself: its offsets are those of its own content."""
    for token in with_notes(tokens, env):
        if "at" in token.meta:
            first, last = token.meta["at"]
            token.meta = {**token.meta, "at": (first + by, last + by)}


def _note_places(state: StateCore) -> None:
    """Before footnotes are moved to the end: what stands where, in the order of the text."""
    env: Any = state.env
    for token in state.tokens:
        if token.type == "footnote_reference_open" and token.map:
            env["definitions"].setdefault(token.meta["label"], (token.map[0], token.map[1]))
        if token.type in LITERAL:
            env["blocks"].append(token)
        if token.type == "inline" and token.map:
            env["inlines"].append(token)
            _note_lines(token, env)


def _note_lines(inline: Token, env: Any) -> None:
    """Each child gets the line in which it begins."""
    assert inline.map
    line = known_line = inline.map[0]
    known = 0  # an offset in the content, and its line: so that each line end is counted once

    def line_at(offset: int) -> int:
        nonlocal known, known_line
        known_line += inline.content.count("\n", known, offset)
        known = offset
        return known_line

    for child in inline.children or []:
        at = child.meta.get("at")
        line = line_at(at[0]) if at else line
        child.map = [line, line + 1]
        if at and not child.nesting:
            line = line_at(at[1])
        if child.type in ("softbreak", "hardbreak"):
            line += 1
    for child in with_notes(inline.children or [], env):
        child.map = child.map or inline.map


def with_notes(children: list[Token], env: Any) -> Iterator[Token]:
    """Also what is in footnotes that are written within the text."""
    for child in children:
        yield child
        if child.type == "footnote_ref" and "label" not in child.meta:
            yield from with_notes(env["footnotes"]["list"][child.meta["id"]]["tokens"], env)


def between(left: str, right: str) -> str:
    """What joins two lines: a blank, except where Chinese or Japanese characters meet."""
    return "" if left and right and _is_wide(left[-1]) and _is_wide(right[0]) else " "


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" and not "\uac00" <= char <= "\ud7a3"  # Korean has blanks
