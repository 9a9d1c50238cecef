"""The public feed of an author: RSS 2.0 with the newest ten public articles. It shows, but its silence proves nothing.

That there are ten, that drafts and unlisted articles are not among them, and what an item carries, is known from
feeds seen, not from documentation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree

WINDOW = timedelta(hours=12)  # a title that comes back later than this is the next one of a series


class NoFeed(ValueError):
    """What came is no feed that we read: no XML, no RSS, or XML with a document type of its own."""


@dataclass(frozen=True)
class Item:
    id: str
    title: str
    url: str
    published_at: datetime  # whole seconds


class _Careful(ElementTree.TreeBuilder):
    """Stops at a document type: only there can entities be declared, and no feed needs one."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise NoFeed("The feed declares a document type.")


def items_in(feed: str) -> list[Item]:
    """The items that say all four things we need. Raises NoFeed."""
    parser = ElementTree.XMLParser(target=_Careful())  # noqa: S314  without a document type there are no entities
    try:
        parser.feed(feed)
        root = parser.close()
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise NoFeed(str(error)) from error
    if root.tag != "rss":
        raise NoFeed("It is no RSS.")
    return [item for element in root.iterfind("./channel/item") for item in _item(element)]


def _item(element: ElementTree.Element) -> Iterator[Item]:
    title, link, guid, date = ((element.findtext(name) or "").strip() for name in ("title", "link", "guid", "pubDate"))
    try:
        published_at = parsedate_to_datetime(date)
        parts = urlsplit(link)
    except ValueError:
        return
    if published_at.tzinfo is None:
        published_at = published_at.replace(tzinfo=UTC)
    found = re.search(r"([0-9a-f]{6,40})/?\Z", guid)
    if title and found and parts.scheme in ("http", "https") and parts.netloc:
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))  # without ?source=rss-…
        yield Item(found[1], title, url, published_at)


def only_match(items: list[Item], titles: set[str], due_at: datetime) -> Item | None:
    """The one item with one of these titles that came out when it could be ours; None also when there are two.

    Nothing else in a feed is of our making, and a false match is worse than none.
    """
    begin = due_at.replace(microsecond=0)
    wanted = {_normal(title) for title in titles}
    in_time = [item for item in items if begin <= item.published_at <= begin + WINDOW]
    found = [item for item in in_time if wanted & {_normal(item.title), _normal(unescape(item.title))}]
    return found[0] if len(found) == 1 else None


def _normal(title: str) -> str:
    return " ".join(unicodedata.normalize("NFC", title).split())
