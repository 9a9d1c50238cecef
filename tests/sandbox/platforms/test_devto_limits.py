"""How often DEV lets somebody do something."""

from collections.abc import Callable

import pytest

from tests.sandbox.conftest import Author, Street, TestClock


@pytest.fixture(autouse=True)
def _strict(street: Street, somebody: Callable[..., Author]) -> None:
    street.limits(on=True)


def test_the_edge_takes_one_write_a_second_for_each_key(ada: Author, grace: Author, clock: TestClock) -> None:
    assert ada.create("One").status_code == 201
    second = ada.create("Two")
    assert (second.status_code, second.headers["Retry-After"]) == (429, "1")
    assert second.headers["Content-Type"].startswith("text/plain")
    assert grace.create("Three").status_code == 201
    clock.forward(1)
    assert ada.create("Two").status_code == 201


def test_the_edge_takes_three_reads_a_second_for_each_address(ada: Author, grace: Author, clock: TestClock) -> None:
    statuses = [author.call("GET", "/users/me").status_code for author in (ada, grace, ada, grace)]
    assert statuses == [200, 200, 200, 429]
    clock.forward(1)
    assert grace.call("GET", "/users/me").status_code == 200


def test_the_eleventh_published_article_within_half_a_minute_must_wait(ada: Author, clock: TestClock) -> None:
    for number in range(10):
        assert ada.create(f"Walk {number}", published=True).status_code == 201
        clock.forward(1)
    answer = ada.create("One more", published=True)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert answer.json() == {"error": "Rate limit reached, try again in 30 seconds", "status": 429}
    clock.forward(21)
    assert ada.create("One more", published=True).status_code == 201


def test_a_new_account_waits_five_minutes_after_two_articles(street: Street, clock: TestClock) -> None:
    newcomer = Author(street, "sandbox-devto-new-key")
    for number in range(2):
        assert newcomer.create(f"Walk {number}", published=True).status_code == 201
        clock.forward(1)
    answer = newcomer.create("Walk 3", published=True)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
    clock.forward(300)
    assert newcomer.create("Walk 3", published=True).status_code == 201


def test_more_than_thirty_updates_within_half_a_minute_must_wait(
    somebody: Callable[..., Author], clock: TestClock
) -> None:
    """One key alone is slowed down by the edge before it comes to that, so this author has two."""
    first, second = somebody("linus"), somebody("linus")
    number = first.draft()
    for _ in range(16):
        clock.forward(1)
        answers = [author.update(number, title=f"Walk at {clock.now}") for author in (first, second)]
    assert answers[0].status_code == 200
    assert (answers[1].status_code, answers[1].headers["Retry-After"]) == (429, "30")


def test_the_edge_counts_before_any_fault_strikes(ada: Author, street: Street) -> None:
    street.fault("create", "status", status=504, when="before", times=1)
    assert ada.create("One").status_code == 504
    assert ada.create("Two").status_code == 429
    assert street.ask("faults")[0]["times"] == 0


def test_limits_can_be_lifted_for_one_account(somebody: Callable[..., Author]) -> None:
    linus = somebody("linus", limits=False)
    assert [linus.create(f"Walk {number}").status_code for number in range(3)] == [201, 201, 201]


def test_a_request_that_is_turned_away_is_in_the_log(ada: Author, street: Street) -> None:
    ada.create("One")
    ada.create("Two")
    assert [(entry["status"], entry["worked"]) for entry in street.log()] == [(201, True), (429, False)]
