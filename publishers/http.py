"""The one way out: every byte to a platform goes through ``Http.call``, and every failure comes back as one of ours.

``Http`` keeps the promises. ``publishers.wire`` beneath it has the watchdog and the guard against private addresses.
"""

from __future__ import annotations

import base64
import codecs
import re
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from json import dumps
from typing import Any
from urllib.parse import quote, quote_plus, urljoin

import requests

from publishers.answers import Answer, Exchange, Hook, error_for, unclear
from publishers.errors import Fault, NotAuthorized, PublishingError, Rejected, Unavailable
from publishers.wire import (
    NOTHING_SENT,
    TIMED_OUT,
    Call,
    Response,
    causes_of,
    checked_addresses,
    fault_in,
    origin_of,
    place_of,
    reason_in,
    wire_for,
)

__all__ = ["Answer", "Hook", "Http", "Page", "origin_of", "place_of"]

USER_AGENT = "blogscheduler"  # some platforms' edges refuse a request without one
CAP = 5 * 1024 * 1024  # bytes of an answer, decompressed
KEPT = 64 * 1024  # characters of a body kept on an Exchange
IMAGE_CAP = 4 * 1024  # bytes of a cover image that we look at
IMAGE_REDIRECTS = 3
PAGE_CAP = 1024 * 1024  # bytes of a public page that we look at
PAGE_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
REMOVED = "•••"
PRIVATE_HEADERS = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie", "set-cookie"})


@dataclass(frozen=True)
class Page:
    """A public page: where redirects have led to, and what was answered there, of whatever status."""

    url: str
    answer: Answer


