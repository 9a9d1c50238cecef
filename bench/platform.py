"""A platform without limits: answers like DEV's API after a given time, and notes when each article became public.

One process, one thread, as little work per call as Python allows, so that what is measured is who calls. Its log is
the benchmark's clock and its oracle: nothing is believed because our own database says so.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any

TITLE = re.compile(rb'"title": ?"([^"]*)"')
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

# What Forem answers beside what varies: about a kilobyte that a client has to read and parse.
FILLER = json.dumps(
    {
        "type_of": "article",
        "description": "An article of the benchmark.",
        "readable_publish_date": "Nov 24",
        "slug": "an-article-of-the-benchmark",
        "path": "/bench/an-article-of-the-benchmark",
        "comments_count": 0,
        "public_reactions_count": 0,
        "collection_id": None,
        "positive_reactions_count": 0,
        "cover_image": None,
        "social_image": "https://dev.example/social_previews/article/1.png",
        "reading_time_minutes": 3,
        "tag_list": "python, django, databases",
        "tags": ["python", "django", "databases"],
        "body_html": "<p>" + "Words of the article. " * 20 + "</p>",
        "user": {
            "name": "Ada",
            "username": "ada",
            "twitter_username": None,
            "github_username": None,
            "user_id": 1,
            "website_url": None,
            "profile_image": "https://dev.example/uploads/user/profile_image/1/a.png",
            "profile_image_90": "https://dev.example/uploads/user/profile_image/1/b.png",
        },
    }
)[1:-1].encode()


@dataclass
class Log:
    """What arrived since it was last emptied. Times are those of this machine's clock, seconds since 1970."""

    delay: float = 0.2
    requests: int = 0
    first: float = 0.0  # when the first call of an article arrived
    last: float = 0.0  # when the last answer was given
    flips: list[tuple[int, float]] = field(default_factory=list)  # article, when the call that made it public arrived
    answered: int = 0  # flips

    def told(self, titles: dict[int, bytes]) -> dict[str, Any]:
        flips = [[titles.get(number, b"?").decode(), at] for number, at in self.flips]
        return {"requests": self.requests, "first": self.first, "last": self.last, "flips": flips}


class Platform:
    def __init__(self, url: bytes) -> None:
        self.log = Log()
        self.url = url
        # Over the whole life, whatever becomes of the log: an article of an earlier turn is not a new one.
        self.titles: dict[int, bytes] = {}


class Conversation(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.loop = asyncio.get_running_loop()
        self.received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received = self.received + data if self.received else data
        while True:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            found = LENGTH.search(self.received, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self.received) < whole:
                return
            line = self.received[: self.received.index(b"\r\n")]
            body = self.received[end + 4 : whole]
            self.received = self.received[whole:]
            self.called(line, body)

    def called(self, line: bytes, body: bytes) -> None:
        method, path, _ = line.split(b" ", 2)
        if method == b"POST" and path == b"/api/articles":
            self.create(body)
        elif method == b"PUT" and path.startswith(b"/api/articles/"):
            self.flip(int(path[14:]))
        elif method == b"POST" and path.endswith(b"/posts"):
            self.publish(body)
        elif path.startswith(b"/bench/article-"):
            self.page(int(path[15:]))
        elif path == b"/api/users/me":
            self.answer(200, b"application/json", b'{"id": 1, "username": "ada"}')
        elif path.startswith(b"/api/articles/me"):
            self.answer(200, b"application/json", b"[]")
        elif path.startswith(b"/_log"):
            self.control(method, path, body)
        else:
            self.answer(404, b"application/json", b"{}")

    def create(self, body: bytes) -> None:
        log, number = self.note(), self.kept(body)
        url = b"%s/bench/article-temp-slug-%d" % (self.platform.url, number)
        self.later(log, 201, b'{"id": %d, "url": "%s", %s}' % (number, url, FILLER))

    def flip(self, number: int) -> None:
        log = self.note()
        log.flips.append((number, time.time()))
        url = b"%s/bench/article-%d" % (self.platform.url, number)
        published = b'"published_at": "2026-11-24T09:00:00Z"'
        self.later(log, 200, b'{"id": %d, "url": "%s", %s, %s}' % (number, url, published, FILLER), flipped=True)

    def publish(self, body: bytes) -> None:
        """In one call, as on Medium."""
        log, number = self.note(), self.kept(body)
        log.flips.append((number, time.time()))
        url = b"%s/bench/article-%d" % (self.platform.url, number)
        answer = b'{"data": {"id": "%d", "url": "%s", "publishStatus": "public", %s}}' % (number, url, FILLER)
        self.later(log, 201, answer, flipped=True)

    def kept(self, body: bytes) -> int:
        """A new article's number."""
        title = TITLE.search(body)
        number = len(self.platform.titles) + 1
        self.platform.titles[number] = title[1] if title else b""
        return number

    def page(self, number: int) -> None:
        """What readers see: the worker looks at it after each publication."""
        title = self.platform.titles.get(number, b"")
        html = b"<!doctype html><title>%s</title><h1>%s</h1><p>Words." % (title, title)
        self.answer(200 if title else 404, b"text/html", html)

    def note(self) -> Log:
        log = self.platform.log
        log.requests += 1
        if log.first == 0:
            log.first = time.time()
        return log

    def later(self, log: Log, status: int, body: bytes, *, flipped: bool = False) -> None:
        self.loop.call_later(log.delay, self.answer_call, log, status, body, flipped)

    def answer_call(self, log: Log, status: int, body: bytes, flipped: bool) -> None:
        self.answer(status, b"application/json", body)
        log.answered += flipped
        log.last = time.time()

    def answer(self, status: int, kind: bytes, body: bytes) -> None:
        if not self.transport.is_closing():
            head = b"HTTP/1.1 %d OK\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
            self.transport.write(head % (status, kind, len(body)) + body)

    def control(self, method: bytes, path: bytes, body: bytes) -> None:
        """The benchmark's own questions: GET /_log, GET /_log/answered, PUT /_log (empties it, sets the delay)."""
        platform = self.platform
        if method == b"PUT":
            platform.log = Log(delay=json.loads(body)["delay"])
        told = (
            {"answered": platform.log.answered} if path.endswith(b"/answered") else platform.log.told(platform.titles)
        )
        self.answer(200, b"application/json", json.dumps(told).encode())


async def serve(port: int) -> None:
    platform = Platform(b"http://127.0.0.1:%d" % port)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(platform), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
