"""What Hashnode's answers mean. Most of its refusals come with status 200: the code is inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from publishers.errors import (
    Fault,
    Gone,
    NotAuthorized,
    PerhapsThere,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)
from publishers.http import Answer, origin_of
from publishers.platforms.hashnode.forms import ENDPOINT

PRO = "pro plan"

# Codes with which nothing was done. Every other one, INTERNAL_SERVER_ERROR above all, leaves it open.
REFUSALS = (
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "BAD_USER_INPUT",
    "GRAPHQL_VALIDATION_FAILED",
    "GRAPHQL_PARSE_FAILED",
    "TOO_MANY_REQUESTS",
    "RATE_LIMITED",
)


def reading(answer: Answer) -> PublishingError | None:
    """For a query: nothing can have happened. What is not found is null, which the caller sees."""
    if moved := _moved(answer):
        return Unavailable(moved).because(Fault.RETIRED)
    code = _code(answer)
    words = _words(answer)
    if code == "NOT_FOUND" and answer.status == 200:
        return None
    if code == "UNAUTHENTICATED":
        return NotAuthorized(f"Hashnode does not accept the token: {words}.")
    if code == "FORBIDDEN":
        fault = Fault.PLAN if PRO in words.lower() else Fault.ROLE
        return NotAuthorized(f"Hashnode does not let this token read the publication: {words}.").because(fault)
    if code in ("TOO_MANY_REQUESTS", "RATE_LIMITED"):
        return RateLimited(f"Hashnode asks us to slow down: {words}.", answer.retry_after())
    return Unavailable(f"Hashnode could not be read: {words}.", answer.retry_after()) if code else None


def creating(answer: Answer) -> PublishingError | None:
    """For a mutation, by its code."""
    if moved := _moved(answer):
        return Rejected(moved).because(Fault.RETIRED)
    code = _code(answer)
    words = _words(answer)
    match code:
        case "":
            return None
        case "UNAUTHENTICATED":
            return NotAuthorized(f"Hashnode does not accept the token: {words}.")
        case "FORBIDDEN" if PRO in words.lower():
            return Rejected(f"Hashnode refused it: {words}.")
        case "FORBIDDEN":
            who = "Contributors cannot publish: an owner of the publication has to give you another role"
            return Rejected(f"Hashnode refused it: {words}. {who}.")
        case "NOT_FOUND":
            return Rejected(f"Hashnode does not find what this is meant for, or hides it from you: {words}.")
        case "BAD_USER_INPUT":
            return Rejected(f"Hashnode refused the article: {words}.")
        case "GRAPHQL_VALIDATION_FAILED" | "GRAPHQL_PARSE_FAILED":
            return Rejected(f"Hashnode's API has changed and no longer takes what we send: {words}.")
        case "TOO_MANY_REQUESTS" | "RATE_LIMITED":
            return RateLimited(f"Hashnode asks us to slow down: {words}.", answer.retry_after())
    return answer.unclear(f"Hashnode answered with an error: {words}")


def flipping(answer: Answer) -> PublishingError | None:
    """Publishing uses a draft up: when it is not there, or its slug is taken, our own lost call may have done it."""
    code = _code(answer)
    if code == "NOT_FOUND":
        return PerhapsThere(f"Hashnode no longer has the draft: it was published or deleted there ({_words(answer)}).")
    if code == "BAD_USER_INPUT" and "slug" in _words(answer).lower():
        return PerhapsThere(f"Hashnode refused the article: {_words(answer)}.")
    return creating(answer)


def changing(answer: Answer) -> PublishingError | None:
    """For a post that was public."""
    if _code(answer) == "NOT_FOUND":
        return Gone(f"The article is no longer on Hashnode: {_words(answer)}.")
    return creating(answer)


def _moved(answer: Answer) -> str:
    """A sentence when this is no longer the API. It answers data, never a redirect; nothing was done for us there."""
    if not 300 <= answer.status < 400 and answer.status not in (404, 405, 410):
        return ""
    if answer.status >= 400 and _errors(answer):
        return ""
    target = answer.headers.get("location", "")[:200]
    where = f" and leads to {target}" if target else ""
    return (
        f"Hashnode's API is not at this address any more: it answered {answer.status}{where}."
        f" Please correct the address in the channel's settings; the one we know is {ENDPOINT}."
    )


def _code(answer: Answer) -> str:
    """The code of a GraphQL answer with errors; "" when it has none, "UNKNOWN" when nothing certain can be said.

    An error deeper than the mutation itself happened after it was carried out.
    """
    if answer.status >= 500 or answer.status in (408, 429):
        return ""
    errors = _errors(answer)
    codes = [_code_of(error) for error in errors]
    if answer.writes and any(_is_deep(error.get("path")) for error in errors):
        return "UNKNOWN"
    if unknown := [code for code in codes if code not in REFUSALS]:
        # By itself 400 says that the document was not even begun.
        return "GRAPHQL_VALIDATION_FAILED" if answer.status == 400 and not any(unknown) else "UNKNOWN"
    return min(codes, key=REFUSALS.index, default="")


def _is_deep(path: Any) -> bool:
    return isinstance(path, list) and len(path) > 1


def _code_of(error: dict[str, Any]) -> str:
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) else ""


def _errors(answer: Answer) -> list[dict[str, Any]]:
    try:
        body = answer.json()
    except PublishingError:
        return []
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return []
    return [error if isinstance(error, dict) else {"message": error} for error in errors]


def _words(answer: Answer) -> str:
    return answer.words().rstrip(".") or "it did not say why"


# --- What is in an answer without errors -------------------------------------------------------------------------


def part(answer: Answer, *names: str) -> dict[str, Any] | None:
    """An object inside the data; None when it, or one on the way to it, is null. Raises when it is something else."""
    body = answer.json()
    if not isinstance(body, dict) or "data" not in body:
        raise answer.unclear("Hashnode answered without data")
    value = body["data"]
    for name in names:
        if value is None:
            return None
        if not isinstance(value, dict) or name not in value:
            raise answer.unclear(f"Hashnode answered without “{name}”")
        value = value[name]
    if value is not None and not isinstance(value, dict):
        raise answer.unclear("Hashnode answered with something else than was asked for")
    return value


def publication(answer: Answer) -> dict[str, Any]:
    """The publication of a query. Without it nothing can be said of what is in it."""
    found = part(answer, "publication")
    if found is None:
        raise Unavailable("Hashnode does not show us the publication: it is gone, or hidden from this account.")
    return found


def page(answer: Answer, connection: Any) -> tuple[list[dict[str, Any]], str]:
    """The nodes of one page of a list, and where the next one begins ("" after the last)."""
    try:
        nodes = [edge["node"] for edge in connection["edges"]]
        info = connection["pageInfo"]
        after = info["endCursor"] if info["hasNextPage"] else ""
    except (KeyError, TypeError):
        raise answer.unclear("Hashnode answered with something else than a list") from None
    if not all(isinstance(node, dict) and isinstance(node.get("id"), str) for node in nodes):
        raise answer.unclear("Hashnode answered with a list of something else")
    return nodes, str(after or "")


def id_in(answer: Answer, *names: str) -> str:
    """The id of what was written."""
    found = (part(answer, *names) or {}).get("id")
    if not isinstance(found, str) or not found:
        raise answer.unclear("Hashnode answered without the article's id")
    return found


def url_in(answer: Answer, *names: str) -> str:
    """The public address of what was written."""
    url = (part(answer, *names) or {}).get("url")
    if not isinstance(url, str) or not origin_of(url):
        raise answer.unclear("Hashnode answered without the article's public address")
    return url


def nodes_under(answer: Answer, found: dict[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    """Those of the objects that are not null."""
    for name in names:
        value = found.get(name)
        if value is None:
            continue
        if not isinstance(value, dict) or not isinstance(value.get("id"), str):
            raise answer.unclear(f"Hashnode answered with something else than a post as “{name}”")
        yield value
