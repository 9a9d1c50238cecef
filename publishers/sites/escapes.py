"""What each template engine must not take for its own in an author's text.

General knowledge of Hugo's shortcodes and of MDX 2 and 3, not checked against each release.
"""

from __future__ import annotations

import re

from publishers.notes import Notes
from publishers.text.source import Source

ZERO_WIDTH = "\u200b"

_HUGO_OPENING = re.compile(r"\{\{[<%]")
HUGO_CLOSING = {"{{<": ">}}", "{{%": "%}}"}


def escape_hugo(text: str) -> str:
    """Hugo runs shortcodes in code as well. Its own escape is a comment inside the braces, which needs both ends.

    Where the closing braces are missing, Hugo would stop: there an invisible blank goes between the opening ones.
    """
    parts: list[str] = []
    position, missing = 0, set[str]()
    while found := _HUGO_OPENING.search(text, position):
        start, end, closing = found.start(), found.end(), HUGO_CLOSING[found[0]]
        parts.append(text[position:start])
        close = -1 if closing in missing else text.find(closing, end)
        if close < 0:
            missing.add(closing)
            parts.append("{" + ZERO_WIDTH)
            position = start + 1
        else:
            parts.append(found[0] + "/*" + text[end:close] + "*/" + closing)
            position = close + len(closing)
    return "".join(parts) + text[position:]


_MODULE = re.compile(r"^(import|export)(?=[\s{*])", re.MULTILINE)


def modules(source: Source, notes: Notes) -> Source:
    """In MDX a line that begins with "import" or "export" is code: there the first letter is written as its number."""
    return source.in_prose(_MODULE, lambda found: f"&#{ord(found[1][0])};{found[1][1:]}")
