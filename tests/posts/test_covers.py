"""Before a platform has to fetch a cover image, we look whether it is there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from posts import covers
from posts.models import Channel, Post
from posts.planning import scheduling
from publishers.base import Level
from tests.publishers.raw_server import RawServer, raw_server

pytestmark = pytest.mark.django_db
Write = Callable[..., Post]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def said(status: str = "200 OK", kind: str = "image/png", body: bytes = PNG, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def found(post: Post) -> str:
    """What the check says of a post's cover."""
    assert covers.check(post.pk)
    post.refresh_from_db()
    assert post.cover_checked_url == post.cover_url
    return post.cover_finding()


def test_an_image_that_is_there_is_well(gallery: Any, new_post: Write) -> None:
    with gallery(said()) as server:
        assert found(new_post(cover_url=f"{server.url}/cover.png")) == ""


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (said("404 Not Found", "text/html", b"<p>No."), "404"),
        (said("500 Oops", "text/plain", b""), "500"),
        (said("200 OK", "text/html", b"<html>Log in first</html>"), "image"),
        (b"not even HTTP\r\n\r\n", ""),
        (said("302 Found", "text/plain", b"", "Location: http://[bad"), ""),
    ],
)
def test_what_is_no_image_is_said_in_a_sentence(answer: bytes, word: str, gallery: Any, new_post: Write) -> None:
    with gallery(answer) as server:
        problem = found(new_post(cover_url=f"{server.url}/cover.png"))
    assert word in problem
    assert problem.endswith(".")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/cover.png",  # private, and nobody allowed it
        "http://10.0.0.1/cover.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/cover.png",
        "http://[bad/cover.png",
        "ftp://example.org/cover.png",
        "http:///cover.png",
        "data:image/png;base64,AAAA",
    ],
)
def test_a_private_address_or_no_address_is_a_finding_and_no_accident(url: str, new_post: Write) -> None:
    assert found(new_post(cover_url=url))


def test_nobody_at_that_address_is_a_finding(settings: Any, new_post: Write) -> None:
    settings.ALLOW_PRIVATE_TARGETS = frozenset({"http://127.0.0.1:9"})
    assert found(new_post(cover_url="http://127.0.0.1:9/cover.png"))


def test_the_finding_is_said_while_scheduling_until_ada_takes_another_cover(
    gallery: Any, folder: Channel, new_post: Write
) -> None:
    with gallery(said("404 Not Found")) as server:
        post = new_post(cover_url=f"{server.url}/gone.png")
        assert scheduling.check(post, folder) == []
        problem = found(post)
    [finding] = scheduling.check(post, folder)
    assert (finding.level, finding.field) == (Level.LOST, "cover_url")
    assert problem in finding.message
    post.cover_url = "https://example.org/another.png"
    assert scheduling.check(post, folder) == []


@pytest.mark.django_db(transaction=True)
def test_a_cover_that_is_changed_while_we_look_is_looked_at_again(settings: Any, new_post: Write) -> None:
    post = new_post(cover_url="to be set")

    def change_and_give(wire: socket.socket, server: RawServer) -> None:
        Post.objects.filter(pk=post.pk).update(cover_url=f"{server.url}/new.png")
        connection.close()
        wire.sendall(said("404 Not Found"))

    with raw_server(change_and_give) as server:
        settings.ALLOW_PRIVATE_TARGETS = frozenset({server.url})
        Post.objects.filter(pk=post.pk).update(cover_url=f"{server.url}/old.png")
        assert covers.check(post.pk) is False
        post.refresh_from_db()
        assert (post.cover_url, post.cover_checked_url) == (f"{server.url}/new.png", "")
        assert covers.check_waiting() == 1


def test_only_covers_that_nobody_has_looked_at_are_fetched(gallery: Any, new_post: Write) -> None:
    with gallery(said()) as server:
        new_post()
        for name in ("one", "two"):
            new_post(cover_url=f"{server.url}/{name}.png")
        assert covers.check_waiting(limit=1) == 1
        assert covers.check_waiting() == 1
        assert covers.check_waiting() == 0
        assert len(server.requests) == 2


def test_a_post_without_a_cover_or_no_post_at_all_is_nothing_to_look_at(new_post: Write) -> None:
    assert covers.check(new_post().pk) is False
    assert covers.check(10**9) is False
