"""Bluesky against the sandbox, whose records are as strict as its lexicons, and against answers it would not give."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from publishers.base import Article, Image, Level
from publishers.errors import Gone, NotAuthorized, OutcomeUnknown, RateLimited, Rejected, Unavailable
from publishers.platforms.bluesky import Bluesky, sessions
from publishers.platforms.bluesky.forms import SettingsForm
from publishers.platforms.bluesky.record import BYTES, THUMB_BYTES, facets, prepare, record, record_key, shortened
from sandbox.platforms.bluesky import TID, lexicon
from sandbox.server import Serving, serve
from tests.publishers.announcements import PAGE, AnnouncementContract
from tests.publishers.conftest import made, order
from tests.publishers.contract import ARTICLE
from tests.sandbox.conftest import TestClock

KEY = "sandbox-bluesky-key"
HANDLE = "sandbox.bsky.example"
POST = "app.bsky.feed.post"
FAMILY = "👨‍👩‍👧‍👦"
LINK = "ada.example/notes"


@pytest.fixture(scope="module")
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(scope="module")
def serving(clock: TestClock) -> Iterator[Serving]:
    with serve(port=0, clock=clock) as serving:
        yield serving


@pytest.fixture
def fresh(serving: Serving) -> Serving:
    order(serving, "reset")
    order(serving, "limits", platform="bluesky", on=False)
    sessions._kept.clear()  # as in a process that has just begun
    return serving


def bluesky_at(base_url: str, password: str = KEY, **settings: Any) -> Bluesky:
    settings = {"handle": HANDLE, "template": "", "base_url": base_url, "site_url": base_url} | settings
    return made(Bluesky, {"app_password": password}, settings)


@pytest.fixture
def bluesky(fresh: Serving) -> Bluesky:
    return bluesky_at(f"{fresh.url}/bluesky")


def posts(sandbox: Serving) -> list[dict[str, Any]]:
    listed = requests.get(f"{sandbox.url}/_sandbox/articles?platform=bluesky", timeout=5).json()
    return [one for one in listed if one["public"]]


def calls(bluesky: Bluesky) -> list[str]:
    return [exchange.url.split("?")[0].rpartition(".")[2] for exchange in bluesky.http.exchanges]


class TestContract(AnnouncementContract):
    kind = Bluesky
    credentials = {"app_password": KEY}
    wrong_credentials = {"app_password": "wrong"}

    @pytest.fixture
    def settings(self, fresh: Serving) -> dict[str, Any]:
        place = f"{fresh.url}/bluesky"
        return {"handle": HANDLE, "template": "{title} {link} {tags}", "base_url": place, "site_url": place}


# --- The record's own key ------------------------------------------------------------------------------------------


def test_the_key_is_a_valid_tid_and_always_the_same_for_the_same_delivery() -> None:
    keys = [str(uuid.UUID(int=number, version=4)) for number in range(2000)]
    made = [record_key(key) for key in keys]
    assert all(TID.fullmatch(one) for one in made)
    assert made == [record_key(key) for key in keys]
    assert len(set(made)) == 2000


def test_its_moment_is_one_of_2024() -> None:
    for number in range(200):
        value = 0
        for digit in record_key(str(number)):
            value = value << 5 | "234567abcdefghijklmnopqrstuvwxyz".index(digit)
        assert datetime.fromtimestamp((value >> 10) / 1_000_000, UTC).year == 2024


def test_another_time_is_the_same_record(bluesky: Bluesky, fresh: Serving) -> None:
    first = bluesky.publish(ARTICLE)
    assert ARTICLE.due_at
    assert bluesky.publish(replace(ARTICLE, due_at=ARTICLE.due_at + timedelta(days=3))) == first
    assert len(posts(fresh)) == 1


# --- The text ------------------------------------------------------------------------------------------------------


def texts(made: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What each facet covers, and what it says of that."""
    text = made["text"].encode()
    return [
        (text[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(), one["features"][0])
        for one in made.get("facets", [])
    ]


def recorded(**changes: Any) -> dict[str, Any]:
    return record(replace(ARTICLE, **changes), {"template": "{title} {link} {tags}"})


def test_links_and_tags_are_named_by_their_bytes() -> None:
    made = recorded(title=f"Größe {FAMILY}", tags=("machine learning", "Größe"))
    assert made["text"] == f"Größe {FAMILY} {LINK} #MachineLearning #Größe"
    assert texts(made) == [
        (LINK, {"$type": "app.bsky.richtext.facet#link", "uri": PAGE}),
        ("#MachineLearning", {"$type": "app.bsky.richtext.facet#tag", "tag": "MachineLearning"}),
        ("#Größe", {"$type": "app.bsky.richtext.facet#tag", "tag": "Größe"}),
    ]


def test_what_the_author_types_is_a_link_or_a_tag_as_well() -> None:
    words = "Für (https://ada.example/ä?x=1), siehe #Maß und C# #1 a#b. {link}"
    made = recorded(options={"text": words})
    assert [(text, *list(feature.values())[1:]) for text, feature in texts(made)] == [
        ("https://ada.example/ä?x=1", "https://ada.example/ä?x=1"), ("#Maß", "Maß"), (LINK, PAGE),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "address"),
    [("(see https://a.example/x).", "https://a.example/x"), ("https://a.example/x_(y)!", "https://a.example/x_(y)"),
     ("“https://a.example”", "https://a.example"), ("https://", None)],
)  # fmt: skip
def test_an_address_ends_before_the_signs_that_follow_it(typed: str, address: str | None) -> None:
    found = [text for text, _ in texts(recorded(options={"text": typed + " {link}"}))]
    assert found == [*([address] if address else []), LINK]


