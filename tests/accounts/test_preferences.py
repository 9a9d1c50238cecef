"""Ada says who she is, where she lives and how late a post may be."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.forms import in_units
from accounts.models import Membership, User
from posts.engine import lateness
from posts.models import Channel, Delivery, Post
from tests.conftest import workspace_of

BLOG = {"name": "Notes on engines", "when_late": "drop", "amount": "90", "unit": "minutes"}


@pytest.fixture
def as_ada(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def test_a_name_and_a_zone_are_saved(as_ada: Client, ada: User) -> None:
    answer = as_ada.post("/settings/", {"name": "Ada King", "time_zone": "Asia/Kolkata"}, follow=True)

    assert "Your preferences are saved." in answer.text
    ada.refresh_from_db()
    assert (ada.name, str(ada.time_zone)) == ("Ada King", "Asia/Kolkata")


def test_a_missing_name_is_said_above_and_at_the_field_and_nothing_is_saved(as_ada: Client, ada: User) -> None:
    page = as_ada.post("/settings/", {"name": "", "time_zone": "Asia/Kolkata"}).text

    assert 'class="error-summary" role="alert"' in page
    assert 'href="#id_name"' in page
    assert 'aria-invalid="true"' in page
    assert '<span class="person__name">Ada</span>' in page
    ada.refresh_from_db()
    assert str(ada.time_zone) == "UTC"


def test_the_zone_of_a_person_is_the_zone_of_the_pages(as_ada: Client, ada: User, settings: Any) -> None:
    ada.time_zone = "Asia/Tokyo"
    ada.save()
    settings.SHOW_MAIL = True
    settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
    (settings.MAIL_DIR / "tokyo.eml").write_bytes(b"Subject: Hello\nTo: ada@example.com\n\nText\n")

    written = as_ada.get("/mail/").context["mails"][0].written_at.astimezone(ada.time_zone)

    assert f"{written:%H:%M}" in as_ada.get("/mail/").text


def test_the_workspace_has_a_name_and_a_grace(as_ada: Client, ada: User) -> None:
    answer = as_ada.post("/settings/workspace/", BLOG, follow=True)

    assert "The workspace is saved." in answer.text
    workspace = workspace_of(ada)
    assert (workspace.name, workspace.grace) == ("Notes on engines", timedelta(minutes=90))
    assert workspace.when_late == "drop"


def test_what_becomes_of_late_posts_is_chosen_in_one_group(as_ada: Client) -> None:
    page = as_ada.get("/settings/").text

    group = page[page.index("<legend>When a post could not go out at its time</legend>") :]
    group = group[: group.index("Save the workspace")]
    for name in ("when_late", "amount", "unit"):
        assert f'name="{name}"' in group
    assert 'value="publish" required id="id_when_late_0" checked' in group


@pytest.mark.parametrize(
    ("changes", "margin"),
    [
        ({"when_late": "publish"}, timedelta(minutes=90)),
        ({"when_late": "drop"}, lateness.LATE),
        ({"when_late": "publish", "amount": "1", "unit": "hours"}, timedelta(hours=1)),
    ],
)
def test_what_is_scheduled_already_follows_the_new_wishes(
    as_ada: Client, ada: User, changes: dict[str, str], margin: timedelta
) -> None:
    delivery = a_delivery(ada)
    as_ada.post("/settings/workspace/", {**BLOG, **changes})

    delivery.refresh_from_db()
    assert delivery.late_after == delivery.due_at + margin


def test_another_name_touches_no_delivery(as_ada: Client, ada: User) -> None:
    delivery = a_delivery(ada)
    Delivery.objects.update(late_after=delivery.due_at)
    as_ada.post("/settings/workspace/", {**BLOG, "when_late": "publish", "amount": "60"})

    delivery.refresh_from_db()
    assert delivery.late_after == delivery.due_at


def test_the_admin_changes_wishes_of_what_is_scheduled_as_well(client: Client, ada: User) -> None:
    ada.is_staff = ada.is_superuser = True
    ada.save()
    client.force_login(ada)
    delivery, workspace = a_delivery(ada), workspace_of(ada)
    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    answer = client.post(
        f"/admin/accounts/workspace/{workspace.pk}/change/",
        {"name": workspace.name, "grace": "01:00:00", "when_late": "ask", **inline},
    )

    assert answer.status_code == 302
    delivery.refresh_from_db()
    assert delivery.late_after == delivery.due_at + lateness.LATE


def a_delivery(author: User) -> Delivery:
    """One that is scheduled for tomorrow."""
    workspace = workspace_of(author)
    post = Post.objects.create(workspace=workspace, author=author, title="Notes")
    channel = Channel.objects.create(workspace=workspace, platform="folder", name="Garden", status="open")
    due = timezone.now() + timedelta(days=1)
    return Delivery.objects.create(
        workspace=workspace, post=post, channel=channel, due_at=due, act_at=due, late_after=due + timedelta(hours=1)
    )


@pytest.mark.parametrize(
    ("amount", "unit", "problem"),
    [("0", "hours", "greater than"), ("31", "days", "too long"), ("", "days", "required")],
)
def test_a_grace_that_makes_no_sense_is_refused(
    as_ada: Client, ada: User, amount: str, unit: str, problem: str
) -> None:
    before = workspace_of(ada).grace
    answer = as_ada.post("/settings/workspace/", {**BLOG, "amount": amount, "unit": unit})

    assert 'href="#id_amount"' in answer.text
    assert problem in answer.text
    assert workspace_of(ada).grace == before


@pytest.mark.parametrize(
    ("grace", "said"),
    [
        (timedelta(minutes=60), (1, "hours")),
        (timedelta(minutes=90), (90, "minutes")),
        (timedelta(hours=48), (2, "days")),
        (timedelta(seconds=20), (1, "minutes")),
    ],
)
def test_a_duration_is_said_in_the_largest_unit_that_fits(grace: timedelta, said: tuple[int, str]) -> None:
    assert in_units(grace) == said


def test_an_editor_does_not_change_the_workspace(as_ada: Client, ada: User) -> None:
    Membership.objects.filter(user=ada).update(role=Membership.Role.EDITOR)

    assert "How late may a post" not in as_ada.get("/settings/").text
    assert as_ada.post("/settings/workspace/", BLOG).status_code == 403


def test_a_stranger_is_sent_to_the_log_in(client: Client, ada: User) -> None:
    for path in ("/settings/", "/settings/workspace/"):
        assert client.post(path, BLOG).headers["Location"].startswith("/accounts/login/")


def test_ada_never_changes_the_workspace_of_grace(as_ada: Client, ada: User, grace: User) -> None:
    as_ada.post("/settings/workspace/", BLOG)

    assert workspace_of(grace).name == "Grace's blog"


def test_somebody_without_a_workspace_still_has_a_page_about_herself(client: Client, ada: User) -> None:
    Membership.objects.all().delete()
    client.force_login(ada)

    assert client.get("/settings/").status_code == 200
    assert client.get("/posts/").status_code == 403
