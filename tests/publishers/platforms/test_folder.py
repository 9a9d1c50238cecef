"""A folder of Markdown files: what is written where, that it is ours again, and that nothing else is touched."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import frontmatter
import pytest

from publishers.base import Level, RemotePost, Surroundings, Visibility
from publishers.errors import NotAuthorized, OutcomeUnknown, Rejected, Unavailable
from publishers.http import Http
from publishers.platforms.folder import Folder
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

HUGO = {
    "generator": "hugo",
    "directory": "content/posts",
    "base_url": "https://ada.example",
    "permalink": "",
    "keys": "",
}
OTHER = replace(ARTICLE, key=OTHER_KEY)


class TestHugo(PublisherContract):
    kind = Folder

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return HUGO


class TestJekyll(PublisherContract):
    kind = Folder

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return HUGO | {"generator": "jekyll", "directory": "_posts"}


def folder(files: Path, **settings: Any) -> Folder:
    return Folder(credentials={}, settings=HUGO | settings, surroundings=Surroundings(http=Http(), files=files))


def listing(files: Path) -> list[str]:
    return sorted(str(path.relative_to(files)) for path in files.rglob("*") if not path.is_dir())


# --- What the file says ------------------------------------------------------------------------------------------


def test_hugo_gets_its_front_matter(tmp_path: Path) -> None:
    article = replace(
        ARTICLE,
        cover_url="https://ada.example/c.png",
        due_at=datetime(2026, 11, 22, 19, 30, tzinfo=timezone(timedelta(hours=1))),
    )
    post = folder(tmp_path).publish(article)
    expected = RemotePost(
        "content/posts/notes-on-the-engine.md", "https://ada.example/posts/notes-on-the-engine/", Visibility.PUBLIC
    )
    assert post == expected
    assert (
        (tmp_path / post.id).read_text()
        == f"""---
title: Notes on the Analytical Engine
date: 2026-11-22T19:30:00+01:00
draft: false
slug: notes-on-the-engine
description: What the engine can do.
tags:
- math
- history
images:
- https://ada.example/c.png
canonicalURL: https://ada.example/notes
author: Ada Lovelace
lang: en
blogscheduler_id: {KEY}
---

The engine *weaves* patterns.

