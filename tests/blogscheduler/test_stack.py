"""However deep it is called, the same work costs the same."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable

import pytest

from blogscheduler.stack import roomy

CALLS = 2_000
DEEPEST = 300  # calls: more than a chunk of the interpreter holds of these


def called(times: int) -> None:
    for _ in range(times):
        nest(4)


def nest(levels: int) -> None:
    """Frames larger together than one step of depth, so that some depth has the end of a chunk among them."""
    if levels:
        nest(levels - 1)


def fresh_pages(depth: int, work: Callable[[int], None]) -> int:
    """How many pages of memory were new to this thread while ``work`` was called below ``depth`` frames."""
    if depth:
        return fresh_pages(depth - 1, work)
    work(10)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    work(CALLS)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def worst(work: Callable[[int], None]) -> int:
    found: list[int] = []

    def look() -> None:
        found.extend(fresh_pages(depth, work) for depth in range(DEEPEST))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return max(found)


def test_no_depth_makes_each_call_ask_the_system_for_memory() -> None:
    assert worst(roomy(called)) < CALLS / 10


def test_without_it_some_depth_does() -> None:
    """Else the test above would see nothing; once the interpreter has mended it, this room is not needed any more."""
    assert worst(called) >= CALLS


def test_it_is_still_the_same_function() -> None:
    assert (roomy(called).__name__, roomy(called).__doc__) == ("called", called.__doc__)
    assert roomy(divmod)(7, 3) == (2, 1)


def test_an_error_comes_through() -> None:
    def fails() -> None:
        raise ValueError("Ada")

    with pytest.raises(ValueError, match="Ada"):
        roomy(fails)()
