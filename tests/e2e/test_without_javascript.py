"""Margaret has switched JavaScript off. The whole road is hers all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from accounts.models import User
from posts.models import Delivery, Post
from tests.e2e.conftest import Opens

if TYPE_CHECKING:
    from playwright.sync_api import Page

NEW = {"name": "Margaret", "password1": "software engineering 1969", "time_zone": "Europe/Berlin"}


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).first.click()


def sign_up(page: Page, email: str) -> None:
    page.goto("/accounts/signup/")
    page.fill("[name=email]", email)
    page.fill("[name=name]", NEW["name"])
    page.fill("[name=password1]", NEW["password1"])
    page.select_option("[name=time_zone]", NEW["time_zone"])
    page.locator("main button.button--primary").click()


def confirmation_of(page: Page, email: str) -> str:
    """The address in the mail, which this machine shows as soon as a worker has sent it."""
    letter = page.locator("details.letter").filter(has=page.locator("a[href*=confirm-email]"), has_text=email)
    page.goto("/mail/")
    for _ in range(40):
        if letter.count():
            break
        page.wait_for_timeout(250)
        page.reload()
    return letter.first.locator("a[href*=confirm-email]").get_attribute("href") or ""


def test_sign_up_write_preview_save_schedule_move_cancel(opens: Opens) -> None:
    page = opens(None, java_script_enabled=False)
    email = "margaret.hamilton@example.com"
    sign_up(page, email)
    page.goto(confirmation_of(page, email))
    press(page, "Yes, this is my address")

    page.goto("/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", NEW["password1"])
    page.locator("main button.button--primary").click()
    assert page.locator("h1").inner_text() == "Posts"

    page.get_by_role("link", name="Connect a channel").click()
    press(page, "Connect the demo blog")
    assert page.locator("h1").inner_text() == "Demo blog"

    page.get_by_role("link", name="New post").click()
    page.get_by_label("Title").fill("Lunar notes")
    page.get_by_label("Text, in Markdown").fill("Some *words*.")
    with page.expect_popup() as opened:
        press(page, "Preview in a new tab")
    assert opened.value.locator("em").inner_text() == "words"
    opened.value.close()
    press(page, "Save")
    post = Post.objects.get(title="Lunar notes")
    assert page.locator("h1").inner_text() == "Lunar notes"

    page.get_by_role("link", name="Choose channels and a time").click()
    page.get_by_label("Demo blog").check()
    page.locator("[name=at]").fill("2027-03-01T09:00")
    page.locator("main button.button--primary").click()
    assert "Monday 1 March 2027, 09:00" in page.locator(".review__time").inner_text()
    press(page, "Schedule for Mon 1 Mar 2027 09:00")
    delivery = Delivery.objects.get(post=post)
    assert (delivery.status, delivery.wall_time, delivery.zone) == ("scheduled", "2027-03-01T09:00", "Europe/Berlin")

    page.get_by_role("link", name=re.compile("^Reschedule|^Move|^New time")).first.click()
    page.locator("[name=at]").fill("2027-03-02T10:30")
    page.locator("main button.button--primary").click()
    delivery.refresh_from_db()
    assert delivery.wall_time == "2027-03-02T10:30"

    page.get_by_role("button", name=re.compile("^Cancel")).first.click()
    delivery.refresh_from_db()
    assert delivery.status == "cancelled"
    assert User.objects.filter(email=email).exists()
