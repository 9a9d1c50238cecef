"""Shared parts of connection forms."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from django import forms

# For the options of a delivery, which may leave a matter to the channel's settings.
AS_THE_CHANNEL_SAYS = ("", "As the channel says")
YES_OR_NO = [AS_THE_CHANNEL_SAYS, ("yes", "Yes"), ("no", "No")]


class SecretField(forms.CharField):
    """A key or token: never shown again, never remembered by the browser, blanks around it removed."""

    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> str:
        secret = str(super().clean(value)).strip()
        if not re.fullmatch(r"[\x21-\x7e]*", secret):
            raise forms.ValidationError("This contains blanks or characters that no key has. Please copy it again.")
        return secret


class ApiKeyForm(forms.Form):
    api_key = SecretField(label="API key", max_length=500)


class NoCredentialsForm(forms.Form):
    """For a channel that needs no key."""


class BaseUrlField(forms.CharField):
    """The address of a platform: https, without user, query or fragment; returned without a slash at its end.

    Plain http is for this machine and for names without a dot (a neighbour in Docker Compose): a key would travel in
    the open anywhere else.
    """

    widget = forms.URLInput

    def clean(self, value: Any) -> str:
        url = str(super().clean(value)).strip().rstrip("/")
        if not url:
            return url
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise forms.ValidationError("This is not a web address.") from None
        if parts.scheme not in ("http", "https") or not host or re.search(r"\s", url):
            raise forms.ValidationError("This is not a web address: it has to begin with https://.")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise forms.ValidationError("Please leave out user name, password, “?” and “#”.")
        if parts.scheme == "http" and not is_local(host):
            raise forms.ValidationError("It has to begin with https://, else the key could be read on its way.")
        return url


def is_local(host: str) -> bool:
    """Whether ``host`` can only be this machine or a neighbour without a public name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." not in host or host.endswith(".localhost")
