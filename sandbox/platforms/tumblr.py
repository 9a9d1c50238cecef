"""Tumblr's API v2 with its “Neue Post Format”, as its documentation of 2024-10 describes them.

A post without a state is public at once. Formatting counts code points, and every range has to lie within its text.
"""

import base64
import hashlib
import hmac
import html
import json
import re
import uuid
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, ClassVar
from urllib.parse import quote

from sandbox.common import is_address, name_of, plain_words, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response
from sandbox.store import Account, Article, Store

NAME = "tumblr"
APP, APP_SECRET = "sandbox-tumblr-app", "sandbox-tumblr-app-secret"
PER_MINUTE, PER_DAY, DAY = 300, 250, 86_400
TEXT, BLOCKS, LINKS, PICTURES, DEEPEST, POST_BYTES = 4096, 1000, 100, 30, 7, 1_000_000
SUBTYPES = {
    "heading1", "heading2", "quirky", "quote", "indented", "chat", "ordered-list-item", "unordered-list-item",
}  # fmt: skip
FORMATS = {"bold": set(), "italic": set(), "strikethrough": set(), "small": set(), "link": {"url"}}
STATES = ("published", "queue", "draft", "private")
KEYS = {"content", "layout", "state", "publish_on", "date", "tags", "source_url", "slug"}
BLOG = r"/v2/blog/(?P<blog>[\w.-]+)"
ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/v2/user/info", "me"),
    ("GET", r"/v2/user/limits", "left"),
    ("GET", BLOG + r"/posts", "list"),
    ("GET", BLOG + r"/posts/(?P<which>draft|queue)", "list"),
    ("POST", BLOG + r"/posts", "create"),
    ("PUT", BLOG + r"/posts/(?P<id>\d+)", "update"),
)


class Refused(Exception):
    """A refusal: status, the platform's own number, and its words."""

    def __init__(self, status: int, code: int, words: str) -> None:
        super().__init__(words)
        self.status, self.code = status, code


