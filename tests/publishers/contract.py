"""What every publisher promises, against the sandbox, which counts what it got."""

from __future__ import annotations

import requests

from publishers import testing
from publishers.base import Publisher
from publishers.testing import ARTICLE, KEY, NEWER, OTHER_KEY

__all__ = ["ARTICLE", "KEY", "NEWER", "OTHER_KEY", "PublisherContract"]


class PublisherContract(testing.PublisherContract):
    def articles(self, publisher: Publisher) -> int | None:
        """As the sandbox counts; where it is another place, say here how to count."""
        origin = self.kind.origin(publisher.settings)
        if not origin:
            return None
        counted = requests.get(f"{origin}/_sandbox/articles", params={"platform": self.kind.name}, timeout=5)
        return len(counted.json()) if counted.ok else None
