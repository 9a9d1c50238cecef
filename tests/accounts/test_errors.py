"""When something goes wrong people see what, the request's id and a way on."""

import logging
from typing import Any

import pytest
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.views import server_error


@pytest.fixture
def house(settings: Any, ada: User) -> Client:
    settings.ROOT_URLCONF = "tests.accounts.broken_urls"
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("path", "code", "heading"),
    [
        ("/nowhere/", 404, "There is nothing here"),
        ("/forbidden/", 403, "You may not see this"),
        ("/malformed/", 400, "This request makes no sense"),
        ("/broken/", 500, "Something went wrong"),
    ],
)
def test_an_error_page_says_what_and_carries_the_id_of_the_request(
    house: Client, path: str, code: int, heading: str
) -> None:
    answer = house.get(path)

    assert answer.status_code == code
    assert f"<h1>{heading}</h1>" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert 'href="/"' in answer.text
    assert " · blogscheduler</title>" in answer.text


def test_who_may_not_is_told_why(house: Client) -> None:
    assert "You do not belong to a workspace yet." in house.get("/forbidden/").text


def test_the_log_names_the_request_that_broke(house: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="accounts.views"):
        answer = house.get("/broken/")

    assert answer.headers["X-Request-ID"] in caplog.text


def test_the_page_for_a_broken_house_asks_no_database(
    rf: RequestFactory, django_assert_num_queries: Any, db: None
) -> None:
    request = rf.get("/broken/")
    request.COOKIES["theme"] = "dark"
    with django_assert_num_queries(0):
        page = server_error(request).content.decode()

    assert 'data-theme="dark"' in page


def test_it_comes_even_when_the_static_files_are_what_broke(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(self: StaticFilesStorage, name: str) -> str:
        raise ValueError("Missing staticfiles manifest entry")

    monkeypatch.setattr(StaticFilesStorage, "url", missing)

    assert b"Something went wrong" in server_error(rf.get("/")).content


def test_a_form_that_is_too_old_is_explained(ada: User) -> None:
    answer = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})

    assert answer.status_code == 403
    assert "open for too long" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_every_answer_says_what_the_browser_may_not_do(client: Client, ada: User) -> None:
    headers = client.get("/accounts/login/").headers

    assert "camera=()" in headers["Permissions-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]


def test_two_requests_have_two_ids(client: Client, ada: User) -> None:
    assert client.get("/healthz").headers["X-Request-ID"] != client.get("/healthz").headers["X-Request-ID"]
