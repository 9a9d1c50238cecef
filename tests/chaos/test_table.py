"""The table that people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos import table
from tests.chaos.faults import BY_NAME, FAULTS, LANES, MIXED
from tests.real.house import ROOT

ROW: dict[str, Any] = {
    **dict.fromkeys(table.SUMS, 0), "fault": "reset", "database": "sqlite", "posts": 1200, "kills": 3, "strikes": 7,
    "hit": {"RESET_LATE": 41}, "ordered": 0, "uncertain": 2, "reasons": {"medium, uncertain: …": 2}, "buttons": {},
    "lateness": {"p50": 0.21, "p99": 12.3, "max": None},
}  # fmt: skip


def test_each_row_is_a_line_and_the_last_one_adds_up() -> None:
    text = table.markdown([ROW, ROW | {"database": "postgres"}], "Run of today.")
    assert "| `reset`: " in text
    assert "| sqlite | 1200 | 41 | 3 | 0 | 0 | 2 | 0 | 0.21 s | 12 s |  |" in text
    assert "| **all** | | **2,400** | **14** | **6** | **0** | **0** | **4** | **0** | | | |" in text
    assert "- 4 × medium, uncertain: …" in text


def test_the_page_on_reliability_has_a_place_for_it_and_names_every_fault(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    table.write_into(page, "A table.")
    assert f"{table.BEGIN}\n\nA table.\n{table.END}" in page.read_text(encoding="utf-8")
    assert [name for name in [*BY_NAME, MIXED] if f"`{name}`" not in text] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_says_what_it_does_and_where_it_belongs(fault: Any) -> None:
    assert fault.words
    assert fault.lane in LANES
    assert set(fault.databases) <= {"sqlite", "postgres"}
