"""What a post says otherwise on one channel, and what a channel gives to all posts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_unicode_slug

from posts.engine import tailoring
from posts.forms.options import filled_in, options_form
from posts.forms.writing import TagsField, plain_lines, web_address
from posts.models import Channel, Delivery, Post

LONGEST_BLOCK = 5_000  # characters
BLOCK_HELP = "In Markdown. {title}, {canonical_url} and {date} are filled in."
MOST_NAMES = 200


def block_field(label: str, help_text: str) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3, "spellcheck": "true"})
    return forms.CharField(
        label=label, max_length=LONGEST_BLOCK, required=False, widget=area, help_text=help_text, strip=True
    )


class VersionForm(forms.Form):
    """One post on one channel. What is inherited stands in the empty fields."""

    title = forms.CharField(max_length=300, required=False)
    summary = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    tags = TagsField(required=False, max_length=100, help_text="Separated by commas, the most important first.")
    slug = forms.CharField(max_length=200, required=False, validators=[validate_unicode_slug])
    cover_url = forms.URLField(
        label="Cover image", max_length=1000, required=False, assume_scheme="https", validators=[web_address]
    )
    canonical_url = forms.URLField(
        label="Canonical URL", max_length=1000, required=False, assume_scheme="https", validators=[web_address]
    )
    intro = block_field("Block before the text", f"{BLOCK_HELP} A single hyphen: none here.")
    footer = block_field("Block behind the text", f"{BLOCK_HELP} A single hyphen: none here.")

    def __init__(self, data: Any = None, *, post: Post, channel: Channel) -> None:
        self.version = tailoring.version_of(post, channel.pk)
        super().__init__(data, initial=self.version)
        for name, inherited in _inherited(post, channel).items():
            if inherited:
                self.fields[name].widget.attrs["placeholder"] = inherited
        said = self.version.get("options", {})
        self.options = options_form(channel, data, initial=said)

    def is_valid(self) -> bool:
        """Both are asked, so that every problem is shown at once."""
        options_are_valid = self.options is None or self.options.is_valid()
        return super().is_valid() and options_are_valid

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())

    def clean_summary(self) -> str:
        return plain_lines(self.cleaned_data["summary"])

    def clean_intro(self) -> str:
        return plain_lines(self.cleaned_data["intro"])

    def clean_footer(self) -> str:
        return plain_lines(self.cleaned_data["footer"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.data.get("seen", self.stands) != self.stands:
            raise ValidationError(
                "It was changed meanwhile, maybe in another tab. Save again to replace what was saved."
            )
        return data

    @property
    def stands(self) -> str:
        """Names the version that is saved: who writes over another one than was seen is told."""
        return hashlib.sha256(json.dumps(self.version, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def said(self) -> dict[str, Any]:
        """The version, without what is blank."""
        kept = {name: self.cleaned_data[name] for name in tailoring.FIELDS if self.cleaned_data.get(name)}
        options = filled_in(self.options) if self.options is not None else {}
        return {**kept, "options": options} if options else kept


def _inherited(post: Post, channel: Channel) -> dict[str, str]:
    """What the channel gets where nothing else is said, by field."""
    plain = Post(
        title=post.title, tags=post.tags, slug=post.slug, canonical_url=post.canonical_url, markdown=post.markdown
    )
    delivery = Delivery(post=plain, channel=channel)
    blocks = channel.defaults or {}
    return {
        "title": post.title,
        "summary": post.summary,
        "tags": ", ".join(tailoring.tags(plain, channel)),
        "slug": post.slug,
        "cover_url": post.cover_url,
        "canonical_url": tailoring.canonical_url(delivery),
        "intro": str(blocks.get("intro") or ""),
        "footer": str(blocks.get("footer") or ""),
    }


class DefaultsForm(forms.Form):
    """What all posts get on a channel that do not say it themselves."""

    intro = block_field("Block before the text", BLOCK_HELP)
    footer = block_field(
        "Block behind the text",
        f"{BLOCK_HELP} A paragraph that names a canonical link is left out where there is none.",
    )
    canonical = forms.ChoiceField(
        label="Canonical link",
        choices=list(tailoring.POLICIES.items()),
        widget=forms.RadioSelect,
        required=False,
    )
    pattern = forms.CharField(
        label="Address of your own",
        max_length=500,
        required=False,
        help_text="Such as https://ada.example/{year}/{slug}/ with {slug}, {year}, {month} and {day}.",
    )
    tags = forms.CharField(
        label="Names of tags here",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One on each line, such as c# = csharp. Nothing behind the sign: the tag is left out.",
    )

    def __init__(self, data: Any = None, *, channel: Channel) -> None:
        kept = channel.defaults or {}
        names = "\n".join(f"{name} = {other}".rstrip() for name, other in (kept.get("tags") or {}).items())
        super().__init__(data, initial={"canonical": tailoring.ORIGINAL, **kept, "tags": names})

    def clean_canonical(self) -> str:
        return self.cleaned_data["canonical"] or tailoring.ORIGINAL

    def clean_tags(self) -> dict[str, str]:
        lines = [line.strip() for line in plain_lines(self.cleaned_data["tags"]).split("\n") if line.strip()]
        if len(lines) > MOST_NAMES:
            raise ValidationError(f"These are {len(lines)} names; {MOST_NAMES} fit.")
        names = {}
        for line in lines:
            name, sign, other = (part.strip().lstrip("#") if part != "=" else part for part in line.partition("="))
            if not sign or not name:
                raise ValidationError(f"“{line}” is not of the form c# = csharp.")
            names[name.lower()] = other
        return names

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("canonical") == tailoring.PATTERN and "pattern" not in self.errors:
            self._check_pattern(data.get("pattern") or "")
        return data

    def _check_pattern(self, pattern: str) -> None:
        try:
            web_address(tailoring.example_of(pattern))
        except ValidationError:
            self.add_error("pattern", "Write a whole web address, such as https://ada.example/{slug}/.")
        else:
            if "{slug}" not in pattern:
                self.add_error("pattern", "Without {slug} all posts would name the same address.")

    @property
    def defaults(self) -> dict[str, Any] | None:
        """Without what is blank; None where nothing is said."""
        kept = {name: value for name, value in self.cleaned_data.items() if value}
        if kept.get("canonical") == tailoring.ORIGINAL:
            del kept["canonical"]
        return kept or None
