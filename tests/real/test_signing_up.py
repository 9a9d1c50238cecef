"""Signing up puts the welcome mail into the queue: view → Redis → worker. Once, whatever happens in between."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
import requests
from django.conf import settings

from accounts.mailfiles import kept_mails
from accounts.models import Mail, User
from tests.real.house import House, wait_for

pytestmark = pytest.mark.real
NEW = {
    "name": "Margaret",
    "email": "margaret@example.com",
    "password1": "software engineering 1969",
    "time_zone": "Europe/Berlin",
}


def sign_up(url: str) -> float:
    """Fill in the form as a browser does; the seconds that the answer took."""
    browser = requests.Session()
    browser.get(f"{url}/accounts/signup/", timeout=10).raise_for_status()
    form: dict[str, Any] = {**NEW, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    start = time.monotonic()
    answer = browser.post(
        f"{url}/accounts/signup/", data=form, headers={"Origin": url}, timeout=30, allow_redirects=False
    )
    assert answer.status_code == 302, answer.text
    return time.monotonic() - start


def welcome_files() -> int:
    return sum(mail.to == NEW["email"] and mail.subject.startswith("Welcome") for mail in kept_mails())


@pytest.fixture(autouse=True)
def no_old_mails(author: User) -> None:
    for path in settings.MAIL_DIR.glob("*.eml"):
        path.unlink()


def test_the_welcome_mail_goes_from_the_view_through_redis_to_the_worker(house: House) -> None:
    house.broker()
    url = house.web()
    sign_up(url)
    assert Mail.objects.get(event__startswith="welcome:", to=NEW["email"]).status == Mail.Status.QUEUED
    house.worker()
    wait_for(welcomed_margaret, 20, "the welcome mail is sent")
    house.kill("worker")
    house.worker("worker 2")
    house.kill("worker 2", signal.SIGTERM)
    assert welcome_files() == 1


def welcomed_margaret() -> bool:
    return Mail.objects.filter(to=NEW["email"], event__startswith="welcome:", status=Mail.Status.SENT).exists()


def test_with_redis_frozen_signing_up_is_quick_and_the_mail_is_sent_all_the_same(house: House) -> None:
    house.broker()
    url = house.web()
    house.kill("broker", signal.SIGSTOP)
    took = sign_up(url)
    house.worker()
    wait_for(welcomed_margaret, 20, "the worker finds the mail by itself")
    print(f"signing up with Redis frozen took {took * 1000:.0f} ms")
    assert took < 2
