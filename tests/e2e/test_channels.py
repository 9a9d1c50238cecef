"""Ada connects a platform: where the key is, whether it works, at which field it does not; and the key stays secret."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import Mail, User, Workspace
from posts.models import Channel
from tests.e2e.making import a_delivery, a_dev, a_post, until_it_is
from tests.posts.conftest import Street
from tests.real.house import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

WRONG = "a-key-that-nobody-has-9f3c"


def test_a_wrong_key_is_told_at_its_field_and_the_right_one_names_the_account(
    page: Page, ada: User, workspace: Workspace, street: Street
) -> None:
    account = street.order("accounts", username=f"ada{workspace.pk}", age_days=400)
    page.goto("/channels/")
    page.get_by_role("link", name="Connect a channel").first.click()
    page.get_by_role("link", name="DEV").click()
    assert page.locator(".steps > li").count() == 3, "three numbered steps to the key"
    page.get_by_label("API key").fill(WRONG)
    page.locator("[name=base_url]").fill(street.api)
    page.locator("[name=ai_disclosure_level]").select_option("no_ai")
    page.get_by_role("button", name="Connect and test").click()

    page.locator("#channel .badge--closed").wait_for()
    field = page.get_by_label("API key")
    assert field.get_attribute("aria-invalid") == "true"
    assert WRONG not in page.content()
    assert field.input_value() == ""

    field.fill(account["key"])
    page.get_by_role("button", name="Save and test").click()
    page.locator("#channel .badge--open").wait_for()
    assert "DEV knows us as" in page.locator("#channel").inner_text()
    assert f"ada{workspace.pk}" in page.locator("#channel").inner_text()
    for path in ("/channels/", page.url):
        page.goto(path)
        assert account["key"] not in page.content()
    assert account["key"][-4:] in page.locator("#channel").inner_text(), "the last four characters tell it from others"


def test_a_key_that_is_refused_closes_the_channel_tells_once_and_keeps_the_posts(
    page: Page, ada: User, workspace: Workspace, street: Street
) -> None:
    street.forgive()
    channel = a_dev(workspace, street)
    key = channel.credentials["api_key"]
    street.fault("*", "status", when="before", times=None, status=401, body='{"error": "unauthorized", "status": 401}')
    try:
        first = a_delivery(a_post(ada, "First"), channel, timezone.now() + timedelta(seconds=1))
        a_delivery(a_post(ada, "Second"), channel, timezone.now() + timedelta(seconds=1))
        wait_for(lambda: Channel.objects.get(pk=channel.pk).status == Channel.Status.CLOSED, 20, "it is closed")
    finally:
        street.forgive()
    page.goto("/channels/")
    assert page.locator(".badge--closed").inner_text() == "Closed"
    assert Mail.objects.filter(to=ada.email, event__startswith="channel").count() == 1

    page.goto(f"/channels/{channel.pk}/")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Save and test").click()
    page.locator("#channel .badge--open").wait_for()
    until_it_is(first, "published", seconds=30)
