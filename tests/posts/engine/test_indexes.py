"""What is asked again and again is asked of a small index, however many deliveries there are.

SQLite only: its plans do not depend on how much is in a table. It uses a partial index only where the index's own
condition stands in the SQL, so that one parameter too many reads a million rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from posts.engine import lateness, publishing
from posts.models import Delivery, Outage
from posts.planning import living
from posts.watch import judging, measuring, outages

pytestmark = pytest.mark.django_db
SMALL = (
    "delivery_due",
    "delivery_bell",
    "delivery_in_hand",
    "delivery_needs_a_person",
    "delivery_publishing_one_per_channel",
    "delivery_to_compare",
    "INTEGER PRIMARY KEY (rowid=?)",  # one row, whose id an index gave
)


@pytest.fixture(autouse=True)
def on_sqlite() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")


def steps_through_deliveries(ask: Callable[[], object]) -> list[str]:
    """How the database would go through its deliveries for each question, by its own words."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    steps = []
    with connection.cursor() as cursor:
        for sql, params in asked:
            if "posts_delivery" in sql and sql.lstrip().startswith(("SELECT", "WITH")):
                plan = cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
                names = {"posts_delivery", *re.findall(r"posts_delivery\"?\s+(?:AS\s+)?\"?(\w+)", sql)}
                steps += [row[3] for row in plan if set(row[3].split(" ")[1:2]) & names]
    assert steps, "no delivery was asked for at all"
    return steps


NOW = timezone.now()
QUESTIONS: dict[str, Callable[[], object]] = {
    "is all well": lambda: judging.judge(NOW),
    "the numbers": lambda: measuring.measure(NOW),
    "is there trouble": lambda: outages.trouble_of(NOW),
    "is it over": lambda: outages._something_waits(NOW),
    "the claim": lambda: Delivery.objects.claim_due(NOW, 10, timedelta(seconds=60)),
    "the bell": lambda: publishing.next_due(NOW),
    "what a dead worker left": lambda: list(Delivery.objects.abandoned()),
    "what is to be compared": lambda: living.look_after(lambda: NOW),
    "what is too late": lambda: lateness.miss_late(NOW),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_only_a_small_index_is_read(question: str) -> None:
    Outage.objects.create(since=NOW)
    steps = steps_through_deliveries(QUESTIONS[question])

    assert [step for step in steps if not any(name in step for name in SMALL)] == []
