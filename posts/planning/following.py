"""Verbs: canonical first. What follows an original waits until that is published and its page answers.

The original's deliveries and their outcomes are the engine's; here a watch of the worker looks what became of them, and
releases each follower once, by compare-and-set: two workers may look at once. Where the plan cannot go on, the author
is told once of each obstacle, and decides.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from accounts.models import User, Workspace
from posts import notifying
from posts.engine import tailoring
from posts.models import Change, Channel, Delivery, Plan, PlanStep, Proof
from posts.models.delivery import move
from posts.models.literals import literals
from posts.planning import changing, scheduling
from posts.planning.moments import moment_at
from posts.planning.scheduling import Refused
from posts.watch import proving
from publishers import PUBLISHERS
from publishers.base import Assisted
from publishers.platforms.folder import Folder

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
Status = Delivery.Status
Obstacle = Delivery.Obstacle

LATE = timedelta(minutes=15)  # so much after its time an original that is not published holds its followers up
AT_ONCE = 500  # followers in one round
READY, UNSEEN = "ready", "unseen"

# An original that ended like this is published by nobody but a person.
_ENDED = [Status.FAILED, Status.UNCERTAIN, Status.MISSED, Status.CANCELLED]
_WRONG = [Proof.Outcome.MISSING, Proof.Outcome.DIFFERENT, Proof.Outcome.NOT_REACHED]


# --- plans -----------------------------------------------------------------------------------------------------------


class NameTaken(Refused):
    """There is a plan of this name in the workspace already."""


def keep_plan(
    workspace: Workspace,
    name: str,
    origin: Channel,
    followers: Iterable[tuple[Channel, timedelta]],
    plan: Plan | None = None,
) -> Plan:
    """Keep an order to use it again; ``plan`` is the one that is changed. Raises NameTaken."""
    try:
        with transaction.atomic():
            kept = plan or Plan(workspace=workspace)
            kept.name, kept.origin = name, origin
            kept.save()
            kept.steps.all().delete()
            PlanStep.objects.bulk_create(
                PlanStep(plan=kept, channel=channel, after=after) for channel, after in followers
            )
            return kept
    except IntegrityError as error:
        raise NameTaken("There is a plan of this name already. Choose another one.") from error


def may_have_page(channel: Channel) -> bool:
    """Whether what is published there has a public address: a folder has one only when its site's is given."""
    if tailoring.announces(channel):
        return False
    return channel.platform != Folder.name or bool(channel.settings.get("base_url"))


# --- the watch -------------------------------------------------------------------------------------------------------


def look_after(clock: Clock) -> int:
    """Release what may go out, and tell authors what keeps the others waiting. How many were released."""
    now = clock()
    released = 0
    held: dict[tuple[int | None, str], list[int]] = defaultdict(list)
    for pk, origin, stands in list(_with_news(now)[:AT_ONCE]):
        if stands == READY:
            released += _guarded(pk, partial(_release_ready, pk, now))
        elif stands == UNSEEN:
            _guarded(pk, partial(_have_looked_at, origin, now))
        else:
            held[origin, stands].append(pk)
    for (origin, stands), pks in held.items():
        _guarded(pks[0], partial(_hold, origin, stands, pks))
    return released


def _with_news(now: datetime) -> QuerySet[Delivery, tuple[int, int | None, str]]:
    """Followers for which something has changed: how it stands with what they follow is not what was noted."""
    [is_waiting] = literals([Status.WAITING])
    waiting = Delivery.objects.filter(status=is_waiting)
    published = Q(follows__status=Status.PUBLISHED)
    places = [name for name, publisher in PUBLISHERS.items() if issubclass(publisher, Assisted)]
    by_hand = Q(follows__channel__platform__in=places)
    stands = Case(
        When(follows=None, then=Value(Obstacle.GONE.value)),
        When(follows__status__in=_ENDED, then=F("follows__status")),
        When(published & ~Q(follows__remote_url__startswith="http"), then=Value(Obstacle.NO_PAGE.value)),
        When(published & Q(follows__proof=None), then=Value(UNSEEN)),
        When(published & Q(follows__proof__outcome=Proof.Outcome.THERE), then=Value(READY)),
        # Who has published it by hand has seen it there: some pages are closed to robots for good.
        When(published & by_hand & Q(follows__proof__outcome=Proof.Outcome.NOT_REACHED), then=Value(READY)),
        When(published & Q(follows__proof__outcome__in=_WRONG), then=F("follows__proof__outcome")),
        When(Q(follows__status=Status.HANDED_OVER), then=Value("")),  # its author knows, and is reminded
        When(~published & Q(follows__due_at__lt=now - LATE), then=Value(Obstacle.LATE.value)),
        default=Value(""),
        output_field=CharField(),
    )
    news = (
        waiting.annotate(stands=stands).exclude(obstacle=F("stands")).order_by()
    )  # sorted it would not be found by its index
    return news.values_list("pk", "follows", "stands")


def _guarded(pk: int, verb: Callable[[], object]) -> bool:
    """One bad row never stops the others."""
    try:
        return bool(verb())
    except Exception:
        log.exception("Delivery %s: what follows could not be seen to", pk)
        return False


def _have_looked_at(origin: int | None, now: datetime) -> bool:
    """Its page is looked at although pages are not looked at by themselves here: followers wait for it."""
    return origin is not None and proving.ask(_whole(origin), now)


