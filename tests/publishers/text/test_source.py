"""A text that is changed in many places still knows which line of the author's each of its lines was."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishers.base import Article, Level
from publishers.notes import Notes
from publishers.text.constructs import task_lists
from publishers.text.escapes import raised_and_marked
from publishers.text.parser import new_parser
from publishers.text.parsing import Kind, parsed
from publishers.text.source import Edit, Source
from publishers.text.steps import addresses, front_matter, repeated_title, run, wrapped_lines


def source(markdown: str) -> Source:
    return Source.of(Article(key="k", title="Engine", markdown=markdown))


# --- Where things stand ------------------------------------------------------------------------------------------

PLACES = [
    ("a `b` c", Kind.CODE, ["`b`"]),
    ("> - a `b\n>   c` d", Kind.CODE, ["`b\n>   c`"]),
    ("| `a` | `a` |\n|--|--|\n| x\\|`a` | `a\\|b` |", Kind.CODE, ["`a`", "`a`", "`a`", "`a\\|b`"]),
    ("# H `a` ##\n\nSet `b`\n===", Kind.CODE, ["`a`", "`b`"]),
    ("x^[y `a` ^[`b`]] z[^n]\n\n[^n]: `c`\n\n    `d`", Kind.CODE, ["`a`", "`b`", "`c`", "`d`"]),
    ("T `a`\n: D `b`", Kind.CODE, ["`a`", "`b`"]),
    ("- [x] `a`\n\t- `b`", Kind.CODE, ["`a`", "`b`"]),
    ("> [!NOTE]\n> `a`", Kind.CODE, ["`a`"]),
    ("a $x_1$ b\n\n$$\ny\n$$", Kind.MATH, ["$x_1$", "$$\ny\n$$"]),
    ("a <b>c</b>\n\n<div>\nd\n</div>", Kind.HTML, ["<b>", "</b>", "<div>\nd\n</div>"]),
    ("[a `b`](c) ![d](e) [f][g] <https://h>\n\n[g]: i", Kind.LINK, ["[a `b`](c)", "[f][g]", "<https://h>"]),
    ("~a~ ~~b~~ c~d", Kind.STRUCK, ["~", "~", "~~", "~~"]),
]


@pytest.mark.parametrize(("text", "kind", "found"), PLACES)
def test_what_is_not_plain_words_is_found_where_it_stands(text: str, kind: Kind, found: list[str]) -> None:
    spans = [span for span in parsed(text).spans if span.kind is kind]
    assert [text[span.start : span.end].rstrip("\n") for span in spans] == found


def test_money_and_shell_variables_are_no_formulas() -> None:
    text = "It costs $5, or $10. Set $HOME/$USER, US$5 and $x = $y. A$B$C"
    assert [span for span in parsed(text).spans if span.kind is Kind.MATH] == []


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("[a](b.md 'c') [d](<e f>) ![g](h)", ["b.md", "e f", "h"]),
        ("[![a](b)](c)", ["b", "c"]),
        ("[a]\n\n[a]: <b> 'c'\n[d]: e", ["b", "e"]),
        ("<img src='a'><a href=b>c</a>", ["a", "b"]),
        ("<https://a> https://b.example", ["https://a", "https://b.example"]),
        ("| [a](b) | [a](b) |\n|--|--|", ["b", "b"]),
        ("[a](b\\_c)", ["b\\_c"]),
    ],
)
def test_every_address_is_found_where_it_stands(text: str, addresses: list[str]) -> None:
    found = parsed(text).references
    assert sorted(text[one.start : one.end] for one in found if one.start is not None) == sorted(addresses)


def test_prose_is_what_is_left() -> None:
    text = "a `b` [c](d) <i>e</i> $f_1$\n\n```\ng\n```\nh"
    assert "".join(text[start:end] for start, end in parsed(text).prose) == "a  [c]() e \n\nh"


@given(st.text("ab`*_[]()<>|\\~^$:-!#> \n\t", max_size=80))
def test_whatever_is_written_every_span_lies_within_the_text(text: str) -> None:
    read = parsed(text)
    for span in read.spans:
        assert 0 <= span.start <= span.end <= len(text)
    for code in (span for span in read.spans if span.token.type == "code_inline"):
        assert text[code.start] == text[code.end - 1] == "`"
    stretches = read.prose
    assert stretches == sorted(stretches)


# --- Edits -------------------------------------------------------------------------------------------------------


def test_edits_are_put_together_in_the_order_of_the_text() -> None:
    text = source("0123456789").edited([Edit(8, 9, "x"), Edit(1, 2, "y")]).edited([Edit(4, 4, "z")])
    assert text.text == "0y23z4567x9"
    assert text.present(4, 9) == "z4567x"


def test_where_two_want_the_same_the_first_one_stays() -> None:
    first = source("0123456789").edited([Edit(2, 5, "x")])
    for second in (Edit(2, 5, "y"), Edit(3, 4, "y"), Edit(4, 7, "y"), Edit(3, 3, "y")):
        assert first.edited([second]).text == "01x56789"
        assert first.is_edited(second.start, second.end)
    assert first.edited([Edit(5, 6, "y"), Edit(2, 2, "z")]).text == "01zxy6789"


def test_what_holds_others_within_it_replaces_them() -> None:
    first = source("0123456789").edited([Edit(2, 3, "x"), Edit(5, 5, "y"), Edit(9, 10, "z")])
    assert first.edited([Edit(1, 8, f"<{first.present(1, 8)}>")]).text == "0<1x34y567>8z"


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.text("ab\n", max_size=3)), max_size=8))
def test_edits_never_overlap_and_each_line_keeps_its_number(wanted: list[tuple[int, int, str]]) -> None:
    text = source("0\n23\n567\n9\n\n23\n56789\n")
    for start, end, new in wanted:
        text = text.edited([Edit(min(start, end), max(start, end), new)])
    for one, other in zip(text.edits, text.edits[1:], strict=False):
        assert one.end <= other.start
    assert len(text.text_origins) == text.text.count("\n") + 1
    assert list(text.text_origins) == sorted(text.text_origins)


def test_only_plain_words_are_replaced() -> None:
    text = source("a `a` [a](a) <a>a</a>\n\n    a\n\na").in_prose(re.compile("a"), lambda _: "b")
    assert text.text == "b `a` [b](a) <a>b</a>\n\n    a\n\nb"


# --- Lines -------------------------------------------------------------------------------------------------------


def test_a_finding_names_the_line_that_the_author_sees() -> None:
    markdown = "---\na: b\n---\n\n# Engine\n\nOne\n\nTwo\nthree\n\nFour\nfive\n"
    notes = Notes("DEV")
    run(
        (front_matter, repeated_title, wrapped_lines("DEV breaks them.")),
        Article(key="", title="Engine", markdown=markdown),
        notes,
    )
    assert [(found.level, found.line) for found in notes.findings] == [
        (Level.CHANGED, 1),
        (Level.CHANGED, 5),
        (Level.CHANGED, 9),
    ]
    assert notes.findings[-1].message.endswith("Also in line 12.")


def test_what_is_said_of_many_lines_is_said_once() -> None:
    notes = Notes("DEV")
    for line in (9, 3, 7, 3, 20, 21, 22):
        notes.lost("markdown", "It is gone.", line)
    [finding] = notes.findings
    assert finding.line == 3
    assert finding.message == "It is gone. Also in lines 7, 9, 20, 21 and 1 more."


# --- Speed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "piece", ["`a` ", "[a](b) ", "~a~ ", "`a`\n", "![a](b.png) ", "a^[b] ", "- [ ] a\n", "> a\nb\n\n"]
)
def test_a_long_text_costs_little_more_than_its_parsing(piece: str) -> None:
    """Also where all of it is one paragraph: nothing is counted again and again."""
    text = piece * (60_000 // len(piece))
    began = process_time()
    new_parser().parse(text)
    parsing = process_time() - began
    began = process_time()
    steps = (front_matter, addresses("lost"), task_lists, raised_and_marked, wrapped_lines("Joined."))
    run(steps, Article(key="", title="Engine", markdown=text), Notes("DEV"))
    assert process_time() - began < 4 * parsing + 1
