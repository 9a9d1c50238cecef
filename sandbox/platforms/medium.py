"""Medium, through its old API v1, and the public feed of each author.

What is told here about the platform was read in its own documentation, archived 2023-03-02, unless a comment says
otherwise. It creates and nothing more: there is no list, no reading, no change and no end of what was created.
"""

import hashlib
import html
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar

import nh3

from sandbox import rendering
from sandbox.common import is_address, name_of, plain_words, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.messages import Request, Response, json_response, text_response
from sandbox.store import Account, Article, Store

NAME = "medium"
DAY = 86_400
PER_DAY = 10
"""Not documented: told by the platform's staff in 2018. So is the sentence; status and code of it are our guess."""
LIMIT_SENTENCE = "User has reached the rate limit for publishing today."
MAX_TITLE = 100
MAX_TAG = 25
TAGS = 3
FED = 10
CACHED = 300
"""Seconds for which a feed stays as it was first read. That it is cached is known, for how long is not."""

STATUSES = ("public", "draft", "unlisted")
LICENSES = (
    "all-rights-reserved", "cc-40-by", "cc-40-by-sa", "cc-40-by-nd", "cc-40-by-nc", "cc-40-by-nc-nd",
    "cc-40-by-nc-sa", "cc-40-zero", "public-domain",
)  # fmt: skip
KEPT = {
    "h1", "h2", "p", "strong", "b", "em", "i", "blockquote", "ul", "ol", "li", "pre", "code", "figure", "figcaption",
    "hr", "br", "a", "img",
}  # fmt: skip
"""What the platform keeps of HTML. Its own list is gone: this is the part that everybody agrees on."""

# Seen in answers by others, not documented. 2002 for what a field gets wrong, and -1, are our own.
NO_TOKEN, BAD_TOKEN, BAD_FIELD, OTHER = 6000, 6003, 2002, -1

ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/v1/me", "me"),
    ("GET", r"/v1/users/(?P<user>[\w-]+)/publications", "publications"),
    ("GET", r"/v1/publications/(?P<publication>[\w-]+)/contributors", "contributors"),
    ("POST", r"/v1/users/(?P<user>[\w-]+)/posts", "create"),
    ("POST", r"/v1/publications/(?P<publication>[\w-]+)/posts", "create"),
    ("GET", r"/feed/@(?P<username>\w+)", "feed"),
)


@dataclass(frozen=True)
class Publication:
    """A magazine of several people. Editors publish what they like, writers hand in drafts."""

    id: str
    name: str
    slug: str
    roles: dict[str, str]


PUBLICATIONS = (
    Publication("b969ac62a46b", "Sandbox Weekly", "sandbox-weekly", {"sandbox": "editor", "writer": "writer"}),
    Publication("b45573563f5a", "The Long Wait", "the-long-wait", {"sandbox": "writer", "writer": "editor"}),
    Publication("d0b105d10f0a", "Somebody Else's", "somebody-elses", {"nobody": "editor"}),
)
"""All three are on everybody's list: the platform also lists what one only reads."""


