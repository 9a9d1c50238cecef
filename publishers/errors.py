"""What can go wrong at a platform, named for what the engine does next.

The message of each error is the sentence that the author reads. What was sent and answered is kept by
``publishers.http.Http.exchanges``, not here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Fault(StrEnum):
    """What is wrong with a channel, where an error can tell. ``publishers.doctor`` has the remedy of each."""

    DNS = "dns"  # its name cannot be resolved
    TLS = "tls"  # its certificate is not accepted
    PRIVATE = "private"  # its address is not a public one, and our guard refuses it
    UNREACHABLE = "unreachable"  # refused, silent, or broken off
    MOVED = "moved"  # it redirects
    RETIRED = "retired"  # there is nothing at this address any more
    NOT_DATA = "not_data"  # a web page instead of data
    KEY_REFUSED = "key_refused"
    KEY_NOT_SEEN = "key_not_seen"  # the platform says that no key came with the call
    WRONG_ACCOUNT = "wrong_account"
    ROLE = "role"  # this account may not publish there
    PLAN = "plan"  # what is paid for does not allow it
    RATE = "rate"  # too many calls, or too many articles
    CLOCK = "clock"  # its clock and ours are apart


class PublishingError(Exception):
    """Something went wrong at a platform. ``str(error)`` is the sentence that the author reads."""

    fault: Fault | None = None

    def because(self, fault: Fault | None) -> Self:
        """The same error, with what is wrong with the channel: ``raise Rejected("…").because(Fault.PLAN)``."""
        self.fault = fault
        return self


class Rejected(PublishingError):
    """The platform refused the content. Nothing was created; trying again unchanged is useless: tell the author."""


class Gone(Rejected):
    """The draft that was to be made public is no longer on the platform. Forget its id and let the author decide."""


class NotAuthorized(PublishingError):
    """The credentials are refused and nothing was created.

    Close the channel, tell its people once, keep its deliveries.
    """


class Later(PublishingError):
    """Nothing was created; try again later. ``retry_after`` is in seconds, None when the platform named no time."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Later):
    """The platform asked us to slow down. It is not a failed try."""


class Unavailable(Later):
    """The platform could not be reached, or a reading call failed: nothing can have been created."""


class OutcomeUnknown(PublishingError):
    """It was sent and there is no clear answer: the article may or may not be there. Look before any second try."""


class PerhapsThere(OutcomeUnknown):
    """The platform says that something like it is there already: it may be our own earlier try. Look.

    When the look-up proves that it is not ours: with ``retry_after`` (seconds) try again then, without it the
    refusal stands and ``str(error)`` is what the author reads.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unsupported(PublishingError):
    """This cannot be done on this platform at all. Said while scheduling, never at night."""
