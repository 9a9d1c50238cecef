"""Each limit of DEV, Hashnode and Medium: one below, at it, and one above; and what the sandbox makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from publishers.base import Article, Level, Publisher, TwoStep
from publishers.errors import RateLimited, Rejected
from publishers.platforms.devto import DevTo
from publishers.platforms.devto.article import BODY_BYTES
from publishers.platforms.hashnode import Hashnode
from publishers.platforms.medium import Medium
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE


@pytest.fixture
def fresh(sandbox: Serving) -> Serving:
    order(sandbox, "reset")
    for platform in ("devto", "hashnode", "medium"):
        order(sandbox, "limits", platform=platform, on=False)
    return sandbox


@pytest.fixture
def devto(fresh: Serving) -> DevTo:
    settings = {"base_url": f"{fresh.url}/devto/api", "ai_disclosure_level": "no_ai"}
    return made(DevTo, {"api_key": "sandbox-devto-key"}, settings)


@pytest.fixture
def hashnode(fresh: Serving) -> Hashnode:
    settings = {"base_url": f"{fresh.url}/hashnode", "publication": ""}
    credentials = {"token": "sandbox-hashnode-single-key"}
    [(publication, _)] = made(Hashnode, credentials, settings).verify().choices["publication"]
    return made(Hashnode, credentials, settings | {"publication": publication})


@pytest.fixture
def medium(fresh: Serving) -> Medium:
    settings = {"base_url": f"{fresh.url}/medium/v1", "publish_status": "public", "license": "public-domain"}
    return made(Medium, {"integration_token": "sandbox-medium-key"}, settings)


def is_taken(publisher: Publisher, article: Article) -> bool:
    """Whether the platform takes what is sent."""
    try:
        post = publisher.create_draft(article) if isinstance(publisher, TwoStep) else publisher.publish(article)  # type: ignore[attr-defined]
    except Rejected:
        return False
    return bool(post.id)


def levels(publisher: Publisher, field: str, **changes: Any) -> list[Level]:
    return [level for level, about in said(publisher, **changes) if about == field]


@pytest.mark.parametrize("more", [-1, 0, 1])
class TestDev:
    def test_a_tag_has_30_letters(self, devto: DevTo, more: int) -> None:
        tags = ("x" * (30 + more),)
        assert levels(devto, "tags", tags=tags) == ([Level.LOST] if more > 0 else [])
        assert is_taken(devto, replace(ARTICLE, tags=tags))

    def test_there_are_4_tags(self, devto: DevTo, more: int) -> None:
        tags = tuple("x" * 29 + str(number) for number in range(4 + more))
        assert levels(devto, "tags", tags=tags) == [Level.LOST] * max(more, 0)
        assert is_taken(devto, replace(ARTICLE, tags=tags)), "joined they are 126 characters"

    def test_a_text_has_819200_bytes(self, devto: DevTo, more: int) -> None:
        around = len(devto.payload(replace(ARTICLE, markdown="x"))["article"]["body_markdown"].encode()) - 1
        text = "x" * (BODY_BYTES - around + more)
        assert levels(devto, "markdown", markdown=text) == ([Level.REFUSED] if more > 0 else [])
        assert is_taken(devto, replace(ARTICLE, markdown=text)) is (more <= 0)


@pytest.mark.parametrize("more", [-1, 0, 1])
class TestHashnode:
    def test_there_are_15_tags(self, hashnode: Hashnode, more: int) -> None:
        tags = tuple(f"tag {number}" for number in range(15 + more))
        assert levels(hashnode, "tags", tags=tags) == [Level.LOST] * max(more, 0)
        assert is_taken(hashnode, replace(ARTICLE, tags=tags))

    def test_a_16th_tag_is_what_the_platform_refuses(self, hashnode: Hashnode, more: int) -> None:
        sent = hashnode.payload(ARTICLE)
        sent["variables"]["input"]["tags"] = [{"slug": f"t{number}", "name": "t"} for number in range(15 + more)]
        answer = hashnode.http.call("POST", f"{hashnode.settings['base_url']}/", headers=TOKEN, json=sent, writes=True)
        assert ("at most 15 tags" in answer.text) is (more > 0)


TOKEN = {"Authorization": "Bearer sandbox-hashnode-single-key"}


@pytest.mark.parametrize("more", [-1, 0, 1])
class TestMedium:
    @pytest.mark.parametrize(("letter", "units"), [("x", 1), ("😀", 2)])
    def test_a_listed_title_has_100_characters(self, medium: Medium, more: int, letter: str, units: int) -> None:
        title = letter * (100 // units + more)
        assert levels(medium, "title", title=title) == ([Level.CHANGED] if more > 0 else [])
        assert is_taken(medium, replace(ARTICLE, title=title))
        assert len(medium.payload(replace(ARTICLE, title=title))["title"].encode("utf-16-le")) // 2 <= 100

    def test_there_are_3_tags(self, medium: Medium, more: int) -> None:
        tags = tuple(f"t{number}" for number in range(3 + more))
        assert levels(medium, "tags", tags=tags) == [Level.LOST] * max(more, 0)
        assert len(medium.payload(replace(ARTICLE, tags=tags))["tags"]) <= 3

    def test_a_tag_has_25_characters(self, medium: Medium, more: int) -> None:
        tags = ("x" * (25 + more),)
        assert levels(medium, "tags", tags=tags) == ([Level.LOST] if more > 0 else [])
        assert is_taken(medium, replace(ARTICLE, tags=tags))

    def test_there_are_10_articles_a_day(self, medium: Medium, fresh: Serving, more: int) -> None:
        order(fresh, "limits", platform="medium", on=True)
        articles = [replace(ARTICLE, title=f"{number}", due_at=datetime.now(UTC)) for number in range(10 + more)]
        for article in articles[:10]:
            assert medium.publish(article).id
        for article in articles[10:]:
            with pytest.raises(RateLimited):
                medium.publish(article)