class Medium:
    """Medium's own strictness: bearer tokens, roles in publications, ten articles a day, and no way back."""

    title: ClassVar[str] = "Medium (API v1)"
    api: ClassVar[str] = "/v1"
    open_paths: ClassVar[tuple[str, ...]] = ("/feed/",)
    calls: ClassVar[tuple[str, ...]] = ("me", "publications", "contributors", "create", "feed")
    lookups: ClassVar[tuple[str, ...]] = ("feed",)
    switches: ClassVar[dict[str, bool]] = {"limits": True, "feed_cache": True}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-medium-key", "sandbox", age_days=400),
        ReadyMade("sandbox-medium-writer-key", "writer", age_days=400),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.fed: dict[str, float] = {}
        """When each author's feed was last made."""

    def forget(self) -> None:
        """No feed was ever read."""
        self.fed.clear()

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request."""
        name, _ = route_of(ROUTES, request.method, request.path)
        return Call(name, _token(request) or "")

    def turn_away(self, request: Request) -> Response | None:
        """Nothing is known of an edge that counts calls."""
        return None

    def is_on(self, switch: str, account: Account | None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the platform's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked. Everything but the feed needs a token."""
        name, found = route_of(ROUTES, request.method, request.path)
        if name == "feed":
            return self._feed(request, call, found["username"])
        if name == "unknown":
            return _refused(404, "Not found", OTHER)
        if _token(request) is None:
            return _refused(401, "An access token is required.", NO_TOKEN)
        account = self.store.account(NAME, call.key)
        if not account:
            return _refused(401, "Token was invalid.", BAD_TOKEN)
        answers: dict[str, Callable[[Request, Account, dict[str, str]], Outcome]] = {
            "me": self._me, "publications": self._publications, "contributors": self._contributors,
            "create": self._create,
        }  # fmt: skip
        return answers[name](request, account, found)

    def _me(self, request: Request, account: Account, found: dict[str, str]) -> Outcome:
        return _data(200, {
            "id": user_id(account.username),
            "username": account.username,
            "name": name_of(account.username),
            "url": f"{request.origin}/{NAME}/@{account.username}",
            "imageUrl": "",
        })  # fmt: skip

    def _publications(self, request: Request, account: Account, found: dict[str, str]) -> Outcome:
        if found["user"] != user_id(account.username):
            return _refused(403, "The requested user's publications may not be listed.", OTHER)
        return _data(200, [
            {
                "id": one.id, "name": one.name, "description": f"All about {one.name}.",
                "url": f"{request.origin}/{NAME}/{one.slug}", "imageUrl": "",
            }
            for one in PUBLICATIONS
        ])  # fmt: skip

    def _contributors(self, request: Request, account: Account, found: dict[str, str]) -> Outcome:
        one = _publication(found["publication"])
        if not one:
            return _refused(404, "Publication not found.", OTHER)
        roles = [
            {"publicationId": one.id, "userId": user_id(name), "role": role} for name, role in sorted(one.roles.items())
        ]
        return _data(200, roles)

    # Creating

    def _create(self, request: Request, account: Account, found: dict[str, str]) -> Outcome:
        publication = _publication(found["publication"]) if "publication" in found else None
        if "publication" in found and (not publication or account.username not in publication.roles):
            return _refused(403, "User is not allowed to publish in this publication.", OTHER)
        if "user" in found and found["user"] != user_id(account.username):
            return _refused(403, "User is not allowed to publish for this author.", OTHER)
        given = _body(request)
        if isinstance(given, str):
            return _refused(400, given, BAD_FIELD)
        if self.is_on("limits", account) and self._today(account) >= PER_DAY:
            return _refused(429, LIMIT_SENTENCE, OTHER)
        article = self._made(given, account, publication)
        self.store.save(article)
        return Outcome(json_response(201, {"data": self._shown(article, request)}), article)

    def _today(self, account: Account) -> int:
        """Created in the last 24 hours, drafts included."""
        since = self.store.now() - DAY
        return sum(article.created_at > since for article in self.store.articles(NAME, account.username))

    def _made(self, given: dict[str, Any], account: Account, publication: Publication | None) -> Article:
        now, post_id = self.store.now(), secrets.token_hex(6)
        body = given["content"] if given["contentFormat"] == "html" else rendering.render(given["content"])
        title = given["title"] if _units(given["title"]) <= MAX_TITLE else _first_words(body)
        status = given.get("publishStatus") or "public"
        if publication and publication.roles[account.username] == "writer":
            status = "draft"  # it waits for an editor, whatever was asked for
        place = publication.slug if publication else f"@{account.username}"
        return Article(
            NAME, account.username, title=title, body=kept(body), published=status != "draft",
            published_at=None if status == "draft" else now, created_at=now, updated_at=now,
            canonical_url=given.get("canonicalUrl") or None, path=f"/{place}/{_slug(title)}-{post_id}",
            fields={
                "post_id": post_id,
                "status": status,
                # The first three count, also when one of them is too long to be used.
                "tags": [tag for tag in (given.get("tags") or [])[:TAGS] if _units(tag) <= MAX_TAG],
                "license": given.get("license") or LICENSES[0],
                "notify_followers": given.get("notifyFollowers"),
                "publication": publication.id if publication else None,
                "known_by": f"title:{title}",
                "title_in_body": True,
            },
        )  # fmt: skip

    def _shown(self, article: Article, request: Request) -> dict[str, Any]:
        """The answer to a creation. What was not given, or is not yet so, is left out."""
        own = article.fields
        optional = {
            "canonicalUrl": article.canonical_url,
            "publishedAt": round(article.published_at * 1000) if article.published_at is not None else None,
            "publicationId": own["publication"],
        }
        return {
            "id": own["post_id"],
            "title": article.title,
            "authorId": user_id(article.account),
            "tags": own["tags"],
            "url": _url(article, request),
            "publishStatus": own["status"],
            "license": own["license"],
            "licenseUrl": f"{request.origin}/{NAME}/policy/{own['license']}",
        } | {name: value for name, value in optional.items() if value is not None}

    # Reading

    def _feed(self, request: Request, call: Call, username: str) -> Outcome:
        """The newest ten that are public, as they were when the feed was last made."""
        if not self.store.account_named(NAME, username):
            return Outcome(text_response(404, "Not found"))
        now = self.store.now()
        if not self.is_on("feed_cache", None) or now - self.fed.get(username, -CACHED) >= CACHED:
            self.fed[username] = now
        made = self.fed[username] if call.as_of is None else call.as_of
        listed = self.store.articles(NAME, username, live_at=made, as_of=made)
        public = [article for article in listed if article.fields["status"] == "public"][:FED]
        items = "".join(_item(article, request) for article in public)
        feed = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
            ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
            f"<title>{_cdata(f'Stories by {username}')}</title>"
            f"<link>{html.escape(request.origin)}/{NAME}/@{username}</link>{items}</channel></rss>"
        )
        return Outcome(text_response(200, feed, {"Content-Type": "text/xml; charset=UTF-8"}))

    def body_html(self, article: Article) -> str:
        """The text as it was kept; its title is part of it, or nowhere."""
        return nh3.clean(article.body)


