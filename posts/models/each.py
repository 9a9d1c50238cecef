"""Many rows, each with values of its own, in one statement.

Django builds the SQL of an insert and of a ``bulk_update`` anew for every call, field by field and row by row. For the
few rows that come together in the ledger that costs more than the calls to the platform that they are about; and
``bulk_update`` cannot compare and set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

Values = Mapping[str, Any]  # by field name
Names = tuple[str, ...]
T = TypeVar("T")
Fields = list["models.Field[Any, Any]"]

AT_ONCE = 200  # rows in one statement: databases take no more than some thirty thousand values

# Fields whose values in Python are what the databases take.
AS_THEY_ARE = {
    models.AutoField, models.BigAutoField, models.IntegerField, models.PositiveIntegerField,
    models.PositiveSmallIntegerField, models.FloatField, models.BooleanField, models.CharField, models.TextField,
}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    sql: str
    values: list[Any]


def update_each(model: type[models.Model], each: Iterable[tuple[Values, Values]]) -> int:
    """For each (where, values): set ``values`` where every field has the value in ``where``, the ``id`` among them; the
    rows changed.
    """
    each = list(each)
    in_order = locks(model, (where["id"] for where, _ in each))
    return sum(carry_out([*in_order, *updates(model, each)])[len(in_order) :])


def insert_each(model: type[models.Model], rows: Iterable[Values], *, ignore_conflicts: bool = False) -> None:
    """Insert a new row for each of ``rows``, which may leave out what has a default."""
    carry_out(inserts(model, rows, ignore_conflicts=ignore_conflicts))


def carry_out(statements: Sequence[Statement]) -> list[int]:
    """The rows changed by each statement, in this order.

    PostgreSQL is asked once for all of them: it answers quickly, but among many threads Python may wait longer for its
    next turn than the answer took.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite" or not statements:
            return [cursor.execute(one.sql, one.values).rowcount for one in statements]
        values = [value for one in statements for value in one.values]
        cursor.execute("; ".join(one.sql for one in statements), values)
        changed = [cursor.rowcount]
        while cursor.nextset():
            changed.append(cursor.rowcount)
        return changed


def locks(model: type[models.Model], ids: Iterable[int]) -> list[Statement]:
    """Lock these rows in the order of their ids, as everybody does who changes several: of two who wait crosswise
    PostgreSQL kills one. SQLite has but one who writes.
    """
    ordered = sorted(ids)
    if connection.vendor == "sqlite" or len(ordered) < 2:
        return []
    return [
        Statement(
            f"SELECT id FROM {_table(model)} WHERE id IN ({', '.join(['%s'] * len(some))}) "
            "ORDER BY id FOR NO KEY UPDATE",
            some,
        )
        for some in _batches(ordered)
    ]


def updates(model: type[models.Model], each: Iterable[tuple[Values, Values]]) -> list[Statement]:
    """As ``update_each``, but whoever carries it out has locked the rows. Rows with the same fields go together.

    None in ``where`` matches nothing.
    """
    alike: dict[tuple[Names, Names], list[list[Any]]] = defaultdict(list)
    for where, values in each:
        alike[tuple(values), tuple(where)].append([*values.values(), *where.values()])
    statements: list[Statement] = []
    for (values_of, where_of), given in alike.items():
        adapters = [_adapter(_field(model, name), connection.vendor) for name in (*values_of, *where_of)]
        rows = [[adapt(value) for adapt, value in zip(adapters, row, strict=True)] for row in given]
        statements += [
            Statement(_update(model, values_of, where_of, len(some)), [value for row in some for value in row])
            for some in _batches(rows)
        ]
    return statements


def inserts(model: type[models.Model], rows: Iterable[Values], *, ignore_conflicts: bool = False) -> list[Statement]:
    """As ``insert_each``."""
    columns = [
        (field.attname, field.get_default, _adapter(field, connection.vendor)) for field in _to_be_inserted(model)
    ]
    return [
        Statement(
            _insert(model, len(some), ignore_conflicts),
            [adapt(row[name] if name in row else default()) for row in some for name, default, adapt in columns],
        )
        for some in _batches(list(rows))
    ]


def _batches(rows: list[T]) -> Iterator[list[T]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))


@cache
def _adapter(field: models.Field[Any, Any], vendor: str) -> Callable[[Any], Any]:
    """How a value of this field is handed to the database. Most are as they are, and need not be asked about."""
    if type(field) in AS_THEY_ARE:
        return _as_it_is
    if type(field) is models.DateTimeField:
        return connection.ops.adapt_datetimefield_value
    if isinstance(field, models.ForeignKey):
        return _adapter(field.target_field, vendor)

    def adapt(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    return adapt


def _as_it_is(value: Any) -> Any:
    return value


@cache
def _update(model: type[models.Model], values: Names, where: Names, rows: int) -> str:
    """All rows in one step. PostgreSQL plans each statement, which takes it longer than a row; and Python lets other
    threads in at each step of SQLite, and with many of them it may wait longer for its next turn than all rows take.
    """
    table = _table(model)
    changes = ", ".join(f"{_column(model, name)} = {_given(model, name, at)}" for at, name in enumerate(values, 1))
    conditions = " AND ".join(
        f"{table}.{_column(model, name)} = {_given(model, name, at)}" for at, name in enumerate(where, len(values) + 1)
    )
    return f"UPDATE {table} SET {changes} FROM ({_places(len(values) + len(where), rows)}) AS given WHERE {conditions}"


def _given(model: type[models.Model], name: str, at: int) -> str:
    """PostgreSQL takes what nothing else is said of for text."""
    column = f"given.column{at}"
    if connection.vendor == "sqlite":
        return column
    return f"CAST({column} AS {_field(model, name).cast_db_type(connection)})"


@cache
def _insert(model: type[models.Model], rows: int, ignore_conflicts: bool) -> str:
    fields = _to_be_inserted(model)
    columns = ", ".join(_column(model, field.name) for field in fields)
    otherwise = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return f"INSERT INTO {_table(model)} ({columns}) {_places(len(fields), rows)}{otherwise}"


def _places(columns: int, rows: int) -> str:
    row = f"({', '.join(['%s'] * columns)})"
    return f"VALUES {', '.join([row] * rows)}"


@cache
def _to_be_inserted(model: type[models.Model]) -> Fields:
    return [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _column(model: type[models.Model], name: str) -> str:
    return connection.ops.quote_name(str(_field(model, name).column))


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)
