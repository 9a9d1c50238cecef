"""An article as WordPress takes it: pure text work, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from publishers.base import Article, Limits, RemoteImage
from publishers.notes import Notes
from publishers.platforms.wordpress import html
from publishers.platforms.wordpress.forms import AT_THE_BEGINNING, NOWHERE
from publishers.preparing import is_public_url, note_canonical_url, note_title, one_line, original_line
from publishers.text.constructs import called_footnotes, callouts, diagrams, formulas_as_code, task_lists
from publishers.text.raw import html_attributes, html_elements
from publishers.text.steps import Step, addresses, front_matter, repeated_title, run, some_text

TITLE_BYTES = 65_535  # a column of its database; so is the excerpt
TERM = 200  # characters of a tag or category
SLUG = 200  # bytes
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")

LIMITS = Limits(tag_length=TERM, names_canonical=False, settle_seconds=60, looks=1, image_types=PICTURES)


@dataclass(frozen=True)
class Prepared:
    """What will be sent, and what was done to the author's text on the way. Texts are HTML."""

    title: str
    content: str
    excerpt: str
    slug: str
    tags: list[str]
    categories: list[str]
    cover: RemoteImage | None
    notes: Notes = field(repr=False)


def prepare(article: Article, settings: Mapping[str, Any]) -> Prepared:
    notes = Notes("WordPress")
    title = _title(notes, article.title)
    content = _content(notes, article, settings)
    excerpt = escape(" ".join(article.summary.split()), quote=False)
    if len(excerpt.encode("utf-8", "replace")) > TITLE_BYTES:
        notes.refused("summary", f"WordPress takes summaries of up to {TITLE_BYTES:,} bytes.")
    slug = _slug(notes, article.slug)
    tags = _terms(notes, article.tags, "tag")
    categories = _terms(notes, tuple(_wished(article, settings).split(",")), "category")
    return Prepared(title, content, excerpt, slug, tags, categories, html.cover(article), notes)


def fields(article: Article, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a post but its status, its slug, and the numbers of its tags and categories.

    A summary that the post no longer has is taken off; a featured image without a cover here, and what else we have no
    word about, stays as it is on the site. Never a date: one to come would hold the
    post back, and a status of "future" without one would publish it at once.
    """
    ready = prepare(article, settings)
    optional = {
        "featured_media": _number(ready.cover.id) if ready.cover else 0,
        "comment_status": article.options.get("comments"),
        "meta": _meta(article, settings),
    }
    always = {"title": ready.title, "content": ready.content, "excerpt": ready.excerpt}
    return always | {name: one for name, one in optional.items() if one}


def _number(id_: str) -> int:
    return int(id_) if id_.isdecimal() else 0


def _meta(article: Article, settings: Mapping[str, Any]) -> dict[str, str]:
    name = settings.get("canonical_field")
    return {str(name): article.canonical_url} if name and article.canonical_url else {}


# --- Words -------------------------------------------------------------------------------------------------------


def _title(notes: Notes, given: str) -> str:
    """As HTML, which is what WordPress takes it for. It sets no limit but its database's."""
    title = one_line(given)
    html_title = escape(title, quote=False)
    size = len(html_title.encode("utf-8", "replace"))
    if size > TITLE_BYTES:
        notes.refused("title", f"WordPress takes titles of up to {TITLE_BYTES:,} bytes; this has {size:,}.")
    else:
        note_title(notes, title, given)
    return html_title


def _slug(notes: Notes, slug: str) -> str:
    if len(slug.encode("utf-8", "replace")) > SLUG:
        notes.changed("slug", f"WordPress cuts the last part of the address after {SLUG} characters.")
    return slug


def _wished(article: Article, settings: Mapping[str, Any]) -> str:
    return str(article.options.get("categories") or settings.get("categories") or "")


def _terms(notes: Notes, names: tuple[str, ...], kind: str) -> list[str]:
    """Any number of them, each as people write it; empty ones and doubles are left out."""
    kept: dict[str, str] = {}
    for given in names:
        name = one_line(given)
        if len(name) > TERM:
            notes.lost("tags", f"WordPress takes a {kind} of up to {TERM} characters: “{name[:60]}…” is left out.")
        elif name:
            kept.setdefault(name.casefold(), name)
    return list(kept.values())


# --- Text --------------------------------------------------------------------------------------------------------

STEPS: tuple[Step, ...] = (
    front_matter,
    repeated_title,
    addresses("it leads nowhere on your site"),
    called_footnotes,
    task_lists,  # form fields are cut out
    callouts,
    formulas_as_code("WordPress does not set formulas: they appear as their code."),
    diagrams("WordPress does not draw diagrams: they appear as their code."),
    some_text,
)


def _content(notes: Notes, article: Article, settings: Mapping[str, Any]) -> str:
    elements = html.elements_of(str(settings.get("raw_html")))
    source = run([*STEPS, html_elements(elements), html_attributes(elements)], article, notes)
    parts = [_cover_in_text(notes, article), html.body(source, elements)]
    line = _canonical_line(notes, article, settings)
    parts.insert(0 if settings.get("canonical_line") == AT_THE_BEGINNING else len(parts), line)
    return html.block("\n".join(filter(None, parts)), article.key)


def _canonical_line(notes: Notes, article: Article, settings: Mapping[str, Any]) -> str:
    """WordPress names each page as its own original; so a line of the text says where it appeared first."""
    url = article.canonical_url
    if not url:
        return ""
    note_canonical_url(notes, url, is_public_url, "WordPress's readers need a public one with http:// or https://")
    if settings.get("canonical_line") == NOWHERE:
        if not settings.get("canonical_field"):
            notes.lost("canonical_url", "WordPress has no field for the address of the original: it is not named.")
        return ""
    if not settings.get("canonical_field"):
        notes.changed("canonical_url", "WordPress has no field for the address of the original: a line names it.")
    return original_line(url)


# --- Cover -------------------------------------------------------------------------------------------------------


def _cover_in_text(notes: Notes, article: Article) -> str:
    """A cover from elsewhere cannot be the featured image: the text begins with it."""
    url = article.cover_url
    if not url or any(image.url == url for image in article.images):
        return ""
    if not is_public_url(url):
        notes.lost("cover_url", f"WordPress's readers cannot see the cover “{url}”: it needs a public web address.")
        return ""
    message = "Only a picture that was uploaded here can be the featured image: this cover begins the text instead."
    notes.changed("cover_url", message)
    return f'<figure><img src="{escape(url)}" alt=""></figure>'
