"""What may be said in a call, as a real site describes it itself.

`arguments.json` has the types, choices and bounds of WordPress 6.7's answers to OPTIONS, 2026, without the prose.
"""

import json
import re
from pathlib import Path
from typing import Any

from sandbox.clock import seconds_of
from sandbox.messages import Request
from sandbox.platforms.wordpress.answers import invalid

ARGUMENTS: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "arguments.json").read_text(encoding="utf-8")
)
WORDS = ("title", "content", "excerpt", "caption", "description")
"""Described as objects with a "raw", taken as plain text as well."""


class Invalid(ValueError):
    """An argument is not as described. `response` is the site's answer."""

    def __init__(self, params: dict[str, str]) -> None:
        super().__init__(", ".join(params))
        self.response = invalid(params)


def checked(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was said in the call of this name, in its types; what is not described is left out, as the site does it.

    Raises Invalid with all that is wrong.
    """
    described, kept, wrong = ARGUMENTS[name], {}, {}
    for key, about in described.items():
        if key not in given:
            if about.get("required"):
                wrong[key] = f"Missing parameter(s): {key}"
            continue
        try:
            kept[key] = given[key] if key in WORDS else _value(key, given[key], about)
        except ValueError as error:
            wrong[key] = str(error)
    if wrong:
        raise Invalid(wrong)
    return kept


def _value(name: str, value: Any, about: dict[str, Any]) -> Any:
    types = about.get("type") or "string"
    if isinstance(types, list):
        if value is None and "null" in types:
            return None
        types = next(one for one in types if one != "null")
    value = _TYPED[types](name, value, about)
    if "enum" in about and value not in about["enum"]:
        raise ValueError(f"{name} is not one of {', '.join(about['enum'])}.")
    if about.get("format") == "date-time" and value and seconds_of(value) is None:
        raise ValueError("Invalid date.")
    return value


def _integer(name: str, value: Any, about: dict[str, Any]) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise ValueError(f"{name} is not of type integer.")
    number, least, most = int(value), about.get("minimum"), about.get("maximum")
    if (least is not None and number < least) or (most is not None and number > most):
        raise ValueError(f"{name} must be between {least} (inclusive) and {most} (inclusive)")
    return number


def _boolean(name: str, value: Any, about: dict[str, Any]) -> bool:
    if str(value).lower() not in ("true", "false", "0", "1"):
        raise ValueError(f"{name} is not of type boolean.")
    return str(value).lower() in ("true", "1")


def _string(name: str, value: Any, about: dict[str, Any]) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not of type string.")
    return value


def _array(name: str, value: Any, about: dict[str, Any]) -> list[Any]:
    """A list, or the same in one text with commas or blanks between."""
    if isinstance(value, str):
        value = [one for one in re.split(r"[\s,]+", value) if one]
    if not isinstance(value, list):
        raise ValueError(f"{name} is not of type array.")
    return [_value(f"{name}[{number}]", one, about["items"]) for number, one in enumerate(value)]


def _object(name: str, value: Any, about: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not of type object.")
    return value


_TYPED = {"integer": _integer, "boolean": _boolean, "string": _string, "array": _array, "object": _object}


def json_of(request: Request) -> dict[str, Any] | None:
    """The body as an object; None where it is none."""
    if request.content_type != "application/json":
        return None
    try:
        data = json.loads(request.body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