```python
print('hello')
```
"""
    )


@pytest.mark.parametrize(
    ("generator", "directory", "path", "url", "keys"),
    [
        ("jekyll", "_posts", "_posts/2026-11-22-notes-on-the-engine.md", "2026/11/22/notes-on-the-engine.html",
         ["layout", "title", "date", "description", "tags", "canonical_url", "author", "lang"]),
        ("astro", "src/content/blog", "src/content/blog/notes-on-the-engine.md", "blog/notes-on-the-engine/",
         ["title", "description", "pubDate", "tags", "canonicalURL", "author", "lang"]),
        ("eleventy", "posts", "posts/notes-on-the-engine.md", "posts/notes-on-the-engine/",
         ["title", "description", "date", "tags", "canonical", "author", "lang"]),
    ],
)  # fmt: skip
def test_each_generator_gets_its_own(
    tmp_path: Path, generator: str, directory: str, path: str, url: str, keys: list[str]
) -> None:
    post = folder(tmp_path, generator=generator, directory=directory).publish(ARTICLE)
    assert (post.id, post.url) == (path, f"https://ada.example/{url}")
    head = frontmatter.loads((tmp_path / path).read_text()).metadata
    assert list(head) == [*keys, "blogscheduler_id"]


def test_awkward_values_survive_the_front_matter(tmp_path: Path) -> None:
    title = "Colons: \"quotes\" --- and #hashes — 日本語 🎉 'yes' {{ x }}"
    article = replace(ARTICLE, title=title, tags=("on", "2026-01-01", "a: b", "- c"), summary="null")
    post = folder(tmp_path).publish(article)
    head = frontmatter.loads((tmp_path / post.id).read_text()).metadata
    assert head["title"] == title
    assert head["tags"] == ["on", "2026-01-01", "a: b", "- c"]
    assert head["description"] == "null"
    assert folder(tmp_path).find(article) == post


def test_templates_can_have_other_names(tmp_path: Path) -> None:
    post = folder(tmp_path, generator="astro", keys="date=publishedAt, title = headline").publish(ARTICLE)
    head = frontmatter.loads((tmp_path / post.id).read_text()).metadata
    assert head["headline"] == ARTICLE.title
    assert "publishedAt" in head
    assert "pubDate" not in head


def test_an_address_is_percent_encoded(tmp_path: Path) -> None:
    assert folder(tmp_path).publish(replace(ARTICLE, slug="", title="日本")).url.endswith("/posts/%E6%97%A5%E6%9C%AC/")


def test_a_pattern_of_addresses_can_be_given(tmp_path: Path) -> None:
    assert (
        folder(tmp_path, permalink="/:year/:slug").publish(ARTICLE).url
        == "https://ada.example/2026/notes-on-the-engine"
    )
    assert folder(tmp_path, base_url="").publish(ARTICLE).url == ""


@pytest.mark.parametrize(
    ("generator", "shown"),
    [
        ("hugo", "{{</* x */>}} and `{{ y }}`"),
        ("jekyll", "{% raw %}{{{% endraw %}< x >}} and `{% raw %}{{{% endraw %} y }}`"),
        ("eleventy", "{% raw %}{{{% endraw %}< x >}} and `{% raw %}{{{% endraw %} y }}`"),
        ("astro", "{{< x >}} and `{{ y }}`"),
    ],
)
def test_template_syntax_is_escaped_as_each_engine_needs(tmp_path: Path, generator: str, shown: str) -> None:
    post = folder(tmp_path, generator=generator).publish(replace(ARTICLE, markdown="{{< x >}} and `{{ y }}`"))
    assert (tmp_path / post.id).read_text().endswith(f"\n---\n\n{shown}\n")


def test_front_matter_and_a_repeated_title_are_left_out(tmp_path: Path) -> None:
    text = f"---\nblogscheduler_id: {OTHER_KEY}\n---\n# {ARTICLE.title}\n\nText"
    article = replace(ARTICLE, markdown=text)
    post = folder(tmp_path).publish(article)
    assert (tmp_path / post.id).read_text().endswith("\n---\n\nText\n")
    assert [finding.level for finding in folder(tmp_path).check(article)] == [Level.CHANGED]


def test_a_shortcode_that_is_never_closed_is_said(tmp_path: Path) -> None:
    findings = folder(tmp_path).check(replace(ARTICLE, markdown="{{< open"))
    assert [finding.level for finding in findings] == [Level.CHANGED]


# --- Whose file is whose -----------------------------------------------------------------------------------------


def test_publishing_again_writes_the_same_file(tmp_path: Path) -> None:
    first = folder(tmp_path).publish(ARTICLE)
    text = (tmp_path / first.id).read_bytes()
    assert folder(tmp_path).publish(ARTICLE) == first
    assert (tmp_path / first.id).read_bytes() == text
    assert listing(tmp_path) == [first.id]


def test_a_new_text_or_slug_goes_into_the_articles_own_file(tmp_path: Path) -> None:
    first = folder(tmp_path).publish(ARTICLE)
    again = folder(tmp_path).publish(replace(ARTICLE, slug="another", markdown="New text"))
    assert again.id == first.id
    assert "New text" in (tmp_path / first.id).read_text()
    assert listing(tmp_path) == [first.id]


def test_another_articles_file_is_never_overwritten(tmp_path: Path) -> None:
    by_hand = tmp_path / "content/posts/notes-on-the-engine.md"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_text("written by hand")
    one, two = folder(tmp_path).publish(ARTICLE), folder(tmp_path).publish(OTHER)
    assert by_hand.read_text() == "written by hand"
    assert one.id == "content/posts/notes-on-the-engine-2.md"
    assert two.id == "content/posts/notes-on-the-engine-3.md"
    assert one.url == "https://ada.example/posts/notes-on-the-engine-2/"
    assert folder(tmp_path).publish(ARTICLE) == one
    assert folder(tmp_path).find(OTHER) == two
    assert "slug: notes-on-the-engine-2\n" in (tmp_path / one.id).read_text()


def test_a_name_taken_at_the_last_moment_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    first, second = folder(tmp_path).publish(ARTICLE), folder(tmp_path).publish(OTHER)
    assert first.id != second.id
    assert KEY in (tmp_path / first.id).read_text()


def test_a_text_that_mentions_a_key_is_not_that_articles_file(tmp_path: Path) -> None:
    folder(tmp_path).publish(replace(OTHER, markdown=f"blogscheduler_id: {KEY}", title=f"x\nblogscheduler_id: {KEY}"))
    assert folder(tmp_path).find(ARTICLE) is None


def test_the_address_stays_when_jekylls_date_is_unknown_later(tmp_path: Path) -> None:
    jekyll = folder(tmp_path, generator="jekyll", directory="_posts")
    post = jekyll.publish(ARTICLE)
    assert jekyll.find(replace(ARTICLE, due_at=None)) == post


@pytest.mark.parametrize(
    ("slug", "title", "name"),
    [
        ("", "Grüße, Welt!", "grusse-welt.md"),
        ("../../etc/passwd", "x", "etc-passwd.md"),
        ("", "日本語 と है!", "日本語-と-है.md"),
        ("", "!?", f"{KEY}.md"),
        ("x" * 300, "x", "x" * 80 + ".md"),
        (".hidden", "x", "hidden.md"),
        ("a/b\\c\0d", "x", "a-b-c-d.md"),
    ],
)
def test_file_names_are_plain(tmp_path: Path, slug: str, title: str, name: str) -> None:
    post = folder(tmp_path).publish(replace(ARTICLE, slug=slug, title=title))
    assert Path(post.id).name == name


# --- It stays inside its place -----------------------------------------------------------------------------------


@pytest.mark.parametrize("directory", ["../out", "/etc", "a/../../b", "a\\b", "a\nb", "a\0b"])
def test_a_folder_outside_is_refused_in_the_form_and_at_the_door(tmp_path: Path, directory: str) -> None:
    form = Folder.settings_form(HUGO | {"directory": directory})
    assert list(form.errors) == ["directory"]
    files = tmp_path / "files"
    files.mkdir()
    with pytest.raises(Rejected):
        folder(files, directory=directory).publish(ARTICLE)
    assert listing(tmp_path) == []


def test_an_empty_folder_is_the_generators_usual_one() -> None:
    form = Folder.settings_form({"generator": "jekyll"})
    assert form.is_valid()
    assert form.cleaned_data["directory"] == "_posts"


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    outside, files = tmp_path / "outside", tmp_path / "files"
    outside.mkdir()
    files.mkdir()
    (files / "content").symlink_to(outside)
    with pytest.raises(Rejected, match="leads out"):
        folder(files).publish(ARTICLE)
    with pytest.raises(Unavailable):
        folder(files).find(ARTICLE)
    assert list(outside.iterdir()) == []


def test_a_linked_file_is_not_written_through(tmp_path: Path) -> None:
    outside, files = tmp_path / "outside.md", tmp_path / "files"
    outside.write_text(f"---\nblogscheduler_id: {KEY}\n---\n")
    posts = files / "content/posts"
    posts.mkdir(parents=True)
    (posts / "notes-on-the-engine.md").symlink_to(outside)
    (posts / f".blogscheduler-{KEY}.tmp").symlink_to(tmp_path / "target")
    with pytest.raises(Rejected):
        folder(files).publish(ARTICLE)
    assert folder(files).publish(ARTICLE).id.endswith("-2.md")
    assert outside.read_text() == f"---\nblogscheduler_id: {KEY}\n---\n"
    assert not (tmp_path / "target").exists()


# --- When the disk says no ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, Unavailable), (errno.EDQUOT, Unavailable), (errno.EACCES, Rejected), (errno.EROFS, Rejected)],
)
def test_what_the_disk_says_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(error, match=os.strerror(number).lower()):
        folder(tmp_path).publish(ARTICLE)
    assert listing(tmp_path) == []


def test_a_file_that_the_disk_did_not_confirm_is_unknown_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def second_time(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", second_time)
    with pytest.raises(OutcomeUnknown):
        folder(tmp_path).publish(ARTICLE)
    assert folder(tmp_path).find(ARTICLE) is not None


def test_a_disk_without_hard_links_works_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: Any) -> None:
        raise OSError(errno.EPERM, "operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    first, second = folder(tmp_path).publish(ARTICLE), folder(tmp_path).publish(OTHER)
    assert listing(tmp_path) == sorted([first.id, second.id])


def test_a_folder_that_may_not_be_written_is_said_when_connecting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(NotAuthorized):
        folder(tmp_path).verify()


def test_looking_makes_no_folder(tmp_path: Path) -> None:
    assert folder(tmp_path).find(ARTICLE) is None
    assert list(tmp_path.iterdir()) == []


def test_files_can_be_read_by_the_web_server(tmp_path: Path) -> None:
    post = folder(tmp_path).publish(ARTICLE)
    assert (tmp_path / post.id).stat().st_mode & 0o444 == 0o444


def test_without_a_due_time_it_is_now(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    post = folder(tmp_path).publish(replace(ARTICLE, due_at=None))
    written = frontmatter.loads((tmp_path / post.id).read_text())["date"]
    assert isinstance(written, datetime)
    assert written >= before
