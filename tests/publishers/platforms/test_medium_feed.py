"""Reading an author's public feed with care, and knowing an article again only when it must be ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from publishers.platforms.medium.feed import Item, NoFeed, items_in, only_match

DUE = datetime(2026, 11, 22, 18, 30, 0, 500_000, tzinfo=UTC)
BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


def feed(title: str = "<![CDATA[Notes]]>", link: str = "https://medium.com/@ada/notes-e6f36a?source=rss-1----2",
         guid: str = "https://medium.com/p/e6f36a", date: str = "Sun, 22 Nov 2026 18:31:02 GMT") -> str:  # fmt: skip
    item = f"<item><title>{title}</title><link>{link}</link><guid>{guid}</guid><pubDate>{date}</pubDate></item>"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Ada</title>{item}</channel></rss>'


def test_an_item_has_an_id_a_title_a_clean_address_and_a_moment() -> None:
    published_at = datetime(2026, 11, 22, 18, 31, 2, tzinfo=UTC)
    assert items_in(feed()) == [Item("e6f36a", "Notes", "https://medium.com/@ada/notes-e6f36a", published_at)]


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""}, {"link": ""}, {"link": "javascript:alert"}, {"link": "http://[x"}, {"guid": ""},
        {"guid": "https://medium.com/p/"}, {"date": ""}, {"date": "yesterday"},
    ],
)  # fmt: skip
def test_an_item_that_lacks_something_is_passed_over(changes: dict[str, str]) -> None:
    assert items_in(feed(**changes)) == []


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "<rss", "<html/>", "{}", feed().replace("<rss", BOMB + "<rss"), "<!DOCTYPE rss SYSTEM 'x.dtd'><rss/>",
        feed(title="&outside;"), feed() + feed(), "<rss>" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_feed_or_declares_entities_is_not_read(text: str) -> None:
    with pytest.raises(NoFeed):
        items_in(text)


def test_an_article_about_document_types_does_no_harm() -> None:
    assert [item.title for item in items_in(feed(title="<![CDATA[<!DOCTYPE html> explained]]>"))] == [
        "<!DOCTYPE html> explained"
    ]


def item(title: str = "Notes", after: float = 60, id: str = "e6f36a") -> Item:
    moment = (DUE + timedelta(seconds=after)).replace(microsecond=0)
    return Item(id, title, "https://medium.com/@ada/notes-e6f36a", moment)


@pytest.mark.parametrize(
    "found",
    [item(), item(after=0), item(" Notes "), item(after=11 * 3600)],
)
def test_the_same_title_in_time_is_ours(found: Item) -> None:
    assert only_match([item("Other"), found], {"Notes"}, DUE) == found


def test_a_title_may_be_escaped_once_more_or_composed_otherwise() -> None:
    assert only_match([item("R&amp;D")], {"R&D"}, DUE)
    assert only_match([item("R&amp;D")], {"R&amp;D"}, DUE)
    assert only_match([item("Cafe\u0301")], {"Café"}, DUE)


@pytest.mark.parametrize(
    "found", [item("notes"), item("Notes!"), item(after=-2), item(after=-86_400), item(after=13 * 3600)]
)
def test_another_title_or_another_time_is_not_ours(found: Item) -> None:
    assert only_match([found], {"Notes"}, DUE) is None


def test_two_that_could_be_ours_are_none() -> None:
    assert only_match([item(), item(id="aaaaaa")], {"Notes"}, DUE) is None
