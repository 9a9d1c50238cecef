"""People and workers at the same moment about what is out there already: as test_races, and with its means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from accounts.models import User
from posts import connecting
from posts.models import Channel, Delivery, Post
from posts.planning import living
from tests.posts.conftest import MovableClock, Street, publish
from tests.posts.engine.test_races import (  # noqa: F401  a fixture among them
    REFUSED,
    ROUNDS,
    Together,
    as_it_is,
    now,
    together,
    work,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
Status, Action = Delivery.Status, Delivery.Action
Plan = Callable[..., Delivery]


@pytest.fixture
def edited(dev: Channel, scheduled: Plan, clock: MovableClock) -> Callable[[], Delivery]:
    """Something on DEV that has another title here by now."""

    def make() -> Delivery:
        delivery = publish(clock, scheduled(dev))
        assert delivery.status == Status.PUBLISHED, delivery.message
        edit(delivery.post_id, f"{delivery.post}, revised", clock)
        return as_it_is(delivery)

    return make


def edit(post: int, title: str, clock: MovableClock) -> None:
    row = Post.objects.get(pk=post)
    Post.objects.filter(pk=post).update(title=title, version=row.version + 1)
    living.changed(row, clock())


def titles(street: Street, delivery: Delivery) -> list[str]:
    return [each["title"] for each in street.ask("articles") if each["mark"] == str(delivery.key)]


def test_two_people_who_push_at_once_make_one_update(
    street: Street,
    edited: Callable[[], Delivery],
    clock: MovableClock,
    ada: User,
    together: Together,  # noqa: F811
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        delivery = edited()
        push = partial(living.update, delivery, now(clock), clock(), ada)
        told = together(push, push, work(clock))[:2]
        publish(clock, delivery)
        made = delivery.revisions.filter(action=Action.UPDATE, status=Status.PUBLISHED).count()
        ends[f"{told.count(REFUSED)} refused"] += 1
        assert made == 2 - told.count(REFUSED), "whoever comes after the first one is done makes another one"
        assert titles(street, delivery) == [Post.objects.get(pk=delivery.post_id).title]
    print(dict(ends))


def test_an_update_against_a_taking_back_leaves_nothing_public(
    street: Street,
    edited: Callable[[], Delivery],
    clock: MovableClock,
    ada: User,
    together: Together,  # noqa: F811
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        delivery = edited()
        told = together(
            partial(living.update, delivery, now(clock), clock(), ada),
            partial(living.unpublish, delivery, now(clock), clock(), ada),
            work(clock),
        )
        publish(clock, delivery)
        ends[" and ".join("refused" if each == REFUSED else "taken" for each in told[:2])] += 1
        assert told[1] != REFUSED
        assert (delivery.status, street.public(delivery)) == (Status.CANCELLED, 0)
        assert len(titles(street, delivery)) == 1, "it is hidden there, and there is no second one"
        assert not delivery.revisions.pending().exists()
    print(dict(ends))


def test_what_is_edited_while_it_is_updated_is_out_there_or_differs(
    street: Street,
    edited: Callable[[], Delivery],
    clock: MovableClock,
    ada: User,
    together: Together,  # noqa: F811
) -> None:
    ends: Counter[str] = Counter()
    for _ in range(ROUNDS):
        delivery = edited()
        title = f"{delivery.post}, once more"
        living.update(delivery, now(clock), clock(), ada)
        together(
            work(clock), partial(edit, delivery.post_id, title, clock), partial(living.look_after, clock)
        )  # fmt: skip
        publish(clock, delivery)
        clock.move(minutes=1)
        living.look_after(clock)
        delivery.refresh_from_db()
        is_there = titles(street, delivery) == [title]
        ends["is there" if is_there else "differs"] += 1
        assert delivery.differs is not is_there
    print(dict(ends))


def test_a_channel_that_gets_another_account_changes_nothing_there(
    street: Street, new_channel: Callable[..., Channel], scheduled: Plan, clock: MovableClock, ada: User,
    together: Together,  # noqa: F811
) -> None:  # fmt: skip
    """The same number is another article on the other account: it must stay as it is."""
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        dev = new_channel("devto")
        delivery = publish(clock, scheduled(dev))
        edit(delivery.post_id, "Revised", clock)
        delivery = as_it_is(delivery)
        key = street.order("accounts", username=f"grace{number}", age_days=400)["key"]
        living.update(delivery, now(clock), clock(), ada)

        def give_another(dev: Channel = dev, key: str = key) -> Any:
            connecting.reconnect(dev, dev.name, {"api_key": key}, dev.settings)
            return connecting.verify(dev.pk, clock)

        together(give_another, work(clock))
        for _ in range(3):
            clock.move(minutes=10)
            work(clock)()
        [made] = delivery.revisions.all()
        ends[made.status] += 1
        assert made.status in (Status.PUBLISHED, Status.FAILED, Status.UNCERTAIN), made.message
        assert (titles(street, delivery) == ["Revised"]) or made.status != Status.PUBLISHED
    print(dict(ends))
