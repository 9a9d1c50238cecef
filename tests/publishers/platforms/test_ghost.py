"""Ghost against the sandbox, which checks tokens, collisions and slugs as a real one, and against other answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from publishers.base import Article, Aspect, Health, Image, Level, Visibility
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
from publishers.platforms.ghost import Ghost
from publishers.platforms.ghost.article import mark_tag
from publishers.platforms.ghost.forms import AdminKeyForm, SettingsForm
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract
from tests.publishers.raw_server import raw_server, response

ID, SECRET = "5a9d0b0c" * 3, "0123456789abcdef" * 4
ADMIN_KEY = f"{ID}:{SECRET}"
SETTINGS = {"content_format": "markdown", "visibility": "public", "newsletter": "", "send_newsletter": False}
MAILED: dict[str, Any] = {"newsletter": "default-newsletter", "send_newsletter": True}
POST = "64f0c0ffee64f0c0ffee64f0"


def ghost_at(base_url: str, key: str = ADMIN_KEY, **settings: Any) -> Ghost:
    return made(Ghost, {"admin_api_key": key}, {"base_url": base_url, **SETTINGS, **settings})


class TestContract(PublisherContract):
    kind = Ghost
    credentials = {"admin_api_key": ADMIN_KEY}
    wrong_credentials = {"admin_api_key": f"{ID}:{'f' * 64}"}

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        order(sandbox, "reset")
        return {"base_url": f"{sandbox.url}/ghost", **SETTINGS}


class TestContractWithHtml(TestContract):
    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        order(sandbox, "reset")
        return {"base_url": f"{sandbox.url}/ghost", **SETTINGS, "content_format": "html"}


# --- The whole story at the sandbox ------------------------------------------------------------------------------


@pytest.fixture
def ghost(sandbox: Serving) -> Ghost:
    order(sandbox, "reset")
    return ghost_at(f"{sandbox.url}/ghost")


def seen(ghost: Ghost, remote_id: str) -> dict[str, Any]:
    """A post as Ghost itself has it."""
    _, post = ghost._post(remote_id)
    return post


def published(ghost: Ghost, article: Article = ARTICLE) -> str:
    return ghost.publish_draft(ghost.create_draft(article).id, article).id


def test_the_site_is_recognised_and_its_newsletters_are_offered(ghost: Ghost) -> None:
    account = ghost.verify()
    assert account.name == "Sandbox on Ghost"
    assert account.url.endswith("/ghost/")
    assert account.choices == {"newsletter": (("", "None"), ("default-newsletter", "The Sandbox Weekly"))}


def test_a_key_that_may_not_list_newsletters_is_good_all_the_same(ghost: Ghost, sandbox: Serving) -> None:
    order(sandbox, "switches", platform="ghost", switch="newsletters", on=False)
    try:
        assert ghost.verify().choices == {}
    finally:
        order(sandbox, "switches", platform="ghost", switch="newsletters", on=True)


def test_everything_about_the_article_arrives(ghost: Ghost) -> None:
    cover = Image(digest="d" * 64, url="https://ada.example/engine.png", path=Path("/nonexistent"), alt="An engine")
    options = {"meta_title": "Engines", "featured": "yes", "visibility": "members"}
    article = replace(ARTICLE, cover_url=cover.url, images=(cover,), tags=("math", "Math", "#weekly"), options=options)
    post = seen(ghost, published(ghost, article))
    assert post["title"] == ARTICLE.title
    assert post["slug"] == ARTICLE.slug
    assert post["custom_excerpt"] == ARTICLE.summary
    assert post["canonical_url"] == ARTICLE.canonical_url
    assert (post["feature_image"], post["feature_image_alt"]) == (cover.url, "An engine")
    assert [tag["name"] for tag in post["tags"]] == ["math", "#weekly", mark_tag(KEY)]
    assert (post["meta_title"], post["featured"], post["visibility"]) == ("Engines", True, "members")


def test_the_flip_brings_the_draft_to_the_present_text(ghost: Ghost) -> None:
    draft = ghost.create_draft(ARTICLE)
    post = ghost.publish_draft(draft.id, replace(ARTICLE, title="Second thoughts", summary=""))
    page = requests.get(post.url, timeout=5)
    assert page.ok
    assert "Second thoughts" in page.text
    assert seen(ghost, post.id)["custom_excerpt"] is None


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_draft_whose_answer_is_lost_is_found_again(ghost: Ghost, sandbox: Serving, fault: str) -> None:
    order(sandbox, "faults", platform="ghost", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        ghost.create_draft(ARTICLE)
    found = ghost.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT
    assert ghost.publish_draft(found.id, ARTICLE).visibility is Visibility.PUBLIC


def test_a_flip_whose_answer_is_lost_is_found_public(ghost: Ghost, sandbox: Serving) -> None:
    draft = ghost.create_draft(ARTICLE)
    order(sandbox, "faults", platform="ghost", call="flip", fault="close", when="after")
    with pytest.raises(OutcomeUnknown):
        ghost.publish_draft(draft.id, ARTICLE)
    found = ghost.find(ARTICLE, draft.id)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC
    assert found.url


def test_a_post_whose_mark_somebody_took_off_is_found_by_its_id(ghost: Ghost, sandbox: Serving) -> None:
    remote_id = published(ghost, replace(ARTICLE, key=OTHER_KEY))
    found = ghost.find(ARTICLE, remote_id)
    assert found is not None
    assert found.id == remote_id


def test_of_a_public_post_and_a_second_draft_the_public_one_counts(ghost: Ghost) -> None:
    public = published(ghost)
    second = ghost.create_draft(ARTICLE)
    found = ghost.find(ARTICLE, second.id)
    assert found is not None
    assert found.id == public


def test_a_slug_that_is_taken_is_noticed(ghost: Ghost) -> None:
    published(ghost)
    other = replace(ARTICLE, key=OTHER_KEY)
    draft = ghost.create_draft(other)
    post = ghost.publish_draft(draft.id, other)
    assert "notes-on-the-engine-2" in post.note
    assert post.url.endswith("/notes-on-the-engine-2/")
    assert ghost.publish_draft(draft.id, other).url == post.url


def test_another_slug_reaches_the_draft(ghost: Ghost) -> None:
    draft = ghost.create_draft(ARTICLE)
    assert ghost.publish_draft(draft.id, replace(ARTICLE, slug="engines")).url.endswith("/engines/")


def test_a_draft_that_was_deleted_is_gone(ghost: Ghost) -> None:
    for remote_id in ("0" * 23 + "9", "424242", "../users/me"):
        with pytest.raises(Gone):
            ghost.publish_draft(remote_id, ARTICLE)
        with pytest.raises(Gone):
            ghost.update(remote_id, ARTICLE)
        with pytest.raises(Gone):
            ghost.unpublish(remote_id)


def test_a_draft_that_somebody_has_scheduled_over_there_is_left_to_them(ghost: Ghost) -> None:
    draft = ghost.create_draft(ARTICLE)
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    ghost._save(seen(ghost, draft.id), {"status": "scheduled", "published_at": later})
    assert ghost.publish_draft(draft.id, ARTICLE).visibility is Visibility.SCHEDULED
    assert seen(ghost, draft.id)["status"] == "scheduled"


# --- Living copies -----------------------------------------------------------------------------------------------


def test_an_update_changes_the_text_and_neither_address_nor_other_peoples_internal_tags(ghost: Ghost) -> None:
    remote_id = published(ghost)
    before = seen(ghost, remote_id)
    names = [{"name": tag["name"]} for tag in before["tags"]]
    ghost._save(before, {"tags": [*names, {"name": "#wide-layout"}]})
    post = ghost.update(remote_id, replace(ARTICLE, title="Corrected", slug="another", tags=("new",)))
    assert post.url == before["url"]
    after = seen(ghost, remote_id)
    assert after["title"] == "Corrected"
    assert [tag["name"] for tag in after["tags"]] == ["new", "#wide-layout", mark_tag(KEY)]
    assert ghost.update(remote_id, replace(ARTICLE, title="Corrected", tags=("new",))) == post


def test_what_is_a_draft_again_is_not_made_public_by_an_update(ghost: Ghost) -> None:
    remote_id = published(ghost)
    ghost.unpublish(remote_id)
    ghost.unpublish(remote_id)
    assert seen(ghost, remote_id)["status"] == "draft"
    assert ghost.update(remote_id, replace(ARTICLE, title="Corrected")).visibility is Visibility.DRAFT
    assert seen(ghost, remote_id)["title"] == "Corrected"


# --- The newsletter ----------------------------------------------------------------------------------------------


def mails(ghost: Ghost, remote_id: str) -> Any:
    return seen(ghost, remote_id)["email"]


def test_a_newsletter_goes_out_with_the_flip_and_to_whom_was_asked_for(ghost: Ghost, sandbox: Serving) -> None:
    mailing = ghost_at(f"{sandbox.url}/ghost", **MAILED)
    article = replace(ARTICLE, options={"email_segment": "status:-free", "email_subject": "Hear, hear"})
    draft = mailing.create_draft(article)
    assert mails(ghost, draft.id) is None
    post = mailing.publish_draft(draft.id, article)
    assert mails(ghost, post.id)["recipient_filter"] == "status:-free"
    assert seen(ghost, post.id)["email_subject"] == "Hear, hear"
    assert post.note == ""


def test_a_post_says_no_to_the_newsletter_of_its_channel(ghost: Ghost, sandbox: Serving) -> None:
    mailing = ghost_at(f"{sandbox.url}/ghost", **MAILED)
    assert mails(ghost, published(mailing, replace(ARTICLE, options={"newsletter": "no"}))) is None


def newsletters_asked_for(sandbox: Serving) -> int:
    log = requests.get(f"{sandbox.url}/_sandbox/log", params={"platform": "ghost"}, timeout=5).json()
    return sum("newsletter=" in entry["path"] for entry in log)


def test_no_newsletter_is_asked_for_twice(ghost: Ghost, sandbox: Serving) -> None:
    """Not by a replay, not by an update, not after it was taken back, not by a second draft of the same article."""
    mailing = ghost_at(f"{sandbox.url}/ghost", **MAILED)
    draft = mailing.create_draft(ARTICLE)
    second = mailing.create_draft(ARTICLE)
    mailing.publish_draft(draft.id, ARTICLE)
    mailing.publish_draft(draft.id, ARTICLE)
    mailing.update(draft.id, replace(ARTICLE, title="Corrected"))
    mailing.unpublish(draft.id)
    again = mailing.publish_draft(draft.id, ARTICLE)
    assert "mailed before" in again.note
    assert "mailed before" in mailing.publish_draft(second.id, ARTICLE).note
    assert newsletters_asked_for(sandbox) == 1


def test_after_a_lost_answer_nothing_is_mailed_again(ghost: Ghost, sandbox: Serving) -> None:
    mailing = ghost_at(f"{sandbox.url}/ghost", **MAILED)
    draft = mailing.create_draft(ARTICLE)
    order(sandbox, "faults", platform="ghost", call="flip", fault="close", when="after")
    with pytest.raises(OutcomeUnknown):
        mailing.publish_draft(draft.id, ARTICLE)
    mailing.publish_draft(draft.id, ARTICLE)
    assert newsletters_asked_for(sandbox) == 1


def test_an_unknown_newsletter_leaves_a_draft_and_is_looked_at(ghost: Ghost, sandbox: Serving) -> None:
    mailing = ghost_at(f"{sandbox.url}/ghost", newsletter="old-letters", send_newsletter=True)
    draft = mailing.create_draft(ARTICLE)
    with pytest.raises(PerhapsThere, match="newsletter"):
        mailing.publish_draft(draft.id, ARTICLE)
    found = mailing.find(ARTICLE, draft.id)
    assert found is not None
    assert found.visibility is Visibility.DRAFT


# --- Pictures ----------------------------------------------------------------------------------------------------


def test_a_picture_is_uploaded_and_takes_the_place_of_our_own_address(ghost: Ghost, tmp_path: Path) -> None:
    path = tmp_path / "engine.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n--some bytes--")
    image = Image(
        digest="d" * 64, url="https://ours.example/i/engine.png", path=path, name='the "engine".png',
        media_type="image/png", alt="An engine",
    )  # fmt: skip
    there = ghost.upload(image)
    assert requests.get(there.url, timeout=5).content == path.read_bytes()
    article = replace(
        ARTICLE, markdown=f"![An engine]({image.url})", cover_url=image.url, images=(image,),
        uploaded={image.digest: there},
    )  # fmt: skip
    [post] = ghost.payload(article)["posts"]
    assert image.url not in json.dumps(post)
    assert there.url in post["lexical"]
    assert (post["feature_image"], post["feature_image_alt"]) == (there.url, "An engine")


def test_a_picture_of_another_type_is_refused_before_it_travels(ghost: Ghost) -> None:
    image = Image(digest="d" * 64, url="https://ours.example/a.avif", path=Path("/none"), media_type="image/avif")
    with pytest.raises(Rejected, match="image/avif"):
        ghost.upload(image)
    assert ghost.http.exchanges == []


# --- What is said beforehand -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (lambda n: {"title": "x" * n}, 255),
        (lambda n: {"slug": "x" * n}, 191),
        (lambda n: {"canonical_url": "https://ada.example/".ljust(n, "x")}, 2000),
        (lambda n: {"options": {"meta_title": "x" * n}}, 300),
        (lambda n: {"options": {"meta_description": "x" * n}}, 500),
        (lambda n: {"options": {"email_subject": "x" * n}}, 300),
    ],
)
def test_limits_are_kept_at_the_very_character(
    ghost: Ghost, change: Callable[[int], dict[str, Any]], most: int
) -> None:
    for length in (most - 1, most):
        assert said(ghost, **change(length)) == []
        ghost.create_draft(replace(ARTICLE, **change(length)))
    [field] = change(1)
    assert said(ghost, **change(most + 1)) == [(Level.REFUSED, field)]
    with pytest.raises(Rejected):
        ghost.create_draft(replace(ARTICLE, **change(most + 1)))


@pytest.mark.parametrize(
    ("change", "most", "key"),
    [
        (lambda n: {"summary": "x" * n}, 300, "custom_excerpt"),
        (
            lambda n: {
                "cover_url": "https://ada.example/a.png",
                "images": (Image(digest="d", url="https://ada.example/a.png", path=Path("/none"), alt="x" * n),),
            },
            191,
            "feature_image_alt",
        ),
    ],
)
def test_what_is_too_long_is_cut_and_said(
    ghost: Ghost, change: Callable[[int], dict[str, Any]], most: int, key: str
) -> None:
    for length in (most - 1, most, most + 1):
        article = replace(ARTICLE, **change(length))
        [post] = ghost.payload(article)["posts"]
        assert len(post[key]) == min(length, most)
        assert [finding.level for finding in ghost.check(article)] == ([Level.CHANGED] if length > most else [])
        ghost.create_draft(article)


def test_tags_of_up_to_191_characters_are_kept(ghost: Ghost) -> None:
    for length, count in ((190, 2), (191, 2), (192, 1)):
        [post] = ghost.payload(replace(ARTICLE, tags=("x" * length,)))["posts"]
        assert len(post["tags"]) == count
    assert said(ghost, tags=("x" * 192,)) == [(Level.LOST, "tags")]
    assert said(ghost, tags=("a", "A")) == [(Level.LOST, "tags")]
    assert said(ghost, tags=("#inside",)) == [(Level.CHANGED, "tags")]


def test_a_mail_is_announced_and_needs_a_newsletter(ghost: Ghost, sandbox: Serving) -> None:
    assert said(ghost, options={"newsletter": "yes"}) == [(Level.REFUSED, "options")]
    assert said(ghost_at("https://blog.example", **MAILED)) == [(Level.CHANGED, "options")]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2^10^ and a^b", r"2\^10\^ and a\^b"),
        ("H~2~O", "H~~2~~O"),
        ("about ~5 minutes", r"about \~5 minutes"),
        ("~~gone~~", "~~gone~~"),
        ("a ==b c== d", r"a \=\=b c\=\= d"),
        ("if a == b", r"if a \=\= b"),
        ("#hashtag", r"\#hashtag"),
        ("$E = mc^2$", "`E = mc^2`"),
        ("- [ ] one\n- [x] two", "- ☐ one\n- ☑ two"),
        ("`x ^ y ~z~ ==a==` ^", r"`x ^ y ~z~ ==a==` \^"),
        ("``a ` ^`` ~", r"``a ` ^`` \~"),
        ("a note[^1] and ^[another]\n\n[^1]: it", None),
        ("[a](https://x.example/~ada/^) <https://x.example/~ada>", None),
        ("https://x.example/~ada/a^b", None),
        (r"\^ \~ \==", None),
        ("```\na ^ b ~c~\n```", None),
        ("    a ^ b", None),
        ("<div>\na ^ b\n</div>", None),
        ("Head\n==", None),
        ("Head\n=====\n\nText", None),
    ],
)
def test_small_signs_mean_what_they_meant(ghost: Ghost, given: str, sent: str | None) -> None:
    [post] = ghost.payload(replace(ARTICLE, markdown=given))["posts"]
    [card] = json.loads(post["lexical"])["root"]["children"]
    assert card == {"type": "markdown", "version": 1, "markdown": sent or given.strip("\n")}


def test_the_page_shows_every_sign_that_was_written(ghost: Ghost) -> None:
    """The stand-in renders a card with all that Ghost's renderer knows."""
    text = "Set ==marks==, 2^10^, #tags, H~2~O, a == b.\n#hash at the start.\n\nAbout ~5 days.\n\nA note[^1].\n\n"
    text += "[^1]: Here.\n"
    article = replace(ARTICLE, markdown=text)
    page = requests.get(ghost.publish_draft(ghost.create_draft(article).id, article).url, timeout=5).text
    assert "Set ==marks==, 2^10^, #tags, H<s>2</s>O, a == b. #hash at the start." in page
    assert "About ~5 days." in page
    assert "<mark>" not in page
    assert page.count("<h1>") == 1
    assert "A note<sup>" in page


