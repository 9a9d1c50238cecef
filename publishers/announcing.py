"""Announcements: a short text about a page that is elsewhere, made of a template, and made to fit.

Pure text work. How a platform counts is an argument here, and stands in its own file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from html import escape

import regex
from django import forms

from publishers.base import Article, Finding, Image, Level, Look
from publishers.errors import Rejected
from publishers.notes import Notes
from publishers.preparing import TAG_NAMES, is_public_url, one_line

TEMPLATE = "{title}\n\n{link}\n\n{tags}"
LONGEST_TEMPLATE = 2_000  # characters
SHORTEST_CUT = 12  # characters of a title or summary below which a cut one says nothing

# A web address as it stands in a text: brackets in it are its own where they are a pair, signs after it are not.
ADDRESS = re.compile(
    r"https?://(?:[^\s<>\"()“”«»]|\([^\s<>\"()]*\))*(?:[^\s<>\"'.,;:!?()\[\]“”‘’«»…]|\([^\s<>\"()]*\))"
)

# What stands in a template, as people type it. Any other braces are ordinary text.
_PLACE = re.compile(r"\{(title|summary|link|tags)\}")
_HELP = "{title}, {summary}, {link} and {tags} stand for what the post has."


class TemplateField(forms.CharField):
    """A text with {title}, {summary}, {link} and {tags} in it."""

    def __init__(self, help_text: str = _HELP, **more: object) -> None:
        widget = forms.Textarea(attrs={"rows": 5})
        super().__init__(max_length=LONGEST_TEMPLATE, widget=widget, help_text=help_text, **more)  # type: ignore[arg-type]

    def clean(self, value: object) -> str:
        text = str(super().clean(value)).replace("\r\n", "\n").replace("\r", "\n").strip()
        if text and "{link}" not in text:
            raise forms.ValidationError("Without {link} nobody finds the page: put it where its address shall stand.")
        if text.count("{link}") > 1:
            raise forms.ValidationError("One {link} is enough.")
        return text


def text_option() -> TemplateField:
    """The text of one announcement, for an options form."""
    return TemplateField(label="Text", required=False, help_text=f"Empty: as the channel says. {_HELP}")


# --- Parts -------------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    WORDS = "words"  # as the author wrote them
    TITLE = "title"
    SUMMARY = "summary"
    LINK = "link"
    TAG = "tag"


@dataclass(frozen=True)
class Part:
    """A piece of the text. ``target`` is a link's address, or a tag without its #."""

    kind: Kind
    text: str
    target: str = ""


def text_of(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts)


def graphemes(text: str) -> int:
    """What a person takes for one character, such as an emoji of a family, counts as one (Unicode, annex 29)."""
    return len(regex.findall(r"\X", text))


def hashtag(tag: str) -> str:
    """A tag as it may follow a #: letters, digits and _; "" where nothing but digits would be left."""
    name = unicodedata.normalize("NFKC", tag).strip()
    name = TAG_NAMES.get(name.lower(), name)
    words = [word for word in regex.split(r"[^\w\p{M}]+", name) if word]
    joined = words[0] if len(words) == 1 else "".join(word[:1].upper() + word[1:] for word in words)
    return joined if re.search(r"[^\W\d_]", joined) else ""


@dataclass(frozen=True)
class Style:
    """What a platform makes of the parts: how a link is shown, whether a text fits, and what a limit is called."""

    label: str
    fits: Callable[[list[Part]], bool]
    limit: str  # such as "500 characters", as the end of a sentence
    shown: Callable[[str], str] = str  # a link's address as it stands in the text
    takes_tag: Callable[[str], bool] = bool


@dataclass(frozen=True)
class Announcement:
    parts: list[Part]
    findings: list[Finding]

    @property
    def text(self) -> str:
        return text_of(self.parts)

    def look(self) -> Look:
        """As it will read, with its addresses as links."""
        paragraphs = escape(self.text).split("\n\n")
        html = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs).replace("\n", "<br>")
        return Look(title="", html=re.sub(r"https?://[^\s<]+", r'<a href="\g<0>">\g<0></a>', html))

    @property
    def tags(self) -> list[str]:
        return [part.target for part in self.parts if part.kind is Kind.TAG]


def prepare(article: Article, template: str, style: Style) -> Announcement:
    """The text for this article, and what was done to make it fit."""
    notes = Notes(style.label)
    if not one_line(article.title):
        notes.refused("title", f"{style.label} needs a title.")
    if not article.canonical_url:
        notes.refused("canonical_url", "There is no page to announce: nothing has an address yet.")
    elif not is_public_url(article.canonical_url):
        notes.lost("canonical_url", f"Nobody but you can open “{article.canonical_url}”, which is announced.")
    parts = _tidied(_filled(article, _own(article) or template or TEMPLATE, style, notes))
    parts = _fitted(parts, style, notes)
    if not style.fits(parts):
        notes.refused("options", f"{style.label} takes {style.limit}; this is longer, also without title and tags.")
    return Announcement(parts, notes.findings)


