"""A site's REST API: where it is, and how to call it."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from html import unescape
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from publishers.errors import Fault, NotAuthorized, OutcomeUnknown, Unavailable
from publishers.http import Answer, Http
from publishers.platforms.wordpress import answers
from publishers.platforms.wordpress.forms import is_same_site

API = "https://api.w.org/"  # the relation by which a WordPress page names the root of its API
_LINK = re.compile(r'<([^>]*)>\s*;[^,<]*?\brel="?' + re.escape(API))
_TAG = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


class Site:
    """The API below ``root``, called by ``username`` with an application password."""

    def __init__(self, http: Http, root: str, username: str, password: str) -> None:
        self.http = http
        self.root = root
        coded = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {coded}"}

    def get(self, route: str, *, accept: Collection[int] = (), **query: Any) -> Answer:
        url = self.address(route, **query)
        headers = self._headers
        return self.http.call("GET", url, headers=headers, writes=False, accept=accept, errors=answers.reading)

    def post(self, route: str, fields: dict[str, Any], accept: Collection[int] = ()) -> Answer:
        url, headers = self.address(route), self._headers
        return self.http.call(
            "POST", url, headers=headers, json=fields, writes=True, accept=accept, errors=answers.writing
        )

    def prepare(self, route: str, fields: dict[str, Any], accept: Collection[int] = ()) -> Answer:
        """Post what an article needs and readers do not see: without an answer nothing of the article is there."""
        try:
            return self.post(route, fields, accept)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error

    def delete(self, route: str, accept: Collection[int] = ()) -> Answer:
        url, headers = self.address(route), self._headers
        return self.http.call("DELETE", url, headers=headers, writes=True, accept=accept, errors=answers.writing)

    def upload(self, body: bytes, media_type: str, disposition: str, **query: Any) -> Answer:
        """A file into the media library. Without an answer there may be one more that nobody uses."""
        headers: dict[str, str] = self._headers | {"Content-Disposition": disposition}
        url, errors = self.address("wp/v2/media", **query), answers.uploading
        try:
            return self.http.call(
                "POST", url, headers=headers, body=body, content_type=media_type, writes=True, errors=errors
            )
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error

    def address(self, route: str, **query: Any) -> str:
        """Below …/wp-json/ a query begins with "?"; below …/?rest_route=/ it has begun already."""
        joint = "&" if "?" in self.root else "?"
        return f"{self.root}{route}{joint + urlencode(query) if query else ''}"


def discover(http: Http, address: str) -> str:
    """The root of the API, as the site names it in a header or in its page; else where every WordPress has it.

    Raises NotAuthorized where it would be on another host: the password is not for that one.
    """
    page = http.page(f"{address}/")
    named = _in_header(page.answer.headers.get("link", "")) or _in_page(page.answer.text)
    if not named and urlsplit(page.url).hostname == urlsplit(address).hostname:
        return f"{address}/?rest_route=/"
    root = urljoin(page.url, named or "/?rest_route=/")
    if not is_same_site(address, root):
        where = f"{urlsplit(root).scheme}://{urlsplit(root).netloc}"
        words = f"This WordPress says that it is at {where}. Please give that as the address of the site."
        raise NotAuthorized(words).because(Fault.MOVED)
    return root if root.endswith("/") else f"{root}/"


def _in_header(value: str) -> str:
    found = _LINK.search(value)
    return found[1] if found else ""


def _in_page(html: str) -> str:
    tags = (tag for tag in _TAG.findall(html) if API in tag)
    return next((unescape(found[1]) for tag in tags if (found := _HREF.search(tag))), "")
