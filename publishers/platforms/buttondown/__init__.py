"""Buttondown: an article as a newsletter, mailed to all subscribers and kept in an archive on the web.

A mail that is out cannot be called back, so that this is written for one thing above all: never twice. Every email is
made as a draft, and before a draft is sent it is read: what has left that state is not touched again.

Facts from Buttondown's own OpenAPI document of 2026-08.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from django import forms

from publishers.base import (
    Account,
    Article,
    Finding,
    Image,
    Limits,
    Look,
    RemoteImage,
    RemotePost,
    TwoStep,
    Visibility,
)
from publishers.errors import Gone, OutcomeUnknown, PerhapsThere, PublishingError, Rejected
from publishers.forms import BaseUrlField, SecretField
from publishers.http import Answer, Hook, origin_of
from publishers.multipart import form_data
from publishers.platforms.buttondown.article import KEY, SUBJECT, fields, prepare
from publishers.text.dialects import to_shown_html

VERSION = "2026-04-01"  # of the API, which changes what is answered by the day that a caller names
PAGES = 3  # of the newest emails: ours was made minutes ago
LIST_CAP = 32 * 1024 * 1024  # bytes
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SENT = ("about_to_send", "in_flight", "sent")
TRY_IT = "https://api.buttondown.com/v1"
ARCHIVE = {
    "enabled": "Everybody",
    "enabled_for_subscribers": "Subscribers",
    "enabled_for_paid_subscribers": "Paying subscribers",
    "disabled": "Nobody: it is only mailed",
}


class CredentialsForm(forms.Form):
    api_key = SecretField(label="API key", max_length=500)


class SettingsForm(forms.Form):
    mails_everyone = forms.BooleanField(
        label="I know that publishing here sends a mail to all subscribers",
        error_messages={"required": "Please confirm it: a mail that is out cannot be called back."},
    )
    archival_mode = forms.ChoiceField(
        label="Who may read it in the archive on the web", choices=list(ARCHIVE.items()), initial="enabled"
    )
    base_url = BaseUrlField(label="Address of the API", initial=TRY_IT, max_length=200)


class Buttondown(TwoStep):
    name = "buttondown"
    label = "Buttondown"
    blurb = "A newsletter: each post is mailed to your subscribers."
    credentials_form = CredentialsForm
    settings_form = SettingsForm
    # A flip that was cut off may be at work for as long as their servers let a request last. Only then a look counts.
    limits = Limits(title=SUBJECT, settle_seconds=120, looks=2, page_seconds=120, seconds_between_writes=1)
    when_unpublished: ClassVar[str] = "It is taken out of the archive on the web; the mail stays in every inbox."
    stays_readable: ClassVar[bool] = True
    steps: ClassVar[tuple[str, ...]] = (
        "1. Log in to Buttondown and open Settings, then API.",
        "2. Make a key that may write emails and send them, and copy it.",
        "3. Paste it here and confirm that publishing sends a mail to all subscribers.",
    )
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/buttondown/v1",
        "api_key": "sandbox-buttondown-key",
    }

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    def verify(self) -> Account:
        answer = self._call("GET", "/accounts/me")
        me = answer.json()
        name = next(filter(None, (me.get("username"), me.get("email_address"))), "") if isinstance(me, dict) else ""
        if not name:
            raise answer.unclear("Buttondown did not say whose key this is")
        return Account(id=str(name), name=str(name), url=f"https://buttondown.com/{quote(str(name))}")

    def check(self, article: Article) -> list[Finding]:
        return prepare(article).findings

    def look(self, article: Article) -> Look:
        email = prepare(article)
        return Look(title=email.subject, html=to_shown_html(email.body), cover_url=email.image)

    def payload(self, article: Article) -> dict[str, Any]:
        """The draft. The status is always there: without it, everybody would be mailed at once."""
        return fields(article) | {"archival_mode": self._archive, "status": "draft"}

    def create_draft(self, article: Article) -> RemotePost:
        answer = self._call("POST", "/emails", self.payload(article), _refusal)
        email = _email_in(answer)
        if email["status"] != "draft":
            raise answer.unclear(f"Buttondown made an email, but it is “{email['status']}” and not a draft")
        return self._post(email)

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Send the draft, unless it is no draft any more: what is being sent or was sent is never told to be sent.

        The whole draft goes along: a change may reset what it leaves out.
        """
        email = self._surely(remote_id)
        _refuse_held(email)
        if email["status"] != "draft":
            return self._post(email)
        body = self.payload(article) | {"status": "about_to_send"}
        # The first mail to subscribers by a key is refused without this: a guard against tests that mail everybody.
        sure = {"X-Buttondown-Live-Dangerously": "true"}
        answer = self._call("PATCH", f"/emails/{_id(remote_id)}", body, _refusal_of_flip, sure)
        sent = _email_in(answer)
        _refuse_held(sent)
        if sent["status"] == "draft":
            raise answer.unclear("Buttondown answered that the email is still a draft")
        return self._post(sent)

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """By its number, else by our mark among the newest; of several the most visible one."""
        if remote_id:
            try:
                return self._post(self._read(remote_id))
            except Gone:
                pass
        posts = [self._post(email) for email in self._newest() if _mark_of(email) == article.key]
        by_visibility = [Visibility.PUBLIC, Visibility.SCHEDULED, Visibility.DRAFT]
        return min(posts, key=lambda post: by_visibility.index(post.visibility), default=None)

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring the archive to this text; nobody is mailed. Neither the state nor the address are touched."""
        email = self._read(remote_id)
        body = {name: value for name, value in fields(article).items() if name != "slug"}
        answer = self._call("PATCH", f"/emails/{_id(remote_id)}", body, _refusal_of_flip)
        changed = _email_in(answer)
        return self._post(changed | {"absolute_url": changed.get("absolute_url") or email.get("absolute_url")})

    def unpublish(self, remote_id: str) -> None:
        """Take it out of the archive. What a change may reset is sent again as it is."""
        email = self._read(remote_id)
        kept = {"metadata": email.get("metadata") or {}, "image": email.get("image") or ""}
        body = kept | {"archival_mode": "disabled"}
        _email_in(self._call("PATCH", f"/emails/{_id(remote_id)}", body, _refusal_of_flip))

    def upload(self, image: Image) -> RemoteImage:
        """To the newsletter's own pictures: a mail cannot show what only we have."""
        if image.media_type not in PICTURES:
            raise Rejected(f"Mails do not show pictures of this kind: {image.media_type or 'none is named'}.")
        body, content_type = form_data(
            {}, name="image", file=image.path.read_bytes(), file_name=image.name or image.digest,
            media_type=image.media_type,
        )  # fmt: skip
        answer = self._call("POST", "/images", sent=body, content_type=content_type)
        told = answer.json()
        url = told.get("image") or told.get("url") if isinstance(told, dict) else None
        if not isinstance(url, str) or not origin_of(url):
            raise answer.unclear("Buttondown took the picture without saying where it is")
        return RemoteImage(str(told.get("id") or ""), url)

    # --- Parts of it

    def _read(self, remote_id: str) -> dict[str, Any]:
        """The email as it is now. Raises Gone."""
        answer = self._call("GET", f"/emails/{_id(remote_id)}", errors=_gone)
        email = _email_in(answer)
        if email["status"] == "deleted":
            raise Gone("The email is no longer on Buttondown.")
        return email

    def _surely(self, remote_id: str) -> dict[str, Any]:
        """The email as it is now. A draft that was made a moment ago may be in the list before it can be read."""
        try:
            return self._read(remote_id)
        except Gone:
            found = next((email for email in self._newest() if email["id"] == remote_id), None)
            if found is None:
                raise
            return found

    def _newest(self) -> Iterator[dict[str, Any]]:
        for page in range(1, PAGES + 1):
            answer = self._call("GET", f"/emails?ordering=-creation_date&excluded_fields=body&page={page}")
            data = answer.json()
            emails = data.get("results") if isinstance(data, dict) else None
            if not isinstance(emails, list):
                raise answer.unclear("Buttondown answered with something else than a list of emails")
            yield from (email for email in emails if _is_email(email) and email["status"] != "deleted")
            if not data.get("next"):
                return

    def _post(self, email: Mapping[str, Any]) -> RemotePost:
        status = email["status"]
        known = {"draft": Visibility.DRAFT, "scheduled": Visibility.SCHEDULED}
        visibility = Visibility.DRAFT if _is_held(email) else known.get(status, Visibility.PUBLIC)
        url = str(email.get("absolute_url") or "")
        shown = visibility is Visibility.PUBLIC and self._archive == "enabled" and origin_of(url)
        odd = visibility is Visibility.PUBLIC and status not in SENT
        note = f"Buttondown calls the state of this email “{status}”: please look there." if odd else ""
        return RemotePost(str(email["id"]), url if shown else "", visibility, note=note)

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        errors: Hook | None = None,
        more: Mapping[str, str] | None = None,
        sent: bytes = b"",
        content_type: str = "",
    ) -> Answer:
        headers = {"Authorization": f"Token {self.credentials['api_key']}", "X-API-Version": VERSION, **(more or {})}
        base = str(self.settings["base_url"]).rstrip("/")
        return self.http.call(
            method, base + path, headers=headers, json=body, body=sent, content_type=content_type,
            writes=method != "GET", fresh=method != "GET",
            label=self.label, errors=errors, cap=LIST_CAP,
        )  # fmt: skip

    @property
    def _archive(self) -> str:
        return str(self.settings.get("archival_mode") or "enabled")


