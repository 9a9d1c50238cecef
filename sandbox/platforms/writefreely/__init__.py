"""WriteFreely, which also runs Write.as, through its API.

What is told here was read in its source code, 2018 to 2024, unless a comment says otherwise.
"""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from sandbox import rendering
from sandbox.clock import iso, seconds_of
from sandbox.common import name_of, plain_words, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response
from sandbox.store import Account, Article, Store

NAME = "writefreely"
PASSWORD = "let-me-in"  # noqa: S105  everybody's, as the keys are
TITLE = 160
CACHED = 4
"""Seconds for which the list of one's own posts stays as it was first read."""
FONTS = ("norm", "sans", "mono", "wrap", "code")
SAFE = "0123456789bcdfghjklmnpqrstvwxyz"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FIELDS = {"title", "body", "slug", "font", "lang", "rtl", "created", "crosspost"}

ROUTES: tuple[tuple[str, str, str], ...] = (
    ("POST", r"/auth/login", "login"),
    ("GET", r"/me/?", "me"),
    ("GET", r"/me/collections", "blogs"),
    ("GET", r"/me/posts", "list"),
    ("GET", r"/collections/(?P<alias>[\w-]+)", "blog"),
    ("POST", r"/collections/(?P<alias>[\w-]+)/posts", "create"),
    ("POST", r"/collections/(?P<alias>[\w-]+)/collect", "collect"),
    ("POST", r"/posts", "create"),
    ("POST", r"/posts/disperse", "disperse"),
    ("GET", r"/posts/(?P<id>[a-zA-Z0-9]{10})", "read"),
    ("POST", r"/posts/(?P<id>[a-zA-Z0-9]{10})", "update"),
    ("DELETE", r"/posts/(?P<id>[a-zA-Z0-9]{10})", "delete"),
)


