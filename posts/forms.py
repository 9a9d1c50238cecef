"""What people fill in: the post, the time and the channels, and what they found out about a delivery."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator, URLValidator, validate_unicode_slug
from django.db import transaction
from django.db.models import F
from django.forms.utils import pretty_name

from accounts.forms import in_units
from accounts.models import User, WhenLate, Workspace
from posts.engine import lateness
from posts.models import Channel, Plan, Post, Slot
from posts.moments import WALL, Moment, NoSuchTime, moment_at, moment_of
from posts.scheduling import JUST_NOW
from publishers import PUBLISHERS

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
            saved = unchanged.update(**values, updated_at=now, version=F("version") + 1)
            if saved and values["when_late"] != stored.when_late:
                lateness.wishes_changed(stored.workspace, stored)
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


def options_prefix(channel: Channel) -> str:
    return f"options-{channel.pk}"


def options_form(channel: Channel, data: Any = None, initial: Mapping[str, Any] | None = None) -> forms.Form | None:
    """What the channel's publisher asks with each delivery; None where it asks nothing."""
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None or publisher.options_form is None:
        return None
    return publisher.options_form(data, prefix=options_prefix(channel), initial=dict(initial or {}))


def filled_in(form: forms.Form) -> dict[str, Any]:
    """The values that somebody has given and that are valid, as JSON keeps them."""
    form.full_clean()
    given = {
        name: value
        for name, value in form.cleaned_data.items()
        if value not in form.fields[name].empty_values and (value or name in form.changed_data)
    }
    kept: dict[str, Any] = json.loads(json.dumps(given, cls=DjangoJSONEncoder))
    return kept


