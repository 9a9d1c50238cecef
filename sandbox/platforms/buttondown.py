"""Buttondown, as its own OpenAPI document of 2026-08 describes it, with the traps that it has.

An email without a state is mailed to everybody; a change resets the fields that have a default there; and, because
nobody has told us that it does not happen, an email that is told to be sent a second time is mailed a second time. Each
mailing is an article of its own here, so that two of them are counted as two.
"""

import copy
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from sandbox import rendering
from sandbox.common import is_address, plain_words, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response
from sandbox.store import Account, Article, Store

NAME = "buttondown"
PER_MINUTE = 100
"""That there is a limit and how it is told is documented; its height is our guess."""
PAGE = 100
MODES = ("disabled", "enabled", "enabled_for_paid_subscribers", "enabled_for_subscribers")
SETTABLE = ("draft", "about_to_send", "scheduled", "imported")
TEXTS = {"subject": 2000, "slug": 100, "canonical_url": 2000, "body": None, "description": None, "image": None}
OTHERS = {"status", "metadata", "archival_mode", "publish_date"}
ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/v1/accounts/me", "me"),
    ("POST", r"/v1/images", "upload"),
    ("GET", r"/v1/emails", "list"),
    ("POST", r"/v1/emails", "create"),
    ("GET", r"/v1/emails/(?P<id>[\w-]+)", "look"),
    ("PATCH", r"/v1/emails/(?P<id>[\w-]+)", "update"),
)


