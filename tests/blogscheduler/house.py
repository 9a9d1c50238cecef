"""A whole house, started by ``manage.py up`` as a person would, with what a test wants to know of it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent.parent
MARKS = {
    "web": "gunicorn",
    "worker": "blogscheduler worker",
    "beat": "blogscheduler beat",
    "broker": "-server 127.0.0.1:",
}


def until(what: str, true: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


class House:
    """``up`` as a process: what it says, and the processes it started."""

    def __init__(self, data: Path, port: int, **variables: str) -> None:
        self.data = data
        self.port = port
        self.lines: list[str] = []
        self._older: list[int] = []  # processes of another house with the same data
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        environment |= {"DATA_DIR": str(data), "PORT": str(port), "SANDBOX_PORT": "0", "WEB_CONCURRENCY": "2"}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._older = list(self.processes())
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.lines.append(line.rstrip("\n"))

    @property
    def told(self) -> str:
        return "\n".join(self.lines)

    def says(self, pattern: str, times: int = 1) -> None:
        """Wait until it has said this so many times."""
        try:
            until(f"{pattern!r} in the output", lambda: len(re.findall(pattern, self.told)) >= times)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.told}") from None

    def ends(self, seconds: float = 30) -> int:
        """Wait for its end; the exit status."""
        status = self.process.wait(seconds)
        self._reader.join(5)
        return status

    def answers(self) -> bool:
        conversation = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            conversation.request("GET", "/healthz")
            return conversation.getresponse().status == 200
        except OSError:
            return False
        finally:
            conversation.close()

    def processes(self) -> dict[int, str]:
        """The living processes that work on this data folder, but for ``up`` itself, with their command lines."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) not in {self.process.pid, *self._older}:
                with suppress(OSError):  # it has ended meanwhile
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if command and self._is_ours(entry):  # empty: it has ended and was not buried yet
                        found[int(entry.name)] = command
        return found

    def _is_ours(self, entry: Path) -> bool:
        """By its environment; the broker writes its title over that, and works in its own folder."""
        told = f"DATA_DIR={self.data}\0".encode() in (entry / "environ").read_bytes() + b"\0"
        return told or (entry / "cwd").readlink() == self.data / "redis"

    def pid_of(self, name: str) -> int:
        """The first process of a child (its leader: the others are its own children)."""
        return min(pid for pid, command in self.processes().items() if MARKS[name] in command)

    def runs(self, name: str) -> bool:
        return any(MARKS[name] in command for command in self.processes().values())


@contextmanager
def up(data: Path, port: int, **variables: str) -> Iterator[House]:
    """Started, and ended in any case."""
    house = House(data, port, **variables)
    try:
        yield house
    finally:
        if house.process.poll() is None:
            house.process.send_signal(signal.SIGKILL)
        house.ends()
        for pid in house.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
