"""What keeps template engines and shortcodes from obeying an author's words."""

from __future__ import annotations

import re

from publishers.notes import Notes
from publishers.text.parsing import Kind
from publishers.text.source import Edit, Source

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
    if has_no_brace(text):
        return text
    text = _ADDRESS.sub(lambda found: _percent(found[0]), text)
    head = _CLOSING.match(text) if after_tag else None
    rest = text[head.end() :] if head else text
    end = len(rest.rstrip())  # Forem lets code begin with the blanks before it

    def safe(found: re.Match[str]) -> str:
        at_tag = before_tag and found.end() == end
        return found[0] if _HARMLESS.fullmatch(found[0]) and not at_tag else _raw(found[0])

    return (_raw(head[0]) if head else "") + _OPENING.sub(safe, rest)


def has_no_brace(text: str) -> bool:
    """That no template engine finds anything in it. Most texts are such, and patterns take much longer to tell."""
    return not any(sign in text for sign in "{}&")


_ADDRESS = re.compile(r"(?<=\]\()[^\s()<>]*\{[{%#][^\s()<>]*|https?://[^\s<>()`\"']*\{[{%#][^\s<>()`\"']*")


def _percent(address: str) -> str:
    return address.replace("{", "%7B").replace("}", "%7D")


def _raw(text: str) -> str:
    return "{% raw %}" + text + "{% endraw %}"


def without_raw(text: str) -> str:
    """What Liquid makes of ``escape_liquid``'s raw blocks."""
    return _RAW_BLOCK.sub(r"\1", text)


_RAW_BLOCK = re.compile(r"\{% raw %\}(.*?)\{% endraw %\}", re.DOTALL)


# --- Steps -------------------------------------------------------------------------------------------------------

_LINE_HEAD = r"^((?:[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t])*)"
_LAZY_HEADING = re.compile(_LINE_HEAD + r"(#{1,6})(?=[^#\s])", re.MULTILINE)


def lazy_headings(source: Source, notes: Notes) -> Source:
    """``#word`` at the start of a line stays a word, where the platform would make a heading of it."""
    edits = []
    for found in _LAZY_HEADING.finditer(source.base):
        if not source.parsed.is_literal(found.start(2)) and not source.is_edited(found.start() - 1, found.start()):
            edits.append(Edit(found.start(2), found.start(2), "\\"))
            message = f"“{found[2]}” right before a word stays text: {notes.label} would make a heading of it."
            notes.note("markdown", message, source.line_at(found.start(2)))
    return source.edited(edits)


_TILDE = re.compile(r"(?<![~\\\s])~(?!~)|(?<![~\\])~(?![~\s])")
# A line of "=" makes a heading, [^1] and ^[…] are footnotes.
_RAISING = re.compile(r"(?<!\\)(==(?![=\s]*$)|(?<!\[)\^(?!\[))", re.MULTILINE)


def struck_words(source: Source, notes: Notes) -> Source:
    """``~words~`` as ``~~words~~``, which more platforms know."""
    struck = [span for span in source.parsed.spans if span.kind is Kind.STRUCK and span.end - span.start == 1]
    return source.edited(Edit(span.start, span.end, "~~") for span in struck)


def raised_and_marked(source: Source, notes: Notes) -> Source:
    """``^x^``, ``==x==`` and a lone ``~`` mean nothing to the author; to markdown-it's sup, mark and sub they do."""
    escaped = struck_words(source, notes).in_prose(_RAISING, lambda found: "".join(f"\\{sign}" for sign in found[1]))
    return escaped.in_prose(_TILDE, lambda found: "\\~")


_WITHIN_WORD = re.compile(r"(?<=[^\W_])_+(?=[^\W_])")


def underscores_in_words(source: Source, notes: Notes) -> Source:
    """``snake_case`` keeps its underscores, where the platform would take them for emphasis."""
    return source.in_prose(_WITHIN_WORD, lambda found: "\\_" * len(found[0]))


_JSX = re.compile(r"(?<!\\)(?:\{(?!/\*\*/\})|(?<!/\*\*/)\}|<)")


def jsx(source: Source, notes: Notes) -> Source:
    """For MDX: braces and a lone ``<`` are text; comments, which it cannot read, lose their words."""
    read = source.parsed
    edits = []
    for span in read.spans:
        if span.kind is Kind.HTML:
            edits += [
                Edit(one.start(), one.end(), "{/**/}") for one in _COMMENT.finditer(source.base, span.start, span.end)
            ]
            notes.note("markdown", "HTML in an MDX file has to be closed like XML.", source.line_at(span.start))
        elif span.kind is Kind.LINK and span.token.markup == "autolink":
            address = source.base[span.start + 1 : span.end - 1]
            edits.append(Edit(span.start, span.end, f"[{address}]({span.token.attrs['href']})"))
    return source.edited(edits).in_prose(_JSX, lambda found: f"\\{found[0]}")


_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
