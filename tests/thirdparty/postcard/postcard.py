"""A post office that prints what it is given under the number that one names: the smallest publisher there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from publishers.base import Account, Article, Finding, Limits, OneStep, RemotePost, Visibility
from publishers.forms import BaseUrlField, SecretField
from publishers.http import Answer, origin_of
from publishers.notes import Notes
from publishers.text.steps import Step, addresses, front_matter, repeated_title, run, some_text

LONGEST_TITLE = 80
STEPS: tuple[Step, ...] = (front_matter, repeated_title, addresses("it leads nowhere on a card"), some_text)


class StampForm(forms.Form):
    stamp = SecretField(label="Stamp", max_length=100)


class OfficeForm(forms.Form):
    base_url = BaseUrlField(label="Address of the post office", max_length=200)


class Postcard(OneStep):
    name = "postcard"
    label = "Postcard"
    blurb = "A card for each post."
    credentials_form = StampForm
    settings_form = OfficeForm
    limits = Limits(title=LONGEST_TITLE, settle_seconds=1)
    steps: ClassVar[tuple[str, ...]] = ("1. Buy a stamp at the post office and paste its number here.",)

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    def verify(self) -> Account:
        answer = self._call("GET", "/me", writes=False)
        me = answer.json()
        if not isinstance(me, dict) or not isinstance(me.get("name"), str):
            raise answer.unclear("The post office did not say whose stamp this is")
        return Account(id=me["name"], name=me["name"])

    def check(self, article: Article) -> list[Finding]:
        return self._prepared(article)[1].findings

    def payload(self, article: Article) -> dict[str, Any]:
        text, _ = self._prepared(article)
        return {"number": article.key, "title": article.title.strip(), "text": text}

    def publish(self, article: Article) -> RemotePost:
        """Under the delivery's own number: whatever gets lost, a second card of it cannot come about."""
        return self._card(self._call("PUT", f"/cards/{article.key}", writes=True, json=self.payload(article)))

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        answer = self._call("GET", f"/cards/{article.key}", writes=False, accept=(404,))
        return None if answer.status == 404 else self._card(answer)

    def _prepared(self, article: Article) -> tuple[str, Notes]:
        notes = Notes(self.label)
        if not article.title.strip():
            notes.refused("title", "A card needs a title.")
        elif len(article.title) > LONGEST_TITLE:
            notes.refused("title", f"A card takes a title of up to {LONGEST_TITLE} characters.")
        return run(STEPS, article, notes).text, notes

    def _card(self, answer: Answer) -> RemotePost:
        card = answer.json()
        if not isinstance(card, dict) or not isinstance(card.get("url"), str):
            raise answer.unclear("The post office did not say where the card is")
        return RemotePost(str(card["number"]), card["url"], Visibility.PUBLIC)

    def _call(self, method: str, path: str, *, writes: bool, accept: tuple[int, ...] = (), json: Any = None) -> Answer:
        url = str(self.settings["base_url"]).rstrip("/") + path
        headers = {"Authorization": f"Stamp {self.credentials['stamp']}"}
        return self.http.call(method, url, headers=headers, json=json, writes=writes, accept=accept, label=self.label)
