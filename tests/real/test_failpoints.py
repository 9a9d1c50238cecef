"""The power fails at a named point of the real code, in a process of its own: each post is public once all the same.

Leases and clocks are not waited for: leases last ten minutes here, and the test makes them run out.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.engine import failpoints
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from publishers.base import TwoStep
from tests.posts.conftest import Street
from tests.real.house import ROOT, House, wait_for

pytestmark = [pytest.mark.real, pytest.mark.engine]
Status = Delivery.Status
DIED = 9  # what a process that ended at a failpoint ends with
PLATFORMS = ("devto", "hashnode", "medium", "folder")
IN_A_CALL = (failpoints.HANDED_OUT, failpoints.ANSWERED, failpoints.RECORDING, failpoints.RECORDED)

# Begins a process for each line that it reads, with the failpoint of that line; says how it ended. What it does in
# one look is what a worker's own watches do: tasks.look_at_due and tasks.rescue.
WORKERS = """
import os, sys, django
django.setup()
from django.utils import timezone
from posts.engine import failpoints, publishing
for line in sys.stdin:
    child = os.fork()
    if not child:
        failpoints.arm(line.strip())
        publishing.rescue(timezone.now)
        publishing.drain(timezone.now)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def house(transactional_db: None, tmp_path: Path, street: Street, settings: Any) -> Iterator[House]:
    settings.ALLOW_PRIVATE_TARGETS = frozenset({street.url})
    settings.SITES_DIR = tmp_path / "sites"
    settings.PACE = 0
    house = House(
        tmp_path,
        ALLOW_PRIVATE_TARGETS=street.url,
        SITES_DIR=str(settings.SITES_DIR),
        PACE="0",
        LEASE_SECONDS="600",
        SETTLE_SECONDS="0.1",
    )
    for platform in ("devto", "hashnode", "medium"):
        street.order("limits", platform=platform, on=False)
    street.order("switches", platform="medium", switch="feed_cache", on=False)
    yield house
    house.stop()


class Workers:
    """Processes that look once each, begun by one that has everything loaded."""

    def __init__(self, reader: IO[str], writer: IO[str]) -> None:
        self.reader, self.writer = reader, writer

    def look(self, failpoint: str = "") -> int:
        """One look; how the process ended."""
        print(failpoint, file=self.writer, flush=True)
        return int(self.reader.readline())


@contextmanager
def workers_in(house: House) -> Iterator[Workers]:
    command = (sys.executable, "-c", WORKERS)
    with subprocess.Popen(
        command, cwd=ROOT, env=house.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Workers(process.stdout, process.stdin)
        process.stdin.close()


def channel_on(platform: str, author: User, street: Street, name: str) -> Channel:
    """A channel with an account of its own."""
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    publisher = PUBLISHERS[platform]
    values = {key: value.replace("{sandbox}", street.url) for key, value in publisher.in_the_sandbox.items()}
    if platform == "folder":
        values = {"generator": "hugo", "directory": name}
    else:
        username = f"linus{Channel.objects.count()}"
        own = {"two_publications": False} if platform == "hashnode" else {}
        key = street.order("accounts", platform=platform, username=username, age_days=400, **own)["key"]
        values |= dict.fromkeys(publisher.credentials_form.base_fields, key)
        values |= {"ai_disclosure_level": "no_ai"} if platform == "devto" else {}
    secrets = {key: value for key, value in values.items() if key in publisher.credentials_form.base_fields}
    others = {key: value for key, value in values.items() if key not in secrets}
    channel = connecting.connect(workspace, platform, name, secrets, others)
    connecting.verify(channel.pk, timezone.now)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    return channel


def due_now(author: User, channel: Channel) -> Delivery:
    post = Post.objects.create(
        workspace=channel.workspace, author=author, title=f"Kernel notes: {channel.name}", markdown="Text."
    )
    [delivery] = scheduling.schedule(post, [channel], moment_at(timezone.now(), UTC), timezone.now(), author)
    return delivery


def leases_run_out(deliveries: Iterable[Delivery]) -> None:
    over = Now() - timedelta(seconds=1)
    held = Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).exclude(lease_until=None)
    Channel.objects.filter(deliveries__in=held).exclude(lease_until=None).update(lease_until=over)
    held.update(lease_until=over)


def times_public(street: Street, delivery: Delivery, sites: Path) -> int:
    """How often it is there: the outside truth."""
    platform = delivery.channel.platform
    if platform == "folder":
        return sum(str(delivery.key) in path.read_text() for path in sites.rglob("*.md"))
    counts = Street(street.url, platform).ask("counts")
    mark = f"title:{delivery.post.title}" if platform == "medium" else str(delivery.key)
    return int(counts.get(mark, {"public": 0})["public"])


