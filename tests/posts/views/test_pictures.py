"""The public address of a picture: everybody gets it, nobody gets anything else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from posts.images import keeping, variants
from posts.models import Image
from tests.posts.pictures import photograph, picture

pytestmark = pytest.mark.django_db
DATA = photograph("jpg", 600, 400)


@pytest.fixture
def engine(workspace: Workspace) -> Image:
    return keeping.take_in(workspace, None, DATA, "Engine.jpg")


@pytest.fixture
def reader() -> Client:
    """Somebody who has never heard of us, or a platform."""
    return Client()


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_reader_gets_the_very_file_and_may_keep_it(engine: Image, reader: Client) -> None:
    response = reader.get(engine.public_path)
    assert response.status_code == 200
    assert body(response) == engine.path_of(engine.forms()[0]).read_bytes()
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Length"] == str(engine.size)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Content-Disposition"] == 'inline; filename="engine.jpg"'
    assert "Vary" not in response
    assert not response.cookies


def test_it_is_never_packed(engine: Image, reader: Client) -> None:
    response = reader.get(engine.public_path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response
    assert len(body(response)) == engine.size


def test_its_smaller_forms_have_addresses_too(engine: Image, reader: Client) -> None:
    variants.prepare(engine.pk)
    engine.refresh_from_db()
    for form in engine.variants:
        response = reader.get(engine.public_path.replace("engine.jpg", form["name"]))
        assert (response.status_code, response["Content-Type"]) == (200, form["media_type"])
        assert len(body(response)) == form["size"]


def test_who_has_it_already_is_told_so(engine: Image, reader: Client) -> None:
    tag = reader.get(engine.public_path)["ETag"]
    response = reader.get(engine.public_path, headers={"If-None-Match": f'W/"other", {tag}'})
    assert (response.status_code, response.content) == (304, b"")


def test_a_head_says_the_same_without_the_picture(engine: Image, reader: Client) -> None:
    response = reader.head(engine.public_path)
    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == str(engine.size)
    assert response["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("bytes=0-99999999", 0, None)],
)
def test_a_part_of_it(wanted: str, first: int, last: int | None, engine: Image, reader: Client) -> None:
    whole = engine.path_of(engine.forms()[0]).read_bytes()
    response = reader.get(engine.public_path, headers={"Range": wanted})
    assert response.status_code == 206
    part = body(response)
    assert part == whole[first : None if last is None else last + 1]
    start = first % len(whole)
    assert response["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{len(whole)}"
    assert response["Content-Length"] == str(len(part))


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
def test_a_part_that_is_not_there(wanted: str, engine: Image, reader: Client) -> None:
    response = reader.get(engine.public_path, headers={"Range": wanted})
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{engine.size}")


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 40 + "-"])
def test_a_wish_that_makes_no_sense_gets_the_whole(wanted: str, engine: Image, reader: Client) -> None:
    response = reader.get(engine.public_path, headers={"Range": wanted})
    assert (response.status_code, len(body(response))) == (200, engine.size)


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/",
        "/pictures/{token}",
        "/pictures/{token}/",
        "/pictures/{token}/other.jpg",
        "/pictures/{token}/engine.html",
        "/pictures/{token}/engine.jpg/",
        "/pictures/{token}/../../../db.sqlite3",
        "/pictures/{token}/..%2f..%2f..%2fdb.sqlite3",
        "/pictures/{token}/%2e%2e/engine.jpg",
        "/pictures/..%2f..%2fsecret.key/engine.jpg",
        "/pictures/{token}/engine.jpg%00.png",
        "/pictures/%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00/engine.jpg",
        "/pictures/AAAAAAAAAAAAAAAAAAAAAA/engine.jpg",
        "/pictures//etc/passwd",
    ],
)
def test_nothing_else_is_given_out(path: str, engine: Image, reader: Client) -> None:
    response = reader.get(path.format(token=engine.token))
    assert response.status_code == 404
    assert b"SQLite" not in response.content


def test_it_is_only_read(engine: Image, reader: Client) -> None:
    for ask in (reader.post, reader.put, reader.delete):
        assert ask(engine.public_path).status_code == 405


def test_a_file_that_is_gone_is_not_there(engine: Image, reader: Client) -> None:
    engine.path_of(engine.forms()[0]).unlink()
    assert reader.get(engine.public_path).status_code == 404


def test_what_calls_itself_a_picture_and_is_a_page_is_never_one(workspace: Workspace, reader: Client) -> None:
    """The type is what the file is, whatever its name says."""
    image = keeping.take_in(workspace, None, picture("gif"), "page.html")
    response = reader.get(image.public_path)
    assert (image.name, response["Content-Type"]) == ("page.gif", "image/gif")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Engine.PNG", "engine.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\Ada\\My photo_1.JPEG", "my-photo-1.png"),
        ("Грета.png", "picture.png"),
        ("", "picture.png"),
        (".png", "png.png"),
        ("a" * 200 + ".png", "a" * 60 + ".png"),
        ('"><script>.png', "script.png"),
    ],
)
def test_the_name_in_an_address_is_letters_and_digits(given: str, name: str, workspace: Workspace) -> None:
    assert keeping.take_in(workspace, None, picture(), given).name == name


def test_the_same_picture_is_kept_once_and_in_each_workspace_by_itself(
    engine: Image, workspace: Workspace, grace: Any
) -> None:
    again = keeping.take_in(workspace, None, DATA + b"more behind its end", "other name.jpg")
    assert again == engine
    other = Workspace.objects.of(grace)
    assert other is not None
    hers = keeping.take_in(other, grace, DATA, "engine.jpg")
    assert hers.token != engine.token
    keeping.delete(engine)
    assert hers.path_of(hers.forms()[0]).is_file()
