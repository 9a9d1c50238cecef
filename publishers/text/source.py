"""A text on its way to a platform, which still knows where each of its lines stands in what the author wrote."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from publishers.base import Article
from publishers.marks import without_marks
from publishers.text.parsing import Parsed, parsed


@dataclass(frozen=True)
class Edit:
    """``text`` instead of what stands from ``start`` to ``end`` in ``Source.base``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """The text as it was read, and what has been changed in it since.

    Steps look at ``parsed``, which is the same for all of them (and for all platforms, so that a text is parsed once),
    and add edits. ``text`` is what comes out. Where two edits want the same place the first one stays; an edit that
    holds others within it replaces them, and asks ``present`` for what they have made of it.
    """

    article: Article
    base: str
    origins: Sequence[int] = field(repr=False)  # the line, from 1, of the author's Markdown for each line of base
    edits: tuple[Edit, ...] = ()  # in the order of the text; none overlaps another

    @classmethod
    def of(cls, article: Article) -> Source:
        """The author's text with plain line ends, and without the marks of an older article pasted with it."""
        text = article.markdown.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        return cls(article, without_marks(text), range(1, text.count("\n") + 2))

    @cached_property
    def parsed(self) -> Parsed:
        return parsed(self.base)

    @cached_property
    def text(self) -> str:
        return self.present(0, len(self.base))

    def present(self, start: int, end: int) -> str:
        """What has become of a stretch of ``base``. Edits that reach out of it are left out."""
        parts: list[str] = []
        position = start
        for edit in self.edits[bisect_left(self._starts, start) : bisect_right(self._starts, end)]:
            if edit.start >= position and edit.end <= end:
                parts += [self.base[position : edit.start], edit.text]
                position = edit.end
        return "".join(parts) + self.base[position:end]

    def line(self, line: int) -> int:
        """The author's line, from 1, for a line of ``base``, from 0."""
        return self.origins[min(line, len(self.origins) - 1)]

    def line_at(self, offset: int) -> int:
        return self.line(self.parsed.line_at(offset))

    def is_edited(self, start: int, end: int) -> bool:
        return bool(self._near(Edit(start, end, "")))

    def _with(self, edits: tuple[Edit, ...]) -> Source:
        other = replace(self, edits=edits)
        if "parsed" in self.__dict__:
            other.__dict__["parsed"] = self.parsed
        return other

    def _near(self, edit: Edit) -> list[Edit]:
        """The edits that ``edit`` overlaps."""
        index = max(0, bisect_left(self._starts, edit.start) - 1)
        near = self.edits[index : bisect_left(self._starts, edit.end)]
        return [one for one in near if _overlap(one, edit)]

    def edited(self, edits: Iterable[Edit]) -> Source:
        """With these edits as well, as far as nothing was changed there already."""
        replaced: set[Edit] = set()
        added: list[Edit] = []
        for edit in sorted(edits, key=_place):
            inner = self._near(edit)
            is_free = all(_holds(edit, one) for one in inner) and not (added and _overlap(added[-1], edit))
            if is_free:
                added.append(edit)
                replaced.update(inner)
        if not added:
            return self
        kept = [edit for edit in self.edits if edit not in replaced]
        return self._with(tuple(sorted([*kept, *added], key=_place)))

    @cached_property
    def _starts(self) -> list[int]:
        return [edit.start for edit in self.edits]

    def in_prose(self, pattern: re.Pattern[str], becomes: Callable[[re.Match[str]], str]) -> Source:
        """Each ``pattern`` in plain words replaced: not in code, formulas, HTML or addresses."""
        edits = []
        for start, end in self.parsed.prose:
            edits += [
                Edit(found.start(), found.end(), new)
                for found in pattern.finditer(self.base, start, end)
                if (new := becomes(found)) != found[0]
            ]
        return self.edited(edits)

    def without_head(self, end: int) -> Source:
        """The text from ``end`` on, read anew. Only before anything was edited."""
        assert not self.edits, "the head of a text is taken off first"
        if not end:
            return self
        return Source(self.article, self.base[end:], self.origins[self.base.count("\n", 0, end) :])

    def rewritten(self, text: str) -> Source:
        """With another text instead of ``self.text``, which has the same lines or more of them at its end."""
        origins = self.text_origins
        more = text.count("\n") + 1 - len(origins)
        return Source(self.article, text, [*origins, *[origins[-1]] * more])

    @cached_property
    def text_origins(self) -> list[int]:
        """The author's line, from 1, for each line of ``text``."""
        lines, line, position = [0], 0, 0
        for edit in [*self.edits, Edit(len(self.base), len(self.base), "")]:
            kept = self.base.count("\n", position, edit.start)
            lines += range(line + 1, line + kept + 1)
            line += kept
            lines += [line] * edit.text.count("\n")
            line += self.base.count("\n", edit.start, edit.end)
            position = edit.end
        last = len(self.origins) - 1
        return [self.origins[min(number, last)] for number in lines]


def _place(edit: Edit) -> tuple[int, int]:
    return edit.start, edit.end


def _holds(outer: Edit, inner: Edit) -> bool:
    """Whether ``inner`` lies within ``outer`` and is smaller."""
    return outer.start <= inner.start and inner.end <= outer.end and _place(outer) != _place(inner)


def _overlap(one: Edit, other: Edit) -> bool:
    return one.start < other.end and other.start < one.end
