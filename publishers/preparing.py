"""Getting an article ready, as far as two or more platforms do it alike, and the notes that this leaves for its author.

Pure text work. What a platform wants in its own way is an argument here, and stands in its own file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from html import escape

from publishers.addresses import is_public_url
from publishers.notes import Notes

__all__ = ["is_public_url"]

# What the tags of these names are called where only letters and digits count: without this, C and C# would be one tag.
TAG_NAMES = {"c#": "csharp", "c++": "cpp", "f#": "fsharp", ".net": "dotnet"}


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


def original_line(url: str) -> str:
    """HTML that says where an article appeared first, where a platform has no field for it."""
    return f'<p>Originally published at <a href="{escape(url)}" rel="canonical">{escape(url)}</a>.</p>'


def usable_cover(notes: Notes, url: str, fits: Callable[[str], bool], wish: str = "a public web address") -> str:
    """``url`` when the platform can fetch it, else ""."""
    if not url or fits(url):
        return url
    notes.lost("cover_url", f"{notes.label} cannot fetch the cover “{url}”: it needs {wish}.")
    return ""
