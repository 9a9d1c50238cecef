"""The post itself: its text and what belongs to it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator, validate_unicode_slug
from django.db import transaction
from django.db.models import F

from accounts.forms import in_units
from accounts.models import User, WhenLate, Workspace
from posts.engine import lateness
from posts.models import Post

web_address = URLValidator(schemes=["http", "https"], message="This is not a web address: it begins with https://.")
LONGEST_TEXT = 2_000_000  # characters
MOST_TAGS = 30


def plain_lines(text: str) -> str:
    """``text`` with one kind of line end: browsers send another one than they show."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TagsField(forms.CharField):
    """Words with commas between them, in an order that matters; a list in Python."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = (word.strip().lstrip("#").strip() for word in re.split(r"[,\n]", super().to_python(value) or ""))
        return list(dict.fromkeys(word for word in words if word))

    def run_validators(self, value: Any) -> None:
        """Each tag is checked, not the list."""
        if len(value) > MOST_TAGS:
            raise ValidationError(f"These are {len(value)} tags. Keep the {MOST_TAGS} that matter most.")
        for tag in value:
            super().run_validators(tag)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data or ""))


def wishes(workspace: Workspace) -> dict[str, str]:
    """What may become of a post that could not go out at its time, as people read it; first what the workspace says."""
    amount, unit = in_units(workspace.grace)
    grace = f"{amount} {unit if amount > 1 else unit.removesuffix('s')}"
    own = {
        WhenLate.PUBLISH.value: f"Publish it up to {grace} late; after that, ask me",
        WhenLate.ASK.value: "Ask me, and publish nothing before I have answered",
        WhenLate.DROP.value: "Drop it, and tell me by mail",
    }
    return {"": f"As for all posts: {own[workspace.when_late][0].lower()}{own[workspace.when_late][1:]}", **own}


class PostForm(forms.ModelForm[Post]):
    """The source of a post. ``version`` says which save it was written on top of."""

    title = forms.CharField(max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 1}))
    # Counted in clean_markdown: a limit in the browser would silently cut off what is pasted.
    markdown = forms.CharField(
        label="Text", required=False, strip=False, widget=forms.Textarea(attrs={"rows": 20, "spellcheck": "true"})
    )
    summary = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One or two sentences for lists, search engines and previews.",
    )
    tags = TagsField(
        required=False,
        max_length=100,
        help_text="Separated by commas, the most important first: some places take four.",
    )
    slug = forms.CharField(
        max_length=200,
        required=False,
        validators=[validate_unicode_slug],
        help_text="The end of the address. Empty: made from the title.",
    )
    cover_url = forms.URLField(
        label="Cover image",
        max_length=1000,
        required=False,
        assume_scheme="https",
        validators=[web_address],
        widget=forms.URLInput(attrs={"list": "own-pictures"}),
        help_text="The full address of a picture that everybody can fetch.",
    )
    canonical_url = forms.URLField(
        label="Canonical URL",
        max_length=1000,
        required=False,
        assume_scheme="https",
        validators=[web_address],
        help_text="Where the original stands, when it stands somewhere else: search engines then count it once.",
    )
    language = forms.CharField(
        max_length=20,
        required=False,
        validators=[RegexValidator(r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", "Write a code such as en or de-AT.")],
        help_text="A code such as en or de-AT.",
    )
    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    class Meta:
        model = Post
        fields = (
            "title", "markdown", "summary", "tags", "slug", "cover_url", "canonical_url", "language", "ai_disclosure",
            "when_late",
        )  # fmt: skip
        labels = {"ai_disclosure": "AI disclosure", "when_late": "If it could not go out at its time"}
        help_texts = {
            "ai_disclosure": "Some places ask for it. Empty: what the channel says.",
            "when_late": "Because something was down, or its channel was closed.",
        }

    FIELDS: ClassVar = (*Post.TEXT_FIELDS, "when_late")

    def offer_wishes(self, workspace: Workspace) -> None:
        """Say what blank means in this workspace."""
        field = self.fields["when_late"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(wishes(workspace).items())

    def clean_title(self) -> str:
        """One line, however it was written: the field wraps."""
        return " ".join(self.cleaned_data["title"].split())

    def clean_markdown(self) -> str:
        text = plain_lines(self.cleaned_data["markdown"])
        if len(text) > LONGEST_TEXT:
            raise ValidationError(
                f"The text has {len(text):,} characters; {LONGEST_TEXT:,} fit. Nothing is lost: it is still here. "
                "Move a part of it into a second post."
            )
        return text

    def clean_summary(self) -> str:
        return plain_lines(self.cleaned_data["summary"])

    def clean_version(self) -> int:
        return self.cleaned_data["version"] or self.instance.version

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.FIELDS}

    def is_empty(self) -> bool:
        return not any(self.cleaned_data[name] for name in Post.TEXT_FIELDS)

    def insert(self, workspace: Workspace, author: User) -> Post:
        self.instance.workspace, self.instance.author = workspace, author
        return self.save()

    def write_over(self, stored: Post, now: datetime) -> bool:
        """Save on top of the version that was read; False when somebody else, or another tab, saved meanwhile.

        The same text again is no save and never a conflict. ``stored`` gets the new version.
        """
        values = self.values()
        if all(getattr(stored, name) == value for name, value in values.items()):
            return True
        read = self.cleaned_data["version"]
        unchanged = Post.objects.filter(pk=stored.pk, version=read)
        with transaction.atomic():
            saved = unchanged.update(**values, updated_at=now, version=F("version") + 1, compare_at=now)
            if saved and values["when_late"] != stored.when_late:
                lateness.wishes_changed(stored.workspace, stored)
        if saved:
            stored.version = read + 1
        return bool(saved)
