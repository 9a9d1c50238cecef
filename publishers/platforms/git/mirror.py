"""Our own copy of a repository: without a work tree, without the files' contents, and with the newest commits only.

It is a cache: whatever is wrong with it, it is thrown away and fetched anew. One process at a time works on it; the
lock is inherited by git, so that it holds as long as a git does whose worker was killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from publishers.errors import Rejected, Unavailable
from publishers.http import Http
from publishers.platforms.git.address import Remote
from publishers.platforms.git.answers import pushed, trouble
from publishers.platforms.git.program import Program, Ran
from publishers.sites.repository import US, Commit, Files

DEPTH = 50  # commits that the first fetch brings: ours, after a lost answer, is among them
FOLDER = ".repositories"
THEIRS = "refs/heads/theirs"
PATIENCE = 0.05  # seconds between two looks at the lock
MOST_BYTES = 5 * 1024 * 1024  # of a file that we read
MOST_FILES = 5000  # of our copy, after which it is fetched anew: nothing tidies it up
NO_HASH = "0" * 40
NO_EMAIL = "blogscheduler@localhost"


class Damaged(Exception):
    """Our copy cannot be used."""


class Mirror:
    def __init__(self, git: Program, branch: str, email: str) -> None:
        self.git = git
        self.branch = branch
        self.email = email
        self.label = git.http.label

    # There

    def branches(self) -> tuple[str, list[str]]:
        """The branch that is checked out by those who clone, "" when there is none yet, and all branches."""
        ran = self.git.there("ls-remote", "--symref", "origin", "HEAD", "refs/heads/*")
        if ran.code != 0:
            raise trouble(ran, self.label, writes=False)
        names = [line.split("\t")[1] for line in ran.text.splitlines() if "\trefs/heads/" in line]
        heads = [line.split()[1] for line in ran.text.splitlines() if line.startswith("ref: ")]
        found = [name.removeprefix("refs/heads/") for name in names]
        usual = heads[0].removeprefix("refs/heads/") if heads else ""
        return (usual if usual in found else next(iter(found), "")), found

    def fetch(self) -> None:
        """Their branch as it is now becomes THEIRS."""
        begun = self.git.here("rev-parse", "--verify", "--quiet", THEIRS).code == 0
        depth = [] if begun else [f"--depth={DEPTH}"]
        refs = f"+refs/heads/{self.branch}:{THEIRS}"
        ran = self.git.there(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", *depth, "origin", refs
        )
        if ran.code == 0:
            return
        if "couldn't find remote ref" in ran.err:
            raise Rejected(f"{self.label}: there is no branch “{self.branch}”.")
        if _is_ours(ran.err):
            raise Damaged(ran.err)
        raise trouble(ran, self.label, writes=False)

    def may_push(self) -> None:
        """Whether the other side would let us write, as far as it says so beforehand. Raises NotAuthorized."""
        ran = self.git.there("push", "--dry-run", "--porcelain", "--no-verify", "origin", self._pushing(THEIRS))
        if ran.code != 0:
            raise trouble(ran, self.label, writes=False)

    def push(self, commit: str) -> None:
        """Their branch becomes ``commit`` if it is still what we fetched. Raises Behind."""
        options = ("--porcelain", "--no-verify", "--no-follow-tags")
        pushed(self.git.there("push", *options, "origin", self._pushing(commit)), self.label)

    def _pushing(self, commit: str) -> str:
        return f"{commit}:refs/heads/{self.branch}"

    # Here

    def tip(self) -> str:
        return self._done("rev-parse", "--verify", THEIRS).text.strip()

    def entry(self, path: str) -> tuple[str, str]:
        """Mode and name of what stands at ``path``, ("", "") when nothing does."""
        out = self._done("ls-tree", "-z", "--full-tree", THEIRS, "--", path).text
        mode, _, name = out.split("\t")[0].partition(" ") if out else ("", "", "")
        return mode, name.partition(" ")[2]

    def names(self, folder: str) -> list[str]:
        """What is directly in ``folder``."""
        out = self._done("ls-tree", "-z", "--full-tree", "--name-only", THEIRS, "--", f"{folder}/").text
        return [name.rpartition("/")[2] for name in out.split("\0") if name]

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none. Raises Rejected for what is no ordinary file."""
        mode, name = self.entry(path)
        if not mode:
            return None
        if not mode.startswith("100"):
            raise Rejected(f"{self.label}: “{path}” is a folder or a link there. Please choose another path.")
        ran = self.git.there("cat-file", "blob", name)  # which fetches it where we do not have it yet
        if ran.code != 0:
            raise Damaged(ran.err) if _is_ours(ran.err) else trouble(ran, self.label, writes=False)
        return ran.out[:MOST_BYTES].decode("utf-8", "replace")

    def message_with(self, line: str) -> str:
        """The newest commit's message that has this line, "" when none of those that we know has it."""
        pattern = ["--fixed-strings", f"--grep={line}"]
        out = self._done("log", "-z", "--max-count=20", "--format=%B", *pattern, THEIRS).text
        return next((one for one in out.split("\0") if line in one.splitlines()), "")

    def commit(self, commit: Commit) -> None:
        """Made here, and pushed."""
        self.push(self.made(commit))

    def made(self, commit: Commit) -> str:
        """A commit on top of THEIRS in which each file has its content, or is gone. The same again is the same."""
        parent = self.tip()
        index = {"GIT_INDEX_FILE": str(self.git.directory / "blogscheduler-index")}
        Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
        self._done("read-tree", parent, extra=index)
        lines = b"".join(self._line(path, content) for path, content in commit.files.items())
        ran = self.git.here("update-index", "-z", "--add", "--index-info", stdin=lines, extra=index)
        if ran.code != 0 and "appears as both" in ran.err:
            raise Rejected(f"{self.label}: a part of the path is a file or a link there. Please choose another path.")
        self._told(ran)
        tree = self._done("write-tree", "--missing-ok", extra=index).text.strip()
        self._refuse_clash(tree, commit.files)
        stamp = f"{int(commit.moment.timestamp())} {commit.moment:%z}"
        people = {
            "GIT_AUTHOR_NAME": commit.author, "GIT_AUTHOR_EMAIL": self.email, "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_NAME": US, "GIT_COMMITTER_EMAIL": self.email, "GIT_COMMITTER_DATE": stamp,
        }  # fmt: skip
        made = self._done("commit-tree", tree, "-p", parent, "-F", "-", stdin=commit.message.encode(), extra=people)
        return made.text.strip()

    def _line(self, path: str, content: bytes | None) -> bytes:
        if content is None:
            return f"0 {NO_HASH}\t{path}".encode() + b"\0"
        name = self._done("hash-object", "-w", "--stdin", stdin=content).text.strip()
        return f"100644 {name}\t{path}".encode() + b"\0"

    def _refuse_clash(self, tree: str, files: Files) -> None:
        """An index lets a file take the place of a folder, and the other way round: nothing else may go missing."""
        changed = self._done("diff-tree", "-r", "-z", "--name-only", "--no-renames", THEIRS, tree).text
        if strangers := {name for name in changed.split("\0") if name} - set(files):
            raise Rejected(f"{self.label}: “{sorted(strangers)[0]}” is in the way. Please choose another path.")

    def _done(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> Ran:
        ran = self.git.here(*arguments, stdin=stdin, extra=extra)
        self._told(ran)
        return ran

    def _told(self, ran: Ran) -> None:
        """Raises Damaged when a command on our own copy has failed, Unavailable when its time was over."""
        if ran.code is None:
            raise Unavailable(f"{self.label}: the repository could not be read in time.")
        if ran.code != 0:
            raise Damaged(ran.err)


@contextmanager
def mirror(
    http: Http,
    files: Path,
    remote: Remote,
    *,
    branch: str,
    secret: str,
    username: str,
    server_key: str,
    email: str,
) -> Iterator[Mirror]:
    """Our copy of ``remote``, alone. Raises Unavailable when somebody else has it for too long, or it was damaged."""
    directory = files / FOLDER / (hashlib.sha256(remote.url.encode()).hexdigest()[:24] + ".git")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(directory.with_suffix(".lock"), http) as lock:
            git = Program(http, remote, directory, inherited=(lock,))
            with git.ready(secret, username, server_key):
                try:
                    _begin(git)
                    yield Mirror(git, branch, email or NO_EMAIL)
                except Damaged:
                    shutil.rmtree(directory, ignore_errors=True)
                    raise Unavailable(f"{http.label}: our copy of the repository is fetched anew.") from None
    except OSError as error:
        raise Unavailable(f"{http.label}: our copy of the repository cannot be used: {error.strerror}.") from None


def _begin(git: Program) -> None:
    """Take away what a killed git has left behind; make the copy when there is none."""
    for pattern in ("*.lock", "refs/**/*.lock", "objects/**/tmp_*"):
        for left in git.directory.glob(pattern):
            left.unlink(missing_ok=True)
    if sum(1 for _ in git.directory.rglob("*")) > MOST_FILES:
        shutil.rmtree(git.directory, ignore_errors=True)
        git.directory.mkdir(mode=0o700)
    is_there = (git.directory / "HEAD").exists() and (git.directory / "objects").is_dir()
    if not is_there and git.here("init", "--quiet", "--bare", "--template=", str(git.directory)).code != 0:
        raise Damaged


@contextmanager
def _locked(path: Path, http: Http) -> Iterator[int]:
    """Hold the file's lock. A lock that a process holds is free as soon as it and its children are gone."""
    until = time.monotonic() + http.deadline / 2
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Unavailable(f"{http.label}: another worker is busy with this repository.", 5.0) from None
                threading.Event().wait(PATIENCE)
        yield handle
    finally:
        os.close(handle)


def _is_ours(said: str) -> bool:
    """Whether it is our copy that is broken, and not the other side."""
    return any(words in said for words in ("not a git repository", "bad object", "is corrupt", "missing blob object",
                                           "unable to read tree", "bad config", "did not send all necessary",
                                           "error: object file", "invalid sha1 pointer"))  # fmt: skip
