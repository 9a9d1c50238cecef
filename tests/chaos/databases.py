"""The databases of a row: a migrated template is made once, and each row gets a copy in a folder of its own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.real.house import ROOT, wait_for


class Database(ABC):
    """One database in one folder. ``disk`` bytes is how big a disk has to be that can be filled up."""

    name: str
    disk: int

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for DATABASE_URL."""

    def create(self) -> None:  # noqa: B027  a file makes itself
        """Make an empty one in the folder."""

    def start(self) -> None:  # noqa: B027  a file serves by itself
        """Serve; return when it does."""

    def stop(self) -> None:  # noqa: B027
        """End in good order."""

    def fell(self) -> bool:
        """Whether it has ended by itself."""
        return False

    def copy_to(self, folder: Path) -> None:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


class Sqlite(Database):
    name = "sqlite"
    disk = 48 * 1024 * 1024

    @property
    def path(self) -> Path:
        return self.folder / "db.sqlite3"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def stop(self) -> None:
        """Leave one file behind, without a log beside it."""
        with sqlite3.connect(self.path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    @contextmanager
    def written_to(self) -> Iterator[None]:
        """A foreign process is in the middle of writing."""
        program = (
            "import sqlite3, sys\n"
            "connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)\n"
            "connection.execute('BEGIN IMMEDIATE')\n"
            "print('writing', flush=True)\n"
            "sys.stdin.read()\n"
        )
        writer = subprocess.Popen(
            [sys.executable, "-c", program, str(self.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert writer.stdout
            writer.stdout.readline()
            yield
        finally:
            writer.kill()
            writer.communicate()


class Postgres(Database):
    """A server of the row's own. ``house`` is who the product logs in as; ``tests`` may do everything."""

    name = "postgres"
    disk = 256 * 1024 * 1024
    settings: tuple[str, ...] = (
        "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=60", "fsync=on",
        "full_page_writes=on", "synchronous_commit=on", "min_wal_size=32MB", "max_wal_size=64MB", "shared_buffers=32MB",
    )  # fmt: skip
    ours = (
        "CREATE ROLE house LOGIN PASSWORD '{password}'",
        # As an operator may set it: nobody waits for a lock, or for an answer, for ever.
        "ALTER ROLE house SET lock_timeout = '2s'",
        "ALTER ROLE house SET statement_timeout = '10s'",
        "CREATE DATABASE house OWNER house",
    )

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port)
        self.server: subprocess.Popen[bytes] | None = None
        self._bin = binaries()
        self._who = _who()

    @property
    def url(self) -> str:
        return f"postgres://house:{self.password}@127.0.0.1:{self.port}/house"

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def create(self) -> None:
        """An empty cluster with our own role and database in it; it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "password").write_text(secrets.token_hex(16))
        self._give_away()
        command = [
            str(self._bin / "initdb"), f"--pgdata={self.data}", f"--pwfile={self.folder / 'password'}",
            "--username=tests", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync",
            "--wal-segsize=4",
        ]  # fmt: skip
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, **self._who)
        self.start()
        with self.admin() as connection:
            for statement in self.ours:
                connection.execute(statement.format(password=self.password))

    def copy_to(self, folder: Path) -> None:
        super().copy_to(folder)
        Postgres(folder, self.port)._give_away()

    def _give_away(self) -> None:
        """To whom the server runs as: it refuses to run as root."""
        if "user" in self._who:
            subprocess.run(["chown", "-R", f"{self._who['user']}:{self._who['group']}", self.folder], check=True)

    def start(self) -> None:
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed
        options = [part for setting in self.settings for part in ("-c", setting)]
        command = [str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True, **self._who
            )
        wait_for(self._serves, 60, "PostgreSQL serves")

    def _serves(self) -> bool:
        assert self.server
        if self.server.poll() is not None:
            raise AssertionError(f"PostgreSQL did not start: see {self.folder / 'log'}")
        try:
            self.admin().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def stop_at_once(self) -> None:
        """As if the machine had lost its power, but for what the disk had not written."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self.server and self.server.poll() is None:
            self._signal(signal.SIGCONT)
            self.server.send_signal(how)
            self.server.wait(timeout=60)

    def fell(self) -> bool:
        return self.server is not None and self.server.poll() is not None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, sign: signal.Signals) -> None:
        """To the server and all who serve in it; twice, for those who were born meanwhile."""
        assert self.server
        for _ in range(2):
            for pid in [self.server.pid, *_children(self.server.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, sign)

    def admin(self, dbname: str = "postgres") -> psycopg.Connection[Any]:
        """A connection that may do everything, also when there is no room for others."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="tests", password=self.password, dbname=dbname, autocommit=True,
            connect_timeout=5,
        )  # fmt: skip

    def guest(self) -> psycopg.Connection[Any]:
        """One connection more, as the product makes them."""
        return psycopg.connect(self.url, connect_timeout=5)


KINDS: dict[str, type[Database]] = {"sqlite": Sqlite, "postgres": Postgres}


def binaries() -> Path:
    """The folder of PostgreSQL's programs. Raises FileNotFoundError when it is not installed."""
    initdb = shutil.which("initdb") or max(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), default="")
    if not initdb:
        raise FileNotFoundError("PostgreSQL is not installed: there is no initdb.")
    return Path(initdb).resolve().parent


def available(name: str) -> bool:
    try:
        return name == "sqlite" or bool(binaries())
    except FileNotFoundError:
        return False


def _who() -> dict[str, Any]:
    """For subprocess: whom PostgreSQL runs as, somebody else when we are root."""
    if os.geteuid() != 0:
        return {}
    try:
        somebody = pwd.getpwnam("postgres")
    except KeyError:
        somebody = pwd.getpwnam("nobody")
    return {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}


def _children(pid: int) -> list[int]:
    """The processes that this one has started, and that are still there."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        text = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in text.split()]


def make_template(kind: type[Database], folder: Path, port: int, env: dict[str, str]) -> Database:
    """A database as the present code wants it, ready to be copied; it does not serve."""
    folder.mkdir(parents=True)
    template = kind(folder, port)
    template.create()
    try:
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(command, cwd=ROOT, env={**env, "DATABASE_URL": template.url}, check=True)
    finally:
        template.stop()
    return template


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """The folder as a disk of its own, of so many bytes; False where we may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
