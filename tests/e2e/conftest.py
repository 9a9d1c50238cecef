"""A real house (web, worker, beat, broker, sandbox as processes) and a real browser, once for all of these tests.

Each test has people of its own, so that none sees what another one did. The content security policy is never
bypassed, and whatever the browser complains of fails the test.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from django.conf import settings
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

from accounts.models import User, Workspace
from posts.watch import watching
from sandbox.server import serve
from tests.conftest import joined, workspace_of
from tests.e2e.gallery import Gallery, hang
from tests.posts.conftest import Street
from tests.real.house import House, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# Without the packages of requirements-e2e.txt there is nothing to collect: `make e2e` brings them.
collect_ignore_glob = [] if importlib.util.find_spec("playwright") else ["test_*.py"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 8_000  # milliseconds that something on a page may take before it counts as absent
# What the browser reports and is as it should be: a form that was refused; a preview that a newer one overtook.
MEANT = ("status of 4", "htmx:sendAbort", "htmx:afterRequest")
HOUSE = {
    "SHOW_MAIL": "1",
    "SETTLE_SECONDS": "2",
    "LEASE_SECONDS": "12",
    "CALL_DEADLINE_SECONDS": "5",
    "PACE": "0",
    "PAGE_SECONDS": "1",
    "TIME_ZONE": "Europe/Berlin",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.e2e)


# --- what pages cost, told at the end ---------------------------------------------------------------------------------

Spendings = dict[str, dict[str, float]]
_spendings: Spendings = {}


@pytest.fixture
def spendings() -> Spendings:
    return _spendings


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Of each budget the page that needs most of it."""
    if not _spendings:
        return
    terminalreporter.section(f"budgets of {len(_spendings)} pages: the dearest of each")
    for what in next(iter(_spendings.values())):
        page = max(_spendings, key=lambda page: _spendings[page][what])
        terminalreporter.write_line(f"{what:>10} {_spendings[page][what]:8.4g}   {page}")


# --- the house -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def street() -> Iterator[Street]:
    server = serve(port=0)
    yield Street(server.url)
    server.stop()


@pytest.fixture(scope="session")
def database(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """One for all tests, in which everything is committed: the processes have to see it."""
    # Playwright runs an event loop in this thread; our queries never wait for it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
        yield
        teardown_databases(made, verbosity=0)
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def house(database: None, tmp_path_factory: pytest.TempPathFactory, street: Street) -> Iterator[House]:
    settings.ALLOW_PRIVATE_TARGETS = frozenset({street.url})
    joined("owner@example.com", "Owner", is_owner=True, is_staff=True, is_superuser=True)
    house = House(tmp_path_factory.mktemp("house"), ALLOW_PRIVATE_TARGETS=street.url, SANDBOX_URL=street.url, **HOUSE)
    try:
        house.broker()
        house.web()
        house.worker()
        house.beat()
        wait_for(lambda: not watching.silent(timezone.now()), 30, "worker and beat have signed")
        yield house
    finally:
        house.stop()


@pytest.fixture(scope="session")
def gallery(house: House) -> Gallery:
    """A workspace with something in every state. Tests look at it, and change nothing."""
    return hang(
        joined("gallery@example.com", "Ada Moreau", time_zone="Europe/Berlin", is_staff=True, is_superuser=True)
    )


_numbers = count(1)


@pytest.fixture
def ada(house: House) -> User:
    """Somebody new, in a workspace of her own. She has seen the first steps."""
    return joined(f"ada{next(_numbers)}@example.com", "Ada", time_zone="Europe/Berlin", first_steps_hidden=True)


@pytest.fixture
def workspace(ada: User) -> Workspace:
    return workspace_of(ada)


# --- the browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "There is no Chromium here. On Debian or Ubuntu: sudo apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opens(Protocol):
    """Opens a browser window for somebody; ``None`` is a stranger. Further arguments are Playwright's."""

    def __call__(self, person: User | None, width: int = 1280, height: int = 800, **how: Any) -> Page: ...


@pytest.fixture
def opens(house: House, chromium: Browser) -> Iterator[Opens]:
    windows = Windows(chromium, str(house.env["SITE_URL"]))
    yield windows.open
    windows.close()


@pytest.fixture
def page(opens: Opens, ada: User) -> Page:
    """Ada's browser."""
    return opens(ada)


class Windows:
    """The open windows, and what the browser complained of in any of them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(self, person: User | None, width: int = 1280, height: int = 800, **how: Any) -> Page:
        options: dict[str, Any] = {"locale": "en-GB", "timezone_id": "Europe/Berlin", **how}
        context = self.browser.new_context(base_url=self.url, viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        if person:
            context.add_cookies([{"name": "sessionid", "value": session_of(person), "url": self.url}])
        page = context.new_page()
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not any(meant in text for meant in MEANT):
            self.complaints.append(text)

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        assert not self.complaints, "\n".join(self.complaints)


def session_of(person: User) -> str:
    client = Client()
    client.force_login(person)
    return str(client.cookies["sessionid"].value)
