"""What Google's answers mean.

The shapes are those of all its APIs; which reasons Blogger gives is not verified.
"""

from __future__ import annotations

from json import JSONDecodeError, loads
from typing import Any

from publishers.errors import Fault, Gone, NotAuthorized, PublishingError, RateLimited, Rejected
from publishers.http import Answer

TOO_FAST = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}
SWITCHED_OFF = {"accessNotConfigured", "SERVICE_DISABLED"}
SHORT_REST = 60.0  # seconds, where no time is named
LONG_REST = 3600.0  # where the quota of a day is used up


def token(answer: Answer) -> PublishingError | None:
    """The hook of the call that gets an access token (RFC 6749, 5.2)."""
    code = _data(answer).get("error")
    if answer.status not in (400, 401, 403) or not isinstance(code, str):
        return None
    words = answer.words().rstrip(".")
    if code == "invalid_grant":
        message = (
            f"Blogger does not accept the refresh token: {words}. It was revoked or has run out; those of an app whose "
            "consent screen is still in testing end after a week."
        )
    elif code in ("invalid_client", "unauthorized_client"):
        message = f"Blogger does not accept the client ID and its secret: {words}."
    else:
        message = f"Blogger gives no access: {words}."
    return NotAuthorized(message).because(Fault.KEY_REFUSED)


def reading(answer: Answer) -> PublishingError | None:
    if answer.status != 403:
        return None
    return _throttled(answer) or _not_allowed(answer, NotAuthorized)


def writing(answer: Answer) -> PublishingError | None:
    if answer.status == 403:
        return _throttled(answer) or _not_allowed(answer, Rejected)
    if answer.status == 404:
        return Gone("It is no longer on Blogger.")
    return None


def reasons(answer: Answer) -> set[str]:
    """Both ways in which Google names a reason: errors[].reason, and details[].reason."""
    error = _data(answer).get("error")
    if not isinstance(error, dict):
        return set()
    listed = [one for name in ("errors", "details") for one in error.get(name) or [] if isinstance(one, dict)]
    return {str(one["reason"]) for one in listed if one.get("reason")}


def _throttled(answer: Answer) -> PublishingError | None:
    named = reasons(answer) & TOO_FAST
    if not named:
        return None
    rest = LONG_REST if named & {"quotaExceeded", "dailyLimitExceeded"} else SHORT_REST
    wait = answer.retry_after()
    return RateLimited(f"Blogger asks us to slow down: {answer.words()}", rest if wait is None else wait)


def _not_allowed(answer: Answer, kind: type[NotAuthorized] | type[Rejected]) -> PublishingError:
    words = answer.words().rstrip(".") or "it did not say why"
    if reasons(answer) & SWITCHED_OFF:
        message = f"The Blogger API is not switched on in your Google Cloud project: {words}."
        return NotAuthorized(message).because(Fault.PLAN)
    return kind(f"Blogger does not allow it to this account: {words}.").because(Fault.ROLE)


def _data(answer: Answer) -> dict[str, Any]:
    try:
        data = loads(answer.text)
    except (JSONDecodeError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
