"""WordPress on somebody's own server, through the REST API of every site, with application passwords.

What is told here was seen on WordPress 6.7 and 6.8 in 2026, unless a comment says otherwise. `Wordpress.answer` has
what can be asked, `posts` what becomes of a post, `arguments` what may be said, `display` what happens to its HTML.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape
from typing import Any, ClassVar

from sandbox.common import name_of, route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.messages import Request, Response, json_response
from sandbox.store import Account, Article, Store
from sandbox.wordpress import answers, display
from sandbox.wordpress.arguments import Invalid, checked
from sandbox.wordpress.library import TYPES, Library, file_name
from sandbox.wordpress.posts import (
    ADMINISTRATOR,
    AUTHOR,
    CAPABILITIES,
    CONTRIBUTOR,
    NAME,
    Person,
    Rules,
    shown,
    status_of,
)

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
        end = "?rest_route=/" if self.is_on("plain_permalinks") else "wp-json/"
        return f"{request.origin}/{NAME}/{end}"

    def recognise(self, request: Request) -> Call:
        """The call of a request. An update is a flip when a draft would come out of it published."""
        name, found = self._route(request)
        number = found.get("id")
        call = Call(name, _password(request), int(number) if number else None)
        if name != "update":
            return call
        post, given = self._post(call), _json(request)
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
            return self._file(request) if call.name == "file" else self._shortlink(request, call)
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
        if request.body and request.content_type == "application/json" and _json(request) is None:
            return answers.refused(400, "rest_invalid_json", "Invalid JSON body passed.")
        does: dict[str, Callable[[Request, Call, Person | None], Outcome]] = {
            "root": self._about, "me": self._me, "list": self._list, "create": self._create, "show": self._show,
            "update": self._update, "delete": self._delete, "terms": self._terms, "make_term": self._make_term,
            "upload": self._upload,
        }  # fmt: skip
        try:
            return does[call.name](request, call, person)
        except Invalid as error:
            return Outcome(error.response)

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

    # Posts

    def _create(self, request: Request, call: Call, person: Person | None) -> Outcome:
        if not person:
            message = "Sorry, you are not allowed to create posts as this user."
            return answers.refused(401, "rest_cannot_create", message)
        given, now = checked("create", _json(request) or {}), self.store.now()
        post = Article(NAME, person.account.username, created_at=now, updated_at=now)
        refusal = self._rules(person).apply(post, given)
        if refusal:
            return refusal
        self.store.save(post)
        return Outcome(self._shown(201, post, request, person), post)

    def _update(self, request: Request, call: Call, person: Person | None) -> Outcome:
        post = self._post(call)
        if not post:
            return answers.no_such_post()
        if not person or not person.may_edit(post):
            return answers.not_allowed(person, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
        given = checked("update", _json(request) or {})
        refusal = self._rules(person).apply(post, given)
        if refusal:
            return replace(refusal, article=self._post(call))
        post.updated_at = self.store.now()
        self.store.save(post)
        return Outcome(self._shown(200, post, request, person), post)

    def _rules(self, person: Person) -> Rules:
        fields = frozenset({"canonical_url"} if self.is_on("canonical_field") else ())
        return Rules(self.store, self.library, person, fields)

    def _delete(self, request: Request, call: Call, person: Person | None) -> Outcome:
        """Into the trash, where the slug is free again."""
        post = self._post(call)
        if not post:
            return answers.no_such_post()
        if not person or not person.may_edit(post):
            return answers.not_allowed(person, "rest_cannot_delete", "Sorry, you are not allowed to delete this post.")
        if post.fields["status"] == "trash":
            return answers.refused(410, "rest_already_trashed", "The post has already been deleted.")
        post.published, post.published_at, post.path = False, None, ""
        post.fields |= {"status": "trash", "slug": f"{post.fields['slug']}__trashed"}
        self.store.save(post)
        return Outcome(self._shown(200, post, request, person), post)

    def _show(self, request: Request, call: Call, person: Person | None) -> Outcome:
        post, asked = self._post(call), checked("show", dict(request.query))
        if not post:
            return answers.no_such_post()
        editing = asked.get("context") == "edit"
        if editing and not (person and person.may_edit(post)):
            return answers.not_allowed(
                person, "rest_forbidden_context", "Sorry, you are not allowed to edit this post."
            )
        if not post.is_public(self.store.now()) and not (person and person.may_edit(post)):
            return answers.not_allowed(person, "rest_forbidden", "Sorry, you are not allowed to do that.")
        return Outcome(self._shown(200, post, request, person, editing=editing), post)

    def _list(self, request: Request, call: Call, person: Person | None) -> Outcome:
        asked = checked("list", dict(request.query))
        if asked.get("status", ["publish"]) != ["publish"] and not person:
            details = {"status": {"code": "rest_forbidden_status", "message": "Status is forbidden.", "data": None}}
            return Outcome(answers.invalid({"status": "Status is forbidden."}, details))
        editing = asked.get("context") == "edit"
        if editing and not person:
            message = "Sorry, you are not allowed to edit posts in this post type."
            return answers.refused(401, "rest_forbidden_context", message)
        found = [post for post in self.store.articles(NAME, as_of=call.as_of) if self._is_meant(post, asked, person)]
        page, per_page = asked.get("page", 1), asked.get("per_page", 10)
        pages = -(-len(found) // per_page)
        if page > max(pages, 1):
            message = "The page number requested is larger than the number of pages available."
            return answers.refused(400, "rest_post_invalid_page_number", message)
        some = found[(page - 1) * per_page : page * per_page]
        posts = [self._view(post, request, person, editing=editing) for post in some]
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        return Outcome(json_response(200, posts, headers))

    def _is_meant(self, post: Article, asked: Mapping[str, Any], person: Person | None) -> bool:
        """Whether a list has this post in it; of "any" state is all but the trash."""
        status, wanted = status_of(post, self.store.now()), asked.get("status", ["publish"])
        if status not in wanted and ("any" not in wanted or status == "trash"):
            return False
        if status != "publish" and not (person and person.may_edit(post)):
            return False
        if "slug" in asked and post.fields["slug"] not in asked["slug"]:
            return False
        texts = {"post_title": post.fields["title"], "post_content": post.body, "post_excerpt": post.fields["excerpt"]}
        columns = asked.get("search_columns") or list(texts)
        return any(asked.get("search", "").casefold() in texts[column].casefold() for column in columns)

    def _post(self, call: Call) -> Article | None:
        return self.store.article(NAME, call.article_id, call.as_of) if call.article_id else None

    def _shown(
        self, status: int, post: Article, request: Request, person: Person | None, *, editing: bool = True
    ) -> Response:
        return json_response(status, self._view(post, request, person, editing=editing))

    def _view(self, post: Article, request: Request, person: Person | None, *, editing: bool) -> dict[str, Any]:
        home, account = f"{request.origin}/{NAME}", self.store.account_named(NAME, post.account)
        is_plain = self.is_on("plain_permalinks") or not post.is_public(self.store.now())
        link = f"{home}/?p={post.id}" if is_plain else f"{home}{post.path}"
        view = shown(post, self.store.now(), link, account.id if account else 0, editing=editing)
        wanted = request.query.get("_fields", "")
        return {name: view[name] for name in wanted.split(",") if name in view} if wanted else view

    # Terms and pictures

    def _terms(self, request: Request, call: Call, person: Person | None) -> Outcome:
        asked, kind = checked("terms", dict(request.query)), self._route(request)[1]["kind"]
        search = asked.get("search", "").casefold()
        found = [
            term.shown(request.origin)
            for term in self.library.terms
            if term.kind == kind and ("slug" not in asked or term.slug in map(display.slug_of, asked["slug"]))
            if search in escape(term.name, quote=False).casefold() or search in term.slug
        ]
        return Outcome(json_response(200, found[: asked.get("per_page", 10)]))

    def _make_term(self, request: Request, call: Call, person: Person | None) -> Outcome:
        kind = self._route(request)[1]["kind"]
        needs = {"tags": "edit_posts", "categories": "manage_categories"}[kind]
        if not person or not person.may(needs):
            message = "Sorry, you are not allowed to create terms in this taxonomy."
            return answers.not_allowed(person, "rest_cannot_create", message)
        name = checked("make_term", _json(request) or {})["name"].strip()
        if there := self.library.named(kind, name):
            message = "A term with the name provided already exists in this taxonomy."
            return answers.refused(400, "term_exists", message, term_id=there.id)
        if not name:
            return answers.refused(500, "empty_term_name", "A name is required for this term.")
        if len(name) > 200:
            return answers.refused(500, "db_insert_error", "Could not insert term into the database.")
        return Outcome(json_response(201, self.library.make(kind, name).shown(request.origin)))

    def _upload(self, request: Request, call: Call, person: Person | None) -> Outcome:
        if not person or not person.may("upload_files"):
            message = "Sorry, you are not allowed to upload media on this site."
            return answers.not_allowed(person, "rest_cannot_create", message)
        if not request.body:
            return answers.refused(400, "rest_upload_no_data", "No data supplied.")
        if "content-type" not in request.headers or not request.content_type:
            return answers.refused(400, "rest_upload_no_content_type", "No Content-Type supplied.")
        disposition = request.headers.get("content-disposition", "")
        if not disposition:
            message = "No Content-Disposition supplied."
            return answers.refused(400, "rest_upload_no_content_disposition", message)
        name = file_name(disposition)
        if not name:
            return answers.refused(400, "rest_upload_invalid_disposition", "Invalid Content-Disposition supplied.")
        if not name.lower().endswith(TYPES.get(request.content_type, ())):
            message = "Sorry, you are not allowed to upload this file type."
            return answers.refused(500, "rest_upload_sideload_error", message)
        given = checked("upload", dict(request.query))
        who = person.account.username
        media = self.library.keep(name, request.content_type, request.body, given.get("alt_text", ""), who)
        return Outcome(json_response(201, {
            "id": media.id, "type": "attachment", "status": "inherit", "media_type": "image",
            "mime_type": media.media_type, "alt_text": media.alt_text,
            "source_url": f"{request.origin}/{NAME}{media.path}",
        }))  # fmt: skip

    def _file(self, request: Request) -> Outcome:
        media = self.library.at(request.path)
        if not media:
            return Outcome(answers.web_page(404, "Page not found"))
        return Outcome(Response(200, media.body, {"Content-Type": media.media_type}))

    def _shortlink(self, request: Request, call: Call) -> Outcome:
        """The address by number leads to the one by name."""
        post = self._post(call)
        if not post or not post.is_public(self.store.now()):
            return Outcome(answers.web_page(404, "Page not found"))
        return Outcome(Response(301, headers={"Location": f"{request.origin}/{NAME}{post.path}"}), post)

    def body_html(self, article: Article) -> str:
        """The text as readers see it, with the featured image before it."""
        media = self.library.media.get(article.fields["featured_media"])
        cover = f'<p><img src="/{NAME}{media.path}" alt="{media.alt_text}"></p>' if media else ""
        return display.for_page(cover + article.body)


def _json(request: Request) -> dict[str, Any] | None:
    """The body as an object; None where it is none."""
    if request.content_type != "application/json":
        return None
    try:
        data = json.loads(request.body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


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
