"""What comes in: what of it DEV takes, in its order, and what it says is wrong with the result."""

import json
import random
import re
import string
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from sandbox import front_matter, liquid, rendering
from sandbox.clock import seconds_of
from sandbox.common import is_address, name_of, plain_words
from sandbox.messages import Request, Response
from sandbox.platforms.devto.views import DISCLOSURES, NAME, html_of, refusal
from sandbox.store import Article, Store

MAX_TITLE = 128
MAX_BODY_BYTES = 819_200
MAX_TAGS = 4
MAX_TAG = 30
MAX_TAG_LIST = 126
MINUTE = 60
DAY = 86_400
GRACE = 15 * MINUTE
"""So long may a publication date lie in the past."""
HORIZON = 5 * 365.25 * DAY
"""A publication date farther ahead is dropped without a word."""

DISCLOSURE_KEYS = ("ai_disclosure_level", "ai_disclosure", "ai_generated", "ai_assisted")
VIDEO = re.compile(r"https?://((www\.)?(youtube\.com/watch\?v=|twitch\.tv/videos/)|youtu\.be/|player\.mux\.com/)")
PERMITTED = {
    "title", "body_markdown", "published", "series", "main_image", "canonical_url", "description", "tags",
    "published_at", "subforem_id", "language", "video_source_url", "ai_disclosure_level",
}  # fmt: skip
"""Everything else, organization_id of a non-member included, is dropped without a word."""


