"""An announcement as a record of Bluesky's: pure text work, no network.

Facts about Bluesky come from its lexicons and server source of August 2026, unless a comment says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from publishers import announcing
from publishers.announcing import ADDRESS, Announcement, Kind, Part, Style, graphemes, text_of
from publishers.base import Article, Image, Limits
from publishers.preparing import one_line

COLLECTION = "app.bsky.feed.post"
CHARACTERS = 300  # grapheme clusters
BYTES = 3_000
TAG_CHARACTERS = 64
TAG_BYTES = 640
THUMB_BYTES = 1_000_000
SHOWN = 30  # characters of a web address in the text; the link behind it is whole
DIGITS = "234567abcdefghijklmnopqrstuvwxyz"

LIMITS = Limits(
    seconds_between_writes=1.0,  # 5,000 points an hour, of which a post takes three
    seconds_between_reads=0.1,
    settle_seconds=60,
    looks=1,
    image_bytes=THUMB_BYTES,
    page_seconds=None,  # a page there is made by a script, and shows no title of ours
)


# --- The record's own key ----------------------------------------------------------------------------------------

_BEGINNING = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_A_YEAR = 366 * 24 * 3600 * 1_000_000  # microseconds


def record_key(key: str) -> str:
    """The key of the record, a valid TID: 53 bits of microseconds and 10 bits that tell clocks apart.

    Made of the delivery's key alone, which never changes, whatever time a person gives it: so the same delivery is
    the same record, however often it is sent. The moment in it is one of 2024; Bluesky sorts by ``createdAt``.
    """
    digest = int.from_bytes(sha256(key.encode()).digest()[:16])
    number = (_BEGINNING + digest % _A_YEAR) << 10 | (digest // _A_YEAR) % 1024
    return "".join(DIGITS[number >> shift & 31] for shift in range(60, -1, -5))


# --- The text ----------------------------------------------------------------------------------------------------


def prepare(article: Article, settings: Mapping[str, Any]) -> Announcement:
    style = Style("Bluesky", _fits, f"{CHARACTERS} characters", shortened, _takes_tag)
    return announcing.prepare(article, str(settings.get("template") or ""), style)


def _fits(parts: list[Part]) -> bool:
    text = text_of(parts)
    return graphemes(text) <= CHARACTERS and len(text.encode("utf-8", "replace")) <= BYTES


def _takes_tag(name: str) -> bool:
    return graphemes(name) <= TAG_CHARACTERS and len(name.encode("utf-8", "replace")) <= TAG_BYTES


def shortened(url: str) -> str:
    """An address as people read it; where it leads is said by the facet."""
    shown = re.sub(r"^https?://(www\.)?", "", url).rstrip("/")
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"


_TAG = re.compile(r"(?<![^\s(])#([^\W\d_][\w]{0,62}|\w*[^\W\d_]\w{0,62})")


def facets(parts: list[Part]) -> list[dict[str, Any]]:
    """What in the text is a link or a tag, by its bytes in UTF-8: nothing is one by itself on Bluesky."""
    found: list[dict[str, Any]] = []
    start = 0
    for part in parts:
        if part.kind is Kind.LINK:
            found.append(_facet(start, part.text, "link", uri=part.target))
        elif part.kind is Kind.TAG:
            found.append(_facet(start, part.text, "tag", tag=part.target))
        elif part.kind is Kind.WORDS:
            found += _typed(start, part.text)
        start += len(part.text.encode())
    return found


def _typed(start: int, words: str) -> Iterator[dict[str, Any]]:
    """Addresses and tags that the author has typed."""
    for address in ADDRESS.finditer(words):
        yield _facet(start + len(words[: address.start()].encode()), address[0], "link", uri=address[0])
    for tag in _TAG.finditer(words):
        yield _facet(start + len(words[: tag.start()].encode()), tag[0], "tag", tag=tag[1])


def _facet(start: int, text: str, kind: str, **target: str) -> dict[str, Any]:
    index = {"byteStart": start, "byteEnd": start + len(text.encode())}
    return {"index": index, "features": [{"$type": f"app.bsky.richtext.facet#{kind}", **target}]}


# --- The record --------------------------------------------------------------------------------------------------


def record(article: Article, settings: Mapping[str, Any], thumb: dict[str, Any] | None = None) -> dict[str, Any]:
    """The same for the same article: written twice it is one record."""
    ready = prepare(article, settings)
    parts = [Part(part.kind, _sound(part.text), _sound(part.target)) for part in ready.parts]
    card: dict[str, Any] = {
        "uri": article.canonical_url,
        "title": _sound(one_line(article.title)),
        "description": _sound(one_line(article.summary)),
    }
    if thumb:
        card["thumb"] = thumb
    made: dict[str, Any] = {
        "$type": COLLECTION,
        "text": text_of(parts),
        "createdAt": _moment(article.due_at),
        "embed": {"$type": "app.bsky.embed.external", "external": card},
    }
    if marks := facets(parts):
        made["facets"] = marks
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", article.language):
        made["langs"] = [article.language]
    return made


def _sound(text: str) -> str:
    """As it travels: half a character becomes a question mark, before its bytes are counted."""
    return text.encode("utf-8", "replace").decode()


def _moment(at: datetime | None) -> str:
    at = (at or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


# --- The picture of the card -------------------------------------------------------------------------------------


def trouble_with(image: Image) -> str:
    """Why it cannot be the card's picture, as a sentence; "" when it can."""
    if not image.media_type.startswith("image/") or "svg" in image.media_type:
        return "The card has no picture: Bluesky takes PNG, JPEG, GIF and WebP."
    if image.size > THUMB_BYTES:
        return f"The card has no picture: Bluesky takes up to {THUMB_BYTES:,} bytes, and the cover has {image.size:,}."
    return ""
