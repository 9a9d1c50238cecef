"""SQL that is put together once gives what Django's own query gives."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models

from posts.models import Attempt, Channel, Delivery
from posts.models.delivery import CLAIMED
from posts.models.each import insert_each, locks, update_each
from posts.models.prepared import Prepared

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NewChannel = Callable[..., Channel]
Scheduled = Callable[..., Delivery]


def known(row: models.Model) -> dict[str, Any]:
    """What was read of a row, and of the rows that came with it."""
    related = row._state.fields_cache
    fields = {name: value for name, value in vars(row).items() if name != "_state"}
    return fields | {name: known(other) if other else None for name, other in related.items()}


def test_rows_come_with_the_same_fields_and_relations(dev: Channel, folder: Channel, scheduled: Scheduled) -> None:
    ours = [scheduled(dev), scheduled(folder)]
    scheduled(dev)
    nobodys = ours[1].post
    nobodys.author = None
    nobodys.save()
    claim = uuid.uuid4()
    Delivery.objects.filter(pk__in=[each.pk for each in ours]).update(claim=claim)

    def rows(ids: list[int], claim: uuid.UUID) -> models.QuerySet[Delivery]:
        chosen = Delivery.objects.filter(pk__in=ids).filter(claim=claim)
        return chosen.select_related("post__author", "channel").only(*CLAIMED)

    prepared = Prepared(rows([0, 1], uuid.UUID(int=0)))
    as_stored = Delivery._meta.get_field("claim").get_db_prep_value(claim, connection)
    found = prepared([*(each.pk for each in ours), as_stored])
    by_django = rows([each.pk for each in ours], claim)
    assert [known(row) for row in found] == [known(row) for row in by_django]
    assert len(found) == 2
    assert not any(row._state.adding for row in found)
    found[0].save(update_fields=["message"])


def test_what_is_inserted_and_changed_reads_back_as_from_django(dev: Channel, scheduled: Scheduled) -> None:
    at = datetime(2026, 3, 29, 1, 30, 15, 250_000, tzinfo=UTC)
    told: dict[str, Any] = {
        "delivery_id": scheduled(dev).pk,
        "number": 7,
        "step": Attempt.Step.FLIP,
        "outcome": Attempt.Outcome.DONE,
        "exchanges": [{"url": "https://example.com/ü", "status": 201, "none": None}],
        "started_at": at,
        "seconds": 0.25,
    }
    insert_each(Attempt, [{**told, "created_at": at}])
    ours = Attempt.objects.get()
    theirs = Attempt(**told)
    for name in (*told, "message"):
        assert getattr(ours, name) == getattr(theirs, name)

    claim = uuid.uuid4()
    later = at + timedelta(hours=1)
    changed = update_each(Channel, [({"id": dev.pk, "claim": None}, {"name": "nobody"})])
    assert changed == 0, "None matches nothing"
    values = {"claim": claim, "paced_until": later, "settings": {"a": [1]}, "credentials": {"key": "secret"}}
    assert update_each(Channel, [({"id": dev.pk, "revision": dev.revision}, values)]) == 1
    dev.refresh_from_db()
    assert {name: getattr(dev, name) for name in values} == values
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM posts_channel WHERE id = %s", [dev.pk])
        assert "secret" not in str(cursor.fetchone()), "encrypted fields stay encrypted"


def test_rows_that_go_together_keep_their_own_values(new_channel: NewChannel) -> None:
    """Also where one of them, or each, is to have nothing, of which a database cannot tell what it is nothing of."""
    one, two, other = (new_channel("folder") for _ in range(3))
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    claim = uuid.uuid4()
    of: dict[int, dict[str, Any]] = {
        two.pk: {"lease_until": None, "claim": claim, "paced_until": None, "health": {"a": "ü"}, "problem": "It's %s"},
        one.pk: {"lease_until": None, "claim": None, "paced_until": at, "health": None, "problem": ""},
    }
    changed = update_each(
        Channel, [({"id": pk, "revision": 1 if pk == one.pk else 99}, values) for pk, values in of.items()]
    )
    assert changed == 1, "the other one is at another revision"
    assert update_each(Channel, [({"id": pk}, values) for pk, values in of.items()]) == 2
    for pk, values in of.items():
        channel = Channel.objects.get(pk=pk)
        assert {name: getattr(channel, name) for name in values} == values
    assert Channel.objects.get(pk=other.pk).problem == other.problem


@pytest.mark.postgres
def test_rows_are_locked_in_the_order_of_their_ids() -> None:
    """Of two workers who lock the same rows crosswise PostgreSQL kills one."""
    [statement] = locks(Channel, [3, 1, 2])
    assert statement.values == [1, 2, 3]
    assert "ORDER BY id FOR NO KEY UPDATE" in statement.sql
    assert locks(Channel, [3]) == []
