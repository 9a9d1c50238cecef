"""Medium against the sandbox, which keeps no list and takes nothing back, and against answers it would not give."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from publishers.base import Article, Finds, Glimpses, Level, Publisher, RemotePost, Visibility
from publishers.errors import (
    NotAuthorized,
    OutcomeUnknown,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
    Unsupported,
)
from publishers.platforms.medium import Medium, OptionsForm, SettingsForm
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, PublisherContract

WEEKLY = "b969ac62a46b"  # here the sandbox's user is an editor
LONG_WAIT = "b45573563f5a"  # here a writer
ELSE = "d0b105d10f0a"  # here a reader
PLAIN = {"publication": "", "publish_status": "public", "license": "all-rights-reserved", "notify_followers": True}


def counts(sandbox: Serving) -> Any:
    return requests.get(f"{sandbox.url}/_sandbox/counts?platform=medium", timeout=5).json()


def medium_at(base_url: str, feed_url: str = "", token: str = "sandbox-medium-key", **settings: Any) -> Medium:
    settings = PLAIN | {"base_url": base_url, "feed_url": feed_url} | settings
    return made(Medium, {"integration_token": token}, settings)


def in_sandbox(sandbox: Serving, **settings: Any) -> Medium:
    return medium_at(f"{sandbox.url}/medium/v1", f"{sandbox.url}/medium", **settings)


def now() -> Article:
    """Ada's article, as it is due at this moment."""
    return replace(ARTICLE, due_at=datetime.now(UTC))


@pytest.fixture
def fresh(sandbox: Serving) -> Serving:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="medium", on=False)
    order(sandbox, "switches", platform="medium", switch="feed_cache", on=False)
    return sandbox


@pytest.fixture
def medium(fresh: Serving) -> Medium:
    return in_sandbox(fresh)


class TestContract(PublisherContract):
    kind = Medium
    credentials = {"integration_token": "sandbox-medium-key"}
    wrong_credentials = {"integration_token": "wrong"}

    @pytest.fixture
    def settings(self, fresh: Serving) -> dict[str, Any]:
        return PLAIN | {"base_url": f"{fresh.url}/medium/v1", "feed_url": f"{fresh.url}/medium"}

    def test_the_payload_carries_the_mark(self, publisher: Publisher) -> None:
        """Not here: nothing invisible survives on Medium, and a reader should not see it."""
        assert KEY not in json.dumps(publisher.payload(ARTICLE))

    def test_publishing_again_changes_nothing(self, publisher: Publisher) -> None:
        """Not here: each call makes another article, which is why a doubtful one is never repeated by itself."""
        assert isinstance(publisher, Medium)
        assert publisher.publish(ARTICLE).id != publisher.publish(ARTICLE).id


# --- Who we are --------------------------------------------------------------------------------------------------


def test_medium_can_be_glimpsed_at_but_not_looked_up(medium: Medium) -> None:
    assert isinstance(medium, Glimpses)
    assert not isinstance(medium, Finds)


def test_the_publications_in_which_one_may_publish_are_offered_beside_the_own_profile(medium: Medium) -> None:
    account = medium.verify()
    assert account.name == "@sandbox"
    assert account.url.endswith("/medium/@sandbox")
    assert account.choices == {
        "publication": (
            ("", "Your own profile"),
            (WEEKLY, "Sandbox Weekly"),
            (LONG_WAIT, "The Long Wait (drafts only, its editors publish)"),
        )
    }


def test_a_token_that_may_not_list_publications_still_publishes_on_the_profile(medium: Medium, fresh: Serving) -> None:
    body = json.dumps({"errors": [{"message": "Lacks the scope.", "code": 6003}]})
    order(fresh, "faults", platform="medium", call="publications", fault="status", status=401, body=body)
    account = medium.verify()
    assert (account.name, account.choices) == ("@sandbox", {})


def test_contributors_that_are_not_told_do_not_take_a_publication_off_the_list(medium: Medium, fresh: Serving) -> None:
    order(fresh, "faults", platform="medium", call="contributors", fault="status", status=403, times=None)
    assert [key for key, _ in medium.verify().choices["publication"]] == ["", WEEKLY, LONG_WAIT, ELSE]


