"""A Markdown file as other tools write it becomes a post: nothing of its text is lost, nothing in it is carried out."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from posts.models import Post
from posts.texts import NotReadable, has_front_matter, post_fields

EVERYTHING = """---
title: On engines
description: What they can do.
tags: [maths, history]
slug: on-engines
cover_image: https://example.org/cover.png
canonical: https://ada.example.org/engines
lang: de-AT
ai_disclosure_level: some_ai
layout: post
---

Text.

---

After the rule.
"""


def test_all_that_the_front_matter_says_is_kept_and_it_is_taken_off_the_text() -> None:
    assert post_fields(EVERYTHING) == {
        "title": "On engines",
        "summary": "What they can do.",
        "tags": ["maths", "history"],
        "slug": "on-engines",
        "cover_url": "https://example.org/cover.png",
        "canonical_url": "https://ada.example.org/engines",
        "language": "de-AT",
        "ai_disclosure": "some_ai",
        "markdown": "Text.\n\n---\n\nAfter the rule.",
    }
    assert has_front_matter(EVERYTHING)


def test_the_fields_are_those_of_a_post() -> None:
    assert set(post_fields(EVERYTHING)) == set(Post.TEXT_FIELDS)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("summary: S", "summary", "S"),
        ("excerpt: S", "summary", "S"),
        ("subtitle: S", "summary", "S"),
        ("summary: ''\ndescription: S", "summary", "S"),
        ("cover: https://x.org/a.png", "cover_url", "https://x.org/a.png"),
        ("image: https://x.org/a.png", "cover_url", "https://x.org/a.png"),
        ("cover: {image: https://x.org/a.png}\nimage: https://x.org/b.png", "cover_url", "https://x.org/b.png"),
        ("canonical_url: https://x.org/a", "canonical_url", "https://x.org/a"),
        ("description: >\n  Two lines\n  become one.", "summary", "Two lines become one."),
    ],
)
def test_what_other_tools_call_our_fields_is_understood(line: str, field: str, value: str) -> None:
    assert post_fields(f"---\n{line}\n---\nText.")[field] == value


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("tags: [maths, history]", ["maths", "history"]),
        ("tags:\n  - maths\n  - history", ["maths", "history"]),
        ("tags: maths, history", ["maths", "history"]),
        ("tags: '#maths, #history,'", ["maths", "history"]),
        ("tags: [maths, ' history ', maths, null, '']", ["maths", "history"]),
        ("tags: maths", ["maths"]),
        ("tags: 2026", ["2026"]),
        ("tags: [on, 1.10]", ["on", "1.10"]),
        ("tags:", []),
        ("tags: null", []),
        ("tags: {maths: 1}", []),
        ("tags: [[maths], {history: 1}]", []),
        ("title: Without", []),
    ],
)
def test_tags_are_a_list_of_words_however_they_are_written(line: str, tags: list[str]) -> None:
    assert post_fields(f"---\n{line}\n---\nText.")["tags"] == tags


@pytest.mark.parametrize("word", ["yes", "no", "On", "10:30", "007", "1.10", "2026", "2026-01-01", "2026-13-45", "0"])
def test_a_title_is_what_stands_there_whatever_yaml_takes_it_for(word: str) -> None:
    assert post_fields(f"---\ntitle: {word}\ndate: 2026-02-31\n---\nText.")["title"] == word


def test_the_norwegians_have_a_language() -> None:
    assert post_fields("---\ntitle: Hei\nlang: no\n---\nTekst.")["language"] == "no"


def test_without_a_title_there_the_first_heading_is_the_title_and_leaves_the_text() -> None:
    fields = post_fields("---\ntags: maths\n---\n\n# On engines\n\nText.\n\n# Second")
    assert (fields["title"], fields["markdown"]) == ("On engines", "Text.\n\n# Second")
    fields = post_fields("# On engines\n\nText.")
    assert (fields["title"], fields["markdown"]) == ("On engines", "Text.")


def test_a_title_in_the_front_matter_leaves_the_heading_where_it_is() -> None:
    fields = post_fields("---\ntitle: Engines\n---\n# Another\n\nText.")
    assert (fields["title"], fields["markdown"]) == ("Engines", "# Another\n\nText.")


@pytest.mark.parametrize("text", ["Text.", "## Second level\n\nText.", "#hashtag", "", "Text.\n\n# Later"])
def test_a_text_that_does_not_begin_with_a_heading_has_no_title(text: str) -> None:
    fields = post_fields(text)
    assert (fields["title"], fields["markdown"]) == ("", text)
    assert not has_front_matter(text)


@pytest.mark.parametrize(
    "text",
    [
        "---\nA text between two rules.\n---\nAnd after.",
        "---\n\nA text between two rules.\n\n---\n\nAnd after.",
        "---\n- a list\n- of things\n---\nAnd after.",
        "---\ntitle: never closed\n\nText.",
        "Intro.\n---\nmiddle: here\n---\nRest.",
        "{\nnot JSON\n}\nText.",
        '{\n"title": "JSON"\n}\nText.',
        "    indented code\n\nText.",
    ],
)
def test_what_only_looks_like_front_matter_stays_in_the_text_to_the_last_word(text: str) -> None:
    assert post_fields(text)["markdown"] == text
    assert not has_front_matter(text)


def test_empty_front_matter_is_taken_off() -> None:
    assert post_fields("---\n---\nText.")["markdown"] == "Text."


def test_a_file_from_windows_is_read_like_any_other() -> None:
    fields = post_fields("\ufeff---\r\ntitle: Engines\r\ntags: [a, b]\r\n---\r\n\r\nOne.\r\nTwo.\r\n")
    assert (fields["title"], fields["tags"], fields["markdown"]) == ("Engines", ["a", "b"], "One.\nTwo.")


def test_code_at_the_beginning_of_the_text_keeps_its_indent() -> None:
    assert post_fields("---\ntitle: Code\n---\n\n    x = 1\n\nText.\n")["markdown"] == "    x = 1\n\nText."


@pytest.mark.parametrize(
    "head", ["title: [unclosed", "title: 'unclosed", "a: b: c", "\ttitle: tab", "title: *nobody", "? {a: 1}: 2\n- x"]
)
def test_invalid_yaml_is_said_and_is_no_front_matter(head: str) -> None:
    text = f"---\n{head}\n---\nText."
    with pytest.raises(NotReadable, match="not valid YAML"):
        post_fields(text)
    assert not has_front_matter(text)


@pytest.mark.parametrize("name", ["title", "tags", "cover_url"])
def test_a_python_object_in_the_front_matter_is_not_made(name: str, tmp_path: Path) -> None:
    trace = tmp_path / "carried out"
    head = f"{name}: !!python/object/apply:os.mkdir ['{trace}']"
    fields = post_fields(f"---\n{head}\n---\nText.")
    assert not trace.exists()
    assert fields["title"] == ""
    assert fields["cover_url"] == ""


@pytest.mark.parametrize(
    ("head", "field"),
    [
        (f"title: {'x' * 301}", "title"),
        (f"summary: {'x' * 501}", "summary"),
        ("cover: /img/local.png", "cover_url"),
        ("canonical_url: javascript:alert(1)", "canonical_url"),
        ("ai_disclosure: maybe", "ai_disclosure"),
        (f"lang: {'x' * 21}", "language"),
    ],
)
def test_what_a_post_cannot_hold_is_said_with_the_name_of_the_field(head: str, field: str) -> None:
    with pytest.raises(NotReadable, match=f"{field}: "):
        post_fields(f"---\n{head}\n---\nText.")


def test_a_null_byte_that_postgresql_would_refuse_is_replaced() -> None:
    fields = post_fields('---\ntitle: "a\\0b"\ntags: ["c\\0d"]\n---\nOne\0two.')
    assert "\0" not in fields["title"] + fields["tags"][0] + fields["markdown"]


def test_two_megabytes_of_text_arrive_whole_and_at_once() -> None:
    text = "words and words\n" * (2 * 1024 * 1024 // 16)
    start = time.process_time()
    fields = post_fields(f"---\ntitle: Long\n---\n{text}")
    assert fields["markdown"] == text.rstrip()
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    "text",
    [
        "---\n" + "".join(f"k{n}: [a, b]\n" for n in range(150_000)) + "---\nText.",
        "---\ntitle: " + "[" * 1_000_000 + "\n---\nText.",
        "---\ntitle: " + "[" * 20_000 + "]" * 20_000 + "\n---\nText.",
        "---\n" * 500_000,
        "-" * 2_000_000,
        "---" + "\n" * 2_000_000,
        "# " * 1_000_000,
    ],
    ids=["many keys", "deep", "deep and closed", "many rules", "one rule", "blank lines", "headings"],
)
def test_two_megabytes_that_mean_harm_are_text_or_refused_and_soon_done(text: str) -> None:
    start = time.process_time()
    try:
        post_fields(text)
    except NotReadable as refusal:
        said = str(refusal)
    else:
        said = ""
    assert "front matter" in said or "title" in said or not said
    assert time.process_time() - start < 5


def test_aliases_that_multiply_do_not_fill_the_memory() -> None:
    names = "abcdefgh"
    lines = [f"{here}: &{here} [{', '.join([f'*{before}'] * 9)}]" for before, here in pairwise(names)]
    head = "\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", *lines, "tags: [*h]", "title: *h"])
    fields = post_fields(f"---\n{head}\n---\nText.")
    assert (fields["title"], fields["tags"]) == ("", [])
