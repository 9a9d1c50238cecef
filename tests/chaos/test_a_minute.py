"""The promise, with every fault at once: real workers, beats, broker and database, for about a minute."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.real.house import ROOT

pytestmark = [pytest.mark.real, pytest.mark.engine]
KINDS = {"sqlite": "sqlite", "postgresql": "postgres"}


def test_graces_posts_are_public_once_while_everything_breaks(tmp_path: Path) -> None:
    """`make chaos` does the same for as long as you like, and each fault alone."""
    options = ["--database", KINDS[connection.vendor], "--faults", "mixed", "--minutes", "0.9", "--seed", "1"]
    command = [sys.executable, "-m", "tests.chaos", *options, "--out", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(run.stdout, run.stderr)
    assert run.returncode == 0
    total = json.loads((tmp_path / "reliability.json").read_text())["total"]
    assert total["posts"] > 50
    assert total["public"] > 30
    assert total["strikes"] > 3
    assert (total["twice"], total["never"]) == (0, 0)
