"""The bare client: the same calls with the same library, as many in flight, and nothing written anywhere.

It is the limit that the house is measured beside: plain `requests`, a session per thread, the bodies made beforehand.
`python -m bench.bare ORIGIN THREADS BODIES` prints the seconds and the CPU seconds as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import requests

HEADERS = {"api-key": "bench", "Accept": "application/vnd.forem.api-v1+json", "User-Agent": "bare"}


def publish(session: requests.Session, api: str, draft: dict[str, Any], public: dict[str, Any]) -> None:
    """What a publication on DEV is: POST the draft, PUT it public by its id."""
    answer = session.post(f"{api}/articles", json=draft, headers=HEADERS, timeout=25)
    answer.raise_for_status()
    number = answer.json()["id"]
    answer = session.put(f"{api}/articles/{number}", json=public, headers=HEADERS, timeout=25)
    answer.raise_for_status()
    assert answer.json()["url"]


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(api: str, threads: int, bodies: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, float]:
    waiting: SimpleQueue[tuple[dict[str, Any], dict[str, Any]]] = SimpleQueue()
    for pair in bodies:
        waiting.put(pair)

    def work() -> None:
        session = requests.Session()
        session.trust_env = False  # no search for proxies and ~/.netrc with every call: the limit is to be a high one
        while True:
            try:
                draft, public = waiting.get_nowait()
            except Empty:
                return
            publish(session, api, draft, public)

    crew = [threading.Thread(target=work) for _ in range(threads)]
    start, cpu = time.monotonic(), cpu_seconds()
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return {"seconds": time.monotonic() - start, "cpu": cpu_seconds() - cpu}


if __name__ == "__main__":
    origin, in_flight, path = sys.argv[1:]
    pairs = [(draft, public) for draft, public in json.loads(Path(path).read_text(encoding="utf-8"))]
    print(json.dumps(run(f"{origin}/api", int(in_flight), pairs)))
