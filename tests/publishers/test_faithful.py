"""Whatever an author writes: on no platform is a word of it lost, and no code altered, without a word about it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from html import unescape
from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publishers import PUBLISHERS
from publishers.base import Article, Assisted, Level, Looks, Publisher, Takes
from publishers.markdown import clean, to_html
from publishers.text.source import Source
from publishers.text.steps import end_of_front_matter
from tests.publishers.test_golden import ARTICLE, publisher

# "W" becomes a word that is nowhere else.
INLINE = [
    "W", "*W W*", "**W**", "~~W~~", "~W~", "`W W`", "[W](https://x.example/a_b)", "[W](relative.md)", "W_W_W",
    "W ==W== W", "2^W^", "H~W~O", "![W](https://x.example/p.png) W", "<kbd>W</kbd>", "W[^n]", "W^[W *W*]",
    "$W_1 + W$", "W\\\nW", "W  \nW", "W\nW", "{{ W }}", "{% W %}", "{{< W >}}", "[W ids=\"1\"] W [/W]", "<u>W</u>",
    "W &amp; W", "1 < W", "{W}", "@W", "<https://x.example/a>", "#W", "\\*W\\*", "W -- W", "機械W\n花",
]  # fmt: skip
BLOCK = [
    "I I I", "# I", "### I", "I\n===", "> I\n> I", "> [!NOTE]\n> I", "- I\n- I\n  - I\n    1. I", "3. I\n4. I",
    "- [x] I\n- [ ] I", "1. I\n\n   I\n\n2. I", "| W | W |\n|---|--:|\n| W | `W` |", "W\n: W\n: W\n\n    W",
    "```python\nW = W  # {{ W }}\n```", "    W\n      W", "```mermaid\nW --> W\n```", "$$\nW_1\n$$", "---",
    "<details>\n<summary>W</summary>\n\nI\n\n</details>", "<div align=center>\n\nI\n\n</div>", "%[W]", "#W W",
    "- > I\n\n  ```sh\n  W\n  ```", "> - I\n>\n>   I", "<!-- W -->", "> | W | W |\n> |--|--|\n> | W | W |",
    "<p>W</p>", "W\n+ I\n+ I", "* * *\nI",
]  # fmt: skip
FOOTNOTE = "[^n]: W W\n    W\n\n    W"


@st.composite
def documents(draw: st.DrawFn) -> str:
    blocks = draw(st.lists(st.sampled_from(BLOCK), min_size=1, max_size=6))
    filled = [re.sub("I", lambda _: draw(st.sampled_from(INLINE)), block) for block in blocks]
    text = "\n\n".join([*filled, FOOTNOTE] if any("[^n]" in one for one in filled) else filled)
    numbers = count(1)
    return re.sub("W", lambda _: _word(next(numbers)), text)


def _word(number: int) -> str:
    """Letters only, so that nothing is taken for a number of a list."""
    return "q" + "".join("abcdefghij"[int(digit)] for digit in f"{number:03}")


@cache
def doors() -> dict[str, Publisher]:
    """Every platform that gets the whole text."""
    all_of_them = {name: publisher(name) for name, kind in PUBLISHERS.items() if not kind.announces}
    return {
        name: one for name, one in all_of_them.items() if not (isinstance(one, Assisted) and one.takes is Takes.LINK)
    }


# What is said of words, in contrast to what is said of their form.
WORDS_GO = re.compile(r"is cut out|called nowhere|cannot show it|is not public")


def words(html: str) -> Counter[str]:
    return Counter(re.findall(r"q[a-j]{3}", unescape(re.sub(r"<[^>]*>", " ", html))))


def shown(door: Publisher, article: Article) -> Counter[str]:
    assert isinstance(door, Looks)
    return words(clean(door.look(article).html))


@pytest.mark.parametrize("name", doors())
@settings(max_examples=40, deadline=None)
@given(markdown=documents())
@example(markdown=ARTICLE.markdown)
@example(markdown="| qaaa | qaab |\n|--|--|\n| qaac \\| qaad | [qaae](x) |")
@example(markdown="- qaaa\n\n      qaab\n  qaac[^n]\n\n[^n]: qaad\n")
def test_no_word_is_lost_without_a_word(name: str, markdown: str) -> None:
    article, door = replace(ARTICLE, markdown=markdown, title="Other"), doors()[name]
    findings = door.check(article)
    if any(found.level is Level.REFUSED or WORDS_GO.search(found.message) for found in findings):
        return
    base = Source.of(article).base
    written = words(to_html(base[end_of_front_matter(base) :]))
    assert not written - shown(door, article), [found.message for found in findings]


@pytest.mark.parametrize("name", doors())
@settings(max_examples=15, deadline=None)
@given(markdown=documents())
def test_checking_and_sending_come_from_the_same_run(name: str, markdown: str) -> None:
    article, door = replace(ARTICLE, markdown=markdown), doors()[name]
    assert door.check(article) == door.check(article)
    assert door.payload(article) == door.payload(article)
    lines = markdown.count("\n") + 1
    assert all(found.line is None or 1 <= found.line <= lines for found in door.check(article))


CODE = "first = {{ 1 }}  # {% x %} [y] ~z~ ==a== b_c_d $e$ <f>\n\tsecond\n\n  third \\"


@pytest.mark.parametrize("name", doors())
@pytest.mark.parametrize("around", ["{}", "- a\n\n{}", "> a\n\n{}\n\nb[^n]\n\n[^n]: c"])
def test_code_arrives_as_it_was_written(name: str, around: str) -> None:
    article = replace(ARTICLE, markdown=around.format(f"```python\n{CODE}\n```"))
    door = doors()[name]
    assert isinstance(door, Looks)
    seen = re.findall(r"<pre[^>]*>(.*?)</pre>", clean(door.look(article).html), re.DOTALL)
    code = [unescape(re.sub(r"<[^>]*>", "", one)).replace("\u200b", "").rstrip() for one in seen]
    assert code == [CODE]
