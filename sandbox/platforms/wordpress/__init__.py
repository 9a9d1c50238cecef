"""WordPress on somebody's own server, through the REST API of every site, with application passwords.

What is told here was seen on WordPress 6.7 and 6.8 in 2026, unless a comment says otherwise. `Wordpress.answer` has
what can be asked, `posts` what becomes of a post, `arguments` what may be said, `display` what happens to its HTML.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from sandbox.common import name_of, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.messages import Request, Response, json_response
from sandbox.platforms.wordpress import answers, display
from sandbox.platforms.wordpress.arguments import Invalid, json_of
from sandbox.platforms.wordpress.counter import Counter
from sandbox.platforms.wordpress.desk import Desk
from sandbox.platforms.wordpress.library import Library
from sandbox.platforms.wordpress.posts import (
    ADMINISTRATOR,
    AUTHOR,
    CAPABILITIES,
    CONTRIBUTOR,
    NAME,
    Person,
    status_of,
)
from sandbox.store import Account, Article, Store

API = "https://api.w.org/"
ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/?", "root"),
    ("GET", r"/wp/v2/users/me", "me"),
    ("GET", r"/wp/v2/posts", "list"),
    ("POST", r"/wp/v2/posts", "create"),
    ("GET", r"/wp/v2/posts/(?P<id>\d+)", "show"),
    *((method, r"/wp/v2/posts/(?P<id>\d+)", "update") for method in ("POST", "PUT", "PATCH")),
    ("DELETE", r"/wp/v2/posts/(?P<id>\d+)", "delete"),
    ("GET", r"/wp/v2/(?P<kind>tags|categories)", "terms"),
    ("POST", r"/wp/v2/(?P<kind>tags|categories)", "make_term"),
    ("POST", r"/wp/v2/media", "upload"),
)
ANYBODY = ("root", "list", "show", "terms")
"""Read by strangers as well, as far as it is public."""


class Wordpress:
    """A site's own strictness: who may what, types of arguments, numbered slugs, dates that decide, filtered HTML."""

    title: ClassVar[str] = "WordPress (REST API)"
    api: ClassVar[str] = "/wp-json"
    calls: ClassVar[tuple[str, ...]] = (
        "root", "me", "create", "update", "list", "show", "delete", "terms", "make_term", "upload", "file", "shortlink",
    )  # fmt: skip
    lookups: ClassVar[tuple[str, ...]] = ("list", "show")
    open_paths: ClassVar[tuple[str, ...]] = ("/wp-content/uploads/",)
    switches: ClassVar[dict[str, bool]] = {
        "limits": True,  # it has none
        "plain_permalinks": False,
        "link_header": True,
        "application_passwords": True,
        "names_what_is_wrong": False,  # as some sites answer a wrong name or password; most go on as with a stranger
        "cuts_authorization": False,  # a proxy in front of it
        "closed": False,  # a plugin keeps strangers from the API
        "firewall": False,
        "canonical_field": False,  # a plugin opens the field "canonical_url"
        AUTHOR: False,
        CONTRIBUTOR: False,
    }
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-wordpress-key", "sandbox", age_days=400),
        ReadyMade("sandbox-wordpress-author-key", "author", 400, {AUTHOR: True}, "who is no administrator"),
        ReadyMade(
            "sandbox-wordpress-contributor-key", "contributor", 400, {CONTRIBUTOR: True}, "who only writes drafts"
        ),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.library = Library()
        self.desk = Desk(store, self.library, self.is_on)
        self.counter = Counter(self.library)

    def forget(self) -> None:
        """No tags, no pictures."""
        self.library.clear()

    def is_on(self, switch: str, account: Account | None = None) -> bool:
        """How a switch stands for somebody: the account's own setting, else the site's."""
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    # What is asked

    def is_call(self, request: Request) -> bool:
        """The API is also at the home page, and posts have an address by number there."""
        return request.path in ("/", "/index.php") and bool({"rest_route", "p"} & set(request.query))

    def front_headers(self, request: Request) -> Mapping[str, str]:
        """Every page says where the API is."""
        return {"Link": f'<{self._root(request)}>; rel="{API}"'} if self.is_on("link_header") else {}

    def front_head(self, request: Request) -> str:
        return f"<link rel='{API}' href='{self._root(request)}' />"

    def _root(self, request: Request) -> str:
        end = "index.php?rest_route=/" if self.is_on("plain_permalinks") else "wp-json/"
        return f"{request.api_origin}/{NAME}/{end}"

    def recognise(self, request: Request) -> Call:
        """The call of a request. An update is a flip when a draft would come out of it published."""
        name, found = self._route(request)
        number = found.get("id")
        call = Call(name, _password(request), int(number) if number else None)
        if name != "update":
            return call
        post, given = self.desk.post(call), json_of(request)
        is_out = not post or status_of(post, self.store.now()) == "publish"
        return replace(call, flip=not is_out and given is not None and given.get("status") == "publish")

    def _route(self, request: Request) -> tuple[str, dict[str, Any]]:
        if request.path.startswith("/wp-content/uploads/"):
            return "file", {}
        if "rest_route" in request.query:
            return route_of(ROUTES, request.method, request.query["rest_route"])
        if "p" in request.query and request.path in ("/", "/index.php"):
            return "shortlink", {"id": request.query["p"]} if request.query["p"].isdecimal() else {}
        return route_of(ROUTES, request.method, request.path.removeprefix(self.api))

    def turn_away(self, request: Request) -> Response | None:
        """A firewall knows no JSON."""
        return answers.web_page(403, "Request blocked") if self.is_on("firewall") else None

    # Who asks

    def _person(self, request: Request) -> Person | Outcome | None:
        """Who it is; None for a stranger; the refusal of somebody who gives a wrong password."""
        given = _credentials(request)
        if given is None or self.is_on("cuts_authorization") or not self.is_on("application_passwords"):
            return None
        username, password = given
        account = self.store.account(NAME, password)
        if account and account.username == username:
            roles = (role for role in (CONTRIBUTOR, AUTHOR) if self.is_on(role, account))
            return Person(account, next(roles, ADMINISTRATOR))
        if not self.is_on("names_what_is_wrong"):
            return None
        if not self.store.account_named(NAME, username):
            message = "<strong>Error:</strong> Unknown username. Check again or try your email address."
            return answers.refused(401, "invalid_username", message)
        message = "The provided password is an invalid application password."
        return answers.refused(401, "incorrect_password", message)

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked, with the address of the API beside every answer."""
        outcome = self._answer(request, call)
        headers = {**outcome.response.headers, "Link": f'<{self._root(request)}>; rel="{API}"'}
        return replace(outcome, response=replace(outcome.response, headers=headers))

    def _answer(self, request: Request, call: Call) -> Outcome:
        if call.name in ("file", "shortlink"):
            return self.counter.file(request) if call.name == "file" else self._shortlink(request, call)
        if "rest_route" not in request.query and self.is_on("plain_permalinks"):
            return Outcome(answers.web_page(404, "Page not found"))
        person = self._person(request)
        if isinstance(person, Outcome):
            return person
        if self.is_on("closed") and not person:
            message = "DRA: Only authenticated users can access the REST API."
            return answers.refused(401, "rest_cannot_access", message)
        if call.name == "unknown":
            return answers.no_route()
        if request.body and request.content_type == "application/json" and json_of(request) is None:
            return answers.refused(400, "rest_invalid_json", "Invalid JSON body passed.")
        does: dict[str, Callable[[Request, Call, Person | None], Outcome]] = {
            "root": self._about, "me": self._me, "list": self.desk.list, "create": self.desk.create,
            "show": self.desk.show, "update": self.desk.update, "delete": self.desk.delete,
            "upload": lambda request, call, person: self.counter.upload(request, person),
            "terms": lambda request, call, person: self.counter.terms(request, self._kind(request)),
            "make_term": lambda request, call, person: self.counter.make_term(request, self._kind(request), person),
        }  # fmt: skip
        try:
            return does[call.name](request, call, person)
        except Invalid as error:
            return Outcome(error.response)

    def _kind(self, request: Request) -> str:
        """Tags or categories."""
        return str(self._route(request)[1]["kind"])

    def _about(self, request: Request, call: Call, person: Person | None) -> Outcome:
        home = f"{request.origin}/{NAME}"
        where = {"endpoints": {"authorization": f"{home}/wp-admin/authorize-application.php"}}
        ways: Any = {"application-passwords": where} if self.is_on("application_passwords") else []
        return Outcome(json_response(200, {
            "name": "Sandbox &amp; Sons", "description": "", "url": home, "home": home, "gmt_offset": "0",
            "timezone_string": "", "namespaces": ["oembed/1.0", "wp/v2"], "authentication": ways, "routes": {},
        }))  # fmt: skip

    def _me(self, request: Request, call: Call, person: Person | None) -> Outcome:
        if not person:
            return answers.refused(401, "rest_not_logged_in", "You are not currently logged in.")
        who = person.account
        me: dict[str, Any] = {"id": who.id, "name": name_of(who.username), "slug": who.username, "meta": []}
        if request.query.get("context") == "edit":
            mays = dict.fromkeys(sorted(CAPABILITIES[person.role]), True)
            me |= {"username": who.username, "roles": [person.role], "capabilities": mays | {person.role: True}}
        return Outcome(json_response(200, me))

    def _shortlink(self, request: Request, call: Call) -> Outcome:
        """The address by number leads to the one by name."""
        post = self.desk.post(call)
        if not post or not post.is_public(self.store.now()):
            return Outcome(answers.web_page(404, "Page not found"))
        return Outcome(Response(301, headers={"Location": f"{request.origin}/{NAME}{post.path}"}), post)

    def body_html(self, article: Article) -> str:
        """The text as readers see it, with the featured image before it."""
        media = self.library.media.get(article.fields["featured_media"])
        cover = f'<p><img src="/{NAME}{media.path}" alt="{media.alt_text}"></p>' if media else ""
        return display.for_page(cover + article.body)


def _credentials(request: Request) -> tuple[str, str] | None:
    """User name and application password, whose blanks count for nothing."""
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (username, "".join(password.split())) if colon else None


def _password(request: Request) -> str:
    given = _credentials(request)
    return given[1] if given else ""