def in_words(channel: Channel, options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Kept options as people read them, in the form's order; what the form no longer asks comes last, as it is."""
    form = options_form(channel) or forms.Form()
    asked = [
        (str(form[name].label), _words(form.fields[name], options[name])) for name in form.fields if name in options
    ]
    return asked + [(pretty_name(name), str(value)) for name, value in options.items() if name not in form.fields]


def _words(field: forms.Field, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_words(field, one) for one in value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    choices = getattr(field.widget, "choices", [])
    return {str(key): str(label) for key, label in choices}.get(str(value), str(value))


SPANS = {
    "min": timedelta(minutes=1), "minute": timedelta(minutes=1), "m": timedelta(minutes=1),
    "h": timedelta(hours=1), "hour": timedelta(hours=1),
    "d": timedelta(days=1), "day": timedelta(days=1),
    "w": timedelta(weeks=1), "week": timedelta(weeks=1),
}  # fmt: skip
LONGEST_DELAY = timedelta(days=366)


def span_in_words(span: timedelta) -> str:
    """ "24 h", "3 d" or "1 h 30 min": as people enter it, in units that lose nothing above a second."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    if minutes >= 48 * 60 and not minutes % (24 * 60) and not seconds:
        return f"{minutes // (24 * 60)} d"
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


class SpanField(forms.CharField):
    """How long: "24 h", "3 d", "90 min", "1 h 30 min"; a timedelta in Python."""

    default_error_messages: ClassVar = {"wrong": "Write how long, such as 24 h, 3 d or 90 min."}

    def prepare_value(self, value: Any) -> Any:
        return span_in_words(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:  # type: ignore[override]
        text = str(value or "").strip().lower()
        if not text:
            return None
        parts = re.findall(r"(\d{1,6})\s*([a-z]+)", text)
        if re.sub(r"\d{1,6}\s*[a-z]+|[\s,]|and", "", text) or not parts:
            raise ValidationError(self.error_messages["wrong"])
        span = timedelta()
        for count, unit in parts:
            length = SPANS.get(unit) or SPANS.get(unit.removesuffix("s"))
            if length is None:
                raise ValidationError(self.error_messages["wrong"])
            span += int(count) * length
        if span > LONGEST_DELAY:
            raise ValidationError("This is more than a year. Choose a shorter time.")
        return span


class ChannelChoices(forms.ModelMultipleChoiceField[Channel]):
    widget = forms.CheckboxSelectMultiple


def delay_name(channel: Channel) -> str:
    return f"delay-{channel.pk}"


class ScheduleForm(TimeForm):
    """Where to, when and how. ``taken`` are the channels that have the post already.

    ``wishes`` are what each channel's options begin with. Only those of chosen channels are looked at.
    """

    NOW, AT, QUEUE = "now", "at", "queue"
    TOGETHER, FIRST = "together", "first"

    channels = ChannelChoices(
        queryset=Channel.objects.none(),
        error_messages={
            "required": "Choose at least one channel.",
            "invalid_choice": "A channel that was chosen is no longer there. Choose anew.",
        },
    )
    when = forms.ChoiceField(
        label="When",
        choices=[(AT, "At a time"), (QUEUE, "In the next free slot"), (NOW, "Now")],
        initial=AT,
        widget=forms.RadioSelect,
    )
    at = WallTimeField(label="Time", help_text="In your time zone.", required=False)
    order = forms.ChoiceField(
        label="Order",
        choices=[(TOGETHER, "Everywhere at once"), (FIRST, "One first, as the original; the others follow")],
        initial=TOGETHER,
        required=False,
        widget=forms.RadioSelect,
    )
    origin = forms.ModelChoiceField(
        label="The original appears on",
        queryset=Channel.objects.none(),
        required=False,
        empty_label="Please choose",
        error_messages={"invalid_choice": "This channel is no longer there. Choose another one."},
    )
    plan_name = forms.CharField(
        label="Keep this order as a plan",
        max_length=100,
        required=False,
        help_text="A name for it; empty: do not keep.",
    )

    field_order = ("channels", "when", "at", "order", "origin")

    def __init__(
        self,
        *args: Any,
        workspace: Workspace,
        taken: Collection[int] = (),
        wishes: Mapping[int, Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.taken = frozenset(taken)
        self.workspace = workspace
        field, origin = self.fields["channels"], self.fields["origin"]
        assert isinstance(field, ChannelChoices)
        assert isinstance(origin, forms.ModelChoiceField)
        field.queryset = origin.queryset = Channel.objects.of(workspace)
        origin.choices = [("", "Please choose"), *((channel.pk, str(channel)) for channel in field.queryset)]
        for channel in field.queryset:
            if channel.pk not in self.taken:
                name = delay_name(channel)
                self.fields[name] = SpanField(label=f"{channel}, after the original", initial="24 h", required=False)
                self.fields[name].widget.attrs["class"] = "delay"
        self.asked: dict[int, forms.Form] = {}  # the options by channel id, where a channel has any
        for channel in field.queryset:
            if channel.pk not in self.taken and (form := self._options_of(channel, (wishes or {}).get(channel.pk))):
                self.asked[channel.pk] = form

    def _options_of(self, channel: Channel, wishes: Mapping[str, Any] | None) -> forms.Form | None:
        """Bound where the channel is chosen; else what was typed is kept, without a judgement."""
        if not self.is_bound:
            return options_form(channel, initial=wishes)
        form = options_form(channel, self.data)
        if form is None or str(channel.pk) in (self["channels"].data or []):
            return form
        return options_form(channel, initial={name: typed for name in form.fields if (typed := form[name].data)})

    def is_valid(self) -> bool:
        """All are asked, so that every problem is shown at once."""
        return all([super().is_valid(), *(form.is_valid() for form in self.asked.values() if form.is_bound)])

    @property
    def options(self) -> dict[int, dict[str, Any]]:
        """What was wished for on the chosen channels, by channel id."""
        filled = {pk: filled_in(form) for pk, form in self.asked.items() if form.is_bound}
        return {pk: options for pk, options in filled.items() if options}

    @property
    def places(self) -> list[tuple[Any, forms.Form | None]]:
        """Each channel to choose, with its options."""
        return [(choice, self.asked.get(choice.data["value"].value)) for choice in self["channels"]]

    @property
    def delays(self) -> list[tuple[Channel, forms.BoundField]]:
        """Each channel that may follow, with its delay."""
        channels = [choice.data["value"].instance for choice in self["channels"]]
        return [(channel, self[delay_name(channel)]) for channel in channels if delay_name(channel) in self.fields]

    @property
    def wrong_options(self) -> list[tuple[Channel, forms.Form]]:
        """Where the options of chosen channels have to be looked at again."""
        places = [(choice.data["value"].instance, form) for choice, form in self.places]
        return [(channel, form) for channel, form in places if form is not None and form.errors]

    def clean_channels(self) -> list[Channel]:
        channels = list(self.cleaned_data["channels"])
        for channel in channels:
            if channel.pk in self.taken:
                raise ValidationError(f"This post is on {channel} already: it is scheduled, on its way or published.")
        return channels

    def clean(self) -> dict[str, Any]:
        """Of the order, only what is asked: who is first, and how much later each other channel follows."""
        data = super().clean() or self.cleaned_data
        chosen = data.get("channels") or []
        self.followers: list[tuple[Channel, timedelta]] = []
        if data.get("order") != self.FIRST or len(chosen) < 2:
            for channel, _ in self.delays:
                self.errors.pop(delay_name(channel), None)
            self.errors.pop("plan_name", None)
            data["origin"] = None
            return data
        origin = data.get("origin")
        if "origin" not in self.errors and origin not in chosen:
            self.add_error("origin", "Choose one of the channels above: its page becomes the original.")
        for channel in chosen:
            name = delay_name(channel)
            if channel == origin:
                self.errors.pop(name, None)
            elif name not in self.errors and data.get(name) is None:
                self.add_error(name, "Say how much later it follows, such as 24 h.")
            elif name not in self.errors:
                self.followers.append((channel, data[name]))
        self.followers.sort(key=lambda each: each[1])
        if data.get("plan_name") and Plan.objects.of(self.workspace).filter(name=data["plan_name"]).exists():
            self.add_error("plan_name", "There is a plan of this name already. Choose another one.")
        return data

    def clean_at(self) -> datetime | None:
        """Only asked for when a time is meant: what stands in the field else does not matter."""
        if self.cleaned_data.get("when") == self.QUEUE:
            return None
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


class SlotForm(forms.Form):
    """Weekly slots on some days at one time, in the author's zone."""

    weekdays = forms.TypedMultipleChoiceField(
        label="Days",
        choices=Slot.Weekday.choices,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )
    at = forms.TimeField(
        label="Time",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Write the time like 09:00.", "required": "Choose a time."},
    )

    def clean_at(self) -> time:
        at: time = self.cleaned_data["at"]
        return at.replace(second=0, microsecond=0)


class PlanForm(forms.Form):
    """An order to use again: who is first, and how much later each other one follows; empty: it has no part in it."""

    name = forms.CharField(max_length=100, help_text="Such as “Blog first”.")
    origin = forms.ModelChoiceField(
        label="The original appears on",
        queryset=Channel.objects.none(),
        empty_label="Please choose",
        error_messages={"invalid_choice": "This channel is no longer there. Choose another one."},
    )

    def __init__(self, data: Any = None, *, workspace: Workspace, plan: Plan | None = None) -> None:
        steps = {step.channel_id: step.after for step in plan.steps.all()} if plan else {}
        super().__init__(data, initial={"name": plan.name, "origin": plan.origin_id} if plan else {})
        self.workspace, self.plan = workspace, plan
        origin = self.fields["origin"]
        assert isinstance(origin, forms.ModelChoiceField)
        origin.queryset = Channel.objects.of(workspace)
        self.channels = list(origin.queryset)
        self.followers: list[tuple[Channel, timedelta]] = []
        for channel in self.channels:
            field = SpanField(label=str(channel), required=False, initial=steps.get(channel.pk))
            field.widget.attrs["placeholder"] = "not part of it"
            self.fields[delay_name(channel)] = field

    @property
    def delays(self) -> list[forms.BoundField]:
        return [self[delay_name(channel)] for channel in self.channels]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        others = Plan.objects.of(self.workspace).filter(name=name)
        if self.plan:
            others = others.exclude(pk=self.plan.pk)
        if others.exists():
            raise ValidationError("There is a plan of this name already. Choose another one.")
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        given = [(channel, data.get(delay_name(channel))) for channel in self.channels if channel != data.get("origin")]
        self.followers = sorted(((channel, after) for channel, after in given if after is not None), key=lambda e: e[1])
        if not self.followers and not self.errors:
            raise ValidationError("Say of at least one other channel how much later it follows.")
        return data
