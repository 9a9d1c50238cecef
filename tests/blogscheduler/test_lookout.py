"""Whoever asks what may never answer has an answer in time, and asking often is no load."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from blogscheduler.watch import lookout
from blogscheduler.watch.lookout import Lookout, NoAnswer


@pytest.fixture
def thaw() -> Iterator[threading.Event]:
    """Set when what is asked answers again; at the latest when the test ends."""
    event = threading.Event()
    yield event
    event.set()


def test_the_answer_is_handed_on() -> None:
    assert Lookout(lambda: "well", patience=5).ask() == "well"


def test_so_is_what_went_wrong() -> None:
    def broken() -> str:
        raise LookupError("nobody there")

    with pytest.raises(LookupError, match="nobody there"):
        Lookout(broken, patience=5).ask()


def test_many_who_ask_at_once_are_one_look() -> None:
    looks: list[float] = []
    watch = Lookout(lambda: looks.append(time.monotonic()), patience=5, fresh=60)
    askers = [threading.Thread(target=watch.ask) for _ in range(20)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert len(looks) == 1


def test_an_answer_does_not_serve_for_ever() -> None:
    looks: list[int] = []
    watch = Lookout(lambda: looks.append(1), patience=5, fresh=0)
    watch.ask()
    watch.ask()

    assert len(looks) == 2


def test_nobody_waits_longer_than_their_patience_and_nobody_waits_twice(thaw: threading.Event) -> None:
    looks: list[int] = []

    def frozen() -> None:
        looks.append(1)
        thaw.wait(60)

    watch = Lookout(frozen, patience=0.2)
    began = time.monotonic()
    for _ in range(10):
        with pytest.raises(NoAnswer):
            watch.ask()

    assert time.monotonic() - began < 1, "the second to the tenth did not wait again"
    assert len(looks) == 1, "threads do not pile up"


def test_when_it_thaws_the_next_one_hears_of_it(thaw: threading.Event) -> None:
    watch = Lookout(lambda: thaw.wait(60), patience=0.05, fresh=0.0)
    with pytest.raises(NoAnswer):
        watch.ask()
    thaw.set()
    time.sleep(0.05)

    assert watch.ask() is True


def test_what_never_comes_back_is_given_up_and_asked_anew(
    thaw: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection over which nothing will ever come again must not blind the house."""
    monkeypatch.setattr(lookout, "GIVEN_UP_AFTER", 0.1)
    answers: Iterator[Callable[[], object]] = iter([lambda: thaw.wait(60), lambda: "well"])
    watch = Lookout(lambda: next(answers)(), patience=0.05)
    with pytest.raises(NoAnswer):
        watch.ask()
    time.sleep(0.1)

    assert watch.ask() == "well"
