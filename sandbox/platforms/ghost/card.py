"""A Markdown card as Ghost shows it: markdown-it with line breaks, links, footnotes, sub- and superscript, marked words
and headings without a blank after their signs."""

import re
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin

_LAZY = re.compile(r"(#{1,6})([^#\s].*)")
_MARKED = re.compile(r"==(?=[^\s=])(.+?)(?<=[^\s=])==")


def render(markdown: str) -> str:
    """Sanitised HTML, as the sandbox shows nothing else. Ids and classes of footnotes are left out."""
    return nh3.clean(_parser().render(markdown), tags=nh3.ALLOWED_TAGS | {"mark", "section"})


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "breaks": True, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"])
    parser.use(footnote_plugin).use(sub_plugin).use(superscript_plugin)
    parser.inline.ruler.before("emphasis", "mark", _mark)
    parser.block.ruler.before("heading", "lazy_heading", _lazy_heading, {"alt": ["paragraph", "blockquote"]})
    return parser


def _mark(state: StateInline, silent: bool) -> bool:
    found = _MARKED.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("mark_open", "mark", 1)
        state.push("text", "", 0).content = found[1]
        state.push("mark_close", "mark", -1)
    state.pos = found.end()
    return True


def _lazy_heading(state: StateBlock, first: int, _end: int, silent: bool) -> bool:
    line = state.src[state.bMarks[first] + state.tShift[first] : state.eMarks[first]]
    found = _LAZY.fullmatch(line)
    if not found or state.is_code_block(first):
        return False
    if silent:
        return True
    tag = f"h{len(found[1])}"
    state.push("heading_open", tag, 1).map = [first, first + 1]
    inline = state.push("inline", "", 0)
    inline.content, inline.children, inline.map = found[2].strip(), [], [first, first + 1]
    state.push("heading_close", tag, -1)
    state.line = first + 1
    return True
