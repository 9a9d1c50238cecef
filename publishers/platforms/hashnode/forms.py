"""What is asked when a channel is connected, and with each delivery."""

from __future__ import annotations

from django import forms

from publishers.forms import YES_OR_NO, BaseUrlField, SecretField

ENDPOINT = "https://gql-beta.hashnode.com/"


class TokenForm(forms.Form):
    token = SecretField(label="Personal access token", max_length=500)


class SettingsForm(forms.Form):
    base_url = BaseUrlField(
        label="Address of the API",
        initial=ENDPOINT,
        max_length=200,
        help_text="Hashnode has moved it before; the older addresses no longer work.",
    )
    publication = forms.RegexField(
        r"\A[0-9a-f]{24}\Z",
        label="Publication",
        required=False,
        help_text="Leave it empty: we ask Hashnode which publications are yours. It has to be on the Pro plan.",
        error_messages={"invalid": "This is not the number of a publication: 24 digits and letters from a to f."},
    )
    table_of_contents = forms.BooleanField(label="Show a table of contents", required=False)
    newsletter = forms.BooleanField(
        label="Send as a newsletter", required=False, help_text="To the subscribers of the publication, with each post."
    )
    disable_comments = forms.BooleanField(label="No comments", required=False)
    delist = forms.BooleanField(
        label="Unlisted", required=False, help_text="Only who knows the address of a post finds it."
    )


class OptionsForm(forms.Form):
    subtitle = forms.CharField(label="Subtitle", required=False, max_length=250)
    series = forms.CharField(
        label="Series",
        required=False,
        max_length=200,
        help_text="The last part of its address, such as my-series. It has to be there already.",
    )
    seo_title = forms.CharField(label="Title for search engines", required=False, max_length=200)
    seo_description = forms.CharField(
        label="Description for search engines",
        required=False,
        max_length=500,
        help_text="Empty: the summary of the post.",
    )
    seo_image = forms.URLField(
        label="Picture for social networks",
        required=False,
        max_length=1000,
        assume_scheme="https",
        help_text="Its address. Empty: the cover.",
    )
    table_of_contents = forms.ChoiceField(label="Table of contents", required=False, choices=YES_OR_NO)
    newsletter = forms.ChoiceField(label="Send as a newsletter", required=False, choices=YES_OR_NO)
    disable_comments = forms.ChoiceField(label="No comments", required=False, choices=YES_OR_NO)
    delist = forms.ChoiceField(label="Unlisted", required=False, choices=YES_OR_NO)
