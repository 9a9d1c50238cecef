"""A workspace with something in every state, for the tests that look at every page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import User
from posts import showing
from posts.images import keeping, variants
from posts.models import Attempt, Channel, Delivery, Image, Occurrence, Plan, Post, Proof, Series
from posts.planning import changing, following, queueing, scheduling, slots
from posts.planning.moments import moment_at
from posts.planning.recurring import changing as recurring
from posts.planning.recurring import making, rules
from publishers.base import Aspect, Check, Health
from publishers.doctor import REMEDIES
from publishers.errors import Fault
from tests.conftest import workspace_of
from tests.posts import pictures
from tests.posts.views.conftest import DEVTO_SETTINGS


@dataclass(frozen=True)
class Gallery:
    person: User
    post: Post  # published on one channel, failed on the other
    draft: Post
    published: Delivery  # with a file
    scheduled: Delivery
    uncertain: Delivery
    channel: Channel
    closed: Channel
    plan: Plan
    series: Series
    date: Occurrence
    image: Image
    by_hand: Delivery  # handed over, with a rich text
    ailing: Channel  # open, and not well


def hang(person: User) -> Gallery:
    workspace = workspace_of(person)
    showing.fill(workspace, person, timezone.now())
    closed = Channel.objects.create(
        workspace=workspace, platform="devto", name="My DEV", settings=DEVTO_SETTINGS,
        credentials={"api_key": "a-key-that-is-over-9f3c"}, secret_hint="9f3c", status=Channel.Status.CLOSED,
        problem="DEV does not accept the key: unauthorized.", problem_field="api_key",
    )  # fmt: skip
    deliveries = Delivery.objects.of(workspace).select_related("post", "channel")
    _every_state(deliveries.filter(status="uncertain").get(), closed)
    published = deliveries.filter(status="published", post__title__startswith="Release").get()
    _edited_since(published)
    series = _series(person, published.channel)
    return Gallery(
        person=person,
        post=published.post,
        draft=Post.objects.of(workspace).get(title__startswith="Ten years"),
        published=published,
        scheduled=deliveries.filter(status="scheduled").order_by("pk")[0],
        uncertain=deliveries.filter(status="uncertain").get(),
        channel=published.channel,
        closed=closed,
        plan=_plan(person, published.channel),
        series=series,
        date=series.occurrences.order_by("due_at")[2],
        image=_pictures(person),
        by_hand=by_hand(person),
        ailing=_ailing(person),
    )


RICH = """A program is *woven*, not written: see [the notes](https://ada.example/notes).

## The mill and the store

> The engine might act upon other things besides number.

```python
print("Hello, engine")
```

1. Variables
2. Operations

| card | meaning |
|------|---------|
| 1    | add     |
"""


def by_hand(person: User) -> Delivery:
    """A newsletter's post, which its author has to bring there."""
    workspace, now = workspace_of(person), timezone.now()
    letters = Channel.objects.create(
        workspace=workspace, platform="substack", name="Letters", settings={"address": "https://ada.substack.com"},
        account_name="ada.substack.com", status=Channel.Status.OPEN,
    )  # fmt: skip
    post = Post.objects.create(
        workspace=workspace, author=person, title="On weaving algebra", markdown=RICH, tags=["engines", "history"],
        summary="What the cards are for.", canonical_url="https://ada.example/weaving",
    )  # fmt: skip
    return Delivery.objects.create(
        workspace=workspace, post=post, channel=letters, status="handed_over", due_at=now, act_at=now,
        created_by=person, remind_at=now + timedelta(days=1), number=1,
    )  # fmt: skip


def _ailing(person: User) -> Channel:
    """Open, and examined: with something of every kind."""
    told = [
        Check(Aspect.ADDRESS, Health.WELL, "dev.to answers, in 0.2 s."),
        Check(Aspect.KEY, Health.WELL, "DEV accepts the key."),
        Check(
            Aspect.ACCOUNT, Health.BROKEN, "The key belongs to @grace, and the channel was connected as @ada.",
            REMEDIES[Fault.WRONG_ACCOUNT],
        ),
        Check(Aspect.ROLE, Health.UNKNOWN, "Whether this account may publish shows with the first post."),
        Check(Aspect.CLOCK, Health.WARNING, "Its clock is 90 seconds ahead of ours.", REMEDIES[Fault.CLOCK]),
    ]  # fmt: skip
    account = {"id": "2", "name": "@grace"}
    return Channel.objects.create(
        workspace=workspace_of(person), platform="devto", name="Her DEV", settings=DEVTO_SETTINGS,
        credentials={"api_key": "a-key-that-is-hers-9f3c"}, secret_hint="9f3c", status=Channel.Status.OPEN,
        account_name="@grace", checked_at=timezone.now(), examine_at=timezone.now() + timedelta(days=1),
        health={
            "checks": [asdict(check) for check in told], "worst": "broken", "account": account,
            "right": {"id": "1", "name": "@ada"},
        },
    )  # fmt: skip


def _edited_since(published: Delivery) -> None:
    """It differs from what is out there, and something is said otherwise there."""
    post = published.post
    text = f"{post.markdown}\n\nAnd one more thing.\n"
    versions = {str(published.channel_id): {"title": f"{post.title}, for gardeners", "footer": "Read on in {title}."}}
    Post.objects.filter(pk=post.pk).update(markdown=text, versions=versions, version=post.version + 1)
    Delivery.objects.filter(pk=published.pk).update(differs=True)


def _pictures(person: User) -> Image:
    """Two, of which one has neither smaller forms nor words."""
    workspace = workspace_of(person)
    keeping.take_in(workspace, person, pictures.picture("jpg", 800, 500, "maroon"), "a-name-that-is-rather-long.jpg")
    image = keeping.take_in(workspace, person, pictures.picture("png", 600, 400), "engine.png", alt="The engine")
    variants.prepare(image.pk)
    return image


def _series(person: User, channel: Channel) -> Series:
    """Every Monday, by two posts in turn; one date is skipped."""
    now, workspace = timezone.now(), workspace_of(person)
    posts = [
        Post.objects.create(workspace=workspace, author=person, title=f"Digest, part {part}", markdown="…")
        for part in (1, 2)
    ]
    start = datetime.combine(now.date() + timedelta(days=5), time(9))
    zone = ZoneInfo("Europe/Berlin")
    plan = making.Plan(rules.parse("FREQ=WEEKLY;BYDAY=MO"), start, zone, posts, [channel])
    series = recurring.begin(workspace, "Weekly digest", plan, now, person)
    recurring.skip(series.occurrences.order_by("due_at")[1], now)
    return series


def _plan(person: User, channel: Channel) -> Plan:
    """Weekly slots with two posts in them, one that was moved, and an order that is kept."""
    now, workspace = timezone.now(), workspace_of(person)
    queueing.add_slots(channel, range(5), time(9), "Europe/Berlin")
    for number in range(2):
        post = Post.objects.create(
            workspace=workspace, author=person, title=f"Queued, number {number + 1}", markdown="…"
        )
        free = slots.next_free([channel], now)[channel.pk]
        scheduling.schedule_each(post, [scheduling.Place(channel, free, in_slot=True)], now, person)
    moved = Delivery.objects.filter(workspace=workspace, status="scheduled", slot_at=None).order_by("-due_at")[0]
    changing.move(moved, moment_at(moved.due_at + timedelta(days=2), UTC), now, person)
    other = Channel.objects.of(workspace).exclude(pk=channel.pk)[0]
    return following.keep_plan(workspace, "My blog first", channel, [(other, timedelta(hours=24))])


def _every_state(beside: Delivery, channel: Channel) -> None:
    """What demonstration does not show: a post in each other state, on a channel that is closed."""
    now = timezone.now()
    there = set(Delivery.objects.filter(workspace=beside.workspace_id).values_list("status", flat=True))
    for number, status in enumerate(Delivery.Status):
        if status in there or status == Delivery.Status.PUBLISHING:
            continue
        post = Post.objects.create(
            workspace=beside.workspace, author=beside.created_by, title=f"On being {status.label.lower()}", markdown="…"
        )
        due = now + timedelta(days=40 + number)
        Delivery.objects.create(
            workspace=beside.workspace, post=post, channel=channel, status=status, due_at=due, act_at=due,
            created_by=beside.created_by, message="It was sent, and no clear answer came back.",
        )  # fmt: skip
    public = Post.objects.create(
        workspace=beside.workspace, author=beside.created_by, title="A page that is not there", markdown="…"
    )
    delivery = Delivery.objects.create(
        workspace=beside.workspace, post=public, channel=channel, status="published", due_at=now, act_at=now,
        published_at=now, remote_id="7", remote_url="https://dev.example/ada/7", created_by=beside.created_by,
    )  # fmt: skip
    Attempt.objects.create(
        delivery=delivery, number=1, step="publish", outcome="done", started_at=now, seconds=0.3,
        exchanges=[{"method": "POST", "url": "https://dev.example/api", "sent": "{}", "status": 201, "got": "{}"}],
    )  # fmt: skip
    Proof.objects.create(
        delivery=delivery, host="https://dev.example", began_at=now, due_at=None, outcome="missing", looked_at=now,
        status=404, message="The page answers 404.", looks=3,
        history=[{"at": now.isoformat(), "outcome": "missing", "message": "The page answers 404."}],
    )  # fmt: skip
