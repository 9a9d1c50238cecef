"""The wire beneath ``publishers.http``: one call under its watchdog, and the guard against private addresses.

Read from the bottom up: ``Wire`` and the two connection classes teach ``requests`` the guard, ``Call`` is what they
ask before a byte leaves. For ``publishers.http`` alone.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from requests_hardened.ip_filter import InvalidIPAddress, filter_host
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as TimedOut
from urllib3.util.connection import allowed_gai_family

from publishers.errors import Fault

IDLE = 5.0  # seconds after which a kept-alive connection is not trusted any more: the other side may be closing it


TIMED_OUT = (TimeoutError, TimedOut)
Response = BaseHTTPResponse


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
    SSLError,
)


@lru_cache(maxsize=1024)
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


@lru_cache(maxsize=1024)
def place_of(url: str) -> str:
    """As ``origin_of``, also of what other programs reach: "ssh://host:22", and the folder of a "file://" address."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "ssh" and parts.hostname:
            return _origin("ssh", parts.hostname, parts.port or 22)
    except ValueError:
        return ""
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return f"file://{os.path.normpath(parts.path)}"
    return origin_of(url)


def _origin(scheme: str, host: str, port: int | None) -> str:
    host = host.strip("[]").rstrip(".").lower()
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port or (443 if scheme == 'https' else 80)}"


# --- One call under its watchdog ---------------------------------------------------------------------------------


class Call:
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
        _watchdog.watch(self)
        try:
            yield
        finally:
            _watchdog.leave(self)
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

    def bite(self) -> None:
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


class _Watchdog:
    """Bites every call that is not over at its deadline. One thread for all calls: a timer for each costs as much as
    the call itself.
    """

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads do not survive a fork

    def _begin(self) -> None:
        self._calls: set[Call] = set()
        self._lock = threading.Lock()
        self._sooner = threading.Event()
        self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None

    def watch(self, call: Call) -> None:
        with self._lock:
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            if call.until < self._wakes_at:
                self._sooner.set()

    def leave(self, call: Call) -> None:
        with self._lock:
            self._calls.discard(call)

    def _run(self) -> None:
        while True:
            now = time.monotonic()
            with self._lock:
                late = [call for call in self._calls if call.until <= now]
                self._calls.difference_update(late)
                self._wakes_at = min((call.until for call in self._calls), default=float("inf"))
                self._sooner.clear()
            for call in late:
                call.bite()
            self._sooner.wait(min(max(self._wakes_at - time.monotonic(), 0), threading.TIMEOUT_MAX))


_watchdog = _Watchdog()


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


def checked_addresses(place: str, private_origins: frozenset[str], seconds: float) -> list[str]:
    """Where another program may connect to for a ``place_of``: it has to be told these, lest it asks by itself again.

    Raises OSError, UnicodeError (no such name) and InvalidIPAddress (not a public address).
    """
    parts = urlsplit(place)
    host, port = str(parts.hostname), int(parts.port or 0)
    addresses = [str(address[0]) for *_, address in _resolve(host, port, seconds)]
    if place not in private_origins:
        for address in addresses:
            _refuse_private(address, port)
    return list(dict.fromkeys(addresses))


class _Guarded:
    """What both connection classes share: a checked way to connect, the fence, and distrust of idle connections."""

    wire: Wire
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

    def _addresses(self, call: Call) -> list[tuple[Any, ...]]:
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

    def __init__(self, *args: Any, wire: Wire, **kwargs: Any) -> None:
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

    def __init__(self, *args: Any, wire: Wire, **kwargs: Any) -> None:
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

    def __init__(self, wire: Wire, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wire = wire

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        kind = _TlsConnection if scheme == "https" else _PlainConnection
        # urllib3 only ever calls it, and documents replacing it; its annotation wants a class.
        pool.ConnectionCls = partial(kind, wire=self.wire)  # type: ignore[assignment]
        return pool


class Wire:
    """The way out of one thread. ``call`` is what this thread is doing right now.

    requests prepares what is sent; its session, which would look for cookies, proxies, redirects and ~/.netrc with
    each call only to be told that there are none, is left out: it costs twice as much as the call itself.
    """

    call: Call

    def __init__(self, private_origins: frozenset[str]) -> None:
        self.private_origins = private_origins
        self._pools = _Pools(self, maxsize=1, ca_certs=DEFAULT_CA_BUNDLE_PATH)
        self._known: dict[str, HTTPConnectionPool] = {}

    def send(self, request: requests.PreparedRequest, connect: float, read: float) -> BaseHTTPResponse:
        """Send it; the answer, whose body is not read yet. No retries, no redirects."""
        url = str(request.url)
        origin = origin_of(url)
        if origin not in self._known:
            self._known[origin] = self._pools.connection_from_url(url)
        return self._known[origin].urlopen(
            str(request.method),
            request.path_url,
            body=request.body,
            headers=request.headers,
            timeout=Timeout(connect=connect, read=read),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
        )


_threads = threading.local()


def wire_for(private_origins: frozenset[str]) -> Wire:
    """This thread's wire for these settings."""
    wires: dict[frozenset[str], Wire] = _threads.__dict__.setdefault("wires", {})
    if private_origins not in wires:
        wires[private_origins] = Wire(private_origins)
    return wires[private_origins]


# --- What broke --------------------------------------------------------------------------------------------------


def causes_of(error: BaseException) -> Iterator[BaseException]:
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


def fault_in(causes: list[BaseException]) -> Fault:
    """The same for who looks after channels."""
    for cause in causes:
        if isinstance(cause, PrivateAddress | InvalidIPAddress):
            return Fault.PRIVATE
        if isinstance(cause, NameResolutionError | socket.gaierror):
            return Fault.DNS
        if isinstance(cause, SSLError):
            return Fault.TLS
    return Fault.UNREACHABLE


def reason_in(causes: list[BaseException]) -> str:
    """Why nothing was sent, as the end of a sentence."""
    for cause in causes:
        if isinstance(cause, PrivateAddress | InvalidIPAddress):
            return "its address is not a public one"
        if isinstance(cause, TooLate):
            return "the time to send it is over"
        if isinstance(cause, NameResolutionError | socket.gaierror):
            return "its name cannot be resolved"
        if isinstance(cause, SSLError):
            return "its certificate was not accepted"
        if isinstance(cause, ConnectionRefusedError):
            return "it refused the connection"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return "it did not answer in time"
    return "no connection could be made"
