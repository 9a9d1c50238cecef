"""An article as Hashnode takes it: pure text work, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from json import dumps
from typing import Any

from django.utils.text import slugify
from markdown_it import MarkdownIt

from publishers.base import Article, Finding, Level, Limits
from publishers.http import origin_of
from publishers.markdown import (
    close_open_fence,
    drop_title,
    join_wrapped_lines,
    mark,
    relative_references,
    strip_front_matter,
    without_marks,
)

BODY_BYTES = 100_000  # of the whole request
LONGEST_SLUG = 100  # characters of a slug that we make ourselves

LIMITS = Limits(
    tags=15,
    body_bytes=BODY_BYTES,
    seconds_between_writes=0.25,  # 500 a minute, and publishing takes two
    # A call may go on for half a minute after we hung up, and a reading answer may be 25 seconds old. Both look-ups
    # are later than that, and so far apart that they cannot get the same old answer.
    settle_seconds=60,
    looks=2,
)

# What the tags of these names are called on Hashnode: without this, C and C# would be one tag.
TAG_SLUGS = {"c#": "csharp", "c++": "cpp", "f#": "fsharp", ".net": "dotnet"}


@dataclass
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    body: str
    slug: str = ""
    tags: list[dict[str, str]] = field(default_factory=list)
    canonical_url: str = ""
    cover_url: str = ""
    findings: list[Finding] = field(default_factory=list)

    def note(self, level: Level, name: str, message: str) -> None:
        self.findings.append(Finding(level, name, message))


def prepare(article: Article) -> Prepared:
    ready = Prepared(title=_one_line(article.title), body="", slug=slug_of(article))
    if not ready.title:
        ready.note(Level.REFUSED, "title", "Hashnode needs a title.")
    if article.slug and ready.slug != article.slug:
        ready.note(Level.CHANGED, "slug", f"The slug becomes “{ready.slug}”." if ready.slug else _NO_SLUG)
    ready.body = _body(ready, article)
    ready.tags = _tags(ready, article.tags)
    ready.canonical_url = _canonical_url(ready, article.canonical_url)
    ready.cover_url = _cover_url(ready, article.cover_url)
    return ready


_NO_SLUG = "Hashnode takes only letters from a to z in a slug: it makes one of its own."


def slug_of(article: Article) -> str:
    """The author's slug, else one of the title, as the platform would make it: so that we know where to look.

    "" when there is no plain letter in either. It need not be free: what is found there is ours only by its mark.
    """
    return _slug(article.slug) or _slug(article.title)[:LONGEST_SLUG].strip("-")


def _slug(text: str) -> str:
    return slugify(text.replace("ß", "ss"))


def size_of(body: Mapping[str, Any]) -> int:
    """Bytes of a request as it travels: JSON in UTF-8, as ``publishers.http`` sends it."""
    return len(dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))


# --- The inputs of the mutations: keys without a value are left out -----------------------------------------------


def draft_input(article: Article, settings: Mapping[str, Any], series_id: str = "") -> dict[str, Any]:
    """What creating and updating a draft have in common."""
    ready = prepare(article)
    meta = _without_empty(title=_option(article, "seo_title"), description=_description(article))
    return {
        "title": ready.title,
        "contentMarkdown": ready.body,
        "tags": ready.tags,
        "disableComments": _wanted(article, settings, "disable_comments"),
        "settings": {
            "enableTableOfContent": _wanted(article, settings, "table_of_contents"),
            "delist": _wanted(article, settings, "delist"),
            "activateNewsletter": _wanted(article, settings, "newsletter"),
            "slugOverridden": bool(ready.slug),  # else the title would make it anew
        },
    } | _without_empty(
        subtitle=_option(article, "subtitle"),
        slug=ready.slug,
        originalArticleURL=ready.canonical_url,
        coverImageOptions=_without_empty(coverImageURL=ready.cover_url),
        metaTags=meta,
        seriesId=series_id,
    )


def post_input(article: Article, settings: Mapping[str, Any], series_id: str = "") -> dict[str, Any]:
    """What a public post gets. Its address stays, and what was hidden stays hidden."""
    ready = prepare(article)
    return {
        "title": ready.title,
        "contentMarkdown": ready.body,
        "tags": ready.tags,
        "disableComments": _wanted(article, settings, "disable_comments"),
        "enableToc": _wanted(article, settings, "table_of_contents"),
    } | _without_empty(
        subtitle=_option(article, "subtitle"),
        originalArticleURL=ready.canonical_url,
        coverImage=ready.cover_url,
        metaTitle=_option(article, "seo_title"),
        metaDescription=_description(article),
        seriesId=series_id,
    )


def _without_empty(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _option(article: Article, name: str) -> str:
    return _one_line(str(article.options.get(name) or ""))


def _description(article: Article) -> str:
    return _option(article, "seo_description") or _one_line(article.summary)


def _wanted(article: Article, settings: Mapping[str, Any], name: str) -> bool:
    """What the delivery says, else what the channel does."""
    said = article.options.get(name)
    return said == "yes" if said in ("yes", "no") else bool(settings.get(name))


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- The text ----------------------------------------------------------------------------------------------------


def _body(ready: Prepared, article: Article) -> str:
    text = _source(ready, article)
    if not text.strip():
        ready.note(Level.REFUSED, "markdown", "Hashnode needs a text.")
    for address, is_image in relative_references(text):
        _note_relative(ready, address, is_image)
    return f"{close_open_fence(text).rstrip()}\n\n{mark(article.key)}\n".lstrip("\n")


def _source(ready: Prepared, article: Article) -> str:
    """The author's text without front matter, repeated title and wrapped lines, and with nothing to be embedded."""
    whole = without_marks(article.markdown.replace("\r\n", "\n").replace("\r", "\n"))
    text = strip_front_matter(whole)
    if text != whole.lstrip("\ufeff"):
        ready.note(Level.CHANGED, "markdown", "The block between --- lines at the head is left out.")
    untitled = drop_title(text, article.title)
    if untitled != text:
        ready.note(Level.CHANGED, "markdown", "The first heading repeats the title and is left out.")
    joined = join_wrapped_lines(untitled)
    if joined != untitled:
        ready.note(Level.CHANGED, "markdown", "Wrapped lines are joined: Hashnode could show line ends as breaks.")
    escaped = escape_embeds(joined)
    if escaped != joined:
        ready.note(Level.CHANGED, "markdown", "“%[” at the start of a line stays text: Hashnode would embed a page.")
    return escaped


