"""What is asked when a channel is connected, and with each delivery."""

from __future__ import annotations

from django import forms

from publishers.announcing import TEMPLATE, TemplateField, text_option
from publishers.forms import AS_THE_CHANNEL_SAYS, YES_OR_NO, BaseUrlField, SecretField
from publishers.platforms.mastodon.status import VISIBILITIES


class CredentialsForm(forms.Form):
    access_token = SecretField(label="Access token", max_length=500)


class SettingsForm(forms.Form):
    base_url = BaseUrlField(
        label="Address of your instance", max_length=200, help_text="Such as https://mastodon.social."
    )
    template = TemplateField(label="Text", initial=TEMPLATE)
    visibility = forms.ChoiceField(label="Who sees it", choices=list(VISIBILITIES.items()), initial="public")
    picture = forms.BooleanField(
        label="Attach the cover",
        required=False,
        help_text="Instead of the card that the instance makes of the page. Needs the scope write:media.",
    )
    longest = forms.RegexField(
        r"\A([1-9]\d{1,5})?\Z",
        label="Longest text",
        required=False,
        max_length=6,
        help_text="Characters. Empty: as the instance says.",
        error_messages={"invalid": "Write a number of characters, such as 500."},
    )


class OptionsForm(forms.Form):
    text = text_option()
    visibility = forms.ChoiceField(
        label="Who sees it", required=False, choices=[AS_THE_CHANNEL_SAYS, *VISIBILITIES.items()]
    )
    picture = forms.ChoiceField(label="Attach the cover", required=False, choices=YES_OR_NO)
