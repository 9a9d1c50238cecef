"""What is asked when a channel is connected, and with each delivery."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from publishers.forms import AS_THE_CHANNEL_SAYS, YES_OR_NO, BaseUrlField, SecretField
from publishers.platforms.ghost.article import EMAIL_SUBJECT, META_DESCRIPTION, META_TITLE, SLUG

MARKDOWN, HTML = "markdown", "html"
VISIBILITIES = {"public": "Everybody", "members": "Members only", "paid": "Paying members only"}
SEGMENTS = {"": "All its subscribers", "status:free": "Free members", "status:-free": "Paying members"}


class AdminKeyField(SecretField):
    """Id and secret in one, both hexadecimal, with a colon between them."""

    def clean(self, value: Any) -> str:
        key = super().clean(value)
        if key and not re.fullmatch(r"[0-9a-f]{24}:[0-9a-f]{64}", key):
            raise forms.ValidationError(
                "This is not an Admin API key: that has 24 letters and digits, a colon, and 64 more. The Content API"
                " key, which is shorter, cannot publish."
            )
        return key


class AdminKeyForm(forms.Form):
    admin_api_key = AdminKeyField(label="Admin API key", max_length=200)


class SiteField(BaseUrlField):
    """The address of a site. What people copy from its admin area is cut back to it."""

    def clean(self, value: Any) -> str:
        return super().clean(re.sub(r"\A(.*)/ghost(?:[/?#].*)?\Z", r"\1", str(value or "").strip()))


class SettingsForm(forms.Form):
    base_url = SiteField(
        label="Address of your site",
        max_length=200,
        help_text="Such as https://blog.example. With Ghost(Pro) it may have to be the one that ends in ghost.io.",
    )
    content_format = forms.ChoiceField(
        label="Posts are kept as",
        choices=[
            (MARKDOWN, "One Markdown card: nothing is lost"),
            (HTML, "Ghost's own blocks: easier to edit there"),
        ],
        initial=MARKDOWN,
    )
    visibility = forms.ChoiceField(label="Who may read", choices=list(VISIBILITIES.items()), initial="public")
    newsletter = forms.RegexField(
        r"\A[\w-]*\Z",
        label="Newsletter",
        required=False,
        max_length=SLUG,
        help_text="The one that posts are mailed with, if they are. We ask Ghost which there are.",
    )
    send_newsletter = forms.BooleanField(
        label="Mail each post to its subscribers",
        required=False,
        help_text="At the moment it is published, and once. A mail cannot be taken back.",
    )


class OptionsForm(forms.Form):
    visibility = forms.ChoiceField(
        label="Who may read", required=False, choices=[AS_THE_CHANNEL_SAYS, *VISIBILITIES.items()]
    )
    newsletter = forms.ChoiceField(label="Mail it to the newsletter", required=False, choices=YES_OR_NO)
    email_segment = forms.ChoiceField(label="Who gets the mail", required=False, choices=list(SEGMENTS.items()))
    email_subject = forms.CharField(
        label="Subject of the mail", required=False, max_length=EMAIL_SUBJECT, help_text="Empty: the title."
    )
    featured = forms.ChoiceField(label="Featured", required=False, choices=[("", "As it is"), *YES_OR_NO[1:]])
    meta_title = forms.CharField(label="Title for search engines", required=False, max_length=META_TITLE)
    meta_description = forms.CharField(
        label="Description for search engines", required=False, max_length=META_DESCRIPTION
    )
