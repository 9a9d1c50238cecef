"""The claim in SQL: which deliveries are next, and their taking.

It is asked many times a second while much is due, and building it by Django takes longer than the databases need to
answer it. The conditions are those of ``DeliveryQuerySet.due`` and ``ChannelQuerySet.free``; tests compare them.
Parameters: now, until, limit, claim (a UUID), seconds (of the lease), ids (see ``with_ids``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection

_NOW = {"sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')", "postgresql": "STATEMENT_TIMESTAMP()"}
_LEASE = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', '+' || %(seconds)s || ' seconds')",
    "postgresql": "STATEMENT_TIMESTAMP() + MAKE_INTERVAL(secs => %(seconds)s)",
}
_SKIP_LOCKED = {"sqlite": "", "postgresql": "FOR UPDATE SKIP LOCKED"}

_DUE = """
    delivery.status IN ('scheduled', 'checking') AND delivery.act_at <= %(now)s
    AND (delivery.status = 'scheduled' AND (delivery.late_after IS NULL OR delivery.late_after >= %(now)s)
         OR delivery.status = 'checking' AND delivery.lease_until IS NULL)
"""
_FREE = """
    channel.status = 'open'
    AND (channel.lease_until IS NULL OR channel.lease_until < {NOW})
    AND (channel.paced_until IS NULL OR channel.paced_until <= %(now)s)
"""
# The first due delivery of every free channel, with its channel, its workspace and its turn there. PostgreSQL is told
# by LATERAL to look each one up: left to choose, it reads a million deliveries once it takes the channels for more than
# they are, as between two of its clean-ups.
_FIRST = f"""
    SELECT delivery.id, delivery.act_at FROM posts_delivery delivery
    WHERE delivery.channel_id = channel.id AND {_DUE} ORDER BY delivery.act_at, delivery.id LIMIT 1
"""
# Whether anything is due at all is asked first: an index tells, whatever lies in the future. The order leads
# PostgreSQL to it where much is due, too.
_OPEN_AND_IDLE = f"""
    (SELECT TRUE FROM posts_delivery delivery WHERE {_DUE} ORDER BY delivery.act_at LIMIT 1)
    AND {_FREE} AND NOT EXISTS (
        SELECT 1 FROM posts_delivery busy WHERE busy.channel_id = channel.id AND busy.status = 'publishing'
    )
"""
_LINE = {
    "sqlite": f"""
        SELECT first.id, first.act_at, line.channel_id, line.workspace_id FROM (
            SELECT channel.id AS channel_id, channel.workspace_id,
                ({_FIRST.replace("delivery.id, delivery.act_at", "delivery.id", 1)}) AS delivery_id
            FROM posts_channel channel WHERE {_OPEN_AND_IDLE}
        ) line JOIN posts_delivery first ON first.id = line.delivery_id
    """,
    "postgresql": f"""
        SELECT first.id, first.act_at, channel.id AS channel_id, channel.workspace_id
        FROM posts_channel channel CROSS JOIN LATERAL ({_FIRST}) first WHERE {_OPEN_AND_IDLE}
    """,
}
_FIRST_IN_LINE = {
    vendor: f"""
        SELECT id, channel_id, workspace_id, ROW_NUMBER() OVER (PARTITION BY workspace_id ORDER BY act_at, id) AS turn
        FROM ({line}) line ORDER BY turn, act_at, id LIMIT %(limit)s
    """
    for vendor, line in _LINE.items()
}
# When something comes due between two moments: now and until.
_COMING = """
    SELECT act_at FROM posts_delivery
    WHERE status IN ('scheduled', 'checking') AND act_at > %(now)s AND act_at <= %(until)s ORDER BY act_at LIMIT 1
"""
# The first that an open channel could take before ``until``, and when its pause is over.
_NEXT = f"""
    SELECT delivery.act_at, channel.paced_until
    FROM posts_delivery delivery JOIN posts_channel channel ON channel.id = delivery.channel_id
    WHERE {_DUE.replace("%(now)s", "%(until)s", 1)} AND channel.status = 'open'
    ORDER BY delivery.act_at LIMIT %(limit)s
"""
_HOLD_CHANNELS = f"""
    UPDATE posts_channel SET claim = %(claim)s, lease_until = {{LEASE}}
    WHERE id IN (SELECT channel.id FROM posts_channel channel WHERE channel.id IN ({{ids}}) AND {_FREE} {{SKIP_LOCKED}})
"""
_TAKE = f"""
    UPDATE posts_delivery AS delivery
    SET status = CASE delivery.status WHEN 'scheduled' THEN 'publishing' ELSE delivery.status END,
        number = delivery.number + 1, claim = %(claim)s, lease_until = {{LEASE}}, place_changed = FALSE
    WHERE delivery.id IN ({{ids}}) AND {_DUE}
      AND delivery.channel_id IN (SELECT id FROM posts_channel WHERE claim = %(claim)s)
"""


def _for(vendor: str, statement: str) -> str:
    return statement.format(NOW=_NOW[vendor], LEASE=_LEASE[vendor], SKIP_LOCKED=_SKIP_LOCKED[vendor], ids="{ids}")


COMING = {vendor: _for(vendor, _COMING) for vendor in _NOW}
NEXT = {vendor: _for(vendor, _NEXT) for vendor in _NOW}
FIRST_IN_LINE = {vendor: _for(vendor, _FIRST_IN_LINE[vendor]) for vendor in _NOW}
HOLD_CHANNELS = {vendor: _for(vendor, _HOLD_CHANNELS) for vendor in _NOW}
TAKE = {vendor: _for(vendor, _TAKE) for vendor in _NOW}


def with_ids(statement: str, ids: Collection[int], name: str) -> tuple[str, dict[str, int]]:
    """The statement with a place for each id, and these parameters, which begin with ``name``."""
    named = {f"{name}{number}": pk for number, pk in enumerate(ids)}
    return statement.format(ids=", ".join(f"%({one})s" for one in named)), named


def at_once(*statements: str, parameters: Mapping[str, Any]) -> list[list[tuple[Any, ...]]]:
    """The rows that each statement answers with. PostgreSQL is asked once for all of them, see ``each.carry_out``, and
    does all or none.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return [cursor.execute(statement, parameters).fetchall() for statement in statements]
        cursor.execute("; ".join(statements), parameters)
        answers = [_rows(cursor)]
        while cursor.nextset():
            answers.append(_rows(cursor))
        return answers


def _rows(cursor: Any) -> list[tuple[Any, ...]]:
    return cursor.fetchall() if cursor.description else []
