"""What every platform of the sandbox promises. A new platform is one file with one such class."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

from sandbox.messages import Request, Response
from sandbox.store import Article, Store


@dataclass(frozen=True)
class ReadyMade:
    """An account that exists from the start and comes back with every reset.

    `switches` are its own; `note` tells people what is special about it.
    """

    key: str
    username: str
    age_days: float
    switches: Mapping[str, bool] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Call:
    """What a request asks for, recognised before any of it is done.

    `name` is one of the platform's `calls`, or "unknown". `flip` says that an update would make a draft public.
    `as_of` (seconds since 1970) makes a look-up answer from the past; None means now.
    """

    name: str
    key: str = ""
    article_id: int | None = None
    flip: bool = False
    as_of: float | None = None


@dataclass(frozen=True)
class Outcome:
    """A platform's own answer, and the article it was about when there is one.

    `refused` marks a refusal that travels as a 2xx.
    """

    response: Response
    article: Article | None = None
    refused: bool = False


class Platform(Protocol):
    """A stand-in for one blogging platform, as strict as the real one."""

    title: ClassVar[str]
    """The name people know it by."""
    api: ClassVar[str]
    """Where its API begins, below the platform's own address; "" when it is at that very address.

    Then GET and HEAD read pages, and everything else is a call.
    """
    calls: ClassVar[tuple[str, ...]]
    """The calls a fault may name; "*" (all of them), "flip" and "page" come on top."""
    lookups: ClassVar[tuple[str, ...]]
    """Those of them that only read, and which a "stale" fault may therefore turn back in time."""
    switches: ClassVar[dict[str, bool]]
    """What can be switched, with its value at the start; "limits" is always among them."""
    accounts: ClassVar[tuple[ReadyMade, ...]]
    """The ready-made accounts."""

    def __init__(self, store: Store) -> None: ...

    def recognise(self, request: Request) -> Call:
        """Say what is asked. Looks, changes nothing."""
        ...

    def turn_away(self, request: Request) -> Response | None:
        """The edge's own refusal (too many requests), or None. Comes before every fault."""
        ...

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked and answer as the real platform would."""
        ...

    def body_html(self, article: Article) -> str:
        """The article's body as sanitised HTML, for its public page."""
        ...

    def forget(self) -> None:
        """Drop what is remembered outside the store (who called how often)."""
        ...


@runtime_checkable
class SpeaksAtItsFrontPage(Protocol):
    """A platform that also takes calls at the address of its home page, and says there where its API is."""

    def is_call(self, request: Request) -> bool:
        """Whether a request to such an address is a call."""
        ...

    def front_headers(self, request: Request) -> Mapping[str, str]:
        """Headers of the home page."""
        ...

    def front_head(self, request: Request) -> str:
        """HTML for the head of the home page."""
        ...


@runtime_checkable
class AlsoOpen(Protocol):
    """A platform that is also called elsewhere than below its API, such as at a feed; faults strike there as well."""

    open_paths: ClassVar[tuple[str, ...]]
    """How those addresses begin, below the platform's own."""


@runtime_checkable
class MakesKeys(Protocol):
    """A platform whose keys have a form of their own."""

    def new_key(self) -> str:
        """A key that nobody has yet."""
        ...
