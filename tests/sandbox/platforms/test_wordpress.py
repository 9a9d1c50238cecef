"""What WordPress's stand-in does: as a real site was seen to do it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

import sandbox
from tests.sandbox.conftest import MARK, NOON, Street, TestClock

PNG = b"\x89PNG\r\n\x1a\n and so on"
COMMENT = f"<!-- blogscheduler:{MARK} -->"


class Writer:
    """Somebody with an application password."""

    def __init__(self, street: Street, username: str = "sandbox", password: str = "sandbox-wordpress-key") -> None:
        self.street = street
        self.url = f"{street.url}/wordpress"
        self.auth: Any = (username, password)

    def call(self, method: str, route: str, **more: Any) -> requests.Response:
        auth = more.pop("auth", self.auth)
        return requests.request(method, f"{self.url}/wp-json{route}", auth=auth, timeout=10, **more)

    def create(self, **post: Any) -> requests.Response:
        return self.call("POST", "/wp/v2/posts", json={"title": "A walk", "content": f"It rained. {COMMENT}"} | post)

    def made(self, **post: Any) -> Any:
        answer = self.create(**post)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def update(self, post_id: int, **changes: Any) -> requests.Response:
        return self.call("POST", f"/wp/v2/posts/{post_id}", json=changes)

    def listed(self, **query: Any) -> list[int]:
        answer = self.call("GET", "/wp/v2/posts", params={"status": "any", "context": "edit"} | query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()]

    def upload(self, kind: str = "image/png", name: str = "a.png", **query: Any) -> requests.Response:
        headers = {"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'}
        headers = {key: value for key, value in headers.items() if value and name}
        return self.call("POST", "/wp/v2/media", data=PNG, headers=headers, params=query)


def refused(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"code", "message", "data"}
    assert body["data"]["status"] == answer.status_code
    return answer.status_code, body["code"]


@pytest.fixture
def linus(street: Street) -> Writer:
    return Writer(street)


@pytest.fixture
def author(street: Street) -> Writer:
    return Writer(street, "author", "sandbox-wordpress-author-key")


# Who may speak


@pytest.mark.parametrize("auth", [None, ("sandbox", "wrong"), ("nobody", "sandbox-wordpress-key")])
def test_whoever_is_not_known_is_a_stranger(linus: Writer, auth: Any) -> None:
    assert refused(linus.call("GET", "/wp/v2/users/me", auth=auth)) == (401, "rest_not_logged_in")
    assert refused(linus.call("POST", "/wp/v2/posts", auth=auth, json={})) == (401, "rest_cannot_create")
    assert refused(linus.call("POST", "/wp/v2/tags", auth=auth, json={"name": "x"})) == (401, "rest_cannot_create")
    assert refused(linus.call("POST", "/wp/v2/media", auth=auth, data=PNG)) == (401, "rest_cannot_create")
    answer = linus.call("GET", "/wp/v2/posts?status=any", auth=auth)
    assert refused(answer) == (400, "rest_invalid_param")
    assert answer.json()["data"]["details"]["status"]["code"] == "rest_forbidden_status"
    assert linus.call("GET", "/wp/v2/posts", auth=auth).status_code == 200


def test_blanks_in_a_password_count_for_nothing(linus: Writer) -> None:
    me = linus.call("GET", "/wp/v2/users/me?context=edit", auth=("sandbox", "sand box-wordpress -key")).json()
    assert (me["username"], me["roles"]) == ("sandbox", ["administrator"])
    assert me["capabilities"]["unfiltered_html"]


def test_roles_may_what_they_may(street: Street, linus: Writer, author: Writer) -> None:
    contributor = Writer(street, "contributor", "sandbox-wordpress-contributor-key")
    theirs = linus.made()["id"]
    assert refused(author.update(theirs, title="Mine")) == (403, "rest_cannot_edit")
    assert refused(author.call("GET", f"/wp/v2/posts/{theirs}?context=edit")) == (403, "rest_forbidden_context")
    assert refused(author.call("POST", "/wp/v2/categories", json={"name": "x"})) == (403, "rest_cannot_create")
    assert author.call("POST", "/wp/v2/tags", json={"name": "x"}).status_code == 201
    draft = contributor.made()["id"]
    assert refused(contributor.update(draft, status="publish")) == (403, "rest_cannot_publish")
    assert refused(contributor.upload()) == (403, "rest_cannot_create")


# Posts


def test_a_draft_has_no_address_before_it_is_out(linus: Writer) -> None:
    post = linus.made()
    assert (post["status"], post["slug"], post["link"]) == ("draft", "", f"{linus.url}/?p={post['id']}")
    out = linus.update(post["id"], status="publish").json()
    assert (out["status"], out["slug"], out["link"]) == ("publish", "a-walk", f"{linus.url}/a-walk/")
    assert linus.update(post["id"], status="publish").json() == out
    assert "It rained." in requests.get(out["link"], timeout=10).text
    assert requests.get(post["link"], timeout=10).url == out["link"]


def test_a_slug_that_is_taken_gets_a_number(linus: Writer) -> None:
    assert [linus.made(slug="walk")["slug"] for _ in range(3)] == ["walk", "walk-2", "walk-3"]


@pytest.mark.parametrize(
    ("wish", "ahead", "status"),
    [
        ("future", None, "publish"), ("future", 59, "publish"), ("future", 60, "future"), ("publish", 59, "publish"),
        ("publish", 60, "future"), ("publish", -900, "publish"), ("publish", None, "publish"), ("draft", 900, "draft"),
    ],
)  # fmt: skip
def test_the_date_decides_what_is_to_come(
    linus: Writer, clock: TestClock, wish: str, ahead: int | None, status: str
) -> None:
    date = {} if ahead is None else {"date_gmt": moment(ahead)}
    post = linus.made(status=wish, **date)
    assert post["status"] == status
    clock.forward(3600)
    later = linus.call("GET", f"/wp/v2/posts/{post['id']}").json()["status"]
    assert later == ("publish" if status == "future" else status)


def moment(ahead: float) -> str:
    return datetime.fromtimestamp(NOON + ahead, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"tags": ["x"]}, "rest_invalid_param"), ({"tags": "1,2"}, ""), ({"tags": [4242]}, ""),
        ({"status": "live"}, "rest_invalid_param"), ({"featured_media": "x"}, "rest_invalid_param"),
        ({"featured_media": 4242}, ""), ({"date": "soon"}, "rest_invalid_param"), ({"date": None}, ""),
        ({"slug": 7}, "rest_invalid_param"), ({"sticky": "maybe"}, "rest_invalid_param"), ({"unknown": 1}, ""),
        ({"meta": {"unknown": 1}}, ""), ({"meta": 7}, "rest_invalid_param"), ({"title": {"raw": "T"}}, ""),
        ({"title": "", "content": ""}, "empty_content"), ({"title": "x" * 65_535}, ""),
        ({"title": "x" * 65_536}, "db_insert_error"), ({"comment_status": "shut"}, "rest_invalid_param"),
    ],
)  # fmt: skip
def test_what_is_refused_and_what_is_left_out_without_a_word(linus: Writer, body: Any, code: str) -> None:
    answer = linus.create(**body)
    assert (answer.json().get("code", ""), answer.ok) == (code, not code)
    if answer.ok:
        post = answer.json()
        assert (post["tags"], post["featured_media"], post["meta"]) == ([], 0, {"footnotes": ""})
        assert "unknown" not in post


def test_what_is_no_json_is_said(linus: Writer) -> None:
    headers = {"Content-Type": "application/json"}
    answer = linus.call("POST", "/wp/v2/posts", data="{", headers=headers)
    assert refused(answer) == (400, "rest_invalid_json")


def test_lists_find_by_mark_and_slug_in_every_state_but_the_trash(linus: Writer) -> None:
    draft, public, private = linus.made(slug="x"), linus.made(status="publish"), linus.made(status="private")
    trashed = linus.made()
    linus.call("DELETE", f"/wp/v2/posts/{trashed['id']}")
    ids = {one["id"] for one in (draft, public, private)}
    assert set(linus.listed()) == ids
    assert set(linus.listed(search=MARK, search_columns="post_content")) == ids
    assert linus.listed(search=MARK, search_columns="post_title") == []
    assert linus.listed(slug="x,y") == [draft["id"]]
    assert linus.listed(status="publish") == [public["id"]]
    assert linus.listed(status="trash") == [trashed["id"]]
    assert refused(linus.call("GET", "/wp/v2/posts?per_page=101")) == (400, "rest_invalid_param")
    assert refused(linus.call("GET", "/wp/v2/posts?page=2")) == (400, "rest_post_invalid_page_number")


def test_the_trash_gives_the_slug_back_and_takes_nothing_twice(linus: Writer) -> None:
    post = linus.made(slug="walk", status="publish")
    gone = linus.call("DELETE", f"/wp/v2/posts/{post['id']}").json()
    assert (gone["status"], gone["slug"]) == ("trash", "walk__trashed")
    assert requests.get(post["link"], timeout=10).status_code == 404
    assert refused(linus.call("DELETE", f"/wp/v2/posts/{post['id']}")) == (410, "rest_already_trashed")
    assert refused(linus.call("DELETE", "/wp/v2/posts/4242")) == (404, "rest_post_invalid_id")
    assert linus.update(post["id"], status="draft").json()["slug"] == "walk"


# Texts


@pytest.mark.parametrize(
    ("content", "rendered"),
    [
        ("one\ntwo\n\nthree", "<p>one<br />\ntwo</p>\n<p>three</p>"),
        ("<!-- wp:html -->\n<p>one\ntwo</p>\n<!-- /wp:html -->", "<p>one\ntwo</p>\n"),
        ("<p>[gallery] [[gallery]] &#91;gallery] [x]</p>", "<p> [gallery] &#91;gallery] [x]</p>"),
    ],
)
def test_what_readers_get(linus: Writer, content: str, rendered: str) -> None:
    answer = linus.made(content=content)["content"]["rendered"].replace("<!-- a shortcode was here -->", "")
    assert answer == rendered


def test_an_authors_html_is_filtered_and_an_administrators_is_not(linus: Writer, author: Writer) -> None:
    text = "<p>a<script>b</script><iframe src='x'></iframe>&#91;c] <!-- d --></p><table><tr><td>1</td></tr></table>"
    assert linus.made(content=text)["content"]["raw"] == text
    kept = author.made(content=text)["content"]["raw"]
    assert "<p>a&#091;c] <!-- d --></p>" in kept
    assert "<td>1</td>" in kept


# Tags, categories, pictures


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("R&D", "rd"), ("C#", "c"), ("node.js", "node-js"), ("Größe", "grose"), ("a  b", "a-b"), ("It's", "its"),
        ("日本語", "%e6%97%a5%e6%9c%ac%e8%aa%9e"), ("y" * 200, "y" * 200),
    ],
)  # fmt: skip
def test_slugs_are_made_as_a_real_site_made_them(linus: Writer, name: str, slug: str) -> None:
    assert linus.call("POST", "/wp/v2/tags", json={"name": name}).json()["slug"] == slug
    assert [one["slug"] for one in linus.call("GET", "/wp/v2/tags", params={"slug": name.replace(" ", "-")}).json()]


def test_a_term_that_is_there_is_named(linus: Writer) -> None:
    made = linus.call("POST", "/wp/v2/tags", json={"name": "R&D"}).json()
    assert (made["name"], made["slug"]) == ("R&amp;D", "rd")
    answer = linus.call("POST", "/wp/v2/tags", json={"name": "r&d"})
    assert refused(answer) == (400, "term_exists")
    assert answer.json()["data"]["term_id"] == made["id"]
    assert linus.call("POST", "/wp/v2/categories", json={"name": "R&D"}).status_code == 201
    assert linus.call("GET", "/wp/v2/tags", params={"search": "R&amp;"}).json()[0]["id"] == made["id"]
    assert linus.call("POST", "/wp/v2/tags", json={}).status_code == 400


@pytest.mark.parametrize(
    ("kind", "name", "answer"),
    [
        ("image/png", "a.png", (201, "")),
        ("image/svg+xml", "a.svg", (500, "rest_upload_sideload_error")),
        ("image/png", "a", (500, "rest_upload_sideload_error")),
        ("image/png", "", (400, "rest_upload_no_content_type")),
    ],
)
def test_pictures_and_what_is_none(linus: Writer, kind: str, name: str, answer: tuple[int, str]) -> None:
    got = linus.upload(kind, name, alt_text="A wheel")
    assert (got.status_code, got.json().get("code", "")) == answer
    if got.ok:
        assert got.json()["alt_text"] == "A wheel"
        assert requests.get(got.json()["source_url"], timeout=10).content == PNG
        assert linus.upload(kind, name).json()["source_url"].endswith("/a-1.png")


# Where it is


def test_every_page_and_answer_says_where_the_api_is(linus: Writer, street: Street) -> None:
    root = f'<{linus.url}/wp-json/>; rel="https://api.w.org/"'
    home = requests.get(f"{linus.url}/", timeout=10)
    assert home.headers["Link"] == root
    assert f"<link rel='https://api.w.org/' href='{linus.url}/wp-json/' />" in home.text
    assert linus.call("GET", "/").headers["Link"] == root
    street.order("switches", platform="wordpress", switch="plain_permalinks", on=True)
    plain = f"{linus.url}/index.php?rest_route=/"
    assert f"<{plain}>" in requests.get(f"{linus.url}/", timeout=10).headers["Link"]
    assert linus.call("GET", "/").status_code == 404
    assert "wp/v2" in requests.get(plain, timeout=10).json()["namespaces"]
    assert "wp/v2" in requests.get(f"{linus.url}/?rest_route=/", timeout=10).json()["namespaces"]
    assert requests.get(f"{plain}wp/v2/posts&status=any", auth=linus.auth, timeout=10).json() == []


def test_its_page_tells_how_to_reach_it(linus: Writer) -> None:
    page = requests.get(f"{linus.url}/", timeout=10).text
    assert "WordPress (REST API)" in page
    assert "sandbox-wordpress-author-key" in page


def test_whoever_calls_it_by_another_name_is_told_of_the_api_by_that_name() -> None:
    """In containers readers and callers know it by different names."""
    with sandbox.serve(public_url="http://localhost:8801") as serving:
        home = requests.get(f"{serving.url}/wordpress/", timeout=10)
        assert home.headers["Link"].startswith(f"<{serving.url}/wordpress/wp-json/>")
        writer = requests.post(
            f"{serving.url}/wordpress/wp-json/wp/v2/posts", json={"title": "A", "status": "publish"},
            auth=("sandbox", "sandbox-wordpress-key"), timeout=10,
        )  # fmt: skip
        assert writer.json()["link"] == "http://localhost:8801/wordpress/a/"