def test_wrapped_lines_are_joined_in_a_card_and_not_in_html(ghost: Ghost, sandbox: Serving) -> None:
    text = "One line\nand the next.\n\n<div class=x>\nHTML\n</div>\n\n| a |\n|---|\n| b |\n"
    [post] = ghost.payload(replace(ARTICLE, markdown=text))["posts"]
    assert "One line and the next." in json.loads(post["lexical"])["root"]["children"][0]["markdown"]
    [post] = ghost_at("https://blog.example", content_format="html").payload(replace(ARTICLE, markdown=text))["posts"]
    assert "lexical" not in post
    assert "<!--kg-card-begin: html-->\n<div class=x>" in post["html"]
    assert "<table>" in post["html"]


# --- Tokens and addresses ----------------------------------------------------------------------------------------


def test_every_call_has_a_token_of_its_own(httpserver: HTTPServer) -> None:
    seen: list[str] = []

    def answer(request: Request) -> Response:
        seen.append(request.headers["Authorization"])
        assert request.headers["Accept-Version"] == "v6.0"
        return Response(json.dumps({"posts": [], "site": {"title": "Ada", "url": "https://ada.example/"}}))

    httpserver.expect_request("/ghost/api/admin/posts/").respond_with_handler(answer)
    httpserver.expect_request("/ghost/api/admin/site/").respond_with_handler(answer)
    httpserver.expect_request("/ghost/api/admin/newsletters/").respond_with_data("", 406)
    assert ghost_at(httpserver.url_for("").rstrip("/")).verify().name == "Ada"
    token = seen[0].removeprefix("Ghost ")
    claims = jwt.decode(token, bytes.fromhex(SECRET), algorithms=["HS256"], audience="/admin/")
    assert claims["exp"] - claims["iat"] == 300
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": ID}


