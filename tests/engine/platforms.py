"""Platforms in one process, one of each kind, whose every answer the search chooses.

They stand in ``PUBLISHERS`` like real ones. What they have stored is the oracle: ``Street.copies``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from django import forms

from publishers.base import Account, Article, Finding, Limits, OneStep, Publisher, RemotePost, TwoStep, Visibility
from publishers.errors import (
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PerhapsThere,
    RateLimited,
    Rejected,
    Unavailable,
)

SETTLE = 60  # seconds after which a look-up surely sees a change


class Answer(StrEnum):
    OK = "ok"
    STORED_UNHEARD = "stored, and the answer is lost"
    LOST = "not stored, and no answer"
    REFUSED = "refused"
    WAIT = "asked to wait"
    AWAY = "out of reach"
    UNAUTHORIZED = "the key is refused"
    DUPLICATE = "refused as a duplicate of somebody else's"
    DELETED = "the author has deleted the draft"
    STALE = "as it was before the last change"
    UNSEEN = "not seen, which proves nothing"


@dataclass(frozen=True, order=True)
class Copy:
    """One article as a platform has it."""

    delivery: int  # whose it is: the platform knows it by the delivery's key
    account: str
    id: str
    state: str  # "draft", "public", "gone"
    before: str  # what a stale look-up sees: "" while it did not exist
    settles: int  # seconds until every look-up sees ``state``
    text: str = "old"  # "new" once it was updated


class Street:
    """Everything that all platforms have stored, and the answer that the next call gets."""

    def __init__(self) -> None:
        self.keys: list[str] = []  # of the deliveries
        self.copies: tuple[Copy, ...] = ()
        self.answer = Answer.OK
        self.reached = False  # the call came as far as the platform

    def of(self, key: str, account: str) -> list[Copy]:
        delivery = self.keys.index(key)
        return [copy for copy in self.copies if (copy.delivery, copy.account) == (delivery, account)]

    def add(self, key: str, account: str, state: str, settle: float) -> Copy:
        delivery = self.keys.index(key)
        number = sum(copy.delivery == delivery for copy in self.copies) + 1
        copy = Copy(delivery, account, f"{delivery}-{number}", state, "", int(settle))
        self.copies = (*self.copies, copy)
        return copy

    def change(self, copy: Copy, state: str, settle: float) -> None:
        changed = replace(copy, state=state, before=copy.state, settles=int(settle))
        self.copies = tuple(changed if one == copy else one for one in self.copies)


class Model(Publisher):
    """What every kind has in common: one call, one answer, and nothing after the fence."""

    street: ClassVar[Street]
    credentials_form = forms.Form
    settings_form = forms.Form

    @property
    def account(self) -> str:
        return str(self.credentials["account"])

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return "https://example.com"

    def verify(self) -> Account:
        return Account(id=self.account, name=self.account, url=f"https://example.com/{self.account}")

    def check(self, article: Article) -> list[Finding]:
        return []

    def payload(self, article: Article) -> dict[str, Any]:
        return {"key": article.key}

    def mine(self, article: Article) -> list[Copy]:
        return self.street.of(article.key, self.account)

    def add(self, article: Article, state: str) -> RemotePost:
        return seen(self.street.add(article.key, self.account, state, self.limits.settle_seconds))

    def change(self, copy: Copy, state: str) -> None:
        self.street.change(copy, state, self.limits.settle_seconds)

    def write(self, work: Callable[[], RemotePost]) -> RemotePost:
        self._in_time()
        answer = self.street.answer
        if answer == Answer.AWAY:
            raise Unavailable("Nobody answers.")
        self.street.reached = True
        match answer:
            case Answer.LOST:
                raise OutcomeUnknown("No answer.")
            case Answer.REFUSED:
                raise Rejected("We do not like it.")
            case Answer.WAIT:
                raise RateLimited("Not so fast.", 30)
            case Answer.UNAUTHORIZED:
                raise NotAuthorized("Who are you?")
            case Answer.DUPLICATE:
                raise PerhapsThere("There is something like it.")
        value = work()
        if answer == Answer.STORED_UNHEARD:
            raise OutcomeUnknown("No answer.")
        return value

    def look(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """The most visible one of ours, as this look-up sees it."""
        self._in_time()
        answer = self.street.answer
        if answer == Answer.AWAY:
            raise Unavailable("Nobody answers.")
        self.street.reached = True
        if answer == Answer.UNAUTHORIZED:
            raise NotAuthorized("Who are you?")
        if answer == Answer.UNSEEN:
            return None
        copies = self.mine(article)
        if answer == Answer.STALE:
            copies = [replace(copy, state=copy.before) if copy.settles else copy for copy in copies]
        there = [copy for copy in copies if copy.state in ("draft", "public")]
        there.sort(key=lambda copy: (copy.state != "public", copy.id != remote_id))
        return seen(there[0]) if there else None

    def _in_time(self) -> None:
        """The fence, which for a real platform is kept by publishers.http."""
        if self.http.not_after is not None and time.monotonic() > self.http.not_after:
            raise Unavailable("It was not called: the time to send it is over.")


def seen(copy: Copy) -> RemotePost:
    url = f"https://example.com/{copy.id}" if copy.state == "public" else ""
    return RemotePost(copy.id, url, Visibility(copy.state))


class Drafts(Model, TwoStep):
    """As DEV: a draft is made public by its id, and keeps it."""

    name, label = "model-drafts", "Drafts"
    limits = Limits(settle_seconds=SETTLE, seconds_between_writes=1)

    def create_draft(self, article: Article) -> RemotePost:
        return self.write(lambda: self.add(article, "draft"))

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        return self.write(lambda: self.flip(remote_id, article))

    def flip(self, remote_id: str, article: Article) -> RemotePost:
        for copy in self.mine(article):
            if copy.id == remote_id and copy.state != "gone":
                if self.street.answer == Answer.DELETED:
                    self.change(copy, "gone")
                    break
                if copy.state == "draft":
                    self.change(copy, "public")
                return seen(replace(copy, state="public"))
        raise Gone("The draft is not there any more.")

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        return self.look(article, remote_id)


class UsedUp(Drafts):
    """As Hashnode: publishing uses the draft up, the post is another thing with an id of its own; look twice."""

    name, label = "model-used-up", "Used up"
    limits = Limits(settle_seconds=SETTLE, looks=2)

    def flip(self, remote_id: str, article: Article) -> RemotePost:
        for copy in self.mine(article):
            if copy.id == remote_id and copy.state == "draft":
                self.change(copy, "gone")
                if self.street.answer == Answer.DELETED:
                    break
                return self.add(article, "public")
        raise PerhapsThere("There is no such draft: it may have been published.")


class Findable(Model, OneStep):
    """One step, and it can be looked up."""

    name, label = "model-findable", "Findable"
    limits = Limits(settle_seconds=SETTLE)

    def publish(self, article: Article) -> RemotePost:
        return self.write(lambda: self.add(article, "public"))

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        return self.look(article, remote_id)


class Changeable(Findable):
    """What is out can be brought to another text, and be taken back: each as often as one likes."""

    name, label = "model-changeable", "Changeable"

    def update(self, remote_id: str, article: Article) -> RemotePost:
        return self.write(lambda: self.revise(remote_id, article.key, text="new"))

    def unpublish(self, remote_id: str) -> None:
        self.write(lambda: self.revise(remote_id, self.street.keys[0], state="hidden"))

    def revise(self, remote_id: str, key: str, **changes: str) -> RemotePost:
        for copy in self.street.of(key, self.account):
            if copy.id == remote_id and copy.state != "gone":
                if self.street.answer == Answer.DELETED:
                    self.change(copy, "gone")
                    break
                changed = replace(copy, **changes)  # type: ignore[arg-type]
                self.street.copies = tuple(changed if one == copy else one for one in self.street.copies)
                is_public = changed.state == "public"
                return RemotePost(copy.id, "", Visibility.PUBLIC if is_public else Visibility.DRAFT)
        raise Gone("It is not there any more.")


class Idempotent(Findable):
    """As a folder: the same article again is the same file."""

    name, label = "model-idempotent", "Idempotent"
    limits = Limits(settle_seconds=0)

    def publish(self, article: Article) -> RemotePost:
        own = self.mine(article)
        return self.write(lambda: seen(own[0]) if own else self.add(article, "public"))


class Glimpsed(Model, OneStep):
    """As Medium with its feed: what is seen is there, what is not seen may be there."""

    name, label = "model-glimpsed", "Glimpsed"
    limits = Limits(settle_seconds=SETTLE)

    def publish(self, article: Article) -> RemotePost:
        return self.write(lambda: self.add(article, "public"))

    def glimpse(self, article: Article) -> RemotePost | None:
        return self.look(article)


class Blind(Model, OneStep):
    """No drafts, and no way to look."""

    name, label = "model-blind", "Blind"
    limits = Limits(settle_seconds=SETTLE)

    def publish(self, article: Article) -> RemotePost:
        return self.write(lambda: self.add(article, "public"))


KINDS: tuple[type[Model], ...] = (Drafts, UsedUp, Findable, Glimpsed, Blind, Idempotent)
