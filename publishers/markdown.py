"""Markdown as safe HTML for our own pages."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from publishers.base import Article
from publishers.text.parser import new_parser
from publishers.text.parsing import parsed
from publishers.text.source import Source
from publishers.text.steps import end_of_front_matter, end_of_title

ELEMENTS = frozenset(nh3.ALLOWED_TAGS | {"input", "section", "figure", "figcaption", "details", "summary", "mark"})
ID_PREFIX = "post-"  # keeps a heading called "location" from shadowing the page's own names


# --- HTML --------------------------------------------------------------------------------------------------------


def to_html(markdown: str) -> str:
    """Safe HTML of GitHub-flavoured Markdown with footnotes and definition lists.

    Front matter is the caller's to take off. Code carries Pygments' classes (no inline style), checkboxes cannot be
    ticked, every id begins with "post-".
    """
    return clean(_render(markdown))


def clean(html: str, elements: Collection[str] = ELEMENTS) -> str:
    """HTML of anybody's that is safe on our own pages, with these elements as far as they are harmless."""
    return nh3.clean(
        _ALIGNED.sub(r'align="\1"', html),
        tags=ELEMENTS & {*elements, "input"},
        attributes=_attributes(),
        attribute_filter=_filter_attribute,
        set_tag_attribute_values={
            "input": {"type": "checkbox", "disabled": "", "aria-label": "Task"},
            "pre": {"tabindex": "0"},  # where code is too wide, arrow keys move it
            "table": {"tabindex": "0"},
        },
        link_rel="noopener noreferrer",
        url_schemes={"http", "https", "mailto"},
    )


_ALIGNED = re.compile(r'(?<=<t[hd] )style="text-align:\s*(left|right|center);?"')  # our pages allow no style


def _attributes() -> dict[str, set[str]]:
    allowed = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    for tag in ("code", "pre", "span", "div", "p", "ul", "li", "section", "hr", "sup"):
        allowed.setdefault(tag, set()).add("class")
    for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "li", "section", "sup"):
        allowed.setdefault(tag, set()).add("id")
    for tag in ("th", "td", "p", "div"):
        allowed.setdefault(tag, set()).add("align")
    for tag in allowed:
        allowed[tag].add("dir")
    allowed["details"] = {"open", "dir"}
    allowed.setdefault("a", set()).update({"class", "id"})
    allowed.setdefault("img", set()).update({"src", "alt", "title", "width", "height"})
    allowed["input"] = {"type", "checked", "disabled"}
    return allowed


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return ID_PREFIX + value
    if tag == "a" and name == "href" and value.startswith("#"):
        return f"#{ID_PREFIX}{value[1:]}"
    return value


def _render(markdown: str) -> str:
    read = parsed(_source(markdown).base)
    return str(_renderer().renderer.render(read.tokens, _renderer().options, read.env))


@cache
def _renderer() -> MarkdownIt:
    return new_parser(highlight=_highlight)


def _highlight(code: str, language: str, _attributes: str) -> str:
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


# --- As our pages show it ----------------------------------------------------------------------------------------


def strip_front_matter(markdown: str) -> str:
    """``markdown`` without a leading ``---`` (YAML) or ``+++`` (TOML) block."""
    text = _source(markdown).base
    return text[end_of_front_matter(text) :]


def drop_title(markdown: str, title: str) -> str:
    """``markdown`` without a first heading that only repeats the title."""
    return markdown[end_of_title(markdown, title) :]


def _source(markdown: str) -> Source:
    return Source.of(Article(key="", title="", markdown=markdown))
