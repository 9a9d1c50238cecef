"""Markdown to safe HTML of our own pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishers.markdown import drop_title, strip_front_matter, to_html


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
def test_every_text_can_be_rendered(text: str) -> None:
    to_html(text)
    drop_title(strip_front_matter(text), text)


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
