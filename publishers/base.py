"""What every publisher promises. A platform is one class in one file; ``publishers.PUBLISHERS`` lists them.

A publisher is made for one call, with the channel's credentials and settings and the way out. It returns a value or
raises one of ``publishers.errors``; it never sleeps, never retries and never touches the database.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from django import forms

    from publishers.http import Http


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture of ours that an article shows. Two with the same ``digest`` are the same picture."""

    digest: str  # SHA-256 of the file's bytes, in hexadecimal
    url: str  # the address that the Markdown and ``Article.cover_url`` name it by
    path: Path = field(repr=False)  # where its bytes are
    name: str = ""  # such as "engine.png"
    media_type: str = ""  # such as "image/png"
    size: int = 0  # bytes
    width: int = 0  # pixels
    height: int = 0
    alt: str = ""


@dataclass(frozen=True)
class RemoteImage:
    """A picture of ours as it stands on the platform. ``id`` is "" where it is known by its address alone."""

    id: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Article:
    """One post as one channel gets it: plain values, no database behind it."""

    key: str  # the delivery's key, a UUID that never changes: the mark by which find() knows our article again
    title: str
    markdown: str
    summary: str = ""
    tags: tuple[str, ...] = ()
    slug: str = ""
    cover_url: str = ""
    canonical_url: str = ""
    language: str = ""  # BCP 47, such as "en" or "de-AT"
    author: str = ""
    due_at: datetime | None = None  # aware; when it is meant to appear
    ai_disclosure: str = ""  # one of AI_DISCLOSURE, "" when the author has not said
    options: Mapping[str, Any] = field(default_factory=dict)  # cleaned values of the publisher's options_form
    images: tuple[Image, ...] = ()  # our own pictures in the text, and the cover where it is one
    uploaded: Mapping[str, RemoteImage] = field(default_factory=dict)  # those that are on the platform, by digest


AI_DISCLOSURE = {
    "no_ai": "Written without AI",
    "some_ai": "Written with some help of AI",
    "fully_autonomous": "Written by AI",
    "not_disclosed": "Not disclosed",
}


