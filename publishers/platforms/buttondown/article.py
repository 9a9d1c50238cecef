"""An article as Buttondown gets it: the email's fields, and what is said about them beforehand."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from publishers.base import Article, Finding
from publishers.notes import Notes
from publishers.preparing import is_public_url, note_canonical_url, note_title, one_line, usable_cover
from publishers.text.constructs import (
    called_footnotes,
    callouts,
    definition_lists,
    diagrams,
    formulas_as_code,
    named_footnotes,
    task_lists,
)
from publishers.text.escapes import struck_words
from publishers.text.parsing import Kind
from publishers.text.source import Source
from publishers.text.steps import (
    Step,
    addresses,
    front_matter,
    hard_breaks,
    repeated_title,
    run,
    some_text,
    uploaded_addresses,
)

KEY = "blogscheduler_id"  # of the metadata that is ours
SUBJECT = 2000  # characters
SLUG = 100
CANONICAL = 2000
# Without this first line it guesses whether a text is Markdown.
MARKDOWN = "<!-- buttondown-editor-mode: plaintext -->\n"
_TEMPLATE = re.compile(r"\{(?=[{%#])")


def template_tags(source: Source, notes: Notes) -> Source:
    """Braces that would begin a template's tag become what readers see as the same; in code that cannot be done."""
    escaped = source.in_prose(_TEMPLATE, lambda _: "&#123;")
    if escaped.text != source.text:
        notes.note("markdown", "“{{” and “{%” are written so that Buttondown does not take them for its own.")
    for span in source.parsed.spans:
        if span.kind is Kind.CODE and _TEMPLATE.search(source.base, span.start, span.end):
            message = "Buttondown may fill in “{{…}}” and “{%…%}” in code: look at the draft there."
            notes.changed("markdown", message, source.line_at(span.start))
    return escaped


STEPS: tuple[Step, ...] = (
    front_matter,  # refused there
    repeated_title,  # which is the subject
    addresses("in a mail it leads nowhere"),
    # What its Markdown knows beyond links, emphasis and lists is not documented, and a mail cannot be mended.
    task_lists,
    callouts,
    definition_lists,
    struck_words,
    formulas_as_code("A mail has no formulas: they appear as code."),
    diagrams("A mail has no diagrams: they appear as their code."),
    called_footnotes,
    named_footnotes,
    hard_breaks,
    template_tags,
    some_text,
)


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
    text = run(STEPS, article, notes).text
    url, wish = article.canonical_url, f"it needs a web address of at most {CANONICAL} characters"
    note_canonical_url(notes, url, lambda one: is_public_url(one) and len(one) <= CANONICAL, wish)
    cover = uploaded_addresses(article).get(article.cover_url, article.cover_url)
    image = usable_cover(notes, cover, is_public_url)
    if article.tags:
        notes.lost("tags", "An email has no tags.")
    notes.note("options", "It is mailed to all subscribers, and a mail that is out cannot be called back.")
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
