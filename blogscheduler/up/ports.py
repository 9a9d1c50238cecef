"""Ports of this machine."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Listen on the loopback. Raises OSError when somebody else does."""
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def free_port(wished: int = 0) -> int:
    """The wished port when it is free, else any that is. Who needs it takes it at once: it is not kept."""
    try:
        listening = listen(wished)
    except OSError:
        listening = listen(0)
    with listening:
        return int(listening.getsockname()[1])
