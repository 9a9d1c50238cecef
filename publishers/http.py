"""The one way out: every byte to a platform goes through ``Http.call``, and every failure comes back as one of ours.

Read from the bottom up: ``Http`` keeps the promises, ``_Call`` is one request under its watchdog, ``_Wire`` and the
two connection classes teach ``requests`` the guard against private addresses.
"""

from __future__ import annotations

import base64
import codecs
import ipaddress
import os
import queue
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from json import dumps
from typing import Any
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress, filter_host
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from publishers.answers import Answer, Exchange, Hook, error_for, unclear
from publishers.errors import NotAuthorized, PublishingError, Rejected, Unavailable

__all__ = ["Answer", "Hook", "Http", "origin_of"]

USER_AGENT = "blogscheduler"  # some platforms' edges refuse a request without one
CAP = 5 * 1024 * 1024  # bytes of an answer, decompressed
KEPT = 64 * 1024  # characters of a body kept on an Exchange
IDLE = 5.0  # seconds after which a kept-alive connection is not trusted any more: the other side may be closing it
IMAGE_CAP = 4 * 1024  # bytes of a cover image that we look at
IMAGE_REDIRECTS = 3
REMOVED = "•••"
PRIVATE_HEADERS = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie", "set-cookie"})


class PrivateAddress(NewConnectionError):
    """The host resolves to an address that is not public."""


class TooLate(NewConnectionError):
    """The fence or the deadline was passed before the first byte went out."""


# Failures that can only happen before anything is sent. Whatever is not in here leaves the outcome unknown.
NOTHING_SENT = (
    NewConnectionError,  # NameResolutionError, PrivateAddress and TooLate are its children
    ConnectTimeoutError,
    socket.gaierror,
    InvalidIPAddress,
    requests.exceptions.SSLError,
)


def origin_of(url: str) -> str:
    """Scheme, host and port, such as "https://dev.to:443"; "" when ``url`` is not a web address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host:
        return ""
    return _origin(parts.scheme.lower(), host, port)


def _origin(scheme: str, host: str, port: int | None) -> str:
    host = host.strip("[]").rstrip(".").lower()
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port or (443 if scheme == 'https' else 80)}"


# --- One call under its watchdog ---------------------------------------------------------------------------------


class _Call:
    """One request from DNS to its last byte. When the watchdog bites, nothing that came after it is believed."""

    def __init__(self, *, deadline: float, not_after: float | None, read: float, fresh: bool) -> None:
        self.until = time.monotonic() + deadline
        self.not_after = not_after
        self.read = read
        self.fresh = fresh
        self.sent = False
        self.bitten = False
        self.connection: _Guarded | None = None
        self._grips: list[socket.socket] = []
        self._lock = threading.Lock()

    @contextmanager
    def watched(self) -> Iterator[None]:
        watchdog = threading.Timer(self.remaining(), self._bite)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()
            self._let_go()

    def remaining(self) -> float:
        return max(self.until - time.monotonic(), 0.0)

    def grip(self, sock: socket.socket) -> None:
        """Hold a second handle of ``sock``: TLS and http.client detach theirs, but shutting this one reaches all."""
        with self._lock:
            self._grips.append(socket.socket(fileno=os.dup(sock.fileno())))
            if self.bitten:
                self._grips[-1].shutdown(socket.SHUT_RDWR)

    def about_to_send(self, connection: _Guarded, sock: socket.socket) -> None:
        """The fence: the last moment before the first byte. Raises TooLate."""
        self.connection = connection
        self.grip(sock)
        if self.not_after is not None and time.monotonic() > self.not_after:
            raise TooLate(connection.wire_connection, "the time to send it is over")
        if self.remaining() <= 0:
            raise TooLate(connection.wire_connection, "it took too long to connect")
        self.sent = True

    def _bite(self) -> None:
        with self._lock:
            self.bitten = True
            for sock in self._grips:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        with self._lock:
            while self._grips:
                self._grips.pop().close()
        if self.connection is not None:
            self.connection.idle_since = time.monotonic()


# --- The guard against private addresses -------------------------------------------------------------------------


def _resolve(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """``getaddrinfo`` that always comes back in time: it knows no time-out itself and can hang for half a minute."""
    found: queue.SimpleQueue[list[tuple[Any, ...]] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(list(socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:  # UnicodeError: the host cannot be a name
            found.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        result = found.get(timeout=seconds)
    except queue.Empty:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer from the name server in time") from None
    if isinstance(result, Exception):
        raise result
    return result


def _refuse_private(address: str, port: int) -> None:
    """Raises InvalidIPAddress: every rule of requests-hardened, and everything that is not global or is reserved."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    if not ip.is_global or ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False):
        raise InvalidIPAddress(ip)
    filter_host(str(ip), port, allow_loopback=False)


