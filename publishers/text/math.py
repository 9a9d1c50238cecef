"""Formulas between dollar signs: ``$e = mc^2$`` in a line, and ``$$`` around lines.

A dollar is also money and a shell variable. So a formula in a line begins and ends at a letter, digit or sign that
touches its dollar, and no letter or digit touches that dollar from outside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_INLINE = re.compile(r"\$(?![\s$])((?:\\.|[^$\\\n`])*?(?:\\.|[^\s$\\`]))\$(?![\w$])")
_LOOKS = re.compile(r"[\\^_=+<>{}|*/-]|^[A-Za-z]$")  # "$5, or 10$" is money


def math_plugin(parser: MarkdownIt) -> None:
    parser.inline.ruler.before("escape", "math_inline", _inline)
    parser.block.ruler.before("fence", "math_block", _block, {"alt": ["paragraph", "blockquote", "list"]})
    parser.add_render_rule("math_inline", _render_inline)
    parser.add_render_rule("math_block", _render_block)


def _render_inline(_renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object) -> str:
    return f'<span class="math">${escape(tokens[index].content)}$</span>'


def _render_block(_renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object) -> str:
    return f'<div class="math">$$\n{escape(tokens[index].content)}\n$$</div>\n'


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$" or (state.pos and re.match(r"[\w$\\]", state.src[state.pos - 1])):
        return False
    found = _INLINE.match(state.src, state.pos, state.posMax)
    if not found or not _LOOKS.search(found[1]):
        return False
    if not silent:
        token = state.push("math_inline", "span", 0)
        token.content = found[1]
        token.markup = "$"
    state.pos = found.end()
    return True


def _block(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """From a line that begins with ``$$`` to the one that ends with it. Without an end it is no formula."""
    if state.is_code_block(first) or not _line(state, first).startswith("$$"):
        return False
    last = first
    text = _line(state, first)
    while not (text.endswith("$$") and len(text) > 3) if last == first else not text.endswith("$$"):
        last += 1
        if last >= end or not (text := _line(state, last)):
            return False
    if silent:
        return True
    lines = state.getLines(first, last + 1, state.blkIndent, False).strip()
    token = state.push("math_block", "div", 0)
    token.block = True
    token.content = lines[2:-2].strip("\n")
    token.markup = "$$"
    token.map = [first, last + 1]
    state.line = last + 1
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()
