"""DEV, and every other Forem, through its API v1.

What is told here about the platform was read in the Forem v1 source of 2024-2026, unless a comment says otherwise.
Look at `Devto.answer` for what can be asked, at `_Rules` below it for what is refused.
"""

import copy
import json
import random
import re
import string
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from sandbox import front_matter, liquid, rendering
from sandbox.clock import iso, seconds_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response, text_response
from sandbox.store import Account, Article, Store

NAME = "devto"
V1 = "application/vnd.forem.api-v1+json"

MAX_TITLE = 128
MAX_BODY_BYTES = 819_200
MAX_TAGS = 4
MAX_TAG = 30
MAX_TAG_LIST = 126
MAX_PER_PAGE = 1000
PER_PAGE = 30
MINUTE = 60
DAY = 86_400
GRACE = 15 * MINUTE
"""So long may a publication date lie in the past."""
HORIZON = 5 * 365.25 * DAY
"""A publication date farther ahead is dropped without a word."""
NEWCOMER = 3 * DAY

DISCLOSURES = ("not_disclosed", "no_ai", "some_ai", "fully_autonomous")
DISCLOSURE_LABELS = dict(zip(DISCLOSURES, (None, "Hand Written", "AI-Assisted", "Fully Autonomous"), strict=True))
DISCLOSURE_KEYS = ("ai_disclosure_level", "ai_disclosure", "ai_generated", "ai_assisted")
VIDEO = re.compile(r"https?://((www\.)?(youtube\.com/watch\?v=|twitch\.tv/videos/)|youtu\.be/|player\.mux\.com/)")
PERMITTED = {
    "title", "body_markdown", "published", "series", "main_image", "canonical_url", "description", "tags",
    "published_at", "subforem_id", "language", "video_source_url", "ai_disclosure_level",
}  # fmt: skip
"""Everything else, organization_id of a non-member included, is dropped without a word."""

V0_WARNING = f'299 - "This endpoint is part of the V0 (beta) API. Set the Accept header to {V1} to use V1."'

ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/users/me", "me"),
    ("POST", r"/articles", "create"),
    ("GET", r"/articles/me(?:/(?P<status>all|published|unpublished))?", "list"),
    ("GET", r"/articles/(?P<id>\d+)", "show"),
    ("PUT", r"/articles/(?P<id>\d+)", "update"),
    ("PUT", r"/articles/(?P<id>\d+)/unpublish", "unpublish"),
    ("GET", r"/articles/(?P<path>[\w-]+/[\w-]+)", "show"),
)


