"""Whatever an author writes, only the little HTML that Medium keeps comes out, and no word is lost without a word."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publishers.addresses import is_public_url
from publishers.base import Level
from publishers.platforms.medium.article import prepare
from publishers.platforms.medium.html import SUBSET, figure, text, to_medium
from publishers.text.source import Source
from tests.publishers.contract import ARTICLE

INLINE = {"strong", "em", "code", "a", "br"}
MAY_HOLD = {
    "": {"h1", "h2", "p", "blockquote", "ul", "ol", "pre", "figure", "hr"},
    "blockquote": {"p"},
    "ul": {"li"},
    "ol": {"li"},
    "figure": {"img", "figcaption"},
    "pre": set[str](),
    "code": set[str](),
    **dict.fromkeys(("h1", "h2", "p", "li", "figcaption", "strong", "em", "a"), INLINE),
}
VOID = {"img", "br", "hr"}


class Walk(HTMLParser):
    """Fails at everything that is not in the documented subset, or stands where it may not."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SUBSET, tag
        assert {name for name, _ in attrs} <= SUBSET[tag], attrs
        assert tag in MAY_HOLD[self.stack[-1] if self.stack else ""], [*self.stack, tag]
        assert tag == "br" or tag not in self.stack, [*self.stack, tag]
        for name, value in attrs:
            schemes = ("http://", "https://", "mailto:") if name == "href" else ("http://", "https://")
            assert name == "alt" or (value or "").startswith(schemes), value
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag not in VOID
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        assert self.stack or not data.strip(), data
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def source(markdown: str) -> Source:
    return Source.of(replace(ARTICLE, markdown=markdown, canonical_url=""))


def medium(markdown: str) -> str:
    html = "\n".join(to_medium(source(markdown))[0])
    Walk(html)
    return html


def said(markdown: str) -> list[tuple[Level, str]]:
    return [
        (found.level, found.message)
        for found in prepare(replace(ARTICLE, markdown=markdown, canonical_url="")).findings
    ]