@pytest.mark.parametrize("key", ["", "no colon", f"{ID}:not hexadecimal"])
def test_a_key_of_another_form_is_no_key(key: str) -> None:
    with pytest.raises(NotAuthorized):
        ghost_at("http://127.0.0.1:9", key).verify()
    assert not AdminKeyForm({"admin_api_key": key}).is_valid()


def test_the_content_key_is_not_taken_for_the_admin_key() -> None:
    form = AdminKeyForm({"admin_api_key": "a" * 26})
    assert "Content API" in form.errors["admin_api_key"][0]
    assert AdminKeyForm({"admin_api_key": f" {ADMIN_KEY}\n"}).is_valid()


@pytest.mark.parametrize(
    "address",
    [
        "https://blog.example", "https://blog.example/", "https://blog.example/ghost/#/settings/integrations",
        "https://blog.example/ghost", "https://blog.example/ghost/api/admin/",
    ],
)  # fmt: skip
def test_an_address_from_the_admin_area_is_cut_back_to_the_site(address: str) -> None:
    form = SettingsForm({"base_url": address, **SETTINGS})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["base_url"] == "https://blog.example"


def test_where_each_post_is_mailed_a_newsletter_has_to_be_chosen(ghost: Ghost, sandbox: Serving) -> None:
    account = ghost_at(f"{sandbox.url}/ghost", send_newsletter=True).verify()
    assert account.choices == {"newsletter": (("default-newsletter", "The Sandbox Weekly"),)}


