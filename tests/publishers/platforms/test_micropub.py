"""Micropub against the sandbox, whose server can be more or less able, and against answers that it would not give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from publishers.base import Image, Level, Publisher, RemoteImage, Visibility
from publishers.errors import (
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
    Unsupported,
)
from publishers.http import Page
from publishers.marks import mark
from publishers.platforms.micropub import Micropub
from publishers.platforms.micropub.discovery import endpoint_in
from publishers.platforms.micropub.forms import SettingsForm
from sandbox.platforms.micropub import Micropub as StandIn
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

TOKEN = "sandbox-micropub-key"
URL = "https://ada.example/2026/11/22/notes"


def settings_of(url: str, **settings: Any) -> dict[str, Any]:
    return {
        "base_url": f"{url}/home", "endpoint": f"{url}/endpoint/", "media_endpoint": f"{url}/media/",
        "content_format": "html", "drafts": "no", **settings,
    }  # fmt: skip


def micropub_at(url: str, token: str = TOKEN, **settings: Any) -> Micropub:
    return made(Micropub, {"token": token}, settings_of(url, **settings))


def fresh(sandbox: Serving) -> None:
    order(sandbox, "reset")
    for switch, on in StandIn.switches.items():
        order(sandbox, "switches", platform="micropub", switch=switch, on=on)


def switch(sandbox: Serving, **switches: bool) -> None:
    for name, on in switches.items():
        order(sandbox, "switches", platform="micropub", switch=name, on=on)


class TestContractWithDrafts(PublisherContract):
    kind = Micropub
    credentials = {"token": TOKEN}
    wrong_credentials = {"token": "wrong"}
    drafts = "yes"
    content_format = "html"

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        fresh(sandbox)
        return settings_of(f"{sandbox.url}/micropub", drafts=self.drafts, content_format=self.content_format)


class TestContractWithoutDrafts(TestContractWithDrafts):
    drafts = "no"
    content_format = "markdown"

    def test_publishing_again_changes_nothing(self, publisher: Publisher) -> None:
        """Not with every server: some make a second post, which is why a doubtful call is looked up first."""
        assert isinstance(publisher, Micropub)
        assert publisher.publish(ARTICLE).id != publisher.publish(ARTICLE).id


# --- The whole story at the sandbox ------------------------------------------------------------------------------


@pytest.fixture
def micropub(sandbox: Serving) -> Iterator[Micropub]:
    fresh(sandbox)
    yield micropub_at(f"{sandbox.url}/micropub")
    fresh(sandbox)


def with_drafts(sandbox: Serving) -> Micropub:
    return micropub_at(f"{sandbox.url}/micropub", drafts="yes")


def seen(micropub: Micropub, url: str) -> dict[str, Any]:
    """A post as the server itself has it."""
    return micropub._source(url) or {}


def test_the_check_finds_the_endpoint_and_what_the_server_can_do(micropub: Micropub, sandbox: Serving) -> None:
    bare = micropub_at(f"{sandbox.url}/micropub", endpoint="", media_endpoint="", drafts="")
    account = bare.verify()
    assert account.name == "127.0.0.1"
    assert account.found == {
        "endpoint": f"{sandbox.url}/micropub/endpoint/",
        "media_endpoint": f"{sandbox.url}/micropub/media/",
        "drafts": "yes",
    }


def test_a_server_that_says_nothing_of_drafts_gets_none(micropub: Micropub, sandbox: Serving) -> None:
    switch(sandbox, announces=False, media=False)
    found = micropub_at(f"{sandbox.url}/micropub", drafts="", media_endpoint="").verify().found
    assert (found["drafts"], found["media_endpoint"]) == ("no", "")


def test_another_site_is_asked_for_its_own_endpoint() -> None:
    old = settings_of("https://ada.example")
    same = SettingsForm(old, initial=old)
    assert same.is_valid()
    assert same.cleaned_data == old
    moved = SettingsForm({**old, "base_url": "https://grace.example"}, initial=old)
    assert moved.is_valid()
    assert [moved.cleaned_data[name] for name in ("endpoint", "media_endpoint", "drafts")] == ["", "", ""]
    both = SettingsForm({**old, "base_url": "https://grace.example", "endpoint": "https://mp.example/"}, initial=old)
    assert both.is_valid()
    assert both.cleaned_data["endpoint"] == "https://mp.example/"


def test_a_token_without_the_scope_is_refused_in_words(micropub: Micropub, sandbox: Serving) -> None:
    reader = micropub_at(f"{sandbox.url}/micropub", "sandbox-micropub-reader-key")
    with pytest.raises(NotAuthorized, match="scope"):
        reader.publish(ARTICLE)


def test_everything_about_the_article_arrives(micropub: Micropub) -> None:
    cover = Image(digest="d", url="https://ada.example/engine.png", path=Path("/none"), alt="An engine")
    post = micropub.publish(replace(ARTICLE, cover_url=cover.url, images=(cover,)))
    found = seen(micropub, post.id)
    assert found["name"] == [ARTICLE.title]
    assert found["summary"] == [ARTICLE.summary]
    assert found["category"] == ["math", "history"]
    assert found["published"] == ["2026-11-22T18:30:00Z"]
    assert found["featured"] == [{"value": cover.url, "alt": "An engine"}]
    assert "<em>weaves</em>" in found["content"][0]["html"]
    assert mark(KEY) in found["content"][0]["html"]
    assert post.url.endswith("/2026/11/22/notes-on-the-engine")
    assert post.note == ""


def test_markdown_is_sent_as_a_bare_string_where_the_server_renders_it(sandbox: Serving, micropub: Micropub) -> None:
    payload = micropub_at("https://ada.example", content_format="markdown").payload(ARTICLE)
    [content] = payload["properties"]["content"]
    assert content.startswith("The engine *weaves* patterns.")
    assert content.endswith(f"{mark(KEY)}\n")


def test_an_answer_before_the_work_is_a_success_as_well(micropub: Micropub, sandbox: Serving) -> None:
    switch(sandbox, later=True)
    assert micropub.publish(ARTICLE).visibility is Visibility.PUBLIC


def test_a_second_try_is_the_same_to_the_letter(micropub: Micropub, sandbox: Serving) -> None:
    switch(sandbox, same=True)
    assert micropub.payload(ARTICLE) == micropub.payload(ARTICLE)
    assert micropub.publish(ARTICLE) == micropub.publish(ARTICLE)


@pytest.mark.parametrize("fault", ["close", "half_json"])
@pytest.mark.parametrize("comments", [True, False])
def test_a_post_whose_answer_is_lost_is_found_again(
    micropub: Micropub, sandbox: Serving, fault: str, comments: bool
) -> None:
    """By its mark; where the server has taken that out, by title and time."""
    switch(sandbox, comments=comments)
    micropub.publish(replace(ARTICLE, key=OTHER_KEY, title="Another one", slug="another"))
    order(sandbox, "faults", platform="micropub", call="create", fault="status", status=504, when="after")
    with pytest.raises(OutcomeUnknown):
        micropub.publish(ARTICLE)
    found = micropub.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC
    assert requests.get(found.url, timeout=5).ok


def test_a_draft_is_made_public_by_its_address(micropub: Micropub, sandbox: Serving) -> None:
    drafting = with_drafts(sandbox)
    draft = drafting.create_draft(ARTICLE)
    assert draft.visibility is Visibility.DRAFT
    assert not requests.get(draft.id, timeout=5).ok
    post = drafting.publish_draft(draft.id, replace(ARTICLE, title="Second thoughts", summary="", tags=()))
    assert "Second thoughts" in requests.get(post.url, timeout=5).text
    assert not {"summary", "category"} & set(seen(drafting, post.id))


def test_a_server_that_publishes_drafts_at_once_is_noticed(micropub: Micropub, sandbox: Serving) -> None:
    switch(sandbox, drafts=False)
    post = with_drafts(sandbox).create_draft(ARTICLE)
    assert post.visibility is Visibility.PUBLIC
    assert "publishes drafts at once" in post.note


def test_a_server_that_makes_its_own_slugs_is_noticed(micropub: Micropub, sandbox: Serving) -> None:
    switch(sandbox, slugs=False)
    assert "did not take the slug" in micropub.publish(ARTICLE).note
    assert micropub.publish(replace(ARTICLE, slug="")).note == ""


def test_a_slug_with_a_number_is_noticed(micropub: Micropub) -> None:
    micropub.publish(ARTICLE)
    assert "notes-on-the-engine-2" in micropub.publish(replace(ARTICLE, key=OTHER_KEY)).note


def test_a_server_that_cannot_list_leaves_the_question_to_a_person(micropub: Micropub, sandbox: Serving) -> None:
    switch(sandbox, lists=False)
    post = micropub.publish(ARTICLE)
    assert micropub.find(ARTICLE, post.id) == post
    with pytest.raises(Unsupported, match="cannot list"):
        micropub.find(ARTICLE)


def test_an_older_post_is_found_on_a_later_page(micropub: Micropub) -> None:
    post = micropub.publish(ARTICLE)
    for number in range(60):
        micropub.publish(replace(ARTICLE, key=OTHER_KEY, title=f"Number {number}", slug=f"number-{number}"))
    assert micropub.find(ARTICLE) == post


def test_what_was_deleted_is_not_brought_back(micropub: Micropub) -> None:
    post = micropub.publish(ARTICLE)
    micropub.unpublish(post.id)
    assert requests.get(post.url, timeout=5).status_code == 404
    with pytest.raises(Gone):
        micropub.update(post.id, ARTICLE)
    with pytest.raises(Gone):
        micropub.unpublish(post.id)
    assert micropub.find(ARTICLE, post.id) is None


def test_a_draft_that_was_deleted_is_not_brought_back_by_its_flip(micropub: Micropub, sandbox: Serving) -> None:
    drafting = with_drafts(sandbox)
    draft = drafting.create_draft(ARTICLE)
    drafting.unpublish(draft.id)
    with pytest.raises(Gone):
        drafting.publish_draft(draft.id, ARTICLE)
    assert not requests.get(draft.id, timeout=5).ok


def test_a_server_that_shows_no_posts_can_change_and_delete_them(micropub: Micropub, sandbox: Serving) -> None:
    switch(sandbox, sources=False)
    post = micropub.publish(ARTICLE)
    assert micropub.update(post.id, replace(ARTICLE, title="Corrected")).url == post.url
    assert "Corrected" in requests.get(post.url, timeout=5).text
    assert micropub.find(ARTICLE, post.id) == post
    with pytest.raises(Gone):
        micropub.update(f"{post.id}-x", ARTICLE)
    micropub.unpublish(post.id)
    assert not requests.get(post.url, timeout=5).ok


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        ("No post was found at this address.", True), ("Post not found", True), ("No such post.", True),
        ("The post does not exist", True), ("This url doesn't exist", True), ("Unknown post", True),
        ("No content found", False), ("content is missing", False), ("", False),
    ],
)  # fmt: skip
def test_a_400_is_about_the_post_only_where_it_says_so(httpserver: HTTPServer, words: str, gone: bool) -> None:
    with pytest.raises(Gone if gone else Rejected):
        answering(httpserver, 400, error("invalid_request", words)).publish_draft(URL, ARTICLE)


def test_a_server_that_changes_nothing_says_so(micropub: Micropub, sandbox: Serving) -> None:
    post = micropub.publish(ARTICLE)
    switch(sandbox, changes=False)
    with pytest.raises(Rejected, match="does not change posts"):
        micropub.update(post.id, ARTICLE)


def test_a_picture_is_uploaded_and_takes_the_place_of_our_own_address(micropub: Micropub, tmp_path: Path) -> None:
    path = tmp_path / "engine.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n--\r\nsome bytes")
    image = Image(digest="d", url="https://ours.example/i/e.png", path=path, name="e.png", media_type="image/png")
    there = micropub.upload(image)
    assert requests.get(there.url, timeout=5).content == path.read_bytes()
    article = replace(ARTICLE, markdown=f"![e]({image.url})", images=(image,), uploaded={"d": there})
    assert there.url in json.dumps(micropub.payload(article))
    assert image.url not in json.dumps(micropub.payload(article))


def test_without_a_media_endpoint_a_picture_stays_where_it_is() -> None:
    image = Image(digest="d", url="https://ours.example/i/e.png", path=Path("/none"))
    without = micropub_at("https://ada.example", media_endpoint="")
    assert without.upload(image) == RemoteImage("", image.url)
    assert without.http.exchanges == []
    own = {"canonical_url": "", "images": (image,), "markdown": f"![e]({image.url})"}
    assert said(without, **own) == [(Level.NOTE, "markdown")]
    assert said(micropub_at("https://ada.example"), **own) == []


# --- What is said beforehand -------------------------------------------------------------------------------------


def test_what_micropub_has_no_place_for_is_said() -> None:
    micropub = micropub_at("https://ada.example")
    assert said(micropub) == [(Level.LOST, "canonical_url")]
    own = {"canonical_url": ""}
    assert said(micropub, **own) == []
    assert said(micropub, **own, cover_url="https://ada.example/a.png") == [(Level.NOTE, "cover_url")]
    assert said(micropub, **own, tags=("a", "A")) == [(Level.LOST, "tags")]
    assert said(micropub, **own, markdown="- [ ] to do") == [(Level.CHANGED, "markdown")]
    assert said(micropub, **own, markdown="<script>x</script>\n\ny") == [(Level.LOST, "markdown")]


def test_an_entry_has_nothing_but_lists_that_are_not_empty() -> None:
    payload = micropub_at("https://ada.example").payload(replace(ARTICLE, summary="", tags=(), slug="", due_at=None))
    assert set(payload["properties"]) == {"name", "content", "mp-slug", "post-status"}
    assert all(values for values in payload["properties"].values())
    assert payload["properties"]["mp-slug"] == ["notes-on-the-analytical-engine"]
    assert payload["properties"]["post-status"] == ["published"]
    drafting = micropub_at("https://ada.example", drafts="yes")
    assert drafting.payload(ARTICLE)["properties"]["post-status"] == ["draft"]


# --- Where the endpoint is ---------------------------------------------------------------------------------------


def page(text: str = "", link: str = "") -> Page:
    from publishers.answers import Answer

    return Page("https://ada.example/about/", Answer(200, {"link": link} if link else {}, text))


@pytest.mark.parametrize(
    ("link", "html", "endpoint"),
    [
        ('<https://a.example/mp>; rel="micropub"', "", "https://a.example/mp"),
        ("</mp>; rel=micropub", "", "https://ada.example/mp"),
        ('<https://x.example/>; rel="me", </mp>; title="a, b"; rel="token micropub"', "", "https://ada.example/mp"),
        ('</mp>; rel="micropub"', '<link rel=micropub href="/other">', "https://ada.example/mp"),
        ("</mp>; rel=micropub_media", '<link rel="micropub" href="mp?x=1&amp;y=2">',
         "https://ada.example/about/mp?x=1&y=2"),
        ("", '<a href="/mp" rel="nofollow Micropub">here</a>', "https://ada.example/mp"),
        ("", '<!-- <link rel="micropub" href="/no"> --><link rel="micropub" href="/yes">', "https://ada.example/yes"),
        ("", '<link rel="micropub">', ""),
        ("", "", ""),
        ("<", "<link", ""),
        ("<http://[x>; rel=micropub", "", ""),
    ],
)  # fmt: skip
def test_the_endpoint_is_where_the_page_says(link: str, html: str, endpoint: str) -> None:
    assert endpoint_in(page(html, link)) == endpoint


def site(server: HTTPServer, **settings: Any) -> Micropub:
    url = server.url_for("").rstrip("/")
    return made(Micropub, {"token": TOKEN}, settings_of(url, **{"endpoint": f"{url}/mp", **settings}))


def test_a_page_that_names_no_endpoint_is_said(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/home").respond_with_data("<h1>Ada</h1>", content_type="text/html")
    with pytest.raises(Rejected, match="names no Micropub endpoint"):
        undiscovered(httpserver).verify()


def test_a_page_that_is_not_there_is_said(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/home").respond_with_data("nothing", 404)
    with pytest.raises(Unavailable, match="404"):
        undiscovered(httpserver).verify()


def test_a_token_goes_nowhere_without_https(httpserver: HTTPServer) -> None:
    headers = {"Link": "<http://mp.example/>; rel=micropub"}
    httpserver.expect_request("/home").respond_with_data("", headers=headers)
    with pytest.raises(Rejected, match="no https"):
        undiscovered(httpserver).verify()
    form = SettingsForm({**settings_of("https://ada.example"), "endpoint": "http://mp.example/"})
    assert "endpoint" in form.errors


def undiscovered(server: HTTPServer) -> Micropub:
    """Its endpoint is not known; the page's own address may be called."""
    return site(server, endpoint="")


