"""What a post says otherwise on one channel, and what a channel adds to all posts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User, Workspace
from posts.engine import tailoring
from posts.engine.packing import article_of
from posts.models import Channel, Delivery, Post
from posts.planning import living, scheduling
from publishers.base import Article, Finding, Level

DUE = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
TEXT = "The engine weaves."


def article(
    markdown: str = TEXT,
    *,
    version: dict[str, Any] | None = None,
    defaults: dict[str, Any] | None = None,
    zone: str = "",
    original: str = "",
    **fields: Any,
) -> Article:
    return article_of(delivery(markdown, version=version, defaults=defaults, zone=zone, original=original, **fields))


def delivery(
    markdown: str = TEXT,
    *,
    version: dict[str, Any] | None = None,
    defaults: dict[str, Any] | None = None,
    zone: str = "",
    original: str = "",
    **fields: Any,
) -> Delivery:
    values = {"title": "Notes", "tags": ["math"], "canonical_url": "https://ada.example/notes", **fields}
    post = Post(pk=1, markdown=markdown, versions={"7": version} if version else None, **values)
    channel = Channel(pk=7, platform="devto", defaults=defaults)
    return Delivery(post=post, channel=channel, due_at=DUE, zone=zone, canonical_url=original)


# --- of one post -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("title", "On DEV"), ("summary", "Short."), ("slug", "on-dev"), ("cover_url", "https://ada.example/c.png"),
        ("canonical_url", "https://ada.example/other"),
    ],
)  # fmt: skip
def test_what_is_said_there_wins_and_what_is_blank_is_inherited(field: str, said: str) -> None:
    plain = article()
    changed = article(version={field: said})
    assert getattr(changed, field) == said
    assert getattr(article(version={field: ""}), field) == getattr(plain, field)


def test_tags_of_its_own_are_named_as_the_channel_names_them() -> None:
    names = {"c#": "csharp", "history": ""}
    assert article(tags=["C#", "Math", "history"], defaults={"tags": names}).tags == ("csharp", "Math")
    assert article(version={"tags": ["c#", "csharp"]}, defaults={"tags": names}).tags == ("csharp",)


def test_what_was_asked_at_the_scheduling_wins_over_options_said_there_before() -> None:
    made = delivery(version={"options": {"series": "engines", "subtitle": "kept"}})
    made.options = {"series": "newer"}
    assert article_of(made).options == {"series": "newer", "subtitle": "kept"}


@pytest.mark.django_db
def test_options_said_there_later_are_told_to_what_is_scheduled_and_published(workspace: Workspace) -> None:
    dev = Channel.objects.create(workspace=workspace, platform="devto", name="DEV")
    post = Post.objects.create(workspace=workspace, title="Notes", versions={str(dev.pk): {"options": {"a": "1"}}})
    made = Delivery.objects.create(
        workspace=workspace, post=post, channel=dev, due_at=DUE, act_at=DUE, options={"a": "1", "other": "x"}
    )
    living.keep_version(post, dev, {"options": {"series": "engines"}}, DUE)
    made.refresh_from_db()
    assert made.options == {"other": "x", "series": "engines"}


def test_a_version_of_another_channel_means_nothing_here() -> None:
    made = delivery()
    made.post.versions = {"8": {"title": "Elsewhere"}}
    assert article_of(made).title == "Notes"


def test_what_is_blank_is_not_kept() -> None:
    post = Post(versions={"8": {"title": "Elsewhere"}})
    assert tailoring.with_version(post, 7, {"title": "", "tags": [], "slug": "x", "unknown": "y"}) == {
        "8": {"title": "Elsewhere"},
        "7": {"slug": "x"},
    }
    assert tailoring.with_version(Post(versions={"7": {"slug": "x"}}), 7, {}) is None


# --- the canonical link ----------------------------------------------------------------------------------------------


def test_the_canonical_link_is_the_originals_by_itself() -> None:
    assert article().canonical_url == "https://ada.example/notes"
    assert article(original="https://first.example/n").canonical_url == "https://first.example/n"


def test_a_channel_may_want_none() -> None:
    assert article(defaults={"canonical": "none"}, original="https://first.example/n").canonical_url == ""


@pytest.mark.parametrize(
    ("pattern", "zone", "url"),
    [
        ("https://ada.example/{slug}/", "", "https://ada.example/notes-on-it/"),
        ("https://ada.example/{year}/{month}/{day}/{slug}", "", "https://ada.example/2026/11/22/notes-on-it"),
        ("https://ada.example/{year}/{month}/{day}/{slug}", "Europe/Berlin", "https://ada.example/2026/11/23/notes-on-it"),
        ("https://ada.example/{other}/{slug}", "", "https://ada.example/{other}/notes-on-it"),
    ],
)  # fmt: skip
def test_a_channel_may_have_a_pattern_of_its_own(pattern: str, zone: str, url: str) -> None:
    made = article(title="Notes on it", zone=zone, defaults={"canonical": "pattern", "pattern": pattern})
    assert made.canonical_url == url


def test_what_the_author_says_wins_over_every_policy() -> None:
    made = article(version={"canonical_url": "https://a.example/"}, defaults={"canonical": "none"})
    assert made.canonical_url == "https://a.example/"


@pytest.mark.django_db
def test_where_a_channel_is_told_none_the_same_link_elsewhere_does_not_matter(workspace: Workspace) -> None:
    url, due = "https://ada.example/notes", DUE
    dev = Channel.objects.create(workspace=workspace, platform="devto", name="DEV", settings={"base_url": ""})
    posts = [
        Post.objects.create(workspace=workspace, title=title, markdown=TEXT, canonical_url=url)
        for title in ("One", "Two")
    ]
    Delivery.objects.create(workspace=workspace, post=posts[0], channel=dev, due_at=due, act_at=due)
    refused = [one.field for one in scheduling.check(posts[1], dev) if one.level == Level.REFUSED]
    assert refused == ["canonical_url"]
    dev.defaults = {"canonical": "none"}
    assert not [one for one in scheduling.check(posts[1], dev) if one.level == Level.REFUSED]


# --- blocks ----------------------------------------------------------------------------------------------------------


def test_blocks_stand_around_the_text() -> None:
    made = article(version={"intro": "Hello *DEV*."}, defaults={"footer": "First on {canonical_url}."})
    assert made.markdown == f"Hello *DEV*.\n\n{TEXT}\n\nFirst on https://ada.example/notes.\n"


def test_a_posts_own_block_replaces_the_channels_and_a_hyphen_leaves_it_out() -> None:
    defaults = {"footer": "Of all.", "intro": "Of all."}
    made = article(version={"footer": "Of this one.", "intro": "-"}, defaults=defaults)
    assert made.markdown == f"{TEXT}\n\nOf this one.\n"


def test_braces_are_filled_in_and_unknown_ones_stay() -> None:
    made = article(defaults={"footer": "“{title}”, {date}, {{ liquid }}, {unknown}"}, zone="Europe/Berlin")
    assert made.markdown.endswith("“Notes”, 23 November 2026, {{ liquid }}, {unknown}\n")


def test_a_paragraph_that_names_a_missing_canonical_link_is_left_out() -> None:
    footer = "Thank you for reading.\n\nOriginally on {canonical_url}."
    assert article(defaults={"footer": footer}, canonical_url="").markdown.endswith("Thank you for reading.\n")
    assert article(defaults={"footer": "See {canonical_url}."}, canonical_url="").markdown == TEXT


@pytest.mark.parametrize(
    "head", ["---\ntitle: Notes\n---\n", "# Notes\n", "---\na: b\n---\n\n# Notes\n\n", "\n# Notes #\n"]
)
def test_a_block_before_the_text_stands_behind_its_front_matter_and_its_title(head: str) -> None:
    made = article(f"{head}{TEXT}", version={"intro": "Hello."})
    assert made.markdown.startswith(head)
    assert made.markdown[len(head) :].split() == f"Hello. {TEXT}".split()


def test_a_heading_that_repeats_the_title_becomes_the_title_of_this_channel() -> None:
    made = article(f"# Notes\n\n{TEXT}", version={"title": "On DEV"})
    assert made.markdown == f"# On DEV\n{TEXT}" or made.markdown == f"# On DEV\n\n{TEXT}"


@pytest.mark.parametrize(
    ("markdown", "version", "line", "source"),
    [
        ("one\ntwo", {}, 2, 2),
        ("one\ntwo", {"intro": "a\nb"}, 1, None),
        ("one\ntwo", {"intro": "a\nb"}, 3, None),
        ("one\ntwo", {"intro": "a\nb"}, 4, 1),
        ("one\ntwo", {"intro": "a\nb"}, 5, 2),
        ("one\ntwo", {"footer": "a"}, 2, 2),
        ("one\ntwo", {"footer": "a"}, 4, None),
        ("# Notes\n\none", {"intro": "a"}, 1, 1),
        ("# Notes\none", {"intro": "a"}, 5, 2),
    ],
)
def test_a_finding_names_the_line_of_the_authors_own_text(
    markdown: str, version: dict[str, Any], line: int, source: int | None
) -> None:
    made = delivery(markdown, version=version)
    placed = tailoring.text(made)
    if source:
        assert placed.markdown.split("\n")[line - 1] == markdown.split("\n")[source - 1]
    finding = placed.in_the_source(Finding(Level.NOTE, "markdown", "Look.", line))
    assert finding.line == source


# --- kept ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_two_channels_may_be_written_for_at_once(workspace: Workspace, ada: User) -> None:
    post = Post.objects.create(workspace=workspace, author=ada, title="Notes")
    one, other = Channel(pk=1), Channel(pk=2)
    living.keep_version(post, one, {"title": "One"}, DUE)
    living.keep_version(post, other, {"title": "Other"}, DUE)
    post.refresh_from_db()
    assert post.versions == {"1": {"title": "One"}, "2": {"title": "Other"}}
    living.keep_version(post, one, {}, DUE)
    post.refresh_from_db()
    assert post.versions == {"2": {"title": "Other"}}