class Refused(Exception):
    """A refusal with the platform's code; its text is the detail."""

    def __init__(self, code: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code, self.status = code, status


class Buttondown:
    """Its strictness: token, lengths, slugs that are taken, duplicates, and a guard before the first mail of a key."""

    title: ClassVar[str] = "Buttondown (newsletter)"
    api: ClassVar[str] = "/v1"
    calls: ClassVar[tuple[str, ...]] = ("me", "upload", "list", "look", "create", "update")
    lookups: ClassVar[tuple[str, ...]] = ("list", "look")
    switches: ClassVar[dict[str, bool]] = {"limits": True}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (ReadyMade("sandbox-buttondown-key", "sandbox", age_days=400),)

    def __init__(self, store: Store) -> None:
        self.store = store
        self.minute = Window(60)
        self.confirmed: set[str] = set()
        """The keys that have mailed subscribers before."""

    def forget(self) -> None:
        """Nobody has called, and no key has mailed anybody."""
        self.minute.forget()
        self.confirmed.clear()

    def recognise(self, request: Request) -> Call:
        """The call of a request; a change that sends is the flip."""
        name, found = route_of(ROUTES, request.method, request.path)
        article = self._by_id(found.get("id", "")) if found else None
        sends = name == "update" and b'"about_to_send"' in request.body
        return Call(name, _token(request), article_id=article.id if article else None, flip=sends)

    def turn_away(self, request: Request) -> Response | None:
        """Too many requests of a key within a minute."""
        account = self.store.account(NAME, _token(request))
        if not account or not self.store.is_on(NAME, "limits", True, account):
            return None
        if self.minute.count(account.key, self.store.now()) >= PER_MINUTE:
            return json_response(429, {"detail": "Request was throttled."}, {"Retry-After": "60"})
        self.minute.note(account.key, self.store.now())
        return None

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked; everything needs the token."""
        name, found = route_of(ROUTES, request.method, request.path)
        if name == "unknown":
            return _said(404, "not_found", "Not Found")
        account = self.store.account(NAME, call.key)
        if not account:
            return _said(401, "", "Unauthorized")
        answers: dict[str, Callable[..., Outcome]] = {
            "me": self._me, "upload": self._upload,
            "list": self._list, "look": self._look, "create": self._create, "update": self._update,
        }  # fmt: skip
        try:
            return answers[name](request, call, account, found)
        except Refused as refused:
            return _said(refused.status, refused.code, str(refused))

    def body_html(self, article: Article) -> str:
        """The archive's page: the text without the line that names its format."""
        return rendering.render(article.body.partition("-->\n")[2])

    # Reading

    def _me(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        return Outcome(
            json_response(200, {"username": account.username, "email_address": f"{account.username}@example.com"})
        )

    def _list(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        page = int(request.query.get("page", "1"))
        emails = self.store.articles(NAME, account.username, as_of=call.as_of)
        emails = sorted((one for one in emails if "copy_of" not in one.fields), key=lambda one: one.created_at)
        if request.query.get("ordering") == "-creation_date":
            emails.reverse()
        shown = [self._shown(one, request) for one in emails[(page - 1) * PAGE : page * PAGE]]
        if request.query.get("excluded_fields") == "body":
            shown = [{name: value for name, value in one.items() if name != "body"} for one in shown]
        more = f"{request.origin}/next" if page * PAGE < len(emails) else None
        return Outcome(json_response(200, {"results": shown, "next": more, "previous": None, "count": len(emails)}))

    def _look(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        email = self._by_id(found["id"], call.as_of)
        if not email or email.account != account.username:
            raise Refused("", "Not Found", 404)
        return Outcome(json_response(200, self._shown(email, request)), email)

    # Writing

    def _upload(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        if request.content_type != "multipart/form-data" or b'name="image"; filename="' not in request.body:
            raise Refused("", "image: Field required", 422)
        number = f"img_{uuid.uuid4()}"
        told = {"id": number, "creation_date": datetime.fromtimestamp(self.store.now(), UTC).isoformat()}
        return Outcome(json_response(201, told | {"image": f"https://assets.buttondown.example/{number}.png"}))

    def _create(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        given = _given(request, account, self)
        if not given.get("subject"):
            raise Refused("subject_invalid", "Subject is required.")
        now = self.store.now()
        email = Article(NAME, account.username, created_at=now, updated_at=now, fields={"id": str(uuid.uuid4())})
        email.fields |= {"status": "draft", "metadata": {}, "archival_mode": "enabled", "image": "", "description": ""}
        self._refuse_twin(given, account)
        self._set(email, {"status": "about_to_send", **given}, request, account)
        return Outcome(json_response(201, self._shown(email, request)), email)

    def _update(self, request: Request, call: Call, account: Account, found: dict[str, Any]) -> Outcome:
        email = self._by_id(found["id"])
        if not email or email.account != account.username:
            raise Refused("", "Not Found", 404)
        # These two have a default in the description of a change: what is left out is reset.
        given = {"metadata": {}, "image": "", **_given(request, account, self, besides=email.id)}
        self._set(email, given, request, account)
        return Outcome(json_response(200, self._shown(email, request)), email)

    def _refuse_twin(self, given: dict[str, Any], account: Account) -> None:
        for one in self.store.articles(NAME, account.username):
            if (one.title, one.body) == (given["subject"], given.get("body", "")):
                raise Refused("email_duplicate", "An email with this subject and body exists already.")

    def _set(self, email: Article, given: dict[str, Any], request: Request, account: Account) -> None:
        own, now = email.fields, self.store.now()
        email.title, email.body = given.get("subject", email.title), given.get("body", email.body)
        email.canonical_url, email.updated_at = given.get("canonical_url", email.canonical_url) or None, now
        own |= {name: given[name] for name in ("metadata", "image", "description", "archival_mode") if name in given}
        own["known_by"] = own["metadata"].get("blogscheduler_id")
        slug = given.get("slug") or own.get("slug") or plain_words(email.title, 100)
        own["slug"], email.path = slug, f"/{account.username}/archive/{slug}/"
        if given.get("status") == "about_to_send":
            self._send(email, request, account)
        elif given.get("status") in SETTABLE:
            own["status"] = given["status"]
        self.store.save(email)

    def _send(self, email: Article, request: Request, account: Account) -> None:
        sure = request.headers.get("x-buttondown-live-dangerously", "").lower() == "true"
        if account.key not in self.confirmed and not sure:
            raise Refused("sending_requires_confirmation", "Confirm that you mean to mail your subscribers.")
        self.confirmed.add(account.key)
        if email.published:
            again = copy.deepcopy(email)
            again.id, again.fields["copy_of"], again.path = 0, email.fields["id"], f"{email.path}again-{uuid.uuid4()}/"
            self.store.save(again)
        email.published, email.published_at = True, self.store.now()
        email.fields["status"] = "about_to_send"

    def _by_id(self, email_id: str, as_of: float | None = None) -> Article | None:
        every = self.store.articles(NAME, as_of=as_of)
        return next((one for one in every if one.fields["id"] == email_id and "copy_of" not in one.fields), None)

    def _shown(self, email: Article, request: Request) -> dict[str, Any]:
        own = email.fields
        return {
            "id": own["id"],
            "creation_date": datetime.fromtimestamp(email.created_at, UTC).isoformat(),
            "modification_date": datetime.fromtimestamp(email.updated_at, UTC).isoformat(),
            "publish_date": None,
            "subject": email.title,
            "body": email.body,
            "status": own["status"],
            "slug": own["slug"],
            "absolute_url": f"{request.origin}/{NAME}{email.path}",
            "metadata": own["metadata"],
            "canonical_url": email.canonical_url or "",
            "image": own["image"],
            "description": own["description"],
            "archival_mode": own["archival_mode"],
            "source": "api",
        }


def _given(request: Request, account: Account, platform: Buttondown, besides: int = 0) -> dict[str, Any]:
    """The fields of a request. Raises Refused; unknown ones are refused too, which the real one may let pass."""
    try:
        given = json.loads(request.body)
    except ValueError:
        raise Refused("", "Cannot parse request body", 400) from None
    if request.content_type != "application/json" or not isinstance(given, dict):
        raise Refused("", "Cannot parse request body", 400)
    if unknown := set(given) - set(TEXTS) - OTHERS:
        raise Refused("", f"Unknown field {sorted(unknown)[0]}", 422)
    for name, most in TEXTS.items():
        value = given.get(name, "")
        if not isinstance(value, str) or (most and len(value) > most):
            raise Refused("", f"{name}: String should have at most {most} characters", 422)
    if not isinstance(given.get("metadata", {}), dict) or given.get("archival_mode", "enabled") not in MODES:
        raise Refused("", "Input should be a valid dictionary or mode", 422)
    if given.get("status", "draft") not in SETTABLE:
        raise Refused("status_invalid", f"Status must be one of {', '.join(SETTABLE)}.")
    if re.match(r"\s*---\n", given.get("body", "")):
        raise Refused("body_contains_frontmatter", "The body begins with front matter.")
    if given.get("canonical_url") and not is_address(given["canonical_url"]):
        raise Refused("canonical_url_invalid", "Enter a valid URL.")
    slug = given.get("slug", "x")
    taken = {one.fields["slug"] for one in platform.store.articles(NAME, account.username) if one.id != besides}
    if not re.fullmatch(r"[A-Za-z0-9_-]+", slug) or slug in taken:
        raise Refused("slug_invalid", "This slug is invalid or already in use.")
    return given


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind == "Token" else ""


def _said(status: int, code: str, detail: str) -> Outcome:
    return Outcome(json_response(status, ({"code": code} if code else {}) | {"detail": detail, "metadata": {}}))
