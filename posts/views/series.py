"""Series: the list, one with its dates, and making or changing one in two steps with its dates in view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from posts.forms.series import SeriesForm, initial_of, rule_of
from posts.forms.times import TimeForm
from posts.models import Channel, Delivery, Occurrence, Post, Series
from posts.planning import scheduling
from posts.planning.moments import WALL
from posts.planning.recurring import changing, making, rules
from posts.planning.recurring.dating import Date, exported, next_dates
from posts.planning.recurring.rules import Rule
from posts.views.bells import ring_for_deliveries
from posts.views.scheduling import suggestion
from posts.views.scope import MemberRequest
from posts.views.standing import page_of

SHOWN = 10  # dates before saving
NEXT, PAST = 20, 10  # dates on the page of a series
Status = Delivery.Status


# --- read ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One series in the list."""

    series: Series
    words: str
    next: Occurrence | None


def series_list(request: MemberRequest) -> HttpResponse:
    rows = Series.objects.of(request.workspace).annotate(posts=Count("turns", distinct=True))
    page = page_of(rows.prefetch_related(_open_channels()).order_by("name", "pk"), request.GET.get("page", ""))
    ahead = changing.next_ahead(page.object_list, timezone.now())
    lines = [Line(each, in_words(each), ahead.get(each.pk)) for each in page.object_list]
    return render(request, "posts/series_list.html", {"page": page, "lines": lines})


def _open_channels() -> Prefetch[Any]:
    return Prefetch("channels", Channel.objects.exclude(status=Channel.Status.REMOVED).only("name"), to_attr="open_to")


def in_words(series: Series) -> str:
    """ "Every week on Monday at 09:00 (Europe/Berlin)"."""
    words = rules.in_words(rules.parse(series.rule), datetime.strptime(series.start, WALL))
    return f"{words} ({series.zone})"


@dataclass(frozen=True)
class Row:
    """One date on the page of its series, with what became of it on each channel."""

    date: Occurrence
    deliveries: list[Delivery]
    zone: ZoneInfo

    @property
    def local(self) -> datetime:
        return self.date.due_at.astimezone(self.zone)

    @property
    def original(self) -> datetime:
        return datetime.strptime(self.date.original, WALL)

    @property
    def elsewhen(self) -> list[Delivery]:
        """Deliveries that were moved by themselves, away from the date."""
        ahead = [each for each in self.deliveries if each.status == Status.SCHEDULED]
        return [each for each in ahead if each.due_at != self.date.due_at]

    @property
    def is_open(self) -> bool:
        """Nothing of it has begun: it can be skipped or moved."""
        return all(delivery.status == Status.SCHEDULED and not delivery.number for delivery in self.deliveries)


def series(request: MemberRequest, pk: int) -> HttpResponse:
    found, now = own_series(request, pk), timezone.now()
    dates = found.occurrences.select_related("post").defer("post__markdown")
    ahead = list(dates.filter(due_at__gt=now).order_by("due_at", "pk")[:NEXT])
    past = list(dates.filter(due_at__lte=now).order_by("-due_at", "-pk")[:PAST])
    plan = making.plan_of(found)
    return render(request, "posts/series.html", {
        "series": found, "rule_words": in_words(found), "ahead": _rows(found, ahead), "past": _rows(found, past),
        "channels": plan.channels, "posts": plan.posts, "zone": found.zone, "now": now,
        "later": max(0, found.occurrences.filter(due_at__gt=now).count() - len(ahead)),
        "text": exported(plan.rule, plan.start, plan.zone),
    })  # fmt: skip


def _rows(found: Series, dates: list[Occurrence]) -> list[Row]:
    zone = ZoneInfo(found.zone)
    deliveries = Delivery.objects.of_occurrences(date.pk for date in dates).select_related("channel")
    by_date: dict[int, list[Delivery]] = {}
    shown = deliveries.exclude(status=Status.CANCELLED, number=0).defer("sent_markdown").order_by("channel__name")
    for delivery in shown:
        by_date.setdefault(delivery.occurrence, []).append(delivery)
    return [Row(date, by_date.get(date.pk, []), zone) for date in dates]


def own_series(request: MemberRequest, pk: int) -> Series:
    return get_object_or_404(Series.objects.of(request.workspace).select_related("workspace", "created_by"), pk=pk)


# --- made and changed ------------------------------------------------------------------------------------------------


