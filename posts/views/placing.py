"""What a choice of channels, time and order comes to: each channel, and when the post goes there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.http import QueryDict

from posts.forms.scheduling import ScheduleForm
from posts.models import Channel, Delivery
from posts.planning import scheduling, slots
from posts.planning.moments import Moment, moment_at
from posts.planning.scheduling import Place

Pins = Mapping[int, datetime]  # the slots that were shown or chosen, by channel id


def pin(channel: Channel, at: datetime) -> str:
    """A slot as addresses and forms carry it: 3@2026-11-24T08:00:00Z."""
    return f"{channel.pk}@{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def pins_in(data: QueryDict) -> dict[int, datetime]:
    """What cannot be understood is no slot."""
    found = {}
    for text in data.getlist("slot")[:100]:
        number, _, at = text.partition("@")
        try:
            found[int(number[:15])] = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            continue
    return found


class NoSlot(Exception):
    """Channels have no free slot. ``str()`` is the sentence for the person who asked."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        names = ", ".join(str(channel) for channel in channels)
        super().__init__(f"There is no free slot on {names}. Set its weekly slots, or choose a time.")


def next_slots(channels: list[Channel], pins: Pins, now: datetime) -> dict[int, Moment]:
    """For each channel the slot that was shown, where it is still free, else the next free one."""
    free = slots.next_free(channels, now)
    pinned = [channel for channel in channels if channel.pk in pins]
    busy = slots.taken([channel.pk for channel in pinned], now, [pins[channel.pk] for channel in pinned])
    for channel in pinned:
        opening = slots.opening_at(channel, pins[channel.pk], now)
        if opening and opening.due_at not in busy[channel.pk]:
            free[channel.pk] = opening
    return free


def places_of(form: ScheduleForm, pins: Pins) -> list[Place]:
    """Of a valid form, in the order in which they appear; whose page is announced comes first. Raises NoSlot."""
    page = form.announces_page_of
    with_page = form.cleaned_data["origin"] or (page if isinstance(page, Channel) else None)
    announcing = dict(form.announcements)
    articles = [channel for channel in form.cleaned_data["channels"] if channel not in announcing]
    leading = [form.cleaned_data["origin"]] if form.cleaned_data["origin"] else articles
    if not isinstance(page, Channel):  # what is announced has its own time: these take the chosen one
        leading = [*leading, *announcing]
    if form.cleaned_data["when"] == ScheduleForm.QUEUE:
        found = next_slots(leading, pins, form.now)
        if missing := [channel for channel in leading if channel.pk not in found]:
            raise NoSlot(missing)
        places = [Place(channel, found[channel.pk], in_slot=True) for channel in leading]
        places.sort(key=lambda place: place.at.due_at)
    else:
        assert form.moment is not None
        places = [Place(channel, form.moment) for channel in leading]
    places.sort(key=lambda place: place.channel != with_page)
    first = places[0].at
    later = sorted([*form.followers, *form.announcements], key=lambda each: each[1])
    if isinstance(page, Channel):
        return places + [Place(each, scheduling.later(first, after), after=after) for each, after in later]
    places += [Place(each, scheduling.later(first, after), after=after) for each, after in form.followers]
    return [_announcing(place, page) if place.channel in announcing else place for place in places]


def _announcing(place: Place, page: Delivery | str | None) -> Place:
    """At the chosen time where its page is there; else not before that, and not before the page."""
    if not isinstance(page, Delivery):
        return replace(place, page=page or "")
    if page.status == Delivery.Status.PUBLISHED:
        return replace(place, page=page.remote_url)
    after = max(place.at.due_at - page.due_at, timedelta())
    expected = moment_at(page.due_at + after, ZoneInfo(place.at.zone or "UTC"))
    return Place(place.channel, expected, after=after, follows=page)


def as_shown(places: list[Place], pins: Pins, zone: tzinfo) -> list[Place]:
    """With the slots that the person has seen, free or not: the verb says what became of them."""
    return [
        replace(place, at=moment_at(pins[place.channel.pk], zone))
        if place.in_slot and pins[place.channel.pk] != place.at.due_at
        else place
        for place in places
    ]
