"""Where a post and its pictures are in a repository, and what is written there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from publishers.base import Image, Level
from publishers.sites.checking import findings_of
from publishers.sites.forms import SiteForm
from publishers.sites.front_matter import head_of, hidden_text, is_hidden
from publishers.sites.generators import GENERATORS
from publishers.sites.layout import checked_path, numbered, plain_path, post_file, url_at
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY

HUGO: dict[str, Any] = {"generator": "hugo", "path": "content/posts/{slug}.md", "base_url": "https://ada.example"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/etc/{slug}.md", "inside"), ("../{slug}.md", "inside"), ("a/../../{slug}.md", "inside"),
        (".git/{slug}.md", "inside"), (".GIT/hooks/{slug}.md", "inside"), ("a\\{slug}.md", "inside"),
        ("a\n{slug}.md", "inside"), ("a:{slug}.md", "inside"), ("{author}/{slug}.md", "{author}"),
        ("posts/post.md", "{slug}"), ("{slug}.html", ".mdx"), ("{slug}", ".mdx"),
    ],
)  # fmt: skip
def test_a_path_that_leads_astray_is_refused(path: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("{", r"\{")):
        checked_path(path)
    form = SiteForm({"generator": "hugo", "path": path})
    assert list(form.errors) == ["path"]


@pytest.mark.parametrize("folder", ["/static", "../static", ".git", "a\\b"])
def test_a_folder_of_pictures_that_leads_astray_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="inside"):
        plain_path(folder)
    assert list(SiteForm({"generator": "hugo", "pictures": folder}).errors) == ["pictures"]


@pytest.mark.parametrize(
    ("generator", "path"),
    [
        ("hugo", "content/posts/{slug}.md"),
        ("jekyll", "_posts/{year}-{month}-{day}-{slug}.md"),
        ("astro", "src/content/blog/{slug}.md"),
        ("eleventy", "posts/{slug}.md"),
    ],
)
def test_without_a_path_it_is_the_usual_one(generator: str, path: str) -> None:
    form = SiteForm({"generator": generator})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["path"] == path
    assert form.cleaned_data["unpublish_by"] == "remove"


@pytest.mark.parametrize(
    ("settings", "path", "url"),
    [
        ({}, "content/posts/notes-on-the-engine.md", "posts/notes-on-the-engine/"),
        ({"path": "content/posts/{slug}/index.md"}, "content/posts/notes-on-the-engine/index.md",
         "posts/notes-on-the-engine/"),
        ({"path": "content/{year}/{month}/{slug}.md", "permalink": "/:year/:slug"},
         "content/2026/11/notes-on-the-engine.md", "2026/notes-on-the-engine"),
        ({"generator": "jekyll", "path": ""}, "_posts/2026-11-22-notes-on-the-engine.md",
         "2026/11/22/notes-on-the-engine.html"),
        ({"generator": "astro", "path": "src/content/blog/{slug}.mdx"}, "src/content/blog/notes-on-the-engine.mdx",
         "blog/notes-on-the-engine/"),
    ],
)  # fmt: skip
def test_a_post_has_its_path_and_its_address(settings: dict[str, Any], path: str, url: str) -> None:
    wishes = HUGO | settings
    file = post_file(ARTICLE, wishes)
    assert (file.path, file.url) == (path, f"https://ada.example/{url}")
    assert url_at(file.path, wishes, file.text, datetime.now(UTC)) == file.url


def test_a_post_that_is_there_keeps_path_slug_date_and_mark() -> None:
    first = post_file(ARTICLE, HUGO)
    later = datetime(2027, 1, 2, 3, 4, tzinfo=UTC)
    changed = replace(ARTICLE, slug="another", key=OTHER_KEY, title="Better", due_at=later)
    again = post_file(changed, HUGO, path=first.path, before=first.text, changed_at=later)
    assert (again.path, again.url) == (first.path, first.url)
    head = head_of(again.text)
    assert (head["slug"], head["blogscheduler_id"], head["title"]) == ("notes-on-the-engine", KEY, "Better")
    assert (head["date"], head["lastmod"]) == (ARTICLE.due_at, later)
    assert post_file(changed, HUGO, path=first.path, before=again.text).text == again.text


def test_its_place_is_known_when_the_pattern_is_another_one_by_now() -> None:
    bundle = "content/posts/old-slug/index.md"
    assert post_file(ARTICLE, HUGO, path=bundle, before="---\n---\n").url.endswith("/old-slug/")
    assert url_at("_posts/2020-01-02-old.md", HUGO, "", datetime.now(UTC)).endswith("/old/")


def test_other_posts_of_the_same_name_get_numbers() -> None:
    paths = [file.path for file in numbered(ARTICLE, HUGO, most=3)]
    assert paths == [f"content/posts/notes-on-the-engine{end}.md" for end in ("", "-2", "-3")]


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_post_can_be_hidden_and_shown_again(generator: str) -> None:
    kind, wishes = GENERATORS[generator], HUGO | {"generator": generator}
    text = post_file(ARTICLE, wishes).text
    hidden = hidden_text(text, kind)
    assert (is_hidden(text, kind), is_hidden(hidden, kind)) == (False, True)
    assert hidden.partition("---\n\n")[2] == text.partition("---\n\n")[2]
    assert not is_hidden(post_file(ARTICLE, wishes, before=hidden, path="x.md").text, kind)


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("a {b} <c", "a \\{b\\} \\<c"),
        ("`{x}`\n\n```js\nimport {y}\n```", "`{x}`\n\n```js\nimport {y}\n```"),
        ("import this\n\nexport that, important", "&#105;mport this\n\n&#101;xport that, important"),
        ("<https://x.example/>", "[https://x.example/](https://x.example/)"),
    ],
)
def test_mdx_gets_what_it_would_not_run(markdown: str, written: str) -> None:
    file = post_file(replace(ARTICLE, markdown=markdown), HUGO | {"generator": "astro", "path": "blog/{slug}.mdx"})
    assert file.text.partition("---\n\n")[2] == f"{written}\n"


def test_plain_markdown_is_not_written_for_mdx() -> None:
    file = post_file(replace(ARTICLE, markdown="a {b}"), HUGO | {"generator": "astro", "path": "blog/{slug}.md"})
    assert file.text.endswith("\n\na {b}\n")


def test_pictures_keep_apart_by_their_content() -> None:
    one, two = (
        Image(digest=letter * 64, url=f"https://x.example/{letter}.png", path=Path("/nowhere"), name="../The Pic.PNG")
        for letter in "ab"
    )
    article = replace(ARTICLE, markdown=f"![]({one.url}) ![]({two.url}) `{one.url}`", images=(one, two))
    file = post_file(article, HUGO)
    assert list(file.pictures) == [f"static/images/notes-on-the-engine/the-pic-{letter * 10}.png" for letter in "ab"]
    folder = "/images/notes-on-the-engine/the-pic"
    assert file.text.endswith(f"![]({folder}-{'a' * 10}.png) ![]({folder}-{'b' * 10}.png) `{one.url}`\n")


def test_an_empty_post_is_refused_and_a_title_that_is_repeated_is_said() -> None:
    assert [one.level for one in findings_of(replace(ARTICLE, title=" ", markdown=" "), HUGO)] == [Level.REFUSED] * 2
    assert [one.level for one in findings_of(replace(ARTICLE, markdown=f"# {ARTICLE.title}\n\nx"), HUGO)] == [
        Level.CHANGED
    ]
