"""Many rows, each with values of its own, in one statement.

Django builds the SQL of an insert and of a ``bulk_update`` anew for every call, field by field and row by row. For the
few rows that come together in the ledger that costs more than the calls to the platform that they are about; and
``bulk_update`` cannot compare and set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from django.db import connection, models

Values = Mapping[str, Any]  # by field name
Names = tuple[str, ...]
Fields = list["models.Field[Any, Any]"]

# Fields whose values in Python are what the databases take.
AS_THEY_ARE = {
    models.AutoField, models.BigAutoField, models.IntegerField, models.PositiveIntegerField,
    models.PositiveSmallIntegerField, models.FloatField, models.BooleanField, models.CharField, models.TextField,
}  # fmt: skip


def update_each(model: type[models.Model], each: Iterable[tuple[Values, Values]]) -> int:
    """For each (where, values): set ``values`` where every field has the value in ``where``; the rows changed.

    In the order given, except that rows with the same fields go together. None in ``where`` matches nothing.
    """
    alike: dict[tuple[Names, Names], list[list[Any]]] = defaultdict(list)
    for where, values in each:
        alike[tuple(values), tuple(where)].append([*values.values(), *where.values()])
    changed = 0
    with connection.cursor() as cursor:
        for (values_of, where_of), given in alike.items():
            statement, fields = _update(model, values_of, where_of)
            adapters = [_adapter(field, connection.vendor) for field in fields]
            cursor.executemany(
                statement,
                [[adapt(value) for adapt, value in zip(adapters, row, strict=True)] for row in given],
            )
            changed += cursor.rowcount
    return changed


def insert_each(model: type[models.Model], rows: Iterable[Values], *, ignore_conflicts: bool = False) -> None:
    """Insert a new row for each of ``rows``, which may leave out what has a default."""
    rows = list(rows)
    if not rows:
        return
    statement, fields = _insert(model, ignore_conflicts)
    columns = [(field.attname, field.get_default, _adapter(field, connection.vendor)) for field in fields]
    with connection.cursor() as cursor:
        cursor.executemany(
            statement,
            [[adapt(row[name] if name in row else default()) for name, default, adapt in columns] for row in rows],
        )


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
def _update(model: type[models.Model], values: Names, where: Names) -> tuple[str, Fields]:
    def equations(names: Names, joint: str) -> str:
        return joint.join(f"{_column(model, name)} = %s" for name in names)

    statement = f"UPDATE {_table(model)} SET {equations(values, ', ')} WHERE {equations(where, ' AND ')}"
    return statement, [_field(model, name) for name in (*values, *where)]


@cache
def _insert(model: type[models.Model], ignore_conflicts: bool) -> tuple[str, Fields]:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    columns = ", ".join(_column(model, field.name) for field in fields)
    places = ", ".join("%s" for _ in fields)
    otherwise = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return f"INSERT INTO {_table(model)} ({columns}) VALUES ({places}){otherwise}", fields


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _column(model: type[models.Model], name: str) -> str:
    return connection.ops.quote_name(str(_field(model, name).column))


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)
