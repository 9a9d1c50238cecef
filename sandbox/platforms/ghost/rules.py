"""How a post is saved: what of a request takes effect, in which order, and what is wrong with the result."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.clock import seconds_of
from sandbox.common import plain_words
from sandbox.platforms.ghost import schemas
from sandbox.platforms.ghost.views import NAME, PLAIN, moment
from sandbox.store import Article, Store

MARK = re.compile(r"#bs-([0-9a-fA-F-]{36})")
NEW: dict[str, Any] = {"slug": "", "status": "draft", "tags": [], "visibility": "public", "featured": False}
MINUTES_PAST = 120
"""So many seconds may a scheduled time lie in the past."""


def apply(store: Store, article: Article, given: dict[str, Any], query: Mapping[str, str]) -> str:
    """Change the article; answers Ghost's sentence when it must not be kept like that."""
    article.fields = {**NEW, **article.fields}
    own = article.fields
    if wrong := schemas.too_long_for_the_database(given):
        return wrong
    status = given.get("status", own["status"])
    if status == "scheduled" and own["status"] == "published":
        return "Your post is already published, please reload your page."
    article.title = str(given.get("title", article.title)).strip() or "(Untitled)"
    _take_content(article, given, query)
    if "canonical_url" in given:
        article.canonical_url = given["canonical_url"]
    own |= {name: given[name] for name in PLAIN if name in given}
    if "tags" in given:
        own["tags"] = _tags(given["tags"])
    marks = [found[1].lower() for name in own["tags"] if (found := MARK.fullmatch(name))]
    own["known_by"] = marks[0] if marks else None
    _name_it(store, article, given.get("slug"))
    return _publish(store, article, status, given.get("published_at"))


def state(article: Article) -> dict[str, Any]:
    """All that a change could change."""
    kept = {name: getattr(article, name) for name in ("title", "body", "canonical_url", "published", "published_at")}
    whole = {**kept, "fields": article.fields, "updated_at": moment(article.updated_at)}
    return dict(json.loads(json.dumps(whole)))


def is_stale(given: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether the change names another moment than that of the last saving."""
    return seconds_of(given.get("updated_at")) != seconds_of(before["updated_at"])


def mail(article: Article, newsletter: str, segment: str) -> None:
    """One mail for each post, ever: a second one is not made."""
    own = article.fields
    if own.get("email"):
        return
    own["newsletter"] = {"slug": newsletter}
    own["email"] = {"id": "e" * 24, "status": "submitted", "recipient_filter": segment, "newsletter": newsletter}


def _take_content(article: Article, given: dict[str, Any], query: Mapping[str, str]) -> None:
    """HTML counts only where the query says so; else it is dropped without a word."""
    if given.get("lexical"):
        article.fields["lexical"], article.body = given["lexical"], given["lexical"]
    elif given.get("html") is not None and query.get("source") == "html":
        article.fields["lexical"], article.body = None, given["html"]


def _tags(given: list[Any]) -> list[str]:
    names: dict[str, str] = {}
    for one in given:
        name = one if isinstance(one, str) else one.get("name") or one.get("slug") or ""
        names.setdefault(name.casefold(), name)
    return [name for name in names.values() if name]


def _name_it(store: Store, article: Article, wanted: str | None) -> None:
    """A slug is made anew only when another one is asked for; one that is taken gets a number."""
    own = article.fields
    if own["slug"] and (wanted is None or wanted == own["slug"]):
        return
    stem = plain_words(wanted or article.title, 185) or "untitled"
    taken = {other.fields["slug"] for other in store.articles(NAME) if other.id != article.id}
    slug, number = stem, 1
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    own["slug"], article.path = slug, f"/{slug}/"


def _publish(store: Store, article: Article, status: str, given: str | None) -> str:
    now = float(int(store.now()))
    asked = seconds_of(given) if given else None
    if status == "scheduled":
        if asked is None:
            return "Value in published_at cannot be blank."
        if asked < now - MINUTES_PAST:
            return "Date must be at least 2 minutes in the future."
    article.fields["status"] = "published" if status == "sent" else status
    article.published = status in ("published", "sent", "scheduled")
    if asked is not None:
        # A post that is published with a time to come is live at once, whatever its date says.
        article.published_at = min(asked, now) if status == "published" else asked
    elif article.published and article.published_at is None:
        article.published_at = now
    return ""
