"""Verbs: the dates of series become deliveries ahead of time, each once.

Each series is looked at once a day, by whichever worker comes first: it locks the series, then its channels, then
deliveries. ``Occurrence`` is unique by series and date, a delivery by post, channel and occurrence: who comes second
finds everything done.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction
from django.db.models import Q

from posts import notifying
from posts.models import Channel, Delivery, Occurrence, Post, Series
from posts.planning import scheduling
from posts.planning.moments import WALL, Moment
from posts.planning.recurring import rules
from posts.planning.recurring.dating import Date, coming, date_of
from posts.planning.recurring.rules import Rule
from publishers import PUBLISHERS

log = logging.getLogger(__name__)

HORIZON = timedelta(days=60)  # so far ahead dates are made …
LEAST = 2  # … and at least so many
AGAIN = timedelta(days=1)
SOON = timedelta(minutes=15)  # after a date that could not be made
AT_ONCE = 100  # series in one look
MOST_DATES = 1000  # of one series in one look

NO_POSTS = "It has no post any more: choose one, then resume it."
NO_CHANNELS = "It has no channel any more: choose one, then resume it."
CHANGED = "Its series was changed."
Status = Delivery.Status


@dataclass
class Plan:
    """What a series does, as it is needed for making its dates."""

    rule: Rule
    start: datetime  # naive
    zone: tzinfo
    posts: list[Post]
    channels: list[Channel]
    options: Mapping[int, scheduling.Options] = field(default_factory=dict)


def plan_of(series: Series) -> Plan:
    return Plan(
        rule=rules.parse(series.rule),
        start=datetime.strptime(series.start, WALL),
        zone=ZoneInfo(series.zone),
        posts=[turn.post for turn in series.turns.select_related("post__author", "post__workspace")],
        channels=list(series.channels.exclude(status=Channel.Status.REMOVED).order_by("pk")),
        options={int(pk): options for pk, options in series.options.items()},
    )


# --- what a platform would refuse ------------------------------------------------------------------------------------

Refusals = dict[tuple[int, int], str]  # why, by post and channel


def refusals(plan: Plan, now: datetime) -> Refusals:
    """What the channels would refuse of the posts as they stand; asked before anything is locked."""
    found = {}
    for post in plan.posts:
        for channel, findings in scheduling.refusals(post, plan.channels, now, plan.options).items():
            found[post.pk, channel.pk] = " ".join(finding.message for finding in findings)
    return found


def repeated(plan: Plan, dates: int, own: Collection[int] = ()) -> list[str]:
    """What would be said twice on a platform that takes it once. ``dates``: how many there will be, when they are
    few; ``own``: the numbers of the series' dates, whose deliveries are no second time.
    """
    found = []
    for channel in plan.channels:
        publisher = PUBLISHERS.get(channel.platform)
        if publisher is None or not publisher.limits.unique_canonical:
            continue
        original = [post.canonical_url for post in plan.posts]
        for place, post in enumerate(plan.posts):
            comes_again = dates > len(plan.posts) + place or original[place] in original[:place]
            if post.canonical_url and (comes_again or scheduling.is_there(post, channel, own)):
                found.append(
                    f"{channel}: {publisher.label} takes each canonical URL once, and “{post}” ({post.canonical_url}) "
                    + ("would come again." if comes_again else "is published or scheduled there already.")
                )
    return found


# --- the watch -------------------------------------------------------------------------------------------------------


def make_ahead(now: datetime) -> int:
    """Make the dates of every series that is due for a look; the deliveries made. Cheap when there is none."""
    waiting = Series.objects.filter(status=Series.Status.ACTIVE, look_at__lte=now).order_by("look_at")
    made = 0
    for pk in list(waiting.values_list("pk", flat=True)[:AT_ONCE]):
        try:
            made += make(pk, now)
        except DatabaseError:
            raise
        except Exception:  # one series that cannot be read must not keep the others from going on
            log.exception("The dates of series %s could not be made", pk)
            Series.objects.filter(pk=pk).update(look_at=now + SOON)
    return made


def make(pk: int, now: datetime) -> int:
    """One series, if nobody else has just done it."""
    asked = refusals(plan_of(Series.objects.get(pk=pk)), now)
    with transaction.atomic():
        mine = Series.objects.select_for_update(of=("self",), skip_locked=True)
        series = mine.filter(pk=pk, status=Series.Status.ACTIVE, look_at__lte=now).select_related("created_by").first()
        return fill(series, now, asked) if series else 0


def fill(series: Series, now: datetime, asked: Refusals, *, anew: bool = False) -> int:
    """Bring the rows of a locked, active series to what its rule says; the deliveries made.

    ``anew``: it was changed, so that what is ahead and not begun is brought to the new rule as well.
    """
    plan = plan_of(series)
    if problem := lacks(plan):
        _rest(series, problem)
        return 0
    hold(plan.channels)
    rows = _rows_ahead(series, plan, now)
    before = last_before(series, now)
    missed = _missed(series, plan, before, now)
    turn = missed[-1].turn if missed else before.turn if before else 0
    fixed = _drop(rows, plan, now) if anew else {row.pk for row in rows.values()}
    wanted = list(window(plan, now))
    for date in wanted:
        turn = _row(series, plan, rows, date, turn, fixed)
    ahead = [row for row in rows.values() if not row.left_out and row.due_at > now]
    made, problems = _send_off(series, plan, [*missed[-1:], *ahead], asked)
    _tell(series, missed, problems)
    series.look_at = now + (SOON if problems else AGAIN)
    series.problem = ""
    if not wanted and not ahead and not missed:
        series.status, series.look_at = Series.Status.ENDED, None
    series.save(update_fields=["look_at", "status", "problem"])
    return made


def last_before(series: Series, now: datetime) -> Occurrence | None:
    """The last date that is over: its turn is followed by the next one's."""
    return series.occurrences.filter(due_at__lte=now).order_by("-original").first()