def test_who_only_writes_for_a_publication_is_told_when_connecting_it(fresh: Serving) -> None:
    with pytest.raises(Unsupported, match=r"The Long Wait.*only hand in drafts"):
        in_sandbox(fresh, publication=LONG_WAIT).verify()
    assert in_sandbox(fresh, publication=LONG_WAIT, publish_status="draft").verify().name == "@sandbox"


def test_the_settings_have_sensible_beginnings() -> None:
    form = SettingsForm(
        {"base_url": "https://api.medium.com/v1", "publish_status": "public", "license": "all-rights-reserved"}
    )
    assert form.is_valid(), form.errors
    assert SettingsForm.base_fields["base_url"].initial == "https://api.medium.com/v1"
    assert SettingsForm.base_fields["feed_url"].initial == "https://medium.com"
    assert OptionsForm({}).is_valid()


# --- What is sent ------------------------------------------------------------------------------------------------


def test_the_request_says_everything_explicitly(medium: Medium) -> None:
    assert medium.payload(replace(ARTICLE, cover_url="https://ada.example/cover.png")) == {
        "title": "Notes on the Analytical Engine",
        "contentFormat": "html",
        "content": (
            "<h1>Notes on the Analytical Engine</h1>\n"
            '<figure><img src="https://ada.example/cover.png" alt=""></figure>\n'
            "<p>The engine <em>weaves</em> patterns.</p>\n<pre>print('hello')</pre>"
        ),
        "tags": ["math", "history"],
        "canonicalUrl": "https://ada.example/notes",
        "publishStatus": "public",
        "license": "all-rights-reserved",
        "notifyFollowers": True,
    }


def test_what_the_delivery_says_wins_over_what_the_channel_says(medium: Medium) -> None:
    options = {"publish_status": "unlisted", "license": "cc-40-by", "notify_followers": "no"}
    sent = medium.payload(replace(ARTICLE, options=options))
    assert (sent["publishStatus"], sent["license"], sent["notifyFollowers"]) == ("unlisted", "cc-40-by", False)
    silent = dict.fromkeys(options, "")
    assert medium.payload(replace(ARTICLE, options=silent)) == medium.payload(ARTICLE)


def test_without_a_canonical_address_none_is_sent(medium: Medium) -> None:
    assert "canonicalUrl" not in medium.payload(replace(ARTICLE, canonical_url=""))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"title": "x" * 100}, []),
        ({"title": "x" * 101}, [(Level.CHANGED, "title")]),
        ({"title": "🎈" * 51}, [(Level.CHANGED, "title")]),
        ({"title": "a\tb"}, [(Level.CHANGED, "title")]),
        ({"tags": ("a", "b", "c")}, []),
        ({"tags": ("a", "b", "c", "d", "e")}, [(Level.LOST, "tags")] * 2),
        ({"tags": ("x" * 25,)}, []),
        ({"tags": ("x" * 26, "", "A", "a")}, [(Level.LOST, "tags")] * 3),
        ({"canonical_url": "ada.example"}, [(Level.REFUSED, "canonical_url")]),
        ({"canonical_url": "http://[x"}, [(Level.REFUSED, "canonical_url")]),
        ({"cover_url": "/cover.png"}, [(Level.LOST, "cover_url")]),
        ({"cover_url": "http://127.0.0.1/cover.png"}, [(Level.LOST, "cover_url")]),
        ({"options": {"publish_status": "draft"}}, [(Level.CHANGED, "options")]),
        ({"options": {"publish_status": "unlisted"}}, [(Level.CHANGED, "options")]),
    ],
)
def test_what_will_happen_is_said_beforehand(medium: Medium, changes: Any, expected: Any) -> None:
    assert said(medium, markdown="Words.", **changes) == expected


def test_a_long_title_is_cut_at_a_word_for_the_lists_and_whole_in_the_text(medium: Medium) -> None:
    title = "A very " + "long " * 20 + "title"
    sent = medium.payload(replace(ARTICLE, title=title))
    assert sent["title"] == "A very " + "long " * 17 + "long…"
    assert len(sent["title"]) <= 100
    assert sent["content"].startswith(f"<h1>{title}</h1>")


