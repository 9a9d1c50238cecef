"""Verbs: a workspace full of believable posts, to be looked at. Nothing of it is sent anywhere but to this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from django.db import transaction

from accounts.models import User, Workspace
from posts.engine.lateness import late_after
from posts.engine.packing import article_of, door_of
from posts.models import Attempt, Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import NoSuchTime, moment_at, moment_of
from publishers.platforms.folder import Folder

TEXTS = Path(__file__).parent / "samples"

NOTES, TEAM = "Field notes", "Team blog"
CHANNELS = {
    NOTES: {"generator": "hugo", "directory": "field-notes", "base_url": "", "permalink": "", "keys": ""},
    TEAM: {"generator": "astro", "directory": "team-blog", "base_url": "", "permalink": "", "keys": ""},
}
Status, Step, Outcome = Delivery.Status, Attempt.Step, Attempt.Outcome
REFUSED = "The file could not be written: permission denied."
NO_CLEAR_ANSWER = "The file was written, but the disk did not confirm it."
TOO_LATE = "Its time passed while nothing could be published. So late it is not published without you."


@dataclass(frozen=True)
class Showpiece:
    """One post, and where it stands: the state on each channel, ``days`` from now at ``at`` o'clock."""

    title: str
    summary: str
    tags: tuple[str, ...]
    where: dict[str, Delivery.Status]
    days: int = 0
    at: time = time(9)

    @property
    def slug(self) -> str:
        """Its name, which also tells that it is there already."""
        words = "".join(letter if letter.isalnum() else " " for letter in self.title.lower().replace("’", ""))
        return "-".join(words.split())


SHOWPIECES = (
    Showpiece(
        "How we cut our build from 24 minutes to 7",
        "Three changes did most of it, and none of them was a faster machine.",
        ("devops", "testing"),
        {NOTES: Status.PUBLISHED, TEAM: Status.PUBLISHED},
        days=-13,
    ),
    Showpiece(
        "A gentle introduction to database indexes",
        "What an index is, when it helps, and the three questions to ask before adding one.",
        ("databases", "beginners"),
        {NOTES: Status.PUBLISHED, TEAM: Status.PUBLISHED},
        days=-6,
    ),
    Showpiece(
        "What a year on call taught me",
        "Sleep is a dependency. So is a runbook that somebody has read aloud.",
        ("career", "operations"),
        {NOTES: Status.PUBLISHED},
        days=-3,
        at=time(17, 30),
    ),
    Showpiece(
        "Release notes: version 4.2",
        "Faster search, a calmer inbox, and the end of the blue banner.",
        ("release",),
        {TEAM: Status.PUBLISHED, NOTES: Status.FAILED},
        days=-1,
        at=time(11),
    ),
    Showpiece(
        "Postmortem: the hour our queue stood still",
        "A full disk, a quiet alarm, and what we changed in the week after.",
        ("operations", "reliability"),
        {TEAM: Status.MISSED},
        days=-2,
        at=time(8),
    ),
    Showpiece(
        "Moving a blog without losing its readers",
        "Redirects, feeds and canonical links, in the order in which they matter.",
        ("writing", "web"),
        {NOTES: Status.UNCERTAIN},
        days=-1,
        at=time(15),
    ),
    Showpiece(
        "The case for boring backups",
        "The best backup is the one you restored last month.",
        ("operations", "databases"),
        {NOTES: Status.SCHEDULED, TEAM: Status.SCHEDULED},
        days=1,
    ),
    Showpiece(
        "Five SQL queries I run every week",
        "Small questions that find big problems early.",
        ("databases", "sql"),
        {NOTES: Status.SCHEDULED},
        days=3,
        at=time(14, 30),
    ),
    Showpiece(
        "Writing error messages people can act on",
        "Say what happened, what it means, and what to do next. In that order.",
        ("writing", "ux"),
        {NOTES: Status.SCHEDULED, TEAM: Status.SCHEDULED},
        days=8,
    ),
    Showpiece(
        "Our roadmap until spring",
        "What we build next, what we do not build, and why.",
        ("product",),
        {TEAM: Status.SCHEDULED},
        days=15,
        at=time(10),
    ),
    Showpiece(
        "Tests that read like sentences",
        "If a test needs a comment, it needs another name.",
        ("testing",),
        {},
    ),
    Showpiece(
        "Ten years of maintaining one library",
        "A conversation about saying no, release days, and the issues nobody opens.",
        ("open-source", "interview"),
        {},
    ),
)


