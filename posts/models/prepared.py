"""A query of Django's whose SQL is put together once and asked many times, with other values each time.

Django builds the SQL of a query anew whenever it is asked; for the few rows that a claim takes that costs more than
the database and the models together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.query import get_related_populators

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
        self._model = query.model
        self._fields = compiler.klass_info["select_fields"]
        self._names = [compiler.select[index][0].target.attname for index in self._fields]
        self._converters = compiler.get_converters([expression for expression, *_ in compiler.select])
        # The stubs are of a later Django, which takes one argument more.
        self._related = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]

    def __call__(self, values: Iterable[Any]) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(self._statement, [*values])
            return [self._row(list(row)) for row in cursor.fetchall()]

    def _row(self, row: list[Any]) -> Row:
        for index, (converters, expression) in self._converters.items():
            for convert in converters:
                row[index] = convert(row[index], expression, connection)
        first, last = self._fields[0], self._fields[-1] + 1
        found = self._model.from_db(connection.alias, self._names, row[first:last])
        for populate in self._related:
            populate.populate(row, found)
        return found
