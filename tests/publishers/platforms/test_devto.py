"""DEV against the sandbox, which is as strict as a real Forem, and against answers that the sandbox would not give."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from publishers.base import Article, Finding, Level, Visibility
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
from publishers.platforms.devto import DevTo
from publishers.platforms.devto.article import changed_fields
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract


def devto_at(base_url: str, key: str = "sandbox-devto-key", **settings: Any) -> DevTo:
    settings = {"base_url": base_url, "ai_disclosure_level": "no_ai"} | settings
    return made(DevTo, {"api_key": key}, settings)


class TestContract(PublisherContract):
    kind = DevTo
    credentials = {"api_key": "sandbox-devto-key"}
    wrong_credentials = {"api_key": "wrong"}

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        order(sandbox, "reset")
        order(sandbox, "limits", platform="devto", on=False)
        return {"base_url": f"{sandbox.url}/devto/api", "ai_disclosure_level": "no_ai"}


# --- The whole story at the sandbox ------------------------------------------------------------------------------


@pytest.fixture
def devto(sandbox: Serving) -> DevTo:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="devto", on=False)
    return devto_at(f"{sandbox.url}/devto/api")


def test_ada_is_recognised_by_her_key(devto: DevTo) -> None:
    account = devto.verify()
    assert account.name == "@sandbox"
    assert account.url.endswith("/devto/sandbox")


def test_the_flip_brings_the_draft_to_the_present_text(devto: DevTo, sandbox: Serving) -> None:
    draft = devto.create_draft(ARTICLE)
    post = devto.publish_draft(draft.id, replace(ARTICLE, title="Second thoughts"))
    page = requests.get(post.url, timeout=5)
    assert page.ok
    assert "Second thoughts" in page.text
    assert "temp-slug" not in post.url


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_draft_whose_answer_is_lost_is_found_again(devto: DevTo, sandbox: Serving, fault: str) -> None:
    order(sandbox, "faults", platform="devto", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        devto.create_draft(ARTICLE)
    found = devto.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT
    assert devto.publish_draft(found.id, ARTICLE).visibility is Visibility.PUBLIC


def test_a_flip_whose_answer_is_lost_is_found_public(devto: DevTo, sandbox: Serving) -> None:
    draft = devto.create_draft(ARTICLE)
    order(sandbox, "faults", platform="devto", call="flip", fault="close", when="after")
    with pytest.raises(OutcomeUnknown):
        devto.publish_draft(draft.id, ARTICLE)
    found = devto.find(ARTICLE, draft.id)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC
    assert found.url


def test_a_draft_that_never_arrived_is_not_found(devto: DevTo, sandbox: Serving) -> None:
    order(sandbox, "faults", platform="devto", call="create", fault="close", when="before")
    with pytest.raises(OutcomeUnknown):
        devto.create_draft(ARTICLE)
    assert devto.find(ARTICLE) is None


def test_a_text_full_of_liquid_is_taken_and_shown_as_it_is(devto: DevTo) -> None:
    text = "Use {{ name }} and {% endraw %} or {% if %}, `{{ code }}` and\n\n```\n{% raw %}{{ x }}{% endraw %}\n```\n"
    draft = devto.create_draft(replace(ARTICLE, markdown=text))
    page = requests.get(devto.publish_draft(draft.id, replace(ARTICLE, markdown=text)).url, timeout=5).text
    assert "Use {{ name }} and {% endraw %} or {% if %}" in page


def test_a_canonical_address_that_is_taken_is_perhaps_our_own(devto: DevTo) -> None:
    first = devto.create_draft(ARTICLE)
    devto.publish_draft(first.id, ARTICLE)
    second = devto.create_draft(replace(ARTICLE, key=OTHER_KEY, title="Another title"))
    with pytest.raises(PerhapsThere, match="Canonical url") as caught:
        devto.publish_draft(second.id, replace(ARTICLE, key=OTHER_KEY, title="Another title"))
    assert caught.value.retry_after is None


def test_a_title_used_minutes_ago_is_perhaps_our_own(devto: DevTo) -> None:
    devto.create_draft(ARTICLE)
    with pytest.raises(PerhapsThere, match="Title has already been used") as caught:
        devto.create_draft(ARTICLE)
    assert caught.value.retry_after == 300


def test_a_draft_that_was_deleted_is_gone(devto: DevTo) -> None:
    with pytest.raises(Gone):
        devto.publish_draft("424242", ARTICLE)
    with pytest.raises(Gone):
        devto.publish_draft("../users/me", ARTICLE)


def test_without_ai_disclosure_dev_says_what_is_missing(sandbox: Serving) -> None:
    order(sandbox, "reset")
    with pytest.raises(Rejected, match="ai_disclosure_level"):
        devto_at(f"{sandbox.url}/devto/api", ai_disclosure_level="").create_draft(ARTICLE)


def test_too_many_writes_are_a_rate_limit(sandbox: Serving) -> None:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="devto", on=True)
    devto = devto_at(f"{sandbox.url}/devto/api")
    devto.create_draft(ARTICLE)
    with pytest.raises(RateLimited) as caught:
        devto.create_draft(replace(ARTICLE, title="At once after it"))
    assert caught.value.retry_after == 1


# --- Answers that the sandbox would not give ---------------------------------------------------------------------


def answering(server: HTTPServer, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> DevTo:
    text = body if isinstance(body, str) else json.dumps(body)
    server.expect_request("/api/articles").respond_with_data(text, status, headers, "application/json")
    server.expect_request("/api/articles/7").respond_with_data(text, status, headers, "application/json")
    server.expect_request("/api/articles/me/all").respond_with_data(text, status, headers, "application/json")
    server.expect_request("/api/users/me").respond_with_data(text, status, headers, "application/json")
    return devto_at(server.url_for("/api"))


PUBLIC = {"id": 7, "url": "https://dev.to/ada/notes-1a2b", "published_at": "2026-11-22T18:30:00Z"}


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "", "null", "7", {"id": None}, {"id": "7"}, {"id": True}, {"url": "https://dev.to/x"},
        "<html>Please wait</html>", '{"id": 7',
    ],
)  # fmt: skip
def test_a_creation_without_a_number_is_unknown(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, body, 201).create_draft(ARTICLE)


@pytest.mark.parametrize(
    "change",
    [
        {"url": None}, {"url": ""}, {"url": 7}, {"url": "/ada/notes"}, {"id": 8}, {"published": False},
        {"published_at": None}, {"url": "https://dev.to/ada/notes-temp-slug-123"},
        {"url": "https://dev.to/ada/notes-temp-slug-123?preview=abc"},
    ],
)  # fmt: skip
def test_a_flip_that_does_not_show_a_public_article_is_unknown(httpserver: HTTPServer, change: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, PUBLIC | change).publish_draft("7", ARTICLE)


def test_a_title_about_temporary_slugs_is_no_draft(httpserver: HTTPServer) -> None:
    body = PUBLIC | {"url": "https://dev.to/ada/on-temp-slug-12-3f9"}
    assert answering(httpserver, body).publish_draft("7", ARTICLE).url == body["url"]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": "unauthorized", "status": 401}, NotAuthorized),
        (403, {"error": "forbidden", "status": 403}, Rejected),
        (422, {"error": "Title is too long", "status": 422}, Rejected),
        (422, {"error": "param is missing or the value is empty: article"}, Rejected),
        (422, {"error": "Body is bad, Canonical url has already been taken. Email support"}, PerhapsThere),
        (429, "Retry later", RateLimited),
        (500, {"error": "oops"}, OutcomeUnknown),
    ],
)
def test_what_devs_refusals_mean(httpserver: HTTPServer, status: int, body: Any, error: type[PublishingError]) -> None:
    with pytest.raises(PublishingError) as caught:
        answering(httpserver, body, status).create_draft(ARTICLE)
    assert type(caught.value) is error


def test_a_rate_limit_without_a_time_is_half_a_minute(httpserver: HTTPServer) -> None:
    with pytest.raises(RateLimited) as caught:
        answering(httpserver, "Retry later", 429).create_draft(ARTICLE)
    assert caught.value.retry_after == 30


@pytest.mark.parametrize("body", [{}, "null", [7], [{"title": "no id"}], "<html></html>"])
def test_a_look_up_that_cannot_be_read_proves_nothing(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(Unavailable):
        answering(httpserver, body).find(ARTICLE)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500, 502])
def test_a_look_up_never_ends_in_a_refusal(httpserver: HTTPServer, status: int) -> None:
    with pytest.raises((Unavailable, NotAuthorized)):
        answering(httpserver, {"error": "no"}, status).find(ARTICLE)
    with pytest.raises((Unavailable, NotAuthorized)):
        answering(httpserver, {"error": "no"}, status).verify()


# --- Looking for our article -------------------------------------------------------------------------------------

IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def listed(number: int, **changes: Any) -> dict[str, Any]:
    article = {"id": number, "url": f"https://dev.to/ada/{number}", "published": True, "body_markdown": "text"}
    return article | {"published_at": "2026-01-01T00:00:00Z", "canonical_url": f"https://dev.to/{number}"} | changes


OURS = {"body_markdown": f"text\n\n{mark(KEY)}\n"}


@pytest.mark.parametrize(
    ("articles", "found"),
    [
        ([listed(1)], None),
        ([listed(1), listed(2, **OURS)], ("2", Visibility.PUBLIC)),
        ([listed(2, **OURS, published=False, published_at=None)], ("2", Visibility.DRAFT)),
        ([listed(2, **OURS, published_at=IN_AN_HOUR)], ("2", Visibility.SCHEDULED)),
        ([listed(3, **OURS, published=False), listed(2, **OURS)], ("2", Visibility.PUBLIC)),
        ([listed(4, canonical_url="https://ada.example/notes")], ("4", Visibility.PUBLIC)),
        ([listed(4, canonical_url="https://ada.example/notes", body_markdown=mark(OTHER_KEY))], None),
        ([listed(4, canonical_url="https://ada.example/notes/")], None),
        ([listed(5, body_markdown=None), listed(7, published=False)], ("7", Visibility.DRAFT)),
    ],
)
def test_which_article_is_ours(httpserver: HTTPServer, articles: list[Any], found: Any) -> None:
    post = answering(httpserver, articles).find(ARTICLE, "7")
    assert (post and (post.id, post.visibility)) == found


def test_an_article_without_a_canonical_address_is_not_found_by_an_empty_one(httpserver: HTTPServer) -> None:
    articles = [listed(1, canonical_url=""), listed(2, canonical_url=None)]
    assert answering(httpserver, articles).find(replace(ARTICLE, canonical_url="")) is None


def test_the_list_is_paged_until_a_page_is_short(httpserver: HTTPServer) -> None:
    pages = {"1": [listed(n) for n in range(30)], "2": [listed(99, **OURS)]}
    for page, articles in pages.items():
        httpserver.expect_request(
            "/api/articles/me/all", query_string={"per_page": "250", "page": page}
        ).respond_with_json(articles)
    post = devto_at(httpserver.url_for("/api")).find(ARTICLE)
    assert post is not None
    assert post.id == "99"


def test_a_very_long_list_is_not_read_to_its_end(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/articles/me/all").respond_with_json([listed(n) for n in range(250)])
    assert devto_at(httpserver.url_for("/api")).find(ARTICLE) is None
    assert len(httpserver.log) == 3


# --- What is sent, and what is said beforehand -------------------------------------------------------------------


@pytest.fixture
def offline() -> DevTo:
    return devto_at("https://dev.to/api", organization_id=12)


def sent(devto: DevTo, **changes: Any) -> dict[str, Any]:
    article: dict[str, Any] = devto.payload(replace(ARTICLE, **changes))["article"]
    return article


def test_the_payload_is_what_forem_permits(offline: DevTo) -> None:
    assert offline.payload(ARTICLE) == {
        "article": {
            "title": "Notes on the Analytical Engine",
            "body_markdown": f"The engine *weaves* patterns.\n\n```python\nprint('hello')\n```\n\n{mark(KEY)}\n",
            "published": False,
            "tags": ["math", "history"],
            "canonical_url": "https://ada.example/notes",
            "description": "What the engine can do.",
            "organization_id": 12,
            "language": "en",
            "ai_disclosure_level": "no_ai",
        }
    }
    assert offline.check(ARTICLE) == []


def test_the_authors_word_about_ai_wins_over_the_channels(offline: DevTo) -> None:
    assert sent(offline, ai_disclosure="some_ai")["ai_disclosure_level"] == "some_ai"


def test_front_matter_is_left_out_because_it_would_win(offline: DevTo) -> None:
    text = "---\ntitle: Other\npublished: true\n---\n\nText"
    assert sent(offline, markdown=text)["body_markdown"].startswith("Text\n")
    assert said(offline, markdown=text) == [(Level.CHANGED, "markdown")]
    assert sent(offline, markdown="\ufeff" + text.replace("\n", "\r\n"))["body_markdown"].startswith("Text\n")


def test_a_mark_pasted_with_an_older_text_does_not_stay(offline: DevTo) -> None:
    body = sent(offline, markdown=f"Text {mark(OTHER_KEY)}")["body_markdown"]
    assert OTHER_KEY not in body
    assert body.count("blogscheduler:") == 1


def test_the_mark_stays_out_of_a_code_block_that_was_never_closed(offline: DevTo) -> None:
    body = sent(offline, markdown="```python\nprint()")["body_markdown"]
    assert body == f"```python\nprint()\n```\n\n{mark(KEY)}\n"


@pytest.mark.parametrize(
    ("given", "kept", "findings"),
    [
        (("Math", "c#", "C++", "node.js"), ["math", "csharp", "cpp", "nodejs"], 4),
        (("a", "A", "a "), ["a"], 2),
        (("a", "b", "c", "d", "e"), ["a", "b", "c", "d"], 1),
        (("", "--", "x" * 31, "größe", "हिन्दी"), ["größe", "हिन्दी"], 3),
        (("x²",), ["x2"], 1),
    ],
)
def test_tags_become_what_dev_takes(offline: DevTo, given: tuple[str, ...], kept: list[str], findings: int) -> None:
    assert sent(offline, tags=given)["tags"] == kept
    assert len(said(offline, tags=given)) == findings


def test_titles_are_normalised_and_limited(offline: DevTo) -> None:
    assert sent(offline, title=" Two\n\t lines\x00 ")["title"] == "Two lines"
    assert said(offline, title=" Two\n\t lines\x00 ") == [(Level.CHANGED, "title")]
    assert said(offline, title="x" * 128) == []
    assert said(offline, title="x" * 129) == [(Level.REFUSED, "title")]


def test_a_body_that_is_too_big_is_refused(offline: DevTo) -> None:
    assert said(offline, markdown="ä" * 409_000) == []
    assert said(offline, markdown="ä" * 409_700) == [(Level.REFUSED, "markdown")]


@pytest.mark.parametrize(
    "url",
    [
        "ada.example/x", "ftp://ada.example/", "https://ada.example/a b", "http://localhost/x", "http://127.0.0.1/",
        "http://10.0.0.1/", "http://[::1]/", "http://ada/", "http://ada.local/", "https://", "http://x.example:99999/",
    ],
)  # fmt: skip
def test_a_canonical_address_that_dev_would_refuse_is_refused_now(offline: DevTo, url: str) -> None:
    assert said(offline, canonical_url=url) == [(Level.REFUSED, "canonical_url")]
    assert said(offline, cover_url=url) == [(Level.LOST, "cover_url")]
    assert "main_image" not in sent(offline, cover_url=url)


def test_relative_links_and_images_are_said(offline: DevTo) -> None:
    text = "[a](/about) ![b](b.png) [c](#c) [d](https://x.example) [m](mailto:a@b.example)"
    assert said(offline, markdown=text) == [(Level.NOTE, "markdown")] * 2, "read as on Ada's own page"
    there_is_none = said(offline, markdown=text, canonical_url="")
    assert there_is_none == [(Level.CHANGED, "markdown"), (Level.LOST, "markdown")]


def test_a_first_heading_that_repeats_the_title_is_left_out(offline: DevTo) -> None:
    body = sent(offline, markdown="# Notes on the *Analytical*  Engine\n\nText")["body_markdown"]
    assert body.startswith("Text\n")
    assert sent(offline, markdown="# Other\n\nText")["body_markdown"].startswith("# Other\n")


def test_wrapped_lines_are_joined_because_dev_would_break_them(offline: DevTo) -> None:
    assert sent(offline, markdown="One\ntwo\n\n- a\n  b")["body_markdown"].startswith("One two\n\n- a b\n")
    assert said(offline, markdown="One\ntwo") == [(Level.CHANGED, "markdown")]


def test_code_that_would_end_forems_own_raw_block_is_respelled_and_said(offline: DevTo) -> None:
    assert "`{% endraw %}`" in sent(offline, markdown="`{%- endraw %}`")["body_markdown"]
    assert said(offline, markdown="`{%- endraw %}`") == [(Level.CHANGED, "markdown")]


def test_it_is_pure(offline: DevTo) -> None:
    article = Article(key=KEY, title="T", markdown="B")
    findings: list[Finding] = offline.check(article)
    assert findings == []
    assert set(offline.payload(article)["article"]) == {
        "title", "body_markdown", "published", "tags", "organization_id", "ai_disclosure_level",
    }  # fmt: skip


# --- Its forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://dev.to/api", True), ("https://forem.example/api/", True), ("http://127.0.0.1:8001/devto/api", True),
        ("http://localhost/api", True), ("http://sandbox:8001/devto/api", True), ("http://dev.to/api", False),
        ("https://user:pass@dev.to/api", False), ("https://dev.to/api?x=1", False), ("dev.to", False), ("", False),
        ("https://dev.to:99999/api", False), ("http://8.8.8.8/api", False), ("https://dev.to/a b", False),
    ],
)  # fmt: skip
def test_the_address_must_be_safe_for_a_key(url: str, fine: bool) -> None:
    form = DevTo.settings_form({"base_url": url, "ai_disclosure_level": "no_ai"})
    assert form.is_valid() is fine
    if fine:
        assert form.cleaned_data["base_url"] == url.rstrip("/")


def test_ai_disclosure_has_no_invented_default() -> None:
    form = DevTo.settings_form({"base_url": "https://dev.to/api", "ai_disclosure_level": ""})
    assert list(form.errors) == ["ai_disclosure_level"]


@pytest.mark.parametrize("key", ["", "  ", "два", "a b"])
def test_a_key_that_cannot_be_one_is_refused_at_the_field(key: str) -> None:
    assert not DevTo.credentials_form({"api_key": key}).is_valid()


def test_blanks_around_a_pasted_key_are_removed() -> None:
    form = DevTo.credentials_form({"api_key": " abc\n"})
    assert form.is_valid()
    assert form.cleaned_data["api_key"] == "abc"


# --- What a Forem takes, where its published description is wrong --------------------------------------------------

FOREM = json.loads(Path(__file__).with_name("forem.json").read_text(encoding="utf-8"))["fields"]
TYPES: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "array": list}


def mistakes(sent: dict[str, Any]) -> list[str]:
    """What the server would refuse of an article, or drop without a word."""
    unknown = [f"{name} is unknown" for name in sent.keys() - FOREM.keys()]
    missing = [f"{name} is missing" for name, rule in FOREM.items() if rule.get("required") and name not in sent]
    wrong = [f"{name}: {value!r}" for name, value in sent.items() if name in FOREM and not fits(FOREM[name], value)]
    return unknown + missing + wrong


def fits(rule: dict[str, Any], value: Any) -> bool:
    if value is None:
        return bool(rule.get("null"))
    if type(value) is not TYPES[rule["type"]]:
        return False
    each = value if isinstance(value, list) else [value]
    return all((
        "longest" not in rule or all(len(one) <= rule["longest"] for one in each),
        "bytes" not in rule or len(value.encode()) <= rule["bytes"],
        "one_of" not in rule or value in rule["one_of"],
        "most" not in rule or len(value) <= rule["most"],
        "joined" not in rule or len(", ".join(value)) <= rule["joined"],
        "letters_and_digits" not in rule or all(one.isalnum() for one in value),
        "address" not in rule or urlsplit(value).scheme in ("http", "https"),
    ))  # fmt: skip


WHOLE: dict[str, Any] = {
    "cover_url": "https://ada.example/cover.png", "options": {"series": " Letters\nhome "}, "language": "de-AT",
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {}, WHOLE, {"cover_url": "", "canonical_url": "", "summary": "", "language": "", "tags": ()},
        {"title": "x" * 128}, {"tags": ("x" * 30, "Größe", "c++", "d e", "f")}, {"language": "zh-Hant"},
    ],
)  # fmt: skip
def test_nothing_is_sent_that_the_server_would_drop(offline: DevTo, changes: Any) -> None:
    article = replace(ARTICLE, **changes)
    assert mistakes(offline.payload(article)["article"]) == []
    assert mistakes(changed_fields(article, offline.settings)) == []


@pytest.mark.parametrize(
    "sent",
    [{"tags": "math, history"}, {"published": 1}, {"cover_image": "https://a.example"}, {"organization_id": "12"},
     {"title": "x" * 129}, {"tags": ["a", "b", "c", "d", "e"]}, {"tags": ["x" * 31]}, {"tags": ["a-b"]},
     {"ai_disclosure_level": "yes"}, {"series": None}, {"main_image": "/cover.png"}],
)  # fmt: skip
def test_the_schema_knows_what_is_wrong(offline: DevTo, sent: Any) -> None:
    assert mistakes(offline.payload(ARTICLE)["article"] | sent)


def test_series_and_language_are_said_as_forem_says_them(offline: DevTo) -> None:
    sent = offline.payload(replace(ARTICLE, **WHOLE))["article"]
    assert (sent["series"], sent["language"], sent["main_image"]) == ("Letters home", "de", WHOLE["cover_url"])
    assert "series" not in offline.payload(ARTICLE)["article"]


@pytest.mark.parametrize("length", [127, 128, 129])
def test_titles_have_up_to_128_characters(devto: DevTo, length: int) -> None:
    article = replace(ARTICLE, title="x" * length)
    expected = [Level.REFUSED] if length > 128 else []
    assert [level for level, field in said(devto, title="x" * length) if field == "title"] == expected
    if length > 128:
        with pytest.raises(Rejected, match="too long"):
            devto.create_draft(article)
    else:
        assert devto.create_draft(article).id


# --- What is out ---------------------------------------------------------------------------------------------------


def test_what_the_post_has_lost_is_taken_off(devto: DevTo, sandbox: Serving) -> None:
    whole = replace(ARTICLE, **WHOLE)
    post = devto.publish_draft(devto.create_draft(whole).id, whole)
    devto.update(post.id, replace(ARTICLE, canonical_url="", cover_url="", summary=""))
    shown = requests.get(f"{sandbox.url}/devto/api/articles/{post.id}", headers={"User-Agent": "x"}, timeout=5).json()
    assert (shown["cover_image"], shown["canonical_url"]) == (None, post.url)
    assert shown["description"].startswith("The engine weaves patterns.")
    assert shown["collection_id"], "it stays in its series"


def test_an_update_says_nothing_about_its_publication(httpserver: HTTPServer) -> None:
    seen: list[Any] = []

    def updated(request: Request) -> Response:
        seen.append(json.loads(request.data)["article"])
        return Response(json.dumps({"id": 7}), 200)

    httpserver.expect_request("/api/articles/7", method="PUT").respond_with_handler(updated)
    httpserver.expect_request("/api/articles/7", method="GET").respond_with_json({"error": "not found"}, 404)
    post = devto_at(httpserver.url_for("/api")).update("7", ARTICLE)
    assert "published" not in seen[0]
    assert post.visibility is Visibility.DRAFT


def test_taken_back_it_is_a_draft_again(devto: DevTo) -> None:
    post = devto.publish_draft(devto.create_draft(ARTICLE).id, ARTICLE)
    devto.unpublish(post.id)
    found = devto.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT


@pytest.mark.parametrize(
    ("status", "error"), [(404, Gone), (422, Rejected), (401, NotAuthorized), (503, OutcomeUnknown)]
)
def test_what_a_refused_update_means(httpserver: HTTPServer, status: int, error: type[PublishingError]) -> None:
    httpserver.expect_request("/api/articles/7").respond_with_json({"error": "Because"}, status)
    devto = devto_at(httpserver.url_for("/api"))
    with pytest.raises(error):
        devto.update("7", ARTICLE)
    with pytest.raises(error):
        devto.unpublish("7")
