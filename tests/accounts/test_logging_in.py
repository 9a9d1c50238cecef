"""Ada logs in; whoever guesses her password is stopped."""

from typing import Any

from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.test import Client

from accounts.models import Mail, User
from tests.conftest import PASSWORD


def try_to_log_in(client: Client, user: User, password: str) -> Any:
    return client.post("/accounts/login/", {"login": user.email, "password": password})


def test_ada_logs_in_and_out(client: Client, ada: User) -> None:
    assert try_to_log_in(client, ada, PASSWORD).headers["Location"] == "/"
    assert client.get("/settings/").status_code == 200

    client.post("/accounts/logout/")

    assert client.get("/settings/").headers["Location"] == "/accounts/login/?next=/settings/"


def test_the_sixth_wrong_password_is_not_even_looked_at(client: Client, ada: User) -> None:
    for _ in range(5):
        assert "Too many failed" not in try_to_log_in(client, ada, "wrong").text

    assert "Too many failed" in try_to_log_in(client, ada, "wrong").text
    assert "Too many failed" in try_to_log_in(Client(), ada, PASSWORD).text  # from another browser, with the right one


def test_the_count_of_tries_is_shared_by_all_processes_and_does_not_need_redis() -> None:
    assert isinstance(caches["default"], DatabaseCache)


def test_an_address_may_be_typed_in_capitals(client: Client, ada: User) -> None:
    answer = client.post("/accounts/login/", {"login": "ADA@Example.com", "password": PASSWORD})

    assert answer.headers["Location"] == "/"


def test_too_many_requests_get_a_page_that_leads_on(client: Client, ada: User) -> None:
    for _ in range(5):
        client.post("/accounts/password/reset/", {"email": ada.email})
    answer = client.post("/accounts/password/reset/", {"email": ada.email})

    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    assert 'href="/accounts/login/"' in answer.text


def test_a_changed_password_counts_at_once_and_is_told_by_mail(client: Client, ada: User, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    client.force_login(ada)
    new = "another horse battery"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    ada.refresh_from_db()
    assert ada.check_password(new)
    assert client.get("/settings/").status_code == 200  # still logged in
    mail = Mail.objects.get(subject="Your password is changed")
    assert "If it was not you" in mail.text
    assert "Hello Ada," in mail.text
