"""How the street misbehaves on order, as a client sees it and as the log tells it."""

import contextlib
import json
import socket
import threading
import time

import pytest
import requests

from sandbox.platforms import PLATFORMS
from tests.sandbox.conftest import MARK, Author, Street, TestClock


def last(street: Street) -> tuple[str, int | None, str | None, bool, str | None]:
    """The last call in the log: what, answered how, which fault, whether worked, which mark."""
    entry = street.log()[-1]
    return entry["call"], entry["status"], entry["fault"], entry["worked"], entry["mark"]


def test_a_status_before_the_work_leaves_nothing_behind(ada: Author, street: Street) -> None:
    street.fault("create", "status", status=504, when="before")
    assert ada.create().status_code == 504
    assert ada.list() == []
    assert street.log()[0]["worked"] is False
    assert street.log()[0]["mark"] == MARK


def test_a_status_after_the_work_hides_that_it_was_done(ada: Author, street: Street) -> None:
    street.fault("create", "status", status=502, when="after", retry_after="7", body="Bad gateway")
    answer = ada.create()
    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (502, "7", "Bad gateway")
    assert last(street) == ("create", 502, "status", True, MARK)
    assert street.counts() == {MARK: {"public": 0, "drafts": 1}}


def test_a_retry_after_may_be_a_date(ada: Author, street: Street) -> None:
    street.fault("*", "status", status=429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    assert ada.call("GET", "/users/me").headers["Retry-After"].endswith("GMT")


@pytest.mark.parametrize(("when", "worked"), [("before", False), ("after", True)])
def test_the_line_is_closed_without_an_answer(ada: Author, street: Street, when: str, worked: bool) -> None:
    street.fault("create", "close", when=when)
    with pytest.raises(requests.ConnectionError):
        ada.create()
    assert last(street) == ("create", None, "close", worked, MARK)
    assert len(ada.list()) == int(worked)


@pytest.mark.parametrize(("when", "worked"), [("before", False), ("after", True)])
def test_a_silence_outlasts_the_client(ada: Author, street: Street, when: str, worked: bool) -> None:
    street.fault("create", "hang", when=when, seconds=60)
    with pytest.raises(requests.ReadTimeout):
        ada.create(timeout=0.3)
    assert street.log()[-1]["worked"] is worked
    assert len(ada.list()) == int(worked)


def test_a_short_silence_ends_with_the_real_answer_or_with_none(ada: Author, street: Street) -> None:
    street.fault("create", "hang", when="after", seconds=0.2)
    began = time.monotonic()
    assert ada.create("One").status_code == 201
    assert time.monotonic() - began >= 0.2
    street.fault("create", "hang", when="before", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        ada.create("Two")


def test_an_answer_in_drops_is_the_real_one(ada: Author, street: Street) -> None:
    street.fault("list", "drip", seconds=0.001)
    assert ada.list() == []


def test_an_answer_in_drops_outlasts_a_time_out_that_counts_single_reads(ada: Author, street: Street) -> None:
    street.fault("create", "drip", seconds=0.02)
    ended = threading.Event()

    def listen() -> None:
        with contextlib.suppress(requests.RequestException):
            ada.create(timeout=0.3)
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    assert not ended.wait(0.9)
    assert street.log()[-1]["worked"] is True


def test_html_comes_with_a_good_status(ada: Author, street: Street) -> None:
    street.fault("create", "html", when="before")
    street.fault("list", "html", when="after")
    created, listed = ada.create(), ada.call("GET", "/articles/me/all")
    assert (created.status_code, listed.status_code) == (201, 200)
    assert created.headers["Content-Type"].startswith("text/html")
    assert created.text.startswith("<!doctype html>")
    assert ada.list() == []


@pytest.mark.parametrize(("when", "worked"), [("before", False), ("after", True)])
def test_half_an_answer_promises_the_whole(ada: Author, street: Street, when: str, worked: bool) -> None:
    street.fault("create", "half_json", when=when)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        ada.create("One")
    assert last(street) == ("create", 201, "half_json", worked, MARK)
    assert len(ada.list()) == int(worked)


def test_half_an_answer_is_half_of_what_the_head_promises(ada: Author, street: Street) -> None:
    street.fault("me", "half_json", when="after")
    host, _, port = street.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line, line.makefile("rb") as answer:
        line.sendall(f"GET /devto/api/users/me HTTP/1.1\r\nHost: x\r\napi-key: {ada.key}\r\n\r\n".encode())
        head, _, body = answer.read().partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert len(body) == promised // 2
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_a_stale_look_up_sees_the_past(ada: Author, street: Street, clock: TestClock) -> None:
    first = ada.draft("One")
    clock.forward(60)
    ada.update(first, published=True)
    ada.draft("Two")
    clock.forward(5)
    street.fault("list", "stale", seconds=30, times=None)
    assert [(entry["id"], entry["published"]) for entry in ada.list()] == [(first, False)]
    clock.forward(30)
    assert len(ada.list()) == 2


def test_a_flip_is_the_update_that_makes_a_draft_public(ada: Author, street: Street) -> None:
    number = ada.draft()
    street.fault("flip", "close", when="after", times=1)
    assert ada.update(number, title="Sun").status_code == 200
    with pytest.raises(requests.ConnectionError):
        ada.update(number, published=True)
    assert ada.update(number, published=True).status_code == 200
    flips = [(entry["flip"], entry["mark"], entry["article_id"]) for entry in street.log() if entry["call"] == "update"]
    assert flips == [(False, MARK, number), (True, MARK, number), (False, MARK, number)]
    assert street.counts()[MARK] == {"public": 1, "drafts": 0}


def test_a_fault_strikes_so_many_times_and_then_no_more(ada: Author, street: Street) -> None:
    street.fault("me", "status", status=503, times=2)
    assert [ada.call("GET", "/users/me").status_code for _ in range(4)] == [503, 503, 200, 200]


def test_a_fault_may_strike_each_third_call_for_ever(ada: Author, street: Street) -> None:
    street.fault("me", "status", status=503, times=None, every=3)
    statuses = [ada.call("GET", "/users/me").status_code for _ in range(6)]
    assert statuses == [200, 200, 503, 200, 200, 503]


def test_a_fault_may_be_meant_for_one_key(ada: Author, grace: Author, street: Street) -> None:
    street.fault("*", "status", status=503, times=None, key=grace.key)
    assert ada.call("GET", "/users/me").status_code == 200
    assert grace.call("GET", "/users/me").status_code == 503


def test_a_refusal_is_not_work_even_when_a_fault_comes_after(ada: Author, street: Street) -> None:
    street.fault("create", "close", when="after")
    with pytest.raises(requests.ConnectionError):
        ada.create("")
    assert street.log()[-1]["worked"] is False


def test_faults_are_listed_and_lifted(ada: Author, street: Street) -> None:
    first, second = street.fault("me", "close"), street.fault("*", "status", status=500, times=None)
    assert [(fault["id"], fault["fault"]) for fault in street.ask("faults")] == [(first, "close"), (second, "status")]
    assert requests.delete(f"{street.url}/_sandbox/faults/{first}", timeout=10).status_code == 204
    assert requests.delete(f"{street.url}/_sandbox/faults/{first}", timeout=10).status_code == 404
    assert ada.call("GET", "/users/me").status_code == 500
    assert requests.delete(f"{street.url}/_sandbox/faults", timeout=10).status_code == 204
    assert ada.call("GET", "/users/me").status_code == 200


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"fault": "explode"}, '"fault" must be one of status, hang, '),
        ({"call": "publish"}, '"call" must be one of *, flip, me, create, update, list, show, unpublish'),
        ({"platform": "myspace"}, f'"platform" must be one of {", ".join(PLATFORMS)}'),
        ({"when": "during"}, '"when" must be one of before, after'),
        ({"times": 0}, '"times" must be a whole number from 1, or null for always.'),
        ({"every": "2"}, '"every" must be a whole number from 1'),
        ({"colour": "red"}, 'Unknown field "colour". Known here: platform, '),
        ({"fault": "hang"}, '"seconds" is missing.'),
        ({"fault": "hang", "seconds": -1}, '"seconds" must be a number of seconds'),
        ({"fault": "status"}, '"status" is missing.'),
        ({"fault": "status", "status": 42}, '"status" must be a whole number from 100 to 599.'),
        ({"status": 500}, '"status", "body" and "retry_after" belong to the fault "status" alone.'),
        ({"seconds": 3}, '"seconds" belongs to the faults hang, drip, stale alone.'),
        ({"fault": "stale", "seconds": 3}, "Only look-ups can be stale"),
        ({"fault": "stale", "seconds": 3, "call": "list", "when": "before"}, "A stale look-up is a real answer"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_sentence(
    street: Street, order: dict[str, object], sentence: str
) -> None:
    answer = street.order("faults", **({"platform": "devto", "call": "create", "fault": "close"} | order))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)
    assert street.ask("faults") == []


