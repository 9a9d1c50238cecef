"""Markdown to HTML that is safe to show: what an article looks like to a reader."""

import html
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

_MARKDOWN = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
_WITH_FOOTNOTES = (
    MarkdownIt("commonmark", {"html": True, "breaks": True})
    .enable(["table", "strikethrough"])
    .use(footnote_plugin, inline=False)
)


@lru_cache(maxsize=256)
def render(markdown: str, *, footnotes: bool = False) -> str:
    """Sanitised HTML of a Markdown text. Raw HTML passes in the safe subset only: no script, style or frame."""
    return nh3.clean((_WITH_FOOTNOTES if footnotes else _MARKDOWN).render(markdown))


def text_of(rendered: str) -> str:
    """The bare text of an HTML fragment."""
    return html.unescape(nh3.clean(rendered, tags=set())).strip()