class _Guarded:
    """What both connection classes share: a checked way to connect, the fence, and distrust of idle connections."""

    wire: _Wire
    idle_since = 0.0
    sock: socket.socket | None
    timeout: Any
    host: str
    port: int
    scheme: str
    _dns_host: str

    @property
    def wire_connection(self) -> HTTPConnection:
        assert isinstance(self, HTTPConnection)
        return self

    def connect_guarded(self) -> socket.socket:
        call = self.wire.call
        addresses = self._addresses(call)
        failure: OSError | None = None
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(max(min(float(self.timeout), call.remaining()), 0.001))
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
                continue
            call.grip(sock)
            sock.settimeout(call.read)  # the time-out for connecting is too short for uploading a long article
            return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "it did not answer in time") from failure
        raise NewConnectionError(self.wire_connection, str(failure or "it has no address")) from failure

    def _addresses(self, call: _Call) -> list[tuple[Any, ...]]:
        try:
            addresses = _resolve(self._dns_host, self.port, max(min(float(self.timeout), call.remaining()), 0.001))
        except (OSError, UnicodeError) as error:
            cause = error if isinstance(error, socket.gaierror) else socket.gaierror(socket.EAI_NONAME, str(error))
            raise NameResolutionError(self.host, self.wire_connection, cause) from error
        if _origin(self.scheme, self.host, self.port) not in self.wire.private_origins:
            for *_, address in addresses:
                try:
                    _refuse_private(address[0], self.port)
                except (requests.RequestException, ValueError) as error:
                    raise PrivateAddress(self.wire_connection, f"{address[0]} is not a public address") from error
        return addresses

    def is_fit(self) -> bool:
        return not self.wire.call.fresh and time.monotonic() - self.idle_since < IDLE

    def pass_fence(self, connect: Callable[[], None]) -> None:
        if self.sock is None:
            connect()
        assert self.sock is not None
        self.wire.call.about_to_send(self, self.sock)


