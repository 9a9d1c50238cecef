"""Where a process can be made to end on order, as if the power had failed: for the tests of the engine.

``FAILPOINT=recorded`` ends it the first time that it passes the point of this name, ``FAILPOINT=recorded:3`` the third
time. Without that variable a point costs one comparison.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from functools import partial

CLAIMED = "claimed"  # the claim is committed, nothing is packed
HANDED_OUT = "handed out"  # in the thread, before the call
ANSWERED = "answered"  # in the thread, after the call
RECORDING = "recording"  # outcomes are written, not committed
RECORDED = "recorded"  # outcomes are committed, what follows is not handed out
ABANDONED = "abandoned"  # the night-watch has found something and has not written it
RESCUED = "rescued"  # … and has written it
ALL = (CLAIMED, HANDED_OUT, ANSWERED, RECORDING, RECORDED, ABANDONED, RESCUED)

_armed, _nth = "", 1
_passes = itertools.count(1)  # its next() is atomic: threads pass here too
end: Callable[[], object] = partial(os._exit, 9)  # a search in one process ends only what it has begun


def arm(order: str) -> None:
    """The order as in ``FAILPOINT``; "" takes it back."""
    global _armed, _nth, _passes
    name, _, nth = order.partition(":")
    _armed, _nth, _passes = name, int(nth or 1), itertools.count(1)


def reached(name: str) -> None:
    """End the process here, without any tidying up, if that was ordered."""
    if name == _armed and next(_passes) == _nth:
        end()


arm(os.environ.get("FAILPOINT", ""))
