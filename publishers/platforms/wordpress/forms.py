"""What is asked when a site is connected, and with each delivery."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms

from publishers.forms import AS_THE_CHANNEL_SAYS, BaseUrlField, SecretField

PLAIN = re.compile(r"/(?:index\.php)?\?rest_route=/?\Z")  # how the API's address ends where permalinks are plain

AT_THE_END, AT_THE_BEGINNING, NOWHERE = "end", "beginning", "none"
TO_DRAFT, TO_TRASH = "draft", "trash"


class ApplicationPasswordField(SecretField):
    """WordPress shows an application password in groups of four, and reads it without the blanks."""

    def to_python(self, value: Any) -> str:
        return "".join(str(value or "").split())


class RestRootField(BaseUrlField):
    """The root of a site's REST API, with a slash at its end: …/wp-json/, or …/?rest_route=/."""

    def clean(self, value: Any) -> str:
        given = str(value or "").strip()
        plain = PLAIN.search(given)
        url = super().clean(given[: plain.start()] if plain else given)
        path = "/index.php" if plain and "index.php" in plain[0] else ""
        ending = f"{path or '/'}?rest_route=/" if plain else "/"
        return f"{url}{ending}" if url else ""


class PasswordForm(forms.Form):
    application_password = ApplicationPasswordField(
        label="Application password", max_length=200, help_text="Not the password that you log in with."
    )


class SettingsForm(forms.Form):
    base_url = BaseUrlField(
        label="Address of the site", max_length=200, help_text="As your readers know it, such as https://blog.example."
    )
    username = forms.CharField(label="User name", max_length=100, help_text="The one that you log in with there.")
    rest_root = RestRootField(
        label="Address of its API",
        required=False,
        max_length=250,
        help_text="Leave it empty: the site tells us. It ends in /wp-json/, or in /?rest_route=/.",
    )
    raw_html = forms.ChoiceField(
        label="HTML in a text",
        required=False,
        choices=[("", "Find out"), ("yes", "Stays as it is"), ("no", "WordPress cuts out what it thinks unsafe")],
        help_text="It depends on your role there. After another role “Find out” asks anew.",
    )
    categories = forms.CharField(
        label="Categories",
        required=False,
        max_length=500,
        help_text="With commas between them. Empty: the default category of the site.",
    )
    canonical_line = forms.ChoiceField(
        label="“Originally published at”",
        required=False,
        choices=[(AT_THE_END, "At the end of the text"), (AT_THE_BEGINNING, "Before the text"), (NOWHERE, "Nowhere")],
        help_text="WordPress has no field for the address of the original: a line of the text can name it.",
    )
    canonical_field = forms.RegexField(
        r"\A[A-Za-z0-9_-]*\Z",
        label="Field for the canonical address",
        required=False,
        max_length=100,
        help_text="Only where a plugin of the site opens such a field to its API. Most sites: leave it empty.",
        error_messages={"invalid": "The name of a field has letters, digits, “_” and “-” only."},
    )
    unpublished = forms.ChoiceField(
        label="What is taken back",
        required=False,
        choices=[(TO_DRAFT, "Becomes a draft again"), (TO_TRASH, "Goes to the trash")],
    )

    def clean(self) -> dict[str, Any]:
        """An API that belongs to another site than the one given is forgotten: the site is asked again."""
        data = super().clean() or self.cleaned_data
        if data.get("rest_root") and not is_same_site(data.get("base_url", ""), data["rest_root"]):
            data["rest_root"] = ""
        return data


class OptionsForm(forms.Form):
    categories = forms.CharField(
        label="Categories",
        required=False,
        max_length=500,
        help_text="With commas between them, instead of the channel's.",
    )
    comments = forms.ChoiceField(
        label="Comments", required=False, choices=[AS_THE_CHANNEL_SAYS, ("open", "Allowed"), ("closed", "Closed")]
    )


def is_same_site(address: str, other: str) -> bool:
    """Whether two addresses are of one host, "www." or not, so that a password for one may go to the other.

    From https to http it may not.
    """
    one, two = urlsplit(address), urlsplit(other)
    hosts = {(parts.hostname or "").removeprefix("www.") for parts in (one, two)}
    return len(hosts) == 1 and one.port == two.port and (one.scheme == two.scheme or two.scheme == "https")
