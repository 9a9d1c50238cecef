"""What she writes, as each of her channels will show it: beside the text, while she types."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.models import User, Workspace
from posts.models import Channel
from tests.e2e.conftest import Opens
from tests.e2e.making import a_folder, a_post

if TYPE_CHECKING:
    from playwright.sync_api import Page

TEXT = (
    "Engines weave.\n\n| Name | Born |\n|------|------|\n| Ada  | 1815 |\n\n- [x] Mill\n\n" + "A line of text.\n\n" * 60
)


def medium(workspace: Workspace) -> Channel:
    """Nothing is sent there: what it will look like is known without it."""
    return Channel.objects.create(
        workspace=workspace, platform="medium", name="My Medium", status=Channel.Status.OPEN, account_name="@ada",
        settings={"base_url": "https://api.medium.com/v1", "publish_status": "public"},
    )  # fmt: skip


def editor_of(page: Page, ada: User, workspace: Workspace) -> Page:
    medium(workspace)
    a_folder(workspace)
    page.goto(reverse("post_edit", args=[a_post(ada, markdown=TEXT, tags=["a", "b", "c", "d"]).pk]))
    return page


def test_she_sees_it_as_each_channel_will_show_it(page: Page, ada: User, workspace: Workspace) -> None:
    editor_of(page, ada, workspace)
    preview = page.locator("#preview")
    preview.locator("td", has_text="Ada").wait_for()
    began = perf_counter()
    preview.get_by_role("button", name="My Medium").click()
    preview.locator("li", has_text="Name: Ada").wait_for()
    assert perf_counter() - began < 2, "on a machine that does other things, too"
    assert preview.get_by_role("button", name="My Medium").get_attribute("aria-current") == "true"
    assert page.evaluate("document.activeElement.textContent") == "My Medium"
    assert preview.locator("td").count() == 0
    preview.get_by_text("they become lists with an item for each row").wait_for()
    preview.get_by_text("Medium takes 3 tags: “d” is left out.").wait_for()


def test_the_look_follows_what_she_types(page: Page, ada: User, workspace: Workspace) -> None:
    editor_of(page, ada, workspace)
    page.locator("#preview").get_by_role("button", name="My Medium").click()
    page.locator("#preview li", has_text="Name: Ada").wait_for()
    page.locator("#id_markdown").press("Control+End")
    page.keyboard.type("Typed ~~now~~.")
    page.locator("#preview", has_text="Typed now.").wait_for()
    page.locator("#preview", has_text="Medium has no strikethrough").wait_for()


def test_a_finding_leads_to_its_line(page: Page, ada: User, workspace: Workspace) -> None:
    editor_of(page, ada, workspace)
    page.locator("#preview").get_by_role("button", name="My Medium").click()
    page.locator("#preview").get_by_role("link", name="line 7").first.click()
    chosen = "(text) => text.value.slice(text.selectionStart, text.selectionEnd)"
    assert page.locator("#id_markdown").evaluate(chosen) == "- [x] Mill"
    assert page.evaluate("document.activeElement.id") == "id_markdown"


def test_without_scripts_the_looks_are_pages(opens: Opens, ada: User, workspace: Workspace) -> None:
    page = editor_of(opens(ada, java_script_enabled=False), ada, workspace)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="My Medium").click()
    other = opened.value
    other.locator("li", has_text="Name: Ada").wait_for()
    other.get_by_role("button", name="Garden").click()
    other.locator("td", has_text="Ada").wait_for()
    assert other.get_by_role("link", name="line 7").count() == 0, "a site knows task lists"
