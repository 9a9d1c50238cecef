"""What Medium's stand-in does with an article: it takes it, or says no, and that is all it ever does."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from sandbox.platforms.medium import CACHED, LICENSES, PUBLICATIONS
from tests.sandbox.conftest import NOON, Street, TestClock

WEEKLY, LONG_WAIT, ELSE = (publication.id for publication in PUBLICATIONS)
TEXT = "<h1>A walk</h1><p>It rained.</p>"


class Writer:
    """Somebody with an integration token."""

    def __init__(self, street: Street, token: str = "sandbox-medium-key") -> None:
        self.street = street
        self.url = f"{street.url}/medium"
        self.token = token
        self.id = self.call("GET", "/me").json()["data"]["id"]

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return requests.request(method, f"{self.url}/v1{path}", headers=headers, timeout=10, **more)

    def create(self, title: str = "A walk", where: str = "", **more: Any) -> requests.Response:
        article = {"title": title, "contentFormat": "html", "content": TEXT} | more
        return self.call("POST", f"/{where or f'users/{self.id}'}/posts", json=article)

    def made(self, title: str = "A walk", where: str = "", **more: Any) -> Any:
        answer = self.create(title, where, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def feed(self, username: str = "sandbox") -> list[str]:
        """Titles, newest first."""
        answer = requests.get(f"{self.url}/feed/@{username}", timeout=10)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
        return [item.findtext("title") or "" for item in ElementTree.fromstring(answer.text).iter("item")]


def refused(answer: requests.Response) -> tuple[int, int]:
    """Status and code of an answer that carries nothing but one error."""
    (error,) = answer.json()["errors"]
    assert set(error) == {"message", "code"}
    assert error["message"].endswith(".") or answer.status_code == 404
    return answer.status_code, error["code"]


@pytest.fixture
def linus(street: Street) -> Writer:
    """He writes without limits, and his feed is always new; tests about either switch them on."""
    street.order("limits", platform="medium", on=False)
    street.order("switches", platform="medium", switch="feed_cache", on=False)
    return Writer(street)


# Who may speak


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic x"}, {"Authorization": "Bearer "}])
def test_without_a_token_nothing_is_told(street: Street, headers: dict[str, str]) -> None:
    assert refused(requests.get(f"{street.url}/medium/v1/me", headers=headers, timeout=10)) == (401, 6000)


def test_a_wrong_or_revoked_token_is_said_to_be_invalid(linus: Writer, street: Street) -> None:
    answer = linus.call("GET", "/me", headers={"Authorization": "Bearer wrong"})
    assert answer.json() == {"errors": [{"message": "Token was invalid.", "code": 6003}]}
    street.order("accounts/revoke", platform="medium", key=linus.token)
    assert refused(linus.create()) == (401, 6003)


def test_whoami_says_who(linus: Writer) -> None:
    me = linus.call("GET", "/me").json()["data"]
    assert (me["username"], me["name"], me["url"]) == ("sandbox", "Sandbox", f"{linus.url}/@sandbox")
    assert set(me) == {"id", "username", "name", "url", "imageUrl"}


def test_publications_are_listed_for_oneself_only(linus: Writer) -> None:
    listed = linus.call("GET", f"/users/{linus.id}/publications").json()["data"]
    assert [one["id"] for one in listed] == [WEEKLY, LONG_WAIT, ELSE]
    assert refused(linus.call("GET", "/users/1abc/publications"))[0] == 403


def test_contributors_have_a_role(linus: Writer) -> None:
    listed = linus.call("GET", f"/publications/{WEEKLY}/contributors").json()["data"]
    assert {"publicationId": WEEKLY, "userId": linus.id, "role": "editor"} in listed
    assert {one["role"] for one in listed} == {"editor", "writer"}
    assert linus.call("GET", "/publications/0/contributors").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/{}/posts"), ("GET", "/posts/{}"), ("PUT", "/posts/{}"), ("PATCH", "/posts/{}"),
        ("DELETE", "/posts/{}"), ("POST", "/posts/{}/publish"), ("POST", "/me"), ("GET", "/"),
    ],
)  # fmt: skip
def test_there_is_no_list_no_reading_no_change_and_no_end(linus: Writer, method: str, path: str) -> None:
    assert refused(linus.call(method, path.format(linus.made()["id"])))[0] == 404


# Creating


def test_what_was_created_is_told_and_public(linus: Writer) -> None:
    post = linus.made(canonicalUrl="https://linus.example/walk", tags=["rain"], notifyFollowers=False)
    assert post == {
        "id": post["id"],
        "title": "A walk",
        "authorId": linus.id,
        "tags": ["rain"],
        "url": f"{linus.url}/@sandbox/a-walk-{post['id']}",
        "canonicalUrl": "https://linus.example/walk",
        "publishStatus": "public",
        "publishedAt": NOON * 1000,
        "license": "all-rights-reserved",
        "licenseUrl": f"{linus.url}/policy/all-rights-reserved",
    }
    page = requests.get(post["url"], timeout=10)
    assert page.status_code == 200
    assert page.text.count("A walk</h1>") == 1


def test_the_title_is_only_on_the_page_when_the_text_has_it(linus: Writer) -> None:
    assert "<h1>" not in requests.get(linus.made(content="<p>Rain</p>")["url"], timeout=10).text


def test_public_is_the_default_and_unlisted_is_public_but_in_no_feed(linus: Writer) -> None:
    assert linus.made("One")["publishStatus"] == "public"
    assert linus.made("Two", publishStatus=None)["publishStatus"] == "public"
    assert requests.get(linus.made("Three", publishStatus="unlisted")["url"], timeout=10).ok
    assert linus.feed() == ["Two", "One"]


def test_a_draft_has_no_page_and_no_date(linus: Writer, street: Street) -> None:
    post = linus.made(publishStatus="draft")
    assert "publishedAt" not in post
    assert "canonicalUrl" not in post
    assert requests.get(post["url"], timeout=10).status_code == 404
    assert linus.feed() == []


def test_the_same_article_twice_is_two_articles_counted_by_their_title(linus: Writer, street: Street) -> None:
    assert linus.made()["id"] != linus.made()["id"]
    linus.made("Later", publishStatus="draft")
    linus.made("Marked", content="<p>a</p><!-- blogscheduler:5f0c6a52-58a1-4a7e-9a43-1a2f6d6a9f11 -->")
    assert street.ask("counts?platform=medium") == {
        "title:A walk": {"public": 2, "drafts": 0},
        "title:Later": {"public": 0, "drafts": 1},
        "title:Marked": {"public": 1, "drafts": 0},
    }
    assert {entry["mark"] for entry in street.ask("log?platform=medium") if entry["call"] == "create"} > {
        "title:A walk"
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": None}, {"title": ""}, {"title": 7}, {"content": None}, {"content": " "}, {"contentFormat": None},
        {"contentFormat": "text"}, {"tags": "rain"}, {"tags": [1]}, {"canonicalUrl": "linus.example"},
        {"canonicalUrl": 7}, {"publishStatus": "published"}, {"license": "mit"}, {"notifyFollowers": "yes"},
    ],
)  # fmt: skip
def test_a_wrong_field_is_a_bad_request(linus: Writer, street: Street, wrong: dict[str, Any]) -> None:
    assert refused(linus.create(**{"title": "A walk"} | wrong))[0] == 400
    assert street.ask("counts?platform=medium") == {}


@pytest.mark.parametrize(
    "more",
    [{"json": ["title"]}, {"data": b"{", "headers": {"Content-Type": "application/json"}}, {"data": {"title": "x"}}],
)
def test_what_is_no_object_in_json_is_a_bad_request(linus: Writer, more: dict[str, Any]) -> None:
    assert refused(linus.call("POST", f"/users/{linus.id}/posts", **more))[0] == 400


def test_every_licence_is_taken(linus: Writer) -> None:
    assert [linus.made(license=license)["license"] for license in LICENSES] == list(LICENSES)


def test_the_first_three_tags_count_and_long_ones_among_them_are_ignored(linus: Writer) -> None:
    assert linus.made(tags=["a", "x" * 26, "x" * 25, "d"])["tags"] == ["a", "x" * 25]


def test_a_long_title_is_ignored_and_one_is_made_from_the_text(linus: Writer) -> None:
    assert linus.made("x" * 100)["title"] == "x" * 100
    assert linus.made("x" * 101)["title"] == "A walk"
    assert linus.made("🎈" * 51, content="<p>Up &amp; away</p><p>More</p>")["title"] == "Up & away"


def test_only_little_html_is_kept(linus: Writer) -> None:
    odd = '<h3 id="x">a</h3><table><tr><td>b</td></tr></table><p class="c" style="d">c</p><script>e</script>'
    page = requests.get(linus.made(content=odd)["url"], timeout=10).text
    assert "ab<p>c</p>" in page


def test_markdown_is_taken_as_well(linus: Writer) -> None:
    page = requests.get(linus.made(contentFormat="markdown", content="# A walk\n\n*Rain*")["url"], timeout=10).text
    assert "<em>Rain</em>" in page


# Where


def test_nobody_publishes_for_another(linus: Writer) -> None:
    assert refused(linus.create(where="users/1abc"))[0] == 403


def test_an_editor_publishes_and_a_writer_only_hands_in(linus: Writer, street: Street) -> None:
    grace = Writer(street, "sandbox-medium-writer-key")
    posts = [linus.made(where=f"publications/{WEEKLY}"), grace.made(where=f"publications/{WEEKLY}")]
    assert [post["publishStatus"] for post in posts] == ["public", "draft"]
    assert [post["publicationId"] for post in posts] == [WEEKLY, WEEKLY]
    assert "/sandbox-weekly/" in posts[0]["url"]


@pytest.mark.parametrize("publication", [ELSE, "0"])
def test_all_others_publish_nothing_in_a_publication(linus: Writer, publication: str) -> None:
    assert refused(linus.create(where=f"publications/{publication}"))[0] == 403


# How often


def test_ten_articles_a_day_are_the_most_drafts_included(linus: Writer, street: Street, clock: TestClock) -> None:
    street.order("limits", platform="medium", on=True)
    for number in range(10):
        linus.made(f"Walk {number}", publishStatus="draft" if number % 2 else "public")
        clock.forward(60)
    answer = linus.create()
    assert refused(answer)[0] == 429
    assert answer.json()["errors"][0]["message"] == "User has reached the rate limit for publishing today."
    assert "Retry-After" not in answer.headers
    Writer(street, "sandbox-medium-writer-key").made()
    clock.forward(24 * 3600 - 600)
    linus.made()
    assert linus.create().status_code == 429


def test_the_feed_shows_the_newest_ten(linus: Writer, clock: TestClock) -> None:
    for number in range(12):
        linus.made(f"Walk {number} & <more> ]]>")
        clock.forward(1)
    assert linus.feed() == [f"Walk {number} & <more> ]]>" for number in range(11, 1, -1)]
    assert requests.get(f"{linus.url}/feed/@nobody", timeout=10).status_code == 404


def test_a_feed_item_leads_to_its_article(linus: Writer) -> None:
    post = linus.made(tags=["rain"])
    (item,) = ElementTree.fromstring(requests.get(f"{linus.url}/feed/@sandbox", timeout=10).text).iter("item")
    assert (item.findtext("link") or "").startswith(f"{post['url']}?source=rss-")
    assert (item.findtext("guid") or "").endswith(f"/p/{post['id']}")
    assert item.findtext("pubDate") == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert item.findtext("category") == "rain"


def test_a_feed_stays_for_a_while_as_it_was_first_read(linus: Writer, street: Street, clock: TestClock) -> None:
    street.order("switches", platform="medium", switch="feed_cache", on=True)
    assert linus.feed() == []
    clock.forward(1)
    linus.made()
    clock.forward(CACHED - 2)
    assert linus.feed() == []
    clock.forward(1)
    assert linus.feed() == ["A walk"]
    street.order("reset")
    assert linus.feed() == []


# On order


def test_a_feed_can_be_late_and_every_call_can_fail(linus: Writer, street: Street, clock: TestClock) -> None:
    linus.made()
    clock.forward(60)
    street.order("faults", platform="medium", call="feed", fault="stale", seconds=100)
    assert linus.feed() == []
    for call, ask in {"me": "/me", "publications": f"/users/{linus.id}/publications"}.items():
        street.order("faults", platform="medium", call=call, fault="status", status=503)
        assert linus.call("GET", ask).status_code == 503
    street.order("faults", platform="medium", call="create", fault="close", when="after")
    with pytest.raises(requests.ConnectionError):
        linus.create("Lost")
    assert street.ask("counts?platform=medium")["title:Lost"] == {"public": 1, "drafts": 0}
    faults = [entry["fault"] for entry in street.ask("log?platform=medium") if entry["fault"]]
    assert faults == ["stale", "status", "status", "close"]


def test_its_page_tells_how_to_reach_it(linus: Writer) -> None:
    page = requests.get(f"{linus.url}/", timeout=10).text
    assert "Medium (API v1)" in page
    assert "sandbox-medium-key" in page
    assert f"{linus.url}/v1" in page
