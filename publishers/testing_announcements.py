"""What every announcement promises, as tests, where that is something else than what an article promises.

Also for packages outside of this house, as ``publishers.testing``.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from publishers.base import Finds, Level, Publisher, Unpublishes, Updates
from publishers.errors import Gone, Rejected
from publishers.testing import ARTICLE, NEWER, OTHER_KEY, PublisherContract

PAGE = ARTICLE.canonical_url
ELSEWHERE = replace(ARTICLE, key=OTHER_KEY, canonical_url="https://ada.example/another")


class AnnouncementContract(PublisherContract):
    """A text of its own is not asked for, but a page is; and what is looked for is known by that page."""

    def test_it_says_that_it_announces(self) -> None:
        assert self.kind.announces
        assert self.kind.limits.page_seconds is None, "its page shows neither title nor canonical link"

    @pytest.mark.parametrize("change", [{"title": " "}, {"canonical_url": ""}])
    def test_an_empty_article_is_refused_while_it_is_scheduled(
        self, publisher: Publisher, change: dict[str, str]
    ) -> None:
        refused = [f.field for f in publisher.check(replace(ARTICLE, **change)) if f.level is Level.REFUSED]  # type: ignore[arg-type]
        assert refused == list(change)

    def test_it_needs_no_text(self, publisher: Publisher) -> None:
        assert not [f for f in publisher.check(replace(ARTICLE, markdown="")) if f.level is Level.REFUSED]

    def test_it_says_how_it_reads(self, publisher: Publisher) -> None:
        [note] = [f.message for f in publisher.check(ARTICLE) if f.level is Level.NOTE]
        assert ARTICLE.title in note
        assert "#math #history" in note

    def test_the_payload_carries_the_mark(self, publisher: Publisher) -> None:
        """Not here: a reader would see it. The page that it names is how it is known."""
        assert PAGE in json.dumps(publisher.payload(ARTICLE))

    def test_another_article_is_not_taken_for_ours(self, publisher: Publisher) -> None:
        assert isinstance(publisher, Finds)
        self.publish(publisher, ARTICLE)
        assert publisher.find(ELSEWHERE) is None

    def test_what_is_not_there_is_neither_updated_nor_created(self, publisher: Publisher) -> None:
        if not isinstance(publisher, Updates):
            pytest.skip("it cannot change what is out")
        self.publish(publisher, ELSEWHERE)
        before = self.articles(publisher)
        with pytest.raises(Gone):
            publisher.update(self.unknown_id, NEWER)
        assert self.articles(publisher) == before

    def test_without_a_page_nothing_is_sent(self, publisher: Publisher) -> None:
        before = self.articles(publisher)
        with pytest.raises(Rejected, match="no page to announce"):
            self.publish(publisher, replace(ARTICLE, canonical_url=""))
        assert self.articles(publisher) == before

    def test_it_can_be_taken_back(self, publisher: Publisher) -> None:
        assert isinstance(publisher, Unpublishes)
