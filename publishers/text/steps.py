"""Small steps from what an author wrote to what a platform takes. A publisher lists those it needs, in their order.

A step takes the text and the notes for the author, changes what its platform would lose or misread, says so with the
line, and gives the text on. What ``check`` says and what is sent come from the same run. A step that needs to be told
something is made by a function::

    STEPS: tuple[Step, ...] = (
        front_matter,
        repeated_title,
        addresses("leads nowhere there"),
        wrapped_lines("Ghost would show each line end as a break."),
        some_text,
        closed_code,
        signed,
    )

    source = run(STEPS, article, notes)   # source.text is what is sent

The order matters in three places: ``front_matter`` and ``repeated_title`` come first, since they take off the head
of the text; what writes a whole block anew comes after what changes words within it; and what looks at the text as
letters and not as Markdown (``as_letters``) comes last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from markdown_it.token import Token

from publishers.addresses import absolute, is_public_url, is_relative
from publishers.base import Article
from publishers.marks import mark
from publishers.notes import Notes
from publishers.text.parser import between
from publishers.text.parsing import Parsed, Reference, paragraphs, parsed, text_of
from publishers.text.source import Edit, Source

Step = Callable[[Source, Notes], Source]

TITLE_LINES = 30  # a heading at the head of a text is within its first lines


def run(steps: Iterable[Step], article: Article, notes: Notes) -> Source:
    """The article's text after all ``steps``; what happened on the way is in ``notes``."""
    source = Source.of(article)
    for step in steps:
        source = step(source, notes)
    return source


# --- The head ----------------------------------------------------------------------------------------------------

_FRONT_MATTER = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(?:.*\n)*?\1[ \t]*(?:\n|\Z)")


def front_matter(source: Source, notes: Notes) -> Source:
    """Without a block between ``---`` or ``+++`` lines at the head, which some servers obey."""
    end = end_of_front_matter(source.base)
    if end:
        line = source.line(source.base[:end].count("\n", 0, _first_letter(source.base)))
        notes.changed("markdown", "The block between --- lines at the head is left out.", line)
    return source.without_head(end)


def end_of_front_matter(text: str) -> int:
    """Where the text proper begins. Several blocks in a row are all front matter to some servers."""
    end = 0
    while found := _FRONT_MATTER.match(text, end):
        end = found.end()
    return end


def _first_letter(text: str) -> int:
    return len(text) - len(text.lstrip())


def own_front_matter(source: Source, notes: Notes) -> Source:
    """As ``front_matter``, where we write one of our own there: nothing is to be said."""
    return source.without_head(end_of_front_matter(source.base))


def without_title(message: str = "") -> Step:
    """Without a first heading that only repeats the title."""

    def step(source: Source, notes: Notes) -> Source:
        end = end_of_title(source.base, source.article.title)
        if end and message:
            notes.changed("markdown", message, source.line(source.base.count("\n", 0, _first_letter(source.base))))
        return source.without_head(end)

    return step


repeated_title = without_title("The first heading repeats the title and is left out.")
title_comes_back = without_title()


def end_of_title(text: str, title: str) -> int:
    """Where the text goes on after a first heading that repeats ``title``; 0 where there is none."""
    head = "\n".join(text.split("\n", TITLE_LINES)[:TITLE_LINES])
    tokens = parsed(head).tokens
    if len(tokens) < 2 or tokens[0].type != "heading_open" or tokens[0].tag != "h1" or not tokens[0].map:
        return 0
    if plain(text_of(tokens[1])) != plain(title):
        return 0
    end = parsed(head).start_of(tokens[0].map[1])
    return end + len(text[end:]) - len(text[end:].lstrip("\n"))


def plain(words: str) -> str:
    """For comparing: blanks collapsed, no capitals."""
    return " ".join(unicodedata.normalize("NFC", words).split()).casefold()


_UNDERLINE = re.compile(r"[=-]+")


def lower_headings(source: Source, notes: Notes) -> Source:
    """Where the text has headings of the first size, all go one step down: the title is the only one of that size."""
    read = source.parsed
    headings = [token for token in read.tokens if token.type == "heading_open" and token.map]
    if all(token.tag != "h1" for token in headings):
        return source
    edits: list[Edit] = []
    for token in headings:
        edits += _lowered(read, token)
        if token.tag == "h1":
            message = "Headings go one step down: the title is the only one of the first size."
            notes.note("markdown", message, source.line(token.map[0] if token.map else 0))
    return source.edited(edits)


def _lowered(read: Parsed, token: Token) -> list[Edit]:
    assert token.map
    start = read.start_of(token.map[0])
    if token.markup.startswith("#"):
        at = read.text.index("#", start)
        return [Edit(at, at, "#")] if len(token.markup) < 6 else []
    last = read.start_of(token.map[1] - 1)
    found = _UNDERLINE.search(read.text, last)
    if not found:
        return []
    if token.tag == "h1":
        return [Edit(found.start(), found.end(), "-" * max(3, len(found[0])))]
    if token.map[1] - token.map[0] > 2:
        return []  # it has several lines, and only this way of writing can hold them
    prefix = read.text[last : found.start()]
    line = read.text[start : last - 1]
    words = len(line) - len(line[len(prefix) :].lstrip())
    return [Edit(start + words, start + words, "### "), Edit(last - 1, found.end(), "")]


# --- Addresses ---------------------------------------------------------------------------------------------------


