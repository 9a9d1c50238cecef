"""Mastodon and Bluesky as the sandbox plays them: as strict as the real ones, and telling when they are not obeyed."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.platforms.bluesky import lexicon
from tests.sandbox.conftest import Street, TestClock

TOKEN = {"Authorization": "Bearer sandbox-mastodon-key"}
POST = "app.bsky.feed.post"


def toot(street: Street, key: str = "", **fields: Any) -> requests.Response:
    headers = TOKEN | ({"Idempotency-Key": key} if key else {})
    body = {"status": "Read this: https://ada.example/notes"} | fields
    return requests.post(f"{street.url}/mastodon/api/v1/statuses", json=body, headers=headers, timeout=5)


class TestMastodon:
    def test_the_key_of_a_creation_is_kept_for_an_hour(self, street: Street, clock: TestClock) -> None:
        first = toot(street, "a").json()
        clock.forward(3599)
        assert toot(street, "a").json()["id"] == first["id"]
        assert toot(street, "b").json()["id"] != first["id"]
        clock.forward(2)
        assert toot(street, "a").json()["id"] != first["id"]

    def test_without_a_key_each_is_another(self, street: Street) -> None:
        assert toot(street).json()["id"] != toot(street).json()["id"]

    @pytest.mark.parametrize(
        "fields",
        [{"status": ""}, {"status": " "}, {"status": 7}, {"status": "x" * 501}, {"visibility": "all"},
         {"language": "English"}, {"tags": ["a"]}],
    )  # fmt: skip
    def test_what_is_wrong_is_refused(self, street: Street, fields: Any) -> None:
        assert toot(street, **fields).status_code == 422

    @pytest.mark.parametrize("length", [499, 500])
    def test_an_address_counts_23(self, street: Street, length: int) -> None:
        text = "x" * (length - 24) + " https://ada.example/" + "y" * 300
        assert toot(street, status=text).ok

    def test_a_token_that_may_only_read_may_only_read(self, street: Street) -> None:
        headers = {"Authorization": "Bearer sandbox-mastodon-reader-key"}
        place = f"{street.url}/mastodon/api/v1"
        assert requests.get(f"{place}/accounts/verify_credentials", headers=headers, timeout=5).ok
        refused = requests.post(f"{place}/statuses", json={"status": "x"}, headers=headers, timeout=5)
        assert refused.status_code == 403

    def test_what_was_deleted_is_gone_for_readers_and_lists(self, street: Street) -> None:
        there = toot(street).json()
        place = f"{street.url}/mastodon/api/v1"
        assert requests.get(there["url"], timeout=5).ok
        assert requests.delete(f"{place}/statuses/{there['id']}", headers=TOKEN, timeout=5).ok
        assert requests.get(there["url"], timeout=5).status_code == 404
        account = there["account"]["id"]
        assert requests.get(f"{place}/accounts/{account}/statuses", headers=TOKEN, timeout=5).json() == []
        assert requests.delete(f"{place}/statuses/{there['id']}", headers=TOKEN, timeout=5).status_code == 404

    def test_30_deletions_in_half_an_hour(self, street: Street) -> None:
        place = f"{street.url}/mastodon/api/v1/statuses"
        ids = [toot(street, str(number)).json()["id"] for number in range(31)]
        answers = [requests.delete(f"{place}/{one}", headers=TOKEN, timeout=5) for one in ids]
        assert [answer.status_code for answer in answers] == [200] * 30 + [429]
        assert answers[-1].headers["X-RateLimit-Remaining"] == "0"


class Bluesky:
    """Ada, logged in."""

    def __init__(self, street: Street) -> None:
        self.place = f"{street.url}/bluesky/xrpc"
        said = {"identifier": "sandbox.bsky.example", "password": "sandbox-bluesky-key"}
        self.session = self.call("com.atproto.server.createSession", said, token="").json()

    def call(self, method: str, body: Any, token: str | None = None) -> requests.Response:
        token = self.session["accessJwt"] if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(f"{self.place}/{method}", json=body, headers=headers, timeout=5)

    def put(self, rkey: str = "3lampdsblizjb", **changes: Any) -> requests.Response:
        record = {"$type": POST, "text": "Hello", "createdAt": "2026-11-23T09:00:00.000Z"} | changes
        body = {"repo": self.session["did"], "collection": POST, "rkey": rkey, "record": record}
        return self.call("com.atproto.repo.putRecord", body)


class TestBluesky:
    def test_the_same_record_twice_is_one(self, street: Street) -> None:
        ada = Bluesky(street)
        first = ada.put().json()
        assert ada.put().json() == first
        assert ada.put(text="Hello again").json()["uri"] == first["uri"]
        assert ada.put(text="Hello again").json()["cid"] != first["cid"]
        assert len(street.ask("articles?platform=bluesky")) == 1

    @pytest.mark.parametrize(
        "rkey", ["", "3lampdsblizj", "3lampdsblizjb2", "0lampdsblizjb", "zlampdsblizjb", "3LAMPDSBLIZJB"]
    )
    def test_a_key_has_to_be_a_tid(self, street: Street, rkey: str) -> None:
        assert Bluesky(street).put(rkey).json()["error"] == "InvalidRequest"

    def test_a_picture_that_was_not_uploaded_cannot_be_named(self, street: Street) -> None:
        thumb = {"$type": "blob", "ref": {"$link": "bafkreix"}, "mimeType": "image/png", "size": 3}
        card = {"uri": "https://a.example", "title": "", "description": "", "thumb": thumb}
        refused = Bluesky(street).put(embed={"$type": "app.bsky.embed.external", "external": card})
        assert "Could not find blob" in refused.json()["message"]

    def test_a_session_runs_out_and_is_renewed_once(self, street: Street, clock: TestClock) -> None:
        ada = Bluesky(street)
        clock.forward(7200)
        assert ada.put().json()["error"] == "ExpiredToken"
        again = ada.call("com.atproto.server.refreshSession", None, token=ada.session["refreshJwt"])
        assert again.ok
        second = ada.call("com.atproto.server.refreshSession", None, token=ada.session["refreshJwt"])
        assert second.json()["error"] == "InvalidToken"

    def test_5000_points_an_hour_of_which_a_record_takes_three(self, street: Street, clock: TestClock) -> None:
        ada = Bluesky(street)
        answers = [ada.put() for _ in range(1667)]
        assert [answer.status_code for answer in answers[-2:]] == [200, 429]
        assert answers[-1].headers["RateLimit-Remaining"] == "0"
        clock.forward(3600)
        assert Bluesky(street).put().ok

    def test_its_lexicons_name_only_what_they_know(self) -> None:
        for name, rule in lexicon.LEXICONS.items():
            if name == "about":
                continue
            assert set(rule["required"]) <= set(rule["properties"])
