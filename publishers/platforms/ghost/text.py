"""The text as Ghost takes it: Markdown for one card, or HTML for Ghost to make its own blocks of.

The card is rendered by markdown-it with line breaks, highlighting, sub- and superscript and footnotes (Ghost 6.65).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from json import loads
from typing import Any

from markdown_it import MarkdownIt

from publishers.base import Article
from publishers.notes import Notes
from publishers.text.constructs import (
    called_footnotes,
    callouts,
    definition_lists,
    diagrams,
    formulas_as_code,
    task_lists,
)
from publishers.text.dialects import Dialect, to_shown_html
from publishers.text.escapes import lazy_headings, raised_and_marked
from publishers.text.parser import new_parser
from publishers.text.parsing import parsed
from publishers.text.source import Source
from publishers.text.steps import (
    Step,
    addresses,
    closed_code,
    front_matter,
    repeated_title,
    run,
    some_text,
    wrapped_lines,
)

_HEAD: tuple[Step, ...] = (front_matter, repeated_title, addresses("it leads nowhere on Ghost"))
_BOTH: tuple[Step, ...] = (
    formulas_as_code("Ghost has no formulas: they appear as code."),
    diagrams("Ghost draws no diagrams: their code appears."),
    called_footnotes,
    task_lists,
    callouts,
    some_text,
)
CARD: tuple[Step, ...] = (
    *_HEAD,
    wrapped_lines("Ghost would show each line end as a break."),
    raised_and_marked,
    lazy_headings,
    definition_lists,
    *_BOTH,
    closed_code,
)
BLOCKS: tuple[Step, ...] = (*_HEAD, *_BOTH)


def card_of(article: Article, notes: Notes) -> str:
    """Markdown for the card, in which every sign means what it means to its author."""
    return run(CARD, article, notes).text.strip("\n")


def html_of(article: Article, notes: Notes) -> str:
    """HTML for Ghost to make blocks of. The author's own HTML is kept whole, each piece in a card of its own."""
    source = run(BLOCKS, article, notes)
    return _html(source)


def _html(source: Source) -> str:
    read, renderer = parsed(source.text), _renderer()
    env = {**read.env, "docId": source.article.key[:8]}
    return str(renderer.renderer.render(read.tokens, renderer.options, env)).strip()


SHOWN = Dialect(breaks=True, footnotes=True, notes_within=True, raised=True)


def shown_html(content: Mapping[str, str]) -> str:
    """What readers will see of {"html": …} or of {"lexical": …} with one card of Markdown."""
    if "html" in content:
        return content["html"]
    [card] = loads(content["lexical"])["root"]["children"]
    return to_shown_html(card["markdown"], SHOWN)


@cache
def _renderer() -> MarkdownIt:
    parser = new_parser()
    parser.add_render_rule("html_block", _as_card)
    return parser


def _as_card(_renderer: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    return f"<!--kg-card-begin: html-->\n{tokens[index].content.strip()}\n<!--kg-card-end: html-->\n"