def test_the_key_of_an_integration_may_publish_and_that_of_a_contributor_may_not(
    ghost: Ghost, sandbox: Serving
) -> None:
    assert [check.health for check in ghost.examine(ghost.verify())] == [Health.WELL]
    order(sandbox, "switches", platform="ghost", switch="contributor", on=True)
    try:
        [check] = ghost.examine(ghost.verify())
    finally:
        order(sandbox, "switches", platform="ghost", switch="contributor", on=False)
    assert (check.aspect, check.health) == (Aspect.ROLE, Health.BROKEN)


# --- Answers that the sandbox would not give ---------------------------------------------------------------------


def trouble(kind: str, message: str, context: str | None = None, code: str | None = None) -> str:
    return json.dumps({"errors": [{"message": message, "context": context, "type": kind, "code": code}]})


DRAFT = {
    "id": POST, "status": "draft", "slug": "notes", "url": "https://b.example/p/1/",
    "updated_at": "2026-11-22T18:30:00.000Z",
}  # fmt: skip
PUBLIC = {**DRAFT, "status": "published", "url": "https://b.example/notes/"}


def site_of(server: HTTPServer) -> Ghost:
    return ghost_at(server.url_for("").rstrip("/"))


def answering(
    server: HTTPServer, body: Any, status: int = 200, headers: dict[str, str] | None = None, *, reading: Any = DRAFT
) -> Ghost:
    """A Ghost on which reading goes well, and writing answers this."""
    text = body if isinstance(body, str) else json.dumps(body)
    one = f"/ghost/api/admin/posts/{POST}/"
    server.expect_request(one, "GET").respond_with_json({"posts": [reading]})
    server.expect_request(one, "PUT").respond_with_data(text, status, headers, "application/json")
    server.expect_request("/ghost/api/admin/posts/", "POST").respond_with_data(
        text, status, headers, "application/json"
    )
    return site_of(server)


