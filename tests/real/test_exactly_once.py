"""The promise with the real parts: real broker, workers and beats, a strict platform, and everything going wrong."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User, Workspace
from posts import connecting
from posts.models import Attempt, Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.posts.conftest import Street
from tests.real.conftest import public_counts
from tests.real.house import House, wait_for

pytestmark = [pytest.mark.real, pytest.mark.engine]
Status = Delivery.Status
ENDED = [Status.PUBLISHED, Status.FAILED, Status.UNCERTAIN, Status.MISSED, Status.CANCELLED]


def channels(author: User, street: Street, how_many: int) -> list[Channel]:
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    made = []
    for number in range(how_many):
        key = street.order("accounts", username=f"linus{number}", age_days=400)["key"]
        settings = {"base_url": street.api, "ai_disclosure_level": "no_ai"}
        made.append(connecting.connect(workspace, "devto", f"DEV {number}", {"api_key": key}, settings))
    Channel.objects.filter(workspace=workspace).update(status=Channel.Status.OPEN)
    return list(Channel.objects.of(workspace))


def schedule(author: User, on: list[Channel], posts_each: int, in_seconds: float) -> list[Delivery]:
    at = moment_at(timezone.now() + timedelta(seconds=in_seconds), UTC)
    deliveries = []
    for channel in on:
        for number in range(posts_each):
            post = Post.objects.create(
                workspace=channel.workspace,
                author=author,
                title=f"Kernel notes {number} for {channel}",
                markdown="Text.",
            )
            deliveries += scheduling.schedule(post, [channel], at, timezone.now(), author)
    return deliveries


def test_a_hundred_posts_at_one_instant_while_everything_breaks(house: House, street: Street, author: User) -> None:
    """A third of the answers lost, the worker killed twice, Redis gone for 20 s, two beats: each public once."""
    house.broker()
    house.worker()
    house.beat("beat 1")
    house.beat("beat 2")
    deliveries = schedule(author, channels(author, street, 10), 10, in_seconds=6)
    street.order("faults", call="*", fault="status", status=504, when="after", every=3, times=None)
    begun = deliveries[0].due_at

    def sleep_until(seconds: float) -> None:
        time.sleep(max((begun - timezone.now()).total_seconds() + seconds, 0))

    sleep_until(2)
    house.kill("worker")
    house.worker()
    sleep_until(5)
    house.kill("broker")
    sleep_until(11)
    house.kill("worker")
    house.worker()
    sleep_until(25)
    house.broker()
    rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
    wait_for(lambda: not rows.exclude(status__in=ENDED).exists(), 240, "every delivery has ended")

    counts = public_counts(street)
    outcomes = Counter(Attempt.objects.filter(delivery__in=rows).values_list("outcome", flat=True))
    took = max(delivery.published_at for delivery in rows if delivery.published_at) - begun
    print(f"100 posts in {took.total_seconds():.0f} s: {dict(outcomes)}")
    assert Counter(rows.values_list("status", flat=True)) == {Status.PUBLISHED: 100}
    assert Counter(counts.get(str(delivery.key), 0) for delivery in deliveries) == {1: 100}
    assert len(counts) == 100, "nothing is there that nobody asked for"
    assert outcomes["unknown"] > 20
    assert outcomes["found"] > 20
    assert outcomes["abandoned"] >= 1, "a killed worker's attempt is in the history"


def test_three_workers_share_the_rows_and_none_is_sent_twice(house: House, street: Street, author: User) -> None:
    house.broker()
    for name in ("worker a", "worker b", "worker c"):
        house.worker(name)
    house.beat()
    street.order("limits", on=False)
    deliveries = schedule(author, channels(author, street, 12), 4, in_seconds=8)
    rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
    wait_for(lambda: not rows.exclude(status__in=ENDED).exists(), 90, "every delivery has ended")
    assert Counter(rows.values_list("status", flat=True)) == {Status.PUBLISHED: 48}
    created = Counter(entry["mark"] for entry in street.ask("log") if entry["call"] == "create" and entry["worked"])
    assert created == {str(delivery.key): 1 for delivery in deliveries}
    assert Attempt.objects.filter(delivery__in=rows).count() == 96, "a draft and a flip for each, and nothing else"


def test_posts_are_on_time_to_the_second(house: House, street: Street, author: User) -> None:
    """Beat's bell and the worker's own look: each is sent within a second of its moment."""
    house.broker()
    house.worker()
    house.beat()
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    folder = connecting.connect(
        workspace, "folder", "Site", {}, {"generator": "hugo", "directory": "a", "base_url": ""}
    )
    wait_for(
        lambda: Channel.objects.filter(pk=folder.pk, status=Channel.Status.OPEN).exists(), 20, "the worker checked it"
    )
    start = timezone.now()
    deliveries = []
    for number in range(12):
        post = Post.objects.create(workspace=workspace, author=author, title=f"Minute {number}", markdown="Text.")
        at = moment_at(start + timedelta(seconds=2 + number * 0.43), UTC)
        deliveries += scheduling.schedule(post, [folder], at, timezone.now(), author)
    rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
    wait_for(lambda: rows.filter(status=Status.PUBLISHED).count() == 12, 20, "all are published")
    late = sorted((d.published_at - d.due_at).total_seconds() for d in rows if d.published_at)
    print(f"lateness: median {late[6] * 1000:.0f} ms, most {late[-1] * 1000:.0f} ms")
    assert late[0] >= 0, "never early"
    assert late[-1] < 1.0


def test_what_needs_a_draft_first_is_public_within_the_second_too_and_never_early(
    house: House, street: Street, author: User
) -> None:
    """The draft is made ahead, so that the platform's pause between two writes makes nobody late."""
    house.broker()
    house.worker()
    house.beat()
    deliveries = schedule(author, channels(author, street, 6), 1, in_seconds=8)
    rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
    wait_for(lambda: rows.filter(status=Status.PUBLISHED).count() == 6, 30, "all are published")
    flips = [datetime.fromisoformat(entry["time"]) for entry in street.ask("log") if entry.get("flip")]
    late = sorted((flip - deliveries[0].due_at).total_seconds() for flip in flips)
    print(f"the flips: {late[0] * 1000:.0f} to {late[-1] * 1000:.0f} ms after their time")
    assert 0 <= late[0] <= late[-1] < 1


def test_posts_go_out_while_redis_is_dead(house: House, street: Street, author: User) -> None:
    house.worker()  # no broker at all
    house.beat()
    [channel] = channels(author, street, 1)
    [delivery] = schedule(author, [channel], 1, in_seconds=5)
    rows = Delivery.objects.filter(pk=delivery.pk, status=Status.PUBLISHED)
    wait_for(rows.exists, 30, "it is published without Redis")
    assert public_counts(street) == {str(delivery.key): 1}
