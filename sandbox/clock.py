"""Time as the rest of the sandbox sees it: seconds since 1970, UTC, from a clock that tests may replace."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]


def iso(seconds: float | None) -> str | None:
    """A moment as RFC 3339 in UTC with whole seconds; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str | None) -> float | None:
    """The moment an ISO 8601 text means (UTC when it names no zone), or None when it means none."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