class Rules:
    """Puts what was sent into an article, in Forem's order, and says what is wrong with the result."""

    def __init__(self, store: Store, article: Article, *, disclosing: bool, creating: bool = False) -> None:
        self.store = store
        self.article = article
        self.disclosing = disclosing
        self.creating = creating
        self.now = store.now()
        self.errors: list[str] = []
        article.fields = {
            "slug": "", "tags": [], "series": None, "description": "", "main_image": None, "cover_is_front": False,
            "ai_disclosure_level": "not_disclosed", "language": "en", "subforem_id": None, "edited_at": None,
            "video_source_url": None,
        } | article.fields  # fmt: skip

    def apply(self, given: dict[str, Any]) -> list[str]:
        """Change the article; answers Forem's sentences when it must not be kept like that."""
        self._take(_permitted(given))
        self._read_body()
        if self.article.published and self.article.published_at is None:
            self.article.published_at = self.now
        self._name_it()
        self._check()
        return self.errors

    # Taking what is given

    def _take(self, given: dict[str, Any]) -> None:
        article, plain = self.article, self.article.fields
        if "title" in given:
            article.title = _normal_title(_text(given["title"]) or "")
        if "body_markdown" in given:
            article.body = _text(given["body_markdown"]) or ""
        if "published" in given:
            article.published = _truth(given["published"])
        if "canonical_url" in given:
            article.canonical_url = _text(given["canonical_url"])
        for name in ("series", "main_image", "description", "subforem_id", "language", "video_source_url"):
            if name in given:
                plain[name] = _text(given[name])
        if "tags" in given:
            plain["tags"] = _tags([_text(tag) or "" for tag in given["tags"]])
        if "ai_disclosure_level" in given and self.disclosing:
            self._disclose(_text(given["ai_disclosure_level"]) or "not_disclosed")
        if "published_at" in given:
            self._date(_text(given["published_at"]))

    def _disclose(self, level: str) -> None:
        if level not in DISCLOSURES:
            self.errors.append(f"'{level}' is not a valid ai_disclosure_level")
            return
        self.article.fields["ai_disclosure_level"] = level

    def _date(self, text: str | None) -> None:
        """A date once past stays; one too far ahead, or one that is none, counts as not given."""
        article, moment = self.article, seconds_of(text)
        if not self.creating and article.published_at is not None and article.published_at <= self.now:
            return
        if moment is not None and moment > self.now + HORIZON:
            moment = None
        is_late = moment is not None and moment < self.now - GRACE
        # A new draft may carry any date; what exists, or comes out at once, may not be dated back.
        if is_late and (article.published or not self.creating):
            self.errors.append("Published at only future or current published_at allowed")
        article.published_at = moment

    def _read_body(self) -> None:
        """The body speaks last: its front matter wins over what was sent beside it, at every save."""
        article = self.article
        try:
            front, text = front_matter.split(article.body)
        except front_matter.BadFrontMatter as bad:
            self.errors.append(str(bad))
            return
        if found := liquid.problem(text):
            self.errors.append(found)
        if front:
            self._obey(front)
        if not article.fields["description"]:
            article.fields["description"] = _description(article)

    def _obey(self, front: dict[str, Any]) -> None:
        article, plain = self.article, self.article.fields
        if front.get("title"):
            article.title = _normal_title(str(front["title"]))
        if front.get("tags"):
            tags = front["tags"]
            plain["tags"] = _tags([str(tag) for tag in tags] if isinstance(tags, list) else [str(tags)])
        if isinstance(front.get("published"), bool):
            article.published = front["published"]
        when = front.get("published_at") or front.get("date")
        if when and article.published:
            self._date(str(when))
        article.canonical_url = str(front["canonical_url"]) if front.get("canonical_url") else article.canonical_url
        plain["description"] = str(front.get("description") or plain["description"])
        plain["series"] = str(front["series"]) if front.get("series") else plain["series"]
        self._cover(front)
        self._disclosure_of(front)

    def _cover(self, front: dict[str, Any]) -> None:
        """Once a cover came from the front matter, the front matter alone decides about it."""
        plain = self.article.fields
        plain["cover_is_front"] = plain["cover_is_front"] or "cover_image" in front
        if plain["cover_is_front"]:
            plain["main_image"] = front.get("cover_image") or None

    def _disclosure_of(self, front: dict[str, Any]) -> None:
        if not self.disclosing:
            return
        if level := front.get("ai_disclosure_level") or front.get("ai_disclosure"):
            self._disclose(str(level))
        elif front.get("ai_generated") is True:
            self._disclose("fully_autonomous")
        elif front.get("ai_assisted") is True:
            self._disclose("some_ai")

    def _name_it(self) -> None:
        """A draft has a provisional slug; the final one comes with the first publication and then stays."""
        article, slug = self.article, str(self.article.fields["slug"])
        if not slug and not article.published:
            slug = f"{_slug(article.title)}-temp-slug-{random.randrange(10_000_000)}"
        elif article.published and (not slug or "-temp-slug-" in slug):
            slug = _slug(article.title)
        article.fields["slug"] = slug
        article.path = f"/{article.account}/{slug}"

    # Looking at the result

    def _check(self) -> None:
        self._check_title()
        if len(self.article.body.encode()) > MAX_BODY_BYTES:
            self.errors.append("Body markdown is too long.")
        self._check_canonical()
        if (cover := self.article.fields["main_image"]) and not is_address(cover):
            self.errors.append("Main image is not a valid URL")
        self._check_tags(self.article.fields["tags"])

    def _check_title(self) -> None:
        title = self.article.title
        if not title:
            self.errors.append("Title can't be blank")
        if len(title) > MAX_TITLE:
            self.errors.append(f"Title is too long (maximum is {MAX_TITLE} characters)")
        recent = self.now - 5 * MINUTE
        if self.creating and title in self.store.titles_since(NAME, self.article.account, recent):
            self.errors.append("Title has already been used in the last five minutes")

    def _check_canonical(self) -> None:
        url = self.article.canonical_url
        if not url:
            return
        if re.search(r"\s", url):
            self.errors.append("Canonical url must not have spaces")
        elif not is_address(url) or "." not in (urlsplit(url).hostname or ""):
            # "Not local" means no more than a dot in the host's name.
            self.errors.append("Canonical url is not a valid URL")
        elif self.article.published and self.store.published_with_canonical(NAME, url, besides=self.article.id):
            sentence = "Canonical url has already been taken. Email support@dev.to for further details."
            self.errors.append(sentence)

    def _check_tags(self, tags: list[str]) -> None:
        if len(", ".join(tags)) > MAX_TAG_LIST:
            self.errors.append(f"Cached tag list is too long (maximum is {MAX_TAG_LIST} characters)")
        if len(tags) > MAX_TAGS:
            self.errors.append(f"Tag list exceed the maximum of {MAX_TAGS} tags")
            return
        for tag in tags:
            if len(tag) > MAX_TAG:
                self.errors.append(f'Tag "{tag}" is too long (maximum is {MAX_TAG} characters)')
            if not tag.isalnum():
                self.errors.append(f'Tag "{tag}" contains non-alphanumeric or prohibited unicode characters')


