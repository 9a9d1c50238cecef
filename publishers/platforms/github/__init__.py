"""GitHub by its API, with a token alone: for repositories from which a site is built, without git and without ssh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django import forms

from publishers.base import Account, Aspect, Check, Health, Limits
from publishers.errors import Fault, NotAuthorized, Rejected
from publishers.forms import BaseUrlField, SecretField
from publishers.http import origin_of
from publishers.platforms.github.api import Api, GitHubBranch
from publishers.sites.checking import IMAGE_BYTES
from publishers.sites.forms import SiteForm
from publishers.sites.repository import Branch, RepositoryPublisher


class TokenForm(forms.Form):
    token = SecretField(label="Token", max_length=500)


class SettingsForm(SiteForm):
    repository = forms.RegexField(
        r"\A[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}\Z",
        label="Repository",
        max_length=140,
        help_text="Its owner and its name, such as ada/blog.",
    )
    branch = forms.RegexField(
        r"\A(?!-)(?!.*(?:\.\.|//|/\.))[\w./+@-]*(?<![./])\Z",
        label="Branch",
        required=False,
        max_length=200,
        help_text="Empty: the repository's usual one.",
    )
    email = forms.EmailField(
        label="E-mail address in commits",
        required=False,
        help_text="Empty: commits are by the person whose token it is.",
    )
    api_url = BaseUrlField(
        label="Address of the API",
        initial="https://api.github.com",
        max_length=200,
        help_text="A server of your own has it at https://its-name/api/v3.",
    )
    field_order = ("repository", "branch", "generator", "path", "pictures", "base_url")


class GitHub(RepositoryPublisher):
    name = "github"
    label = "GitHub"
    blurb = "A repository from which Hugo, Jekyll, Astro or Eleventy build a site; a token is enough."
    credentials_form = TokenForm
    settings_form = SettingsForm
    # GitHub asks for a second between two writes. After a push the site has to be built.
    limits = Limits(seconds_between_writes=1, settle_seconds=30, page_seconds=900, image_bytes=IMAGE_BYTES)
    steps: ClassVar[tuple[str, ...]] = (
        "1. On GitHub open Settings, Developer settings, Personal access tokens, Fine-grained tokens.",
        "2. Generate one for the repository of your site alone, with the permission “Contents: Read and write”.",
        "3. Copy it, paste it here, and choose the generator of your site.",
    )
    when_unpublished: ClassVar[str] = (
        "Its file is removed, or kept as a draft if the channel says so; the page goes when your site is built again."
    )
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "api_url": "{sandbox}/github/api",
        "repository": "sandbox/blog",
        "token": "sandbox-github-key",
    }

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("api_url", ""))

    def verify(self) -> Account:
        """The repository, whether we may write there, and its usual branch when none is named."""
        api = self._api()
        about = api.repository()
        rights = about.get("permissions")
        if isinstance(rights, dict) and not rights.get("push"):
            words = "GitHub: this token may read the repository, but not write its contents."
            raise NotAuthorized(words).because(Fault.ROLE)
        if about.get("archived"):
            raise Rejected("GitHub: the repository is archived: nothing can be written there.")
        branch = str(self.settings.get("branch") or about.get("default_branch") or "")
        GitHubBranch(api, branch).fetch()
        name = str(about.get("full_name") or self.settings["repository"])
        site = self.settings.get("base_url") or ""
        # A branch that nobody has named becomes the usual one; from then on all are offered.
        offered = dict.fromkeys([branch, *(api.branches() if self.settings.get("branch") else [])])
        return Account(id=name, name=name, url=site, choices={"branch": tuple((one, one) for one in offered)})

    def examine(self, account: Account) -> list[Check]:
        """What ``verify`` has seen of its rights."""
        return [Check(Aspect.ROLE, Health.WELL, f"This token may write the contents of {account.name}.")]

    def _api(self) -> Api:
        return Api(self.http, self.settings["api_url"], self.settings["repository"], self.credentials["token"])

    @contextmanager
    def _branch(self) -> Iterator[Branch]:
        yield GitHubBranch(self._api(), self.settings.get("branch") or "", self.settings.get("email") or "")