class Devto:
    """DEV's own strictness: API keys, the article envelope, its limits, its sentences."""

    title: ClassVar[str] = "DEV (Forem API v1)"
    api: ClassVar[str] = "/api"
    calls: ClassVar[tuple[str, ...]] = ("me", "create", "update", "list", "show", "unpublish")
    lookups: ClassVar[tuple[str, ...]] = ("list", "show")
    switches: ClassVar[dict[str, bool]] = {"limits": True, "ai_disclosure": True}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-devto-key", "sandbox", age_days=400),
        ReadyMade("sandbox-devto-new-key", "newcomer", age_days=0),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.writes = Window(1)
        self.reads = Window(1)
        self.updates = Window(30)

    def forget(self) -> None:
        """Nobody has called yet."""
        for window in (self.writes, self.reads, self.updates):
            window.forget()

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request. An update is a flip when the draft would come out of it published."""
        name, found = _route(request)
        article_id = int(found.get("id") or 0) or None
        key = request.headers.get("api-key", "")
        call = Call(name, key, article_id)
        return replace(call, flip=name == "update" and self._would_flip(request, call))

    def _would_flip(self, request: Request, call: Call) -> bool:
        account, article = self.store.account(NAME, call.key), self._article(call)
        if not account or not article or article.account != account.username or article.published:
            return False
        given = _envelope(request)
        if isinstance(given, Response):
            return False
        _Rules(self, article, request).apply(given)
        return article.published

    def turn_away(self, request: Request) -> Response | None:
        """The edge: 3 reads a second for each address, 1 write a second for each address and key."""
        if not self.is_on("limits", self.store.account(NAME, request.headers.get("api-key", ""))):
            return None
        reading = request.method in ("GET", "HEAD")
        window, limit = (self.reads, 3) if reading else (self.writes, 1)
        name = request.ip if reading else f"{request.ip}-{request.headers.get('api-key', '')}"
        with self.store.lock:
            if window.count(name, self.store.now()) >= limit:
                return text_response(429, "Retry later\n", {"Retry-After": "1"})
            window.note(name, self.store.now())
        return None

    def is_on(self, switch: str, account: Account | None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the platform's."""
        own = account.settings.get(switch) if account else None
        return self.store.is_on(NAME, switch, self.switches[switch]) if own is None else bool(own)

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked, and warn who speaks the old version of the API."""
        # Not in the source: others saw the edge refuse clients that do not introduce themselves (August 2026).
        if not request.headers.get("user-agent"):
            return Outcome(text_response(403, "Forbidden Bots\n"))
        outcome = self._answer(request, call)
        if V1 in request.headers.get("accept", ""):
            return outcome
        headers = {**outcome.response.headers, "Warning": V0_WARNING}
        return replace(outcome, response=replace(outcome.response, headers=headers))

    def _answer(self, request: Request, call: Call) -> Outcome:
        if call.name == "unknown":
            return _not_found()
        if call.name == "show":
            return self._show(request, call)
        account = self.store.account(NAME, call.key)
        if not account:
            return _unauthorized()
        answers: dict[str, Callable[[Request, Call, Account], Outcome]] = {
            "me": self._me, "create": self._create, "update": self._update, "list": self._list,
            "unpublish": self._unpublish,
        }  # fmt: skip
        return answers[call.name](request, call, account)

    def _me(self, request: Request, call: Call, account: Account) -> Outcome:
        user = {"type_of": "user", "id": account.id, "username": account.username, "name": _name(account.username)}
        nothing = dict.fromkeys(("twitter_username", "github_username", "summary", "location", "website_url"))
        joined = {"joined_at": _day(account.created_at, "%b %-d, %Y"), "profile_image": ""}
        return Outcome(json_response(200, user | nothing | joined))

    def _create(self, request: Request, call: Call, account: Account) -> Outcome:
        given = _envelope(request)
        if isinstance(given, Response):
            return Outcome(given)
        if self.is_on("ai_disclosure", account) and not _discloses(given):
            return Outcome(_disclosure_missing(request))
        if wait := self._must_wait_to_create(account):
            return _too_many(wait)
        now = self.store.now()
        article = Article(NAME, account.username, created_at=now, updated_at=now)
        errors = _Rules(self, article, request, creating=True).apply(given)
        if errors:
            return _unprocessable(errors)
        self.store.save(article)
        return Outcome(json_response(201, self._shown(article, request), {"Location": _url(article, request)}), article)

    def _update(self, request: Request, call: Call, account: Account) -> Outcome:
        article = self._article(call)
        if not article or article.account != account.username:
            return _not_found()
        given = _envelope(request)
        if isinstance(given, Response):
            return Outcome(given, article)
        now = self.store.now()
        if self.is_on("limits", account) and self.updates.count(account.username, now) > 30:
            return _too_many(30)
        before = copy.deepcopy(article)
        errors = _Rules(self, article, request).apply(given)
        if errors:
            return Outcome(_unprocessable(errors).response, before)
        article.updated_at = now
        if before.published:
            article.fields["edited_at"] = now
        self.store.save(article)
        self.updates.note(account.username, now)
        return Outcome(json_response(200, self._shown(article, request) | self._warnings(article, request)), article)

    def _unpublish(self, request: Request, call: Call, account: Account) -> Outcome:
        """For moderators only; no account of the sandbox is one. An author updates with published: false instead."""
        article = self._article(call)
        return Outcome(_unauthorized().response, article) if article else _not_found()

    def _show(self, request: Request, call: Call) -> Outcome:
        """Published articles only, for anybody; even the author gets 404 for a draft."""
        article = self._article(call)
        if not call.article_id:
            article = self.store.article_at(NAME, request.path.removeprefix(f"{self.api}/articles"), call.as_of)
        if not article or not article.is_public(self.store.now()):
            return _not_found()
        return Outcome(json_response(200, self._shown(article, request)), article)

    def _list(self, request: Request, call: Call, account: Account) -> Outcome:
        status = request.path.rpartition("/")[2]
        per_page = min(_number(request.query.get("per_page"), PER_PAGE), MAX_PER_PAGE)
        articles = self.store.articles(
            NAME,
            account.username,
            published=False if status == "unpublished" else None,
            live_at=self.store.now() if status in ("published", "me") else None,
            as_of=call.as_of,
            limit=per_page,
            offset=(max(1, _number(request.query.get("page"), 1)) - 1) * per_page,
        )
        return Outcome(json_response(200, [self._listed(article, request) for article in articles]))

    def _article(self, call: Call) -> Article | None:
        return self.store.article(NAME, call.article_id, call.as_of) if call.article_id else None

    def _must_wait_to_create(self, account: Account) -> int:
        """Seconds to wait after too many published articles, or 0. It counts what is there, not what is asked."""
        if not self.is_on("limits", account):
            return 0
        now = self.store.now()
        if now - account.created_at < NEWCOMER:
            return 300 if self.store.published_since(NAME, account.username, now - 5 * MINUTE) > 1 else 0
        return 30 if self.store.published_since(NAME, account.username, now - 30) > 9 else 0

    def _warnings(self, article: Article, request: Request) -> dict[str, list[str]]:
        """Updates stay allowed without a word about AI, with a warning."""
        account = self.store.account_named(NAME, article.account)
        if not self.is_on("ai_disclosure", account) or article.fields["ai_disclosure_level"] != "not_disclosed":
            return {}
        sentence = f"This article has ai_disclosure_level=not_disclosed. Set it to one of: {', '.join(DISCLOSURES)}."
        return {"warnings": [f"{sentence} See {request.origin}/llms.txt"]}

    # What it looks like

    def body_html(self, article: Article) -> str:
        """The body as readers see it."""
        return _html(article.body)

    def _common(self, article: Article, request: Request) -> dict[str, Any]:
        """What every view of an article shows. `published` is not among it: its absence says nothing."""
        shown = article.fields
        is_out = article.published and article.published_at is not None
        return {
            "type_of": "article",
            "id": article.id,
            "title": article.title,
            "description": shown["description"],
            "slug": shown["slug"],
            "path": article.path,
            "url": _url(article, request),
            "comments_count": 0,
            "public_reactions_count": 0,
            "positive_reactions_count": 0,
            "published_timestamp": iso(article.published_at) if is_out else "",
            "cover_image": shown["main_image"],
            "canonical_url": article.canonical_url or _url(article, request),
            "reading_time_minutes": max(1, round(len(article.body.split()) / 275)),
            "ai_disclosure_level": shown["ai_disclosure_level"],
            "body_markdown": article.body,
            "published_at": iso(article.published_at),
            "user": self._author(article),
        }

    def _shown(self, article: Article, request: Request) -> dict[str, Any]:
        """The answer to create, show and update: `tag_list` is a string, `tags` an array."""
        shown = article.fields
        return self._common(article, request) | {
            "readable_publish_date": _day(article.published_at, "%b %-d"),
            "collection_id": _collection(article),
            "social_image": shown["main_image"],
            "created_at": iso(article.created_at),
            "edited_at": iso(shown["edited_at"]),
            "crossposted_at": None,
            "last_comment_at": None,
            "tag_list": ", ".join(shown["tags"]),
            "tags": shown["tags"],
            "body_html": _html(article.body),
            "language": shown["language"],
            "subforem_id": shown["subforem_id"],
            "ai_disclosure_label": DISCLOSURE_LABELS[shown["ai_disclosure_level"]],
        }

    def _listed(self, article: Article, request: Request) -> dict[str, Any]:
        """An entry of the author's own lists: the two tag fields are swapped, and `published` is there."""
        tags = article.fields["tags"]
        own = {"published": article.published, "page_views_count": 0, "tag_list": tags, "tags": ", ".join(tags)}
        return self._common(article, request) | own

    def _author(self, article: Article) -> dict[str, Any]:
        account = self.store.account_named(NAME, article.account)
        nothing = dict.fromkeys(("twitter_username", "github_username", "website_url"))
        images = dict.fromkeys(("profile_image", "profile_image_90"), "")
        who = {"name": _name(article.account), "username": article.account, "user_id": account.id if account else 0}
        return who | nothing | images


