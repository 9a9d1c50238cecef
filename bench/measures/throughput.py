"""Posts a second and CPU per post, beside a bare client that makes the same calls, and beside the contrasts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from statistics import median

from django.utils import timezone

from accounts.models import User
from bench import material
from bench.contrast import Contrast
from bench.figures import BARE, HOUSE, PER_POST, Figure, median_of, number
from bench.house import IN_FLIGHT, House, Process, wait_for
from bench.options import Options
from posts.models import Attempt, Channel, Delivery

CHANNELS = 64
RATIO_GOALS = {0.2: 0.95, 0.05: 0.85}
CPU_GOAL = 1.5  # times the bare client's
WORTH_TELLING = 0.5  # milliseconds of CPU in beat, per post
CPU_GOAL_PER_POST = 0.333  # of what one task per post takes


def measure(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    with House(options.place) as house:
        house.platform()
        house.broker()
        user = material.author()
        on = material.channels(user, CHANNELS, house.origin)
        worker = house.worker(profile=options.profile)
        house.beat()
        drain(house, worker, user, on, 1, 0.05)  # warm: imports, connections, statements
        for delay in options.delays:
            figures += at_delay(options, house, worker, user, on, delay)
        figures.append(Figure("CPU of the idle worker", idle(worker), " ms/s"))
        house.stop(worker, gently=20)  # else a profile would not be written
    return figures


def at_delay(
    options: Options, house: House, worker: Process, user: User, on: list[Channel], delay: float
) -> list[Figure]:
    bound = IN_FLIGHT / (2 * delay)
    reached = min(bound, 350)  # by the processor, whoever calls: a turn shall last about as long as was asked for
    each = max(round(options.seconds * reached / len(on)), 2)
    turns: dict[str, list[dict[str, float]]] = defaultdict(list)
    for turn in range(options.rounds):
        ours, rows = drain(house, worker, user, on, each, delay)
        turns[HOUSE].append(ours)
        turns[BARE].append(bare(house, rows, delay))
        options.say(_line(delay, HOUSE, ours) + ";  " + _line(delay, BARE, turns[BARE][-1]))
        for who in options.contrasts:
            if turn == 0 or who == PER_POST:
                with Contrast(house, who) as contrast:
                    turns[who].append(contrast.drain(len(rows) // 2, delay))
                options.say(_line(delay, who, turns[who][-1]))
    return figures_of(delay, turns)


def _line(delay: float, who: str, told: dict[str, float]) -> str:
    return f"{delay * 1000:.0f} ms, {who}: {told['rate']:.1f} posts/s, {told['cpu_ms']:.2f} ms CPU per post"


def figures_of(delay: float, turns: dict[str, list[dict[str, float]]]) -> list[Figure]:
    """The ratios are of neighbours: what else the machine did meanwhile, it did to both."""
    at = f"{delay * 1000:.0f} ms"
    ours, bares = turns[HOUSE], turns[BARE]
    rates = [a["rate"] / b["rate"] for a, b in zip(ours, bares, strict=True)]
    cpus = [a["cpu_ms"] / b["cpu_ms"] for a, b in zip(ours, bares, strict=True)]
    detail = {"turns": dict(turns), "delay": delay, "in_flight": IN_FLIGHT, "bound": IN_FLIGHT / (2 * delay)}
    figures = [
        median_of(
            f"posts/s ÷ bare client, {at}", rates, at_least=RATIO_GOALS.get(delay), more_is_better=True, detail=detail
        ),
        median_of(f"CPU per post ÷ bare client, {at}", cpus, at_most=CPU_GOAL),
    ]
    if per_post := turns.get(PER_POST):
        shares = [a["cpu_ms"] / b["cpu_ms"] for a, b in zip(ours, per_post, strict=True)]
        figures.append(median_of(f"CPU per post ÷ one Celery task per post, {at}", shares, at_most=CPU_GOAL_PER_POST))
    for who, told in turns.items():
        rate, cpu = [turn["rate"] for turn in told], [turn["cpu_ms"] for turn in told]
        figures.append(median_of(f"posts a second, {at}", rate, who=who, more_is_better=True))
        beat = median(turn.get("beat_cpu_ms", 0.0) for turn in told)
        note = f"+ {number(beat)} in beat" if beat >= WORTH_TELLING else ""
        figures.append(median_of(f"CPU per post, {at}", cpu, " ms", who=who, note=note))
    return figures


def drain(
    house: House, worker: Process, user: User, on: list[Channel], each: int, delay: float
) -> tuple[dict[str, float], list[Delivery]]:
    """``each`` posts on each channel, due at one instant, until the last outcome is written."""
    house.empty_log(delay)
    rows = material.deliveries(user, on, each)
    ours, due = material.all_due(rows)
    cpu = worker.cpu()
    assert house.wait_for_flips(len(rows), 300) == len(rows), "not every post became public"
    left = ours.exclude(status=Delivery.Status.PUBLISHED)
    wait_for(lambda: not left.exists(), 60, "every outcome is written", every=0.005)
    seconds = (timezone.now() - due).total_seconds()
    cpu = worker.cpu() - cpu
    log = house.log()
    assert Counter(title for title, _ in log["flips"]) == Counter(row.post.title for row in rows), "each once"
    assert Attempt.objects.filter(delivery__in=ours).count() == 2 * len(rows), "draft and flip are in the history"
    figures = {
        "rate": len(rows) / seconds,
        "cpu_ms": cpu / len(rows) * 1000,
        "first_call_ms": (log["first"] - due.timestamp()) * 1000,
        "after_last_answer_ms": (due.timestamp() + seconds - log["last"]) * 1000,
    }
    return figures, rows


def bare(house: House, rows: list[Delivery], delay: float) -> dict[str, float]:
    """The bare client, with the very bodies that the house has sent for these rows."""
    path = house.place / "bodies.json"
    material.write_bodies(rows, path)
    house.empty_log(delay)
    command = [sys.executable, "-m", "bench.bare", house.origin, str(IN_FLIGHT), str(path)]
    out = subprocess.run(command, env=house.env, cwd=house.root, capture_output=True, check=True, text=True)
    told: dict[str, float] = json.loads(out.stdout)
    assert house.flips_answered() == len(rows)
    return {"rate": len(rows) / told["seconds"], "cpu_ms": told["cpu"] / len(rows) * 1000}


def idle(worker: Process, seconds: float = 3.0) -> float:
    """Milliseconds of CPU a second while nothing is due. They are not subtracted anywhere."""
    cpu = worker.cpu()
    time.sleep(seconds)
    return (worker.cpu() - cpu) / seconds * 1000
