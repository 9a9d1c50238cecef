"""What people fill in: the post, the time and the channels, and what they found out about a delivery."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator, validate_unicode_slug
from django.db.models import F

from accounts.models import User, Workspace
from posts.models import Channel, Post
from posts.moments import WALL, Moment, NoSuchTime, moment_at, moment_of
from posts.scheduling import JUST_NOW

LONGEST_TEXT = 2_000_000  # characters
MOST_TAGS = 30
YEARS_AHEAD = 10

web_address = URLValidator(schemes=["http", "https"], message="This is not a web address: it begins with https://.")


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
        )  # fmt: skip
        labels = {"ai_disclosure": "AI disclosure"}
        help_texts = {"ai_disclosure": "Some places ask for it. Empty: what the channel says."}

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
        return {name: self.cleaned_data[name] for name in Post.TEXT_FIELDS}

    def is_empty(self) -> bool:
        return not any(self.values().values())

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
        saved = unchanged.update(**values, updated_at=now, version=F("version") + 1)
        if saved:
            stored.version = read + 1
        return bool(saved)


class WallTimeField(forms.Field):
    """A time as a clock on the wall shows it; which instant it is depends on the zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WALL)

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        for pattern in (WALL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"):
            try:
                return datetime.strptime(str(value).strip(), pattern).replace(second=0)
            except ValueError:
                continue
        raise ValidationError("Write the time like 2026-11-24T09:00.")


class TimeForm(forms.Form):
    """A time in the author's zone. ``moment`` has the instant, once the form is valid."""

    at = WallTimeField(label="Time", help_text="In your time zone.")

    def __init__(self, *args: Any, zone: tzinfo, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.now = zone, now
        self.moment: Moment | None = None

    def clean_at(self) -> datetime | None:
        wall: datetime | None = self.cleaned_data["at"]
        if wall is not None:
            self.moment = self._moment_of(wall)
        return wall

    def _moment_of(self, wall: datetime) -> Moment:
        here = self.now.astimezone(self.zone)
        if wall.year > here.year + YEARS_AHEAD:
            raise ValidationError(f"{wall:%-d %B %Y} is more than {YEARS_AHEAD} years away. Choose an earlier time.")
        if wall.year < here.year - 1:
            raise ValidationError(self._is_past(wall, here))
        try:
            moment = moment_of(wall, self.zone)
        except NoSuchTime as error:
            raise ValidationError(str(error)) from error
        if moment.due_at < self.now - JUST_NOW:
            raise ValidationError(self._is_past(wall, here))
        return moment

    def _is_past(self, wall: datetime, here: datetime) -> str:
        return (
            f"{wall:%H:%M} on {wall:%-d %B %Y} is in the past: in {self.zone} it is {here:%H:%M} on {here:%-d %B %Y}. "
            "Choose a later time, or publish now."
        )


class ChannelChoices(forms.ModelMultipleChoiceField[Channel]):
    widget = forms.CheckboxSelectMultiple


class ScheduleForm(TimeForm):
    """Where to and when. ``taken`` are the channels that have the post already."""

    NOW, AT = "now", "at"

    channels = ChannelChoices(
        queryset=Channel.objects.none(), error_messages={"required": "Choose at least one channel."}
    )
    when = forms.ChoiceField(
        label="When", choices=[(AT, "At a time"), (NOW, "Now")], initial=AT, widget=forms.RadioSelect
    )
    at = WallTimeField(label="Time", help_text="In your time zone.", required=False)

    field_order = ("channels", "when", "at")

    def __init__(self, *args: Any, workspace: Workspace, taken: Collection[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = frozenset(taken)
        field = self.fields["channels"]
        assert isinstance(field, ChannelChoices)
        field.queryset = Channel.objects.of(workspace)

    def clean_channels(self) -> list[Channel]:
        channels = list(self.cleaned_data["channels"])
        for channel in channels:
            if channel.pk in self.taken:
                raise ValidationError(f"This post is on {channel} already: it is scheduled, on its way or published.")
        return channels

    def clean_at(self) -> datetime | None:
        """Only asked for when a time is meant: what stands in the field else does not matter."""
        if self.cleaned_data.get("when") == self.NOW:
            self.moment = moment_at(self.now, self.zone)
            return None
        wall = super().clean_at()
        if wall is None:
            raise ValidationError("Choose a time.")
        return wall


class ConfirmForm(forms.Form):
    """A person looked, and it is there."""

    url = forms.URLField(
        label="Address of the article", max_length=1000, assume_scheme="https", validators=[web_address]
    )


class ChannelNameForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="How you call it, such as “My DEV account”.")


class RemoveForm(forms.Form):
    """Removing a channel cannot be undone: its name is typed once more."""

    name = forms.CharField(
        label="Name of the channel", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name != self.channel.name.strip():
            raise ValidationError(f"This is not its name. Type “{self.channel}” to remove it.")
        return name
