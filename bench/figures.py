"""What was measured, what it should be, and the tables that show both."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HOUSE = "this house"
BARE = "bare client"
# The three usual ways of doing it with Celery alone; bench/contrasts has them.
PER_POST = "one task per post"
ETA = "ETA task"
CLOCKED = "beat row per post"
CONTRASTS = (PER_POST, ETA, CLOCKED)

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Figure:
    """One number of one database. ``who`` did it; ``samples`` are the turns of which it is the median, or all cases."""

    row: str  # what stands at the beginning of the line; the same in every database
    value: float | None  # None: it could not do it at all, ``note`` says why
    unit: str = ""
    who: str = HOUSE
    at_least: float | None = None
    at_most: float | None = None
    more_is_better: bool = False
    samples: list[float] = field(default_factory=list)
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    database: str = ""

    @property
    def has_goal(self) -> bool:
        return self.at_least is not None or self.at_most is not None

    @property
    def is_met(self) -> bool:
        if self.value is None:
            return False
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def goal(self) -> str:
        if self.at_least is not None:
            return f"≥ {number(self.at_least)}{self.unit}"
        return f"≤ {number(self.at_most)}{self.unit}" if self.at_most is not None else ""

    def in_words(self) -> str:
        if self.value is None:
            return self.note or "cannot"
        return f"{number(self.value)}{self.unit}" + (f" ({self.note})" if self.note else "")


def median_of(row: str, samples: Sequence[float], unit: str = "", **more: Any) -> Figure:
    return Figure(row, statistics.median(samples), unit, samples=[round(sample, 4) for sample in samples], **more)


def percentile(samples: Sequence[float], percent: float) -> float:
    """The sample that so many per cent of all are not above (nearest rank): always one that was really seen."""
    ranked = sorted(samples)
    return ranked[max(-int(-len(ranked) * percent // 100), 1) - 1]


def number(value: float | None) -> str:
    """Three digits that count: 1,234  56.7  0.985  0.03."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".removesuffix(".0")
    text = f"{value:.3f}" if abs(value) < 2 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- tables ----------------------------------------------------------------------------------------------------------


def goals_table(figures: Iterable[Figure]) -> str:
    """Each figure with its goal: one line, one column per database."""
    asked = [figure for figure in figures if figure.has_goal]
    bases = [base for base in DATABASES if any(figure.database == base for figure in asked)]
    lines = [["figure", "goal", *(DATABASES[base] for base in bases)]]
    for row in dict.fromkeys(figure.row for figure in asked):
        found = {figure.database: figure for figure in asked if figure.row == row}
        goal = next(iter(found.values())).goal
        cells = [_with_verdict(found[base]) if base in found else "–" for base in bases]
        lines.append([row, goal, *cells])
    return table(lines)


def _with_verdict(figure: Figure) -> str:
    spread = ""
    if 1 < len(figure.samples) <= 9:
        spread = f" [{number(min(figure.samples))} … {number(max(figure.samples))}]"
    return f"{figure.in_words()}{spread} {'✓' if figure.is_met else '✗'}"


def contrasts_table(figures: Iterable[Figure], database: str) -> str:
    """What each way of doing it reached in this run; "" when none was measured on this database."""
    figures = [figure for figure in figures if figure.database == database]
    rows = dict.fromkeys(figure.row for figure in figures if figure.who in CONTRASTS)
    if not rows:
        return ""
    columns = [who for who in (BARE, HOUSE, *CONTRASTS) if any(f.who == who and f.row in rows for f in figures)]
    lines = [[f"on {DATABASES[database]}", *columns, "ahead of each"]]
    for row in rows:
        found = {figure.who: figure for figure in figures if figure.row == row}
        cells = [found[who].in_words() if who in found else "–" for who in columns]
        lines.append([row, *cells, "✓" if is_ahead(found) else "✗"])
    return table(lines)


def is_ahead(found: dict[str, Figure]) -> bool:
    """Whether the house is better than every contrast that was measured. The bare client is no contrast."""
    house = found.get(HOUSE)
    if house is None or house.value is None:
        return False
    others = [figure.value for who, figure in found.items() if who in CONTRASTS and figure.value is not None]
    if house.more_is_better:
        return all(house.value > other for other in others)
    return all(house.value < other for other in others)


def table(lines: Sequence[Sequence[str]]) -> str:
    """Markdown that can be read in a terminal as well."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(rows)


def as_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    return [
        asdict(figure) | {"goal": figure.goal, "is_met": figure.is_met if figure.has_goal else None}
        for figure in figures
    ]


def from_json(told: Iterable[dict[str, Any]]) -> list[Figure]:
    names = Figure.__dataclass_fields__
    return [Figure(**{name: value for name, value in each.items() if name in names}) for each in told]
