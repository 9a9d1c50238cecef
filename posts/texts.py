"""Verbs: what stands in a Markdown file with front matter, as the fields of a Post."""

from __future__ import annotations

import re
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from frontmatter.default_handlers import YAMLHandler

from posts.models import Post

# What other tools call our fields: the first that is there wins.
NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "summary": ("summary", "description", "excerpt", "subtitle"),
    "slug": ("slug",),
    "cover_url": ("cover_url", "cover_image", "cover", "image"),
    "canonical_url": ("canonical_url", "canonical"),
    "language": ("language", "lang"),
    "ai_disclosure": ("ai_disclosure", "ai_disclosure_level"),
}

LONGEST = 64 * 1024  # characters of front matter: more is no front matter, and slow to read
NOTHING = ("", "~", "null", "Null", "NULL")


class NotReadable(Exception):
    """The front matter cannot be used; ``str()`` says why."""


def has_front_matter(text: str) -> bool:
    """Whether the text begins with a block of front matter that can be read."""
    try:
        return bool(_split(text)[0])
    except NotReadable:
        return False


def post_fields(text: str) -> dict[str, Any]:
    """The fields of a Post in a Markdown text, its front matter taken off. Raises NotReadable.

    Without a title there, the first heading is the title.
    """
    found, content = _split(text)
    fields: dict[str, Any] = {
        field: next(filter(None, (_text(found.get(name)) for name in names)), "") for field, names in NAMES.items()
    }
    fields["tags"] = _tags(found.get("tags"))
    fields["markdown"] = content
    if not fields["title"]:
        fields["title"], fields["markdown"] = _heading(content)
    try:
        Post(**fields).clean_fields(exclude=["workspace", "author"])
    except ValidationError as error:
        raise NotReadable(
            " ".join(f"{field}: {' '.join(problems)}" for field, problems in error.message_dict.items())
        ) from error
    return fields


def _split(text: str) -> tuple[dict[str, Any], str]:
    """The front matter and the text after it. Raises NotReadable.

    Two lines of dashes with no names between them are rules in the text. Every value is read as the words that stand
    there: "yes", "no" (Norwegian), 10:30 and 007 are what they look like, and !!python/object means nothing.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\0", "\ufffd").strip("\n")
    handler = YAMLHandler()
    head, content = "", text
    if handler.detect(text.lstrip()):
        try:
            head, content = handler.split(text.lstrip())
        except ValueError:  # the block is never closed
            return {}, text
    if len(head) > LONGEST:
        raise NotReadable(f"the front matter is longer than {LONGEST} characters")
    try:
        found = handler.load(head, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotReadable(f"the front matter is not valid YAML: {error}") from error
    if found and not isinstance(found, dict):
        return {}, text
    return found or {}, re.sub(r"\A([ \t]*\n)+", "", content).rstrip()


def _text(value: Any) -> str:
    """A value in one line; "" for what is none, or a list."""
    return " ".join(value.replace("\0", " ").split()) if isinstance(value, str) and value not in NOTHING else ""


def _tags(value: Any) -> list[str]:
    words = value if isinstance(value, list) else _text(value).split(",")
    return list(dict.fromkeys(filter(None, (_text(word).lstrip("#") for word in words))))


def _heading(content: str) -> tuple[str, str]:
    """The first heading and the text after it; no title when the text begins with something else."""
    first, _, rest = content.lstrip().partition("\n")
    return (first[2:].strip(), rest.lstrip("\n")) if first.startswith("# ") else ("", content)
