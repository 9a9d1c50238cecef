"""An article as Medium takes it: pure text work, no network.

Facts about Medium come from its API documentation, archived 2023-03-02, unless a comment says otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlsplit

from publishers.base import Article, Finding, Level, Limits
from publishers.markdown import (
    drop_title,
    join_wrapped_lines,
    raw_html,
    relative_references,
    strip_front_matter,
    without_marks,
)
from publishers.medium import html
from publishers.medium.html import Change

TITLE = 100
TAGS = 3
TAG = 25

LIMITS = Limits(
    title=TITLE,
    tags=TAGS,
    tag_length=TAG,
    settle_seconds=600,  # the public feed is cached; for how long is not documented
    per_day=10,  # told by Medium's staff in 2018, not documented
)

STATUSES = {
    "public": "Public",
    "unlisted": "Unlisted: only for those who have the address",
    "draft": "A draft, which you publish on Medium yourself",
}

LICENSES = {
    "all-rights-reserved": "All rights reserved",
    "cc-40-by": "CC BY 4.0",
    "cc-40-by-sa": "CC BY-SA 4.0",
    "cc-40-by-nd": "CC BY-ND 4.0",
    "cc-40-by-nc": "CC BY-NC 4.0",
    "cc-40-by-nc-nd": "CC BY-NC-ND 4.0",
    "cc-40-by-nc-sa": "CC BY-NC-SA 4.0",
    "cc-40-zero": "CC0 1.0",
    "public-domain": "Public domain",
}

SAID: dict[Change, tuple[Level, str]] = {
    Change.HEADING: (Level.CHANGED, "Medium has two sizes of headings: smaller ones become bold paragraphs."),
    Change.NESTED_LIST: (Level.CHANGED, "Lists on Medium have one level: deeper items become lines with dashes."),
    Change.LIST: (Level.CHANGED, "A list with code or pictures, or not beginning at 1, becomes numbered paragraphs."),
    Change.TABLE: (Level.CHANGED, "Medium has no tables: they become lists with an item for each row."),
    Change.FOOTNOTE: (Level.CHANGED, "Medium has no footnotes: they stand in brackets in the text."),
    Change.TASK: (Level.CHANGED, "Medium has no checkboxes: they become ☑ and ☐."),
    Change.LANGUAGE: (Level.LOST, "Medium does not keep the language of code blocks."),
    Change.QUOTATION: (Level.CHANGED, "A quotation on Medium is only text: code, headings, pictures come out of it."),
    Change.STRUCK: (Level.LOST, "Medium has no strikethrough: struck words appear as ordinary ones."),
    Change.PLAIN: (Level.LOST, "Underlined, highlighted, small, raised and lowered text appears as ordinary text."),
    Change.PICTURE: (Level.CHANGED, "A picture in a heading, table or footnote, or without address, becomes words."),
    Change.LINKED_PICTURE: (Level.LOST, "A link around a picture is left out."),
    Change.ANCHOR: (Level.CHANGED, "Links to other places in the text become ordinary words."),
}


@dataclass
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    content: str = ""
    tags: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, level: Level, name: str, message: str) -> None:
        self.findings.append(Finding(level, name, message))


def prepare(article: Article) -> Prepared:
    title = one_line(article.title)
    ready = Prepared(title=listed_title(title))
    _check_title(ready, article.title)
    ready.content = _content(ready, article, title)
    ready.tags = _tags(ready, article.tags)
    _check_canonical_url(ready, article.canonical_url)
    return ready


def fields(article: Article, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the request. Status, licence and notification are said explicitly: the defaults publish to all."""
    ready = prepare(article)
    body = {
        "title": ready.title,
        "contentFormat": "html",
        "content": ready.content,
        "tags": ready.tags,
        "publishStatus": status_of(article, settings),
        "license": str(_wish(article, settings, "license") or "all-rights-reserved"),
        "notifyFollowers": _notifies(article, settings),
    }
    return body | ({"canonicalUrl": article.canonical_url} if article.canonical_url else {})


def status_of(article: Article, settings: Mapping[str, Any]) -> str:
    return str(_wish(article, settings, "publish_status") or "public")


def status_findings(article: Article, settings: Mapping[str, Any]) -> list[Finding]:
    match status_of(article, settings):
        case "draft":
            words = "It arrives as a draft, which nobody sees: Medium lets nobody publish it but you, by hand."
            return [Finding(Level.CHANGED, "options", words)]
        case "unlisted":
            return [Finding(Level.CHANGED, "options", "It is unlisted: only who has its address can read it.")]
    return []


def _wish(article: Article, settings: Mapping[str, Any], name: str) -> Any:
    """What this delivery says, else what its channel says."""
    return article.options.get(name) or settings.get(name)


def _notifies(article: Article, settings: Mapping[str, Any]) -> bool:
    wish = article.options.get("notify_followers")
    return wish == "yes" if wish else bool(settings.get("notify_followers"))


# --- Title -------------------------------------------------------------------------------------------------------


def one_line(title: str) -> str:
    visible = "".join(" " if unicodedata.category(char) == "Cc" else char for char in title)
    return " ".join(visible.split())


def listed_title(title: str) -> str:
    """The title for lists and search engines: a longer one is ignored, so that it is cut at a word here."""
    if units(title) <= TITLE:
        return title
    short = title
    while units(short) > TITLE - 1:
        short = short[:-1]
    return (short.rpartition(" ")[0].rstrip(" ,;:–-") or short) + "…"


