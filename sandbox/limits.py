"""How often somebody may do something."""

from collections import deque


class Window:
    """Counts what happened within the last so many seconds, for each name apart.

    The real ones count in fixed windows; sliding ones are a little stricter and do not depend on the second's edge.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._moments: dict[str, deque[float]] = {}

    def count(self, name: str, now: float) -> int:
        """How often `name` was noted within the window that ends now."""
        moments = self._moments.get(name, deque())
        while moments and moments[0] <= now - self.seconds:
            moments.popleft()
        return len(moments)

    def note(self, name: str, now: float) -> None:
        """Note that `name` did it once more."""
        self._moments.setdefault(name, deque()).append(now)

    def forget(self) -> None:
        """Begin anew."""
        self._moments.clear()