def addresses(links: str) -> Step:
    """Every link and picture leads somewhere from another site, or it is said that it does not.

    Our own pictures get the address that they have on the platform. What is relative is read as on the page that the
    canonical URL names. ``links`` ends the sentence about a link that stays as it is: "it leads nowhere on DEV".
    """

    def step(source: Source, notes: Notes) -> Source:
        uploaded = uploaded_addresses(source.article)
        ours = {image.url for image in source.article.images}  # what becomes of these the engine knows, and says
        edits = []
        for one in source.parsed.references:
            if one.address in ours and one.address not in uploaded:
                continue
            new = uploaded.get(one.address) or _absolute(source, one)
            if new != one.address and one.start is not None and one.end is not None:
                edits.append(Edit(one.start, one.end, new))
            else:
                new = one.address
            if one.address not in ours:
                _note_address(notes, one, new, links, source.line(one.line))
        return source.edited(edits)

    return step


def uploaded_addresses(article: Article) -> dict[str, str]:
    """For each of our own pictures that is on the platform: its address here, and the one there."""
    return {
        image.url: article.uploaded[image.digest].url for image in article.images if image.digest in article.uploaded
    }


def _absolute(source: Source, reference: Reference) -> str:
    if not is_relative(reference.address):
        return reference.address
    return absolute(reference.address, source.article.canonical_url) or reference.address


def _note_address(notes: Notes, reference: Reference, new: str, links: str, line: int) -> None:
    address = reference.address
    if is_relative(new):
        if reference.is_image:
            message = f"The image “{address}” has no full web address: {notes.label} cannot show it."
            notes.lost("markdown", message, line)
        else:
            notes.changed("markdown", f"The link “{address}” has no full web address: {links}.", line)
    elif reference.is_image and new.startswith(("http://", "https://")) and not is_public_url(new):
        notes.lost("markdown", f"{notes.label} cannot fetch the picture “{new}”: it is not public.", line)
    elif is_relative(address):
        kind = "image" if reference.is_image else "link"
        notes.note("markdown", f"The {kind} “{address}” becomes “{new}”, as on your own page.", line)


# --- Lines -------------------------------------------------------------------------------------------------------


def wrapped_lines(message: str = "") -> Step:
    """One line per paragraph, for platforms that turn each line end into a break. Hard breaks stay."""

    def step(source: Source, notes: Notes) -> Source:
        edits: list[Edit] = []
        for first, last, quotes in paragraphs(source.parsed.tokens):
            joins = list(_joins(source.parsed, first, last, quotes))
            if joins and message:
                notes.changed("markdown", f"Wrapped lines are joined: {message}", source.line(first))
            edits += joins
        return source.edited(edits)

    return step


def _joins(read: Parsed, first: int, last: int, quotes: int) -> Iterator[Edit]:
    """What makes one line of the paragraph from line ``first`` to before ``last``."""
    for number in range(first, last - 1):
        left = read.text[read.start_of(number) : read.start_of(number + 1) - 1]
        right = read.text[read.start_of(number + 1) : read.start_of(number + 2)].rstrip("\n")
        if left.endswith(("  ", "\\")):
            continue
        start = read.start_of(number) + len(left.rstrip(" \t"))
        end = read.start_of(number + 1) + len(right) - len(_unquoted(right, quotes))
        joint = " " if read.is_code(start) else between(left.rstrip(" \t"), _unquoted(right, quotes))
        yield Edit(start, end, joint)


def hard_breaks(source: Source, notes: Notes) -> Source:
    """A backslash at the end of a line as two blanks, which every Markdown takes for a break."""
    read = source.parsed
    edits = []
    for inline in read.inlines:
        for child in inline.children or []:
            if child.type == "hardbreak" and child.map:
                end = read.start_of(child.map[0] + 1) - 1
                if read.text[end - 1 : end] == "\\" and not read.is_code(end - 1):
                    edits.append(Edit(end - 1, end, "  "))
    return source.edited(edits)


def _unquoted(line: str, quotes: int) -> str:
    for _ in range(quotes):
        line = re.sub(r"^[ \t]*>", "", line)
    return line.lstrip(" \t")


# --- The end -----------------------------------------------------------------------------------------------------


def some_text(source: Source, notes: Notes) -> Source:
    """Refused when nothing is left."""
    if not source.text.strip():
        notes.refused("markdown", f"{notes.label} needs a text.")
    return source


def closed_code(source: Source, notes: Notes) -> Source:
    """With its last code block closed, so that what we put after it does not become code."""
    fences = [token for token in source.parsed.tokens if token.type == "fence" and token.level == 0 and token.map]
    if not fences or not fences[-1].map:
        return source
    (first, end), marker, read = fences[-1].map, fences[-1].markup, source.parsed
    last_line = read.text[read.start_of(end - 1) : read.start_of(end)].strip()
    if end - first > 1 and set(last_line) == {marker[0]} and len(last_line) >= len(marker):
        return source
    return source.edited([Edit(len(read.text.rstrip()), len(read.text), f"\n{marker}")])


def signed(source: Source, notes: Notes) -> Source:
    """With our mark as its last line."""
    return source.rewritten(f"{source.text.rstrip()}\n\n{mark(source.article.key)}\n".lstrip("\n"))


def as_letters(becomes: Callable[[str], str], message: str = "") -> Step:
    """A step for what a template engine does with the text before anybody takes it for Markdown. Comes last."""

    def step(source: Source, notes: Notes) -> Source:
        text = becomes(source.text)
        if text == source.text:
            return source
        if message:
            notes.changed("markdown", message, source.text_origins[_first_change(source.text, text)])
        return source.rewritten(text)

    return step


def _first_change(before: str, after: str) -> int:
    """The number, from 0, of the first line that is another one."""
    both = zip(before.split("\n"), after.split("\n"), strict=False)
    return next((number for number, (one, other) in enumerate(both) if one != other), 0)
