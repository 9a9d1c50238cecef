"""WriteFreely against the sandbox, which has its habits, and against answers that the sandbox would not give."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from publishers.base import Level, Visibility
from publishers.errors import (
    Fault,
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)
from publishers.marks import mark
from publishers.platforms.writefreely import WriteFreely
from publishers.platforms.writefreely.forms import CredentialsForm
from sandbox.platforms.writefreely import PASSWORD
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

TOKEN = "sandbox-writefreely-key"
SETTINGS = {"username": "", "collection": "sandbox", "font": "norm"}
POST = "abcdefghij"


def writefreely_at(base_url: str, credentials: dict[str, str] | None = None, **settings: Any) -> WriteFreely:
    return made(WriteFreely, credentials or {"token": TOKEN}, {"base_url": base_url, **SETTINGS, **settings})


def fresh(sandbox: Serving) -> None:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="writefreely", on=False)
    for name, on in {"cache": False, "two_blogs": False, "silenced": False}.items():
        order(sandbox, "switches", platform="writefreely", switch=name, on=on)


class TestContract(PublisherContract):
    kind = WriteFreely
    credentials = {"token": TOKEN}
    wrong_credentials = {"token": "wrong"}
    unknown_id = "9999999999"

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        fresh(sandbox)
        return {"base_url": f"{sandbox.url}/writefreely", **SETTINGS}


# --- The whole story at the sandbox ------------------------------------------------------------------------------


@pytest.fixture
def writefreely(sandbox: Serving) -> WriteFreely:
    fresh(sandbox)
    return writefreely_at(f"{sandbox.url}/writefreely")


def seen(writefreely: WriteFreely, remote_id: str) -> dict[str, Any]:
    return writefreely._posts()[remote_id]


def test_the_blogs_of_the_account_are_offered(writefreely: WriteFreely, sandbox: Serving) -> None:
    account = writefreely.verify()
    assert account.name == "sandbox"
    assert account.url.endswith("/writefreely/sandbox/")
    assert account.choices == {"collection": (("sandbox", "Sandbox"),)}
    order(sandbox, "switches", platform="writefreely", switch="two_blogs", on=True)
    assert [alias for alias, _ in writefreely.verify().choices["collection"]] == ["sandbox", "sandbox-notes"]


def test_a_password_becomes_a_token_and_neither_is_kept_of_the_call(writefreely: WriteFreely, sandbox: Serving) -> None:
    logging_in = writefreely_at(f"{sandbox.url}/writefreely", {"password": PASSWORD}, username="sandbox")
    account = logging_in.verify()
    assert account.credentials is not None
    token = account.credentials["token"]
    assert set(account.credentials) == {"token"}
    assert token not in repr(logging_in.http.exchanges) + repr(account)
    assert PASSWORD not in repr(logging_in.http.exchanges)
    assert writefreely_at(f"{sandbox.url}/writefreely", dict(account.credentials)).create_draft(ARTICLE).id


@pytest.mark.parametrize(
    ("credentials", "username", "words"),
    [
        ({"password": "wrong"}, "sandbox", "Incorrect password"),
        ({"password": PASSWORD}, "nobody", "User doesn't exist"),
        ({"password": PASSWORD}, "", "user name"),
        ({"token": "", "password": ""}, "sandbox", "access token, or"),
        ({"token": "wrong"}, "", "Invalid access token"),
    ],
)
def test_who_cannot_log_in_is_told_why(
    sandbox: Serving, credentials: dict[str, str], username: str, words: str
) -> None:
    fresh(sandbox)
    with pytest.raises(NotAuthorized, match=words):
        writefreely_at(f"{sandbox.url}/writefreely", credentials, username=username).verify()


def test_logging_in_twice_at_once_is_too_much(sandbox: Serving) -> None:
    fresh(sandbox)
    order(sandbox, "limits", platform="writefreely", on=True)
    logging_in = writefreely_at(f"{sandbox.url}/writefreely", {"password": PASSWORD}, username="sandbox")
    logging_in.verify()
    with pytest.raises(RateLimited):
        logging_in.verify()


def test_a_silenced_account_is_told_so(writefreely: WriteFreely, sandbox: Serving) -> None:
    order(sandbox, "switches", platform="writefreely", switch="silenced", on=True)
    with pytest.raises(NotAuthorized, match="silenced") as caught:
        writefreely.create_draft(ARTICLE)
    assert caught.value.fault is Fault.ROLE


def test_text_tags_font_and_language_arrive(writefreely: WriteFreely) -> None:
    article = replace(ARTICLE, tags=("math", "history of science", "C#", "2026"), language="de-AT")
    post = writefreely.publish_draft(writefreely.create_draft(article).id, article)
    found = seen(writefreely, post.id)
    assert found["title"] == ARTICLE.title
    assert found["body"].endswith(f"\n\n#math #HistoryOfScience #csharp\n\n{mark(KEY)}\n")
    assert (found["appearance"], found["language"]) == ("norm", "de")
    assert "created" not in writefreely.payload(article)
    assert post.url.endswith("/writefreely/sandbox/notes-on-the-analytical-engine")


def test_a_draft_is_in_no_blog(writefreely: WriteFreely) -> None:
    draft = writefreely.create_draft(ARTICLE)
    assert "collection" not in seen(writefreely, draft.id)


def test_the_flip_brings_the_draft_to_the_present_text(writefreely: WriteFreely) -> None:
    draft = writefreely.create_draft(ARTICLE)
    post = writefreely.publish_draft(draft.id, replace(ARTICLE, title="Second thoughts"))
    assert "Second thoughts" in requests.get(post.url, timeout=5).text
    assert post.url.endswith("/second-thoughts")


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_draft_whose_answer_is_lost_is_found_again(writefreely: WriteFreely, sandbox: Serving, fault: str) -> None:
    order(sandbox, "faults", platform="writefreely", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        writefreely.create_draft(ARTICLE)
    found = writefreely.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT


def test_a_flip_whose_answer_is_lost_is_found_public(writefreely: WriteFreely, sandbox: Serving) -> None:
    draft = writefreely.create_draft(ARTICLE)
    order(sandbox, "faults", platform="writefreely", call="flip", fault="close", when="after")
    with pytest.raises(OutcomeUnknown):
        writefreely.publish_draft(draft.id, ARTICLE)
    found = writefreely.find(ARTICLE, draft.id)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC


def test_an_address_that_was_taken_stays_what_it_became(writefreely: WriteFreely) -> None:
    """To collect again would give it other letters: it is done once."""
    writefreely.publish_draft(writefreely.create_draft(ARTICLE).id, ARTICLE)
    other = replace(ARTICLE, key=OTHER_KEY)
    draft = writefreely.create_draft(other)
    post = writefreely.publish_draft(draft.id, other)
    assert "was taken in this blog" in post.note
    assert writefreely.publish_draft(draft.id, other) == post
    assert writefreely.update(draft.id, replace(other, title="Corrected")).url == post.url


def test_a_list_that_is_some_seconds_old_is_no_obstacle(writefreely: WriteFreely, sandbox: Serving) -> None:
    order(sandbox, "switches", platform="writefreely", switch="cache", on=True)
    assert writefreely.find(ARTICLE) is None
    draft = writefreely.create_draft(ARTICLE)
    post = writefreely.publish_draft(draft.id, ARTICLE)
    assert requests.get(post.url, timeout=5).ok


def test_what_is_taken_out_of_the_blog_is_a_draft_that_an_update_leaves_there(writefreely: WriteFreely) -> None:
    post = writefreely.publish_draft(writefreely.create_draft(ARTICLE).id, ARTICLE)
    writefreely.unpublish(post.id)
    assert not requests.get(post.url, timeout=5).ok
    assert writefreely.update(post.id, replace(ARTICLE, title="Corrected")).visibility is Visibility.DRAFT


def test_without_a_blog_nothing_is_created(sandbox: Serving) -> None:
    bare = writefreely_at(f"{sandbox.url}/writefreely", collection="")
    with pytest.raises(Rejected, match="No blog is chosen"):
        bare.create_draft(ARTICLE)
    assert bare.http.exchanges == []


def test_somebody_elses_blog_is_refused(writefreely: WriteFreely, sandbox: Serving) -> None:
    draft = writefreely.create_draft(ARTICLE)
    with pytest.raises(Rejected, match="permission"):
        writefreely_at(f"{sandbox.url}/writefreely", collection="ada").publish_draft(draft.id, ARTICLE)


# --- What is said beforehand -------------------------------------------------------------------------------------


def test_limits_are_kept_at_the_very_character(writefreely: WriteFreely) -> None:
    plain = {"canonical_url": "", "summary": "", "slug": ""}
    for length in (159, 160):
        assert said(writefreely, **plain, title="x" * length) == []
        writefreely.create_draft(replace(ARTICLE, title="x" * length))
    assert said(writefreely, **plain, title="x" * 161) == [(Level.REFUSED, "title")]
    with pytest.raises(OutcomeUnknown):  # the server fails at its database
        writefreely.create_draft(replace(ARTICLE, title="x" * 161))
    extra = len(writefreely.payload(replace(ARTICLE, markdown="ä"))["body"].encode()) - 2
    for length, refused in ((65_534, []), (65_535, []), (65_536, [(Level.REFUSED, "markdown")])):
        text = "x" * (length - extra)
        assert said(writefreely, **plain, markdown=text) == refused
        assert len(writefreely.payload(replace(ARTICLE, markdown=text))["body"]) == length


def test_what_it_has_no_place_for_is_said(writefreely: WriteFreely) -> None:
    plain = {"canonical_url": "", "summary": "", "slug": ""}
    assert said(writefreely, **plain) == []
    assert said(writefreely) == [(Level.LOST, "slug"), (Level.LOST, "canonical_url"), (Level.NOTE, "summary")]
    assert said(writefreely, **plain, cover_url="https://ada.example/a.png") == [(Level.LOST, "cover_url")]
    assert said(writefreely, **plain, tags=("a b", "2026", "a b")) == [
        (Level.CHANGED, "tags"), (Level.LOST, "tags"), (Level.LOST, "tags"),
    ]  # fmt: skip
    assert said(writefreely, **plain, markdown="A note[^1].\n\n[^1]: Here.") == [(Level.CHANGED, "markdown")]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("One line\nand the next.", "One line and the next."),
        ("H~2~O and ~~gone~~", "H~~2~~O and ~~gone~~"),
        ("2^10^ ==x== #tag", "2^10^ ==x== #tag"),
        ("- [x] done", "- ☑ done"),
    ],
)
def test_signs_mean_what_they_meant(writefreely: WriteFreely, given: str, sent: str) -> None:
    body = writefreely.payload(replace(ARTICLE, markdown=given, tags=()))["body"]
    assert body == f"{sent}\n\n{mark(KEY)}\n"


def test_a_form_takes_a_token_or_a_password() -> None:
    assert CredentialsForm({"token": TOKEN}).is_valid()
    assert CredentialsForm({"password": PASSWORD}).is_valid()
    assert CredentialsForm({"password": "with blanks in it"}).is_valid()


# --- Answers that the sandbox would not give ---------------------------------------------------------------------


DRAFT = {"id": POST, "title": "Notes", "body": "x", "created": "2026-11-22T18:30:00Z"}
PUBLIC = {**DRAFT, "slug": "notes", "collection": {"alias": "sandbox"}}


def whole(data: Any, code: int = 200) -> str:
    return json.dumps({"code": code, "data": data})


def wrong(code: int, words: str) -> str:
    return json.dumps({"code": code, "error_msg": words})


def answering(
    server: HTTPServer, body: str, status: int = 200, path: str = "", posts: Any = (DRAFT,), changed: Any = DRAFT
) -> WriteFreely:
    """A server on which all goes well but for one path."""
    if path:
        server.expect_request(f"/api/{path}", "POST").respond_with_data(body, status, content_type="application/json")
    server.expect_request("/api/me/posts").respond_with_data(whole(list(posts)), content_type="application/json")
    server.expect_request(f"/api/posts/{POST}").respond_with_data(whole(changed), content_type="application/json")
    server.expect_request("/api/collections/sandbox").respond_with_json({"code": 200, "data": {"alias": "sandbox"}})
    return writefreely_at(server.url_for("").rstrip("/"))


@pytest.mark.parametrize(
    "body", ["", "null", "{}", "[]", whole(None), whole({}), whole({"id": 7}), whole({"id": "x"}), "<html>"]
)
def test_a_creation_without_a_number_is_unknown(httpserver: HTTPServer, body: str) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, body, 201, "posts").create_draft(ARTICLE)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, wrong(400, "Supply something to publish."), Rejected),
        (401, wrong(401, "Invalid access token."), NotAuthorized),
        (401, "<html>Who?</html>", NotAuthorized),
        (403, wrong(403, "Account is silenced."), NotAuthorized),
        (403, wrong(403, "You don't have permission to add to this collection."), Rejected),
        (403, "<html>Firewall</html>", Rejected),
        (429, wrong(429, "You're doing that too much."), RateLimited),
        (500, wrong(500, "The humans messed something up."), OutcomeUnknown),
        (503, wrong(503, "Service temporarily unavailable due to high load."), OutcomeUnknown),
    ],
)
def test_each_refusal_is_named(httpserver: HTTPServer, status: int, body: str, kind: type[PublishingError]) -> None:
    with pytest.raises(PublishingError) as caught:
        answering(httpserver, body, status, "posts").create_draft(ARTICLE)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("results", "kind"),
    [
        ([{"code": 403, "error_msg": "You don't have permission to add to this collection."}], Rejected),
        ([{"code": 400, "error_msg": "Missing post Edit Token `token`."}], Rejected),
        ([{"code": 404, "error_msg": "Post not found."}], Gone),
        ([{"code": 500, "error_msg": "An unknown error occurred."}], OutcomeUnknown),
        ([], OutcomeUnknown),
        ({}, OutcomeUnknown),
        ([7], OutcomeUnknown),
    ],
)
def test_a_collecting_that_did_not_work_is_named_though_the_answer_is_200(
    httpserver: HTTPServer, results: Any, kind: type[PublishingError]
) -> None:
    with pytest.raises(PublishingError) as caught:
        answering(httpserver, whole(results), 200, "collections/sandbox/collect").publish_draft(POST, ARTICLE)
    assert type(caught.value) is kind


@pytest.mark.parametrize(("status", "words"), [(404, "Post not found."), (410, "Post unpublished by author."),
                                              (401, "Invalid editing credentials.")])  # fmt: skip
def test_a_draft_that_is_gone_is_not_taken_for_a_wrong_token(httpserver: HTTPServer, status: int, words: str) -> None:
    writefreely = answering(httpserver, wrong(status, words), status, f"posts/{POST}")
    with pytest.raises(Gone):
        writefreely.publish_draft(POST, ARTICLE)


def test_a_draft_that_the_list_does_not_have_yet_is_asked_for(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/collections/sandbox/collect").respond_with_data(whole([{"code": 200}]))
    changed = {**DRAFT, "slug": "notes-x4k9"}
    post = answering(httpserver, "", posts=[], changed=changed).publish_draft(POST, ARTICLE)
    assert post.url == httpserver.url_for("/sandbox/notes-x4k9")


def test_an_address_that_is_not_known_yet_is_asked_for_again_later(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/collections/sandbox/collect").respond_with_data(whole([{"code": 200}]))
    with pytest.raises(Unavailable, match="at which address"):
        answering(httpserver, "").publish_draft(POST, ARTICLE)


def test_what_is_in_the_blog_is_not_collected_again(httpserver: HTTPServer) -> None:
    post = answering(httpserver, "", posts=[PUBLIC]).publish_draft(POST, ARTICLE)
    assert post.visibility is Visibility.PUBLIC
    assert all("collect" not in str(request.path) or request.method == "GET" for request, _ in httpserver.log)


@pytest.mark.parametrize(
    ("created", "visibility"),
    [
        ("2026-11-22T18:30:00Z", Visibility.PUBLIC), ("2999-01-01T00:00:00Z", Visibility.SCHEDULED),
        ("soon", Visibility.PUBLIC), (None, Visibility.PUBLIC),
    ],
)  # fmt: skip
def test_a_post_with_a_time_to_come_is_scheduled(
    httpserver: HTTPServer, created: str | None, visibility: Visibility
) -> None:
    found = answering(httpserver, "", posts=[{**PUBLIC, "created": created}]).find(ARTICLE, POST)
    assert found is not None
    assert found.visibility is visibility


@pytest.mark.parametrize("body", ["", "{}", whole({}), whole([7]), whole([{"id": 7}]), "<html>"])
def test_a_list_that_is_none_proves_nothing(httpserver: HTTPServer, body: str) -> None:
    httpserver.expect_request("/api/me/posts").respond_with_data(body, content_type="application/json")
    with pytest.raises(Unavailable):
        writefreely_at(httpserver.url_for("").rstrip("/")).find(ARTICLE)


@pytest.mark.parametrize("data", [{}, {"access_token": ""}, {"access_token": 7}, {"access_token": "with blank"}])
def test_a_log_in_without_a_token_is_none(httpserver: HTTPServer, data: Any) -> None:
    httpserver.expect_request("/api/auth/login").respond_with_data(whole(data), content_type="application/json")
    logging_in = writefreely_at(httpserver.url_for("").rstrip("/"), {"password": PASSWORD}, username="ada")
    with pytest.raises(Unavailable, match="no token"):
        logging_in.verify()
