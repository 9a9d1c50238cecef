"""What all places have in common to which a person brings an article."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms

from publishers.base import Account, Article, Assisted, Door, Finding, HandOff, Limits, Takes
from publishers.forms import BaseUrlField, NoCredentialsForm
from publishers.platforms.assisted.article import Place, prepare

PAGE_SECONDS = 5.0  # a person says that it is there: it can be looked at soon


class AddressForm(forms.Form):
    """Where the author's own page is, if it has an address of its own."""

    address = BaseUrlField(
        label="Address of your page there",
        required=False,
        max_length=200,
        help_text="Such as https://ada.example. Needed only where it has an address of its own.",
    )


class NoSettingsForm(forms.Form):
    """For a place about which nothing has to be known."""


class ByHand(Assisted):
    """A place by its facts: a subclass names them and has no code, unless it is peculiar."""

    credentials_form = NoCredentialsForm
    settings_form: ClassVar[type[forms.Form]] = AddressForm
    limits = Limits(page_seconds=PAGE_SECONDS)
    steps: ClassVar[tuple[str, ...]] = (
        "1. Nothing is connected: your password stays with you.",
        "2. When a post is due you get a mail with a link to its text, ready to copy.",
        "3. Publish it there, then tell us at which address it is.",
    )
    hosts: ClassVar[tuple[str, ...]] = ()  # where its articles are, with the names below them; none: anywhere
    home: ClassVar[str] = ""  # of an author, where the channel names no other
    editor_address: ClassVar[str] = ""
    import_address: ClassVar[str] = ""  # of the platform's own import from the original's address
    import_note: ClassVar[str] = ""
    lacks: ClassVar[frozenset[str]] = frozenset()  # of publishers.platforms.assisted.article.LACKING

    @property
    def place(self) -> Place:
        """What the text work asks of it."""
        return Place(label=self.place_label, takes=self.takes, limits=self.limits, lacks=self.lacks)

    @property
    def place_label(self) -> str:
        """The place as sentences name it."""
        return self.label.partition(" (")[0]

    def verify(self) -> Account:
        """Nobody is asked: there is no key, and a page may be closed to robots."""
        address = str(self.settings.get("address") or "") or self.home
        return Account(id=address or self.name, name=urlsplit(address).hostname or "your own account", url=address)

    def check(self, article: Article) -> list[Finding]:
        return prepare(article, self.place)[1]

    def hand_off(self, article: Article) -> HandOff:
        return prepare(article, self.place)[0]

    def payload(self, article: Article) -> dict[str, Any]:
        """What is handed over, in the form that the place takes."""
        parts = asdict(self.hand_off(article))
        unwanted = {Takes.MARKDOWN: ["html"], Takes.RICH_TEXT: ["markdown"], Takes.HTML: ["markdown"]}
        for name in unwanted.get(self.takes, ["html", "markdown"]):
            del parts[name]
        return {name: list(part) if isinstance(part, tuple) else part for name, part in parts.items() if part}

    def doors(self, article: Article) -> tuple[Door, ...]:
        found = [Door("Open its editor", self.editor_address)] if self.editor_address else []
        if self.import_address and article.canonical_url:
            found.append(Door("Open its import", self.import_address, self.import_note))
        return tuple(found)

    def wrong_address(self, url: str) -> str:
        host = _host_of(url)
        own = _host_of(str(self.settings.get("address") or ""))
        names = [*self.hosts, *filter(None, [own])]
        if not host:
            return "This is not a web address."
        if names and not any(host == name or host.endswith(f".{name}") for name in names):
            return f"This address is on {host}. An article on {self.place_label} is on {_listed(names)}."
        if not urlsplit(url).path.strip("/") and not urlsplit(url).query:
            return "This is the address of a home page: give that of the article itself."
        return ""


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return ""


def _listed(names: list[str]) -> str:
    return " or ".join(dict.fromkeys(names))
