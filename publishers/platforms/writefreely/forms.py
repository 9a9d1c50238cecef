"""What is asked when a channel is connected."""

from __future__ import annotations

from django import forms

from publishers.forms import BaseUrlField, SecretField
from publishers.platforms.writefreely.article import FONTS


class CredentialsForm(forms.Form):
    token = SecretField(label="Access token", max_length=200, required=False)
    password = forms.CharField(
        label="or your password",
        max_length=200,
        required=False,
        strip=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Used once to get a token, then forgotten. Needs the user name below.",
    )


class SettingsForm(forms.Form):
    base_url = BaseUrlField(label="Address of the site", initial="https://write.as", max_length=200)
    username = forms.CharField(
        label="User name", max_length=100, required=False, help_text="To log in with a password."
    )
    collection = forms.RegexField(
        r"\A[\w-]*\Z",
        label="Blog",
        required=False,
        max_length=100,
        help_text="Leave it empty: we ask which blogs are yours.",
    )
    font = forms.ChoiceField(label="Font", choices=list(FONTS.items()), initial="norm")
