"""Sessions with Bluesky: a log-in is good for a day's work, and thirty log-ins in five minutes are too many.

They are kept in this process only, by a digest of the credentials, and end with it: nothing of them is ever written.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from hashlib import sha256

MOST = 1_000  # accounts; the oldest ones have to log in anew


@dataclass(frozen=True)
class Session:
    did: str
    handle: str
    access: str = field(repr=False)  # for some minutes or hours, as the server likes
    refresh: str = field(repr=False)  # for some weeks; used once


_kept: dict[str, Session] = {}
_lock = threading.Lock()


def name_of(server: str, handle: str, password: str) -> str:
    """By what a session is kept: another password is another session."""
    return sha256("\0".join((server, handle, password)).encode()).hexdigest()


def kept(name: str) -> Session | None:
    with _lock:
        return _kept.get(name)


def keep(name: str, session: Session) -> Session:
    with _lock:
        _kept.pop(name, None)
        _kept[name] = session
        while len(_kept) > MOST:
            del _kept[next(iter(_kept))]
    return session


def forget(name: str, session: Session | None = None) -> None:
    """It is over; with ``session`` only while it is still that one: another thread may have a newer one."""
    with _lock:
        if session is None or _kept.get(name) == session:
            _kept.pop(name, None)
