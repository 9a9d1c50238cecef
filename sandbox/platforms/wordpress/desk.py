"""What can be asked about posts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.contract import Call, Outcome
from sandbox.messages import Request, Response, json_response
from sandbox.platforms.wordpress import answers
from sandbox.platforms.wordpress.arguments import checked, json_of
from sandbox.platforms.wordpress.library import Library
from sandbox.platforms.wordpress.posts import NAME, Person, Rules, shown, status_of
from sandbox.store import Account, Article, Store

IsOn = Callable[[str, Account | None], bool]


class Desk:
    """Takes posts, changes them, finds them."""

    def __init__(self, store: Store, library: Library, is_on: IsOn) -> None:
        self.store, self.library, self.is_on = store, library, is_on

    def create(self, request: Request, call: Call, person: Person | None) -> Outcome:
        if not person:
            message = "Sorry, you are not allowed to create posts as this user."
            return answers.refused(401, "rest_cannot_create", message)
        given, now = checked("create", json_of(request) or {}), self.store.now()
        post = Article(NAME, person.account.username, created_at=now, updated_at=now)
        refusal = self._rules(person).apply(post, given)
        if refusal:
            return refusal
        self.store.save(post)
        return Outcome(self._shown(201, post, request, person), post)

    def update(self, request: Request, call: Call, person: Person | None) -> Outcome:
        post = self.post(call)
        if not post:
            return answers.no_such_post()
        if not person or not person.may_edit(post):
            return answers.not_allowed(person, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
        given = checked("update", json_of(request) or {})
        refusal = self._rules(person).apply(post, given)
        if refusal:
            return replace(refusal, article=self.post(call))
        post.updated_at = self.store.now()
        self.store.save(post)
        return Outcome(self._shown(200, post, request, person), post)

    def _rules(self, person: Person) -> Rules:
        fields = frozenset({"canonical_url"} if self.is_on("canonical_field", None) else ())
        return Rules(self.store, self.library, person, fields)

    def delete(self, request: Request, call: Call, person: Person | None) -> Outcome:
        """Into the trash, where the slug is free again."""
        post = self.post(call)
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

    def show(self, request: Request, call: Call, person: Person | None) -> Outcome:
        post, asked = self.post(call), checked("show", dict(request.query))
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

    def list(self, request: Request, call: Call, person: Person | None) -> Outcome:
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

    def post(self, call: Call) -> Article | None:
        return self.store.article(NAME, call.article_id, call.as_of) if call.article_id else None

    def _shown(
        self, status: int, post: Article, request: Request, person: Person | None, *, editing: bool = True
    ) -> Response:
        return json_response(status, self._view(post, request, person, editing=editing))

    def _view(self, post: Article, request: Request, person: Person | None, *, editing: bool) -> dict[str, Any]:
        home, account = f"{request.origin}/{NAME}", self.store.account_named(NAME, post.account)
        is_plain = self.is_on("plain_permalinks", None) or not post.is_public(self.store.now())
        link = f"{home}/?p={post.id}" if is_plain else f"{home}{post.path}"
        view = shown(post, self.store.now(), link, account.id if account else 0, editing=editing)
        if "wp:term" in request.query.get("_embed", ""):
            numbers = (*view["categories"], *view["tags"])
            terms = [term.shown(home) for term in self.library.terms if term.id in numbers]
            view |= {"_links": {}, "_embedded": {"wp:term": [terms]}}
        wanted = request.query.get("_fields", "")
        return {name: view[name] for name in wanted.split(",") if name in view} if wanted else view
