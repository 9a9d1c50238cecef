"""Each step alone: what it makes of a text, and what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from publishers.addresses import is_relative
from publishers.base import Article, Image, Level, RemoteImage
from publishers.notes import Notes
from publishers.text.constructs import (
    by_plugins,
    called_footnotes,
    callouts,
    definition_lists,
    diagrams,
    endnotes,
    formulas_as_code,
    named_footnotes,
    numbering,
    task_lists,
)
from publishers.text.dialects import Dialect
from publishers.text.escapes import jsx, lazy_headings, raised_and_marked, struck_words, underscores_in_words
from publishers.text.html import ELEMENTS, to_article_html
from publishers.text.parsing import Kind, parsed
from publishers.text.raw import html_attributes, html_elements
from publishers.text.source import Source
from publishers.text.steps import Step, addresses, closed_code, hard_breaks, lower_headings, wrapped_lines

FORMULAS = formulas_as_code("Formulas appear as code.")


def after(step: Step, markdown: str, **fields: Any) -> str:
    return step(Source.of(Article(key="", title="", markdown=markdown, **fields)), Notes("Ghost")).text


def said(step: Step, markdown: str, **fields: Any) -> list[tuple[Level, int | None]]:
    notes = Notes("Ghost")
    step(Source.of(Article(key="", title="", markdown=markdown, **fields)), notes)
    return [(found.level, found.line) for found in notes.findings]


CASES: list[tuple[Step, str, str]] = [
    (task_lists, "- [x] a\n- [ ] b\n  - [X] c", "- ☑ a\n- ☐ b\n  - ☑ c"),
    (task_lists, "- [x](y) a\n- \\[x] b\n\n[x] c", "- [x](y) a\n- \\[x] b\n\n[x] c"),
    (task_lists, "> 1. [ ] a `[ ]`", "> 1. ☐ a `[ ]`"),
    (callouts, "> [!NOTE]\n> a\n> b", "> **Note**\n>\n> a\n> b"),
    (callouts, "- > [!tip]\n  > a", "- > **Tip**\n  >\n  > a"),
    (callouts, "> [!WHAT]\n> a", "> [!WHAT]\n> a"),
    (definition_lists, "A\n: b", "**A**\n\n- b"),
    (definition_lists, "A\n: b\n: c\n\n    d\n\nE *f*\n~ g", "**A**\n\n- b\n- c\n\n    d\n\nE *f*\n\n- g"),
    (definition_lists, "A\n\n:   b\n\n    c", "**A**\n\n-   b\n\n    c"),
    (definition_lists, "> A\n> : b", "> **A**\n>\n> - b"),
    (endnotes, "a[^x] b[^y]\n\n[^y]: Y\n[^x]: X\n    x\n\nc", "a¹ b²\n\nc\n\n---\n\n1. X\n    x\n2. Y\n"),
    (endnotes, "a^[b *c*] d", "a¹ d\n\n---\n\n1. b *c*\n"),
    (endnotes, "a[^x]\n\n[^x]: b[^x]\n\n    ```\n    c\n    ```",
     "a¹\n\n\n\n---\n\n1. b¹\n\n    ```\n    c\n    ```\n"),
    (FORMULAS, "a $x_1$ b", "a `x_1` b"),
    (FORMULAS, "$$\na\n$$", "```latex\na\n```"),
    (FORMULAS, "$$a$$", "```latex\na\n```"),
    (FORMULAS, "> $$ a\n> b $$\n> c", "> ```latex\n>  a\n> b \n> ```\n> c"),
    (raised_and_marked, "a ==b== c^d^ H~2~O ~~e~~ `==` f~g", "a \\=\\=b\\=\\= c\\^d\\^ H~~2~~O ~~e~~ `==` f\\~g"),
    (struck_words, "~a~ ~~b~~ c~d", "~~a~~ ~~b~~ c~d"),
    (hard_breaks, "a\\\nb  \n`c\\\nd` e\\", "a  \nb  \n`c\\\nd` e\\"),
    (named_footnotes, "a^[b `c`\nd] e", "a[^note-within-1] e\n\n[^note-within-1]: b `c` d\n"),
    (underscores_in_words, "a_b_c _d_ __e__ `f_g` [h_i](j_k)",
     "a\\_b\\_c _d_ __e__ `f_g` [h\\_i](j_k)"),
    (lazy_headings, "#tag\n# Heading\n> #tag\n\n    #code\n\na #b", "\\#tag\n# Heading\n> \\#tag\n\n    #code\n\na #b"),
    (jsx, "{a} `{b}` <https://c.example> 1 < 2 <!-- d -->",
     "\\{a\\} `{b}` [https://c.example](https://c.example) 1 \\< 2 {/**/}"),
    (lower_headings, "# A\n\n## B\n\nC\n===\n\nD\n---\n\n###### E", "## A\n\n### B\n\nC\n---\n\n### D\n\n###### E"),
    (lower_headings, "## A", "## A"),
    (closed_code, "```\na", "```\na\n```"),
    (wrapped_lines(), "`a\nb` 機\n械", "`a b` 機械"),
    (wrapped_lines(), "`機\n械`", "`機 械`"),
]  # fmt: skip


# What reads the same afterwards is not worth a word.
SILENT = [raised_and_marked, struck_words, hard_breaks, named_footnotes, underscores_in_words, jsx, closed_code,
          CASES[-1][0], CASES[-2][0]]  # fmt: skip


@pytest.mark.parametrize(("step", "text", "becomes"), CASES)
def test_a_step_changes_what_it_is_for_and_nothing_else(step: Step, text: str, becomes: str) -> None:
    assert after(step, text) == becomes
    assert bool(said(step, text)) == (text != becomes) or step in SILENT


@pytest.mark.parametrize(("step", "text", "becomes"), CASES)
def test_doing_it_twice_changes_nothing_more(step: Step, text: str, becomes: str) -> None:
    if step is not lower_headings:
        assert after(step, becomes) == becomes


@pytest.mark.parametrize(
    ("step", "text", "found"),
    [
        (task_lists, "a\n\n- [x] b\n- [ ] c", [(Level.CHANGED, 3)]),
        (called_footnotes, "a[^1]\n\n[^1]: b\n[^2]: c", [(Level.LOST, 4)]),
        (diagrams("They are code."), "a\n\n```mermaid\ngraph\n```", [(Level.CHANGED, 3)]),
        (html_elements({"b"}), "<b>a</b>\n\n<i>c</i> `<u>` <!-- <u> -->", [(Level.CHANGED, 3)]),
        (html_elements({"b"}), "<X y={z} /> <iframe src='a>b'></iframe>", [(Level.LOST, 1), (Level.LOST, 1)]),
        (lazy_headings, "#tag", [(Level.NOTE, 1)]),
        (
            by_plugins("Eleventy", Dialect()),
            "- [ ] a\n\nb[^1]\n: c\n\n$x_1$\n\n[^1]: d",
            [(Level.NOTE, n) for n in (1, 3, 3, 6)],
        ),
        (by_plugins("Hugo", Dialect(tasks=True, footnotes=True)), "- [ ] a\n\nb[^1]\n\n[^1]: d", []),
        (numbering, "1. a\n\nb\n\n3. c", [(Level.CHANGED, 5)]),
        (addresses("lost"), "a\n[b](c) ![d](e)", [(Level.CHANGED, 2), (Level.LOST, 2)]),
        (addresses("lost"), "![a](http://localhost/b.png)", [(Level.LOST, 1)]),
        (addresses("lost"), "[a](#b) [c](https://d.example) <e@f.example> [g](http://[)", []),
    ],
)
def test_what_a_step_says_names_the_line(step: Step, text: str, found: list[Any]) -> None:
    assert said(step, text) == found


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ('<p align="center">a</p>', True),
        ('<p dir="rtl">a</p>', True),
        ('<p lang="ar">a</p>', True),
        ('<p style="color: red">a</p>', False),
        ('<p onclick="a()">a</p>', False),
        ('<table><tr><td style="text-align: right">a</td></tr></table>', True),
        ('<table><tr><td style="color: red">a</td></tr></table>', False),
        ('<a href="tel:123">a</a>', True),
        ('<a href="#a">a</a>', True),
        ('<a href="//a.example">a</a>', True),
        ('<a rel="me">a</a>', True),
        ('<a target="_blank">a</a>', True),
        ('<a href="javascript:a()">a</a>', False),
        ('<a ping="https://a.example">a</a>', False),
        ('<img src="data:image/png;base64,AA==">', False),
        ('<img loading="lazy">', True),
        ('<img srcset="a.png 2x">', False),
        ("<details open>a</details>", True),
        ("<ol reversed><li>a</ol>", True),
        ('<i data-a="b">a</i>', False),
    ],
)
def test_an_attribute_that_is_cut_out_is_said_and_no_other(html: str, kept: bool) -> None:
    source = Source.of(Article(key="", title="", markdown=html))
    (name,) = re.findall(r"<\w+ ([\w-]+)", html)
    assert (f" {name}=" in to_article_html(source).replace(' style=""', "")) == kept
    assert said(html_attributes(ELEMENTS), html) == ([] if kept else [(Level.CHANGED, 1)])


# --- Lines and blocks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("a\nb\nc", "a b c"),
        ("a  \nb\\\nc\nd", "a  \nb\\\nc d"),
        ("- a\n  b\n- c", "- a b\n- c"),
        ("> a\n> b\nlazy", "> a b lazy"),
        ("> > a\n> > b", "> > a b"),
        ("```\na\nb\n```", "```\na\nb\n```"),
        ("    a\n    b", "    a\n    b"),
        ("| a |\n|---|\n| b |", "| a |\n|---|\n| b |"),
        ("日本\n語", "日本語"),
        ("한국\n어", "한국 어"),
        ("a\nb\n\nc\nd", "a b\n\nc d"),
        ("> [!NOTE]\n> a\n> b", "> [!NOTE]\n> a b"),
        ("[^1]: a\n    b\n\nx[^1]", "[^1]: a b\n\nx[^1]"),
        ("Title\ncontinued\n===", "Title\ncontinued\n==="),
    ],
)
def test_wrapped_lines_are_joined_and_nothing_else(text: str, joined: str) -> None:
    assert after(wrapped_lines(), text) == joined


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("```\na", "```\na\n```"),
        ("```\na\n```", "```\na\n```"),
        ("~~~~\na\n~~~\n\n", "~~~~\na\n~~~\n~~~~"),
        ("```", "```\n```"),
        ("```\na\n```\nb", "```\na\n```\nb"),
        ("- ```\n  a", "- ```\n  a"),
        ("text", "text"),
    ],
)
def test_a_code_block_that_was_never_closed_is_closed(text: str, closed: str) -> None:
    assert after(closed_code, text) == closed


def test_relative_references_are_found_in_markdown_and_html() -> None:
    text = (
        "[a](b.md) [a](b.md) ![c](/d.png) <img src='e.png'> <a href=\"f\">f</a>\n\n[r]: ../g\n\n[r] [h](//x/y) `[i](j)`"
    )
    expected = [("b.md", False), ("/d.png", True), ("e.png", True), ("f", False), ("../g", False)]
    found = [one for one in parsed(text).references if is_relative(one.address)]
    assert list(dict.fromkeys((one.address, one.is_image) for one in found)) == expected


# --- Anything at all ---------------------------------------------------------------------------------------------

PIECES = st.sampled_from([
    *(case[1] for case in CASES), "\n\n", "\n", "> ", "- ", "  ", "    ", "`", "```", "$$", "$", "[^1]", "[^1]: ", "^[",
    "]", "~", "==", "_", "*", "| a |\n|--|\n", ": ", "<div>\n", "</div>", "<!--", "-->", "\\", "ä", "機\n械", "🚂",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join)
WRAPPED = [case[0] for case in CASES[-2:]]
STEPS: list[Step] = list(dict.fromkeys(case[0] for case in CASES))


def code_in(text: str) -> list[str]:
    spans = [span for span in parsed(text).spans if span.kind is Kind.CODE]
    return sorted(" ".join(span.token.content.split()) for span in spans)


@pytest.mark.parametrize("step", [step for step in STEPS if step not in (FORMULAS,)])
@given(text=TEXTS)
@example(text="- ```\n  a\n  ```\n\n`b\nc`")
@example(text="a^[b `c`\nd] eA\n: b\n: c\n\n    d\n\nE *f*\n~ g")
@example(text="a^[b `c`\nd] eA\n\n:   b\n\n    c")
@example(text="a^[b `c`\nd] e| a |\n|--|\n<!--")
@example(text="a[^x]\n\n[^x]: b[^x]\n\n    ```\n    c\n    ```A\n\n:   b\n\n    c")
def test_code_is_never_altered(step: Step, text: str) -> None:
    assume(not (step in WRAPPED and re.search(r"^[> ]*[:~]\s", text, re.MULTILINE)))
    assume(step is not endnotes or Level.LOST not in {level for level, _ in said(step, text)})
    assert code_in(after(step, text)) == code_in(Source.of(Article(key="", title="", markdown=text)).base)


# --- Addresses ---------------------------------------------------------------------------------------------------

DRAWING = Image(digest="d" * 64, url="/media/drawing.png", path=Path("/nonexistent"))
UPLOADED = {"canonical_url": "https://ada.example/notes/engine", "images": (DRAWING,),
            "uploaded": {"d" * 64: RemoteImage("7", "https://there.example/7.png")}}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("[a](/mill) [b](store.md 'c') [d](<../e f>)",
         "[a](https://ada.example/mill) [b](https://ada.example/notes/store.md 'c') [d](<https://ada.example/e%20f>)"),
        ("![a](b.png) <img src='b.png'>",
         "![a](https://ada.example/notes/b.png) <img src='https://ada.example/notes/b.png'>"),
        ("[a][b]\n\n[b]: /c", "[a][b]\n\n[b]: https://ada.example/c"),
        ("![a](/media/drawing.png) `![a](/media/drawing.png)`",
         "![a](https://there.example/7.png) `![a](/media/drawing.png)`"),
        ("| [a\\|b](/c) |\n|--|", "| [a\\|b](https://ada.example/c) |\n|--|"),
        ("[a](#b) [c](//d.example/e) [f](mailto:g@h.example)", "[a](#b) [c](//d.example/e) [f](mailto:g@h.example)"),
    ],
)  # fmt: skip
def test_what_is_relative_is_read_as_on_the_authors_own_page(text: str, becomes: str) -> None:
    assert after(addresses("lost"), text, **UPLOADED) == becomes
    assert {level for level, _ in said(addresses("lost"), text, **UPLOADED)} <= {Level.NOTE}
