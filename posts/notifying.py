"""Verbs: which mail to whom. A mail is a row in the transaction that it tells about; workers send it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from accounts import mailing
from accounts.models import User
from posts.engine import tailoring
from posts.models import Channel, Delivery, Proof, Series
from posts.planning.moments import WALL

Status = Delivery.Status
LONGEST_LIST = 50  # lines of one kind in a mail; the pages show the others


# Why followers wait beyond their plan, in the middle of a sentence about ``origin``.
_O = Delivery.Obstacle
HELD = {
    _O.GONE: "what they were to follow has been deleted",
    _O.FAILED: "it could not be published on {origin}",
    _O.UNCERTAIN: "nobody knows yet whether it is on {origin}",
    _O.MISSED: "it missed its time on {origin}",
    _O.CANCELLED: "it was cancelled on {origin}",
    _O.LATE: "it is late on {origin}",
    _O.NO_PAGE: "what {origin} has published has no public page",
    _O.MISSING: "its page on {origin} does not answer",
    _O.DIFFERENT: "its page on {origin} is not as it should be",
    _O.NOT_REACHED: "its page on {origin} could not be looked at",
}


def tell_author(delivery: Delivery, status: Delivery.Status, message: str) -> None:
    """The delivery ended where only a person can go on: FAILED or UNCERTAIN. One mail per such end."""
    author = delivery.created_by or delivery.post.author
    if author is None:
        return
    mailing.enqueue_template(
        f"delivery_{status.value}",
        {
            "post": delivery.post,
            "channel": delivery.channel,
            "message": message,
            "link": settings.SITE_URL + delivery.get_absolute_url(),
        },
        event=f"delivery:{delivery.pk}:{status.value}:{delivery.number}:{delivery.due_at.timestamp():.0f}",
        user=author,
        repeatable=True,
    )


def tell_handed_over(delivery: Delivery, *, reminds: bool = False) -> None:
    """Its text is ready to be published by hand. One mail for each handing over, and one more as a reminder.

    Where nobody has planned it any more, everybody of the workspace is asked.
    """
    author = delivery.created_by or delivery.post.author
    users = [author] if author else User.objects.filter(memberships__workspace=delivery.workspace_id, is_active=True)
    for user in users:
        mailing.enqueue_template(
            "handed_over_again" if reminds else "handed_over",
            {
                "post": delivery.post,
                "channel": delivery.channel,
                "link": settings.SITE_URL + reverse("hand_off", args=[delivery.pk]),
            },
            event=f"delivery:{delivery.pk}:handed_over:{delivery.number}:{'again:' if reminds else ''}{user.pk}",
            user=user,
            repeatable=True,
        )


def tell_late(author: int, late: Mapping[str, list[int]], now: datetime, why: str = "") -> None:
    """Deliveries of one author that were not published at their time, by what became of each: one mail for all.

    SCHEDULED: they go out late. MISSED: the author is asked. CANCELLED: they were dropped. "left out": dates of a
    series of which a later one was due as well.
    """
    user = User.objects.get(pk=author)
    shown = [pk for pks in late.values() for pk in pks[:LONGEST_LIST]]
    lines = Delivery.objects.select_related("post", "channel").only(
        "due_at", "act_at", "doubtful", "post__title", "channel__name"
    )
    rows = lines.in_bulk(shown)

    def part(end: str) -> dict[str, Any]:
        pks = late.get(end, [])
        lines = [_late_line(rows[pk], user) for pk in pks[:LONGEST_LIST]]
        return {"count": len(pks), "lines": lines, "more": len(pks) - len(lines)}

    mailing.enqueue_template(
        "late",
        {
            "why": why,
            "count": sum(map(len, late.values())),
            "only": _late_line(rows[shown[0]], user),
            "missed": part(Status.MISSED),
            "goes_out": part(Status.SCHEDULED),
            "dropped": part(Status.CANCELLED),
            "left_out": part("left out"),
        },
        event=f"late:{user.pk}:{shown[0]}:{now.timestamp():.3f}",
        user=user,
        repeatable=True,
    )


def _late_line(delivery: Delivery, reader: User) -> dict[str, Any]:
    # Without their zone, else the template turns them into the zone of whoever renders it: a worker.
    due = delivery.due_at.astimezone(reader.time_zone).replace(tzinfo=None)
    at = delivery.act_at.astimezone(reader.time_zone).replace(tzinfo=None)
    return {"delivery": delivery, "due": due, "at": at, "is_another_day": at.date() != due.date()}


def tell_postponed(delivery: Delivery, at: datetime, message: str) -> None:
    """It did not fit into the platform's daily quota. One mail per delivery and day."""
    author = delivery.created_by or delivery.post.author
    if author is None:
        return
    mailing.enqueue_template(
        "delivery_postponed",
        {
            "post": delivery.post,
            "channel": delivery.channel,
            "message": message,
            # Without its zone, else the template turns it into the zone of whoever renders it: a worker.
            "at": at.astimezone(author.time_zone).replace(tzinfo=None),
            "link": settings.SITE_URL + delivery.get_absolute_url(),
        },
        event=f"delivery:{delivery.pk}:postponed:{at:%Y-%m-%d}",
        user=author,
        repeatable=True,
    )


