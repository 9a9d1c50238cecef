"""A Git repository from which a site is built: any forge, over https or ssh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from publishers.base import Account, Article, Finding, Limits, OneStep, RemotePost, Visibility
from publishers.errors import Gone, NotAuthorized, Rejected, Unavailable
from publishers.git.address import Remote, remote_of
from publishers.git.answers import Behind
from publishers.git.forms import SecretForm, SettingsForm
from publishers.git.mirror import Mirror, Who, mirror
from publishers.git.program import Program
from publishers.git.server_keys import NONE_OF_THEM, choices_of, described
from publishers.http import place_of
from publishers.preparing import one_line
from publishers.sites.checking import findings_of
from publishers.sites.forms import HIDE
from publishers.sites.front_matter import GENERATORS, Generator, hidden_text, is_hidden, key_in
from publishers.sites.layout import PostFile, is_ours, numbered, picture_folder_of, pictures_named_in, post_file, url_at

OTHERS_FIRST = 5  # times that somebody else may be quicker within one call
ID, PATH, REMOVED = "Blogscheduler-Id", "Blogscheduler-Path", "Blogscheduler-Removed"
US = "blogscheduler"
NO_EMAIL = "blogscheduler@localhost"


class Git(OneStep):
    name = "git"
    label = "Git"
    blurb = "A repository from which Hugo, Jekyll, Astro or Eleventy build a site."
    credentials_form = SecretForm
    settings_form = SettingsForm
    # A push is there or it is not; what was cut off may still be at work for a moment. Then the site has to be built.
    limits = Limits(settle_seconds=30, page_seconds=900, image_bytes=20 * 1024 * 1024)
    steps: ClassVar[tuple[str, ...]] = (
        "1. On the page of your repository copy its address, for https or for ssh.",
        "2. Make a token that may write the contents of this repository, or add the public half of a new key as a "
        "deploy key that may write.",
        "3. Paste the token, or the private half of the key, and choose the generator of your site.",
    )
    when_unpublished: ClassVar[str] = (
        "Its file is removed, or kept as a draft if the channel says so; the page goes when your site is built again."
    )
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "repository": "{sandbox}/git/r/sandbox/blog.git",
        "username": "sandbox",
        "secret": "sandbox-git-key",
    }

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return place_of(settings.get("repository", ""))

    # --- Beforehand

    def verify(self) -> Account:
        """Reach the repository, see its branches, and whether we may push there as far as it tells without a push."""
        remote = self._remote()
        where = Account(id=remote.url, name=remote.name, url=self.settings.get("base_url") or "")
        key = self.settings.get("server_key") or ""
        if remote.scheme == "ssh" and not key:
            shown = choices_of(Program(self.http, remote, self.files).server_keys())
            if len(shown) == 1:
                raise Unavailable(f"{self.label}: {remote.host} shows no key of a kind that we know.")
            return replace(where, choices={"server_key": shown})
        with self._mirror() as git:
            usual, branches = git.branches()
            branch = self.settings.get("branch") or usual
            if not branches:
                raise Rejected("Git: the repository is empty. Please make a first commit, so that there is a branch.")
            if branch not in branches:
                raise Rejected(f"Git: there is no branch “{branch}”. There are: {', '.join(branches[:10])}.")
            git.branch = branch
            git.fetch()
            git.may_push()
        choices = {"branch": ((branch, branch),)}
        if key:
            choices["server_key"] = ((key, described(key)),)
        return replace(where, choices=choices)

    def check(self, article: Article) -> list[Finding]:
        return findings_of(article, self.settings)

    def payload(self, article: Article) -> dict[str, Any]:
        """The commit as it is made when the path is free."""
        file = post_file(article, self.settings)
        return {
            "message": _message("Publish", article, file.path),
            "files": {file.path: file.text} | {path: f"{one.size:,} bytes" for path, one in file.pictures.items()},
        }

    # --- Doing it

    def publish(self, article: Article) -> RemotePost:
        """Commit and push. What is there with this article's key is there already: then nothing is done."""
        with self._mirror() as git:
            for _ in range(OTHERS_FIRST):
                git.fetch()
                if path := self._own_path(git, article):
                    text = git.read(path) or ""
                    if not is_hidden(text, self._generator):
                        return self._post(path, text, article)
                    file = post_file(article, self.settings, path=path, before=text)
                else:
                    file = self._free_place(git, article)
                if self._push(git, _files_of(file), _message("Publish", article, file.path), article):
                    return RemotePost(file.path, file.url, Visibility.PUBLIC)
        raise self._too_busy()

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """The file with this article's key. One that was there, as a commit of ours says, counts as published:
        somebody has taken it away since.
        """
        try:
            with self._mirror() as git:
                git.fetch()
                if path := self._own_path(git, article, remote_id):
                    return self._post(path, git.read(path) or "", article)
                message = git.message_with(f"{ID}: {article.key}")
        except Rejected as error:
            raise Unavailable(str(error)) from error
        path = _trailer(message, PATH)
        if not path or _trailer(message, REMOVED):
            return None
        return RemotePost(path, url_at(path, self.settings, "", article.due_at or datetime.now(UTC)), Visibility.PUBLIC)

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """A new commit with the present text, at the same path and with the same date. A draft stays one."""
        with self._mirror() as git:
            for _ in range(OTHERS_FIRST):
                git.fetch()
                before = self._ours_at(git, remote_id)
                if not is_ours(before, article.key):
                    raise Gone(f"“{remote_id}” is another article by now.")
                file = post_file(article, self.settings, path=remote_id, before=before)
                if is_hidden(before, self._generator):
                    file = replace(file, text=hidden_text(file.text, self._generator))
                same = file.text == before
                if same or self._push(git, _files_of(file), _message("Update", article, remote_id), article):
                    return self._post(remote_id, file.text, article)
        raise self._too_busy()

    def unpublish(self, remote_id: str) -> None:
        """Remove the file and the pictures that came with it, or mark it as a draft; as the settings say."""
        with self._mirror() as git:
            for _ in range(OTHERS_FIRST):
                git.fetch()
                if git.read(remote_id) is None and git.message_with(f"{REMOVED}: {remote_id}"):
                    return
                text = self._ours_at(git, remote_id)
                if self.settings.get("unpublish_by") == HIDE:
                    if is_hidden(text, self._generator):
                        return
                    files: dict[str, bytes | None] = {remote_id: hidden_text(text, self._generator).encode()}
                else:
                    folder = picture_folder_of(self.settings, remote_id, text)
                    pictures = pictures_named_in(text, git.names(folder))
                    files = dict.fromkeys([remote_id, *(f"{folder}/{name}" for name in pictures)])
                message = f"Unpublish {remote_id}\n\n{ID}: {key_in(text)}\n{REMOVED}: {remote_id}\n"
                if self._push(git, files, message, None):
                    return
        raise self._too_busy()

    # --- Parts of it

    def _push(self, git: Mirror, files: Mapping[str, bytes | None], message: str, article: Article | None) -> bool:
        """Whether it is there now; False when somebody else was quicker."""
        moment = (article and article.due_at) or datetime.now(UTC)
        email = self.settings.get("email") or NO_EMAIL
        author = Who(one_line(article.author if article else "").strip("<>. ") or US, email)
        commit = git.commit(files, message, author, Who(US, email), moment)
        try:
            git.push(commit)
        except Behind:
            return False
        return True

    def _own_path(self, git: Mirror, article: Article, remote_id: str = "") -> str:
        """Where this article's file is; "" when it is nowhere."""
        told = _trailer(git.message_with(f"{ID}: {article.key}"), PATH)
        for path in dict.fromkeys(filter(None, [remote_id, told, post_file(article, self.settings).path])):
            mode, _ = git.entry(path)
            if mode.startswith("100") and is_ours(git.read(path) or "", article.key):
                return path
        return ""

    def _free_place(self, git: Mirror, article: Article) -> PostFile:
        """The article's path; with a number where another article of ours is. Raises Rejected where a stranger is."""
        for file in numbered(article, self.settings):
            there = git.read(file.path)
            if there is None:
                return file
            if not is_ours(there):
                raise Rejected(f"Git: “{file.path}” is there already and is not ours. Please choose another slug.")
        raise Rejected("Git: there are too many posts of this name. Please choose another slug.")

    def _ours_at(self, git: Mirror, path: str) -> str:
        text = git.read(path)
        if text is None:
            raise Gone(f"“{path}” is no longer in the repository.")
        if not is_ours(text):
            raise Gone(f"“{path}” is not ours any more: its mark is gone.")
        return text

    def _post(self, path: str, text: str, article: Article) -> RemotePost:
        url = url_at(path, self.settings, text, article.due_at or datetime.now(UTC))
        return RemotePost(path, url, Visibility.DRAFT if is_hidden(text, self._generator) else Visibility.PUBLIC)

    def _too_busy(self) -> Unavailable:
        return Unavailable("Git: others were writing to the repository each time that we tried.", 5.0)

    @property
    def _generator(self) -> Generator:
        return GENERATORS[self.settings["generator"]]

    def _remote(self) -> Remote:
        try:
            return remote_of(self.settings["repository"])
        except ValueError as error:
            raise Rejected(str(error)) from None

    @contextmanager
    def _mirror(self) -> Iterator[Mirror]:
        remote, key = self._remote(), self.settings.get("server_key") or ""
        if remote.scheme == "ssh" and key in ("", NONE_OF_THEM):
            raise NotAuthorized("Git: the key of the server has not been confirmed.")
        with mirror(
            self.http, self.files, remote, branch=self.settings.get("branch") or "",
            secret=self.credentials.get("secret") or "", username=self.settings.get("username") or "", server_key=key,
        ) as git:  # fmt: skip
            yield git


def _message(verb: str, article: Article, path: str) -> str:
    return f"{verb} “{one_line(article.title)}”\n\n{ID}: {article.key}\n{PATH}: {path}\n"


def _trailer(message: str, name: str) -> str:
    lines = (line.partition(": ") for line in reversed(message.splitlines()))
    return next((value for key, _, value in lines if key == name), "")


def _files_of(file: PostFile) -> dict[str, bytes | None]:
    """The bytes of the post and of its pictures. Raises Unavailable: nothing was sent yet."""
    files: dict[str, bytes | None] = {file.path: file.text.encode("utf-8", "replace")}
    try:
        return files | {path: image.path.read_bytes() for path, image in file.pictures.items()}
    except OSError as error:
        raise Unavailable(f"Git: a picture of the article could not be read: {error.strerror}.") from None
