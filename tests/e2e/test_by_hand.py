"""An article that is published by hand: copied at one press, and closed by its address, with and without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.models import User
from posts.models import Delivery
from tests.e2e.conftest import Opens
from tests.e2e.gallery import by_hand

if TYPE_CHECKING:
    from playwright.sync_api import Page

CLIPBOARD = """async () => {
  const [item] = await navigator.clipboard.read();
  const read = async (type) => (item.types.includes(type) ? (await item.getType(type)).text() : "");
  return { html: await read("text/html"), plain: await read("text/plain") };
}"""


def at(page: Page, delivery: Delivery) -> Page:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(reverse("hand_off", args=[delivery.pk]))
    return page


def test_the_text_is_copied_with_its_headings_code_and_links(opens: Opens, ada: User) -> None:
    page = at(opens(ada), by_hand(ada))
    page.get_by_role("button", name="Copy the text").click()
    page.get_by_role("status").filter(has_text="The text is copied.").wait_for(state="attached")
    copied = page.evaluate(CLIPBOARD)
    assert "<h2>The mill and the store</h2>" in copied["html"]
    assert "language-python" in copied["html"]
    assert 'href="https://ada.example/notes"' in copied["html"]
    assert "The mill and the store" in copied["plain"]
    assert "<h2>" not in copied["plain"]


def test_every_part_is_copied_by_itself(opens: Opens, ada: User) -> None:
    page = at(opens(ada), by_hand(ada))
    for label, text in (
        ("Copy Title", "On weaving algebra"),
        ("Copy Canonical link", "https://ada.example/weaving"),
        ("Copy Tags", "engines, history"),
    ):
        page.get_by_role("button", name=label).click()
        page.wait_for_function(f"async () => await navigator.clipboard.readText() === {text!r}")
    page.locator("summary", has_text="as Markdown").click()
    page.get_by_role("button", name="Copy the Markdown").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('A program is *woven*')")


def test_without_scripts_it_is_selected_and_closed_by_its_address(opens: Opens, ada: User) -> None:
    delivery = by_hand(ada)
    page = opens(ada, java_script_enabled=False)
    page.goto(reverse("hand_off", args=[delivery.pk]))
    assert page.get_by_role("button", name="Copy").count() == 0
    assert page.get_by_role("heading", name="The mill and the store").is_visible()
    page.get_by_label("Address of the article").fill("https://example.com/weaving")
    page.get_by_role("button", name="I published it").click()
    assert page.get_by_text("This address is on example.com").first.is_visible()
    assert page.get_by_label("Address of the article").input_value() == "https://example.com/weaving"
    page.get_by_label("Address of the article").fill("https://ada.substack.com/p/weaving")
    page.get_by_role("button", name="I published it").click()
    assert page.get_by_text("It is published on Letters").first.is_visible()
    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.PUBLISHED
