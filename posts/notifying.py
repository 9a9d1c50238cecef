"""Verbs: which mail to whom. A mail is a row in the transaction that it tells about; workers send it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from accounts import mailing
from accounts.models import User
from posts.models import Channel, Delivery

Status = Delivery.Status
LONGEST_LIST = 50  # lines of one kind in a mail; the pages show the others


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


def tell_late(late: list[Delivery], now: datetime) -> None:
    """Deliveries of one author that were not published at their time, each as it stands now: one mail for all."""
    author = late[0].created_by or late[0].post.author
    assert author is not None
    zone = author.time_zone
    # Without their zone, else the template turns them into the zone of whoever renders it: a worker.
    lines = [
        {
            "delivery": delivery,
            "due": delivery.due_at.astimezone(zone).replace(tzinfo=None),
            "at": delivery.status == Status.SCHEDULED and delivery.act_at.astimezone(zone).replace(tzinfo=None),
        }
        for delivery in late
    ]
    by_status = {status: [line for line in lines if line["delivery"].status == status] for status in Status}
    mailing.enqueue_template(
        "late",
        {
            "count": len(late),
            "only": late[0],
            "goes_out": by_status[Status.SCHEDULED],
            "missed": by_status[Status.MISSED],
            "dropped": by_status[Status.CANCELLED],
            "longest": LONGEST_LIST,
        },
        event=f"late:{author.pk}:{late[0].pk}:{late[0].number}:{now.timestamp():.3f}",
        user=author,
        repeatable=True,
    )


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
