"""The mark by which an article is known again."""

from __future__ import annotations

import re

_MARK = re.compile(r"<!--\s*blogscheduler:([0-9A-Za-z_-]+)\s*-->")


def mark(key: str) -> str:
    """The invisible comment that says whose article this is."""
    return f"<!-- blogscheduler:{key} -->"


def marks_in(text: str) -> list[str]:
    """The keys of all marks in ``text``, in their order."""
    return _MARK.findall(text)


def without_marks(text: str) -> str:
    """``text`` without marks, which an author may have pasted together with the source of an older article.

    Line ends within one stay, so that every line keeps its number.
    """
    return _MARK.sub(lambda found: "\n" * found[0].count("\n"), text)
