"""Verbs of people: begin a series, change it, leave a date out, move one, let it rest, go on, end it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User, Workspace
from posts.models import Channel, Delivery, Occurrence, Series, SeriesPost
from posts.planning import scheduling
from posts.planning.moments import WALL, Moment
from posts.planning.recurring import making, rules
from posts.planning.recurring.dating import Date
from posts.planning.recurring.making import Plan
from posts.planning.scheduling import Refused

Status = Series.Status
Waits = Delivery.Status.SCHEDULED

GONE = "This series has ended. Begin a new one."
CHANGED_MEANWHILE = "Somebody else changed this series meanwhile. Look at it as it is now, and try again."
BEGUN = "It is on its way already, or over: it is too late to change this date."


def begin(workspace: Workspace, name: str, plan: Plan, now: datetime, by: User | None) -> Series:
    """A new series, with its next dates. Raises Refused."""
    asked = _judge(workspace, plan, now)
    with transaction.atomic():
        series = Series.objects.create(
            workspace=workspace, created_by=by, since=now, look_at=now, **_fields(name, plan)
        )
        _join(series, plan)
        making.fill(series, now, asked)
    return series


def change(shown: Series, name: str, plan: Plan, now: datetime) -> Series:
    """Another rule, other posts or channels: for what is ahead and has not begun. Raises Refused."""
    asked = _judge(shown.workspace, plan, now, shown)
    with transaction.atomic():
        series = _locked(shown)
        if series.version != shown.version:
            raise Refused(CHANGED_MEANWHILE)
        if series.status == Status.ENDED:
            raise Refused(GONE)
        making.hold({*series.channels.all(), *plan.channels})
        rows = list(series.occurrences.filter(due_at__gt=now))
        left = [channel.pk for channel in series.channels.all() if channel not in plan.channels]
        making.withdraw(rows, making.CHANGED, channels=left)
        for channel in plan.channels:
            unbegun = Delivery.objects.of_occurrences(row.pk for row in rows).filter(status=Waits, number=0)
            unbegun.filter(channel=channel).update(options=dict(plan.options.get(channel.pk, {})))
        for field, value in _fields(name, plan).items():
            setattr(series, field, value)
        series.version += 1
        series.since = now
        series.save()
        _join(series, plan)
        if series.status == Status.ACTIVE:
            making.fill(series, now, asked, anew=True)
    return series


def _fields(name: str, plan: Plan) -> dict[str, object]:
    return {
        "name": name,
        "zone": str(plan.zone),
        "start": plan.start.strftime(WALL),
        "rule": str(plan.rule),
        "options": {str(pk): dict(options) for pk, options in plan.options.items()},
    }


def _join(series: Series, plan: Plan) -> None:
    series.channels.set(plan.channels)
    series.turns.all().delete()
    turns = [SeriesPost(series=series, post=post, place=place) for place, post in enumerate(plan.posts, 1)]
    SeriesPost.objects.bulk_create(turns)


def _judge(workspace: Workspace, plan: Plan, now: datetime, series: Series | None = None) -> making.Refusals:
    """Raises Refused with every reason at once; else nothing is refused."""
    if not plan.posts:
        raise Refused("Choose at least one post.")
    if not plan.channels:
        raise Refused("Choose at least one channel.")
    if {each.workspace_id for each in plan.posts} | {each.workspace_id for each in plan.channels} != {workspace.pk}:
        raise Refused("This belongs to another workspace.")
    if problems := objections(plan, now, series):
        raise Refused("\n".join(problems))
    return {}


def objections(plan: Plan, now: datetime, series: Series | None = None) -> list[str]:
    """Why a platform would refuse this series: one of its posts as it stands, or the same thing a second time."""
    found = []
    for post in plan.posts:
        for channel, findings in scheduling.refusals(post, plan.channels, now, plan.options).items():
            found += [f"“{post}” on {channel}: {finding.message}" for finding in findings]
    dates = _number_of_dates(plan, now)
    own = [] if series is None else [row.pk for row in series.occurrences.all()]
    return found + making.repeated(plan, dates, own)


def _number_of_dates(plan: Plan, now: datetime) -> int:
    """How many there will be, as far as it matters whether a post comes again."""
    enough = len(plan.posts) * 2 + 1
    local = now.astimezone(plan.zone).replace(tzinfo=None)
    return len(rules.first(plan.rule, plan.start, enough, after=local))


# --- what a change would do ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """What a change does to what is ahead. Only dates that were made are told: the others are nobody's yet."""

    goes: list[Occurrence]
    comes: list[Date]
    stays: int
    other_post: list[tuple[Occurrence, str]]  # and whose turn it is then


def difference(series: Series, plan: Plan, now: datetime) -> Difference:
    rows = {row.original: row for row in series.occurrences.filter(due_at__gt=now).select_related("post")}
    busy = set(making.begun(rows.values()).values_list("occurrence", flat=True))
    dates = making.known_dates(plan, list(rows))
    before = making.last_before(series, now)
    turn = before.turn if before else 0
    other, comes = [], []
    for date in making.window(plan, now):
        row = rows.get(date.original)
        if row is not None and row.pk in busy:
            turn = row.turn
            continue
        turn += 1
        post = plan.posts[(turn - 1) % len(plan.posts)]
        if row is None or (date.moment and not row.is_moved and row.due_at != date.moment.due_at):
            comes.append(date)
        elif row.post_id != post.pk:
            other.append((row, str(post)))
    retimed = {date.original for date in comes}
    goes = [
        row
        for row in rows.values()
        if row.pk not in busy and (row.original in retimed or not making.belongs(row, dates, now))
    ]
    stays = len([row for row in rows.values() if row not in goes])
    return Difference(goes, comes, stays, other)