def test_other_callers_are_served_while_one_hangs(ada: Author, grace: Author, street: Street) -> None:
    street.fault("me", "hang", seconds=60, key=ada.key)
    host, _, port = street.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(f"GET /devto/api/users/me HTTP/1.1\r\nHost: x\r\napi-key: {ada.key}\r\n\r\n".encode())
        while not street.log():
            pass
        assert grace.call("GET", "/users/me").status_code == 200


def test_the_platform_says_published_and_readers_find_no_page(ada: Author, street: Street) -> None:
    url = ada.create(published=True).json()["url"]
    street.fault("page", "status", status=404, times=1)
    assert requests.get(url, timeout=10).status_code == 404
    assert last(street) == ("page", 404, "status", False, MARK)
    assert requests.get(url, timeout=10).status_code == 200


def test_readers_are_asked_for_a_moment_instead_of_the_article(ada: Author, street: Street) -> None:
    url = ada.create(title="Rain", published=True).json()["url"]
    street.fault("page", "html")
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, "Rain" in answer.text) == (200, False)


def test_what_befalls_every_call_does_not_befall_readers(ada: Author, street: Street) -> None:
    url = ada.create(published=True).json()["url"]
    street.fault("*", "close", times=None)
    assert requests.get(url, timeout=10).status_code == 200


def test_a_page_can_hang_up(ada: Author, street: Street) -> None:
    url = ada.create(published=True).json()["url"]
    street.fault("page", "close")
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)
    assert last(street) == ("page", None, "close", False, MARK)
