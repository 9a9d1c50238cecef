"""A real worker looks at public pages by itself, and nothing else waits for a page."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Mail, User
from posts.models import Delivery, Proof
from posts.watch import proving
from tests.posts.conftest import Street
from tests.real.house import House, wait_for
from tests.real.test_exactly_once import channels, schedule

pytestmark = [pytest.mark.real, pytest.mark.engine]


@pytest.fixture
def house(house: House) -> House:
    house.env["PAGE_SECONDS"] = "1"
    return house


def test_a_worker_proves_what_it_has_published(house: House, street: Street, author: User) -> None:
    house.worker()  # Redis is not needed
    [channel] = channels(author, street, 1)
    [delivery] = schedule(author, [channel], 1, in_seconds=3)
    proof = wait_for(lambda: Proof.objects.exclude(looked_at=None).first(), 30, "its page was looked at")
    assert (proof.delivery_id, proof.outcome, proof.status) == (delivery.pk, "there", 200)
    assert proof.message == "The page is there, with its title."
    assert (proof.due_at - proof.began_at).total_seconds() == 3600


def test_a_page_that_hangs_keeps_nobody_waiting_and_a_missing_one_is_told(
    house: House, street: Street, author: User
) -> None:
    house.worker()
    first, second = channels(author, street, 2)
    street.fault("page", "hang", seconds=14)
    schedule(author, [first], 1, in_seconds=2)
    wait_for(lambda: Proof.objects.filter(looks=1).exists(), 30, "a worker hangs on its page")
    [missing] = schedule(author, [second], 1, in_seconds=2)
    published = Delivery.objects.filter(pk=missing.pk, status="published")
    wait_for(published.exists, 8, "another post is published meanwhile")
    street.forgive()
    street.fault("page", "status", status=404, times=None)
    missing.refresh_from_db()
    assert proving.ask(missing, timezone.now())
    wait_for(Proof.objects.filter(delivery=missing, outcome="missing").exists, 30, "its page is missing")
    mails = Mail.objects.filter(event=f"delivery:{missing.pk}:page:missing", status=Mail.Status.SENT)
    wait_for(mails.exists, 10, "its author is told")
