"""A Git repository from which a site is built: any forge, over https or ssh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from publishers.base import Account, Aspect, Check, Health, Limits
from publishers.errors import NotAuthorized, Rejected, Unavailable
from publishers.http import place_of
from publishers.platforms.git.address import Remote, remote_of
from publishers.platforms.git.forms import SecretForm, SettingsForm
from publishers.platforms.git.mirror import Mirror, mirror
from publishers.platforms.git.program import Program
from publishers.platforms.git.server_keys import NONE_OF_THEM, choices_of, described
from publishers.sites.checking import IMAGE_BYTES
from publishers.sites.repository import RepositoryPublisher

MOST_BRANCHES = 50  # that are offered


class Git(RepositoryPublisher):
    name = "git"
    label = "Git"
    blurb = "A repository from which Hugo, Jekyll, Astro or Eleventy build a site."
    credentials_form = SecretForm
    settings_form = SettingsForm
    # A push is there or it is not; what was cut off may still be at work for a moment. Then the site has to be built.
    limits = Limits(settle_seconds=30, page_seconds=900, image_bytes=IMAGE_BYTES)
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
        with self._branch() as git:
            usual, branches = git.branches()
            branch = self.settings.get("branch") or usual
            if not branches:
                raise Rejected("Git: the repository is empty. Please make a first commit, so that there is a branch.")
            if branch not in branches:
                raise Rejected(f"Git: there is no branch “{branch}”. There are: {', '.join(branches[:10])}.")
            git.branch = branch
            git.fetch()
            git.may_push()
        # A branch that nobody has named becomes the usual one; from then on all are offered.
        offered = [branch, *(one for one in branches[:MOST_BRANCHES] if one != branch)]
        choices = {"branch": tuple((one, one) for one in (offered if self.settings.get("branch") else [branch]))}
        if key:
            choices["server_key"] = ((key, described(key)),)
        return replace(where, choices=choices)

    def examine(self, account: Account) -> list[Check]:
        """A push was asked for without making one."""
        branches = account.choices.get("branch", ())  # ours is the first of them
        words = f"The key may write to the branch “{branches[0][0]}”." if branches else ""
        return [Check(Aspect.ROLE, Health.WELL, words)] if words else []

    def _remote(self) -> Remote:
        try:
            return remote_of(self.settings["repository"])
        except ValueError as error:
            raise Rejected(str(error)) from None

    @contextmanager
    def _branch(self) -> Iterator[Mirror]:
        remote, key = self._remote(), self.settings.get("server_key") or ""
        if remote.scheme == "ssh" and key in ("", NONE_OF_THEM):
            raise NotAuthorized("Git: the key of the server has not been confirmed.")
        with mirror(
            self.http, self.files, remote, branch=self.settings.get("branch") or "",
            secret=self.credentials.get("secret") or "", username=self.settings.get("username") or "", server_key=key,
            email=self.settings.get("email") or "",
        ) as git:  # fmt: skip
            yield git
