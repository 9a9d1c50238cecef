"""The public address of a picture: for platforms and readers, who do not log in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from posts.images.using import PATH, PUBLIC
from posts.models import Image

Handler = Callable[[HttpRequest], HttpResponseBase]

PIECE = 64 * 1024  # bytes that are read at a time
HEADERS = {
    # What an address shows never changes: another picture has another address.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
    # Nothing in it runs, whatever a browser may take it for.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


def first(get_response: Handler) -> Handler:
    """Pictures are given out before a session is read, so that shared caches may keep them, and before they would be
    packed, which makes nothing of a picture smaller.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PUBLIC):
            return get_response(request)
        found = PATH.fullmatch(request.path_info)
        return picture(request, *found.groups()) if found else _none()

    return middleware


def picture(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """No part of the address becomes a path: the row says which file it is."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    image = Image.objects.filter(token=token).first()
    form = image.form(name) if image else None
    if image is None or form is None:
        return _none()
    tag = f'"{form["digest"]}"'
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={**HEADERS, "ETag": tag})
    try:
        response = _given(image.path_of(form), form, request.headers.get("Range", ""))
    except FileNotFoundError:  # a restored database without its files
        return _none()
    for header, value in {**HEADERS, "ETag": tag}.items():
        response[header] = value
    if request.method == "HEAD":
        response.close()
        return HttpResponse(status=response.status_code, headers=dict(response.items()))
    return response


def _none() -> HttpResponse:
    return HttpResponse("There is no such picture.", status=404, content_type="text/plain; charset=utf-8")


def _given(path: Path, form: dict[str, Any], wanted: str) -> HttpResponseBase:
    size = path.stat().st_size
    part = _part(wanted, size)
    if part is None:
        whole = FileResponse(path.open("rb"), content_type=form["media_type"])
        whole["Content-Disposition"] = f'inline; filename="{form["name"]}"'
        return whole
    first, last = part
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    some = StreamingHttpResponse(_pieces(path, first, last), status=206, content_type=form["media_type"])
    some["Content-Range"] = f"bytes {first}-{last}/{size}"
    some["Content-Length"] = str(last - first + 1)
    return some


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """The first and last byte of one range; None for the whole, a first after the last for what is not there."""
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", wanted.strip())
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        return (size - length, size - 1) if length else (1, 0)
    first, last = int(found[1]), min(int(found[2] or size), size - 1)
    if found[2] and int(found[2]) < first:
        return None
    return (first, last) if first < size else (1, 0)


def _pieces(path: Path, first: int, last: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
