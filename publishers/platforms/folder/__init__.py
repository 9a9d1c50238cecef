"""A folder of Markdown files, as Hugo, Jekyll, Astro and Eleventy build sites from."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from django import forms

from publishers.base import (
    Account,
    Article,
    Aspect,
    Check,
    Finding,
    Health,
    Limits,
    Look,
    OneStep,
    RemotePost,
    Visibility,
)
from publishers.errors import Fault, Gone, NotAuthorized, OutcomeUnknown, PublishingError, Rejected, Unavailable
from publishers.forms import NoCredentialsForm
from publishers.notes import Notes
from publishers.sites.forms import BuiltSiteForm
from publishers.sites.front_matter import (
    address,
    file_name,
    file_text,
    front_matter,
    key_in,
    look_of,
    slug_in,
    slug_of,
    source,
)
from publishers.sites.generators import GENERATORS, Generator

HEAD = 64 * 1024  # bytes of a file in which its front matter is looked for
MOST_SUFFIXES = 1000
LATER = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ESTALE}


def inside(directory: str) -> str:
    """``directory`` in its plain form. Raises ValueError with a sentence when it leads out of the folder."""
    path = PurePosixPath(directory.strip())
    if path.is_absolute() or ".." in path.parts or "\\" in directory or not directory.isprintable():
        raise ValueError("Please name a folder inside the site, such as content/posts, without “..” or a leading “/”.")
    return "" if str(path) == "." else str(path)


class SettingsForm(BuiltSiteForm):
    directory = forms.CharField(
        label="Folder",
        max_length=200,
        required=False,
        help_text="Where the posts are, such as content/posts. Empty: the usual folder of the generator.",
    )
    field_order = ("generator", "directory")

    def clean_directory(self) -> str:
        try:
            directory = inside(self.cleaned_data["directory"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        generator = GENERATORS.get(self.cleaned_data.get("generator", ""))
        return directory or (generator.directory if generator else "")


class Folder(OneStep):
    name = "folder"
    label = "Folder"
    blurb = "Markdown files for Hugo, Jekyll, Astro or Eleventy."
    credentials_form = NoCredentialsForm
    settings_form = SettingsForm
    # A disk has no look-up lag, but the site has to be built before the page is there.
    limits = Limits(settle_seconds=0, looks=1, page_seconds=3600)
    steps: ClassVar[tuple[str, ...]] = (
        "1. Choose the generator that builds your site.",
        "2. Name the folder in which it keeps its posts.",
        "3. Let your site be built again when a file appears there.",
    )
    when_unpublished: ClassVar[str] = "Its file is deleted; the page goes when your site is built again."

    def verify(self) -> Account:
        with _said_plainly():
            directory = self._directory()
            if not os.access(directory, os.W_OK | os.X_OK):
                words = f"The folder “{self._name()}” is there, but may not be written to."
                raise NotAuthorized(words).because(Fault.ROLE)
        return Account(id=self._name(), name=self._name(), url=self.settings.get("base_url") or "")

    def examine(self, account: Account) -> list[Check]:
        return [Check(Aspect.ROLE, Health.WELL, f"The folder “{account.name}” can be written to.")]

    def check(self, article: Article) -> list[Finding]:
        notes = Notes("A post")
        if not article.title.strip():
            notes.refused("title", "A post needs a title.")
        source(article, self._generator, notes)
        return notes.findings

    def look(self, article: Article) -> Look:
        return look_of(article, self._generator)

    def payload(self, article: Article) -> dict[str, Any]:
        """The file as it will be written when its name is free: {"path": …, "text": …}."""
        date, slug = _date(article), slug_of(article)
        path = PurePosixPath(self._name()) / file_name(self._generator, slug, date)
        return {"path": str(path), "text": self._text(article, slug, date)}

    def publish(self, article: Article) -> RemotePost:
        """Write the file, or write it again: an article's own file is found by its mark, whatever its name."""
        date = _date(article)
        with _said_plainly():
            directory = self._directory()
            if own := _own_file(directory, article.key):
                slug = slug_in(self._generator, own.name)
                _write(own, self._text(article, slug, date), article.key, replace=True)
                return self._post(own, date)
            for path in self._free_names(directory, article, date):
                slug = slug_in(self._generator, path.name)
                with suppress(FileExistsError):  # another delivery took the name since we looked
                    _write(path, self._text(article, slug, date), article.key, replace=False)
                    return self._post(path, date)
        raise Rejected("There are too many posts of this name in the folder. Please choose another slug.")

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        try:
            with _said_plainly():
                directory = self._directory(create=False)
                own = _own_file(directory, article.key) if directory.is_dir() else None
                return self._post(own, _date_in(own) or _date(article)) if own else None
        except Rejected as error:
            raise Unavailable(str(error)) from error

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Write the file again under its own name, as long as it carries the article's mark. Raises Gone."""
        with _said_plainly():
            own = self._file(remote_id)
            if _key_of(own) != article.key:
                raise Gone(f"The file “{remote_id}” is not this article's any more.")
            date = _date_in(own) or _date(article)
            _write(own, self._text(article, slug_in(self._generator, own.name), date), article.key, replace=True)
            return self._post(own, date)

    def unpublish(self, remote_id: str) -> None:
        """Delete the file. Raises Gone where there is none, or one that is not ours."""
        with _said_plainly():
            own = self._file(remote_id)
            if not _key_of(own):
                raise Gone(f"The file “{remote_id}” is not ours any more: its mark is gone.")
            own.unlink(missing_ok=True)
            _sync_directory(own.parent)

    def _file(self, remote_id: str) -> Path:
        """The file of this id, which leads to no other place. Raises Gone."""
        root = self.files.resolve()
        path = root / remote_id
        if not path.resolve().is_relative_to(root) or path.is_symlink() or not path.is_file():
            raise Gone(f"The file “{remote_id}” is not there any more.")
        return path.resolve()

    @property
    def _generator(self) -> Generator:
        return GENERATORS[self.settings["generator"]]

    def _name(self) -> str:
        try:
            return inside(self.settings["directory"])
        except ValueError as error:
            raise Rejected(str(error)) from None

    def _directory(self, *, create: bool = True) -> Path:
        """The folder to write in, made when it is missing. Raises Rejected when a link leads out of ``files``."""
        root = self.files.resolve()
        for _ in range(2):  # before making it, lest it be made outside; and after, lest it was changed meanwhile
            directory = (root / self._name()).resolve()
            if not directory.is_relative_to(root):
                raise Rejected(f"The folder “{self._name()}” leads out of the place in which we may write.")
            if create:
                directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _free_names(self, directory: Path, article: Article, date: datetime) -> Iterator[Path]:
        slug = slug_of(article)
        for number in range(1, MOST_SUFFIXES):
            path = directory / file_name(self._generator, slug if number == 1 else f"{slug}-{number}", date)
            if not os.path.lexists(path):
                yield path

    def _text(self, article: Article, slug: str, date: datetime) -> str:
        head = front_matter(article, self._generator, slug=slug, date=date, keys=self.settings.get("keys", ""))
        return file_text(article, self._generator, head)

    def _post(self, path: Path, date: datetime) -> RemotePost:
        slug = slug_in(self._generator, path.name)
        url = address(self._generator, self.settings, slug, date)
        return RemotePost(str(path.relative_to(self.files.resolve())), url, Visibility.PUBLIC)


