"""A sandbox for the tests of one file, and what the tests of all platforms do with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from publishers.base import Level, Publisher, Surroundings
from publishers.http import Http
from sandbox.server import Serving, serve
from tests.publishers.contract import ARTICLE

P = TypeVar("P", bound=Publisher)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Serving]:
    with serve(port=0) as serving:
        yield serving


def order(sandbox: Serving, path: str, **body: Any) -> Any:
    answer = requests.post(f"{sandbox.url}/_sandbox/{path}", json=body or None, timeout=5)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def made(kind: type[P], credentials: Mapping[str, Any], settings: Mapping[str, Any]) -> P:
    """A publisher that may call the address in its settings, be it private, and does not wait for long."""
    http = Http(private_origins=frozenset({kind.origin(settings)}), deadline=3, read=2)
    surroundings = Surroundings(http=http, files=Path("/nonexistent"))
    return kind(credentials=credentials, settings=settings, surroundings=surroundings)


def said(publisher: Publisher, **changes: Any) -> list[tuple[Level, str]]:
    """What is said beforehand about Ada's article with some changes."""
    return [(finding.level, finding.field) for finding in publisher.check(replace(ARTICLE, **changes))]
