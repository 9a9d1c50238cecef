"""Steps for what not every Markdown knows: task lists, callouts, definitions, footnotes, formulas, diagrams, HTML.

Each is for a platform that would show the signs instead of what they mean, or cut the words out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it.token import Token

from publishers.notes import Notes
from publishers.text.dialects import Dialect
from publishers.text.parsing import Kind, Parsed, Span
from publishers.text.source import Edit, Source
from publishers.text.steps import Step

SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


# --- Lists -------------------------------------------------------------------------------------------------------

_CHECKBOX = re.compile(r"\[([ \txX])\]")


def task_lists(source: Source, notes: Notes) -> Source:
    """Checkboxes as signs, for platforms that would show "[x]"."""
    read = source.parsed
    edits = []
    for token in _opened(read, "list_item_open"):
        start, end = read.start_of(_line_of(token)), read.start_of(_line_of(token) + 1)
        if "checked" in token.meta and (found := _CHECKBOX.search(read.text, start, end)):
            edits.append(Edit(found.start(), found.end(), "☑" if token.meta["checked"] else "☐"))
            notes.changed("markdown", f"{notes.label} has no checkboxes: they become ☑ and ☐.", source.line_at(start))
    return source.edited(edits)


def numbering(source: Source, notes: Notes) -> Source:
    """Say which lists begin anew at 1, where the platform always counts from there."""
    for token in _opened(source.parsed, "ordered_list_open"):
        if "start" in token.attrs:
            message = f"{notes.label} counts lists from 1: this one began at another number."
            notes.changed("markdown", message, source.line(_line_of(token)))
    return source


_DEFINITION = re.compile(r"[ \t>]*([:~])[ \t]")


def definition_lists(source: Source, notes: Notes) -> Source:
    """Each term in bold, and what it means as a list below it."""
    read = source.parsed
    edits: list[Edit] = []
    for index, token in enumerate(read.tokens):
        if token.type == "dt_open":
            edits += _bold_term(read, read.tokens[index + 1])
            message = f"{notes.label} has no lists of definitions: terms become bold words above a list."
            notes.changed("markdown", message, source.line(_line_of(token)))
        elif token.type == "dd_open" and (found := _marker(read, _line_of(token))) is not None:
            start = read.start_of(read.line_at(found))
            is_first = read.tokens[index - 1].type == "dt_close"
            if is_first and not _is_blank(read, read.line_at(found) - 1):
                edits.append(Edit(start, start, f"{_prefix(read, start, found).rstrip()}\n"))
            edits.append(Edit(found, found + 1, "-"))
    return source.edited(edits)


def _bold_term(read: Parsed, inline: Token) -> list[Edit]:
    line = _line_of(inline)
    start, end = read.start_of(line), read.start_of(line + 1)
    at = read.text.find(inline.content, start, end)
    if at < 0 or "*" in inline.content:
        return []
    return [Edit(at, at, "**"), Edit(at + len(inline.content), at + len(inline.content), "**")]


def _marker(read: Parsed, line: int) -> int | None:
    """Where the colon of a definition stands, at ``line`` or right behind it."""
    for number in range(line, line + 3):
        if found := _DEFINITION.match(read.text, read.start_of(number), read.start_of(number + 1)):
            return found.start(1)
    return None


def _is_blank(read: Parsed, line: int) -> bool:
    return not read.text[read.start_of(line) : read.start_of(line + 1)].strip(" \t>\n")


# --- Callouts ----------------------------------------------------------------------------------------------------

_CALLOUT = re.compile(r"\[!\w+\][ \t]*")


def callouts(source: Source, notes: Notes) -> Source:
    """``> [!NOTE]`` as a quotation that begins with a bold word."""
    read = source.parsed
    edits = []
    for index, token in enumerate(read.tokens):
        if token.type != "alert_open" or not token.map:
            continue
        start, end = read.start_of(token.map[0]), read.start_of(token.map[0] + 1)
        if found := _CALLOUT.search(read.text, start, end):
            title = read.tokens[index + 2].content or "Note"
            prefix = _prefix(read, start, found.start()).rstrip()
            edits.append(Edit(found.start(), found.end(), f"**{title}**\n{prefix}"))
            message = f"{notes.label} has no callouts: they become quotations that begin with a bold word."
            notes.changed("markdown", message, source.line_at(start))
    return source.edited(edits)


def _prefix(read: Parsed, start: int, end: int) -> str:
    """What a further line of the same block begins with: quotation marks stay, list markers become blanks."""
    return re.sub(r"[^>\s]", " ", read.text[start:end])


# --- Footnotes ---------------------------------------------------------------------------------------------------


def endnotes(source: Source, notes: Notes) -> Source:
    """Footnotes as a numbered list at the end, for platforms that do not know them. After what changes words."""
    read = source.parsed
    called_footnotes(source, notes)
    called = [span for span in read.spans if span.kind is Kind.NOTE]
    if not called and not read.footnotes:
        return source
    for span in called:
        message = f"Footnotes become a numbered list at the end, lest {notes.label} show their signs."
        notes.changed("markdown", message, source.line_at(span.start))
    numbered = source.edited(
        Edit(span.start, span.end, str(span.token.meta["id"] + 1).translate(SUPERSCRIPT)) for span in called
    )
    words = dict(_words_of_notes(numbered, called))
    definitions = [_whole(read, lines) for lines in read.footnotes.values()]
    removed = [Edit(start, end, "") for start, end in definitions]
    listed = "\n".join(f"{number}. {words[number]}" for number in sorted(words))
    end = Edit(len(read.text), len(read.text), f"{_closing(read)}\n\n---\n\n{listed}\n" if listed else "")
    kept = {edit for span in called for edit in _still_no_list(read.text, span)}
    kept |= {edit for _, end in definitions for edit in _kept_as_text(read.text, end)}
    kept = {edit for edit in kept if not any(start <= edit.start < end for start, end in definitions)}
    return numbered.edited([*removed, *kept, end])


def _words_of_notes(source: Source, called: list[Span]) -> Iterator[tuple[int, str]]:
    read = source.parsed
    for span in called:
        number = span.token.meta["id"] + 1
        label = span.token.meta.get("label")
        if label is None:  # written within the text: ^[words]
            yield number, read.text[span.start + 2 : span.end - 1].replace("\n", " ")
        elif label in read.footnotes:
            start, end = _whole(read, read.footnotes[label])
            definition = source.present(start, end).rstrip()
            yield number, definition[definition.index("]:") + 2 :].strip()


def _whole(read: Parsed, lines: tuple[int, int]) -> tuple[int, int]:
    return read.start_of(lines[0]), read.start_of(lines[1])


def named_footnotes(source: Source, notes: Notes) -> Source:
    """Footnotes that are written within the text get a name and a place at the end, which more platforms know."""
    read = source.parsed
    within = [span for span in read.spans if span.kind is Kind.NOTE and "label" not in span.token.meta]
    if not within:
        return source
    calls, definitions = [], f"{_closing(read)}\n"
    for number, span in enumerate(within, 1):
        calls.append(Edit(span.start, span.end, f"[^{NAMED_NOTE}{number}]"))
        words = source.present(span.start + 2, span.end - 1).replace("\n", " ")
        definitions += f"\n[^{NAMED_NOTE}{number}]: {words}"
        calls += _still_no_list(read.text, span)
    end = len(read.text)
    return source.edited([*calls, Edit(end, end, f"{definitions}\n")])


def _closing(read: Parsed) -> str:
    """What ends a comment that was never ended: it would swallow what is put after it."""
    last = next((token.content for token in reversed(read.tokens) if token.type == "html_block"), "")
    return "\n-->" if last.rfind("<!--") > last.rfind("-->") else ""


def _still_no_list(text: str, span: Span) -> list[Edit]:
    """A colon or a row of dashes below a paragraph of one line makes a list or a table of it, below one of two not."""
    following = text.find("\n", span.end) + 1
    return _kept_as_text(text, following) if following and "\n" in text[span.start : span.end] else []


def _kept_as_text(text: str, start: int) -> list[Edit]:
    """What begins there would belong to the paragraph that comes to stand above it."""
    sign = _A_SIGN.match(text, start)
    return [Edit(sign.end(), sign.end(), "\\")] if sign else []


NAMED_NOTE = "note-within-"
_A_SIGN = re.compile(r"(?:[> \t]*\n)*[> \t]*(?=[:~][ \t]|[|:-][|: \t-]*\|)")


def called_footnotes(source: Source, notes: Notes) -> Source:
    """Say which footnotes nobody calls: every platform leaves them out."""
    called = {span.token.meta.get("label") for span in source.parsed.spans if span.kind is Kind.NOTE}
    for label, (line, _) in source.parsed.footnotes.items():
        if label not in called:
            notes.lost("markdown", f"The footnote “{label}” is called nowhere: it is left out.", source.line(line))
    return source


# --- Formulas and diagrams ---------------------------------------------------------------------------------------


def formulas_as_code(message: str) -> Step:
    """``$…$`` and ``$$…$$`` as code, where the platform would read their underscores and backslashes as Markdown."""

    def step(source: Source, notes: Notes) -> Source:
        edits: list[Edit] = []
        for span in source.parsed.spans:
            if span.kind is Kind.MATH:
                notes.changed("markdown", message, source.line_at(span.start))
                is_block = span.token.block
                edits += _block_as_code(source.parsed, span.token) if is_block else _as_code(span.start, span.end)
        return source.edited(edits)

    return step


def _as_code(start: int, end: int) -> list[Edit]:
    return [Edit(start, start + 1, "`"), Edit(end - 1, end, "`")]


def _block_as_code(read: Parsed, token: Token) -> list[Edit]:
    assert token.map
    start, end = read.start_of(token.map[0]), read.start_of(token.map[1])
    first, last = read.text.index("$$", start), read.text.rindex("$$", start, end)
    prefix = _prefix(read, start, first)
    after = "" if read.text[first + 2 : read.start_of(token.map[0] + 1)].strip() == "" else f"\n{prefix}"
    before = "" if not read.text[read.start_of(token.map[1] - 1) : last].strip(" \t>") else f"\n{prefix}"
    if token.map[1] - token.map[0] == 1:
        before = f"\n{prefix}"
    return [Edit(first, first + 2, f"```latex{after}"), Edit(last, last + 2, f"{before}```")]


def diagrams(message: str) -> Step:
    """Say that Mermaid diagrams appear as their code."""

    def step(source: Source, notes: Notes) -> Source:
        for token in source.parsed.blocks:
            if token.type == "fence" and token.info.split()[:1] == ["mermaid"]:
                notes.changed("markdown", message, source.line(_line_of(token)))
        return source

    return step


# --- What a site's Markdown does not know as it comes ------------------------------------------------------------


def by_plugins(label: str, dialect: Dialect) -> Step:
    """Say what a site shows only with a plugin or a template of its own: only its owner knows whether it has one."""

    def step(source: Source, notes: Notes) -> Source:
        for what, is_known, lines in _special(source.parsed, dialect):
            for line in () if is_known else lines:
                message = f"{label} shows {what} only where the site was set up for it: look at the page once."
                notes.note("markdown", message, source.line(line))
        return source

    return step


def _special(read: Parsed, dialect: Dialect) -> Iterator[tuple[str, bool, list[int]]]:
    def at(kind: str) -> list[int]:
        return [_line_of(token) for token in read.tokens if token.type == kind]

    spans = read.spans
    yield "task lists", dialect.tasks, [_line_of(one) for one in read.tokens if "checked" in one.meta]
    yield "callouts", dialect.callouts, at("alert_open")
    yield "lists of definitions", dialect.definitions, at("dl_open")
    yield "tables", dialect.tables, at("table_open")
    yield "footnotes", dialect.footnotes, [read.line_at(span.start) for span in spans if span.kind is Kind.NOTE]
    yield "formulas", dialect.formulas, [read.line_at(span.start) for span in spans if span.kind is Kind.MATH]
    yield "diagrams", False, [_line_of(one) for one in read.blocks if one.info.split()[:1] == ["mermaid"]]


# --- Reading -----------------------------------------------------------------------------------------------------


def _opened(read: Parsed, kind: str) -> Iterator[Token]:
    return (token for token in read.tokens if token.type == kind and token.map)


def _line_of(token: Token) -> int:
    return token.map[0] if token.map else 0