def asking(server: HTTPServer, body: Any, status: int, headers: dict[str, str] | None = None) -> Ghost:
    """A Ghost that gives this answer to whatever is read."""
    text = body if isinstance(body, str) else json.dumps(body)
    server.expect_request("/ghost/api/admin/posts/").respond_with_data(text, status, headers, "application/json")
    return site_of(server)


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "", "null", {"posts": []}, {"posts": [{}]}, {"posts": [{"id": 7}]}, {"posts": [{"id": "7"}]},
        {"posts": [DRAFT, DRAFT]}, {"posts": [{**DRAFT, "status": "odd"}]}, "<html>Please wait</html>", '{"posts": [',
    ],
)  # fmt: skip
def test_a_creation_without_one_post_is_unknown(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, body, 201).create_draft(ARTICLE)


@pytest.mark.parametrize("change", [{"url": ""}, {"url": "/notes/"}, {"id": "0" * 24}, {"status": "draft"}])
def test_a_flip_that_does_not_show_a_public_post_is_unknown(httpserver: HTTPServer, change: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, {"posts": [PUBLIC | change]}).publish_draft(POST, ARTICLE)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, trouble("UnauthorizedError", "Unknown Admin API Key", code="UNKNOWN_ADMIN_API_KEY"), NotAuthorized),
        (403, trouble("NoPermissionError", "You may not."), Rejected),
        (403, trouble("HostLimitError", "Your plan does not include custom integrations."), NotAuthorized),
        (403, trouble("HostLimitError", "Email sending is disabled."), Rejected),
        (404, trouble("NotFoundError", "Resource not found"), Gone),
        (404, "<html>Not here</html>", Rejected),
        (406, trouble("RequestNotAcceptableError", "Request not acceptable.", code="UPDATE_CLIENT"), Rejected),
        (413, "<html>Too large</html>", Rejected),
        (422, trouble("ValidationError", "Validation error, cannot edit post.", "Title is too long."), Rejected),
        (429, "slow down", RateLimited),
        (500, trouble("InternalServerError", "An unexpected error occurred."), OutcomeUnknown),
        (500, trouble("EmailError", "No newsletter."), PerhapsThere),
        (502, "<html>Bad gateway</html>", OutcomeUnknown),
        (503, trouble("MaintenanceError", "Site is starting."), Unavailable),
        (503, "<html>Later</html>", OutcomeUnknown),
    ],
)  # fmt: skip
def test_each_refusal_of_a_flip_is_named(
    httpserver: HTTPServer, status: int, body: str, error: type[PublishingError]
) -> None:
    with pytest.raises(PublishingError) as caught:
        answering(httpserver, body, status).publish_draft(POST, ARTICLE)
    assert type(caught.value) is error


