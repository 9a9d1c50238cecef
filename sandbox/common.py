"""What several platforms do alike."""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit


def route_of(routes: tuple[tuple[str, str, str], ...], method: str, path: str) -> tuple[str, dict[str, Any]]:
    """The name of a request by (method, pattern, name), with what the pattern finds in its path; HEAD is as GET."""
    method = "GET" if method == "HEAD" else method
    for verb, pattern, name in routes:
        if method == verb and (found := re.fullmatch(pattern, path)):
            return name, found.groupdict()
    return "unknown", {}


def is_address(url: str) -> bool:
    """Whether this is a web address, wherever it leads."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        return False


def plain_words(text: str, most: int | None = None) -> str:
    """The text in small plain letters, digits and hyphens, for an address: `most` characters of it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most].strip("-")


def name_of(username: str) -> str:
    """What somebody with this username is called."""
    return username.replace("_", " ").title()
