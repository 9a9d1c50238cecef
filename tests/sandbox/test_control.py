"""The control API, and the log by which a test knows what really happened."""

import ast
from pathlib import Path

import pytest
import requests

import sandbox
from tests.sandbox.conftest import MARK, Author, Street, TestClock


def test_an_account_can_be_ordered_with_or_without_a_key(street: Street) -> None:
    given = street.order("accounts", platform="devto", username="grace", key="my-key")
    assert (given.status_code, given.json()) == (201, {"key": "my-key", "username": "grace"})
    made = street.order("accounts", platform="devto", username="linus", age_days=0.5).json()
    assert Author(street, made["key"]).call("GET", "/users/me").json()["username"] == "linus"


@pytest.mark.parametrize(
    ("path", "order", "sentence"),
    [
        ("accounts", {"username": "ada"}, '"platform" is missing.'),
        ("accounts", {"platform": "devto"}, '"username" is missing.'),
        ("accounts", {"platform": "devto", "username": "Ada L."}, '"username" must be 2 to 30 of'),
        ("accounts", {"platform": "devto", "username": "ada", "key": "ä"}, '"key" must be'),
        ("accounts", {"platform": "devto", "username": "ada", "age_days": -1}, '"age_days" must be a number'),
        ("accounts", {"platform": "devto", "username": "ada", "key": "sandbox-devto-key"}, "The key 'sandbox-dev"),
        ("accounts", {"platform": "devto", "username": "ada", "admin": True}, 'Unknown field "admin".'),
        ("accounts/revoke", {"platform": "devto", "key": "nobody"}, "Nobody on devto has the key 'nobody'."),
        ("limits", {"platform": "devto", "on": "no"}, '"on" must be true or false.'),
        ("switches", {"platform": "devto", "switch": "sun", "on": True}, '"switch" must be one of limits, ai_d'),
        ("reset", {"all": True}, 'Unknown field "all".'),
    ],
)
def test_a_wrong_order_is_refused_with_a_sentence(
    street: Street, path: str, order: dict[str, object], sentence: str
) -> None:
    answer = street.order(path, **order)
    assert answer.status_code == 400, answer.text
    assert sentence in answer.json()["error"]


def test_an_order_must_be_a_json_object(street: Street) -> None:
    for data in ("{", "[]"):
        assert requests.post(f"{street.url}/_sandbox/reset", data=data, timeout=10).status_code == 400


def test_an_unknown_order_or_parameter_is_refused(street: Street) -> None:
    assert requests.get(f"{street.url}/_sandbox/weather", timeout=10).status_code == 404
    for path in ("log?until=3", "log?since=yesterday", "counts?platform=myspace"):
        assert requests.get(f"{street.url}/_sandbox/{path}", timeout=10).status_code == 400


def test_articles_are_listed_with_all_a_test_needs(ada: Author, street: Street) -> None:
    number = ada.draft(canonical_url="https://x.example/a", published=True)
    assert street.ask("articles?platform=devto") == [
        {
            "id": number,
            "platform": "devto",
            "account": "sandbox",
            "title": "A walk",
            "published": True,
            "public": True,
            "url": ada.list()[0]["url"],
            "canonical_url": "https://x.example/a",
            "mark": MARK,
            "created_at": "2027-01-15T08:00:00Z",
            "published_at": "2027-01-15T08:00:00Z",
        }
    ]


def test_counts_tell_public_articles_from_drafts_for_each_mark(ada: Author, street: Street, clock: TestClock) -> None:
    other = MARK.replace("5", "6")
    ada.draft("One", published=True)
    ada.draft("Two")
    ada.draft("Three", published=True, published_at="2027-01-15T09:00:00Z")
    ada.draft("Four", body_markdown=f"<!-- blogscheduler:{other.upper()} -->")
    ada.draft("Five", body_markdown="no mark")
    assert street.counts() == {
        "": {"public": 0, "drafts": 1},
        MARK: {"public": 1, "drafts": 2},
        other: {"public": 0, "drafts": 1},
    }
    clock.forward(3600)
    assert street.counts()[MARK] == {"public": 2, "drafts": 1}


def test_the_log_tells_every_call_from_outside(ada: Author, street: Street, clock: TestClock) -> None:
    number = ada.draft()
    clock.forward(1.5)
    ada.update(number, published=True)
    ada.list("published", page=1)
    ada.call("DELETE", f"/articles/{number}")
    created, flipped, listed, unknown = street.log()
    assert created == {
        "seq": 1,
        "time": "2027-01-15T08:00:00.000+00:00",
        "platform": "devto",
        "call": "create",
        "flip": False,
        "method": "POST",
        "path": "/devto/api/articles",
        "account": "sandbox",
        "status": 201,
        "fault": None,
        "worked": True,
        "mark": MARK,
        "article_id": number,
    }
    assert (flipped["call"], flipped["flip"], flipped["mark"]) == ("update", True, MARK)
    assert flipped["time"] == "2027-01-15T08:00:01.500+00:00"
    assert (listed["call"], listed["path"]) == ("list", "/devto/api/articles/me/published?page=1")
    assert (unknown["call"], unknown["status"], unknown["worked"]) == ("unknown", 404, False)
    assert [entry["seq"] for entry in street.ask("log?since=2")] == [3, 4]


def test_the_log_knows_who_read_a_public_page(ada: Author, street: Street) -> None:
    url = ada.create(published=True).json()["url"]
    assert requests.get(url, timeout=10).status_code == 200
    entry = street.log()[-1]
    assert (entry["call"], entry["status"], entry["mark"]) == ("page", 200, MARK)


def test_a_wrong_key_is_in_the_log_without_an_account(street: Street) -> None:
    Author(street, "wrong").create()
    entry = street.log()[-1]
    assert (entry["account"], entry["status"], entry["worked"], entry["mark"]) == (None, 401, False, MARK)


def test_a_reset_forgets_all_but_the_ready_made_accounts(ada: Author, grace: Author, street: Street) -> None:
    before = ada.draft()
    street.fault("*", "close", times=None)
    street.order("accounts/revoke", platform="devto", key=ada.key)
    assert street.order("reset").status_code == 204
    assert (street.log(), street.counts(), street.ask("faults")) == ([], {}, [])
    assert grace.call("GET", "/users/me").status_code == 401
    assert ada.draft() > before
    assert street.log()[-1]["seq"] > 1


def test_a_reset_leaves_the_switches_as_they_are(ada: Author, street: Street) -> None:
    street.order("reset")
    assert [ada.create(f"Walk {number}").status_code for number in range(4)] == [201] * 4


def test_a_reset_forgets_who_called_how_often(ada: Author, street: Street) -> None:
    street.limits(on=True)
    assert [ada.create("One").status_code, ada.create("Two").status_code] == [201, 429]
    street.order("reset")
    assert ada.create("Two").status_code == 201


def test_every_platform_has_a_ready_made_account_that_works(street: Street) -> None:
    for key in ("sandbox-devto-key", "sandbox-devto-new-key"):
        assert Author(street, key).call("GET", "/users/me").status_code == 200


def test_the_sandbox_imports_nothing_of_the_house() -> None:
    for file in Path(sandbox.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            rooms = {name.partition(".")[0] for name in names}
            assert not rooms & {"accounts", "posts", "publishers", "blogscheduler", "django", "requests"}, file
