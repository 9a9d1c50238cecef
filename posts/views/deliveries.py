"""The window: where a post stands on each channel, what was done for it, and which text went out."""

from __future__ import annotations

import difflib
import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from blogscheduler import logs
from posts import beginning, story
from posts.engine import tailoring
from posts.engine.packing import door_of
from posts.forms.deciding import ConfirmForm
from posts.forms.options import in_words
from posts.models import Attempt, Change, Channel, Delivery, Post, Proof, Series, SeriesPost
from posts.planning import living
from posts.story import Line
from posts.views.reading import as_read
from posts.views.scope import MemberRequest
from posts.watch.proving import shows_the_article
from publishers import PUBLISHERS
from publishers.base import Assisted, Finds
from publishers.platforms.folder import Folder

QUICK, SLOW = 2, 30  # seconds between two looks of a page that is open
SOON = timedelta(minutes=1)
FORESEEABLE = timedelta(minutes=15)  # a page that is open then is worth to be kept fresh
NEAREST, MOST_DATES = 3, 20  # dates of series on a post's page
MOST_COMPARED = 200_000  # characters of both texts together: comparing takes long with more

Status = Delivery.Status


@dataclass(frozen=True)
class Row:
    """One delivery as the post's page shows it."""

    delivery: Delivery
    can_look: bool  # the platform lets us look whether it is there
    waits_for_channel: bool
    proof: Proof | None  # of its public page
    now: datetime
    story: list[Line]
    advice: str  # what a person may do now
    followers: tuple[str, ...] = ()  # the channels that wait for it
    differs: bool = False  # what would be sent now is another payload than what is out there
    revisions: tuple[Row, ...] = ()  # updates and takings back that are not over, or ended badly; the last one
    is_by_hand: bool = False  # a person publishes it there

    @property
    def pace(self) -> int:
        """Seconds until something may have changed here; 0: nothing will by itself."""
        delivery = self.delivery
        if delivery.is_moving() or self._is_soon(delivery):
            return QUICK
        own = SLOW if delivery.status in Status.pending() else self._pace_of_proof()
        return min((pace for pace in (own, *(each.pace for each in self.revisions)) if pace), default=0)

    def _is_soon(self, delivery: Delivery) -> bool:
        """Due within moments, on a channel that takes it or will when it is checked. What was due long ago waits."""
        takes_it = delivery.channel.status in (Channel.Status.OPEN, Channel.Status.CHECKING)  # which takes moments
        return takes_it and delivery.status == Status.SCHEDULED and abs(delivery.act_at - self.now) < SOON

    def _pace_of_proof(self) -> int:
        if self.proof is None or self.proof.due_at is None:
            return 0
        ahead = self.proof.due_at - self.now
        return QUICK if abs(ahead) < SOON else SLOW if ahead < FORESEEABLE else 0

    @property
    def is_looked_at(self) -> bool:
        """A worker is at its page, or will be within moments."""
        return bool(self.proof and self.proof.due_at and self.proof.due_at <= self.now)

    @property
    def has_page(self) -> bool:
        """Whether there is a public page that can be looked at; that of an update is its publication's."""
        if self.delivery.action == Delivery.Action.UPDATE:
            return False
        has_address = self.delivery.remote_url.startswith(("http://", "https://"))
        return self.delivery.status == Status.PUBLISHED and has_address and shows_the_article(self.delivery.channel)

    @property
    def mark(self) -> str:
        """Changes when what the row shows changes: the page asks for nothing else."""
        delivery = self.delivery
        shown = (
            delivery.status, delivery.act_at, delivery.due_at, delivery.tries, delivery.number, delivery.message,
            delivery.remote_url, delivery.obstacle, delivery.waits_on,
            delivery.follows and delivery.follows.status, self.followers,
            delivery.wall_moves_to,
            delivery.channel.status, delivery.channel.problem, self.is_looked_at,
            self.proof and (self.proof.outcome, self.proof.looked_at, self.proof.due_at),
            self.differs, delivery.gone_at, tuple(each.mark for each in self.revisions),
        )  # fmt: skip
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:8]

    @property
    def brief(self) -> list[Line]:
        return story.brief(self.story)

    @property
    def can(self) -> living.Abilities:
        return living.abilities(self.delivery)

    @property
    def said(self) -> list[str]:
        """What of the post is said otherwise there, in words."""
        return tailoring.said_otherwise(self.delivery.post, self.delivery.channel_id)

    @property
    def is_out(self) -> bool:
        """An article that can be changed, as far as we know."""
        return self.delivery.status == Status.PUBLISHED and self.delivery.is_publication and not self.delivery.gone_at

    @property
    def is_being_changed(self) -> bool:
        return any(each.delivery.status in living.OPEN for each in self.revisions)

    @property
    def is_demo(self) -> bool:
        return beginning.is_demo(self.delivery.channel)

    @property
    def is_file(self) -> bool:
        return bool(self.delivery.remote_id) and self.delivery.channel.platform == Folder.name