def test_tags_that_would_be_ignored_take_no_place(medium: Medium) -> None:
    assert medium.payload(replace(ARTICLE, tags=("x" * 26, "a", "b", "c", "d")))["tags"] == ["a", "b", "c"]


def test_a_first_heading_that_repeats_the_title_is_there_once(medium: Medium) -> None:
    sent = medium.payload(
        replace(ARTICLE, markdown="# Notes on the Analytical Engine\n\n---\n\nWords.\n\n---\n\nMore.")
    )
    assert sent["content"].split("\n") == [
        "<h1>Notes on the Analytical Engine</h1>", "<hr>", "<p>Words.</p>", "<hr>", "<p>More.</p>",
    ]  # fmt: skip


def test_a_cover_that_the_text_begins_with_is_not_shown_twice(medium: Medium) -> None:
    cover = "https://ada.example/a.png?x=1&y=2"
    sent = medium.payload(replace(ARTICLE, cover_url=cover, markdown=f"Words.\n\n![alt]({cover})"))
    assert sent["content"].count("<img") == 1


# --- The whole story at the sandbox ------------------------------------------------------------------------------


def test_an_article_is_public_with_its_canonical_address_and_three_tags(medium: Medium, fresh: Serving) -> None:
    post = medium.publish(now())
    assert post.visibility is Visibility.PUBLIC
    page = requests.get(post.url, timeout=5)
    assert page.ok
    assert page.text.count("<h1>Notes on the Analytical Engine</h1>") == 1
    assert 'rel="canonical" href="https://ada.example/notes"' in page.text
    assert counts(fresh) == {"title:Notes on the Analytical Engine": {"public": 1, "drafts": 0}}


def test_an_editor_publishes_in_a_publication_without_asking_who_she_is(fresh: Serving) -> None:
    medium = in_sandbox(fresh, publication=WEEKLY)
    post = medium.publish(now())
    assert post.visibility is Visibility.PUBLIC
    assert "/sandbox-weekly/" in post.url
    assert [exchange.method for exchange in medium.http.exchanges] == ["POST"]


def test_a_writers_article_waits_as_a_draft_and_that_is_said(fresh: Serving) -> None:
    assert in_sandbox(fresh, publication=LONG_WAIT).publish(now()).visibility is Visibility.DRAFT


def test_a_publication_of_others_refuses(fresh: Serving) -> None:
    with pytest.raises(Rejected, match="does not let this account publish there"):
        in_sandbox(fresh, publication=ELSE).publish(now())
    assert counts(fresh) == {}


@pytest.mark.parametrize(("status", "visibility"), [("draft", Visibility.DRAFT), ("unlisted", Visibility.PUBLIC)])
def test_a_wish_for_a_draft_or_an_unlisted_article_is_kept(medium: Medium, status: str, visibility: Visibility) -> None:
    assert medium.publish(replace(now(), options={"publish_status": status})).visibility is visibility


