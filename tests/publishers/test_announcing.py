"""A short text out of a template: what stands where, and what gives way when it is too long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django import forms

from publishers.announcing import Part, Style, TemplateField, graphemes, hashtag, prepare, text_of
from publishers.base import Level
from tests.publishers.contract import ARTICLE

FAMILY = "👨‍👩‍👧‍👦"
LINK = ARTICLE.canonical_url


def style(most: int) -> Style:
    def fits(parts: list[Part]) -> bool:
        return graphemes(text_of(parts)) <= most

    return Style("Here", fits, f"{most} characters")


def said(template: str, most: int = 500, **changes: Any) -> tuple[str, list[tuple[Level, str]]]:
    ready = prepare(replace(ARTICLE, **changes), template, style(most))
    return ready.text, [(finding.level, finding.field) for finding in ready.findings]


class TestTheTemplate:
    def test_every_word_in_braces_has_its_meaning(self) -> None:
        text, findings = said("New: {title} – {summary}\n{link} {tags} {other}")
        assert text == f"New: {ARTICLE.title} – {ARTICLE.summary}\n{LINK} #math #history {{other}}"
        assert findings == []

    def test_without_one_the_usual_is_said(self) -> None:
        assert said("")[0] == f"{ARTICLE.title}\n\n{LINK}\n\n#math #history"

    def test_what_is_empty_leaves_no_gap(self) -> None:
        assert said("{title}\n\n{summary}\n\n{link}\n\n{tags}", summary="", tags=())[0] == f"{ARTICLE.title}\n\n{LINK}"
        assert said("{summary}\n\n{link}", summary="")[0] == LINK

    def test_the_text_of_one_delivery_comes_before_that_of_the_channel(self) -> None:
        assert said("{title} {link}", options={"text": "Read this: {link}"})[0] == f"Read this: {LINK}"

    def test_a_page_that_nobody_else_can_open_is_said(self) -> None:
        assert said("{link}", canonical_url="http://127.0.0.1/x")[1] == [(Level.LOST, "canonical_url")]

    @pytest.mark.parametrize("text", ["{title}", "{link} and {link}", "x" * 1995 + "{link}"])
    def test_one_link_has_to_be_in_it(self, text: str) -> None:
        if len(text) == 2001:
            assert TemplateField().clean(text[1:]) == text[1:]
        with pytest.raises(forms.ValidationError):
            TemplateField().clean(text)

    def test_line_ends_of_a_browser_become_ordinary_ones(self) -> None:
        assert TemplateField().clean(" {title}\r\n{link}\r\n") == "{title}\n{link}"
        assert TemplateField(required=False).clean("") == ""


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("math", "math"), ("machine learning", "MachineLearning"), ("c++", "cpp"), ("C#", "csharp"), (".NET", "dotnet"),
        ("Größe", "Größe"), ("web-dev", "WebDev"), ("snake_case", "snake_case"), ("2026", ""), ("!", ""), ("", ""),
        ("日本語", "日本語"), ("हिन्दी", "हिन्दी"), ("web3", "web3"),
    ],
)  # fmt: skip
def test_a_tag_becomes_a_hashtag_that_ends_where_it_should(tag: str, name: str) -> None:
    assert hashtag(tag) == name


def test_tags_that_are_the_same_or_none_are_told() -> None:
    text, findings = said("{link} {tags}", tags=("Math", "math", "2026"))
    assert text == f"{LINK} #Math"
    assert findings == [(Level.LOST, "tags")] * 2


class TestWhatIsTooLong:
    def whole(self) -> int:
        return graphemes(said("{title}\n\n{summary}\n\n{link}\n\n{tags}")[0])

    def fitted(self, less: int, **changes: Any) -> tuple[str, list[tuple[Level, str]]]:
        return said("{title}\n\n{summary}\n\n{link}\n\n{tags}", self.whole() - less, **changes)

    @pytest.mark.parametrize("less", [-1, 0])
    def test_what_fits_stays(self, less: int) -> None:
        assert self.fitted(less)[1] == []

    def test_the_summary_is_cut_at_a_word_first(self) -> None:
        text, findings = self.fitted(1)
        assert "What the engine can…" in text
        assert findings == [(Level.CHANGED, "summary")]

    def test_then_it_goes_and_tags_go_the_last_one_first(self) -> None:
        text, findings = self.fitted(len(ARTICLE.summary) + 3)
        assert text.endswith("#math")
        assert findings == [(Level.LOST, "summary"), (Level.LOST, "tags")]

    def test_then_the_title_is_cut_and_the_link_never(self) -> None:
        text, findings = said("{title} {link} {tags}", len(LINK) + 20)
        assert text == f"Notes on the… {LINK}"
        assert findings[-1] == (Level.CHANGED, "title")

    def test_the_authors_own_words_are_never_cut(self) -> None:
        assert said("x" * 30 + " {link}", 31 + len(LINK))[1] == []
        assert said("x" * 31 + " {link}", 31 + len(LINK))[1] == [(Level.REFUSED, "options")]

    def test_no_emoji_is_cut_in_two(self) -> None:
        text, _ = said("{title} {link}", len(LINK) + 21, title=FAMILY * 30)
        assert text.split("…")[0].replace(FAMILY, "") == ""
        assert graphemes(text) == len(LINK) + 21


def test_a_family_is_one_character() -> None:
    assert (len(FAMILY), graphemes(FAMILY)) == (7, 1)
