"""The rows of a state, written to the real database and read back; and the real verbs, run on them.

A verb's work depends on the rows and on its arguments and on nothing else: what it did is remembered, so that the
same verb on the same rows is run once. Each run is a transaction of its own, which is rolled back.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from accounts.models import Mail
from posts.engine import failpoints
from posts.engine.trips import Result, Trip
from posts.models import Attempt, Channel, Delivery
from posts.planning.scheduling import Refused
from tests.engine.state import TIMES, Held, Row, Rows

# What no decision depends on: who, what and the words.
INDIFFERENT = {
    *("id", "key", "workspace", "post", "channel", "created_by", "action", "occurrence", "digest", "options"),
    *("revises", "gone_at"),
    *("wall_time", "zone", "message", "remote_url", "published_at", "created_at"),
    *("sent_title", "sent_markdown", "sent_digest", "sent_version", "sent_fields", "sent_as", "differs", "place"),
    *("platform", "name", "secret_hint", "choices", "problem", "problem_field", "checked_at", "defaults"),
    *("health", "examine_at", "remind_at"),
}
Select = tuple[str, list[str], list[tuple[str, Callable[[Any], Any]]]]  # SQL, names, converters by name
NUMBER = 100  # the attempt number of every delivery before a verb runs


class Died(BaseException):
    """The process has ended at a failpoint."""


@dataclass(frozen=True)
class Done:
    """What a verb did. ``renumbered`` by delivery: how many claims it made."""

    rows: Rows
    renumbered: tuple[int, ...]
    trips: tuple[Held, ...] = ()
    died: bool = False
    refused: str = ""
    broken: str = ""
    mails: frozenset[str] = frozenset()  # the first three parts of their events


def _fields(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {f.name: f for f in model._meta.concrete_fields if f.name not in INDIFFERENT}


def _tuples(rows: list[dict[str, Any]]) -> tuple[Row, ...]:
    return tuple(tuple(row.items()) for row in rows)


def _convert(converters: list[Callable[[Any, Any, Any], Any]], column: Any, value: Any) -> Any:
    for converter in converters:
        value = converter(value, column, connection)
    return value


class Database:
    """The rows of two deliveries and their channels."""

    def __init__(self, deliveries: list[Delivery], channels: list[Channel]) -> None:
        self.deliveries = [delivery.pk for delivery in deliveries]
        self.channels = [channel.pk for channel in channels]
        self.fields: dict[type[models.Model], dict[str, models.Field[Any, Any]]] = {
            Delivery: _fields(Delivery),
            Channel: _fields(Channel),
        }
        Delivery.objects.filter(pk__in=self.deliveries).update(number=NUMBER)
        self.now = datetime.now(UTC)
        self.selects: dict[type[models.Model], Select] = {
            Delivery: self._select(Delivery, self.deliveries),
            Channel: self._select(Channel, self.channels),
        }
        self.base, _ = self.read()
        self.old_mails = Mail.objects.count()
        self.remembered: dict[Any, Done] = {}
        self.runs = 0

    # --- rows, to and fro ---------------------------------------------------------------------------------------------

    def write(self, rows: Rows) -> None:
        self.now = datetime.now(UTC)
        for model, pks, values, base in (
            (Channel, self.channels, rows.channels, self.base.channels),
            (Delivery, self.deliveries, rows.deliveries, self.base.deliveries),
        ):
            for pk, row, before in zip(pks, values, base, strict=True):
                self._update(model, pk, row, dict(before))
        if rows.attempts:
            Attempt.objects.bulk_create(
                Attempt(delivery_id=self.deliveries[at], number=NUMBER + number, step=step, outcome="done")
                for at, number, step in sorted(rows.attempts)
            )

    def _update(self, model: type[models.Model], pk: int, row: Row, before: dict[str, Any]) -> None:
        values = dict(row)
        if values.get("due_at", 0) is None:  # what has ended, of which nothing else counts: see State.plain
            values = {
                **before,
                "status": values["status"],
                "late_after": None,
                "remote_id": before["remote_id"] or "there",
            }
        changed = {n: v for n, v in values.items() if v != before[n] or n in TIMES}
        fields = self.fields[model]
        quoted = ", ".join(f'"{fields[name].column}" = %s' for name in changed)
        stored = [fields[name].get_db_prep_save(self._stored(name, v), connection) for name, v in changed.items()]
        with connection.cursor() as cursor:
            cursor.execute(f'UPDATE "{model._meta.db_table}" SET {quoted} WHERE id = %s', [*stored, pk])

    def _stored(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        if name in TIMES:
            return self.now + timedelta(seconds=value)
        if name == "claim":
            return UUID(int=value)
        return json.loads(value) if isinstance(value, str) and value[:1] == "{" else value

    def _plain(self, name: str, value: Any) -> Any:
        if isinstance(value, datetime):
            seconds = round((value - self.now).total_seconds(), 1)
            # A lease counts from the database's own moment, a little after ours.
            return round(seconds) if name == "lease_until" else math.ceil(seconds)
        if isinstance(value, UUID):
            return value.int
        return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value

    def _rows_of(self, model: type[models.Model], pks: list[int]) -> list[dict[str, Any]]:
        """As ``values()`` would give them, several times as fast: this is asked after every verb."""
        sql, names, converters = self.selects[model]
        with connection.cursor() as cursor:
            cursor.execute(sql, pks)
            rows = cursor.fetchall()
        found = []
        for row in rows:
            values = dict(zip(names, row, strict=True))
            for name, converter in converters:
                if values[name] is not None:
                    values[name] = converter(values[name])
            found.append({name: self._plain(name, value) for name, value in values.items()})
        return found

    def _select(self, model: type[models.Model], pks: list[int]) -> Select:
        fields = self.fields[model]
        columns = ", ".join(f'"{field.column}"' for field in fields.values())
        places = ", ".join(["%s"] * len(pks))
        sql = f'SELECT {columns} FROM "{model._meta.db_table}" WHERE id IN ({places}) ORDER BY id'
        converters: list[tuple[str, Callable[[Any], Any]]] = []
        for name, field in fields.items():
            column = field.get_col(model._meta.db_table)
            steps = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
            if steps:
                converters.append((name, partial(_convert, steps, column)))
        return sql, list(fields), converters

    def read(self) -> tuple[Rows, tuple[int, ...]]:
        """The rows as they are now, and how far each delivery's attempt number went."""
        deliveries = self._rows_of(Delivery, self.deliveries)
        channels = self._rows_of(Channel, self.channels)
        moved = tuple(row.pop("number") - NUMBER for row in deliveries)
        with connection.cursor() as cursor:
            cursor.execute('SELECT delivery_id, number, step FROM "posts_attempt"')
            written = cursor.fetchall()
        attempts = frozenset(
            (at, number - NUMBER - moved[at], step)
            for pk, number, step in written
            for at in [self.deliveries.index(pk)]
        )
        return Rows(_tuples(deliveries), _tuples(channels), attempts), moved

    # --- trips, to and fro --------------------------------------------------------------------------------------------

    def hold(self, trip: Trip, moved: tuple[int, ...]) -> Held:
        at = self.deliveries.index(trip.delivery_id)
        return Held(
            delivery=at,
            number=trip.number - NUMBER - moved[at],
            claim=trip.claim.int,
            step=str(trip.step),
            remote_id=trip.remote_id,
            account=str(trip.door.credentials["account"]),
            revision=trip.door.revision,
            fence=math.ceil(round(trip.fence - time.monotonic(), 1)),
            ready=max(math.ceil(round((trip.ready_at - self.now).total_seconds(), 1)), 0),
            came_back_with=(),
            row=self._claimed(trip.row),
            trip=trip,
            result=None,
        )

    def _claimed(self, row: Delivery) -> Row:
        """What the claim has read of the row."""
        unread = row.get_deferred_fields()
        read = (name for name in self.fields[Delivery] if name not in unread and name != "number")
        return tuple((name, self._plain(name, getattr(row, name))) for name in read)

    def trip(self, held: Held) -> Trip:
        """The real trip again, around the present moment."""
        row = copy(held.trip.row)
        for name, value in held.row:
            setattr(row, name, self._stored(name, value))
        row.number = NUMBER + held.number
        return replace(
            held.trip,
            row=row,
            number=NUMBER + held.number,
            claim=UUID(int=held.claim),
            fence=time.monotonic() + held.fence,
            ready_at=self.now + timedelta(seconds=held.ready),
        )

    def result(self, held: Held) -> Result:
        assert held.result is not None
        return replace(held.result, trip=self.trip(held), started_at=self.now)

    # --- the verbs ----------------------------------------------------------------------------------------------------

    def run(self, rows: Rows, what: tuple[Any, ...], verb: Callable[[], Iterable[Trip]], die: str = "") -> Done:
        """Run ``verb`` on ``rows``, unless it is known what comes of it; with ``die`` its process ends there."""
        known = self.remembered.get((rows, what, die))
        if known is None:
            known = self.remembered[rows, what, die] = self._run(rows, verb, die)
        return known

    @transaction.atomic
    def _run(self, rows: Rows, verb: Callable[[], Iterable[Trip]], die: str) -> Done:
        self.runs += 1
        self.write(rows)
        random.seed(0)
        trips: list[Trip] = []
        died, refused, broken = False, "", ""
        failpoints.arm(die)
        try:
            trips = list(verb())
        except Died:
            died = True
        except Refused as reason:
            refused = str(reason)
        except Exception as error:  # what the drain catches as well: a mistake of ours in one row
            broken = repr(error)
        finally:
            failpoints.arm("")
        after, moved = self.read()
        with connection.cursor() as cursor:
            cursor.execute('SELECT event FROM "accounts_mail" ORDER BY id')
            events = frozenset(":".join(event.split(":")[:3]) for (event,) in cursor.fetchall()[self.old_mails :])
        held = tuple(self.hold(trip, moved) for trip in trips)
        transaction.set_rollback(True)
        return Done(after, moved, held, died, refused, broken, events)
