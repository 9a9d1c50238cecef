"""An announcement as Mastodon takes it: pure text work, no network.

Facts about Mastodon come from its API documentation of 2026, unless a comment says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import unquote

from publishers import announcing
from publishers.announcing import ADDRESS, Announcement, Kind, Part, Style, graphemes, text_of
from publishers.base import Article, Finding, Image, Level, Limits

CHARACTERS = 500  # unless the instance says otherwise
URL_COUNTS = 23  # characters that every web address counts, however long it is

LIMITS = Limits(
    seconds_between_writes=1.0,  # 300 in five minutes
    seconds_between_reads=1.0,
    settle_seconds=60,
    looks=1,
    page_seconds=None,  # a status shows no title of ours
)

VISIBILITIES = {
    "public": "Public: in all timelines",
    "unlisted": "Quiet: public, but not in the timelines of strangers",
    "private": "Only for followers",
}


def counted(text: str) -> int:
    """How long Mastodon says that a text is: web addresses count 23, an emoji of several code points counts one."""
    return graphemes(ADDRESS.sub("x" * URL_COUNTS, text))


def prepare(article: Article, settings: Mapping[str, Any]) -> Announcement:
    most = longest(settings)

    def fits(parts: list[Part]) -> bool:
        return counted(text_of(parts)) <= most

    style = Style("Mastodon", fits, f"{most} characters")
    return announcing.prepare(article, str(settings.get("template") or ""), style)


_MENTION = re.compile(r"(?<![\w/@])@[A-Za-z0-9_]+(?:@[\w.-]+\w)?")


def note_mentions(parts: list[Part]) -> list[Finding]:
    """Whoever is named by an @ hears of it, also where a title only speaks of code."""
    found = {name for part in parts if part.kind in (Kind.TITLE, Kind.SUMMARY) for name in _MENTION.findall(part.text)}
    words = "Mastodon mentions whoever is called {} there, and tells them: write it otherwise if nobody is meant."
    return [Finding(Level.NOTE, "title", words.format(name)) for name in sorted(found)]


def longest(settings: Mapping[str, Any]) -> int:
    """What the instance takes, as it said when the channel was connected."""
    return int(settings.get("longest") or CHARACTERS)


def fields(article: Article, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the request. What nobody has said is left out: then the account's own preferences count."""
    optional = {"language": language_of(article)}
    required = {
        "status": prepare(article, settings).text,
        "visibility": article.options.get("visibility") or settings.get("visibility") or "public",
    }
    return required | {name: value for name, value in optional.items() if value}


# --- The picture ---------------------------------------------------------------------------------------------------

PICTURE_BYTES = 16 * 1024 * 1024  # unless the instance says otherwise
PICTURE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
LONGEST_ALT = 1500  # characters


def wants_picture(article: Article, settings: Mapping[str, Any]) -> bool:
    said = article.options.get("picture")
    return said == "yes" if said in ("yes", "no") else bool(settings.get("picture"))


def picture_of(article: Article, settings: Mapping[str, Any]) -> tuple[Image | None, str]:
    """The cover where it is to be attached and can be; else None and why not, as a sentence, "" where nobody asked."""
    if not wants_picture(article, settings) or not article.cover_url:
        return None, ""
    image = announcing.cover_of(article)
    if image is None:
        return None, "Only a cover that was uploaded here can be attached: the status goes out without it."
    if image.media_type not in PICTURE_TYPES:
        return None, "Mastodon takes PNG, JPEG, GIF, WebP and AVIF: the status goes out without its picture."
    if image.size > PICTURE_BYTES:
        return None, f"Mastodon takes pictures of up to 16 MB; the cover has {image.size / 1024 / 1024:.1f} MB."
    return image, ""


def language_of(article: Article) -> str:
    """ISO 639, which is what Mastodon takes: of "de-AT" the first part."""
    return article.language.split("-")[0].lower()


def links_to(content: str, url: str) -> bool:
    """Whether the HTML of a status links to this address, however its letters are coded."""
    found = (unescape(address) for address in re.findall(r"href=\"([^\"]*)\"", content))
    return bool(url) and any(_plain(address) == _plain(url) for address in found)


def _plain(url: str) -> str:
    return unquote(url).rstrip("/")
