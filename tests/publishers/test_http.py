"""The one way out, tried on real sockets: what every broken wire means, and what is never sent or kept."""

from __future__ import annotations

import gzip
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from publishers import wire
from publishers.answers import Answer
from publishers.errors import (
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)
from publishers.http import Http, origin_of
from tests.publishers.raw_server import RawServer, raw_server, response

Talk = Callable[[socket.socket, RawServer], None]


def http_to(url: str, **changes: Any) -> Http:
    settings: dict[str, Any] = {"deadline": 5.0, "connect": 1.0, "read": 3.0, "label": "DEV"}
    return Http(private_origins=frozenset({url}), **(settings | changes))


def failure_of(http: Http, url: str, method: str = "POST", **arguments: Any) -> PublishingError:
    writes = method != "GET"
    with pytest.raises(PublishingError) as caught:
        http.call(method, url, json={"title": "Notes"} if writes else None, writes=writes, **arguments)
    assert http.exchanges[-1].error == str(caught.value)
    return caught.value


def say(data: bytes) -> Talk:
    return lambda connection, _: connection.sendall(data)


def say_and_close(data: bytes) -> Talk:
    def talk(connection: socket.socket, _: RawServer) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return talk


def hang(connection: socket.socket, server: RawServer) -> None:
    server.stopping.wait(10)


def drip(data: bytes, seconds: float = 0.05) -> Talk:
    def talk(connection: socket.socket, server: RawServer) -> None:
        for byte in data:
            if server.stopping.wait(seconds):
                return
            connection.sendall(bytes([byte]))

    return talk


# --- When all is well --------------------------------------------------------------------------------------------


def test_an_answer_comes_back_whole() -> None:
    with raw_server(say(response('{"id": "ä"}'.encode(), "201 Created", "X-Request-Id: 7"))) as server:
        http = http_to(server.url)
        answer = http.call("POST", server.url + "/articles", json={"a": 1}, writes=True)
    assert (answer.status, answer.json(), answer.headers["x-request-id"]) == (201, {"id": "ä"}, "7")
    exchange = http.exchanges[0]
    assert (exchange.method, exchange.status, exchange.request) == ("POST", 201, '{"a": 1}')
    assert exchange.response == '{"id": "ä"}'
    assert exchange.error == ""


def test_a_file_is_sent_as_it_is_and_only_its_size_is_kept() -> None:
    with raw_server(say(response())) as server:
        http = http_to(server.url)
        http.call("POST", server.url, body=b"\x89PNG\r\n\x00", content_type="image/png", writes=True)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"Content-Type: image/png" in head.split(b"\r\n")
    assert body == b"\x89PNG\r\n\x00"
    assert http.exchanges[0].request == "7 bytes of image/png"


def test_a_connection_is_used_again() -> None:
    with raw_server(say(response())) as server:
        http = http_to(server.url)
        for _ in range(3):
            http.call("GET", server.url, writes=False)
        assert server.connections == 1


def test_a_fresh_call_opens_a_new_connection() -> None:
    with raw_server(say(response())) as server:
        http = http_to(server.url)
        http.call("GET", server.url, writes=False)
        http.call("POST", server.url, json={}, writes=True, fresh=True)
        assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "IDLE", 0.05)
    with raw_server(say(response())) as server:
        http = http_to(server.url)
        http.call("GET", server.url, writes=False)
        time.sleep(0.1)
        http.call("GET", server.url, writes=False)
        assert server.connections == 2


def test_a_connection_that_the_other_side_closed_is_replaced_without_an_error() -> None:
    with raw_server(say_and_close(response())) as server:
        http = http_to(server.url)
        for _ in range(2):
            http.call("POST", server.url, json={}, writes=True)
            time.sleep(0.05)
        assert server.connections == 2


