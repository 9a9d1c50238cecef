"""What every announcement promises, against the sandbox, which counts what it got."""

from __future__ import annotations

from publishers import testing_announcements
from publishers.testing_announcements import ELSEWHERE, PAGE
from tests.publishers.contract import PublisherContract

__all__ = ["ELSEWHERE", "PAGE", "AnnouncementContract"]


class AnnouncementContract(testing_announcements.AnnouncementContract, PublisherContract):
    """The former's promises, and the latter's way to count."""