class _PlainConnection(_Guarded, HTTPConnection):
    scheme = "http"

    def __init__(self, *args: Any, wire: _Wire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wire = wire

    def _new_conn(self) -> socket.socket:
        return self.connect_guarded()

    @property
    def is_connected(self) -> bool:
        return self.is_fit() and super().is_connected

    def request(self, *args: Any, **kwargs: Any) -> None:
        self.pass_fence(self.connect)
        super().request(*args, **kwargs)


class _TlsConnection(_Guarded, HTTPSConnection):
    scheme = "https"

    def __init__(self, *args: Any, wire: _Wire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wire = wire

    def _new_conn(self) -> socket.socket:
        return self.connect_guarded()

    @property
    def is_connected(self) -> bool:
        return self.is_fit() and super().is_connected

    def request(self, *args: Any, **kwargs: Any) -> None:
        self.pass_fence(self.connect)
        super().request(*args, **kwargs)


class _Pools(PoolManager):
    """Hands out pools whose connections are guarded ones."""

    def __init__(self, wire: _Wire, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wire = wire

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        kind = _TlsConnection if scheme == "https" else _PlainConnection
        pool.ConnectionCls = partial(kind, wire=self.wire)  # type: ignore[assignment]
        return pool


class _Wire(HTTPAdapter):
    """The guarded adapter of one thread. ``call`` is what this thread is doing right now."""

    call: _Call

    def __init__(self, private_origins: frozenset[str]) -> None:
        self.private_origins = private_origins
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.poolmanager = _Pools(self, num_pools=connections, maxsize=maxsize, block=block, **kwargs)


_threads = threading.local()


def _session(private_origins: frozenset[str]) -> tuple[requests.Session, _Wire]:
    """This thread's session for these settings: no proxies, no ~/.netrc, no cookies."""
    sessions: dict[frozenset[str], tuple[requests.Session, _Wire]] = _threads.__dict__.setdefault("sessions", {})
    if private_origins not in sessions:
        session, wire = requests.Session(), _Wire(private_origins)
        session.trust_env = False  # else ~/.netrc overwrites Authorization
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.mount("http://", wire)
        session.mount("https://", wire)
        sessions[private_origins] = session, wire
    return sessions[private_origins]


# --- What the rest of the house uses -----------------------------------------------------------------------------


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
        self.private_origins = frozenset(filter(None, map(origin_of, private_origins)))
        self.not_after = not_after
        self.deadline = deadline
        self.connect = connect
        self.read = read
        self.cap = cap
        self.label = label
        self.exchanges: list[Exchange] = []
        self._secrets = _forms_of(secrets)

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        json: Any = None,
        writes: bool,
        fresh: bool = False,
        label: str = "",
        errors: Hook | None = None,
        accept: Collection[int] = (),
        cap: int | None = None,
    ) -> Answer:
        """Send one request and return its whole answer (a 2xx status, or one of ``accept``); else raise.

        ``writes`` says that it may change something there: then an unclear answer is OutcomeUnknown, not Unavailable.
        ``fresh`` uses a new connection: for a creating call that cannot be looked up. ``label`` names the platform in
        sentences. ``errors`` may name another error for an answer than the table in ``publishers.answers`` does.
        Every call, also a failed one, leaves an Exchange in ``exchanges``.
        """
        label = label or self.label
        text = "" if json is None else dumps(json, ensure_ascii=False, allow_nan=False)
        exchange = Exchange(method=method, url=self._clean(url), request=self._clean(text)[:KEPT])
        self.exchanges.append(exchange)
        started = time.monotonic()
        try:
            request = self._prepare(method, url, headers or {}, json)
            answer = self._exchange(request, label=label, writes=writes, fresh=fresh, cap=cap or self.cap)
            exchange.status = answer.status
            exchange.response = self._clean(answer.text)[:KEPT]
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
                request = self._prepare("GET", url, {"Accept": "image/*"}, None)
                answer = self._exchange(request, label="The image", writes=False, fresh=False, cap=IMAGE_CAP, cut=True)
            except PublishingError as error:
                return self._clean(str(error))
            if answer.status not in (301, 302, 303, 307, 308):
                return _image_trouble(answer)
            url = urljoin(url, answer.headers.get("location", ""))
        return f"The image is behind more than {IMAGE_REDIRECTS} redirects."

    def _prepare(self, method: str, url: str, headers: dict[str, str], json: Any) -> requests.PreparedRequest:
        """Everything that can be wrong before a connection is opened."""
        if not origin_of(url):
            raise Rejected(f"{url[:200]} is not a web address: it has to begin with https:// or http://.")
        session, _ = _session(self.private_origins)
        body = None if json is None else dumps(json, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            for value in headers.values():
                value.encode("latin-1")
            return session.prepare_request(requests.Request(method, url, headers=headers, data=body))
        except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
            raise NotAuthorized("The key contains characters that cannot be sent. Please copy it again.") from None
        except (requests.RequestException, ValueError):
            raise Rejected(f"{url[:200]} is not a web address that can be called.") from None

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
        call = _Call(deadline=self.deadline, not_after=self.not_after, read=self.read, fresh=fresh)
        if self.not_after is not None and time.monotonic() > self.not_after:
            raise Unavailable(f"{label} was not called: the time to send it is over.")
        session, wire = _session(self.private_origins)
        wire.call = call
        try:
            with call.watched():
                response = session.send(request, stream=True, allow_redirects=False, timeout=(self.connect, self.read))
                with response:
                    body = _read(response, cap)
        except Exception as error:  # whatever it was: what was sent decides, not whether we have seen it before
            raise self._broken(call, error, label, writes) from error
        if call.bitten:  # http.client takes headers that the watchdog cut for complete ones
            raise unclear(f"{label} did not finish its answer within {self.deadline:g} seconds", writes=writes)
        if len(body) > cap and not cut:
            raise unclear(f"{label} answered more than {cap} bytes", writes=writes)
        names = {name.lower(): value for name, value in response.headers.items()}
        text = body[:cap].decode(_charset(names), "replace")
        return Answer(response.status_code, names, text, label=label, writes=writes)

    def _broken(self, call: _Call, error: Exception, label: str, writes: bool) -> PublishingError:
        """What a broken wire means. Only what is known to come before the first byte counts as not sent."""
        causes = list(_causes(error))
        if not call.sent and any(isinstance(cause, NOTHING_SENT) for cause in causes):
            return Unavailable(f"{label} could not be reached: {_reason(causes)}.")
        if call.bitten or call.remaining() <= 0:
            return unclear(f"{label} did not finish its answer within {self.deadline:g} seconds", writes=writes)
        if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
            return unclear(f"{label} did not answer within {self.read:g} seconds", writes=writes)
        return unclear(f"The connection to {label} broke before the answer was complete", writes=writes)

    def _error(self, answer: Answer, errors: Hook | None) -> PublishingError | None:
        return (errors(answer) if errors else None) or error_for(answer)

    def _public(self, headers: Any) -> dict[str, str]:
        return {name: self._clean(value)[:1000] for name, value in headers.items() if name not in PRIVATE_HEADERS}

    def _clean(self, text: str) -> str:
        return self._secrets.sub(REMOVED, text) if self._secrets else text


def _forms_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """One pattern for every form in which a secret may come back: plain, in a URL, in JSON, in Basic credentials."""
    forms: set[str] = set()
    for secret in filter(None, secrets):
        inner = dumps(secret)[1:-1]
        plain_json = dumps(secret, ensure_ascii=False)[1:-1]
        coded = base64.b64encode(secret.encode("utf-8", "replace")).decode()
        forms |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), inner, plain_json, coded}
    if not forms:
        return None
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))


