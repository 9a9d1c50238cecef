"""One state of the search, in plain values: the rows that the engine decides on, the workers' hands, the street.

All times are seconds from now, so that time passes by counting down: rows are written to the database around its own
present moment (``tests.engine.database``), and no clock needs to be moved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from posts.engine.trips import Result, Trip
from posts.models import Delivery
from tests.engine.platforms import Copy

Status = Delivery.Status
Row = tuple[tuple[str, Any], ...]

SHORT = 2  # seconds: what ends so soon has ended, for the tests may be slow
LONG = 2 * 24 * 3600  # seconds: longer than the grace and than any patience
IN_TIME = 1800  # within the grace: how far within is never asked
GRID = 15  # seconds: a quarter of a lease. Times of more than a moment are taken as a little longer, so that they meet
LEASE, FENCE = 60, 35  # seconds from a claim
MOMENT = 5  # seconds: a platform's pace
NEAR = 120  # seconds: what is further away is the time that a person chose
ENDED = (Status.PUBLISHED, Status.CANCELLED)
AT_REST = (*ENDED, Status.FAILED, Status.UNCERTAIN, Status.MISSED)  # as long as nobody wishes anything


@dataclass(frozen=True)
class Held:
    """A trip in a worker's hand, or what it came back with. A claim is a label; numbers count from the row's own."""

    delivery: int
    number: int
    claim: int
    step: str
    remote_id: str
    account: str
    revision: int
    fence: int
    ready: int
    came_back_with: tuple[Any, ...]  # () for a trip that is not made yet
    row: Row  # the delivery as it was claimed
    trip: Trip = field(compare=False)
    result: Result | None = field(compare=False)

    @property
    def is_late(self) -> bool:
        """Past its fence: its worker was frozen."""
        return self.fence < 0

    def older(self, seconds: int) -> Held:
        ready = max(self.ready - seconds, 0)
        return replace(self, fence=self.fence - seconds, ready=ready, row=_older(self.row, seconds))

    def order(self) -> tuple[Any, ...]:
        return (self.delivery, self.number, self.step, self.remote_id, self.fence, self.ready, self.came_back_with)

    def plain(self) -> Held:
        fence = FENCE if self.fence > FENCE - GRID else self.fence if self.fence > SHORT else -1
        return replace(self, fence=fence, number=max(self.number, -2), row=_plain_delivery(self.row, lambda _: 1, ()))


@dataclass(frozen=True)
class Rows:
    """What the database has. ``attempts``: delivery, number, step of those that can still matter."""

    deliveries: tuple[Row, ...]
    channels: tuple[Row, ...]
    attempts: frozenset[tuple[int, int, str]] = frozenset()

    def delivery(self, number: int) -> dict[str, Any]:
        return dict(self.deliveries[number])

    def channel_of(self, number: int) -> dict[str, Any]:
        """The delivery's channel; with one channel it is that of both."""
        return dict(self.channels[min(number, len(self.channels) - 1)])


