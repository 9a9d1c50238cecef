"""How long people wait for the pages of a workspace with ten thousand posts and fifty thousand deliveries.

Asked within the process, so that no network and no second process counts: what is measured is the house's own work
for one page, with the middlewares, the queries and the templates. Beside the time on the wall stands that of the
processor, which other work on the machine does not lengthen.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bench import material
from bench.figures import Figure, number, percentile
from bench.options import Options
from bench.text import TEXT
from posts.models import Attempt, Channel, Delivery, Post

CHANNELS = 5  # each post is on each of them
DAYS = 365  # over which they are spread, half of them behind us
TROUBLES = 60  # that need a person
MOST_MILLISECONDS, MOST_QUERIES = 150.0, 15
TAGS = ("engines", "notes", "maths", "weaving", "letters")

Status = Delivery.Status


def measure(options: Options) -> list[Figure]:
    material.prepare_database()
    call_command("collectstatic", interactive=False, verbosity=0)
    user = material.author()
    on = material.channels(user, CHANNELS, "http://127.0.0.1:1")
    post = load(user, on, options.posts)
    options.say(f"{Post.objects.count():,} posts and {Delivery.objects.count():,} deliveries loaded")
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    return [figure for name, path in pages(post) for figure in _measured(client, name, path, options.page_times)]


def pages(post: Post) -> Iterator[tuple[str, str]]:
    calendar = reverse("calendar")
    yield "month", calendar
    yield "week", f"{calendar}?view=week"
    yield "agenda", f"{calendar}?view=agenda"
    yield "month of one tag", f"{calendar}?tag={TAGS[0]}"
    yield "schedule", reverse("schedule_list")
    yield "schedule of one day", f"{reverse('schedule_list')}?day={timezone.now():%Y-%m-%d}"
    yield "posts", reverse("posts")
    yield "post", reverse("post", args=[post.pk])


def load(user: User, on: list[Channel], how_many: int) -> Post:
    """Posts on every channel, at any minute of a year; returns one of today's."""
    workspace, now, dice = on[0].workspace, timezone.now(), random.Random(7)
    Post.objects.bulk_create(
        (
            Post(workspace=workspace, author=user, title=f"Notes on the engine, part {each}", markdown=TEXT,
                 tags=[TAGS[each % len(TAGS)], TAGS[each % 3]])
            for each in range(how_many)
        ),
        batch_size=500,
    )  # fmt: skip
    posts = list(Post.objects.defer("markdown").order_by("pk"))
    begin = now - timedelta(days=DAYS / 2)
    due = [begin + timedelta(minutes=dice.randrange(DAYS * 24 * 60)) for _ in posts]
    rows = [_delivery(post, channel, at, now) for post, at in zip(posts, due, strict=True) for channel in on]
    for row in dice.sample([row for row in rows if row.due_at < now], min(TROUBLES, how_many)):
        row.status, row.remote_id, row.message = Status.FAILED, "", "DEV refused it."
    Delivery.objects.bulk_create(rows, batch_size=500)
    Attempt.objects.bulk_create(
        (
            Attempt(delivery=row, number=1, step="publish", outcome="done", started_at=row.due_at, seconds=0.4)
            for row in rows
            if row.status == Status.PUBLISHED
        ),
        batch_size=500,
    )
    with connection.cursor() as cursor:  # as autovacuum does within the minute
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return min(zip(posts, due, strict=True), key=lambda pair: abs(pair[1] - now))[0]


def _delivery(post: Post, channel: Channel, at: datetime, now: datetime) -> Delivery:
    is_over = at < now
    return Delivery(
        workspace=post.workspace, post=post, channel=channel, due_at=at, act_at=at, late_after=at + timedelta(hours=1),
        status=Status.PUBLISHED if is_over else Status.SCHEDULED, remote_id=str(post.pk) if is_over else "",
        remote_url="https://dev.to/ada/notes" if is_over else "", published_at=at if is_over else None,
    )  # fmt: skip


def _measured(client: Client, name: str, path: str, times: int) -> list[Figure]:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200, path
    queries = len(asked)  # counted here: the next request forgets them
    wall, processor = [], []
    for _ in range(times):
        begun, worked = time.perf_counter(), time.process_time()
        client.get(path)
        wall.append((time.perf_counter() - begun) * 1000)
        processor.append((time.process_time() - worked) * 1000)
    note = (
        f"least {number(min(wall))}, median {number(statistics.median(wall))}; "
        f"of the processor p95 {number(percentile(processor, 95))}"
    )
    detail = {"wall": [round(each, 2) for each in wall], "processor": [round(each, 2) for each in processor]}
    return [
        Figure(f"page of a large workspace, p95: {name}", percentile(wall, 95), " ms", at_most=MOST_MILLISECONDS,
               note=note, detail=detail),
        Figure(f"page of a large workspace, queries: {name}", float(queries), at_most=MOST_QUERIES),
    ]  # fmt: skip
