"""One article with everything in it, as each platform gets it: tests/publishers/golden has the very texts to read.

After a change that is meant, write them anew and read the difference::

    GOLDEN=write .venv/bin/python -m pytest tests/publishers/test_golden.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django import forms

from publishers import PUBLISHERS
from publishers.base import Article, Finding, Image, Publisher, RemoteImage, Surroundings
from publishers.http import Http

GOLDEN = Path(__file__).parent / "golden"
DRAWING = "https://blog.example/media/drawing.png"

ARTICLE = Article(
    key="0b9f3c52-5d3e-4a51-9c5e-6a6f5f0f2b11",
    title="Notes on the Analytical Engine",
    markdown=(GOLDEN / "article.md").read_text(encoding="utf-8"),
    summary="What the engine can do,\nand what it cannot.",
    tags=("Math", "C#", "history of science", "looms", "machines"),
    slug="notes-on-the-engine",
    cover_url="https://ada.example/cover.png",
    canonical_url="https://ada.example/notes/engine",
    language="en",
    author="Ada Lovelace",
    due_at=datetime(2026, 11, 22, 18, 30, tzinfo=UTC),
    ai_disclosure="no_ai",
    images=(
        Image(digest="d" * 64, url=DRAWING, path=Path("/nonexistent"), name="drawing.png", media_type="image/png"),
    ),
)


def publisher(name: str) -> Publisher:
    """With what its forms suggest, and the sandbox's address where they suggest none."""
    kind = PUBLISHERS[name]
    given = {key: value.format(sandbox="https://sandbox.example") for key, value in kind.in_the_sandbox.items()}
    settings = {key: given.get(key, _suggested(field)) for key, field in kind.settings_form.base_fields.items()}
    credentials = {key: given.get(key, "x") for key in kind.credentials_form.base_fields}
    surroundings = Surroundings(http=Http(), files=Path("/nonexistent"))
    return kind(credentials=credentials, settings=settings, surroundings=surroundings)


def _suggested(field: forms.Field) -> Any:
    if field.initial is None and isinstance(field, forms.ChoiceField):
        values = [str(choice[0]) for choice in list(field.choices) if choice[0]]  # type: ignore[arg-type]
        return values[0] if field.required and values else ""
    return field.initial if field.initial is not None else "" if not isinstance(field, forms.BooleanField) else False


def uploaded(article: Article, name: str) -> Article:
    """As the engine has it after the pictures were uploaded, where the platform takes them."""
    if not hasattr(PUBLISHERS[name], "upload"):
        return article
    digest = article.images[0].digest
    remote = RemoteImage(id="7", url=f"https://{name}.example/uploads/drawing.png")
    return replace(article, uploaded={digest: remote})


def golden_files(name: str) -> dict[str, str]:
    """File name → text: the payload, its longest text by itself, and the findings."""
    door, article = publisher(name), uploaded(ARTICLE, name)
    payload = json.loads(json.dumps(door.payload(article), default=str))
    body = max(_texts(payload), key=len, default="")
    files = {f"{name}.findings.txt": "".join(map(_line, door.check(article)))}
    if len(body) > len(ARTICLE.markdown) // 2:
        ending = "html" if body.lstrip().startswith("<") and not body.startswith("<!-- b") else "md"
        files[f"{name}.{ending}"] = body if body.endswith("\n") else f"{body}\n"
        payload = _without(payload, body, f"(see {name}.{ending})")
    return files | {f"{name}.json": json.dumps(payload, indent=2, ensure_ascii=False) + "\n"}


def _texts(value: Any) -> Iterator[str]:
    """Every string in a payload, also in JSON within a string."""
    if isinstance(value, str):
        inner = _inner(value)
        yield from _texts(inner) if inner is not None else [value]
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _inner(text: str) -> Any:
    try:
        found = json.loads(text) if text.startswith("{") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _without(value: Any, body: str, instead: str) -> Any:
    if isinstance(value, str):
        inner = _inner(value)
        return _without(inner, body, instead) if inner is not None else instead if value == body else value
    if isinstance(value, dict):
        return {key: _without(one, body, instead) for key, one in value.items()}
    return [_without(one, body, instead) for one in value] if isinstance(value, list) else value


def _line(finding: Finding) -> str:
    line = f"line {finding.line}" if finding.line else ""
    return f"{finding.level.value:8} {line:9} {finding.field:14} {finding.message}\n"


@pytest.mark.parametrize("name", PUBLISHERS)
def test_each_platform_gets_the_article_as_it_was_read_and_found_good(name: str) -> None:
    files = golden_files(name)
    if os.environ.get("GOLDEN") == "write":
        for old in GOLDEN.glob(f"{name}.*"):
            old.unlink()
        for file, text in files.items():
            (GOLDEN / file).write_text(text, encoding="utf-8")
    assert {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.glob(f"{name}.*")} == files


def test_no_file_is_left_of_a_platform_that_is_gone() -> None:
    assert {path.name.partition(".")[0] for path in GOLDEN.iterdir()} == {"article", *PUBLISHERS}
