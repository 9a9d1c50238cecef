"""Children: started together, started again when they die, ended together.

One thread does everything. It must be the one that starts every child: Linux ends a child "with its parent" when the
*thread* that started it ends.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LOOK_EVERY = 0.2  # seconds between looks at the children
FIRST_PAUSE = 0.5  # seconds before a child that died is started again; doubled each time …
LONGEST_PAUSE = 30.0
SETTLED = 30.0  # … until it has lived this long
PATIENCE = 8.0  # seconds that children have to end by themselves
LAST_PATIENCE = 1.0  # and the broker, after all others
LONGEST_LINE = 64 * 1024
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

SHIM = str(Path(__file__).with_name("diewithparent.py"))


@dataclass
class Child:
    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()  # of open files that it takes over
    ends_last: bool = False  # the others still need it while they end

    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    start_again_at: float = field(default=0.0, init=False)
    pause: float = field(default=FIRST_PAUSE, init=False)

    def start(self, folder: Path, environment: Mapping[str, str]) -> None:
        """In a session of its own: Ctrl-C in the terminal reaches the supervisor alone."""
        shim = [sys.executable, "-I", "-S", SHIM, str(os.getpid())]
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [*shim, *self.command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=self.descriptors,
            start_new_session=True,
        )

    def ended(self) -> int | None:
        """Its exit status, once, after it has ended; what it left behind is ended too."""
        status = self.process.poll() if self.process else None
        if status is not None:
            self.kill()
            self.process = None
        return status

    def next_pause(self) -> float:
        """How long to wait before it is started again: longer each time that it dies early."""
        if time.monotonic() - self.started_at > SETTLED:
            self.pause = FIRST_PAUSE
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE)
        self.start_again_at = time.monotonic() + pause
        return pause

    def kill(self) -> None:
        """End its whole session, now."""
        if self.process:
            with suppress(ProcessLookupError, PermissionError):  # there is nobody left in it
                os.killpg(self.process.pid, signal.SIGKILL)


def told(status: int) -> str:
    """An exit status as a person says it."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


class Supervisor:
    """Starts children in ``folder`` with ``environment``; ``say`` is given every line of theirs and of our own."""

    def __init__(
        self, children: Sequence[Child], folder: Path, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self.children = children
        self.folder = folder
        self.environment = environment
        self.say = say
        self.asked_at: float | None = None  # when we were asked to end
        self.asked_again = False
        self._ears = selectors.DefaultSelector()

    def run(self, each_turn: Callable[[], None]) -> None:
        """Until SIGINT, SIGTERM or SIGHUP: keep the children alive, pass on what they say, call ``each_turn``."""
        with self._signals():
            try:
                for child in self.children:
                    self._start(child)
                while self.asked_at is None:
                    self._listen()
                    self._start_what_ended()
                    each_turn()
            finally:
                self._end()

    def _start(self, child: Child) -> None:
        child.start(self.folder, self.environment)
        assert child.process is not None
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._ears.register(child.process.stdout, selectors.EVENT_READ, _Voice(child.name, self.say))

    def _start_what_ended(self) -> None:
        for child in self.children:
            status = child.ended()
            if status is not None:
                pause = child.next_pause()
                self.say(f"{child.name} has ended ({told(status)}) and is started again in {pause:g} s.")
            elif child.process is None and time.monotonic() >= child.start_again_at:
                self._start(child)

    def _listen(self) -> None:
        """Pass on what children say, or wait a moment."""
        for key, _ in self._ears.select(timeout=LOOK_EVERY):
            if isinstance(key.data, _Voice):
                heard = os.read(key.fd, LONGEST_LINE)
                key.data.hear(heard)
                if not heard:
                    self._ears.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]  # registered by us, and never as a bare number
            else:
                os.read(key.fd, LONGEST_LINE)  # a signal has come: its handler has noted it

    def _end(self) -> None:
        """Everybody ends by themselves, or is killed; the broker after the others."""
        self.say("Ending …")
        first = [child for child in self.children if not child.ends_last]
        last = [child for child in self.children if child.ends_last]
        self._end_these(first, PATIENCE)
        self._end_these(last, LAST_PATIENCE)

    def _end_these(self, children: Sequence[Child], patience: float) -> None:
        deadline = time.monotonic() + patience
        for child in children:
            if child.process:
                child.process.terminate()
        while any(self._lives(child) for child in children):
            if time.monotonic() > deadline or self.asked_again:
                break
            self._listen()
        for child in children:
            if child.process:
                self.say(f"{child.name} does not end by itself and is killed.")
                child.kill()
                child.process.wait()

    def _lives(self, child: Child) -> bool:
        child.ended()
        return child.process is not None

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Note every request to end, and wake up for it. A second one means: at once."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._ears.register(ours, selectors.EVENT_READ)
        before = {number: signal.signal(number, self._note) for number in ENDING}
        signal.set_wakeup_fd(theirs.fileno())
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._ears.close()
            ours.close()
            theirs.close()

    def _note(self, *_: object) -> None:
        """One request may come twice at once, from the terminal and from make: a second is one that comes later."""
        now = time.monotonic()
        if self.asked_at is None:
            self.asked_at = now
        elif now - self.asked_at > 1:
            self.asked_again = True


class _Voice:
    """What one child says, line by line, each with its name in front."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self.name = name
        self.say = say
        self.rest = b""

    def hear(self, heard: bytes) -> None:
        """More of what it says; nothing means that it has fallen silent for good."""
        *lines, self.rest = (self.rest + heard).split(b"\n")
        if self.rest and (not heard or len(self.rest) > LONGEST_LINE):
            lines, self.rest = [*lines, self.rest], b""
        for line in filter(bytes.strip, lines):
            self.say(f"[{self.name}] {line.decode(errors='replace').rstrip()}")
