"""What WriteFreely's stand-in does: drafts of no blog, addresses made of titles, and lists that are seconds old."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from sandbox.platforms.writefreely import PASSWORD
from tests.sandbox.conftest import MARK, Street, TestClock


class Writer:
    """Somebody with a token."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.api = f"{street.url}/writefreely/api"
        self.headers = {"Authorization": "Token sandbox-writefreely-key", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, self.api + path, json=body, headers=self.headers, timeout=10)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.ok, answer.text
        assert answer.json()["code"] == answer.status_code
        return answer.json()["data"]

    def draft(self, title: str = "A walk", **more: Any) -> str:
        body = {"title": title, "body": f"It rained.\n\n<!-- blogscheduler:{MARK} -->"} | more
        return str(self.data("POST", "/posts", body)["id"])

    def collect(self, key: str) -> Any:
        return self.data("POST", "/collections/sandbox/collect", [{"id": key}])[0]

    def page(self, slug: str) -> int:
        return requests.get(f"{self.street.url}/writefreely/sandbox/{slug}", timeout=10).status_code


@pytest.fixture
def linus(street: Street) -> Writer:
    street.order("limits", platform="writefreely", on=False)
    street.order("switches", platform="writefreely", switch="cache", on=False)
    return Writer(street)


def refused(answer: requests.Response) -> int:
    assert set(answer.json()) == {"code", "error_msg"}
    assert answer.json()["code"] == answer.status_code
    return answer.status_code


def test_a_password_gives_a_token_once_in_three_seconds(linus: Writer, clock: TestClock) -> None:
    linus.street.order("limits", platform="writefreely", on=True)
    body = {"alias": "sandbox", "pass": PASSWORD}
    token = linus.data("POST", "/auth/login", body)["access_token"]
    assert refused(linus.call("POST", "/auth/login", body)) == 429
    clock.forward(3)
    assert refused(linus.call("POST", "/auth/login", {**body, "pass": "wrong"})) == 401
    assert refused(linus.call("POST", "/auth/login", {**body, "alias": "nobody"})) == 404
    linus.headers["Authorization"] = f"Token {token}"
    assert linus.data("GET", "/me") == {"username": "sandbox"}


def test_who_does_not_say_that_it_is_json_is_nobody(linus: Writer) -> None:
    linus.headers.pop("Content-Type")
    assert linus.data("GET", "/me") == {}
    assert refused(linus.call("GET", "/me/posts")) == 406
    linus.headers |= {"Content-Type": "application/json", "Authorization": "Token wrong"}
    assert refused(linus.call("GET", "/me")) == 401


def test_a_draft_is_in_no_blog_until_it_is_collected(linus: Writer) -> None:
    key = linus.draft()
    assert "collection" not in linus.data("GET", "/me/posts")[0]
    result = linus.collect(key)
    assert (result["code"], result["post"]["slug"], result["post"]["collection"]["alias"]) == (200, "a-walk", "sandbox")
    assert linus.page("a-walk") == 200
    assert linus.data("POST", "/posts/disperse", [key])[0]["code"] == 200
    assert linus.page("a-walk") == 404


def test_collecting_again_makes_the_address_anew(linus: Writer) -> None:
    linus.collect(linus.draft())
    key = linus.draft()
    slugs = {linus.collect(key)["post"]["slug"] for _ in range(3)}
    assert len(slugs) == 3
    assert all(re.fullmatch(r"a-walk-[0-9b-z]{4}", slug) for slug in slugs)


def test_what_is_not_ones_own_is_refused_within_a_success(linus: Writer) -> None:
    assert linus.collect("9999999999")["code"] == 400
    assert linus.data("POST", "/collections/ada/collect", [{"id": linus.draft()}])[0]["code"] == 403
    assert linus.data("POST", "/posts/disperse", ["9999999999"])[0]["code"] == 409
    assert refused(linus.call("POST", "/posts/9999999999", {"body": "x"})) == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [({"body": " "}, 400), ({"titel": "x"}, 400), ({"title": "x" * 161}, 500), ({"lang": "deu"}, 500)],
)
def test_what_does_not_fit_is_refused(linus: Writer, change: dict[str, Any], status: int) -> None:
    assert refused(linus.call("POST", "/posts", {"title": "A walk", "body": "x", **change})) == status


def test_a_time_counts_in_one_form_only(linus: Writer) -> None:
    def made(created: str) -> Any:
        body = {"title": created, "body": "x", "created": created}
        return linus.data("POST", "/collections/sandbox/posts", body)

    assert made("2999-01-01T00:00:00Z")["created"] == "2999-01-01T00:00:00Z"
    for odd in ("2999-01-01T00:00:00+00:00", "2999-01-01 00:00:00", "2999-01-01"):
        assert made(odd)["created"] < "2999"


def test_the_list_may_be_four_seconds_old(linus: Writer, clock: TestClock) -> None:
    linus.street.order("switches", platform="writefreely", switch="cache", on=True)
    assert linus.data("GET", "/me/posts") == []
    key = linus.draft()
    assert linus.data("GET", "/me/posts") == []
    assert linus.data("GET", f"/posts/{key}")["id"] == key
    clock.forward(4)
    assert [post["id"] for post in linus.data("GET", "/me/posts")] == [key]


def test_a_silenced_account_reads_and_does_not_write(linus: Writer) -> None:
    linus.street.order("switches", platform="writefreely", switch="silenced", on=True)
    assert refused(linus.call("POST", "/posts", {"body": "x"})) == 403
    assert linus.data("GET", "/me")["username"] == "sandbox"
