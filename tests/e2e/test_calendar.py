"""The calendar as people use it: by address, by mouse, by keyboard, on a telephone; and two of them at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from django.utils import timezone

from accounts.models import User, Workspace
from posts.models import Delivery
from tests.e2e.conftest import Opens
from tests.e2e.making import a_delivery, a_folder, a_post, until_it_is
from tests.e2e.test_queue import colleague_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

MORNING = datetime(2027, 3, 9, 8, tzinfo=UTC)  # Tuesday, 09:00 in Berlin


@pytest.fixture
def delivery(ada: User, workspace: Workspace) -> Delivery:
    return a_delivery(a_post(ada, "Notes"), a_folder(workspace), MORNING)


def at_nine(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.wall_time


def test_each_view_has_its_address_and_back_leads_back(page: Page, delivery: Delivery) -> None:
    page.goto("/calendar/?view=month&d=2027-03-01")
    assert page.locator("h1").inner_text() == "March 2027"
    chip = page.locator("table.calendar td a.chip")
    assert chip.get_attribute("aria-label") == "09:00 Notes, Garden, scheduled"
    page.get_by_role("link", name="Week", exact=True).click()
    page.wait_for_url("**view=week**")
    page.go_back()
    page.wait_for_url("**view=month**")
    page.get_by_role("link", name="Later").click()
    assert page.locator("h1").inner_text() == "April 2027"
    page.get_by_role("link", name="Today").click()
    assert page.locator("h1").inner_text() == timezone.localtime().strftime("%B %Y")
    assert page.locator("thead th").first.get_attribute("abbr") == "Monday"


def test_dragged_to_another_day_it_keeps_its_clock_time_and_can_be_brought_back(page: Page, delivery: Delivery) -> None:
    page.goto("/calendar/?view=month&d=2027-03-01")
    page.locator(f"[data-delivery='{delivery.pk}']").drag_to(page.locator("td[data-at='2027-03-11']"))
    page.locator(f"td[data-at='2027-03-11'] [data-delivery='{delivery.pk}']").wait_for()
    assert at_nine(delivery) == "2027-03-11T09:00"
    undo = page.locator("#messages").get_by_role("button", name=re.compile("Undo"))
    page.wait_for_timeout(10_500)
    assert undo.is_visible(), "nobody has to be quick"
    undo.click()
    page.locator(f"td[data-at='2027-03-09'] [data-delivery='{delivery.pk}']").wait_for()
    assert at_nine(delivery) == "2027-03-09T09:00"


def test_dragged_to_an_hour_of_the_week(page: Page, delivery: Delivery) -> None:
    page.goto("/calendar/?view=week&d=2027-03-09")
    target = page.locator("td[data-at^='2027-03-10T']").nth(2)
    place = target.get_attribute("data-at") or ""
    page.locator(f"td [data-delivery='{delivery.pk}']").drag_to(target)
    page.locator(f"td[data-at='{place}'] [data-delivery='{delivery.pk}']").wait_for()
    assert at_nine(delivery) == place


def test_the_same_by_keyboard(page: Page, delivery: Delivery) -> None:
    page.goto("/calendar/?view=month&d=2027-03-01")
    page.get_by_role("link", name=re.compile("^Move 09:00 Notes")).focus()
    page.keyboard.press("Enter")
    page.locator("[name=at]").fill("2027-03-11T09:00")
    page.locator("[name=at]").press("Enter")
    page.locator(f"td[data-at='2027-03-11'] [data-delivery='{delivery.pk}']").wait_for()
    assert at_nine(delivery) == "2027-03-11T09:00"


def test_the_same_by_tapping_on_a_telephone(opens: Opens, ada: User, delivery: Delivery) -> None:
    page = opens(ada, 360, has_touch=True)
    page.goto("/calendar/?view=month&d=2027-03-01")
    page.get_by_role("link", name=re.compile("^Move 09:00 Notes")).tap()
    page.locator("[name=at]").fill("2027-03-11T09:00")
    page.locator("main button.button--primary").tap()
    page.locator("table.calendar").wait_for()
    assert at_nine(delivery) == "2027-03-11T09:00"


def test_the_past_refuses_with_a_reason(page: Page, ada: User, workspace: Workspace) -> None:
    soon = timezone.now() + timedelta(hours=30)
    delivery = a_delivery(a_post(ada, "Notes"), a_folder(workspace), soon)
    before = at_nine(delivery)
    page.goto("/calendar/?view=month")
    past = page.locator("td.is-past").first
    if not past.count():
        pytest.skip("the month begins today")
    page.locator(f"[data-delivery='{delivery.pk}']").drag_to(past)
    page.locator("#messages", has_text="past").wait_for()
    assert at_nine(delivery) == before


def test_a_day_with_much_to_do_says_how_much_more(page: Page, ada: User, workspace: Workspace) -> None:
    garden = a_folder(workspace)
    for number in range(5):
        a_delivery(a_post(ada, f"Post {number}"), garden, MORNING + timedelta(minutes=number))
    page.goto("/calendar/?view=month&d=2027-03-01")
    more = page.locator("td[data-at='2027-03-09'] .calendar__more")
    assert more.inner_text().startswith("+2 more")
    more.click()
    assert page.locator("tbody tr").count() == 5


def test_an_empty_day_begins_a_post_for_it(page: Page, ada: User, workspace: Workspace) -> None:
    a_folder(workspace)
    page.goto("/calendar/?view=month&d=2027-03-01")
    page.locator("td[data-at='2027-03-16'] .calendar__day").click()
    page.get_by_label("Title").fill("For the sixteenth")
    page.get_by_role("button", name="Schedule…").click()
    assert page.locator("[name=at]").input_value() == "2027-03-16T09:00"


def test_filters_stand_in_the_address_and_empty_is_said_in_three_ways(
    page: Page, ada: User, workspace: Workspace, delivery: Delivery, opens: Opens
) -> None:
    garden = Delivery.objects.get(pk=delivery.pk).channel
    page.goto(f"/calendar/?view=month&d=2027-03-01&channel={garden.pk}&status=scheduled")
    assert page.locator("a.chip").count() == 1
    page.goto("/calendar/?view=month&d=2027-03-01&status=failed")
    assert "Nothing here matches" in page.locator("main").inner_text()
    page.goto("/calendar/?view=month&d=2027-08-01")
    assert "Nothing is planned" in page.locator("main").inner_text()
    stranger = opens(colleague_of(Workspace.objects.create(name="Empty")))
    stranger.goto("/calendar/")
    assert "Begin your first post" in stranger.locator("main").inner_text()


def test_who_was_slower_is_told_and_nothing_is_lost(
    opens: Opens, page: Page, workspace: Workspace, delivery: Delivery
) -> None:
    other = opens(colleague_of(workspace))
    for each in (page, other):
        each.goto("/calendar/?view=month&d=2027-03-01")
    page.locator(f"[data-delivery='{delivery.pk}']").drag_to(page.locator("td[data-at='2027-03-11']"))
    page.locator(f"td[data-at='2027-03-11'] [data-delivery='{delivery.pk}']").wait_for()
    other.locator(f"[data-delivery='{delivery.pk}']").drag_to(other.locator("td[data-at='2027-03-18']"))
    other.locator("#messages", has_text="was not moved").wait_for()
    assert at_nine(delivery) == "2027-03-11T09:00"
    other.locator(f"td[data-at='2027-03-11'] [data-delivery='{delivery.pk}']").wait_for()


def test_what_was_moved_goes_out_at_the_new_time_only(page: Page, ada: User, workspace: Workspace) -> None:
    garden = a_folder(workspace)
    delivery = a_delivery(a_post(ada, "Moved"), garden, timezone.now() + timedelta(seconds=7))
    page.goto(f"/deliveries/{delivery.pk}/reschedule/")
    page.locator("[name=at]").fill("2027-03-11T09:00")
    page.locator("main button.button--primary").click()
    page.locator("#rows, #calendar, .table").first.wait_for()
    page.wait_for_timeout(9_000)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.wall_time, delivery.number) == ("scheduled", "2027-03-11T09:00", 0)
    page.goto(delivery.get_absolute_url())
    page.get_by_role("button", name=re.compile("^Publish now")).click()
    until_it_is(delivery, "published")
    assert delivery.number == 1


def test_the_feed_is_private_and_can_be_revoked(page: Page, delivery: Delivery) -> None:
    page.goto("/settings/")
    page.get_by_role("button", name=re.compile("feed|calendar address|address", re.I)).first.click()
    address = re.search(r"https?://[^\s\"<]+\.ics", page.content())
    assert address, "the settings show the address"
    feed = requests.get(address[0], timeout=5)
    assert feed.ok
    assert "SUMMARY:" in feed.text
    assert "Notes" in feed.text
    page.get_by_role("button", name=re.compile("Revoke|Switch it off|Turn it off|Remove|Stop", re.I)).first.click()
    page.locator(".toast").first.wait_for()
    assert requests.get(address[0], timeout=5).status_code == 404
