"""Verbs: which mail to whom. A mail is a row in the transaction that it tells about; workers send it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from accounts import mailing
from accounts.models import User
from posts.models import Channel, Delivery


def tell_author(delivery: Delivery, status: Delivery.Status, message: str) -> None:
    """The delivery ended where only a person can go on: FAILED, UNCERTAIN or MISSED. One mail per such end."""
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
