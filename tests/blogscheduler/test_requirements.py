"""The lock files say the same as the requirements, and name nothing but packages and their hashes."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def lines(file: str) -> list[str]:
    return Path(settings.BASE_DIR, file).read_text(encoding="utf-8").splitlines()


def pinned(file: str) -> dict[str, str]:
    """Direct requirements and their versions."""
    asked = [Requirement(line) for line in lines(file) if line and not line.startswith(("#", "-r"))]
    return {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in asked}


def locked(file: str) -> dict[str, str]:
    found = [match for match in map(LOCKED.match, lines(file)) if match]
    return {canonicalize_name(match["name"]): match["version"] for match in found}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "requirements-e2e.txt"])
def test_every_direct_requirement_is_pinned(file: str) -> None:
    assert [line for line in lines(file) if line and not line.startswith(("#", "-r")) and "==" not in line] == []


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("requirements.lock", pinned("requirements.txt")),
        ("requirements-dev.lock", pinned("requirements.txt") | pinned("requirements-dev.txt")),
        ("requirements-e2e.lock", pinned("requirements-dev.txt") | pinned("requirements-e2e.txt")),
    ],
)
def test_the_lock_has_what_is_asked_for(lock: str, asked: dict[str, str]) -> None:
    missing = {name: version for name, version in asked.items() if locked(lock).get(name) != version}

    assert missing == {}, "run `make lock`"


def test_developers_run_what_users_run() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()
    assert locked("requirements-dev.lock").items() <= locked("requirements-e2e.lock").items()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-e2e.lock"])
def test_a_lock_names_packages_and_hashes_and_nothing_else(lock: str) -> None:
    before = ""
    for line in lines(lock):
        assert LOCKED.match(line) or HASH.match(line), line
        assert HASH.match(line) or not LOCKED.match(before), f"no hash: {before}"
        before = line