# Reading a request


def _token(request: Request) -> str | None:
    """The bearer token, or None when there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def _body(request: Request) -> dict[str, Any] | str:
    """The fields of a new article, or the sentence that refuses them."""
    if request.content_type != "application/json":
        return "The Content-Type must be application/json."
    try:
        given = json.loads(request.body)
    except ValueError:
        return "The body is not valid JSON."
    if not isinstance(given, dict):
        return "The body must be a JSON object."
    given = {name: value for name, value in given.items() if value is not None}
    return next((said for test in (_texts, _choices, _others) if (said := test(given))), None) or given


def _texts(given: dict[str, Any]) -> str:
    for name in ("title", "contentFormat", "content"):
        if not isinstance(given.get(name), str) or not given[name].strip():
            return f"{name} is required and must be a string."
    url = given.get("canonicalUrl", "")
    if not isinstance(url, str) or (url and not is_address(url)):
        return "canonicalUrl must be a valid URL."
    return ""


def _choices(given: dict[str, Any]) -> str:
    choices = {"contentFormat": ("html", "markdown"), "publishStatus": STATUSES, "license": LICENSES}
    for name, allowed in choices.items():
        if name in given and given[name] not in allowed:
            return f"{name} must be one of: {', '.join(allowed)}."
    return ""


def _others(given: dict[str, Any]) -> str:
    tags = given.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return "tags must be an array of strings."
    if not isinstance(given.get("notifyFollowers", True), bool):
        return "notifyFollowers must be a boolean."
    return ""


def _publication(publication_id: str) -> Publication | None:
    return next((one for one in PUBLICATIONS if one.id == publication_id), None)


# Writing an answer


def user_id(username: str) -> str:
    """Long and without meaning, as the platform's are; always the same for the same person."""
    return "1" + hashlib.sha256(username.encode()).hexdigest()


def kept(body: str) -> str:
    """What the platform keeps of some HTML: no classes, no tables, no comments."""
    return nh3.clean(body, tags=KEPT, attributes={"a": {"href"}, "img": {"src", "alt"}}, link_rel=None)


def _data(status: int, value: Any) -> Outcome:
    return Outcome(json_response(status, {"data": value}))


def _refused(status: int, message: str, code: int) -> Outcome:
    return Outcome(json_response(status, {"errors": [{"message": message, "code": code}]}))


def _url(article: Article, request: Request) -> str:
    return f"{request.origin}/{NAME}{article.path}"


def _item(article: Article, request: Request) -> str:
    own, url = article.fields, html.escape(_url(article, request))
    published = format_datetime(datetime.fromtimestamp(int(article.published_at or 0), UTC), usegmt=True)
    tags = "".join(f"<category>{_cdata(tag)}</category>" for tag in own["tags"])
    return (
        f"<item><title>{_cdata(article.title)}</title><link>{url}?source=rss-{user_id(article.account)[:12]}------2"
        f'</link><guid isPermaLink="false">{html.escape(request.origin)}/{NAME}/p/{own["post_id"]}</guid>{tags}'
        f"<pubDate>{published}</pubDate><content:encoded>{_cdata(article.body)}</content:encoded></item>"
    )


def _cdata(text: str) -> str:
    """Text for XML, as feeds have it: as it is, without what no XML may hold."""
    plain = "".join(character for character in text if character in "\t\n" or character >= " ")
    return "<![CDATA[" + plain.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _units(text: str) -> int:
    """Length as the platform counts: an emoji is two."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _first_words(body: str) -> str:
    """The title made from the first content, when the given one is too long."""
    first = next((line for line in rendering.text_of(body.replace("</", "\n</")).splitlines() if line.strip()), "")
    return first.strip()[:MAX_TITLE] or "Untitled"


def _slug(title: str) -> str:
    return plain_words(title, 80) or "story"
