"""Markdown → HTML, and the transforms of Markdown that two or more platforms or the preview need.

Every function takes and returns text; none of them needs a network, a database or a setting.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

TITLE_LINES = 30  # a heading at the head of a text is within its first lines
ID_PREFIX = "post-"  # keeps a heading called "location" from shadowing the page's own names


# --- The mark by which an article is known again -----------------------------------------------------------------

_MARK = re.compile(r"<!--\s*blogscheduler:([0-9A-Za-z_-]+)\s*-->")


def mark(key: str) -> str:
    """The invisible comment that says whose article this is."""
    return f"<!-- blogscheduler:{key} -->"


def marks_in(text: str) -> list[str]:
    """The keys of all marks in ``text``, in their order."""
    return _MARK.findall(text)


def without_marks(text: str) -> str:
    """``text`` without marks, which an author may have pasted together with the source of an older article."""
    return _MARK.sub("", text)


# --- HTML --------------------------------------------------------------------------------------------------------


def to_html(markdown: str) -> str:
    """Safe HTML of GitHub-flavoured Markdown with footnotes and definition lists.

    Front matter is the caller's to take off. Code carries Pygments' classes (no inline style), checkboxes cannot be
    ticked, every id begins with "post-".
    """
    return nh3.clean(
        _parser().render(markdown),
        tags=nh3.ALLOWED_TAGS | {"input", "section", "figure", "figcaption", "details", "summary"},
        attributes=_attributes(),
        attribute_filter=_filter_attribute,
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
        link_rel="noopener noreferrer",
        url_schemes={"http", "https", "mailto"},
    )


def _attributes() -> dict[str, set[str]]:
    allowed = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    for tag in ("code", "pre", "span", "div", "p", "ul", "li", "section", "hr", "sup"):
        allowed.setdefault(tag, set()).add("class")
    for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "li", "section", "sup"):
        allowed.setdefault(tag, set()).add("id")
    for tag in ("th", "td"):
        allowed.setdefault(tag, set()).add("align")
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


DEEPEST = 100  # levels of lists and quotations; what lies deeper is dropped without a word


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like2", {"highlight": _highlight, "maxNesting": DEEPEST})
    return parser.use(footnote_plugin).use(deflist_plugin)


def _highlight(code: str, language: str, _attributes: str) -> str:
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


# --- Source to source --------------------------------------------------------------------------------------------


def strip_front_matter(markdown: str) -> str:
    """``markdown`` without a leading ``---`` (YAML) or ``+++`` (TOML) block, which some platforms would obey."""
    text = markdown.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    while found := re.match(r"\s*(---|\+\+\+)[ \t]*\n(?:.*\n)*?\1[ \t]*(?:\n|\Z)", text):
        text = text[found.end() :]
    return text


def drop_title(markdown: str, title: str) -> str:
    """``markdown`` without a first heading that only repeats the title: platforms print the title themselves."""
    tokens = _tokens("\n".join(markdown.split("\n", TITLE_LINES)[:TITLE_LINES]))
    if len(tokens) < 2 or tokens[0].type != "heading_open" or tokens[0].tag != "h1" or not tokens[0].map:
        return markdown
    if _plain(_text_of(tokens[1])) != _plain(title):
        return markdown
    start, end = tokens[0].map
    lines = markdown.split("\n")
    return "\n".join(lines[:start] + lines[end:]).lstrip("\n")


def join_wrapped_lines(markdown: str) -> str:
    """One line per paragraph, for platforms that turn each line end into a break. Hard breaks stay."""
    lines = markdown.split("\n")
    for first, last, quotes in reversed(list(_paragraphs(_tokens(markdown)))):
        pieces = [lines[first]]
        for before, line in pairwise(lines[first:last]):
            if before.endswith(("  ", "\\")):
                pieces += ["\n", line]
            else:
                pieces[-1] = pieces[-1].rstrip(" \t")
                unquoted = _unquoted(line, quotes)
                pieces += [_between(pieces[-1], unquoted), unquoted]
        lines[first:last] = ["".join(pieces)]
    return "\n".join(lines)


def relative_references(markdown: str) -> list[tuple[str, bool]]:
    """Every relative address with whether it is an image: they lead nowhere on another site. "#part" is fine."""
    found: dict[tuple[str, bool], None] = {}
    for token in _all_tokens(_tokens(markdown)):
        for address, is_image in _references(token):
            if _is_relative(address):
                found[address, is_image] = None
    return list(found)


def raw_html(markdown: str) -> list[str]:
    """Every opening tag of raw HTML as the author wrote it, without those in comments and code."""
    tokens = (token for token in _all_tokens(_tokens(markdown)) if token.type in ("html_block", "html_inline"))
    shown = (re.sub(r"<!--.*?(?:-->|\Z)", "", token.content, flags=re.DOTALL) for token in tokens)
    return [tag for html in shown for tag in re.findall(r"<[A-Za-z][^<>]*>?", html)]


def close_open_fence(markdown: str) -> str:
    """``markdown`` with its last code block closed, so that what we put after it does not become code."""
    fences = [token for token in _tokens(markdown) if token.type == "fence" and token.level == 0 and token.map]
    if not fences or not fences[-1].map:
        return markdown
    (first, end), marker = fences[-1].map, fences[-1].markup
    last_line = markdown.split("\n")[end - 1].strip()
    closed = end - first > 1 and set(last_line) == {marker[0]} and len(last_line) >= len(marker)
    return markdown if closed else f"{markdown.rstrip()}\n{marker}"


_OPENING = re.compile(
    r"""(?:\{|&\#0*123;|&\#[xX]0*7[bB];|&lcub;|&lbrace;)            # a brace, also as an entity
        (?:\\?(?:\{|&\#0*123;|&\#[xX]0*7[bB];|&lcub;|&lbrace;))*    # more of them, perhaps with a backslash
        (?:\\?(?:[%\#]|&\#0*37;|&\#[xX]0*25;|&percnt;))?            # and what makes a tag or a comment of one
        (?:\\?(?:\}|&\#0*125;|&\#[xX]0*7[dD];|&rcub;|&rbrace;))*    # Liquid would take these for our endraw's
    """,
    re.VERBOSE,
)
_CLOSING = re.compile(r"(?:\\?(?:\}|&#0*125;|&#[xX]0*7[dD];|&rcub;|&rbrace;))+")
_HARMLESS = re.compile(r"(?:\{|&#0*123;|&#[xX]0*7[bB];|&lcub;|&lbrace;)[^{&%#]*")


def escape_liquid(text: str, *, before_tag: bool = False, after_tag: bool = False) -> str:
    """``text`` so that Liquid or Nunjucks gives back every ``{{``, ``{%`` and ``{#`` as it is written.

    Only the opening braces, with closing ones right behind them, go into a raw block: so ``{% endraw %}`` in the text
    cannot end it. Inside a web address, which may contain no blank, braces become %7B and %7D. ``before_tag`` and
    ``after_tag``: a tag of somebody else's stands right beside, to which a brace at that end would be added.
    """
    text = _ADDRESS.sub(lambda found: _percent(found[0]), text)
    head = _CLOSING.match(text) if after_tag else None
    rest = text[head.end() :] if head else text
    end = len(rest.rstrip())  # Forem lets code begin with the blanks before it

    def safe(found: re.Match[str]) -> str:
        at_tag = before_tag and found.end() == end
        return found[0] if _HARMLESS.fullmatch(found[0]) and not at_tag else _raw(found[0])

    return (_raw(head[0]) if head else "") + _OPENING.sub(safe, rest)


_ADDRESS = re.compile(r"(?<=\]\()[^\s()<>]*\{[{%#][^\s()<>]*|https?://[^\s<>()`\"']*\{[{%#][^\s<>()`\"']*")


def _percent(address: str) -> str:
    return address.replace("{", "%7B").replace("}", "%7D")


def _raw(text: str) -> str:
    return "{% raw %}" + text + "{% endraw %}"


# --- Reading tokens ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _tokens(markdown: str) -> list[Token]:
    """Parsed once for all the functions here that look at the same text; nobody changes the list."""
    return _parser().parse(markdown)


def _all_tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all_tokens(token.children or [])


def _text_of(inline: Token) -> str:
    return "".join(" " if one.type.endswith("break") else one.content for one in inline.children or [])


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def _paragraphs(tokens: list[Token]) -> Iterator[tuple[int, int, int]]:
    """First line, line after the last, and depth of quotation of each paragraph of more than one line."""
    quotes = 0
    for token, following in pairwise(tokens):
        quotes += {"blockquote_open": 1, "blockquote_close": -1, "alert_open": 1, "alert_close": -1}.get(token.type, 0)
        if token.type == "paragraph_open" and following.type == "inline" and following.map:
            first, last = following.map
            if last - first > 1:
                yield first, last, quotes


def _unquoted(line: str, quotes: int) -> str:
    for _ in range(quotes):
        line = re.sub(r"^[ \t]*>", "", line)
    return line.lstrip(" \t")


def _between(left: str, right: str) -> str:
    """What joins two lines: a blank, except where Chinese or Japanese characters meet."""
    return "" if left and right and _is_wide(left[-1]) and _is_wide(right[0]) else " "


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" and not "\uac00" <= char <= "\ud7a3"  # Korean has blanks


def _references(token: Token) -> Iterator[tuple[str, bool]]:
    if token.type == "link_open":
        yield str(token.attrs.get("href", "")), False
    elif token.type == "image":
        yield str(token.attrs.get("src", "")), True
    elif token.type in ("html_block", "html_inline"):
        for name, address in re.findall(r"\b(href|src)\s*=\s*[\"']?([^\"'\s>]+)", token.content, re.IGNORECASE):
            yield address, name.lower() == "src"


def _is_relative(address: str) -> bool:
    try:
        return bool(address) and not address.startswith(("#", "//")) and not urlsplit(address).scheme
    except ValueError:
        return False
