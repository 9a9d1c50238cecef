"""Who writes: posts flow in, on channels of every platform. And who opens a closed channel again.

The product's own verbs are used, as a page uses them; what was asked for is remembered here, not in the database.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from accounts.joining import settle_in
from accounts.models import User
from posts import connecting
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from tests.chaos.oracle import Asked
from tests.chaos.stage import Stage

T = TypeVar("T")
CHANNELS = {"devto": 10, "hashnode": 6, "folder": 4}
SHARES = {"devto": 0.4, "hashnode": 0.25, "folder": 0.25, "medium": 0.1}  # of the posts
A_DAY_ON_MEDIUM = 7  # posts that a channel gets there, well within what Medium takes in a day
TICK = 0.5  # seconds between two handfuls of posts …
HANDFUL = 20  # … of which none is larger
AHEAD = (2.0, 5.0)  # seconds from the scheduling to the post's time
A_WHILE = 20.0  # seconds: the least by which the clock is moved on, so that what is spread over an hour takes minutes
AWAY = (DatabaseError, InterfaceError)


class Author:
    """Writes and schedules; looks after the channels."""

    def __init__(self, stage: Stage, seed: str, posts: float, grace: timedelta) -> None:
        """``posts`` is how many there will be, about; later than ``grace`` none is published by itself."""
        self.stage = stage
        self.asked: dict[str, Asked] = {}
        self.buttons: Counter[str] = Counter()  # what a person had to do
        self.refused = 0  # handfuls that could not be saved: the author saw an error
        self._chance = random.Random(seed)
        self._numbers = count(1)
        self.user = User.objects.create_user("grace@example.com", None, name="Grace")
        self.workspace = settle_in(self.user)
        self.workspace.grace = grace
        self.workspace.save()
        counts = {**CHANNELS, "medium": int(posts * SHARES["medium"] / A_DAY_ON_MEDIUM) + 1}
        # In turn, so that none gets more than its platform takes in a day.
        self._next_channel = {
            platform: cycle([self._connect(platform, number) for number in range(many)])
            for platform, many in counts.items()
        }

    def _connect(self, platform: str, number: int) -> Channel:
        url = f"http://127.0.0.1:{self.stage.proxy.port}"
        given: dict[str, tuple[str, dict[str, Any]]] = {
            "devto": ("api_key", {"base_url": f"{url}/devto/api", "ai_disclosure_level": "no_ai"}),
            "hashnode": ("token", {"base_url": f"{url}/hashnode/"}),
            "medium": ("integration_token", {
                "base_url": f"{url}/medium/v1", "feed_url": f"{url}/medium", "publish_status": "public",
                "license": "all-rights-reserved", "publication": "",
            }),
            "folder": ("", {"generator": "hugo", "directory": f"blog{number}", "base_url": ""}),
        }  # fmt: skip
        secret, settings = given[platform]
        credentials = {}
        if secret:
            account = self.stage.platforms.order("accounts", platform, username=f"grace{number}", age_days=400)
            credentials[secret] = account["key"]
        channel = connecting.connect(self.workspace, platform, f"{platform} {number}", credentials, settings)
        connecting.verify(channel.pk, timezone.now)
        channel.refresh_from_db()
        assert channel.status == Channel.Status.OPEN, channel.problem
        return channel

    def write(self, seconds: float, posts_per_second: float) -> None:
        """Schedule posts for so long, steadily; what cannot be saved is not asked for."""
        begin = time.monotonic()
        written = 0
        while (passed := time.monotonic() - begin) < seconds:
            wanted = min(int((passed + TICK) * posts_per_second) - written, HANDFUL)
            written += wanted  # what the database did not take is not made up for
            self._schedule(wanted)
            self.look_after_channels()
            time.sleep(max(begin + written / posts_per_second - time.monotonic(), 0.05))
            if self.stage.trouble:
                return

    def _schedule(self, how_many: int) -> None:
        """A handful in one transaction. When its end is not confirmed, nobody knows whether it was saved."""
        now = timezone.now()
        made: list[tuple[Delivery, Channel]] = []
        try:
            with transaction.atomic():
                for post in Post.objects.bulk_create([self._post() for _ in range(how_many)]):
                    [platform] = self._chance.choices(list(SHARES), list(SHARES.values()))
                    channel = next(self._next_channel[platform])
                    at = moment_at(now + timedelta(seconds=self._chance.uniform(*AHEAD)), UTC)
                    [delivery] = scheduling.schedule(post, [channel], at, now, self.user)
                    made.append((delivery, channel))
        except AWAY:
            connection.close()
            self.refused += 1
            self._remember(made, sure=False)
        else:
            self._remember(made, sure=True)

    def _post(self) -> Post:
        title = f"Log book of the house, entry {next(self._numbers)}"
        return Post(workspace=self.workspace, author=self.user, title=title, markdown=f"{title}: all is well.")

    def _remember(self, made: list[tuple[Delivery, Channel]], *, sure: bool) -> None:
        jumped = self.stage.clock.at(self.stage.clock.true()).jumped
        for delivery, channel in made:
            key = str(delivery.key)
            self.asked[key] = Asked(
                key, delivery.pk, channel.platform, delivery.post.title, delivery.due_at.timestamp(), jumped, sure
            )

    def look_after_channels(self) -> None:
        """A platform refused a key: its owner has seen the mail, and asks for another check."""
        try:
            for channel in Channel.objects.filter(status=Channel.Status.CLOSED):
                self.buttons["“Check again” on a channel whose key was refused"] += connecting.check_again(channel)
        except AWAY:
            connection.close()

    # The end

    def await_the_end(self, patience: float) -> None:
        """Until every delivery has ended, or nothing more can be expected.

        What waits for a far time is not waited for: the clock of the house is moved on.
        """
        end = time.monotonic() + patience
        time.sleep(self.stage.times.settle + 1)
        while time.monotonic() < end and not self.stage.trouble:
            self.look_after_channels()
            pending = patiently(self._pending)
            if not pending:
                return
            soon = self.stage.clock.now() + self.stage.times.settle + 1
            if min(pending) > soon and self.stage.minds_the_clock:
                self.stage.mind_no_clock()
            elif min(pending) > soon:
                self.stage.clock.wait(max(min(pending) - self.stage.clock.now(), A_WHILE))
            time.sleep(0.5)

    def _pending(self) -> list[float]:
        """When each of those that have not ended is next to be looked at; 0 for what is under way."""
        rows = Delivery.objects.pending().values_list("status", "act_at", "channel__status", "channel__paced_until")
        return [
            0.0 if status == Delivery.Status.PUBLISHING or state != Channel.Status.OPEN else _later(act_at, paced)
            for status, act_at, state, paced in rows
        ]


def _later(act_at: datetime, paced: datetime | None) -> float:
    return max(act_at, paced or act_at).timestamp()


def patiently(ask: Callable[[], T], seconds: float = 60) -> T:
    """Ask the database, again and again while it is away."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except AWAY:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.3)
