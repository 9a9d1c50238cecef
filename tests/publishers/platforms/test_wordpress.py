"""WordPress against the sandbox, strict as a real site, and against answers that the sandbox would not give."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from publishers.base import Article, Health, Image, Level, RemoteImage, Visibility
from publishers.errors import (
    Fault,
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PerhapsThere,
    PublishingError,
    Rejected,
    Unavailable,
)
from publishers.marks import mark
from publishers.platforms.wordpress import WordPress
from sandbox.platforms.wordpress.arguments import ARGUMENTS, checked
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
)


def wordpress_at(site: str, who: str = "sandbox", key: str = "sandbox-wordpress-key", **settings: Any) -> WordPress:
    wishes = {"base_url": site, "username": who, "raw_html": "yes"} | settings
    return made(WordPress, {"application_password": key}, wishes)


class TestContract(PublisherContract):
    kind = WordPress
    credentials = {"application_password": "sandbox-wordpress-key"}
    wrong_credentials = {"application_password": "wrong"}

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        order(sandbox, "reset")
        return {"base_url": f"{sandbox.url}/wordpress", "username": "sandbox"}


class TestContractInTheTrash(TestContract):
    """What is taken back goes to the trash instead of becoming a draft."""

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        order(sandbox, "reset")
        return {"base_url": f"{sandbox.url}/wordpress", "username": "sandbox", "unpublished": "trash"}


class TestContractOfAnAuthor(TestContract):
    """Somebody whose HTML is filtered."""

    credentials = {"application_password": "sandbox-wordpress-author-key"}

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        order(sandbox, "reset")
        return {"base_url": f"{sandbox.url}/wordpress", "username": "author", "raw_html": "no"}


# --- Connecting --------------------------------------------------------------------------------------------------


@pytest.fixture
def site(sandbox: Serving) -> str:
    order(sandbox, "reset")
    for switch in (
        "plain_permalinks",
        "cuts_authorization",
        "closed",
        "firewall",
        "canonical_field",
        "names_what_is_wrong",
    ):
        order(sandbox, "switches", platform="wordpress", switch=switch, on=False)
    for switch in ("link_header", "application_passwords"):
        order(sandbox, "switches", platform="wordpress", switch=switch, on=True)
    return f"{sandbox.url}/wordpress"


@pytest.fixture
def switch(sandbox: Serving, site: str) -> Any:
    return lambda name, on=True: order(sandbox, "switches", platform="wordpress", switch=name, on=on)


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize("in_a_header", [True, False])
def test_the_api_is_found_by_the_sites_address(site: str, switch: Any, is_plain: bool, in_a_header: bool) -> None:
    switch("plain_permalinks", is_plain)
    switch("link_header", in_a_header)
    ada = wordpress_at(site)
    account = ada.verify()
    assert account.name == "Sandbox on Sandbox & Sons"
    root = account.found["rest_root"]
    assert root == (f"{site}/index.php?rest_route=/" if is_plain else f"{site}/wp-json/")
    found = wordpress_at(site, rest_root=root)
    post = found.publish_draft(found.create_draft(ARTICLE).id, ARTICLE)
    assert found.find(ARTICLE) == post
    assert ARTICLE.title in requests.get(post.url, timeout=5).text


def test_what_the_role_does_to_html_is_found_out(site: str) -> None:
    assert wordpress_at(site, raw_html="").verify().found["raw_html"] == "yes"
    author = wordpress_at(site, "author", "sandbox-wordpress-author-key", raw_html="")
    assert author.verify().found["raw_html"] == "no"


def test_a_password_may_have_blanks_as_wordpress_shows_it() -> None:
    form = WordPress.credentials_form({"application_password": " abcd EFGH 1234\u00a0ijkl "})
    assert form.is_valid()
    assert form.cleaned_data == {"application_password": "abcdEFGH1234ijkl"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://blog.example/wp-json/", "https://blog.example/wp-json/"),
        ("https://blog.example/wp-json", "https://blog.example/wp-json/"),
        ("https://www.blog.example/?rest_route=/", "https://www.blog.example/?rest_route=/"),
        ("https://blog.example/index.php?rest_route=/", "https://blog.example/index.php?rest_route=/"),
        ("https://blog.example/blog/?rest_route=", "https://blog.example/blog/?rest_route=/"),
        ("https://elsewhere.example/wp-json/", ""),
        ("", ""),
    ],
)
def test_the_address_of_the_api_belongs_to_the_site(given: str, kept: str) -> None:
    form = WordPress.settings_form({"base_url": "https://blog.example", "username": "ada", "rest_root": given})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["rest_root"] == kept


def test_a_contributor_may_not_publish_and_is_told_so_at_once(site: str) -> None:
    linus = wordpress_at(site, "contributor", "sandbox-wordpress-contributor-key")
    with pytest.raises(NotAuthorized, match="may not publish posts"):
        linus.verify()


@pytest.mark.parametrize(
    ("name", "on", "words"),
    [
        ("cuts_authorization", True, "Authorization header"),
        ("application_passwords", False, "application passwords are switched off"),
        ("firewall", True, "firewall"),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(site: str, switch: Any, name: str, on: bool, words: str) -> None:
    switch(name, on)
    with pytest.raises((NotAuthorized, Unavailable), match=words):
        wordpress_at(site, rest_root=f"{site}/wp-json/").verify()


def test_the_doctor_hears_what_the_role_may_not_do(site: str) -> None:
    ada = wordpress_at(site)
    assert [check.health for check in ada.examine(ada.verify())] == [Health.WELL]
    grace = wordpress_at(site, "author", "sandbox-wordpress-author-key")
    [check] = grace.examine(grace.verify())
    assert check.health is Health.WARNING
    assert "may not make new categories nor write every HTML" in check.cause


def test_a_closed_api_is_open_to_who_is_known(site: str, switch: Any) -> None:
    switch("closed")
    assert wordpress_at(site).verify().name
    switch("cuts_authorization")
    with pytest.raises(NotAuthorized, match="closes the API"):
        wordpress_at(site).verify()


def test_a_wrong_password_makes_us_a_stranger_and_what_may_be_wrong_is_said(site: str) -> None:
    with pytest.raises(NotAuthorized, match="application password is wrong or was revoked"):
        wordpress_at(site, key="wrong").verify()


def test_a_wrong_name_and_a_wrong_password_are_told_apart_where_the_site_does(site: str, switch: Any) -> None:
    switch("names_what_is_wrong")
    with pytest.raises(NotAuthorized, match="invalid application password"):
        wordpress_at(site, key="wrong").verify()
    with pytest.raises(NotAuthorized, match="Unknown username"):
        wordpress_at(site, "nobody").verify()


def test_what_is_no_wordpress_is_said(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("<h1>Hello</h1>", content_type="text/html")
    with pytest.raises(Unavailable, match="with a web page"):
        wordpress_at(httpserver.url_for("").rstrip("/")).verify()


def test_a_site_that_has_moved_to_another_host_gets_no_password(httpserver: HTTPServer) -> None:
    link = '<https://elsewhere.example/wp-json/>; rel="https://api.w.org/"'
    httpserver.expect_request("/").respond_with_data("", headers={"Link": link})
    with pytest.raises(NotAuthorized, match=r"https://elsewhere\.example"):
        wordpress_at(httpserver.url_for("").rstrip("/")).verify()
    assert "Authorization" not in httpserver.log[0][0].headers


def test_one_of_several_links_is_the_api(httpserver: HTTPServer) -> None:
    root = httpserver.url_for("/api/")
    links = [("Link", f'<{root}>; rel="https://api.w.org/"'), ("Link", '</style.css>; rel=preload; as="style"')]
    httpserver.expect_request("/").respond_with_data("", headers=links)
    httpserver.expect_request("/api/").respond_with_json({"namespaces": ["wp/v2"], "name": "Ada"})
    me = {"id": 1, "name": "Ada", "capabilities": {"publish_posts": True}}
    httpserver.expect_request("/api/wp/v2/users/me").respond_with_json(me)
    assert wordpress_at(httpserver.url_for("").rstrip("/")).verify().found["rest_root"] == root


# --- The whole story at the sandbox ------------------------------------------------------------------------------


@pytest.fixture
def ada(site: str) -> WordPress:
    return wordpress_at(site)


def published(wordpress: WordPress, article: Article = ARTICLE) -> Any:
    return wordpress.publish_draft(wordpress.create_draft(article).id, article)


def shown(wordpress: WordPress, remote_id: str) -> dict[str, Any]:
    """The post as its site has it."""
    found: dict[str, Any] = wordpress.site.get(f"wp/v2/posts/{remote_id}", context="edit").json()
    return found


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_draft_whose_answer_is_lost_is_found_again(ada: WordPress, sandbox: Serving, fault: str) -> None:
    order(sandbox, "faults", platform="wordpress", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        ada.create_draft(ARTICLE)
    found = ada.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT
    assert ada.publish_draft(found.id, ARTICLE).visibility is Visibility.PUBLIC


def test_a_flip_whose_answer_is_lost_is_found_public(ada: WordPress, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    order(sandbox, "faults", platform="wordpress", call="flip", fault="close", when="after")
    with pytest.raises(OutcomeUnknown):
        ada.publish_draft(draft.id, ARTICLE)
    found = ada.find(ARTICLE, draft.id)
    assert found is not None
    assert (found.visibility, found.url) == (Visibility.PUBLIC, f"{ada.settings['base_url']}/{ARTICLE.slug}/")


def test_tags_and_categories_are_found_or_made_by_name(ada: WordPress) -> None:
    article = replace(ARTICLE, tags=("C#", "R&D", "c"), options={"categories": "Uncategorized, History of Machines"})
    first, second = published(ada, article), published(ada, replace(article, key=OTHER_KEY))
    posts = [shown(ada, post.id) for post in (first, second)]
    assert posts[0]["tags"] == posts[1]["tags"]
    assert posts[0]["categories"] == posts[1]["categories"]
    assert (len(posts[0]["tags"]), len(posts[0]["categories"])) == (3, 2)


def test_a_flip_asks_for_no_tag_that_the_draft_has_already(ada: WordPress) -> None:
    article = replace(ARTICLE, tags=("R&D", "math"), options={"categories": "History"})
    draft = ada.create_draft(article)
    before = len(ada.http.exchanges)
    ada.publish_draft(draft.id, article)
    assert [one.method for one in ada.http.exchanges[before:]] == ["GET", "POST"]
    assert len(shown(ada, draft.id)["tags"]) == 2
    ada.update(draft.id, replace(article, tags=("math", "new")))
    assert len(shown(ada, draft.id)["tags"]) == 2


def test_a_summary_and_tags_that_the_post_no_longer_has_are_taken_off(ada: WordPress) -> None:
    post = published(ada)
    assert shown(ada, post.id)["excerpt"]["raw"] == ARTICLE.summary
    ada.update(post.id, replace(ARTICLE, summary="", tags=()))
    left = shown(ada, post.id)
    assert (left["excerpt"]["raw"], left["tags"]) == ("", [])


def test_a_tag_that_somebody_makes_meanwhile_is_adopted(ada: WordPress, sandbox: Serving) -> None:
    """The look misses it, the making is refused with its number."""
    ada.site.post("wp/v2/tags", {"name": "math"})
    ada.site.post("wp/v2/tags", {"name": "history"})
    for _ in range(3):
        order(sandbox, "faults", platform="wordpress", call="terms", fault="status", status=200, body="[]")
    draft = ada.create_draft(ARTICLE)
    assert len(shown(ada, draft.id)["tags"]) == 2


def test_an_author_may_make_tags_and_is_told_about_categories(site: str) -> None:
    grace = wordpress_at(site, "author", "sandbox-wordpress-author-key", raw_html="no", categories="Machines")
    with pytest.raises(Rejected, match="“Machines”, and this account may not make one"):
        grace.create_draft(ARTICLE)
    assert grace.find(ARTICLE) is None


def test_a_lost_answer_about_a_tag_leaves_nothing_in_doubt(ada: WordPress, sandbox: Serving) -> None:
    order(sandbox, "faults", platform="wordpress", call="make_term", fault="close", when="after")
    with pytest.raises(Unavailable):
        ada.create_draft(ARTICLE)


def test_a_slug_that_is_taken_is_noticed(ada: WordPress) -> None:
    published(ada, replace(ARTICLE, key=OTHER_KEY))
    draft = ada.create_draft(ARTICLE)
    post = ada.publish_draft(draft.id, ARTICLE)
    assert post.url.endswith("/notes-on-the-engine-2/")
    assert "“notes-on-the-engine” is taken" in post.note


def test_a_slug_that_our_own_lost_try_took_means_that_it_had_arrived(ada: WordPress) -> None:
    first = ada.create_draft(ARTICLE)
    with pytest.raises(PerhapsThere):
        ada.create_draft(ARTICLE)
    found = ada.find(ARTICLE)
    assert found is not None
    assert found.id == first.id


def test_without_a_slug_the_address_comes_from_the_title(ada: WordPress) -> None:
    post = published(ada, replace(ARTICLE, slug=""))
    assert post.url.endswith("/notes-on-the-analytical-engine/")
    assert post.note == ""


def test_a_draft_in_the_trash_is_gone(ada: WordPress) -> None:
    draft = ada.create_draft(ARTICLE)
    ada.site.delete(f"wp/v2/posts/{draft.id}")
    with pytest.raises(Gone, match="trash"):
        ada.publish_draft(draft.id, ARTICLE)
    with pytest.raises(Gone, match="trash"):
        ada.update(draft.id, ARTICLE)
    ada.unpublish(draft.id)
    assert shown(ada, draft.id)["status"] == "trash"
    assert ada.find(ARTICLE) is None


def test_a_post_that_was_given_to_another_author_is_not_ours_to_change_and_closes_no_channel(site: str) -> None:
    theirs = wordpress_at(site).create_draft(ARTICLE)
    grace = wordpress_at(site, "author", "sandbox-wordpress-author-key")
    with pytest.raises(Rejected, match="not allowed to edit this post"):
        grace.publish_draft(theirs.id, ARTICLE)
    with pytest.raises(Rejected, match="not allowed to edit this post"):
        grace.unpublish(theirs.id)
    assert grace.find(ARTICLE, theirs.id) is None


def test_what_is_no_number_is_no_post(ada: WordPress) -> None:
    with pytest.raises(Gone):
        ada.publish_draft("../users/me", ARTICLE)


def test_what_somebody_gave_a_date_to_come_is_not_called_public(ada: WordPress) -> None:
    draft = ada.create_draft(ARTICLE)
    ada.site.post(f"wp/v2/posts/{draft.id}", {"date_gmt": "2999-01-01T00:00:00"})
    assert ada.publish_draft(draft.id, ARTICLE).visibility is Visibility.SCHEDULED
    found = ada.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.SCHEDULED


def test_nothing_that_is_sent_has_a_date(ada: WordPress) -> None:
    assert not {"date", "date_gmt"} & set(ada.payload(ARTICLE))
    assert ada.payload(ARTICLE)["status"] == "draft"


def test_what_was_made_private_by_hand_counts_as_out(ada: WordPress) -> None:
    post = published(ada)
    ada.site.post(f"wp/v2/posts/{post.id}", {"status": "private"})
    found = ada.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC


def test_a_text_whose_mark_a_plugin_cut_out_is_known_by_slug_and_words(ada: WordPress) -> None:
    post = published(ada)
    content = shown(ada, post.id)["content"]["raw"].replace(mark(KEY), "")
    ada.site.post(f"wp/v2/posts/{post.id}", {"content": content})
    assert ada.find(ARTICLE) == post
    ada.site.post(f"wp/v2/posts/{post.id}", {"content": "Something else."})
    assert ada.find(ARTICLE) is None


# --- Pictures ----------------------------------------------------------------------------------------------------


@pytest.fixture
def image(tmp_path: Path) -> Image:
    path = tmp_path / "engine.png"
    path.write_bytes(PNG)
    return Image(
        digest="d" * 64, url="https://house.example/media/1/engine.png", path=path, name="The engine.png",
        media_type="image/png", size=len(PNG), width=640, height=480, alt="The engine [at work]",
    )  # fmt: skip


def test_pictures_are_uploaded_and_shown_from_the_site(ada: WordPress, image: Image) -> None:
    remote = ada.upload(image)
    assert remote.url.endswith("/wp-content/uploads/The-engine.png")
    assert requests.get(remote.url, timeout=5).content == PNG
    article = replace(
        ARTICLE, markdown=f"![The engine]({image.url})", cover_url=image.url, images=(image,),
        uploaded={image.digest: remote},
    )  # fmt: skip
    post = published(ada, article)
    found = shown(ada, post.id)
    assert found["featured_media"] == int(remote.id)
    wanted = f'<img class="wp-image-{remote.id}" width="640" height="480" src="{remote.url}" alt="The engine">'
    assert wanted in found["content"]["raw"]
    assert post.note == ""


def test_the_second_picture_of_a_name_gets_a_number(ada: WordPress, image: Image) -> None:
    ada.upload(image)
    assert ada.upload(image).url.endswith("/The-engine-1.png")


def test_svg_is_refused_by_us_and_by_wordpress(ada: WordPress, image: Image) -> None:
    svg = replace(image, media_type="image/svg+xml", name="plan.svg")
    with pytest.raises(Rejected, match="of this kind: image/svg"):
        ada.upload(svg)
    with pytest.raises(Rejected, match="not allowed to upload this file type"):
        ada.upload(replace(svg, media_type="image/png"))


def test_a_featured_image_that_is_no_longer_there_is_said(ada: WordPress, image: Image) -> None:
    gone = {image.digest: RemoteImage("424242", "https://ada.example/engine.png")}
    article = replace(ARTICLE, cover_url=image.url, images=(image,), uploaded=gone)
    assert "featured image is missing" in published(ada, article).note


def test_a_lost_answer_about_a_picture_leaves_nothing_in_doubt(ada: WordPress, sandbox: Serving, image: Image) -> None:
    order(sandbox, "faults", platform="wordpress", call="upload", fault="close", when="after")
    with pytest.raises(Unavailable):
        ada.upload(image)


def test_a_cover_from_elsewhere_begins_the_text(ada: WordPress) -> None:
    url = "https://ada.example/a.png?b=1&c=2"
    assert (
        '<figure><img src="https://ada.example/a.png?b=1&amp;c=2" alt="">'
        in ada.payload(replace(ARTICLE, cover_url=url))["content"]
    )
    assert said(ada, cover_url=url, canonical_url="") == [(Level.CHANGED, "cover_url")]
    assert said(ada, cover_url="/a.png", canonical_url="") == [(Level.LOST, "cover_url")]


# --- Answers that the sandbox would not give ---------------------------------------------------------------------

POST = {"id": 7, "status": "publish", "slug": "notes", "link": "https://ada.example/notes/", "title": {"raw": "T"}}


def answering(server: HTTPServer, body: Any, status: int = 200) -> WordPress:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    server.expect_request("/wp-json/wp/v2/posts/7", method="GET").respond_with_json(POST | {"status": "draft"})
    server.expect_request("/wp-json/wp/v2/posts/7").respond_with_data(text, status, content_type=kind)
    server.expect_request("/wp-json/wp/v2/posts").respond_with_data(text, status, content_type=kind)
    server.expect_request("/wp-json/").respond_with_data(text, status, content_type=kind)
    site = server.url_for("").rstrip("/")
    return wordpress_at(site, rest_root=f"{site}/wp-json/")


BARE = replace(ARTICLE, tags=())


@pytest.mark.parametrize("body", [{}, [], "", "null", {"id": None}, {"id": 7}, "<html>Wait</html>", '<br>{"id": 7'])
def test_a_creation_without_a_number_is_unknown(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, body, 201).create_draft(BARE)


@pytest.mark.parametrize("change", [{"id": 8}, {"link": ""}, {"link": None}, {"status": None}])
def test_a_flip_that_does_not_show_a_public_article_is_unknown(httpserver: HTTPServer, change: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, POST | change).publish_draft("7", BARE)


NO = {"code": "rest_cannot_publish", "message": "Sorry, you are not allowed to publish posts in this post type."}
BAD = {"code": "rest_invalid_param", "message": "Invalid parameter(s): tags", "data": {"params": {"tags": "No."}}}


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (401, {"code": "rest_cannot_create", "message": "x"}, NotAuthorized, "for a stranger"),
        (401, {"code": "incorrect_password", "message": "<b>Error</b>: wrong."}, NotAuthorized, "Error: wrong"),
        (401, "<h1>Authorization required</h1>", NotAuthorized, "in front of WordPress"),
        (401, {"code": "application_passwords_disabled", "message": "Off."}, NotAuthorized, "switched off"),
        (403, NO, Rejected, "The role of this account"),
        (403, "<h1>Blocked</h1>", Rejected, "firewall"),
        (404, {"code": "rest_no_route", "message": "No route"}, Rejected, "no WordPress API"),
        (404, "<h1>Not found</h1>", Rejected, "no WordPress API"),
        (404, {"code": "rest_post_invalid_id", "message": "Invalid post ID."}, Gone, "no longer on WordPress"),
        (400, BAD, Rejected, "tags No"),
        (413, "<h1>Too large</h1>", Rejected, "so much at once"),
        (500, {"code": "internal_server_error", "message": "critical"}, OutcomeUnknown, "critical"),
        (503, "<h1>Maintenance</h1>", OutcomeUnknown, "503"),
    ],
)
def test_what_refusals_mean(
    httpserver: HTTPServer, status: int, body: Any, error: type[PublishingError], words: str
) -> None:
    with pytest.raises(PublishingError, match=words) as caught:
        answering(httpserver, body, status).create_draft(BARE)
    assert type(caught.value) is error
    faults = {401: Fault.KEY_REFUSED if isinstance(body, dict) else Fault.KEY_NOT_SEEN}
    faults[403] = Fault.ROLE if isinstance(body, dict) else Fault.NOT_DATA
    assert caught.value.fault is faults.get(status, Fault.RETIRED if "no WordPress API" in words else None)


@pytest.mark.parametrize("body", [{}, "null", [7], [{"title": "no id"}], "<html></html>"])
def test_a_look_up_that_cannot_be_read_proves_nothing(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(Unavailable):
        answering(httpserver, body).find(ARTICLE)


@pytest.mark.parametrize(("key", "is_found"), [(KEY, True), (OTHER_KEY, False)])
def test_where_a_plugin_searches_in_its_own_way_the_slug_leads_to_the_mark(
    httpserver: HTTPServer, key: str, is_found: bool
) -> None:
    def answer(request: Request) -> Response:
        post = POST | {"slug": f"{ARTICLE.slug}-2", "content": {"raw": f"Text. {mark(key)}"}}
        asked = request.args.get("slug", "").split(",")
        return Response(json.dumps([post] if post["slug"] in asked else []), content_type="application/json")

    httpserver.expect_request("/wp-json/wp/v2/posts").respond_with_handler(answer)
    site = httpserver.url_for("").rstrip("/")
    assert (wordpress_at(site, rest_root=f"{site}/wp-json/").find(ARTICLE) is not None) is is_found


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500, 502])
def test_a_look_up_never_ends_in_a_refusal(httpserver: HTTPServer, status: int) -> None:
    for body in ({"code": "no", "message": "No."}, "<h1>No</h1>"):
        httpserver.clear()
        with pytest.raises((Unavailable, NotAuthorized)):
            answering(httpserver, body, status).find(ARTICLE)
        with pytest.raises((Unavailable, NotAuthorized)):
            answering(httpserver, body, status).verify()


# --- What is sent, and what is said beforehand -------------------------------------------------------------------


@pytest.fixture
def offline() -> WordPress:
    return wordpress_at("https://blog.example")


def content(wordpress: WordPress, **changes: Any) -> str:
    return str(wordpress.payload(replace(ARTICLE, canonical_url="", **changes))["content"])


def test_the_payload_is_one_block_of_html_with_our_mark(offline: WordPress) -> None:
    assert offline.payload(ARTICLE) == {
        "status": "draft",
        "title": "Notes on the Analytical Engine",
        "content": "<!-- wp:html -->\n<p>The engine <em>weaves</em> patterns.</p>\n"
        "<pre><code class=\"language-python\">print('hello')\n</code></pre>\n"
        '<p>Originally published at <a href="https://ada.example/notes" rel="canonical">https://ada.example/notes</a>.'
        f"</p>\n{mark(KEY)}\n<!-- /wp:html -->",
        "excerpt": "What the engine can do.",
        "slug": "notes-on-the-engine",
        "tags": ["math", "history"],
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("[gallery] and [/caption]", "<p>&#91;gallery] and &#91;/caption]</p>"),
        ("`[gallery ids=1]`", "<code>&#91;gallery ids=1]</code>"),
        ("[[gallery]]", "<p>[&#91;gallery]]</p>"),
        ("[3d-book] and [ ]", "<p>&#91;3d-book] and [ ]</p>"),
        ("```\n[embed]\nhttps://a.example/1\n```", "&#91;embed]\nhttps&#58;//a.example/1\n"),
        ("![[x]](https://a.example/b.png)", 'alt="&#91;x]"'),
        ("<div>[gallery]</div>", "<div>&#91;gallery]</div>"),
        ("Text\n\n<!-- /wp:html -->\n\nmore", "<p>Text</p>\n\n<p>more</p>"),
        ("- [x] done\n- [ ] not yet", "☑ done"),
        ("Two\nlines", "<p>Two\nlines</p>"),
    ],
)  # fmt: skip
def test_what_wordpress_would_carry_out_is_only_text(offline: WordPress, given: str, kept: str) -> None:
    assert kept in content(offline, markdown=given)


def test_a_title_is_text_and_no_html(offline: WordPress) -> None:
    assert offline.payload(replace(ARTICLE, title="Use <b> & co"))["title"] == "Use &lt;b&gt; &amp; co"


def test_shortcodes_reach_the_readers_as_text(ada: WordPress) -> None:
    page = requests.get(published(ada, replace(ARTICLE, markdown="[gallery] `[audio]`")).url, timeout=5).text
    assert "[gallery] <code>[audio]</code>" in page


def test_shortcodes_reach_the_readers_of_an_author_whose_html_is_filtered(site: str) -> None:
    grace = wordpress_at(site, "author", "sandbox-wordpress-author-key", raw_html="no")
    post = published(grace, replace(ARTICLE, markdown="[gallery] `[audio]`"))
    assert "&#091;gallery]" in shown(grace, post.id)["content"]["raw"]
    assert "[gallery] <code>[audio]</code>" in requests.get(post.url, timeout=5).text


def test_what_goes_out_is_what_a_site_describes(ada: WordPress, sandbox: Serving, image: Image) -> None:
    """Each field of its own description, in its type; a site leaves out what it does not know, without a word."""
    article = replace(
        ARTICLE, cover_url=image.url, images=(image,), uploaded={image.digest: ada.upload(image)},
        options={"categories": "Uncategorized", "comments": "closed"},
    )  # fmt: skip
    post = published(ada, article)
    ada.update(post.id, article)
    ada.unpublish(post.id)
    sent = [json.loads(one.request) for one in ada.http.exchanges if one.method == "POST" and "/posts" in one.url]
    assert len(sent) == 4
    for body in sent:
        assert checked("update", body) == body
        assert not set(body) - set(ARGUMENTS["update"])
        assert not {"date", "date_gmt"} & set(body)


def test_footnotes_of_two_posts_do_not_meet(offline: WordPress) -> None:
    text = "A[^1]\n\n[^1]: B"
    assert f'id="fn-{KEY[:8]}-1"' in content(offline, markdown=text)
    assert f'id="fn-{OTHER_KEY[:8]}-1"' in content(offline, markdown=text, key=OTHER_KEY)


def test_html_that_the_role_may_not_write_is_said(offline: WordPress) -> None:
    text = "<iframe src='https://a.example'></iframe>\n\n<table><tr><td>1</td></tr></table>"
    assert said(offline, markdown=text, canonical_url="") == []
    author = wordpress_at("https://blog.example", raw_html="no")
    assert said(author, markdown=text, canonical_url="") == [(Level.LOST, "markdown")]


@pytest.mark.parametrize(
    ("settings", "kept", "finding"),
    [
        ({"canonical_line": "end"}, True, Level.CHANGED),
        ({"canonical_line": "beginning"}, True, Level.CHANGED),
        ({"canonical_line": "none"}, False, Level.LOST),
        ({"canonical_line": "none", "canonical_field": "canonical_url"}, False, None),
    ],
)
def test_the_original_is_named_in_a_line_or_a_field(settings: dict[str, str], kept: bool, finding: Any) -> None:
    wordpress = wordpress_at("https://blog.example", **settings)
    payload = wordpress.payload(ARTICLE)
    assert ("Originally published at" in payload["content"]) is kept
    assert payload["content"].startswith("<!-- wp:html -->\n<p>Orig") is (settings["canonical_line"] == "beginning")
    assert ("meta" in payload) is ("canonical_field" in settings)
    assert said(wordpress) == ([(finding, "canonical_url")] if finding else [])


def test_a_field_for_the_original_is_kept_where_a_plugin_opens_it(site: str, switch: Any) -> None:
    wordpress = wordpress_at(site, canonical_field="canonical_url")
    assert "“canonical_url” was not kept" in published(wordpress).note
    switch("canonical_field")
    assert published(wordpress, replace(ARTICLE, key=OTHER_KEY, slug="other")).note == ""


@pytest.mark.parametrize(("size", "findings"), [(65_534, []), (65_535, []), (65_536, [(Level.REFUSED, "title")])])
def test_a_title_fits_the_sites_database(ada: WordPress, size: int, findings: Any) -> None:
    title = "ä" * (size // 2) + "x" * (size % 2)
    assert said(ada, title=title, canonical_url="") == findings
    with pytest.raises(OutcomeUnknown) if findings else nullcontext():
        ada.create_draft(replace(ARTICLE, title=title))


@pytest.mark.parametrize(("size", "findings"), [(65_534, []), (65_535, []), (65_536, [(Level.REFUSED, "summary")])])
def test_a_summary_fits_the_sites_database(ada: WordPress, size: int, findings: Any) -> None:
    assert said(ada, summary="x" * size, canonical_url="") == findings


@pytest.mark.parametrize(("size", "findings"), [(199, []), (200, []), (201, [(Level.LOST, "tags")])])
def test_a_tag_fits_the_sites_database(ada: WordPress, size: int, findings: Any) -> None:
    assert said(ada, tags=("x" * size,), canonical_url="") == findings
    draft = ada.create_draft(replace(ARTICLE, tags=("x" * size,)))
    assert len(shown(ada, draft.id)["tags"]) == (0 if findings else 1)


@pytest.mark.parametrize(("size", "findings"), [(199, []), (200, []), (201, [(Level.CHANGED, "slug")])])
def test_a_slug_that_would_be_cut_is_said(ada: WordPress, size: int, findings: Any) -> None:
    assert said(ada, slug="x" * size, canonical_url="") == findings
    assert ("is taken" in published(ada, replace(ARTICLE, slug="x" * size)).note) is bool(findings)


def test_relative_links_and_pictures_are_said(offline: WordPress, image: Image) -> None:
    text = f"[a](/about) ![b](b.png) [c](#c) ![ours]({image.url})"
    findings = [(Level.CHANGED, "markdown"), (Level.LOST, "markdown")]
    assert said(offline, markdown=text, images=(image,), canonical_url="") == findings


def test_comments_are_as_the_delivery_wishes(offline: WordPress) -> None:
    assert "comment_status" not in offline.payload(ARTICLE)
    assert offline.payload(replace(ARTICLE, options={"comments": "closed"}))["comment_status"] == "closed"
