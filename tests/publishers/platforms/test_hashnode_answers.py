"""Answers of Hashnode's that the sandbox would not give, and what each of them means."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from publishers.base import RemotePost, Visibility
from publishers.errors import (
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PerhapsThere,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)
from publishers.marks import mark
from publishers.platforms.hashnode import Hashnode
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY
from tests.publishers.platforms.test_hashnode import hashnode_at

DRAFT_ID = "0" * 23 + "1"
POST_ID = "0" * 23 + "2"
PUBLICATION = "b" * 24
NOT_PRO = "Publication does not have an active Pro plan. Upgrade in your dashboard to access this via the API."
UPDATED = {"data": {"updateDraft": {"draft": {"id": DRAFT_ID}}}}
PUBLISHED = {"data": {"publishDraft": {"post": {"id": POST_ID, "url": "https://ada.example/notes"}}}}


def answering(
    server: HTTPServer, body: Any, status: int = 200, headers: dict[str, str] | None = None, **others: Any
) -> Hashnode:
    """``others`` are answers to the operations that are named so; ``body`` is the answer to the rest."""

    def answer(request: Request) -> Response:
        query = json.loads(request.data)["query"]
        mine = next((given for name, given in others.items() if f" {name}(" in query), None)
        text = mine if mine is not None else body
        text = text if isinstance(text, str) else json.dumps(text)
        return Response(text, 200 if mine is not None else status, headers, content_type="application/json")

    server.expect_request("/").respond_with_handler(answer)
    return hashnode_at(server.url_for("/"), publication=PUBLICATION)


def errors(code: str | None, message: str = "No.", path: list[str] | None = None, **more: Any) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message}
    if code is not None:
        error["extensions"] = {"code": code}
    if path:
        error["path"] = path
    return {"errors": [error], "data": None} | more


def create(hashnode: Hashnode) -> Any:
    return hashnode.create_draft(ARTICLE)


def flip(hashnode: Hashnode) -> Any:
    return hashnode.publish_draft(DRAFT_ID, ARTICLE)


def update(hashnode: Hashnode) -> Any:
    return hashnode.update(POST_ID, ARTICLE)


def look(hashnode: Hashnode) -> Any:
    return hashnode.find(ARTICLE, DRAFT_ID)


def verify(hashnode: Hashnode) -> Any:
    return hashnode.verify()


Call = Callable[[Hashnode], Any]


def raised(hashnode: Hashnode, call: Call) -> PublishingError:
    with pytest.raises(PublishingError) as caught:
        call(hashnode)
    return caught.value


# --- The codes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "message", "creating", "flipping", "updating"),
    [
        ("UNAUTHENTICATED", "You must be logged in.", NotAuthorized, NotAuthorized, NotAuthorized),
        ("FORBIDDEN", NOT_PRO, Rejected, Rejected, Rejected),
        ("FORBIDDEN", "You cannot do this.", Rejected, Rejected, Rejected),
        ("NOT_FOUND", "There is no such thing.", Rejected, PerhapsThere, Gone),
        ("BAD_USER_INPUT", "Title is too long.", Rejected, Rejected, Rejected),
        ("BAD_USER_INPUT", "Slug is taken.", Rejected, PerhapsThere, Rejected),
        ("GRAPHQL_VALIDATION_FAILED", 'Cannot query field "x".', Rejected, Rejected, Rejected),
        ("TOO_MANY_REQUESTS", "Slow down.", RateLimited, RateLimited, RateLimited),
        ("INTERNAL_SERVER_ERROR", "Oops.", OutcomeUnknown, OutcomeUnknown, OutcomeUnknown),
        ("SOMETHING_NEW", "What?", OutcomeUnknown, OutcomeUnknown, OutcomeUnknown),
    ],
)
def test_what_each_code_means_for_a_mutation(
    httpserver: HTTPServer,
    status: int,
    code: str,
    message: str,
    creating: type[PublishingError],
    flipping: type[PublishingError],
    updating: type[PublishingError],
) -> None:
    hashnode = answering(httpserver, errors(code, message), status, UpdateDraft=UPDATED)
    for call, meant in ((create, creating), (flip, flipping), (update, updating)):
        error = raised(hashnode, call)
        assert type(error) is meant
        assert message.rstrip(".") in str(error)


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("UNAUTHENTICATED", NotAuthorized),
        ("FORBIDDEN", NotAuthorized),
        ("NOT_FOUND", Unavailable),
        ("BAD_USER_INPUT", Unavailable),
        ("GRAPHQL_VALIDATION_FAILED", Unavailable),
        ("TOO_MANY_REQUESTS", RateLimited),
        ("INTERNAL_SERVER_ERROR", Unavailable),
        ("SOMETHING_NEW", Unavailable),
        (None, Unavailable),
    ],
)
def test_what_each_code_means_for_a_look_up(
    httpserver: HTTPServer, code: str | None, meant: type[PublishingError]
) -> None:
    hashnode = answering(httpserver, errors(code, "No.", data={"publication": None}))
    assert type(raised(hashnode, look)) is meant


def test_a_change_of_the_draft_is_refused_by_the_same_codes(httpserver: HTTPServer) -> None:
    for code, meant in (("NOT_FOUND", PerhapsThere), ("FORBIDDEN", Rejected), ("INTERNAL_SERVER_ERROR", Unavailable)):
        httpserver.clear()
        hashnode = answering(httpserver, PUBLISHED, UpdateDraft=errors(code))
        assert type(raised(hashnode, flip)) is meant
        assert len(httpserver.log) == 1  # nothing was published after that


def test_an_error_inside_the_answer_came_after_the_work_was_done(httpserver: HTTPServer) -> None:
    for code in ("NOT_FOUND", "FORBIDDEN", "BAD_USER_INPUT"):
        httpserver.clear()
        body = errors(code, path=["publishDraft", "post", "url"])
        error = raised(answering(httpserver, body, UpdateDraft=UPDATED), flip)
        assert type(error) is OutcomeUnknown


def test_one_unclear_error_among_clear_ones_leaves_it_open(httpserver: HTTPServer) -> None:
    body = {"errors": [*errors("FORBIDDEN")["errors"], *errors("INTERNAL_SERVER_ERROR")["errors"]]}
    assert type(raised(answering(httpserver, body), create)) is OutcomeUnknown


def test_a_document_that_is_refused_without_a_code_was_not_even_begun(httpserver: HTTPServer) -> None:
    error = raised(answering(httpserver, errors(None, "Syntax."), 400), create)
    assert type(error) is Rejected
    assert "has changed" in str(error)


def test_errors_without_a_code_and_with_status_200_leave_it_open(httpserver: HTTPServer) -> None:
    assert type(raised(answering(httpserver, errors(None)), create)) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "meant"), [(401, NotAuthorized), (403, Rejected), (413, Rejected), (500, OutcomeUnknown)]
)
def test_other_statuses_mean_what_they_mean_everywhere(
    httpserver: HTTPServer, status: int, meant: type[PublishingError]
) -> None:
    assert type(raised(answering(httpserver, {"error": "No."}, status), create)) is meant


def test_a_refusal_with_the_status_of_a_failure_leaves_it_open(httpserver: HTTPServer) -> None:
    assert type(raised(answering(httpserver, errors("FORBIDDEN"), 503), create)) is OutcomeUnknown


def test_a_rate_limit_says_when_to_come_back(httpserver: HTTPServer) -> None:
    hashnode = answering(httpserver, errors("TOO_MANY_REQUESTS"), 429, {"Retry-After": "7"})
    for call in (create, look):
        error = raised(hashnode, call)
        assert isinstance(error, RateLimited)
        assert error.retry_after == 7


# --- Not the API at all ------------------------------------------------------------------------------------------

PAGE = "<!doctype html><title>Changelog</title>"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_retired_address(httpserver: HTTPServer, status: int) -> None:
    hashnode = answering(httpserver, PAGE, status, {"Location": "https://hashnode.example/changelog"})
    for call in (create, flip, update):
        error = raised(hashnode, call)
        assert type(error) is Rejected
        assert "leads to https://hashnode.example/changelog" in str(error)
        assert "gql-beta.hashnode.com" in str(error)
    for call in (look, verify):
        assert type(raised(hashnode, call)) is Unavailable


@pytest.mark.parametrize("status", [404, 410])
def test_an_address_with_nothing_behind_it_is_said(httpserver: HTTPServer, status: int) -> None:
    error = raised(answering(httpserver, PAGE, status), create)
    assert type(error) is Rejected
    assert "not at this address any more" in str(error)


def test_a_web_page_with_status_200_proves_nothing(httpserver: HTTPServer) -> None:
    hashnode = answering(httpserver, PAGE)
    assert type(raised(hashnode, create)) is OutcomeUnknown
    assert type(raised(hashnode, look)) is Unavailable


# --- Odd answers -------------------------------------------------------------------------------------------------

ODD = [
    {}, [], "", "null", "7", {"data": None}, {"data": {}}, {"data": []}, {"data": {"createDraft": None}},
    {"data": {"createDraft": {}}}, {"data": {"createDraft": {"draft": None}}},
    {"data": {"createDraft": {"draft": {"id": None}}}}, {"data": {"createDraft": {"draft": {"id": 7}}}},
    {"data": {"createDraft": {"draft": {"id": ""}}}}, {"data": {"createDraft": {"draft": []}}},
    {"errors": []}, {"errors": "no"}, {"errors": [7]}, {"errors": [{"path": 7, "extensions": 7}]}, '{"data": {',
]  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_a_creation_without_an_id_is_unknown(httpserver: HTTPServer, body: Any) -> None:
    assert type(raised(answering(httpserver, body), create)) is OutcomeUnknown


@pytest.mark.parametrize("body", ODD)
def test_a_look_up_that_cannot_be_read_proves_nothing(httpserver: HTTPServer, body: Any) -> None:
    assert type(raised(answering(httpserver, body), look)) is Unavailable


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 500, 502])
def test_a_look_up_never_ends_in_a_refusal(httpserver: HTTPServer, status: int) -> None:
    hashnode = answering(httpserver, {"error": "no"}, status)
    for call in (look, verify):
        assert type(raised(hashnode, call)) in (Unavailable, NotAuthorized)


@pytest.mark.parametrize(
    "post",
    [None, {}, {"id": POST_ID}, {"id": POST_ID, "url": ""}, {"id": POST_ID, "url": "/x"}, {"url": "https://x.y"}],
)
def test_a_flip_that_does_not_show_a_public_post_is_unknown(httpserver: HTTPServer, post: Any) -> None:
    hashnode = answering(httpserver, {"data": {"publishDraft": {"post": post}}}, UpdateDraft=UPDATED)
    assert type(raised(hashnode, flip)) is OutcomeUnknown


def test_the_change_of_another_draft_is_not_published(httpserver: HTTPServer) -> None:
    other = {"data": {"updateDraft": {"draft": {"id": POST_ID}}}}
    assert type(raised(answering(httpserver, PUBLISHED, UpdateDraft=other), flip)) is Unavailable
    assert len(httpserver.log) == 1


def test_the_change_of_another_post_is_unknown(httpserver: HTTPServer) -> None:
    other = {"data": {"updatePost": {"post": {"id": DRAFT_ID, "url": "https://ada.example/notes"}}}}
    hashnode = answering(httpserver, other)
    assert type(raised(hashnode, update)) is OutcomeUnknown
    with pytest.raises(OutcomeUnknown):
        hashnode.unpublish(POST_ID)


@pytest.mark.parametrize("me", [None, {}, {"id": "1"}, {"id": "1", "username": 7}, {"id": "1", "username": "ada"}])
def test_who_we_are_must_be_said(httpserver: HTTPServer, me: Any) -> None:
    assert type(raised(answering(httpserver, {"data": {"me": me}}), verify)) in (NotAuthorized, Unavailable)


# --- Lists -------------------------------------------------------------------------------------------------------


def listed(number: int, **changes: Any) -> dict[str, Any]:
    node = {"id": f"{number:024x}", "slug": f"post-{number}", "url": f"https://ada.example/post-{number}"}
    return node | {"canonicalUrl": None, "content": {"markdown": "text"}} | changes


OURS = {"content": {"markdown": f"text\n\n{mark(KEY)}\n"}}
NOTHING: dict[str, Any] = {"data": {"publication": {"id": PUBLICATION}, "post": None, "draft": None}}


def a_list(name: str, nodes: list[Any], after: str = "") -> dict[str, Any]:
    info = {"hasNextPage": bool(after), "endCursor": after or None}
    connection = {"edges": [{"node": node, "cursor": "x"} for node in nodes], "pageInfo": info}
    return {"data": {"publication": {"id": PUBLICATION, name: connection}}}


def with_lists(server: HTTPServer, posts: list[Any], drafts: list[Any]) -> Hashnode:
    return answering(server, NOTHING, Posts=a_list("posts", posts), Drafts=a_list("drafts", drafts))


@pytest.mark.parametrize(
    ("posts", "drafts", "found"),
    [
        ([listed(5)], [listed(6)], None),
        ([listed(5), listed(6, **OURS)], [], (6, Visibility.PUBLIC)),
        ([listed(5)], [listed(6, **OURS)], (6, Visibility.DRAFT)),
        ([listed(5, **OURS)], [listed(6, **OURS)], (5, Visibility.PUBLIC)),
        ([], [listed(1)], (1, Visibility.DRAFT)),
        ([listed(5, canonicalUrl="https://ada.example/notes")], [], (5, Visibility.PUBLIC)),
        ([listed(5, canonicalUrl="https://ada.example/notes", content={"markdown": mark(OTHER_KEY)})], [], None),
        ([listed(5, canonicalUrl="https://ada.example/notes")], [listed(6, **OURS)], (6, Visibility.DRAFT)),
        ([], [listed(6, content=None)], None),
        ([], [listed(6, canonicalUrl="https://ada.example/notes", content=None)], (6, Visibility.DRAFT)),
    ],
)
def test_which_article_is_ours(httpserver: HTTPServer, posts: list[Any], drafts: list[Any], found: Any) -> None:
    post = with_lists(httpserver, posts, drafts).find(ARTICLE, DRAFT_ID)
    assert (post and (int(post.id, 16), post.visibility)) == found


def test_a_draft_has_no_address_for_readers(httpserver: HTTPServer) -> None:
    post = with_lists(httpserver, [], [listed(6, **OURS)]).find(ARTICLE)
    assert post == RemotePost(f"{6:024x}", "", Visibility.DRAFT)


def test_a_very_long_list_is_not_read_to_its_end(httpserver: HTTPServer) -> None:
    posts = a_list("posts", [listed(5)], after="more")
    hashnode = answering(httpserver, NOTHING, Posts=posts, Drafts=a_list("drafts", []))
    assert hashnode.find(ARTICLE) is None
    asked = [json.loads(request.data) for request, _ in httpserver.log]
    assert [body["variables"].get("after") for body in asked if "query Posts" in body["query"]] == [
        None, "more", "more", "more",
    ]  # fmt: skip


@pytest.mark.parametrize("connection", [None, {}, [], {"edges": []}, {"edges": [{}], "pageInfo": {}}, {"edges": [7]}])
def test_a_list_that_is_none_proves_nothing(httpserver: HTTPServer, connection: Any) -> None:
    broken = {"data": {"publication": {"id": PUBLICATION, "posts": connection}}}
    assert type(raised(answering(httpserver, NOTHING, Posts=broken), look)) is Unavailable


def test_a_publication_that_is_hidden_from_us_proves_nothing(httpserver: HTTPServer) -> None:
    error = raised(answering(httpserver, {"data": {"publication": None, "post": None, "draft": None}}), look)
    assert type(error) is Unavailable
    assert "does not show us the publication" in str(error)


def test_many_publications_are_read_page_by_page(httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        after = json.loads(request.data)["variables"].get("after")
        number = int(after or 0) + 1
        node = {"id": f"{number:024x}", "title": f"Blog {number}", "url": f"https://{number}.example/"}
        info = {"hasNextPage": number < 3, "endCursor": str(number)}
        publications = {"edges": [{"node": node, "cursor": after}], "pageInfo": info}
        me = {"id": "1", "username": "ada", "name": "Ada", "publications": publications}
        return Response(json.dumps({"data": {"me": me}}), content_type="application/json")

    httpserver.expect_request("/").respond_with_handler(answer)
    account = hashnode_at(httpserver.url_for("/")).verify()
    assert [label for _, label in account.choices["publication"]] == [
        "Blog 1 (1.example)", "Blog 2 (2.example)", "Blog 3 (3.example)",
    ]  # fmt: skip
