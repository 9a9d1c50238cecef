"""What an author is told about one article on its way to one platform."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from publishers.base import Finding, Level


@dataclass
class Notes:
    """What happened to one article on its way to a platform. ``label`` is the platform's name in the sentences.

    ``line`` counts from 1 in the author's Markdown. What is said of several lines becomes one finding, at the first.
    """

    label: str
    findings: list[Finding] = field(default_factory=list)
    _said: dict[tuple[Level, str, str], tuple[int, list[int]]] = field(default_factory=dict, repr=False)

    def refused(self, name: str, message: str, line: int | None = None) -> None:
        self.add(Level.REFUSED, name, message, line)

    def lost(self, name: str, message: str, line: int | None = None) -> None:
        self.add(Level.LOST, name, message, line)

    def changed(self, name: str, message: str, line: int | None = None) -> None:
        self.add(Level.CHANGED, name, message, line)

    def note(self, name: str, message: str, line: int | None = None) -> None:
        self.add(Level.NOTE, name, message, line)

    def add(self, level: Level, name: str, message: str, line: int | None = None) -> None:
        if line is None:
            self.findings.append(Finding(level, name, message))
            return
        place, lines = self._said.setdefault((level, name, message), (len(self.findings), []))
        if not lines:
            self.findings.append(Finding(level, name, message, line))
        index = bisect_left(lines, line)
        if lines[index : index + 1] != [line]:
            lines.insert(index, line)
            self.findings[place] = Finding(level, name, message + _also(lines), lines[0])

    def rewritten(self, before: str, after: str, message: str) -> str:
        """``after``, and ``message`` about it when it is another text than ``before``."""
        if after != before:
            self.changed("markdown", message)
        return after


NAMED = 4  # lines that are named; of more only the number is told


def _also(lines: list[int]) -> str:
    """The lines but the first, of which the same is said, as a sentence of its own."""
    if len(lines) < 2:
        return ""
    more = [f"{len(lines) - 1 - NAMED} more"] if len(lines) > 1 + NAMED else []
    *front, last = [*map(str, lines[1 : 1 + NAMED]), *more]
    return f" Also in line {last}." if not front else f" Also in lines {', '.join(front)} and {last}."
