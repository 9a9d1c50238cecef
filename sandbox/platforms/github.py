"""GitHub's REST API, as far as commits need it, over repositories that git itself keeps.

Shapes of the calls and their refusals are from GitHub's OpenAPI description, its rate limits from its documentation,
read in 2026. What a branch holds is what git says, so that two writers race here as they do there.
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from sandbox import rendering
from sandbox.common import route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.limits import Window
from sandbox.messages import Request, Response, json_response
from sandbox.platforms.git import BRANCH, begin, git, note_posts
from sandbox.store import Account, Article, Store

NAME = "github"
PER_MINUTE = 80
"""Writes that make content: the secondary limit, told in the documentation as a number that may change."""
REPOSITORY = r"/api/repos/(?P<owner>[\w-]+)/(?P<name>[\w.-]+)"
ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", REPOSITORY, "repository"),
    ("GET", REPOSITORY + r"/git/ref/heads/(?P<branch>.+)", "ref"),
    ("GET", REPOSITORY + r"/contents/(?P<path>.+)", "contents"),
    ("GET", REPOSITORY + r"/branches", "branches"),
    ("GET", REPOSITORY + r"/commits", "commits"),
    ("GET", REPOSITORY + r"/git/commits/(?P<sha>[0-9a-f]{40})", "commit"),
    ("POST", REPOSITORY + r"/git/blobs", "make_blob"),
    ("POST", REPOSITORY + r"/git/trees", "make_tree"),
    ("POST", REPOSITORY + r"/git/commits", "make_commit"),
    ("POST", REPOSITORY + r"/git/refs", "make_ref"),
    ("PATCH", REPOSITORY + r"/git/refs/heads/(?P<branch>.+)", "create"),
)
KEYS = {
    "make_blob": {"content", "encoding"},
    "make_tree": {"base_tree", "tree"},
    "make_commit": {"message", "tree", "parents", "author", "committer"},
    "make_ref": {"ref", "sha"},
    "create": {"sha", "force"},
}


class Refused(Exception):
    """A refusal; its text is the message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class GitHub:
    """Its strictness: bearer tokens, "not found" for what a token may not see, branches that only move forward."""

    title: ClassVar[str] = "GitHub (REST API)"
    api: ClassVar[str] = "/api"
    calls: ClassVar[tuple[str, ...]] = tuple(name for _, _, name in ROUTES)
    lookups: ClassVar[tuple[str, ...]] = ()
    switches: ClassVar[dict[str, bool]] = {"limits": True, "protected": False, "read_only": False}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-github-key", "sandbox", age_days=400),
        ReadyMade("sandbox-github-reader-key", "reader", 400, {"read_only": True}, "may read and not write"),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self.minute = Window(60)
        self._root: Path | None = None

    def forget(self) -> None:
        """All repositories are gone, and nobody has called."""
        self.minute.forget()
        if self._root:
            shutil.rmtree(self._root, ignore_errors=True)
        self._root = None

    def recognise(self, request: Request) -> Call:
        """The call of a request. What moves the branch creates, and flips, an article."""
        name, _ = route_of(ROUTES, request.method, request.path)
        return Call(name, _token(request), flip=name == "create")

    def turn_away(self, request: Request) -> Response | None:
        """The secondary limit on writes."""
        account = self.store.account(NAME, _token(request))
        if request.method == "GET" or not account or not self._is_on("limits", account):
            return None
        if self.minute.count(account.key, self.store.now()) >= PER_MINUTE:
            return _said(403, "You have exceeded a secondary rate limit.", {"Retry-After": "60"}).response
        self.minute.note(account.key, self.store.now())
        return None

    def answer(self, request: Request, call: Call) -> Outcome:
        """Do what is asked."""
        name, found = route_of(ROUTES, request.method, request.path)
        account = self.store.account(NAME, call.key)
        if not account:
            return _said(401, "Bad credentials")
        if name == "unknown" or (found["owner"], found["name"]) != (account.username, "blog"):
            return _said(404, "Not Found")
        if request.method != "GET" and self._is_on("read_only", account):
            return _said(403, "Resource not accessible by personal access token")
        answers: dict[str, Callable[..., Any]] = {
            "repository": self._about, "ref": self._ref, "contents": self._contents,
            "branches": self._branches, "commits": self._commits,
            "commit": self._commit, "make_blob": self._make_blob, "make_tree": self._make_tree,
            "make_commit": self._make_commit, "make_ref": self._make_ref, "create": self._move,
        }  # fmt: skip
        try:
            given = _given(request, KEYS[name]) if name in KEYS else {}
            value = answers[name](self._repository(account), account, request, found, given)
        except Refused as refused:
            return _said(refused.status, str(refused))
        except subprocess.CalledProcessError as failed:
            return _said(422, failed.stderr.decode(errors="replace")[:200])
        status = 201 if name.startswith("make_") else 200
        article = note_posts(self.store, NAME, account, self._repository(account)) if name == "create" else None
        return Outcome(json_response(status, value), article)

    def body_html(self, article: Article) -> str:
        """The post as a site would show it."""
        return rendering.render(article.body)

    def _is_on(self, switch: str, account: Account) -> bool:
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    def _repository(self, account: Account) -> Path:
        if not self._root:
            self._root = Path(tempfile.mkdtemp(prefix="sandbox-github-"))
        where = self._root / account.username / "blog.git"
        if not where.exists():
            begin(where)
        return where

    # Reading

    def _about(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        rights = {"pull": True, "push": not self._is_on("read_only", account), "admin": False}
        return {
            "full_name": f"{account.username}/blog", "default_branch": BRANCH, "archived": False, "permissions": rights,
        }  # fmt: skip

    def _ref(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        return _ref_of(where, found["branch"])

    def _contents(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        path, ref = found["path"], request.query.get("ref", BRANCH)
        listed = git(where, "ls-tree", "-z", ref, "--", path).decode().split("\0")[0]
        if not listed:
            raise Refused(404, "Not Found")
        mode, kind, rest = listed.split(" ", 2)
        sha = rest.split("\t")[0]
        if kind == "tree":
            names = git(where, "ls-tree", "-z", "--name-only", ref, "--", f"{path}/").decode().split("\0")
            return [{"type": "file", "name": name.rpartition("/")[2], "path": name} for name in names if name]
        if mode == "120000":
            return {"type": "symlink", "path": path, "sha": sha}
        content = base64.encodebytes(git(where, "cat-file", "blob", sha)).decode()
        return {"type": "file", "encoding": "base64", "content": content, "path": path, "sha": sha}

    def _branches(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        names = git(where, "for-each-ref", "--format=%(refname:short)", "refs/heads").decode().split()
        return [{"name": name, "protected": False} for name in names]

    def _commits(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        most = min(int(request.query.get("per_page", "30")), 100)
        out = git(where, "log", "-z", f"--max-count={most}", "--format=%H%n%B", request.query.get("sha", BRANCH))
        pairs = (one.partition("\n") for one in out.decode().split("\0") if one)
        return [{"sha": sha, "commit": {"message": message.rstrip("\n")}} for sha, _, message in pairs]

    def _commit(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        tree = git(where, "rev-parse", f"{found['sha']}^{{tree}}").decode().strip()
        return {"sha": found["sha"], "tree": {"sha": tree}}

    # Writing

    def _make_blob(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        coded = given["content"].encode()
        content = base64.b64decode(coded) if given.get("encoding") == "base64" else coded
        return {"sha": git(where, "hash-object", "-w", "--stdin", stdin=content).decode().strip()}

    def _make_tree(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        index = {"GIT_INDEX_FILE": str(where / "sandbox-index")}
        (where / "sandbox-index").unlink(missing_ok=True)
        git(where, "read-tree", given["base_tree"], more=index)
        for entry in given["tree"]:
            if set(entry) - {"path", "mode", "type", "sha", "content"} or entry.get("mode") != "100644":
                raise Refused(422, "tree.mode is not one that is known")
            sha = entry.get("sha")
            if "content" in entry:
                sha = git(where, "hash-object", "-w", "--stdin", stdin=entry["content"].encode()).decode().strip()
            line = f"100644 {sha}\t{entry['path']}\0" if sha else f"0 {'0' * 40}\t{entry['path']}\0"
            git(where, "update-index", "-z", "--add", "--replace", "--index-info", stdin=line.encode(), more=index)
        return {"sha": git(where, "write-tree", more=index).decode().strip()}

    def _make_commit(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        more: dict[str, str] = {}
        for who in ("author", "committer"):
            person = given.get(who) or {}
            if person and not {"name", "email"} <= set(person):
                raise Refused(422, f"{who}.name and {who}.email are required")
            more |= {f"GIT_{who.upper()}_{key.upper()}": value for key, value in person.items()}
        parents = [word for parent in given["parents"] for word in ("-p", parent)]
        made = git(where, "commit-tree", given["tree"], *parents, "-F", "-", stdin=given["message"].encode(), more=more)
        return {"sha": made.decode().strip(), "message": given["message"]}

    def _make_ref(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        git(where, "update-ref", given["ref"], given["sha"], "0" * 40)
        return _ref_of(where, given["ref"].removeprefix("refs/heads/"))

    def _move(self, where: Path, account: Account, request: Request, found: Any, given: Any) -> Any:
        before = _ref_of(where, found["branch"])["object"]["sha"]
        if self._is_on("protected", account):
            raise Refused(422, "Repository rule violations found: Changes must be made through a pull request.")
        base = git(where, "merge-base", before, given["sha"]).decode().strip()
        if base != before and not given.get("force"):
            raise Refused(422, "Update is not a fast forward")
        git(where, "update-ref", f"refs/heads/{found['branch']}", given["sha"], before)
        return _ref_of(where, found["branch"])


def _ref_of(where: Path, branch: str) -> Any:
    try:
        sha = git(where, "rev-parse", "--verify", f"refs/heads/{branch}").decode().strip()
    except subprocess.CalledProcessError:
        raise Refused(404, "Not Found") from None
    return {"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}}


def _given(request: Request, known: set[str]) -> dict[str, Any]:
    try:
        given = json.loads(request.body)
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(given, dict) or set(given) - known:
        raise Refused(422, "Invalid request. A key is not permitted.")
    return given


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    version = re.fullmatch(r"\d{4}-\d\d-\d\d", request.headers.get("x-github-api-version", ""))
    return token if kind == "Bearer" and version else ""


def _said(status: int, message: str, headers: dict[str, str] | None = None) -> Outcome:
    value = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    return Outcome(json_response(status, value, headers))
