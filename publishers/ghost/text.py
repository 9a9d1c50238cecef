"""Markdown as Ghost's Markdown card reads it, and HTML as Ghost makes its own blocks of it.

The card is rendered by markdown-it with line breaks, highlighting, sub- and superscript and footnotes (Ghost 6.65).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

_CODE_BLOCKS = ("fence", "code_block", "html_block")
# Left as they are inside a line: what is escaped, code, tags and autolinks, targets of links, bare addresses.
_KEPT = re.compile(r"\\.|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)|<[^<>]*>|\]\([^()\s]*|https?://[^\s<>]+")
_STRUCK = re.compile(r"(?<![~\\])~(?![~\s])([^~]*[^~\s])~(?!~)")
_LONE_TILDE = re.compile(r"(?<![~\\])~(?!~)")
_MARKED = re.compile(r"(?<![=\\])==(?=[^=\s])(.*?[^=\s])==(?!=)")
_RAISED = re.compile(r"(?<![\[\\])\^(?!\[)")  # [^1] and ^[…] are footnotes


def to_ghost_markdown(markdown: str) -> str:
    """``markdown`` in which ``~``, ``==`` and ``^`` mean what they meant to its author. Code stays as it is."""
    if not re.search(r"[~^]|==", markdown):
        return markdown
    lines = markdown.split("\n")
    code: set[int] = set()
    for token in _parser().parse(markdown):
        if token.type in _CODE_BLOCKS and token.map:
            code.update(range(*token.map))
    return "\n".join(line if number in code else _line(line) for number, line in enumerate(lines))


def _line(line: str) -> str:
    parts: list[str] = []
    position = 0
    for kept in _KEPT.finditer(line):
        parts += [_words(line[position : kept.start()]), kept[0]]
        position = kept.end()
    return "".join(parts) + _words(line[position:])


def _words(text: str) -> str:
    """A single tilde strikes out here and lowers there; two strike out in both."""
    text = _STRUCK.sub(r"~~\1~~", text)
    text = _LONE_TILDE.sub(r"\\~", text)
    text = _MARKED.sub(r"\\=\\=\1\\=\\=", text)
    return _RAISED.sub(r"\\^", text)


def html_of(markdown: str) -> str:
    """HTML for Ghost to make blocks of. The author's own HTML is kept whole, each piece in a card of its own."""
    return str(_parser().render(markdown))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like2").use(footnote_plugin).use(deflist_plugin)
    parser.add_render_rule("html_block", _as_card)
    return parser


def _as_card(_renderer: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    return f"<!--kg-card-begin: html-->\n{tokens[index].content.strip()}\n<!--kg-card-end: html-->\n"
