"""Places without an API: what a person is handed, and where the article can be in the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from publishers import PUBLISHERS
from publishers.base import Article, Assisted, Level, Surroundings
from publishers.http import Http
from publishers.platforms.assisted import (
    Elsewhere,
    HackerNews,
    HashnodeByHand,
    LinkedInArticle,
    MediumByHand,
    Substack,
    WordPressCom,
)
from publishers.testing import AssistedContract
from tests.publishers.contract import ARTICLE

PLACES = sorted(name for name, publisher in PUBLISHERS.items() if issubclass(publisher, Assisted))


def place(name: str, **settings: Any) -> Assisted:
    """A place that may not use the network at all."""
    surroundings = Surroundings(http=Http(not_after=0.0), files=Path("/nonexistent"))
    made = PUBLISHERS[name](credentials={}, settings=settings, surroundings=surroundings)
    assert isinstance(made, Assisted)
    return made


def said(name: str, article: Article, **settings: Any) -> list[tuple[Level, str]]:
    return [(finding.level, finding.field) for finding in place(name, **settings).check(article)]


class TestMediumByHand(AssistedContract):
    kind = MediumByHand
    address = "https://medium.com/@ada/notes-1"


class TestHashnodeByHand(AssistedContract):
    kind = HashnodeByHand
    address = "https://ada.hashnode.dev/notes"


class TestSubstack(AssistedContract):
    kind = Substack
    address = "https://ada.substack.com/p/notes"


class TestLinkedInArticle(AssistedContract):
    kind = LinkedInArticle
    address = "https://www.linkedin.com/pulse/notes-ada"


class TestWordPressCom(AssistedContract):
    kind = WordPressCom
    address = "https://ada.wordpress.com/2026/11/22/notes"


class TestHackerNews(AssistedContract):
    kind = HackerNews
    address = "https://news.ycombinator.com/item?id=42"


class TestElsewhere(AssistedContract):
    kind = Elsewhere
    address = "https://anywhere.example/notes"

    @pytest.fixture(params=["rich", "markdown", "html", "link"])
    def settings(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        return {"address": "", "takes": request.param}


# The longest that is taken: one below, at and one above.
TITLES = {name: kind.limits.title for name in PLACES if (kind := PUBLISHERS[name]).limits.title}
TAGS = {name: kind.limits.tags for name in PLACES if (kind := PUBLISHERS[name]).limits.tags}


@pytest.mark.parametrize(("name", "longest"), TITLES.items())
def test_a_title_may_be_so_long(name: str, longest: int) -> None:
    for length in (longest - 1, longest):
        assert (Level.REFUSED, "title") not in said(name, replace(ARTICLE, title="é" * length))
    assert (Level.REFUSED, "title") in said(name, replace(ARTICLE, title="é" * (longest + 1)))


@pytest.mark.parametrize(("name", "most"), TAGS.items())
def test_so_many_tags_are_handed_over(name: str, most: int) -> None:
    for count, kept in ((most - 1, most - 1), (most, most), (most + 1, most)):
        article = replace(ARTICLE, tags=tuple(f"tag{number}" for number in range(count)))
        assert len(place(name).hand_off(article).tags) == kept
        assert ((Level.LOST, "tags") in said(name, article)) == (count > most)


def test_a_tag_of_medium_may_be_so_long() -> None:
    for length, kept in ((24, 1), (25, 1), (26, 0)):
        assert len(place("medium-by-hand").hand_off(replace(ARTICLE, tags=("x" * length,))).tags) == kept


def test_what_an_editor_lacks_is_said_of_what_is_in_the_text() -> None:
    table = replace(ARTICLE, markdown="| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert (Level.CHANGED, "markdown") in said("substack", table)
    assert said("elsewhere", table) == []
    assert (Level.CHANGED, "markdown") not in said("substack", ARTICLE)


def test_pictures_that_nobody_else_can_load_are_said() -> None:
    article = replace(
        ARTICLE, markdown="Look: ![a](a.png) ![b](http://localhost/b.png) ![c](https://ada.example/c.png)"
    )
    lost = [finding.message for finding in place("substack").check(article) if finding.field == "markdown"]
    assert len(lost) == 2
    assert "a.png" in lost[0]
    assert "http://localhost/b.png" in lost[1]


def pasted(markdown: str, name: str = "medium-by-hand") -> str:
    return place(name).hand_off(replace(ARTICLE, markdown=markdown)).html


class TestThePastedText:
    def test_headings_code_links_and_pictures_come_along_and_nothing_of_ours(self) -> None:
        html = pasted(
            "## Part\n\n```python\nprint('<')\n```\n\n[Ada](https://ada.example) ![engine](https://ada.example/e.png)\n"
        )
        assert "<h2>Part</h2>" in html
        assert "<pre><code class=\"language-python\">print('&lt;')\n</code></pre>" in html
        assert '<a href="https://ada.example">Ada</a>' in html
        assert '<img src="https://ada.example/e.png" alt="engine">' in html
        for ours in ("id=", "style=", "span", "post-"):
            assert ours not in html

    @pytest.mark.parametrize("name", ["medium-by-hand", "wordpress-com"])
    def test_a_script_stays_behind(self, name: str) -> None:
        html = pasted("a <script>alert(1)</script> <b onclick=x>b</b> [c](javascript:alert(1))", name)
        assert "<script" not in html
        assert "onclick" not in html
        assert 'href="javascript' not in html

    @pytest.mark.parametrize("name", ["medium-by-hand", "substack", "elsewhere"])
    def test_a_footnote_has_no_link_that_leads_nowhere(self, name: str) -> None:
        html = pasted("Said[^1].\n\n[^1]: By Ada.\n", name)
        assert "Said" in html
        assert "By Ada." in html
        assert "href" not in html

    def test_boxes_become_signs_and_callouts_quotations(self) -> None:
        html = pasted("- [x] done\n- [ ] open\n\n> [!NOTE]\n> Mind the gap.\n")
        assert "☑ done" in html
        assert "☐ open" in html
        assert "<blockquote>" in html
        assert "<strong>Note</strong>" in html

    def test_what_is_said_names_the_line(self) -> None:
        article = replace(ARTICLE, markdown="Text.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
        [finding] = [one for one in place("substack").check(article) if one.field == "markdown"]
        assert finding.line == 3


class TestAddresses:
    def test_another_host_is_refused_by_name(self) -> None:
        wrong = place("medium-by-hand").wrong_address("https://example.com/notes")
        assert wrong == "This address is on example.com. An article on Medium is on medium.com."

    @pytest.mark.parametrize("url", ["https://medium.com/@ada/notes-1", "https://ada.medium.com/notes-1"])
    def test_the_places_own_names_are_taken(self, url: str) -> None:
        assert place("medium-by-hand").wrong_address(url) == ""

    def test_a_name_that_only_ends_alike_is_refused(self) -> None:
        assert place("medium-by-hand").wrong_address("https://notmedium.com/notes")

    def test_a_domain_of_ones_own_is_taken_when_the_channel_names_it(self) -> None:
        assert place("substack").wrong_address("https://letters.ada.example/p/notes")
        assert (
            place("substack", address="https://ada.example").wrong_address("https://letters.ada.example/p/notes") == ""
        )

    def test_another_place_may_be_anywhere(self) -> None:
        assert place("elsewhere").wrong_address("https://anywhere.example/notes") == ""

    def test_hacker_news_wants_the_discussion(self) -> None:
        assert "item?id=" in place("hacker-news").wrong_address("https://news.ycombinator.com/newest")
        assert place("hacker-news").wrong_address("https://news.ycombinator.com/item?id=42") == ""


class TestDoors:
    def test_hacker_news_opens_its_form_filled_in(self) -> None:
        [door] = place("hacker-news").doors(ARTICLE)
        assert door.url.startswith(
            "https://news.ycombinator.com/submitlink?u=https%3A%2F%2Fada.example%2Fnotes&t=Notes+on"
        )

    def test_mediums_import_needs_an_original(self) -> None:
        assert len(place("medium-by-hand").doors(ARTICLE)) == 2
        assert len(place("medium-by-hand").doors(replace(ARTICLE, canonical_url=""))) == 1

    def test_substack_has_its_editor_below_the_newsletter(self) -> None:
        assert (
            place("substack", address="https://ada.substack.com")
            .doors(ARTICLE)[0]
            .url.startswith("https://ada.substack.com/")
        )