def test_looking_for_the_endpoint_does_not_show_the_token(httpserver: HTTPServer) -> None:
    calls: list[Request] = []

    def answer(request: Request) -> Response:
        calls.append(request)
        return Response("{}", headers={"Link": "</mp?site=1>; rel=micropub"})

    httpserver.expect_request("/home").respond_with_handler(answer)
    httpserver.expect_request("/mp").respond_with_handler(answer)
    assert undiscovered(httpserver).verify().id.endswith("/mp?site=1")
    assert "Authorization" not in calls[0].headers
    assert calls[1].headers["Authorization"] == f"Bearer {TOKEN}"
    assert calls[1].args.to_dict() == {"site": "1", "q": "config"}


def test_an_endpoint_keeps_its_query_and_its_slash() -> None:
    for endpoint in ("https://a.example/?micropub=endpoint", "https://a.example/mp/", ""):
        form = SettingsForm({**settings_of("https://ada.example"), "endpoint": endpoint})
        assert form.is_valid(), form.errors
        assert form.cleaned_data["endpoint"] == endpoint
    assert "endpoint" in SettingsForm({**settings_of("https://ada.example"), "endpoint": "mp"}).errors


@pytest.mark.parametrize(("status", "body"), [(400, "?"), (404, ""), (501, "{}"), (200, ""), (200, "[]"), (200, "{}")])
def test_a_server_without_a_configuration_is_good_all_the_same(httpserver: HTTPServer, status: int, body: str) -> None:
    httpserver.expect_request("/mp").respond_with_data(body, status)
    assert site(httpserver, drafts="", media_endpoint="").verify().found["drafts"] == "no"


