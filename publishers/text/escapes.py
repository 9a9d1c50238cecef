"""What keeps template engines and shortcodes from obeying an author's words."""

from __future__ import annotations

import re

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
