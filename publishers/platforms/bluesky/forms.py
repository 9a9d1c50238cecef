"""What is asked when a channel is connected, and with each delivery."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from publishers.announcing import TEMPLATE, TemplateField, text_option
from publishers.forms import BaseUrlField, SecretField

SERVER = "https://bsky.social"
SITE = "https://bsky.app"


class HandleField(forms.CharField):
    """Such as ada.bsky.social; an @ before it is taken off."""

    def clean(self, value: Any) -> str:
        handle = str(super().clean(value)).strip().lower().removeprefix("@")
        if not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", handle):
            raise forms.ValidationError("This is not a handle: it looks like ada.bsky.social.")
        return handle


class CredentialsForm(forms.Form):
    app_password = SecretField(label="App password", max_length=200)


class SettingsForm(forms.Form):
    handle = HandleField(label="Handle", max_length=253, help_text="Such as ada.bsky.social.")
    template = TemplateField(label="Text", initial=TEMPLATE)
    base_url = BaseUrlField(
        label="Address of your server",
        initial=SERVER,
        max_length=200,
        help_text="Another one only if your account is not with Bluesky itself.",
    )
    site_url = BaseUrlField(label="Address of the site", initial=SITE, required=False, max_length=200)


class OptionsForm(forms.Form):
    text = text_option()
