"""How the pages say times, zones and states: in words that leave no doubt."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote as urlquote

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from heroicons.templatetags.heroicons import heroicon_micro

from posts.engine import tailoring
from posts.forms.times import span_in_words
from posts.forms.writing import wishes
from posts.models import Channel, Delivery, Post, Proof
from posts.notifying import HELD
from posts.planning.moments import WALL, offset_words
from posts.views.standing import Standing
from publishers.base import Aspect, Health

register = template.Library()

# Which of the badges says what a post as a whole says.
BADGES = {Standing.NEEDS_YOU: "uncertain", Standing.PARTLY: "published"}


@register.simple_tag
def moment(at: datetime | None, form: str = "long") -> SafeString | str:
    """A time in the reader's zone: "Tue 24 Nov 2026, 09:00"; "short" without this year's number, "clock" 09:00,
    "seconds" Tue 24 Nov, 09:00:01."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    is_this_year = form == "short" and local.year == timezone.localtime().year
    pattern = "%a %-d %b, %H:%M" if is_this_year else "%a %-d %b %Y, %H:%M"
    pattern = {"clock": "%H:%M", "seconds": "%a %-d %b, %H:%M:%S"}.get(form, pattern)
    return format_html(
        '<time datetime="{}" title="{}, UTC{}">{}</time>',
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), zone_name(local), offset_of(local), local.strftime(pattern),
    )  # fmt: skip


@register.filter
def zone_name(local: datetime) -> str:
    return str(local.tzinfo)


@register.filter
def offset_of(local: datetime) -> str:
    """ "+1" or "−3:30": how far a local time is from UTC."""
    return offset_words(local.utcoffset())


@register.filter
def instant(at: datetime) -> str:
    """As a form sends it back: to the microsecond, in UTC."""
    return at.astimezone(UTC).isoformat()


@register.filter
def wall_words(wall_time: str) -> str:
    """A kept wall time in words: "Tue 24 Nov 2026, 09:00"."""
    return datetime.strptime(wall_time, WALL).strftime("%a %-d %b %Y, %H:%M")


@register.filter
def wall_day(local: datetime) -> str:
    """The day that a local time shows, in whatever zone it is: "Tue 24 Nov 2026"."""
    return local.strftime("%a %-d %b %Y")


@register.filter
def wall_clock(local: datetime) -> str:
    """The hour that a local time shows, in whatever zone it is."""
    return local.strftime("%H:%M")


@register.filter
def in_utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%a %-d %b %Y, %H:%M")


