"""GitHub's REST API, as far as commits need it, in version 2022-11-28.

Everything but the last call is invisible: blobs, a tree and a commit that no branch leads to. The last one moves the
branch, and only forward from where we saw it.
"""

from __future__ import annotations

import base64
import time
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from publishers.answers import Answer, Hook
from publishers.errors import Fault, NotAuthorized, PublishingError, RateLimited, Rejected
from publishers.http import Http
from publishers.sites.repository import US, Behind, Commit

LABEL = "GitHub"
NEWEST = 100  # commits among which ours is looked for
LONGEST_WAIT = 3600.0  # seconds: its limits are by the hour
AT_ONCE = 100 * 1024 * 1024  # bytes of an answer: a blob is told in Base64


class Api:
    """One repository. ``address`` is where the API begins, without a slash at its end."""

    def __init__(self, http: Http, address: str, repository: str, token: str) -> None:
        self._http = http
        self._base = f"{address.rstrip('/')}/repos/{repository}"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def repository(self) -> dict[str, Any]:
        return _object(self.read("", _missing))

    def branches(self) -> list[str]:
        """The names of its branches: the first hundred."""
        listed = self.read("/branches?per_page=100", _missing).json()
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return [str(one["name"]) for one in found if one.get("name")]

    def read(self, path: str, errors: Hook, accept: tuple[int, ...] = ()) -> Answer:
        return self._call("GET", path, None, errors, writes=False, accept=accept)

    def prepare(self, path: str, body: dict[str, Any]) -> str:
        """Make something that nobody sees; its name. An answer that is lost here is no doubt: nothing is public."""
        answer = self._call("POST", path, body, _refusal, writes=False)
        name = _object(answer).get("sha")
        if not isinstance(name, str):
            raise answer.unclear("GitHub answered without a name for what it made")
        return name

    def move(self, branch: str, commit: str) -> Answer:
        body = {"sha": commit, "force": False}
        return self._call("PATCH", f"/git/refs/heads/{quote(branch)}", body, _refusal_of_move, writes=True)

    def _call(
        self, method: str, path: str, body: Any, errors: Hook, *, writes: bool, accept: tuple[int, ...] = ()
    ) -> Answer:
        try:
            return self._http.call(
                method, self._base + path, headers=self._headers, json=body, writes=writes, fresh=writes,
                label=LABEL, errors=errors, accept=accept, cap=AT_ONCE,
            )  # fmt: skip
        except _NotForward:
            raise Behind from None


