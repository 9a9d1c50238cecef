"""A site that speaks Micropub: a W3C Recommendation of 2017, with the extensions of Indiekit (August 2026).

What is told here was read in the Recommendation and in Indiekit's source, unless a comment says otherwise. As servers
differ, every extension is a switch: drafts, slugs, listing, comments in the text, the media endpoint, and whether the
same slug at the same time is the same post.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from email.parser import BytesParser
from html import escape
from typing import Any, ClassVar
from urllib.parse import urlsplit

import nh3

from sandbox import rendering
from sandbox.clock import iso, seconds_of
from sandbox.common import plain_words
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.messages import Request, Response, html_response, json_response
from sandbox.platforms.micropub import entries
from sandbox.store import Account, Article, Store

NAME = "micropub"
HOME = "/home"
ENDPOINT = "/endpoint/"
MEDIA = "/media/"
MOST = 50
"""Posts in an answer at most."""


class Micropub:
    """A personal site: bearer tokens with scopes, h-entries, addresses by date."""

    title: ClassVar[str] = "Micropub (a site of the IndieWeb)"
    api: ClassVar[str] = "/endpoint"
    open_paths: ClassVar[tuple[str, ...]] = (HOME, MEDIA)
    calls: ClassVar[tuple[str, ...]] = (
        "home", "config", "source", "list", "create", "update", "delete", "undelete", "upload", "file"
    )  # fmt: skip
    lookups: ClassVar[tuple[str, ...]] = ("source", "list")
    switches: ClassVar[dict[str, bool]] = {
        "limits": True, "drafts": True, "slugs": True, "lists": True, "sources": True, "comments": True,
        "media": True, "later": False, "same": False, "changes": True, "announces": True,
    }  # fmt: skip
    """`later` answers 202; `same` makes one post of the same slug at the same time; `announces` tells of drafts."""
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-micropub-key", "sandbox", age_days=400),
        ReadyMade("sandbox-micropub-reader-key", "reader", age_days=400, note="whose token has no scope to create"),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.files: dict[str, tuple[str, bytes]] = {}
        """By path: media type and bytes."""

    def forget(self) -> None:
        """No file was ever uploaded."""
        self.files.clear()

    def is_on(self, switch: str, account: Account | None = None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the platform's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request. An update is a flip when it makes a draft public."""
        key = _token(request) or ""
        if request.path.startswith(HOME):
            return Call("home")
        if request.path.startswith(MEDIA):
            return Call("upload" if request.method == "POST" else "file", key)
        if request.method in ("GET", "HEAD"):
            asked = request.query.get("q", "")
            name = {"config": "config", "source": "source" if "url" in request.query else "list"}.get(asked, "unknown")
            return Call(name, key)
        given = entries.document(request)
        name = str(given.get("action") or "create") if isinstance(given, dict) else "create"
        return self._write_call(name if name in self.calls else "unknown", key, given)

    def _write_call(self, name: str, key: str, given: Any) -> Call:
        article = self._at(str(given.get("url"))) if isinstance(given, dict) and given.get("url") else None
        call = Call(name, key, article.id if article else None)
        replaced = given.get("replace") if isinstance(given, dict) else None
        wanted = replaced.get("post-status") if isinstance(replaced, dict) else None
        is_flip = bool(name == "update" and article and not article.published and wanted == ["published"])
        return replace(call, flip=is_flip)

    def turn_away(self, request: Request) -> Response | None:
        """Nothing is said about how often anybody may call."""
        return None

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked. The home page is for everybody."""
        if call.name == "home":
            return self._home(request)
        if call.name == "file":
            return self._file(request)
        account = self.store.account(NAME, call.key)
        if not account:
            return refused(401, "unauthorized", "No access token, or one that is not known.")
        if request.method == "POST" and account.username == "reader":
            return refused(403, "insufficient_scope", "This token has no scope but “read”.")
        answers: dict[str, Callable[[Request, Call, Account], Outcome]] = {
            "config": self._config, "source": self._source, "list": self._list, "create": self._create,
            "update": self._update, "delete": self._delete, "undelete": self._undelete, "upload": self._upload,
        }  # fmt: skip
        if call.name not in answers:
            return refused(501, "not_implemented", "This endpoint does not know what was asked for.")
        return answers[call.name](request, call, account)

    def _home(self, request: Request) -> Outcome:
        """A profile that names its endpoint, as sites do: in the page."""
        link = f'<link rel="micropub" href="{escape(f"/{NAME}{ENDPOINT}")}">'
        page = f"<!doctype html><html lang=en><head><title>Home</title>{link}</head><body><h1>Home</h1></body></html>"
        return Outcome(html_response(200, page))

    def _config(self, request: Request, call: Call, account: Account) -> Outcome:
        known = ["name", "content", "category", "published"] + (["post-status"] if self.is_on("announces") else [])
        config: dict[str, Any] = {
            "syndicate-to": [],
            "q": ["config", "source", "syndicate-to"],
            "post-types": [{"type": "article", "name": "Article", "properties": known}],
        }
        if self.is_on("media"):
            config["media-endpoint"] = f"{request.api_origin}/{NAME}{MEDIA}"
        return Outcome(json_response(200, config))

    # Posts

    def _create(self, request: Request, call: Call, account: Account) -> Outcome:
        given = entries.document(request)
        if wrong := entries.wrong_with(given):
            return refused(400, "invalid_request", wrong)
        now = self.store.now()
        article = self._new(given["properties"], account, now)
        self.store.save(article)
        return self._made(202 if self.is_on("later", account) else 201, article, request)

    def _new(self, given: dict[str, list[Any]], account: Account, now: float) -> Article:
        """A server that does not know drafts has published it; one that does not know slugs makes its own."""
        published_at = seconds_of(str(given["published"][0])) if "published" in given else now
        wished = str(given["mp-slug"][0]) if "mp-slug" in given and self.is_on("slugs", account) else ""
        slug = plain_words(wished or f"{given.get('name', ['post'])[0]}", 80) or "post"
        day = (iso(published_at) or "")[:10].replace("-", "/")
        path, known = self._path(f"/{day}/{slug}" if self.is_on("slugs", account) else f"/{day}/{int(now)}", account)
        article = known or Article(NAME, account.username, created_at=now, path=path)
        properties = {name: values for name, values in given.items() if name != "mp-slug"}
        properties["published"] = [iso(published_at)]
        article.published_at = min(published_at or now, now)
        self._take(article, properties, account, now)
        return article

    def _path(self, wished: str, account: Account) -> tuple[str, Article | None]:
        known = self._own_at(wished, account)
        if known and self.is_on("same", account):
            return wished, known
        paths = (wished if number == 1 else f"{wished}-{number}" for number in range(1, 10_000))
        return next(path for path in paths if not self.store.article_at(NAME, path)), None

    def _take(self, article: Article, properties: dict[str, Any], account: Account, now: float) -> None:
        """What the properties say becomes the article."""
        is_draft = properties.get("post-status") == ["draft"] and self.is_on("drafts", account)
        if not self.is_on("drafts", account):
            properties.pop("post-status", None)
        if not self.is_on("comments", account):
            properties["content"] = entries.without_comments(properties.get("content", []))
        article.title = str(properties.get("name", [""])[0])
        article.body = entries.body_of(properties)
        article.published = not is_draft
        article.updated_at = now
        known_by = entries.mark_in(article.body) or article.fields.get("known_by")
        article.fields = {"properties": properties, "known_by": known_by or f"title:{article.title}"}

    def _update(self, request: Request, call: Call, account: Account) -> Outcome:
        given = entries.document(request)
        if not self.is_on("changes", account):
            return refused(501, "not_implemented", "This endpoint does not change posts.")
        if wrong := entries.wrong_with_update(given):
            return refused(400, "invalid_request", wrong)
        article = self._own(str(given["url"]), account)
        if not article:
            return refused(400, "invalid_request", "No post was found at this address.")
        properties = entries.changed(dict(article.fields["properties"]), given)
        self._take(article, properties, account, self.store.now())
        self.store.save(article)
        return Outcome(Response(204), article)

    def _delete(self, request: Request, call: Call, account: Account) -> Outcome:
        """The address and the date are kept, the rest is set aside."""
        article = self._own(str(entries.document(request).get("url")), account)
        if not article:
            return refused(400, "invalid_request", "No post was found at this address.")
        if "deleted" not in article.fields["properties"]:
            article.fields["aside"] = article.fields["properties"]
            kept = article.fields["properties"].get("published", [])
            article.fields["properties"] = {"published": kept, "deleted": [iso(self.store.now())]}
        article.published = False
        self.store.save(article)
        return Outcome(Response(204), article)

    def _undelete(self, request: Request, call: Call, account: Account) -> Outcome:
        article = self._own(str(entries.document(request).get("url")), account)
        if not article or "aside" not in article.fields:
            return refused(400, "invalid_request", "No deleted post was found at this address.")
        self._take(article, article.fields["aside"], account, self.store.now())
        self.store.save(article)
        return Outcome(Response(204), article)

    # Looking up

    def _source(self, request: Request, call: Call, account: Account) -> Outcome:
        if not self.is_on("sources", account):
            return refused(400, "invalid_request", "The query “source” is not supported.")
        article = self._own(request.query["url"], account, call.as_of)
        if not article:
            return refused(400, "invalid_request", "No post was found at this address.")
        return Outcome(json_response(200, self._entry(article, request)), article)

    def _list(self, request: Request, call: Call, account: Account) -> Outcome:
        """An extension: the newest first, a page at a time."""
        if not self.is_on("lists", account):
            return refused(400, "invalid_request", "The parameter “url” is missing.")
        limit = request.query.get("limit", "20")
        most = min(int(limit), MOST) if limit.isdecimal() else MOST
        listed = sorted(self.store.articles(NAME, account.username, as_of=call.as_of), key=lambda one: -one.id)
        after = request.query.get("after", "")
        left = [article for article in listed if not after.isdecimal() or article.id < int(after)]
        paging = {"after": str(left[most - 1].id)} if len(left) > most else {}
        items = [self._entry(article, request) for article in left[:most]]
        return Outcome(json_response(200, {"items": items, "paging": paging}))

    def _entry(self, article: Article, request: Request) -> dict[str, Any]:
        own = {"url": [f"{request.origin}/{NAME}{article.path}"]}
        return {"type": ["h-entry"], "properties": {**article.fields["properties"], **own}}

    def _at(self, url: str, as_of: float | None = None) -> Article | None:
        path = urlsplit(url).path.removeprefix(f"/{NAME}")
        return self.store.article_at(NAME, path, as_of)

    def _own(self, url: str, account: Account, as_of: float | None = None) -> Article | None:
        article = self._at(url, as_of)
        return article if article and article.account == account.username else None

    def _own_at(self, path: str, account: Account) -> Article | None:
        article = self.store.article_at(NAME, path)
        return article if article and article.account == account.username else None

    def _made(self, status: int, article: Article, request: Request) -> Outcome:
        return Outcome(Response(status, headers={"Location": f"{request.origin}/{NAME}{article.path}"}), article)

    # Files

    def _upload(self, request: Request, call: Call, account: Account) -> Outcome:
        head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + request.body).walk()
        file = next((one for one in parts if one.get_param("name", header="content-disposition") == "file"), None)
        content = file.get_payload(decode=True) if file else None
        if not file or not isinstance(content, bytes):
            return refused(400, "invalid_request", "There is no part called “file”.")
        ending = re.sub(r"[^a-z]", "", file.get_content_type().rpartition("/")[2])
        path = f"{MEDIA}{len(self.files) + 1}.{ending}"
        self.files[path] = (file.get_content_type(), content)
        return Outcome(Response(201, headers={"Location": f"{request.origin}/{NAME}{path}"}))

    def _file(self, request: Request) -> Outcome:
        if request.path not in self.files:
            return Outcome(Response(404))
        kind, content = self.files[request.path]
        return Outcome(Response(200, content, {"Content-Type": kind}))

    def body_html(self, article: Article) -> str:
        """The body as readers see it: HTML as it came, a bare string as Markdown, as Indiekit does."""
        content = article.fields["properties"].get("content", [""])[0]
        return nh3.clean(article.body) if isinstance(content, dict) else rendering.render(article.body)


def _token(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def refused(status: int, error: str, description: str) -> Outcome:
    return Outcome(Response(
        status, json.dumps({"error": error, "error_description": description}).encode(),
        {"Content-Type": "application/json"},
    ))  # fmt: skip
