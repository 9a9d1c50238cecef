"""What a request may contain: Ghost 6's own JSON Schemas for posts, in a small form, and what its database adds.

The real server drops what it does not know without a word. Here that is an error, so that a misspelt field shows.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from sandbox.clock import seconds_of


@dataclass(frozen=True)
class Text:
    """A string of at most `most` characters; `null` says whether it may be null."""

    most: int
    null: bool = True
    form: str = ""
    """"json-string", "uri-reference", "date-time", or anything."""
    stored: int = 0
    """What the database takes, where that is less than what the schema says."""


LONG = 1_000_000_000
FIELDS: dict[str, Any] = {
    "title": Text(2000, null=False, stored=255),
    "slug": Text(191, null=False),
    "mobiledoc": Text(LONG, form="json-string"),
    "lexical": Text(LONG, form="json-string"),
    "html": Text(LONG),
    "feature_image": Text(2000, form="uri-reference"),
    "feature_image_alt": Text(65_535, stored=191),
    "feature_image_caption": Text(65_535),
    "featured": bool,
    "status": ("published", "draft", "scheduled", "sent"),
    "locale": Text(6),
    "visibility": Text(50),
    "visibility_filter": Text(LONG),
    "meta_title": Text(300),
    "meta_description": Text(500),
    "updated_at": Text(40, form="date-time"),
    "published_at": Text(40, form="date-time"),
    "custom_excerpt": Text(300),
    "codeinjection_head": Text(65_535),
    "codeinjection_foot": Text(65_535),
    "og_image": Text(2000, form="uri-reference"),
    "og_title": Text(300),
    "og_description": Text(500),
    "twitter_image": Text(2000, form="uri-reference"),
    "twitter_title": Text(300),
    "twitter_description": Text(500),
    "email_subject": Text(300),
    "custom_template": Text(100),
    "canonical_url": Text(2000, form="uri-reference"),
    "email_only": bool,
    "tags": list,
    "authors": list,
    "tiers": list,
    "collections": list,
}
TAG_KEYS = {"id": 24, "name": 191, "slug": 191}


def wrong_with(document: Any, *, required: str) -> str:
    """The first thing that is wrong with {"posts": [{…}]}, as a sentence; "" when nothing is."""
    if not isinstance(document, dict) or not isinstance(document.get("posts"), list):
        return "Validation (AdditionalProperties) failed: posts is required and must be an array."
    if set(document) - {"posts"}:
        return f"The request has unknown keys: {', '.join(sorted(set(document) - {'posts'}))}."
    if len(document["posts"]) != 1 or not isinstance(document["posts"][0], dict):
        return "posts must NOT have fewer or more than 1 items."
    post = document["posts"][0]
    if unknown := set(post) - set(FIELDS):
        return f"posts[0] has unknown keys, which a real Ghost would drop without a word: {', '.join(sorted(unknown))}."
    if required not in post:
        return f"posts[0] must have required property '{required}'."
    return next(filter(None, (_wrong_field(name, value) for name, value in post.items())), "")


def too_long_for_the_database(post: dict[str, Any]) -> str:
    """What passes the schema and is refused by the model."""
    for name, rule in FIELDS.items():
        if isinstance(rule, Text) and rule.stored and len(post.get(name) or "") > rule.stored:
            table = "posts" if name == "title" else "posts_meta"
            return f"Value in [{table}.{name}] exceeds maximum length of {rule.stored} characters."
    return ""


def _wrong_field(name: str, value: Any) -> str:
    rule = FIELDS[name]
    if isinstance(rule, Text):
        return _wrong_text(name, rule, value)
    if rule is bool:
        return "" if isinstance(value, bool) else f"posts[0].{name} must be boolean."
    if rule is list:
        return _wrong_list(name, value)
    return "" if value in rule else f"posts[0].{name} must be one of {', '.join(rule)}."


def _wrong_text(name: str, rule: Text, value: Any) -> str:
    if value is None:
        return "" if rule.null else f"posts[0].{name} must be string."
    if not isinstance(value, str):
        return f"posts[0].{name} must be string."
    if len(value) > rule.most:
        return f"posts[0].{name} must NOT have more than {rule.most} characters."
    return "" if _has_form(rule.form, value) else f"posts[0].{name} must match format {rule.form}."


def _has_form(form: str, text: str) -> bool:
    match form:
        case "json-string":
            return _is_json(text)
        case "uri-reference":
            return not re.search(r"[\s<>\"{}|\\^`]", text)
        case "date-time":
            return seconds_of(text) is not None
    return True


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _wrong_list(name: str, value: Any) -> str:
    if not isinstance(value, list):
        return f"posts[0].{name} must be array."
    for one in value:
        keys = one if isinstance(one, dict) else {"name": one}
        if not keys or not all(isinstance(text, str) for text in keys.values()):
            return f"posts[0].{name} must be strings or objects with id, name or slug."
        if name == "tags" and (set(keys) - set(TAG_KEYS) or any(len(keys[key]) > TAG_KEYS[key] for key in keys)):
            return f"posts[0].{name} has a tag with unknown or too long values."
    return ""