def lacks(plan: Plan) -> str:
    """What a series cannot go on without."""
    return "" if plan.posts and plan.channels else NO_CHANNELS if plan.posts else NO_POSTS


def _rows_ahead(series: Series, plan: Plan, now: datetime) -> dict[str, Occurrence]:
    """The dates that are ahead, or were before somebody moved them."""
    local = (now.astimezone(plan.zone) - timedelta(days=2)).strftime(WALL)
    rows = series.occurrences.filter(Q(due_at__gt=now) | Q(original__gte=local)).select_related("post__workspace")
    return {row.original: row for row in rows.order_by("original")}


def window(plan: Plan, now: datetime) -> Iterable[Date]:
    """The dates that are to be made: those within the horizon, and the next few in any case."""
    had = 0
    for date in islice(coming(plan.rule, plan.start, plan.zone, now), MOST_DATES):
        if date.moment is None:
            continue
        if date.moment.due_at > now + HORIZON and had >= LEAST:
            return
        had += 1
        yield date


def hold(channels: Iterable[Channel]) -> None:
    """Channels before deliveries, and in this order: so that nobody waits crosswise."""
    pks = [channel.pk for channel in channels]
    list(Channel.objects.select_for_update().filter(pk__in=pks).order_by("pk").values_list("pk", flat=True))


def _row(series: Series, plan: Plan, rows: dict[str, Occurrence], date: Date, turn: int, fixed: Collection[int]) -> int:
    """See to the row of a date, and whose turn it is; the turn. What is ``fixed`` stays as it is."""
    assert date.moment is not None
    row = rows.get(date.original)
    if row is not None and row.pk in fixed:
        return row.turn
    turn += 1
    post = plan.posts[(turn - 1) % len(plan.posts)]
    if row is None:
        rows[date.original] = _insert(series, date, date.moment, turn, post)
        return turn
    other_time = not row.is_moved and row.due_at != date.moment.due_at
    if other_time or row.post_id != post.pk:
        withdraw([row], CHANGED)
    if other_time:
        row.wall_time, row.due_at, row.note = date.moment.wall_time, date.moment.due_at, date.note
    row.turn, row.post = turn, post
    row.save()
    return turn


def _insert(series: Series, date: Date, moment: Moment, turn: int, post: Post, left_out: str = "") -> Occurrence:
    return Occurrence.objects.create(
        series=series, original=date.original, wall_time=moment.wall_time, due_at=moment.due_at, turn=turn, post=post,
        note=date.note, left_out=left_out,
    )  # fmt: skip


def _missed(series: Series, plan: Plan, before: Occurrence | None, now: datetime) -> list[Occurrence]:
    """What nobody made in time, because nothing ran for longer than the horizon: the last one is left to what becomes
    of late posts; the others are left out, and their author is told.
    """
    since = max(series.since, before.due_at) if before else series.since
    past = []
    for date in islice(coming(plan.rule, plan.start, plan.zone, since), MOST_DATES):
        if date.moment is not None and date.moment.due_at > now:
            break
        if date.moment is not None and not series.occurrences.filter(original=date.original).exists():
            past.append((date, date.moment))
    turn, rows = before.turn if before else 0, []
    for date, moment in past:
        turn += 1
        left_out = "" if date is past[-1][0] else Occurrence.LeftOut.MISSED
        rows.append(_insert(series, date, moment, turn, plan.posts[(turn - 1) % len(plan.posts)], left_out))
    return rows


