"""What people fill in about themselves and their workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import (
    MinimumLengthValidator,
    get_default_password_validators,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import lazy

from accounts.models import User, WhenLate, Workspace
from accounts.zones import ZoneField

BROWSER_ZONE = {"data-browser-zone": ""}  # app.js chooses the browser's zone there, once
NAME_HINT = "Shown as the author of your posts."
UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
LONGEST_GRACE = timedelta(days=30)
WISHES = [
    (WhenLate.PUBLISH.value, "Publish it late; when it is later than you allow below, ask me"),
    (WhenLate.ASK.value, "Ask me, and publish nothing before I have answered"),
    (WhenLate.DROP.value, "Drop it, and tell me by mail"),
]


def password_hint() -> str:
    """One sentence instead of the list of all rules; who breaks one of the others is told then."""
    lengths = (v.min_length for v in get_default_password_validators() if isinstance(v, MinimumLengthValidator))
    return f"At least {max(lengths, default=8)} characters. A few unrelated words are easy to remember, hard to guess."


def name_field() -> forms.CharField:
    return forms.CharField(
        label="Name", max_length=150, help_text=NAME_HINT, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )


def new_person_zone() -> ZoneField:
    return ZoneField(initial=timezone.get_default_timezone_name, widget=forms.Select(attrs=BROWSER_ZONE))


class KeepsChosenZone(forms.Form):
    """Once a form comes back with errors, the person's own choice of a zone must not be guessed over."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and "time_zone" in self.fields:
            self.fields["time_zone"].widget.attrs.pop("data-browser-zone", None)


class SignupForm(KeepsChosenZone):
    """What is asked beside the address and the password; the adapter saves it with the person."""

    name = name_field()
    time_zone = new_person_zone()
    field_order = ("name", "email", "password1", "time_zone")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Nothing is left to do: name and zone were saved in the transaction that made the person."""


class OwnerForm(KeepsChosenZone):
    """The first account of an installation."""

    name = name_field()
    email = forms.EmailField(
        label="Email", help_text="You log in with it, and hear of trouble there.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    password = forms.CharField(
        label="Password", strip=False, help_text=lazy(password_hint, str)(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    time_zone = new_person_zone()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("password"):
            try:
                validate_password(data["password"], User(email=data.get("email", ""), name=data.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return data


class PersonForm(forms.ModelForm[User]):
    name = name_field()
    time_zone = ZoneField(
        help_text="Times are shown, and understood, in this zone. Another one moves nothing: what is scheduled goes "
        "out at the moment that was chosen, and a series keeps its own zone."
    )

    class Meta:
        model = User
        fields = ("name", "time_zone")


class CalendarForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("first_weekday", "single_keys")
        labels = {"first_weekday": "The week begins on", "single_keys": "Single keys"}
        help_texts = {"single_keys": "T shows today; M, W and A the month, the week and the agenda."}


class WorkspaceForm(forms.ModelForm[Workspace]):
    """The workspace. Its grace is a number and a unit here, one duration in the database."""

    name = forms.CharField(label="Name", max_length=150)
    when_late = forms.ChoiceField(
        label="What is to happen?", choices=WISHES, widget=forms.RadioSelect,
        help_text="A post's own details can say something else for that post.",
    )  # fmt: skip
    amount = forms.IntegerField(
        label="How late may a post go out by itself?", min_value=1, max_value=1000,
        help_text="Later than this it is never published without you.",
    )  # fmt: skip
    unit = forms.ChoiceField(label="Unit", choices=[(unit, unit) for unit in UNITS])

    class Meta:
        model = Workspace
        fields = ("name", "when_late")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["amount"], self.initial["unit"] = in_units(self.instance.grace)
        self.wishes_before = self._wishes()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "amount" in data and "unit" in data:
            self.instance.grace = data["amount"] * UNITS[data["unit"]]
            if self.instance.grace > LONGEST_GRACE:
                self.add_error("amount", f"This is too long: {LONGEST_GRACE.days} days at most.")
        return data

    @property
    def has_other_wishes(self) -> bool:
        """What becomes of late posts is another thing than before."""
        return self._wishes() != self.wishes_before

    def _wishes(self) -> tuple[str, timedelta]:
        return self.instance.when_late, self.instance.grace


def in_units(grace: timedelta) -> tuple[int, str]:
    """A duration as people enter it: in the largest unit that divides it."""
    for unit in ("days", "hours"):
        if grace and not grace % UNITS[unit]:
            return grace // UNITS[unit], unit
    return max(1, round(grace / UNITS["minutes"])), "minutes"
