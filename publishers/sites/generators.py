"""How Hugo, Jekyll, Astro and Eleventy differ, as far as a post is concerned.

General knowledge of Hugo, Jekyll 4, Astro and Eleventy 2/3, not checked against each release: every key can be renamed
in the channel's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from publishers.sites.escapes import escape_hugo
from publishers.text.dialects import COMMON, Dialect
from publishers.text.escapes import escape_liquid


@dataclass(frozen=True)
class Generator:
    """How one site generator differs. ``keys`` translates our names, in the order in which they are written."""

    label: str
    directory: str  # where its posts are by convention
    permalink: str  # its usual address for a post; :section is the directory below the content's root
    keys: Mapping[str, str]
    fixed: Mapping[str, Any]
    escape: Callable[[str], str]
    pictures: str  # the folder of a post's pictures, where they do not lie beside it
    hidden: Mapping[str, Any]  # what takes a post off the site although its file is there
    dialect: Dialect = COMMON  # what its Markdown knows as it comes
    dated_name: bool = False  # YYYY-MM-DD- before the slug


GENERATORS: dict[str, Generator] = {
    "hugo": Generator(
        label="Hugo",
        dialect=Dialect(tasks=True, footnotes=True, definitions=True),
        directory="content/posts",
        permalink="/:section/:slug/",
        keys={
            "title": "title",
            "date": "date",
            "updated": "lastmod",
            "draft": "draft",
            "slug": "slug",
            "description": "description",
            "tags": "tags",
            "images": "images",
            "canonical": "canonicalURL",
            "author": "author",
            "language": "lang",
        },
        fixed={"draft": False},
        escape=escape_hugo,
        pictures="static/images/{slug}",
        hidden={"draft": True},
    ),
    "jekyll": Generator(
        label="Jekyll",
        dialect=Dialect(tasks=True, footnotes=True, definitions=True),
        directory="_posts",
        permalink="/:year/:month/:day/:slug.html",
        keys={
            "layout": "layout",
            "title": "title",
            "date": "date",
            "updated": "last_modified_at",
            "description": "description",
            "tags": "tags",
            "cover": "image",
            "canonical": "canonical_url",
            "author": "author",
            "language": "lang",
        },
        fixed={"layout": "post"},
        escape=escape_liquid,
        pictures="assets/images/{slug}",
        hidden={"published": False},
        dated_name=True,
    ),
    "astro": Generator(
        label="Astro",
        directory="src/content/blog",
        permalink="/:section/:slug/",
        keys={
            "title": "title",
            "description": "description",
            "date": "pubDate",
            "updated": "updatedDate",
            "tags": "tags",
            "cover": "heroImage",
            "canonical": "canonicalURL",
            "author": "author",
            "language": "lang",
        },
        fixed={},
        escape=lambda text: text,  # plain .md files have no template syntax
        pictures="public/images/{slug}",
        hidden={"draft": True},
    ),
    "eleventy": Generator(
        label="Eleventy",
        dialect=Dialect(),
        directory="posts",
        permalink="/:section/:slug/",
        keys={
            "title": "title",
            "description": "description",
            "date": "date",
            "tags": "tags",
            "cover": "image",
            "canonical": "canonical",
            "author": "author",
            "language": "lang",
        },
        fixed={},
        escape=escape_liquid,
        pictures="images/{slug}",
        hidden={"permalink": False, "eleventyExcludeFromCollections": True},
    ),
}
