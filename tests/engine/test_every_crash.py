"""Two workers, two posts, every kind of platform, and a crash or a fault at every step: tests.engine.search.

``ENGINE_FAULTS=3`` lets more go wrong on one path than there is time for in every run.
"""

from __future__ import annotations

import os

import pytest

from tests.engine.conftest import Begin
from tests.engine.platforms import KINDS, Model
from tests.engine.search import Search

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
FAULTS = int(os.environ.get("ENGINE_FAULTS", "2"))


@pytest.mark.parametrize("channels", [1, 2], ids=["one channel", "two channels"])
@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_whatever_fails_each_post_is_public_once_or_a_person_is_asked(
    kind: type[Model], channels: int, begin: Begin
) -> None:
    database, street = begin(kind, channels)
    import time; t = time.monotonic()
    print(Search(kind, database, street, faults=FAULTS, persons=False).run(), time.monotonic() - t)