# --- one date --------------------------------------------------------------------------------------------------------


@transaction.atomic
def skip(shown: Occurrence, now: datetime) -> None:
    """Leave this date out; the others stay as they are, with whose turn it is. Raises Refused."""
    series, row = _date(shown, now)
    if row.left_out:
        return
    making.hold(series.channels.all())
    making.withdraw([row], "Its date was skipped.")
    if making.begun([row]).exists():
        raise Refused(BEGUN)
    row.left_out = Occurrence.LeftOut.PERSON
    row.save(update_fields=["left_out"])


@transaction.atomic
def take_back_skip(shown: Occurrence, now: datetime) -> None:
    series, row = _date(shown, now)
    if row.left_out != Occurrence.LeftOut.PERSON:
        return
    row.left_out = ""
    row.save(update_fields=["left_out"])
    _fill_if_active(series, now)


@transaction.atomic
def move(shown: Occurrence, at: Moment, now: datetime) -> None:
    """Move this one date to another time; the rule and the other dates stay. Raises Refused."""
    series, row = _date(shown, now)
    if at.due_at <= now:
        raise Refused("This time is in the past. Choose a later one.")
    making.hold(series.channels.all())
    if making.begun([row]).exists():
        raise Refused(BEGUN)
    waiting = Delivery.objects.of_occurrences([row.pk]).filter(status=Waits)
    for delivery in waiting.select_related("post__workspace", "channel"):
        scheduling.reschedule(delivery, at, now)
    row.wall_time, row.due_at, row.is_moved, row.left_out, row.note = at.wall_time, at.due_at, True, "", at.note
    row.save()
    _fill_if_active(series, now)


def _date(shown: Occurrence, now: datetime) -> tuple[Series, Occurrence]:
    series = _locked(shown.series)
    if series.status == Status.ENDED:
        raise Refused(GONE)
    row = Occurrence.objects.filter(pk=shown.pk).first()
    if row is None:
        raise Refused(CHANGED_MEANWHILE)
    if row.due_at <= now:
        raise Refused(BEGUN)
    return series, row


# --- all of it -------------------------------------------------------------------------------------------------------


@transaction.atomic
def pause(shown: Series, now: datetime) -> int:
    """Let it rest: what has not begun is taken back, and is not made up for afterwards. How many; raises Refused."""
    series = _locked(shown)
    if series.status != Status.ACTIVE:
        return 0
    taken = _take_back(series, "Its series is paused.", now)
    series.status, series.look_at = Status.PAUSED, None
    series.save(update_fields=["status", "look_at"])
    return taken


@transaction.atomic
def resume(shown: Series, now: datetime) -> int:
    """Go on with the dates that are ahead; those that fell into the pause are left out. Raises Refused."""
    series = _locked(shown)
    if series.status != Status.PAUSED:
        if series.status == Status.ENDED:
            raise Refused(GONE)
        return 0
    if problem := making.lacks(making.plan_of(series)):
        raise Refused(problem)
    over = series.occurrences.filter(due_at__lte=now, left_out="", due_at__gte=series.since)
    handled = set(Delivery.objects.of_occurrences(over.values_list("pk", flat=True))
                  .exclude(status=Delivery.Status.CANCELLED).values_list("occurrence", flat=True))  # fmt: skip
    over.exclude(pk__in=handled).filter(made=[]).update(left_out=Occurrence.LeftOut.PAUSE)
    series.status, series.since, series.problem = Status.ACTIVE, now, ""
    series.save(update_fields=["status", "since", "problem"])
    return making.fill(series, now, making.refusals(making.plan_of(series), now), anew=True)


@transaction.atomic
def end(shown: Series, now: datetime) -> int:
    """No more of it. What was published stays."""
    series = _locked(shown)
    taken = _take_back(series, "Its series was ended.", now)
    series.occurrences.filter(due_at__gt=now, made=[]).delete()
    series.status, series.look_at = Status.ENDED, None
    series.save(update_fields=["status", "look_at"])
    return taken


def _take_back(series: Series, why: str, now: datetime) -> int:
    making.hold(series.channels.all())
    ahead = series.occurrences.filter(due_at__gt=now - timedelta(minutes=2))
    return making.withdraw(ahead, why)


def _fill_if_active(series: Series, now: datetime) -> None:
    if series.status == Status.ACTIVE:
        making.fill(series, now, making.refusals(making.plan_of(series), now))


def _locked(shown: Series) -> Series:
    rows = Series.objects.select_for_update(of=("self",)).select_related("workspace", "created_by")
    if (series := rows.filter(pk=shown.pk).first()) is None:
        raise Refused("It has been deleted.")
    return series


def next_ahead(series: Iterable[Series], now: datetime) -> dict[int, Occurrence]:
    """The next date of each series that is not left out."""
    rows = Occurrence.objects.filter(series__in=list(series), due_at__gt=now, left_out="").order_by("-due_at")
    return {row.series_id: row for row in rows}


def channels_of(series: Series) -> list[Channel]:
    return list(series.channels.exclude(status=Channel.Status.REMOVED).order_by("name"))
