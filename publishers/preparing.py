"""Getting an article ready, as far as two or more platforms do it alike, and the notes that this leaves for its author.

Pure text work. What a platform wants in its own way is an argument here, and stands in its own file.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from publishers.base import Article, Finding, Level
from publishers.markdown import drop_title, relative_references, strip_front_matter, without_marks

# What the tags of these names are called where only letters and digits count: without this, C and C# would be one tag.
TAG_NAMES = {"c#": "csharp", "c++": "cpp", "f#": "fsharp", ".net": "dotnet"}


@dataclass
class Notes:
    """What happened to one article on its way to a platform. ``label`` is the platform's name in the sentences."""

    label: str
    findings: list[Finding] = field(default_factory=list)

    def refused(self, name: str, message: str) -> None:
        self.findings.append(Finding(Level.REFUSED, name, message))

    def lost(self, name: str, message: str) -> None:
        self.findings.append(Finding(Level.LOST, name, message))

    def changed(self, name: str, message: str) -> None:
        self.findings.append(Finding(Level.CHANGED, name, message))

    def rewritten(self, before: str, after: str, message: str) -> str:
        """``after``, and ``message`` about it when it is another text than ``before``."""
        if after != before:
            self.changed("markdown", message)
        return after


# --- Title -------------------------------------------------------------------------------------------------------


def one_line(title: str) -> str:
    """As servers store it: no control characters, blanks collapsed."""
    visible = "".join(" " if unicodedata.category(char) == "Cc" else char for char in title)
    return " ".join(visible.split())


def note_title(notes: Notes, title: str, given: str) -> None:
    if not title:
        notes.refused("title", f"{notes.label} needs a title.")
    elif title != given:
        notes.changed("title", f"The title becomes “{title}”.")


# --- Text --------------------------------------------------------------------------------------------------------


def own_text(notes: Notes, article: Article) -> str:
    """The author's text with plain line ends, without marks and without front matter, which some servers obey."""
    whole = without_marks(article.markdown.replace("\r\n", "\n").replace("\r", "\n"))
    message = "The block between --- lines at the head is left out."
    return notes.rewritten(whole.lstrip("\ufeff"), strip_front_matter(whole), message)


def untitled_text(notes: Notes, article: Article) -> str:
    """The author's own text without a first heading that repeats the title."""
    text = own_text(notes, article)
    message = "The first heading repeats the title and is left out."
    return notes.rewritten(text, drop_title(text, article.title), message)


def note_relative(notes: Notes, text: str, links: str) -> None:
    """Say which images and links lead nowhere; ``links`` ends the sentence about a link."""
    for address, is_image in relative_references(text):
        if is_image:
            notes.lost("markdown", f"The image “{address}” has no full web address: {notes.label} cannot show it.")
        else:
            notes.changed("markdown", f"The link “{address}” has no full web address: {links}.")


# --- Tags and addresses ------------------------------------------------------------------------------------------


def has_room(notes: Notes, tag: str, name: str, kept: Collection[str], most: int) -> bool:
    """Whether ``tag``, as ``name``, can join those that are ``kept``; if not, the author is told why."""
    if name in kept:
        notes.lost("tags", f"The tag “{tag}” is there already.")
        return False
    if len(kept) == most:
        notes.lost("tags", f"{notes.label} takes {most} tags: “{tag}” is left out.")
        return False
    return True


def note_canonical_url(notes: Notes, url: str, fits: Callable[[str], bool], wish: str) -> None:
    """``wish`` says what the platform wants of such an address, as the end of a sentence."""
    if url and not fits(url):
        notes.refused("canonical_url", f"“{url}” cannot be the canonical address: {wish}.")


def usable_cover(notes: Notes, url: str, fits: Callable[[str], bool], wish: str = "a public web address") -> str:
    """``url`` when the platform can fetch it, else ""."""
    if not url or fits(url):
        return url
    notes.lost("cover_url", f"{notes.label} cannot fetch the cover “{url}”: it needs {wish}.")
    return ""


def is_public_url(url: str) -> bool:
    """Whether everybody could load ``url``, as far as it shows: http or https, no blanks, not a local host."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or re.search(r"\s", url):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal"))
