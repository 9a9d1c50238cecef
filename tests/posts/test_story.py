"""What Ada reads of a delivery: every outcome of every step has words of its own, and says what comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from posts import story
from posts.models import Attempt, Channel, Delivery, Proof
from posts.planning import changing
from posts.planning.moments import moment_at
from posts.views.deliveries import row_of
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = pytest.mark.django_db
Step, Outcome, Status = Attempt.Step, Attempt.Outcome, Delivery.Status
Plan = Callable[..., Delivery]
BERLIN = ZoneInfo("Europe/Berlin")


def read(delivery: Delivery) -> list[str]:
    """The sentences, in order."""
    delivery = Delivery.objects.select_related("channel", "created_by", "proof").get(pk=delivery.pk)
    return [line.words for line in story.tell(delivery, delivery.attempts.all(), delivery.changes.all(), BERLIN)]


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "outcome"), list(product(Step, Outcome)))
def test_every_outcome_of_every_step_has_words(step: Attempt.Step, outcome: Attempt.Outcome) -> None:
    began, ended = story.sentence(step, outcome, "My DEV")
    for words in (began, ended):
        assert words
        assert not words.endswith(".")
        assert "{" not in words
    assert began[0].isupper()
    assert ended[0].islower() or ended.startswith("My DEV")


@pytest.mark.parametrize("step", Step)
def test_no_two_outcomes_of_a_step_read_the_same(step: Attempt.Step) -> None:
    same = {Outcome.DONE, Outcome.FOUND} if step == Step.LOOK else set()  # a look is not "done" by the engine
    said = [story.sentence(step, outcome, "My DEV")[1] for outcome in Outcome if outcome not in same]
    assert len(set(said)) == len(said)


def test_only_what_is_public_is_called_public() -> None:
    for step, outcome in product(Step, Outcome):
        assert ("it is public" in story.sentence(step, outcome, "X")[1]) == (
            outcome == Outcome.DONE and step in (Step.FLIP, Step.PUBLISH)
        )


def test_what_may_be_there_is_never_called_absent() -> None:
    for step, outcome in product((Step.CREATE, Step.FLIP, Step.PUBLISH), (Outcome.UNKNOWN, Outcome.ABANDONED)):
        assert "may be there" in story.sentence(step, outcome, "X")[1]


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_what_needs_a_person_says_what_to_do(status: Delivery.Status, outcome: Attempt.Outcome | None) -> None:
    delivery = Delivery(status=status, channel=Channel(name="My DEV", platform="devto"))
    last = Attempt(outcome=outcome) if outcome else None
    words = story.advice(delivery, last)
    assert "{" not in words
    assert bool(words) or status not in Status.needs_a_person()
    if status in (Status.FAILED, Status.UNCERTAIN):
        assert "drop it" in words
    if words.startswith("There is nothing to do"):
        assert status in Status.pending()


@pytest.mark.parametrize("status", Status)
def test_every_state_but_an_end_says_what_comes_next(status: Delivery.Status) -> None:
    now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    delivery = Delivery(status=status, channel=Channel(name="My DEV"), due_at=now, act_at=now)
    over = status in (Status.PUBLISHED, Status.CANCELLED)
    assert bool(story.next_lines(delivery)) is not over


# --- the engine's own stories ----------------------------------------------------------------------------------------


def test_a_lost_answer_is_told_to_its_end(dev: Channel, scheduled: Plan, clock: MovableClock, street: Street) -> None:
    street.fault("flip", "status", status=504, when="after")
    delivery = publish(clock, scheduled(dev), moves=2)
    assert delivery.status == Status.PUBLISHED
    told = read(delivery)
    assert told[0] == "Scheduled by Ada on devto 1"
    assert told[1:5] == [
        "Sent to devto 1 as a draft that nobody sees: the draft is there",
        "Asked devto 1 to make the draft public: no clear answer: it may be there",
        "Looked on devto 1: it is there",
        "Adopted: nothing is sent again",
    ]
    assert told[-1] == "Its public page is looked at"


def test_a_long_call_has_a_line_for_its_end() -> None:
    at = datetime(2026, 3, 20, 12, 0, 1, tzinfo=UTC)
    attempt = Attempt(number=1, step="publish", outcome="unknown", message="No answer.", started_at=at, seconds=25)
    began, ended = story._tried(attempt, "My DEV")
    assert (began.at, began.words) == (at, "Sent to My DEV")
    assert (ended.at, ended.words) == (at + timedelta(seconds=25), "No clear answer: it may be there")
    assert ended.detail == "No answer."


def test_what_people_changed_is_part_of_it(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, grace: User
) -> None:
    delivery = scheduled(folder, days=1)
    change = changing.move(delivery, moment_at(datetime(2030, 3, 26, 8, 0, tzinfo=UTC), UTC), clock(), grace)
    changing.undo(change, clock() + timedelta(minutes=1), ada)
    told = read(delivery)
    assert told[1].startswith("Moved by Grace from ")
    assert told[1].endswith(" to Tue 26 Mar, 09:00")  # by Berlin's clock
    assert told[2].startswith("Undone by Ada: moved by Grace")
    assert told[-1] == "It goes out"


def test_what_was_seen_on_the_public_page_is_part_of_it(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = publish(clock, scheduled(folder))
    look = {"at": clock().isoformat(), "outcome": "missing", "message": "DEV answers 404 there."}
    Proof.objects.update_or_create(
        delivery=delivery, defaults={"host": "https://dev.to", "began_at": clock(), "history": [look]}
    )
    assert "Its public page is missing" in read(delivery)


def test_the_page_of_a_post_shows_the_end_of_it_once_there_is_one(
    dev: Channel, scheduled: Plan, clock: MovableClock, street: Street
) -> None:
    delivery = scheduled(dev, days=1)
    assert not row_of(delivery, delivery.post, clock()).brief
    street.fault("create", "status", status=429, retry_after=300, when="before")
    clock.move(days=1, seconds=2)
    delivery = publish(clock, delivery)
    shown = [line.words for line in row_of(delivery, delivery.post, clock()).brief]
    assert shown == [
        "Sent to devto 1 as a draft that nobody sees: devto 1 asked us to wait",
        "It is tried again",
    ]


# --- four troubles, four texts ---------------------------------------------------------------------------------------

TROUBLES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "401": (
        {"fault": "status", "status": 401},
        "no longer accepts the channel&#x27;s key",
        "Give the channel a new key: then it goes out by itself.",
        "Publish now",
    ),
    "429": (
        {"fault": "status", "status": 429, "retry_after": 300},
        "asked us to wait",
        "There is nothing to do: it is sent when devto 1 takes it again.",
        "Publish now",
    ),
    "500": (
        {"fault": "status", "status": 500},
        "DEV answered 500",
        "There is nothing to do: we look there before anything is sent again.",
        "",
    ),
    "time-out": (
        {"fault": "hang", "seconds": 30},
        "DEV did not ",
        "There is nothing to do: we look there before anything is sent again.",
        "",
    ),
    "422": (
        {"fault": "status", "status": 422, "body": '{"error": "Title is too dull", "status": 422}'},
        "Title is too dull",
        "Change what devto 1 refuses, then try again; or drop it.",
        "Try again",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_trouble_has_its_own_text_and_next_step(
    trouble: str, dev: Channel, scheduled: Plan, clock: MovableClock, street: Street, ada: User, client: Client,
    settings: LazySettings,
) -> None:  # fmt: skip
    settings.CALL_DEADLINE_SECONDS = 1
    fault, text, advice, button = TROUBLES[trouble]
    street.fault("create", when="before", **fault)
    delivery = publish(clock, scheduled(dev))
    client.force_login(ada)
    for url in (reverse("post", args=[delivery.post_id]), reverse("delivery", args=[delivery.pk])):
        page = client.get(url).content.decode()
        assert text in page, url
        assert advice in page
        assert not button or f"{button}<span" in page
    other = [words for name, (_, words, *_) in TROUBLES.items() if name != trouble]
    assert not any(words in page for words in other)


# --- live ------------------------------------------------------------------------------------------------------------


def test_the_storys_part_of_the_page_changes_by_itself_and_rests_when_all_is_over(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, client: Client
) -> None:
    delivery = scheduled(folder)
    client.force_login(ada)
    url = reverse("delivery_story", args=[delivery.pk])
    part = client.get(url, headers={"hx-request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in part
    seen = part.split("?seen=")[1].split('"')[0]
    assert client.get(f"{url}?seen={seen}", headers={"hx-request": "true"}).status_code == 204
    publish(clock, delivery)
    Proof.objects.update(due_at=None)
    part = client.get(f"{url}?seen={seen}", headers={"hx-request": "true"}).content.decode()
    assert "it is public" in part
    assert "hx-trigger" not in part
    assert "<h1" in client.get(url).content.decode()  # without JavaScript: the whole page


def test_moments_are_told_to_the_second(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, client: Client
) -> None:
    delivery = publish(clock, scheduled(folder))
    client.force_login(ada)
    at = timezone.localtime(delivery.attempts.get().started_at)
    assert f"{at:%H:%M:%S}</time>" in client.get(reverse("post", args=[delivery.post_id])).content.decode()
