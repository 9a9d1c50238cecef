"""A stand-in for the post office, for the package's own tests: a dictionary of cards behind a little web server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STAMP = "a-stamp-of-ada-1815"


class PostOffice(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.cards: dict[str, dict[str, Any]] = {}
        self.printed = 0  # cards, the same one again not counted

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Counter(BaseHTTPRequestHandler):
    server: PostOffice

    def do_GET(self) -> None:
        number = self.path.removeprefix("/cards/")
        if self.path.startswith("/read/"):  # readers need no stamp
            self.page(self.server.cards.get(self.path.removeprefix("/read/")))
        elif not self.is_stamped():
            self.say(401, {"error": "This stamp is not known."})
        elif self.path == "/me":
            self.say(200, {"name": "Ada"})
        elif number in self.server.cards:
            self.say(200, self.card(number))
        else:
            self.say(404, {"error": "There is no such card."})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.is_stamped():
            self.say(401, {"error": "This stamp is not known."})
            return
        number = self.path.removeprefix("/cards/")
        self.server.printed += number not in self.server.cards
        self.server.cards[number] = json.loads(body)
        self.say(200, self.card(number))

    def card(self, number: str) -> dict[str, Any]:
        return {"number": number, "url": f"{self.server.url}/read/{number}"}

    def is_stamped(self) -> bool:
        return self.headers.get("Authorization") == f"Stamp {STAMP}"

    def page(self, card: dict[str, Any] | None) -> None:
        text = f"<title>{card['title']}</title><h1>{card['title']}</h1>{card['text']}" if card else "No such card."
        self.send(200 if card else 404, "text/html", text)

    def say(self, status: int, data: Any) -> None:
        self.send(status, "application/json", json.dumps(data))

    def send(self, status: int, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def open_office() -> Iterator[PostOffice]:
    with PostOffice() as office:
        threading.Thread(target=office.serve_forever, args=(0.01,), daemon=True).start()
        yield office
        office.shutdown()
