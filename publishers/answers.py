"""What came back, and what it means: a platform's answer and the one table from status to error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from http import HTTPStatus
from json import JSONDecodeError, loads
from typing import Any

from publishers.errors import (
    Fault,
    NotAuthorized,
    OutcomeUnknown,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)

LONGEST_WAIT = 24 * 3600.0  # seconds: no platform's Retry-After may park a post for longer than a day
LONGEST_QUOTE = 500  # characters of a platform's own words in a sentence for the author

# Keys under which platforms put their sentence, in the order of preference.
WORDS_KEYS = ("error_description", "message", "error", "errors", "detail", "title")


@dataclass(frozen=True)
class Answer:
    """What a platform said, whole: an answer that was cut short or came too late never becomes an Answer.

    ``headers`` has lower-case names. ``label`` and ``writes`` belong to the call and only help to name errors.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    label: str = field(default="The platform", repr=False)
    writes: bool = field(default=False, repr=False)

    def json(self) -> Any:
        """The parsed body. Raises OutcomeUnknown after a writing call, Unavailable after a reading one."""
        try:
            return loads(self.text)
        except (JSONDecodeError, RecursionError):
            kind = "a web page" if _is_html(self) else "something unreadable"
            words = f"{self.label} answered {self.status} with {kind} instead of data"
            raise self.unclear(words).because(Fault.NOT_DATA) from None

    def words(self) -> str:
        """The platform's own explanation in one line of at most 500 characters, "" when it gave none."""
        try:
            words = _sentence(loads(self.text))
        except (JSONDecodeError, RecursionError):
            words = "" if _is_html(self) else self.text
        return _one_line(words)

    def retry_after(self) -> float | None:
        """Seconds to wait as the platform asks, between 0 and a day; None when it names none (RFC 9110, 10.2.3)."""
        value = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", value):
            return min(float(value), LONGEST_WAIT)
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)

    def unclear(self, what: str) -> PublishingError:
        """The error for an answer that cannot be relied on; ``what`` is the beginning of a sentence, no full stop."""
        return unclear(what, writes=self.writes, retry_after=self.retry_after())


@dataclass
class Exchange:
    """One request and its answer as kept on an Attempt: secrets removed, bodies capped."""

    method: str
    url: str
    request: str = ""
    status: int | None = None
    response: str = ""
    error: str = ""
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


Hook = Callable[[Answer], PublishingError | None]


def unclear(what: str, *, writes: bool, retry_after: float | None = None) -> PublishingError:
    """The error for a call without a clear answer: a written article may be there, a failed reading did nothing."""
    if writes:
        return OutcomeUnknown(f"{what}. Whether the article got there is not known yet.")
    return Unavailable(f"{what}.", retry_after)


def error_for(answer: Answer) -> PublishingError | None:
    """The one table from status to error; None for 2xx.

    A reading call creates nothing, so that whatever fails there is Unavailable, a refused key and 429 apart.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return _redirected(answer)
    said = _said(answer)
    if status == 401:
        return NotAuthorized(f"{answer.label} does not accept the key: {said}.").because(Fault.KEY_REFUSED)
    if status == 403 and not answer.writes and _is_html(answer):  # a firewall's page: the platform was not even asked
        return Unavailable(f"{answer.label} answered 403 with a web page instead of data.").because(Fault.NOT_DATA)
    if status == 403 and not answer.writes:
        return NotAuthorized(f"{answer.label} does not let this key read: {said}.").because(Fault.KEY_REFUSED)
    if status == 429:
        return RateLimited(f"{answer.label} asks us to slow down: {said}.", answer.retry_after())
    if status == 408 or status >= 500 or status < 200:
        return answer.unclear(f"{answer.label} answered {said}")
    if answer.writes:
        # 403 is as often a refused text or a firewall as a refused key: an adapter that can tell says so in its hook.
        return Rejected(f"{answer.label} refused it: {said}.")
    fault = Fault.RETIRED if status in (404, 405, 410) else None
    return Unavailable(f"{answer.label} could not be read: {said}.", answer.retry_after()).because(fault)


def _redirected(answer: Answer) -> PublishingError:
    """Never followed: a redirect carries the key along, and turns a POST into a GET."""
    target = answer.headers.get("location", "")[:LONGEST_QUOTE]
    what = f"{answer.label} answered {answer.status}: it has moved to {target or 'an address it does not name'}"
    if answer.writes and answer.status in (301, 307, 308):
        words = f"{what}. Please correct the address in the channel's settings."
        return Rejected(words).because(Fault.MOVED)
    if answer.writes:  # 302 and 303 are also how some servers end a POST that they did carry out
        return answer.unclear(what)
    return Unavailable(f"{what}. Please correct the address in the channel's settings.").because(Fault.MOVED)


def _said(answer: Answer) -> str:
    """The status with the platform's words, as in "422 (Title is too long)"."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    words = (answer.words() or phrase).rstrip(".")
    return f"{answer.status} ({words})" if words else str(answer.status)


def _is_html(answer: Answer) -> bool:
    return "html" in answer.headers.get("content-type", "") or answer.text.lstrip()[:1] == "<"


def _sentence(data: Any) -> str:
    """The first sentence in whatever shape a platform wraps it: text, list, {"error": …}, {"errors": [{…}]}."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return ", ".join(filter(None, (_sentence(item) for item in data[:5])))
    if isinstance(data, dict):
        return next(filter(None, (_sentence(data.get(key)) for key in WORDS_KEYS)), "")
    return ""


def _one_line(words: str) -> str:
    line = " ".join(unescape(words).split())
    return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + "…"
