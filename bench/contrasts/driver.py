"""Schedules posts for the contrasts and counts what became of them: `python -m bench.contrasts.driver`."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from itertools import count

import django
from django.core.management import call_command
from django.db import transaction

django.setup()

from django_celery_beat.models import ClockedSchedule, PeriodicTask, PeriodicTasks  # noqa: E402

from bench.contrasts.app import app  # noqa: E402
from bench.contrasts.models import Post  # noqa: E402
from bench.contrasts.tasks import publish  # noqa: E402
from bench.figures import CLOCKED, ETA  # noqa: E402
from bench.lines import answer  # noqa: E402
from bench.text import TEXT  # noqa: E402

_numbers = count(1)
AT_ONCE = 1_000


def prepare() -> None:
    call_command("migrate", interactive=False, verbosity=0, run_syncdb=True)


def seed(how: str, due: list[float], api: str) -> float:
    """Schedule one post for each of these times (seconds since 1970); the seconds that it took."""
    start = time.monotonic()
    posts = Post.objects.bulk_create(
        (
            Post(title=f"Contrast {next(_numbers)}", markdown=TEXT, api=api, due_at=datetime.fromtimestamp(at, UTC))
            for at in due
        ),
        batch_size=AT_ONCE,
    )
    if how == ETA:
        for post in posts:
            publish.apply_async((post.pk,), eta=post.due_at)
    elif how == CLOCKED:
        _clocked(posts)
    return time.monotonic() - start


@transaction.atomic
def _clocked(posts: list[Post]) -> None:
    """One beat row each. All at once and with one change noted, which is kinder than one save for each."""
    times = {post.due_at: ClockedSchedule(clocked_time=post.due_at) for post in posts}
    ClockedSchedule.objects.bulk_create(times.values(), batch_size=AT_ONCE)
    PeriodicTask.objects.bulk_create(
        (
            PeriodicTask(
                name=post.title, task="bench.contrasts.tasks.publish", args=json.dumps([post.pk]), one_off=True,
                clocked=times[post.due_at],
            )
            for post in posts
        ),
        batch_size=AT_ONCE,
    )  # fmt: skip
    PeriodicTasks.update_changed()


def publish_now(api: str) -> float:
    """What the button does: the task is queued at once; the seconds that it took."""
    [post] = Post.objects.bulk_create([Post(title="Now", markdown=TEXT, api=api, due_at=datetime.now(UTC))])
    start = time.monotonic()
    publish.delay(post.pk)
    return time.monotonic() - start


def left() -> int:
    """How many are not published."""
    return Post.objects.exclude(status=Post.Status.PUBLISHED).count()


def forget() -> None:
    """Begin anew: nothing is scheduled, nothing queued."""
    Post.objects.all().delete()
    PeriodicTask.objects.all().delete()
    ClockedSchedule.objects.all().delete()
    PeriodicTasks.update_changed()  # beat takes the first change that it ever sees for none
    app.control.purge()


if __name__ == "__main__":
    answer({verb.__name__: verb for verb in (prepare, seed, publish_now, left, forget)})
