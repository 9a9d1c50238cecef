"""Linus signs up; the mails that he gets go through the queue like every other."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import Mail, User
from tests.conftest import PASSWORD, workspace_of

LINUS = {"name": "Linus", "email": "linus@example.com", "password1": PASSWORD, "time_zone": "Europe/Helsinki"}


def link_in(mail: Mail) -> str:
    found = re.search(r"http://[^/]+(/\S+)", mail.text)
    assert found, mail.text
    return found[1]


def test_a_new_person_gets_a_workspace_a_welcome_and_a_link_to_confirm_the_address(client: Client, ada: User) -> None:
    answer = client.post("/accounts/signup/", LINUS, follow=True)

    assert "Look into your mail" in answer.text
    linus = User.objects.get(email="linus@example.com")
    assert (linus.name, str(linus.time_zone)) == ("Linus", "Europe/Helsinki")
    assert workspace_of(linus).name == "Linus's blog"
    mails = {mail.subject: mail for mail in Mail.objects.filter(to=linus.email)}
    assert set(mails) == {"Welcome to blogscheduler", "Confirm your address"}
    assert "Hello Linus," in mails["Confirm your address"].text


def test_the_link_confirms_the_address_and_then_the_log_in_works(client: Client, ada: User) -> None:
    client.post("/accounts/signup/", LINUS)
    assert "Look into your mail" in log_in(client).text  # not yet

    link = link_in(Mail.objects.filter(subject="Confirm your address").latest("pk"))
    assert "Is this right?" in client.get(link).text
    client.post(link)

    assert EmailAddress.objects.get(email="linus@example.com").verified
    assert log_in(client).context["user"].name == "Linus"


def log_in(client: Client) -> Any:
    return client.post("/accounts/login/", {"login": LINUS["email"], "password": PASSWORD}, follow=True)


def test_a_link_that_is_over_says_so_and_leads_on(client: Client, ada: User) -> None:
    answer = client.get("/accounts/confirm-email/long-gone/")

    assert "This link is over" in answer.text
    assert 'href="/accounts/login/"' in answer.text


def test_somebody_who_signs_up_twice_hears_of_it_by_mail_only(client: Client, ada: User) -> None:
    answer = client.post("/accounts/signup/", {**LINUS, "email": ada.email}, follow=True)

    assert "Look into your mail" in answer.text  # the page tells a stranger nothing
    assert User.objects.count() == 1
    assert Mail.objects.filter(to=ada.email, subject="You have an account already").count() == 1


def test_what_is_missing_stands_above_the_form_with_a_link_to_the_field(client: Client, ada: User) -> None:
    answer = client.post("/accounts/signup/", {**LINUS, "name": "", "password1": "short"})

    assert 'class="error-summary" role="alert"' in answer.text
    assert 'href="#id_name"' in answer.text
    assert 'href="#id_password1"' in answer.text
    assert 'id="id_name_error"' in answer.text
    assert 'value="linus@example.com"' in answer.text  # what was right is kept
    assert "data-browser-zone" not in answer.text  # and the zone that was chosen


def test_an_unknown_zone_is_refused(client: Client, ada: User) -> None:
    answer = client.post("/accounts/signup/", {**LINUS, "time_zone": "../../etc/passwd"})

    assert 'href="#id_time_zone"' in answer.text
    assert User.objects.count() == 1


def test_nobody_signs_up_where_registration_is_closed(client: Client, ada: User, settings: Any) -> None:
    settings.REGISTRATION_OPEN = False

    assert "Sign-up is closed" in client.post("/accounts/signup/", LINUS).text
    assert "Create an account" not in client.get("/accounts/login/").text
    assert User.objects.count() == 1


@pytest.mark.parametrize("path", ["login", "signup", "password/reset", "password/change", "email", "logout"])
def test_every_account_page_has_one_heading_a_title_and_no_inline_style(client: Client, ada: User, path: str) -> None:
    if path in ("password/change", "email", "logout"):
        client.force_login(ada)
    page = client.get(f"/accounts/{path}/").text

    assert page.count("<h1") == 1
    assert re.search(r"<title>[^<]*\S · blogscheduler</title>", page)
    assert '<main class="' in page
    assert ' style="' not in page
    assert "placeholder=" not in page


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    link = link_in(Mail.objects.get(subject="Choose a new password"))
    form = client.get(link, follow=True)
    new = "another horse battery"
    answer = client.post(form.wsgi_request.path, {"password1": new, "password2": new}, follow=True)

    assert "Your password is changed" in answer.text
    ada.refresh_from_db()
    assert ada.check_password(new)
    assert "This link is over" in Client().get(link, follow=True).text


def test_a_stranger_who_asks_for_a_password_learns_nothing_from_the_page(client: Client, ada: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": ada.email}, follow=True).text
    unknown = client.post("/accounts/password/reset/", {"email": "grace@example.com"}, follow=True).text

    assert "If there is an account" in known
    assert "If there is an account" in unknown
    mail = Mail.objects.get(to="grace@example.com")
    assert "/accounts/signup/" in mail.text
