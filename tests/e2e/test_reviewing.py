"""Nothing goes out before Ada has seen what will happen: where, when by which clock, and what is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from accounts.models import User, Workspace
from posts.models import Delivery
from tests.e2e.making import a_dev, a_folder, a_post
from tests.posts.conftest import Street

if TYPE_CHECKING:
    from playwright.sync_api import Page


def choose(page: Page, post: int, at: str, *channels: str) -> None:
    """Step 1: the channels and a time."""
    page.goto(f"/posts/{post}/schedule/")
    for channel in channels:
        page.get_by_role("checkbox", name=channel).check()
    page.locator("[name=when][value=at]").check()
    page.locator("[name=at]").fill(at)
    page.locator("#choice button.button--primary").click()


def test_the_review_says_all_of_it_and_only_its_button_schedules(
    page: Page, ada: User, workspace: Workspace, street: Street
) -> None:
    a_folder(workspace)
    a_dev(workspace, street)
    post = a_post(ada, tags=["one", "two", "three", "four", "five"])
    choose(page, post.pk, "2027-03-28T09:00", "Garden", "My DEV")
    review = page.locator("main").inner_text()
    assert "Sunday 28 March 2027, 09:00" in review
    assert "Europe/Berlin (UTC+2)" in review
    assert "Sun 28 Mar 2027, 07:00" in review, "in UTC"
    assert re.search(r"in \d+ d( \d+ h)?", review), "without the hours when there are none"
    assert "None: each place counts as the original" in review
    assert "DEV takes 4 tags" in review or "tags" in page.locator(".finding", has_text="My DEV").inner_text()
    assert not Delivery.objects.filter(post=post).exists(), "looking is not scheduling"

    page.reload()
    assert not Delivery.objects.filter(post=post).exists()
    page.get_by_role("button", name="Schedule for Sun 28 Mar 2027 09:00").click()
    page.locator("#rows").wait_for()
    assert Delivery.objects.filter(post=post, status="scheduled").count() == 2


def test_the_button_says_what_it_does(page: Page, ada: User, workspace: Workspace) -> None:
    garden, post = a_folder(workspace), a_post(ada)
    page.goto(f"/posts/{post.pk}/review/?channels={garden.pk}&when=now")
    assert page.get_by_role("button", name="Publish now on Garden").is_visible()
    page.goto(f"/posts/{post.pk}/review/?channels={garden.pk}&when=at&at=2027-11-24T09:00")
    assert page.get_by_role("button", name="Schedule for Wed 24 Nov 2027 09:00").is_visible()


def test_a_time_that_does_not_exist_is_explained_before_anything_is_saved(
    page: Page, ada: User, workspace: Workspace
) -> None:
    a_folder(workspace)
    post = a_post(ada)
    choose(page, post.pk, "2027-03-28T02:30", "Garden")
    assert "the clocks are set forward" in page.locator("main").inner_text()
    assert "03:30" in page.locator("main").inner_text()
    choose(page, post.pk, "2027-10-31T02:30", "Garden")
    assert "comes twice" in page.locator("main").inner_text()
    assert not Delivery.objects.filter(post=post).exists()


def test_a_past_time_is_refused_at_its_field(page: Page, ada: User, workspace: Workspace) -> None:
    a_folder(workspace)
    post = a_post(ada)
    choose(page, post.pk, "2020-01-01T09:00", "Garden")
    field = page.locator("[name=at]")
    assert field.get_attribute("aria-invalid") == "true"
    described = (field.get_attribute("aria-describedby") or "").split()
    assert "in the past" in " ".join(page.locator(f"#{each}").inner_text() for each in described)
    assert field.input_value() == "2020-01-01T09:00"
    assert page.locator(":focus").evaluate("el => el.matches('.error-summary, [name=at]')")
    assert page.get_by_role("checkbox", name="Garden").is_checked(), "nothing that was chosen is lost"