class Visibility(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"  # by the platform's own clock
    PUBLIC = "public"


@dataclass(frozen=True)
class RemotePost:
    """An article as it stands on the platform. ``url`` may be "" while it is a draft."""

    id: str
    url: str
    visibility: Visibility
    as_wished: bool = False  # not public, because that is what the author asked for
    note: str = field(default="", compare=False)  # what came out otherwise than was asked: sentences for the author


@dataclass(frozen=True)
class Account:
    """Whom the credentials belong to, as the platform names them."""

    id: str
    name: str
    url: str = ""
    # What may be chosen for fields of settings_form, such as a publication: (value, label) pairs by field. A field
    # left empty with one choice gets it; with several the person is asked.
    choices: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    # What the platform tells of itself, for fields of settings_form that were left empty, such as an endpoint.
    found: Mapping[str, str] = field(default_factory=dict)
    # To be kept instead of those that were given, such as a token for a password. None keeps them.
    credentials: Mapping[str, str] | None = field(default=None, repr=False, compare=False)


class Level(StrEnum):
    REFUSED = "refused"  # the platform would not take it: it cannot be scheduled like this
    LOST = "lost"  # it appears without this
    CHANGED = "changed"  # it appears, but looks or reads differently
    NOTE = "note"  # worth knowing; nothing has to be done


@dataclass(frozen=True)
class Finding:
    """What one platform will do to one article. ``field`` is a field of Article; ``message`` is for the author.

    ``line`` counts from 1 in the author's Markdown; None where no line can be named.
    """

    level: Level
    field: str
    message: str
    line: int | None = None


@dataclass(frozen=True)
class Limits:
    """What a platform allows, and how fast. Seconds are seconds; None is "no limit known"."""

    title: int | None = None  # characters
    tags: int | None = None
    tag_length: int | None = None  # characters
    body_bytes: int | None = None  # UTF-8
    seconds_between_writes: float = 0.0  # per channel
    seconds_between_reads: float = 0.0  # per platform origin, all channels together
    settle_seconds: float = 60.0  # after a doubtful call: how long before "not found" means anything
    per_day: int | None = None  # articles in any 24 hours
    image_bytes: int | None = None  # of one picture that is uploaded
    image_types: tuple[str, ...] = ()  # media types of pictures that can be uploaded; none named: whatever we have
    unique_canonical: bool = False  # refuses a second article with the same canonical URL
    looks: int = 1  # how often "not found" must be seen before it counts as absent
    # After a publication: how soon its public page can be expected; None where a page does not show what was sent.
    page_seconds: float | None = 30.0
    names_canonical: bool = True  # the head of its pages names ``Article.canonical_url``


@dataclass(frozen=True)
class Surroundings:
    """What a publisher may use of the world outside: the way out, and the only folder in which it may write."""

    http: Http
    files: Path


class Publisher(ABC):
    name: ClassVar[str]  # as in the database and on the command line
    label: ClassVar[str]  # as people write it
    credentials_form: ClassVar[type[forms.Form]]  # secret; stored encrypted
    settings_form: ClassVar[type[forms.Form]]  # not secret
    options_form: ClassVar[type[forms.Form] | None] = None  # asked per delivery while scheduling; all optional
    limits: ClassVar[Limits] = Limits()
    # A short text about an article that is live elsewhere: its delivery follows another one, whose address it names.
    announces: ClassVar[bool] = False
    # Our pictures travel with the article itself, such as files beside it: none is uploaded before or fetched later.
    carries_images: ClassVar[bool] = False
    blurb: ClassVar[str] = ""  # what kind of place it is, in a few words
    steps: ClassVar[tuple[str, ...]] = ()  # where to find the token, in at most three numbered sentences
    # What becomes of an article that is taken back (Unpublishes), as a sentence for who is about to do it.
    when_unpublished: ClassVar[str] = "It is no longer public there."
    stays_readable: ClassVar[bool] = False  # taken back it is only hidden: who knows its address still reads it
    # What to fill into the forms to try it in the sandbox, whose address stands for {sandbox}.
    in_the_sandbox: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self, *, credentials: Mapping[str, Any], settings: Mapping[str, Any], surroundings: Surroundings
    ) -> None:
        self.credentials = credentials
        self.settings = {**_left_alone(self.settings_form), **settings}
        self.http = surroundings.http
        self.files = surroundings.files

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        """The place whose reading limit all channels share: scheme, host and port; "" when there is none."""
        return ""

    @abstractmethod
    def verify(self) -> Account:
        """Ask the platform who we are. Raises NotAuthorized with the platform's words, Unavailable, RateLimited."""

    @abstractmethod
    def check(self, article: Article) -> list[Finding]:
        """What is lost, changed or refused here. Pure, no network: shown while scheduling."""

    @abstractmethod
    def payload(self, article: Article) -> dict[str, Any]:
        """The very body that will be sent. Pure: previews and tests show it."""


@cache
def _left_alone(settings_form: type[forms.Form]) -> dict[str, Any]:
    """What a form gives when nobody touches it: a channel that was connected before a setting existed has that."""
    fields = settings_form.base_fields.items()
    return {name: field.to_python("") if field.initial is None else field.initial for name, field in fields}


class TwoStep(Publisher):
    """A platform with drafts: the creation, which cannot be repeated, stays invisible; the flip is by id.

    Where some servers of a kind have drafts and others have not, the class is a OneStep as well, and ``has_drafts``
    says by the settings which it is.
    """

    @classmethod
    def has_drafts(cls, settings: Mapping[str, Any]) -> bool:
        return True

    @abstractmethod
    def create_draft(self, article: Article) -> RemotePost:
        """Create an invisible draft. Raises OutcomeUnknown when it may or may not exist now."""

    @abstractmethod
    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Bring the draft to the article's present text and make it public. Safe to repeat. Raises Gone."""


class OneStep(Publisher):
    """A platform where creating is publishing."""

    @abstractmethod
    def publish(self, article: Article) -> RemotePost:
        """Publish at once. Raises OutcomeUnknown when it may or may not be there now."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How an article will look on a platform, as far as that can be told beforehand."""

    title: str
    html: str  # of what is sent; whoever shows it makes it safe
    tags: tuple[str, ...] = ()
    summary: str = ""
    cover_url: str = ""
    note: str = ""  # what else is seen there, in sentences


@runtime_checkable
class Looks(Protocol):
    """A publisher that can show what an article will look like."""

    def look(self, article: Article) -> Look:
        """Made of the very payload. Pure: shown while the author writes."""


class Takes(StrEnum):
    """In which form a place takes an article that a person brings."""

    RICH_TEXT = "rich"  # pasted into an editor, with its headings, links and pictures
    MARKDOWN = "markdown"
    HTML = "html"
    LINK = "link"  # no text at all: a title and an address


