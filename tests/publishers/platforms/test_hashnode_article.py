"""What Hashnode is sent, and what is said beforehand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from publishers.base import Article, Level
from publishers.errors import Rejected
from publishers.marks import mark
from publishers.notes import Notes
from publishers.platforms.hashnode import Hashnode
from publishers.platforms.hashnode.article import embeds, size_of
from publishers.platforms.hashnode.forms import OptionsForm
from publishers.text.source import Source
from tests.publishers.conftest import said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY
from tests.publishers.platforms.test_hashnode import hashnode_at

PUBLICATION = "b" * 24


@pytest.fixture
def offline() -> Hashnode:
    return hashnode_at("https://gql-beta.hashnode.com", publication=PUBLICATION)


def sent(hashnode: Hashnode, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = hashnode.payload(replace(ARTICLE, **changes))["variables"]["input"]
    return fields


def test_the_payload_is_the_creation_of_a_draft(offline: Hashnode) -> None:
    payload = offline.payload(ARTICLE)
    assert "createDraft" in payload["query"]
    assert payload["variables"] == {
        "input": {
            "publicationId": PUBLICATION,
            "title": "Notes on the Analytical Engine",
            "slug": "notes-on-the-engine",
            "contentMarkdown": f"The engine *weaves* patterns.\n\n```python\nprint('hello')\n```\n\n{mark(KEY)}\n",
            "tags": [{"slug": "math", "name": "math"}, {"slug": "history", "name": "history"}],
            "originalArticleURL": "https://ada.example/notes",
            "metaTags": {"description": "What the engine can do."},
            "disableComments": False,
            "settings": {
                "enableTableOfContent": False, "delist": False, "activateNewsletter": False, "slugOverridden": True,
            },
        }
    }  # fmt: skip
    assert offline.check(ARTICLE) == []


def test_what_is_empty_is_left_out(offline: Hashnode) -> None:
    fields = offline.payload(Article(key=KEY, title="解析", markdown="b"))["variables"]["input"]
    assert set(fields) == {"publicationId", "title", "contentMarkdown", "tags", "disableComments", "settings"}
    assert fields["settings"]["slugOverridden"] is False


def test_the_options_of_a_delivery_win_over_the_channel(offline: Hashnode) -> None:
    offline.settings = {**offline.settings, "newsletter": True, "table_of_contents": True}
    options = {"newsletter": "no", "delist": "yes", "table_of_contents": "", "subtitle": " Of  numbers ",
               "seo_title": "Engine", "seo_description": "About it.", "series": "a" * 24}  # fmt: skip
    fields = sent(offline, options=options, cover_url="https://ada.example/c.png")
    assert fields["settings"] == {
        "enableTableOfContent": True, "delist": True, "activateNewsletter": False, "slugOverridden": True,
    }  # fmt: skip
    assert fields["subtitle"] == "Of numbers"
    assert fields["metaTags"] == {"title": "Engine", "description": "About it."}
    assert fields["coverImageOptions"] == {"coverImageURL": "https://ada.example/c.png"}
    assert fields["seriesId"] == "a" * 24
    assert sent(offline)["settings"]["activateNewsletter"] is True


def test_a_series_named_by_its_slug_is_looked_up_later(offline: Hashnode) -> None:
    assert "seriesId" not in sent(offline, options={"series": "letters"})


# --- Text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("%[https://x.example]", "\\%[https://x.example]"),
        ("%%[widget]", "\\%\\%[widget]"),
        ("a\n\n  %[x]\n\n> %[x]\n\n- %[x]\n1. %[x]", "a\n\n  \\%[x]\n\n> \\%[x]\n\n- \\%[x]\n1. \\%[x]"),
        ("line  \n%[x]", "line  \n\\%[x]"),
        ("it is 5 %[1] of them", "it is 5 %[1] of them"),
        ("```\n%[x]\n```\n%[y]", "```\n%[x]\n```\n\\%[y]"),
        ("- a\n\n  ```\n  %[x]\n  ```", "- a\n\n  ```\n  %[x]\n  ```"),
        ("    %[x]", "    %[x]"),
        ("<pre>\n%[x]\n</pre>", "<pre>\n%[x]\n</pre>"),
        ("\\%[x]", "\\%[x]"),
        ("100 %\n[link](https://x.example)", "100 %\n[link](https://x.example)"),
    ],
)
def test_embeds_at_the_start_of_a_line_become_text_except_in_code(text: str, escaped: str) -> None:
    assert without_embeds(text) == escaped
    assert without_embeds(escaped) == escaped


def without_embeds(text: str) -> str:
    return embeds(Source.of(replace(ARTICLE, markdown=text)), Notes("Hashnode")).text


def test_an_escaped_embed_is_said(offline: Hashnode) -> None:
    assert said(offline, markdown="%[https://x.example]") == [(Level.CHANGED, "markdown")]


def test_front_matter_and_a_repeated_title_are_left_out(offline: Hashnode) -> None:
    text = "---\ntitle: Other\n---\n\n# Notes on the *Analytical* Engine\n\nText"
    assert sent(offline, markdown=text)["contentMarkdown"] == f"Text\n\n{mark(KEY)}\n"
    assert said(offline, markdown=text) == [(Level.CHANGED, "markdown")] * 2
    assert sent(offline, markdown="# Other\n\nText")["contentMarkdown"].startswith("# Other\n")


def test_wrapped_lines_are_joined(offline: Hashnode) -> None:
    assert sent(offline, markdown="One\ntwo")["contentMarkdown"].startswith("One two\n")
    assert said(offline, markdown="One\ntwo") == [(Level.CHANGED, "markdown")]


def test_a_mark_pasted_with_an_older_text_does_not_stay(offline: Hashnode) -> None:
    body = sent(offline, markdown=f"Text {mark(OTHER_KEY)}")["contentMarkdown"]
    assert OTHER_KEY not in body
    assert body.count("blogscheduler:") == 1


def test_the_mark_stays_out_of_a_code_block_that_was_never_closed(offline: Hashnode) -> None:
    body = sent(offline, markdown="```python\nprint()")["contentMarkdown"]
    assert body == f"```python\nprint()\n```\n\n{mark(KEY)}\n"


def test_relative_links_and_images_are_said(offline: Hashnode) -> None:
    text = "[a](/about) ![b](b.png) [c](#c) [d](https://x.example)"
    assert said(offline, markdown=text) == [(Level.NOTE, "markdown")] * 2, "read as on Ada's own page"
    there_is_none = said(offline, markdown=text, canonical_url="")
    assert there_is_none == [(Level.CHANGED, "markdown"), (Level.LOST, "markdown")]


# --- Size --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["a", "ä", "機", "🚂", "\\", '"', "\n"])
def test_the_size_that_counts_is_that_of_the_request_as_it_travels(httpserver: HTTPServer, letter: str) -> None:
    httpserver.expect_request("/").respond_with_json({"data": {"createDraft": {"draft": {"id": "1"}}}})
    hashnode = hashnode_at(httpserver.url_for("/"), publication=PUBLICATION)
    article = replace(ARTICLE, markdown=f"x{letter * 5000}x")
    hashnode.create_draft(article)
    request, _ = httpserver.log[0]
    assert len(request.data) == size_of(hashnode.payload(article))


def biggest(offline: Hashnode, letter: str) -> int:
    """How many of them fit."""
    fits, too_many = 0, 120_000
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if said(offline, markdown=letter * middle):
            too_many = middle
        else:
            fits = middle
    return fits


@pytest.mark.parametrize("letter", ["a", "ä", "🚂"])
def test_a_text_that_is_too_big_is_refused_while_it_is_scheduled_and_never_sent(
    httpserver: HTTPServer, letter: str
) -> None:
    httpserver.expect_request("/").respond_with_json({"data": {"createDraft": {"draft": {"id": "1"}}}})
    hashnode = hashnode_at(httpserver.url_for("/"), publication=PUBLICATION)
    count = biggest(hashnode, letter)
    bytes_each = len(letter.encode())
    assert 97_000 < count * bytes_each < 100_000
    hashnode.create_draft(replace(ARTICLE, markdown=letter * count))
    assert said(hashnode, markdown=letter * (count + 1)) == [(Level.REFUSED, "markdown")]
    much = replace(ARTICLE, markdown=letter * (count + 1000))
    with pytest.raises(Rejected, match=r"up to 100,000 bytes; with this text it has 1\d\d,"):
        hashnode.create_draft(much)
    with pytest.raises(Rejected, match=r"up to 100,000 bytes; with this text it has 1\d\d,"):
        hashnode.publish_draft("1", much)
    assert len(httpserver.log) == 1


# --- What goes with it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "slugs", "lost"),
    [
        (("c#", "C++", "node.js", "Machine  Learning"), ["csharp", "cpp", "nodejs", "machine-learning"], 0),
        (("a", "A", "a "), ["a"], 2),
        (tuple(f"t{n}" for n in range(17)), [f"t{n}" for n in range(15)], 2),
        (("", "--", "हिन्दी", "größe"), ["grosse"], 3),
    ],
)  # fmt: skip
def test_tags_become_what_hashnode_takes(
    offline: Hashnode, given: tuple[str, ...], slugs: list[str], lost: int
) -> None:
    assert [tag["slug"] for tag in sent(offline, tags=given)["tags"]] == slugs
    assert said(offline, tags=given) == [(Level.LOST, "tags")] * lost


def test_a_tag_keeps_the_name_that_its_author_gave_it(offline: Hashnode) -> None:
    assert sent(offline, tags=("C#", "Größe"))["tags"] == [
        {"slug": "csharp", "name": "C#"},
        {"slug": "grosse", "name": "Größe"},
    ]


@pytest.mark.parametrize(
    ("slug", "title", "made", "findings"),
    [
        ("", "Notes on the Engine", "notes-on-the-engine", []),
        ("my-slug", "T", "my-slug", []),
        ("My Slug!", "T", "my-slug", [(Level.CHANGED, "slug")]),
        ("機関", "Engine", "engine", [(Level.CHANGED, "slug")]),
        ("", "x" * 200, "x" * 100, []),
        ("", "解析", None, []),
    ],
)
def test_an_article_without_a_slug_gets_one_so_that_it_can_be_looked_up(
    offline: Hashnode, slug: str, title: str, made: str | None, findings: list[Any]
) -> None:
    assert sent(offline, slug=slug, title=title).get("slug") == made
    assert said(offline, slug=slug, title=title) == findings


@pytest.mark.parametrize("url", ["ada.example/x", "ftp://ada.example/", "https://ada.example/a b", "https://"])
def test_an_address_that_is_none_is_said(offline: Hashnode, url: str) -> None:
    assert said(offline, canonical_url=url) == [(Level.REFUSED, "canonical_url")]
    assert said(offline, cover_url=url) == [(Level.LOST, "cover_url")]
    assert "coverImageOptions" not in sent(offline, cover_url=url)


def test_a_title_is_one_line(offline: Hashnode) -> None:
    assert sent(offline, title=" Two\n lines ")["title"] == "Two lines"


# --- Its forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("publication", "fine"), [("", True), ("a1" * 12, True), ("ada.hashnode.dev", False), ("a" * 23, False)]
)
def test_a_publication_is_left_empty_or_is_an_id(publication: str, fine: bool) -> None:
    form = Hashnode.settings_form({"base_url": "https://gql-beta.hashnode.com/", "publication": publication})
    assert form.is_valid() is fine


def test_its_present_address_is_suggested() -> None:
    assert Hashnode.settings_form().fields["base_url"].initial == "https://gql-beta.hashnode.com/"


def test_every_option_may_be_left_out() -> None:
    form = OptionsForm({})
    assert form.is_valid(), form.errors
    json.dumps(form.cleaned_data)
    assert set(form.cleaned_data.values()) == {""}


@pytest.mark.parametrize("token", ["", "два", "a b"])
def test_a_token_that_cannot_be_one_is_refused_at_the_field(token: str) -> None:
    assert not Hashnode.credentials_form({"token": token}).is_valid()
