"""Verbs: schedule, reschedule, cancel, and what a person decides where the engine must not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import User
from posts.engine import tailoring
from posts.engine.lateness import Turns, late_after
from posts.engine.packing import article_of, door_of, head_start
from posts.engine.tailoring import announces
from posts.images.findings import findings_of
from posts.models import Channel, Delivery, Post
from posts.models.delivery import move
from posts.planning import slots
from posts.planning.moments import Moment, moment_at
from posts.watch import proving
from publishers import PUBLISHERS
from publishers.base import Finding, Finds, Level
from publishers.errors import Unsupported

Status = Delivery.Status
Deliveries = QuerySet[Delivery]
Options = Mapping[str, Any]  # cleaned values of a publisher's options_form
MOVED_MEANWHILE = "It was moved at this very moment, and was left there."
JUST_NOW = timedelta(minutes=1)  # a time this short ago is "now": forms are filled in slowly


class Refused(Exception):
    """It cannot be done; ``str()`` is the sentence for the person who asked."""


class PlatformRefuses(Refused):
    """At least one platform would refuse the post as it stands. ``findings`` has the reasons, by channel."""

    def __init__(self, findings: dict[Channel, list[Finding]]) -> None:
        self.findings = findings
        lines = [f"{channel}: {finding.message}" for channel, found in findings.items() for finding in found]
        super().__init__("\n".join(lines))


class SlotTaken(Refused):
    """A slot that was shown as free is not any more. ``instead`` has the next free ones, by channel id."""

    def __init__(self, lost: list[Place], instead: dict[int, Moment]) -> None:
        self.instead = instead
        super().__init__("\n".join(self._sentence(place, instead.get(place.channel.pk)) for place in lost))

    @staticmethod
    def _sentence(place: Place, next_one: Moment | None) -> str:
        was = f"The slot {in_words(place.at)} on {place.channel} is not free any more."
        return f"{was} The next free one is {in_words(next_one)}." if next_one else f"{was} No other one is free."


def in_words(at: Moment) -> str:
    return f"{at.due_at.astimezone(ZoneInfo(at.zone or 'UTC')):%a %-d %b %Y, %H:%M}"


@dataclass(frozen=True)
class Place:
    """One channel, and when the post goes there."""

    channel: Channel
    at: Moment
    in_slot: bool = False  # ``at`` is one of the channel's slots, and nobody else may have it
    after: timedelta | None = None  # it follows the first place so much later; ``at`` is when it is expected
    follows: Delivery | None = None  # what it follows instead, where that was scheduled before
    page: str = ""  # the address that it announces, where that is known already


# What stands for the address of a page that is not there yet, when an announcement of it is looked at beforehand.
PAGE_TO_COME = "https://the-page-to-come.example/"


def together(channels: Iterable[Channel], at: Moment) -> list[Place]:
    """All at one time; announcements wait for the page of the first article."""
    channels = sorted(channels, key=announces)
    waits = timedelta() if channels and not announces(channels[0]) else None
    return [Place(channel, at, after=waits if announces(channel) else None) for channel in channels]


def not_yet(post: Post, channel: Channel, due_at: datetime | None, options: Options | None, page: str = "") -> Delivery:
    """What would be inserted, to be looked at beforehand. An announcement has a page, be it one to come."""
    delivery = Delivery(post=post, channel=channel, workspace=post.workspace, options=dict(options or {}))
    if due_at is not None:
        delivery.due_at = due_at
    if announces(channel):
        delivery.canonical_url = page or post.canonical_url or PAGE_TO_COME
    return delivery


def check(
    post: Post, channel: Channel, due_at: datetime | None = None, options: Options | None = None, page: str = ""
) -> list[Finding]:
    """What this channel would lose, change or refuse of the post as it stands. No network. ``page`` is announced.

    What the background check of the cover found and what else the workspace publishes is said here too.
    """
    try:
        publisher = door_of(channel).open()
    except Unsupported as error:
        return [Finding(Level.REFUSED, "", str(error))]
    delivery = not_yet(post, channel, due_at, options, page)
    placed, article = tailoring.text(delivery), article_of(delivery)
    found = publisher.check(article)
    found = [*found, *findings_of(post, type(publisher), article, found)]
    findings = [placed.in_the_source(finding) for finding in found]
    if (problem := post.cover_finding()) and not announces(channel):
        findings.append(Finding(Level.LOST, "cover_url", f"The cover image could not be fetched: {problem}"))
    if other := _same_canonical(post, channel):
        unique = PUBLISHERS[channel.platform].limits.unique_canonical
        findings.append(
            Finding(
                Level.REFUSED if unique else Level.CHANGED,
                "canonical_url",
                f"“{other}” has the same canonical URL and is published or scheduled here too.",
            )
        )
    return findings


def _same_canonical(post: Post, channel: Channel) -> Post | None:
    if announces(channel) or not (url := _canonical_there(post, channel)):
        return None
    taken = Delivery.objects.filter(
        workspace=post.workspace_id, channel__platform=channel.platform, post__canonical_url=url
    ).exclude(status__in=[Status.CANCELLED, Status.FAILED])
    other = taken.exclude(post=post.pk).select_related("post").first()
    return other.post if other else None


def _canonical_there(post: Post, channel: Channel) -> str:
    """The canonical link that this channel is told of the post, where it follows no other."""
    return tailoring.canonical_url(Delivery(post=post, channel=channel))


def refusals(
    post: Post,
    channels: Iterable[Channel],
    due_at: datetime | None = None,
    options: Mapping[int, Options] | None = None,
) -> dict[Channel, list[Finding]]:
    """Only the findings that forbid scheduling, by channel."""
    wishes = options or {}
    found = {channel: check(post, channel, due_at, wishes.get(channel.pk)) for channel in channels}
    refused = {channel: [f for f in findings if f.level == Level.REFUSED] for channel, findings in found.items()}
    return {channel: findings for channel, findings in refused.items() if findings}


def schedule(
    post: Post,
    channels: Iterable[Channel],
    at: Moment,
    now: datetime,
    by: User | None = None,
    options: Mapping[int, Options] | None = None,
) -> list[Delivery]:
    """One delivery per channel, all or none, all at one time; ``options`` by channel id.

    Raises Refused with the reason; PlatformRefuses with the findings.
    """
    return schedule_each(post, together(channels, at), now, by, options)


def schedule_each(
    post: Post,
    places: Iterable[Place],
    now: datetime,
    by: User | None = None,
    options: Mapping[int, Options] | None = None,
) -> list[Delivery]:
    """One delivery per place, all or none. Those with ``after`` wait for the first one.

    Raises Refused with the reason; PlatformRefuses with the findings; SlotTaken.
    """
    places, wishes = list(places), options or {}
    if not places:
        raise Refused("Choose at least one channel.")
    if any(place.at.due_at < now - JUST_NOW for place in places):
        raise Refused("This time is in the past. Choose a later one, or publish now.")
    refused: dict[Channel, list[Finding]] = {}
    for place in places:
        if place.channel.workspace_id != post.workspace_id:
            raise Refused("This channel belongs to another workspace.")
        if announces(place.channel) and place.after is None and not (place.page or post.canonical_url):
            raise Refused(nothing_to_announce(place.channel))
        refused |= refusals(post, [place.channel], place.at.due_at, wishes)
    if refused:
        raise PlatformRefuses(refused)
    with transaction.atomic():
        not_removed(place.channel for place in places)
        _still_free([place for place in places if place.in_slot], now)
        origin: Delivery | None = None
        made = []
        for place in places:
            made.append(_insert(post, place, by, wishes.get(place.channel.pk), origin))
            origin = made[0]
            _take_over_followers(made[-1], place)
        return made


def nothing_to_announce(channel: Channel) -> str:
    return (
        f"{channel} announces a page, and there is none yet: choose it together with a channel on which the post "
        "appears, or give the post a canonical URL."
    )


def _still_free(places: list[Place], now: datetime) -> None:
    """Raises SlotTaken. The channels are locked: who asks next sees what is inserted now."""
    if not places:
        return
    busy = slots.taken([place.channel.pk for place in places], now, {place.at.due_at for place in places})
    lost = [
        place
        for place in places
        if place.at.due_at in busy[place.channel.pk] or not slots.opening_at(place.channel, place.at.due_at, now)
    ]
    if lost:
        raise SlotTaken(lost, slots.next_free([place.channel for place in lost], now))


def not_removed(channels: Iterable[Channel]) -> None:
    """Raises Refused when one is removed. Locks them: until the commit nobody can remove one."""
    names = {channel.pk: str(channel) for channel in channels}
    there = Channel.objects.select_for_update().filter(pk__in=names).exclude(status=Channel.Status.REMOVED)
    for pk in names.keys() - {channel.pk for channel in there.order_by("pk")}:
        raise Refused(f"{names[pk]} has been removed.")


def repeat(
    post: Post, channel: Channel, at: Moment, by: User | None, options: Options | None, occurrence: int
) -> Delivery:
    """The delivery of one date of a series, in the caller's transaction, in which the channel is locked.

    Nothing is judged here, and the date may be over: what is late has its own rules. Raises Refused when it is there.
    """
    return _insert(post, Place(channel, at), by, options, None, occurrence)


def is_there(post: Post, channel: Channel, but_for: Collection[int] = ()) -> bool:
    """Whether this canonical URL is published or on its way on the channel's platform, by this post or another.

    ``but_for``: what was made for these occurrences does not count while nothing of it is published.
    """
    if not (url := _canonical_there(post, channel)):
        return False
    taken = Delivery.objects.filter(
        workspace=post.workspace_id, channel__platform=channel.platform, post__canonical_url=url
    )
    taken = taken.exclude(status__in=[Status.CANCELLED, Status.FAILED])
    return taken.exclude(occurrence__in=list(but_for), status=Status.SCHEDULED, number=0).exists()


def _insert(
    post: Post,
    place: Place,
    by: User | None,
    options: Options | None,
    origin: Delivery | None,
    occurrence: int = 0,
) -> Delivery:
    times = time_fields(post, place.channel, place.at)
    if place.in_slot:
        times["slot_at"] = place.at.due_at
    if place.after is not None:
        times |= {"status": Status.WAITING, "follows": place.follows or origin, "follow_after": place.after}
    elif announces(place.channel):
        times["canonical_url"] = place.page or post.canonical_url
    try:
        with transaction.atomic():
            return Delivery.objects.create(
                workspace=post.workspace,
                post=post,
                channel=place.channel,
                created_by=by,
                occurrence=occurrence,
                options=dict(options or {}),
                **times,
            )
    except IntegrityError as error:
        raise Refused(
            f"This post is on {place.channel} already: it is scheduled, on its way or published there."
        ) from error


def time_fields(post: Post, channel: Channel, at: Moment) -> dict[str, Any]:
    """What a delivery keeps of its time. Another time is no slot, unless the caller says so."""
    return {
        "due_at": at.due_at,
        "act_at": at.due_at - head_start(channel, post),
        "late_after": late_after(post, at.due_at),
        "wall_time": at.wall_time,
        "zone": at.zone,
        "slot_at": None,
        "wall_moves_to": None,
    }


def never_late(delivery: Delivery, at: Moment) -> dict[str, Any]:
    """What changes an article that is there needs no head start, and goes out however late it is."""
    return {} if delivery.is_publication else {"act_at": at.due_at, "late_after": None}


def reschedule(
    delivery: Delivery, at: Moment, now: datetime, *, in_slot: bool = False, seen: datetime | None = None
) -> None:
    """Move it to another time; also what FAILED or was MISSED, which begins anew, and what was HANDED_OVER, which
    is handed over anew. Raises Refused.

    ``seen`` is the time that it is moved from: if it has another one by now, it stays there.
    ``in_slot``: this time is a slot of its channel, and the caller has made sure that it is free. What waits for it
    is expected so much later.
    """
    if at.due_at < now - JUST_NOW:
        raise Refused("This time is in the past. Choose a later one, or publish now.")
    if delivery.status not in (Status.SCHEDULED, Status.FAILED, Status.MISSED, Status.HANDED_OVER):
        raise Refused(_too_late(delivery))
    _begin_again(delivery, at, [Status(delivery.status)], seen, slot_at=at.due_at if in_slot else None)


def publish_now(delivery: Delivery, at: Moment) -> None:
    """Due at once: what is SCHEDULED, FAILED ("try again") or MISSED. Raises Refused. Ring after the commit."""
    if delivery.status not in (Status.SCHEDULED, Status.FAILED, Status.MISSED):
        raise Refused(_too_late(delivery))
    _begin_again(delivery, at, [Status(delivery.status)])


def publish_in_turn(deliveries: Iterable[Delivery], now: datetime, zone: tzinfo) -> dict[Delivery, str]:
    """Publish many at once, so to speak: on each channel one after the other, the first one now.

    Returns those that could not be moved, each with the reason.
    """
    deliveries, refused = list(deliveries), {}
    turns = Turns((delivery.channel_id for delivery in deliveries), now)
    for delivery in deliveries:
        try:
            publish_now(delivery, moment_at(turns.next(delivery.channel_id), zone))
        except Refused as reason:
            refused[delivery] = str(reason)
    return refused


def send_again(delivery: Delivery, at: Moment) -> None:
    """A person looked: it is not there. Where we can look ourselves we do so once more before it is sent."""
    if delivery.status != Status.UNCERTAIN:
        raise Refused(_too_late(delivery))
    publisher = PUBLISHERS.get(delivery.channel.platform)
    can_look = publisher is not None and issubclass(publisher, Finds) and delivery.is_publication
    _begin_again(delivery, at, [Status.UNCERTAIN], doubtful=can_look)


def _begin_again(
    shown: Delivery, at: Moment, allowed: list[Status], seen: datetime | None = None, **changes: Any
) -> None:
    delivery = as_it_is(shown)
    options = {delivery.channel_id: delivery.options}
    takes_text = delivery.action != Delivery.Action.UNPUBLISH
    if takes_text and (refused := refusals(delivery.post, [delivery.channel], at.due_at, options)):
        raise PlatformRefuses(refused)
    fresh: dict[str, Any] = {
        "tries": 0,
        "looks_failed": 0,
        "looks_absent": 0,
        "crashes": 0,
        "message": "",
        "retry_if_absent": None,
        "remind_at": None,
    }
    try:
        with transaction.atomic():
            not_removed([delivery.channel])
            there = Delivery.objects.filter(pk=delivery.pk, status__in=allowed)
            moved = (there.filter(due_at=seen) if seen else there).update(
                status=Status.SCHEDULED,
                **{
                    **(time_fields(delivery.post, delivery.channel, at) | never_late(delivery, at)),
                    **fresh,
                    "refused_unless_ours": False,
                    **changes,
                },
            )
            if moved:
                _expect_followers(delivery, at)
    except IntegrityError as error:
        raise Refused(f"Another delivery of this post to {delivery.channel} is under way already.") from error
    if not moved:
        raise Refused(overtaken(delivery, MOVED_MEANWHILE))


def _take_over_followers(origin: Delivery, place: Place) -> None:
    """What waits for one that was cancelled or failed here waits for this one, which is in its place."""
    over = [Status.CANCELLED, Status.FAILED]
    left = Delivery.objects.filter(
        post=origin.post, status=Status.WAITING, follows__channel=origin.channel, follows__status__in=over
    )
    if pks := list(left.exclude(pk=origin.pk).values_list("pk", flat=True)):
        Delivery.objects.filter(pk__in=pks, status=Status.WAITING).update(follows=origin)
        _expect_followers(origin, place.at)


def _expect_followers(origin: Delivery, at: Moment) -> None:
    """What waits for it is expected so much after its new time."""
    waiting = Delivery.objects.filter(follows=origin, status=Status.WAITING)
    for follower in waiting.select_related("post__workspace", "channel"):
        times = time_fields(follower.post, follower.channel, later(at, follower.follow_after))
        move(follower.pk, Status.WAITING, [Status.WAITING], **times)


def later(at: Moment, by: timedelta | None) -> Moment:
    """So much later, by the same clock on the wall."""
    return moment_at(at.due_at + (by or timedelta()), ZoneInfo(at.zone or "UTC"))


def cancel(delivery: Delivery) -> None:
    """Take it back while nothing was sent; for an UNCERTAIN one it means "I looked, drop it". Raises Refused."""
    if not delivery.move(Status.CANCELLED, lease_until=None, remind_at=None):
        raise Refused(overtaken(delivery))


def confirm(delivery: Delivery, url: str, now: datetime) -> None:
    """A person looked, or has published it by hand: it is there, at ``url``. Raises Refused, also while the engine
    itself is still at it.

    The person's word counts. Its page is looked at afterwards, as that of every publication.
    """
    if not delivery.is_publication:
        raise Refused("Have it done again: that is safe, and tells for sure.")
    if not url.startswith(("http://", "https://")):
        raise Refused("Give the address at which it is, beginning with https://.")
    changes: dict[str, Any] = {"remote_url": url, "published_at": now, "doubtful": False, "message": ""}
    changes["remind_at"] = None
    if not delivery.remote_id:
        changes |= {"remote_id": url[:300], "place": ""}  # its number there is not known
    with transaction.atomic():
        if not move(delivery.pk, Status.PUBLISHED, [Status.UNCERTAIN, Status.HANDED_OVER], **changes):
            raise Refused(overtaken(delivery))
        proving.begin_where_a_person_saw_it(delivery, url, now)


def overtaken(delivery: Delivery, while_scheduled: str = "") -> str:
    """Somebody or something else was quicker: what it is by now, in a sentence."""
    now = as_it_is(delivery)
    return while_scheduled if while_scheduled and now.status == Status.SCHEDULED else _too_late(now)


def as_it_is(delivery: Delivery) -> Delivery:
    """The row as it stands by now: the page on which a person decided may be old. Raises Refused when it is gone."""
    rows = Delivery.objects.select_related("post__author", "post__workspace", "channel", "workspace")
    if (row := rows.filter(pk=delivery.pk).first()) is None:
        raise Refused("It has been deleted.")
    return row


def _too_late(delivery: Delivery) -> str:
    """Why it cannot be changed any more, in a sentence."""
    if not delivery.is_publication and delivery.status == Status.PUBLISHED:
        return f"It is done on {delivery.channel} already."
    return {
        Status.PUBLISHING: f"It is being published on {delivery.channel} at this moment: it is too late to change it.",
        Status.CHECKING: f"It was sent to {delivery.channel} and we are looking whether it arrived: it is too late.",
        Status.PUBLISHED: f"It is published on {delivery.channel} already.",
        Status.CANCELLED: "It was cancelled. Schedule the post again.",
    }.get(Status(delivery.status), f"It is {delivery.get_status_display().lower()}: this cannot be done any more.")
