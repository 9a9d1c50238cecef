"""What a file is that somebody gives us as a picture: said by its own bytes, whatever its name and its sender claim.

Cheap enough for a request: the header is read, the container is cleaned, and only a picture that lies on its side is
decoded, to be turned.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.conf import settings
from PIL import Image as Pillow
from PIL import ImageOps
from PIL.JpegImagePlugin import get_sampling

from posts.images.cleaning import PNG, Broken, cleaned

MOST_PIXELS = 40_000_000  # 160 MB when they are decoded
LONGEST_SIDE = 16_383  # pixels: what WebP can hold
TAKEN = "JPEG, PNG, GIF or WebP"
ORIENTATION = 0x0112  # the EXIF tag that says how to turn the picture; 1: not at all

Pillow.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Pillow.DecompressionBombWarning)

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/avif": "avif"}
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


class NotTaken(Exception):
    """This file does not become a picture of ours. ``str()`` is the sentence for who gave it, without its name."""


@dataclass(frozen=True)
class Picture:
    """What may be given to everybody."""

    data: bytes
    media_type: str
    width: int  # pixels
    height: int
    is_animated: bool


def read(data: bytes) -> Picture:
    """The picture in these bytes, cleaned and turned the right way up. Raises NotTaken."""
    if not data:
        raise NotTaken("The file is empty.")
    if len(data) > settings.IMAGE_BYTES:
        raise NotTaken(too_large())
    media_type = kind_of(data)
    try:
        clean = cleaned(data, media_type)
        turn = _orientation(data, media_type)
        if turn != 1:
            clean = cleaned(_turned(clean, media_type, turn), media_type)
        with Pillow.open(BytesIO(clean), formats=[FORMATS[media_type]]) as image:
            (width, height), is_animated = image.size, bool(getattr(image, "is_animated", False))
            _bounded(width, height)
            image.verify()
    except NotTaken:
        raise
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise NotTaken(_too_many_pixels()) from None
    except Exception:  # Broken, and whatever a decoder says of a file that was made to confuse it
        raise NotTaken("The file is damaged: it ends early, or is not what it says.") from None
    return Picture(clean, media_type, width, height, is_animated)


def kind_of(data: bytes) -> str:
    """The media type that the first bytes say. Raises NotTaken for all that we do not take."""
    for magic, media_type in ((b"\xff\xd8\xff", "image/jpeg"), (PNG, "image/png"), (b"GIF8", "image/gif")):
        if data.startswith(magic):
            return media_type
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        raise NotTaken(
            f"This is an SVG, which can carry programs and which most platforms refuse. Export it as {TAKEN}."
        )
    if data[4:8] == b"ftyp":
        name = {b"avif": "AVIF", b"avis": "AVIF"}.get(data[8:12], "HEIC")
        raise NotTaken(f"{name} pictures are not taken: few platforms show them. Save it as {TAKEN}.")
    raise NotTaken(f"This is not a picture that we take: it has to be {TAKEN}.")


def too_large() -> str:
    return f"The file is too large: pictures of up to {in_mb(settings.IMAGE_BYTES)} are taken."


def in_mb(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB".replace(".0 ", " ")


def _bounded(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise NotTaken(_too_many_pixels(width, height))
    if max(width, height) > LONGEST_SIDE:
        raise NotTaken(f"The picture is {width} × {height} pixels; each side may have up to {LONGEST_SIDE:,}.")


def _too_many_pixels(width: int = 0, height: int = 0) -> str:
    has = f"The picture is {width} × {height} pixels" if width else "The picture has far too many pixels"
    return f"{has}; up to {MOST_PIXELS // 1_000_000} megapixels are taken."


def _orientation(data: bytes, media_type: str) -> int:
    """How the camera was held, 1 to 8. What cannot be read says nothing."""
    with Pillow.open(BytesIO(data), formats=[FORMATS[media_type]]) as image:
        _bounded(*image.size)
        if getattr(image, "is_animated", False):
            return 1
        try:
            turn = image.getexif().get(ORIENTATION, 1)
        except Exception:
            return 1
    return turn if turn in range(1, 9) else 1


def _turned(clean: bytes, media_type: str, turn: int) -> bytes:
    """As the camera meant it to be seen, in the same quality."""
    with Pillow.open(BytesIO(clean), formats=[FORMATS[media_type]]) as image:
        how: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
        if media_type == "image/jpeg":
            how |= {"qtables": image.quantization, "subsampling": max(get_sampling(image), 0)}  # type: ignore[attr-defined]
        elif media_type == "image/webp":
            how |= {"quality": 90, "method": 2}
        image.getexif()[ORIENTATION] = turn
        turned = ImageOps.exif_transpose(image)
        out = BytesIO()
        turned.save(out, FORMATS[media_type], **how)
    return out.getvalue()


__all__ = ["EXTENSIONS", "Broken", "NotTaken", "Picture", "read"]
