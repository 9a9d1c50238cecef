"""The benchmark's own platform: what the publishers take for DEV and Medium, and a log that can be believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bench.bare import run
from bench.house import House
from bench.lines import Talk, TooLong
from posts.engine.trips import Door
from publishers.base import Article, Visibility
from publishers.platforms.devto import DevTo
from publishers.platforms.medium import Medium


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as house:
        house.platform()
        yield house


def door(house: House, platform: str, credentials: dict[str, str], settings: dict[str, str], files: Path) -> Door:
    return Door(platform, credentials, settings, 1, files, frozenset({house.origin}), 5.0)


ARTICLE = Article(key="8f14e45f-ceea-467f-a0e6-1d2c7c9d3b11", title="Notes 1", markdown="Text.", tags=("python",))


def test_devs_publisher_creates_a_draft_there_and_makes_it_public(house: House, tmp_path: Path) -> None:
    settings = {"base_url": f"{house.origin}/api", "ai_disclosure_level": "no_ai"}
    publisher = door(house, "devto", {"api_key": "key"}, settings, tmp_path).open()
    assert isinstance(publisher, DevTo)
    house.empty_log(delay=0.05)
    before = time.time()
    draft = publisher.create_draft(ARTICLE)
    assert draft.visibility == Visibility.DRAFT
    assert house.flips_answered() == 0, "a draft is nothing that people see"
    public = publisher.publish_draft(draft.id, ARTICLE)
    assert public.visibility == Visibility.PUBLIC
    log = house.log()
    [(title, at)] = log["flips"]
    assert title == "Notes 1"
    assert before + 0.05 <= at <= time.time() - 0.05, "the call is noted when it comes, and answered later"
    assert log["requests"] == 2
    page = requests.get(public.url, timeout=5)
    assert (page.status_code, "<h1>Notes 1</h1>" in page.text) == (200, True)


def test_mediums_publisher_makes_it_public_in_one_call(house: House, tmp_path: Path) -> None:
    settings = {
        "base_url": f"{house.origin}/v1",
        "publication": "bench",
        "publish_status": "public",
        "license": "all-rights-reserved",
        "notify_followers": "",
    }
    publisher = door(house, "medium", {"integration_token": "key"}, settings, tmp_path).open()
    assert isinstance(publisher, Medium)
    house.empty_log(delay=0)
    assert publisher.publish(ARTICLE).visibility == Visibility.PUBLIC
    assert [title for title, _ in house.log()["flips"]] == ["Notes 1"]


def test_the_bare_client_makes_the_same_calls_each_once(house: House) -> None:
    house.empty_log(delay=0.02)
    bodies = [
        tuple({"article": {"title": f"Notes {number}", "published": public}} for public in (False, True))
        for number in range(40)
    ]
    told = run(f"{house.origin}/api", 8, [(draft, public) for draft, public in bodies])
    log = house.log()
    assert sorted(title for title, _ in log["flips"]) == sorted(f"Notes {number}" for number in range(40))
    assert log["requests"] == 80
    assert told["seconds"] >= 40 / 8 * 2 * 0.02, "nobody is quicker than the limit"
    assert 0 < told["cpu"] < 10


def test_a_long_article_comes_in_several_pieces_and_counts_once(house: House) -> None:
    house.empty_log(delay=0)
    body = {"article": {"title": "Long", "body_markdown": "x" * 300_000}}
    assert requests.post(f"{house.origin}/api/articles", json=body, timeout=5).status_code == 201
    assert house.log()["requests"] == 1


def test_who_does_not_answer_in_time_is_left_alone(house: House) -> None:
    code = "import time; from bench.lines import answer; answer({'nap': lambda: time.sleep(30), 'six': lambda: 6})"
    with Talk(house, "talk", "-c", code) as talk:
        assert talk.ask("six") == 6
        with pytest.raises(TooLong):
            talk.ask("nap", at_most=0.2)