def test_a_refusal_says_what_ghost_says(httpserver: HTTPServer) -> None:
    body = trouble("ValidationError", "Validation error, cannot save post.", "Value in [posts.title] is too long.")
    with pytest.raises(Rejected, match=r"cannot save post\. Value in \[posts\.title\] is too long\."):
        answering(httpserver, body, 422).create_draft(ARTICLE)


def test_a_collision_with_our_own_flip_is_a_success(httpserver: HTTPServer) -> None:
    body = trouble("UpdateCollisionError", "Someone else is editing.", code="UPDATE_COLLISION")
    one = f"/ghost/api/admin/posts/{POST}/"
    httpserver.expect_ordered_request(one, "GET").respond_with_json({"posts": [DRAFT]})
    httpserver.expect_ordered_request(one, "PUT").respond_with_data(body, 409)
    httpserver.expect_ordered_request(one, "GET").respond_with_json({"posts": [PUBLIC]})
    post = site_of(httpserver).publish_draft(POST, ARTICLE)
    assert (post.visibility, post.url) == (Visibility.PUBLIC, PUBLIC["url"])


def test_a_collision_with_somebodys_editing_is_tried_again_later(httpserver: HTTPServer) -> None:
    body = trouble("UpdateCollisionError", "Someone else is editing.", code="UPDATE_COLLISION")
    with pytest.raises(Unavailable, match="at this very moment"):
        answering(httpserver, body, 409).publish_draft(POST, ARTICLE)
    httpserver.clear()
    ghost = answering(httpserver, body, 409, reading=PUBLIC)
    for change in (lambda: ghost.update(POST, ARTICLE), lambda: ghost.unpublish(POST)):
        with pytest.raises(Unavailable, match="at this very moment"):
            change()


