"""A Markdown file as each site generator reads it: front matter, escaped text, file name and address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import yaml

from publishers.base import Article, Look
from publishers.notes import Notes
from publishers.sites.escapes import ZERO_WIDTH, modules
from publishers.sites.generators import Generator
from publishers.text.constructs import by_plugins, called_footnotes, named_footnotes
from publishers.text.dialects import to_shown_html
from publishers.text.escapes import jsx, struck_words
from publishers.text.source import Edit, Source
from publishers.text.steps import (
    Step,
    as_letters,
    hard_breaks,
    own_front_matter,
    run,
    some_text,
    uploaded_addresses,
    without_title,
)

MARK_KEY = "blogscheduler_id"


# Parts of a directory that do not appear in the address of the page.
CONTENT_ROOTS = (("src", "content"), ("content",), ("src", "pages"), ("src",), ("_posts",))


class _Dumper(yaml.SafeDumper):
    """Dates as ISO 8601 with a T and the offset, unquoted: what all four generators read as a date."""


_Dumper.add_representer(
    datetime, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:timestamp", value.isoformat())
)


def front_matter(
    article: Article, generator: Generator, *, slug: str, date: datetime, keys: str, updated: datetime | None = None
) -> dict[str, Any]:
    """The front matter as a mapping, in the order in which it is written. ``keys``: "date=publishedAt, …"."""
    values: dict[str, Any] = {
        **generator.fixed,
        "title": " ".join(article.title.split()),
        "date": date.replace(microsecond=0),
        "updated": updated.replace(microsecond=0) if updated else "",
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


def file_text(article: Article, generator: Generator, head: Mapping[str, Any], name: str = "") -> str:
    """The whole file. ``name`` tells by its ending how the file is read."""
    return f"{head_text(head)}\n{body_text(article, generator, name).strip()}\n"


def head_text(head: Mapping[str, Any]) -> str:
    """The front matter with the lines around it."""
    yaml_text = yaml.dump(dict(head), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{yaml_text}---\n"


def body_text(article: Article, generator: Generator, name: str = "") -> str:
    """The author's text as the site's engine has to find it, so that readers see what was written."""
    return source(article, generator, Notes(""), name).text


_HEAD = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def head_of(text: str) -> dict[str, Any]:
    """The front matter of a file that is there already; empty when it has none that can be read."""
    found = _HEAD.match(text)
    try:
        head = yaml.safe_load(found[1]) if found else None
    except (yaml.YAMLError, ValueError):
        return {}
    return head if isinstance(head, dict) else {}


def is_hidden(text: str, generator: Generator) -> bool:
    """Whether the front matter keeps the post off the site."""
    head = head_of(text)
    return all(name in head and head[name] == value for name, value in generator.hidden.items())


def hidden_text(text: str, generator: Generator) -> str:
    """The same file, taken off the site by its front matter."""
    found = _HEAD.match(text)
    return head_text({**head_of(text), **generator.hidden}) + (text[found.end() :] if found else text)


def source(article: Article, generator: Generator, notes: Notes, name: str = "") -> Source:
    """The text below the front matter; what was done to it is in ``notes``. ``name`` is that of the file."""
    for_mdx = (modules, jsx) if name.endswith(".mdx") else ()
    steps: tuple[Step, ...] = (
        own_front_matter,
        without_title("The first heading repeats the title and is left out: the site prints the title itself."),
        own_pictures,
        called_footnotes,
        by_plugins(generator.label, generator.dialect),
        struck_words,
        named_footnotes,
        hard_breaks,
        *for_mdx,
        some_text,
        _note_blanks(generator),
        as_letters(generator.escape),
    )
    return run(steps, article, notes)


def look_of(article: Article, generator: Generator, name: str = "") -> Look:
    """As the site will show it. What is escaped for its engine is shown as it was written."""
    text = source(article, replace(generator, escape=str), Notes(""), name).text
    return Look(
        title=" ".join(article.title.split()), html=to_shown_html(text, generator.dialect), tags=tuple(article.tags),
        summary=" ".join(article.summary.split()), cover_url=article.cover_url,
        note="Colours and fonts are those of the site.",
    )  # fmt: skip


def own_pictures(source: Source, notes: Notes) -> Source:
    """Our own pictures by where they are on the site. Relative addresses are the site's own: nothing is to be said."""
    places = uploaded_addresses(source.article)
    return source.edited(
        Edit(one.start, one.end, places[one.address])
        for one in source.parsed.references
        if one.address in places and one.start is not None and one.end is not None
    )


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
