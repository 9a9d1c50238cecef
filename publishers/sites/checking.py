"""What is said beforehand about a post that becomes a file of a site: from the same code that writes the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from publishers.base import Article, Finding
from publishers.notes import Notes
from publishers.sites.front_matter import source
from publishers.sites.generators import GENERATORS

IMAGE_BYTES = 20 * 1024 * 1024  # of one picture: a repository keeps it for ever


def findings_of(article: Article, settings: Mapping[str, Any]) -> list[Finding]:
    notes = Notes("A post")
    if not article.title.strip():
        notes.refused("title", "A post needs a title.")
    source(article, GENERATORS[settings["generator"]], notes, PurePosixPath(str(settings.get("path") or "")).name)
    for image in article.images:
        if image.size > IMAGE_BYTES:
            words = f"The picture “{image.name}” has {image.size:,} bytes, and {IMAGE_BYTES:,} are the most here."
            notes.refused("markdown", words)
    return notes.findings
