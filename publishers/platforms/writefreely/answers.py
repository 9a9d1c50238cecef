"""What WriteFreely's answers mean: {"code", "data"}, or {"code", "error_msg"}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError, loads
from typing import Any

from publishers.errors import Fault, Gone, NotAuthorized, PublishingError, Rejected
from publishers.http import Answer

ID = re.compile(r"[a-zA-Z0-9]{10}")
CLOCKS_APART = timedelta(minutes=10)  # a post that is further ahead was given its time by somebody
NOT_MINE = "invalid editing credentials"  # said with 401 of a post that is not there, whatever the token


def words_of(answer: Answer) -> str:
    """The platform's own sentence, "" when it gave none."""
    try:
        data = loads(answer.text)
    except (JSONDecodeError, RecursionError):
        return ""
    return str(data.get("error_msg") or "") if isinstance(data, dict) else ""


def refusal(answer: Answer) -> PublishingError | None:
    """What holds for every call; the shared table says the rest."""
    words = words_of(answer)
    if answer.status == 401:
        said = words or "it is wrong or has run out."
        return NotAuthorized(f"WriteFreely does not accept the token: {said}").because(Fault.KEY_REFUSED)
    if answer.status == 403 and "silenced" in words.lower():
        return NotAuthorized(f"WriteFreely has silenced this account: {words}").because(Fault.ROLE)
    if answer.writes and 400 <= answer.status < 500 and answer.status not in (408, 429) and words:
        return Rejected(f"WriteFreely refused it: {words}")
    return None


def refusal_of_change(answer: Answer) -> PublishingError | None:
    """A change of one post: of one that is not there it says that the credentials are wrong."""
    if answer.status in (404, 410) or (answer.status == 401 and NOT_MINE in words_of(answer).lower()):
        return Gone("The post is no longer on WriteFreely.")
    return refusal(answer)


def gone(answer: Answer) -> PublishingError | None:
    """The reading of one post."""
    if answer.status in (404, 410) and words_of(answer):
        return Gone("The post is no longer on WriteFreely.")
    return refusal(answer)


def no_log_in(answer: Answer) -> PublishingError | None:
    """A log-in: an unknown name is 404, no password at all 400."""
    if answer.status in (400, 401, 403, 404, 412):
        words = words_of(answer) or "the user name or the password is wrong."
        return NotAuthorized(f"WriteFreely does not let us log in: {words}").because(Fault.KEY_REFUSED)
    return None


def data_of(answer: Answer) -> Any:
    """What is in "data", None when nothing is. Raises what an unreadable answer means."""
    data = answer.json()
    return data.get("data") if isinstance(data, dict) else None


def id_in(answer: Answer, post: Any) -> str:
    """The number of a post. Raises what an unclear answer means when there is none."""
    key = post.get("id") if isinstance(post, dict) else None
    if not is_id(key):
        raise answer.unclear("WriteFreely answered without the post's number")
    return str(key)


def is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(ID.fullmatch(value))


def alias_of(post: Any) -> str:
    """The blog that a post is in, "" for a draft."""
    collection = post.get("collection") if isinstance(post, dict) else None
    return str(collection.get("alias") or "") if isinstance(collection, dict) else ""


def body_of(post: dict[str, Any]) -> str:
    """The raw text, with our mark."""
    return str(post.get("body") or "")


def is_ahead(created: Any) -> bool:
    """Whether the time of a post is still to come."""
    try:
        moment = datetime.fromisoformat(str(created))
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) > datetime.now(UTC) + CLOCKS_APART


def about_slug(post: dict[str, Any], posts: Mapping[str, dict[str, Any]]) -> str:
    """Whether the address that the title makes was taken, so that four letters were added."""
    slug = str(post.get("slug") or "")
    plain = re.sub(r"-[0-9b-df-hj-np-tv-z]{4}\Z", "", slug)
    others = {one.get("slug") for key, one in posts.items() if key != post["id"] and alias_of(one) == alias_of(post)}
    if plain == slug or plain not in others:
        return ""
    return f"The address “{plain}” was taken in this blog: it became “{slug}”."
