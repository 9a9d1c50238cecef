"""Where a site says that its Micropub endpoint is: in a Link header, else in a link element of the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

from publishers.http import Page

_LINK = re.compile(r"<([^<>]*)>\s*((?:;[^,;\"]*(?:\"[^\"]*\")?[^,;\"]*)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def endpoint_in(page: Page, rel: str = "micropub") -> str:
    """The absolute address of the first link with this relation; "" when the page has none."""
    address = _in_header(page.answer.headers.get("link", ""), rel) or _in_html(page.answer.text, rel)
    try:
        return urljoin(page.url, address) if address else ""
    except ValueError:
        return ""


def _in_header(header: str, rel: str) -> str:
    for address, parameters in _LINK.findall(header):
        found = _REL.search(parameters)
        if found and rel in (found[1] or found[2] or "").lower().split():
            return str(address).strip()
    return ""


def _in_html(html: str, rel: str) -> str:
    finder = _Finder(rel)
    finder.feed(html)
    return finder.address


class _Finder(HTMLParser):
    def __init__(self, rel: str) -> None:
        super().__init__()
        self.rel = rel
        self.address = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("link", "a") and not self.address and self.rel in (values.get("rel") or "").lower().split():
            self.address = (values.get("href") or "").strip()
