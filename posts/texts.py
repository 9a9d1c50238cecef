"""Verbs: what stands in a Markdown file with front matter, as the fields of a Post."""

from __future__ import annotations

from typing import Any

import frontmatter
import yaml
from django.core.exceptions import ValidationError

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


class NotReadable(Exception):
    """The front matter cannot be used; ``str()`` says why."""


def has_front_matter(text: str) -> bool:
    """Whether the text begins with a block of front matter that can be read."""
    try:
        return bool(frontmatter.loads(text).metadata)
    except yaml.YAMLError:
        return False


def post_fields(text: str) -> dict[str, Any]:
    """The fields of a Post in a Markdown text, its front matter taken off. Raises NotReadable.

    Without a title there, the first heading is the title.
    """
    try:
        parsed = frontmatter.loads(text)
    except yaml.YAMLError as error:
        raise NotReadable(f"the front matter is not valid YAML: {error}") from error
    found = parsed.metadata
    fields: dict[str, Any] = {
        field: _text(next((found[name] for name in names if found.get(name)), "")) for field, names in NAMES.items()
    }
    fields["tags"] = _tags(found.get("tags"))
    fields["markdown"] = parsed.content
    if not fields["title"]:
        fields["title"], fields["markdown"] = _heading(parsed.content)
    try:
        Post(**fields).clean_fields(exclude=["workspace", "author"])
    except ValidationError as error:
        raise NotReadable(
            " ".join(f"{field}: {' '.join(problems)}" for field, problems in error.message_dict.items())
        ) from error
    return fields


def _text(value: Any) -> str:
    return "" if isinstance(value, (dict, list)) else str(value).strip()


def _tags(value: Any) -> list[str]:
    words = value if isinstance(value, list) else str(value or "").split(",")
    return list(dict.fromkeys(str(word).strip().lstrip("#") for word in words if str(word).strip()))


def _heading(content: str) -> tuple[str, str]:
    first, _, rest = content.lstrip().partition("\n")
    return (first[2:].strip(), rest.lstrip("\n")) if first.startswith("# ") else ("", content)
