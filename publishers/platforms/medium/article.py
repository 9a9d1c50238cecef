"""An article as Medium takes it: pure text work, no network.

Facts about Medium come from its API documentation, archived 2023-03-02, unless a comment says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from publishers.base import Article, Finding, Level, Limits
from publishers.notes import Notes
from publishers.platforms.medium import html
from publishers.platforms.medium.html import Change
from publishers.preparing import has_room, is_public_url, note_canonical_url, note_title, one_line, usable_cover
from publishers.text.constructs import called_footnotes, diagrams, formulas_as_code
from publishers.text.raw import elements, html_elements
from publishers.text.source import Source
from publishers.text.steps import Step, addresses, front_matter, run, title_comes_back

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
    Change.DEFINITION: (Level.CHANGED, "Medium has no lists of definitions: terms become bold paragraphs."),
    Change.CALLOUT: (Level.CHANGED, "Medium has no callouts: they become quotations that begin with a bold word."),
    Change.ANCHOR: (Level.CHANGED, "Links to other places in the text become ordinary words."),
}


@dataclass(frozen=True)
class Prepared:
    """What will be sent, and what was done to the author's text on the way."""

    title: str
    content: str
    tags: list[str]
    findings: list[Finding]


def prepare(article: Article) -> Prepared:
    notes = Notes("Medium")
    title = one_line(article.title)
    listed = listed_title(title)
    if listed != title:
        message = f"Medium takes titles of up to {TITLE} characters in its lists: there it reads “{listed}”."
        notes.changed("title", message)
    else:
        note_title(notes, title, article.title)
    content = _content(notes, article, title)
    tags = _tags(notes, article.tags)
    note_canonical_url(notes, article.canonical_url, _is_web_address, "Medium wants one with http:// or https://")
    return Prepared(listed, content, tags, notes.findings)


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


# --- Text --------------------------------------------------------------------------------------------------------


# HTML whose words come through; whatever else an author writes is cut out by the cleaning.
_SIMPLE = html.BLOCKS | html.STRONG | html.EMPHASIS | html.CODE | html.PLAIN | html.STRUCK
UNDERSTOOD = frozenset(html.SUBSET) | _SIMPLE | {"q", "span", "input", "wbr"}
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)")


def plain_html(source: Source, notes: Notes) -> Source:
    """Say where HTML loses its style and layout."""
    for tag in elements(source.parsed):
        if tag.name in UNDERSTOOD and _loses_form(tag.name, tag.html):
            message = "Of HTML in the text only what Medium knows stays: no style, no layout."
            notes.changed("markdown", message, source.line_at(tag.offset))
    return source


def _loses_form(name: str, tag: str) -> bool:
    if name not in html.SUBSET:
        return name not in html.STRONG | html.EMPHASIS
    return not {found.lower() for found in _ATTRIBUTE.findall(tag)} <= html.SUBSET[name]


STEPS: tuple[Step, ...] = (
    front_matter,
    title_comes_back,  # as the first heading
    html_elements(UNDERSTOOD),
    plain_html,
    addresses("only its words stay"),
    formulas_as_code("Medium has no formulas: they appear as code."),
    diagrams("Mermaid diagrams appear as their code: Medium does not draw them."),
    called_footnotes,
)


def _content(notes: Notes, article: Article, title: str) -> str:
    """The title as the first heading, since the field of that name is only for lists; then the cover, then the text."""
    source = run(STEPS, article, notes)
    blocks, changes = html.to_medium(source)
    if not blocks:
        notes.refused("markdown", "Medium needs a text.")
    for kind, line in changes:
        level, message = SAID[kind]
        notes.add(level, "markdown", message, line)
    heading = f"<h1>{html.text(title)}</h1>"
    return "\n".join([heading, *_cover(notes, article.cover_url, blocks), *blocks])


def _cover(notes: Notes, url: str, blocks: list[str]) -> list[str]:
    """The first picture is what Medium shows in lists; not twice when the text begins its pictures with it."""
    if not usable_cover(notes, url, is_public_url):
        return []
    first = next((block for block in blocks if block.startswith("<figure>")), "")
    return [] if f'<img src="{escape(url)}"' in first else [html.figure(url)]


# --- The rest ----------------------------------------------------------------------------------------------------


def _tags(notes: Notes, tags: tuple[str, ...]) -> list[str]:
    """Three at most, of 25 characters each: the others would be ignored without a word."""
    kept: dict[str, str] = {}
    for tag in tags:
        name = one_line(tag)
        if not name:
            notes.lost("tags", "An empty tag is left out.")
        elif units(name) > TAG:
            notes.lost("tags", f"Medium takes tags of up to {TAG} characters: “{tag}” is left out.")
        elif has_room(notes, tag, name.casefold(), kept, TAGS):
            kept[name.casefold()] = name
    return list(kept.values())


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
