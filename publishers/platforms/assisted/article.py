"""An article for a place to which a person brings it: pure text work, no network."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import nh3
from markdown_it.token import Token

from publishers.addresses import is_relative
from publishers.base import Article, Finding, HandOff, Limits, Takes
from publishers.notes import Notes
from publishers.preparing import has_room, is_public_url, note_canonical_url, note_title, one_line, usable_cover
from publishers.text.constructs import callouts, definition_lists, diagrams, endnotes, formulas_as_code, task_lists
from publishers.text.html import ELEMENTS, to_article_html
from publishers.text.raw import html_attributes, html_elements
from publishers.text.source import Source
from publishers.text.steps import (
    Step,
    addresses,
    front_matter,
    repeated_title,
    run,
    some_text,
    wrapped_lines,
)


@dataclass(frozen=True)
class Place:
    """What the text work asks of a platform."""

    label: str  # as sentences name it
    takes: Takes
    limits: Limits
    lacks: frozenset[str]  # of LACKING


def prepare(article: Article, place: Place) -> tuple[HandOff, list[Finding]]:
    """The article as it is handed over, and what its author should know of it."""
    notes = Notes(place.label)
    title = _title(notes, article.title, place)
    if place.takes == Takes.LINK:
        _note_link(notes, article)
        markdown = html = cover = ""
        tags: tuple[str, ...] = ()
    else:
        source = run(steps_for(place), article, notes)
        markdown = source.text.strip()
        html = to_article_html(source) if place.takes == Takes.HTML else to_paste(source)
        tags = _tags(notes, article.tags, place)
        cover = usable_cover(notes, article.cover_url, is_public_url)
    _note_canonical(notes, article.canonical_url, place)
    return HandOff(
        title=title, markdown=markdown, html=html, tags=tags, summary=one_line(article.summary),
        canonical_url=article.canonical_url, cover_url=cover,
    ), notes.findings  # fmt: skip


# --- What goes with it -------------------------------------------------------------------------------------------


def _title(notes: Notes, given: str, place: Place) -> str:
    title, longest = one_line(given), place.limits.title
    if longest and len(title) > longest:
        most = f"A title on {place.label} has up to {longest} characters, as far as we know"
        notes.refused("title", f"{most}; this one has {len(title)}.")
    note_title(notes, title, given)
    return title


def _note_link(notes: Notes, article: Article) -> None:
    if not article.markdown.strip():
        notes.refused("markdown", "There is no text that the link could lead to.")
    if article.canonical_url:
        notes.note("markdown", f"{notes.label} takes a link to it, not its text.")
    else:
        wish = "give it one, or let it follow another channel"
        notes.lost("canonical_url", f"{notes.label} takes a link, and the post has no canonical URL: {wish}.")


def _tags(notes: Notes, tags: tuple[str, ...], place: Place) -> tuple[str, ...]:
    limits, kept = place.limits, dict[str, str]()
    for tag in tags:
        name, longest = one_line(tag), limits.tag_length
        if not name:
            notes.lost("tags", "An empty tag is left out.")
        elif longest and len(name) > longest:
            notes.lost("tags", f"{notes.label} takes tags of up to {longest} characters: “{tag}” is left out.")
        elif has_room(notes, tag, name.casefold(), kept, limits.tags or len(tags)):
            kept[name.casefold()] = name
    return tuple(kept.values())


def _note_canonical(notes: Notes, url: str, place: Place) -> None:
    note_canonical_url(notes, url, is_public_url, "it has to be a public web address")
    if url and not place.limits.names_canonical and place.takes != Takes.LINK:
        way = "name the original in the text if it matters to you"
        notes.lost("canonical_url", f"{place.label} keeps no canonical link, as far as we know: {way}.")


# --- The text ----------------------------------------------------------------------------------------------------


def steps_for(place: Place) -> tuple[Step, ...]:
    """What is changed or said of a text on its way there."""
    lacking = tuple(LACKING[name] for name in LACKING if name in place.lacks)
    return (
        front_matter, repeated_title, addresses("it leads nowhere there"), public_pictures, *lacking,
        *AS_TAKEN.get(place.takes, ()), some_text,
    )  # fmt: skip


def public_pictures(source: Source, notes: Notes) -> Source:
    """Say which pictures nobody else can load. Those without a full address are said by ``addresses``."""
    for one in source.parsed.references:
        if one.is_image and not is_relative(one.address) and not is_public_url(one.address):
            words = f"{notes.label} cannot fetch the picture “{one.address}”: it is not public."
            notes.lost("markdown", words, source.line(one.line))
    return source


def said(is_meant: Callable[[Token], bool], message: str) -> Step:
    """A step that only says what an editor probably makes of a construct; {place} stands for its name."""

    def step(source: Source, notes: Notes) -> Source:
        for token in source.parsed.tokens:
            if token.map and is_meant(token):
                notes.changed("markdown", message.format(place=notes.label), source.line(token.map[0]))
        return source

    return step


def _is_small_heading(token: Token) -> bool:
    return token.type == "heading_open" and token.tag in ("h3", "h4", "h5", "h6")


def _is_nested_list(token: Token) -> bool:
    return token.type in ("bullet_list_open", "ordered_list_open") and token.level > 1


# What an editor may lack, and what is done about it.
LACKING: dict[str, Step] = {
    "task": task_lists,
    "definition": definition_lists,
    "callout": callouts,
    "math": formulas_as_code("An editor would show the signs of a formula: it becomes code."),
    "diagram": diagrams("A Mermaid diagram appears as its code: bring a picture of it."),
    "table": said(
        lambda token: token.type == "table_open",
        "{place} has no tables, as far as we know: bring this one as a picture or as a list.",
    ),
    "nested list": said(
        _is_nested_list, "Lists on {place} have one level, as far as we know: look at this one after pasting."
    ),
    "small heading": said(
        _is_small_heading, "{place} has two sizes of headings, as far as we know: this one may become plain text."
    ),
    "footnote": endnotes,
}
A_PLAIN_EDITOR = frozenset({"task", "definition", "callout", "math", "diagram", "table", "footnote"})

# --- HTML --------------------------------------------------------------------------------------------------------

CODE_CLASS = "language-"
KEPT = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "code": {"class"}, "ol": {"start"}}
PASTED = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td",
    "th", "thead", "tr", "ul",
}  # fmt: skip
AS_TAKEN: dict[Takes, tuple[Step, ...]] = {
    Takes.MARKDOWN: (wrapped_lines("an editor may show each line end as a break."),),
    Takes.HTML: (html_elements(ELEMENTS), html_attributes(ELEMENTS)),
    Takes.RICH_TEXT: (html_elements(PASTED),),
}
_BACK = re.compile(r'<a href="#[^"]*" class="footnote-backref">.*?</a>|<a [^>]*class="footnote-backref"[^>]*>.*?</a>')
_WITHIN = re.compile(r'<a [^>]*href="#[^"]*"[^>]*>(.*?)</a>')


def to_paste(source: Source) -> str:
    """Safe HTML for the clipboard: no class, no style, no id of ours, no link within the page; code keeps its language.

    On another page none of them would mean anything.
    """
    html = _WITHIN.sub(r"\1", _BACK.sub("", to_article_html(source)))
    return nh3.clean(
        html,
        tags=PASTED,
        attributes=KEPT,
        attribute_filter=_only_language,
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
    ).strip()


def _only_language(tag: str, name: str, value: str) -> str | None:
    if tag == "code" and name == "class":
        return next((word for word in value.split() if word.startswith(CODE_CLASS)), None)
    return value
