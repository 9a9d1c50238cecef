"""A post as WordPress answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from publishers.base import RemotePost, Visibility
from publishers.http import Answer
from publishers.text.html import words_of


@dataclass(frozen=True)
class Post:
    id: int
    status: str
    slug: str
    link: str
    title: str  # as it was sent, where we may see that
    content: str
    answer: Mapping[str, Any]

    @property
    def visibility(self) -> Visibility:
        """A private one was made so by hand: it counts as out, so that nobody makes it public again."""
        if self.status in ("publish", "private"):
            return Visibility.PUBLIC
        return Visibility.SCHEDULED if self.status == "future" else Visibility.DRAFT

    def remote(self, note: str = "") -> RemotePost:
        url = "" if self.visibility is Visibility.DRAFT else self.link
        return RemotePost(str(self.id), url, self.visibility, note=note)

    def says(self, words: tuple[str, str]) -> bool:
        """Whether it has this title and this text, whatever became of tags and comments on the way."""
        return (words_of(self.title), words_of(self.content)) == tuple(map(words_of, words))

    def differs_from(self, sent: Mapping[str, Any]) -> str:
        """What WordPress dropped or changed without a word, in sentences for the author."""
        return " ".join(filter(None, (self._of_slug(sent), self._of_cover(sent), self._of_field(sent))))

    def _of_slug(self, sent: Mapping[str, Any]) -> str:
        slug = str(sent.get("slug") or "")
        if not slug or self.slug in ("", slug):
            return ""
        return f"Its address ends in “{self.slug}”: “{slug}” is taken by another post or page of the site."

    def _of_cover(self, sent: Mapping[str, Any]) -> str:
        if "featured_media" not in sent or self.answer.get("featured_media") == sent["featured_media"]:
            return ""
        return "Its featured image is missing: it is no longer in the media library of the site."

    def _of_field(self, sent: Mapping[str, Any]) -> str:
        kept = self.answer.get("meta")
        lost = [name for name, value in sent.get("meta", {}).items() if not _has(kept, name, value)]
        return f"The field “{lost[0]}” was not kept: no plugin opens it to the API." if lost else ""


def one_in(answer: Answer) -> Post:
    """The post in an answer. Raises an unclear answer's error where there is none."""
    data = answer.json()
    if not isinstance(data, dict) or not isinstance(data.get("id"), int) or not isinstance(data.get("status"), str):
        raise answer.unclear("WordPress answered with something else than a post")
    return _post(data)


def posts_in(answer: Answer) -> list[Post]:
    data = answer.json()
    if not isinstance(data, list) or not all(isinstance(item, dict) and "id" in item for item in data):
        raise answer.unclear("WordPress answered with something else than a list of posts")
    return [_post(item) for item in data]


def _post(data: Mapping[str, Any]) -> Post:
    slug, link = str(data.get("slug") or ""), str(data.get("link") or "")
    title, content = _raw(data.get("title")), _raw(data.get("content"))
    return Post(int(data["id"]), str(data.get("status") or ""), slug, link, title, content, data)


def _raw(value: Any) -> str:
    return str(value.get("raw") or "") if isinstance(value, dict) else str(value or "")


def _has(kept: Any, name: str, value: Any) -> bool:
    return isinstance(kept, dict) and kept.get(name) == value
