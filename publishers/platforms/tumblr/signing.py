"""OAuth 1.0a with HMAC-SHA1 (RFC 5849), the only method that Tumblr takes. Its tokens have no end of their own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit


def authorization(
    method: str, url: str, *, key: str, key_secret: str, token: str, token_secret: str, moment: int, nonce: str
) -> str:
    """The value of the Authorization header. ``moment`` in seconds since 1970.

    The body takes no part: of bodies only forms are signed, and we send JSON and files.
    """
    own = {
        "oauth_consumer_key": key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(moment),
        "oauth_token": token,
    }
    signed = own | {"oauth_signature": signature(method, url, own, key_secret, token_secret)}
    return "OAuth " + ", ".join(f'{name}="{_coded(value)}"' for name, value in signed.items())


def signature(method: str, url: str, own: Mapping[str, str], key_secret: str, token_secret: str) -> str:
    parts = urlsplit(url)
    asked = [*parse_qsl(parts.query, keep_blank_values=True), *own.items()]
    coded = sorted((_coded(name), _coded(value)) for name, value in asked)
    listed = "&".join(f"{name}={value}" for name, value in coded)
    place = urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path, "", ""))
    base = "&".join(_coded(part) for part in (method.upper(), place, listed))
    secret = f"{_coded(key_secret)}&{_coded(token_secret)}".encode()
    return base64.b64encode(hmac.new(secret, base.encode(), hashlib.sha1).digest()).decode()


def _coded(text: str) -> str:
    return quote(text, safe="~")
