"""An article as DEV takes it: pure text work, no network.

Facts about DEV come from the Forem v1 server source, 2024 to 2026.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from publishers.base import Article, Finding, Level, Limits
from publishers.markdown import (
    close_open_fence,
    drop_title,
    escape_liquid,
    join_wrapped_lines,
    mark,
    relative_references,
    strip_front_matter,
    without_marks,
)

LIMITS = Limits(
    title=128,
    tags=4,
    tag_length=30,
    body_bytes=819_200,
    unique_canonical=True,
    seconds_between_writes=1.1,  # the edge allows one write a second
    seconds_between_reads=0.4,  # and three reads a second
    settle_seconds=60,
    looks=1,
)

# What the tags of these names are called on DEV: without this, C and C# would be one tag.
TAG_NAMES = {"c#": "csharp", "c++": "cpp", "f#": "fsharp", ".net": "dotnet"}


@dataclass
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    body: str
    tags: list[str] = field(default_factory=list)
    canonical_url: str = ""
    cover_url: str = ""
    findings: list[Finding] = field(default_factory=list)

    def note(self, level: Level, name: str, message: str) -> None:
        self.findings.append(Finding(level, name, message))


def prepare(article: Article) -> Prepared:
    ready = Prepared(title=_title(article.title), body="")
    _check_title(ready, article.title)
    ready.body = _body(ready, article)
    ready.tags = _tags(ready, article.tags)
    ready.canonical_url = _canonical_url(ready, article.canonical_url)
    ready.cover_url = _cover_url(ready, article.cover_url)
    return ready


def fields(article: Article, settings: Mapping[str, Any], *, published: bool) -> dict[str, Any]:
    """The value of "article" in the request. Keys without a value are left out: null would delete on an update."""
    ready = prepare(article)
    optional = {
        "canonical_url": ready.canonical_url,
        "main_image": ready.cover_url,
        "description": " ".join(article.summary.split()),
        "organization_id": settings.get("organization_id"),
        "ai_disclosure_level": article.ai_disclosure or settings.get("ai_disclosure_level"),
    }
    required = {
        "title": ready.title,
        "body_markdown": ready.body,
        "published": published,
        "tags": ready.tags,  # an array: a string is silently dropped
    }
    return required | {name: value for name, value in optional.items() if value}


def _title(title: str) -> str:
    """As the server stores it: no control characters, blanks collapsed."""
    visible = "".join(" " if unicodedata.category(char) == "Cc" else char for char in title)
    return " ".join(visible.split())


def _check_title(ready: Prepared, title: str) -> None:
    if not ready.title:
        ready.note(Level.REFUSED, "title", "DEV needs a title.")
    elif len(ready.title) > 128:
        ready.note(Level.REFUSED, "title", f"DEV takes titles of up to 128 characters; this has {len(ready.title)}.")
    elif ready.title != title:
        ready.note(Level.CHANGED, "title", f"The title becomes “{ready.title}”.")


def _body(ready: Prepared, article: Article) -> str:
    size = len(article.markdown.encode("utf-8", "replace"))
    if _too_long(ready, size):  # no need to read through megabytes that nobody will send
        return article.markdown
    text = _source(ready, article)
    if not text.strip():
        ready.note(Level.REFUSED, "markdown", "DEV needs a text.")
    for address, is_image in relative_references(text):
        _note_relative(ready, address, is_image)
    escaped = escape_for_forem(close_open_fence(text)).rstrip()
    body = f"{escaped}\n\n{mark(article.key)}\n".lstrip("\n")
    _too_long(ready, len(body.encode("utf-8", "replace")))
    return body


def _too_long(ready: Prepared, size: int) -> bool:
    most = LIMITS.body_bytes or 0
    if size > most:
        ready.note(Level.REFUSED, "markdown", f"DEV takes texts of up to {most:,} bytes; this has {size:,}.")
    return size > most


def _source(ready: Prepared, article: Article) -> str:
    """The author's text without front matter (it would win over the fields), repeated title and wrapped lines."""
    whole = without_marks(article.markdown.replace("\r\n", "\n").replace("\r", "\n"))
    text = strip_front_matter(whole)
    if text != whole.lstrip("\ufeff"):
        ready.note(Level.CHANGED, "markdown", "The block between --- lines at the head is left out.")
    untitled = drop_title(text, article.title)
    if untitled != text:
        ready.note(Level.CHANGED, "markdown", "The first heading repeats the title and is left out.")
    joined = join_wrapped_lines(untitled)
    if joined != untitled:
        ready.note(Level.CHANGED, "markdown", "Wrapped lines are joined: DEV would show each line end as a break.")
    respelled = respell_endraw(joined)
    if respelled != joined:
        ready.note(Level.CHANGED, "markdown", "In code, unusual spellings of “{% endraw %}” become the usual one.")
    return respelled


