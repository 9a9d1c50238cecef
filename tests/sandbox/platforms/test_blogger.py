"""What Blogger's stand-in does: it gives out access tokens for an hour, and takes what Google describes."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import MARK, Street, TestClock

FORM = {
    "grant_type": "refresh_token", "client_id": "sandbox-blogger-client", "client_secret": "sandbox-blogger-secret",
    "refresh_token": "sandbox-blogger-key",
}  # fmt: skip


class Writer:
    """Somebody with an access token."""

    def __init__(self, street: Street, key: str = "sandbox-blogger-key") -> None:
        self.url = f"{street.url}/blogger"
        self.token = self.ask(refresh_token=key).json()["access_token"]
        self.blog = self.call("GET", "/users/self/blogs").json()["items"][0]["id"]

    def ask(self, **form: str) -> requests.Response:
        return requests.post(f"{self.url}/token", data=FORM | form, timeout=10)

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return requests.request(method, f"{self.url}/v3{path}", headers=headers, timeout=10, **more)

    def posts(self, method: str, path: str = "", **more: Any) -> requests.Response:
        return self.call(method, f"/blogs/{self.blog}/posts{path}", **more)

    def draft(self, title: str = "A walk", **post: Any) -> Any:
        body = {"title": title, "content": f"It rained.<!-- blogscheduler:{MARK} -->"} | post
        answer = self.posts("POST", "?isDraft=true", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self, query: str = "status=DRAFT&status=LIVE&status=SCHEDULED") -> list[str]:
        return [one["status"] for one in self.posts("GET", f"?{query}").json().get("items", [])]


@pytest.fixture
def linus(street: Street) -> Writer:
    street.order("limits", platform="blogger", on=False)
    return Writer(street)


def refused(answer: requests.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return answer.status_code, error["status"]


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"), ({"client_id": "x"}, 401, "invalid_client"),
        ({"client_secret": "x"}, 401, "invalid_client"), ({"refresh_token": "x"}, 400, "invalid_grant"),
    ],
)  # fmt: skip
def test_a_token_is_for_those_who_are_known(linus: Writer, form: dict[str, str], status: int, code: str) -> None:
    answer = linus.ask(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_a_token_lasts_for_an_hour(linus: Writer, clock: TestClock) -> None:
    assert linus.call("GET", "/users/self").json()["displayName"] == "Sandbox"
    clock.forward(3600)
    assert refused(linus.call("GET", "/users/self")) == (401, "UNAUTHENTICATED")


def test_a_draft_is_published_reverted_and_thrown_away(linus: Writer) -> None:
    draft = linus.draft(labels=["rain", "feet"])
    assert (draft["status"], draft["labels"], "url" in draft) == ("DRAFT", ["feet", "rain"], False)
    out = linus.posts("POST", f"/{draft['id']}/publish").json()
    assert out["status"] == "LIVE"
    assert "It rained." in requests.get(out["url"], timeout=10).text
    assert linus.posts("POST", f"/{draft['id']}/publish").json() == out
    assert linus.posts("POST", f"/{draft['id']}/revert").json()["status"] == "DRAFT"
    assert refused(linus.posts("POST", f"/{draft['id']}/revert"))[0] == 400
    assert requests.get(out["url"], timeout=10).status_code == 404
    assert linus.posts("POST", f"/{draft['id']}/publish").json()["url"] == out["url"]
    assert linus.posts("DELETE", f"/{draft['id']}?useTrash=true").status_code == 204
    assert linus.listed() == []
    assert linus.listed("status=SOFT_TRASHED") == ["SOFT_TRASHED"]
    assert linus.posts("GET", f"/{draft['id']}?view=ADMIN").json()["status"] == "SOFT_TRASHED"


def test_what_is_not_asked_to_be_a_draft_is_out_at_once(linus: Writer, clock: TestClock) -> None:
    assert linus.posts("POST", json={"title": "A"}).json()["status"] == "LIVE"
    later = linus.posts("POST", json={"title": "B", "published": "2999-01-01T00:00:00Z"}).json()
    assert later["status"] == "SCHEDULED"
    assert sorted(linus.listed()) == ["LIVE", "SCHEDULED"]
    assert linus.listed("") == ["LIVE"]


def test_an_update_in_part_and_in_whole(linus: Writer) -> None:
    post = linus.draft(labels=["rain"])["id"]
    assert linus.posts("PATCH", f"/{post}", json={"title": "B"}).json()["labels"] == ["rain"]
    assert "labels" not in linus.posts("PUT", f"/{post}", json={"title": "C", "content": "D"}).json()
    assert linus.posts("PATCH", f"/{post}?publish=true", json={}).json()["status"] == "LIVE"


@pytest.mark.parametrize(
    "body",
    [{"titel": "x"}, {"title": 7}, {"labels": "rain"}, {"labels": [7]}, {"readerComments": "MAYBE"}, [], "x"],
)
def test_what_is_not_described_is_refused(linus: Writer, body: Any) -> None:
    assert refused(linus.posts("POST", "?isDraft=true", json=body)) == (400, "INVALID_ARGUMENT")
    assert linus.listed() == []


@pytest.mark.parametrize("query", ["isDraft=yes", "draft=true", "isDraft=true&isDraft=true"])
def test_a_query_that_is_not_described_is_refused(linus: Writer, query: str) -> None:
    assert refused(linus.posts("POST", f"?{query}", json={"title": "x"})) == (400, "INVALID_ARGUMENT")


def test_lists_come_in_pages(linus: Writer) -> None:
    for number in range(5):
        linus.draft(f"Walk {number}")
    first = linus.posts("GET", "?status=DRAFT&maxResults=3").json()
    assert len(first["items"]) == 3
    rest = linus.posts("GET", f"?status=DRAFT&maxResults=3&pageToken={first['nextPageToken']}&fetchBodies=false").json()
    assert len(rest["items"]) == 2
    assert "nextPageToken" not in rest
    assert "content" not in rest["items"][0]


def test_other_peoples_blogs_are_not_there(linus: Writer, street: Street) -> None:
    other = Writer(street, "sandbox-blogger-two-key")
    assert refused(linus.call("GET", f"/blogs/{other.blog}/posts")) == (404, "NOT_FOUND")
    assert refused(Writer(street, "sandbox-blogger-reader-key").posts("POST", json={"title": "x"}))[0] == 403


def test_it_asks_to_slow_down(linus: Writer, street: Street) -> None:
    street.order("limits", platform="blogger", on=True)
    answers = [linus.posts("POST", "?isDraft=true", json={"title": "x"}) for _ in range(61)]
    assert [answer.status_code for answer in answers[-2:]] == [200, 403]
    assert answers[-1].json()["error"]["errors"][0]["reason"] == "rateLimitExceeded"