@transaction.atomic
def fill(workspace: Workspace, author: User, now: datetime) -> int:
    """Two channels and twelve posts, each made where it is not there yet; the number of posts that were made."""
    channels = {name: _channel(workspace, name) for name in CHANNELS}
    there = set(Post.objects.of(workspace).values_list("slug", flat=True))
    missing = [piece for piece in SHOWPIECES if piece.slug not in there]
    for piece in missing:
        post = _post(workspace, author, piece, now)
        for name, status in piece.where.items():
            _deliver(post, channels[name], piece, status, author, now)
    return len(missing)


def _channel(workspace: Workspace, name: str) -> Channel:
    known = Channel.objects.of(workspace).filter(name=name).first()
    settings = CHANNELS[name]
    return known or Channel.objects.create(
        workspace=workspace,
        platform=Folder.name,
        name=name,
        settings=settings,
        status=Channel.Status.OPEN,
        account_name=settings["directory"],
    )


def _post(workspace: Workspace, author: User, piece: Showpiece, now: datetime) -> Post:
    post = Post.objects.create(
        workspace=workspace,
        author=author,
        title=piece.title,
        slug=piece.slug,
        summary=piece.summary,
        tags=list(piece.tags),
        markdown=(TEXTS / f"{piece.slug}.md").read_text(encoding="utf-8"),
    )
    changed = min(now, now + timedelta(days=piece.days)) - timedelta(hours=5)
    Post.objects.filter(pk=post.pk).update(created_at=changed, updated_at=changed)
    return post


def _deliver(
    post: Post, channel: Channel, piece: Showpiece, status: Delivery.Status, author: User, now: datetime
) -> None:
    here = now.astimezone(author.time_zone)
    wall = datetime.combine(here.date() + timedelta(days=piece.days), piece.at)
    try:
        moment = moment_of(wall, author.time_zone)
    except NoSuchTime as gap:
        moment = moment_at(gap.instead or now, author.time_zone)
    if status == Status.SCHEDULED:
        scheduling.schedule(post, [channel], moment, now, author)
        return
    delivery = Delivery(
        workspace=post.workspace,
        post=post,
        channel=channel,
        created_by=author,
        due_at=moment.due_at,
        act_at=moment.due_at,
        late_after=late_after(post, moment.due_at),
        wall_time=moment.wall_time,
        zone=moment.zone,
        status=status,
    )
    _OVER[status](delivery)


def _published(delivery: Delivery) -> None:
    """As the engine would have left it; the file is written, so that it can be read."""
    door = door_of(delivery.channel).open()
    assert isinstance(door, Folder)
    remote, post = door.publish(article_of(delivery)), delivery.post
    delivery.remote_id, delivery.remote_url = remote.id, remote.url
    delivery.published_at = delivery.due_at + timedelta(seconds=1)
    delivery.sent_title, delivery.sent_markdown = post.title, post.markdown
    delivery.sent_digest, delivery.sent_version = post.digest(), post.version
    _tried(delivery, Outcome.DONE)


def _failed(delivery: Delivery) -> None:
    delivery.message = REFUSED
    _tried(delivery, Outcome.REJECTED)


def _uncertain(delivery: Delivery) -> None:
    delivery.message, delivery.doubtful = NO_CLEAR_ANSWER, True
    _tried(delivery, Outcome.UNKNOWN)


def _missed(delivery: Delivery) -> None:
    delivery.message = TOO_LATE
    delivery.save()


_OVER = {
    Status.PUBLISHED: _published,
    Status.FAILED: _failed,
    Status.UNCERTAIN: _uncertain,
    Status.MISSED: _missed,
}


def _tried(delivery: Delivery, outcome: Attempt.Outcome) -> None:
    """Save it, with the one try that made it what it is."""
    delivery.number = 1
    delivery.save()
    Attempt.objects.create(
        delivery=delivery,
        number=1,
        step=Step.PUBLISH,
        outcome=outcome,
        message=delivery.message,
        started_at=delivery.due_at,
        seconds=0.04,
    )
