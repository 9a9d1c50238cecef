"""The address of a repository: what it may look like, and where it leads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from publishers.http import place_of

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]"
_SHORT = re.compile(rf"([A-Za-z0-9_][\w.-]*)@({_HOST}):(?!//)([\w~./+ @-]+)")  # git@host:ada/blog.git
_PORTS = {"https": 443, "http": 80, "ssh": 22}


@dataclass(frozen=True)
class Remote:
    """A repository. ``port`` is 0 for a folder; ``user`` is only known for ssh."""

    scheme: str
    host: str
    port: int
    path: str
    user: str = ""

    @property
    def url(self) -> str:
        if self.scheme == "file":
            return f"file://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{user}{host}{port}{self.path}"

    @property
    def place(self) -> str:
        """What has to be in ALLOW_PRIVATE_TARGETS when it is not public: the origin, or the folder."""
        return place_of(self.url)

    @property
    def name(self) -> str:
        """As people call it: "codeberg.org/ada/blog"."""
        return f"{self.host}{self.path.removesuffix('.git')}".strip("/")


def remote_of(address: str) -> Remote:
    """The repository at ``address``. Raises ValueError with a sentence."""
    address = address.strip()
    if short := _SHORT.fullmatch(address):
        user, host, path = short.groups()
        return Remote("ssh", host.strip("[]").lower(), 22, "/" + path.lstrip("/"), user)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("This is not the address of a repository.") from None
    scheme = parts.scheme.lower()
    if scheme not in (*_PORTS, "file") or parts.query or parts.fragment or not _is_plain(parts.path):
        raise ValueError("Please give an address like https://codeberg.org/ada/blog.git or git@codeberg.org:ada/blog.")
    if scheme == "file":
        if host:
            raise ValueError("A folder's address has three slashes: file:///srv/git/blog.git.")
        return Remote("file", "", 0, parts.path)
    if not re.fullmatch(_HOST, f"[{host}]" if ":" in host else host):
        raise ValueError("The address names no host.")
    if parts.password or (parts.username and scheme != "ssh"):
        raise ValueError("Please leave user name and password out of the address: there are fields for them.")
    user = parts.username or ("git" if scheme == "ssh" else "")
    if user and not re.fullmatch(r"[A-Za-z0-9_][\w.-]*", user):
        raise ValueError("This is not the name of a user.")
    return Remote(scheme, host, port or _PORTS[scheme], parts.path, user)


def _is_plain(path: str) -> bool:
    """Nothing that ssh, a shell at its other end or git could take for something else."""
    return bool(re.fullmatch(r"/[\w~./+%@-]+", path)) and ".." not in path.split("/") and not path.startswith("//")