class Http:
    """The way out for one step of one delivery.

    ``private_origins``: exact origins ("http://127.0.0.1:8001") that may be private. ``secrets``: strings that are
    never kept. ``not_after``: a ``time.monotonic()`` value after which nothing is sent any more. ``deadline``,
    ``connect`` and ``read``: seconds; the deadline holds for a whole call. ``cap``: bytes of an answer.
    """

    def __init__(
        self,
        *,
        private_origins: frozenset[str] = frozenset(),
        secrets: Iterable[str] = (),
        not_after: float | None = None,
        deadline: float = 25.0,
        connect: float = 5.0,
        read: float = 20.0,
        cap: int = CAP,
        label: str = "The platform",
    ) -> None:
        self.private_origins = frozenset(filter(None, map(place_of, private_origins)))
        self.not_after = not_after
        self.deadline = deadline
        self.connect = connect
        self.read = read
        self.cap = cap
        self.label = label
        self.exchanges: list[Exchange] = []
        self._secrets = _forms_of(tuple(secrets))

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        json: Any = None,
        body: bytes = b"",
        content_type: str = "",
        writes: bool,
        fresh: bool = False,
        label: str = "",
        errors: Hook | None = None,
        accept: Collection[int] = (),
        cap: int | None = None,
        keep: bool = True,
    ) -> Answer:
        """Send one request and return its whole answer (a 2xx status, or one of ``accept``); else raise.

        The body is ``json``, or ``body`` as it is, with its ``content_type``: of that only the size is kept.
        ``writes`` says that it may change something there: then an unclear answer is OutcomeUnknown, not Unavailable.
        ``fresh`` uses a new connection: for a creating call that cannot be looked up. ``label`` names the platform in
        sentences. ``errors`` may name another error for an answer than the table in ``publishers.answers`` does.
        Without ``keep`` only the sizes of both bodies are kept: for an answer that holds new secrets.
        Every call, also a failed one, leaves an Exchange in ``exchanges``.
        """
        label = label or self.label
        text = "" if json is None else dumps(json, ensure_ascii=False, allow_nan=False)
        kept = (
            self._clean(text)[:KEPT]
            if text and keep
            else _described(text.encode("utf-8", "replace") or body, content_type)
        )
        exchange = Exchange(method=method, url=self._clean(url), request=kept)
        self.exchanges.append(exchange)
        started = time.monotonic()
        try:
            request = self._prepare(method, url, headers or {}, text.encode("utf-8", "replace") or body, content_type)
            answer = self._exchange(request, label=label, writes=writes, fresh=fresh, cap=cap or self.cap)
            exchange.status = answer.status
            exchange.response = (
                self._clean(answer.text)[:KEPT]
                if keep
                else _described(answer.text.encode("utf-8", "replace"), "an answer")
            )
            exchange.headers = self._public(answer.headers)
            error = None if answer.status in accept else self._error(answer, errors)
            if error:
                raise error
            return answer
        except PublishingError as error:
            error.args = (self._clean(str(error)),)
            exchange.error = str(error)
            raise
        finally:
            exchange.seconds = round(time.monotonic() - started, 3)

    def is_reachable(self, url: str) -> str:
        """Whether everybody can load the image at ``url``: "" for yes, else the reason as a sentence."""
        for _ in range(IMAGE_REDIRECTS + 1):
            try:
                request = self._prepare("GET", url, {"Accept": "image/*"})
                answer = self._exchange(request, label="The image", writes=False, fresh=False, cap=IMAGE_CAP, cut=True)
            except PublishingError as error:
                return self._clean(str(error))
            if answer.status not in REDIRECTS:
                return _image_trouble(answer)
            url = _joined(url, answer.headers.get("location", ""))
        return f"The image is behind more than {IMAGE_REDIRECTS} redirects."

    def page(self, url: str) -> Page:
        """Fetch a public page as its readers do: redirects are followed, what is longer than 1 MB is cut.

        Raises Unavailable, or Rejected where no address is.
        """
        until = time.monotonic() + self.deadline
        for _ in range(PAGE_REDIRECTS + 1):
            request = self._prepare("GET", url, {"Accept": "text/html, application/xhtml+xml"})
            answer = self._exchange(request, label=self.label, writes=False, fresh=False, cap=PAGE_CAP, cut=True)
            target = answer.headers.get("location", "")
            if answer.status not in REDIRECTS or not target:
                return Page(url, answer)
            if time.monotonic() > until:
                raise Unavailable(f"{self.label} did not finish its answer within {self.deadline:g} seconds.")
            url = _joined(url, target)
        raise Unavailable(f"{self.label} is behind more than {PAGE_REDIRECTS} redirects.")

    def addresses(self, place: str) -> list[str]:
        """The addresses to which another program may connect for ``place``, a ``place_of``. Raises Unavailable."""
        try:
            return checked_addresses(place, self.private_origins, self.connect)
        except (OSError, ValueError) as error:
            causes = list(causes_of(error))
            why = Unavailable(f"{self.label} could not be reached: {reason_in(causes)}.")
            raise why.because(fault_in(causes)) from None

    def keep(self, exchange: Exchange) -> Exchange:
        """Keep what another program was asked and has answered, as a call is kept: without any secret."""
        kept = replace(
            exchange,
            url=self.clean(exchange.url),
            request=self.clean(exchange.request)[:KEPT],
            response=self.clean(exchange.response)[:KEPT],
            error=self.clean(exchange.error),
        )
        self.exchanges.append(kept)
        return kept

    def clean(self, text: str) -> str:
        """``text`` without any secret."""
        return self._clean(text)

    def _prepare(
        self, method: str, url: str, headers: dict[str, str], body: bytes = b"", content_type: str = ""
    ) -> requests.PreparedRequest:
        """Everything that can be wrong before a connection is opened."""
        if not origin_of(url):
            raise Rejected(f"{url[:200]} is not a web address: it has to begin with https:// or http://.")
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
            **headers,
        }
        if body:
            headers["Content-Type"] = content_type or "application/json"
        request = requests.PreparedRequest()
        request.method = method
        try:
            for value in headers.values():
                value.encode("latin-1")
            request.prepare_url(url, None)
            request.prepare_headers(headers)
        except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
            raise NotAuthorized("The key contains characters that cannot be sent. Please copy it again.") from None
        except (requests.RequestException, ValueError):
            raise Rejected(f"{url[:200]} is not a web address that can be called.") from None
        request.body = body or None
        return request

    def _exchange(
        self,
        request: requests.PreparedRequest,
        *,
        label: str,
        writes: bool,
        fresh: bool,
        cap: int,
        cut: bool = False,
    ) -> Answer:
        """Send it and read the answer. With ``cut`` a long answer is cut at ``cap`` bytes instead of refused."""
        call = Call(deadline=self.deadline, not_after=self.not_after, read=self.read, fresh=fresh)
        if self.not_after is not None and time.monotonic() > self.not_after:
            raise Unavailable(f"{label} was not called: the time to send it is over.")
        wire = wire_for(self.private_origins)
        wire.call = call
        try:
            with call.watched():
                response = wire.send(request, self.connect, self.read)
                try:
                    body = _read(response, cap)
                finally:
                    response.close()  # one that was read to its end has given its connection back already
        except Exception as error:  # whatever it was: what was sent decides, not whether we have seen it before
            raise self._broken(call, error, label, writes) from error
        if call.bitten:  # http.client takes headers that the watchdog cut for complete ones
            raise unclear(f"{label} did not finish its answer within {self.deadline:g} seconds", writes=writes)
        if len(body) > cap and not cut:
            raise unclear(f"{label} answered more than {cap} bytes", writes=writes)
        names = {name.lower(): response.headers[name] for name in response.headers}  # several of a name are joined
        text = body[:cap].decode(_charset(names), "replace")
        return Answer(response.status, names, text, label=label, writes=writes)

    def _broken(self, call: Call, error: Exception, label: str, writes: bool) -> PublishingError:
        """What a broken wire means. Only what is known to come before the first byte counts as not sent."""
        causes = list(causes_of(error))
        if not call.sent and any(isinstance(cause, NOTHING_SENT) for cause in causes):
            return Unavailable(f"{label} could not be reached: {reason_in(causes)}.").because(fault_in(causes))
        if call.bitten or call.remaining() <= 0:
            words = f"{label} did not finish its answer within {self.deadline:g} seconds"
        elif any(isinstance(cause, TIMED_OUT) for cause in causes):
            words = f"{label} did not answer within {self.read:g} seconds"
        else:
            words = f"The connection to {label} broke before the answer was complete"
        return unclear(words, writes=writes).because(Fault.UNREACHABLE)

    def _error(self, answer: Answer, errors: Hook | None) -> PublishingError | None:
        return (errors(answer) if errors else None) or error_for(answer)

    def _public(self, headers: Any) -> dict[str, str]:
        return {name: self._clean(value)[:1000] for name, value in headers.items() if name not in PRIVATE_HEADERS}

    def _clean(self, text: str) -> str:
        """Without any secret. Looking first is far quicker than the pattern, which almost never finds anything."""
        forms, pattern = self._secrets
        return pattern.sub(REMOVED, text) if any(form in text for form in forms) else text


