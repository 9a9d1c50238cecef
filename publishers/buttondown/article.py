"""An article as Buttondown gets it: the email's fields, and what is said about them beforehand."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from publishers.base import Article, Finding
from publishers.markdown import code_lines
from publishers.preparing import (
    Notes,
    is_public_url,
    note_canonical_url,
    note_relative,
    note_title,
    one_line,
    untitled_text,
    usable_cover,
)

KEY = "blogscheduler_id"  # of the metadata that is ours
SUBJECT = 2000  # characters
SLUG = 100
CANONICAL = 2000
# Without this first line it guesses whether a text is Markdown.
MARKDOWN = "<!-- buttondown-editor-mode: plaintext -->\n"
_TEMPLATE = re.compile(r"\{(?=[{%#])")
_CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


@dataclass(frozen=True)
class Email:
    subject: str
    body: str
    slug: str
    image: str
    findings: list[Finding]


def prepare(article: Article) -> Email:
    """The email, and what happens to the article on its way into it."""
    notes = Notes("Buttondown")
    subject = one_line(article.title)
    note_title(notes, subject, article.title)
    if len(subject) > SUBJECT:
        notes.refused("title", f"The subject may have {SUBJECT} characters; this one has {len(subject)}.")
    text = untitled_text(notes, article)
    if not text.strip():
        notes.refused("markdown", "An email needs a text.")
    note_relative(notes, text, "in a mail it leads nowhere")
    text = _without_template_tags(notes, text)
    url, wish = article.canonical_url, f"it needs a web address of at most {CANONICAL} characters"
    note_canonical_url(notes, url, lambda one: is_public_url(one) and len(one) <= CANONICAL, wish)
    image = usable_cover(notes, article.cover_url, is_public_url)
    if article.tags:
        notes.lost("tags", "An email has no tags.")
    return Email(subject, MARKDOWN + text, _slug(notes, article.slug), image, notes.findings)


def fields(article: Article) -> dict[str, Any]:
    """All that is set on an email, but for its state and who may read it in the archive."""
    email = prepare(article)
    given = {
        "subject": email.subject,
        "body": email.body,
        "description": " ".join(article.summary.split()),
        "canonical_url": article.canonical_url,
        "image": email.image,
        "metadata": {KEY: article.key},
    }
    return given | ({"slug": email.slug} if email.slug else {})


def _slug(notes: Notes, slug: str) -> str:
    """Letters, digits, hyphens and underscores; "" lets Buttondown make one of the subject."""
    plain = unicodedata.normalize("NFKD", slug).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")[:SLUG].strip("-")
    if plain != slug:
        becomes = f"becomes “{plain}”" if plain else "is left out"
        notes.changed("slug", f"The slug “{slug[:100]}” {becomes}.")
    return plain


def _without_template_tags(notes: Notes, text: str) -> str:
    """Braces that begin a template's tag become what readers see as the same; in code that cannot be done."""
    lines, in_code = text.split("\n"), code_lines(text)
    shown = "\n".join(line if number in in_code else _escaped(line) for number, line in enumerate(lines))
    message = "“{{” and “{%” are written so that Buttondown does not take them for its own."
    escaped = notes.rewritten(text, shown, message)
    if _TEMPLATE.search(escaped):
        notes.changed("markdown", "Buttondown may fill in “{{…}}” and “{%…%}” in code: look at the draft there.")
    return escaped


def _escaped(line: str) -> str:
    parts: list[str] = []
    position = 0
    for span in _CODE_SPAN.finditer(line):
        parts += [_TEMPLATE.sub("&#123;", line[position : span.start()]), span[0]]
        position = span.end()
    return "".join([*parts, _TEMPLATE.sub("&#123;", line[position:])])