def units(words: str) -> int:
    """Length as JavaScript counts it: an emoji is two."""
    return len(words.encode("utf-16-le", "replace")) // 2


def _check_title(ready: Prepared, title: str) -> None:
    if not ready.title:
        ready.note(Level.REFUSED, "title", "Medium needs a title.")
    elif units(one_line(title)) > TITLE:
        words = f"Medium takes titles of up to {TITLE} characters in its lists: there it reads “{ready.title}”."
        ready.note(Level.CHANGED, "title", words)
    elif ready.title != title:
        ready.note(Level.CHANGED, "title", f"The title becomes “{ready.title}”.")


# --- Text --------------------------------------------------------------------------------------------------------


def _content(ready: Prepared, article: Article, title: str) -> str:
    """The title as the first heading, since the field of that name is only for lists; then the cover, then the text."""
    text = _source(ready, article)
    blocks, notes = html.to_medium(join_wrapped_lines(text))
    if not blocks:
        ready.note(Level.REFUSED, "markdown", "Medium needs a text.")
    for address, is_image in relative_references(text):
        _note_relative(ready, address, is_image)
    _note_raw_html(ready, text)
    for kind, example in notes.items():
        if kind is Change.PRIVATE_PICTURE:
            ready.note(Level.LOST, "markdown", f"Medium cannot fetch the picture “{example}”: it is not public.")
        else:
            level, message = SAID[kind]
            ready.note(level, "markdown", message)
    heading = f"<h1>{html.text(title)}</h1>"
    return "\n".join([heading, *_cover(ready, article.cover_url, blocks), *blocks])


def _source(ready: Prepared, article: Article) -> str:
    whole = without_marks(article.markdown.replace("\r\n", "\n").replace("\r", "\n"))
    text = strip_front_matter(whole)
    if text != whole.lstrip("\ufeff"):
        ready.note(Level.CHANGED, "markdown", "The block between --- lines at the head is left out.")
    return drop_title(text, article.title)  # it comes back as the first heading


def _note_relative(ready: Prepared, address: str, is_image: bool) -> None:
    if is_image:
        ready.note(Level.LOST, "markdown", f"The image “{address}” has no full web address: Medium cannot show it.")
    else:
        ready.note(Level.CHANGED, "markdown", f"The link “{address}” has no full web address: only its words stay.")


# HTML whose words come through; whatever else an author writes is cut out by the cleaning.
_SIMPLE = html.BLOCKS | html.STRONG | html.EMPHASIS | html.CODE | html.PLAIN | html.STRUCK
_UNDERSTOOD = frozenset(html.SUBSET) | _SIMPLE | {"q", "span", "input", "wbr"}
_TAG = re.compile(r"<([A-Za-z][\w-]*)([^>]*)")
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)")


def _note_raw_html(ready: Prepared, text: str) -> None:
    tags = [(found[1].lower(), found[2]) for tag in raw_html(text) if (found := _TAG.match(tag))]
    for name in dict.fromkeys(name for name, _ in tags if name not in _UNDERSTOOD):
        ready.note(Level.LOST, "markdown", f"Medium does not take the HTML element “{name}”: it is cut out.")
    if any(_loses_form(name, attributes) for name, attributes in tags if name in _UNDERSTOOD):
        words = "Of HTML in the text only what Medium knows stays: no style, no layout."
        ready.note(Level.CHANGED, "markdown", words)


def _loses_form(name: str, attributes: str) -> bool:
    if name not in html.SUBSET:
        return name not in html.STRONG | html.EMPHASIS
    return not {found.lower() for found in _ATTRIBUTE.findall(attributes)} <= html.SUBSET[name]


def _cover(ready: Prepared, url: str, blocks: list[str]) -> list[str]:
    """The first picture is what Medium shows in lists; not twice when the text begins its pictures with it."""
    if not url:
        return []
    if not html.is_public_url(url):
        ready.note(Level.LOST, "cover_url", f"Medium cannot fetch the cover “{url}”: it needs a public web address.")
        return []
    first = next((block for block in blocks if block.startswith("<figure>")), "")
    return [] if f'<img src="{escape(url)}"' in first else [html.figure(url)]


# --- The rest ----------------------------------------------------------------------------------------------------


def _tags(ready: Prepared, tags: tuple[str, ...]) -> list[str]:
    """Three at most, of 25 characters each: the others would be ignored without a word."""
    kept: list[str] = []
    for tag in tags:
        name = one_line(tag)
        if not name:
            ready.note(Level.LOST, "tags", "An empty tag is left out.")
        elif units(name) > TAG:
            ready.note(Level.LOST, "tags", f"Medium takes tags of up to {TAG} characters: “{tag}” is left out.")
        elif name.casefold() in map(str.casefold, kept):
            ready.note(Level.LOST, "tags", f"The tag “{tag}” is there already.")
        elif len(kept) == TAGS:
            ready.note(Level.LOST, "tags", f"Medium takes {TAGS} tags: “{tag}” is left out.")
        else:
            kept.append(name)
    return kept


def _check_canonical_url(ready: Prepared, url: str) -> None:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        fine = False
    if url and not fine:
        words = f"“{url}” cannot be the canonical address: Medium wants one with http:// or https://."
        ready.note(Level.REFUSED, "canonical_url", words)
