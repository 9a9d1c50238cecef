"""Ada fills her weekly slots; a colleague does the same at the same moment, in a browser of his own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from accounts.models import Membership, User, Workspace
from posts.models import Channel, Delivery, Post
from tests.conftest import joined
from tests.e2e.conftest import Opens
from tests.e2e.making import a_folder, a_post, with_slots

if TYPE_CHECKING:
    from playwright.sync_api import Page


def review_of(page: Page, post: Post, channel: Channel) -> str:
    """The words of the button that adds it to the queue."""
    page.goto(f"/posts/{post.pk}/schedule/")
    page.get_by_role("checkbox", name=channel.name).check()
    page.locator("[name=when][value=queue]").check()
    page.locator("#choice button.button--primary").click()
    words: str = page.locator("main form .button--primary").inner_text()
    return words


def colleague_of(workspace: Workspace) -> User:
    """Charles, who works where Ada works."""
    charles = joined(f"charles{workspace.pk}@example.com", "Charles", time_zone="Europe/Berlin")
    Membership.objects.filter(user=charles).update(workspace=workspace)
    return charles


def order(page: Page) -> list[str]:
    titles: list[str] = page.locator(".queue__what > a").all_inner_texts()
    return titles


def test_adding_takes_the_next_free_slot_and_shows_it_first(page: Page, ada: User, workspace: Workspace) -> None:
    garden = with_slots(a_folder(workspace), 9, 17)
    first, second = a_post(ada, "First"), a_post(ada, "Second")
    slot = review_of(page, first, garden)
    assert slot.startswith("Add to the queue for ")
    assert not Delivery.objects.filter(post=first).exists(), "shown before it is taken"
    page.locator("main form .button--primary").click()
    page.locator("#rows").wait_for()
    assert review_of(page, second, garden) != slot
    page.locator("main form .button--primary").click()
    page.locator("#rows").wait_for()
    slots = list(Delivery.objects.filter(channel=garden).order_by("due_at").values_list("post__title", "slot_at"))
    assert [title for title, _ in slots] == ["First", "Second"]
    assert slots[0][1] != slots[1][1]


def test_two_people_who_saw_the_same_slot_get_different_ones_and_are_told(
    opens: Opens, page: Page, ada: User, workspace: Workspace
) -> None:
    garden, charles = with_slots(a_folder(workspace), 9, 17), colleague_of(workspace)
    hers, his = a_post(ada, "Hers"), a_post(ada, "His")
    other = opens(charles)
    assert review_of(page, hers, garden) == review_of(other, his, garden), "both are shown the same slot"

    page.locator("main form .button--primary").click()
    page.locator("#rows").wait_for()
    other.locator("main form .button--primary").click()
    other.locator("main [role=alert]").wait_for()
    assert not Delivery.objects.filter(post=his).exists(), "he is asked again, with another slot"
    other.locator("main form .button--primary").click()
    other.locator("#rows").wait_for()
    slots = Delivery.objects.filter(channel=garden).values_list("slot_at", flat=True)
    assert len(slots) == len(set(slots)) == 2


def test_the_queue_is_put_in_order_with_buttons_and_without_javascript(
    opens: Opens, ada: User, workspace: Workspace
) -> None:
    garden = with_slots(a_folder(workspace), 9, 17)
    page = opens(ada, java_script_enabled=False)
    for title in ("One", "Two", "Three"):
        review_of(page, a_post(ada, title), garden)
        page.locator("main form .button--primary").click()
    page.goto(f"/queue/?channel={garden.pk}")
    assert order(page) == ["One", "Two", "Three"]
    assert re.search(r"\d+ free slots", page.locator("main").inner_text()), "gaps are seen"
    assert page.locator(".queue__row.is-free").count() > 0

    page.get_by_role("button", name="To the top: Three").click()
    assert order(page) == ["Three", "One", "Two"]
    page.get_by_role("button", name="One slot down: Three").click()
    assert order(page) == ["One", "Three", "Two"]
    page.get_by_role("button", name="To the bottom: One").click()
    assert order(page)[-1] == "One"

    page.get_by_role("button", name="Pause Garden").click()
    assert "Garden is paused" in page.locator("main").inner_text()
    page.get_by_role("button", name="Resume Garden").click()
    assert "Garden is paused" not in page.locator("main").inner_text().replace("Garden is open again", "")


def test_two_people_who_move_the_same_queue_lose_nothing(
    opens: Opens, page: Page, ada: User, workspace: Workspace
) -> None:
    garden = with_slots(a_folder(workspace), 9, 17)
    for title in ("One", "Two", "Three"):
        review_of(page, a_post(ada, title), garden)
        page.locator("main form .button--primary").click()
        page.locator("#rows").wait_for()
    other = opens(colleague_of(workspace))
    page.goto(f"/queue/?channel={garden.pk}")
    other.goto(f"/queue/?channel={garden.pk}")
    page.get_by_role("button", name="To the top: Three").click()
    page.locator(".toast").first.wait_for()
    other.get_by_role("button", name="One slot up: Three").click()  # which he still sees at its old place
    other.locator(".toast").first.wait_for()
    told = other.locator("#messages").inner_text()
    print(told)
    page.reload()
    assert sorted(order(page)) == ["One", "Three", "Two"]
    slots = Delivery.objects.filter(channel=garden).values_list("slot_at", flat=True)
    assert len(set(slots)) == 3
    assert told, "he is told what became of it"
