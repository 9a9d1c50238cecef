"""A picture's file without what its maker did not mean to publish: place, camera, thumbnails, comments, what hides
behind its end.

Only the container is taken apart; the pixels stay as they are, bit by bit. What is not known to be needed for showing
the picture is left out, so that no kind of metadata has to be known by name. The structures are those of the PNG
specification (3rd edition), ITU T.81 (JPEG), GIF89a and the WebP container specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable


class Broken(Exception):
    """This is not a whole file of its kind."""


def cleaned(data: bytes, media_type: str) -> bytes:
    """The same picture. Raises Broken."""
    try:
        return CLEANERS[media_type](data)
    except IndexError:  # it ends in the middle
        raise Broken from None


# --- JPEG ------------------------------------------------------------------------------------------------------------

_END_OF_SCAN = re.compile(rb"\xff(?![\x00\xff\xd0-\xd7])")
MOST_SCANS = 64  # progressive pictures have about ten; each costs whoever opens it a walk over all pixels
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def _jpeg(data: bytes) -> bytes:
    if data[:2] != b"\xff\xd8":
        raise Broken
    kept, at, scans = [data[:2]], 2, 0
    while True:
        if data[at] != 0xFF:
            raise Broken
        while data[at] == 0xFF:  # any number of them may stand before a marker
            at += 1
        marker, at = data[at], at + 1
        if marker == _END_OF_IMAGE:
            return b"".join([*kept, b"\xff\xd9"])
        if marker in _STANDALONE:
            continue
        length = _big_endian(data, at, 2)
        segment = data[at : at + length]
        if length < 2 or len(segment) < length:
            raise Broken
        if _shows(marker, segment[2:]):
            kept.append(b"\xff" + bytes([marker]) + segment)
        at += length
        if marker == _START_OF_SCAN:
            scans += 1
            end = _END_OF_SCAN.search(data, at)
            if end is None or scans > MOST_SCANS:
                raise Broken
            kept.append(data[at : end.start()])
            at = end.start()


def _shows(marker: int, content: bytes) -> bool:
    """Whether the segment is needed to show the picture: tables and scans; of the applications' own segments the
    density, the colour profile and Adobe's kind of colours.
    """
    if marker == 0xE0:
        return content.startswith(b"JFIF\0") and content[12:14] == b"\0\0"  # with no thumbnail in it
    if marker == 0xE2:
        return content.startswith(b"ICC_PROFILE\0")
    if marker == 0xEE:
        return content.startswith(b"Adobe")
    return not (0xE0 <= marker <= 0xEF or marker == 0xFE)


# --- PNG -------------------------------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)


def _png(data: bytes) -> bytes:
    if data[:8] != PNG:
        raise Broken
    kept, at, kind = [PNG], 8, b""
    while kind != b"IEND":
        end = at + 12 + _big_endian(data, at, 4)
        kind, chunk = data[at + 4 : at + 8], data[at:end]
        if len(chunk) < end - at:
            raise Broken
        if kind in _PNG_CHUNKS:
            kept.append(chunk)
        at = end
    return b"".join(kept)


# --- GIF -------------------------------------------------------------------------------------------------------------

_ANIMATION = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF


def _gif(data: bytes) -> bytes:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise Broken
    at = 13 + _colours(data[10])
    kept = [data[:at]]
    while True:
        block, start = data[at], at
        if block == _TRAILER:
            return b"".join([*kept, b";"])
        if block == _EXTENSION:
            label, at = data[at + 1], _after_blocks(data, at + 2)
            known = label == _APPLICATION and data[start + 3 : start + 14] in _ANIMATION
            if label == _GRAPHIC_CONTROL or known:
                kept.append(data[start:at])
        elif block == _IMAGE:
            at = _after_blocks(data, at + 10 + _colours(data[at + 9]) + 1)
            kept.append(data[start:at])
        else:
            raise Broken


def _colours(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1


# --- WebP ------------------------------------------------------------------------------------------------------------

_WEBP_CHUNKS = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_EXIF_AND_XMP = 0x08 | 0x04


def _webp(data: bytes) -> bytes:
    whole = 8 + int.from_bytes(data[4:8], "little")
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < whole:
        raise Broken
    kept, at = [], 12
    while at < whole:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size + (size & 1)
        kind, chunk = data[at : at + 4], data[at:end]
        if len(chunk) < 8 + size:
            raise Broken
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_EXIF_AND_XMP]) + chunk[9:]
        if kind in _WEBP_CHUNKS:
            kept.append(chunk)
        at = end
    if not kept:
        raise Broken
    content = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(content).to_bytes(4, "little") + content


def _big_endian(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise Broken
    return int.from_bytes(data[at : at + size], "big")


CLEANERS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
}
