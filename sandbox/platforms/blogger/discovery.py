"""What may be said in a call, as Google describes it itself.

`discovery.json` has methods and the post of its description of Blogger v3, revision of 2026-07-07, without the prose.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

_DOCUMENT = json.loads((Path(__file__).parent / "discovery.json").read_text(encoding="utf-8"))
METHODS: dict[str, dict[str, Any]] = _DOCUMENT["methods"]
POST: dict[str, Any] = {"type": "object", "properties": _DOCUMENT["post"]}
EVERYWHERE = frozenset(_DOCUMENT["parameters"])


class Invalid(ValueError):
    """The call is not as described; the text is Google's sentence."""


def pattern_of(path: str) -> str:
    """A method's path as a pattern."""
    return "/" + re.sub(r"\{(\w+)\}", r"(?P<\1>[\\w-]+)", path)


def query_of(method: str, query: str) -> dict[str, list[str]]:
    """The query, each name with its values. Raises Invalid."""
    described: dict[str, dict[str, Any]] = METHODS[method]["query"]
    kept: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in described and name not in EVERYWHERE:
            raise Invalid(f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.')
        about = described.get(name, {"type": "string"})
        if "enum" in about and value not in about["enum"]:
            raise Invalid(f"Invalid value at '{name}', \"{value}\"")
        if about["type"] == "boolean" and value not in ("true", "false"):
            raise Invalid(f"Invalid value at '{name}' (TYPE_BOOL), \"{value}\"")
        if about["type"] == "integer" and not value.isdecimal():
            raise Invalid(f"Invalid value at '{name}' (TYPE_UINT32), \"{value}\"")
        kept.setdefault(name, [])
        if kept[name] and not about.get("repeated"):
            raise Invalid(f"Invalid value at '{name}': it is not repeated")
        kept[name].append(value)
    return kept


def post_of(body: bytes) -> Mapping[str, Any]:
    """The post in a body. Raises Invalid, also for names that nobody has described."""
    try:
        data = json.loads(body)
    except ValueError:
        raise Invalid("Invalid JSON payload received. Unexpected end of string.") from None
    _check("resource", data, POST)
    checked: Mapping[str, Any] = data
    return checked


def _check(where: str, value: Any, about: Mapping[str, Any]) -> None:
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "number": (int, float),
        "integer": int,
        "boolean": bool,
    }
    kind = kinds[about.get("type", "object")]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise Invalid(f"Invalid value at '{where}' (TYPE_{about.get('type', 'object').upper()}), {json.dumps(value)}")
    if "enum" in about and value not in about["enum"]:
        raise Invalid(f"Invalid value at '{where}', {json.dumps(value)}")
    for item in value if isinstance(value, list) else []:
        _check(where, item, about["items"])
    for name, part in value.items() if isinstance(value, dict) else []:
        if name not in about.get("properties", {}):
            raise Invalid(f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field.")
        _check(f"{where}.{name}", part, about["properties"][name])
