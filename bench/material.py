"""What is measured with: people, channels and posts, put into the database by the thousand. Needs Django set up."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timedelta
from itertools import count, cycle, islice
from pathlib import Path

from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.joining import settle_in
from accounts.models import User, Workspace
from bench.text import TEXT
from posts.engine.packing import article_of, head_start
from posts.models import Channel, Delivery, Post
from publishers import PUBLISHERS
from publishers.platforms.devto.article import fields

PASSWORD = "correct horse battery"  # noqa: S105  of a database that is thrown away
_numbers = count(1)


def new_database(name: str, place: Path) -> str:
    """One more empty database beside the one of the settings; its address."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{place / name}.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"


def seconds_per_commit(times: int = 100) -> float:
    """How long one durable commit takes here: it tells what the machine's disk is worth."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_commit (number integer)")
        start = time.monotonic()
        for number in range(times):
            cursor.execute("INSERT INTO bench_commit VALUES (%s)", [number])
        seconds = (time.monotonic() - start) / times
        cursor.execute("DROP TABLE bench_commit")
    return seconds


def prepare_database() -> None:
    call_command("migrate", interactive=False, verbosity=0)


def author(name: str = "ada") -> User:
    """Somebody with a workspace and a confirmed address."""
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.title())
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    settle_in(user)
    return user


def workspace_of(user: User) -> Workspace:
    workspace = Workspace.objects.of(user)
    assert workspace is not None
    return workspace


def channels(user: User, how_many: int, origin: str, prefix: str = "DEV") -> list[Channel]:
    workspace = workspace_of(user)
    settings = {"base_url": f"{origin}/api", "ai_disclosure_level": "no_ai"}
    return Channel.objects.bulk_create(
        Channel(
            workspace=workspace,
            platform="devto",
            name=f"{prefix} {number}",
            credentials={"api_key": f"key of {prefix} {number}"},
            settings=settings,
            status=Channel.Status.OPEN,
        )
        for number in range(how_many)
    )


def one_call_channels(user: User, how_many: int, origin: str) -> list[Channel]:
    """On a platform without drafts, where the only call is the one that people see."""
    settings = {
        "base_url": f"{origin}/v1",
        "feed_url": origin,
        "publication": "bench",
        "publish_status": "public",
        "license": "all-rights-reserved",
        "notify_followers": True,
    }
    made = channels(user, how_many, origin, prefix="Medium")
    for channel in made:
        channel.platform, channel.settings = "medium", settings
        channel.credentials = {"integration_token": channel.credentials["api_key"]}
    Channel.objects.bulk_update(made, ["platform", "settings", "credentials"])
    return made


def posts(user: User, how_many: int) -> list[Post]:
    """Posts whose titles no other has: by them the platform's log is read."""
    workspace = workspace_of(user)
    return Post.objects.bulk_create(
        (
            Post(
                workspace=workspace,
                author=user,
                title=f"Notes {number}",
                markdown=TEXT,
                summary="What a schedule has to bear.",
                tags=["python", "django", "databases"],
            )
            for number in islice(_numbers, how_many)
        ),
        batch_size=500,
    )


def deliveries(user: User, on: list[Channel], each: int, due_at: datetime | None = None) -> list[Delivery]:
    """``each`` posts on each channel, all due at one instant and begun then; tomorrow, if it is not told yet."""
    due_at = due_at or timezone.now() + timedelta(days=1)
    return _insert(user, [(channel, due_at, due_at) for _ in range(each) for channel in on])


def all_due(rows: list[Delivery]) -> tuple[QuerySet[Delivery], datetime]:
    """Bring these rows forward to one instant in a moment; when that is. By one statement, however many they are."""
    ours = Delivery.objects.filter(pk__gte=rows[0].pk, pk__lte=rows[-1].pk)
    due_at = timezone.now() + timedelta(seconds=2 + len(rows) / 5000)
    ours.update(due_at=due_at, act_at=due_at, late_after=due_at + timedelta(hours=1))
    left = (due_at - timezone.now()).total_seconds()
    assert left > 1.1, "the rows were brought forward too late"
    time.sleep(left - 0.1)
    return ours, due_at


def scheduled(user: User, times: list[tuple[Channel, datetime]]) -> list[Delivery]:
    """One post for each of these channels and moments, scheduled as people do it: drafts get their head start."""
    return _insert(user, [(channel, due_at, due_at - head_start(channel)) for channel, due_at in times])


def _insert(user: User, wanted: list[tuple[Channel, datetime, datetime]]) -> list[Delivery]:
    return Delivery.objects.bulk_create(
        (
            Delivery(
                workspace=post.workspace,
                post=post,
                channel=channel,
                created_by=user,
                due_at=due_at,
                act_at=act_at,
                late_after=due_at + timedelta(hours=1),
            )
            for post, (channel, due_at, act_at) in zip(posts(user, len(wanted)), wanted, strict=True)
        ),
        batch_size=500,
    )


def unsaved(user: User, on: list[Channel], how_many: int) -> list[Delivery]:
    """Deliveries in no database, for whoever only needs what is sent for them."""
    workspace = workspace_of(user)
    made = []
    for channel, number in zip(cycle(on), islice(_numbers, how_many), strict=False):
        post = Post(workspace=workspace, author=user, title=f"Notes {number}", markdown=TEXT, tags=["python", "django"])
        made.append(Delivery(workspace=workspace, post=post, channel=channel, due_at=timezone.now()))
    return made


def write_bodies(rows: list[Delivery], path: Path) -> None:
    """What the publisher sends for these deliveries, draft and flip: the bare client sends the same."""
    pairs = []
    for row in rows:
        article = article_of(row)
        assert row.channel.platform in PUBLISHERS
        drafts = [{"article": fields(article, row.channel.settings, published=public)} for public in (False, True)]
        pairs.append(drafts)
    path.write_text(json.dumps(pairs), encoding="utf-8")