class _Rules:
    """Puts what was sent into an article, in Forem's order, and says what is wrong with the result."""

    def __init__(self, devto: Devto, article: Article, request: Request, creating: bool = False) -> None:
        self.store = devto.store
        self.article = article
        self.creating = creating
        self.now = devto.store.now()
        account = devto.store.account(NAME, request.headers.get("api-key", ""))
        self.disclosing = devto.is_on("ai_disclosure", account)
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
        if (cover := self.article.fields["main_image"]) and not _is_address(cover):
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
        elif not _is_address(url) or "." not in (urlsplit(url).hostname or ""):
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


# Reading a request


def _route(request: Request) -> tuple[str, dict[str, str | None]]:
    path = request.path.removeprefix(Devto.api)
    method = "GET" if request.method == "HEAD" else request.method
    for verb, pattern, name in ROUTES:
        if method == verb and (found := re.fullmatch(pattern, path)):
            return name, found.groupdict()
    return "unknown", {}


def _envelope(request: Request) -> dict[str, Any] | Response:
    """The object under "article", or the refusal of a request that has none."""
    missing = _sentence(422, "param is missing or the value is empty: article")
    if not request.headers.get("content-type", "").lower().split(";")[0].strip().endswith("json"):
        return missing
    try:
        sent = json.loads(request.body or b"{}")
    except ValueError:
        return _sentence(400, "Bad Request")
    article = sent.get("article") if isinstance(sent, dict) else None
    if article is None or article == {}:
        return missing
    if not isinstance(article, dict):
        kind = {str: "String", list: "Array", bool: "Boolean", int: "Integer", float: "Float"}[type(article)]
        return _sentence(422, f"article param must be a JSON object. You provided article as a {kind}")
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