_EMBED = re.compile(r"((?:[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t])*)(%%?)\[")
_AS_THEY_ARE = ("fence", "code_block", "html_block")


def escape_embeds(markdown: str) -> str:
    """``markdown`` in which ``%[…]`` and ``%%[…]`` at the start of a line are text, not an embedded page or widget.

    In code they stay as they are: a backslash would be shown there.
    """
    if "%[" not in markdown:
        return markdown
    lines = markdown.split("\n")
    kept: set[int] = set()
    for token in _parser().parse(markdown):
        if token.type in _AS_THEY_ARE and token.map:
            kept.update(range(*token.map))
    for number, line in enumerate(lines):
        if number not in kept and (found := _EMBED.match(line)):
            lines[number] = found[1] + found[2].replace("%", "\\%") + "[" + line[found.end() :]
    return "\n".join(lines)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _note_relative(ready: Prepared, address: str, is_image: bool) -> None:
    if is_image:
        ready.note(Level.LOST, "markdown", f"The image “{address}” has no full web address: Hashnode cannot show it.")
    else:
        message = f"The link “{address}” has no full web address: it leads nowhere on Hashnode."
        ready.note(Level.CHANGED, "markdown", message)


# --- What goes with it -------------------------------------------------------------------------------------------


def _tags(ready: Prepared, tags: tuple[str, ...]) -> list[dict[str, str]]:
    """At most 15, each with a slug of plain letters, digits and hyphens and the name that the author gave it."""
    kept: dict[str, dict[str, str]] = {}
    for tag in tags:
        name = _one_line(tag)
        slug = TAG_SLUGS.get(name.lower()) or _slug(name)
        if not slug:
            ready.note(Level.LOST, "tags", f"Hashnode cannot take the tag “{tag}”: it needs letters from a to z.")
        elif slug in kept:
            ready.note(Level.LOST, "tags", f"The tag “{tag}” is there already.")
        elif len(kept) == 15:
            ready.note(Level.LOST, "tags", f"Hashnode takes 15 tags: “{tag}” is left out.")
        else:
            kept[slug] = {"slug": slug, "name": name}
    return list(kept.values())


def _canonical_url(ready: Prepared, url: str) -> str:
    if url and not _is_web_address(url):
        message = f"“{url}” cannot be the canonical address: it has to begin with http:// or https://."
        ready.note(Level.REFUSED, "canonical_url", message)
    return url


def _cover_url(ready: Prepared, url: str) -> str:
    if url and not _is_web_address(url):
        ready.note(Level.LOST, "cover_url", f"Hashnode cannot fetch the cover “{url}”: it needs a web address.")
        return ""
    return url


def _is_web_address(url: str) -> bool:
    return bool(origin_of(url)) and not re.search(r"\s", url)
