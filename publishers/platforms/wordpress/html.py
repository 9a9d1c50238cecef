"""Markdown → the one HTML block that a post on WordPress consists of. Pure text work.

Inside a block of its kind "wp:html" WordPress leaves line ends alone. What it does everywhere is told at each function,
as seen on WordPress 6.8, 2026.
"""

from __future__ import annotations

import re
from html import escape

from publishers.base import Article, Image, RemoteImage
from publishers.marks import mark
from publishers.text.html import ELEMENTS, EMBEDS, to_article_html, without_shortcodes
from publishers.text.source import Source

UNFILTERED = ELEMENTS | EMBEDS
"""What we send for somebody who may write any HTML."""
FILTERED = (ELEMENTS | {"audio", "video"}) - {"bdi", "center", "data", "time", "wbr"}
"""What stays of it for everybody else: WordPress cuts the rest out when it saves."""


def elements_of(raw_html: str) -> frozenset[str]:
    """``raw_html``: the channel's setting of this name."""
    return UNFILTERED if raw_html == "yes" else FILTERED


def body(source: Source, elements: frozenset[str]) -> str:
    """The text as HTML, of which WordPress carries out nothing."""
    html = to_article_html(source, elements)
    for image in source.article.images:
        if remote := source.article.uploaded.get(image.digest):
            html = _at_its_place(html, image, remote)
    return _without_players(without_shortcodes(html))


def block(html: str, key: str) -> str:
    """``html`` as a block of WordPress's, with our mark in it."""
    return f"<!-- wp:html -->\n{html.strip()}\n{mark(key)}\n<!-- /wp:html -->"


def cover(article: Article) -> RemoteImage | None:
    """The featured image has to be in the media library: a picture of ours that was uploaded."""
    own = next((image for image in article.images if image.url == article.cover_url), None)
    return article.uploaded.get(own.digest) if own else None


def _at_its_place(html: str, image: Image, remote: RemoteImage) -> str:
    """With "wp-image-…" WordPress offers a picture's smaller sizes to small screens."""
    attributes = [f'class="wp-image-{remote.id}"'] if remote.id else []
    attributes += [f'width="{image.width}" height="{image.height}"'] if image.width and image.height else []
    found = re.compile(rf'<img (?=[^>]*src="{re.escape(escape(remote.url))}")(?![^>]*(?:class|width)=)')
    return found.sub(f"<img {' '.join(attributes)} " if attributes else "<img ", html)


_BARE_ADDRESS = re.compile(r"^(\s*https?):(?=//\S+\s*$)", re.MULTILINE | re.IGNORECASE)


def _without_players(html: str) -> str:
    """WordPress turns an address that has a line for itself into a player, also in code. An entity reads the same."""
    return _BARE_ADDRESS.sub(r"\1&#58;", html)