def _note_relative(ready: Prepared, address: str, is_image: bool) -> None:
    if is_image:
        ready.note(Level.LOST, "markdown", f"The image “{address}” has no full web address: DEV cannot show it.")
    else:
        ready.note(Level.CHANGED, "markdown", f"The link “{address}” has no full web address: it leads nowhere on DEV.")


# Forem puts raw blocks of its own around these before it renders Markdown, whatever Markdown says about them: from one
# run of backticks or tildes to the next, over lines. A raw block of ours inside would be shown to the reader, one
# around it would be closed too early. Everything else, indented code as well, goes through Liquid as it is.
_FOREM_CODE = re.compile(r"~~~.*?~~~|```.*?```|``.+?``|`.+?`", re.DOTALL)
_ENDRAW = re.compile(r"\{%-?\s*endraw\b.*?%\}", re.DOTALL)


def escape_for_forem(text: str) -> str:
    """``text`` so that Liquid finds no tag in it. Nothing is added inside what Forem takes for code."""
    parts: list[str] = []
    position = 0
    for code in _FOREM_CODE.finditer(text):
        prose = text[position : code.start()]
        parts += [escape_liquid(prose, before_tag=True, after_tag=position > 0), code[0]]
        position = code.end()
    return "".join(parts) + escape_liquid(text[position:], after_tag=position > 0)


def respell_endraw(text: str) -> str:
    """In code, Forem protects only the usual spelling of endraw; any other one would end its raw block."""
    return _FOREM_CODE.sub(lambda code: _ENDRAW.sub("{% endraw %}", code[0]), text)


def _tags(ready: Prepared, tags: tuple[str, ...]) -> list[str]:
    """At most 4, of letters and digits, at most 30 characters, lower-case."""
    kept: list[str] = []
    for tag in tags:
        name = _tag(tag)
        if not name or len(name) > 30:
            ready.note(Level.LOST, "tags", f"DEV cannot take the tag “{tag}”: 1 to 30 letters and digits.")
        elif name in kept:
            ready.note(Level.LOST, "tags", f"The tag “{tag}” is there already.")
        elif len(kept) == 4:
            ready.note(Level.LOST, "tags", f"DEV takes 4 tags: “{tag}” is left out.")
        else:
            kept.append(name)
            if name != tag:
                ready.note(Level.CHANGED, "tags", f"The tag “{tag}” becomes “{name}”.")
    return kept


def _tag(tag: str) -> str:
    tag = unicodedata.normalize("NFKC", tag).strip().lower()
    tag = TAG_NAMES.get(tag, tag)
    return "".join(char for char in tag if unicodedata.category(char) in ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd"))


def _canonical_url(ready: Prepared, url: str) -> str:
    if url and not is_public_url(url):
        message = f"“{url}” cannot be the canonical address: DEV wants a public one with http:// or https://."
        ready.note(Level.REFUSED, "canonical_url", message)
    return url


def _cover_url(ready: Prepared, url: str) -> str:
    if url and not is_public_url(url):
        ready.note(Level.LOST, "cover_url", f"DEV cannot fetch the cover “{url}”: it needs a public web address.")
        return ""
    return url


def is_public_url(url: str) -> bool:
    """Whether ``url`` looks like one that DEV accepts: http or https, no blanks, not a local host."""
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
