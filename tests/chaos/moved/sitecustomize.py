"""First in a process's path: its clock is the one of ``tests.chaos.clock``, read from a file all the time.

Everything follows but the monotonic clocks: ``time.time``, ``datetime.now``, what libraries ask.
"""

import os
import sys
import threading
import time

LOOK_EVERY = 0.02  # seconds


def follow(path: str) -> None:
    sys.modules["pytest"] = None  # type: ignore[assignment]  # else time_machine loads it into every process
    import time_machine

    del sys.modules["pytest"]
    journey = time_machine.travel(None).start()
    time.time()  # the journey begins with the first look at the clock
    offset = 0.0

    def look() -> None:
        nonlocal offset
        with open(path, "rb", buffering=0) as file:
            wanted = float(os.pread(file.fileno(), 64, 0) or offset)
            if wanted != offset:
                journey.shift(wanted - offset)
                offset = wanted

    def go_on_looking() -> None:
        while True:
            time.sleep(LOOK_EVERY)
            look()

    look()
    threading.Thread(target=go_on_looking, name="clock", daemon=True).start()


if "CHAOS_CLOCK" in os.environ:
    follow(os.environ["CHAOS_CLOCK"])