def _own(article: Article) -> str:
    return str(article.options.get("text") or "").strip()


def _filled(article: Article, template: str, style: Style, notes: Notes) -> Iterator[Part]:
    position = 0
    for place in _PLACE.finditer(template):
        yield from _words(template[position : place.start()])
        position = place.end()
        match place[1]:
            case "title":
                yield Part(Kind.TITLE, one_line(article.title))
            case "summary":
                yield Part(Kind.SUMMARY, one_line(article.summary))
            case "link":
                yield Part(Kind.LINK, style.shown(article.canonical_url), article.canonical_url)
            case _:
                yield from _tags(article.tags, style, notes)
    yield from _words(template[position:])


def _words(text: str) -> Iterator[Part]:
    if text:
        yield Part(Kind.WORDS, text)


def _tags(tags: Iterable[str], style: Style, notes: Notes) -> Iterator[Part]:
    seen: list[str] = []
    for tag in tags:
        name = hashtag(tag)
        if not name:
            notes.lost("tags", f"“{tag}” cannot be a hashtag: it needs a letter.")
        elif not style.takes_tag(name):
            notes.lost("tags", f"{style.label} cannot take the tag “{tag}”: it is too long.")
        elif name.lower() in seen:
            notes.lost("tags", f"The tag “{tag}” is there already.")
        else:
            if seen:
                yield Part(Kind.WORDS, " ")
            seen.append(name.lower())
            yield Part(Kind.TAG, f"#{name}", name)


def _tidied(parts: Iterable[Part]) -> list[Part]:
    """Without empty parts, and without the blank lines and blanks that they leave at the ends and between."""
    kept: list[Part] = []
    for part in (part for part in parts if part.text):
        if part.kind is Kind.WORDS and kept and kept[-1].kind is Kind.WORDS:
            part = Part(Kind.WORDS, kept.pop().text + part.text)
        kept.append(part)
    kept = [replace(part, text=re.sub(r"\n{3,}", "\n\n", part.text)) for part in kept]
    if kept and kept[0].kind is Kind.WORDS:
        kept[0] = replace(kept[0], text=kept[0].text.lstrip())
    if kept and kept[-1].kind is Kind.WORDS:
        kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip())
    return [part for part in kept if part.text]


# --- Making it fit -----------------------------------------------------------------------------------------------


def _fitted(parts: list[Part], style: Style, notes: Notes) -> list[Part]:
    """The summary is cut first, then tags go from the last on, then the title is cut. The author's words stay."""
    parts = _cut(parts, Kind.SUMMARY, style, notes, "The summary")
    while not style.fits(parts) and (last := _last(parts, Kind.TAG)) is not None:
        notes.lost("tags", f"{style.label} takes {style.limit}: “{parts[last].text}” is left out.")
        parts = _tidied(parts[:last] + parts[last + 1 :])
    return _cut(parts, Kind.TITLE, style, notes, "The title")


def _cut(parts: list[Part], kind: Kind, style: Style, notes: Notes, name: str) -> list[Part]:
    place = _last(parts, kind)
    if place is None or style.fits(parts):
        return parts
    shorter = _longest_that_fits(parts, place, style)
    field = "title" if kind is Kind.TITLE else "summary"
    if shorter is not None:
        notes.changed(field, f"{style.label} takes {style.limit}: {name.lower()} is cut.")
        return shorter
    if kind is Kind.TITLE:
        return parts
    notes.lost(field, f"{style.label} takes {style.limit}: {name.lower()} is left out.")
    return _tidied(parts[:place] + parts[place + 1 :])


def _longest_that_fits(parts: list[Part], place: int, style: Style) -> list[Part] | None:
    """As many words as fit, and an ellipsis; None where next to nothing would be left."""
    clusters = regex.findall(r"\X", parts[place].text)
    least, most = SHORTEST_CUT, len(clusters)
    found: list[Part] | None = None
    while least < most:
        middle = (least + most) // 2
        text = "".join(clusters[:middle])
        at_word = text.rsplit(" ", 1)[0] if " " in text[SHORTEST_CUT:] else text
        attempt = [*parts[:place], replace(parts[place], text=at_word.rstrip(" ,;:–-") + "…"), *parts[place + 1 :]]
        if style.fits(attempt):
            found, least = attempt, middle + 1
        else:
            most = middle
    return found


def _last(parts: list[Part], kind: Kind) -> int | None:
    return next((place for place in reversed(range(len(parts))) if parts[place].kind is kind), None)


def needs_page(article: Article) -> None:
    """Raises Rejected where there is no address that could be announced."""
    if not article.canonical_url:
        raise Rejected("There is no page to announce: nothing has an address yet.")


def cover_of(article: Article) -> Image | None:
    """The cover, where it is a picture of ours: another one's bytes we do not have."""
    return next((image for image in article.images if article.cover_url and image.url == article.cover_url), None)


def note_text(findings: list[Finding], text: str) -> list[Finding]:
    """With the text itself, as it will be read."""
    return [*findings, Finding(Level.NOTE, "options", f"It reads: “{' '.join(text.split())}”.")]
