"""Reading an order to the control API field by field, with a clear sentence for everything that is wrong."""

import json
from typing import Any, NoReturn


class BadOrder(ValueError):
    """The order makes no sense; the text says why. Answered with 400."""


_MISSING: Any = object()


class Order:
    """A JSON object somebody sent. Every method takes one field; `nothing_else` minds what is left."""

    def __init__(self, body: bytes) -> None:
        """Raises BadOrder when the body is no JSON object. No body at all is an empty order."""
        try:
            sent = json.loads(body or b"{}")
        except ValueError:
            raise BadOrder("The order is not JSON.") from None
        if not isinstance(sent, dict):
            raise BadOrder("The order must be a JSON object.")
        self._left: dict[str, Any] = sent
        self._known: list[str] = []

    def refuse(self, sentence: str) -> NoReturn:
        """Refuse the whole order."""
        raise BadOrder(sentence)

    def nothing_else(self) -> None:
        """Refuse the order when it has a field that nobody took."""
        if self._left:
            self.refuse(f'Unknown field "{next(iter(self._left))}". Known here: {", ".join(self._known)}.')

    def _take(self, name: str, default: Any) -> Any:
        self._known.append(name)
        value = self._left.pop(name, default)
        if value is _MISSING:
            self.refuse(f'"{name}" is missing.')
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: Any = _MISSING) -> str:
        """One of a few words."""
        value = self._take(name, default)
        if value not in choices:
            self.refuse(f'"{name}" must be one of {", ".join(choices)}, not {json.dumps(value)}.')
        return str(value)

    def text(self, name: str, default: Any = _MISSING) -> Any:
        """A text that is not empty; null counts as the default when there is one."""
        value = self._take(name, default)
        if value is None and default is not _MISSING:
            return default
        if not isinstance(value, str) or not value:
            self.refuse(f'"{name}" must be a text that is not empty.')
        return value

    def text_or_number(self, name: str) -> str | None:
        """A text or a number, as text; None when absent."""
        value = self._take(name, None)
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            self.refuse(f'"{name}" must be a text or a number.')
        return None if value is None else str(value)

    def truth(self, name: str, default: Any = _MISSING) -> Any:
        """true or false; null counts as the default when there is one."""
        value = self._take(name, default)
        if value is None and default is not _MISSING:
            return default
        if not isinstance(value, bool):
            self.refuse(f'"{name}" must be true or false.')
        return value

    def whole(self, name: str, at_least: int, at_most: int = 10**9, default: int | None = None) -> int:
        """A whole number within bounds; without a default it must be there."""
        value = self._take(name, _MISSING if default is None else default)
        if value == default and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not at_least <= value <= at_most:
            self.refuse(f'"{name}" must be a whole number from {at_least} to {at_most}.')
        return value

    def number(self, name: str, at_least: float, at_most: float, default: float) -> float:
        """A number within bounds."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not at_least <= value <= at_most:
            self.refuse(f'"{name}" must be a number from {at_least} to {at_most}.')
        return float(value)

    def count_or_always(self, name: str, default: int) -> int | None:
        """How often: a whole number from 1, or null for always."""
        value = self._take(name, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            self.refuse(f'"{name}" must be a whole number from 1, or null for always.')
        return None if value is None else int(value)

    def seconds(self, name: str, needed: bool) -> float:
        """A duration that is not negative; 0 when absent and not needed."""
        value = self._take(name, _MISSING if needed else 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86_400:
            self.refuse(f'"{name}" must be a number of seconds from 0 to 86400.')
        return float(value)
