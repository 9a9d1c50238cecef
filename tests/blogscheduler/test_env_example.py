"""``.env.example`` has every variable that is read, and no other."""

import ast
import re
from itertools import pairwise
from pathlib import Path

from django.conf import settings

READERS = ("blogscheduler/settings.py", "blogscheduler/up/programs.py")


def test_every_variable_is_in_the_example_and_no_other() -> None:
    assert variables_in_example() == variables_read()


def test_the_example_changes_nothing() -> None:
    assert [line for line in example().splitlines() if line and not line.startswith("#")] == []


def test_every_variable_has_a_comment_above_it() -> None:
    lines = example().splitlines()
    bare = [line for above, line in pairwise(lines) if is_variable(line) and (is_variable(above) or not above[2:])]

    assert bare == []


def example() -> str:
    return Path(settings.BASE_DIR, ".env.example").read_text(encoding="utf-8")


def is_variable(line: str) -> bool:
    return bool(re.match(r"(# )?[A-Z][A-Z_]*=", line))


def variables_in_example() -> list[str]:
    return sorted(re.findall(r"^(?:# )?([A-Z][A-Z_]*)=", example(), re.MULTILINE))


def variables_read() -> list[str]:
    """Every name X in a call env.something("X")."""
    names = set()
    for reader in READERS:
        for node in ast.walk(ast.parse(Path(settings.BASE_DIR, reader).read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="env")), args=[ast.Constant(value=str(name)), *_]):
                    names.add(name)
    return sorted(names)