def _id(remote_id: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", remote_id):
        raise Gone(f"“{remote_id[:40]}” is not the number of an email on Buttondown.")
    return remote_id


def _is_held(email: Mapping[str, Any]) -> bool:
    """Whether Buttondown itself keeps it from being sent."""
    status = email["status"]
    return status == "suppressed" or bool(email.get("suppression_reason") and status not in (*SENT, "scheduled"))


def _refuse_held(email: Mapping[str, Any]) -> None:
    if _is_held(email):
        reason = email.get("suppression_reason") or "it does not say why"
        raise Rejected(f"Buttondown keeps this email from being sent ({reason}). Please look there.")


def _is_email(email: Any) -> bool:
    return isinstance(email, dict) and bool(email.get("id")) and isinstance(email.get("status"), str)


def _email_in(answer: Answer) -> dict[str, Any]:
    email = answer.json()
    if not _is_email(email):
        raise answer.unclear("Buttondown answered with something else than an email")
    return dict(email)


def _mark_of(email: Mapping[str, Any]) -> str:
    metadata = email.get("metadata")
    return str(metadata.get(KEY, "")) if isinstance(metadata, dict) else ""


def _code_of(answer: Answer) -> str:
    try:
        data = answer.json()
    except PublishingError:
        return ""
    return str(data.get("code", "")) if isinstance(data, dict) else ""


def _gone(answer: Answer) -> PublishingError | None:
    return Gone("The email is no longer on Buttondown.") if answer.status == 404 else None


def _refusal(answer: Answer) -> PublishingError | None:
    """What a code means where the table of statuses would say less."""
    code, words = _code_of(answer) if answer.status in (400, 409) else "", answer.words()
    if code in ("email_duplicate", "slug_invalid"):  # the second is said of a slug that is taken as well
        return PerhapsThere(f"Buttondown says that there is such an email already: {words}")
    if code == "sending_requires_confirmation":
        return Rejected(f"Buttondown wants the first mail of this key to be confirmed in its own pages: {words}")
    if answer.status == 409:
        return OutcomeUnknown(f"Buttondown was busy with this email: {words or 'it did not say why'}.")
    return None


def _refusal_of_flip(answer: Answer) -> PublishingError | None:
    if answer.status == 400 and _code_of(answer) == "status_invalid":
        return PerhapsThere(f"Buttondown says that the email cannot be sent from the state it is in: {answer.words()}")
    return _gone(answer) or _refusal(answer)
