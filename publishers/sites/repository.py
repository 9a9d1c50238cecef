"""Posts as commits, whoever keeps the repository: once by construction, and never a file that is not ours.

A post is there when its file, with its key in the front matter, is on the branch. The branch only moves from where we
have seen it; when somebody else was quicker, nothing was written and it is done again on top of theirs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Protocol

from publishers.base import Article, Finding, Look, OneStep, RemotePost, Visibility
from publishers.errors import Gone, Rejected, Unavailable
from publishers.preparing import one_line
from publishers.sites.checking import findings_of
from publishers.sites.forms import HIDE
from publishers.sites.front_matter import hidden_text, is_hidden, key_in, look_of
from publishers.sites.generators import GENERATORS, Generator
from publishers.sites.layout import PostFile, is_ours, numbered, picture_folder_of, pictures_named_in, post_file, url_at

OTHERS_FIRST = 5  # times that somebody else may be quicker within one call
ID, PATH, REMOVED = "Blogscheduler-Id", "Blogscheduler-Path", "Blogscheduler-Removed"
US = "blogscheduler"

Files = Mapping[str, bytes | None]  # by path; None takes a file away


class Behind(Exception):
    """Somebody else was quicker: nothing was written, and it can be done again on top of theirs."""


@dataclass(frozen=True)
class Commit:
    """What is to be committed. ``author`` is a name; the same at the same moment on the same parent is the same."""

    files: Files
    message: str
    author: str
    moment: datetime


class Branch(Protocol):
    """One branch of a repository, as far as we need it."""

    def fetch(self) -> None:
        """See how it is now; what is read afterwards is of this moment."""

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none. Raises Rejected for what is no ordinary file."""

    def names(self, folder: str) -> list[str]:
        """What is directly in ``folder``."""

    def message_with(self, line: str) -> str:
        """The newest commit's message that has this line, "" when none of the newest has it."""

    def commit(self, commit: Commit) -> None:
        """Make it public on top of what was fetched, or nothing at all. Raises Behind."""


