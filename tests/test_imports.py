"""Who may import whom. The tables say it; docs/architecture.md says why.

Every import counts, those inside functions and those for the type checker as well.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

# Which room a module belongs to: the longest name that fits counts.
ROOMS = {
    "blogscheduler": "settings",
    "blogscheduler.celery": "bell",
    "blogscheduler.beat": "beat",
    "blogscheduler.context": "pages",
    "blogscheduler.logs": "ground",
    "blogscheduler.management": "start",
    "blogscheduler.management.commands.doctor": "pages",
    "blogscheduler.scrubbing": "ground",
    "blogscheduler.sentry": "ground",
    "blogscheduler.stack": "ground",
    "blogscheduler.up": "start",
    "blogscheduler.urls": "pages",
    "blogscheduler.watch": "pages",
    "accounts": "verbs of people",
    "accounts.models": "people",
    "accounts.tasks": "tasks",
    "accounts.adapter": "pages",
    "accounts.admin": "pages",
    "accounts.forms": "pages",
    "accounts.management": "pages",
    "accounts.middleware": "pages",
    "accounts.templatetags": "pages",
    "accounts.urls": "pages",
    "accounts.views": "pages",
    "posts": "verbs",
    "posts.models": "nouns",
    "posts.tasks": "tasks",
    "posts.admin": "pages",
    "posts.commands": "pages",
    "posts.forms": "pages",
    "posts.management": "pages",
    "posts.templatetags": "pages",
    "posts.urls": "pages",
    "posts.views": "pages",
    "publishers": "doors",
    "sandbox": "street",
}

# Whom a room may import beside itself.
MAY_IMPORT = {
    "ground": set(),
    "settings": {"bell", "ground"},
    "bell": {"ground"},
    "beat": {"bell", "tasks", "verbs", "ground"},
    "start": {"settings", "verbs of people", "ground"},
    "people": set(),
    "verbs of people": {"people", "ground"},
    "nouns": {"people"},
    "verbs": {"nouns", "people", "verbs of people", "doors", "ground"},
    "tasks": {"verbs", "verbs of people", "ground"},
    "pages": {"settings", "bell", "tasks", "verbs", "verbs of people", "nouns", "people", "doors", "ground"},
    "doors": set(),
    "street": set(),
}

# Who alone may import a package from outside.
ONLY = {
    "requests": {"publishers.http", "publishers.wire"},
    "requests_hardened": {"publishers.wire"},
    "urllib3": {"publishers.wire"},
    "celery": {"blogscheduler.celery", "accounts.tasks", "posts.tasks"},
    "django_celery_beat": {"blogscheduler.beat"},
    "prometheus_client": {"blogscheduler.watch.probes", "posts.watch.measuring"},
    "redis": {"blogscheduler.watch.broker"},
    "sentry_sdk": {"blogscheduler.sentry"},
}

# What plain Python may take from Django.
DOORS_MAY_USE = ("django.forms", "django.core.exceptions", "django.core.validators", "django.utils")


def test_every_room_imports_only_whom_it_may() -> None:
    wrong = [
        f"{module} ({room_of(module)}) imports {imported} ({room_of(imported)})"
        for module, imported in our_imports()
        if room_of(imported) not in {room_of(module), *MAY_IMPORT[room_of(module)]}
    ]

    assert not wrong, "\n".join(wrong)


def test_packages_from_outside_stay_where_they_belong() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, imported in imports()
        if module not in ONLY.get(imported.partition(".")[0], {module})
    ]

    assert not wrong, "\n".join(wrong)


def test_no_publisher_imports_another() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, imported in our_imports()
        if within(module, "publishers") and module != "publishers"  # which is their register
        if platform_of(imported) not in {None, platform_of(module)}
    ]

    assert not wrong, "\n".join(wrong)


def test_publishers_know_no_database() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, imported in imports()
        if module.startswith("publishers") and within(imported, "django") and not within(imported, *DOORS_MAY_USE)
    ]

    assert not wrong, "\n".join(wrong)


def test_the_sandbox_stands_by_itself() -> None:
    """It must not agree with a publisher by sharing its mistakes."""
    wrong = [
        imported
        for module, imported in imports()
        if room_of(module) == "street" and within(imported, "django", "celery", "requests", *TOP)
        if room_of(imported) != "street"
    ]

    assert not wrong, "\n".join(wrong)


def test_every_table_names_modules_that_exist() -> None:
    named = {*ROOMS, *(each for some in ONLY.values() for each in some)}

    assert sorted(named - {module for module, _ in sources()}) == []
    assert set(ROOMS.values()) == set(MAY_IMPORT)


# --- reading the source ----------------------------------------------------------------------------------------------

TOP = sorted({name.partition(".")[0] for name in ROOMS})


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def room_of(name: str) -> str:
    return ROOMS[max((prefix for prefix in ROOMS if within(name, prefix)), key=len)]


def platform_of(name: str) -> str | None:
    """ "devto" for publishers.platforms.devto and what is in it; None for what platforms share."""
    _, _, rest = name.partition("publishers.platforms.")
    return rest.partition(".")[0] or None


@cache
def sources() -> list[tuple[str, Path]]:
    """Our modules (without migrations) and packages, by name."""
    root = Path(settings.BASE_DIR)
    paths = [path for top in TOP for path in sorted((root / top).rglob("*.py")) if "migrations" not in path.parts]
    return [(".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"), path) for path in paths]


def our_imports() -> list[tuple[str, str]]:
    return [(module, imported) for module, imported in imports() if within(imported, *TOP)]


@cache
def imports() -> list[tuple[str, str]]:
    """Every (module, what it imports), the imported as precisely as the statement says."""
    return [(module, imported) for module, path in sources() for imported in imported_by(module, path)]


def imported_by(module: str, path: Path) -> Iterator[str]:
    names = {name for name, _ in sources()}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write the whole name instead of a relative import"
            for alias in node.names:  # `from posts import ledger` names the module posts.engine.ledger
                whole = f"{node.module}.{alias.name}"
                outside = not within(whole, *TOP)
                yield whole if outside or whole in names else str(node.module)
