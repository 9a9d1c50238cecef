"""Pictures on Hashnode: a form is asked for, and sent with the file to the storage that it names."""

from __future__ import annotations

from typing import Any

from publishers.base import Image, RemoteImage
from publishers.errors import PublishingError, RateLimited, Rejected
from publishers.http import Answer, Http, origin_of
from publishers.multipart import form_data
from publishers.platforms.hashnode import answers

CDN = "https://cdn.hashnode.com/"  # where readers get what is in the storage; not the storage's own address
IMAGE_BYTES = 8 * 1024 * 1024
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif")  # any image but SVG


def trouble(image: Image) -> str:
    """Why Hashnode would not take this picture, as a sentence; "" when it would."""
    if image.media_type not in IMAGE_TYPES:
        return f"Hashnode does not take “{image.name}”: it wants a PNG, JPEG, GIF or WebP, and no SVG."
    if image.size > IMAGE_BYTES:
        return f"Hashnode takes pictures of up to 8 MB; “{image.name}” has {image.size / 1024 / 1024:.1f} MB."
    return ""


def place_in(answer: Answer) -> tuple[str, dict[str, str]]:
    """Where the file is to be sent, and the fields that go before it in the form."""
    presigned: dict[str, Any] = answers.part(answer, "createImageUploadURL", "presignedPost") or {}
    url, fields = presigned.get("url"), presigned.get("fields")
    if not isinstance(url, str) or not origin_of(url) or not isinstance(fields, dict):
        raise answer.unclear("Hashnode did not say where to send the picture")
    if not all(isinstance(value, str) for value in fields.values()) or not fields.get("key"):
        raise answer.unclear("Hashnode did not say how to send the picture")
    return url, fields


def send(http: Http, url: str, fields: dict[str, str], image: Image) -> RemoteImage:
    """All fields as they came, then the file. The form is its own permission: no token goes there."""
    body, content_type = form_data(
        fields, name="file", file=image.path.read_bytes(), file_name=image.name, media_type=image.media_type
    )
    http.call(
        "POST", url, headers={"Accept": "*/*"}, body=body, content_type=content_type, writes=False,
        label="Hashnode’s storage", errors=_refusal,
    )  # fmt: skip
    return RemoteImage(id=fields["key"], url=CDN + fields["key"])


def _refusal(answer: Answer) -> PublishingError | None:
    """The storage answers XML. 403 is about the form, which is made anew each time, never about the token."""
    if answer.status in (400, 403, 413):
        return Rejected(f"Hashnode’s storage refused the picture ({answer.status}).")
    if answer.status == 503:
        return RateLimited("Hashnode’s storage asks us to slow down.", answer.retry_after())
    return None
