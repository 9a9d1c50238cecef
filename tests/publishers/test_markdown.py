"""Markdown to safe HTML, and from Markdown to Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishers.markdown import (
    close_open_fence,
    drop_title,
    join_wrapped_lines,
    relative_references,
    strip_front_matter,
    to_html,
)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("*a* ~~b~~", "<em>a</em> <s>b</s>"),
        ("https://x.example", '<a href="https://x.example" rel="noopener noreferrer">https://x.example</a>'),
        (
            "www.ada.org user.name",
            '<a href="http://www.ada.org" rel="noopener noreferrer">www.ada.org</a> user.name',
        ),
        ("| a |\n|---|\n| b |", "<td>b</td>"),
        ("| a |\n|--:|\n| b |", '<td align="right">b</td>'),
        ("機械は\n花", "<p>機械は花</p>"),
        ("a\n: b", "<dd>b</dd>"),
        ("a[^1]\n\n[^1]: b", 'id="post-fn1"'),
        ("a[^1]\n\n[^1]: b", 'href="#post-fn1"'),
        ("```python\nprint(1)\n```", '<span class="nb">print</span>'),
        ("```no-such\n<b>\n```", "&lt;b&gt;"),
        ("> [!NOTE]\n> hi", 'class="markdown-alert'),
        ("---\ntitle: x\n---\n\nText", "<p>Text</p>"),
    ],
)
def test_what_authors_use_is_rendered(markdown: str, html: str) -> None:
    assert html in to_html(markdown)


def test_checkboxes_cannot_be_ticked() -> None:
    html = to_html("- [x] done\n- [ ] open\n\n<input type=password name=p>")
    assert html.count("<input") == html.count('disabled=""') == html.count('type="checkbox"') == 3
    assert "password" not in html
    assert "checked" in html


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        "<svg onload=alert(1)>",
        "<a href='data:text/html,x'>x</a>", "<iframe src=https://x></iframe>", "<p style='color:red'>x</p>",
        "<form action=/x><button>x</button></form>", "<style>*{}</style>", "<a href=vbscript:x>x</a>",
    ],
)  # fmt: skip
def test_nothing_active_survives(markdown: str) -> None:
    html = to_html(markdown).lower()
    for trace in ("<script", "onerror", "onload", 'href="javascript', "data:", "<iframe", "style", "<form", "vbscript"):
        assert trace not in html


def test_ids_cannot_shadow_the_page() -> None:
    assert '<h1 id="post-location">' in to_html('<h1 id="location">x</h1>')


@given(st.text(max_size=200))
def test_every_text_can_be_rendered_and_reworked(text: str) -> None:
    to_html(text)
    join_wrapped_lines(strip_front_matter(text))
    drop_title(close_open_fence(text), text)
    relative_references(text)


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("---\na: b\n---\nText", "Text"),
        ("+++\na = 1\n+++\n\nText", "\nText"),
        ("\ufeff---\r\na: b\r\n---\r\nText", "Text"),
        ("---\n---\nText", "Text"),
        ("---\na: b\n---\n---\nc: d\n---\nText", "Text"),
        ("Text\n---\na\n---\n", "Text\n---\na\n---\n"),
        ("--- \nnever closed", "--- \nnever closed"),
        ("----\nno\n----\n", "----\nno\n----\n"),
    ],
)
def test_front_matter_is_stripped(text: str, stripped: str) -> None:
    assert strip_front_matter(text) == stripped


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
    assert join_wrapped_lines(text) == joined


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("# A *title*\n\nText", "Text"),
        ("A title\n===\nText", "Text"),
        ("\n\n# a  TITLE #\nText", "Text"),
        ("## A title\nText", "## A title\nText"),
        ("Text\n\n# A title", "Text\n\n# A title"),
        ("# Another\nText", "# Another\nText"),
    ],
)
def test_a_heading_that_repeats_the_title_is_dropped(text: str, rest: str) -> None:
    assert drop_title(text, "A title") == rest


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
    assert close_open_fence(text) == closed


def test_relative_references_are_found_in_markdown_and_html() -> None:
    text = (
        "[a](b.md) [a](b.md) ![c](/d.png) <img src='e.png'> <a href=\"f\">f</a>\n\n[r]: ../g\n\n[r] [h](//x/y) `[i](j)`"
    )
    expected = [("b.md", False), ("/d.png", True), ("e.png", True), ("f", False), ("../g", False)]
    assert relative_references(text) == expected