def test_each_thread_has_connections_of_its_own() -> None:
    with raw_server(say(response())) as server:
        http = http_to(server.url)
        threads = [
            threading.Thread(target=http.call, args=("GET", server.url), kwargs={"writes": False}) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
            thread.join()
        assert server.connections == 3


def test_no_file_handle_is_left_behind() -> None:
    with raw_server(say(response())) as server:
        http = http_to(server.url)
        http.call("GET", server.url, writes=False)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            http.call("GET", server.url, writes=False, fresh=True)
        assert len(os.listdir("/proc/self/fd")) <= before + 1


# --- Nothing was sent --------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_refused_connection_means_that_nothing_was_created() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    error = failure_of(http_to(url), url)
    assert isinstance(error, Unavailable)
    assert str(error) == "DEV could not be reached: it refused the connection."


def test_an_unknown_name_means_that_nothing_was_created() -> None:
    error = failure_of(Http(label="DEV"), "https://no-such-host.invalid/")
    assert isinstance(error, Unavailable)
    assert "its name cannot be resolved" in str(error)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "..", "*"])
def test_a_name_that_cannot_be_one_means_that_nothing_was_created(host: str) -> None:
    assert isinstance(failure_of(Http(), f"https://{host}/"), Unavailable | Rejected)


def test_a_name_server_that_never_answers_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: asleep.wait(10) and [])
    started = time.monotonic()
    error = failure_of(Http(deadline=0.2, connect=3, label="DEV"), "https://dev.example/")
    asleep.set()
    assert isinstance(error, Unavailable)
    assert time.monotonic() - started < 1


def test_a_host_that_does_not_take_the_connection_means_that_nothing_was_created() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # fill the queue, so that the next connection hangs
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        url = f"http://127.0.0.1:{port}"
        error = failure_of(http_to(url, connect=0.2), url)
        for one in waiting:
            one.close()
    assert isinstance(error, Unavailable)


