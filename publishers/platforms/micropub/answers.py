"""What a Micropub server's answers mean. Its errors are {"error", "error_description"}, if they are JSON at all."""

from __future__ import annotations

import re
from json import JSONDecodeError, loads
from typing import Any
from urllib.parse import urljoin, urlsplit

from publishers.base import Article, RemotePost, Visibility
from publishers.errors import Fault, Gone, NotAuthorized, PublishingError, Rejected
from publishers.http import Answer, origin_of
from publishers.marks import marks_in
from publishers.platforms.micropub.article import is_same_moment, slug_of
from publishers.preparing import one_line

LABEL = "The Micropub server"
_NOTHING = r"no (?:such|post|entry|resource|page|item|record)\b"
_MISSING = re.compile(rf"not found|{_NOTHING}|n[o']t exist|unknown (?:post|url)", re.IGNORECASE)


def code_in(answer: Answer) -> str:
    """Such as "invalid_request"; "" when there is none."""
    try:
        data = loads(answer.text)
    except (JSONDecodeError, RecursionError):
        return ""
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def says_missing(answer: Answer) -> bool:
    """Whether a 400 is about this post, and not about the question: some servers say it so of one they do not know."""
    return answer.status == 400 and bool(_MISSING.search(answer.words()))


def refusal(answer: Answer) -> PublishingError | None:
    """What the shared table cannot know: a missing scope comes with 401 or 403, what is not built with 501."""
    code = code_in(answer)
    if code == "insufficient_scope":
        words = f"{LABEL} says that the token does not have the scope for it: {_words(answer)}"
        return NotAuthorized(words).because(Fault.ROLE)
    if answer.status == 403 and code in ("unauthorized", "invalid_token"):
        return NotAuthorized(f"{LABEL} does not accept the token: {_words(answer)}").because(Fault.KEY_REFUSED)
    if answer.status == 501 and code:
        return Rejected(f"{LABEL} cannot do this: {_words(answer)}")
    return None


def refusal_of_change(answer: Answer) -> PublishingError | None:
    """About one post, by its address. An unknown one is 400 with some servers, 404 with others."""
    if answer.status in (404, 410) or says_missing(answer):
        return Gone(f"{LABEL} does not know this post any more.")
    return refusal(answer)


def address_in(answer: Answer, endpoint: str) -> str:
    """The Location, absolute. Without one nobody knows what was created."""
    location = answer.headers.get("location", "").strip()
    try:
        address = urljoin(endpoint, location) if location else ""
    except ValueError:
        address = ""
    if not origin_of(address):
        raise answer.unclear(f"{LABEL} answered without the post's address")
    return address


def first(properties: Any, name: str) -> Any:
    """The first value of a property, None where there is none."""
    values = properties.get(name) if isinstance(properties, dict) else None
    return values[0] if isinstance(values, list) and values else None


def text_of(properties: Any) -> str:
    """The content, whichever of its forms a server gives back."""
    value = first(properties, "content")
    if isinstance(value, dict):
        return "\n".join(str(part) for part in value.values())
    return str(value or "")


def visibility_of(properties: Any) -> Visibility | None:
    """By ``post-status``; None where the server says nothing about it."""
    status = first(properties, "post-status")
    return {"draft": Visibility.DRAFT, "published": Visibility.PUBLIC}.get(str(status))


def is_deleted(properties: Any) -> bool:
    """Whether only a trace is left of it: some servers keep its address and date."""
    return first(properties, "deleted") is not None or (
        first(properties, "name") is None and first(properties, "content") is None
    )


def properties_in(answer: Answer) -> dict[str, Any]:
    data = answer.json()
    found = data.get("properties") if isinstance(data, dict) else None
    if not isinstance(found, dict):
        raise answer.unclear(f"{LABEL} answered with something else than a post")
    return found


def _words(answer: Answer) -> str:
    return answer.words() or "it did not say more."


# --- What a server tells of itself and of posts -------------------------------------------------------------------


def knows_drafts(config: dict[str, Any]) -> bool:
    """Whether a server says that it knows ``post-status``: for itself, or for a type of posts."""
    if "post-status" in config:
        return True
    types = config.get("post-types")
    listed = [one.get("properties") for one in types if isinstance(one, dict)] if isinstance(types, list) else []
    return any(isinstance(names, list) and "post-status" in names for names in listed)


def is_ours(one: dict[str, Any], article: Article) -> bool:
    """By our mark; where a server has taken that out, by title and planned time together."""
    keys = marks_in(text_of(one))
    if keys:
        return article.key in keys
    return is_namesake(one, article) and is_same_moment(first(one, "published"), article)


def is_namesake(one: dict[str, Any], article: Article) -> bool:
    """Without a mark, and of the same title: it may be ours from before it was given another time."""
    return not marks_in(text_of(one)) and first(one, "name") == one_line(article.title)


def remote_post(url: str, found: dict[str, Any]) -> RemotePost:
    visibility = visibility_of(found) or Visibility.PUBLIC
    return RemotePost(url, "" if visibility is Visibility.DRAFT else url, visibility)


def about_slug(article: Article, url: str) -> str:
    parts = [part.partition(".")[0] for part in urlsplit(url).path.split("/")]
    if not article.slug or slug_of(article) in parts:
        return ""
    return f"The server chose the address {url} itself: it did not take the slug “{article.slug}”."
