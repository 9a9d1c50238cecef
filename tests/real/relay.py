"""A relay in front of a real site, which can lose its answers."""

from __future__ import annotations

import socket
import threading

from publishers.http import origin_of


class Relay:
    """Between us and the site: carries requests there, and hangs up instead of the answer when told to."""

    def __init__(self, target: str) -> None:
        host, _, port = origin_of(target).removeprefix("http://").partition(":")
        self.target = (host, int(port or 80))
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.swallow = ""  # the beginning of the request whose answer is lost
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.target) as site:
            request = self._request(client)
            site.sendall(request)
            answer = b""
            while piece := site.recv(65536):
                answer += piece
            if not (self.swallow and request.startswith(self.swallow.encode())):
                client.sendall(answer)

    def _request(self, client: socket.socket) -> bytes:
        """One whole request, which asks the site to hang up after its answer, and names the site as its host."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"host:"))]
        length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
        while len(body) < length:
            body += client.recv(65536)
        lines[1:1] = [b"Connection: close", f"Host: {self.target[0]}:{self.target[1]}".encode()]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body
