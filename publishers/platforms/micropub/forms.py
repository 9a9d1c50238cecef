"""What is asked when a channel is connected."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms

from publishers.forms import BaseUrlField, SecretField, is_local
from publishers.http import origin_of

HTML, MARKDOWN = "html", "markdown"
YES, NO = "yes", "no"
DRAFTS = {
    YES: "Yes: a draft first, made public at its time",
    NO: "No: published at its time",
}


class TokenForm(forms.Form):
    token = SecretField(label="Access token", max_length=4000)


class EndpointField(forms.CharField):
    """An address as it was given, with its query and the slash at its end; https, as a token travels there."""

    widget = forms.URLInput

    def clean(self, value: Any) -> str:
        url = str(super().clean(value)).strip()
        if url and not origin_of(url):
            raise forms.ValidationError("This is not a web address: it has to begin with https://.")
        if url.startswith("http:") and not is_local(urlsplit(url).hostname or ""):
            raise forms.ValidationError("It has to begin with https://, else the token could be read on its way.")
        return url


class SettingsForm(forms.Form):
    base_url = BaseUrlField(
        label="Address of your site",
        max_length=500,
        help_text="The page that names the Micropub endpoint: we look for it there.",
    )
    endpoint = EndpointField(
        label="Micropub endpoint", required=False, max_length=500, help_text="Leave it empty: we find it on your site."
    )
    media_endpoint = EndpointField(
        label="Media endpoint", required=False, max_length=500, help_text="Leave it empty: we ask the endpoint for it."
    )
    content_format = forms.ChoiceField(
        label="Texts are sent as",
        choices=[(HTML, "HTML: every server understands it"), (MARKDOWN, "Markdown: for servers that render it")],
        initial=HTML,
    )
    drafts = forms.ChoiceField(
        label="Drafts",
        required=False,
        choices=[("", "Ask the server"), *DRAFTS.items()],
        help_text="“Yes” only for a server that keeps a draft from its readers: others would publish it at once.",
    )

    def clean(self) -> dict[str, Any]:
        """Another site has another endpoint: what was found of the old one is found anew."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.initial.get("base_url") and "base_url" in self.changed_data:
            found = [name for name in ("endpoint", "media_endpoint", "drafts") if name not in self.changed_data]
            cleaned |= dict.fromkeys(found, "")
        return cleaned
