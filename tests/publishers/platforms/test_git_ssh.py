"""A repository over ssh, at a real server on this machine; only where one is installed."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from publishers.base import Surroundings
from publishers.errors import NotAuthorized, Unavailable
from publishers.http import Http
from publishers.platforms.git import Git
from publishers.platforms.git.server_keys import choices_of, described, plain_key
from sandbox.platforms.git import begin
from tests.publishers.contract import ARTICLE, OTHER_KEY
from tests.publishers.platforms.test_git import LAYOUT, commits, listing

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@dataclass(frozen=True)
class Server:
    port: int
    key: str  # its own, as it is confirmed
    secret: str  # of a person who may log in
    stranger: str  # of one who may not


def can_serve() -> bool:
    """As root, sshd wants a user and a folder of its own, which its package makes."""
    if SSHD is None:
        return False
    users = {user.pw_name for user in pwd.getpwall()}
    return os.geteuid() != 0 or ("sshd" in users and Path("/run/sshd").is_dir())


def made_key(where: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(where)], check=True)
    return where.read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not can_serve():
        pytest.skip("no sshd is installed here")
    where = tmp_path_factory.mktemp("sshd")
    keys = {name: made_key(where / name) for name in ("host", "ada", "stranger")}
    (where / "authorized").write_text((where / "ada.pub").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (where / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {where}/host\nAuthorizedKeysFile {where}/authorized\n"
        f"PidFile {where}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    with (where / "log").open("w") as log:
        process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(where / "config")], stderr=log)
        try:
            wait_for(port)
            yield Server(port, plain_key((where / "host.pub").read_text()), keys["ada"], keys["stranger"])
        finally:
            process.terminate()
            process.wait()


def wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as line:
            line.settimeout(0.2)
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("sshd does not answer")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    where = tmp_path / "srv" / "blog.git"
    begin(where)
    return where


def opened(server: Server, bare: Path, files: Path, *, secret: str = "", **settings: Any) -> Git:
    http = Http(private_origins=frozenset({f"ssh://127.0.0.1:{server.port}"}), deadline=20, label="Git")
    url = f"ssh://{getpass.getuser()}@127.0.0.1:{server.port}{bare}"
    wishes = LAYOUT | {"repository": url, "server_key": server.key} | settings
    credentials = {"secret": secret or server.secret}
    return Git(credentials=credentials, settings=wishes, surroundings=Surroundings(http=http, files=files))


def test_the_servers_keys_are_shown_and_one_is_chosen(server: Server, bare: Path, tmp_path: Path) -> None:
    shown = opened(server, bare, tmp_path, server_key="").verify().choices["server_key"]
    assert shown[0] == (server.key, described(server.key))
    assert shown[-1][0] == "none"
    account = opened(server, bare, tmp_path).verify()
    assert account.choices["server_key"] == ((server.key, described(server.key)),)
    for key in ("", "none"):
        with pytest.raises(NotAuthorized, match="confirmed"):
            opened(server, bare, tmp_path, server_key=key).publish(ARTICLE)


def test_posts_are_pushed_with_a_deploy_key(server: Server, bare: Path, tmp_path: Path) -> None:
    publisher = opened(server, bare, tmp_path / "one")
    post = publisher.publish(ARTICLE)
    assert opened(server, bare, tmp_path / "two").find(ARTICLE) == post
    opened(server, bare, tmp_path / "two").publish(replace(ARTICLE, key=OTHER_KEY))
    assert len(listing(bare)) == 2
    assert len(commits(bare)) == 3
    assert "PRIVATE KEY" not in repr(publisher.http.exchanges)
    assert [one for one in (tmp_path / "one").rglob("*") if one.is_file() and b"PRIVATE KEY" in one.read_bytes()] == []


def test_a_server_with_another_key_is_not_trusted(server: Server, bare: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAuthorized, match="does not have the key that you have confirmed"):
        opened(server, bare, tmp_path, server_key=KEY).publish(ARTICLE)


def test_a_key_that_the_server_does_not_know_is_refused(server: Server, bare: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAuthorized, match="does not accept the key"):
        opened(server, bare, tmp_path, secret=server.stranger).publish(ARTICLE)
    with pytest.raises(NotAuthorized, match="OpenSSH key"):
        opened(server, bare, tmp_path, secret="-----BEGIN OPENSSH PRIVATE KEY-----\nx\n").publish(ARTICLE)


def test_a_repository_that_is_not_there_is_said(server: Server, bare: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAuthorized, match="no such repository"):
        opened(server, bare.with_name("other.git"), tmp_path).verify()


def test_a_server_that_is_away_is_tried_later(bare: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = Server(port, KEY, "-----BEGIN OPENSSH PRIVATE KEY-----", "")
    with pytest.raises(Unavailable):
        opened(away, bare, tmp_path).publish(ARTICLE)
    with pytest.raises(Unavailable):
        opened(away, bare, tmp_path, server_key="").verify()


def test_keys_are_told_by_their_fingerprints() -> None:
    """GitHub's own key and its fingerprint, as its documentation has them."""
    assert described(KEY) == "ED25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
    scanned = f"# host:22 SSH-2.0-x\nhost ssh-rsa {'A' * 80}\nhost {KEY}\nhost {KEY} again\nnonsense\n"
    assert [label.split()[0] for _, label in choices_of(scanned)] == ["ED25519", "RSA", "None"]


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-dss AAAA", "ssh-ed25519 ../../etc", f"x {KEY[:30]}"])
def test_what_is_no_key_of_a_server_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a server's key"):
        plain_key(line)
    assert line == "" or "server_key" in Git.settings_form(LAYOUT | {"server_key": line}).errors
