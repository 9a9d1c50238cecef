"""DEV, and every other Forem, through its API v1.

What is told here about the platform was read in the Forem v1 source of 2024-2026, unless a comment says otherwise.
Look at `Devto.answer` for what can be asked, at `rules` for what is refused, at `views` for what is answered.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from sandbox.common import route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response, text_response
from sandbox.platforms.devto.rules import DAY, MINUTE, Rules, discloses, envelope
from sandbox.platforms.devto.views import (
    DISCLOSURES,
    NAME,
    disclosure_missing,
    html_of,
    listed,
    not_found,
    own_profile,
    shown,
    too_many,
    unauthorized,
    unprocessable,
    url_of,
)
from sandbox.store import Account, Article, Store

V1 = "application/vnd.forem.api-v1+json"
V0_WARNING = f'299 - "This endpoint is part of the V0 (beta) API. Set the Accept header to {V1} to use V1."'

MAX_PER_PAGE = 1000
PER_PAGE = 30
NEWCOMER = 3 * DAY

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
        name, found = route_of(ROUTES, request.method, request.path.removeprefix(self.api))
        article_id = int(found.get("id") or 0) or None
        key = request.headers.get("api-key", "")
        call = Call(name, key, article_id)
        return replace(call, flip=name == "update" and self._would_flip(request, call))

    def _would_flip(self, request: Request, call: Call) -> bool:
        account, article = self.store.account(NAME, call.key), self._article(call)
        if not account or not article or article.account != account.username or article.published:
            return False
        given = envelope(request)
        if isinstance(given, Response):
            return False
        self._rules(article, account).apply(given)
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
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    def _rules(self, article: Article, account: Account, *, creating: bool = False) -> Rules:
        return Rules(self.store, article, disclosing=self.is_on("ai_disclosure", account), creating=creating)

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
            return not_found()
        if call.name == "show":
            return self._show(request, call)
        account = self.store.account(NAME, call.key)
        if not account:
            return unauthorized()
        answers: dict[str, Callable[[Request, Call, Account], Outcome]] = {
            "me": self._me, "create": self._create, "update": self._update, "list": self._list,
            "unpublish": self._unpublish,
        }  # fmt: skip
        return answers[call.name](request, call, account)

    def _me(self, request: Request, call: Call, account: Account) -> Outcome:
        return Outcome(json_response(200, own_profile(account)))

    def _create(self, request: Request, call: Call, account: Account) -> Outcome:
        given = envelope(request)
        if isinstance(given, Response):
            return Outcome(given)
        if self.is_on("ai_disclosure", account) and not discloses(given):
            return Outcome(disclosure_missing(request))
        if wait := self._must_wait_to_create(account):
            return too_many(wait)
        now = self.store.now()
        article = Article(NAME, account.username, created_at=now, updated_at=now)
        errors = self._rules(article, account, creating=True).apply(given)
        if errors:
            return unprocessable(errors)
        self.store.save(article)
        view = shown(self.store, article, request)
        return Outcome(json_response(201, view, {"Location": url_of(article, request)}), article)

    def _update(self, request: Request, call: Call, account: Account) -> Outcome:
        article = self._article(call)
        if not article or article.account != account.username:
            return not_found()
        given = envelope(request)
        if isinstance(given, Response):
            return Outcome(given, article)
        now = self.store.now()
        if self.is_on("limits", account) and self.updates.count(account.username, now) > 30:
            return too_many(30)
        before = copy.deepcopy(article)
        errors = self._rules(article, account).apply(given)
        if errors:
            return Outcome(unprocessable(errors).response, before)
        article.updated_at = now
        if before.published:
            article.fields["edited_at"] = now
        self.store.save(article)
        self.updates.note(account.username, now)
        view = shown(self.store, article, request) | self._warnings(article, request)
        return Outcome(json_response(200, view), article)

    def _unpublish(self, request: Request, call: Call, account: Account) -> Outcome:
        """For moderators only; no account of the sandbox is one. An author updates with published: false instead."""
        article = self._article(call)
        return Outcome(unauthorized().response, article) if article else not_found()

    def _show(self, request: Request, call: Call) -> Outcome:
        """Published articles only, for anybody; even the author gets 404 for a draft."""
        article = self._article(call)
        if not call.article_id:
            article = self.store.article_at(NAME, request.path.removeprefix(f"{self.api}/articles"), call.as_of)
        if not article or not article.is_public(self.store.now()):
            return not_found()
        return Outcome(json_response(200, shown(self.store, article, request)), article)

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
        return Outcome(json_response(200, [listed(self.store, article, request) for article in articles]))

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
        return html_of(article.body)


def _number(text: str | None, default: int) -> int:
    """A query parameter as a number; what is none, or below zero, counts as the default."""
    return int(text) if text is not None and text.isdecimal() else default
