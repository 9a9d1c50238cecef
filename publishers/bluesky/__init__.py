"""Bluesky: announcements as records of one's own repository, on any server of the AT Protocol.

We choose the record's key ourselves, out of the delivery's: whoever writes it twice has one record. A look at that key
tells whether it is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms

from publishers.announcing import TemplateField, note_text, text_option
from publishers.base import Account, Article, Finding, Level, Look, OneStep, RemotePost, Visibility
from publishers.bluesky import sessions
from publishers.bluesky.record import COLLECTION, LIMITS, cover, prepare, record, record_key, trouble_with
from publishers.bluesky.sessions import Session
from publishers.errors import Fault, Gone, NotAuthorized, PublishingError, RateLimited, Rejected
from publishers.forms import BaseUrlField, SecretField
from publishers.http import Answer, origin_of

SERVER = "https://bsky.social"
SITE = "https://bsky.app"
TEMPLATE = "{title}\n\n{link}\n\n{tags}"
EXPIRED = ("ExpiredToken", "InvalidToken")
LOCKED_OUT = ("AccountTakedown", "AccountDeactivated", "AccountSuspended")


class HandleField(forms.CharField):
    """Such as ada.bsky.social; an @ before it is taken off."""

    def clean(self, value: Any) -> str:
        handle = str(super().clean(value)).strip().lower().removeprefix("@")
        if not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", handle):
            raise forms.ValidationError("This is not a handle: it looks like ada.bsky.social.")
        return handle


class CredentialsForm(forms.Form):
    app_password = SecretField(label="App password", max_length=200)


class SettingsForm(forms.Form):
    handle = HandleField(label="Handle", max_length=253, help_text="Such as ada.bsky.social.")
    template = TemplateField(label="Text", initial=TEMPLATE)
    base_url = BaseUrlField(
        label="Address of your server",
        initial=SERVER,
        max_length=200,
        help_text="Another one only if your account is not with Bluesky itself.",
    )
    site_url = BaseUrlField(label="Address of the site", initial=SITE, required=False, max_length=200)


class OptionsForm(forms.Form):
    text = text_option()


class Bluesky(OneStep):
    name = "bluesky"
    label = "Bluesky"
    blurb = "Announcements with a link and a card."
    announces = True
    credentials_form = CredentialsForm
    settings_form = SettingsForm
    options_form = OptionsForm
    limits = LIMITS
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "handle": "sandbox.bsky.example",
        "base_url": "{sandbox}/bluesky",
        "site_url": "{sandbox}/bluesky",
        "app_password": "sandbox-bluesky-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Log in to Bluesky and open Settings, then “Privacy and security”, then “App passwords”.",
        "2. Press “Add App Password” and name it “blogscheduler”; direct messages need not be allowed.",
        "3. Copy the new password and paste it here: never your own one.",
    )
    when_unpublished: ClassVar[str] = "It is deleted there, with its likes and answers."

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    def verify(self) -> Account:
        """Logs in anew, so that what is checked is the password and not a session of long ago."""
        sessions.forget(self._name)
        session = self._log_in()
        return Account(session.did, f"@{session.handle}", f"{self._site}/profile/{session.handle}")

    def check(self, article: Article) -> list[Finding]:
        ready = prepare(article, self.settings)
        return note_text([*ready.findings, *_about_the_card(article)], ready.text)

    def look(self, article: Article) -> Look:
        return prepare(article, self.settings).look()

    def payload(self, article: Article) -> dict[str, Any]:
        """The record, without the picture of its card, which is uploaded right before."""
        return self._put(article, None)

    def publish(self, article: Article) -> RemotePost:
        """Safe to repeat: the same key is the same record."""
        answer = self._call("POST", "com.atproto.repo.putRecord", self._put(article, self._thumb(article)))
        written = answer.json()
        uri = written.get("uri") if isinstance(written, dict) else None
        if not isinstance(uri, str) or uri.rpartition("/")[2] != record_key(article.key):
            raise answer.unclear("Bluesky answered without the record that was written")
        return self._remote_post(uri)

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """By our own key, which nobody else uses: what is there is ours."""
        session = self._session()
        asked = {"repo": session.did, "collection": COLLECTION, "rkey": record_key(article.key)}
        answer = self._call("GET", f"com.atproto.repo.getRecord?{urlencode(asked)}", accept=(400, 404))
        if answer.status != 200:
            if _error_of(answer) == "RecordNotFound" or "could not locate record" in answer.words().lower():
                return None
            raise answer.unclear(f"Bluesky could not be read: {answer.words() or answer.status}")
        found = answer.json()
        uri = found.get("uri") if isinstance(found, dict) else None
        if not isinstance(uri, str) or not uri.startswith("at://"):
            raise answer.unclear("Bluesky answered with something else than a record")
        return self._remote_post(uri)

    def unpublish(self, remote_id: str) -> None:
        """Delete the record. One that is not there is no error to Bluesky."""
        found = re.fullmatch(rf"at://[^/\s]+/{re.escape(COLLECTION)}/([a-z2-7]{{13}})", remote_id)
        if not found:
            raise Gone(f"“{remote_id[:60]}” is not the address of a post on Bluesky.")
        body = {"repo": self._handle, "collection": COLLECTION, "rkey": found[1]}
        self._call("POST", "com.atproto.repo.deleteRecord", body)

    # The record

    def _put(self, article: Article, thumb: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "repo": self._handle,
            "collection": COLLECTION,
            "rkey": record_key(article.key),
            "record": record(article, self.settings, thumb),
        }

    def _thumb(self, article: Article) -> dict[str, Any] | None:
        """Upload the card's picture. Nobody sees it before a record names it; unnamed it is dropped by itself."""
        image = cover(article)
        if image is None or trouble_with(image):
            return None
        answer = self._call("POST", "com.atproto.repo.uploadBlob", file=(image.path.read_bytes(), image.media_type))
        blob = answer.json().get("blob") if isinstance(answer.json(), dict) else None
        if not isinstance(blob, dict) or blob.get("$type") != "blob" or not isinstance(blob.get("ref"), dict):
            raise answer.unclear("Bluesky did not say where the picture is")
        return blob

    def _remote_post(self, uri: str) -> RemotePost:
        did, key = uri.removeprefix("at://").split("/")[0], uri.rpartition("/")[2]
        return RemotePost(uri, f"{self._site}/profile/{did}/post/{key}", Visibility.PUBLIC)

    # On the wire

    @property
    def _base(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    @property
    def _site(self) -> str:
        return str(self.settings.get("site_url") or SITE).rstrip("/")

    @property
    def _handle(self) -> str:
        return str(self.settings["handle"])

    @property
    def _name(self) -> str:
        return sessions.name_of(self._base, self._handle, str(self.credentials["app_password"]))

    def _session(self) -> Session:
        return sessions.kept(self._name) or self._log_in()

    def _log_in(self) -> Session:
        body = {"identifier": self._handle, "password": self.credentials["app_password"]}
        answer = self.http.call(
            "POST", f"{self._base}/xrpc/com.atproto.server.createSession", json=body, writes=False, keep=False,
            label=self.label, errors=_no_session,
        )  # fmt: skip
        return sessions.keep(self._name, _session_in(answer))

    def _renewed(self, session: Session) -> Session:
        """A new session for one that has run out; where that is too old as well, a new log-in."""
        newer = sessions.kept(self._name)
        if newer is not None and newer != session:
            return newer
        answer = self.http.call(
            "POST", f"{self._base}/xrpc/com.atproto.server.refreshSession", writes=False, keep=False,
            headers={"Authorization": f"Bearer {session.refresh}"}, label=self.label, errors=_too_fast,
            accept=(400, 401),
        )  # fmt: skip
        if answer.status != 200:
            sessions.forget(self._name, session)
            return self._log_in()
        return sessions.keep(self._name, _session_in(answer))

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        file: tuple[bytes, str] = (b"", ""),
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """With the present session; once more with a new one where that has run out, and nothing was done."""
        session = self._session()
        try:
            return self._sent(session, method, path, body, file, accept)
        except _Expired:
            return self._sent(self._renewed(session), method, path, body, file, accept)

    def _sent(
        self,
        session: Session,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        file: tuple[bytes, str],
        accept: tuple[int, ...],
    ) -> Answer:
        answer = self.http.call(
            method, f"{self._base}/xrpc/{path}", headers={"Authorization": f"Bearer {session.access}"}, json=body,
            body=file[0], content_type=file[1], writes=method == "POST" and not file[0], label=self.label,
            errors=_refusal, accept=accept,
        )  # fmt: skip
        if answer.status == 400 and _error_of(answer) in EXPIRED:  # an accepted status is not judged
            raise _Expired("The session with Bluesky has run out.")
        return answer


class _Expired(NotAuthorized):
    """The session has run out: nothing was done."""


# --- Answers -----------------------------------------------------------------------------------------------------


def _about_the_card(article: Article) -> list[Finding]:
    image = cover(article)
    problem = trouble_with(image) if image else ""
    if not article.cover_url:
        problem = ""
    elif image is None:
        problem = "The card has no picture: only a cover that was uploaded here can be sent to Bluesky."
    return [Finding(Level.LOST, "cover_url", problem)] if problem else []


def _session_in(answer: Answer) -> Session:
    data = answer.json()
    names = ("did", "handle", "accessJwt", "refreshJwt")
    if not isinstance(data, dict) or not all(isinstance(data.get(name), str) and data[name] for name in names):
        raise answer.unclear("Bluesky did not open a session")
    if data.get("active") is False:
        raise NotAuthorized(f"Bluesky says that this account is {data.get('status') or 'not active'}.")
    return Session(data["did"], data["handle"], data["accessJwt"], data["refreshJwt"])


def _error_of(answer: Answer) -> str:
    try:
        data = answer.json()
    except PublishingError:
        return ""
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _words(answer: Answer) -> str:
    return answer.words().rstrip(".") or "it did not say why"


def _too_fast(answer: Answer) -> PublishingError | None:
    """Of a 429 the moment stands in a header of its own, in seconds since 1970."""
    if answer.status != 429:
        return None
    wait, reset = answer.retry_after(), answer.headers.get("ratelimit-reset", "")
    if wait is None and re.fullmatch(r"\d{9,11}", reset):
        wait = min(max(int(reset) - datetime.now(UTC).timestamp(), 1.0), 24 * 3600.0)
    return RateLimited("Bluesky asks us to slow down.", wait if wait is not None else 300.0)


def _no_session(answer: Answer) -> PublishingError | None:
    match _error_of(answer):
        case "AuthFactorTokenRequired":
            words = "Bluesky sends a code by mail for your own password: make an app password, which needs none."
            return NotAuthorized(words).because(Fault.KEY_REFUSED)
        case error if error in LOCKED_OUT:
            return NotAuthorized(f"Bluesky does not let this account in: {_words(answer)}.")
        case _ if answer.status in (400, 401):
            words = f"Bluesky does not accept the handle and its app password: {_words(answer)}."
            return NotAuthorized(words).because(Fault.KEY_REFUSED)
    return _too_fast(answer)


def _refusal(answer: Answer) -> PublishingError | None:
    error = _error_of(answer)
    if answer.status in (400, 401) and error in EXPIRED:
        return _Expired("The session with Bluesky has run out.")
    if answer.status in (400, 401, 403) and error in LOCKED_OUT:
        return NotAuthorized(f"Bluesky does not let this account in: {_words(answer)}.")
    if answer.status == 400:
        return Rejected(f"Bluesky refused it: {_words(answer)}.")
    return _too_fast(answer)
