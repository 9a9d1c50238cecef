"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from blogscheduler.celery import app
from posts.models import Delivery
from publishers import PUBLISHERS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PAPER = README + ARCHITECTURE + "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
OUR_APPS = {"accounts", "posts", "blogscheduler"}


def settings_read() -> set[str]:
    """The names of the environment variables that the settings ask for."""
    text = (ROOT / "blogscheduler" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", text))


def settings_in_the_table() -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))


def test_the_table_of_settings_is_the_settings() -> None:
    assert settings_in_the_table() == settings_read()


@pytest.mark.parametrize("command", sorted(name for name, home in get_commands().items() if home in OUR_APPS))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"(manage\.py {command}\b|`{command}`)", PAPER), f"manage.py {command} stands nowhere"


@pytest.mark.parametrize("name", sorted(PUBLISHERS))
def test_every_publisher_has_its_sheet(name: str) -> None:
    sheet = (ROOT / "docs" / "platforms" / f"{name}.md").read_text(encoding="utf-8")
    for part in ("**Connect", "**Not verified**"):
        assert part in sheet
    assert name in README.lower() or PUBLISHERS[name].label in README


@pytest.mark.parametrize("state", sorted(Delivery.Status))
def test_every_state_is_explained(state: Delivery.Status) -> None:
    assert state.name in ARCHITECTURE


def test_every_task_is_listed() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if name.split(".")[0] in OUR_APPS}
    assert ours
    assert {name for name in ours if f"`{name}`" not in ARCHITECTURE} == set()


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"
