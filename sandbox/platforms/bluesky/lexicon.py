"""Whether a record is what its lexicon says. The real server lets unknown fields pass; here they are errors."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import regex

LEXICONS: dict[str, Any] = json.loads(Path(__file__).with_name("lexicons.json").read_text(encoding="utf-8"))
DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)")
FORMATS = {
    "uri": re.compile(r"[a-z][a-z.-]{0,80}:[^\s]{1,8192}"),
    "language": re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*"),
    "datetime": DATETIME,
}


def mistakes(name: str, value: Any) -> list[str]:
    """What is wrong with a record, in the words of the server."""
    found = _object(LEXICONS[name], value, "Record")
    if not found and name == "app.bsky.feed.post":
        found = _facets(value)
    return found


def _check(rule: dict[str, Any], value: Any, path: str) -> list[str]:
    match rule["type"]:
        case "ref":
            return _object(LEXICONS[rule["ref"]], value, path)
        case "union":
            kind = str(value.get("$type")) if isinstance(value, dict) else ""
            if kind not in rule["refs"]:
                return [f"{path} $type must be one of {', '.join(rule['refs'])}"]
            return _object(LEXICONS[kind], value, path)
        case "array":
            if not isinstance(value, list):
                return [f"{path} must be an array"]
            if len(value) > rule.get("maxLength", len(value)):
                return [f"{path} must not have more than {rule['maxLength']} elements"]
            return [
                wrong for number, one in enumerate(value) for wrong in _check(rule["items"], one, f"{path}/{number}")
            ]
        case "integer":
            fine = isinstance(value, int) and not isinstance(value, bool) and value >= rule.get("minimum", value)
            return [] if fine else [f"{path} must be an integer"]
        case "blob":
            return _blob(rule, value, path)
    return _string(rule, value, path)


def _object(rule: dict[str, Any], value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path} must be an object"]
    wrong = [f'{path} must have the property "{name}"' for name in rule["required"] if name not in value]
    for name, one in value.items():
        if name in rule["properties"]:
            wrong += _check(rule["properties"][name], one, f"{path}/{name}")
        elif name != "$type":
            wrong.append(f'{path} has the unknown property "{name}"')
    return wrong


def _string(rule: dict[str, Any], value: Any, path: str) -> list[str]:
    if not isinstance(value, str):
        return [f"{path} must be a string"]
    if len(value.encode()) > rule.get("maxLength", 1_000_000):
        return [f"{path} must not be longer than {rule['maxLength']} characters"]
    if len(regex.findall(r"\X", value)) > rule.get("maxGraphemes", 1_000_000):
        return [f"{path} must not be longer than {rule['maxGraphemes']} graphemes"]
    kind = rule.get("format")
    if kind and not FORMATS[kind].fullmatch(value):
        return [f"{path} must be a valid {kind}"]
    if kind == "datetime":
        datetime.fromisoformat(value)
    return []


def _blob(rule: dict[str, Any], value: Any, path: str) -> list[str]:
    ref = value.get("ref") if isinstance(value, dict) else None
    if not isinstance(ref, dict) or value.get("$type") != "blob" or not isinstance(ref.get("$link"), str):
        return [f"{path} should be a blob ref"]
    if not str(value.get("mimeType", "")).startswith(rule["accept"]):
        return [f"{path} has the wrong mime type: {value.get('mimeType')}"]
    if not isinstance(value.get("size"), int) or value["size"] > rule["maxSize"]:
        return [f"{path} is too large: {value.get('size')} bytes"]
    return []


def _facets(record: dict[str, Any]) -> list[str]:
    """Where a facet begins and ends: the server does not look, readers see it."""
    text = record["text"].encode()
    for facet in record.get("facets", []):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        try:
            words = text[start:end].decode()
        except UnicodeDecodeError:
            return ["Record/facets begins or ends within a character"]
        if not start < end <= len(text) or words.strip() != words:
            return ["Record/facets is not in the text"]
    return []
