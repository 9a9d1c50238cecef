"""The token of a call: a JWT signed with HS256, checked by hand, as Ghost checks it."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

from sandbox.messages import Request

MAX_AGE = 300
"""Seconds after which a token is too old, whatever it says itself."""
AUDIENCE = re.compile(r"/?(v\d+/)?admin/?")


def key_id(request: Request) -> str:
    """The id of the key that the token names, "" when there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        head = _decoded(token.split(".")[0]) if kind == "Ghost" else {}
    except ValueError:
        return ""
    name = head.get("kid") if isinstance(head, dict) else None
    return name if isinstance(name, str) else ""


def wrong_with(request: Request, key: str, now: float) -> str:
    """Why the token is refused, "" when it is good. `key` is "id:secret" of the account it names."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    try:
        head, claims, signature = token.split(".")
        algorithm = _decoded(head).get("alg")
        said = _decoded(claims)
        secret = bytes.fromhex(key.partition(":")[2])
        given = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (ValueError, AttributeError):
        return "jwt malformed"
    real = hmac.new(secret, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    if algorithm != "HS256" or not hmac.compare_digest(real, given):
        return "invalid signature"
    if not AUDIENCE.fullmatch(str(said.get("aud"))):
        return "jwt audience invalid"
    if now >= float(said.get("exp", 0)):
        return "jwt expired"
    return "maxAge exceeded" if now >= float(said.get("iat", 0)) + MAX_AGE else ""


def _decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