@dataclass(frozen=True, kw_only=True)
class HandOff:
    """An article as a person brings it to a platform: every part to be copied by itself."""

    title: str
    markdown: str
    html: str  # safe to show, without classes and styles of ours
    tags: tuple[str, ...] = ()
    summary: str = ""
    canonical_url: str = ""
    cover_url: str = ""


@dataclass(frozen=True)
class Door:
    """An address at the platform where a person goes on, and what is known of it."""

    label: str
    url: str
    note: str = ""  # a sentence


class Assisted(Publisher):
    """A platform without an API for us: when it is due, a person is handed the article and publishes it there.

    The engine sends nothing. Whoever has published it says at which address it is.
    """

    takes: Takes
    look_out: ClassVar[tuple[str, ...]] = ()  # what to look out for there, in sentences

    @abstractmethod
    def hand_off(self, article: Article) -> HandOff:
        """The article, ready to be copied. Pure; ``payload`` and ``check`` come from the same code."""

    def look(self, article: Article) -> Look:
        handed = self.hand_off(article)
        link = f'<p><a href="{escape(handed.canonical_url)}">{escape(handed.canonical_url)}</a></p>'
        return Look(
            title=handed.title, html=handed.html or link, tags=handed.tags, summary=handed.summary,
            cover_url=handed.cover_url,
        )  # fmt: skip

    @abstractmethod
    def doors(self, article: Article) -> tuple[Door, ...]:
        """Where to go with it: the editor, and the platform's own import where it has one. Pure."""

    @abstractmethod
    def wrong_address(self, url: str) -> str:
        """Why an article cannot be at ``url`` on this platform, as a sentence; "" when it can. Pure."""


@runtime_checkable
class Finds(Protocol):
    """A publisher that can look whether an article is there already."""

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """Our article by its id (when known), its mark or its canonical URL; None when it is not there.

        A reading call: raises RateLimited, Unavailable or NotAuthorized, never OutcomeUnknown.
        """


@runtime_checkable
class Glimpses(Protocol):
    """A publisher that may see an article, but cannot prove its absence: a public feed of the newest ones."""

    def glimpse(self, article: Article) -> RemotePost | None:
        """Our article when it can be seen; None proves nothing. A reading call, as Finds.find."""


@runtime_checkable
class Updates(Protocol):
    """A publisher that can bring what is out to a newer text.

    ``article.key`` is that of the publication: the mark stays, and ``find()`` goes on seeing the same article.
    """

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring the article of this id to this text. Its id and its address stay, whatever its slug says by now.

        Never creates: raises Gone where there is no such article any more. Never makes public again what was taken
        back: the answer's visibility says how it stands, or Gone is raised where what is hidden cannot be changed.
        Safe to repeat, also after OutcomeUnknown: a second time the same comes out.
        """


@runtime_checkable
class Unpublishes(Protocol):
    """A publisher that can take back, or at least hide, what is public. ``Publisher.when_unpublished`` says how."""

    def unpublish(self, remote_id: str) -> None:
        """Hide the article of this id as well as the platform can. Raises Gone where there is none.

        Safe to repeat, also after OutcomeUnknown: a second time nothing changes, or Gone is raised.
        """


class Aspect(StrEnum):
    """What a channel needs to publish, in the order in which it is looked at."""

    ADDRESS = "address"
    KEY = "key"
    ACCOUNT = "account"
    ROLE = "role"
    PLAN = "plan"
    QUOTA = "quota"
    CLOCK = "clock"


class Health(StrEnum):
    WELL = "well"
    WARNING = "warning"  # it works, and may soon not
    BROKEN = "broken"
    UNKNOWN = "unknown"  # it could not be looked at


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``cause`` and ``remedy`` are sentences; a healthy one needs no remedy."""

    aspect: Aspect
    health: Health
    cause: str
    remedy: str = ""


@runtime_checkable
class Examines(Protocol):
    """A publisher that can tell more of a channel's health than ``verify`` does: its role, its plan, its quota."""

    def examine(self, account: Account) -> list[Check]:
        """Right after ``verify`` has returned this account. Reading calls only; raises as ``verify`` does."""


@runtime_checkable
class TakesImages(Protocol):
    """A publisher that pictures are uploaded to. The engine uploads each once per channel, and keeps the answer."""

    def upload(self, image: Image) -> RemoteImage:
        """Upload one picture, which nobody sees yet. Doing it twice wastes room there and harms nothing.

        Raises Rejected where the platform does not take this file.
        """
