"""A query of Django's whose SQL is put together once and asked many times, with other values each time.

Django builds the SQL of a query anew whenever it is asked, and calls each model's ``__init__`` for every row; for the
few rows that a claim takes that costs more than the database itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=models.Model)


class Prepared(Generic[Row]):
    """The rows of ``query``, for other values than those that it was made with.

    They are given in the order in which its conditions name them, as the database's adapter takes them.
    """

    def __init__(self, query: models.QuerySet[Row]) -> None:
        compiler = query.query.get_compiler(connection=connection)
        self._statement, _ = compiler.as_sql()
        assert compiler.select is not None
        assert compiler.klass_info is not None
        expressions = [expression for expression, *_ in compiler.select]
        self._converters = compiler.get_converters(expressions)
        self._maker = _Maker(compiler.klass_info, [expression.target for expression in expressions])

    def __call__(self, values: Iterable[Any]) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(self._statement, [*values])
            return [self._maker.make(self._converted(row)) for row in cursor.fetchall()]

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for index, (converters, expression) in self._converters.items():
            for convert in converters:
                values[index] = convert(values[index], expression, connection)
        return values


class _Maker:
    """Makes one model of a row, with the related ones. What was not asked for is fetched when it is wanted, as ever."""

    def __init__(self, told: Mapping[str, Any], targets: Sequence[models.Field[Any, Any]]) -> None:
        indexes = told["select_fields"]
        self._model = told["model"]
        self._places = [(targets[index].attname, index) for index in indexes]
        self._key = next(index for index in indexes if targets[index].primary_key)
        self._related = [
            (related["local_setter"], related["remote_setter"], _Maker(related, targets))
            for related in told.get("related_klass_infos", [])
        ]

    def make(self, values: Sequence[Any]) -> Any:
        """None where a related row is missing."""
        if values[self._key] is None:
            return None
        made = self._model.__new__(self._model)
        made._state = ModelState()
        made._state.db, made._state.adding = connection.alias, False
        made.__dict__.update((name, values[index]) for name, index in self._places)
        for set_here, set_there, maker in self._related:
            other = maker.make(values)
            set_here(made, other)
            if other is not None:
                set_there(other, made)
        return made
