"""What Mastodon's answers mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from publishers.base import RemotePost, Visibility
from publishers.errors import Gone, NotAuthorized, PublishingError, RateLimited
from publishers.http import Answer, origin_of
from publishers.platforms.mastodon.status import links_to


def too_fast(answer: Answer) -> PublishingError | None:
    """Of a 429 the moment stands in a header of its own, as an ISO time."""
    if answer.status != 429:
        return None
    reset = time_of(answer.headers.get("x-ratelimit-reset"))
    wait = answer.retry_after()
    if wait is None and reset is not None:
        wait = min(max((reset - datetime.now(UTC)).total_seconds(), 1.0), 24 * 3600.0)
    return RateLimited("Mastodon asks us to slow down.", wait if wait is not None else 300.0)


def refusal(answer: Answer) -> PublishingError | None:
    """403 is about the token or the account, never about a text: that is 422."""
    if answer.status == 403:
        return NotAuthorized(f"Mastodon does not let this token write: {answer.words() or 'it did not say why.'}")
    return too_fast(answer)


def gone(answer: Answer) -> PublishingError | None:
    if answer.status == 404:
        return Gone("The status is no longer on Mastodon.")
    return refusal(answer)


def status_in(answer: Answer) -> RemotePost:
    status = answer.json()
    if not isinstance(status, dict) or not is_id(status.get("id")) or not origin_of(str(status.get("url") or "")):
        raise answer.unclear("Mastodon answered without the status and its address")
    return remote_post(status)


def remote_post(status: dict[str, Any]) -> RemotePost:
    return RemotePost(status["id"], str(status.get("url") or ""), Visibility.PUBLIC)


def names_page(status: dict[str, Any], url: str) -> bool:
    return links_to(str(status.get("content") or ""), url)


def number_in(remote_id: str) -> str:
    if not is_id(remote_id):
        raise Gone(f"“{remote_id[:40]}” is not the number of a status.")
    return remote_id


def is_id(value: Any) -> bool:
    """Numbers as text; other servers that speak Mastodon's language use letters as well."""
    return isinstance(value, str) and bool(re.fullmatch(r"[\w-]{1,100}", value))


def at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def host_of(url: str) -> str:
    return origin_of(url).split("//")[-1]


def time_of(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
