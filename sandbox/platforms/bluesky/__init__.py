"""Bluesky: one server of the AT Protocol, as far as announcing needs it.

What is told here about the platform was read in its server's source and lexicons of August 2026, unless a comment says
otherwise. Records are checked by `lexicon.py`.
"""

import hashlib
import json
import re
import secrets
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

import nh3

from sandbox.common import route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response
from sandbox.platforms.bluesky import lexicon
from sandbox.store import Account, Article, Store

NAME = "bluesky"
DOMAIN = "bsky.example"
COLLECTION = "app.bsky.feed.post"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
ACCESS, REFRESH = 2 * HOUR, 60 * DAY
"""How long the two tokens of a session are good."""
POINTS = {"create": 3, "update": 2, "delete": 1}
PER_HOUR, PER_DAY = 5_000, 35_000
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")

ROUTES: tuple[tuple[str, str, str], ...] = (
    ("POST", r"/xrpc/com\.atproto\.server\.createSession", "session"),
    ("POST", r"/xrpc/com\.atproto\.server\.refreshSession", "refresh"),
    ("POST", r"/xrpc/com\.atproto\.repo\.putRecord", "create"),
    ("POST", r"/xrpc/com\.atproto\.repo\.deleteRecord", "delete"),
    ("POST", r"/xrpc/com\.atproto\.repo\.uploadBlob", "upload"),
    ("GET", r"/xrpc/com\.atproto\.repo\.getRecord", "look"),
)


@dataclass(frozen=True)
class _Token:
    account: str
    until: float
    refreshes: bool