def assert_once(street: Street, delivery: Delivery, sites: Path) -> None:
    """PUBLISHED, and public once; where nobody can prove anything, a person may have been asked instead."""
    public = times_public(street, delivery, sites)
    words = f"{delivery.channel}: {delivery.status}, {public} times public: {delivery.message}"
    if delivery.status == Status.PUBLISHED:
        assert public == 1, words
    else:
        assert (delivery.channel.platform, delivery.status) == ("medium", Status.UNCERTAIN), words
        assert public == 0, "what is in the feed is found there"
        assert Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:uncertain").count() == 1, words


def points_of(platform: str) -> list[str]:
    """Every failpoint on the way of one delivery: with drafts the second call passes them again."""
    calls = (1, 2) if issubclass(PUBLISHERS[platform], TwoStep) else (1,)
    return [failpoints.CLAIMED, *(f"{point}:{nth}" for nth in calls for point in IN_A_CALL)]


def test_the_claim_is_committed_before_anything_is_sent(house: House, street: Street, author: User) -> None:
    """Whoever finds the delivery after a death in the call must see that there was a claim."""
    delivery = due_now(author, channel_on("devto", author, street, "DEV"))
    with workers_in(house) as workers:
        assert workers.look(f"{failpoints.ANSWERED}:2") == DIED
    assert times_public(street, delivery, Path()) == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.number) == (Status.PUBLISHING, 1)


AGAIN = (
    failpoints.CLAIMED,
    f"{failpoints.HANDED_OUT}:2",
    f"{failpoints.ANSWERED}:2",
    failpoints.RECORDING,
    failpoints.RECORDED,
    f"{failpoints.ABANDONED}:2",
    f"{failpoints.RESCUED}:2",
)  # where those die who find what the first have left: the night-watch, and the look-ups


def test_a_worker_that_dies_anywhere_and_the_one_that_finds_what_it_left_dies_too(
    house: House, street: Street, author: User, settings: Any
) -> None:
    """One delivery for every platform and failpoint; and what they leave is found in parts, at whose look-up the next
    worker dies.
    """
    with workers_in(house) as workers:
        for platform in PLATFORMS:
            for point in points_of(platform):
                due_now(author, channel_on(platform, author, street, f"{platform}, {point}"))
                assert workers.look(point) == DIED, f"{platform} does not pass “{point}”"
        left = list(Delivery.objects.filter(status=Status.PUBLISHING).order_by("pk"))
        for part, point in enumerate(AGAIN):
            leases_run_out(left[part :: len(AGAIN)])
            assert workers.look(point) == DIED, f"nobody passes “{point}”"
        unfinished = Delivery.objects.filter(status__in=Status.pending())

        def ended() -> bool:
            leases_run_out(Delivery.objects.all())
            assert workers.look() == 0
            return not unfinished.exists()

        wait_for(ended, 60, "every delivery has ended")
    deliveries = Delivery.objects.select_related("channel", "post")
    for delivery in deliveries:
        assert_once(street, delivery, settings.SITES_DIR)
    ends = Counter(deliveries.values_list("status", flat=True))
    print(f"{len(deliveries)} posts, {len(deliveries) + len(AGAIN)} deaths: {dict(ends)}")
    assert ends[Status.UNCERTAIN] <= len(points_of("medium"))


def test_a_celery_worker_dies_at_every_point_one_after_the_other(
    house: House, street: Street, author: User, settings: Any
) -> None:
    """The whole worker with its own watches, and without Redis: each finds what those before it have left."""
    channels = {point: channel_on("devto", author, street, point) for point in failpoints.ALL}
    for point in failpoints.ALL:
        if point == failpoints.ABANDONED:
            leases_run_out(Delivery.objects.all())  # of those that died in a call
        due_now(author, channels[point])
        house.env["FAILPOINT"] = point
        house.worker(point)
        assert house.running[point].wait(timeout=30) == DIED, house.log(point)
    del house.env["FAILPOINT"]
    leases_run_out(Delivery.objects.all())
    house.worker("the last")
    unfinished = Delivery.objects.filter(status__in=Status.pending())
    wait_for(lambda: not unfinished.exists(), 60, "every delivery has ended")
    deliveries = Delivery.objects.select_related("channel", "post")
    for delivery in deliveries:
        assert_once(street, delivery, settings.SITES_DIR)
    assert {delivery.status for delivery in deliveries} == {Status.PUBLISHED}
    print(f"{len(deliveries)} posts, {len(failpoints.ALL)} deaths")