class Tumblr:
    """Its strictness: signed calls, blocks of known shapes, numbers of links and pictures, posts of a day."""

    title: ClassVar[str] = "Tumblr (API v2)"
    api: ClassVar[str] = "/v2"
    calls: ClassVar[tuple[str, ...]] = ("me", "left", "list", "create", "update")
    lookups: ClassVar[tuple[str, ...]] = ("list",)
    switches: ClassVar[dict[str, bool]] = {"limits": True}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (ReadyMade("sandbox-tumblr-key", "sandbox", age_days=400),)

    def __init__(self, store: Store) -> None:
        self.store = store
        self.minute = Window(60)

    def forget(self) -> None:
        """Nobody has called."""
        self.minute.forget()

    def recognise(self, request: Request) -> Call:
        """The call of a request; what makes a post public is the flip."""
        name, found = route_of(ROUTES, request.method, request.path)
        article = int(found["id"]) if found.get("id") else None
        flips = name == "update" and b'"published"' in request.body
        return Call(name, _signed(request).get("oauth_token", ""), article_id=article, flip=flips)

    def turn_away(self, request: Request) -> Response | None:
        """Too many calls of an address within a minute."""
        if not self.store.is_on(NAME, "limits", True, None):
            return None
        if self.minute.count(request.ip, self.store.now()) >= PER_MINUTE:
            return _answer(429, "Limit Exceeded", {}, {"Retry-After": "60"})
        self.minute.note(request.ip, self.store.now())
        return None

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked, when it is signed."""
        name, found = route_of(ROUTES, request.method, request.path)
        account = self.store.account(NAME, call.key)
        if not account or not _is_signed(request, account.key):
            return _refusal(401, 1016, "Unable to authorize")
        if name == "unknown" or found.get("blog", account.username) not in (
            account.username, f"{account.username}.tumblr.com",
        ):  # fmt: skip
            return _refusal(404, 0, "Not Found")
        answers: dict[str, Callable[..., Outcome]] = {
            "me": self._me, "left": self._left, "list": self._list, "create": self._create, "update": self._update,
        }  # fmt: skip
        try:
            return answers[name](request, call, account, found)
        except Refused as refused:
            return _refusal(refused.status, refused.code, str(refused))

    def body_html(self, article: Article) -> str:
        """The blocks as a simple page."""
        return "".join(_shown_block(block) for block in article.fields["content"])

    # Reading

    def _me(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        blog = {"name": account.username, "title": name_of(account.username), "primary": True}
        blog["url"] = f"{request.origin}/{NAME}/{account.username}/"
        return Outcome(_answer(200, "OK", {"user": {"name": account.username, "blogs": [blog]}}))

    def _left(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        made = self.store.published_since(NAME, account.username, self.store.now() - DAY)
        posts = {"description": "the number of posts you can create per day", "limit": PER_DAY}
        return Outcome(_answer(200, "OK", {"user": {"posts": posts | {"remaining": max(PER_DAY - made, 0)}}}))

    def _list(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        wanted = {"draft": ("draft",), "queue": ("queue",)}.get(found.get("which") or "", ("published", "private"))
        posts = [
            post for post in self.store.articles(NAME, account.username, as_of=call.as_of)
            if post.fields["state"] in wanted
        ]  # fmt: skip
        if "id" in request.query:
            posts = [post for post in posts if str(post.id) == request.query["id"]]
            if not posts:
                raise Refused(404, 0, "Not Found")
        start, most = int(request.query.get("offset", "0")), min(int(request.query.get("limit", "20")), 20)
        shown = [_shown(post, request) for post in posts[start : start + most]]
        return Outcome(_answer(200, "OK", {"posts": shown, "total_posts": len(posts)}))

    # Writing

    def _create(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        now = self.store.now()
        post = Article(NAME, account.username, created_at=now, fields={"state": "", "reblog_key": uuid.uuid4().hex[:8]})
        self._set(post, _given(request), account)
        return Outcome(_answer(201, "Created", {"id": str(post.id)}), post)

    def _update(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        post = self.store.article(NAME, int(found["id"]))
        if not post or post.account != account.username:
            raise Refused(404, 0, "Not Found")
        self._set(post, _given(request), account)
        return Outcome(_answer(200, "OK", {"id": str(post.id)}), post)

    def _set(self, post: Article, given: dict[str, Any], account: Account) -> None:
        state, now = given.get("state", "published"), self.store.now()
        if state == "published" and not post.published:
            limits = self.store.is_on(NAME, "limits", True, account)
            if limits and self.store.published_since(NAME, account.username, now - DAY) >= PER_DAY:
                raise Refused(403, 8023, "This blog has reached its daily post limit.")
        first = next((block["text"] for block in given["content"] if block["type"] == "text"), "")
        post.title, post.updated_at = first, now
        post.body = "\n".join(block.get("text", "") for block in given["content"])
        post.published = state == "published"
        post.published_at = (post.published_at or now) if post.published else None
        post.canonical_url = given.get("source_url")
        slug = given.get("slug") or plain_words(first, 60)
        known = re.search(r"([0-9a-f]{12})$", slug)
        post.fields |= {
            "state": state, "content": given["content"], "slug": slug, "known_by": known[1] if known else slug,
            "tags": [tag.strip() for tag in given.get("tags", "").split(",") if tag.strip()], "title_in_body": True,
        }  # fmt: skip
        self.store.save(post)
        post.path = f"/{account.username}/{post.id}/{slug}"
        self.store.save(post)


# Reading a request


def _given(request: Request) -> dict[str, Any]:
    """The fields of a post, with the pictures that travelled along. Raises Refused."""
    files: set[str] = set()
    body = request.body
    if request.content_type == "multipart/form-data":
        body, files = _parts(request)
    elif request.content_type != "application/json":
        raise Refused(400, 8001, "Content-Type must be application/json or multipart/form-data")
    try:
        given = json.loads(body)
    except ValueError:
        raise Refused(400, 8001, "Body is not valid JSON") from None
    if not isinstance(given, dict) or set(given) - KEYS:
        raise Refused(400, 8001, "Unknown parameter")
    for name in ("state", "tags", "source_url", "slug"):
        if not isinstance(given.get(name, ""), str):
            raise Refused(400, 8001, f"'{name}' must be a string")
    if given.get("state", "draft") not in STATES:
        raise Refused(400, 8001, "'state' is not valid")
    if given.get("source_url") and not is_address(given["source_url"]):
        raise Refused(400, 8001, "'source_url' is not a URL")
    _check_blocks(given.get("content"), files)
    return given


def _parts(request: Request) -> tuple[bytes, set[str]]:
    """The JSON part, which comes first, and the names of the files."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    parts = [(part.get_param("name", header="content-disposition"), part) for part in message.iter_parts()]
    if not parts or parts[0][0] != "json" or parts[0][1].get_content_type() != "application/json":
        raise Refused(400, 8001, "The first part must be the JSON body")
    content = parts[0][1].get_payload(decode=True)
    for _, part in parts[1:]:
        if part.get_content_maintype() != "image":
            raise Refused(400, 8005, "This file is not an image")
    return bytes(content if isinstance(content, bytes) else b""), {str(name) for name, _ in parts[1:]}