def _number(text: str | None, default: int) -> int:
    """A query parameter as a number; what is none, or below zero, counts as the default."""
    return int(text) if text is not None and text.isdecimal() else default


def _tags(tags: list[str]) -> list[str]:
    """Joined and split again at the commas, so that a comma within a tag makes two."""
    single = [tag.strip().lower() for tag in ", ".join(tags).split(",")]
    return list(dict.fromkeys(tag for tag in single if tag))


def _discloses(given: dict[str, Any]) -> bool:
    if given.get("ai_disclosure_level"):
        return True
    try:
        front, _ = front_matter.split(str(given.get("body_markdown") or ""))
    except front_matter.BadFrontMatter:
        return False
    return any(front.get(key) for key in DISCLOSURE_KEYS)


def _normal_title(title: str) -> str:
    """Control and other odd characters become spaces, and runs of space a single one. Joined emoji stay whole."""
    odd = (character for character in title)
    kept = "".join(" " if unicodedata.category(c).startswith("C") and c != "\u200d" else c for c in odd)
    return " ".join(kept.split())


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        return False


# Writing an answer


def _sentence(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return json_response(status, {"error": sentence, "status": status}, headers)


def _unauthorized() -> Outcome:
    return Outcome(_sentence(401, "unauthorized"))


def _not_found() -> Outcome:
    return Outcome(_sentence(404, "not found"))


def _too_many(seconds: int) -> Outcome:
    sentence = f"Rate limit reached, try again in {seconds} seconds"
    return Outcome(_sentence(429, sentence, {"Retry-After": str(seconds)}))


def _unprocessable(errors: list[str]) -> Outcome:
    """All errors in one English sentence: "A", "A and B", "A, B, and C"."""
    *most, last = errors
    joined = " and ".join([*most, last]) if len(most) < 2 else f"{', '.join(most)}, and {last}"
    return Outcome(_sentence(422, joined))


def _disclosure_missing(request: Request) -> Response:
    sentence = f"ai_disclosure_level is required when creating an article. Set it to one of: {', '.join(DISCLOSURES)}."
    demand = {"required": True, "allowed_values": list(DISCLOSURES), "policy_url": f"{request.origin}/llms.txt"}
    return json_response(422, {"error": sentence, "status": 422, "ai_disclosure_level": demand})


def _url(article: Article, request: Request) -> str:
    return f"{request.origin}/{NAME}{article.path}"


def _html(body: str) -> str:
    try:
        _, text = front_matter.split(body)
    except front_matter.BadFrontMatter:
        text = body
    return rendering.render(liquid.for_readers(text))


def _description(article: Article) -> str:
    """The first 101 characters of the text, with dots when there is more: 104 at most."""
    text = rendering.text_of(_html(article.body))
    start = text[:101].replace("\n", " ").strip()
    return (f"{start}..." if len(text) > 101 else start) or f"A post by {_name(article.account)}"


def _slug(title: str) -> str:
    """The title in plain letters, and some at random, as the platform does against collisions."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100].strip("-")
    tail = "".join(random.choices(string.ascii_lowercase + string.digits, k=4))
    return f"{words}-{tail}" if words else tail


def _collection(article: Article) -> int | None:
    """A number for the series, always the same for the same author and name."""
    series = article.fields["series"]
    return zlib.crc32(f"{article.account}/{series}".encode()) if series else None


def _name(username: str) -> str:
    return username.replace("_", " ").title()


def _day(moment: float | None, form: str) -> str | None:
    return datetime.fromtimestamp(moment, UTC).strftime(form) if moment is not None else None
