"""Mastodon: one instance, as far as announcing needs it.

What is told here about the platform was read in its API documentation of 2026, unless a comment says otherwise. The
real one overlooks fields that it does not know; this one refuses them, so that a misspelt one is noticed.
"""

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs

import nh3
import regex

from sandbox.common import name_of, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.forms import parts_of
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response
from sandbox.store import Account, Article, Store

NAME = "mastodon"
CHARACTERS = 500
URL_COUNTS = 23
REMEMBERED = 3_600.0
"""Seconds for which the key of a creation is kept."""
FEW = 0.001
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic")
PICTURE_BYTES = 16 * 1024 * 1024

VISIBILITIES = ("public", "unlisted", "private", "direct")
FIELDS = {
    "status", "media_ids", "sensitive", "spoiler_text", "visibility", "language", "scheduled_at", "poll",
    "in_reply_to_id", "quoted_status_id",
}  # fmt: skip
SCOPES = ("read", "write")
"""What a ready-made token may do; the one of "reader" is told apart below."""

ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/api/v1/accounts/verify_credentials", "me"),
    ("GET", r"/api/v1/apps/verify_credentials", "app"),
    ("GET", r"/api/v2/instance", "instance"),
    ("POST", r"/api/v1/statuses", "create"),
    ("GET", r"/api/v1/statuses/(?P<number>\d+)", "show"),
    ("PUT", r"/api/v1/statuses/(?P<number>\d+)", "update"),
    ("DELETE", r"/api/v1/statuses/(?P<number>\d+)", "delete"),
    ("GET", r"/api/v1/accounts/(?P<account>\d+)/statuses", "list"),
    ("POST", r"/api/v2/media", "upload"),
    ("GET", r"/api/v1/media/(?P<media>\d+)", "media"),
)
NEEDS = {
    "me": "read:accounts", "create": "write:statuses", "update": "write:statuses", "delete": "write:statuses",
    "show": "read:statuses", "list": "read:statuses", "upload": "write:media", "media": "write:media",
}  # fmt: skip
URL = re.compile(r"https?://(?:[^\s<>\"()“”«»]|\([^\s<>\"()]*\))*(?:[^\s<>\"'.,;:!?()\[\]“”‘’«»…]|\([^\s<>\"()]*\))")
"""Brackets within an address are its own where they are a pair; signs after it are not."""
TAG = re.compile(r"(?<![\w/#])#(\w*[^\W\d]\w*)")


@dataclass
class Media:
    """A picture that is in no status yet. ``looks`` is how many it takes until it is ready."""

    account: str
    description: str
    looks: int