@lru_cache(maxsize=1024)
def _forms_of(secrets: tuple[str, ...]) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Every form in which a secret may come back (plain, in a URL, in JSON, in Basic credentials); their pattern."""
    forms: set[str] = set()
    for secret in filter(None, secrets):
        inner = dumps(secret)[1:-1]
        plain_json = dumps(secret, ensure_ascii=False)[1:-1]
        coded = base64.b64encode(secret.encode("utf-8", "replace")).decode()
        forms |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), inner, plain_json, coded}
    longest_first = tuple(sorted(forms, key=len, reverse=True))
    return longest_first, re.compile("|".join(map(re.escape, longest_first)))


def _described(body: bytes, content_type: str) -> str:
    return f"{len(body):,} bytes of {content_type or 'JSON'}" if body else ""


def _read(response: Response, cap: int) -> bytes:
    """At most one byte more than ``cap``, decompressed, so that the caller sees whether there was more."""
    body = bytearray()
    for piece in response.stream(16 * 1024, decode_content=True):
        body += piece
        if len(body) > cap:
            break
    return bytes(body[: cap + 1])


def _charset(headers: dict[str, str]) -> str:
    named = re.search(r"charset=[\"']?([\w.-]+)", headers.get("content-type", ""))
    try:
        name = codecs.lookup(named[1]).name if named else "utf-8"
    except LookupError:
        name = "utf-8"
    return "utf-8-sig" if name == "utf-8" else name  # some servers begin with a byte order mark


def _joined(url: str, target: str) -> str:
    """Where a redirect leads to: header bytes are read as Latin-1, and meant as UTF-8."""
    try:
        return urljoin(url, target.encode("latin-1", "replace").decode("utf-8", "replace"))
    except ValueError:
        return target


def _image_trouble(answer: Answer) -> str:
    if error := error_for(replace(answer, text="")):
        return str(error)
    kind = answer.headers.get("content-type", "").split(";")[0].strip() or "no type at all"
    return "" if kind.startswith("image/") else f"The address answers, but with {kind}: it is not an image."