def _date(article: Article) -> datetime:
    return article.due_at or datetime.now(UTC)


def _date_in(path: Path) -> datetime | None:
    """The date in a Jekyll file's name, which is also the one in its address."""
    with suppress(ValueError):
        return datetime.strptime(path.name[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    return None


def _own_file(directory: Path, key: str) -> Path | None:
    """The file with this key's mark. Links are not followed: what they point to is not ours to write."""
    for path in sorted(directory.glob("*.md")):
        if path.is_file() and not path.is_symlink() and _key_of(path) == key:
            return path
    return None


def _key_of(path: Path) -> str:
    """The key in a file's mark, "" where it has none."""
    with path.open("rb") as file:
        return key_in(file.read(HEAD).decode("utf-8", "replace"))


def _write(path: Path, text: str, key: str, *, replace: bool) -> None:
    """All of it or nothing, also when the power fails. Raises FileExistsError when the name is taken meanwhile."""
    draft = path.with_name(f".blogscheduler-{key}.tmp")
    try:
        _write_draft(draft, text.encode("utf-8", "replace"))
        if replace:
            os.replace(draft, path)
        else:
            _link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    try:
        _sync_directory(path.parent)
    except OSError as error:
        raise OutcomeUnknown("The file was written, but the disk did not confirm it.") from error


def _write_draft(draft: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(draft, flags, 0o644), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _link(draft: Path, path: Path) -> None:
    """Give the draft its name only if nobody has it; on disks without hard links the check is a moment older."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "taken", str(path)) from None
        os.replace(draft, path)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What the disk says, as a sentence: a full disk passes, a missing right does not."""
    try:
        yield
    except PublishingError:
        raise
    except OSError as error:
        if error.errno in LATER:
            raise Unavailable(f"The file could not be written: {_reason(error)}.") from error
        raise Rejected(f"The file could not be written: {_reason(error)}.") from error


def _reason(error: OSError) -> str:
    return (error.strerror or "the disk does not say why").lower()
