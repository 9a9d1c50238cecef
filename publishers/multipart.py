"""A file as browsers send one: multipart/form-data (RFC 7578), built in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256


def form_data(
    fields: Mapping[str, str], *, name: str, file: bytes, file_name: str, media_type: str
) -> tuple[bytes, str]:
    """The body and its content type: the text ``fields``, and ``file`` in the field ``name``.

    The same file gives the same bytes. ``file_name`` loses what would end its quoted string.
    """
    boundary = f"blogscheduler-{sha256(file).hexdigest()[:32]}"
    while boundary.encode() in file:
        boundary += "-"
    parts = [_part(boundary, f'name="{_quoted(key)}"', "", value.encode()) for key, value in fields.items()]
    about = f'name="{_quoted(name)}"; filename="{_quoted(file_name)}"'
    parts.append(_part(boundary, about, f"Content-Type: {media_type}\r\n", file))
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, about: str, more: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {about}\r\n{more}\r\n"
    return head.encode() + content + b"\r\n"


def _quoted(text: str) -> str:
    """As browsers do it: a quotation mark and line ends by their percent codes."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


@dataclass(frozen=True)
class File:
    """One part of a form. ``file_name`` is "" for what is no file to its reader."""

    name: str
    content: bytes
    file_name: str
    media_type: str


def files_form(files: Sequence[File]) -> tuple[bytes, str]:
    """As ``form_data``, of several files in their order."""
    boundary = f"blogscheduler-{sha256(b''.join(file.content for file in files)).hexdigest()[:32]}"
    while any(boundary.encode() in file.content for file in files):
        boundary += "-"
    parts = []
    for file in files:
        named = f'; filename="{_quoted(file.file_name)}"' if file.file_name else ""
        about = f'name="{_quoted(file.name)}"{named}'
        parts.append(_part(boundary, about, f"Content-Type: {file.media_type}\r\n", file.content))
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"
