"""Asking what may never answer: a database that is frozen, a host that swallows packets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")

GIVEN_UP_AFTER = 60.0  # seconds after which a look that hangs is left alone, and another one is tried


class NoAnswer(Exception):
    """Not within the time that whoever asks can wait."""


@dataclass(frozen=True)
class _Look(Generic[T]):
    future: Future[T] = field(default_factory=Future)
    begun: float = field(default_factory=time.monotonic)


class Lookout(Generic[T]):
    """Looks in a thread of its own, one look at a time, and waits for it no longer than ``patience`` seconds.

    An answer serves everybody who asks within ``fresh`` seconds, so that many who ask are no load; while a look hangs,
    nobody waits for it twice.
    """

    def __init__(self, look: Callable[[], T], *, patience: float, fresh: float = 1.0) -> None:
        self.look = look
        self.patience = patience
        self.fresh = fresh
        self._lock = threading.Lock()
        self._last: _Look[T] | None = None

    def ask(self) -> T:
        """What the look finds, or what it raises. Raises NoAnswer when it takes too long."""
        with self._lock:
            look = self._last
            if look is None or self._is_old(look):
                look = self._last = _Look()
                threading.Thread(target=self._run, args=(look.future,), name="lookout", daemon=True).start()
        try:
            return look.future.result(timeout=max(look.begun + self.patience - time.monotonic(), 0))
        except TimeoutError:
            raise NoAnswer from None

    def _is_old(self, look: _Look[T]) -> bool:
        age = time.monotonic() - look.begun
        return age > (self.fresh if look.future.done() else GIVEN_UP_AFTER)

    def _run(self, future: Future[T]) -> None:
        try:
            try:
                answer = self.look()
            finally:
                connections.close_all()  # it was this thread's own
        except Exception as problem:  # whatever it was: whoever asked must hear of it
            future.set_exception(problem)
        else:
            future.set_result(answer)
