"""The admin of people: one log-in for everything, no bodies of mails, nothing that makes staff more than staff."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import mailing
from accounts.models import Mail, Membership, User
from tests.conftest import PASSWORD, joined, workspace_of


@pytest.fixture
def owner(client: Client, db: None) -> User:
    owner = joined("grace@example.com", "Grace", is_staff=True, is_superuser=True, is_owner=True)
    client.force_login(owner)
    return owner


def test_the_admin_has_no_log_in_of_its_own(client: Client, ada: User) -> None:
    answer = client.get("/admin/login/?next=/admin/")

    assert answer.headers["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    client.force_login(ada)
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("model", ["user", "workspace", "mail"])
def test_people_workspaces_and_mails_are_listed_and_found(client: Client, owner: User, model: str) -> None:
    assert client.get(f"/admin/accounts/{model}/?q=grace").status_code == 200
    assert client.get(f"/admin/accounts/{model}/").text.count("grace@example.com" if model != "workspace" else "Grace")


def test_the_text_of_a_mail_is_never_shown(client: Client, owner: User) -> None:
    mail = mailing.enqueue(event="x", to="ada@example.com", subject="Secret", text="one-time-link", html="")
    assert mail is not None
    page = client.get(f"/admin/accounts/mail/{mail.pk}/change/").text

    assert "Secret" in page
    assert "one-time-link" not in page
    assert client.post(f"/admin/accounts/mail/{mail.pk}/delete/").status_code == 403
    assert Mail.objects.filter(pk=mail.pk).exists()


def test_staff_with_every_permission_but_no_superuser_cannot_make_themselves_one(client: Client, ada: User) -> None:
    ada.is_staff = True
    ada.save()
    ada.user_permissions.set(Permission.objects.all())
    client.force_login(ada)

    assert client.post(f"/admin/accounts/user/{ada.pk}/change/", {"is_superuser": "on"}).status_code == 403
    assert client.get("/admin/accounts/mail/").status_code == 403


def test_a_person_is_added_with_the_address_in_small_letters(client: Client, owner: User) -> None:
    client.post(
        "/admin/accounts/user/add/",
        {"email": "Linus@Example.com", "name": "Linus", "password1": PASSWORD, "password2": PASSWORD},
    )

    assert User.objects.get(name="Linus").email == "linus@example.com"


def test_a_person_is_changed_and_the_owner_stays(client: Client, owner: User) -> None:
    page = client.get(f"/admin/accounts/user/{owner.pk}/change/")

    assert page.status_code == 200
    assert client.post(f"/admin/accounts/user/{owner.pk}/delete/", {"post": "yes"}).status_code == 403


def test_somebody_is_put_into_a_team(client: Client, owner: User, ada: User) -> None:
    workspace = workspace_of(owner)
    row = workspace.memberships.get()
    inline = {
        "memberships-TOTAL_FORMS": "2",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": row.pk,
        "memberships-0-workspace": workspace.pk,
        "memberships-0-user": owner.pk,
        "memberships-0-role": "owner",
        "memberships-1-workspace": workspace.pk,
        "memberships-1-user": ada.pk,
        "memberships-1-role": "editor",
    }
    fields = {"name": "Team", "grace": "01:00:00", "when_late": "publish"}
    client.post(f"/admin/accounts/workspace/{workspace.pk}/change/", {**fields, **inline})

    assert Membership.objects.get(workspace=workspace, user=ada).role == "editor"
