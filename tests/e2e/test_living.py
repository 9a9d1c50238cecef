"""Ada edits what is out there, and has it brought up to date, and taken back; by a worker of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from django.utils import timezone

from accounts.models import User, Workspace
from posts.models import Delivery
from tests.e2e.conftest import Opens
from tests.e2e.making import a_delivery, a_dev, a_post, until_it_is
from tests.posts.conftest import Street

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_what_is_out_there_is_edited_updated_and_taken_back(
    ada: User, workspace: Workspace, street: Street, opens: Opens, javascript: bool
) -> None:
    dev = a_dev(workspace, street)
    post = a_post(ada, "On analytical engines" if javascript else "On difference engines")
    delivery = until_it_is(a_delivery(post, dev, timezone.now()), "published")
    page: Page = opens(ada, java_script_enabled=javascript)

    page.goto(f"/posts/{post.pk}/edit/")
    page.locator("[name=title]").fill("Second thoughts on engines")
    page.locator("button[name=save]").click()
    page.wait_for_load_state()
    page.goto(f"/posts/{post.pk}/")
    assert page.get_by_text("It differs from what is out there.").is_visible()
    page.get_by_role("link", name="What differs").first.click()
    assert "Second thoughts on engines" in page.locator("ins").first.inner_text()
    page.get_by_role("button", name="Update now on My DEV").click()
    update = until_it_is(Delivery.objects.get(revises=delivery, action="update"), "published")
    assert "Second thoughts on engines" in requests.get(delivery.remote_url, timeout=5).text

    page.goto(f"/posts/{post.pk}/")
    assert page.get_by_text("It differs from what is out there.").count() == 0
    page.get_by_role("link", name="Unpublish…").click()
    assert "My DEV" in page.locator("h1").inner_text()
    page.get_by_role("button", name="Unpublish on My DEV").click()
    until_it_is(Delivery.objects.get(revises=delivery, action="unpublish"), "published")
    assert requests.get(delivery.remote_url, timeout=5).status_code == 404
    page.goto(f"/posts/{post.pk}/")
    assert page.get_by_text("It was taken back from").first.is_visible()
    assert update.remote_id == delivery.remote_id