# Reading what was sent


def envelope(request: Request) -> dict[str, Any] | Response:
    """The object under "article", or the refusal of a request that has none."""
    missing = refusal(422, "param is missing or the value is empty: article")
    if not request.content_type.endswith("json"):
        return missing
    try:
        sent = json.loads(request.body or b"{}")
    except ValueError:
        return refusal(400, "Bad Request")
    article = sent.get("article") if isinstance(sent, dict) else None
    if article is None or article == {}:
        return missing
    if not isinstance(article, dict):
        kind = {str: "String", list: "Array", bool: "Boolean", int: "Integer", float: "Float"}[type(article)]
        return refusal(422, f"article param must be a JSON object. You provided article as a {kind}")
    return article


def _permitted(given: dict[str, Any]) -> dict[str, Any]:
    """What passes: known names with plain values, and tags as an array only. The rest is dropped without a word."""
    kept = {name: value for name, value in given.items() if name in PERMITTED - {"tags"} and _is_plain(value)}
    if isinstance(given.get("tags"), list):
        kept["tags"] = [tag for tag in given["tags"] if _is_plain(tag)]
    if kept.get("video_source_url") and not VIDEO.match(str(kept["video_source_url"])):
        del kept["video_source_url"]
    return kept


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _text(value: Any) -> str | None:
    """A plain value as text; null and "" are None."""
    return str(value) if value not in (None, "") else None


def _truth(value: Any) -> bool:
    return str(value).lower() not in ("false", "f", "0", "off", "none", "")


def _tags(tags: list[str]) -> list[str]:
    """Joined and split again at the commas, so that a comma within a tag makes two."""
    single = [tag.strip().lower() for tag in ", ".join(tags).split(",")]
    return list(dict.fromkeys(tag for tag in single if tag))


def discloses(given: dict[str, Any]) -> bool:
    """Whether an article says something about AI, in a field or in its front matter."""
    if given.get("ai_disclosure_level"):
        return True
    try:
        front, _ = front_matter.split(str(given.get("body_markdown") or ""))
    except front_matter.BadFrontMatter:
        return False
    return any(front.get(key) for key in DISCLOSURE_KEYS)


def _normal_title(title: str) -> str:
    """Control and other odd characters become spaces, and runs of space a single one. Joined emoji stay whole."""
    kept = "".join(" " if unicodedata.category(c).startswith("C") and c != "\u200d" else c for c in title)
    return " ".join(kept.split())


def _description(article: Article) -> str:
    """The first 101 characters of the text, with dots when there is more: 104 at most."""
    text = rendering.text_of(html_of(article.body))
    start = text[:101].replace("\n", " ").strip()
    return (f"{start}..." if len(text) > 101 else start) or f"A post by {name_of(article.account)}"


def _slug(title: str) -> str:
    """The title in plain letters, and some at random, as the platform does against collisions."""
    words = plain_words(title, 100)
    tail = "".join(random.choices(string.ascii_lowercase + string.digits, k=4))
    return f"{words}-{tail}" if words else tail