def _whole(pk: int) -> Delivery:
    return Delivery.objects.select_related("post__author", "post__workspace", "channel", "created_by", "follows").get(
        pk=pk
    )


def _release_ready(pk: int, now: datetime) -> bool:
    """The original is published and its page answers: the follower's time is known, and its canonical link."""
    follower = _whole(pk)
    origin = follower.follows
    assert origin is not None
    return _release(follower, origin.published_at or now, origin.remote_url, now)


def _release(follower: Delivery, published_at: datetime, canonical_url: str, now: datetime) -> bool:
    due_at = max(published_at + (follower.follow_after or timedelta()), now)
    times = scheduling.time_fields(follower.post, follower.channel, moment_at(due_at, _zone(follower)))
    changes = {**times, "canonical_url": canonical_url, "obstacle": "", "waits_on": False}
    return move(follower.pk, Status.SCHEDULED, [Status.WAITING], **changes)


def _zone(delivery: Delivery) -> ZoneInfo:
    return ZoneInfo(delivery.zone or str(UTC))


@transaction.atomic
def _hold(origin: int | None, stands: str, pks: list[int]) -> None:
    """Note what keeps them waiting; whoever notes it first tells the author, in one mail for all of them."""
    waiting = Delivery.objects.filter(pk__in=pks, status=Status.WAITING).exclude(obstacle=stands)
    told = list(waiting.select_for_update().order_by("pk").values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=told).update(obstacle=stands, waits_on=False)
    if told and stands:
        followers = Delivery.objects.filter(pk__in=told).select_related("post__author", "channel", "created_by")
        notifying.tell_held(list(followers), _whole(origin) if origin else None, Obstacle(stands))


# --- what a person decides -------------------------------------------------------------------------------------------


def release(follower: Delivery, now: datetime, *, with_canonical: bool) -> datetime:
    """It waits no longer: it goes out at its expected time, now where that is over. Returns when. Raises Refused.

    ``with_canonical``: the original's address is its canonical link, whatever its page answers.
    """
    shown = _whole(follower.pk)
    origin = shown.follows
    url = origin.remote_url if origin else ""
    if with_canonical and not url.startswith("http"):
        raise Refused("The original has no public address yet: release it without one, or wait on.")
    if not with_canonical and not can_go_alone(shown):
        raise Refused("It announces the page of the original, which is not there: wait on, or stop it.")
    known = (
        origin.published_at if origin and origin.published_at else shown.due_at - (shown.follow_after or timedelta())
    )
    if not _release(shown, known, url if with_canonical else "", now):
        raise Refused(scheduling.overtaken(follower))
    return max(known + (shown.follow_after or timedelta()), now)


def delay(follower: Delivery, after: timedelta) -> datetime:
    """It follows so much later. Returns when it is expected. Raises Refused."""
    shown = _whole(follower.pk)
    if shown.follows is None:
        raise Refused("What it follows is gone: release it, or stop it.")
    times = scheduling.time_fields(
        shown.post, shown.channel, scheduling.later(moment_at(shown.follows.due_at, _zone(shown)), after)
    )
    if not move(shown.pk, Status.WAITING, [Status.WAITING], follow_after=after, **times):
        raise Refused(scheduling.overtaken(shown))
    return shown.follows.due_at + after


def has_address(delivery: Delivery) -> bool:
    """Whether it is published at an address that others can name."""
    return delivery.remote_url.startswith("http") and not tailoring.announces(delivery.channel)


def can_go_alone(follower: Delivery) -> bool:
    """Whether it makes sense without the original's address: an announcement has to have some address to name."""
    return bool(follower.post.canonical_url) or not tailoring.announces(follower.channel)


def wait_on(follower: Delivery) -> None:
    """A person knows what keeps it waiting, and lets it wait. Raises Refused."""
    if not move(follower.pk, Status.WAITING, [Status.WAITING], waits_on=True):
        raise Refused(scheduling.overtaken(follower))


def waiting_for(origin: Delivery) -> QuerySet[Delivery]:
    """What waits for this one, the first to follow first."""
    return Delivery.objects.filter(follows=origin, status=Status.WAITING).order_by("follow_after", "pk")


class Then(StrEnum):
    """What becomes of the followers when their original is cancelled."""

    STOP = "stop"
    RELEASE = "release"
    WAIT = "wait"


@transaction.atomic
def cancel(origin: Delivery, then: Then, now: datetime, by: User | None) -> Change:
    """Cancel the original, and see to what waits for it, all or nothing. Raises Refused."""
    followers = list(waiting_for(origin).select_related("channel", "post"))
    change = changing.cancel(origin, now, by)
    for follower in followers:
        if then == Then.STOP or (then == Then.RELEASE and not can_go_alone(follower)):
            changing.cancel(follower, now, by)
        elif then == Then.RELEASE:
            release(follower, now, with_canonical=False)
        else:  # its author knows: no mail about it
            move(follower.pk, Status.WAITING, [Status.WAITING], obstacle=Obstacle.CANCELLED, waits_on=True)
    return change


def cancel_all(deliveries: Iterable[Delivery], then: Then, now: datetime, by: User | None) -> dict[Delivery, str]:
    """Cancel many, each with what waits for it. Returns those that could not be, each with the reason."""
    refused = {}
    for delivery in deliveries:
        try:
            cancel(delivery, then, now, by)
        except Refused as reason:
            refused[delivery] = str(reason)
    return refused