def test_a_refused_certificate_means_that_nothing_was_created(certificate: Path) -> None:
    with raw_server(say(response()), certificate) as server:
        error = failure_of(http_to(server.url), server.url)
        assert server.requests == []
    assert isinstance(error, Unavailable)
    assert "certificate" in str(error)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("publishers.wire.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    return certificate


def test_after_the_fence_nothing_is_sent() -> None:
    with raw_server(say(response())) as server:
        error = failure_of(http_to(server.url, not_after=time.monotonic() - 0.001), server.url)
        assert isinstance(error, Unavailable)
        assert server.connections == 0


def test_a_fence_passed_while_connecting_keeps_the_request_back(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.2)
        return look_up(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with raw_server(say(response())) as server:
        error = failure_of(http_to(server.url, not_after=time.monotonic() + 0.1), server.url)
        assert isinstance(error, Unavailable)
        assert server.requests == []


@pytest.mark.parametrize("url", ["ftp://dev.to/", "file:///etc/passwd", "dev.to/api", "https://", "http://[::1", ""])
def test_only_web_addresses_are_called(url: str) -> None:
    assert isinstance(failure_of(Http(), url), Rejected)


def test_a_key_that_no_header_can_carry_is_refused_before_it_is_sent() -> None:
    with raw_server(say(response())) as server:
        for key in ("ключ", "a\nb"):
            assert isinstance(failure_of(http_to(server.url), server.url, headers={"api-key": key}), NotAuthorized)
        assert server.connections == 0


# --- Private addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "LOCALHOST", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "2130706433",
        "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001::1]", "[fc00::1]", "[fe80::1]", "[fec0::1]",
        "[ff02::1]", "[2001:db8::1]", "[::7f00:1]", "[100::1]",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(host: str) -> None:
    error = failure_of(Http(label="DEV", connect=0.5), f"http://{host}:9/")
    assert isinstance(error, Unavailable)
    assert str(error) == "DEV could not be reached: its address is not a public one."


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert "not a public one" in str(failure_of(Http(), "https://both.example/"))


def test_an_allowed_origin_is_exact() -> None:
    with raw_server(say(response())) as server:
        neighbour = f"http://127.0.0.1:{server.port + 1}"
        tls = f"https://127.0.0.1:{server.port}"
        name = f"http://localhost:{server.port}"
        for url in (neighbour, tls, name):
            assert "not a public one" in str(failure_of(http_to(server.url), url))
        http_to(server.url).call("GET", server.url, writes=False)


def test_origins_are_compared_in_one_form() -> None:
    assert origin_of("HTTPS://Dev.TO/api") == "https://dev.to:443"
    assert origin_of("http://[::1]:80/x") == "http://[::1]:80"
    assert origin_of("http://user@10.0.0.1:8080") == "http://10.0.0.1:8080"
    assert origin_of("javascript:alert(1)") == origin_of("http://x:99999") == origin_of("nonsense") == ""


# --- Sent, and no clear answer -----------------------------------------------------------------------------------

UNCLEAR: dict[str, Talk] = {
    "closed without a word": lambda connection, _: connection.shutdown(socket.SHUT_RDWR),
    "closed within the headers": say_and_close(b"HTTP/1.1 201 Created\r\nContent-Le"),
    "closed within the body": say_and_close(response(b'{"id": 1}', "201 Created").replace(b": 9", b": 900")),
    "not HTTP": say_and_close(b"SSH-2.0-OpenSSH\r\n"),
    "bad chunks": say_and_close(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnothing\r\n"),
    "cut chunks": say_and_close(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"),
    "bad gzip": say(response(b"no gzip at all", "201 Created", "Content-Encoding: gzip")),
    "500": say(response(b'{"error": "oops"}', "500 Internal Server Error")),
    "502": say(response(b"<h1>Bad gateway</h1>", "502 Bad Gateway")),
    "503": say(response(b"", "503 Service Unavailable", "Retry-After: 7")),
    "504": say(response(b"", "504 Gateway Time-out")),
    "408": say(response(b"", "408 Request Timeout")),
    "302": say(response(b"", "302 Found", "Location: /elsewhere")),
    "303": say(response(b"", "303 See Other", "Location: /elsewhere")),
}


@pytest.mark.parametrize("how", UNCLEAR)
def test_after_a_write_an_unclear_answer_leaves_the_outcome_unknown(how: str) -> None:
    with raw_server(UNCLEAR[how]) as server:
        with pytest.raises(OutcomeUnknown) as caught:
            http_to(server.url).call("POST", server.url, json={"title": "Notes"}, writes=True).json()
        assert str(caught.value).endswith("Whether the article got there is not known yet.")
        assert len(server.requests) == 1


@pytest.mark.parametrize("how", UNCLEAR)
def test_after_a_reading_an_unclear_answer_is_only_unavailable(how: str) -> None:
    with raw_server(UNCLEAR[how]) as server, pytest.raises(Unavailable):
        http_to(server.url).call("GET", server.url, writes=False).json()


def test_silence_after_a_write_leaves_the_outcome_unknown() -> None:
    with raw_server(hang) as server:
        error = failure_of(http_to(server.url, read=0.2), server.url)
    assert isinstance(error, OutcomeUnknown)
    assert str(error).startswith("DEV did not answer within 0.2 seconds.")


def test_silence_within_the_body_leaves_the_outcome_unknown() -> None:
    def talk(connection: socket.socket, server: RawServer) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{")
        hang(connection, server)

    with raw_server(talk) as server:
        assert isinstance(failure_of(http_to(server.url, read=0.2), server.url), OutcomeUnknown)


def test_silence_during_the_tls_handshake_leaves_the_outcome_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        assert isinstance(failure_of(http_to(url, read=0.2, connect=0.2), url), OutcomeUnknown)


def test_a_reader_that_stops_reading_leaves_the_outcome_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        http = http_to(url, deadline=0.5)
        with pytest.raises(OutcomeUnknown):
            http.call("POST", url, json="x" * 20_000_000, writes=True)


# --- The watchdog ------------------------------------------------------------------------------------------------

DRIPPED = {
    "headers": response(b'{"id": 1}', "201 Created", "X-Padding: " + "x" * 300),
    "a body": b"HTTP/1.1 201 Created\r\n\r\n" + b" " * 300,
    "chunks": b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 100,
    "interim answers": b"HTTP/1.1 102 Processing\r\n\r\n" * 100,
}


@pytest.mark.parametrize("what", DRIPPED)
def test_dripping_does_not_outlast_the_deadline_and_is_never_success(what: str) -> None:
    with raw_server(drip(DRIPPED[what])) as server:
        started = time.monotonic()
        error = failure_of(http_to(server.url, deadline=0.4), server.url)
        assert time.monotonic() - started < 1.5
    assert isinstance(error, OutcomeUnknown)
    assert "did not finish its answer within 0.4 seconds" in str(error)


def test_headers_cut_by_the_watchdog_are_no_success() -> None:
    def talk(connection: socket.socket, server: RawServer) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n")
        hang(connection, server)

    with raw_server(talk) as server:
        assert isinstance(failure_of(http_to(server.url, deadline=0.2), server.url), OutcomeUnknown)


def test_the_watchdog_reaches_a_connection_that_is_used_again() -> None:
    def talk(connection: socket.socket, server: RawServer) -> None:
        if len(server.requests) == 1:
            connection.sendall(response())
        else:
            drip(DRIPPED["headers"])(connection, server)

    with raw_server(talk) as server:
        http = http_to(server.url, deadline=0.4)
        http.call("GET", server.url, writes=False)
        started = time.monotonic()
        assert isinstance(failure_of(http, server.url), OutcomeUnknown)
        assert time.monotonic() - started < 1.5
        assert server.connections == 1


def test_dripping_a_reading_is_unavailable() -> None:
    with raw_server(drip(DRIPPED["headers"])) as server:
        assert isinstance(failure_of(http_to(server.url, deadline=0.2), server.url, "GET"), Unavailable)


def test_after_the_watchdog_the_next_call_is_fine() -> None:
    def talk(connection: socket.socket, server: RawServer) -> None:
        if len(server.requests) == 1:
            hang(connection, server)
        connection.sendall(response())

    with raw_server(talk) as server:
        failure_of(http_to(server.url, deadline=0.2), server.url)
        assert http_to(server.url).call("GET", server.url, writes=False).status == 200


def test_many_calls_in_flight_keep_their_deadlines() -> None:
    errors: list[PublishingError] = []
    with raw_server(hang) as server:
        started = time.monotonic()
        threads = [
            threading.Thread(target=lambda: errors.append(failure_of(http_to(server.url, deadline=0.5), server.url)))
            for _ in range(64)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - started < 4
    assert [type(error) for error in errors] == [OutcomeUnknown] * 64


def test_over_tls_a_connection_is_used_again(trusted: Path) -> None:
    with raw_server(say(response()), trusted) as server:
        http = http_to(server.url)
        for _ in range(2):
            assert http.call("POST", server.url, json={}, writes=True).status == 200
        assert server.connections == 1


@pytest.mark.parametrize("what", DRIPPED)
def test_the_watchdog_reaches_through_tls(trusted: Path, what: str) -> None:
    with raw_server(drip(DRIPPED[what]), trusted) as server:
        started = time.monotonic()
        assert isinstance(failure_of(http_to(server.url, deadline=0.4), server.url), OutcomeUnknown)
        assert time.monotonic() - started < 1.5


def test_tls_that_breaks_after_the_request_leaves_the_outcome_unknown(trusted: Path) -> None:
    def talk(connection: socket.socket, _: RawServer) -> None:
        os.write(connection.fileno(), b"no TLS at all" * 9)

    with raw_server(talk, trusted) as server:
        assert isinstance(failure_of(http_to(server.url), server.url), OutcomeUnknown)
        assert len(server.requests) == 1


def test_the_watchdog_reaches_into_the_tls_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        started = time.monotonic()
        assert isinstance(failure_of(http_to(url, deadline=0.3), url), OutcomeUnknown | Unavailable)
        assert time.monotonic() - started < 1.5


# --- What a status means -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "writing", "reading"),
    [
        ("400 Bad Request", Rejected, Unavailable),
        ("401 Unauthorized", NotAuthorized, NotAuthorized),
        ("403 Forbidden", Rejected, NotAuthorized),
        ("404 Not Found", Rejected, Unavailable),
        ("409 Conflict", Rejected, Unavailable),
        ("410 Gone", Rejected, Unavailable),
        ("413 Content Too Large", Rejected, Unavailable),
        ("422 Unprocessable Content", Rejected, Unavailable),
        ("429 Too Many Requests", RateLimited, RateLimited),
        ("301 Moved Permanently", Rejected, Unavailable),
        ("307 Temporary Redirect", Rejected, Unavailable),
        ("308 Permanent Redirect", Rejected, Unavailable),
        ("599 Who Knows", OutcomeUnknown, Unavailable),
    ],
)
def test_what_a_status_means(status: str, writing: type[PublishingError], reading: type[PublishingError]) -> None:
    with raw_server(
        say(response(b'{"error": "Title is too long"}', status, "Location: https://new.example/"))
    ) as server:
        assert type(failure_of(http_to(server.url), server.url)) is writing
        assert type(failure_of(http_to(server.url), server.url, "GET")) is reading


def test_a_refusal_carries_the_platforms_own_words() -> None:
    with raw_server(say(response(b'{"error": "Title is too long"}', "422 Unprocessable"))) as server:
        error = failure_of(http_to(server.url), server.url)
    assert str(error) == "DEV refused it: 422 (Title is too long)."


def test_an_adapter_may_know_better_and_may_accept_a_status() -> None:
    def hook(answer: Answer) -> PublishingError | None:
        return Gone("The draft is gone.") if answer.status == 404 else None

    with raw_server(say(response(b"{}", "404 Not Found"))) as server:
        assert isinstance(failure_of(http_to(server.url), server.url, errors=hook), Gone)
        assert http_to(server.url).call("GET", server.url, writes=False, accept={404}).status == 404


def test_a_redirect_is_not_followed_and_says_where_it_leads() -> None:
    with raw_server(say(response(b"", "301 Moved", "Location: https://new.example/api"))) as server:
        error = failure_of(http_to(server.url), server.url)
        assert "https://new.example/api" in str(error)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("30", 30, 30),
        ("0", 0, 0),
        ("1.5", 1.5, 1.5),
        ("999999999", 86400, 86400),
        (timedelta(seconds=90), 60, 90),
        (timedelta(days=-2), 0, 0),
        (timedelta(days=9), 86400, 86400),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(value: str | timedelta, least: float, most: float) -> None:
    if isinstance(value, timedelta):  # a date so far from now, made now: the suite may have been running for minutes
        value = format_datetime(datetime.now(UTC) + value, usegmt=True)
    with raw_server(say(response(b"Retry later", "429 Too Many Requests", f"Retry-After: {value}"))) as server:
        error = failure_of(http_to(server.url), server.url)
    assert isinstance(error, RateLimited)
    assert error.retry_after is not None
    assert least <= error.retry_after <= most


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9", "Fri, 99 Foo 2026 99:99:99 GMT", "9" * 400])
def test_a_senseless_retry_after_is_none(value: str) -> None:
    assert Answer(429, {"retry-after": value}, "").retry_after() is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": "no", "status": 422}', "no"),
        ('{"errors": [{"message": "bad  tag"}, {"message": "bad title"}]}', "bad tag, bad title"),
        ('{"message": {"error": "deep"}}', "deep"),
        ('["a", 1, null]', "a"),
        ("plain &amp; simple", "plain & simple"),
        ("<html>no words</html>", ""),
        ("[" * 100_000, ""),
        ("", ""),
        ('{"error": 7}', ""),
    ],
)
def test_the_platforms_words_are_found_in_whatever_shape(body: str, words: str) -> None:
    found = Answer(422, {}, body).words()
    assert found == words or (not words and len(found) <= 500)


# --- Size --------------------------------------------------------------------------------------------------------


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    with raw_server(say(response(b"x" * 100_000, "201 Created"))) as server:
        assert isinstance(failure_of(http_to(server.url, cap=10_000), server.url), OutcomeUnknown)
        assert isinstance(failure_of(http_to(server.url, cap=10_000), server.url, "GET"), Unavailable)
        assert http_to(server.url, cap=10_000).call("GET", server.url, writes=False, cap=100_000).status == 201


def test_a_compressed_bomb_is_capped_after_unpacking() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    with raw_server(say(response(bomb, "200 OK", "Content-Encoding: gzip"))) as server:
        assert isinstance(failure_of(http_to(server.url), server.url, "GET"), Unavailable)


# --- What is sent, and what is kept ------------------------------------------------------------------------------


def test_netrc_proxies_and_cookies_play_no_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with raw_server(say(response(b"{}", "200 OK", "Set-Cookie: a=b; Path=/"))) as server:
        for _ in range(2):
            http_to(server.url).call("GET", server.url, headers={"Authorization": "Bearer ours"}, writes=False)
        for request in server.requests:
            assert b"Authorization: Bearer ours" in request
            assert b"Cookie" not in request
            assert b"User-Agent: blogscheduler" in request


def test_the_body_is_json_whatever_it_contains() -> None:
    with raw_server(say(response())) as server:
        http_to(server.url).call("POST", server.url, json={"title": "Grüße 🎉 \ud800"}, writes=True)
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert b"Content-Type: application/json" in head
        assert json.loads(body) == {"title": "Grüße 🎉 ?"}  # half a surrogate pair cannot be sent as UTF-8


def test_secrets_are_removed_wherever_they_come_back() -> None:
    secret = 'k"/ey+1 ä'
    echo = json.dumps({"error": f"bad key {secret}"}).encode()
    with raw_server(say(response(echo, "422 Nope", "X-Echo: 12345-key", "Set-Cookie: session=1"))) as server:
        http = http_to(server.url, secrets=[secret, "12345-key", ""])
        url = f"{server.url}/?token=12345-key&other=k%22%2Fey%2B1%20%C3%A4"
        error = failure_of(http, url, headers={"Authorization": "Bearer 12345-key", "api-key": "12345-key"})
    kept = repr(http.exchanges) + str(error)
    assert "•••" in str(error)
    for trace in ("12345-key", "ey+1", "ey%2B1", "session=1", "Bearer"):
        assert trace not in kept


def test_what_is_kept_of_a_body_is_capped() -> None:
    with raw_server(say(response(b'"' + b"y" * 200_000 + b'"'))) as server:
        http = http_to(server.url)
        http.call("POST", server.url, json="x" * 200_000, writes=True)
    assert len(http.exchanges[0].request) == len(http.exchanges[0].response) == 64 * 1024


# --- Cover images ------------------------------------------------------------------------------------------------


def image(connection: socket.socket, _: RawServer) -> None:
    with_type = response(b"\x89PNG" + b"x" * 50_000).replace(b"application/json", b"image/png")
    connection.sendall(with_type)


def test_an_image_that_everybody_can_load_is_reachable() -> None:
    with raw_server(image) as server:
        assert http_to(server.url).is_reachable(server.url) == ""


def test_an_image_behind_a_redirect_is_reachable_but_not_behind_four() -> None:
    def talk(connection: socket.socket, server: RawServer) -> None:
        hops = int(server.requests[-1].split()[1].strip(b"/"))
        if hops:
            connection.sendall(response(b"", "302 Found", f"Location: /{hops - 1}"))
        else:
            image(connection, server)

    with raw_server(talk) as server:
        http = http_to(server.url)
        assert http.is_reachable(server.url + "/3") == ""
        assert "more than 3 redirects" in http.is_reachable(server.url + "/4")


def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    with raw_server(image) as hidden:
        leads_there = response(b"", "302 Found", f"Location: {hidden.url}")
        with raw_server(say(leads_there)) as server:
            assert "not a public one" in http_to(server.url).is_reachable(server.url)
        assert hidden.connections == 0


def test_what_is_no_image_is_said() -> None:
    with raw_server(say(response())) as server:
        assert "application/json: it is not an image" in http_to(server.url).is_reachable(server.url)
    with raw_server(say(response(b"", "404 Not Found"))) as server:
        assert "404" in http_to(server.url).is_reachable(server.url)
    assert "is not a web address" in Http().is_reachable("cover.png")


# --- the public page -----------------------------------------------------------------------------------------------


def test_a_page_is_what_redirects_lead_to_whatever_its_status() -> None:
    def talk(connection: socket.socket, server: RawServer) -> None:
        if b"GET /old" in server.requests[-1]:
            connection.sendall("HTTP/1.1 301 Moved\r\nLocation: /neu/ä?a=1\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            connection.sendall(response(b"<title>Gone", "410 Gone"))

    with raw_server(talk) as server:
        page = http_to(server.url).page(server.url + "/old")
        assert (page.url, page.answer.status) == (f"{server.url}/neu/ä?a=1", 410)
        assert b"GET /neu/%C3%A4?a=1 " in server.requests[-1]


def test_a_page_behind_endless_redirects_is_not_reached() -> None:
    with raw_server(say(response(b"", "302 Found", "Location: /again"))) as server:
        with pytest.raises(Unavailable, match="more than 5 redirects"):
            http_to(server.url).page(server.url)
        assert len(server.requests) == 6


def test_redirects_together_keep_the_deadline_of_one_page() -> None:
    def talk(connection: socket.socket, server: RawServer) -> None:
        time.sleep(0.3)
        connection.sendall(response(b"", "302 Found", "Location: /again"))

    with raw_server(talk) as server:
        start = time.monotonic()
        with pytest.raises(Unavailable, match=r"within 0\.5 seconds"):
            http_to(server.url, deadline=0.5).page(server.url)
        assert time.monotonic() - start < 1.2


def test_a_page_that_leads_to_a_private_address_is_not_followed() -> None:
    with raw_server(say(response())) as hidden:
        leads_there = response(b"", "302 Found", f"Location: {hidden.url}/secrets")
        with raw_server(say(leads_there)) as server, pytest.raises(Unavailable, match="not a public one"):
            http_to(server.url).page(server.url)
        assert hidden.connections == 0


def test_an_endless_redirect_is_not_read() -> None:
    sent = []

    def talk(connection: socket.socket, server: RawServer) -> None:
        if b"GET /end" in server.requests[-1]:
            connection.sendall(response())
            return
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 1000000000\r\n\r\n")
        with suppress(OSError):
            while not server.stopping.is_set():
                sent.append(connection.send(b"x" * 65536))

    with raw_server(talk) as server:
        assert http_to(server.url).page(server.url).answer.status == 200
        assert http_to(server.url).is_reachable(server.url).endswith("not an image.")
        time.sleep(0.2)
    assert sum(sent) < 50_000_000


@pytest.mark.parametrize("target", ["http://[bad", "ftp://files.example/", "javascript:alert(1)"])
def test_a_page_that_leads_nowhere_is_refused(target: str) -> None:
    with (
        raw_server(say(response(b"", "302 Found", f"Location: {target}"))) as server,
        pytest.raises(Rejected, match="not a web address"),
    ):
        http_to(server.url).page(server.url)


def test_a_redirect_to_nowhere_is_the_page_itself() -> None:
    with raw_server(say(response(b"", "304 Not Modified"))) as server:
        assert http_to(server.url).page(server.url).answer.status == 304


def test_of_a_long_page_only_the_beginning_is_read() -> None:
    body = b"<title>Notes</title>" + b"x" * 3_000_000
    with raw_server(say(response(body))) as server:
        page = http_to(server.url).page(server.url)
        assert len(page.answer.text) == 1024 * 1024
        assert page.answer.text.startswith("<title>Notes")
