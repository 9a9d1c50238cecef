"""A small HTTP/1.1 server for one WSGI app: keeps connections alive, a thread for each, bad manners on request."""

import contextlib
import io
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from sandbox.app import App
from sandbox.clock import Clock
from sandbox.messages import Wire
from sandbox.platforms import PLATFORMS
from sandbox.store import Store

MAX_BODY = 40 * 1024 * 1024
"""More than any platform's own limit, so that the platform gets to say no."""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Handler(BaseHTTPRequestHandler):
    """One connection: request after request until somebody closes."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 75
    """Seconds of silence after which an idle connection is closed."""
    server: "_Server"

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        environ = self._environ(body)
        answer = self._run(environ)
        self._send(answer, environ.get("sandbox.wire") or Wire())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _body(self) -> bytes | None:
        """The request's body; None when it was refused."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
        elif int(length) > MAX_BODY:
            self.send_error(413)
        else:
            return self.rfile.read(int(length))
        self.close_connection = True
        return None

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _run(self, environ: dict[str, Any]) -> tuple[bytes, bytes]:
        """The app's answer as it goes over the wire: head and body."""
        said: list[tuple[str, list[tuple[str, str]]]] = []
        content = b"".join(self.server.app(environ, lambda status, headers: said.append((status, headers))))
        status, headers = said[0]
        if status.startswith(("204", "304")):
            headers = [(name, value) for name, value in headers if name != "Content-Length"]
        own = [("Server", self.server_version), ("Date", self.date_time_string())]
        if self.close_connection:
            own.append(("Connection", "close"))
        lines = [f"{self.protocol_version} {status}", *(f"{name}: {value}" for name, value in [*own, *headers])]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        return head, b"" if self.command == "HEAD" else content

    def _send(self, answer: tuple[bytes, bytes], wire: Wire) -> None:
        head, content = answer
        if wire.wait and self.server.stopping.wait(wire.wait):
            wire.hang_up = True
        if wire.cut:
            content = content[: len(content) // 2]
        if wire.hang_up or wire.cut:
            self.close_connection = True
        if wire.hang_up:
            return
        # A client that has given up meanwhile is what some faults are for.
        with contextlib.suppress(OSError):
            if wire.drip:
                self._drip(head + content, wire.drip)
            else:
                self.wfile.write(head + content)

    def _drip(self, answer: bytes, seconds: float) -> None:
        for number in range(len(answer)):
            self.wfile.write(answer[number : number + 1])
            if self.server.stopping.wait(seconds):
                self.close_connection = True
                return

    def handle(self) -> None:
        """Serve the connection; a client may leave at any moment."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the log is in the store."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], app: WsgiApp) -> None:
        self.app = app
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that stopping can end it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """The connection is over."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        """Stop listening and hang up on everybody."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Serving:
    """A sandbox that runs in a thread of this process. Also a context manager that stops it at the end."""

    def __init__(self, server: _Server, store: Store) -> None:
        self._server = server
        self._store = store
        host, port = server.server_address[:2]
        self.url = f"http://{host!s}:{port}"
        """Its address, without a final slash."""
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it at once, whatever hangs. A second time does nothing."""
        if self._server.stopping.is_set():
            return
        self._server.end()
        self._thread.join(5)
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    port: int = 0,
    data: str | Path | None = None,
    host: str = "127.0.0.1",
    clock: Clock = time.time,
    public_url: str | None = None,
) -> Serving:
    """Start a sandbox in a thread; port 0 takes a free one.

    With the folder `data` its state outlives it. `clock` (seconds since 1970) rules every date and limit, but not
    the waiting of faults, which is real. `public_url` is the address written into answers.
    """
    store = Store(Path(data) if data else None, clock)
    return Serving(_Server((host, port), App(store, PLATFORMS, public_url)), store)
