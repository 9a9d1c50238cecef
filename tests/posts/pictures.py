"""Pictures as people have them, and one as nobody should."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

FORMATS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF", "tiff": "TIFF"}
SECRET_PLACE = b"51 deg 30 min N, 0 deg 7 min W"


def picture(kind: str = "png", width: int = 40, height: int = 30, colour: Any = "teal", **how: Any) -> bytes:
    """A file with a picture of one colour in it."""
    return saved(Pillow.new("RGB", (width, height), colour), kind, **how)


def saved(image: Pillow.Image, kind: str, **how: Any) -> bytes:
    file = BytesIO()
    image.save(file, FORMATS[kind], **how)
    return file.getvalue()


def photograph(kind: str = "jpg", width: int = 60, height: int = 40, turn: int = 1) -> bytes:
    """As a telephone takes it: with the place and the camera, and perhaps lying on its side; its left is red."""
    image = Pillow.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 4, height))
    exif = Pillow.Exif()
    exif[0x0112] = turn
    exif[0x010F] = "A telephone"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 26.0)
    exif.get_ifd(0x8825)[29] = SECRET_PLACE.decode()
    how: dict[str, Any] = {"exif": exif.tobytes()}
    if kind == "png":
        told = PngInfo()
        told.add_text("Comment", SECRET_PLACE.decode())
        told.add_itxt("XML:com.adobe.xmp", SECRET_PLACE.decode())
        how["pnginfo"] = told
    if kind == "jpg":
        how |= {"comment": SECRET_PLACE, "xmp": SECRET_PLACE, "quality": 95}
    if kind == "webp":
        how |= {"xmp": SECRET_PLACE, "lossless": True}
    return saved(image, kind, **how)


def animation(kind: str = "gif", frames: int = 3, **how: Any) -> bytes:
    """Something that moves."""
    pictures = [Pillow.new("RGB", (20, 20), (80 * number, 0, 0)) for number in range(frames)]
    return saved(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=100, loop=0, **how)