class RepositoryPublisher(OneStep):
    """What is the same for every repository; ``_branch`` opens it."""

    carries_images = True

    @abstractmethod
    def _branch(self) -> AbstractContextManager[Branch]: ...

    def check(self, article: Article) -> list[Finding]:
        return findings_of(article, self.settings)

    def look(self, article: Article) -> Look:
        return look_of(
            article, GENERATORS[self.settings["generator"]], PurePosixPath(str(self.settings.get("path") or "")).name
        )

    def payload(self, article: Article) -> dict[str, Any]:
        """The commit as it is made when the path is free."""
        file = post_file(article, self.settings)
        return {
            "message": _message("Publish", article, file.path),
            "files": {file.path: file.text} | {path: f"{one.size:,} bytes" for path, one in file.pictures.items()},
        }

    def publish(self, article: Article) -> RemotePost:
        """Commit it. Where this article's file is there already nothing is done, but for one that was hidden."""
        with self._branch() as branch:
            for _ in range(OTHERS_FIRST):
                branch.fetch()
                if path := self._own_path(branch, article):
                    text = branch.read(path) or ""
                    if not is_hidden(text, self._generator):
                        return self._post(path, text, article)
                    file = post_file(article, self.settings, path=path, before=text)
                else:
                    file = self._free_place(branch, article)
                if _written(branch, self._files(file), _message("Publish", article, file.path), article):
                    return RemotePost(file.path, file.url, Visibility.PUBLIC)
        raise self._too_busy()

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """The file with this article's key. One that was there, as a commit of ours says, counts as published:
        somebody has taken it away since.
        """
        try:
            with self._branch() as branch:
                branch.fetch()
                if path := self._own_path(branch, article, remote_id):
                    return self._post(path, branch.read(path) or "", article)
                message = branch.message_with(f"{ID}: {article.key}")
        except Rejected as error:
            raise Unavailable(str(error)) from error
        path = _trailer(message, PATH)
        if not path or _trailer(message, REMOVED):
            return None
        return RemotePost(path, url_at(path, self.settings, "", _moment(article)), Visibility.PUBLIC)

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """A new commit with the present text, at the same path and with the same date. A draft stays one."""
        with self._branch() as branch:
            for _ in range(OTHERS_FIRST):
                branch.fetch()
                before = self._ours_at(branch, remote_id)
                if not is_ours(before, article.key):
                    raise Gone(f"“{remote_id}” is another article by now.")
                if self._changed(remote_id, article, before).text == before:
                    return self._post(remote_id, before, article)
                now = datetime.now(UTC)
                file = self._changed(remote_id, article, before, now)
                if _written(branch, self._files(file), _message("Update", article, remote_id), article, now):
                    return self._post(remote_id, file.text, article)
        raise self._too_busy()

    def _changed(self, path: str, article: Article, before: str, changed_at: datetime | None = None) -> PostFile:
        """The present text at the same path. What is hidden stays so."""
        file = post_file(article, self.settings, path=path, before=before, changed_at=changed_at)
        hidden = is_hidden(before, self._generator)
        return replace(file, text=hidden_text(file.text, self._generator)) if hidden else file

    def unpublish(self, remote_id: str) -> None:
        """Remove the file and the pictures that came with it, or mark it as a draft; as the settings say."""
        with self._branch() as branch:
            for _ in range(OTHERS_FIRST):
                branch.fetch()
                if branch.read(remote_id) is None and branch.message_with(f"{REMOVED}: {remote_id}"):
                    return
                text = self._ours_at(branch, remote_id)
                hides = self.settings.get("unpublish_by") == HIDE
                if hides and is_hidden(text, self._generator):
                    return
                message = f"Unpublish {remote_id}\n\n{ID}: {key_in(text)}\n{REMOVED}: {remote_id}\n"
                if _written(branch, self._without(branch, remote_id, text, hides=hides), message, None):
                    return
        raise self._too_busy()

    def _without(self, branch: Branch, path: str, text: str, *, hides: bool) -> Files:
        """What a taking back changes. A picture that another post shows as well has another folder."""
        if hides:
            return {path: hidden_text(text, self._generator).encode()}
        folder = picture_folder_of(self.settings, path, text)
        pictures = pictures_named_in(text, branch.names(folder))
        return dict.fromkeys([path, *(f"{folder}/{name}" for name in pictures)])

    def _own_path(self, branch: Branch, article: Article, remote_id: str = "") -> str:
        """Where this article's file is; "" when it is nowhere."""
        told = _trailer(branch.message_with(f"{ID}: {article.key}"), PATH)
        for path in dict.fromkeys(filter(None, [remote_id, told, post_file(article, self.settings).path])):
            try:
                text = branch.read(path)
            except Rejected:
                continue
            if text is not None and is_ours(text, article.key):
                return path
        return ""

    def _free_place(self, branch: Branch, article: Article) -> PostFile:
        """The article's path; with a number where another article of ours is. Raises Rejected where a stranger is."""
        for file in numbered(article, self.settings):
            there = branch.read(file.path)
            if there is None:
                return file
            if not is_ours(there):
                words = f"“{file.path}” is there already and is not ours. Please choose another slug."
                raise Rejected(f"{self.label}: {words}")
        raise Rejected(f"{self.label}: there are too many posts of this name. Please choose another slug.")

    def _ours_at(self, branch: Branch, path: str) -> str:
        text = branch.read(path)
        if text is None:
            raise Gone(f"“{path}” is no longer in the repository.")
        if not is_ours(text):
            raise Gone(f"“{path}” is not ours any more: its mark is gone.")
        return text

    def _post(self, path: str, text: str, article: Article) -> RemotePost:
        url = url_at(path, self.settings, text, _moment(article))
        return RemotePost(path, url, Visibility.DRAFT if is_hidden(text, self._generator) else Visibility.PUBLIC)

    def _files(self, file: PostFile) -> Files:
        """The bytes of the post and of its pictures. Raises Unavailable: nothing was sent yet."""
        files: dict[str, bytes | None] = {file.path: file.text.encode("utf-8", "replace")}
        try:
            return files | {path: image.path.read_bytes() for path, image in file.pictures.items()}
        except OSError as error:
            words = f"a picture of the article could not be read: {error.strerror}"
            raise Unavailable(f"{self.label}: {words}.") from None

    def _too_busy(self) -> Unavailable:
        return Unavailable(f"{self.label}: others were writing to the repository each time that we tried.", 5.0)

    @property
    def _generator(self) -> Generator:
        return GENERATORS[self.settings["generator"]]


def _written(
    branch: Branch, files: Files, message: str, article: Article | None, moment: datetime | None = None
) -> bool:
    """Whether it is there now; False when somebody else was quicker."""
    author = one_line(article.author if article else "").strip("<>. ") or US
    try:
        branch.commit(Commit(files, message, author, moment or _moment(article)))
    except Behind:
        return False
    return True


def _moment(article: Article | None) -> datetime:
    return (article and article.due_at) or datetime.now(UTC)


def _message(verb: str, article: Article, path: str) -> str:
    return f"{verb} “{one_line(article.title)}”\n\n{ID}: {article.key}\n{PATH}: {path}\n"


def _trailer(message: str, name: str) -> str:
    lines = (line.partition(": ") for line in reversed(message.splitlines()))
    return next((value for key, _, value in lines if key == name), "")
