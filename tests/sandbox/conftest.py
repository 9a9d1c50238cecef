"""A street to walk on, a clock to turn, and Ada and Grace, who write."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

import sandbox

V1 = "application/vnd.forem.api-v1+json"
MARK = "5f0c6a52-58a1-4a7e-9a43-1a2f6d6a9f11"
NOON = 1_800_000_000.0


class TestClock:
    """Stands still until a test turns it."""

    __test__ = False

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Street:
    """The control API of a running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def order(self, path: str, **fields: Any) -> requests.Response:
        return requests.post(f"{self.url}/_sandbox/{path}", json=fields, timeout=10)

    def fault(self, call: str, fault: str, **fields: Any) -> int:
        answer = self.order("faults", platform="devto", call=call, fault=fault, **fields)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def limits(self, on: bool) -> None:
        assert self.order("limits", platform="devto", on=on).status_code == 200

    def ask(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/_sandbox/{path}", timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def counts(self) -> Any:
        return self.ask("counts?platform=devto")

    def log(self) -> Any:
        return self.ask("log?platform=devto")


class Author:
    """Somebody with a key, who speaks v1 and says something about AI."""

    def __init__(self, street: Street, key: str) -> None:
        self.api = f"{street.url}/devto/api"
        self.key = key
        self.session = requests.Session()
        self.session.headers.update({"api-key": key, "Accept": V1})

    def __del__(self) -> None:
        self.session.close()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, self.api + path, timeout=more.pop("timeout", 10), **more)

    def create(self, title: str = "A walk", timeout: float = 10, **article: Any) -> requests.Response:
        plain = {"title": title, "body_markdown": f"It rained.\n\n<!-- blogscheduler:{MARK} -->"}
        sent = plain | {"ai_disclosure_level": "no_ai"} | article
        return self.call("POST", "/articles", json={"article": sent}, timeout=timeout)

    def draft(self, title: str = "A walk", **article: Any) -> int:
        answer = self.create(title, **article)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def update(self, article_id: int, timeout: float = 10, **article: Any) -> requests.Response:
        return self.call("PUT", f"/articles/{article_id}", json={"article": article}, timeout=timeout)

    def show(self, article_id: int) -> requests.Response:
        return self.call("GET", f"/articles/{article_id}")

    def list(self, status: str = "all", **query: Any) -> Any:
        answer = self.call("GET", f"/articles/me/{status}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def street(clock: TestClock) -> Iterator[Street]:
    """A street without limits; tests about limits switch them on."""
    with sandbox.serve(clock=clock) as serving:
        street = Street(serving.url)
        street.limits(on=False)
        yield street


@pytest.fixture
def ada(street: Street) -> Author:
    return Author(street, "sandbox-devto-key")


@pytest.fixture
def somebody(street: Street) -> Callable[..., Author]:
    """Makes further authors."""

    def make(username: str, **fields: Any) -> Author:
        answer = street.order("accounts", platform="devto", username=username, **fields)
        assert answer.status_code == 201, answer.text
        return Author(street, answer.json()["key"])

    return make


@pytest.fixture
def grace(somebody: Callable[..., Author]) -> Author:
    return somebody("grace")