def series_new(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        return _form_page(request, _form(request, initial=_offer(request), chosen=_named_posts(request)))
    return _fill_in(request, None)


def series_edit(request: MemberRequest, pk: int) -> HttpResponse:
    found = own_series(request, pk)
    if found.status == Series.Status.ENDED:
        messages.error(request, changing.GONE)
        return redirect(found)
    if request.method != "POST":
        chosen = found.turns.values_list("post", flat=True)
        return _form_page(
            request, _form(request, initial=initial_of(found), chosen=chosen, wishes=_wishes(found)), found
        )
    return _fill_in(request, found)


def series_preview(request: MemberRequest) -> HttpResponse:
    """The next dates while one still chooses."""
    of = request.POST.get("of", "")
    is_number = of.isascii() and of.isdecimal() and len(of) < 15
    found = Series.objects.of(request.workspace).filter(pk=of).first() if is_number else None
    return render(request, "posts/_series_dates.html", _dates(_form(request, request.POST), found))


def _fill_in(request: MemberRequest, found: Series | None) -> HttpResponse:
    form, now = _form(request, request.POST), timezone.now()
    if not form.is_valid() or form.plan is None or "look" in request.POST or "change" in request.POST:
        return _form_page(request, form, found)
    problems = changing.objections(form.plan, now, found)
    if "sure" in request.POST and not problems:
        try:
            saved = _save(request, form, found, now)
        except scheduling.Refused as error:
            problems = str(error).splitlines()
        else:
            ring_for_deliveries()
            messages.success(request, "The series goes on like this." if found else "The series is on its way.")
            return redirect(saved)
    return render(request, "posts/series_review.html", {
        "form": form, "series": found, "problems": problems, "carried": _carried(request.POST),
        "difference": changing.difference(found, form.plan, now) if found else None, "plan": form.plan,
        **_dates(form, found),
    })  # fmt: skip


def _save(request: MemberRequest, form: SeriesForm, found: Series | None, now: datetime) -> Series:
    plan, name = form.plan, form.cleaned_data["name"]
    assert plan is not None
    if found is None:
        return changing.begin(request.workspace, name, plan, now, request.user)
    version = request.POST.get("version", "")
    found.version = int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0
    return changing.change(found, name, plan, now)


def _form(request: MemberRequest, data: QueryDict | None = None, **more: Any) -> SeriesForm:
    return SeriesForm(data, workspace=request.workspace, zone=request.user.time_zone, now=timezone.now(), **more)


def _form_page(request: MemberRequest, form: SeriesForm, found: Series | None = None) -> HttpResponse:
    version = request.POST.get("version") or (found.version if found else "")
    context = {"form": form, "series": found, "version": version, **_dates(form, found)}
    return render(request, "posts/series_form.html", context)


def _offer(request: MemberRequest) -> dict[str, Any]:
    """What a new series begins with: from the address, which the pages of posts fill in."""
    zone, now = request.user.time_zone, timezone.now()
    post = Post.objects.of(request.workspace).filter(pk__in=_named_posts(request)).first()
    return {
        "name": str(post) if post else "",
        "at": request.GET.get("at") or suggestion("", now.astimezone(zone)),
        "series_zone": str(zone),
        "channels": [pk for pk in request.GET.getlist("channels") if pk.isdecimal()],
    }


def _named_posts(request: MemberRequest) -> list[int]:
    named = request.GET.getlist("post")
    return [int(pk) for pk in named if pk.isascii() and pk.isdecimal() and len(pk) < 15]


def _wishes(found: Series) -> dict[int, Any]:
    return {int(pk): options for pk, options in found.options.items()}


def _carried(data: QueryDict) -> list[tuple[str, str]]:
    left = {"csrfmiddlewaretoken", "sure", "look", "change", "more"}
    return [(name, str(value)) for name in data if name not in left for value in data.getlist(name) if value]


def _dates(form: SeriesForm, found: Series | None) -> dict[str, Any]:
    """The next dates of what the form says, as far as it says it; a series goes on with whose turn it is."""
    meant = _meant(form, found)
    if meant is None:
        names = ("rule", "repeat", "interval", "count", "until")
        return {
            "dates": [],
            "dates_problem": " ".join(str(said) for name in names for said in form.errors.get(name, [])),
        }
    rule, start, zone = meant
    posts = [form.known[pk] for pk in form.slots if pk in form.known]
    dates = next_dates(rule, start, zone, form.now, SHOWN + 1)
    before = making.last_before(found, form.now) if found else None
    turns = count(before.turn if before else 0)
    shown = [
        Shown(date, posts[next(turns) % len(posts)] if posts and date.moment else None, zone) for date in dates[:SHOWN]
    ]
    return {
        "dates": shown,
        "dates_words": rules.in_words(rule, start), "dates_zone": zone, "dates_more": len(dates) > SHOWN,
        "dates_text": str(rule), "dates_short": any(day > 28 for day in rule.monthdays) and not rule.setpos,
    }  # fmt: skip


def _meant(form: SeriesForm, found: Series | None) -> tuple[Rule, datetime, tzinfo] | None:
    """The rule that a form says, or begins with."""
    if form.is_bound:
        form.is_valid()
        return (form.meant[0], *form.meant[1:]) if form.meant and form.meant[0] else None
    if found is not None:
        return rules.parse(found.rule), datetime.strptime(found.start, WALL), ZoneInfo(found.zone)
    try:
        start = datetime.strptime(form.initial["at"], WALL)
    except ValueError:  # from the address
        return None
    return rule_of({"repeat": rules.WEEKLY}, start), start, form.zone


@dataclass(frozen=True)
class Shown:
    """One date before it is saved, and whose turn it is then."""

    date: Date
    post: Post | None
    zone: Any

    @property
    def local(self) -> datetime:
        moment = self.date.moment
        return moment.due_at.astimezone(self.zone) if moment else datetime.strptime(self.date.original, WALL)


# --- buttons ---------------------------------------------------------------------------------------------------------


def pause(request: MemberRequest, pk: int) -> HttpResponse:
    found = own_series(request, pk)
    done = "The series is paused. What falls into the pause is left out."
    return _decide(request, found, lambda: changing.pause(found, timezone.now()), done)


def resume(request: MemberRequest, pk: int) -> HttpResponse:
    found = own_series(request, pk)
    return _decide(request, found, lambda: changing.resume(found, timezone.now()), "The series goes on.")


def end(request: MemberRequest, pk: int) -> HttpResponse:
    """Asked once more, because it cannot be taken back."""
    found = own_series(request, pk)
    if request.method != "POST":
        ahead = found.occurrences.filter(due_at__gt=timezone.now(), left_out="").count()
        return render(request, "posts/series_end.html", {"series": found, "ahead": ahead})
    done = "The series has ended. What was published stays."
    return _decide(request, found, lambda: changing.end(found, timezone.now()), done)


def date_skip(request: MemberRequest, pk: int, date: int) -> HttpResponse:
    row = _own_date(request, pk, date)
    done = f"{_spoken(row)} is skipped."
    return _decide(request, row.series, lambda: changing.skip(row, timezone.now()), done)


def date_take_back(request: MemberRequest, pk: int, date: int) -> HttpResponse:
    row = _own_date(request, pk, date)
    done = f"{_spoken(row)} takes place."
    return _decide(request, row.series, lambda: changing.take_back_skip(row, timezone.now()), done)


def date_move(request: MemberRequest, pk: int, date: int) -> HttpResponse:
    row, now = _own_date(request, pk, date), timezone.now()
    zone = ZoneInfo(row.series.zone)
    form = TimeForm(
        request.POST if request.method == "POST" else None, initial={"at": row.wall_time}, zone=zone, now=now
    )
    if request.method == "POST" and form.is_valid() and form.moment:
        moment = form.moment
        local = moment.due_at.astimezone(zone)
        done = f"Moved to {local:%a %-d %b %Y, %H:%M} ({zone}). {moment.note}".strip()
        return _decide(request, row.series, lambda: changing.move(row, moment, now), done)
    return render(request, "posts/series_move.html", {"date": row, "series": row.series, "form": form, "zone": zone})


def _own_date(request: MemberRequest, pk: int, date: int) -> Occurrence:
    return get_object_or_404(
        Occurrence.objects.select_related("series", "post"), pk=date, series=own_series(request, pk)
    )


def _spoken(row: Occurrence) -> str:
    return f"{row.due_at.astimezone(ZoneInfo(row.series.zone)):%a %-d %b %Y, %H:%M}"


def _decide(request: MemberRequest, found: Series, verb: Callable[[], object], done: str) -> HttpResponse:
    try:
        verb()
    except scheduling.Refused as refused:
        messages.error(request, str(refused))
    else:
        ring_for_deliveries()
        messages.success(request, done)
    return redirect(found)
