"""What the engine asks every second, with a million future deliveries and with a thousand.

Two databases, each asked by a process of its own, in turn. A claim is rolled back, so that each finds the same.
`python -m bench.measures.due_query` answers for one of them (bench.lines).
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django
from django.apps import apps

if not apps.ready:  # this module is a program of its own as well
    django.setup()

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from bench import material
from bench.figures import Figure, number
from bench.house import House
from bench.lines import Talk, answer
from bench.options import Options
from posts.engine import publishing
from posts.models import Delivery, Post

FEW = 1_000
CHANNELS = 1_000
DUE = 500  # of these deliveries are due now, each on another channel
LIMIT = 64  # that one claim takes
EACH = 20  # times in one turn …
LONGEST_TURN = 2.0  # … or as often as there is time for in so many seconds
GOAL = 1.5

QUESTIONS = {
    "claim": f"claim of {LIMIT} of {DUE} that are due",
    "idle": "claim when nothing is due",
    "next_due": "when is the next one due",
}


def measure(options: Options) -> list[Figure]:
    with House(options.place) as house:
        few, many = (
            Talk(house, f"due-{name}", "-m", "bench.measures.due_query", DATABASE_URL=url)
            for name, url in (
                ("few", os.environ["DATABASE_URL"]),
                ("many", material.new_database("many", options.place)),
            )
        )
        with few, many:
            for talk, future in ((few, FEW), (many, options.future)):
                took = talk.ask("load", future=future)
                options.say(f"{future:,} future deliveries on {CHANNELS:,} channels loaded in {took:.0f} s")
            samples: dict[str, dict[str, list[float]]] = {name: {"few": [], "many": []} for name in QUESTIONS}
            for turn in range(options.asked + 1):
                for name in QUESTIONS:
                    for size, talk in (("few", few), ("many", many)):
                        told = talk.ask("time", question=name, times=EACH)
                        if turn:  # the first turn fills the caches of both
                            samples[name][size].append(statistics.median(told))
    return [_figure(name, words, samples[name], options.future) for name, words in QUESTIONS.items()]


def _figure(name: str, words: str, found: dict[str, list[float]], future: int) -> Figure:
    few, many = (statistics.median(found[size]) for size in ("few", "many"))
    row = f"due query at {future:,} future deliveries ÷ at {FEW:,}: {words}"
    note = f"{number(many * 1000)} ms"
    return Figure(row, many / few, at_most=GOAL, note=note, detail={"milliseconds": found, "question": name})


# --- the answering side ----------------------------------------------------------------------------------------------


def load(future: int) -> float:
    """Channels, a few due deliveries, and ``future`` ones: every post of a set on every channel, on days to come."""
    start = time.monotonic()
    material.prepare_database()
    user = material.author()
    on = material.channels(user, CHANNELS, "http://127.0.0.1:1")
    workspace = on[0].workspace
    Post.objects.bulk_create(
        Post(workspace=workspace, author=user, title=f"Far {each}", markdown="Text.")
        for each in range(-(-future // CHANNELS))
    )
    now = timezone.now()
    template = Delivery(workspace=workspace, created_by=user, due_at=now, act_at=now)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA cache_size = -1000000")  # a gigabyte, for the indexes while they grow
        cursor.execute(*_insert(template, future))
    connection.close()  # as everybody has it again
    material.deliveries(user, on[:DUE], 1, now - timedelta(seconds=1))
    if connection.vendor == "postgresql":  # as autovacuum does within the minute
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    assert Delivery.objects.count() == future + DUE
    return time.monotonic() - start


def _insert(template: Delivery, future: int) -> tuple[str, list[Any]]:
    """One statement that crosses posts and channels: a million rows in seconds instead of minutes.

    What the columns are is asked of the model; everything that is not made here is as in ``template``.
    """
    seconds, moment, key = MADE[connection.vendor]
    made = {"key": key, "post_id": "post", "channel_id": "channel", "created_at": "moment"}
    made |= dict.fromkeys(("due_at", "act_at", "late_after"), "moment")
    fields = [field for field in template._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(field.attname) for field in fields)
    values = ", ".join(made.get(field.attname, "%s") for field in fields)
    told = [field.get_db_prep_save(field.pre_save(template, True), connection) for field in fields
            if field.attname not in made]  # fmt: skip
    # The LIMIT also keeps SQLite from working out the moment anew for each of its uses.
    pairs = (
        f"SELECT post.id AS post, channel.id AS channel, {moment.format(seconds)} AS moment "
        f"FROM posts_post post CROSS JOIN posts_channel channel LIMIT {future}"
    )
    return f"INSERT INTO posts_delivery ({columns}) SELECT {values} FROM ({pairs}) AS pairs", told


# How each database says: so many seconds from now, at random from tomorrow to in a year; and a key.
MADE = {
    "sqlite": (
        "86400 + abs(random()) %% 31536000",
        "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', ({}) || ' seconds')",
        "lower(hex(randomblob(16)))",
    ),
    "postgresql": (
        "86400 + floor(random() * 31536000)",
        "now() + ({}) * interval '1 second'",
        "gen_random_uuid()",
    ),
}


def time_question(question: str, times: int) -> list[float]:
    """Seconds of each of so many askings, of fewer when they are slow."""
    now = timezone.now()
    before = now - timedelta(days=1)  # when nothing was due
    verbs: dict[str, Callable[[], Any]] = {
        "claim": lambda: Delivery.objects.claim_due(now, LIMIT, settings.LEASE),
        "idle": lambda: Delivery.objects.claim_due(before, LIMIT, settings.LEASE),
        "next_due": lambda: publishing.next_due(before),
    }
    seconds: list[float] = []
    enough = time.monotonic() + LONGEST_TURN
    while len(seconds) < times and (not seconds or time.monotonic() < enough):
        with transaction.atomic():
            start = time.perf_counter()
            found = verbs[question]()
            seconds.append(time.perf_counter() - start)
            transaction.set_rollback(True)
        assert len(found or []) == (LIMIT if question == "claim" else 0)
    return seconds


if __name__ == "__main__":
    answer({"load": load, "time": time_question})
