"""Blogger, through Google's API v3, and the place where Google gives out its access tokens.

What may be said is Google's own description of the API, 2026-07-07. What is not in it, and therefore our own: the
sentences, what becomes of repeated calls, how addresses are made, and how much is allowed.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs

import nh3

from sandbox.clock import iso, seconds_of
from sandbox.common import name_of, plain_words, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response
from sandbox.platforms.blogger.discovery import METHODS, Invalid, pattern_of, post_of, query_of
from sandbox.store import Account, Article, Store

NAME = "blogger"
CLIENT, CLIENT_SECRET = "sandbox-blogger-client", "sandbox-blogger-secret"
HOUR = 3600
PER_PAGE, MOST_PER_PAGE = 10, 500
WRITES = 60
"""A minute; how much is really allowed is not known."""
FIRST_ID = 7_000_000_000_000_000_000
SCOPE = "https://www.googleapis.com/auth/blogger"
CALLS = {
    "posts.insert": "create", "posts.list": "list", "posts.get": "show", "posts.update": "update",
    "posts.patch": "update", "posts.publish": "publish", "posts.revert": "revert", "posts.delete": "delete",
    "users.get": "me", "blogs.listByUser": "blogs", "blogs.get": "blog",
}  # fmt: skip
ROUTES = tuple((about["httpMethod"], pattern_of(about["path"]), name) for name, about in METHODS.items())


class Blogger:
    """Google's own strictness: access tokens that run out, and no name that it has not described."""

    title: ClassVar[str] = "Blogger (API v3)"
    api: ClassVar[str] = "/v3"
    open_paths: ClassVar[tuple[str, ...]] = ("/token",)
    calls: ClassVar[tuple[str, ...]] = (*dict.fromkeys(CALLS.values()), "token")
    lookups: ClassVar[tuple[str, ...]] = ("list", "show")
    switches: ClassVar[dict[str, bool]] = {
        "limits": True,
        "drops_comments": False,  # HTML comments are not known to stay
        "second_blog": False,
        "reader": False,  # may read the blog and nothing else
    }
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-blogger-key", "sandbox", 400, note=f"with {CLIENT} and {CLIENT_SECRET}"),
        ReadyMade("sandbox-blogger-two-key", "two_blogs", 400, {"second_blog": True}, "who has two blogs"),
        ReadyMade("sandbox-blogger-reader-key", "reader", 400, {"reader": True}, "who may only read"),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tokens: dict[str, tuple[str, float]] = {}
        """Access token → whose refresh token, and until when."""
        self.writes = Window(60)

    def forget(self) -> None:
        """No token was given out, nobody has called."""
        self.tokens.clear()
        self.writes.forget()

    def is_on(self, switch: str, account: Account | None) -> bool:
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request. Publishing a draft is the flip."""
        method, found = self._route(request)
        article_id = int(found["postId"]) - FIRST_ID if found.get("postId", "").isdecimal() else None
        call = Call(CALLS.get(method, method), self._key(request), article_id)
        return replace(call, flip=method == "posts.publish" and self._is_draft(call))

    def _is_draft(self, call: Call) -> bool:
        post = self._post(call)
        return post is not None and post.fields["status"] == "DRAFT"

    def _route(self, request: Request) -> tuple[str, dict[str, Any]]:
        if (request.method, request.path) == ("POST", "/token"):
            return "token", {}
        return route_of(ROUTES, request.method, request.path)

    def _key(self, request: Request) -> str:
        """The refresh token behind the access token, "" when that is unknown or over."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key, until = self.tokens.get(token, ("", 0.0))
        return key if scheme == "Bearer" and until > self.store.now() else ""

    def turn_away(self, request: Request) -> Response | None:
        account = self.store.account(NAME, self._key(request))
        if request.method == "GET" or not account or not self.is_on("limits", account):
            return None
        with self.store.lock:
            if self.writes.count(account.key, self.store.now()) >= WRITES:
                reason = {"errors": [{"domain": "usageLimits", "reason": "rateLimitExceeded"}]}
                return _refusal(403, "PERMISSION_DENIED", "Rate Limit Exceeded", **reason)
            self.writes.note(account.key, self.store.now())
        return None

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        if call.name == "token":
            return self._token(request)
        method, found = self._route(request)
        if method == "unknown":
            return Outcome(_refusal(404, "NOT_FOUND", "Method not found."))
        account = self.store.account(NAME, call.key)
        if not account:
            message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
            return Outcome(_refusal(401, "UNAUTHENTICATED", message))
        does: dict[str, Callable[[Request, Call, Account, dict[str, list[str]]], Outcome]] = {
            "me": self._me, "blogs": self._blogs, "create": self._insert, "list": self._list, "show": self._get,
            "update": self._update, "publish": self._publish, "revert": self._revert, "delete": self._delete,
            "blog": self._blogs,
        }  # fmt: skip
        if "blogId" in found and found["blogId"] not in self._blog_ids(account):
            return Outcome(_refusal(404, "NOT_FOUND", "Not Found"))
        if request.method != "GET" and self.is_on("reader", account):
            message = "We're sorry, but you don't have permission to access this resource."
            return Outcome(_refusal(403, "PERMISSION_DENIED", message, errors=[{"reason": "forbidden"}]))
        try:
            return does[call.name](request, call, account, query_of(method, request.query_string))
        except Invalid as error:
            return Outcome(_refusal(400, "INVALID_ARGUMENT", str(error)))

    def _token(self, request: Request) -> Outcome:
        """RFC 6749, section 6."""
        given = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if request.content_type != "application/x-www-form-urlencoded" or given.get("grant_type") != "refresh_token":
            return _oauth(400, "unsupported_grant_type", "Invalid grant_type: ")
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            return _oauth(401, "invalid_client", "The OAuth client was not found.")
        if not self.store.account(NAME, given.get("refresh_token", "")):
            return _oauth(400, "invalid_grant", "Token has been expired or revoked.")
        token = f"ya29.sandbox-{secrets.token_urlsafe(24)}"
        self.tokens[token] = (given["refresh_token"], self.store.now() + HOUR)
        lasting = {"access_token": token, "expires_in": HOUR - 1, "scope": SCOPE, "token_type": "Bearer"}
        return Outcome(json_response(200, lasting))

    def _me(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        me = {"kind": "blogger#user", "id": str(account.id), "displayName": name_of(account.username)}
        return Outcome(json_response(200, me))

    def _blog_ids(self, account: Account) -> list[str]:
        first = FIRST_ID + account.id * 10
        return [str(first), str(first + 1)] if self.is_on("second_blog", account) else [str(first)]

    def _blogs(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        names = (f"{name_of(account.username)}'s blog", "Another blog")
        items = [
            {"kind": "blogger#blog", "id": blog, "name": name, "url": f"{request.origin}/{NAME}/{account.username}/"}
            for blog, name in zip(self._blog_ids(account), names, strict=False)
        ]
        return Outcome(json_response(200, {"kind": "blogger#blogList", "items": items}))

    # Posts

    def _insert(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        given, now = post_of(request.body), self.store.now()
        post = Article(NAME, account.username, created_at=now, updated_at=now, fields={"status": "DRAFT", "labels": []})
        post.fields["blog"] = request.path.split("/")[3]
        self._write(post, given, account)
        self.store.save(post)
        if query.get("isDraft") != ["true"]:
            self._make_public(post, seconds_of(given.get("published")))
        return Outcome(json_response(200, self._shown(post, request)), post)

    def _update(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        post = self._post(call)
        if not post or post.account != account.username:
            return _gone()
        given = dict(post_of(request.body))
        if request.method == "PUT":
            given = {"title": "", "content": "", "labels": []} | given
        self._write(post, given, account)
        self.store.save(post)
        if query.get("publish") == ["true"]:
            self._make_public(post, None)
        return Outcome(json_response(200, self._shown(post, request)), post)

    def _publish(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        post = self._post(call)
        if not post or post.account != account.username:
            return _gone()
        self._make_public(post, seconds_of(query.get("publishDate", [""])[0]))
        return Outcome(json_response(200, self._shown(post, request)), post)

    def _revert(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        post = self._post(call)
        if not post or post.account != account.username:
            return _gone()
        if post.fields["status"] == "DRAFT":  # whether it is refused is not known: the stricter way
            return Outcome(_refusal(400, "INVALID_ARGUMENT", "Post is already a draft."), post)
        post.published, post.published_at = False, None
        post.fields["status"] = "DRAFT"
        self.store.save(post)
        return Outcome(json_response(200, self._shown(post, request)), post)

    def _delete(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        post = self._post(call)
        if not post or post.account != account.username:
            return _gone()
        post.published, post.published_at = False, None
        post.fields["status"] = "SOFT_TRASHED" if query.get("useTrash") == ["true"] else "DELETED"
        self.store.save(post)
        return Outcome(Response(204), post)

    def _get(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        post = self._post(call)
        hidden = not post or post.fields["status"] == "DELETED" or query.get("view") != ["ADMIN"]
        if not post or (hidden and not post.is_public(self.store.now())) or post.account != account.username:
            return _gone()
        return Outcome(json_response(200, self._shown(post, request, query.get("fetchBody") != ["false"])), post)

    def _list(self, request: Request, call: Call, account: Account, query: dict[str, list[str]]) -> Outcome:
        wanted = query.get("status", ["LIVE"])
        blog = request.path.split("/")[3]
        found = [
            post
            for post in self.store.articles(NAME, account.username, as_of=call.as_of)
            if post.fields["blog"] == blog and self._status(post) in wanted
        ]
        found.sort(key=lambda post: (post.updated_at, post.id), reverse=True)
        start = int(query.get("pageToken", ["0"])[0])
        end = start + min(int(query.get("maxResults", [str(PER_PAGE)])[0]), MOST_PER_PAGE)
        bodies = query.get("fetchBodies") != ["false"]
        listed: dict[str, Any] = {"kind": "blogger#postList", "etag": '"x"'}
        if items := [self._shown(post, request, bodies) for post in found[start:end]]:
            listed["items"] = items
        if len(found) > end:
            listed["nextPageToken"] = str(end)
        return Outcome(json_response(200, listed))

    def _write(self, post: Article, given: Any, account: Account) -> None:
        content = given.get("content", post.body)
        dropped = self.is_on("drops_comments", account)
        post.body = nh3.clean(content, strip_comments=True) if dropped else content
        post.title = given.get("title", post.title)
        post.fields["labels"] = sorted(given.get("labels", post.fields["labels"]))
        post.updated_at = self.store.now()

    def _make_public(self, post: Article, date: float | None) -> None:
        """A second time nothing changes. The address is made the first time, and stays."""
        now = self.store.now()
        if post.fields["status"] not in ("LIVE", "SCHEDULED"):
            post.published, post.published_at = True, date or now
            post.fields["status"] = "SCHEDULED" if date and date > now else "LIVE"
        if not post.path:
            month = datetime.fromtimestamp(post.published_at or now, UTC).strftime("%Y/%m")
            slug = plain_words(post.title, 39) or "blog-post"
            stem = f"/{post.account}/{month}/{slug}"
            taken = {other.path for other in self.store.articles(NAME) if other.id != post.id}
            ends = ("", *(f"_{number}" for number in range(1, 10_000)))
            post.path = next(path for end in ends if (path := f"{stem}{end}.html") not in taken)
        self.store.save(post)

    def _post(self, call: Call) -> Article | None:
        return self.store.article(NAME, call.article_id, call.as_of) if call.article_id else None

    def _status(self, post: Article) -> str:
        own: str = post.fields["status"]
        return "LIVE" if own == "SCHEDULED" and post.is_public(self.store.now()) else own

    def _shown(self, post: Article, request: Request, with_body: bool = True) -> dict[str, Any]:
        url = f"{request.origin}/{NAME}{post.path}" if post.path else ""
        shown: dict[str, Any] = {
            "kind": "blogger#post", "id": str(FIRST_ID + post.id), "status": self._status(post),
            "blog": {"id": post.fields["blog"]}, "title": post.title, "updated": iso(post.updated_at),
            "published": iso(post.published_at or post.created_at), "etag": json.dumps(str(post.updated_at)),
        }  # fmt: skip
        shown |= {"url": url} if url else {}
        shown |= {"labels": post.fields["labels"]} if post.fields["labels"] else {}
        return shown | ({"content": post.body} if with_body else {})

    def body_html(self, article: Article) -> str:
        return nh3.clean(article.body)


def _refusal(status: int, name: str, message: str, **more: Any) -> Response:
    errors = more.pop("errors", [{"domain": "global", "reason": name.lower(), "message": message}])
    return json_response(status, {"error": {"code": status, "message": message, "errors": errors, "status": name}})


def _oauth(status: int, code: str, words: str) -> Outcome:
    return Outcome(json_response(status, {"error": code, "error_description": words}))


def _gone() -> Outcome:
    return Outcome(_refusal(404, "NOT_FOUND", "Not Found", errors=[{"domain": "global", "reason": "notFound"}]))
