"""Hashnode, through its GraphQL API, as it is since May 2026: on a host of its own, for publications that pay.

What is asked must fit `schema.graphql`, and is executed by `desk.py`. Where nobody knows what the real one does (a
slug that is taken), a switch decides. Drafts and posts have different ids, and publishing uses the draft up.
"""

import json
from dataclasses import replace
from typing import ClassVar

from sandbox import rendering
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, html_response, json_response
from sandbox.platforms.hashnode import graph, storage
from sandbox.platforms.hashnode.desk import NAME, Desk, for_readers, number_of
from sandbox.store import Account, Article, Store

MAX_BYTES = 100_000
"""Of a whole request."""
CACHED = 25
"""So many seconds a query may be answered with what was answered before."""
PER_MINUTE = {False: 20_000, True: 500}
"""Queries, and mutations."""


class Hashnode:
    """Hashnode's own strictness: tokens, its schema, its paid plan, the size of a request, old answers."""

    title: ClassVar[str] = "Hashnode (GraphQL)"
    api: ClassVar[str] = ""
    calls: ClassVar[tuple[str, ...]] = ("me", "create", "update", "publish", "list", "look", "sign", "upload")
    lookups: ClassVar[tuple[str, ...]] = ("list", "look")
    switches: ClassVar[dict[str, bool]] = {
        "limits": False,  # it names them, and says that they are not enforced
        "pro": True,
        "cache": True,
        "suffix": True,  # off: a slug that is taken is an error
        "retired": False,  # the address leads to a page about its end
        "contributor": False,  # writes drafts, may not publish
        "two_publications": False,
    }
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-hashnode-key", "sandbox", 400, {"two_publications": True}, "Pro, two publications"),
        ReadyMade("sandbox-hashnode-single-key", "single", 400, {}, "Pro, one publication"),
        ReadyMade("sandbox-hashnode-free-key", "free", 400, {"pro": False}, "free plan: the API refuses it"),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.window = Window(60)
        self._answers: dict[tuple[str, str], tuple[float, Response]] = {}

    def forget(self) -> None:
        """Nobody has called yet, and nothing was answered before."""
        self.window.forget()
        self._answers.clear()

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request, by its first field. Publishing a draft is the flip."""
        if request.path == storage.PATH:
            return Call("upload")
        asked = graph.read(request)
        name = asked.field.name.value if asked.field else ""
        given = asked.variables.get("input")
        ids = given if isinstance(given, dict) else asked.variables
        article_id = number_of(str(ids.get("draftId") or ids.get("id") or "")) or None
        return Call(_call_name(name, asked.inner), _token(request), article_id, flip=name == "publishDraft")

    def turn_away(self, request: Request) -> Response | None:
        """The edge: a retired address, a client without a name, a request that is too big, too many of them."""
        account = self.store.account(NAME, _token(request))
        if self.is_on("retired", account):
            page = "<!doctype html><title>Changelog</title><h1>The GraphQL API has moved</h1>"
            return replace(
                html_response(301, page),
                headers={"Location": f"{request.origin}/{NAME}/changelog", "Content-Type": "text/html; charset=utf-8"},
            )
        if request.path == storage.PATH:
            return None  # it is not the API's edge that is before the storage
        if not request.headers.get("user-agent"):
            return html_response(403, "<!doctype html><title>Access denied</title>error code: 1010")
        if len(request.body) > MAX_BYTES:
            return json_response(413, {"error": "request entity too large"})
        if not self.is_on("limits", account):
            return None
        writes = graph.read(request).writes
        name = f"{writes} {_token(request) or request.ip}"
        with self.store.lock:
            if self.window.count(name, self.store.now()) >= PER_MINUTE[writes]:
                return graph.errors(429, "TOO_MANY_REQUESTS", "Too many requests.")
            self.window.note(name, self.store.now())
        return None

    def is_on(self, switch: str, account: Account | None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the platform's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Execute what is asked; a query is answered as before when that is not long ago."""
        if request.path == storage.PATH and request.method == "POST":
            return storage.take(request, self.store.now())
        asked = graph.read(request)
        if request.path != "/" or request.method != "POST":
            return Outcome(graph.errors(404, "NOT_FOUND", "There is nothing at this address; POST to /."))
        if asked.problem:
            return Outcome(asked.problem)
        account = self.store.account(NAME, call.key)
        if call.key and not account:
            answer = graph.errors(200, "UNAUTHENTICATED", "You must be authenticated.")
            return Outcome(answer, refused=True)
        question = (call.key, json.dumps([json.loads(request.body)["query"], asked.variables], sort_keys=True))
        keeps = call.as_of is None and not asked.writes and call.name != "me" and self.is_on("cache", account)
        if keeps and (before := self._answered_before(question)):
            return Outcome(before)
        desk = Desk(
            self.store, account, request.origin, call.as_of, {name: self.is_on(name, account) for name in self.switches}
        )
        response, went_well = graph.run(asked, desk.root())
        if keeps and went_well:
            self._answers[question] = (self.store.now(), response)
        return Outcome(response, None if call.name == "list" else desk.article, refused=not went_well)

    def _answered_before(self, question: tuple[str, str]) -> Response | None:
        now = self.store.now()
        self._answers = {one: kept for one, kept in self._answers.items() if now - kept[0] < CACHED}
        return self._answers[question][1] if question in self._answers else None

    # What it looks like

    def body_html(self, article: Article) -> str:
        """The body as readers see it."""
        return rendering.render(for_readers(article.body))


def _call_name(field: str, inner: set[str]) -> str:
    if field == "publication":
        return "list" if inner & {"posts", "drafts"} else "look"
    return {
        "me": "me", "post": "look", "draft": "look", "createDraft": "create", "publishPost": "create",
        "updateDraft": "update", "updatePost": "update", "publishDraft": "publish",
        "createImageUploadURL": "sign",
    }.get(field, "unknown")  # fmt: skip


def _token(request: Request) -> str:
    """The token, with or without the word before it."""
    return request.headers.get("authorization", "").removeprefix("Bearer ").strip()