@dataclass(frozen=True)
class State:
    rows: Rows
    hands: tuple[tuple[Held, ...], ...]  # by worker
    copies: tuple[Copy, ...] = ()
    sent: frozenset[tuple[int, int, str]] = frozenset()  # what reached the platform: delivery, number, step

    def held(self) -> Iterator[Held]:
        for hand in self.hands:
            yield from hand

    def with_hand(self, worker: int, hand: Iterable[Held]) -> State:
        return replace(self, hands=tuple(tuple(hand) if at == worker else h for at, h in enumerate(self.hands)))

    def after(self, seconds: int) -> State:
        """The same, so many seconds later."""
        rows = replace(
            self.rows,
            deliveries=tuple(_older(row, seconds) for row in self.rows.deliveries),
            channels=tuple(_older(row, seconds) for row in self.rows.channels),
        )
        return replace(
            self,
            rows=rows,
            hands=tuple(tuple(held.older(seconds) for held in hand) for hand in self.hands),
            copies=tuple(replace(copy, settles=_about(max(copy.settles - seconds, 0))) for copy in self.copies),
        )

    def plain(self, final: Collection[str]) -> State:
        """The same for states in which everybody would do the same: the search looks at one of them.

        Of a delivery that is ``final`` only this counts, and how often it is public.
        """
        whole = (tuple(sorted(map(Held.plain, hand), key=Held.order)) for hand in self.hands)
        label = _labels()
        hands = tuple(
            tuple(replace(held, claim=label(held.claim)) for held in hand)
            for hand in sorted(whole, key=lambda hand: [held.order() for held in hand])
        )
        channels = tuple(_plain_channel(row, label) for row in self.rows.channels)
        deliveries = tuple(_plain_delivery(row, label, final) for row in _in_line(self.rows.deliveries))
        rows = Rows(deliveries, channels)
        in_hand = {(held.delivery, held.number) for hand in hands for held in hand}
        statuses = [rows.delivery(at)["status"] for at in range(len(deliveries))]
        moving = {(at, 0) for at in range(len(deliveries)) if rows.delivery(at)["lease_until"] is not None}
        copies = sorted(
            replace(copy, before="", settles=0) if statuses[copy.delivery] in final else copy
            for copy in self.copies
            if statuses[copy.delivery] not in final or copy.state == "public"
        )
        return State(
            replace(rows, attempts=frozenset(one for one in self.rows.attempts if one[:2] in in_hand | moving)),
            hands,
            tuple(copies),
            frozenset(one for one in self.sent if one[:2] in in_hand),
        )


def _older(row: Row, seconds: int) -> Row:
    return tuple((name, value - seconds if name in TIMES and value is not None else value) for name, value in row)


TIMES = {"act_at", "due_at", "late_after", "lease_until", "paced_until"}


def _labels() -> Callable[[int | None], Any]:
    """Claims by the order in which they are met."""
    given: dict[int, int] = {}

    def label(claim: int | None) -> int | None:
        return None if claim is None else given.setdefault(claim, len(given) + 1)

    return label


def _about(seconds: int) -> int:
    return -(-seconds // GRID) * GRID if MOMENT < seconds <= NEAR else seconds


def _lease(seconds: int | None) -> int | None:
    return None if seconds is None else _about(seconds) if seconds > SHORT else -1


def _plain_channel(row: Row, label: Callable[[int | None], Any]) -> Row:
    values = dict(row)
    values["claim"] = label(values["claim"])
    values["lease_until"] = _lease(values["lease_until"])
    if values["paced_until"] is not None and values["paced_until"] <= 0:
        values["paced_until"] = None
    return tuple(values.items())


def _in_line(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Of what is due already only the order counts."""
    waiting = (Status.SCHEDULED, Status.CHECKING)
    due = sorted({dict(row)["act_at"] for row in rows if dict(row)["status"] in waiting and dict(row)["act_at"] <= 0})
    place = {act_at: at - len(due) for at, act_at in enumerate(due)}
    return tuple(
        tuple((n, place.get(v, v) if n == "act_at" and dict(row)["status"] in waiting else v) for n, v in row)
        for row in rows
    )


def _plain_delivery(row: Row, label: Callable[[int | None], Any], final: Collection[str]) -> Row:
    """The row of a delivery, also as a claim has read it: a part of it then."""
    values = dict(row)
    status = values["status"]
    if status in final:
        return tuple((name, value if name == "status" else None) for name, value in row)
    plain: dict[str, Any] = {
        "lease_until": _lease(values.get("lease_until")),
        "due_at": values["due_at"] if values["due_at"] > 0 else -LONG if values["due_at"] <= -LONG else -1,
        "act_at": _about(values.get("act_at", 0)),
        "late_after": values.get("late_after"),
    }
    plain["claim"] = label(values["claim"]) if plain["lease_until"] is not None else None
    if plain["late_after"] is not None:
        plain["late_after"] = IN_TIME if plain["late_after"] >= 0 else -1
    if status in AT_REST:
        plain.update(act_at=0, late_after=None, due_at=-1)
    elif status == Status.PUBLISHING:
        plain.update(act_at=0)
    return tuple((name, plain.get(name, value)) for name, value in row)
