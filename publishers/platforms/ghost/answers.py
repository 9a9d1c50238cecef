"""What Ghost's answers mean beyond their status: its errors carry a type, a code and a context."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError, loads
from typing import Any
from urllib.parse import urljoin

from publishers.base import RemotePost, Visibility
from publishers.errors import Fault, Gone, NotAuthorized, PerhapsThere, PublishingError, Rejected, Unavailable
from publishers.http import Answer, origin_of

SKEW = 240.0  # seconds: a token counts for five minutes, and only by Ghost's own clock
ID = re.compile(r"[0-9a-f]{24}")

# What a 403 says where the header with the key has got lost on the way (Ghost 6.65, observed).
UNSEEN_KEY = "unable to determine the authenticated user or integration"


@dataclass(frozen=True)
class Trouble:
    """The first of {"errors": […]}."""

    type: str
    code: str
    words: str  # message and context in one


def trouble_in(answer: Answer) -> Trouble:
    try:
        errors = _at(loads(answer.text), "errors")
    except (JSONDecodeError, RecursionError):
        errors = None
    first = errors[0] if isinstance(errors, list) and errors else None
    message, context = (" ".join(str(_at(first, name) or "").split()) for name in ("message", "context"))
    words = message if not context or context in message else f"{message} {context}".strip()
    return Trouble(str(_at(first, "type") or ""), str(_at(first, "code") or ""), words)


def refusal(answer: Answer) -> PublishingError | None:
    """What holds for every call; the shared table says the rest."""
    trouble = trouble_in(answer)
    if 300 <= answer.status < 400:
        return _moved(answer)
    if answer.status in (401, 403):
        return _key_refused(answer, trouble)
    if answer.status == 503 and trouble.type == "MaintenanceError":
        return Unavailable(f"Ghost is being maintained: {trouble.words}", answer.retry_after())
    if answer.status == 404 and not trouble.type and not answer.writes:
        words = "There is no Ghost at this address: it answered 404. Please check the address of your site."
        return Unavailable(words).because(Fault.RETIRED)
    if answer.writes and trouble.words and 400 <= answer.status < 500 and answer.status not in (408, 429):
        return Rejected(f"Ghost refused it: {trouble.words}")
    return None


def refusal_of_change(answer: Answer) -> PublishingError | None:
    """A call about one post, by its id."""
    trouble = trouble_in(answer)
    if answer.status == 404 and trouble.type == "NotFoundError":
        return Gone("The post is no longer on Ghost.")
    if trouble.type == "EmailError":
        # Before the post is saved, when the newsletter is not known; after it, when the mail cannot be made.
        return PerhapsThere(f"Ghost could not send the newsletter: {trouble.words}")
    return refusal(answer)


def _key_refused(answer: Answer, trouble: Trouble) -> PublishingError | None:
    if trouble.code == "UNKNOWN_ADMIN_API_KEY":
        words = "Ghost does not know this Admin API key: it was deleted, or it is another site's."
        return NotAuthorized(words).because(Fault.KEY_REFUSED)
    if trouble.code == "INVALID_JWT":
        skew = _skew(answer)
        if abs(skew) >= SKEW:
            return NotAuthorized(_about_clocks(skew)).because(Fault.CLOCK)
        words = "Ghost does not accept the Admin API key: its second part is wrong. Please copy it again."
        return NotAuthorized(words).because(Fault.KEY_REFUSED)
    if UNSEEN_KEY in trouble.words.lower() or trouble.code == "INVALID_AUTH_HEADER":
        return NotAuthorized(
            "Ghost did not see our key: something in front of it, such as a proxy, removes or changes the header"
            " “Authorization”."
        ).because(Fault.KEY_NOT_SEEN)
    if trouble.type == "HostLimitError" and "integration" in trouble.words.lower():
        words = f"The plan of this Ghost site does not let other programs publish: {trouble.words}"
        return NotAuthorized(words).because(Fault.PLAN)
    return None


def _skew(answer: Answer) -> float:
    """Seconds by which Ghost's clock is ahead of ours, as far as its answer says."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return 0.0
    return ((theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()


def _about_clocks(skew: float) -> str:
    direction = "ahead of" if skew > 0 else "behind"
    return (
        f"Ghost refused the key because of the time: its server's clock is {round(abs(skew) / 60)} minutes {direction}"
        " ours, and a key is good for five. Please set the clock that is wrong, then check the channel again."
    )


def _moved(answer: Answer) -> PublishingError | None:
    """A redirect inside Ghost's API names the address that the site really has."""
    target = answer.headers.get("location", "")
    site = target.partition("/ghost/")[0] if "/ghost/" in target else ""
    if not origin_of(site):
        return None
    sentence = f"This site calls itself {site}: please enter that as the address of your site."
    return (Rejected(sentence) if answer.writes else Unavailable(sentence)).because(Fault.MOVED)


# --- Posts -------------------------------------------------------------------------------------------------------


def posts_in(answer: Answer) -> list[dict[str, Any]]:
    posts = _at(answer.json(), "posts")
    if not isinstance(posts, list) or not all(ID.fullmatch(str(_at(post, "id"))) for post in posts):
        raise answer.unclear("Ghost answered with something else than posts")
    return posts


def post_in(answer: Answer, expected: str = "") -> dict[str, Any]:
    """The one post of an answer. Raises what an unclear answer means when there is none, or another one."""
    posts = posts_in(answer)
    if len(posts) != 1:
        raise answer.unclear(f"Ghost answered with {len(posts)} posts instead of one")
    if expected and posts[0]["id"] != expected:
        raise answer.unclear("Ghost answered for another post")
    return posts[0]


def remote_post(answer: Answer, post: dict[str, Any], note: str = "") -> RemotePost:
    visibilities = {
        "draft": Visibility.DRAFT,
        "scheduled": Visibility.SCHEDULED,
        "published": Visibility.PUBLIC,
        "sent": Visibility.PUBLIC,  # mailed, and not on the site: readers have it
    }
    visibility = visibilities.get(str(post.get("status")))
    if visibility is None:
        raise answer.unclear("Ghost did not say whether the post is public")
    url = str(post.get("url") or "")
    if visibility is Visibility.PUBLIC and not origin_of(urljoin(url, "/")):
        raise answer.unclear("Ghost answered without the post's address")
    return RemotePost(post["id"], "" if visibility is Visibility.DRAFT else url, visibility, note=note)


def internal_tags(post: dict[str, Any]) -> list[str]:
    """Names of the internal tags that a post has, without marks of ours."""
    tags = post.get("tags")
    names = [str(_at(tag, "name") or "") for tag in tags] if isinstance(tags, list) else []
    return [name for name in names if name.startswith("#") and not name.startswith("#bs-")]


def roles_in(answer: Answer) -> list[str]:
    """The roles of whoever's key it is."""
    users = _at(answer.json(), "users")
    roles = _at(users[0], "roles") if isinstance(users, list) and users else None
    return [str(_at(role, "name") or "") for role in roles] if isinstance(roles, list) else []


def about_slug(wanted: str, post: dict[str, Any]) -> str:
    """What the author is told about another slug than was asked for; "" when there is nothing to tell."""
    slug = str(post.get("slug") or "")
    return f"Ghost gave it the slug “{slug}”, not “{wanted}”." if wanted and slug and slug != wanted else ""


def about_mail(newsletter: str, post: dict[str, Any]) -> str:
    """The same about a newsletter that was asked for and is not confirmed."""
    if not newsletter or post.get("email"):
        return ""
    return f"Ghost did not say that it is mailed to “{newsletter}”: please look there."


def _at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
