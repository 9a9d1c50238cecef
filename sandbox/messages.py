"""What comes in and what goes out: one request, one answer, and how the answer should travel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Request:
    """One HTTP request as a platform sees it.

    `path` begins with "/" and is relative to whoever is asked (the sandbox, or one platform). `headers` has
    lower-case names. `origin` is scheme and host, without a final slash, for absolute addresses in answers.
    `query_string` is the query as it came, where names may be repeated. `called` is the scheme and host that this
    request came to, where an address is for whoever asks and not for readers; `api_origin` is that, or `origin`.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    ip: str = "127.0.0.1"
    origin: str = "http://localhost"
    query_string: str = ""
    called: str = ""

    @property
    def api_origin(self) -> str:
        return self.called or self.origin

    @property
    def content_type(self) -> str:
        """The media type of the body in lower-case letters, without its parameters."""
        return self.headers.get("content-type", "").lower().split(";")[0].strip()


@dataclass(frozen=True)
class Response:
    """One whole answer. `Content-Length` is added by the server."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the answer is a 2xx."""
        return 200 <= self.status < 300

    @property
    def status_line(self) -> str:
        """Status and reason as WSGI wants them, such as "201 Created"."""
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        return f"{self.status} {reason}"


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with `value` as JSON."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, json.dumps(value, ensure_ascii=False).encode(), kind | dict(headers or {}))


def text_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in plain text."""
    return Response(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8"} | dict(headers or {}))


def html_response(status: int, html: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with an HTML page."""
    return Response(status, html.encode(), {"Content-Type": "text/html; charset=utf-8"} | dict(headers or {}))


@dataclass
class Wire:
    """How the server should carry an answer. WSGI has no words for bad manners, so the app leaves them here.

    The server puts a fresh one into the environ as "sandbox.wire"; any other WSGI server simply answers well.
    """

    wait: float = 0.0
    """Seconds of silence before anything is sent."""
    hang_up: bool = False
    """Close the connection without an answer."""
    drip: float = 0.0
    """Seconds between one byte and the next, headers included; 0 sends everything at once."""
    cut: bool = False
    """Promise the full length, send half of the body, close."""
