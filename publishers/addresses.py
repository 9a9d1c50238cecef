"""What can be said of a web address by looking at it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urljoin, urlsplit


def is_relative(address: str) -> bool:
    """Whether it leads nowhere on another site. "#part" is fine."""
    try:
        return bool(address) and not address.startswith(("#", "//")) and not urlsplit(address).scheme
    except ValueError:
        return False


def absolute(address: str, base: str) -> str:
    """A relative ``address`` as read on the page ``base``; "" where that makes no web address."""
    try:
        joined = urljoin(base, address)
        return joined if urlsplit(joined).scheme in ("http", "https") and urlsplit(joined).hostname else ""
    except ValueError:
        return ""


def is_public_url(url: str) -> bool:
    """Whether everybody could load ``url``, as far as it shows: http or https, no blanks, not a local host."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or re.search(r"\s", url):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal"))