def test_a_title_with_a_hash_is_no_tag() -> None:
    assert [text for text, _ in texts(recorded(title="Of #looms", tags=()))] == [LINK]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://www.ada.example/", "ada.example"),
        ("https://a.example/" + "x" * 20, "a.example/" + "x" * 20),
        ("https://a.example/" + "x" * 21, "a.example/" + "x" * 19 + "…"),
    ],
)
def test_an_address_is_shown_short(url: str, shown: str) -> None:
    assert shortened(url) == shown


@pytest.mark.parametrize("number", [299, 300, 301])
def test_a_text_has_up_to_300_characters(bluesky: Bluesky, number: int) -> None:
    words = FAMILY * 20 + "x" * (number - 21 - len(LINK)) + " {link}"
    assert_bound(bluesky, replace(ARTICLE, options={"text": words}), number <= 300)


@pytest.mark.parametrize("length", [63, 64, 65])
@pytest.mark.parametrize(("letter", "most"), [("x", 64), ("ä" + "\u0308" * 8, 35)])
def test_a_tag_has_up_to_64_characters_and_640_bytes(bluesky: Bluesky, letter: str, most: int, length: int) -> None:
    number = length - 64 + most
    article = replace(ARTICLE, tags=(letter * number,))
    found = [finding.level for finding in bluesky.check(article) if finding.field == "tags"]
    assert found == ([] if number <= most else [Level.LOST])
    assert bluesky.publish(article).id


@pytest.mark.parametrize("number", [BYTES - 1, BYTES, BYTES + 1])
def test_a_text_has_up_to_3000_bytes(bluesky: Bluesky, number: int) -> None:
    left = number - len(LINK) - 1
    families, rest = divmod(left, len(FAMILY.encode()))
    words = FAMILY * families + "x" * rest + " {link}"
    assert len(prepare(replace(ARTICLE, options={"text": words}), {}).text.encode()) == number
    assert_bound(bluesky, replace(ARTICLE, options={"text": words}), number <= BYTES)


def assert_bound(bluesky: Bluesky, article: Article, fits: bool) -> None:
    """What is said beforehand is what the server says."""
    refused = [finding for finding in bluesky.check(article) if finding.level is Level.REFUSED]
    assert bool(refused) is not fits
    if fits:
        assert bluesky.publish(article).id
    else:
        with pytest.raises(Rejected, match="must not be longer"):
            bluesky.publish(article)


# --- The record ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"language": "de-AT"}, {"language": ""}, {"language": "no language"}, {"tags": (), "summary": ""},
        {"title": "😀" * 400}, {"tags": ("x" * 70,)}, {"due_at": None}, {"title": "\ud800 half a character"},
    ],
)  # fmt: skip
def test_every_record_is_what_its_lexicon_says(bluesky: Bluesky, changes: Any) -> None:
    sent = bluesky.payload(replace(ARTICLE, **changes))
    assert lexicon.mistakes(POST, json.loads(json.dumps(sent["record"]))) == []
    assert bluesky.publish(replace(ARTICLE, **changes)).id


