"""A Markdown file as each site generator reads it: front matter, escaped text, file name and address.

What the generators want is general knowledge of Hugo, Jekyll 4, Astro and Eleventy 2/3, not checked against each
release: every key can be renamed in the channel's settings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import yaml

from publishers.base import Article
from publishers.notes import Notes
from publishers.text.escapes import escape_liquid
from publishers.text.source import Source
from publishers.text.steps import Step, as_letters, own_front_matter, run, some_text, without_title

MARK_KEY = "blogscheduler_id"
ZERO_WIDTH = "\u200b"


@dataclass(frozen=True)
class Generator:
    """How one site generator differs. ``keys`` translates our names, in the order in which they are written."""

    label: str
    directory: str  # where its posts are by convention
    permalink: str  # its usual address for a post; :section is the directory below the content's root
    keys: Mapping[str, str]
    fixed: Mapping[str, Any]
    escape: Callable[[str], str]
    dated_name: bool = False  # YYYY-MM-DD- before the slug


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


GENERATORS: dict[str, Generator] = {
    "hugo": Generator(
        label="Hugo",
        directory="content/posts",
        permalink="/:section/:slug/",
        keys={
            "title": "title",
            "date": "date",
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
    ),
    "jekyll": Generator(
        label="Jekyll",
        directory="_posts",
        permalink="/:year/:month/:day/:slug.html",
        keys={
            "layout": "layout",
            "title": "title",
            "date": "date",
            "description": "description",
            "tags": "tags",
            "cover": "image",
            "canonical": "canonical_url",
            "author": "author",
            "language": "lang",
        },
        fixed={"layout": "post"},
        escape=escape_liquid,
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
            "tags": "tags",
            "cover": "heroImage",
            "canonical": "canonicalURL",
            "author": "author",
            "language": "lang",
        },
        fixed={},
        escape=lambda text: text,  # plain .md files have no template syntax
    ),
    "eleventy": Generator(
        label="Eleventy",
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
    ),
}

# Parts of a directory that do not appear in the address of the page.
CONTENT_ROOTS = (("src", "content"), ("content",), ("src", "pages"), ("src",), ("_posts",))


class _Dumper(yaml.SafeDumper):
    """Dates as ISO 8601 with a T and the offset, unquoted: what all four generators read as a date."""


_Dumper.add_representer(
    datetime, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:timestamp", value.isoformat())
)


def front_matter(article: Article, generator: Generator, *, slug: str, date: datetime, keys: str) -> dict[str, Any]:
    """The front matter as a mapping, in the order in which it is written. ``keys``: "date=publishedAt, …"."""
    values: dict[str, Any] = {
        **generator.fixed,
        "title": " ".join(article.title.split()),
        "date": date.replace(microsecond=0),
        "slug": slug,
        "description": " ".join(article.summary.split()),
        "tags": list(dict.fromkeys(tag.strip() for tag in article.tags if tag.strip())),
        "cover": article.cover_url,
        "images": [article.cover_url] if article.cover_url else [],
        "canonical": article.canonical_url,
        "author": article.author,
        "language": article.language,
    }
    names = dict(generator.keys) | renamed(keys)
    written = {names[name]: values[name] for name in generator.keys if values[name] not in ("", [])}
    return written | {MARK_KEY: article.key}


def renamed(keys: str) -> dict[str, str]:
    """The mapping written as date=publishedAt, cover=hero. Raises ValueError with a sentence."""
    pairs = [pair.strip() for pair in keys.split(",") if pair.strip()]
    names: dict[str, str] = {}
    for pair in pairs:
        found = re.fullmatch(r"(\w+)\s*=\s*([\w.-]+)", pair)
        if not found or found[2] == MARK_KEY:
            raise ValueError(f"“{pair}” is not of the form our-name=your-name.")
        names[found[1]] = found[2]
    return names


def file_text(article: Article, generator: Generator, head: Mapping[str, Any]) -> str:
    """The whole file."""
    yaml_text = yaml.dump(dict(head), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    text = source(article, generator, Notes("")).text
    return f"---\n{yaml_text}---\n\n{text.strip()}\n"


def source(article: Article, generator: Generator, notes: Notes) -> Source:
    """The text below the front matter; what was done to it is in ``notes``."""
    steps: tuple[Step, ...] = (
        own_front_matter,
        without_title("The first heading repeats the title and is left out: the site prints the title itself."),
        some_text,
        _note_blanks(generator),
        as_letters(generator.escape),
    )
    return run(steps, article, notes)


def _note_blanks(generator: Generator) -> Step:
    def step(source: Source, notes: Notes) -> Source:
        if generator.escape(source.text).count(ZERO_WIDTH) > source.text.count(ZERO_WIDTH):
            message = "A shortcode that is opened but never closed gets an invisible blank, else Hugo would stop."
            notes.changed("markdown", message)
        return source

    return step


def key_in(text: str) -> str:
    """The key of the article whose file this is, "" when it carries no mark. ``text``: at least the file's head."""
    head = re.match(r"---[ \t]*\r?\n(.*?)\r?\n---", text, re.DOTALL)
    found = re.search(rf"^{MARK_KEY}:[ \t]*['\"]?([\w-]+)['\"]?[ \t]*\r?$", head[1], re.MULTILINE) if head else None
    return found[1] if found else ""


def slug_of(article: Article) -> str:
    """The file's name without date and ending: letters, digits and hyphens, short enough for every disk."""
    for text in (article.slug, article.title):
        text = text.casefold()
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        if slug := re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-"):
            return slug
        letters = (
            char if unicodedata.category(char)[0] in "LMN" else "-" for char in unicodedata.normalize("NFC", text)
        )
        if slug := re.sub(r"-+", "-", "".join(letters)).strip("-")[:50].strip("-"):  # 255 bytes are the most
            return slug
    return article.key


def file_name(generator: Generator, slug: str, date: datetime) -> str:
    return f"{date:%Y-%m-%d}-{slug}.md" if generator.dated_name else f"{slug}.md"


def slug_in(generator: Generator, name: str) -> str:
    """The slug of an existing file: what ``file_name`` made it from."""
    stem = name.removesuffix(".md")
    return re.sub(r"^\d{4}-\d{2}-\d{2}-", "", stem) if generator.dated_name else stem


def address(generator: Generator, settings: Mapping[str, Any], slug: str, date: datetime) -> str:
    """The public address by the settings' pattern, or the generator's usual one; "" without a base_url."""
    if not settings.get("base_url"):
        return ""
    parts = PurePosixPath(settings["directory"]).parts
    root = next((root for root in CONTENT_ROOTS if parts[: len(root)] == root), ())
    places = {
        ":section": "/".join(parts[len(root) :]),
        ":year": f"{date:%Y}",
        ":month": f"{date:%m}",
        ":day": f"{date:%d}",
        ":slug": slug,
    }
    path = settings.get("permalink") or generator.permalink
    for place, value in places.items():
        path = path.replace(place, value)
    return str(settings["base_url"]).rstrip("/") + "/" + quote(re.sub(r"/{2,}", "/", path).lstrip("/"), safe="/:%~")
