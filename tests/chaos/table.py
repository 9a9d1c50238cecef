"""The table: one line per fault and database, as Markdown for people and JSON for programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.chaos.faults import BY_NAME, MIXED, MIXED_WORDS

BROKEN = ("twice", "never", "early", "untrue", "unended", "oversent", "strangers")
SUMS = ("posts", "public", "strikes", "kills", "uncertain", "set_aside", "drafts", *BROKEN)
HEAD = (
    "fault", "database", "posts", "struck", "kills", "twice", "never", "uncertain", "set aside", "late p50", "p99",
    "most",
)  # fmt: skip
ALSO = {
    "early": "public before its time",
    "untrue": "the house says something else than the platform",
    "unended": "still waiting at the end",
    "oversent": "more sends than attempts",
    "strangers": "articles that nobody asked for",
    "drafts": "invisible drafts left behind",
}
BEGIN, END = "<!-- the table begins: make chaos writes it -->", "<!-- the table ends -->"


def total(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums.update({name: row[name] for name in SUMS})
    return {name: sums[name] for name in SUMS}


def words_of(fault: str) -> str:
    return MIXED_WORDS if fault == MIXED else BY_NAME[fault].words


def markdown(rows: list[dict[str, Any]], about: str) -> str:
    """``about`` is a sentence on when, where and how."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += [_line(row) for row in rows]
    sums = total(rows)
    cells = [sums[name] for name in ("posts", "strikes", "kills", "twice", "never", "uncertain", "set_aside")]
    lines.append("| **all** | | " + " | ".join(f"**{cell:,}**" for cell in cells) + " | | | |")
    others = ", ".join(f"{words} {sums[name]}" for name, words in ALSO.items())
    asked = Counter[str]()
    buttons = Counter[str]()
    for row in rows:
        asked.update(row["reasons"])
        buttons.update(row["buttons"])
    parts = [
        about,
        "\n".join(lines),
        f"Also counted, in all rows together: {others}.",
        _listed("What a person was asked, and why", asked),
        _listed("What a person had to do meanwhile", buttons),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    late = row["lateness"]
    # Faults of the network and the platforms strike single calls.
    struck = sum(row["hit"].values()) + row["ordered"] or row["strikes"]
    cells = [
        f"`{row['fault']}`: {words_of(row['fault'])}", row["database"], row["posts"], struck, row["kills"],
        row["twice"], row["never"], row["uncertain"], row["set_aside"],
        *(_seconds(late[name]) for name in ("p50", "p99", "max")),
    ]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _listed(title: str, counts: Counter[str]) -> str:
    if not counts:
        return ""
    return f"{title}:\n\n" + "\n".join(f"- {many} × {words}" for words, many in counts.most_common())


def write_into(page: Path, text: str) -> None:
    """Put the table between its two marks."""
    whole = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    assert pattern.search(whole), f"{page} has no place for the table"
    page.write_text(pattern.sub(lambda _: f"{BEGIN}\n\n{text}\n{END}", whole), encoding="utf-8")
