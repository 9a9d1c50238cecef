"""The block before an article."""

from typing import Any

import pytest

from sandbox import front_matter


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("title: Rain\n", {"title": "Rain"}),
        ("title: \"Rain: a walk\"\ndescription: 'wet'\n", {"title": "Rain: a walk", "description": "wet"}),
        ("# a note\n\ntags: [rain, walk] # two\n", {"tags": ["rain", "walk"]}),
        ("tags:\n  - rain\n  - walk\n", {"tags": ["rain", "walk"]}),
        ("published: true\ncover_image:\n", {"published": True, "cover_image": None}),
        ("", {}),
    ],
)
def test_it_is_read_and_taken_off(block: str, found: dict[str, Any]) -> None:
    assert front_matter.split(f"---\n{block}---\nIt rained.") == (found, "It rained.")


@pytest.mark.parametrize("body", ["It rained.\n---\ntitle: x\n---\n", "---\nIt rained.", " ---\ntitle: x\n---\n", ""])
def test_a_line_that_does_not_open_the_body_is_no_front_matter(body: str) -> None:
    assert front_matter.split(body) == ({}, body)


@pytest.mark.parametrize("block", ["no pair\n", 'title: "open\n', "{a: b}\n"])
def test_what_cannot_be_read_is_said(block: str) -> None:
    with pytest.raises(front_matter.BadFrontMatter):
        front_matter.split(f"---\n{block}---\n")
