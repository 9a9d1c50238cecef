"""What is asked to connect a repository."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from publishers.platforms.git.address import remote_of
from publishers.platforms.git.server_keys import NONE_OF_THEM, plain_key
from publishers.sites.forms import SiteForm


class SecretTextarea(forms.Textarea):
    """A secret of several lines, never shown again."""

    def format_value(self, value: Any) -> str:
        return ""


class SecretForm(forms.Form):
    secret = forms.CharField(
        label="Token or private key",
        max_length=10_000,
        strip=True,
        widget=SecretTextarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="For https a token that may write; for ssh the private half of a deploy key, without a passphrase.",
    )

    def clean_secret(self) -> str:
        secret = "\n".join(str(self.cleaned_data["secret"]).split("\r\n")).strip()
        if not re.fullmatch(r"[\x20-\x7e\n]*", secret) or ("\n" in secret and "PRIVATE KEY-----" not in secret):
            raise forms.ValidationError("This is neither a token nor a private key. Please copy it again.")
        return secret


class SettingsForm(SiteForm):
    repository = forms.CharField(
        label="Address of the repository",
        max_length=300,
        help_text="Such as https://codeberg.org/ada/blog.git or git@codeberg.org:ada/blog.git.",
    )
    username = forms.RegexField(
        r"\A[^\s:]*\Z",
        label="User name",
        required=False,
        max_length=100,
        help_text="For https. Some servers want a certain one beside a token (GitLab: oauth2); most take any.",
    )
    server_key = forms.CharField(
        label="Key of the server",
        required=False,
        max_length=2000,
        help_text="For ssh. Empty: we ask the server for its keys and show them to you, to be compared and confirmed.",
    )
    branch = forms.RegexField(
        r"\A(?!-)(?!.*(?:\.\.|@\{|//|/\.|\.lock\Z))[^\s~^:?*\[\\\x00-\x1f\x7f]*(?<![./])\Z",
        label="Branch",
        required=False,
        max_length=200,
        help_text="Empty: the one that people get who clone it.",
    )
    email = forms.EmailField(
        label="E-mail address in commits",
        required=False,
        help_text="By which the server knows whose commits they are.",
    )
    field_order = ("repository", "username", "server_key", "branch", "generator", "path", "pictures", "base_url")

    def clean_repository(self) -> str:
        try:
            return remote_of(self.cleaned_data["repository"]).url
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_server_key(self) -> str:
        given = str(self.cleaned_data["server_key"]).strip()
        try:
            return given if given in ("", NONE_OF_THEM) else plain_key(given)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
