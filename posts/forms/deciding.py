"""What a person found out about a delivery."""

from __future__ import annotations

from django import forms

from posts.forms.writing import web_address


class ConfirmForm(forms.Form):
    """A person looked, and it is there."""

    url = forms.URLField(
        label="Address of the article", max_length=1000, assume_scheme="https", validators=[web_address]
    )
