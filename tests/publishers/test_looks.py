"""What an article will look like on each platform: made of what is sent, and with every word of it."""

from __future__ import annotations

import re

import pytest

from publishers import PUBLISHERS
from publishers.base import Look, Looks
from publishers.markdown import clean
from tests.publishers.test_golden import ARTICLE, publisher


def look_of(name: str) -> Look:
    door = publisher(name)
    assert isinstance(door, Looks)
    return door.look(ARTICLE)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", clean(html)).split())


ARTICLES = sorted(name for name, kind in PUBLISHERS.items() if not kind.announces and name != "hacker-news")


@pytest.mark.parametrize("name", ARTICLES)
def test_it_shows_the_article(name: str) -> None:
    look = look_of(name)
    assert look.title == ARTICLE.title
    seen = words(look.html)
    for said in ("The engine weaves algebraic patterns, as the loom weaves", "Cut the wheels", "The end."):
        assert said in seen


@pytest.mark.parametrize("name", PUBLISHERS)
def test_our_mark_and_escapes_are_not_seen(name: str) -> None:
    seen = words(look_of(name).html)
    assert ARTICLE.key not in seen
    assert "&lt;!--" not in seen


def test_what_dev_does_not_know_looks_as_it_is_said() -> None:
    look = look_of("devto")
    assert look.tags == ("math", "csharp", "historyofscience", "looms")
    assert "☑ Design the mill" in look.html
    assert "{{ user.name }} and {% if x %}yes{% endif %}" in look.html
    assert "<code>{% raw %}</code>" in look.html
    assert "<table" in look.html
    assert "<s>struck</s> and <s>also struck</s>" in look.html
    assert "<div" not in look.html
    assert "<iframe" not in look.html


def test_a_table_on_medium_is_a_list() -> None:
    look = look_of("medium")
    assert "<table" not in look.html
    assert "<li><strong>Number: 1</strong><br>Nature: <code>a | b</code>" in look.html
    assert look.tags == ("Math", "C#", "history of science")


def test_ghost_raises_nothing_that_was_not_meant() -> None:
    look = look_of("ghost")
    assert "others set ==marks==, 2^10^" in look.html
    assert "<sup>10</sup>" not in look.html
