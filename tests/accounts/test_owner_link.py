"""Ada sets up her own installation by the link that the terminal printed."""

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts.models import Mail, User, Workspace
from accounts.owner_link import owner_link_token
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

ADA = {"name": "Ada", "email": "Ada@example.com", "password": PASSWORD, "time_zone": "Europe/London"}


def owner_link() -> str:
    return reverse("owner_setup", args=[owner_link_token()])


@pytest.mark.parametrize("path", ["/", "/posts/", "/accounts/signup/", "/accounts/login/", "/admin/", "/nowhere/"])
def test_before_there_is_an_owner_every_page_leads_to_the_set_up(client: Client, path: str) -> None:
    assert client.get(path).headers["Location"] == "/setup/"


def test_the_set_up_page_explains_the_link_and_does_not_give_it_away(client: Client) -> None:
    page = client.get("/setup/").text

    assert "one-time link" in page
    assert owner_link_token()[:12] not in page


def test_health_is_told_before_there_is_an_owner(client: Client) -> None:
    assert client.get("/healthz").text == "ok\n"


def test_the_link_makes_the_owner_who_is_logged_in_at_once(client: Client) -> None:
    assert "Create the account" in client.get(owner_link()).text

    assert client.post(owner_link(), ADA).headers["Location"] == "/"

    ada = User.objects.get()
    assert (ada.email, ada.is_owner, ada.is_superuser) == ("ada@example.com", True, True)
    assert EmailAddress.objects.get(user=ada).verified
    assert EmailAddress.objects.get(user=ada).primary
    assert Workspace.objects.of(ada)
    assert Mail.objects.get().subject == "Welcome to blogscheduler"
    assert client.get("/settings/").context["user"] == ada


def test_the_link_works_once(client: Client) -> None:
    link = owner_link()
    client.post(link, ADA)
    second = Client().post(link, {**ADA, "email": "linus@example.com"})

    assert second.status_code == 410
    assert "has its owner already" in second.text
    assert User.objects.count() == 1


def test_a_link_of_somebody_else_is_unknown(client: Client) -> None:
    answer = client.post("/setup/owner:1abcde:forged/", ADA)

    assert answer.status_code == 404
    assert User.objects.count() == 0


def test_a_link_is_over_after_a_week(client: Client) -> None:
    with time_machine.travel("2026-11-01T09:00Z", tick=False):
        link = owner_link()
    with time_machine.travel("2026-11-08T08:59Z", tick=False):
        assert client.get(link).status_code == 200
    with time_machine.travel("2026-11-08T09:01Z", tick=False):
        answer = client.get(link)

    assert answer.status_code == 410
    assert "too old" in answer.text


def test_a_weak_password_is_refused_at_its_field(client: Client) -> None:
    answer = client.post(owner_link(), {**ADA, "password": "ada@example.com"})

    assert 'href="#id_password"' in answer.text
    assert "too similar" in answer.text
    assert User.objects.count() == 0


def test_with_an_owner_the_set_up_page_leads_to_the_log_in(client: Client, ada: User) -> None:
    assert client.get("/setup/").headers["Location"] == "/accounts/login/"
