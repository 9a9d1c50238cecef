"""What a site has beside its posts: tags and categories, and pictures. Kept in memory, as long as the sandbox runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from sandbox.platforms.wordpress.display import slug_of

DEFAULT_CATEGORY = 1
FIRST_MEDIA_ID = 100_000
"""Pictures are posts of a kind: no post has the number of one."""
TYPES = {
    "image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",), "image/gif": (".gif",), "image/webp": (".webp",),
    "image/avif": (".avif",),
}  # fmt: skip
"""Those pictures that are taken: no SVG."""


@dataclass
class Term:
    id: int
    kind: str
    name: str
    slug: str

    def shown(self, origin: str) -> dict[str, Any]:
        taxonomy = {"tags": "post_tag", "categories": "category"}[self.kind]
        link = f"{origin}/wordpress/{taxonomy.removeprefix('post_')}/{self.slug}/"
        return {
            "id": self.id, "count": 0, "description": "", "link": link, "name": escape(self.name, quote=False),
            "slug": self.slug, "taxonomy": taxonomy, "meta": [],
        }  # fmt: skip


@dataclass
class Media:
    id: int
    name: str
    media_type: str
    body: bytes
    alt_text: str = ""
    author: str = ""

    @property
    def path(self) -> str:
        return f"/wp-content/uploads/{self.name}"


@dataclass
class Library:
    terms: list[Term] = field(default_factory=list)
    media: dict[int, Media] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """As a site is when it is new."""
        self.terms[:] = [Term(DEFAULT_CATEGORY, "categories", "Uncategorized", "uncategorized")]
        self.media.clear()

    # Terms

    def named(self, kind: str, name: str) -> Term | None:
        """The term of this name; capital letters make no difference."""
        wanted = name.casefold()
        return next((term for term in self.terms if term.kind == kind and term.name.casefold() == wanted), None)

    def make(self, kind: str, name: str) -> Term:
        term = Term(len(self.terms) + 1, kind, name, self._free_slug(kind, slug_of(name) or "term"))
        self.terms.append(term)
        return term

    def _free_slug(self, kind: str, slug: str) -> str:
        taken = {term.slug for term in self.terms if term.kind == kind}
        return next(one for one in _numbered(slug) if one not in taken)

    def known(self, kind: str, numbers: list[int]) -> list[int]:
        """Those of the numbers that are terms of this kind: the others are dropped without a word."""
        return [number for number in numbers if any(t.id == number and t.kind == kind for t in self.terms)]

    # Media

    def keep(self, name: str, media_type: str, body: bytes, alt_text: str, author: str) -> Media:
        stem, dot, ending = name.rpartition(".")
        taken = {one.name for one in self.media.values()}
        free = next(one for one in _numbered(stem, f"{dot}{ending}", first=1) if one not in taken)
        media = Media(FIRST_MEDIA_ID + len(self.media), free, media_type, body, alt_text, author)
        self.media[media.id] = media
        return media

    def at(self, path: str) -> Media | None:
        return next((media for media in self.media.values() if media.path == path), None)


def file_name(disposition: str) -> str:
    """The name in a Content-Disposition header, as the file would be called; "" without one."""
    found = re.search(r"filename=\"?([^\";]+)", disposition)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", found[1]).strip("-.") if found else ""


def _numbered(stem: str, ending: str = "", first: int = 2) -> Iterator[str]:
    yield f"{stem}{ending}"
    number = first
    while True:
        yield f"{stem}-{number}{ending}"
        number += 1
