"""Room for the frames of a thread.

CPython (3.11 and later) keeps the frames of a thread in chunks of 16 KB, and gives a chunk back to the system as soon
as its first frame ends. A loop whose calls begin a chunk each time pays for two system calls and four fresh pages per
call, so that the same page takes up to twice as long when it happens to be called from one frame deeper.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

ROOM = 16 * 1024  # values: the chunk becomes 256 KB, half of it for what is called; only what is touched costs memory

P = ParamSpec("P")
R = TypeVar("R")


def roomy(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, with everything that it calls in one chunk: it pretends to need a large frame of its own."""

    def with_room(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    with_room.__code__ = with_room.__code__.replace(co_stacksize=ROOM)
    return wraps(function)(with_room)


def middleware(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Each request in one chunk, however deep the server calls it."""
    return cast("Callable[[Any], Any]", roomy(get_response))
