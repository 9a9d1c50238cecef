"""What may be sent: an h-entry in which every value is a list, and how an update changes one."""

import json
import re
from typing import Any

from sandbox.clock import seconds_of
from sandbox.messages import Request
from sandbox.store import find_mark

STATUSES = ("draft", "published")


def document(request: Request) -> Any:
    """The JSON of a request, {} when it is none."""
    try:
        return json.loads(request.body)
    except ValueError:
        return {}


def wrong_with(given: Any) -> str:
    """What is wrong with a creation, as a sentence; "" when nothing is."""
    if not isinstance(given, dict) or given.get("type") != ["h-entry"]:
        return '“type” has to be ["h-entry"].'
    if unknown := set(given) - {"type", "properties"}:
        return f"There are unknown keys: {', '.join(sorted(unknown))}."
    properties = given.get("properties")
    if not isinstance(properties, dict) or not properties.get("content"):
        return "“properties” needs a “content”."
    return _wrong_values(properties)


def wrong_with_update(given: Any) -> str:
    """As Indiekit: a change without “replace” or “add” is refused, even when it deletes."""
    if not isinstance(given, dict) or not isinstance(given.get("url"), str):
        return "“url” is missing."
    if unknown := set(given) - {"action", "url", "replace", "add", "delete"}:
        return f"There are unknown keys: {', '.join(sorted(unknown))}."
    if not given.get("replace") and not given.get("add"):
        return "replace, add or remove operations are missing."
    for name in ("replace", "add"):
        if not isinstance(given.get(name, {}), dict):
            return f"“{name}” has to be an object."
        if wrong := _wrong_values(given.get(name, {})):
            return wrong
    if not isinstance(given.get("delete", []), list | dict):
        return "“delete” has to be a list or an object."
    return ""


def _wrong_values(properties: dict[str, Any]) -> str:
    for name, values in properties.items():
        if not isinstance(values, list) or not values:
            return f"The value of “{name}” has to be a list that is not empty."
    if properties.get("post-status", ["published"])[0] not in STATUSES:
        return "“post-status” has to be draft or published."
    if "published" in properties and seconds_of(str(properties["published"][0])) is None:
        return "“published” has to be a date and a time."
    return ""


def changed(properties: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The properties after an update: replace, then add, then delete."""
    properties |= given.get("replace", {})
    for name, values in given.get("add", {}).items():
        properties[name] = [*properties.get(name, []), *values]
    gone = given.get("delete", [])
    if isinstance(gone, list):
        return {name: values for name, values in properties.items() if name not in gone}
    for name, values in gone.items():
        properties[name] = [value for value in properties.get(name, []) if value not in values]
    return properties


def body_of(properties: dict[str, Any]) -> str:
    """The text, whatever its form."""
    content = properties.get("content", [""])[0]
    return str(content.get("html") or content.get("value") or "") if isinstance(content, dict) else str(content)


def without_comments(contents: list[Any]) -> list[Any]:
    """As a server keeps it that cleans HTML, and takes the mark with the comments."""
    return [
        {key: _clean(value) for key, value in one.items()} if isinstance(one, dict) else _clean(one) for one in contents
    ]


def mark_in(body: str) -> str | None:
    return find_mark(body)


def _clean(text: Any) -> str:
    return re.sub(r"<!--.*?-->", "", str(text), flags=re.DOTALL)