@register.simple_tag
def until(at: datetime, now: datetime | None = None) -> str:
    """ "in 2 d 4 h", "12 min ago", "now": how far away a time is, in its two largest units."""
    seconds = int((at - (now or timezone.now())).total_seconds())
    words = _span(abs(seconds))
    if not words:
        return "now"
    return f"in {words}" if seconds > 0 else f"{words} ago"


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = [(days, "d"), (hours, "h"), (rest // 60, "min")]
    first = next((index for index, (count, _) in enumerate(parts) if count), None)
    if first is None:
        return f"{seconds} s" if seconds >= 5 else ""
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


@register.filter
def span(length: timedelta | None) -> str:
    """How long, as people enter it: 24 h."""
    return span_in_words(length or timedelta())


@register.filter
def announces(channel: Channel) -> bool:
    """Whether what goes out there is a short text about a page elsewhere."""
    return tailoring.announces(channel)


@register.filter
def held(delivery: Delivery) -> str:
    """What keeps a follower waiting beyond its plan, in the middle of a sentence."""
    if not delivery.obstacle:
        return ""
    origin = delivery.follows.channel if delivery.follows else "the original"
    return HELD[Delivery.Obstacle(delivery.obstacle)].format(origin=origin)


@register.filter
def entry(delivery: Delivery) -> str:
    """A delivery in the calendar, all of it: "09:00 Notes, My DEV, scheduled"; what waits has no sure time."""
    at = timezone.localtime(delivery.due_at)
    about = "about " if delivery.status == Delivery.Status.WAITING else ""
    stands = delivery.state_label.lower()
    if about and delivery.follows:
        stands = f"waits for {delivery.follows.channel}"
    repeats = ", repeats" if delivery.occurrence else ""
    return f"{about}{at:%H:%M} {delivery.post}, {delivery.channel}, {stands}{repeats}"


CHIP = (
    '<a class="chip chip--{status}" href="{url}" draggable="false" aria-label="{entry}" title="{entry}">{icon}'
    '<span class="chip__words"><span class="chip__title">{about}{time} {post}{repeats}</span>'
    '<span class="chip__place">{place}</span></span><span class="chip__state">{state}</span></a>'
)
LINE = SafeString('<li class="chip-line">')
MOVE = (
    '<a class="chip__move" href="{url}?next={back}" draggable="false" title="Move…" aria-label="Move {entry}…">{icon}'
    '<span class="chip__word" aria-hidden="true">Move…</span></a>'
)


@register.simple_tag(takes_context=True)
def chip(context: dict[str, Any], delivery: Delivery) -> SafeString:
    """One delivery in a calendar, and the way to move it without dragging. A page has hundreds of them: rendered from
    a template they would take longer than everything else.
    """
    words, frame, move = entry(delivery), LINE, SafeString()
    shown = format_html(
        CHIP, status=delivery.status, url=delivery.get_absolute_url(), entry=words, icon=_icon(delivery.status),
        about="≈" if delivery.status == Delivery.Status.WAITING else "", time=moment(delivery.due_at, "clock"),
        post=delivery.post, place=delivery.channel, state=delivery.state_label,
        repeats=_repeats() if delivery.occurrence else "",
    )  # fmt: skip
    if delivery.is_movable:
        frame = format_html(
            '<li class="chip-line" draggable="true" data-delivery="{}" data-seen="{}">',
            delivery.pk, instant(delivery.due_at),
        )  # fmt: skip
        url, back = reverse("delivery_reschedule", args=[delivery.pk]), urlquote(context["request"].get_full_path())
        move = format_html(MOVE, url=url, back=back, entry=words, icon=_icon("move"))
    return format_html("{}{}{}</li>", frame, shown, move)


@cache
def _repeats() -> SafeString:
    return SafeString(f" {render_to_string('posts/_repeats.html', {'bare': True})}")


@cache
def _icon(name: str) -> SafeString:
    """The picture of a state, drawn once."""
    if name == "move":
        return SafeString(heroicon_micro("arrows-right-left", size=14, aria_hidden="true"))
    return render_to_string("_status_icon.html", {"status": name})


@register.filter
def if_late(post: Post) -> str:
    """What becomes of a post that could not go out at its time."""
    return wishes(post.workspace)[post.when_late]


@register.filter
def badge_of(standing: str) -> str:
    return BADGES.get(Standing(standing), standing)


@register.filter
def standing_label(standing: str) -> str:
    return Standing(standing).label


@register.filter
def step(words: str) -> str:
    """A step without its number, which the list prints itself."""
    return re.sub(r"\A\d+[.)]\s*", "", words)


@register.filter
def readable(raw: str) -> str:
    """JSON with line breaks; anything else as it is."""
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (TypeError, ValueError):
        return raw


@register.filter
def is_in(delivery: Delivery, states: str) -> bool:
    """Whether a delivery is in one of the states, which are separated by blanks."""
    return delivery.status in states.split()


@register.filter
def wall(wall_time: str) -> str:
    """A kept wall time as people write it."""
    return wall_time.replace("T", " ")


LOOK_TONES = {
    Proof.Outcome.THERE: "published",
    Proof.Outcome.MISSING: "failed",
    Proof.Outcome.DIFFERENT: "uncertain",
}


@register.filter
def look_tone(outcome: str) -> str:
    return LOOK_TONES.get(Proof.Outcome(outcome), "waiting")


ASPECTS = {
    Aspect.ADDRESS: "Address",
    Aspect.KEY: "Key",
    Aspect.ACCOUNT: "Account",
    Aspect.ROLE: "Right to publish",
    Aspect.PLAN: "Plan",
    Aspect.QUOTA: "Quota",
    Aspect.CLOCK: "Clock",
}
HEALTH_WORDS = {
    Health.WELL: "Well",
    Health.WARNING: "Needs a look",
    Health.BROKEN: "Not well",
    Health.UNKNOWN: "Not known",
}
HEALTH_BADGES = {Health.WARNING: "uncertain", Health.BROKEN: "failed"}


@register.filter
def aspect(which: Aspect) -> str:
    return ASPECTS[which]


@register.filter
def health_word(health: Health) -> str:
    return HEALTH_WORDS[health]


@register.simple_tag
def health_badge(channel: Channel) -> SafeString | str:
    """What the last examination of an open channel has found, where that is not all well."""
    worst = Health((channel.health or {}).get("worst", Health.WELL))
    if channel.status != Channel.Status.OPEN or worst not in HEALTH_BADGES:
        return ""
    return render_to_string("_badge.html", {"status": HEALTH_BADGES[worst], "label": HEALTH_WORDS[worst]})
