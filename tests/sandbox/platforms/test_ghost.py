"""What Ghost's stand-in does with tokens and posts: as Ghost 6.65 did, and stricter with what it would drop unseen."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import MARK, NOON, Street, TestClock

ID, SECRET = "5a9d0b0c" * 3, "0123456789abcdef" * 4
CARD = json.dumps({"root": {"children": [{"type": "markdown", "version": 1, "markdown": "It *rained*."}]}})


def coded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(iat: float, *, name: str = ID, secret: str = SECRET, **claims: Any) -> str:
    said = {"iat": int(iat), "exp": int(iat) + 300, "aud": "/admin/"} | claims
    signed = f"{coded({'alg': 'HS256', 'typ': 'JWT', 'kid': name})}.{coded(said)}"
    digest = hmac.new(bytes.fromhex(secret), signed.encode(), hashlib.sha256).digest()
    return f"Ghost {signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


class Writer:
    """Somebody with the Admin API key of an integration."""

    def __init__(self, street: Street, clock: TestClock) -> None:
        self.api = f"{street.url}/ghost/ghost/api/admin"
        self.clock = clock

    def call(self, method: str, path: str, authorization: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": token(self.clock()) if authorization is None else authorization}
        return requests.request(method, self.api + path, headers=headers, timeout=10, **more)

    def save(self, method: str, path: str, **post: Any) -> requests.Response:
        return self.call(method, path, json={"posts": [post]})

    def made(self, **post: Any) -> dict[str, Any]:
        answer = self.save("POST", "/posts/", **{"title": "A walk", "lexical": CARD, **post})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["posts"][0])


@pytest.fixture
def ada(street: Street, clock: TestClock) -> Writer:
    return Writer(street, clock)


def error(answer: requests.Response) -> tuple[int, str, str | None]:
    (one,) = answer.json()["errors"]
    return answer.status_code, one["type"], one["code"]


def test_who_shows_no_good_token_is_told_why(ada: Writer) -> None:
    ghosts = {
        "": (403, "NoPermissionError", None),
        "Bearer x": (401, "UnauthorizedError", "INVALID_AUTH_HEADER"),
        token(NOON, name="0" * 24): (401, "UnauthorizedError", "UNKNOWN_ADMIN_API_KEY"),
        token(NOON, secret="f" * 64): (401, "UnauthorizedError", "INVALID_JWT"),
        token(NOON - 301, exp=int(NOON) + 900): (401, "UnauthorizedError", "INVALID_JWT"),
        token(NOON, exp=int(NOON) - 1): (401, "UnauthorizedError", "INVALID_JWT"),
        token(NOON, aud="/members/"): (401, "UnauthorizedError", "INVALID_JWT"),
    }
    for authorization, expected in ghosts.items():
        assert error(ada.call("GET", "/posts/", authorization)) == expected
    assert ada.call("GET", "/posts/", token(NOON, aud="/v5/admin/")).ok
    assert ada.call("GET", "/site/", "").ok


def test_what_ghost_would_drop_unseen_is_refused(ada: Writer) -> None:
    for post in ({"titel": "x"}, {"newsletter": "weekly"}, {"tags": [{"name": "x", "colour": "red"}]}):
        assert error(ada.save("POST", "/posts/", title="A walk", **post))[:2] == (422, "ValidationError")


@pytest.mark.parametrize(
    "post",
    [
        {"title": "x" * 256}, {"title": 7}, {"slug": "x" * 192}, {"custom_excerpt": "x" * 301}, {"status": "public"},
        {"lexical": "{"}, {"featured": "yes"}, {"canonical_url": "not an address"}, {"feature_image_alt": "x" * 192},
        {"tags": "math"}, {"tags": ["x" * 192]}, {"meta_title": "x" * 301}, {"meta_description": "x" * 501},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(ada: Writer, post: dict[str, Any]) -> None:
    assert error(ada.save("POST", "/posts/", **{"title": "A walk", **post}))[:2] == (422, "ValidationError")


def test_a_post_is_a_draft_until_it_is_published_and_then_has_its_page(ada: Writer) -> None:
    post = ada.made(tags=[{"name": "walks"}, {"name": f"#bs-{MARK}"}])
    assert (post["status"], post["published_at"]) == ("draft", None)
    assert [tag["visibility"] for tag in post["tags"]] == ["public", "internal"]
    answer = ada.save("PUT", f"/posts/{post['id']}/", status="published", updated_at=post["updated_at"])
    published = answer.json()["posts"][0]
    assert "<em>rained</em>" in requests.get(published["url"], timeout=10).text
    assert published["url"].endswith("/ghost/a-walk/")


def test_drafts_are_listed_only_when_they_are_asked_for(ada: Writer) -> None:
    ada.made(tags=[f"#bs-{MARK}"])
    listed = {
        wish: len(ada.call("GET", "/posts/", params={"filter": wish}).json()["posts"])
        for wish in ("", f"tag:hash-bs-{MARK}", f"tag:hash-bs-{MARK}+status:[draft,published]", "tag:x+status:draft")
    }
    assert list(listed.values()) == [0, 0, 1, 0]
    assert ada.call("GET", "/posts/", params={"filter": "title:~'a'"}).status_code == 400


def test_a_slug_that_is_taken_gets_a_number(ada: Writer) -> None:
    assert [ada.made(slug="walk")["slug"] for _ in range(3)] == ["walk", "walk-2", "walk-3"]


def test_a_change_collides_with_a_newer_one_and_a_repetition_with_none(ada: Writer, clock: TestClock) -> None:
    post = ada.made()
    path, read_at = f"/posts/{post['id']}/", post["updated_at"]
    clock.forward(2)
    assert ada.save("PUT", path, status="published", updated_at=read_at).ok
    clock.forward(2)
    assert ada.save("PUT", path, status="published", updated_at=read_at).ok
    assert error(ada.save("PUT", path, title="Another", updated_at=read_at))[2] == "UPDATE_COLLISION"
    assert error(ada.save("PUT", path, title="Another"))[:2] == (422, "ValidationError")


def test_one_mail_goes_out_with_the_change_to_published_and_no_other(ada: Writer, clock: TestClock) -> None:
    post = ada.made()
    path = f"/posts/{post['id']}/"

    def save(query: str = "?newsletter=default-newsletter&email_segment=status:free", **changes: Any) -> Any:
        clock.forward(2)
        seen = ada.call("GET", path).json()["posts"][0]
        answer = ada.save("PUT", path + query, updated_at=seen["updated_at"], **changes)
        return answer.json()["posts"][0]["email"] if answer.ok else error(answer)

    assert save(title="A long walk") is None
    assert save("?newsletter=nobodys", status="published")[:2] == (500, "EmailError")
    assert save(status="published")["recipient_filter"] == "status:free"
    assert save("", status="draft")["recipient_filter"] == "status:free"
    assert save("?newsletter=default-newsletter&email_segment=all", status="published")["recipient_filter"] != "all"


def test_a_post_that_is_out_is_not_scheduled_and_one_with_a_time_to_come_is_out_at_once(ada: Writer) -> None:
    post = ada.made(status="published", published_at="2999-01-01T00:00:00Z")
    assert requests.get(post["url"], timeout=10).ok
    path = f"/posts/{post['id']}/"
    answer = ada.save("PUT", path, status="scheduled", published_at="2999-01-01T00:00:00Z",
                      updated_at=post["updated_at"])  # fmt: skip
    assert error(answer)[:2] == (422, "ValidationError")


def test_html_counts_only_where_the_address_says_so(ada: Writer) -> None:
    body = {"posts": [{"title": "A walk", "html": "<p>It <b>rained</b>.<script>x</script></p>"}]}
    shown = [
        ada.call("POST", f"/posts/{query}", json=body).json()["posts"][0]["html"] for query in ("?source=html", "")
    ]
    assert shown == ["<p>It <b>rained</b>.</p>", ""]


def test_pictures_of_known_types_are_taken_and_given_out(ada: Writer) -> None:
    files = {"file": ("c.png", b"\x89PNG", "image/png")}
    first, second = (
        ada.call("POST", "/images/upload/", files=files, data={"ref": "r"}).json()["images"][0] for _ in range(2)
    )
    assert first["ref"] == "r"
    assert (first["url"][-6:], second["url"][-8:]) == ("/c.png", "/c-1.png")
    assert requests.get(first["url"], timeout=10).content == b"\x89PNG"
    avif = {"file": ("c.avif", b"x", "image/avif")}
    assert ada.call("POST", "/images/upload/", files=avif).status_code == 415
    wrong = ada.call("POST", "/images/upload/", files={"picture": ("c.png", b"x", "image/png")})
    assert error(wrong)[2] == "LIMIT_UNEXPECTED_FILE"


def test_what_is_deleted_is_gone(ada: Writer) -> None:
    post = ada.made()
    assert ada.call("DELETE", f"/posts/{post['id']}/").status_code == 204
    assert ada.call("DELETE", f"/posts/{post['id']}/").status_code == 404
    assert ada.call("GET", "/nothing/").status_code == 406


def test_a_card_is_shown_with_all_that_its_markdown_knows(ada: Writer) -> None:
    text = (
        "One\ntwo[^1], H~2~O, 2^10^, ==marked==, `==code==`.\n\n#lazy\n\n```\n#code ^x^\n```\n\n"
        "https://x.example\n\n[^1]: a note"
    )
    root = {"root": {"children": [{"type": "markdown", "version": 1, "markdown": text}]}}
    shown = ada.made(lexical=json.dumps(root))["html"]
    for part in (
        "One<br>", "<sub>2</sub>", "<sup>10</sup>", "<mark>marked</mark>", "<code>==code==</code>", "<h1>lazy</h1>",
        "#code ^x^", 'href="https://x.example"', "a note",
    ):  # fmt: skip
        assert part in shown