# --- Answers that the sandbox would not give ---------------------------------------------------------------------


def answering(server: HTTPServer, status: int, body: str = "", headers: dict[str, str] | None = None) -> Micropub:
    """A server that gives this answer to whatever is written, and shows a published post to whoever reads."""
    server.expect_request("/mp", "POST").respond_with_data(body, status, headers, "application/json")
    found = {"properties": {"name": ["Notes"], "content": ["x"], "post-status": ["published"]}}
    server.expect_request("/mp", "GET").respond_with_json(found)
    return site(server)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(201, {}), (202, {}), (200, {}), (201, {"Location": ""}), (201, {"Location": "mailto:ada@ada.example"}),
     (201, {"Location": "http://[x"}), (302, {"Location": URL}), (303, {"Location": URL})],
)  # fmt: skip
def test_a_creation_without_an_address_is_unknown(httpserver: HTTPServer, status: int, headers: dict[str, str]) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, status, headers=headers).publish(ARTICLE)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_address_is_enough(httpserver: HTTPServer, status: int) -> None:
    post = answering(httpserver, status, "<p>Done</p>", {"Location": "/notes-on-the-engine"}).publish(ARTICLE)
    assert post.url == httpserver.url_for("/notes-on-the-engine")


def error(code: str, words: str = "Because.") -> str:
    return json.dumps({"error": code, "error_description": words})


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, error("invalid_request", "No content."), Rejected, "No content"),
        (400, "Something is wrong", Rejected, "Something is wrong"),
        (400, "<html>Bad request</html>", Rejected, "Bad Request"),
        (401, error("unauthorized"), NotAuthorized, "Because"),
        (401, error("insufficient_scope", "create"), NotAuthorized, "scope"),
        (403, error("insufficient_scope", "create"), NotAuthorized, "scope"),
        (403, error("unauthorized"), NotAuthorized, "token"),
        (403, error("forbidden", "Not yours."), Rejected, "Not yours"),
        (403, "<html>Firewall</html>", Rejected, "Forbidden"),
        (429, "", RateLimited, "slow down"),
        (500, error("server_error"), OutcomeUnknown, "not known"),
        (501, error("not_implemented", "No articles here."), Rejected, "No articles here"),
        (501, "<html>Not implemented</html>", OutcomeUnknown, "not known"),
        (502, "<html>Bad gateway</html>", OutcomeUnknown, "not known"),
    ],
)
def test_each_refusal_is_named(
    httpserver: HTTPServer, status: int, body: str, kind: type[PublishingError], words: str
) -> None:
    with pytest.raises(PublishingError, match=words) as caught:
        answering(httpserver, status, body).publish(ARTICLE)
    assert type(caught.value) is kind
    assert "Micropub server" in str(caught.value)


