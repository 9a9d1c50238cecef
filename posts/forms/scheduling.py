"""Where to, when and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Workspace
from posts.engine.tailoring import announces
from posts.forms.options import filled_in, options_form
from posts.forms.times import SpanField, TimeForm, WallTimeField
from posts.models import Channel, Delivery, Plan
from posts.planning.following import may_have_page
from posts.planning.moments import moment_at
from posts.planning.scheduling import nothing_to_announce
from publishers import PUBLISHERS


class ChannelChoices(forms.ModelMultipleChoiceField[Channel]):
    widget = forms.CheckboxSelectMultiple


def delay_name(channel: Channel) -> str:
    return f"delay-{channel.pk}"


class ScheduleForm(TimeForm):
    """Where to, when and how. ``taken`` are the channels that have the post already.

    ``wishes`` are what each channel's options begin with. Only those of chosen channels are looked at. ``pages`` are
    the deliveries of the post whose page is there, or will be; ``canonical_url`` is the post's own. Both may be
    announced.
    """

    NOW, AT, QUEUE = "now", "at", "queue"
    TOGETHER, FIRST = "together", "first"
    OWN_ADDRESS = "canonical"

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
    announced = forms.ChoiceField(
        label="The page that is announced",
        required=False,
        error_messages={"invalid_choice": "This is no longer there. Choose another page."},
    )
    plan_name = forms.CharField(
        label="Keep this order as a plan",
        max_length=100,
        required=False,
        help_text="A name for it; empty: do not keep.",
    )

    field_order = ("channels", "when", "at", "order", "origin", "announced")

    def __init__(
        self,
        *args: Any,
        workspace: Workspace,
        taken: Collection[int] = (),
        wishes: Mapping[int, Mapping[str, Any]] | None = None,
        pages: Collection[Delivery] = (),
        canonical_url: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.taken = frozenset(taken)
        self.workspace, self.pages, self.canonical_url = workspace, list(pages), canonical_url
        field, origin, announced = self.fields["channels"], self.fields["origin"], self.fields["announced"]
        assert isinstance(field, ChannelChoices)
        assert isinstance(origin, forms.ModelChoiceField)
        assert isinstance(announced, forms.ChoiceField)
        field.queryset = origin.queryset = Channel.objects.of(workspace)
        articles = [(str(channel.pk), str(channel)) for channel in field.queryset if not announces(channel)]
        own = [(self.OWN_ADDRESS, f"The post’s canonical URL, {canonical_url}")] if canonical_url else []
        origin.choices = [("", "Please choose"), *articles]
        announced.choices = [("", "The original, or the first that there is"), *articles, *own]
        for channel in field.queryset:
            if channel.pk not in self.taken:
                name, waits = delay_name(channel), announces(channel)
                label = f"{channel}, after the {'page' if waits else 'original'}"
                self.fields[name] = SpanField(label=label, initial="0 min" if waits else "24 h", required=False)
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
        """Each channel to choose, with its options; those that announce come last."""
        places = [(choice, self.asked.get(choice.data["value"].value)) for choice in self["channels"]]
        return sorted(places, key=lambda place: announces(place[0].data["value"].instance))

    @property
    def delays(self) -> list[tuple[Channel, forms.BoundField]]:
        """Each channel that may follow an original, with its delay."""
        return [each for each in self._all_delays() if not announces(each[0])]

    @property
    def waits(self) -> list[tuple[Channel, forms.BoundField]]:
        """Each channel that announces, with how long after the page."""
        return [each for each in self._all_delays() if announces(each[0])]

    def _all_delays(self) -> list[tuple[Channel, forms.BoundField]]:
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
        articles = [channel for channel in chosen if not announces(channel)]
        self.followers: list[tuple[Channel, timedelta]] = []
        self.announcements: list[tuple[Channel, timedelta]] = []
        for channel, _ in self.waits:
            if channel not in chosen:
                self.errors.pop(delay_name(channel), None)
            elif delay_name(channel) not in self.errors:
                self.announcements.append((channel, data.get(delay_name(channel)) or timedelta()))
        if data.get("order") != self.FIRST or len(articles) < 2:
            for channel, _ in self.delays:
                self.errors.pop(delay_name(channel), None)
            if not self.announcements:
                self.errors.pop("plan_name", None)
            data["origin"] = None
        else:
            self._clean_followers(data, articles)
        self.announces_page_of = self._announced(data, articles) if self.announcements else None
        if self.followers or (self.announcements and isinstance(self.announces_page_of, Channel)):
            self._clean_plan_name(data)
        return data

    def _announced(self, data: dict[str, Any], articles: list[Channel]) -> Channel | Delivery | str | None:
        """Whose page is announced: a chosen channel's, a delivery's that is there or on its way, an address."""
        wanted = data.get("announced") or (str(origin.pk) if (origin := data.get("origin")) else "")
        if wanted == self.OWN_ADDRESS:
            return self.canonical_url
        if chosen := next((channel for channel in articles if str(channel.pk) == wanted), None):
            return chosen
        there = [page for page in self.pages if wanted in ("", str(page.channel_id))]
        if wanted and not there:
            self.add_error("announced", "The post is not there: choose this channel above, or announce another page.")
            return None
        if articles and not wanted:
            return next(filter(may_have_page, articles), articles[0])
        if there:
            return there[0]
        if not self.canonical_url and "channels" not in self.errors:
            self.add_error("channels", nothing_to_announce(self.announcements[0][0]))
        return self.canonical_url or None

    def _clean_followers(self, data: dict[str, Any], chosen: list[Channel]) -> None:
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
        refuse_rivals(self, self.followers)

    def _clean_plan_name(self, data: dict[str, Any]) -> None:
        if data.get("plan_name") and Plan.objects.of(self.workspace).filter(name=data["plan_name"]).exists():
            self.add_error("plan_name", "There is a plan of this name already. Choose another one.")

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


def refuse_rivals(form: forms.Form, followers: Iterable[tuple[Channel, timedelta]]) -> None:
    """Two followers name the same original: a site that takes each canonical link once would refuse the second."""
    first: dict[tuple[str, str], Channel] = {}
    for channel, _ in followers:
        publisher = PUBLISHERS.get(channel.platform)
        if publisher is None or not publisher.limits.unique_canonical:
            continue
        there = first.setdefault((channel.platform, publisher.origin(channel.settings)), channel)
        if there != channel:
            form.add_error(
                delay_name(channel),
                f"{publisher.label} takes each canonical link once, and {there} would name the same original. "
                "Choose one of the two.",
            )


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
        articles = [(channel.pk, str(channel)) for channel in self.channels if not announces(channel)]
        origin.choices = [("", origin.empty_label), *articles]
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
        if (origin := data.get("origin")) and announces(origin):
            self.add_error("origin", "It announces a page that is elsewhere: choose the channel that the page is on.")
        if not self.followers and not self.errors:
            raise ValidationError("Say of at least one other channel how much later it follows.")
        refuse_rivals(self, self.followers)
        return data
