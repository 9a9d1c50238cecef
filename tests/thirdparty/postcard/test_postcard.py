"""The promises of every publisher, and what is peculiar to a card. Run it where the package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from post_office import STAMP, PostOffice, open_office
from postcard import LONGEST_TITLE, Postcard

from publishers.base import Level, Publisher, Surroundings
from publishers.http import Http
from publishers.testing import ARTICLE, PublisherContract


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office() as office:
        yield office


class TestPostcard(PublisherContract):
    kind = Postcard
    credentials: ClassVar[dict[str, Any]] = {"stamp": STAMP}
    wrong_credentials: ClassVar[dict[str, Any]] = {"stamp": "somebody-elses"}

    @pytest.fixture
    def settings(self, office: PostOffice) -> dict[str, Any]:
        self.office: PostOffice = office
        return {"base_url": office.url}

    def articles(self, publisher: Publisher) -> int:
        return int(self.office.printed)


def test_a_title_may_be_so_long(office: PostOffice) -> None:
    surroundings = Surroundings(http=Http(), files=Path("/nonexistent"))
    card = Postcard(credentials={}, settings={"base_url": office.url}, surroundings=surroundings)
    for length, refused in ((LONGEST_TITLE - 1, False), (LONGEST_TITLE, False), (LONGEST_TITLE + 1, True)):
        findings = card.check(replace(ARTICLE, title="x" * length))
        assert any(finding.level is Level.REFUSED for finding in findings) is refused