class GitHubBranch:
    """A branch, as ``publishers.sites.repository.Branch`` wants it."""

    def __init__(self, api: Api, branch: str, email: str = "") -> None:
        self._api = api
        self._branch = branch
        self._email = email
        self._tip = ""

    def fetch(self) -> None:
        answer = self._api.read(f"/git/ref/heads/{quote(self._branch)}", _missing_branch)
        target = _object(answer).get("object")
        if not isinstance(target, dict) or not isinstance(target.get("sha"), str):
            raise answer.unclear("GitHub did not say where the branch is")
        self._tip = target["sha"]

    def read(self, path: str) -> str | None:
        answer = self._api.read(f"/contents/{quote(path)}?ref={self._tip}", _missing, accept=(404,))
        if answer.status == 404:
            return None
        found = answer.json()
        if not isinstance(found, dict) or found.get("type") != "file":
            raise Rejected(f"GitHub: “{path}” is a folder or a link there. Please choose another path.")
        if found.get("encoding") != "base64":  # more than a megabyte: no post of ours
            return ""
        return base64.b64decode(str(found.get("content", ""))).decode("utf-8", "replace")

    def names(self, folder: str) -> list[str]:
        answer = self._api.read(f"/contents/{quote(folder)}?ref={self._tip}", _missing, accept=(404,))
        listed = answer.json() if answer.status != 404 else []
        return [str(one.get("name")) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    def message_with(self, line: str) -> str:
        answer = self._api.read(f"/commits?sha={self._tip}&per_page={NEWEST}", _missing)
        commits = answer.json()
        if not isinstance(commits, list):
            raise answer.unclear("GitHub answered with something else than commits")
        messages = (str(_object_of(one.get("commit")).get("message", "")) for one in commits if isinstance(one, dict))
        return next((one for one in messages if line in one.splitlines()), "")

    def commit(self, commit: Commit) -> None:
        """Blobs, a tree and a commit that nobody sees, and then the branch."""
        for path in commit.files:
            self._refuse_clash(path)
        base = _object_of(_object(self._api.read(f"/git/commits/{self._tip}", _missing)).get("tree")).get("sha")
        entries = [self._entry(path, content) for path, content in commit.files.items()]
        tree = self._api.prepare("/git/trees", {"base_tree": base, "tree": entries})
        body: dict[str, Any] = {"message": commit.message, "tree": tree, "parents": [self._tip]}
        made = self._api.prepare("/git/commits", body | self._people(commit))
        answer = self._api.move(self._branch, made)
        if _object_of(_object(answer).get("object")).get("sha") != made:
            raise answer.unclear("GitHub did not say that the branch has moved")

    def _refuse_clash(self, path: str) -> None:
        """A tree lets a folder take the place of a file: nothing else may go missing."""
        for folder in PurePosixPath(path).parents:
            if str(folder) == ".":
                return
            answer = self._api.read(f"/contents/{quote(str(folder))}?ref={self._tip}", _missing, accept=(404,))
            if answer.status != 404:
                if not isinstance(answer.json(), list):
                    raise Rejected(f"GitHub: “{folder}” is a file or a link there. Please choose another path.")
                return

    def _people(self, commit: Commit) -> dict[str, Any]:
        """Without an address to name somebody by, GitHub takes the token's person and the present time."""
        if not self._email:
            return {}
        who = {"email": self._email, "date": commit.moment.isoformat(timespec="seconds")}
        return {"author": {"name": commit.author, **who}, "committer": {"name": US, **who}}

    def _entry(self, path: str, content: bytes | None) -> dict[str, Any]:
        entry: dict[str, Any] = {"path": path, "mode": "100644", "type": "blob"}
        if content is None:
            return entry | {"sha": None}
        try:
            return entry | {"content": content.decode("utf-8")}
        except UnicodeDecodeError:
            coded = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
            return entry | {"sha": self._api.prepare("/git/blobs", coded)}


def _object(answer: Answer) -> dict[str, Any]:
    data = answer.json()
    if not isinstance(data, dict):
        raise answer.unclear("GitHub answered in a way that we do not know")
    return data


def _object_of(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


# --- What an answer means ----------------------------------------------------------------------------------------


class _NotForward(PublishingError):
    """The branch has moved since we looked."""


def _too_fast(answer: Answer) -> PublishingError | None:
    """The limits by the hour answer 403 or 429 with nothing remaining, the secondary ones say so in words."""
    if answer.status not in (403, 429):
        return None
    words = answer.words()
    wait = answer.retry_after()
    if wait is None and answer.headers.get("x-ratelimit-remaining") == "0":
        reset = answer.headers.get("x-ratelimit-reset", "")
        wait = min(max(float(reset) - time.time(), 1.0), LONGEST_WAIT) if reset.isdecimal() else 60.0
    if wait is None and answer.status == 403 and "rate limit" not in words.lower():
        return None
    return RateLimited(f"GitHub asks us to slow down: {words or answer.status}.", 60.0 if wait is None else wait)


def _missing(answer: Answer) -> PublishingError | None:
    """GitHub says "not found" of what a token may not see."""
    if answer.status == 404:
        return NotAuthorized("GitHub: there is no such repository, or this token may not see it.").because(
            Fault.RETIRED
        )
    return _too_fast(answer)


def _missing_branch(answer: Answer) -> PublishingError | None:
    if answer.status == 409:
        return Rejected("GitHub: the repository is empty. Please make a first commit, so that there is a branch.")
    if answer.status == 404:
        return Rejected("GitHub: there is no such branch, no such repository, or this token may not see it.")
    return _too_fast(answer)


def _refusal(answer: Answer) -> PublishingError | None:
    if error := _too_fast(answer):
        return error
    if answer.status in (403, 404):  # which it says of what a token may read, but not write
        words = f"GitHub: this token may not write the repository's contents: {answer.words()}"
        return NotAuthorized(words).because(Fault.ROLE)
    if answer.status in (400, 409, 413, 422):
        return Rejected(f"GitHub refused the commit: {answer.words() or answer.status}.")
    return None


def _refusal_of_move(answer: Answer) -> PublishingError | None:
    """422 is said of a branch that has moved, and of a rule that protects it; 409 of a write at the same moment."""
    words = answer.words()
    if answer.status == 409 or (answer.status == 422 and "fast forward" in words.lower()):
        return _NotForward(words)
    return _refusal(answer)