class Bluesky:
    """The server's own strictness: sessions that run out, lexicons, keys of records, points."""

    title: ClassVar[str] = "Bluesky (AT Protocol)"
    api: ClassVar[str] = "/xrpc"
    calls: ClassVar[tuple[str, ...]] = ("session", "refresh", "create", "delete", "upload", "look")
    lookups: ClassVar[tuple[str, ...]] = ("look",)
    switches: ClassVar[dict[str, bool]] = {"limits": True, "own_password": False, "taken_down": False}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-bluesky-key", "sandbox", age_days=400),
        ReadyMade(
            "sandbox-bluesky-own-key", "grace", age_days=400, switches={"own_password": True},
            note="her own password, for which a code is sent by mail",
        ),
    )  # fmt: skip

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tokens: dict[str, _Token] = {}
        self.blobs: dict[str, tuple[str, int]] = {}
        """Type and size of what was uploaded, by its address."""
        self.log_ins = (Window(5 * MINUTE), Window(DAY))
        self.points = (Window(HOUR), Window(DAY))

    def forget(self) -> None:
        """Nobody has called yet, and nobody is logged in."""
        self.tokens.clear()
        self.blobs.clear()
        for window in (*self.log_ins, *self.points):
            window.forget()

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request; its key is the password of whoever is logged in."""
        name, _ = route_of(ROUTES, request.method, request.path)
        token = self.tokens.get(_bearer(request))
        return Call(name, token.account if token else str(_body(request).get("password") or ""))

    def is_on(self, switch: str, account: Account | None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the server's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    def turn_away(self, request: Request) -> Response | None:
        """30 log-ins in five minutes and 300 a day, and points for what is written, for each account."""
        call = self.recognise(request)
        account = self.store.account(NAME, call.key)
        if not self.is_on("limits", account):
            return None
        now, cost = self.store.now(), POINTS.get(call.name, 0)
        if call.name == "session":
            who = str(_body(request).get("identifier"))
            return self._turned_away(self.log_ins, (30, 300), who, 1, now)
        return self._turned_away(self.points, (PER_HOUR, PER_DAY), call.key, cost, now) if cost else None

    def _turned_away(
        self, windows: tuple[Window, Window], most: tuple[int, int], who: str, cost: int, now: float
    ) -> Response | None:
        for window, limit in zip(windows, most, strict=True):
            if window.count(who, now) + cost > limit:
                reset = str(int(now + window.seconds))
                headers = {"RateLimit-Limit": str(limit), "RateLimit-Remaining": "0", "RateLimit-Reset": reset}
                return json_response(429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, headers)
        for window in windows:
            for _ in range(cost):
                window.note(who, now)
        return None

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked. Reading a record needs no session."""
        answers: dict[str, Callable[[Request], Outcome]] = {
            "session": self._open, "refresh": self._renew, "look": lambda asked: self._look(asked, call.as_of),
        }  # fmt: skip
        if call.name in answers:
            return answers[call.name](request)
        if call.name == "unknown":
            return _refused(404, "MethodNotImplemented", "Method Not Implemented")
        account = self._who(request, refreshes=False)
        if isinstance(account, Outcome):
            return account
        writes: dict[str, Callable[[Request, Account], Outcome]] = {
            "create": self._put, "delete": self._delete, "upload": self._upload,
        }  # fmt: skip
        return writes[call.name](request, account)

    # Sessions

    def _who(self, request: Request, *, refreshes: bool) -> Account | Outcome:
        token = self.tokens.get(_bearer(request))
        if not _bearer(request):
            return _refused(401, "AuthMissing", "Authentication Required")
        account = self.store.account(NAME, token.account) if token else None
        if not token or token.refreshes != refreshes or not account:
            return _refused(400, "InvalidToken", "Token could not be verified")
        if token.until <= self.store.now():
            return _refused(400, "ExpiredToken", "Token has expired")
        return account

    def _open(self, request: Request) -> Outcome:
        given = _body(request)
        if not isinstance(given.get("identifier"), str) or not isinstance(given.get("password"), str):
            return _refused(400, "InvalidRequest", 'Input must have the property "identifier"')
        account = self.store.account(NAME, given["password"])
        if not account or given["identifier"] not in (handle_of(account.username), did_of(account.username)):
            return _refused(401, "AuthenticationRequired", "Invalid identifier or password")
        if self.is_on("taken_down", account):
            return _refused(401, "AccountTakedown", "Account has been taken down")
        if self.is_on("own_password", account):
            return _refused(401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address")
        return self._session(account)

    def _renew(self, request: Request) -> Outcome:
        """A token for renewing is good once."""
        account = self._who(request, refreshes=True)
        if isinstance(account, Outcome):
            return account
        del self.tokens[_bearer(request)]
        return self._session(account)

    def _session(self, account: Account) -> Outcome:
        now = self.store.now()
        access, refresh = f"access-{secrets.token_hex(16)}", f"refresh-{secrets.token_hex(16)}"
        self.tokens[access] = _Token(account.key, now + ACCESS, refreshes=False)
        self.tokens[refresh] = _Token(account.key, now + REFRESH, refreshes=True)
        who = {"did": did_of(account.username), "handle": handle_of(account.username), "active": True}
        return Outcome(json_response(200, who | {"accessJwt": access, "refreshJwt": refresh}))

    # Records

    def _put(self, request: Request, account: Account) -> Outcome:
        """What is written a second time unchanged changes nothing."""
        given = _body(request)
        if problem := self._problem(given, account):
            return _refused(400, "InvalidRequest", problem)
        article = self._at(account.username, given["rkey"])
        cid = _cid(given["record"])
        if not article or article.fields["cid"] != cid:
            article = self.store.save(self._written(article, given, cid, account))
        uri = f"at://{did_of(account.username)}/{COLLECTION}/{given['rkey']}"
        return Outcome(json_response(200, {"uri": uri, "cid": cid, "validationStatus": "valid"}), article)

    def _problem(self, given: dict[str, Any], account: Account) -> str:
        if unknown := given.keys() - {"repo", "collection", "rkey", "validate", "record", "swapRecord", "swapCommit"}:
            return f'Input has the unknown property "{sorted(unknown)[0]}"'
        if given.get("repo") not in (handle_of(account.username), did_of(account.username)):
            return "Could not find repo"
        if given.get("collection") != COLLECTION:
            return f"Lexicon not found: {given.get('collection')}"
        if not TID.fullmatch(str(given.get("rkey"))):
            return "Invalid record key: must be a TID"
        record = given.get("record")
        if isinstance(record, dict) and record.get("$type") != COLLECTION:
            return f"Invalid $type: expected {COLLECTION}"
        if wrong := lexicon.mistakes(COLLECTION, record):
            return f"Invalid {COLLECTION} record: {wrong[0]}"
        thumb = record["embed"]["external"].get("thumb") if isinstance(record, dict) and "embed" in record else None
        if thumb and self.blobs.get(thumb["ref"]["$link"]) != (thumb["mimeType"], thumb["size"]):
            return f"Could not find blob: {thumb['ref']['$link']}"
        return ""

    def _written(self, article: Article | None, given: dict[str, Any], cid: str, account: Account) -> Article:
        now, record = self.store.now(), given["record"]
        if not article:
            path = f"/profile/{did_of(account.username)}/post/{given['rkey']}"
            article = Article(NAME, account.username, created_at=now, published_at=now, path=path)
        article.title, article.body = record["text"].split("\n")[0][:100], record["text"]
        article.published, article.updated_at = True, now
        link = record.get("embed", {}).get("external", {}).get("uri")
        article.fields = {"rkey": given["rkey"], "cid": cid, "record": record, "known_by": f"link:{link}"}
        return article

    def _at(self, username: str, rkey: str, as_of: float | None = None) -> Article | None:
        own = self.store.articles(NAME, username, as_of=as_of)
        return next((one for one in own if one.published and one.fields["rkey"] == rkey), None)

    def _delete(self, request: Request, account: Account) -> Outcome:
        """What is not there is as good as deleted."""
        given = _body(request)
        if given.get("repo") not in (handle_of(account.username), did_of(account.username)):
            return _refused(400, "InvalidRequest", "Could not find repo")
        article = self._at(account.username, str(given.get("rkey")))
        if article:
            article.published = False
            self.store.save(article)
        return Outcome(json_response(200, {}), article)

    def _look(self, request: Request, as_of: float | None) -> Outcome:
        repo, rkey = request.query.get("repo", ""), request.query.get("rkey", "")
        username = next((name for name in self._names() if repo in (did_of(name), handle_of(name))), None)
        if username is None:
            return _refused(400, "InvalidRequest", f"Could not find repo: {repo}")
        uri = f"at://{did_of(username)}/{request.query.get('collection')}/{rkey}"
        article = self._at(username, rkey, as_of)
        if not article or request.query.get("collection") != COLLECTION:
            return _refused(400, "RecordNotFound", f"Could not locate record: {uri}")
        return Outcome(
            json_response(200, {"uri": uri, "cid": article.fields["cid"], "value": article.fields["record"]})
        )

    def _names(self) -> set[str]:
        """Whoever has logged in."""
        found = (self.store.account(NAME, token.account) for token in self.tokens.values())
        return {account.username for account in found if account}

    def _upload(self, request: Request, account: Account) -> Outcome:
        if not request.body or not request.content_type:
            return _refused(400, "InvalidRequest", "Request encoding (Content-Type) required but not provided")
        link = "bafkrei" + _digest(request.body)
        self.blobs[link] = (request.content_type, len(request.body))
        blob = {"$type": "blob", "ref": {"$link": link}, "mimeType": request.content_type, "size": len(request.body)}
        return Outcome(json_response(200, {"blob": blob}))

    # What it looks like

    def body_html(self, article: Article) -> str:
        """The text with its links, and the card."""
        record, parts, end = article.fields["record"], [], 0
        text = record["text"].encode()
        for facet in sorted(record.get("facets", []), key=lambda one: one["index"]["byteStart"]):
            start, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
            target = facet["features"][0].get("uri", "#")
            parts += [
                escape(text[end:start].decode()),
                f'<a href="{escape(target)}">{escape(text[start:stop].decode())}</a>',
            ]
            end = stop
        shown = "".join([*parts, escape(text[end:].decode())]).replace("\n", "<br>")
        card = record.get("embed", {}).get("external", {})
        link = f'<p><a href="{escape(card["uri"])}">{escape(card["title"])}</a></p>' if card else ""
        return nh3.clean(f"<p>{shown}</p>{link}")


def handle_of(username: str) -> str:
    """A name as one may be called there."""
    return f"{username.replace('_', '-').strip('-')}.{DOMAIN}"


def did_of(username: str) -> str:
    """An id that is always the same for the same name."""
    return f"did:plc:{_digest(username.encode())[:24]}"


def _digest(data: bytes) -> str:
    return b32encode(hashlib.sha256(data).digest()).decode().lower().rstrip("=")


def _cid(record: Any) -> str:
    return "bafyrei" + _digest(json.dumps(record, sort_keys=True).encode())


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _body(request: Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        return {}
    try:
        given = json.loads(request.body)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _refused(status: int, error: str, message: str) -> Outcome:
    return Outcome(json_response(status, {"error": error, "message": message}))
