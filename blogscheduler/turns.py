"""A request's turn to write to SQLite.

SQLite has one writer at a time, and who waits looks again after pauses that soon grow to a tenth of a second. While a
worker writes a hundred times a second that is mostly sleep beside a free database: somebody who has pressed a button
looks every few milliseconds instead. The worker itself does not: it is in no hurry, and its threads have better to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection

PAUSE = 0.002  # seconds between two looks


def middleware(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Every transaction of a request begins as soon as the one before it has ended."""
    if connection.vendor != "sqlite":
        return get_response

    def respond(request: Any) -> Any:
        with connection.execute_wrapper(soon):
            return get_response(request)

    return respond


def soon(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
    """An ``execute_wrapper`` of Django's. Raises OperationalError when it is nobody's turn for too long."""
    if not sql.startswith("BEGIN"):
        return execute(sql, parameters, many, context)
    own = context["connection"].connection
    patience = settings.DATABASES["default"]["OPTIONS"]["timeout"]
    until = time.monotonic() + patience
    own.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                return execute(sql, parameters, many, context)
            except OperationalError as problem:
                if "locked" not in str(problem) or time.monotonic() > until:
                    raise
            time.sleep(PAUSE)
    finally:
        own.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