class Writefreely:
    """Blogs, drafts that are posts of no blog, and addresses that are made of titles."""

    title: ClassVar[str] = "WriteFreely"
    api: ClassVar[str] = "/api"
    calls: ClassVar[tuple[str, ...]] = (
        "login", "me", "blogs", "blog", "list", "read", "create", "update", "collect", "disperse", "delete"
    )  # fmt: skip
    lookups: ClassVar[tuple[str, ...]] = ("list", "read")
    switches: ClassVar[dict[str, bool]] = {"limits": True, "cache": True, "two_blogs": False, "silenced": False}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-writefreely-key", "sandbox", age_days=400, note=f"whose password is {PASSWORD}"),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.log_ins = Window(3)
        self.listed: dict[str, tuple[float, list[Article]]] = {}
        """When each author's list was last made, and what was in it."""

    def forget(self) -> None:
        """Nobody has called yet."""
        self.log_ins.forget()
        self.listed.clear()

    def is_on(self, switch: str, account: Account | None = None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the platform's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request. Collecting a draft is the flip."""
        name, found = route_of(ROUTES, request.method, request.path.removeprefix(self.api))
        given = _document(request)
        key = found.get("id", "")
        if name == "collect" and isinstance(given, list) and given and isinstance(given[0], dict):
            key = str(given[0].get("id") or "")
        call = Call(name, _token(request), int(key) if key.isdecimal() else None)
        article = self._article(call)
        return replace(call, flip=name == "collect" and bool(article and not article.published))

    def turn_away(self, request: Request) -> Response | None:
        """Nothing is known of an edge that counts calls."""
        return None

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked; who does not say that it is JSON is answered as a browser would be."""
        if call.name == "login":
            return self._login(request)
        if call.name == "unknown":
            return refused(404, "Page not found.")
        if request.content_type != "application/json":
            return said(200, {}) if call.name == "me" else refused(406, "Bad requested Content-Type.")
        account = self.store.account(NAME, call.key)
        if not account:
            return refused(401, "Invalid access token.")
        if request.method == "POST" and self.is_on("silenced", account):
            return refused(403, "Account is silenced.")
        answers: dict[str, Callable[[Request, Call, Account], Outcome]] = {
            "me": self._me, "blogs": self._blogs, "blog": self._blog, "list": self._list, "read": self._read,
            "create": self._create, "update": self._update, "collect": self._collect, "disperse": self._disperse,
            "delete": self._delete,
        }  # fmt: skip
        return answers[call.name](request, call, account)

    def _login(self, request: Request) -> Outcome:
        """One try in three seconds for each name."""
        given = _document(request)
        alias = str(given.get("alias") or "") if isinstance(given, dict) else ""
        now = self.store.now()
        if self.is_on("limits") and self.log_ins.count(alias, now):
            return refused(429, "You're doing that too much.")
        self.log_ins.note(alias, now)
        if not self.store.account_named(NAME, alias):
            return refused(404, "User doesn't exist.")
        if given.get("pass") != PASSWORD:
            return refused(401, "Incorrect password.")
        token = secrets.token_hex(16)
        self.store.add_account(NAME, token, alias, age_days=400)
        return said(200, {"access_token": token, "user": {"username": alias}})

    def _me(self, request: Request, call: Call, account: Account) -> Outcome:
        return said(200, {"username": account.username})

    def _aliases(self, account: Account) -> list[str]:
        return [account.username, *([f"{account.username}-notes"] if self.is_on("two_blogs", account) else [])]

    def _blogs(self, request: Request, call: Call, account: Account) -> Outcome:
        return said(200, [self._collection(alias, request) for alias in self._aliases(account)])

    def _blog(self, request: Request, call: Call, account: Account) -> Outcome:
        alias = request.path.rpartition("/")[2]
        if not self.store.account_named(NAME, alias.removesuffix("-notes")):
            return refused(404, "Collection doesn't exist.")
        return said(200, self._collection(alias, request))

    def _collection(self, alias: str, request: Request) -> dict[str, Any]:
        title = name_of(alias.replace("-", "_"))
        return {"alias": alias, "title": title, "url": f"{request.origin}/{NAME}/{alias}/", "public": True}

    # Posts

    def _list(self, request: Request, call: Call, account: Account) -> Outcome:
        """All own posts, drafts too, as they were when the list was last made."""
        now = self.store.now()
        made, articles = self.listed.get(account.username, (-CACHED, []))
        if not self.is_on("cache", account) or now - made >= CACHED or call.as_of is not None:
            articles = self.store.articles(NAME, account.username, as_of=call.as_of)
            self.listed[account.username] = (now, articles)
        return said(200, [self._shown(article, request, whole=True) for article in articles])

    def _read(self, request: Request, call: Call, account: Account) -> Outcome:
        article = self._article(call)
        if not article or article.account == "deleted":
            return refused(404, "Post not found.")
        return said(200, self._shown(article, request), article)

    def _create(self, request: Request, call: Call, account: Account) -> Outcome:
        given = _document(request)
        if wrong := _wrong_with(given):
            return wrong
        alias = request.path.split("/")[3] if request.path.startswith(f"{self.api}/collections/") else ""
        if alias and alias not in self._aliases(account):
            return refused(403, "You don't have permission to add to this collection.")
        now = self.store.now()
        created = seconds_of(given["created"]) if TIME.fullmatch(str(given.get("created") or "")) else None
        article = Article(NAME, account.username, created_at=created or now, updated_at=now, fields={"alias": ""})
        self._take(article, given)
        if alias:
            self._put_into(article, alias, str(given.get("slug") or ""))
        self.store.save(article)
        return said(201, self._shown(article, request), article)

    def _update(self, request: Request, call: Call, account: Account) -> Outcome:
        article, given = self._article(call), _document(request)
        if not article or article.account != account.username:
            return refused(401, "Invalid editing credentials.")
        if wrong := _wrong_with(given):
            return wrong
        self._take(article, given)
        article.updated_at = self.store.now()
        self.store.save(article)
        return said(200, self._shown(article, request), article)

    def _take(self, article: Article, given: dict[str, Any]) -> None:
        article.title = str(given.get("title", article.title))
        article.body = str(given.get("body", article.body))
        article.fields["font"] = given.get("font") if given.get("font") in FONTS else "norm"
        article.fields["lang"] = given.get("lang", article.fields.get("lang"))

    def _collect(self, request: Request, call: Call, account: Account) -> Outcome:
        """The address is made anew, even of a post that is in the blog already."""
        article, alias = self._article(call), request.path.split("/")[3]
        if alias not in self._aliases(account):
            return said(200, [{"code": 403, "error_msg": "You don't have permission to add to this collection."}])
        if not article or article.account != account.username:
            return said(200, [{"code": 400, "error_msg": "Missing post Edit Token `token`."}])
        self._put_into(article, alias, "")
        self.store.save(article)
        return said(200, [{"code": 200, "post": self._shown(article, request, whole=True)}], article)

    def _put_into(self, article: Article, alias: str, wished: str) -> None:
        slug = plain_words(wished or article.title, 80) or _id(article)
        taken = {
            other.fields["slug"] for other in self.store.articles(NAME)
            if other.id != article.id and other.fields["alias"] == alias
        }  # fmt: skip
        if slug in taken:
            slug = f"{slug}-{''.join(secrets.choice(SAFE) for _ in range(4))}"
        article.fields |= {"alias": alias, "slug": slug}
        article.path = f"/{alias}/{slug}"
        article.published = True
        article.published_at = article.created_at

    def _disperse(self, request: Request, call: Call, account: Account) -> Outcome:
        """Out of its blog: a draft again."""
        keys = _document(request)
        article = self._article(Call("disperse", article_id=int(keys[0]))) if _is_key(keys) else None
        if not article or article.account != account.username:
            return said(200, [{"code": 409, "error_msg": "Post is already owned by someone else."}])
        article.published = False
        article.fields["alias"] = ""
        article.path = ""
        self.store.save(article)
        return said(200, [{"code": 200, "post": self._shown(article, request)}], article)

    def _delete(self, request: Request, call: Call, account: Account) -> Outcome:
        article = self._article(call)
        if not article or article.account != account.username:
            return refused(403, "Post not found, or you're not the owner.")
        article.account, article.published = "deleted", False
        self.store.save(article)
        return Outcome(Response(204), article)

    def _article(self, call: Call) -> Article | None:
        return self.store.article(NAME, call.article_id, call.as_of) if call.article_id else None

    def _shown(self, article: Article, request: Request, *, whole: bool = False) -> dict[str, Any]:
        """Only the list and collecting tell the blog."""
        own = article.fields
        alias = own["alias"]
        return {
            "id": _id(article),
            **({"slug": own["slug"]} if own.get("slug") else {}),
            "appearance": own["font"],
            "language": own.get("lang") or "",
            "created": iso(article.created_at),
            "updated": iso(article.updated_at),
            "title": article.title,
            "body": article.body,
            "tags": re.findall(r"#(\w+)", article.body),
            "views": 0,
            **({"collection": {**self._collection(alias, request), "url": ""}} if whole and alias else {}),
        }

    def body_html(self, article: Article) -> str:
        """The body as readers see it."""
        return rendering.render(article.body)


def _id(article: Article) -> str:
    """Ten letters or digits."""
    return f"{article.id:010d}"


def _is_key(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) and value[0].isdecimal()


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind == "Token" else ""


def _document(request: Request) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _wrong_with(given: Any) -> Outcome | None:
    """What is too long for the database is an error of the server's."""
    if not isinstance(given, dict):
        return refused(400, "Expected valid JSON object.")
    if unknown := set(given) - FIELDS:
        return refused(400, f"Unknown fields, which a real one drops without a word: {', '.join(sorted(unknown))}.")
    if not str(given.get("body") or "").strip():
        return refused(400, "Supply something to publish.")
    if len(str(given.get("title") or "")) > TITLE or len(str(given.get("lang") or "")) > 2:
        return refused(500, "The humans messed something up. They've been notified.")
    return None


def said(status: int, data: Any, article: Article | None = None) -> Outcome:
    return Outcome(json_response(status, {"code": status, "data": data}), article)


def refused(status: int, words: str) -> Outcome:
    return Outcome(json_response(status, {"code": status, "error_msg": words}))
