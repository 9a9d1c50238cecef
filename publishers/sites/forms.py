"""What is asked about a site, wherever its files are kept."""

from __future__ import annotations

from django import forms

from publishers.forms import BaseUrlField
from publishers.sites.front_matter import renamed
from publishers.sites.generators import GENERATORS
from publishers.sites.layout import BESIDE, checked_path, plain_path, usual_path

REMOVE, HIDE = "remove", "hide"


class BuiltSiteForm(forms.Form):
    """How a site is built, and where it is."""

    generator = forms.ChoiceField(
        label="Site generator", choices=[(name, generator.label) for name, generator in GENERATORS.items()]
    )
    base_url = BaseUrlField(
        label="Address of the site", required=False, max_length=200, help_text="Used for the links to your posts."
    )
    permalink = forms.RegexField(
        r"\A[\w./:%~-]*\Z",
        label="Pattern of addresses",
        required=False,
        max_length=200,
        help_text="Such as /blog/:year/:slug/ with :section, :year, :month, :day and :slug. Empty: the usual one.",
    )
    keys = forms.CharField(
        label="Other names in the front matter",
        required=False,
        max_length=500,
        help_text="Such as date=publishedAt, cover=hero, when your templates use other names.",
    )

    def clean_keys(self) -> str:
        try:
            renamed(self.cleaned_data["keys"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        return str(self.cleaned_data["keys"])

    def clean_unpublish_by(self) -> str:
        return str(self.cleaned_data["unpublish_by"] or REMOVE)


class SiteForm(BuiltSiteForm):
    """Layout of a repository from which a site is built."""

    path = forms.CharField(
        label="Path of a post",
        required=False,
        max_length=200,
        help_text=(
            "With {year}, {month}, {day} and {slug}, such as content/blog/{slug}/index.md. "
            "Empty: the usual one of the generator. A file that ends with .mdx is written for MDX."
        ),
    )
    pictures = forms.CharField(
        label="Folder of its pictures",
        required=False,
        max_length=200,
        help_text="Such as static/images/{slug}; a single dot is beside the post. Empty: the usual one.",
    )
    unpublish_by = forms.ChoiceField(
        label="To take a post back",
        choices=[(REMOVE, "Remove its file"), (HIDE, "Keep its file, and mark it as a draft")],
        initial=REMOVE,
        required=False,
    )
    field_order: tuple[str, ...] = ("generator", "path", "pictures")

    def clean_path(self) -> str:
        given = str(self.cleaned_data["path"]).strip()
        generator = GENERATORS.get(self.cleaned_data.get("generator", ""))
        try:
            return checked_path(given or (usual_path(generator) if generator else "{slug}.md"))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_pictures(self) -> str:
        given = str(self.cleaned_data["pictures"]).strip()
        try:
            return given if given in ("", BESIDE) else plain_path(given)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
