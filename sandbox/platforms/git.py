"""A forge with Git repositories over http: git itself, with accounts, pages of what was pushed, and faults on order.

Nothing of the protocol is imitated: git's own http-backend answers, of the machine the sandbox runs on. Everybody has
one repository, /r/<username>/blog.git, with a first commit on its branch main.
"""

import base64
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import yaml

from sandbox import rendering
from sandbox.common import route_of
from sandbox.contract import Call, Outcome, ReadyMade
from sandbox.messages import Request, Response, text_response
from sandbox.store import Account, Article, Store

NAME = "git"
BRANCH = "main"
ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/r/(?P<user>\w+)/blog\.git/info/refs", "refs"),
    ("POST", r"/r/(?P<user>\w+)/blog\.git/git-upload-pack", "fetch"),
    ("POST", r"/r/(?P<user>\w+)/blog\.git/git-receive-pack", "create"),
)
HEAD = re.compile(r"\A---\n(.*?)\n---\n(.*)", re.DOTALL)
REFUSAL = "#!/bin/sh\necho 'The branch main takes no pushes: open a merge request.' >&2\nexit 1\n"


class Git:
    """A forge's strictness: basic authentication, one's own repository only, a branch that may be protected."""

    title: ClassVar[str] = "Git (over http)"
    api: ClassVar[str] = "/r"
    calls: ClassVar[tuple[str, ...]] = ("refs", "fetch", "create")
    lookups: ClassVar[tuple[str, ...]] = ()
    switches: ClassVar[dict[str, bool]] = {"limits": True, "protected": False, "read_only": False}
    accounts: ClassVar[tuple[ReadyMade, ...]] = (
        ReadyMade("sandbox-git-key", "sandbox", age_days=400),
        ReadyMade("sandbox-git-reader-key", "reader", 400, {"read_only": True}, "may fetch and not push"),
    )

    def __init__(self, store: Store) -> None:
        self.store = store
        self._root: Path | None = None

    def forget(self) -> None:
        """All repositories are gone."""
        if self._root:
            shutil.rmtree(self._root, ignore_errors=True)
        self._root = None

    # What is asked

    def recognise(self, request: Request) -> Call:
        """The call of a request. A push is what creates, and flips, an article."""
        name, _ = route_of(ROUTES, request.method, request.path)
        return Call(name, _key(request), flip=name == "create")

    def turn_away(self, request: Request) -> Response | None:
        """Nobody is counted here."""
        return None

    # What is answered

    def answer(self, request: Request, call: Call) -> Outcome:
        """What git answers, after the question of who asks."""
        name, found = route_of(ROUTES, request.method, request.path)
        account = self.store.account(NAME, call.key)
        if not account:
            return Outcome(text_response(401, "Who are you?", {"WWW-Authenticate": 'Basic realm="sandbox"'}))
        if name == "unknown" or found["user"] != account.username:
            return Outcome(text_response(404, "Repository not found."))
        writes = name == "create" or request.query.get("service") == "git-receive-pack"
        if writes and self._is_on("read_only", account):
            return Outcome(text_response(403, "This token may not write."))
        response = _backend(self._repository(account), request, account.username)
        return Outcome(
            response, note_posts(self.store, NAME, account, self._repository(account)) if name == "create" else None
        )

    def body_html(self, article: Article) -> str:
        """The post as a site would show it."""
        return rendering.render(article.body)

    def _is_on(self, switch: str, account: Account) -> bool:
        return self.store.is_on(NAME, switch, self.switches[switch], account)

    def _repository(self, account: Account) -> Path:
        """Somebody's repository, made when it is asked for first."""
        if not self._root:
            self._root = Path(tempfile.mkdtemp(prefix="sandbox-git-"))
        where = self._root / account.username / "blog.git"
        if not where.exists():
            begin(where)
        hook = where / "hooks" / "pre-receive"
        hook.unlink(missing_ok=True)
        if self._is_on("protected", account):
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(REFUSAL)
            hook.chmod(0o755)
        return where


def note_posts(store: Store, platform: str, account: Account, repository: Path) -> Article | None:
    """The store learns of what the branch has now; the article that is new or another one is answered."""
    now, changed = store.now(), None
    files = posts_in(repository)
    known = {article.fields["file"]: article for article in store.articles(platform, account.username)}
    for path, (head, body) in files.items():
        article = known.get(path) or Article(platform, account.username, created_at=now, published_at=now)
        visible = head.get("draft") is not True and head.get("published") is not False
        state = (str(head.get("title", "")), body, visible)
        if (article.title, article.body, article.published) != state:
            article.title, article.body, article.published = state
            article.canonical_url, article.updated_at = head.get("canonicalURL"), now
            article.path = f"/{account.username}/{re.sub(r'(/index)?[.]mdx?$', '', path)}/"
            article.fields = {"file": path, "known_by": head.get("blogscheduler_id")}
            changed = store.save(article)
    for path in known.keys() - files.keys():
        known[path].published = False
        changed = store.save(known[path])
    return changed


def begin(where: Path) -> None:
    """A bare repository with a first commit."""
    git(where.parent.parent, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", "--template=", str(where))
    for name in ("http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(where, "config", name, "true")
    tree = git(where, "mktree", stdin=b"")
    commit = git(where, "commit-tree", tree.decode().strip(), "-m", "Begin").decode().strip()
    git(where, "update-ref", f"refs/heads/{BRANCH}", commit)


def posts_in(repository: Path) -> dict[str, tuple[dict[str, Any], str]]:
    """Every Markdown file of the branch by its path: front matter and text."""
    listed = git(repository, "ls-tree", "-r", "-z", "--name-only", BRANCH).decode().split("\0")
    posts: dict[str, tuple[dict[str, Any], str]] = {}
    for path in listed:
        if path.endswith((".md", ".mdx")):
            text = git(repository, "cat-file", "blob", f"{BRANCH}:{path}").decode()
            found = HEAD.match(text)
            posts[path] = (yaml.safe_load(found[1]) or {}, found[2]) if found else ({}, text)
    return posts


def git(where: Path, *arguments: str, stdin: bytes = b"", more: dict[str, str] | None = None) -> bytes:
    """One command of git, with nothing of the person's own configuration. Raises CalledProcessError."""
    where.mkdir(parents=True, exist_ok=True)
    environment = _environment() | (more or {})
    ran = subprocess.run(["git", *arguments], cwd=where, input=stdin, env=environment, check=True, capture_output=True)
    return ran.stdout


def _environment() -> dict[str, str]:
    people = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
        ("NAME", "sandbox"), ("EMAIL", "sandbox@localhost"))}  # fmt: skip
    return people | {
        "PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C",
    }  # fmt: skip


def _backend(repository: Path, request: Request, username: str) -> Response:
    """What git's CGI program answers."""
    environment = _environment() | {
        "GIT_PROJECT_ROOT": str(repository.parent.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path.removeprefix("/r"),
        "QUERY_STRING": "&".join(f"{name}={value}" for name, value in request.query.items()),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_USER": username,
        "REMOTE_ADDR": request.ip,
    }
    ran = subprocess.run(["git", "http-backend"], input=request.body, env=environment, check=True, capture_output=True)
    head, _, body = ran.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return Response(status, body, headers)


def _key(request: Request) -> str:
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        return base64.b64decode(coded).decode().partition(":")[2] if kind.lower() == "basic" else ""
    except ValueError:
        return ""