def tell_page(delivery: Delivery, proof: Proof) -> None:
    """The platform says that it is published, and its page is missing or not as it should be. One mail for each."""
    author = delivery.created_by or delivery.post.author
    if author is None:
        return
    mailing.enqueue_template(
        f"page_{proof.outcome}",
        {
            "post": delivery.post,
            "channel": delivery.channel,
            "message": proof.message,
            "page": delivery.remote_url,
            "link": settings.SITE_URL + delivery.get_absolute_url(),
        },
        event=f"delivery:{delivery.pk}:page:{proof.outcome}",
        user=author,
        repeatable=True,
    )


def tell_held(followers: Sequence[Delivery], origin: Delivery | None, obstacle: Delivery.Obstacle) -> None:
    """What follows an original cannot go out as planned. One mail for all its followers, for each obstacle."""
    first = followers[0]
    author = first.created_by or first.post.author
    if author is None:
        return
    end = f"{origin.pk}:{origin.number}:{origin.due_at.timestamp():.0f}" if origin else f"gone:{first.pk}"
    mailing.enqueue_template(
        "followers_held",
        {
            "post": first.post,
            "origin": origin,
            "obstacle": obstacle,
            "because": HELD[obstacle].format(origin=origin.channel if origin else "the original"),
            "followers": [follower.channel.name for follower in followers],
            "is_announced": all(tailoring.announces(follower.channel) for follower in followers),
            "link": settings.SITE_URL + first.get_absolute_url(),
        },
        event=f"followers:{end}:{obstacle.value}",
        user=author,
        repeatable=True,
    )


def tell_zone_law(author: int, deliveries: Sequence[Delivery]) -> None:
    """The law of a zone was changed: these stand at another wall time now. One mail for all of one author's."""
    user, shown = User.objects.get(pk=author), deliveries[:LONGEST_LIST]
    digest = hashlib.sha256(",".join(f"{each.pk}:{each.wall_moves_to}" for each in deliveries).encode()).hexdigest()
    mailing.enqueue_template(
        "zone_law",
        {
            "lines": [_both_times(delivery) for delivery in shown],
            "count": len(deliveries),
            "more": len(deliveries) - len(shown),
            "zones": sorted({delivery.zone for delivery in deliveries}),
        },
        event=f"zone-law:{author}:{digest[:16]}",
        user=user,
        repeatable=True,
    )


def _both_times(delivery: Delivery) -> dict[str, Any]:
    # Without its zone, else the template turns it into the zone of whoever renders it: a worker.
    reads = delivery.due_at.astimezone(ZoneInfo.no_cache(delivery.zone)).replace(tzinfo=None)
    return {"delivery": delivery, "meant": datetime.strptime(delivery.wall_time, WALL), "reads": reads}


def tell_series(series: Series, message: str, lines: Sequence[str] = (), about: Sequence[str] = ()) -> None:
    """A series rests, or some of its dates could not be scheduled: one mail for each thing that it is ``about``."""
    users = User.objects.filter(memberships__workspace=series.workspace_id, is_active=True)
    user = series.created_by or users.order_by("memberships__pk").first()
    if user is None:
        return
    shown, link = list(lines[:LONGEST_LIST]), settings.SITE_URL + series.get_absolute_url()
    digest = hashlib.sha256("\n".join([message, *about]).encode()).hexdigest()[:16]
    mailing.enqueue_template(
        "series",
        {"series": series, "message": message, "lines": shown, "more": len(lines) - len(shown), "link": link},
        event=f"series:{series.pk}:{series.version}:{digest}",
        user=user,
        repeatable=True,
    )


def tell_channel_closed(channel: Channel, message: str) -> None:
    """The platform refuses the channel's credentials. One mail to each member of the workspace, per closing."""
    for user in User.objects.filter(memberships__workspace=channel.workspace_id, is_active=True):
        mailing.enqueue_template(
            "channel_closed",
            {"channel": channel, "message": message, "link": settings.SITE_URL + channel.get_absolute_url()},
            event=f"channel:{channel.pk}:closed:{channel.revision}:{user.pk}",
            user=user,
            repeatable=True,
        )