def _check_blocks(content: Any, files: set[str]) -> None:
    if not isinstance(content, list) or not content:
        raise Refused(400, 8001, "'content' must be an array")
    if len(content) > BLOCKS or len(json.dumps(content, ensure_ascii=False).encode()) > POST_BYTES:
        raise Refused(400, 8001, "This post is too long")
    for block in content:
        if not isinstance(block, dict) or block.get("type") not in ("text", "image"):
            raise Refused(400, 8001, "A block has no known type")
        (_check_text if block["type"] == "text" else _check_picture)(block, files)
    formats = [one for block in content for one in block.get("formatting", [])]
    if sum(one["type"] == "link" for one in formats) > LINKS:
        raise Refused(400, 8001, f"A post may have {LINKS} links")
    if sum(block["type"] == "image" for block in content) > PICTURES:
        raise Refused(400, 8001, f"A post may have {PICTURES} images")


def _check_text(block: dict[str, Any], files: set[str]) -> None:
    text, level = block.get("text"), block.get("indent_level", 0)
    if set(block) - {"type", "text", "subtype", "indent_level", "formatting"} or not isinstance(text, str):
        raise Refused(400, 8001, "A text block is not valid")
    if len(text) > TEXT or block.get("subtype", "quote") not in SUBTYPES or level not in range(DEEPEST + 1):
        raise Refused(400, 8001, "A text block is too long, or of no known kind")
    for one in block.get("formatting", []):
        known = FORMATS.get(one.get("type"))
        if known is None or set(one) != {"type", "start", "end"} | known:
            raise Refused(400, 8001, "A formatting range is not valid")
        if not 0 <= one["start"] < one["end"] <= len(text):
            raise Refused(400, 8001, "A formatting range lies outside of its text")


def _check_picture(block: dict[str, Any], files: set[str]) -> None:
    media = block.get("media")
    if set(block) - {"type", "media", "alt_text", "caption"} or not isinstance(media, list) or not media:
        raise Refused(400, 8001, "An image block is not valid")
    if len(block.get("alt_text", "")) > TEXT or len(block.get("caption", "")) > TEXT:
        raise Refused(400, 8001, "A description is too long")
    for one in media:
        named = one.get("identifier") in files if "identifier" in one else is_address(str(one.get("url", "")))
        if set(one) - {"type", "url", "identifier", "width", "height"} or not named:
            raise Refused(400, 8001, "An image has neither an address nor a file")


# Signatures (RFC 5849)


def _signed(request: Request) -> dict[str, str]:
    kind, _, words = request.headers.get("authorization", "").partition(" ")
    return dict(re.findall(r'(\w+)="([^"]*)"', words)) if kind == "OAuth" else {}


def _is_signed(request: Request, token: str) -> bool:
    given = _signed(request)
    claimed = given.pop("oauth_signature", "")
    if given.get("oauth_consumer_key") != APP or given.get("oauth_signature_method") != "HMAC-SHA1":
        return False
    pairs = [(_coded(key), _coded(value)) for key, value in request.query.items()] + list(given.items())
    listed = "&".join(f"{key}={value}" for key, value in sorted(pairs))
    base = f"{request.method}&{_coded(f'{request.origin}/{NAME}{request.path}')}&{_coded(listed)}"
    secret = f"{APP_SECRET}&{_coded(token + '-secret')}".encode()
    made = base64.b64encode(hmac.new(secret, base.encode(), hashlib.sha1).digest()).decode()
    return hmac.compare_digest(_coded(made), claimed)


def _coded(text: str) -> str:
    return quote(text, safe="~")


# Writing an answer


def _shown(post: Article, request: Request) -> dict[str, Any]:
    own = post.fields
    return {
        "object_type": "post",
        "type": "blocks",
        "id": post.id,
        "id_string": str(post.id),
        "blog_name": post.account,
        "post_url": f"{request.origin}/{NAME}{post.path}",
        "slug": own["slug"],
        "state": {"queue": "queued"}.get(own["state"], own["state"]),
        "tags": own["tags"],
        "content": own["content"],
        "layout": [],
        "source_url": post.canonical_url,
        "reblog_key": own["reblog_key"],
    }


def _shown_block(block: dict[str, Any]) -> str:
    if block["type"] == "image":
        alt = html.escape(block.get("alt_text", ""))
        return f'<figure><img src="{html.escape(block["media"][0].get("url", ""))}" alt="{alt}"></figure>'
    kind = block.get("subtype", "")
    tag = {"heading1": "h1", "heading2": "h2", "chat": "pre", "indented": "blockquote"}.get(kind, "p")
    mark = {"ordered-list-item": "1. ", "unordered-list-item": "• "}.get(kind, "")
    return f"<{tag}>{mark}{html.escape(block['text'])}</{tag}>"


def _answer(status: int, words: str, response: Any, headers: dict[str, str] | None = None) -> Response:
    return json_response(status, {"meta": {"status": status, "msg": words}, "response": response}, headers)


def _refusal(status: int, code: int, words: str) -> Outcome:
    errors = [{"title": words, "code": code, "detail": words}]
    return Outcome(json_response(status, {"meta": {"status": status, "msg": words}, "response": [], "errors": errors}))
