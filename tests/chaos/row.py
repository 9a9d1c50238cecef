"""One row of the table, in a process of its own: start all, let posts flow in, break it, heal it, wait, judge."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
import traceback
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import Mail
from posts.models import Attempt, Delivery
from tests.chaos import oracle
from tests.chaos.clock import Clock
from tests.chaos.databases import KINDS
from tests.chaos.faults import BY_NAME, FAULTS, LANES, MIXED, Fault
from tests.chaos.network import Proxy
from tests.chaos.people import Author, patiently
from tests.chaos.stage import Order, Platforms, Stage

PAUSE = (0.03, 0.25)  # seconds that a platform takes to answer
CALM = 2.0  # how much longer the peace lasts when all faults are mixed: else nothing would be left to break
PATIENCE = 240.0  # seconds for the end, of true time


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    connection.settings_dict["OPTIONS"].pop("pool", None)  # whoever writes is back as soon as the database is
    (Path(order.place) / "result.json").write_text(json.dumps(play(order), ensure_ascii=False, indent=1))


def play(order: Order) -> dict[str, Any]:
    place = Path(order.place)
    begin = time.time()
    database = KINDS[order.database](place / "disk" / "database", order.ports[0])
    clock = Clock(place / "clock")
    database.start()
    times = order.times
    platforms = Platforms(order.ports[1], place / "logs" / "platforms.log")
    proxy = Proxy(
        order.ports[2], order.ports[1], f"{order.seed} proxy",
        belated=times.deadline + times.lag * 0.8, silent=times.deadline * 3,
    )  # fmt: skip
    stage = Stage(place, database, platforms, proxy, clock, times)
    stage.old_code = Path(order.old_code) if order.old_code else None
    try:
        author = _let_happen(stage, order)
        stage.close()
        return _result(stage, order, author, clock.true() - begin)
    finally:
        (place / "logs" / "story.log").write_text("\n".join(f"{at - begin:8.2f} {words}" for at, words in stage.log))
        stage.close()
        proxy.stop()
        connection.close()
        database.stop()
        platforms.stop()


def _let_happen(stage: Stage, order: Order) -> Author:
    # With an hour of grace, an hour's step of the clock makes everything too late that is not early: seen alone.
    grace = timedelta(days=1) if order.fault == MIXED else settings.DEFAULT_GRACE
    author = Author(stage, f"{order.seed} author", order.seconds * order.posts_per_second, grace)
    stage.open()
    stage.await_workers(2)
    stage.note("everything is ready")
    stage.proxy.pause = PAUSE
    lanes = _lanes(stage, order)
    for lane in lanes:
        lane.start()
    author.write(order.seconds, order.posts_per_second)
    stage.over.set()
    for lane in lanes:
        lane.join(120)
        assert not lane.is_alive(), "a fault is not healed"
    stage.note("everything is healed")
    author.await_the_end(PATIENCE)
    stage.note("the end")
    if stage.trouble:
        raise RuntimeError(f"The harness itself failed:\n{stage.trouble}")
    return author


def _lanes(stage: Stage, order: Order) -> list[threading.Thread]:
    """Alone, a fault has the whole row; when all are mixed, those of one lane take turns."""
    if order.fault != MIXED:
        longest, calm = order.seconds, 1.0
        chosen = [[BY_NAME[order.fault]]]
    else:
        longest, calm = max(order.seconds / 3, stage.times.lease + 1), CALM
        fitting = [one for one in FAULTS if one.mixes and order.database in one.databases]
        fitting = [one for one in fitting if one.name not in order.without]
        chosen = [[one for one in fitting if one.lane == lane] for lane in LANES]
    return [
        threading.Thread(
            target=_strike, args=(stage, faults, longest, calm, random.Random(f"{order.seed} lane {number}"))
        )
        for number, faults in enumerate(chosen)
        if faults
    ]


def _strike(stage: Stage, kinds: list[type[Fault]], longest: float, calm: float, chance: random.Random) -> None:
    """``longest`` is how long one of several may last, in seconds, so that it does not take all of a short row;
    ``calm`` is how much longer than alone the peace lasts."""
    faults = [kind(stage, chance) for kind in kinds]
    try:
        while True:
            fault = chance.choice(faults)
            if stage.over.wait(chance.uniform(*fault.peace) * calm):
                return
            fault.strike()
            stage.strikes += 1
            stage.over.wait(min(chance.uniform(*fault.lasts), longest))
            fault.heal()
    except Exception:
        stage.trouble = traceback.format_exc()


# --- Judging -------------------------------------------------------------------------------------------------------


def _result(stage: Stage, order: Order, author: Author, seconds: float) -> dict[str, Any]:
    log = stage.platforms.ask("log")
    seen = oracle.seen_on_platforms(log, stage.platforms.ask("counts"))
    seen |= oracle.seen_in_folders(settings.SITES_DIR)
    for one in seen.values():
        if one.since is not None:  # it was sent at most a call's time before
            one.ahead = stage.clock.most_ahead(one.since - stage.times.deadline - 1, one.since)
            one.waited = stage.clock.at(one.since).waited
    rows = patiently(_rows)
    verdict = oracle.judge(author.asked.values(), rows, seen, patiently(_told), stage.log)
    late = verdict.lateness
    counts = {name: value for name, value in vars(verdict).items() if name != "lateness"}
    return {
        "fault": order.fault,
        "database": order.database,
        "seed": order.seed,
        "seconds": round(seconds, 1),
        **counts,
        "strikes": stage.strikes,
        "kills": stage.kills,
        "falls": dict(stage.falls),
        "hit": {trouble.name: many for trouble, many in stage.proxy.hit.items()},
        "ordered": sum(bool(entry["fault"]) for entry in log),
        "calls": len(log),
        "buttons": dict(author.buttons),
        "unsaved": author.refused,
        "waited": round(stage.clock.at(stage.clock.true()).waited),
        "lateness": {
            "p50": oracle.percentile(late, 0.5),
            "p99": oracle.percentile(late, 0.99),
            "max": max(late, default=None),
            "histogram": oracle.histogram(late),
        },
    }


def _rows() -> dict[str, oracle.Row]:
    tries: dict[int, list[tuple[int, str, str, str]]] = defaultdict(list)
    fields = ("delivery_id", "number", "step", "outcome", "message")
    for pk, number, step, outcome, message in Attempt.objects.order_by("pk").values_list(*fields):
        tries[pk].append((number, step, outcome, message))
    return {
        str(row.key): oracle.Row(str(row.key), row.status, row.number, row.message, row.crashes, tuple(tries[row.pk]))
        for row in Delivery.objects.defer("sent_markdown")
    }


def _told() -> set[int]:
    """Named in a mail that went out, or in one that is still on its way."""
    waiting = Mail.objects.filter(status__in=[Mail.Status.QUEUED, Mail.Status.SENDING])
    texts = [*oracle.mail_texts(settings.MAIL_DIR), *waiting.values_list("text", flat=True)]
    told = oracle.named_in(texts)
    others = set(Delivery.objects.filter(status=Delivery.Status.MISSED).values_list("pk", flat=True)) - told
    return told | others if len(others) <= oracle.not_named_in(texts) else told