def test_the_record_has_a_card_and_says_its_language() -> None:
    made = recorded(summary="What it\ncan do.")
    assert made["$type"] == POST
    assert made["createdAt"] == "2026-11-22T18:30:00.000Z"
    assert made["langs"] == ["en"]
    card = {"uri": PAGE, "title": ARTICLE.title, "description": "What it can do."}
    assert made["embed"] == {"$type": "app.bsky.embed.external", "external": card}


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": None}, {"createdAt": "today"}, {"langs": ["en", "de", "fr", "it"]}, {"lang": "en"}, {"langs": ["e n"]},
        {"embed": {"$type": "app.bsky.embed.images"}}, {"facets": [{"index": {"byteStart": -1, "byteEnd": 2}}]},
        {"facets": [{"index": {"byteStart": 0, "byteEnd": 9999}, "features": []}]}, {"text": "x" * 301},
    ],
)  # fmt: skip
def test_the_lexicons_know_what_is_wrong(wrong: Any) -> None:
    assert lexicon.mistakes(POST, recorded() | wrong)


def test_facets_never_begin_within_a_character() -> None:
    made = recorded(title="ä")
    made["facets"][0]["index"]["byteStart"] = 1
    assert lexicon.mistakes(POST, made)
    assert facets([]) == []


# --- The picture of the card ---------------------------------------------------------------------------------------


def with_cover(tmp_path: Path, size: int, kind: str = "image/png") -> Article:
    path = tmp_path / "cover"
    path.write_bytes(b"x" * size)
    image = Image(digest="1", url="https://ours.example/cover.png", path=path, name="c", media_type=kind, size=size)
    return replace(ARTICLE, cover_url=image.url, images=(image,))


@pytest.mark.parametrize("size", [THUMB_BYTES - 1, THUMB_BYTES, THUMB_BYTES + 1])
def test_the_cover_is_on_the_card_up_to_a_million_bytes(
    bluesky: Bluesky, fresh: Serving, tmp_path: Path, size: int
) -> None:
    article = with_cover(tmp_path, size)
    bluesky.publish(article)
    fits = size <= THUMB_BYTES
    assert ("uploadBlob" in calls(bluesky)) is fits
    assert [f.level for f in bluesky.check(article) if f.field == "cover_url"] == ([] if fits else [Level.LOST])


@pytest.mark.parametrize("kind", ["image/svg+xml", "application/pdf"])
def test_what_is_no_picture_is_not_on_the_card(bluesky: Bluesky, tmp_path: Path, kind: str) -> None:
    article = with_cover(tmp_path, 10, kind)
    assert [f.level for f in bluesky.check(article) if f.field == "cover_url"] == [Level.LOST]
    assert bluesky.publish(article).id


def test_the_cover_of_somebody_else_is_told(bluesky: Bluesky) -> None:
    [told] = [f for f in bluesky.check(replace(ARTICLE, cover_url="https://a.example/c.png")) if f.field == "cover_url"]
    assert "only a cover that was uploaded here" in told.message


def test_a_picture_whose_answer_is_lost_harms_nothing(bluesky: Bluesky, fresh: Serving, tmp_path: Path) -> None:
    order(fresh, "faults", platform="bluesky", call="upload", fault="close", when="after")
    with pytest.raises(Unavailable):
        bluesky.publish(with_cover(tmp_path, 10))
    assert posts(fresh) == []
    assert bluesky.publish(with_cover(tmp_path, 10)).id


# --- Sessions ------------------------------------------------------------------------------------------------------


def test_one_log_in_is_enough_for_many_calls(bluesky: Bluesky, fresh: Serving) -> None:
    bluesky.publish(ARTICLE)
    bluesky.find(ARTICLE)
    assert calls(bluesky) == ["createSession", "putRecord", "getRecord"]
    again = bluesky_at(f"{fresh.url}/bluesky")
    again.publish(ARTICLE)
    assert calls(again) == ["putRecord"]


def test_a_session_that_has_run_out_is_renewed(bluesky: Bluesky, fresh: Serving, clock: TestClock) -> None:
    there = bluesky.publish(ARTICLE)
    clock.forward(3 * 3600)
    later = bluesky_at(f"{fresh.url}/bluesky")
    assert later.publish(ARTICLE) == there
    assert calls(later) == ["putRecord", "refreshSession", "putRecord"]
    assert len(posts(fresh)) == 1


def test_looking_needs_no_session_that_lives(bluesky: Bluesky, fresh: Serving, clock: TestClock) -> None:
    there = bluesky.publish(ARTICLE)
    clock.forward(3 * 3600)
    later = bluesky_at(f"{fresh.url}/bluesky")
    assert later.find(ARTICLE) == there
    assert calls(later) == ["getRecord"]


