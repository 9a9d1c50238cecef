"""Mastodon against the sandbox, and against answers it would not give."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from publishers.base import Article, Examines, Health, Image, Level, Visibility
from publishers.errors import Gone, NotAuthorized, OutcomeUnknown, RateLimited, Rejected, Unavailable
from publishers.platforms.mastodon import Mastodon
from publishers.platforms.mastodon.forms import SettingsForm
from publishers.platforms.mastodon.status import counted
from sandbox.server import Serving
from tests.publishers.announcements import PAGE, AnnouncementContract
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE

KEY = "sandbox-mastodon-key"
FAMILY = "👨‍👩‍👧‍👦"


def mastodon_at(base_url: str, token: str = KEY, **settings: Any) -> Mastodon:
    settings = {"base_url": base_url, "template": "", "visibility": "public", "longest": "500"} | settings
    return made(Mastodon, {"access_token": token}, settings)


@pytest.fixture
def fresh(sandbox: Serving) -> Serving:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="mastodon", on=False)
    switches = {"tells_scopes": True, "reads_only": False, "long": False, "slow_media": False, "stuck_media": False}
    for switch, on in switches.items():
        order(sandbox, "switches", platform="mastodon", switch=switch, on=on)
    return sandbox


@pytest.fixture
def mastodon(fresh: Serving) -> Mastodon:
    return mastodon_at(f"{fresh.url}/mastodon")


def statuses(sandbox: Serving) -> list[dict[str, Any]]:
    listed = requests.get(f"{sandbox.url}/_sandbox/articles?platform=mastodon", timeout=5).json()
    return [one for one in listed if one["public"]]


class TestContract(AnnouncementContract):
    kind = Mastodon
    credentials = {"access_token": KEY}
    wrong_credentials = {"access_token": "wrong"}

    @pytest.fixture
    def settings(self, fresh: Serving) -> dict[str, Any]:
        return {"base_url": f"{fresh.url}/mastodon", "template": "{title} {link} {tags}", "visibility": "public"}


# --- Who we are --------------------------------------------------------------------------------------------------


def test_it_names_the_account_with_its_instance_and_what_this_takes(mastodon: Mastodon) -> None:
    account = mastodon.verify()
    assert account.name.startswith("@sandbox@127.0.0.1")
    assert account.choices == {"longest": (("500", "500 characters"),)}


def test_an_instance_that_takes_more_by_now_offers_both(mastodon: Mastodon, fresh: Serving) -> None:
    order(fresh, "switches", platform="mastodon", switch="long", on=True)
    assert dict(mastodon.verify().choices["longest"]) == {"5000": "5000 characters", "500": "500 characters"}


def test_a_token_that_may_only_read_is_told_which_scope_is_missing(fresh: Serving) -> None:
    with pytest.raises(NotAuthorized, match="write:statuses is missing"):
        mastodon_at(f"{fresh.url}/mastodon", "sandbox-mastodon-reader-key").verify()


def test_an_instance_that_does_not_tell_scopes_is_believed_until_it_refuses(fresh: Serving) -> None:
    order(fresh, "switches", platform="mastodon", switch="tells_scopes", on=False)
    reader = mastodon_at(f"{fresh.url}/mastodon", "sandbox-mastodon-reader-key")
    assert reader.verify().id
    with pytest.raises(NotAuthorized, match="outside the authorized scopes"):
        reader.publish(ARTICLE)


@pytest.mark.parametrize(("tells", "health"), [(True, Health.WELL), (False, Health.UNKNOWN)])
def test_its_health_says_what_the_token_may_do(mastodon: Mastodon, fresh: Serving, tells: bool, health: Health) -> None:
    order(fresh, "switches", platform="mastodon", switch="tells_scopes", on=tells)
    assert isinstance(mastodon, Examines)
    assert [check.health for check in mastodon.examine(mastodon.verify())] == [health]


@pytest.mark.parametrize("scopes", [["read", "write"], ["write:statuses", "read:statuses", "read:accounts"]])
def test_scopes_may_be_given_whole_or_in_parts(httpserver: HTTPServer, scopes: list[str]) -> None:
    serve_account(httpserver, scopes=scopes)
    assert mastodon_at(httpserver.url_for("")).verify().id == "1"


@pytest.mark.parametrize("me", [{}, [], {"id": 7, "acct": "ada"}, {"id": "../x", "acct": "ada"}, {"id": "1"}])
def test_an_account_that_is_not_named_is_unavailable(httpserver: HTTPServer, me: Any) -> None:
    httpserver.expect_request("/api/v1/accounts/verify_credentials").respond_with_json(me)
    with pytest.raises(Unavailable):
        mastodon_at(httpserver.url_for("")).verify()


@pytest.mark.parametrize(("longest", "fits"), [("10", True), ("", True), ("999999", True), ("0", False), ("x", False)])
def test_the_longest_text_is_a_number(longest: str, fits: bool) -> None:
    form = SettingsForm(
        {"base_url": "https://a.example", "template": "{link}", "visibility": "public", "longest": longest}
    )
    assert form.is_valid() is fits


# --- What is sent ------------------------------------------------------------------------------------------------


def test_the_request_says_what_is_meant(mastodon: Mastodon) -> None:
    assert mastodon.payload(replace(ARTICLE, language="de-AT", options={"visibility": "unlisted"})) == {
        "status": f"{ARTICLE.title}\n\n{PAGE}\n\n#math #history",
        "visibility": "unlisted",
        "language": "de",
    }
    assert "language" not in mastodon.payload(replace(ARTICLE, language=""))


def test_web_addresses_count_23_and_a_family_counts_one() -> None:
    assert counted("https://a.example/" + "x" * 400) == 23
    assert counted("http://a.b") == 23
    assert counted(f"{FAMILY} {FAMILY}") == 3
    assert counted("(https://a.example/x_(y)).") == 26


@pytest.mark.parametrize("template", ["({link})", "{link}.", "“{link}”, he said", "{link}"])
@pytest.mark.parametrize("page", ["https://a.example/x_(y)", "https://a.example/x?a=1&b=2", "https://a.example/ä/"])
def test_whatever_stands_around_it_the_page_is_known_again(fresh: Serving, template: str, page: str) -> None:
    mastodon = mastodon_at(f"{fresh.url}/mastodon", template=template)
    article = replace(ARTICLE, canonical_url=page)
    assert mastodon.publish(article) == mastodon.find(article)


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Of looms", []),
        ("@property in Python", ["@property"]),
        ("ada@example.com", []),
        ("Mit @grace@b.example", ["@grace@b.example"]),
    ],
)
def test_a_title_that_would_call_somebody_is_told(mastodon: Mastodon, title: str, names: list[str]) -> None:
    told = [finding.message for finding in mastodon.check(replace(ARTICLE, title=title)) if finding.field == "title"]
    assert len(told) == len(names)
    assert all(name in message for name, message in zip(names, told, strict=True))


@pytest.mark.parametrize(("length", "findings"), [(499, []), (500, []), (501, [(Level.REFUSED, "options")])])
def test_a_text_has_up_to_500_characters(fresh: Serving, length: int, findings: Any) -> None:
    mastodon = mastodon_at(f"{fresh.url}/mastodon")
    text = "x" * (length - 24) + " {link}"
    assert [one for one in said(mastodon, options={"text": text}) if one[0] is not Level.NOTE] == findings
    article = replace(ARTICLE, options={"text": text})
    if findings:
        with pytest.raises(Rejected, match="character limit of 500"):
            mastodon.publish(article)
    else:
        assert mastodon.publish(article).visibility is Visibility.PUBLIC


def test_where_the_instance_takes_more_so_do_we(fresh: Serving) -> None:
    order(fresh, "switches", platform="mastodon", switch="long", on=True)
    long = mastodon_at(f"{fresh.url}/mastodon", longest="5000")
    article = replace(ARTICLE, options={"text": "x" * 4976 + " {link}"})
    assert [finding for finding in long.check(article) if finding.level is Level.REFUSED] == []
    assert long.publish(article).id


# --- Once --------------------------------------------------------------------------------------------------------


def test_sent_twice_within_an_hour_it_is_there_once(mastodon: Mastodon, fresh: Serving) -> None:
    assert mastodon.publish(ARTICLE) == mastodon.publish(replace(ARTICLE, title="Another by now"))
    assert len(statuses(fresh)) == 1


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_lost_answer_leaves_it_unknown_and_a_look_finds_it(mastodon: Mastodon, fresh: Serving, fault: str) -> None:
    order(fresh, "faults", platform="mastodon", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        mastodon.publish(ARTICLE)
    found = mastodon.find(ARTICLE)
    assert found is not None
    assert found == mastodon.publish(ARTICLE)
    assert len(statuses(fresh)) == 1


def test_an_announcement_of_long_ago_is_another_one(mastodon: Mastodon) -> None:
    mastodon.publish(ARTICLE)
    tomorrow = replace(ARTICLE, due_at=datetime.now(UTC) + timedelta(hours=13))
    assert mastodon.find(tomorrow) is None
    assert mastodon.find(replace(ARTICLE, due_at=datetime.now(UTC) + timedelta(hours=11))) is not None


def test_it_is_found_behind_more_than_one_page_of_others(mastodon: Mastodon, fresh: Serving) -> None:
    there = mastodon.publish(ARTICLE)
    for number in range(41):
        other = replace(ARTICLE, key=str(number), canonical_url=f"https://ada.example/{number}")
        mastodon.publish(other)
    assert mastodon.find(ARTICLE) == there


def test_where_too_much_is_newer_nothing_is_claimed(httpserver: HTTPServer) -> None:
    serve_account(httpserver)
    now = datetime.now(UTC).isoformat()
    page = [{"id": str(number), "created_at": now, "content": ""} for number in range(40)]
    httpserver.expect_request("/api/v1/accounts/1/statuses").respond_with_json(page)
    with pytest.raises(Unavailable, match="more than 120"):
        mastodon_at(httpserver.url_for("")).find(ARTICLE)


@pytest.mark.parametrize("listed", [{}, [7], [{"id": 7}], {"error": "no"}])
def test_a_list_that_is_none_is_unavailable(httpserver: HTTPServer, listed: Any) -> None:
    serve_account(httpserver)
    httpserver.expect_request("/api/v1/accounts/1/statuses").respond_with_json(listed)
    with pytest.raises(Unavailable):
        mastodon_at(httpserver.url_for("")).find(ARTICLE)


# --- Answers -----------------------------------------------------------------------------------------------------


def test_three_hundred_calls_in_five_minutes_and_then_it_waits(fresh: Serving) -> None:
    order(fresh, "limits", platform="mastodon", on=True)
    mastodon = mastodon_at(f"{fresh.url}/mastodon")
    for number in range(300):
        mastodon.publish(replace(ARTICLE, key=str(number)))
    with pytest.raises(RateLimited) as caught:
        mastodon.publish(ARTICLE)
    assert 290 < (caught.value.retry_after or 0) <= 300
    order(fresh, "limits", platform="mastodon", on=False)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 300), ({"Retry-After": "7"}, 7), ({"X-RateLimit-Reset": "2001-01-01T00:00:00Z"}, 1)],
)
def test_being_asked_to_wait_is_as_long_as_is_said(httpserver: HTTPServer, headers: Any, seconds: float) -> None:
    answer_create(httpserver, {"error": "Too many requests"}, 429, headers)
    with pytest.raises(RateLimited) as caught:
        mastodon_at(httpserver.url_for("")).publish(ARTICLE)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotAuthorized), (403, NotAuthorized), (404, Rejected), (422, Rejected), (500, OutcomeUnknown),
     (503, OutcomeUnknown), (302, OutcomeUnknown), (301, Rejected)],
)  # fmt: skip
def test_every_refusal_has_its_meaning(httpserver: HTTPServer, status: int, kind: type[Exception]) -> None:
    answer_create(httpserver, {"error": "Because."}, status)
    with pytest.raises(kind):
        mastodon_at(httpserver.url_for("")).publish(ARTICLE)


@pytest.mark.parametrize(
    "status", [{}, [], {"id": 7, "url": "https://a.example"}, {"id": "7"}, {"id": "7", "url": "/x"}]
)
def test_a_success_without_id_or_address_is_unknown(httpserver: HTTPServer, status: Any) -> None:
    answer_create(httpserver, status, 200)
    with pytest.raises(OutcomeUnknown):
        mastodon_at(httpserver.url_for("")).publish(ARTICLE)


def test_the_key_and_the_token_travel_as_headers(httpserver: HTTPServer) -> None:
    answer_create(httpserver, {"id": "7", "url": "https://a.example/@ada/7"}, 200)
    mastodon_at(httpserver.url_for("")).publish(ARTICLE)
    [(sent, _)] = httpserver.log
    assert sent.headers["Idempotency-Key"] == ARTICLE.key
    assert sent.headers["Authorization"] == f"Bearer {KEY}"


def test_an_edit_does_not_say_again_who_sees_it(httpserver: HTTPServer) -> None:
    seen: list[Any] = []

    def edited(request: Request) -> Response:
        seen.append(json.loads(request.data))
        return Response(json.dumps({"id": "7", "url": "https://a.example/@ada/7"}), 200)

    httpserver.expect_request("/api/v1/statuses/7", method="PUT").respond_with_handler(edited)
    httpserver.expect_request("/api/v1/statuses/7", method="GET").respond_with_json({"id": "7"})
    mastodon_at(httpserver.url_for("")).update("7", ARTICLE)
    assert seen[0].keys() == {"status", "language"}


def test_what_is_no_number_is_gone(mastodon: Mastodon) -> None:
    with pytest.raises(Gone):
        mastodon.unpublish("../me")


def serve_account(server: HTTPServer, scopes: list[str] | None = None) -> None:
    me = {"id": "1", "acct": "ada", "url": "https://a.example/@ada"}
    server.expect_request("/api/v1/accounts/verify_credentials").respond_with_json(me)
    server.expect_request("/api/v1/apps/verify_credentials").respond_with_json({"scopes": scopes})
    server.expect_request("/api/v2/instance").respond_with_json({})


def answer_create(server: HTTPServer, body: Any, status: int, headers: dict[str, str] | None = None) -> None:
    text = json.dumps(body)
    server.expect_request("/api/v1/statuses").respond_with_data(text, status, headers, "application/json")


# --- The picture -----------------------------------------------------------------------------------------------------

MEGABYTES_16 = 16 * 1024 * 1024


def with_cover(tmp_path: Path, size: int = 10, kind: str = "image/png", alt: str = "") -> Article:
    path = tmp_path / "cover.png"
    path.write_bytes(b"x" * size)
    image = Image(
        digest="1", url="https://ours.example/c.png", path=path, name="c.png", media_type=kind, size=size, alt=alt
    )
    return replace(ARTICLE, cover_url=image.url, images=(image,))


def shown(sandbox: Serving, number: str) -> list[dict[str, Any]]:
    address = f"{sandbox.url}/mastodon/api/v1/statuses/{number}"
    status = requests.get(address, headers={"Authorization": f"Bearer {KEY}"}, timeout=5).json()
    return list(status["media_attachments"])


@pytest.fixture
def showing(fresh: Serving) -> Mastodon:
    return mastodon_at(f"{fresh.url}/mastodon", picture=True)


def test_the_cover_is_attached_only_where_it_is_wanted(mastodon: Mastodon, fresh: Serving, tmp_path: Path) -> None:
    article = with_cover(tmp_path, alt="A loom")
    assert shown(fresh, mastodon.publish(article).id) == []
    asked = replace(article, key="7", options={"picture": "yes"})
    [media] = shown(fresh, mastodon.publish(asked).id)
    assert media["description"] == "A loom"


def test_the_delivery_may_leave_it_out(showing: Mastodon, fresh: Serving, tmp_path: Path) -> None:
    article = with_cover(tmp_path)
    assert shown(fresh, showing.publish(replace(article, options={"picture": "no"})).id) == []


def test_a_picture_that_takes_a_while_is_waited_for_a_few_looks(
    showing: Mastodon, fresh: Serving, tmp_path: Path
) -> None:
    order(fresh, "switches", platform="mastodon", switch="slow_media", on=True)
    post = showing.publish(with_cover(tmp_path))
    assert len(shown(fresh, post.id)) == 1
    assert post.note == ""


def test_one_that_is_never_ready_is_left_out_and_that_is_said(
    showing: Mastodon, fresh: Serving, tmp_path: Path
) -> None:
    order(fresh, "switches", platform="mastodon", switch="stuck_media", on=True)
    post = showing.publish(with_cover(tmp_path))
    assert shown(fresh, post.id) == []
    assert post.note == "Without its picture: the instance was still at work on it."
    assert [exchange.method for exchange in showing.http.exchanges] == ["POST", "GET", "GET", "GET", "POST"]


@pytest.mark.parametrize("size", [MEGABYTES_16 - 1, MEGABYTES_16, MEGABYTES_16 + 1])
def test_pictures_have_up_to_16_megabytes(showing: Mastodon, fresh: Serving, tmp_path: Path, size: int) -> None:
    showing.http.deadline = showing.http.read = 30  # so much takes a while on a busy machine
    article = with_cover(tmp_path, size)
    fits = size <= MEGABYTES_16
    assert [f.level for f in showing.check(article) if f.field == "cover_url"] == ([] if fits else [Level.LOST])
    assert len(shown(fresh, showing.publish(article).id)) == int(fits)


@pytest.mark.parametrize("change", [{"images": ()}, {"kind": "image/svg+xml"}])
def test_what_cannot_be_attached_is_said_beforehand(showing: Mastodon, tmp_path: Path, change: Any) -> None:
    article = with_cover(tmp_path, kind=change.pop("kind", "image/png"))
    article = replace(article, **change)
    assert [f.level for f in showing.check(article) if f.field == "cover_url"] == [Level.LOST]
    assert showing.publish(article).id


def test_a_picture_that_is_refused_does_not_keep_the_words_back(
    showing: Mastodon, fresh: Serving, tmp_path: Path
) -> None:
    article = with_cover(tmp_path)
    body = json.dumps({"error": "Validation failed: File is broken"})
    order(fresh, "faults", platform="mastodon", call="upload", fault="status", status=422, body=body)
    post = showing.publish(article)
    assert post.note == "Without its picture, which the instance refused: Validation failed: File is broken."


def test_an_edit_leaves_the_picture_where_it_is(showing: Mastodon, fresh: Serving, tmp_path: Path) -> None:
    article = with_cover(tmp_path)
    post = showing.publish(article)
    showing.update(post.id, replace(article, title="Second thoughts"))
    assert len(shown(fresh, post.id)) == 1


def test_with_pictures_one_more_scope_is_needed(httpserver: HTTPServer) -> None:
    serve_account(httpserver, scopes=["write:statuses", "read"])
    with pytest.raises(NotAuthorized, match="write:media is missing"):
        mastodon_at(httpserver.url_for(""), picture=True).verify()