@pytest.mark.parametrize(("minutes", "words"), [(12, "12 minutes ahead of"), (-7, "7 minutes behind")])
def test_clocks_that_differ_are_named_as_the_cause(minutes: int, words: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    body = trouble("UnauthorizedError", "Invalid token: maxAge exceeded", code="INVALID_JWT").encode()
    answer = response(body, "401 Unauthorized", f"Date: {date}")
    with (
        raw_server(lambda connection, _: connection.sendall(answer)) as server,
        pytest.raises(NotAuthorized, match=words),
    ):
        ghost_at(server.url).verify()


def test_with_clocks_in_step_the_key_is_wrong(httpserver: HTTPServer) -> None:
    body = trouble("UnauthorizedError", "Invalid token: invalid signature", code="INVALID_JWT")
    with pytest.raises(NotAuthorized, match="second part"):
        asking(httpserver, body, 401).verify()


@pytest.mark.parametrize(
    ("status", "body", "headers", "error", "words"),
    [
        (401, trouble("UnauthorizedError", "x", code="UNKNOWN_ADMIN_API_KEY"), {}, NotAuthorized, "does not know"),
        (
            403,
            trouble("NoPermissionError", "Authorization failed", "Unable to determine the authenticated user or "
                    "integration. Check that cookies are being passed."), {}, NotAuthorized, "proxy",
        ),
        (404, "<html>nothing</html>", {}, Unavailable, "no Ghost at this address"),
        (200, "<html>my blog</html>", {}, Unavailable, "web page"),
        (301, "", {"Location": "https://www.b.example/ghost/api/admin/posts/"}, Unavailable, "https://www.b.example:"),
        (302, "", {"Location": "https://ada.ghost.io/ghost/api/admin/"}, Unavailable, "calls itself https://ada.ghost"),
        (301, "", {"Location": "https://b.example/blog/"}, Unavailable, "moved to https://b.example/blog/"),
        (503, trouble("MaintenanceError", "Site is starting."), {"Retry-After": "9"}, Unavailable, "maintained"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_address_or_the_key_is_said(
    httpserver: HTTPServer, status: int, body: str, headers: dict[str, str], error: type[PublishingError], words: str
) -> None:
    with pytest.raises(error, match=words):
        asking(httpserver, body, status, headers).verify()


def test_a_redirected_flip_has_done_nothing(httpserver: HTTPServer) -> None:
    headers = {"Location": f"https://www.b.example/ghost/api/admin/posts/{POST}/"}
    with pytest.raises(Rejected, match=r"https://www\.b\.example"):
        answering(httpserver, "", 301, headers).publish_draft(POST, ARTICLE)


def test_a_mail_that_ghost_does_not_confirm_is_said(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/ghost/api/admin/posts/", "GET").respond_with_json({"posts": []})
    answering(httpserver, {"posts": [PUBLIC]})
    mailing = ghost_at(httpserver.url_for("").rstrip("/"), **MAILED)
    assert "please look there" in mailing.publish_draft(POST, ARTICLE).note


def test_an_upload_without_an_address_is_unknown(httpserver: HTTPServer, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    httpserver.expect_request("/ghost/api/admin/images/upload/").respond_with_json({"images": [{}]}, 201)
    image = Image(digest="d", url="https://ours.example/a.png", path=path, media_type="image/png")
    with pytest.raises(OutcomeUnknown):
        site_of(httpserver).upload(image)
