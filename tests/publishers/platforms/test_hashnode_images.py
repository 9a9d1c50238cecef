"""Pictures on Hashnode: a form is asked for, and taken with the file to the storage that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from publishers.base import Image, RemoteImage, TakesImages
from publishers.errors import NotAuthorized, PublishingError, RateLimited, Rejected, Unavailable
from publishers.platforms.hashnode import Hashnode
from publishers.platforms.hashnode.images import IMAGE_BYTES
from sandbox.server import Serving
from tests.publishers.conftest import made, order
from tests.publishers.contract import ARTICLE

MEGABYTES_8 = 8 * 1024 * 1024
OURS = "https://blog.example/pictures/engine.png"
MakeImage = Callable[..., Image]


@pytest.fixture
def picture(tmp_path: Path) -> MakeImage:
    def make(size: int = 2000, kind: str = "image/png", name: str = "engine.png") -> Image:
        path = tmp_path / name
        path.write_bytes(b"\x89PNG\r\n\x1a\n".ljust(size, b"x")[:size])
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Image(digest=digest, url=OURS, path=path, name=name, media_type=kind, size=size)

    return make


def hashnode_at(base_url: str, token: str = "sandbox-hashnode-key") -> Hashnode:
    return made(Hashnode, {"token": token}, {"base_url": base_url, "publication": "a" * 24})


@pytest.fixture
def hashnode(sandbox: Serving) -> Hashnode:
    order(sandbox, "reset")
    return hashnode_at(f"{sandbox.url}/hashnode")


def test_a_picture_is_uploaded_and_has_the_address_that_readers_use(hashnode: Hashnode, picture: MakeImage) -> None:
    assert isinstance(hashnode, TakesImages)
    there = hashnode.upload(picture())
    assert there.id
    assert there.url == f"https://cdn.hashnode.com/{there.id}"


def test_it_needs_no_paid_plan(sandbox: Serving, picture: MakeImage) -> None:
    assert hashnode_at(f"{sandbox.url}/hashnode", "sandbox-hashnode-free-key").upload(picture()).id


def test_a_wrong_token_is_said(sandbox: Serving, picture: MakeImage) -> None:
    with pytest.raises(NotAuthorized):
        hashnode_at(f"{sandbox.url}/hashnode", "wrong").upload(picture())


@pytest.mark.parametrize("size", [MEGABYTES_8 - 1, MEGABYTES_8, MEGABYTES_8 + 1])
def test_pictures_have_up_to_8_megabytes(hashnode: Hashnode, picture: MakeImage, size: int) -> None:
    assert hashnode.limits.image_bytes == IMAGE_BYTES == MEGABYTES_8
    if size > MEGABYTES_8:
        with pytest.raises(Rejected, match="8 MB"):
            hashnode.upload(picture(size))
        assert hashnode.http.exchanges == []
    else:
        hashnode.http.deadline = hashnode.http.read = 30  # so much takes a while on a busy machine
        assert hashnode.upload(picture(size)).id


def test_the_storage_refuses_what_is_too_big_as_well(hashnode: Hashnode, picture: MakeImage) -> None:
    too_big = picture(MEGABYTES_8 + 1)
    with pytest.raises(Rejected, match="storage refused"):
        hashnode.upload(replace(too_big, size=1))


@pytest.mark.parametrize("kind", ["image/svg+xml", "application/pdf", "text/html", ""])
def test_what_is_no_picture_and_svg_are_refused_before_anything_is_sent(
    hashnode: Hashnode, picture: MakeImage, kind: str
) -> None:
    with pytest.raises(Rejected, match="no SVG"):
        hashnode.upload(picture(kind=kind))
    assert hashnode.http.exchanges == []


@pytest.mark.parametrize("call", ["sign", "upload"])
@pytest.mark.parametrize("fault", ["close", "half_json"])
def test_a_lost_answer_harms_nothing(
    hashnode: Hashnode, sandbox: Serving, picture: MakeImage, call: str, fault: str
) -> None:
    order(sandbox, "faults", platform="hashnode", call=call, fault=fault, when="after")
    if (call, fault) == ("upload", "half_json"):  # its answer is empty: there is nothing to lose of it
        hashnode.upload(picture())
        return
    with pytest.raises(Unavailable):
        hashnode.upload(picture())
    assert hashnode.upload(picture()).id


def test_the_token_does_not_go_to_the_storage_and_the_file_comes_last(
    httpserver: HTTPServer, picture: MakeImage
) -> None:
    serve_form(httpserver, {"key": "res/ada.png", "Policy": "abc", "Content-Type": "image/png"})
    httpserver.expect_request("/bucket", method="POST").respond_with_data(b"", 204)
    assert hashnode_at(httpserver.url_for("")).upload(picture()) == RemoteImage(
        "res/ada.png", "https://cdn.hashnode.com/res/ada.png"
    )
    (_, _), (sent, _) = httpserver.log
    assert "Authorization" not in sent.headers
    assert [*sent.form] == ["key", "Policy", "Content-Type"]
    assert sent.files["file"].read() == picture().path.read_bytes()


@pytest.mark.parametrize("form", [None, {}, {"key": ""}, {"key": 7}, {"key": "a", "Policy": None}, "x", []])
def test_a_form_that_is_none_is_unavailable(httpserver: HTTPServer, picture: MakeImage, form: Any) -> None:
    serve_form(httpserver, form)
    with pytest.raises(Unavailable):
        hashnode_at(httpserver.url_for("")).upload(picture())


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (403, Rejected), (413, Rejected), (500, Unavailable), (503, RateLimited)]
)
def test_what_the_storages_refusals_mean(
    httpserver: HTTPServer, picture: MakeImage, status: int, error: type[PublishingError]
) -> None:
    serve_form(httpserver, {"key": "res/ada.png"})
    httpserver.expect_request("/bucket").respond_with_data("<Error/>", status, content_type="application/xml")
    with pytest.raises(error, match="storage"):
        hashnode_at(httpserver.url_for("")).upload(picture())


def serve_form(server: HTTPServer, form: Any) -> None:
    presigned = {"url": server.url_for("/bucket"), "fields": form}
    data = {"createImageUploadURL": {"presignedPost": presigned}}
    server.expect_request("/", method="POST").respond_with_json({"data": data})


def test_uploaded_pictures_stand_in_text_and_cover_with_their_new_address(
    hashnode: Hashnode, picture: MakeImage
) -> None:
    image = picture()
    there = RemoteImage("res/ada.png", "https://cdn.hashnode.com/res/ada.png")
    article = replace(
        ARTICLE, markdown=f"![The engine]({OURS})", cover_url=OURS, images=(image,), uploaded={image.digest: there}
    )
    sent = hashnode.payload(article)["variables"]["input"]
    assert f"![The engine]({there.url})" in sent["contentMarkdown"]
    assert sent["coverImageOptions"] == {"coverImageURL": there.url}
    assert OURS in hashnode.payload(replace(article, uploaded={}))["variables"]["input"]["contentMarkdown"]
