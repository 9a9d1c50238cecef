"""The text as HTML, for platforms that take HTML.

Steps that change Markdown come first (callouts, task lists, formulas …), so that little is left to be decided here:
no platform gets a class that only our own pages have a style for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence, Set
from functools import cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from publishers.text.parser import Renderer, new_parser
from publishers.text.parsing import parsed
from publishers.text.source import Source

ELEMENTS = frozenset(nh3.ALLOWED_TAGS | {"section", "figure", "figcaption", "details", "summary", "mark"})
"""What comes through. Scripts, styles and forms never do."""

EMBEDS = frozenset({"iframe", "video", "audio", "source"})
"""What an author may embed on a site of one's own."""


SCHEMES = {"http", "https", "mailto", "tel"}

MORE_ATTRIBUTES: Mapping[str, Set[str]] = {
    "a": {"rel", "target"},
    "details": {"open"},
    "div": {"align"},
    "img": {"src", "alt", "title", "width", "height", "loading"},
    "ol": {"type", "reversed"},
    "p": {"align"},
    "td": {"style"},  # of which only the alignment stays
    "th": {"style"},
    "iframe": {"src", "width", "height", "title", "allow", "allowfullscreen", "frameborder", "loading"},
    "video": {"src", "controls", "width", "height", "poster", "loop", "muted", "autoplay", "playsinline", "preload"},
    "audio": {"src", "controls", "loop", "preload"},
    "source": {"src", "type"},
}


def to_article_html(source: Source, elements: Collection[str] = ELEMENTS) -> str:
    """Safe HTML of the text: the language of code as a class (``language-python``), ids that no other article has.

    Comments are left out; a mark is for the publisher to add.
    """
    read = parsed(source.text)
    renderer = _renderer()
    html = renderer.renderer.render(read.tokens, renderer.options, {**read.env, "docId": source.article.key[:8]})
    return nh3.clean(
        str(html),
        tags=set(elements),
        attributes=attributes_of(frozenset(elements)),
        link_rel=None,
        url_schemes=SCHEMES,
        filter_style_properties={"text-align"},
    ).strip()


@cache
def attributes_of(elements: frozenset[str]) -> dict[str, set[str]]:
    """What comes through of each of these elements, besides what nh3 lets everywhere (``lang``, ``title``)."""
    allowed = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items() if tag in elements}
    for tag in elements:
        allowed.setdefault(tag, set()).update({"class", "id", "dir"})
    for tag, names in MORE_ATTRIBUTES.items():
        if tag in elements:
            allowed[tag] |= names
    return allowed


@cache
def _renderer() -> MarkdownIt:
    return new_parser()


# --- With line numbers -------------------------------------------------------------------------------------------

LINE = "data-line"


def to_lined_html(source: Source) -> str:
    """Safe HTML of the text for publishers that write it anew: ``data-line`` is the line of ``source.text``, from 0."""
    read = parsed(source.text)
    parser = _lined_renderer()
    return nh3.clean(
        str(parser.renderer.render(read.tokens, parser.options, read.env)),
        tags=ELEMENTS | {"input", "s"},
        attributes=_lined_attributes(),
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
    )


@cache
def _lined_attributes() -> dict[str, set[str]]:
    allowed = {tag: {*names, LINE} for tag, names in attributes_of(ELEMENTS).items()}
    return {**allowed, "input": {"type", "checked", LINE}, "s": {LINE}}


@cache
def _lined_renderer() -> MarkdownIt:
    parser = new_parser(_Lined)
    called = parser.renderer.rules["footnote_ref"]  # type: ignore[attr-defined]
    parser.add_render_rule("footnote_ref", lambda _, *given: _with_line(called(*given), given[0][given[1]]))
    return parser


class _Lined(Renderer):
    @staticmethod
    def renderAttrs(token: Token) -> str:
        line = f' {LINE}="{token.map[0]}"' if token.map and token.nesting >= 0 else ""
        return Renderer.renderAttrs(token) + line

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _with_line(super().fence(tokens, idx, options, env), tokens[idx])

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _with_line(super().html_block(tokens, idx, options, env), tokens[idx])

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _with_line(super().html_inline(tokens, idx, options, env), tokens[idx])


_FIRST_TAG = re.compile(r"<([A-Za-z][\w-]*)")


def _with_line(html: str, token: Token) -> str:
    """``html`` whose first element has the line. Where its author gave it one as well, the first counts."""
    return _FIRST_TAG.sub(rf'<\1 {LINE}="{token.map[0]}"', html, count=1) if token.map else html


# --- Shortcodes --------------------------------------------------------------------------------------------------

_MARKUP = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)


def words_of(html: str) -> str:
    """What a reader reads of it, blanks collapsed: for knowing a text again, whatever a platform did to its tags."""
    return " ".join(unescape(_MARKUP.sub("", html)).split())


_SHORTCODE = re.compile(r"\[(?=[/\w])")


def without_shortcodes(html: str) -> str:
    """``html`` in which WordPress finds no shortcode: it looks for the bracket, readers see it all the same."""
    return _SHORTCODE.sub("&#91;", html)