def test_one_that_is_too_old_to_be_renewed_becomes_a_new_log_in(
    bluesky: Bluesky, fresh: Serving, clock: TestClock
) -> None:
    bluesky.publish(ARTICLE)
    clock.forward(90 * 86_400)
    later = bluesky_at(f"{fresh.url}/bluesky")
    later.publish(ARTICLE)
    assert calls(later) == ["putRecord", "refreshSession", "createSession", "putRecord"]


def test_where_another_thread_was_quicker_its_session_is_taken(bluesky: Bluesky, fresh: Serving) -> None:
    bluesky.verify()
    old = bluesky._session()
    newer = sessions.keep(bluesky._name, replace(old, access="newer"))
    assert bluesky._renewed(old) == newer


def test_a_check_logs_in_anew(bluesky: Bluesky, fresh: Serving) -> None:
    bluesky.verify()
    bluesky.verify()
    assert calls(bluesky) == ["createSession", "createSession"]


def test_another_password_is_another_session(bluesky: Bluesky, fresh: Serving) -> None:
    bluesky.verify()
    with pytest.raises(NotAuthorized, match="handle and its app password"):
        bluesky_at(f"{fresh.url}/bluesky", "wrong").publish(ARTICLE)


def test_no_token_is_ever_kept_with_what_was_said(bluesky: Bluesky, clock: TestClock) -> None:
    bluesky.publish(ARTICLE)
    clock.forward(3 * 3600)
    bluesky.find(ARTICLE)
    session = sessions.kept(bluesky._name)
    assert session is not None
    said = repr(bluesky.http.exchanges)
    for secret in (session.access, session.refresh, KEY, "access-", "refresh-"):
        assert secret not in said
    assert session.access not in repr(session)
    assert KEY not in repr(sessions._kept)


def test_sessions_are_not_kept_without_end() -> None:
    sessions._kept.clear()
    for number in range(sessions.MOST + 1):
        sessions.keep(str(number), sessions.Session("did", "handle", "a", "b"))
    assert sessions.kept("0") is None
    assert len(sessions._kept) == sessions.MOST
    sessions._kept.clear()


def test_the_31st_log_in_within_five_minutes_waits(fresh: Serving) -> None:
    order(fresh, "limits", platform="bluesky", on=True)
    bluesky = bluesky_at(f"{fresh.url}/bluesky")
    for _ in range(30):
        bluesky.verify()
    with pytest.raises(RateLimited) as caught:
        bluesky.verify()
    assert caught.value.retry_after
    order(fresh, "limits", platform="bluesky", on=False)


def test_an_own_password_that_wants_a_code_is_told_what_to_do(fresh: Serving) -> None:
    grace = bluesky_at(f"{fresh.url}/bluesky", "sandbox-bluesky-own-key", handle="grace.bsky.example")
    with pytest.raises(NotAuthorized, match="make an app password"):
        grace.verify()


def test_an_account_that_was_taken_down_is_told(fresh: Serving) -> None:
    order(fresh, "accounts", platform="bluesky", username="linus", key="linus-key", taken_down=True)
    with pytest.raises(NotAuthorized, match="does not let this account in"):
        bluesky_at(f"{fresh.url}/bluesky", "linus-key", handle="linus.bsky.example").verify()


@pytest.mark.parametrize(
    ("handle", "kept"),
    [("@Ada.bsky.social ", "ada.bsky.social"), ("ada.example", "ada.example"), ("ada", None), ("a@b.example", None),
     ("ada..example", None), ("-a.example", None), ("ada.1", None)],
)  # fmt: skip
def test_a_handle_is_a_name_with_a_dot(handle: str, kept: str | None) -> None:
    form = SettingsForm({"handle": handle, "template": "{link}", "base_url": "https://bsky.social"})
    assert form.is_valid() is (kept is not None)
    assert kept is None or form.cleaned_data["handle"] == kept


# --- Answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_lost_answer_leaves_it_unknown_and_a_look_finds_it(bluesky: Bluesky, fresh: Serving, fault: str) -> None:
    order(fresh, "faults", platform="bluesky", call="create", fault=fault, when="after")
    with pytest.raises(OutcomeUnknown):
        bluesky.publish(ARTICLE)
    assert bluesky.find(ARTICLE) == bluesky.publish(ARTICLE)
    assert len(posts(fresh)) == 1


SESSION = {"did": "did:plc:ada", "handle": HANDLE, "accessJwt": "a", "refreshJwt": "r"}


