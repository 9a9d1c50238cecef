"""The small part of YAML that people put before an article: `key: value`, quoted text, and flat lists."""

import re
from typing import Any

_BLOCK = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_PAIR = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*)|[ \t]*)\Z")


class BadFrontMatter(ValueError):
    """The block before the article cannot be read; the text says which line."""


def split(body: str) -> tuple[dict[str, Any], str]:
    """The front matter of a body (empty when it has none) and the rest. Raises BadFrontMatter."""
    block = _BLOCK.match(body)
    if not block:
        return {}, body
    return _read(block[1].splitlines()), body[block.end() :]


def _read(lines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    key = ""
    for number, line in enumerate(lines, start=2):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if key and text.startswith("- "):
            found[key] = [*(found[key] if isinstance(found[key], list) else []), _value(text[2:])]
            continue
        pair = _PAIR.match(line)
        if not pair:
            raise BadFrontMatter(f"(<unknown>): could not find expected ':' at line {number} column 1")
        key = pair[1]
        found[key] = _value(pair[2] or "")
    return found


def _value(text: str) -> Any:
    text = text.strip()
    if text[:1] in ("'", '"'):
        return _quoted(text)
    text = re.split(r"\s#", text, maxsplit=1)[0].strip()
    if text.startswith("[") and text.endswith("]"):
        return [_value(part) for part in text[1:-1].split(",") if part.strip()]
    return {"true": True, "false": False, "": None, "null": None, "~": None}.get(text.lower(), text)


def _quoted(text: str) -> str:
    end = text.find(text[0], 1)
    if end < 0:
        raise BadFrontMatter("(<unknown>): found unexpected end of stream while scanning a quoted scalar")
    return text[1:end]
