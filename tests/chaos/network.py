"""The way from the workers to the platforms: a proxy that passes on HTTP, and can be told to fail."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Trouble(StrEnum):
    RESET_EARLY = "the connection is reset when the request was read; the platform never hears of it"
    RESET_LATE = "the connection is reset when the platform has answered"
    HALF = "half of the answer comes, then the connection is closed"
    DRIP = "the answer comes byte by byte"
    SILENT_EARLY = "the request is read and nothing ever answered; the platform never hears of it"
    SILENT_LATE = "the platform has answered, and nobody hears of it"
    BELATED = "the request arrives at the platform when whoever sent it has given up"


class Proxy:
    """Passes on what it gets. A thread of its own serves.

    ``pause`` are the seconds that an answer takes at least and at most. ``belated`` are the seconds after which a
    belated request arrives, ``silent`` those after which a silent connection is closed.
    """

    pause = (0.0, 0.0)

    def __init__(self, port: int, platform: int, seed: str, belated: float, silent: float) -> None:
        self.port = port
        self.platform = platform
        self.belated = belated
        self.silent = silent
        self.hit: Counter[Trouble] = Counter()  # exchanges
        self._chance = random.Random(seed)
        self._troubles: tuple[Trouble, ...] = ()
        self._share = 0.0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._hole: list[socket.socket] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        self._do(self._deafen())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    # Orders

    def trouble(self, *troubles: Trouble, share: float = 1.0) -> None:
        """From now on one of these happens to this share of all exchanges; without any, all goes well."""
        self._troubles, self._share = troubles, share

    def refuse(self) -> None:
        """Nobody listens any more: connections are refused, and those that are open broken."""
        self._do(self._deafen())

    def swallow(self) -> None:
        """Whoever wants to connect gets no answer at all, as behind a firewall that drops."""
        self._do(self._deafen())
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(0)
        self._hole = [listener]
        for _ in range(4):  # fill its queue: who comes after them waits for ever
            visitor = socket.socket()
            visitor.setblocking(False)
            with suppress(BlockingIOError):
                visitor.connect(("127.0.0.1", self.port))
            self._hole.append(visitor)

    def listen(self) -> None:
        """Be reachable again."""
        for one in self._hole:
            one.close()
        self._hole = []
        self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # In the loop

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=256)

    async def _deafen(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task, writer in list(self._open.items()):
            _reset(writer)
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open[task] = writer
        way = _Way(self.platform)
        try:
            while request := await _message(reader):
                if not await self._exchange(request, way, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either side may leave at any moment
        finally:
            del self._open[task]
            way.close()
            writer.close()

    async def _exchange(self, request: bytes, way: _Way, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection is over."""
        trouble = self._next_trouble()
        await asyncio.sleep(self._chance.uniform(*self.pause))
        if trouble == Trouble.RESET_EARLY:
            _reset(writer)
        elif trouble == Trouble.SILENT_EARLY:
            await asyncio.sleep(self.silent)
        elif trouble == Trouble.BELATED:
            await asyncio.sleep(self.belated)  # nobody waits for the answer any more
            await way.ask(request)
        else:
            return await self._answer(await way.ask(request), trouble, writer)
        return False

    async def _answer(self, answer: bytes, trouble: Trouble | None, writer: asyncio.StreamWriter) -> bool:
        if trouble == Trouble.RESET_LATE:
            _reset(writer)
        elif trouble == Trouble.SILENT_LATE:
            await asyncio.sleep(self.silent)
        elif trouble == Trouble.HALF:
            writer.write(answer[: len(answer) // 2])
        elif trouble == Trouble.DRIP:
            for number in range(len(answer)):
                writer.write(answer[number : number + 1])
                await writer.drain()
                await asyncio.sleep(0.1)
        else:
            writer.write(answer)
            await writer.drain()
            return bool(answer) and not CLOSES.search(answer.partition(b"\r\n\r\n")[0])
        return False

    def _next_trouble(self) -> Trouble | None:
        troubles = self._troubles
        if not troubles or self._chance.random() >= self._share:
            return None
        trouble = self._chance.choice(troubles)
        self.hit[trouble] += 1
        return trouble


class _Way:
    """One connection to the platform, opened when it is needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> bytes:
        """The whole answer, or as much of it as came: the platform, too, can be told to hang up."""
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        reader, writer = self._ends
        writer.write(request)
        try:
            return await _message(reader)
        except asyncio.IncompleteReadError as cut:
            return cut.partial

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One request or answer as it came; b"" at the end of the connection. Raises IncompleteReadError."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return b""
    length = LENGTH.search(head)
    try:
        return head + (await reader.readexactly(int(length[1])) if length else b"")
    except asyncio.IncompleteReadError as cut:
        raise asyncio.IncompleteReadError(head + cut.partial, None) from None


def _reset(writer: asyncio.StreamWriter) -> None:
    """Hang up without a good-bye: the other side sees its connection reset."""
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