def test_a_post_that_is_kept_as_a_draft_is_not_called_public(httpserver: HTTPServer) -> None:
    found = {"properties": {"name": ["Notes"], "post-status": ["draft"]}}
    httpserver.expect_request("/mp", "GET").respond_with_json(found)
    micropub = answering(httpserver, 201, headers={"Location": URL})
    assert micropub.publish(ARTICLE).visibility is Visibility.DRAFT
    with pytest.raises(Rejected, match="kept it as a draft"):
        micropub.publish_draft(URL, ARTICLE)


def test_a_flip_may_give_the_post_another_address(httpserver: HTTPServer) -> None:
    post = answering(httpserver, 201, headers={"Location": "/2026/notes-on-the-engine"}).publish_draft(URL, ARTICLE)
    assert post.url == httpserver.url_for("/2026/notes-on-the-engine")


def test_what_cannot_be_read_back_is_there_all_the_same(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/mp", "GET").respond_with_data("<html>Oops</html>", 500)
    assert answering(httpserver, 201, headers={"Location": URL}).publish(ARTICLE).visibility is Visibility.PUBLIC


def test_a_flip_of_what_is_gone_is_said(httpserver: HTTPServer) -> None:
    with pytest.raises(Gone):
        answering(httpserver, 404, error("not_found")).publish_draft(URL, ARTICLE)


@pytest.mark.parametrize("body", ["", "{}", "<html>", '{"items": 7}', "[1]"])
def test_a_list_that_is_none_proves_nothing(httpserver: HTTPServer, body: str) -> None:
    httpserver.expect_request("/mp", "GET").respond_with_data(body, 200, content_type="application/json")
    with pytest.raises((Unsupported, Unavailable)):
        site(httpserver).find(ARTICLE)


@pytest.mark.parametrize(
    "item",
    [7, {}, {"properties": 7}, {"properties": {"url": [URL]}}, {"properties": {"name": [ARTICLE.title]}},
     {"properties": {"url": [URL], "name": [ARTICLE.title], "published": ["2026-11-22T18:30:00Z"],
                     "content": [mark(OTHER_KEY)]}},
     {"properties": {"url": [URL], "deleted": ["2026-11-22T18:30:00Z"]}}],
)  # fmt: skip
def test_what_is_not_ours_is_not_taken_for_it(httpserver: HTTPServer, item: Any) -> None:
    httpserver.expect_request("/mp", "GET").respond_with_json({"items": [item]})
    assert site(httpserver).find(ARTICLE) is None


@pytest.mark.parametrize("published", ["2026-11-22T18:31:00Z", "2026-11-22", "yesterday", None])
def test_the_same_title_at_another_time_is_for_a_person_to_judge(httpserver: HTTPServer, published: str | None) -> None:
    """It may be ours from before it was moved: only where the server is known to keep marks it is not."""
    namesake = {"url": [URL], "name": [ARTICLE.title], "published": [published], "content": ["x"]}
    marked = {"url": [f"{URL}-2"], "name": ["Another"], "content": [mark(OTHER_KEY)]}
    httpserver.expect_oneshot_request("/mp", "GET").respond_with_json({"items": [{"properties": namesake}]})
    with pytest.raises(Unsupported, match="may be this one"):
        site(httpserver).find(ARTICLE)
    both = [{"properties": namesake}, {"properties": marked}]
    httpserver.expect_oneshot_request("/mp", "GET").respond_with_json({"items": both})
    assert site(httpserver).find(ARTICLE) is None


@pytest.mark.parametrize("published", ["2026-11-22T18:30:00Z", "2026-11-22T19:30:00+01:00"])
def test_the_same_title_at_the_planned_time_is_ours(httpserver: HTTPServer, published: str) -> None:
    one = {"url": [URL], "name": [ARTICLE.title], "published": [published], "content": [{"value": "x"}]}
    httpserver.expect_request("/mp", "GET").respond_with_json({"items": [{"properties": one}]})
    found = site(httpserver).find(ARTICLE)
    assert found is not None
    assert found.url == URL


def test_an_upload_without_an_address_is_unknown(httpserver: HTTPServer, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    httpserver.expect_request("/media/").respond_with_data("", 201)
    image = Image(digest="d", url="https://ours.example/a.png", path=path, media_type="image/png")
    with pytest.raises(OutcomeUnknown):
        site(httpserver).upload(image)
    httpserver.clear()
    httpserver.expect_request("/media/").respond_with_data("", 201, {"Location": "/files/1.png"})
    there = httpserver.url_for("/files/1.png")
    assert site(httpserver).upload(image) == RemoteImage(there, there)


def test_before_the_check_nothing_is_published(sandbox: Serving) -> None:
    with pytest.raises(NotAuthorized, match="not known yet"):
        micropub_at("https://ada.example", endpoint="").publish(ARTICLE)