def test_the_eleventh_article_of_a_day_waits_for_the_next(fresh: Serving) -> None:
    order(fresh, "limits", platform="medium", on=True)
    medium = in_sandbox(fresh)
    for number in range(10):
        medium.publish(replace(now(), title=f"Note {number}"))
    with pytest.raises(RateLimited, match="today") as caught:
        medium.publish(now())
    assert caught.value.retry_after == 24 * 3600
    order(fresh, "limits", platform="medium", on=False)


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_an_article_whose_answer_is_lost_is_unknown_and_seen_in_the_feed(
    medium: Medium, fresh: Serving, fault: str
) -> None:
    article = now()
    order(fresh, "faults", platform="medium", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        medium.publish(article)
    seen = medium.glimpse(article)
    assert seen is not None
    assert seen.visibility is Visibility.PUBLIC
    assert requests.get(seen.url, timeout=5).ok
    assert counts(fresh) == {"title:Notes on the Analytical Engine": {"public": 1, "drafts": 0}}


def test_what_is_seen_has_the_id_and_address_of_what_was_created(medium: Medium) -> None:
    article = now()
    assert medium.publish(article) == medium.glimpse(article)


def test_an_article_that_never_arrived_is_not_seen(medium: Medium, fresh: Serving) -> None:
    order(fresh, "faults", platform="medium", call="create", fault="close", when="before")
    with pytest.raises(OutcomeUnknown):
        medium.publish(now())
    assert medium.glimpse(now()) is None
    assert counts(fresh) == {}


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_when_medium_does_not_say_who_we_are_nothing_was_created(medium: Medium, fresh: Serving, fault: str) -> None:
    order(fresh, "faults", platform="medium", call="me", fault=fault)
    with pytest.raises(Unavailable):
        medium.publish(now())
    assert counts(fresh) == {}


def test_an_older_article_of_the_same_title_is_not_ours(medium: Medium) -> None:
    medium.publish(now())
    later = replace(ARTICLE, due_at=datetime.now(UTC) + timedelta(seconds=2))
    assert medium.glimpse(later) is None


def test_two_articles_of_the_same_title_prove_nothing(medium: Medium) -> None:
    article = now()
    medium.publish(article)
    medium.publish(article)
    assert medium.glimpse(article) is None


def test_another_title_is_another_article(medium: Medium) -> None:
    medium.publish(now())
    assert medium.glimpse(replace(now(), title="Notes on the analytical engine")) is None


def test_an_article_with_a_long_title_is_seen(medium: Medium) -> None:
    article = replace(now(), title="A very " + "long " * 20 + "<title> & more")
    assert medium.publish(article) == medium.glimpse(article)


@pytest.mark.parametrize("change", [{"due_at": None}, {"options": {"publish_status": "draft"}}])
def test_what_cannot_be_in_the_feed_is_not_looked_for(medium: Medium, change: Any) -> None:
    assert medium.glimpse(replace(now(), **change)) is None
    assert medium.http.exchanges == []


def test_the_token_does_not_go_to_the_feed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/me").respond_with_json({"data": {"id": "1a", "username": "ada"}})
    httpserver.expect_request("/feed/@ada").respond_with_data("<rss><channel/></rss>")
    assert medium_at(httpserver.url_for("/v1"), httpserver.url_for("")).glimpse(now()) is None
    (asked,) = [request for request, _ in httpserver.log if request.path == "/feed/@ada"]
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize("feed", ["", "<html>", "<!DOCTYPE rss><rss><channel/></rss>", "<feed/>", "{}"])
def test_a_feed_that_is_none_is_unavailable(httpserver: HTTPServer, feed: str) -> None:
    httpserver.expect_request("/v1/me").respond_with_json({"data": {"id": "1a", "username": "ada"}})
    httpserver.expect_request("/feed/@ada").respond_with_data(feed)
    with pytest.raises(Unavailable):
        medium_at(httpserver.url_for("/v1"), httpserver.url_for("")).glimpse(now())


# --- Answers that the sandbox would not give ---------------------------------------------------------------------

CREATED = {"id": "e6f36a", "url": "https://medium.com/@ada/notes-e6f36a", "publishStatus": "public"}


def answering(server: HTTPServer, body: Any, status: int = 201, headers: dict[str, str] | None = None) -> Medium:
    text = body if isinstance(body, str) else json.dumps(body)
    server.expect_request("/v1/me").respond_with_json({"data": {"id": "1a", "username": "ada"}})
    server.expect_request("/v1/users/1a/posts").respond_with_data(text, status, headers, "application/json")
    return medium_at(server.url_for("/v1"))


def refusing(server: HTTPServer, status: int, message: str, code: Any = -1) -> Medium:
    return answering(server, {"errors": [{"message": message, "code": code}]}, status)


def test_the_token_travels_as_bearer_and_the_article_on_a_connection_of_its_own(httpserver: HTTPServer) -> None:
    medium = answering(httpserver, {"data": CREATED})
    assert medium.publish(ARTICLE) == RemotePost("e6f36a", "https://medium.com/@ada/notes-e6f36a", Visibility.PUBLIC)
    (_, _), (sent, _) = httpserver.log
    assert sent.headers["Authorization"] == "Bearer sandbox-medium-key"
    assert sent.headers["Accept-Charset"] == "utf-8"


@pytest.mark.parametrize(
    "data",
    [
        None, [], "", 7, {}, CREATED | {"id": ""}, CREATED | {"id": 7}, CREATED | {"id": "../me"},
        CREATED | {"url": ""}, CREATED | {"url": None}, CREATED | {"url": "/notes"},
        CREATED | {"publishStatus": None}, CREATED | {"publishStatus": ["public"]}, CREATED | {"publishStatus": "new"},
    ],
)  # fmt: skip
def test_a_success_without_id_address_or_status_is_unknown(httpserver: HTTPServer, data: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, {"data": data}).publish(ARTICLE)


@pytest.mark.parametrize("body", ["", "null", "[]", "<html>Please wait</html>", '{"data": {"id"', '{"errors": []}'])
def test_a_success_that_is_none_is_unknown(httpserver: HTTPServer, body: str) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, body).publish(ARTICLE)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_answer_that_is_no_answer_is_unknown(httpserver: HTTPServer, status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        refusing(httpserver, status, "Something broke").publish(ARTICLE)


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500])
def test_the_daily_limit_is_known_by_its_words_whatever_the_status(httpserver: HTTPServer, status: int) -> None:
    medium = refusing(httpserver, status, "User has reached the rate limit for publishing today.")
    with pytest.raises(RateLimited) as caught:
        medium.publish(ARTICLE)
    assert caught.value.retry_after == 24 * 3600


