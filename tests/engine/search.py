"""Every way that two workers, two posts and a platform can go, with a fault or a crash at any step of it.

From each state every next step is taken: the engine's own verbs, run on the real database; every answer of the
platform; a worker's end, also in the midst of a verb (at its failpoints); a frozen worker; a person's wish. States that
have been seen are not looked at again; of two workers the one with less in hand is called 0. A step that costs nothing
is the ordinary course; whatever goes wrong costs one, and so does a person's wish: a path has up to ``faults`` of them.

On every state the promises are checked. And since a state's whole ordinary future is explored as well, every state's
way to an end is: where nothing ordinary can happen any more, every delivery has ended, or waits for a named reason.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from posts import connecting
from posts.engine import failpoints, ledger, publishing
from posts.engine.trips import Result, Trip, fence_from, take
from posts.models import Attempt, Channel, Delivery
from posts.planning import scheduling
from posts.planning.moments import moment_at
from publishers.base import TwoStep
from tests.engine.database import Database, Done
from tests.engine.platforms import Answer, Glimpsed, Model, Street
from tests.engine.state import AT_REST, ENDED, LONG, Held, Rows, State

Status = Delivery.Status
Step = Attempt.Step
WORKERS = 2
WRITES = (Step.CREATE, Step.FLIP, Step.PUBLISH, Step.UPDATE, Step.UNPUBLISH)
VISIBLE = (Step.FLIP, Step.PUBLISH, Step.UPDATE, Step.UNPUBLISH)


@dataclass(frozen=True)
class Move:
    """One step from a state: what happened, what it costs, where it leads; what is wrong about the step itself."""

    words: str
    cost: int
    to: State  # plain
    wrong: str = ""


class Search:
    """``persons``: also people decide, close, change and remove. ``faults``: how much may go wrong on one path."""

    def __init__(self, kind: type[Model], database: Database, street: Street, *, faults: int, persons: bool) -> None:
        self.kind = kind
        self.database = database
        self.street = street
        self.faults = faults
        self.persons = persons
        self.final = ENDED if persons else AT_REST
        self.least: dict[State, int] = {}  # the faults on the way to it
        self.came_from: dict[State, tuple[State, str]] = {}
        self.ordinary: dict[State, list[State]] = {}
        self.edges = 0

    # --- the search ---------------------------------------------------------------------------------------------------

    def run(self) -> str:
        """Explore everything; the numbers in a line. Raises AssertionError with the way to what is wrong."""
        rows, _ = self.database.read()
        start = State(rows, ((),) * WORKERS, self.street.copies).plain(self.final)
        self.least[start] = 0
        waiting = deque([start])
        done: set[State] = set()
        while waiting:
            state = waiting.popleft()
            if state in done:
                continue
            done.add(state)
            used = self.least[state]
            self.ordinary[state] = []
            for move in self.moves(state, used < self.faults):
                self.edges += 1
                to = move.to
                assert not move.wrong, self.story(state, move.words, move.wrong)
                if move.cost == 0 and to != state:
                    self.ordinary[state].append(to)
                if used + move.cost >= self.least.get(to, self.faults + 1):
                    continue
                if to not in self.least and (wrong := self.wrong_with(to)):
                    raise AssertionError(self.story(state, move.words, wrong))
                self.least[to] = used + move.cost
                self.came_from[to] = (state, move.words)
                (waiting.append if move.cost else waiting.appendleft)(to)
        self.assert_every_way_ends()
        ends = sum(not following for following in self.ordinary.values())
        return (
            f"{len(done)} states, {self.edges} steps, {ends} ends, {self.database.runs} runs of the real verbs, "
            f"up to {self.faults} faults"
        )

    def assert_every_way_ends(self) -> None:
        """Nothing ordinary goes round in circles, and where it comes to rest every delivery may rest."""
        seen: dict[State, bool] = {}  # False while we are beneath it
        for root in self.ordinary:
            if root in seen:
                continue
            path: list[tuple[State, Iterator[State]]] = [(root, iter(self.ordinary[root]))]
            seen[root] = False
            while path:
                state, following = path[-1]
                if not self.ordinary[state]:
                    wrong = self.wrong_at_the_end(state)
                    assert not wrong, self.story(state, "…and nothing ordinary can happen any more", wrong)
                to = next(following, None)
                if to is None:
                    seen[state] = True
                    path.pop()
                elif to not in seen:
                    seen[to] = False
                    path.append((to, iter(self.ordinary[to])))
                else:
                    assert seen[to], self.story(to, "…and so on", "it goes round in circles for ever")

    def story(self, state: State, words: str, wrong: str) -> str:
        """How it came to this, step by step."""
        steps = [words]
        at = state
        while at in self.came_from:
            at, before = self.came_from[at]
            steps.append(before)
        lines = [f"{number:>3}. {step}" for number, step in enumerate(reversed(steps), 1)]
        return "\n".join([f"{self.kind.label}: {wrong}", *lines, *map(str, self._faces(state))])

    def _faces(self, state: State) -> Iterator[str]:
        for at in range(len(state.rows.deliveries)):
            yield f"delivery {at}: {state.rows.delivery(at)}"
        for at, channel in enumerate(state.rows.channels):
            yield f"channel {at}: {dict(channel)}"
        for worker, hand in enumerate(state.hands):
            yield f"worker {worker}: {[held.order() for held in hand]}"
        yield f"on the platform: {state.copies}"

    # --- what is promised ---------------------------------------------------------------------------------------------

    def public(self, state: State, delivery: int) -> int:
        return sum(copy.state == "public" for copy in state.copies if copy.delivery == delivery)

    def wrong_with(self, state: State) -> str:
        publishing_on: Counter[int] = Counter()
        for at in range(len(state.rows.deliveries)):
            row = state.rows.delivery(at)
            status, public = row["status"], self.public(state, at)
            if public > 1:
                return f"delivery {at} is public {public} times"
            if status == Status.PUBLISHED and not public:
                return f"delivery {at} is PUBLISHED and not there"
            if status in (Status.FAILED, Status.MISSED, Status.CANCELLED) and public:
                return f"delivery {at} is {status} and public"
            if status == Status.SCHEDULED and public and not row["doubtful"] and not row["remote_id"]:
                return f"delivery {at} is public and to be sent again"
            publishing_on[min(at, len(state.rows.channels) - 1)] += status == Status.PUBLISHING
        if max(publishing_on.values()) > 1:
            return "two deliveries are under way on one channel"
        live = Counter(min(held.delivery, len(state.rows.channels) - 1) for held in state.held() if not held.is_late)
        if not self.persons and max(live.values(), default=0) > 1:  # new credentials give a channel free at once
            return "two calls are under way on one channel"
        return ""

    def wrong_at_the_end(self, state: State) -> str:
        if any(state.held()):
            return "a worker holds something for ever"
        for at in range(len(state.rows.deliveries)):
            status = state.rows.delivery(at)["status"]
            held_up = state.rows.channel_of(at)["status"] in (Channel.Status.CLOSED, Channel.Status.PAUSED)
            if status in (Status.WAITING, Status.PUBLISHING):
                return f"delivery {at} is {status} for ever"
            if status in (Status.SCHEDULED, Status.CHECKING) and not held_up:
                return f"delivery {at} is {status} for ever, and its channel is open"
        return ""

    # --- every next step ----------------------------------------------------------------------------------------------

    def moves(self, state: State, more_faults: bool) -> Iterator[Move]:
        ready = [held for held in state.held() if not held.is_late and not held.ready]
        # What is done on one channel has nothing to do with the other. With two of them one order of it is enough:
        # everything is claimed, then everything is called, then everything is written.
        calling = self.in_order(state) and any(held.came_back_with or held.step == Step.FLIP for held in ready)
        to_do = [] if calling else list(self.to_do(state, more_faults))
        yield from to_do
        in_turn = min(ready, key=lambda held: len(held.came_back_with), default=None) if calling or not to_do else None
        for worker in self.unlike(state):
            for held in state.hands[worker]:
                late = held.is_late and len(state.hands[worker]) == 1 and not calling
                if not self.in_order(state) or held is in_turn or late:
                    yield from self.of_hand(state, worker, held, more_faults)
            yield from self.of_worker(state, worker, more_faults)
        if not (to_do or ready) and (soon := self.next_moment(state)):
            yield Move(f"{soon} seconds pass", 0, state.after(soon).plain(self.final))
        if more_faults:
            yield from self.standstills(state)
            if self.persons:
                yield from self.wishes(state)

    def in_order(self, state: State) -> bool:
        return len(state.rows.channels) > 1

    def unlike(self, state: State) -> list[int]:
        """The workers; of two that have the same in hand only one."""
        return [at for at in range(WORKERS) if not at or state.hands[at] != state.hands[at - 1]]

    def to_do(self, state: State, more_faults: bool) -> Iterator[Move]:
        """What a look finds to do, and the watches of a worker."""
        for worker in self.unlike(state):
            for limit in range(1, len(state.rows.channels) + 1):
                yield from self.claims(state, worker, limit, more_faults)
        yield from self.rescues(state, more_faults)
        yield from self.checks(state)

    def standstills(self, state: State) -> Iterator[Move]:
        """Nobody does anything for a while: the workers are frozen with what they have in hand, or there are none."""
        living = [held for held in state.held() if not held.is_late]
        hands = [hand for hand in state.hands if any(not held.is_late for held in hand)]
        # With two channels only where it is another thing than with one: two outcomes are written together.
        if living and (not self.in_order(state) or (len(hands) == 1 and all(held.came_back_with for held in living))):
            frozen = max(held.fence for held in living) + 1
            yield Move(f"the workers are frozen for {frozen} seconds", 1, state.after(frozen).plain(self.final))
        if not any(state.held()):
            yield Move("two days pass, and no worker is there", 1, state.after(LONG).plain(self.final))

    def next_moment(self, state: State) -> int:
        """Seconds until something can happen by itself; 0 for never."""
        moments = [held.ready for held in state.held()]
        for at in range(len(state.rows.deliveries)):
            row, channel = state.rows.delivery(at), state.rows.channel_of(at)
            moments.append(row["lease_until"] or 0)
            if row["status"] in (Status.SCHEDULED, Status.CHECKING) and channel["status"] == Channel.Status.OPEN:
                moments += [row["act_at"], channel["paced_until"] or 0, channel["lease_until"] or 0]
        return min((moment for moment in moments if moment > 0), default=0)

    def verb(self, state: State, what: tuple[Any, ...], verb: Callable[[], Iterable[Trip]], die: str = "") -> Done:
        return self.database.run(state.rows, what, verb, die)

    def after(self, state: State, done: Done, worker: int = 0, hand: tuple[Held, ...] | None = None) -> State:
        """The state after a verb of a worker, who has ``hand`` then (None: what it had) and the trips that follow."""
        hands = list(state.hands)
        if hand is not None:
            hands[worker] = hand
        older = [
            tuple(replace(held, number=held.number - done.renumbered[held.delivery]) for held in hand) for hand in hands
        ]
        older[worker] += done.trips
        sent = frozenset((at, number - done.renumbered[at], step) for at, number, step in state.sent)
        return State(done.rows, tuple(older), state.copies, sent).plain(self.final)

    def claims(self, state: State, worker: int, limit: int, more_faults: bool) -> Iterator[Move]:
        def claim() -> list[Trip]:
            return publishing.claim(self.database.now, limit)

        who = f"worker {worker} claims up to {limit}"
        done = self.verb(state, ("claim", limit), claim)
        to = self.after(state, done, worker)
        if to == state and not done.broken:
            return
        yield Move(who, 0, to, done.broken)
        if more_faults:
            died = self.verb(state, ("claim", limit), claim, failpoints.CLAIMED)
            if died.died:
                yield Move(f"{who} and dies", 1, self.after(state, died, worker, ()))

    def of_hand(self, state: State, worker: int, held: Held, more_faults: bool) -> Iterator[Move]:
        """What a worker may do with one of the things that it holds."""
        rest = tuple(one for one in state.hands[worker] if one is not held)
        if held.came_back_with:
            yield from self.records(state, worker, (held,), rest, more_faults)
            return
        if not held.ready:
            for answer, cost in self.answers(state, held):
                if cost == 0 or more_faults:
                    yield self.call(state, worker, held, rest, answer, cost)
        if more_faults:
            yield from self.gives_back(state, worker, held, rest)

    def of_worker(self, state: State, worker: int, more_faults: bool) -> Iterator[Move]:
        """What it does with everything that it holds."""
        hand = state.hands[worker]
        if hand and more_faults:
            yield Move(f"worker {worker} dies", 1, state.with_hand(worker, ()).plain(self.final))
        results = tuple(held for held in hand if held.came_back_with)
        if len(results) > 1:
            rest = tuple(held for held in hand if not held.came_back_with)
            yield from self.records(state, worker, results, rest, more_faults)

    def answers(self, state: State, held: Held) -> Iterator[tuple[Answer, int]]:
        """What the platform may answer, and what of it is out of the ordinary."""
        yield Answer.OK, 0
        if held.is_late:
            return  # nothing is sent
        if held.step == Step.LOOK:
            if any(copy.settles for copy in state.copies if copy.delivery == held.delivery):
                yield Answer.STALE, 0
            if self.kind is Glimpsed and self.public(state, held.delivery):
                yield Answer.UNSEEN, 0
            yield from ((Answer.AWAY, 1), (Answer.UNAUTHORIZED, 1))
            return
        for answer in (Answer.STORED_UNHEARD, Answer.LOST, Answer.REFUSED, Answer.WAIT, Answer.AWAY):
            yield answer, 1
        yield Answer.UNAUTHORIZED, 1
        if issubclass(self.kind, TwoStep):
            yield Answer.DUPLICATE, 1
        if held.step in (Step.FLIP, Step.UPDATE, Step.UNPUBLISH):
            yield Answer.DELETED, 1

    def call(self, state: State, worker: int, held: Held, rest: tuple[Held, ...], answer: Answer, cost: int) -> Move:
        """The real trip to the platform, which answers as it is told."""
        self.street.copies, self.street.answer, self.street.reached = state.copies, answer, False
        result = take(self.database.trip(held), self.database.now)
        sending = (held.delivery, held.number, held.step)
        wrong = ""
        sent = state.sent
        if self.street.reached and held.step in WRITES:
            if sending in sent:
                wrong = f"delivery {held.delivery} is sent twice under one attempt number"
            if held.step in VISIBLE and (state.rows.delivery(held.delivery)["due_at"] or 0) > 0:
                wrong = f"delivery {held.delivery} is made public before its time"
            sent |= {sending}
        back = replace(held, came_back_with=told(result), result=result)
        words = f"worker {worker}: {held.step} of delivery {held.delivery}: {answer}"
        to = replace(state.with_hand(worker, (*rest, back)), copies=self.street.copies, sent=sent)
        return Move(words, cost, to.plain(self.final), wrong)

    def records(
        self, state: State, worker: int, results: tuple[Held, ...], rest: tuple[Held, ...], more_faults: bool
    ) -> Iterator[Move]:
        """The ledger, and what the drain does with the trips that follow: near ones are held, far ones put back."""

        def record() -> list[Trip]:
            real = [self.database.result(held) for held in results]
            following = record_all(real, self.database.now)
            return [trip for trip in following if not self.put_back_for_its_pace(trip)]

        what = ("record", tuple((held.order(), held.claim, held.account, held.revision, held.row) for held in results))
        who = f"worker {worker} records " + ", ".join(f"{held.step} of delivery {held.delivery}" for held in results)
        done = self.verb(state, what, record)
        again = any((held.delivery, held.number, held.step) in state.rows.attempts for held in results)
        wrong = "" if again else done.broken  # the second time, the database refuses it: then it is looked up
        yield Move(who, 0, self.after(state, done, worker, rest), wrong or self.untold(state.rows, done))
        if not more_faults:
            return
        unheard = self.after(state, replace(done, trips=()), worker)
        yield Move(f"{who}, and does not hear that it is written", 1, unheard)
        died = self.verb(state, what, record, failpoints.RECORDING)  # after the commit it is a worker's ordinary death
        if died.died:
            yield Move(f"{who} and dies when {failpoints.RECORDING}", 1, self.after(state, died, worker, ()))

    def put_back_for_its_pace(self, trip: Trip) -> bool:
        if trip.ready_at - self.database.now <= publishing.HOLD:
            return False
        ledger.put_back(trip, trip.ready_at, paced=True)
        return True

    def gives_back(self, state: State, worker: int, held: Held, rest: tuple[Held, ...]) -> Iterator[Move]:
        """The worker shuts down in peace."""

        def put_back() -> list[Trip]:
            ledger.put_back(self.database.trip(held), self.database.now)
            return []

        done = self.verb(state, ("put back", held.order(), held.claim), put_back)
        words = f"worker {worker} stops and puts delivery {held.delivery} back"
        yield Move(words, 1, self.after(state, done, worker, rest), done.broken)

    def rescues(self, state: State, more_faults: bool) -> Iterator[Move]:
        def rescue() -> list[Trip]:
            publishing.rescue(lambda: self.database.now)
            return []

        done = self.verb(state, ("rescue",), rescue)
        to = self.after(state, done)
        if to == state:
            return
        wrong = self.untold(state.rows, done) or self.robbed(state, done)
        yield Move("the night-watch", 0, to, done.broken or wrong)
        if not more_faults:
            return
        for point in (failpoints.ABANDONED, failpoints.RESCUED):
            for nth in (1, 2):
                died = self.verb(state, ("rescue",), rescue, f"{point}:{nth}")
                if died.died:
                    yield Move(f"the night-watch dies when {point} ({nth})", 1, self.after(state, died))

    def robbed(self, state: State, done: Done) -> str:
        """The night-watch leaves the living alone, unless their channel was removed."""
        for held in state.held():
            before, after = state.rows.delivery(held.delivery), done.rows.delivery(held.delivery)
            is_there = state.rows.channel_of(held.delivery)["status"] != Channel.Status.REMOVED
            if is_there and not held.is_late and not held.number and before["lease_until"] and not after["lease_until"]:
                return f"delivery {held.delivery} was taken from living hands"
        return ""

    def untold(self, before: Rows, done: Done) -> str:
        """Who must decide is told: in the same transaction."""
        for at, pk in enumerate(self.database.deliveries):
            old, new = before.delivery(at)["status"], done.rows.delivery(at)["status"]
            decide = new != old and new in (Status.FAILED, Status.UNCERTAIN)
            if decide and f"delivery:{pk}:{new}" not in done.mails:
                return f"delivery {at} is {new}, and nobody is told"
        return ""

    # --- what people do -----------------------------------------------------------------------------------------------

    def checks(self, state: State) -> Iterator[Move]:
        """A worker proves the credentials of a channel that waits for it."""
        for at, pk in enumerate(self.database.channels):
            if dict(state.rows.channels[at])["status"] == Channel.Status.CHECKING:
                yield from self.wish(state, 0, f"channel {at} is checked", partial(self._verify, pk))

    def _verify(self, pk: int) -> None:
        self.street.answer = Answer.OK
        connecting.verify(pk, lambda: self.database.now)

    def wishes(self, state: State) -> Iterator[Move]:
        for at, pk in enumerate(self.database.deliveries):
            status, public = state.rows.delivery(at)["status"], bool(self.public(state, at))
            for name in self.offered(status, public):
                yield from self.wish(state, 1, f"Ada: {name} delivery {at}", partial(self._decide, name, pk))
        for at, pk in enumerate(self.database.channels):
            for name in ("pause", "resume", "reconnect", "give another account to", "remove"):
                yield from self.wish(state, 1, f"Ada: {name} channel {at}", partial(self._change, name, pk))

    def wish(self, state: State, cost: int, words: str, verb: Callable[[], None]) -> Iterator[Move]:
        def run() -> list[Trip]:
            verb()
            return []

        done = self.verb(state, (words,), run)
        to = self.after(state, done)
        if to != state:
            yield Move(words, cost, to, done.broken)

    def offered(self, status: str, public: bool) -> tuple[str, ...]:
        """What a person may decide. Who says that it is there, or that it is not, has looked."""
        if status == Status.UNCERTAIN:
            return ("confirm",) if public else ("send again", "cancel")
        return ("cancel", "publish now", "reschedule")

    def _decide(self, name: str, pk: int) -> None:
        delivery = Delivery.objects.select_related("post__workspace", "post__author", "channel").get(pk=pk)
        now = self.database.now
        match name:
            case "cancel":
                scheduling.cancel(delivery)
            case "publish now":
                scheduling.publish_now(delivery, moment_at(now, UTC))
            case "reschedule":
                scheduling.reschedule(delivery, moment_at(now + timedelta(minutes=10), UTC), now)
            case "send again":
                scheduling.send_again(delivery, moment_at(now, UTC))
            case "confirm":
                scheduling.confirm(delivery, "https://example.com/seen", now)

    def _change(self, name: str, pk: int) -> None:
        channel = Channel.objects.get(pk=pk)
        match name:
            case "pause":
                connecting.pause(channel)
            case "resume":
                connecting.resume(channel, self.database.now)
            case "reconnect":
                connecting.reconnect(channel, channel.name, {}, channel.settings)
            case "give another account to":
                other = "b" if channel.credentials["account"] == "a" else "a"
                connecting.reconnect(channel, channel.name, {"account": other}, channel.settings)
            case "remove":
                connecting.disconnect(channel)


class ChangesOnly(Search):
    """What was published before is brought up to date, taken back, or both: deliveries that follow the first one."""

    def wrong_with(self, state: State) -> str:
        """Never is anything created, and who is told that it is done can rely on it."""
        if len(state.copies) > 1:
            return "there is a second one"
        statuses = [state.rows.delivery(at)["status"] for at in range(len(state.rows.deliveries))]
        if statuses.count(Status.PUBLISHING) > 1:
            return "two deliveries are under way on one channel"
        actions = [Delivery.objects.get(pk=pk).action for pk in self.database.deliveries]
        done = {action for action, status in zip(actions[1:], statuses[1:], strict=True) if status == Status.PUBLISHED}
        for copy in state.copies:
            if Delivery.Action.UNPUBLISH in done and copy.state == "public":
                return "it was taken back, and is public"
            if Delivery.Action.UPDATE in done and copy.text != "new":
                return "it was brought up to date, and has the old text"
        if (statuses[0] == Status.CANCELLED) != (Delivery.Action.UNPUBLISH in done):
            return f"the publication is {statuses[0]}"
        return ""

    def public(self, state: State, delivery: int) -> int:
        return 0  # so that a person says of what is uncertain that it is to be done again, or dropped


def told(result: Result) -> tuple[Any, ...]:
    """What a trip came back with, to compare."""
    if result.error is not None:
        return (type(result.error).__name__, getattr(result.error, "retry_after", None))
    value = result.value
    return ("value", value.id, str(getattr(value, "visibility", "picture"))) if value else ("nothing",)


def record_all(results: list[Result], now: datetime) -> list[Trip]:
    if len(results) > 1:
        return ledger.record_all(results, now, fence_from(time.monotonic()))
    return [trip for trip in [ledger.record(results[0], now)] if trip]
