"""Where a process can be made to end on order, as if the power had failed: for the tests of the engine.

``FAILPOINT=recorded`` ends it the first time that it passes the point of this name, ``FAILPOINT=recorded:3`` the third
time. Without that variable a point costs one comparison.
"""

from __future__ import annotations

import itertools
import os

CLAIMED = "claimed"  # the claim is committed, nothing is packed
HANDED_OUT = "handed out"  # in the thread, before the call
ANSWERED = "answered"  # in the thread, after the call
RECORDING = "recording"  # outcomes are written, not committed
RECORDED = "recorded"  # outcomes are committed, what follows is not handed out
ABANDONED = "abandoned"  # the night-watch has found something and has not written it
RESCUED = "rescued"  # … and has written it
ALL = (CLAIMED, HANDED_OUT, ANSWERED, RECORDING, RECORDED, ABANDONED, RESCUED)

_armed, _, _nth = os.environ.get("FAILPOINT", "").partition(":")
_passes = itertools.count(1)  # its next() is atomic: threads pass here too


def reached(name: str) -> None:
    """End the process here, without any tidying up, if that was ordered."""
    if name == _armed and next(_passes) == int(_nth or 1):
        os._exit(9)
