"""Markdown as a platform reads it: for previews of what is sent as Markdown.

The words in a preview are those that are sent; what the platform does not know stays as its signs, as it will there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin

from publishers.text.math import math_plugin
from publishers.text.parser import DEEPEST, Links


@dataclass(frozen=True)
class Dialect:
    """What a platform's Markdown knows beyond CommonMark."""

    breaks: bool = False  # each line end is a break
    tables: bool = True
    struck: bool = True
    tasks: bool = False
    callouts: bool = False
    footnotes: bool = False
    notes_within: bool = False  # ^[…]
    definitions: bool = False
    formulas: bool = False
    raised: bool = False  # H~2~O and x^2^
    elements: frozenset[str] | None = None  # the HTML that it lets through; None: most


COMMON = Dialect(tasks=True, footnotes=True)


def to_shown_html(markdown: str, dialect: Dialect = COMMON) -> str:
    """As HTML, not cleaned: whoever shows it does that."""
    return str(_parser(dialect).render(markdown))


@cache
def _parser(dialect: Dialect) -> MarkdownIt:
    options = {"breaks": dialect.breaks, "linkify": True, "tasklists": dialect.tasks, "alerts": dialect.callouts}
    parser = MarkdownIt("commonmark", {"maxNesting": DEEPEST, "html": True, **options})
    parser.linkify = Links()
    parser.enable("linkify")
    for rule, is_known in (("table", dialect.tables), ("strikethrough", dialect.struck)):
        if is_known:
            parser.enable(rule)
    if dialect.footnotes:
        parser.use(footnote_plugin, inline=dialect.notes_within)
    for plugin, is_known in (
        (deflist_plugin, dialect.definitions),
        (math_plugin, dialect.formulas),
        (sub_plugin, dialect.raised),
        (superscript_plugin, dialect.raised),
    ):
        if is_known:
            parser.use(plugin)
    return parser
