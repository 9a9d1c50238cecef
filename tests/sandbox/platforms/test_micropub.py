"""What the stand-in for a Micropub server does, with each of its extensions and without."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import MARK, Street


class Writer:
    """Somebody with a token."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.endpoint = f"{street.url}/micropub/endpoint/"
        self.headers = {"Authorization": "Bearer sandbox-micropub-key"}

    def ask(self, **query: str) -> requests.Response:
        return requests.get(self.endpoint, params=query, headers=self.headers, timeout=10)

    def send(self, body: Any) -> requests.Response:
        return requests.post(self.endpoint, json=body, headers=self.headers, timeout=10)

    def create(self, **properties: Any) -> requests.Response:
        plain = {"name": ["A walk"], "content": [{"html": f"<p>It rained.</p><!-- blogscheduler:{MARK} -->"}]}
        return self.send({"type": ["h-entry"], "properties": plain | properties})

    def made(self, **properties: Any) -> str:
        answer = self.create(**properties)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def source(self, url: str) -> dict[str, Any]:
        answer = self.ask(q="source", url=url)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["properties"])

    def switch(self, **switches: bool) -> None:
        for name, on in switches.items():
            assert self.street.order("switches", platform="micropub", switch=name, on=on).ok


@pytest.fixture
def grace(street: Street) -> Writer:
    return Writer(street)


def error(answer: requests.Response) -> tuple[int, str]:
    assert set(answer.json()) == {"error", "error_description"}
    return answer.status_code, answer.json()["error"]


def test_its_home_page_names_the_endpoint(street: Street) -> None:
    page = requests.get(f"{street.url}/micropub/home", timeout=10).text
    assert '<link rel="micropub" href="/micropub/endpoint/">' in page


def test_nobody_writes_without_a_token_and_its_scope(grace: Writer) -> None:
    grace.headers = {}
    assert error(grace.create()) == (401, "unauthorized")
    grace.headers = {"Authorization": "Bearer sandbox-micropub-reader-key"}
    assert error(grace.create()) == (403, "insufficient_scope")
    assert grace.ask(q="config").ok


def test_it_tells_what_it_can_do(grace: Writer) -> None:
    config = grace.ask(q="config").json()
    assert config["media-endpoint"].endswith("/micropub/media/")
    assert "post-status" in config["post-types"][0]["properties"]
    grace.switch(announces=False, media=False)
    config = grace.ask(q="config").json()
    assert "media-endpoint" not in config
    assert "post-status" not in config["post-types"][0]["properties"]
    assert error(grace.ask(q="odd")) == (501, "not_implemented")


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"type": ["h-event"], "properties": {"content": ["x"]}}, {"type": ["h-entry"]},
        {"type": ["h-entry"], "properties": {"name": ["x"]}}, {"type": ["h-entry"], "properties": {"content": "x"}},
        {"type": ["h-entry"], "properties": {"content": ["x"], "summary": []}},
        {"type": ["h-entry"], "properties": {"content": ["x"], "post-status": ["hidden"]}},
        {"type": ["h-entry"], "properties": {"content": ["x"], "published": ["soon"]}},
        {"type": ["h-entry"], "properties": {"content": ["x"]}, "draft": True},
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused(grace: Writer, body: Any) -> None:
    assert error(grace.send(body)) == (400, "invalid_request")


def test_a_post_is_at_its_date_and_slug(grace: Writer) -> None:
    url = grace.made(published=["2026-11-22T18:30:00+00:00"], **{"mp-slug": ["walk"]})
    assert url.endswith("/micropub/2026/11/22/walk")
    assert "It rained." in requests.get(url, timeout=10).text
    assert grace.made(published=["2026-11-22T18:30:00+00:00"], **{"mp-slug": ["walk"]}) == f"{url}-2"
    grace.switch(same=True)
    assert grace.made(published=["2026-11-22T18:30:00+00:00"], **{"mp-slug": ["walk"]}) == url


def test_a_server_may_ignore_slugs_drafts_and_comments(grace: Writer) -> None:
    grace.switch(slugs=False, drafts=False, comments=False)
    url = grace.made(**{"mp-slug": ["walk"], "post-status": ["draft"]})
    assert "walk" not in url
    assert requests.get(url, timeout=10).ok
    found = grace.source(url)
    assert "post-status" not in found
    assert MARK not in str(found)


def test_a_draft_is_for_nobody_until_it_is_published(grace: Writer) -> None:
    url = grace.made(**{"post-status": ["draft"]})
    assert not requests.get(url, timeout=10).ok
    assert grace.send({"action": "update", "url": url, "replace": {"post-status": ["published"]}}).status_code == 204
    assert requests.get(url, timeout=10).ok


def test_an_update_replaces_adds_and_deletes_and_does_not_only_delete(grace: Writer) -> None:
    url = grace.made(category=["a"], summary=["s"])
    update = {"action": "update", "url": url}
    assert error(grace.send({**update, "delete": ["summary"]})) == (400, "invalid_request")
    assert grace.send({**update, "replace": {"name": ["B"]}, "add": {"category": ["b"]}, "delete": ["summary"]}).ok
    found = grace.source(url)
    assert (found["name"], found["category"], "summary" in found) == (["B"], ["a", "b"], False)
    assert error(grace.send({"action": "update", "url": f"{url}-x", "replace": {"name": ["B"]}}))[0] == 400


def test_what_is_deleted_leaves_a_trace_and_can_be_brought_back(grace: Writer) -> None:
    url = grace.made()
    assert grace.send({"action": "delete", "url": url}).status_code == 204
    assert not requests.get(url, timeout=10).ok
    assert set(grace.source(url)) == {"published", "deleted", "url"}
    assert grace.send({"action": "undelete", "url": url}).status_code == 204
    assert requests.get(url, timeout=10).ok


def test_the_list_comes_in_pages_newest_first(grace: Writer) -> None:
    urls = [grace.made(name=[f"Walk {number}"]) for number in range(3)]
    first = grace.ask(q="source", limit="2").json()
    assert [one["properties"]["url"] for one in first["items"]] == [[urls[2]], [urls[1]]]
    rest = grace.ask(q="source", limit="2", after=first["paging"]["after"]).json()
    assert [one["properties"]["url"] for one in rest["items"]] == [[urls[0]]]
    assert rest["paging"] == {}
    grace.switch(lists=False)
    assert error(grace.ask(q="source")) == (400, "invalid_request")


def test_files_are_taken_and_given_out(grace: Writer) -> None:
    media = f"{grace.street.url}/micropub/media/"
    answer = requests.post(media, files={"file": ("a.png", b"\x89PNG", "image/png")}, headers=grace.headers, timeout=10)
    assert answer.status_code == 201
    assert requests.get(answer.headers["Location"], timeout=10).content == b"\x89PNG"
    assert requests.post(media, files={"photo": ("a.png", b"x")}, headers=grace.headers, timeout=10).status_code == 400