ROUND = [
    ("Plain *em* **strong** `code` ***both***", "<p>Plain <em>em</em> <strong>strong</strong> <code>code</code> "
     "<em><strong>both</strong></em></p>"),
    ("# Big\n## Small", "<h1>Big</h1>\n<h2>Small</h2>"),
    ("> a\n>\n> b", "<blockquote><p>a</p><p>b</p></blockquote>"),
    ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
    ("- a\n\n  b\n- c", "<ul><li>a<br>b</li><li>c</li></ul>"),
    ("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
    ("a  \nb\nc", "<p>a<br>b c</p>"),
    ("[a](https://x.org 'title')", '<p><a href="https://x.org">a</a></p>'),
    ("<ada@x.org>", '<p><a href="mailto:ada@x.org">ada@x.org</a></p>'),
    ("    a < b & c\n", "<pre>a &lt; b &amp; c</pre>"),
    ("![An *alt*](https://x.org/a.png)", figure("https://x.org/a.png", "An alt")),
    ("a ![](https://x.org/a.png) b", f"<p>a</p>\n{figure('https://x.org/a.png')}\n<p>b</p>"),
    ("![a](//x.org/a.png)", figure("https://x.org/a.png", "a")),
    ("**a ![](https://x.org/a.png) b**", f"<p><strong>a </strong></p>\n{figure('https://x.org/a.png')}\n"
     "<p><strong> b</strong></p>"),
    ('<figure><img src="https://x.org/a.png"><figcaption>Ada <b>L</b></figcaption></figure>',
     figure("https://x.org/a.png", "", "Ada <strong>L</strong>")),
    ("---\n\nNo front matter\n\n---\n\nb", "<hr>\n<p>No front matter</p>\n<hr>\n<p>b</p>"),
    ("<!-- a comment -->\n\na", "<p>a</p>"),
    ("```\n\n  a\n```", "<pre>\n\n  a</pre>"),
]  # fmt: skip


@pytest.mark.parametrize(("markdown", "html"), ROUND)
def test_what_medium_knows_comes_through(markdown: str, html: str) -> None:
    assert medium(markdown) == html


CHANGED = [
    ("### Third\n\n###### Sixth *em*", "<p><strong>Third</strong></p>\n<p><strong>Sixth <em>em</em></strong></p>",
     Level.CHANGED, "headings"),
    ("- a\n  - b\n    1. c\n  - d\n- e", "<ul><li>a<br>– b<br>– – 1. c<br>– d</li><li>e</li></ul>",
     Level.CHANGED, "dashes"),
    ("| Name | Born |\n|--|--|\n| **Ada** | 1815 |\n| Grace | |",
     "<ul><li><strong>Name: Ada</strong><br>Born: 1815</li><li><strong>Name: Grace</strong></li></ul>",
     Level.CHANGED, "no tables"),
    ("| One |\n|--|\n| a |", "<p><strong>One</strong></p>\n<ul><li>a</li></ul>", Level.CHANGED, "no tables"),
    ("<table><tr><td>a<td>b</table>", "<ul><li><strong>a</strong><br>b</li></ul>", Level.CHANGED, "no tables"),
    ("Note[^n].\n\n[^n]: See *this*.\n\n    And that.", "<p>Note [See <em>this</em>. And that.].</p>",
     Level.CHANGED, "brackets"),
    ("a[^n] b[^n]\n\n[^n]: N", "<p>a [N] b [see the note above]</p>", Level.CHANGED, "brackets"),
    ("a^[b [c](https://x.org)]", '<p>a [b <a href="https://x.org">c</a>]</p>', Level.CHANGED, "brackets"),
    ("- [x] done\n- [ ] open", "<ul><li>☑ done</li><li>☐ open</li></ul>", Level.CHANGED, "checkboxes"),
    ("```python\nx = 1\n```", "<pre>x = 1</pre>", Level.LOST, "language"),
    ("3. a\n4. b", "<p>3. a</p>\n<p>4. b</p>", Level.CHANGED, "paragraphs"),
    ("1. a\n\n       code\n2. b", "<p>1. a</p>\n<pre>code</pre>\n<p>2. b</p>", Level.CHANGED, "paragraphs"),
    ("- ```\n  code\n  ```", "<p>•</p>\n<pre>code</pre>", Level.CHANGED, "paragraphs"),
    ("> a\n> - b\n>   - c\n>\n> ```\n> d\n> ```\n> e",
     "<blockquote><p>a</p><p>• b</p><p>– c</p></blockquote>\n<pre>d</pre>\n<blockquote><p>e</p></blockquote>",
     Level.CHANGED, "quotation"),
    ("> a\n> > b", "<blockquote><p>a</p><p>b</p></blockquote>", Level.CHANGED, "quotation"),
    ("~~a~~ b", "<p>a b</p>", Level.LOST, "strikethrough"),
    ("<u>a</u> <mark>b</mark> m<sup>2</sup> 1<sup>st</sup> H<sub>2</sub>O", "<p>a b m² 1st H₂O</p>",
     Level.LOST, "ordinary text"),
    ("| ![a](https://x.org/p) |\n|--|\n| b |",
     '<p><strong><a href="https://x.org/p">a</a></strong></p>\n<ul><li>b</li></ul>', Level.CHANGED, "no tables"),
    ("<section class=footnotes>a</section>", "<p>a</p>", Level.CHANGED, "no layout"),
    ("## ![a](https://x.org/p) b", '<h2><a href="https://x.org/p">a</a> b</h2>', Level.CHANGED, "becomes words"),
    ("[![a](https://x.org/a.png)](https://x.org)", figure("https://x.org/a.png", "a"), Level.LOST, "link around"),
    ("![a](http://localhost/a.png) b", "<p>a b</p>", Level.LOST, "not public"),
    ("![a](a.png) b", "<p>a b</p>", Level.LOST, "“a.png” has no full"),
    ("[a](b.html)", "<p>a</p>", Level.CHANGED, "“b.html” has no full"),
    ("[a](#part)", "<p>a</p>", Level.CHANGED, "other places"),
    ("Term\n: What it is", "<p><strong>Term</strong></p>\n<p>What it is</p>", Level.CHANGED, "definitions"),
    ("> [!WARNING]\n> Hot",
     "<blockquote><p><strong>Warning</strong></p><p>Hot</p></blockquote>", Level.CHANGED, "callouts"),
    ("<div align=center>\n\na\n\n</div>", "<p>a</p>", Level.CHANGED, "no style"),
    ("<p style='color: red'>a</p>", "<p>a</p>", Level.CHANGED, "no style"),
    ("<script>alert(1)</script>\n\na", "<p>a</p>", Level.LOST, "“script”: it is cut out"),
    ('<iframe src="https://x.org"></iframe>\n\na', "<p>a</p>", Level.LOST, "“iframe”: it is cut out"),
    ('<b>a</b> <a href="https://x.org">b</a>', '<p><strong>a</strong> <a href="https://x.org">b</a></p>', None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("markdown", "html", "level", "words"), CHANGED)
def test_what_medium_does_not_know_becomes_something_readable_and_is_said(
    markdown: str, html: str, level: Level | None, words: str
) -> None:
    assert medium(markdown) == html
    assert [found for found, sentence in said(markdown) if words in sentence] == ([level] if level else [])


def test_front_matter_is_left_out_and_said() -> None:
    found = prepare(replace(ARTICLE, markdown="---\ntitle: x\n---\n\nWords."))
    assert found.content.endswith("<p>Words.</p>")
    assert "--- lines" in found.findings[0].message


@pytest.mark.parametrize(
    "markdown", ["", "<!-- nothing -->", "<div></div>", "[]()", "**\u200b", "![](x.png)", "&nbsp;"]
)
def test_a_text_without_words_or_pictures_is_refused(markdown: str) -> None:
    seen = "".join(to_medium(source(markdown))[0])
    refused = [
        found.field
        for found in prepare(replace(ARTICLE, markdown=markdown, canonical_url="")).findings
        if found.level == "refused"
    ]
    assert refused == ([] if seen else ["markdown"])


def test_html_nested_without_end_does_no_harm() -> None:
    assert medium("<div>" * 5000 + "deep" + "</div>" * 5000) == "<p>deep</p>"
    assert "deep" in medium("<b><i>" * 2000 + "deep")
    assert "deep" in medium(">" * 18 + " deep")
    assert "deep" in medium("".join("  " * depth + "- a\n" for depth in range(9)) + "\ndeep")


def test_footnotes_that_call_each_other_come_to_an_end() -> None:
    notes = "\n".join(f"[^{number}]: see[^{(number + 1) % 50}] and[^{number}] {'x' * 100}" for number in range(50))
    assert len(medium(f"a[^0]\n\n{notes}")) < 20_000


@pytest.mark.parametrize(
    ("url", "is_public"),
    [
        ("https://x.org/a.png", True), ("http://8.8.8.8/a", True), ("http://10.0.0.1/a", False), ("", False),
        ("http://localhost/a", False), ("http://printer.local/a", False), ("data:image/png,x", False),
        ("https://x.org/a b", False), ("http://[::1]/a", False), ("http://[x", False), ("https://x.org:99999/", False),
    ],
)  # fmt: skip
def test_only_public_pictures_can_be_fetched(url: str, is_public: bool) -> None:
    assert is_public_url(url) is is_public


def test_words_are_escaped_and_have_no_control_characters() -> None:
    assert text("a <b> & \x00\x07\n c") == "a &lt;b&gt; &amp; c"


# --- Anything at all ---------------------------------------------------------------------------------------------

PARTS: Any = st.sampled_from(
    [case[0] for case in [*ROUND, *CHANGED]]
    + [
        "<b>",
        "</b>",
        "<p>",
        "</table>",
        "<td>",
        "<ul><li>",
        "<a href=#>",
        "<h2><img src=//x.org/p>",
        "<figure>",
        "<br>",
    ]
    + [
        "> ",
        "- ",
        "1. ",
        "  ",
        "| ",
        "\n",
        "\n\n",
        "***",
        "`",
        "```\n",
        "[^1]",
        "[^1]: ",
        "~~",
        "<sup>",
        "&lt;",
        "<!--",
    ]
    + [
        "<figcaption>",
        "<section class=footnotes>",
        "<details><summary>",
        "<pre>",
        "<svg><p>",
        "<math>",
        "<a><a>",
        "\x00",
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join))
@example("<a href='https://x.org'><h2>a</h2></a>")
@example("<ul>a<li>b</ul>")
@example("<ol start=99999999999><li>a</ol>")
@example("<pre>a<b>c</b></pre>")
def test_whatever_is_put_together_only_the_subset_comes_out(markdown: str) -> None:
    medium(markdown)


@given(st.text(max_size=200))
def test_whatever_is_written_only_the_subset_comes_out(markdown: str) -> None:
    ready = prepare(
        replace(ARTICLE, markdown=markdown, title=markdown[:150] or "x", tags=(markdown,), cover_url=markdown)
    )
    Walk(ready.content)
    assert all(found.message.endswith(".") for found in ready.findings)


WORDS = st.text("abcdefghij", min_size=1, max_size=6)
NEST = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("\n\n".join),
        inner.map(lambda markdown: re.sub("^", "> ", markdown, flags=re.MULTILINE)),
        inner.map(lambda markdown: "- " + markdown.replace("\n", "\n  ")),
        inner.map(lambda markdown: "7. " + markdown.replace("\n", "\n   ")),
        inner.map(lambda markdown: f"<div>\n\n{markdown}\n\n</div>"),
        st.tuples(WORDS, WORDS).map(lambda pair: f"| {pair[0]} | q |\n|--|--|\n| {pair[1]} | q |"),
    ),
    max_leaves=8,
)


@given(NEST)
def test_no_word_is_lost_and_all_keep_their_order(markdown: str) -> None:
    shown = re.findall(r"[a-z]+", " ".join(Walk(medium(markdown).replace("<br>", " ")).words))
    written = re.findall(r"[a-z]+", re.sub(r"</?div>", "", markdown))
    assert set(written) <= set(shown)
    if "|" not in markdown:
        assert shown == written
