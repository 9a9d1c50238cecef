"""Two workers, two posts, every kind of platform, and a crash or a fault at every step: tests.engine.search.

``ENGINE_FAULTS=3`` lets more go wrong on one path than there is time for in every run.
"""

from __future__ import annotations

import os

import pytest

from posts.models import Delivery
from tests.engine.conftest import Begin, BeginChanges
from tests.engine.platforms import KINDS, Blind, Changeable, Drafts, Findable, Glimpsed, Model
from tests.engine.search import ChangesOnly, Search

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
FAULTS = int(os.environ.get("ENGINE_FAULTS", "1"))
# Idempotent is like Findable here, and UsedUp like Drafts.
UNLIKE = KINDS if FAULTS > 1 else (Drafts, Findable, Glimpsed, Blind)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])


@every_kind
def test_whatever_fails_and_whatever_people_wish_each_post_is_public_once_or_a_person_is_asked(
    kind: type[Model], begin: Begin
) -> None:
    database, street = begin(kind, 1)
    print(Search(kind, database, street, faults=FAULTS, persons=True).run())


@pytest.mark.parametrize("kind", UNLIKE, ids=[kind.name for kind in UNLIKE])
def test_a_worker_with_two_channels_in_hand_loses_neither(kind: type[Model], begin: Begin) -> None:
    database, street = begin(kind, 2)
    print(Search(kind, database, street, faults=FAULTS, persons=False).run())


UPDATE, UNPUBLISH = Delivery.Action.UPDATE, Delivery.Action.UNPUBLISH


@pytest.mark.parametrize("actions", [(UPDATE,), (UNPUBLISH,), (UPDATE, UNPUBLISH)], ids="+".join)
def test_what_is_out_is_changed_or_a_person_is_asked_and_nothing_is_ever_created(
    actions: tuple[Delivery.Action, ...], begin_changes: BeginChanges
) -> None:
    database, street = begin_changes(*actions)
    print(ChangesOnly(Changeable, database, street, faults=FAULTS, persons=True).run())
