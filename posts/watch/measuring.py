"""Verbs: the numbers that /metrics tells, read from the database whenever they are asked for.

What is now (due, overdue, waiting) is counted in small indexes. What was (attempts, lateness) must only ever grow, also
when rows are deleted and processes end: a worker adds what is new among the attempts to a small table of tallies. So
any web process can answer, nothing is kept in memory, and a million deliveries cost no more than a thousand.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from accounts.models import Mail
from posts.models import Attempt, Channel, Delivery, Outage, Tally, Turn
from posts.models.literals import literals
from posts.models.turn import NEVER
from posts.watch import judging, watching
from publishers import PUBLISHERS

TURN = "tally"
TALLY_EVERY = timedelta(seconds=5)
SETTLED = timedelta(seconds=10)  # an attempt of an open transaction may have a smaller number than one that is seen
AT_ONCE = 2_000  # attempts in one transaction

# Upper bounds in seconds. Never changed, only added to: what was counted is not counted again.
LATENESS = (0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
CALLS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
BEYOND = "+Inf"
SUM = "sum"

Of = Tally.Of
Status = Delivery.Status
Step = Attempt.Step
# Of these the last one of a published delivery is the one that published it, or found it published.
PUBLISHING = (Step.CREATE, Step.FLIP, Step.PUBLISH, Step.LOOK)
IN_HAND = (Status.PUBLISHING, Status.CHECKING)


# --- what was: tallied by a worker -----------------------------------------------------------------------------------


def tally(now: datetime) -> int:
    """Add what is new among the attempts; how many that was. One of all workers does, every few seconds."""
    if not Turn.objects.filter(name=TURN).exists():
        # Counting begins with what comes: whoever switches it on late does not look through years of attempts.
        newest = Attempt.objects.aggregate(newest=Max("pk"))["newest"] or 0
        Turn.objects.get_or_create(name=TURN, defaults={"taken_at": NEVER, "reached": newest})
    if not Turn.objects.take(TURN, now, TALLY_EVERY):
        return 0
    counted = 0
    while added := _tally_some(now):
        counted += added
    return counted


def _tally_some(now: datetime) -> int:
    new_ones = Attempt.objects.filter(pk__gt=Turn.objects.get(name=TURN).reached).order_by("pk")
    eldest = new_ones.values_list("created_at", flat=True).first()
    if eldest is None or eldest > now - SETTLED:  # outside of a transaction: it would take SQLite's writing lock
        return 0
    with transaction.atomic():
        turn = Turn.objects.select_for_update().get(name=TURN)
        new = _new_attempts(turn.reached, now)
        if not new:  # somebody else was quicker
            return 0
        _add(_sums(new))
        turn.reached = new[-1].pk
        turn.save(update_fields=["reached"])
    return len(new)


def _new_attempts(after: int, now: datetime) -> list[Attempt]:
    """In the order of their numbers, up to the first that is too young to have all of its elders beside it."""
    later = Attempt.objects.filter(delivery=OuterRef("delivery"), pk__gt=OuterRef("pk"), step__in=PUBLISHING)
    rows = (
        Attempt.objects.filter(pk__gt=after)
        .annotate(is_last=~Exists(later))
        .select_related("delivery", "delivery__channel")
        .only(
            "step", "outcome", "seconds", "created_at", "delivery__status", "delivery__due_at",
            "delivery__published_at", "delivery__channel__platform",
        )
        .order_by("pk")[:AT_ONCE]
    )  # fmt: skip
    settled: list[Attempt] = []
    for attempt in rows:
        if attempt.created_at > now - SETTLED:
            break
        settled.append(attempt)
    return settled


def _sums(attempts: list[Attempt]) -> Counter[tuple[str, str, str]]:
    """What to add, by kind, platform and detail."""
    sums: Counter[tuple[str, str, str]] = Counter()

    def observe(of: str, platform: str, bounds: tuple[float, ...], seconds: float) -> None:
        place = bisect_left(bounds, seconds)
        sums[of, platform, f"{bounds[place]:g}" if place < len(bounds) else BEYOND] += 1
        sums[of, platform, SUM] += seconds  # type: ignore[assignment]  # a Counter counts anything that adds up

    for attempt in attempts:
        delivery, platform = attempt.delivery, attempt.delivery.channel.platform
        sums[Of.ATTEMPTS, platform, f"{attempt.step} {attempt.outcome}"] += 1
        if attempt.step != Step.UNKNOWN:
            observe(Of.CALLS, platform, CALLS, attempt.seconds)
        is_last = attempt.step in PUBLISHING and getattr(attempt, "is_last", False)
        if is_last and delivery.status == Status.PUBLISHED and delivery.published_at:
            late = (delivery.published_at - delivery.due_at).total_seconds()
            observe(Of.LATENESS, platform, LATENESS, max(late, 0))
    return sums


def _add(sums: Counter[tuple[str, str, str]]) -> None:
    """Nobody else adds meanwhile: the turn is locked."""
    there = {(row.of, row.platform, row.detail): row for row in Tally.objects.all()}
    for (of, platform, detail), value in sums.items():
        row = there.get((of, platform, detail)) or Tally(of=of, platform=platform, detail=detail)
        row.value += value
        row.save()


# --- what is, and what was, as Prometheus wants it -------------------------------------------------------------------


def measure(now: datetime) -> list[Metric]:
    """Every family of /metrics that the database knows. Raises DatabaseError."""
    return [*_deliveries(now), *_house(now), *_tallied()]


def _gauge(name: str, told: str, labels: list[str], values: Mapping[Any, float]) -> GaugeMetricFamily:
    """``values`` by the tuple of what the labels say."""
    family = GaugeMetricFamily(f"blogscheduler_{name}", told, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _deliveries(now: datetime) -> Iterator[Metric]:
    waited = f"Could have been taken {judging.OVERDUE_AFTER.seconds} seconds ago, and were not."
    yield _gauge("deliveries_due", "Could be taken by a worker now.", ["platform"], _by_platform(judging.queues(now)))
    overdue = judging.queues(now, now - judging.OVERDUE_AFTER)
    yield _gauge("deliveries_overdue", waited, ["platform"], _by_platform(overdue))
    since = judging.waits_since(now)
    yield _gauge(
        "oldest_due_seconds", "For how long the oldest of these could have been taken.", [],
        {(): max((now - since).total_seconds(), 0) if since else 0},
    )  # fmt: skip
    states = _by_state(IN_HAND) | _by_state(Status.needs_a_person())
    yield _gauge("deliveries", "In a state that passes, or that waits for a person.", ["status"], states)


def _by_state(states: Sequence[Status]) -> dict[tuple[str], int]:
    """Those of one index, so that the others are not looked through."""
    rows = Delivery.objects.filter(status__in=literals(states)).order_by()
    numbers = rows.values("status").annotate(number=Count("pk"))
    return {(state.value,): 0 for state in states} | {
        (state,): number for state, number in numbers.values_list("status", "number")
    }


def _by_platform(queues: list[judging.Queue]) -> dict[tuple[str], int]:
    """Also the platforms that have none: a series that is missing cannot be told from one that is broken."""
    numbers = {(platform,): 0 for platform in PUBLISHERS}
    for queue in queues:
        numbers[queue.platform,] = numbers.get((queue.platform,), 0) + queue.number
    return numbers


def _house(now: datetime) -> Iterator[Metric]:
    channels = Channel.objects.exclude(status=Channel.Status.REMOVED).order_by().values("platform", "status")
    yield _gauge(
        "channels", "Connected channels.", ["platform", "status"],
        {(row["platform"], row["status"]): row["number"] for row in channels.annotate(number=Count("pk"))},
    )  # fmt: skip
    waiting = Mail.objects.filter(status__in=literals([Mail.Status.QUEUED, Mail.Status.SENDING]))
    mails = waiting.aggregate(number=Count("pk"), first=Min("created_at"))
    yield _gauge("mails_waiting", "Mails that wait to be sent.", [], {(): mails["number"]})
    yield _gauge(
        "oldest_mail_seconds", "For how long the oldest of these has waited.", [],
        {(): max((now - mails["first"]).total_seconds(), 0) if mails["first"] else 0},
    )  # fmt: skip
    yield _gauge(
        "heartbeat_age_seconds", "Since the last sign of life of any worker or beat.", ["kind"],
        {
            (kind.value,): (now - last).total_seconds() if last else float("inf")
            for kind, last in watching.last_signs().items()
        },
    )  # fmt: skip
    yield _gauge("migrations_unapplied", "Migrations that the database lacks.", [], {(): len(judging.unapplied())})
    outage = Outage.objects.filter(is_over=False).aggregate(first=Min("since"))["first"]
    yield _gauge(
        "outage_seconds", "For how long nothing could be published; 0 while there is no outage.", [],
        {(): max((now - outage).total_seconds(), 0) if outage else 0},
    )  # fmt: skip


def _tallied() -> Iterator[Metric]:
    rows: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for of, platform, detail, value in Tally.objects.values_list("of", "platform", "detail", "value"):
        rows[of][platform][detail] = value
    attempts = CounterMetricFamily(
        "blogscheduler_attempts", "Steps of publishing, by what came of them.", labels=["platform", "step", "outcome"]
    )
    for platform, details in sorted(rows[Of.ATTEMPTS].items()):
        for detail, value in sorted(details.items()):
            attempts.add_metric([platform, *detail.split()], value)
    yield attempts
    yield _histogram("lateness_seconds", "How long after its time a post was public.", rows[Of.LATENESS], LATENESS)
    yield _histogram("call_seconds", "How long a call at a platform took.", rows[Of.CALLS], CALLS)


def _histogram(
    name: str, told: str, by_platform: dict[str, dict[str, float]], bounds: tuple[float, ...]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"blogscheduler_{name}", told, labels=["platform"])
    names = [*(f"{bound:g}" for bound in bounds), BEYOND]
    for platform, details in sorted(by_platform.items()):
        numbers = accumulate(details.get(bound, 0) for bound in names)
        family.add_metric([platform], list(zip(names, numbers, strict=True)), details.get(SUM, 0))
    return family
