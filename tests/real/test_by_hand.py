"""A real worker hands over what a person publishes, reminds once, and examines channels by itself."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.models import Channel, Delivery, Post
from posts.planning import handing, scheduling
from posts.planning.moments import moment_at
from tests.posts.conftest import Street
from tests.real.house import House, wait_for
from tests.real.test_exactly_once import channels

pytestmark = [pytest.mark.real, pytest.mark.engine]


def test_a_worker_hands_over_reminds_and_examines(house: House, street: Street, author: User) -> None:
    workspace = Workspace.objects.of(author)
    assert workspace is not None
    house.worker()  # Redis is not needed
    [dev] = channels(author, street, 1)
    letters = connecting.connect(workspace, "elsewhere", "Letters", {}, {"address": "", "takes": "rich"})
    wait_for(Channel.objects.filter(pk=letters.pk, status=Channel.Status.OPEN).exists, 30, "it needs no key")
    post = Post.objects.create(workspace=workspace, author=author, title="Notes", markdown="A few words.")
    at = moment_at(timezone.now() + timedelta(seconds=2), UTC)
    [delivery] = scheduling.schedule(post, [letters], at, timezone.now(), author)
    handed_over = Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.HANDED_OVER)
    wait_for(handed_over.exists, 20, "it is handed over")
    late = handed_over.get().attempts.get().created_at - at.due_at
    assert timedelta() <= late < timedelta(seconds=3)
    wait_for(mails(delivery, "handed_over").exists, 10, "the mail is sent")

    yesterday = timezone.now() - timedelta(minutes=1)
    Delivery.objects.filter(pk=delivery.pk).update(remind_at=yesterday)
    Channel.objects.filter(pk=dev.pk).update(examine_at=yesterday, health=None)
    wait_for(lambda: mails(delivery, "handed_over").count() == 2, 45, "the reminder is sent")
    wait_for(Channel.objects.filter(pk=dev.pk, health__worst="well").exists, 10, "the channel is examined")

    handing.published(handed_over.get(), "https://letters.example/notes", "", timezone.now())
    delivery.refresh_from_db()
    assert (delivery.status, delivery.remind_at) == (Delivery.Status.PUBLISHED, None)


def mails(delivery: Delivery, what: str) -> QuerySet[Mail]:
    return Mail.objects.filter(event__startswith=f"delivery:{delivery.pk}:{what}", status=Mail.Status.SENT)