class Mastodon:
    """Mastodon's own strictness: scopes, characters, and 300 calls in five minutes."""

    title: ClassVar[str] = "Mastodon"
    api: ClassVar[str] = "/api"
    calls: ClassVar[tuple[str, ...]] = (
        "me", "app", "instance", "create", "show", "update", "delete", "list", "upload", "media",
    )  # fmt: skip
    lookups: ClassVar[tuple[str, ...]] = ("show", "list")
    switches: ClassVar[dict[str, bool]] = {
        "limits": True,
        "tells_scopes": True,
        "reads_only": False,
        "long": False,
        "slow_media": False,  # a picture is ready at the second look
        "stuck_media": False,  # … and never
    }
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-mastodon-key", "sandbox", age_days=400),
        ReadyMade(
            "sandbox-mastodon-reader-key", "reader", age_days=400, switches={"reads_only": True},
            note="whose token may only read",
        ),
    )  # fmt: skip

    def __init__(self, store: Store) -> None:
        self.store = store
        self.called = Window(300)
        self.deleted = Window(1800)
        self.uploaded = Window(1800)
        self.media: dict[str, Media] = {}
        """What was uploaded and is in no status yet, by its number."""

    def forget(self) -> None:
        """Nobody has called yet."""
        self.called.forget()
        self.deleted.forget()
        self.uploaded.forget()
        self.media.clear()

    def recognise(self, request: Request) -> Call:
        """The call of a request."""
        name, found = route_of(ROUTES, request.method, request.path)
        number = found.get("number")
        return Call(name, _token(request), int(number) if number else None)

    def is_on(self, switch: str, account: Account | None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the instance's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    def turn_away(self, request: Request) -> Response | None:
        """300 calls in five minutes, 30 deletions and 30 pictures in half an hour, for each account."""
        account = self.store.account(NAME, _token(request))
        if not self.is_on("limits", account):
            return None
        now, who = self.store.now(), _token(request)
        windows = [(self.called, 300)] + ([(self.deleted, 30)] if request.method == "DELETE" else [])
        windows += [(self.uploaded, 30)] if request.path == "/api/v2/media" else []
        for window, most in windows:
            if window.count(who, now) >= most:
                reset = datetime.fromtimestamp(now + window.seconds, UTC).isoformat()
                headers = {"X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
                return json_response(429, {"error": "Too many requests"}, headers)
        for window, _ in windows:
            window.note(who, now)
        return None

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked. Only what the instance says about itself needs no token."""
        name, _ = route_of(ROUTES, request.method, request.path)
        if name == "unknown":
            return _refused(404, "Record not found")
        if name == "instance":
            return self._instance(request)
        account = self.store.account(NAME, call.key)
        if not account:
            return _refused(401, "The access token is invalid")
        if NEEDS.get(name, "").startswith("write") and self.is_on("reads_only", account):
            return _refused(403, "This action is outside the authorized scopes")
        answers: dict[str, Callable[[Request, Account, Call], Outcome]] = {
            "me": self._me, "app": self._app, "create": self._create, "show": self._show, "update": self._update,
            "delete": self._delete, "list": self._list, "upload": self._upload, "media": self._look_at_media,
        }  # fmt: skip
        return answers[name](request, account, call)

    def _longest(self) -> int:
        return 10 * CHARACTERS if self.is_on("long", None) else CHARACTERS

    def _instance(self, request: Request) -> Outcome:
        statuses = {"max_characters": self._longest(), "characters_reserved_per_url": URL_COUNTS}
        said = {"domain": "sandbox", "version": "4.5.0", "configuration": {"statuses": statuses}}
        return Outcome(json_response(200, said))

    def _me(self, request: Request, account: Account, call: Call) -> Outcome:
        return Outcome(json_response(200, _account(account, request)))

    def _app(self, request: Request, account: Account, call: Call) -> Outcome:
        app: dict[str, Any] = {"name": "blogscheduler", "website": None}
        if self.is_on("tells_scopes", account):
            app["scopes"] = ["read"] if self.is_on("reads_only", account) else list(SCOPES)
        return Outcome(json_response(200, app))

    def _create(self, request: Request, account: Account, call: Call) -> Outcome:
        key = request.headers.get("idempotency-key", "")
        if key and (there := self._created_with(key, account)):
            return Outcome(json_response(200, self._shown(there, account, request)), there)
        given = _body(request)
        if isinstance(given, Outcome):
            return given
        if problem := self._problem(given):
            return _refused(422, problem)
        if problem := self._problem_of_media(given.get("media_ids", []), account):
            return _refused(422, problem)
        now = self.store.now()
        article = Article(
            NAME, account.username, published=True, published_at=now, created_at=now, updated_at=now,
            fields={"idempotency": key, "visibility": given.get("visibility") or "public"},
        )  # fmt: skip
        _write(article, given)
        self._attach(article, given)
        self.store.save(article)
        article.path = f"/@{account.username}/{article.id}"
        self.store.save(article)
        return Outcome(json_response(200, self._shown(article, account, request)), article)

    def _created_with(self, key: str, account: Account) -> Article | None:
        since = self.store.now() - REMEMBERED
        own = self.store.articles(NAME, account.username)
        return next((one for one in own if one.fields["idempotency"] == key and one.created_at > since), None)

    def _problem(self, given: dict[str, Any]) -> str:
        if unknown := given.keys() - FIELDS:
            return f"Unknown field {sorted(unknown)[0]}"
        if not isinstance(given.get("status"), str) or not given["status"].strip():
            return "Validation failed: Text can't be blank"
        if _length(given["status"]) > self._longest():
            return f"Validation failed: Text character limit of {self._longest()} exceeded"
        if given.get("visibility", "public") not in VISIBILITIES:
            return "Validation failed: Visibility is not included in the list"
        language = given.get("language", "en")
        if not isinstance(language, str) or not re.fullmatch(r"[a-z]{2,3}", language):
            return "Validation failed: Language is invalid"
        return ""

    def _own(self, account: Account, call: Call) -> Article | None:
        article = self.store.article(NAME, call.article_id or 0, call.as_of)
        return article if article and article.account == account.username and article.published else None

    def _show(self, request: Request, account: Account, call: Call) -> Outcome:
        article = self._own(account, call)
        if not article:
            return _refused(404, "Record not found")
        return Outcome(json_response(200, self._shown(article, account, request)), article)

    def _update(self, request: Request, account: Account, call: Call) -> Outcome:
        article, given = self._own(account, call), _body(request)
        if not article:
            return _refused(404, "Record not found")
        if isinstance(given, Outcome):
            return given
        if problem := self._problem(given):
            return _refused(422, problem)
        _write(article, given)
        kept = [one for one in article.fields["media"] if one["id"] in given.get("media_ids", [])]
        article.fields["media"] = kept
        article.updated_at = self.store.now()
        self.store.save(article)
        return Outcome(json_response(200, self._shown(article, account, request)), article)

    def _delete(self, request: Request, account: Account, call: Call) -> Outcome:
        article = self._own(account, call)
        if not article:
            return _refused(404, "Record not found")
        article.published = False
        self.store.save(article)
        return Outcome(json_response(200, self._shown(article, account, request)), article)

    def _list(self, request: Request, account: Account, call: Call) -> Outcome:
        """The newest first, forty at the most; twenty when nobody says how many."""
        if str(account.id) != request.path.split("/")[4]:
            return _refused(404, "Record not found")
        limit, before = request.query.get("limit", "20"), request.query.get("max_id", "")
        own = [one for one in self.store.articles(NAME, account.username, as_of=call.as_of) if one.published]
        own.sort(key=lambda one: -one.id)
        if before:
            own = [one for one in own if one.id < int(before)]
        page = own[: min(int(limit), 40)]
        return Outcome(json_response(200, [self._shown(one, account, request) for one in page]))

    def _shown(self, article: Article, account: Account, request: Request) -> dict[str, Any]:
        return {
            "id": str(article.id),
            "created_at": _iso(article.created_at),
            "edited_at": _iso(article.updated_at) if article.updated_at > article.created_at + FEW else None,
            "visibility": article.fields["visibility"],
            "language": article.fields["language"],
            "url": f"{request.origin}/{NAME}{article.path}",
            "uri": f"{request.origin}/{NAME}/users{article.path}",
            "content": self.body_html(article),
            "account": _account(account, request),
            "media_attachments": article.fields["media"],
            "tags": [{"name": tag.lower()} for tag in TAG.findall(article.body)],
            "card": None,
        }

    # Pictures

    def _upload(self, request: Request, account: Account, call: Call) -> Outcome:
        """What is big is worked on for a while: 202, and no address yet."""
        parts = parts_of(request)
        file = next((part for part in parts if part[0] == "file"), None)
        if not file:
            return _refused(422, "Validation failed: File can't be blank")
        if file[2] not in PICTURES:
            return _refused(422, "Validation failed: File content type is invalid")
        if len(file[1]) > PICTURE_BYTES:
            return _refused(422, "Validation failed: File size must be less than 16 MB")
        looks = 99 if self.is_on("stuck_media", account) else 2 if self.is_on("slow_media", account) else 0
        words = next((content.decode() for name, content, _ in parts if name == "description"), "")
        number = str(len(self.media) + 1000 + int(self.store.now()) % 1000)
        self.media[number] = Media(account.username, words, looks)
        return Outcome(json_response(202 if looks else 200, self._shown_media(number)))

    def _look_at_media(self, request: Request, account: Account, call: Call) -> Outcome:
        number = request.path.rpartition("/")[2]
        media = self.media.get(number)
        if not media or media.account != account.username:
            return _refused(404, "Record not found")
        media.looks = max(media.looks - 1, 0)
        return Outcome(json_response(206 if media.looks else 200, self._shown_media(number)))

    def _shown_media(self, number: str) -> dict[str, Any]:
        media = self.media[number]
        url = None if media.looks else f"https://files.example/{number}.png"
        return {"id": number, "type": "image", "url": url, "description": media.description or None}

    def _problem_of_media(self, ids: Any, account: Account) -> str:
        """A picture is attached once, by whoever uploaded it, when it is ready."""
        if not isinstance(ids, list) or len(ids) > 4:
            return "Cannot attach more than 4 files"
        own = [self.media.get(str(one)) for one in ids]
        if any(media is None or media.account != account.username for media in own):
            return "Media could not be found"
        if any(media and media.looks for media in own):
            return "Cannot attach files that have not finished processing. Try again in a moment!"
        return ""

    def _attach(self, article: Article, given: dict[str, Any]) -> None:
        ids = [str(one) for one in given.get("media_ids", [])]
        article.fields["media"] = [self._shown_media(one) for one in ids]
        for one in ids:
            del self.media[one]

    def body_html(self, article: Article) -> str:
        """As the instance shows it: paragraphs, and links that leave no trace."""
        blocks = [_linked(html.escape(block, quote=False)) for block in re.split(r"\n{2,}", article.body)]
        shown = "".join(f"<p>{block}</p>" for block in blocks).replace("\n", "<br>")
        return nh3.clean(shown, tags={"p", "br", "a"}, attributes={"a": {"href"}}, link_rel="nofollow noopener")


# Reading a request


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _body(request: Request) -> dict[str, Any] | Outcome:
    """JSON, or a form."""
    if request.content_type == "application/x-www-form-urlencoded":
        return {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
    try:
        given = json.loads(request.body)
    except ValueError:
        given = None
    return given if isinstance(given, dict) else _refused(400, "The body is not valid JSON")


def _length(text: str) -> int:
    """Grapheme clusters; a web address counts 23."""
    return len(regex.findall(r"\X", URL.sub("x" * URL_COUNTS, text)))


# Writing an answer


def _write(article: Article, given: dict[str, Any]) -> None:
    article.title, article.body = given["status"].split("\n")[0][:100], given["status"]
    found = URL.search(article.body)
    article.fields |= {"language": given.get("language"), "known_by": f"link:{found[0]}" if found else None}


def _linked(escaped: str) -> str:
    return URL.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escaped)


def _account(account: Account, request: Request) -> dict[str, Any]:
    return {
        "id": str(account.id),
        "username": account.username,
        "acct": account.username,
        "display_name": name_of(account.username),
        "url": f"{request.origin}/{NAME}/@{account.username}",
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _refused(status: int, message: str) -> Outcome:
    return Outcome(json_response(status, {"error": message}))
