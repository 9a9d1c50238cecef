"""The tables say what was measured, and nothing looks better in them than it is."""

from __future__ import annotations

from functools import partial

import pytest

from bench.figures import (
    BARE,
    CLOCKED,
    ETA,
    PER_POST,
    Figure,
    as_json,
    contrasts_table,
    from_json,
    goals_table,
    is_ahead,
    median_of,
    number,
    percentile,
)


def test_a_percentile_is_a_sample_that_was_seen() -> None:
    hundred = [float(sample) for sample in range(1, 101)]
    assert [percentile(hundred, percent) for percent in (50, 99, 100)] == [50, 99, 100]
    assert percentile([7.0], 99) == 7
    assert percentile([3.0, 1.0, 2.0], 50) == 2
    assert percentile(hundred[:60], 99) == 60, "of sixty samples the 99th percentile is the worst"


@pytest.mark.parametrize(
    ("value", "words"),
    [(12345.6, "12,346"), (100, "100"), (12.04, "12"), (12.34, "12.3"), (2.5, "2.5"), (0.98513, "0.985"), (0, "0")],
)
def test_numbers_have_the_digits_that_count(value: float, words: str) -> None:
    assert number(value) == words


def test_a_goal_is_met_on_its_own_side_and_at_its_edge() -> None:
    assert Figure("posts/s ÷ bare", 0.95, at_least=0.95).is_met
    assert not Figure("posts/s ÷ bare", 0.949, at_least=0.95).is_met
    assert Figure("lateness", 30.0, " ms", at_most=30).is_met
    assert not Figure("lateness", 30.1, " ms", at_most=30).is_met
    assert not Figure("lateness", None, " ms", at_most=30).is_met, "what could not be measured is not met"


def test_the_table_of_goals_shows_a_miss_as_a_miss() -> None:
    figures = [
        median_of("posts/s ÷ bare", [0.97, 0.99, 0.98], at_least=0.95, database="sqlite"),
        median_of("posts/s ÷ bare", [0.91, 0.99, 0.93], at_least=0.95, database="postgresql"),
        Figure("posts a second", 153, database="sqlite"),
    ]
    head, _, *lines = goals_table(figures).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["figure", "goal", "SQLite", "PostgreSQL"]
    [line] = lines
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "posts/s ÷ bare",
        "≥ 0.95",
        "0.98 [0.97 … 0.99] ✓",
        "0.93 [0.91 … 0.99] ✗",
    ]


def test_a_database_that_was_not_measured_has_no_column() -> None:
    assert "PostgreSQL" not in goals_table([Figure("lateness", 3, at_most=30, database="sqlite")])
    assert contrasts_table([Figure("lateness", 3, database="sqlite")], "sqlite") == "", "there is nothing to compare"


def test_ahead_means_ahead_of_each_contrast_and_the_bare_client_is_none() -> None:
    rate = partial(Figure, "rate", more_is_better=True)
    ours, bare, slow, quick = rate(150), rate(160, who=BARE), rate(110, who=PER_POST), rate(151, who=ETA)
    assert is_ahead({figure.who: figure for figure in (ours, bare, slow)})
    assert not is_ahead({figure.who: figure for figure in (ours, bare, slow, quick)})
    late, later = Figure("lateness", 5), Figure("lateness", 60, who=ETA)
    never = Figure("lateness", None, who=CLOCKED, note="0 of 10")
    assert is_ahead({figure.who: figure for figure in (late, later, never)}), "less is better, and never is worst"


def test_figures_come_back_from_their_json() -> None:
    figures = [median_of("rate", [1.0, 2.0, 3.0], "/s", at_least=2, database="sqlite", detail={"turns": [1]})]
    assert from_json(as_json(figures)) == figures
    assert as_json(figures)[0]["is_met"] is True