def answering(server: HTTPServer, method: str, body: Any, status: int = 200, headers: Any = None) -> Bluesky:
    sessions._kept.clear()
    server.expect_request("/xrpc/com.atproto.server.createSession").respond_with_json(SESSION)
    server.expect_request(f"/xrpc/com.atproto.repo.{method}").respond_with_data(
        json.dumps(body), status, headers, "application/json"
    )
    return bluesky_at(server.url_for(""))


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "InvalidRequest", Rejected), (400, "InvalidSwap", Rejected), (401, "AuthMissing", NotAuthorized),
        (400, "AccountTakedown", NotAuthorized), (403, "AccountDeactivated", NotAuthorized), (500, "x", OutcomeUnknown),
        (502, "UpstreamFailure", OutcomeUnknown), (413, "PayloadTooLarge", Rejected), (404, "x", Rejected),
    ],
)  # fmt: skip
def test_every_refusal_has_its_meaning(httpserver: HTTPServer, status: int, error: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        answering(httpserver, "putRecord", {"error": error, "message": "Because"}, status).publish(ARTICLE)


def test_a_session_that_runs_out_at_once_closes_the_channel_and_does_not_turn_in_circles(
    httpserver: HTTPServer,
) -> None:
    bluesky = answering(httpserver, "putRecord", {"error": "ExpiredToken", "message": "Token has expired"}, 400)
    httpserver.expect_request("/xrpc/com.atproto.server.refreshSession").respond_with_json({"error": "x"}, 400)
    with pytest.raises(NotAuthorized):
        bluesky.publish(ARTICLE)
    assert len(bluesky.http.exchanges) == 5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 300), ({"Retry-After": "7"}, 7), ({"RateLimit-Reset": "1000000000"}, 1), ({"RateLimit-Reset": "x"}, 300)],
)
def test_being_asked_to_wait_is_as_long_as_is_said(httpserver: HTTPServer, headers: Any, seconds: float) -> None:
    with pytest.raises(RateLimited) as caught:
        answering(httpserver, "putRecord", {"error": "RateLimitExceeded"}, 429, headers).publish(ARTICLE)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("body", [{}, [], {"uri": 7}, {"uri": f"at://did:plc:ada/{POST}/2222222222222"}, "x"])
def test_a_success_without_our_record_is_unknown(httpserver: HTTPServer, body: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(httpserver, "putRecord", body).publish(ARTICLE)


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (400, {"error": "RecordNotFound", "message": "x"}, None),
        (400, {"error": "InvalidRequest", "message": "Could not locate record: at://x"}, None),
        (400, {"error": "InvalidRequest", "message": "Could not find repo: x"}, Unavailable),
        (404, {}, Unavailable), (200, {}, Unavailable), (200, {"uri": 7}, Unavailable), (502, {}, Unavailable),
    ],
)  # fmt: skip
def test_only_a_record_that_is_said_to_be_missing_is_missing(
    httpserver: HTTPServer, status: int, body: Any, found: Any
) -> None:
    bluesky = answering(httpserver, "getRecord", body, status)
    if found is None:
        assert bluesky.find(ARTICLE) is None
        return
    with pytest.raises(found):
        bluesky.find(ARTICLE)


@pytest.mark.parametrize("session", [{}, [], SESSION | {"did": None}, SESSION | {"accessJwt": ""}])
def test_a_log_in_without_tokens_is_unavailable(httpserver: HTTPServer, session: Any) -> None:
    sessions._kept.clear()
    httpserver.expect_request("/xrpc/com.atproto.server.createSession").respond_with_json(session)
    with pytest.raises(Unavailable):
        bluesky_at(httpserver.url_for("")).verify()


def test_an_account_that_is_not_active_is_told(httpserver: HTTPServer) -> None:
    sessions._kept.clear()
    answer = SESSION | {"active": False, "status": "deactivated"}
    httpserver.expect_request("/xrpc/com.atproto.server.createSession").respond_with_json(answer)
    with pytest.raises(NotAuthorized, match="deactivated"):
        bluesky_at(httpserver.url_for("")).verify()


@pytest.mark.parametrize("remote_id", ["", "7", "at://x", "at://did:plc:a/app.bsky.feed.like/2222222222222", "../x"])
def test_what_is_no_post_of_ours_is_gone(bluesky: Bluesky, remote_id: str) -> None:
    with pytest.raises(Gone):
        bluesky.unpublish(remote_id)
