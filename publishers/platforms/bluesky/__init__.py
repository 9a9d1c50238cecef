"""Bluesky: announcements as records of one's own repository, on any server of the AT Protocol.

We choose the record's key ourselves, out of the delivery's: whoever writes it twice has one record. A look at that key
tells whether it is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from publishers.announcing import cover_of, needs_page, note_text
from publishers.base import Account, Article, Finding, Level, Look, OneStep, RemotePost, Visibility
from publishers.errors import Gone
from publishers.http import Answer, origin_of
from publishers.platforms.bluesky import sessions
from publishers.platforms.bluesky.answers import EXPIRED, Expired, error_of, no_session, refusal, session_in, too_fast
from publishers.platforms.bluesky.forms import SITE, CredentialsForm, OptionsForm, SettingsForm
from publishers.platforms.bluesky.record import COLLECTION, LIMITS, prepare, record, record_key, trouble_with
from publishers.platforms.bluesky.sessions import Session


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
        needs_page(article)
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
            if error_of(answer) == "RecordNotFound" or "could not locate record" in answer.words().lower():
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
        image = cover_of(article)
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
        return str(self.settings.get("handle") or "")

    @property
    def _name(self) -> str:
        return sessions.name_of(self._base, self._handle, str(self.credentials["app_password"]))

    def _session(self) -> Session:
        return sessions.kept(self._name) or self._log_in()

    def _log_in(self) -> Session:
        body = {"identifier": self._handle, "password": self.credentials["app_password"]}
        answer = self.http.call(
            "POST", f"{self._base}/xrpc/com.atproto.server.createSession", json=body, writes=False, keep=False,
            label=self.label, errors=no_session,
        )  # fmt: skip
        return sessions.keep(self._name, session_in(answer))

    def _renewed(self, session: Session) -> Session:
        """A new session for one that has run out; where that is too old as well, a new log-in."""
        newer = sessions.kept(self._name)
        if newer is not None and newer != session:
            return newer
        answer = self.http.call(
            "POST", f"{self._base}/xrpc/com.atproto.server.refreshSession", writes=False, keep=False,
            headers={"Authorization": f"Bearer {session.refresh}"}, label=self.label, errors=too_fast,
            accept=(400, 401),
        )  # fmt: skip
        if answer.status != 200:
            sessions.forget(self._name, session)
            return self._log_in()
        return sessions.keep(self._name, session_in(answer))

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
        except Expired:
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
            errors=refusal, accept=accept,
        )  # fmt: skip
        if answer.status == 400 and error_of(answer) in EXPIRED:  # an accepted status is not judged
            raise Expired("The session with Bluesky has run out.")
        return answer


def _about_the_card(article: Article) -> list[Finding]:
    image = cover_of(article)
    problem = trouble_with(image) if image else ""
    if not article.cover_url:
        problem = ""
    elif image is None:
        problem = "The card has no picture: only a cover that was uploaded here can be sent to Bluesky."
    return [Finding(Level.LOST, "cover_url", problem)] if problem else []
