"""A post: what is refused, what becomes of what was sent, and how it is shown.

As WordPress 6.7 was seen to do it, 2026. The site's clock is UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.clock import seconds_of
from sandbox.contract import Outcome
from sandbox.platforms.wordpress import answers, display
from sandbox.platforms.wordpress.library import DEFAULT_CATEGORY, Library
from sandbox.store import Account, Article, Store

NAME = "wordpress"
SOON = 60
"""Seconds: what is to appear sooner than this appears at once."""
TEXT_BYTES = 65_535
"""Of a title or an excerpt: what a column of the database takes."""
ADMINISTRATOR, AUTHOR, CONTRIBUTOR = "administrator", "author", "contributor"
CAPABILITIES = {
    CONTRIBUTOR: {"read", "edit_posts", "delete_posts"},
    AUTHOR: {"read", "edit_posts", "delete_posts", "publish_posts", "edit_published_posts", "delete_published_posts",
             "upload_files"},
    ADMINISTRATOR: {"read", "edit_posts", "delete_posts", "publish_posts", "edit_published_posts",
                    "delete_published_posts", "upload_files", "edit_others_posts", "delete_others_posts",
                    "manage_categories", "unfiltered_html"},
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody who has been recognised."""

    account: Account
    role: str

    def may(self, capability: str) -> bool:
        return capability in CAPABILITIES[self.role]

    def may_edit(self, post: Article) -> bool:
        return post.account == self.account.username or self.may("edit_others_posts")


def status_of(post: Article, now: float) -> str:
    """What was to come is out when its time has come."""
    status: str = post.fields["status"]
    return "publish" if status == "future" and post.published_at is not None and post.published_at <= now else status


# Changing


class Rules:
    """Takes what was said about one post, a new one or an old one."""

    def __init__(self, store: Store, library: Library, person: Person, fields: frozenset[str]) -> None:
        """`fields` are the custom fields that a plugin has opened to the API."""
        self.store, self.library, self.person, self.fields = store, library, person, fields

    def apply(self, post: Article, given: Mapping[str, Any]) -> Outcome | None:
        """Change the post; answers the refusal when there is one, with the post as it was."""
        creating = not post.id
        status = given.get("status", post.fields.get("status", "draft"))
        if status in ("publish", "future", "private") and not self.person.may("publish_posts"):
            message = "Sorry, you are not allowed to publish posts in this post type."
            return answers.refused(403, "rest_cannot_publish", message)
        texts = {name: _raw(given[name]) for name in ("title", "content", "excerpt") if name in given}
        if creating and not any(texts.values()):
            return answers.refused(400, "empty_content", "Content, title, and excerpt are empty.")
        if any(len(texts.get(name, "").encode()) > TEXT_BYTES for name in ("title", "excerpt")):
            return answers.refused(500, "db_insert_error", "Could not insert post into the database.")
        self._texts(post, texts)
        self._others(post, given)
        self._date_and_status(post, given, status)
        self._address(post, given)
        return None

    def _texts(self, post: Article, texts: Mapping[str, str]) -> None:
        kept = {
            name: text if self.person.may("unfiltered_html") else display.filtered(text) for name, text in texts.items()
        }
        post.fields |= {"title": kept.get("title", post.fields.get("title", ""))}
        post.fields |= {"excerpt": kept.get("excerpt", post.fields.get("excerpt", ""))}
        post.title, post.body = display.text_of(post.fields["title"]), kept.get("content", post.body)

    def _others(self, post: Article, given: Mapping[str, Any]) -> None:
        own = post.fields
        own["comment_status"] = given.get("comment_status", own.get("comment_status", "open"))
        media = given.get("featured_media", own.get("featured_media", 0))
        own["featured_media"] = media if media in self.library.media else 0  # without a word
        own["tags"] = self.library.known("tags", given.get("tags", own.get("tags", [])))
        categories = self.library.known("categories", given.get("categories", own.get("categories", [])))
        own["categories"] = categories or [DEFAULT_CATEGORY]
        meta = own.get("meta", {"footnotes": ""}) | given.get("meta", {})
        own["meta"] = {name: value for name, value in meta.items() if name in self.fields | {"footnotes"}}

    def _date_and_status(self, post: Article, given: Mapping[str, Any], status: str) -> None:
        """A date makes the difference between published and to come, whatever the status says."""
        now, own = self.store.now(), post.fields
        date = seconds_of(given.get("date_gmt") or given.get("date"))
        own["date"] = date if date is not None else own.get("date")
        ahead = own["date"] is not None and own["date"] >= now + SOON
        if status in ("publish", "future"):
            status = "future" if ahead else "publish"
        was_out = own.get("status") in ("publish", "private")
        if status in ("publish", "private") and not was_out and (own["date"] is None or own["date"] > now):
            own["date"] = now
        own["status"] = status
        post.published = status in ("publish", "future")
        post.published_at = own["date"] if post.published else None

    def _address(self, post: Article, given: Mapping[str, Any]) -> None:
        """A slug that is taken gets a number. A draft without one gets none before it is out."""
        own = post.fields
        wished = display.slug_of(given["slug"]) if given.get("slug") else own.get("slug", "").removesuffix("__trashed")
        if not wished and own["status"] in ("publish", "private", "future"):
            wished = display.slug_of(post.fields["title"]) or str(post.id or "post")
        others = [one for one in self.store.articles(NAME) if one.id != post.id]
        taken = {one.fields["slug"] for one in others}
        numbered = (wished if not number else f"{wished}-{number}" for number in (0, *range(2, 10_000)))
        own["slug"] = next(slug for slug in numbered if slug not in taken) if wished else ""
        post.path = f"/{own['slug']}/" if own["slug"] else ""


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else str(value.get("raw", "")) if isinstance(value, dict) else ""


# Showing


def shown(post: Article, now: float, link: str, author: int, *, editing: bool) -> dict[str, Any]:
    own = post.fields
    texts = {
        "title": {"raw": own["title"], "rendered": own["title"]},
        "content": {"raw": post.body, "rendered": display.rendered(post.body), "protected": False, "block_version": 1},
        "excerpt": {"raw": own["excerpt"], "rendered": own["excerpt"], "protected": False},
    }
    if not editing:
        texts = {
            name: {key: one[key] for key in one if key not in ("raw", "block_version")} for name, one in texts.items()
        }
    date = _time(own["date"] if own["date"] is not None else post.updated_at)
    modified = _time(post.updated_at)
    return {
        "id": post.id, "date": date, "date_gmt": date, "guid": {"rendered": link}, "modified": modified,
        "modified_gmt": modified, "slug": own["slug"], "status": status_of(post, now), "type": "post", "link": link,
        **texts, "author": author, "featured_media": own["featured_media"], "comment_status": own["comment_status"],
        "ping_status": "open", "sticky": False, "template": "", "format": "standard", "meta": own["meta"],
        "categories": own["categories"], "tags": own["tags"],
    }  # fmt: skip


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")
