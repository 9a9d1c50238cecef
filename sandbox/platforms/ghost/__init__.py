"""Ghost, through its Admin API.

What is told here about the platform was observed on a running Ghost 6.65 in 2026, or read in its source, unless a
comment says otherwise. Look at `rules` for how a post is saved, at `schemas` for what is refused.
"""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from typing import Any, ClassVar

from sandbox.common import plain_words, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.messages import Request, Response, json_response
from sandbox.platforms.ghost import rules, schemas, tokens, views
from sandbox.platforms.ghost.views import NAME, invalid, not_found, refused, shown
from sandbox.store import Account, Article, Store

NEWSLETTERS = (("default-newsletter", "The Sandbox Weekly", "active"), ("old-letters", "Old Letters", "archived"))
IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/svg+xml", "image/x-icon"}
MOST = 100
"""Posts in an answer, whatever was asked for."""

ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/site/", "site"),
    ("GET", r"/newsletters/", "newsletters"),
    ("GET", r"/users/me/", "me"),
    ("GET", r"/posts/", "browse"),
    ("POST", r"/posts/", "create"),
    ("GET", r"/posts/(?P<id>[0-9a-f]{24})/", "read"),
    ("PUT", r"/posts/(?P<id>[0-9a-f]{24})/", "update"),
    ("DELETE", r"/posts/(?P<id>[0-9a-f]{24})/", "delete"),
    ("POST", r"/images/upload/", "upload"),
)