def _read(response: requests.Response, cap: int) -> bytes:
    """At most one byte more than ``cap``, decompressed, so that the caller sees whether there was more."""
    body = bytearray()
    for piece in response.iter_content(16 * 1024):
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


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was made from: requests and urllib3 wrap each other in four different ways."""
    todo: list[BaseException] = [error]
    seen: set[int] = set()
    while todo:
        error = todo.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inner = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
        todo.extend(one for one in inner if isinstance(one, BaseException))


def _reason(causes: list[BaseException]) -> str:
    """Why nothing was sent, as the end of a sentence."""
    for cause in causes:
        if isinstance(cause, PrivateAddress | InvalidIPAddress):
            return "its address is not a public one"
        if isinstance(cause, TooLate):
            return "the time to send it is over"
        if isinstance(cause, NameResolutionError | socket.gaierror):
            return "its name cannot be resolved"
        if isinstance(cause, requests.exceptions.SSLError):
            return "its certificate was not accepted"
        if isinstance(cause, ConnectionRefusedError):
            return "it refused the connection"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return "it did not answer in time"
    return "no connection could be made"


def _image_trouble(answer: Answer) -> str:
    if error := error_for(replace(answer, text="")):
        return str(error)
    kind = answer.headers.get("content-type", "").split(";")[0].strip() or "no type at all"
    return "" if kind.startswith("image/") else f"The address answers, but with {kind}: it is not an image."
