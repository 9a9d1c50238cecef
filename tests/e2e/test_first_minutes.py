"""A new person reaches a published post: how many presses, and how long it takes."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

from accounts.models import User
from posts.models import Delivery
from tests.conftest import joined
from tests.e2e.conftest import Opens
from tests.e2e.test_without_javascript import NEW, confirmation_of, sign_up
from tests.real.house import House

if TYPE_CHECKING:
    from playwright.sync_api import Locator

MOST_PRESSES, MOST_SECONDS = 6, 60


def test_from_signing_up_to_reading_the_first_post(opens: Opens, house: House) -> None:
    """The link of the mail counts as a press, though no browser of ours opens the mail."""
    email, page, presses = "grace.hopper@example.com", opens(None), count(1)
    start = time.monotonic()

    def press(what: Locator) -> int:
        what.click()
        return next(presses)

    sign_up(page, email)
    next(presses)
    page.goto(confirmation_of(page, email))
    next(presses)
    press(page.get_by_role("button", name="Yes, this is my address"))
    if page.locator("[name=login]").count():
        page.fill("[name=login]", email)
        page.fill("[name=password]", NEW["password1"])
        press(page.locator("main button.button--primary"))
    press(page.get_by_role("button", name="Try it with a sample post"))
    number = press(page.get_by_role("button", name="Publish now on Demo blog"))
    page.locator(".delivery .badge--published").wait_for()
    took = time.monotonic() - start
    print(f"published after {number} presses and {took:.1f} s")
    assert number <= MOST_PRESSES
    assert took <= MOST_SECONDS

    page.get_by_role("link", name="Read it").click()
    assert page.locator("h1").inner_text() == "Hello from your demo blog"
    person = User.objects.get(email=email)
    assert Delivery.objects.get(created_by=person).status == "published"

    page.goto("/posts/")
    assert "4 of 4 done" in page.locator("main").inner_text()
    page.get_by_role("button", name="Hide the first steps").click()
    assert not page.locator("#first-steps").count()
    page.goto("/settings/")
    page.get_by_role("button", name="Show them again").click()
    assert page.locator("#first-steps").count()


def test_each_step_ticks_itself(opens: Opens, house: House) -> None:
    page = opens(joined("barbara@example.com", "Barbara"))
    page.goto("/posts/")
    assert page.locator(".steps .is-done").count() == 1, "the address is confirmed"
    page.goto("/channels/")
    page.get_by_role("button", name="Connect the demo blog").click()
    page.locator("#channel .badge--open").wait_for()
    page.goto("/posts/")
    assert page.locator(".steps .is-done").count() == 2
    page.get_by_role("link", name="Write a post").click()
    page.get_by_label("Title").fill("My own first words")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/posts/")
    assert page.locator(".steps .is-done").count() == 3
    assert page.locator("[aria-current=step]").inner_text().startswith("Choose a time")