@dataclass(frozen=True)
class Window:
    """All rows of a post, and how soon to look again."""

    post: Post
    rows: list[Row]
    series: list[Series]  # that publish it again and again

    @property
    def pace(self) -> int:
        """Seconds until the page looks again; 0: never, nothing will change by itself."""
        return min((row.pace for row in self.rows if row.pace), default=0)

    @property
    def outdated(self) -> list[Row]:
        """What differs, can be brought up to date and is not being changed already."""
        return [row for row in self.rows if row.differs and row.can.update and not row.is_being_changed]

    @property
    def mark(self) -> str:
        """What the page has seen: the pace, then each row with its own mark."""
        return ",".join([str(self.pace), *(f"{row.delivery.pk}-{row.mark}" for row in self.rows)])


def post(request: MemberRequest, pk: int) -> HttpResponse:
    found = _post(request, pk)
    return render(request, "posts/post.html", {"post": found, "window": _window(found), "confirm_form": ConfirmForm()})


def deliveries(request: MemberRequest, pk: int) -> HttpResponse:
    """The part of the post's page that changes by itself: only rows that differ from what the page has ``seen``.

    So nothing is typed or focused in vain; and a row that nobody has seen yet has the page loaded anew.
    """
    found = _post(request, pk)
    window = _window(found)
    context = {"post": found, "window": window, "confirm_form": ConfirmForm()}
    if not request.htmx:
        return render(request, "posts/post.html", context)
    seen = request.GET.get("seen", "")
    if seen == window.mark:
        return HttpResponse(status=204)
    marks = dict(entry.partition("-")[::2] for entry in seen.split(",")[1:])
    if {str(row.delivery.pk) for row in window.rows} != set(marks):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    changed = [row for row in window.rows if marks[str(row.delivery.pk)] != row.mark]
    return render(request, "posts/_deliveries.html", {**context, "changed": changed})


def _post(request: MemberRequest, pk: int) -> Post:
    posts = Post.objects.of(request.workspace).select_related("author")
    return get_object_or_404(posts.annotate(repeats=Exists(SeriesPost.objects.filter(post=OuterRef("pk")))), pk=pk)


