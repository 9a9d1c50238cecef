"""A platform of a third party's, as an installed package would bring it: DEV, and a server beside it for pictures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from publishers.base import Article, Finding, Image, Limits, RemoteImage, RemotePost
from publishers.platforms.devto import DevTo


class Gallery(DevTo):
    name = "gallery"
    label = "Gallery"
    limits: ClassVar[Limits] = replace(DevTo.limits, image_bytes=100_000, image_types=("image/png", "image/jpeg"))
    address: ClassVar[str] = ""  # of the server for pictures

    def check(self, article: Article) -> list[Finding]:
        return super().check(replace(article, cover_url=""))

    def payload(self, article: Article) -> dict[str, Any]:
        return super().payload(with_uploaded(article))

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        return super().publish_draft(remote_id, with_uploaded(article))

    def update(self, remote_id: str, article: Article) -> RemotePost:
        return super().update(remote_id, with_uploaded(article))

    def upload(self, image: Image) -> RemoteImage:
        answer = self.http.call(
            "POST",
            f"{self.address}/{image.name}",
            headers={"Authorization": self.credentials["api_key"]},
            body=image.path.read_bytes(),
            content_type=image.media_type,
            writes=True,
        )
        found = answer.json()
        return RemoteImage(str(found["id"]), found["url"])


def with_uploaded(article: Article) -> Article:
    text, cover = article.markdown, article.cover_url
    for image in article.images:
        there = article.uploaded.get(image.digest)
        if there:
            text = text.replace(image.url, there.url)
            cover = there.url if cover == image.url else cover
    return replace(article, markdown=text, cover_url=cover)


class PictureServer:
    """Takes what is posted to it; ``faults`` are answered first, one each time: a status, or None to hang up."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []  # name and bytes
        self.faults: list[int | None] = []
        self.after_taking = False  # whether a fault comes when the picture is there already
        self.delay = 0.0  # seconds before each answer
        self.url = ""

    def take(self, name: str, data: bytes) -> Mapping[str, Any]:
        self.taken.append((name, data))
        number = len(self.taken)
        return {"id": number, "url": f"https://cdn.example/{number}-{name}"}


@contextmanager
def picture_server() -> Iterator[PictureServer]:
    state = PictureServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(state.delay)
            fault = state.faults.pop(0) if state.faults else 201
            answer: Mapping[str, Any] = {"error": "No."}
            if fault == 201 or state.after_taking:
                answer = state.take(self.path.strip("/"), data)
            if fault is None:
                self.close_connection = True
                self.connection.close()
                return
            body = json.dumps(answer).encode()
            self.send_response(fault)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
