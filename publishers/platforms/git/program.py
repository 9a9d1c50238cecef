"""Git, the program: bounded in time, in what it may read and in where it may go.

It gets an environment made here and nothing of ours: no configuration of the machine or of a person, no hooks, no
prompts, no helpers, no proxies; one protocol, no redirects, and the addresses that the guard has looked at. A secret is
in its environment or in memory, never among its arguments, which everybody on the machine can read.

Read in the documentation of git 2.39 and OpenSSH 9.2, and tried with them (2026).
"""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from publishers.answers import Exchange
from publishers.errors import Unavailable
from publishers.http import USER_AGENT, Http
from publishers.platforms.git.address import Remote

CAP = 8 * 1024 * 1024  # bytes of what it says
POST = 256 * 1024 * 1024  # bytes of a push that are sent with their length: some servers take no chunks


@dataclass(frozen=True)
class Ran:
    """How one command ended. ``code`` is None when its time was over."""

    code: int | None
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")


class Program:
    """Git for one step of one delivery: all its commands together have the step's deadline."""

    def __init__(self, http: Http, remote: Remote, directory: Path, inherited: tuple[int, ...] = ()) -> None:
        self.http = http
        self.remote = remote
        self.directory = directory
        self.until = time.monotonic() + http.deadline
        self._inherited = inherited
        self._environment: dict[str, str] = {}

    @contextmanager
    def ready(self, secret: str, username: str, server_key: str) -> Iterator[Program]:
        """With what it needs for the way there. Raises Unavailable where the guard does not let it go."""
        path = shutil.which("git")
        if path is None:
            raise Unavailable("The program git is not installed where blogscheduler runs.")
        self._path = path
        addresses = self._guarded()
        with ExitStack() as opened:
            self._environment = _environment(self.directory)
            self._environment |= _as_variables(self._configuration(addresses, secret, username))
            self._environment |= _ssh(opened, addresses, self.remote, secret, server_key)
            yield self

    def remaining(self) -> float:
        return self.until - time.monotonic()

    def there(self, *arguments: str) -> Ran:
        """A command that calls the other side, kept as an exchange. Not begun when the time to send is over."""
        if self.http.not_after is not None and time.monotonic() > self.http.not_after:
            raise Unavailable(f"{self.http.label} was not called: the time to send it is over.")
        started = time.monotonic()
        ran = self.here(*arguments)
        out = "" if arguments[0] == "cat-file" else ran.text.strip()  # an author's text is kept elsewhere
        said = "\n".join(filter(None, [out, ran.err.strip()]))
        exchange = Exchange(f"git {arguments[0]}", self.remote.url, shlex.join(arguments), response=said)
        exchange.error = "" if ran.code == 0 else _ending(ran)
        exchange.seconds = round(time.monotonic() - started, 3)
        self.http.keep(exchange)
        return ran

    def here(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> Ran:
        """A command on our own copy."""
        seconds = self.remaining()
        if seconds <= 0:
            return Ran(None, b"", "")
        process = subprocess.Popen(
            [self._path, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=self._environment | dict(extra or {}),
            start_new_session=True,  # so that ssh and git-remote-https end with it
            pass_fds=self._inherited,
        )
        return _finished(process, stdin, seconds)

    def server_keys(self) -> str:
        """What the server of an ssh address shows as its keys, one a line: address, kind, key."""
        path = shutil.which("ssh-keyscan")
        if path is None:
            raise Unavailable("The program ssh-keyscan is not installed where blogscheduler runs.")
        self._path, self._environment = path, {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        seconds = str(max(int(min(self.remaining(), 5)), 1))
        return self.here("-T", seconds, "-p", str(self.remote.port), self._guarded()[0]).text

    def _guarded(self) -> list[str]:
        """The addresses of the host. Raises Unavailable when it is not one for us."""
        if self.remote.scheme == "file":
            allowed = [place for place in self.http.private_origins if place.startswith("file://")]
            if not any(f"{self.remote.place}/".startswith(f"{place}/") for place in allowed):
                raise Unavailable(f"{self.http.label}: this folder is not one that the administrator has allowed.")
            return []
        if self.remote.scheme == "http" and self.remote.place not in self.http.private_origins:
            raise Unavailable(f"{self.http.label}: the address has to begin with https:// or ssh://.")
        return self.http.addresses(self.remote.place)

    def _configuration(self, addresses: list[str], secret: str, username: str) -> dict[str, str]:
        remote = self.remote
        given = {
            "core.hooksPath": os.devnull, "core.askPass": "", "core.fsmonitor": "false", "core.quotePath": "false",
            "credential.helper": "", "credential.interactive": "false", "gc.auto": "0", "maintenance.auto": "false",
            "protocol.allow": "never", f"protocol.{remote.scheme}.allow": "always", "protocol.version": "2",
            "http.followRedirects": "false", "http.proxy": "", "http.sslVerify": "true", "http.userAgent": USER_AGENT,
            "http.lowSpeedLimit": "1", "http.lowSpeedTime": "15", "http.postBuffer": str(POST),
            "transfer.bundleURI": "false", "fetch.recurseSubmodules": "false", "push.recurseSubmodules": "no",
            "push.gpgSign": "false", "commit.gpgSign": "false", "advice.pushUpdateRejected": "false",
            "remote.origin.url": remote.url, "safe.directory": "*",
        }  # fmt: skip
        if remote.scheme in ("https", "http"):
            checked = ",".join(f"[{one}]" if ":" in one else one for one in addresses)
            given["http.curloptResolve"] = f"{remote.host}:{remote.port}:{checked}"
            if secret:
                basic = base64.b64encode(f"{username or 'git'}:{secret}".encode()).decode()
                given["http.extraHeader"] = f"Authorization: Basic {basic}"
        return given


def _environment(directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(directory),
        "LC_ALL": "C",
        "GIT_DIR": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_SSH_VARIANT": "ssh",
    }


def _ssh(opened: ExitStack, addresses: list[str], remote: Remote, secret: str, server_key: str) -> dict[str, str]:
    """How git calls ssh: to the address that was looked at, and only if the server has the key that was confirmed."""
    if remote.scheme != "ssh":
        return {"GIT_SSH_COMMAND": "false"}
    key = opened.enter_context(_in_memory(secret.rstrip() + "\n"))
    known = opened.enter_context(_in_memory(f"{remote.host} {server_key}\n"))
    options = {
        "HostName": addresses[0], "HostKeyAlias": remote.host, "StrictHostKeyChecking": "yes", "CheckHostIP": "no",
        "UserKnownHostsFile": known, "GlobalKnownHostsFile": os.devnull, "UpdateHostKeys": "no", "IdentityFile": key,
        "IdentitiesOnly": "yes", "IdentityAgent": "none", "PreferredAuthentications": "publickey", "BatchMode": "yes",
        "ForwardAgent": "no", "ClearAllForwardings": "yes", "ControlMaster": "no", "ControlPath": "none",
        "PermitLocalCommand": "no", "ProxyCommand": "none", "ConnectTimeout": "5", "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
    }  # fmt: skip
    words = ["ssh", "-F", os.devnull]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    return {"GIT_SSH_COMMAND": shlex.join(words)}


def _as_variables(configuration: Mapping[str, str]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(configuration))}
    for number, (key, value) in enumerate(configuration.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """The path of a file with this text that only we can read and that is never on a disk where that can be done.

    ssh closes what it inherits, so that it is named by our own process.
    """
    if not hasattr(os, "memfd_create") or not Path("/proc/self/fd").exists():
        with NamedTemporaryFile("w", prefix="blogscheduler-") as file:
            file.write(text)
            file.flush()
            yield file.name
        return
    handle = os.memfd_create("blogscheduler")
    try:
        os.fchmod(handle, 0o600)
        os.write(handle, text.encode())
        yield f"/proc/{os.getpid()}/fd/{handle}"
    finally:
        os.close(handle)


def _finished(process: subprocess.Popen[bytes], stdin: bytes, seconds: float) -> Ran:
    """Feed it, read it and wait for it, within its time. What it says beyond CAP is read and dropped."""
    assert process.stdin
    assert process.stdout
    assert process.stderr
    out, err = bytearray(), bytearray()
    threads = [
        threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True),
        threading.Thread(target=_read, args=(process.stdout, out), daemon=True),
        threading.Thread(target=_read, args=(process.stderr, err), daemon=True),
    ]
    until = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    try:
        code: int | None = process.wait(seconds)
    except subprocess.TimeoutExpired:
        code = None
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0) if code is not None else 0)
    if code is None or any(thread.is_alive() for thread in threads):
        code = None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for thread in threads:
            thread.join(1)
    return Ran(code, bytes(out), err.decode("utf-8", "replace"))


def _feed(pipe: IO[bytes], data: bytes) -> None:
    with suppress(OSError), pipe:
        pipe.write(data)


def _read(pipe: IO[bytes], into: bytearray) -> None:
    with suppress(OSError, ValueError), pipe:
        while piece := pipe.read1(64 * 1024):  # type: ignore[attr-defined]
            into += piece[: max(CAP - len(into), 0)]


def _ending(ran: Ran) -> str:
    return "It did not end in time." if ran.code is None else f"It ended with {ran.code}."