def _window(found: Post) -> Window:
    now = timezone.now()
    rows = found.deliveries.select_related("channel", "proof", "created_by", "follows__channel")
    rows = rows.defer("sent_markdown", "follows__sent_markdown").order_by("due_at", "pk")
    alone, series, shown = rows.order_by("pk"), [], []
    if getattr(found, "repeats", False):
        series = list(Series.objects.filter(turns__post=found).distinct())
        alone, shown = alone.filter(occurrence=0), _nearest(rows.filter(occurrence__gt=0))
    shown = [*alone, *shown]
    told = Attempt.objects.defer("exchanges"), Change.objects.select_related("by", "undone_by")
    prefetch_related_objects(shown, Prefetch("attempts", told[0]), Prefetch("changes", told[1]))
    waiting: dict[int | None, list[str]] = defaultdict(list)
    for each in shown:
        if each.status == Status.WAITING:
            waiting[each.follows_id].append(each.channel.name)
    differing = _differing(found, shown)
    rows_of: dict[int | None, list[Row]] = defaultdict(list)
    for each in shown:
        if not each.is_publication:
            rows_of[each.revises_id].append(row_of(each, found, now))
    made = []
    for each in shown:
        if each.is_publication:
            row = replace(row_of(each, found, now), followers=tuple(waiting[each.pk]))
            made.append(_with_revisions(replace(row, differs=each.pk in differing), rows_of[each.pk]))
    return Window(found, made, series)


def _differing(found: Post, shown: list[Delivery]) -> set[int]:
    """Those that differ, by what the watch has found out, or asked now where it has not seen to it yet."""
    published = [each for each in shown if each.status == Status.PUBLISHED and each.is_publication]
    if found.compare_at is None and all(each.differs is not None for each in published):
        return {each.pk for each in published if each.differs}
    return {each.publication.pk for each in living.standing(found) if each.differs}


def _with_revisions(row: Row, revisions: list[Row]) -> Row:
    """The story tells all of them; of their states only what is not over, and what ended badly at last, is shown."""
    lines = story.together(row.story, [line for each in revisions for line in each.story])
    last = revisions[-1:]
    unfinished = [each for each in revisions if each.delivery.status in living.OPEN or each in last]
    over = (Status.PUBLISHED, Status.CANCELLED)
    kept = [each for each in unfinished if each.delivery.status not in over or _is_news(each)]
    return replace(row, story=lines, revisions=tuple(kept))


def _is_news(row: Row) -> bool:
    """A taking back has a page of its own to prove, and something to say."""
    return row.delivery.action == Delivery.Action.UNPUBLISH and row.delivery.status == Status.PUBLISHED


def _nearest(dates: QuerySet[Delivery]) -> list[Delivery]:
    """Of what repeats: what needs a person or is under way, the last that are over and the next that are ahead."""
    ahead, over = Q(status=Status.SCHEDULED, number=0), Q(status__in=[Status.PUBLISHED, Status.CANCELLED])
    others = dates.exclude(ahead | over).order_by("-due_at")[:MOST_DATES]
    last = dates.filter(over).exclude(status=Status.CANCELLED, number=0).order_by("-due_at")[:NEAREST]
    return sorted([*others, *last, *dates.filter(ahead)[:NEAREST]], key=lambda delivery: delivery.due_at)


def row_of(delivery: Delivery, post: Post, now: datetime) -> Row:
    delivery.post = post
    publisher = PUBLISHERS.get(delivery.channel.platform)
    attempts = list(delivery.attempts.all())
    return Row(
        delivery=delivery,
        can_look=publisher is not None and issubclass(publisher, Finds),
        waits_for_channel=delivery.status in (Status.SCHEDULED, Status.WAITING, Status.CHECKING)
        and delivery.channel.status != Channel.Status.OPEN,
        is_by_hand=publisher is not None and issubclass(publisher, Assisted),
        proof=getattr(delivery, "proof", None),
        now=now,
        story=story.tell(delivery, attempts, delivery.changes.all(), timezone.get_current_timezone()),
        advice=story.advice(delivery, attempts[-1] if attempts else None),
    )


# --- one delivery ----------------------------------------------------------------------------------------------------


def own_delivery(request: MemberRequest, pk: int) -> Delivery:
    logs.also(delivery=pk)
    rows = Delivery.objects.of(request.workspace)
    rows = rows.select_related("post", "channel", "workspace", "created_by", "proof", "follows__channel")
    return get_object_or_404(rows, pk=pk)


