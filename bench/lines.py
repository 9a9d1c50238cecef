"""Talk with a process of one's own, a JSON line for a question and one for the answer."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench.house import House, dying_with_us


class TooLong(Exception):
    """No answer in time. The other side is still at it: nothing else can be asked."""


class Talk:
    """The asking side."""

    def __init__(self, house: House, name: str, *command: str, **env: str) -> None:
        self.log = (house.place / f"{name}.log").open("ab")
        self.process = subprocess.Popen(
            dying_with_us([sys.executable, *command]),
            env={**house.env, **env},
            cwd=house.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def ask(self, verb: str, *, at_most: float | None = None, **told: Any) -> Any:
        """The answer. Raises TooLong when there is none within ``at_most`` seconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"verb": verb, **told}) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], at_most)[0]:
            raise TooLong(verb)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} has ended; its log is {self.log.name}")
        return json.loads(line)

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def answer(verbs: Mapping[str, Callable[..., Any]]) -> None:
    """The answering side: until nobody asks any more."""
    for line in sys.stdin:
        told = json.loads(line)
        print(json.dumps(verbs[told.pop("verb")](**told)), flush=True)
