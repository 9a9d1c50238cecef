"""The storage for pictures, which is not Hashnode's own: it takes a form that Hashnode has signed, and the file.

It never sees a token. What it answers is XML, and nothing at all when it has taken the file.
"""

import hashlib
import hmac
import secrets
from typing import Any

from sandbox.contract import Outcome
from sandbox.forms import parts_of
from sandbox.messages import Request, Response, text_response

PATH = "/storage"
MAX_BYTES = 8 * 1024 * 1024
_SECRET = secrets.token_bytes(16)


def form_for(username: str, kind: str, address: str) -> dict[str, Any]:
    """Where to send a file of this type, and what has to be sent before it."""
    key = f"res/hashnode/image/upload/{username}-{secrets.token_hex(6)}"
    return {
        "url": address + PATH,
        "fields": {
            "key": key, "Content-Type": kind, "bucket": "sandbox", "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "Policy": "c2FuZGJveA==", "X-Amz-Signature": _signature(key, kind),
        },
    }  # fmt: skip


def take(request: Request, now: float) -> Outcome:
    """A file with the form that was made for it. A permission in a header is refused: it has its own."""
    if request.headers.get("authorization"):
        return _refused(400, "InvalidArgument")
    parts = parts_of(request)
    if not parts or parts[-1][0] != "file":
        return _refused(400, "InvalidArgument")  # whatever comes after the file is not looked at
    fields = {name: content.decode("utf-8", "replace") for name, content, _ in parts[:-1]}
    signed = _signature(fields.get("key", ""), fields.get("Content-Type", ""))
    if not {"Policy", "X-Amz-Algorithm", "bucket"} <= fields.keys() or fields.get("X-Amz-Signature") != signed:
        return _refused(403, "AccessDenied")
    if len(parts[-1][1]) > MAX_BYTES:
        return _refused(400, "EntityTooLarge")
    return Outcome(Response(204))


def _signature(key: str, kind: str) -> str:
    return hmac.new(_SECRET, f"{key}\n{kind}".encode(), hashlib.sha256).hexdigest()


def _refused(status: int, code: str) -> Outcome:
    xml = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return Outcome(text_response(status, xml, {"Content-Type": "application/xml"}))