def _whole(found: Delivery) -> Row:
    """One delivery with all that was done about what it has published."""
    now = timezone.now()
    row = row_of(found, found.post, now)
    if not found.is_publication or not found.published_at:
        return row
    since = found.revisions.select_related("channel", "created_by", "proof").defer("sent_markdown").order_by("pk")
    return _with_revisions(row, [row_of(each, found.post, now) for each in since.prefetch_related("attempts")])


def delivery(request: MemberRequest, pk: int) -> HttpResponse:
    found = own_delivery(request, pk)
    row = _whole(found)
    return render(request, "posts/delivery.html", {
        "row": row, "delivery": found, "post": found.post,
        "options": in_words(found.channel, found.options), "looks": looks_in(row),
        "series": Series.objects.filter(occurrences=found.occurrence).first() if found.occurrence else None,
    })  # fmt: skip


def public_page(request: MemberRequest, pk: int) -> HttpResponse:
    """What was seen on the public page: the part of a delivery's page that changes by itself."""
    if not request.htmx:
        return delivery(request, pk)
    found = own_delivery(request, pk)
    row = _whole(found)
    if request.GET.get("seen") == row.mark:
        return HttpResponse(status=204)
    return render(request, "posts/_public_page_changed.html", {"row": row, "delivery": found, "looks": looks_in(row)})


def told(request: MemberRequest, pk: int) -> HttpResponse:
    """The story: the other part of a delivery's page that changes by itself."""
    if not request.htmx:
        return delivery(request, pk)
    found = own_delivery(request, pk)
    row = _whole(found)
    if request.GET.get("seen") == row.mark:
        return HttpResponse(status=204)
    return render(request, "posts/_told.html", {"row": row, "delivery": found, "post": found.post})


def looks_in(row: Row) -> list[dict[str, object]]:
    """The looks at the public page, the newest first."""
    history = row.proof.history if row.proof else []
    return [
        {
            "at": datetime.fromisoformat(entry["at"]),
            "outcome": entry["outcome"],
            "label": Proof.Outcome(entry["outcome"]).label,
            "message": entry["message"],
        }
        for entry in reversed(history)
    ]


def text(request: MemberRequest, pk: int) -> HttpResponse:
    """Which text went out, and what was changed in the post since."""
    found = own_delivery(request, pk)
    is_changed = bool(found.sent_digest) and found.sent_digest != found.post.digest()
    return render(request, "posts/delivery_text.html", {
        "delivery": found, "post": found.post, "is_changed": is_changed,
        "lines": changes(found.sent_markdown, found.post.markdown) if is_changed else [],
    })  # fmt: skip


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that differ, with a little of what is around them: ("ins" | "del" | "same" | "gap", line)."""
    if len(before) + len(after) > MOST_COMPARED or before == after:
        return []
    kinds = {"+": "ins", "-": "del", " ": "same", "@": "gap"}
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [(kinds[line[0]], line[1:]) for line in list(found)[2:]]


def file(request: MemberRequest, pk: int) -> HttpResponse:
    """The file that a folder channel has written, as it stands on the disk."""
    return HttpResponse(_written(own_delivery(request, pk)), content_type="text/plain; charset=utf-8")


def as_page(request: MemberRequest, pk: int) -> HttpResponse:
    """The same file as readers will see it, without the looks of the site that is built from it."""
    found = own_delivery(request, pk)
    text = _written(found).decode("utf-8", "replace")
    html = as_read(text, found.sent_title or found.post.title)
    return render(request, "posts/delivery_page.html", {"delivery": found, "post": found.post, "html": html})


def _written(found: Delivery) -> bytes:
    """What stands in the file of a folder channel. Raises Http404 where there is none."""
    if not found.remote_id or found.channel.platform != Folder.name:
        raise Http404("This delivery has written no file.")
    root = door_of(found.channel).files.resolve()
    path = (root / found.remote_id).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise Http404("The file is not there any more.")
    return path.read_bytes()
