"""Constants that stand in the SQL itself.

SQLite uses a partial index only where it reads the index's own condition. Behind a parameter it does not see it, and
reads the whole table. PostgreSQL does not mind.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import TextChoices
from django.db.models.expressions import RawSQL


def literals(states: Iterable[TextChoices]) -> list[RawSQL]:
    """For ``status__in``: as the condition of an index names them, and in its order."""
    return [RawSQL(f"'{state.value}'", ()) for state in states]  # noqa: S611  words of our own
