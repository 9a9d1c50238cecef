"""What a post will look like on a channel, beside what is lost or changed there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from posts.engine.packing import article_of, door_of
from posts.models import Channel, Post
from posts.planning import scheduling
from posts.planning.scheduling import Options, not_yet
from posts.views.reading import below_title
from publishers.base import Finding, Level, Look, Looks
from publishers.errors import PublishingError

PREVIEWED = 100_000  # characters: what is rendered while people type


@dataclass(frozen=True)
class Sight:
    """How one channel will show the post, and what it says of it."""

    channel: Channel
    look: Look | None  # its HTML is safe; None where nobody can say
    findings: list[Finding]
    is_cut: bool = False

    def changes(self) -> list[Finding]:
        """What is refused, lost or changed."""
        return [one for level, those in by_level(self.findings) for one in those if level != Level.NOTE]

    def notes(self) -> list[Finding]:
        return [one for level, those in by_level(self.findings) for one in those if level == Level.NOTE]


def by_level(findings: Iterable[Finding]) -> list[tuple[Level, list[Finding]]]:
    """The worst first, and within a level in the order of the text."""
    found = sorted(findings, key=lambda finding: finding.line or 0)
    groups = [(level, [one for one in found if one.level == level]) for level in Level]
    return [(level, those) for level, those in groups if those]


def sight_of(
    post: Post, channel: Channel, due_at: datetime | None = None, options: Options | None = None,
    findings: list[Finding] | None = None, most: int = PREVIEWED, page: str = "",
) -> Sight:  # fmt: skip
    """``post`` may be one that is not saved. ``findings``: those of ``scheduling.check`` where they are known.

    ``most``: characters of the text that are shown. ``page``: the address that is announced.
    """
    findings = scheduling.check(post, channel, due_at, options, page) if findings is None else findings
    article = article_of(not_yet(post, channel, due_at, options, page))
    short = replace(article, markdown=article.markdown[:most])
    try:
        door = door_of(channel).open()
        look = door.look(short) if isinstance(door, Looks) else None
    except PublishingError:
        look = None
    if look:
        look = replace(look, html=below_title(look.html))
    return Sight(channel, look, findings, is_cut=short.markdown != article.markdown)
