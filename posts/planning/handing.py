"""Verbs: what a person publishes by hand: what is handed over, by when one is reminded, and where it is in the end."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from posts import notifying
from posts.engine.packing import article_of, digest_of, door_of, fields_of
from posts.models import Channel, Delivery
from posts.planning import scheduling
from publishers import PUBLISHERS
from publishers.base import Assisted
from publishers.errors import Unsupported

log = logging.getLogger(__name__)
Status = Delivery.Status
AT_ONCE = 100  # reminders in one round


def is_by_hand(channel: Channel) -> bool:
    """Whether a person publishes there."""
    publisher = PUBLISHERS.get(channel.platform)
    return publisher is not None and issubclass(publisher, Assisted)


def place_of(channel: Channel) -> Assisted | None:
    """The place of a channel to which a person brings articles; None where we publish ourselves."""
    try:
        publisher = door_of(channel).open()
    except Unsupported:
        return None
    return publisher if isinstance(publisher, Assisted) else None


def shown(delivery: Delivery) -> dict[str, Any]:
    """The text as it stands now, as a delivery keeps what went out; ``sent_as`` names it."""
    article = article_of(delivery)
    fields = fields_of(article, delivery.channel)
    return {
        "sent_title": article.title,
        "sent_markdown": article.markdown,
        "sent_digest": delivery.post.digest(),
        "sent_version": delivery.post.version,
        "sent_fields": fields,
        "sent_as": digest_of(article.title, article.markdown, fields),
    }


NOT_KNOWN: dict[str, Any] = {
    "sent_title": "", "sent_markdown": "", "sent_digest": "", "sent_version": None, "sent_fields": None, "sent_as": "",
}  # fmt: skip


@transaction.atomic
def published(delivery: Delivery, url: str, seen: str, now: datetime) -> None:
    """A person has published it, at ``url``. ``seen`` names the text that the page showed, "" the one handed over.

    Was it changed since the page was opened, nobody knows which one is there. Raises Refused.
    """
    row = scheduling.as_it_is(delivery)
    if seen and seen != row.sent_as:
        text = shown(row)
        there = Delivery.objects.filter(pk=row.pk, status=Status.HANDED_OVER)
        there.update(**(text if text["sent_as"] == seen else NOT_KNOWN))
    scheduling.confirm(scheduling.as_it_is(row), url, now)


def remind(now: datetime) -> int:
    """Remind, once, of what was handed over a day ago. How many were reminded of."""
    due = Delivery.objects.filter(remind_at__lte=now)
    count = 0
    for pk in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        try:
            count += _remind(pk, now)
        except Exception:  # one bad row never stops the others
            log.exception("Delivery %s: its author could not be reminded", pk)
    return count


@transaction.atomic
def _remind(pk: int, now: datetime) -> bool:
    """Compare and set: of two workers one writes."""
    if not Delivery.objects.filter(pk=pk, remind_at__lte=now).update(remind_at=None):
        return False
    delivery = Delivery.objects.select_related("post__author", "channel", "created_by").get(pk=pk)
    if delivery.status != Status.HANDED_OVER:
        return False
    notifying.tell_handed_over(delivery, reminds=True)
    return True