def _drop(rows: dict[str, Occurrence], plan: Plan, now: datetime) -> set[int]:
    """Take back what is ahead, has not begun, and is no date of the rule any more; what nothing changes any more."""
    over = {row.pk for row in rows.values() if row.due_at <= now}
    fixed = over | set(begun(rows.values()).values_list("occurrence", flat=True))
    dates = known_dates(plan, list(rows))
    gone = [row for row in rows.values() if row.pk not in fixed and not belongs(row, dates, now)]
    withdraw(gone, CHANGED)
    for row in gone:
        del rows[row.original]
        row.delete()
    return fixed


def known_dates(plan: Plan, originals: list[str]) -> dict[str, Date]:
    """The dates of the rule, by name, from the first of these to the last."""
    if not originals:
        return {}
    earliest, found = datetime.strptime(min(originals), WALL), {}
    for wall in islice(rules.dates(plan.rule, plan.start, earliest - timedelta(minutes=1)), MOST_DATES):
        date = date_of(wall, plan.zone)
        if date.original > max(originals):
            break
        found[date.original] = date
    return found


def belongs(row: Occurrence, dates: Mapping[str, Date], now: datetime) -> bool:
    """Whether a row is still a date of the rule, and still ahead."""
    date = dates.get(row.original)
    return date is not None and (row.is_moved or (date.moment is not None and date.moment.due_at > now))


def begun(rows: Iterable[Occurrence]) -> scheduling.Deliveries:
    """What of these dates a worker has had in its hands, or a person has seen to by itself."""
    return Delivery.objects.of_occurrences(row.pk for row in rows).exclude(
        status__in=[Status.SCHEDULED, Status.CANCELLED], number=0
    )


def withdraw(rows: Iterable[Occurrence], why: str, channels: Collection[int] | None = None) -> int:
    """Take back the deliveries of these dates that have not begun; how many. The rows know that they are gone.

    ``channels``: only there.
    """
    by_pk = {row.pk: row for row in rows}
    unbegun = Delivery.objects.of_occurrences(by_pk).filter(status=Status.SCHEDULED, number=0)
    if channels is not None:
        unbegun = unbegun.filter(channel__in=channels)
    found = list(unbegun.select_for_update().order_by("pk").values_list("pk", "occurrence", "channel_id"))
    Delivery.objects.filter(pk__in=[pk for pk, *_ in found]).update(status=Status.CANCELLED, message=why)
    for _, occurrence, channel in found:
        row = by_pk[occurrence]
        row.made = [pk for pk in row.made if pk != channel]
    for pk in {occurrence for _, occurrence, _ in found}:
        by_pk[pk].save(update_fields=["made"])
    return len(found)


def _send_off(series: Series, plan: Plan, rows: Iterable[Occurrence], asked: Refusals) -> tuple[int, list[Occurrence]]:
    """A delivery for each channel that has none of the date; those dates that have a new problem."""
    made, problems = 0, []
    for row in rows:
        if row.post is None or row.left_out:
            continue
        had, said, wrong = row.problem, list(row.made), []
        for channel in plan.channels:
            if channel.pk in row.made:
                continue
            why = asked.get((row.post.pk, channel.pk), "") or _again(row.post, channel)
            if why:
                wrong.append(f"{channel}: {why}")
                continue
            at = Moment(row.due_at, row.wall_time, series.zone)
            scheduling.repeat(row.post, channel, at, series.created_by, plan.options.get(channel.pk), row.pk)
            row.made = [*row.made, channel.pk]
            made += 1
        row.problem = "\n".join(wrong)
        if row.made != said or row.problem != had:
            row.save(update_fields=["made", "problem"])
        if row.problem and row.problem != had:
            problems.append(row)
    return made, problems


def _again(post: Post, channel: Channel) -> str:
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None or not publisher.limits.unique_canonical or not scheduling.is_there(post, channel):
        return ""
    return (
        f"{publisher.label} takes each canonical URL once, and {post.canonical_url} is published or scheduled there "
        "already."
    )


def _rest(series: Series, problem: str) -> None:
    series.status, series.problem, series.look_at = Series.Status.PAUSED, problem, None
    series.save(update_fields=["status", "problem", "look_at"])
    notifying.tell_series(series, problem)


def _tell(series: Series, missed: list[Occurrence], problems: list[Occurrence]) -> None:
    """Once for each reason, not anew for every date that it keeps from being made."""
    left_out = [row.wall_time for row in missed[:-1]]
    lines = [f"{wall.replace('T', ' ')}: left out, because nothing ran then." for wall in left_out]
    lines += [f"{row.wall_time.replace('T', ' ')}, “{row.post}”: {row.problem}" for row in problems]
    if lines:
        reasons = sorted({f"{row.post_id}:{row.problem}" for row in problems})
        notifying.tell_series(series, "Some of its dates were not scheduled.", lines, about=[*left_out, *reasons])
