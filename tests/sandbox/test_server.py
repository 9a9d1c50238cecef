"""The server itself: connections, memory, command line, and the end."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import sandbox
from tests.sandbox.conftest import MARK, Author, Street, TestClock


@contextmanager
def connection(street: Street) -> Iterator[http.client.HTTPConnection]:
    host, _, port = street.url.removeprefix("http://").partition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=10)) as line:
        yield line


def ask(
    line: http.client.HTTPConnection, method: str, path: str, **more: Any
) -> tuple[http.client.HTTPResponse, bytes]:
    line.request(method, path, **more)
    with line.getresponse() as answer:
        return answer, answer.read()


def test_a_connection_is_kept_for_request_after_request(street: Street) -> None:
    ends = set()
    with connection(street) as line:
        for _ in range(5):
            answer, _body = ask(line, "GET", "/_sandbox/counts")
            assert (answer.status, answer.version) == (200, 11)
            ends.add(line.sock.getsockname())
    assert len(ends) == 1


def test_a_client_that_wants_to_close_is_obeyed(street: Street) -> None:
    with connection(street) as line:
        answer, _body = ask(line, "GET", "/", headers={"Connection": "close"})
        assert answer.getheader("Connection") == "close"
        assert line.sock is None


def test_head_has_no_body_and_the_line_stays_in_step(street: Street) -> None:
    with connection(street) as line:
        answer, body = ask(line, "HEAD", "/")
        assert int(answer.getheader("Content-Length") or 0) > 0
        assert body == b""
        answer, body = ask(line, "DELETE", "/_sandbox/faults")
        assert (answer.status, body) == (204, b"")
        assert ask(line, "GET", "/")[1].startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("header", "value", "status"), [("Transfer-Encoding", "chunked", 411), ("Content-Length", "99999999", 413)]
)
def test_a_body_of_unknown_or_monstrous_size_is_refused(street: Street, header: str, value: str, status: int) -> None:
    with connection(street) as line:
        line.putrequest("POST", "/_sandbox/reset")
        line.putheader(header, value)
        line.endheaders()
        with line.getresponse() as answer:
            assert answer.status == status


def test_sixty_four_clients_at_once_all_get_their_answer(street: Street, ada: Author) -> None:
    together = threading.Barrier(64)

    def create(number: int) -> int:
        author = Author(street, ada.key)
        together.wait(10)
        return author.create(f"Walk {number}", timeout=30).status_code

    with ThreadPoolExecutor(64) as crowd:
        assert set(crowd.map(create, range(64))) == {201}
    assert street.counts() == {MARK: {"public": 0, "drafts": 64}}
    assert len({entry["id"] for entry in ada.list(per_page=100)}) == 64


def test_of_many_who_publish_the_same_canonical_address_one_wins(street: Street, ada: Author) -> None:
    numbers = [ada.draft(f"Walk {number}", canonical_url="https://x.example/a") for number in range(8)]

    def publish(number: int) -> int:
        return Author(street, ada.key).update(number, published=True).status_code

    with ThreadPoolExecutor(8) as crowd:
        assert sorted(crowd.map(publish, numbers)) == [200] + [422] * 7


def test_a_restart_finds_everything_in_its_folder(tmp_path: Path, clock: TestClock) -> None:
    with sandbox.serve(data=tmp_path / "new" / "folder", clock=clock) as serving:
        street = Street(serving.url)
        street.limits(on=False)
        street.order("accounts", platform="devto", username="grace", key="grace-key")
        street.order("accounts/revoke", platform="devto", key="sandbox-devto-new-key")
        grace = Author(street, "grace-key")
        number = grace.draft()
        street.fault("me", "status", status=503, times=2)
        assert grace.call("GET", "/users/me").status_code == 503
        log = street.log()
    with sandbox.serve(data=tmp_path / "new" / "folder", clock=clock) as serving:
        street = Street(serving.url)
        grace = Author(street, "grace-key")
        assert street.log() == log
        assert street.counts() == {MARK: {"public": 0, "drafts": 1}}
        assert [grace.call("GET", "/users/me").status_code for _ in range(2)] == [503, 200]
        assert Author(street, "sandbox-devto-new-key").call("GET", "/users/me").status_code == 401
        published = grace.update(number, published=True).json()
        assert published["url"].startswith(serving.url)
        assert [grace.call("GET", "/users/me").status_code for _ in range(5)] == [200] * 5
    assert (tmp_path / "new" / "folder" / "sandbox.sqlite3").exists()


def test_without_a_folder_nothing_is_remembered() -> None:
    with sandbox.serve() as serving:
        Author(Street(serving.url), "sandbox-devto-key").draft()
    with sandbox.serve() as serving:
        assert Street(serving.url).counts() == {}


def test_stopping_does_not_wait_for_what_hangs() -> None:
    serving = sandbox.serve()
    street = Street(serving.url)
    street.fault("me", "hang", seconds=600)
    with connection(street) as line:
        line.request("GET", "/devto/api/users/me", headers={"api-key": "sandbox-devto-key"})
        while not street.log():
            pass
        began = time.monotonic()
        serving.stop()
        serving.stop()
        assert time.monotonic() - began < 2
    with pytest.raises(requests.ConnectionError):
        requests.get(serving.url, timeout=5)


def test_addresses_in_answers_are_as_called_or_as_told(ada: Author, street: Street) -> None:
    created = ada.call(
        "POST",
        "/articles",
        headers={"Host": 'evil"host'},
        json={"article": {"title": "x", "ai_disclosure_level": "no_ai"}},
    )
    assert created.json()["url"].startswith(street.url)
    with sandbox.serve(public_url="http://blog.example/") as serving:
        told = Author(Street(serving.url), "sandbox-devto-key").create()
        assert told.json()["url"].startswith("http://blog.example/devto/sandbox/")


def test_the_command_says_where_it_serves_and_ends_at_once_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(tmp_path)]
    root = Path(sandbox.__file__).parent.parent
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ | {"PYTHONPATH": ""}
    ) as it:
        assert it.stdout
        said = it.stdout.readline()
        found = re.fullmatch(r"The sandbox serves at (http://127\.0\.0\.1:\d+)/\n", said)
        assert found, said
        Street(found[1]).fault("me", "hang", seconds=600)
        began = time.monotonic()
        it.send_signal(signal.SIGTERM)
        assert it.wait(5) == 0
        assert time.monotonic() - began < 2


def test_a_client_that_leaves_in_the_middle_of_a_request_harms_nobody(street: Street) -> None:
    host, _, port = street.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(b"POST /devto/api/articles HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    assert street.ask("faults") == []
