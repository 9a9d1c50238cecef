"""Blogger against the sandbox, which takes what Google's own description of the API says, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from publishers.base import Level, Visibility
from publishers.errors import (
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)
from publishers.marks import mark
from publishers.platforms.blogger import GOOGLE, TOKENS, Blogger
from publishers.platforms.blogger.article import without_line_ends
from sandbox.platforms.blogger import FIRST_ID
from sandbox.platforms.blogger.discovery import post_of
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

KEYS = {
    "client_id": "sandbox-blogger-client",
    "client_secret": "sandbox-blogger-secret",
    "refresh_token": "sandbox-blogger-key",
}


def blogger_at(base_url: str, **settings: Any) -> Blogger:
    keys = {name: settings.pop(name, value) for name, value in KEYS.items()}
    blogger = made(Blogger, keys, {"base_url": base_url} | settings)
    if "blog_id" in settings:
        return blogger
    [(blog_id, _), *_] = blogger.verify().choices["blog_id"]
    return made(Blogger, keys, {"base_url": base_url, "blog_id": blog_id} | settings)


@pytest.fixture
def site(sandbox: Serving) -> str:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="blogger", on=False)
    order(sandbox, "switches", platform="blogger", switch="drops_comments", on=False)
    return f"{sandbox.url}/blogger"


@pytest.fixture
def ada(site: str) -> Blogger:
    return blogger_at(site)


class TestContract(PublisherContract):
    kind = Blogger
    credentials = KEYS
    wrong_credentials = KEYS | {"refresh_token": "wrong"}
    unknown_id = str(FIRST_ID + 424242)

    @pytest.fixture
    def settings(self, site: str) -> dict[str, Any]:
        return {"base_url": site, "blog_id": blogger_at(site).settings["blog_id"]}


class TestContractWithoutComments(TestContract):
    """Where Blogger should drop the mark, title and words tell whose post it is."""

    @pytest.fixture
    def settings(self, site: str, sandbox: Serving) -> dict[str, Any]:
        order(sandbox, "switches", platform="blogger", switch="drops_comments", on=True)
        return {"base_url": site, "blog_id": blogger_at(site).settings["blog_id"]}

    def test_another_article_is_not_taken_for_ours(self, publisher: Any) -> None:
        """Without a mark it has to have other words."""
        self.publish(publisher, ARTICLE)
        assert publisher.find(replace(ARTICLE, key=OTHER_KEY, title="Another")) is None
        assert publisher.find(replace(ARTICLE, key=OTHER_KEY, markdown="Other words.")) is None


# --- Connecting --------------------------------------------------------------------------------------------------


def test_of_several_blogs_one_is_chosen(site: str) -> None:
    made_of_two = blogger_at(site, refresh_token="sandbox-blogger-two-key", blog_id="")
    account = made_of_two.verify()
    assert account.name == "Two Blogs"
    assert [label for _, label in account.choices["blog_id"]] == ["Two Blogs's blog", "Another blog"]
    with pytest.raises(Rejected, match="No blog is chosen"):
        made_of_two.create_draft(ARTICLE)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"refresh_token": "x"}, "does not accept the refresh token"),
        ({"client_id": "x"}, "client ID"),
        ({"client_secret": "x"}, "client ID"),
    ],
)
def test_what_is_wrong_about_the_keys_is_told_apart(site: str, wrong: dict[str, str], words: str) -> None:
    with pytest.raises(NotAuthorized, match=words):
        blogger_at(site, blog_id="1", **wrong).verify()


def test_the_access_token_is_fetched_once_and_kept_nowhere(ada: Blogger, sandbox: Serving) -> None:
    ada.publish_draft(ada.create_draft(ARTICLE).id, ARTICLE)
    tokens = [entry for entry in order_log(sandbox) if entry["call"] == "token"]
    assert len(tokens) == 2, "one for the choice of the blog, one for all that followed"
    assert "ya29." not in repr(ada.http.exchanges)
    assert "refresh_token" not in repr(ada.http.exchanges)


def order_log(sandbox: Serving) -> Any:
    return requests.get(f"{sandbox.url}/_sandbox/log", params={"platform": "blogger"}, timeout=5).json()


def test_google_gives_tokens_out_at_another_host_than_a_stand_in() -> None:
    assert blogger_at(GOOGLE, blog_id="1")._tokens == TOKENS
    assert blogger_at("https://blog.example", blog_id="1")._tokens == "https://blog.example/token"


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"access_token": 7}', '{"access_token": "a b"}', "<html></html>"])
def test_without_an_access_token_nothing_is_sent(httpserver: HTTPServer, body: str) -> None:
    httpserver.expect_request("/token").respond_with_data(body, content_type="application/json")
    with pytest.raises(Unavailable):
        blogger_at(httpserver.url_for("").rstrip("/"), blog_id="1").create_draft(ARTICLE)
    assert len(httpserver.log) == 1


# --- The whole story at the sandbox ------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_draft_whose_answer_is_lost_is_found_again(ada: Blogger, sandbox: Serving, fault: str) -> None:
    order(sandbox, "faults", platform="blogger", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        ada.create_draft(ARTICLE)
    found = ada.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT
    assert ada.publish_draft(found.id, ARTICLE).visibility is Visibility.PUBLIC


def test_a_flip_whose_answer_is_lost_is_found_public(ada: Blogger, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    order(sandbox, "faults", platform="blogger", call="flip", fault="close", when="after")
    with pytest.raises(OutcomeUnknown):
        ada.publish_draft(draft.id, ARTICLE)
    found = ada.find(ARTICLE, draft.id)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC
    assert ARTICLE.title in requests.get(found.url, timeout=5).text


def test_a_lost_answer_before_the_flip_leaves_a_draft(ada: Blogger, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    order(sandbox, "faults", platform="blogger", call="update", fault="close", when="after")
    with pytest.raises(Unavailable):
        ada.publish_draft(draft.id, ARTICLE)


def test_the_list_is_read_to_the_page_where_it_is(ada: Blogger) -> None:
    ada.create_draft(ARTICLE)
    for number in range(55):
        ada.create_draft(replace(ARTICLE, key=OTHER_KEY, title=f"Other {number}"))
    found = ada.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT


def test_a_post_in_the_trash_is_gone(ada: Blogger) -> None:
    draft = ada.create_draft(ARTICLE)
    ada._send("DELETE", ada._posts(draft.id), useTrash="true")
    with pytest.raises(Gone):
        ada.publish_draft(draft.id, ARTICLE)
    with pytest.raises(Gone):
        ada.update(draft.id, ARTICLE)
    assert ada.find(ARTICLE, draft.id) is None


def test_what_waits_for_its_time_there_is_not_called_public(ada: Blogger) -> None:
    draft = ada.create_draft(ARTICLE)
    ada._send("POST", ada._posts(draft.id, "publish"), publishDate="2999-01-01T00:00:00Z")
    found = ada.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.SCHEDULED


def test_who_may_only_read_is_told_so(site: str) -> None:
    reader = blogger_at(site, refresh_token="sandbox-blogger-reader-key")
    with pytest.raises(Rejected, match="does not allow it to this account"):
        reader.create_draft(ARTICLE)


def test_too_many_writes_are_a_rate_limit(ada: Blogger, sandbox: Serving) -> None:
    order(sandbox, "limits", platform="blogger", on=True)
    for _ in range(60):
        ada.create_draft(ARTICLE)
    with pytest.raises(RateLimited) as caught:
        ada.create_draft(ARTICLE)
    assert caught.value.retry_after == 60


# --- Answers that the sandbox would not give ---------------------------------------------------------------------


def answering(server: HTTPServer, body: Any, status: int = 200) -> Blogger:
    text = body if isinstance(body, str) else json.dumps(body)
    server.expect_request("/token").respond_with_json({"access_token": "abc"})
    here = {"id": "7", "status": "DRAFT"}
    server.expect_request("/v3/blogs/1/posts/7", method="GET").respond_with_json(here)
    server.expect_request("/v3/blogs/1/posts/7", method="PATCH").respond_with_json(here)
    for path in ("posts", "posts/7/publish"):
        server.expect_request(f"/v3/blogs/1/{path}").respond_with_data(text, status, content_type="application/json")
    server.expect_request("/v3/users/self").respond_with_data(text, status, content_type="application/json")
    return blogger_at(server.url_for("").rstrip("/"), blog_id="1")


LIVE = {"id": "7", "status": "LIVE", "url": "https://ada.example/2026/11/notes.html"}


@pytest.mark.parametrize("body", [{}, [], "", "null", {"id": 7}, {"id": ""}, "<html></html>", '{"id": "7'])
def test_a_creation_without_a_number_is_unknown(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, body).create_draft(ARTICLE)


def test_a_creation_that_is_no_draft_is_looked_at(httpserver: HTTPServer) -> None:
    with pytest.raises(OutcomeUnknown, match="no draft"):
        answering(httpserver, LIVE).create_draft(ARTICLE)


@pytest.mark.parametrize("change", [{"id": "8"}, {"url": ""}, {"url": None}])
def test_a_flip_that_does_not_show_a_public_article_is_unknown(httpserver: HTTPServer, change: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, LIVE | change).publish_draft("7", ARTICLE)


def test_a_flip_that_does_not_name_the_state_is_believed(httpserver: HTTPServer) -> None:
    body = {name: value for name, value in LIVE.items() if name != "status"}
    assert answering(httpserver, body).publish_draft("7", ARTICLE).visibility is Visibility.PUBLIC


def no(status: int, reason: str, name: str = "errors") -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": status, "message": "No.", name: [{"reason": reason}]}}


@pytest.mark.parametrize(
    ("answer", "error", "wait"),
    [
        (no(400, "badRequest"), Rejected, None),
        (no(401, "authError"), NotAuthorized, None),
        (no(403, "forbidden"), Rejected, None),
        (no(403, "rateLimitExceeded"), RateLimited, 60),
        (no(403, "userRateLimitExceeded"), RateLimited, 60),
        (no(403, "dailyLimitExceeded"), RateLimited, 3600),
        (no(403, "accessNotConfigured"), NotAuthorized, None),
        (no(403, "SERVICE_DISABLED", "details"), NotAuthorized, None),
        (no(429, "rateLimitExceeded"), RateLimited, None),
        (no(404, "notFound"), Gone, None),
        (no(500, "backendError"), OutcomeUnknown, None),
        ((503, "<html></html>"), OutcomeUnknown, None),
    ],
)
def test_what_googles_refusals_mean(
    httpserver: HTTPServer, answer: tuple[int, Any], error: type[PublishingError], wait: float | None
) -> None:
    status, body = answer
    with pytest.raises(PublishingError) as caught:
        answering(httpserver, body, status).create_draft(ARTICLE)
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after", None) == wait


@pytest.mark.parametrize(
    "body", ["null", [7], {"items": [7]}, {"items": {}}, {"items": [{"id": "1"}]}, "<html></html>"]
)
def test_a_look_up_that_cannot_be_read_proves_nothing(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(Unavailable):
        answering(httpserver, body).find(ARTICLE)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500, 502])
def test_a_look_up_never_ends_in_a_refusal(httpserver: HTTPServer, status: int) -> None:
    blogger = answering(httpserver, no(status, "no")[1], status)
    with pytest.raises((Unavailable, NotAuthorized)):
        blogger.find(ARTICLE)
    with pytest.raises((Unavailable, NotAuthorized)):
        blogger.verify()


# --- What is sent, and what is said beforehand -------------------------------------------------------------------


@pytest.fixture
def offline() -> Blogger:
    return blogger_at(GOOGLE, blog_id="1")


PLAIN = {"canonical_url": "", "summary": "", "slug": ""}


def test_the_payload_is_what_google_describes(offline: Blogger) -> None:
    payload = offline.payload(ARTICLE)
    assert post_of(json.dumps(payload).encode()) == payload
    assert payload == {
        "title": ARTICLE.title,
        "content": "<p>The engine <em>weaves</em> patterns.</p>"
        "<pre><code class=\"language-python\">print('hello')\n</code></pre>"
        '<p>Originally published at <a href="https://ada.example/notes" rel="canonical">https://ada.example/notes</a>.'
        f"</p>{mark(KEY)}",
        "labels": ["math", "history"],
    }


def test_what_the_api_has_no_field_for_is_said(offline: Blogger) -> None:
    assert sorted(said(offline)) == [
        (Level.CHANGED, "canonical_url"), (Level.LOST, "summary"), (Level.NOTE, "slug"),
    ]  # fmt: skip
    quiet = blogger_at(GOOGLE, blog_id="1", canonical_line="none")
    assert (Level.LOST, "canonical_url") in said(quiet)
    assert "Originally" not in quiet.payload(ARTICLE)["content"]


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p>a\nb</p>\n<ul>\n<li>c</li>\n</ul>", "<p>a b</p><ul><li>c</li></ul>"),
        ("<p>a</p>\n<pre><code>b\n  c\n</code></pre>\n<p>d</p>", "<p>a</p><pre><code>b\n  c\n</code></pre><p>d</p>"),
        ("<p><em>a</em>\n<b>b</b></p>", "<p><em>a</em> <b>b</b></p>"),
    ],
)
def test_only_code_has_line_ends(html: str, kept: str) -> None:
    assert without_line_ends(html) == kept


@pytest.mark.parametrize(("count", "lost"), [(19, 0), (20, 0), (21, 1)])
def test_so_many_labels_are_taken(offline: Blogger, count: int, lost: int) -> None:
    tags = tuple(f"t{number}" for number in range(count))
    assert len(offline.payload(replace(ARTICLE, tags=tags))["labels"]) == min(count, 20)
    assert said(offline, tags=tags, **PLAIN) == [(Level.LOST, "tags")] * lost


@pytest.mark.parametrize(("length", "lost"), [(99, 0), (100, 0), (101, 1)])
def test_so_long_may_labels_be_together(offline: Blogger, length: int, lost: int) -> None:
    assert said(offline, tags=("x" * 100, "y" * length), **PLAIN) == [(Level.LOST, "tags")] * lost


def test_a_comma_would_part_a_label(offline: Blogger) -> None:
    assert offline.payload(replace(ARTICLE, tags=("a, b", "c")))["labels"] == ["a b", "c"]
    assert said(offline, tags=("a, b", "", "c", "C"), **PLAIN) == [
        (Level.CHANGED, "tags"), (Level.LOST, "tags"), (Level.LOST, "tags"),
    ]  # fmt: skip


def test_a_cover_begins_the_text(offline: Blogger) -> None:
    article = replace(ARTICLE, cover_url="https://ada.example/a.png?b&c")
    assert offline.payload(article)["content"].startswith('<figure><img src="https://ada.example/a.png?b&amp;c"')
    assert said(offline, cover_url="https://ada.example/a.png", **PLAIN) == [(Level.CHANGED, "cover_url")]
    assert said(offline, cover_url="/a.png", **PLAIN) == [(Level.LOST, "cover_url")]
