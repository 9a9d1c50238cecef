"""What the answers of a server of the AT Protocol mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from publishers.errors import Fault, NotAuthorized, PublishingError, RateLimited, Rejected
from publishers.http import Answer
from publishers.platforms.bluesky.sessions import Session

EXPIRED = ("ExpiredToken", "InvalidToken")
LOCKED_OUT = ("AccountTakedown", "AccountDeactivated", "AccountSuspended")


class Expired(NotAuthorized):
    """The session has run out: nothing was done."""


def session_in(answer: Answer) -> Session:
    data = answer.json()
    names = ("did", "handle", "accessJwt", "refreshJwt")
    if not isinstance(data, dict) or not all(isinstance(data.get(name), str) and data[name] for name in names):
        raise answer.unclear("Bluesky did not open a session")
    if data.get("active") is False:
        raise NotAuthorized(f"Bluesky says that this account is {data.get('status') or 'not active'}.")
    return Session(data["did"], data["handle"], data["accessJwt"], data["refreshJwt"])


def error_of(answer: Answer) -> str:
    try:
        data = answer.json()
    except PublishingError:
        return ""
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _words(answer: Answer) -> str:
    return answer.words().rstrip(".") or "it did not say why"


def too_fast(answer: Answer) -> PublishingError | None:
    """Of a 429 the moment stands in a header of its own, in seconds since 1970."""
    if answer.status != 429:
        return None
    wait, reset = answer.retry_after(), answer.headers.get("ratelimit-reset", "")
    if wait is None and re.fullmatch(r"\d{9,11}", reset):
        wait = min(max(int(reset) - datetime.now(UTC).timestamp(), 1.0), 24 * 3600.0)
    return RateLimited("Bluesky asks us to slow down.", wait if wait is not None else 300.0)


def no_session(answer: Answer) -> PublishingError | None:
    match error_of(answer):
        case "AuthFactorTokenRequired":
            words = "Bluesky sends a code by mail for your own password: make an app password, which needs none."
            return NotAuthorized(words).because(Fault.KEY_REFUSED)
        case error if error in LOCKED_OUT:
            return NotAuthorized(f"Bluesky does not let this account in: {_words(answer)}.")
        case _ if answer.status in (400, 401):
            words = f"Bluesky does not accept the handle and its app password: {_words(answer)}."
            return NotAuthorized(words).because(Fault.KEY_REFUSED)
    return too_fast(answer)


def refusal(answer: Answer) -> PublishingError | None:
    error = error_of(answer)
    if answer.status in (400, 401) and error in EXPIRED:
        return Expired("The session with Bluesky has run out.")
    if answer.status in (400, 401, 403) and error in LOCKED_OUT:
        return NotAuthorized(f"Bluesky does not let this account in: {_words(answer)}.")
    if answer.status == 400:
        return Rejected(f"Bluesky refused it: {_words(answer)}.")
    return too_fast(answer)
