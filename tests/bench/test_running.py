"""The benchmark as people start it, and as far away from the product as it should be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import from_json

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("accounts", "blogscheduler", "posts", "publishers", "sandbox")


def test_the_product_does_not_know_the_benchmark() -> None:
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    lines = [(path, line) for path in sources for line in path.read_text(encoding="utf-8").splitlines()]
    assert [path for path, line in lines if line.lstrip().startswith(("import bench", "from bench"))] == []


@pytest.mark.real
def test_the_smallest_row_runs_with_the_real_worker(tmp_path: Path) -> None:
    """From the command line to the table: a few posts, one pair, SQLite."""
    path = tmp_path / "figures.json"
    row = ["--only", "throughput", "--database", "sqlite", "--no-contrasts", "--delay", "0.02"]
    small = ["--rounds", "1", "--seconds", "0.3", "--json", str(path)]
    command = [sys.executable, "-m", "bench", *row, *small]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "| CPU per post ÷ bare client, 20 ms" in done.stdout
    found = {figure.row: figure for figure in from_json(json.loads(path.read_text(encoding="utf-8"))["figures"])}
    ratio = found["posts/s ÷ bare client, 20 ms"].value
    assert ratio is not None
    assert 0 < ratio < 3
