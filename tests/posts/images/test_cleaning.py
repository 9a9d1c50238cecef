"""What is given out of a picture's file, and what never is."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image as Pillow

from posts.images import reading
from posts.images.reading import NotTaken, read
from tests.posts.pictures import SECRET_PLACE, animation, photograph, picture, saved

HTML = b"<html><script>alert(document.cookie)</script></html>"


def seen(data: bytes) -> Pillow.Image:
    image = Pillow.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_where_ada_was_is_nobodys_business(kind: str, turn: int) -> None:
    given = photograph(kind, turn=turn)
    assert SECRET_PLACE in given
    clean = read(given).data
    for told in (SECRET_PLACE, b"A telephone", b"Exif", b"eXIf", b"EXIF", b"XMP", b"xmp", b"adobe"):
        assert told not in clean
    image = seen(clean)
    assert not image.getexif()
    assert not {"exif", "xmp", "comment", "Comment"} & set(image.info)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_a_photograph_that_lies_on_its_side_is_turned(kind: str) -> None:
    read_picture = read(photograph(kind, turn=6))  # turned by a quarter, clockwise: its left is above
    assert (read_picture.width, read_picture.height) == (40, 60)
    image = seen(read_picture.data).convert("RGB")
    red, _, blue = image.split()
    for colour, there, not_there in ((red, (20, 3), (20, 57)), (blue, (20, 57), (20, 3))):
        assert colour.getpixel(there) == pytest.approx(255, abs=10)
        assert colour.getpixel(not_there) == pytest.approx(0, abs=10)


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp"])
def test_a_picture_that_stands_upright_keeps_every_pixel(kind: str) -> None:
    given = picture(kind, 53, 31)
    read_picture = read(given)
    assert seen(read_picture.data).convert("RGB").tobytes() == seen(given).convert("RGB").tobytes()
    assert (read_picture.width, read_picture.height) == (53, 31)
    assert read(read_picture.data).data == read_picture.data


def test_colours_stay_what_they_were() -> None:
    profile = b"not looked into, only carried" * 10
    for kind in ("jpg", "png", "webp"):
        assert seen(read(picture(kind, icc_profile=profile)).data).info["icc_profile"] == profile
    turned = Pillow.open(BytesIO(read(photograph("jpg", turn=6)).data))
    assert turned.info.get("progressive") is None
    cmyk = saved(Pillow.new("CMYK", (20, 20), (10, 200, 30, 0)), "jpg")
    assert seen(read(cmyk).data).convert("RGB").tobytes() == seen(cmyk).convert("RGB").tobytes()


def test_a_progressive_photograph_has_all_its_scans() -> None:
    image = Pillow.effect_noise((200, 120), 90)
    given = saved(image, "jpg", progressive=True)
    assert seen(read(given).data).tobytes() == seen(given).tobytes()


@pytest.mark.parametrize(("scans", "is_taken"), [(63, True), (64, True), (65, False)])
def test_how_often_a_photograph_may_be_painted_over(scans: int, is_taken: bool) -> None:
    """Thousands of scans in a small file keep whoever opens it busy for minutes."""
    given = picture("jpg")
    scan = given[given.index(b"\xff\xda") : -2]
    bomb = given[:-2] + scan * (scans - 1) + given[-2:]
    if is_taken:
        read(bomb)
    else:
        with pytest.raises(NotTaken, match="damaged"):
            read(bomb)


@pytest.mark.parametrize("kind", ["gif", "png", "webp"])
def test_what_moves_goes_on_moving(kind: str) -> None:
    read_picture = read(animation(kind))
    assert read_picture.is_animated
    image = Pillow.open(BytesIO(read_picture.data))
    assert (image.n_frames, image.info.get("loop")) == (3, 0)  # type: ignore[attr-defined]


def test_a_gif_loses_its_comments() -> None:
    assert SECRET_PLACE not in read(animation("gif", comment=SECRET_PLACE)).data


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp"])
def test_nothing_hides_behind_the_end_of_a_picture(kind: str) -> None:
    given = picture(kind) + HTML + b"PK\x03\x04 an archive"
    assert b"script" not in read(given).data
    assert b"PK\x03\x04" not in read(given).data


def test_nothing_hides_in_a_chunk_that_nobody_needs() -> None:
    given = picture("png")
    chunk = b"teXt" + HTML
    hidden = len(HTML).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    assert b"script" not in read(given[:33] + hidden + given[33:]).data
    jpeg = picture("jpg")
    hidden = b"\xff\xe9" + (len(HTML) + 2).to_bytes(2, "big") + HTML
    assert b"script" not in read(jpeg[:2] + hidden + jpeg[2:]).data


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_ends_early_is_refused(kind: str, part: float) -> None:
    given = saved(Pillow.effect_noise((64, 64), 90).convert("RGB"), kind)
    with pytest.raises(NotTaken, match=r"damaged|not a picture"):
        read(given[: int(len(given) * part)])


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (b"", "empty"),
        (b"GIF8 is a way to begin a sentence", "damaged"),
        (HTML, "has to be JPEG, PNG, GIF or WebP"),
        (b"%PDF-1.7", "has to be JPEG"),
        (b"BM" + b"\0" * 100, "has to be JPEG"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\xef\xbb\xbf\n<svg onload='alert(1)'/>", "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "damaged"),
        (b"\xff\xd8\xff\xe0" + b"\xff" * 40, "damaged"),
    ],
)
def test_what_is_no_picture_of_ours_is_said_in_a_sentence(given: bytes, word: str) -> None:
    with pytest.raises(NotTaken, match=word) as refused:
        read(given)
    assert str(refused.value).endswith(".")


def test_avif_is_named_too() -> None:
    with pytest.raises(NotTaken, match="AVIF pictures are not taken"):
        read(picture("avif"))


def declared(width: int, height: int) -> bytes:
    """A small file that says it is huge, as a bomb does."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    lines = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(8000, 4999), (8000, 5000)])
def test_forty_megapixels_are_taken(width: int, height: int) -> None:
    assert read(declared(width, height)).width == 8000


@pytest.mark.parametrize(("width", "height"), [(8000, 5001), (16000, 16000), (65000, 65000)])
def test_a_bomb_is_not_opened(width: int, height: int) -> None:
    with pytest.raises(NotTaken, match="megapixels"):
        read(declared(width, height))


@pytest.mark.parametrize(("side", "is_taken"), [(16382, True), (16383, True), (16384, False)])
def test_how_long_a_side_may_be(side: int, is_taken: bool) -> None:
    if is_taken:
        assert read(declared(side, 10)).width == side
    else:
        with pytest.raises(NotTaken, match="each side"):
            read(declared(side, 10))


@pytest.mark.parametrize(("more", "is_taken"), [(1, True), (0, True), (-1, False)])
def test_how_large_a_file_may_be(more: int, is_taken: bool, settings: Any) -> None:
    given = picture("png")
    settings.IMAGE_BYTES = len(given) + more
    if is_taken:
        read(given)
    else:
        with pytest.raises(NotTaken, match="pictures of up to"):
            read(given)


def test_what_a_decoder_stumbles_over_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte of a picture's head, turned over: an answer each time, and never an accident."""
    for make in (picture, animation):
        given: bytes = make("gif") if make is animation else make("jpg")
        for place in range(min(len(given), 400)):
            broken = given[:place] + bytes([given[place] ^ 0xFF]) + given[place + 1 :]
            try:
                read(broken)
            except NotTaken:
                continue


def test_the_words_for_sizes() -> None:
    assert [reading.in_mb(size) for size in (10_000_000, 12_340_000)] == ["10 MB", "12.3 MB"]