def test_an_article_about_the_daily_limit_is_an_article(httpserver: HTTPServer) -> None:
    title = "User has reached the rate limit for publishing today."
    medium = answering(httpserver, {"data": CREATED | {"title": title}})
    assert medium.publish(replace(ARTICLE, title=title)).id == "e6f36a"


@pytest.mark.parametrize(("headers", "seconds"), [({}, 24 * 3600), ({"Retry-After": "30"}, 30)])
def test_being_asked_to_slow_down_waits_as_long_as_asked_else_a_day(
    httpserver: HTTPServer, headers: dict[str, str], seconds: float
) -> None:
    with pytest.raises(RateLimited) as caught:
        answering(httpserver, "Slow down", 429, headers).publish(ARTICLE)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (401, 6000, NotAuthorized, "did not see"),
        (401, 6003, NotAuthorized, "wrong or was revoked"),
        (400, 6003, NotAuthorized, "wrong or was revoked"),
        (403, 6003, NotAuthorized, "wrong or was revoked"),
        (401, 6004, NotAuthorized, "account"),
        (401, 6005, NotAuthorized, "application"),
        (401, -1, NotAuthorized, "does not accept the key"),
        (401, "6003", NotAuthorized, "does not accept the key"),
        (403, 6004, Rejected, "does not let this account publish there"),
        (403, -1, Rejected, "does not let this account publish there"),
        (400, 2002, Rejected, "400 .Because"),
        (404, -1, Rejected, "404"),
        (422, -1, Rejected, "422"),
    ],
)
def test_every_refusal_has_its_meaning_and_a_sentence(
    httpserver: HTTPServer, status: int, code: Any, kind: type[PublishingError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        refusing(httpserver, status, "Because.", code).publish(ARTICLE)


@pytest.mark.parametrize("body", ["[]", '{"errors": "no"}', '{"errors": [7]}', "{", '"x"', '{"errors": [{}]}'])
def test_refusals_of_odd_shapes_are_refusals(httpserver: HTTPServer, body: str) -> None:
    with pytest.raises(Rejected):
        answering(httpserver, body, 400).publish(ARTICLE)


@pytest.mark.parametrize("me", [{}, {"data": None}, {"data": {"id": 7, "username": "a"}}, {"data": {"id": "../x"}}, []])
def test_an_author_who_is_not_named_is_unavailable(httpserver: HTTPServer, me: Any) -> None:
    httpserver.expect_request("/v1/me").respond_with_json(me)
    with pytest.raises(Unavailable):
        medium_at(httpserver.url_for("/v1")).publish(ARTICLE)
