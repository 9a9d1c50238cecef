"""Ada lets a post repeat: she sees the dates before anything is saved, skips one, moves one, pauses and ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from accounts.models import User, Workspace
from posts.models import Delivery, Series
from tests.e2e.conftest import Opens
from tests.e2e.making import a_folder, a_post
from tests.e2e.test_queue import colleague_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

FIRST = "2027-03-01T09:00"  # a Monday; the clocks are set forward on the 28th


def fill_in(page: Page, ada: User, workspace: Workspace) -> None:
    """Step 1: every week from then on."""
    a_folder(workspace)
    a_post(ada, "Weekly notes")
    page.goto("/series/new/")
    page.locator("[name=name]").fill("Weekly digest")
    page.locator("select[name=post]").first.select_option(label="Weekly notes")
    page.get_by_role("checkbox", name="Garden").check()
    page.locator("[name=at]").fill(FIRST)
    page.locator("[name=at]").blur()


@pytest.fixture
def series(page: Page, ada: User, workspace: Workspace) -> Series:
    fill_in(page, ada, workspace)
    page.locator("#series .button--primary").click()
    page.get_by_role("button", name="Start the series").click()
    page.get_by_role("heading", name="Next dates").wait_for()
    return Series.objects.get(workspace=workspace)


def test_the_next_ten_dates_are_shown_before_anything_is_saved(page: Page, ada: User, workspace: Workspace) -> None:
    fill_in(page, ada, workspace)
    dates = page.locator("#dates .dates li")
    page.locator("#dates", has_text="Mon 1 Mar").wait_for()
    assert dates.count() == 10
    assert "UTC+1" in dates.nth(3).inner_text()
    assert "UTC+2" in dates.nth(4).inner_text(), "nine o'clock stays nine o'clock"
    assert all("09:00" in words for words in dates.all_inner_texts())
    page.locator("#series .button--primary").click()
    assert page.locator(".dates li").count() == 10
    assert not Series.objects.filter(workspace=workspace).exists()


def test_it_makes_ordinary_deliveries_one_for_each_date(page: Page, series: Series) -> None:
    deliveries = Delivery.objects.filter(workspace=series.workspace)
    assert deliveries.count() == series.occurrences.count() >= 2
    assert set(deliveries.values_list("status", flat=True)) == {"scheduled"}
    page.goto("/calendar/?view=month&d=2027-03-01")
    assert page.locator("a.chip").count() >= 2


def test_a_date_is_skipped_taken_back_and_moved(page: Page, series: Series) -> None:
    page.get_by_role("button", name=re.compile("^Skip")).first.click()
    assert page.locator(".date.is-out").count() == 1
    page.get_by_role("button", name=re.compile("^Let it take place")).click()
    assert page.locator(".date.is-out").count() == 0
    page.get_by_role("link", name=re.compile("^Move")).first.click()
    page.locator("[name=at]").fill("2027-03-02T10:00")
    page.locator("main button.button--primary").click()
    page.get_by_text("moved from").first.wait_for()
    first = Delivery.objects.filter(workspace=series.workspace, status="scheduled").order_by("due_at")[0]
    assert first.wall_time == "2027-03-02T10:00"


def test_it_is_paused_resumed_and_ended(page: Page, series: Series) -> None:
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("It is paused").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("link", name="End…").click()
    page.locator("main form .button").first.click()
    page.locator(".toast").first.wait_for()
    series.refresh_from_db()
    assert series.status == Series.Status.ENDED
    assert not Delivery.objects.filter(workspace=series.workspace, status="scheduled").exists()


def test_a_hostile_rule_is_refused_at_once_with_a_sentence(page: Page, ada: User, workspace: Workspace) -> None:
    fill_in(page, ada, workspace)
    page.locator("[name=repeat][value=rule]").check()
    page.locator("[name=rule]").fill("FREQ=SECONDLY;INTERVAL=1")
    page.locator("#series .button--primary").click()
    assert page.locator("[name=rule]").get_attribute("aria-invalid") == "true"
    assert page.locator("[name=name]").input_value() == "Weekly digest", "nothing that was typed is lost"


def test_two_people_who_skip_the_same_date_skip_it_once(
    opens: Opens, page: Page, series: Series, workspace: Workspace
) -> None:
    other = opens(colleague_of(workspace))
    other.goto(page.url)
    page.get_by_role("button", name=re.compile("^Skip")).first.click()
    other.get_by_role("button", name=re.compile("^Skip")).first.click()
    other.locator(".date").first.wait_for()
    assert other.locator(".date.is-out").count() == 1
    assert Delivery.objects.filter(workspace=workspace, status="cancelled").count() <= 1
