"""A worker whose drain runs under cProfile: `python -m bench.profiling FILE worker …`.

The profile is of one thread, the one that claims and writes; it makes that thread about twice as slow.
"""

from __future__ import annotations

import cProfile
import sys
import threading
from typing import Any

import django
from celery.__main__ import main
from celery.signals import worker_shutdown


def watch(path: str) -> None:
    django.setup()
    from posts.engine import publishing

    profile = cProfile.Profile()
    one_at_a_time = threading.Lock()
    drain = publishing.drain

    def watched(clock: Any) -> int:
        if not one_at_a_time.acquire(blocking=False):
            return drain(clock)  # it only wakes the one that is being watched
        try:
            return profile.runcall(drain, clock)
        finally:
            one_at_a_time.release()

    publishing.drain = watched
    worker_shutdown.connect(lambda **_: profile.dump_stats(path), weak=False)


if __name__ == "__main__":
    watch(sys.argv.pop(1))
    sys.argv[1:1] = ["-A", "blogscheduler"]
    main()
