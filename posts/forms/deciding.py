"""What a person found out about a delivery, or has done for it."""

from __future__ import annotations

from typing import Any

from django import forms

from posts.forms.writing import web_address
from publishers.base import Assisted


class ConfirmForm(forms.Form):
    """A person looked, and it is there. Where a person has published it, ``place`` knows where it cannot be."""

    url = forms.URLField(
        label="Address of the article", max_length=1000, assume_scheme="https", validators=[web_address]
    )
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)  # digest of the text that was shown

    def __init__(self, *args: Any, place: Assisted | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = place

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if self.place and (wrong := self.place.wrong_address(url)):
            raise forms.ValidationError(wrong)
        return url