class Ghost:
    """Ghost's own strictness: signed tokens, collisions, slugs with numbers, one mail for each post."""

    title: ClassVar[str] = "Ghost (Admin API v6)"
    api: ClassVar[str] = "/ghost/api/admin"
    open_paths: ClassVar[tuple[str, ...]] = ("/content/images/",)
    calls: ClassVar[tuple[str, ...]] = (
        "site", "newsletters", "me", "browse", "create", "read", "update", "delete", "upload", "image"
    )  # fmt: skip
    lookups: ClassVar[tuple[str, ...]] = ("browse", "read")
    switches: ClassVar[dict[str, bool]] = {"limits": True, "newsletters": True, "contributor": False}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("5a9d0b0c5a9d0b0c5a9d0b0c:" + "0123456789abcdef" * 4, "sandbox", age_days=400),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pictures: dict[str, tuple[str, bytes]] = {}
        """By path: media type and bytes."""

    def forget(self) -> None:
        """No picture was ever uploaded."""
        self.pictures.clear()

    def new_key(self) -> str:
        """Id and secret of an integration."""
        return f"{secrets.token_hex(12)}:{secrets.token_hex(32)}"

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request. An update is a flip when it makes a draft public."""
        name, found = route_of(ROUTES, request.method, request.path.removeprefix(self.api))
        if request.path.startswith(self.open_paths):
            name = "image"
        account = self._account(request)
        number = int(found["id"], 16) if "id" in found else None
        call = Call(name, account.key if account else "", number if number and number < 2**63 else None)
        return replace(call, flip=name == "update" and self._would_flip(request, call))

    def _would_flip(self, request: Request, call: Call) -> bool:
        article, given = self._article(call), _document(request)
        posts = given.get("posts") if isinstance(given, dict) else None
        wanted = posts[0].get("status") if isinstance(posts, list) and posts and isinstance(posts[0], dict) else None
        return bool(article and not article.published and wanted == "published")

    def turn_away(self, request: Request) -> Response | None:
        """Ghost does not count the calls of its admin API."""
        return None

    def is_on(self, switch: str, account: Account | None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the platform's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    def _account(self, request: Request) -> Account | None:
        name = tokens.key_id(request)
        return self.store.account_by_start(NAME, f"{name}:") if name else None

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked. What the site is called, anybody may know."""
        if call.name == "image":
            return self._image(request)
        if call.name == "unknown":
            return refused(406, "RequestNotAcceptableError", "Request not acceptable for this version.",
                           code="UPDATE_CLIENT")  # fmt: skip
        if call.name == "site":
            url = f"{request.origin}/{NAME}/"
            return Outcome(json_response(200, {"site": {"title": "Sandbox on Ghost", "url": url, "version": "6.65"}}))
        account = self._account(request)
        if refusal := self._turned_away(request, account):
            return refusal
        assert account
        answers: dict[str, Callable[[Request, Call, Account], Outcome]] = {
            "newsletters": self._newsletters, "me": self._me, "browse": self._browse, "create": self._create,
            "read": self._read, "update": self._update, "delete": self._delete, "upload": self._upload,
        }  # fmt: skip
        return answers[call.name](request, call, account)

    def _turned_away(self, request: Request, account: Account | None) -> Outcome | None:
        header = request.headers.get("authorization", "")
        if not header:
            sentence = "Unable to determine the authenticated user or integration. Check that cookies are being passed."
            return refused(403, "NoPermissionError", "Authorization failed", sentence)
        if not header.startswith("Ghost "):
            sentence = 'Authorization header format is "Authorization: Ghost [token]"'
            return refused(401, "UnauthorizedError", sentence, code="INVALID_AUTH_HEADER")
        if not account:
            return refused(401, "UnauthorizedError", "Unknown Admin API Key", code="UNKNOWN_ADMIN_API_KEY")
        if wrong := tokens.wrong_with(request, account.key, self.store.now()):
            return refused(401, "UnauthorizedError", f"Invalid token: {wrong}", code="INVALID_JWT")
        return None

    def _me(self, request: Request, call: Call, account: Account) -> Outcome:
        """An integration is nobody; the key of a contributor is that person's."""
        if not self.is_on("contributor", account):
            return not_found("Resource not found error, cannot read user.")
        return Outcome(json_response(200, {"users": [{"slug": account.username, "roles": [{"name": "Contributor"}]}]}))

    def _newsletters(self, request: Request, call: Call, account: Account) -> Outcome:
        if not self.is_on("newsletters", account):
            return refused(403, "NoPermissionError", "You do not have permission to browse newsletters")
        listed = [{"slug": slug, "name": name, "status": status} for slug, name, status in NEWSLETTERS]
        wanted = request.query.get("filter", "")
        return Outcome(json_response(200, {
            "newsletters": [one for one in listed if wanted in ("", f"status:{one['status']}")]
        }))  # fmt: skip

    # Posts

    def _browse(self, request: Request, call: Call, account: Account) -> Outcome:
        """Without a word about the status, only what is published is listed."""
        wanted = _terms(request.query.get("filter", ""))
        if wanted is None:
            return refused(400, "BadRequestError", "Error parsing filter")
        limit = request.query.get("limit", "15")
        most = min(int(limit), MOST) if limit.isdecimal() else MOST
        articles = self.store.articles(NAME, account.username, as_of=call.as_of)
        fitting = [article for article in articles if _fits(article, wanted)][:most]
        posts = [shown(article, request) for article in fitting]
        if fields := request.query.get("fields"):
            posts = [{name: post[name] for name in fields.split(",") if name in post} for post in posts]
        return Outcome(json_response(200, {"posts": posts, "meta": {"pagination": {"total": len(posts)}}}))

    def _read(self, request: Request, call: Call, account: Account) -> Outcome:
        article = self._own(call, account)
        return self._said(200, article, request) if article else not_found()

    def _create(self, request: Request, call: Call, account: Account) -> Outcome:
        given = _document(request)
        if wrong := schemas.wrong_with(given, required="title"):
            return refused(422, "ValidationError", "Validation failed for post.", wrong)
        now = float(int(self.store.now()))
        article = Article(NAME, account.username, created_at=now, updated_at=now)
        if wrong := rules.apply(self.store, article, given["posts"][0], request.query):
            return invalid(wrong)
        self.store.save(article)
        return self._said(201, article, request)

    def _update(self, request: Request, call: Call, account: Account) -> Outcome:
        article = self._own(call, account)
        if not article:
            return not_found("Resource not found error, cannot edit post.")
        given = _document(request)
        if wrong := schemas.wrong_with(given, required="updated_at"):
            return refused(422, "ValidationError", "Validation failed for post.", wrong)
        post, before = given["posts"][0], rules.state(article)
        was_draft = not article.published
        if wrong := rules.apply(self.store, article, post, request.query):
            return invalid(wrong)
        if rules.state(article) == before:  # nothing changes, however old the reading was
            return self._said(200, article, request)
        if rules.is_stale(post, before):
            return views.collided()
        newsletter = request.query.get("newsletter", "")
        if was_draft and article.published and newsletter:
            if newsletter not in [slug for slug, _, status in NEWSLETTERS if status == "active"]:
                sentence = "The newsletter parameter doesn't match any active newsletter."
                return refused(500, "EmailError", sentence)
            rules.mail(article, newsletter, request.query.get("email_segment", "all"))
        article.updated_at = float(int(self.store.now()))
        self.store.save(article)
        return self._said(200, article, request)

    def _delete(self, request: Request, call: Call, account: Account) -> Outcome:
        """The store keeps what was there: here it is as if it were somebody else's."""
        article = self._own(call, account)
        if not article:
            return not_found("Resource not found error, cannot delete post.")
        article.account, article.published = "deleted", False
        self.store.save(article)
        return Outcome(Response(204), article)

    def _article(self, call: Call) -> Article | None:
        return self.store.article(NAME, call.article_id, call.as_of) if call.article_id else None

    def _own(self, call: Call, account: Account) -> Article | None:
        article = self._article(call)
        return article if article and article.account == account.username else None

    def _said(self, status: int, article: Article, request: Request) -> Outcome:
        headers = {"Location": f"{request.origin}/{NAME}{self.api}/posts/{views.post_id(article.id)}/"}
        body = {"posts": [shown(article, request)]}
        return Outcome(json_response(status, body, headers if status == 201 else {}), article)

    # Pictures

    def _upload(self, request: Request, call: Call, account: Account) -> Outcome:
        parts = {part.get_param("name", header="content-disposition"): part for part in _parts(request)}
        file = parts.get("file")
        if unexpected := set(parts) - {"file", "purpose", "ref"}:
            return refused(400, "BadRequestError", f"Unexpected field {unexpected.pop()}", code="LIMIT_UNEXPECTED_FILE")
        if file is None:
            return refused(422, "ValidationError", "Please select an image.")
        kind, content = file.get_content_type(), file.get_payload(decode=True)
        if kind not in IMAGES:
            return refused(415, "UnsupportedMediaTypeError", "Please select a valid image.")
        path = self._free_path(str(file.get_filename() or "picture"))
        self.pictures[path] = (kind, content if isinstance(content, bytes) else b"")
        reference = parts["ref"].get_payload() if "ref" in parts else None
        image = {"url": f"{request.origin}/{NAME}{path}", "ref": reference}
        return Outcome(json_response(201, {"images": [image]}))

    def _free_path(self, name: str) -> str:
        """The same name twice gets a number."""
        stem, dot, ending = name.rpartition(".")
        stem = plain_words(stem or ending) or "picture"
        names = [stem, *(f"{stem}-{number}" for number in range(1, 10_000))]
        paths = (f"/content/images/2026/11/{one}{dot}{ending if dot else ''}" for one in names)
        return next(path for path in paths if path not in self.pictures)

    def _image(self, request: Request) -> Outcome:
        if request.path not in self.pictures:
            return Outcome(Response(404))
        kind, content = self.pictures[request.path]
        return Outcome(Response(200, content, {"Content-Type": kind}))

    def body_html(self, article: Article) -> str:
        """The body as readers see it."""
        return views.body_html(article)


def _document(request: Request) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _parts(request: Request) -> list[Message]:
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + request.body)
    parts = message.get_payload()
    return [part for part in parts if isinstance(part, Message)] if isinstance(parts, list) else []


def _terms(text: str) -> dict[str, list[str]] | None:
    """The small part of Ghost's filters that is needed: key:value and key:[a,b], joined by "+"."""
    terms: dict[str, list[str]] = {}
    for term in filter(None, text.split("+")):
        found = re.fullmatch(r"(tag|status|slug):(?:\[([\w,-]+)\]|([\w-]+))", term)
        if not found:
            return None
        terms[found[1]] = (found[2] or found[3]).split(",")
    return {"status": ["published"]} | terms


def _fits(article: Article, wanted: dict[str, list[str]]) -> bool:
    own = article.fields
    has = {"status": {own["status"]}, "slug": {own["slug"]}, "tag": {views.tag_slug(name) for name in own["tags"]}}
    return all(has[key] & set(values) for key, values in wanted.items())
