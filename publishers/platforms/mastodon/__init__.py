"""Mastodon: announcements on any instance.

What is sent carries the delivery's key as its Idempotency-Key, which the instance remembers for an hour: sent twice, it
is there once. After that a look at the account's own statuses tells whether one names the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from publishers.announcing import needs_page, note_text
from publishers.base import (
    Account,
    Article,
    Aspect,
    Check,
    Finding,
    Health,
    Level,
    Look,
    OneStep,
    RemotePost,
)
from publishers.errors import Fault, Gone, NotAuthorized, Unavailable
from publishers.http import Answer, Hook, origin_of
from publishers.multipart import form_data
from publishers.platforms.mastodon.answers import (
    at,
    gone,
    host_of,
    is_id,
    names_page,
    number_in,
    refusal,
    remote_post,
    status_in,
    time_of,
    too_fast,
)
from publishers.platforms.mastodon.forms import CredentialsForm, OptionsForm, SettingsForm
from publishers.platforms.mastodon.status import (
    LIMITS,
    LONGEST_ALT,
    fields,
    note_mentions,
    picture_of,
    prepare,
)

PER_PAGE = 40
PAGES = 3
# So much before it was due a status may be ours all the same: a person may have given it a later time since.
EARLIER = timedelta(hours=12)
LOOKS_AT_MEDIA = 3  # while the instance is at work on a picture
NEEDED = ("write:statuses", "read:accounts", "read:statuses")


class Mastodon(OneStep):
    name = "mastodon"
    label = "Mastodon"
    blurb = "Announcements with a link, on any instance."
    announces = True
    credentials_form = CredentialsForm
    settings_form = SettingsForm
    options_form = OptionsForm
    limits = LIMITS
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/mastodon",
        "access_token": "sandbox-mastodon-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. On your instance open Preferences, then Development, and press “New application”.",
        "2. Name it “blogscheduler”, leave only read:accounts, read:statuses and write:statuses ticked, and submit.",
        "3. Open the new application, copy “Your access token” and paste it here.",
    )

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    def verify(self) -> Account:
        me = self._me()
        self._check_scopes()
        account = Account(id=me["id"], name=f"@{me['acct']}@{host_of(self._base)}", url=str(me.get("url") or ""))
        said, kept = self._longest(), str(self.settings.get("longest") or "")
        sizes = dict.fromkeys(filter(None, [said, kept]))
        choices = {"longest": tuple((size, f"{size} characters") for size in sizes)} if sizes else {}
        return Account(account.id, account.name, account.url, choices)

    def examine(self, account: Account) -> list[Check]:
        """``verify`` has refused a token that may not write, where the instance tells."""
        if self._scopes() is None:
            cause = "This instance does not tell what the token may do: Mastodon does since 4.3."
            return [Check(Aspect.ROLE, Health.UNKNOWN, cause)]
        return [Check(Aspect.ROLE, Health.WELL, "This token may write statuses and read your own ones.")]

    def check(self, article: Article) -> list[Finding]:
        ready = prepare(article, self.settings)
        _, problem = picture_of(article, self.settings)
        lost = [Finding(Level.LOST, "cover_url", problem)] if problem else []
        return note_text([*ready.findings, *lost, *note_mentions(ready.parts)], ready.text)

    def look(self, article: Article) -> Look:
        return prepare(article, self.settings).look()

    def payload(self, article: Article) -> dict[str, Any]:
        """Without the picture, which is uploaded right before."""
        return fields(article, self.settings)

    def publish(self, article: Article) -> RemotePost:
        """Safe to repeat within an hour: the instance answers with what is there."""
        needs_page(article)
        media, note = self._attached(article)
        body = self.payload(article) | ({"media_ids": [media]} if media else {})
        answer = self._write("POST", "/api/v1/statuses", body, headers={"Idempotency-Key": article.key})
        return replace(status_in(answer), note=note)

    def _attached(self, article: Article) -> tuple[str, str]:
        """The number of the uploaded picture, "" for none; and why it is missing, where it was to be there.

        Nobody sees it before a status names it, and unnamed it is dropped. A big one is worked on for a while: the
        status does not wait longer than a few looks.
        """
        image, _ = picture_of(article, self.settings)
        if image is None:
            return "", ""
        fields = {"description": image.alt[:LONGEST_ALT]} if image.alt else {}
        body, content_type = form_data(
            fields, name="file", file=image.path.read_bytes(), file_name=image.name, media_type=image.media_type
        )
        answer = self.http.call(
            "POST", f"{self._base}/api/v2/media", headers=self._headers(), body=body, content_type=content_type,
            writes=False, label=self.label, errors=too_fast, accept=(413, 422),
        )  # fmt: skip
        media = str(at(answer.json(), "id") or "") if answer.status in (200, 202) else ""
        if not is_id(media):
            return "", f"Without its picture, which the instance refused: {answer.words() or answer.status}."
        for _ in range(LOOKS_AT_MEDIA):
            if answer.status == 200:
                return media, ""
            answer = self._read(f"/api/v1/media/{media}")
        return (
            (media, "") if answer.status == 200 else ("", "Without its picture: the instance was still at work on it.")
        )

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """Among the account's own statuses since it was due the latest that names the page."""
        since = (article.due_at or datetime.now(UTC)) - EARLIER
        for statuses in self._own_statuses(since):
            for status in statuses:
                if names_page(status, article.canonical_url) or (remote_id and status["id"] == remote_id):
                    return remote_post(status)
        return None

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Who sees it stays; so does its picture, which an edit that does not name it would take off."""
        body = {name: value for name, value in self.payload(article).items() if name != "visibility"}
        if media := self._media_of(remote_id):
            body["media_ids"] = media
        answer = self._write("PUT", f"/api/v1/statuses/{number_in(remote_id)}", body, gone)
        return status_in(answer)

    def _media_of(self, remote_id: str) -> list[str]:
        answer = self._read(f"/api/v1/statuses/{number_in(remote_id)}", accept=(404,))
        if answer.status == 404:
            raise Gone("The status is no longer on Mastodon.")
        listed = at(answer.json(), "media_attachments")
        return [one["id"] for one in listed if is_id(at(one, "id"))] if isinstance(listed, list) else []

    def unpublish(self, remote_id: str) -> None:
        self._write("DELETE", f"/api/v1/statuses/{number_in(remote_id)}", None, gone)

    # Reading

    def _me(self) -> dict[str, Any]:
        answer = self._read("/api/v1/accounts/verify_credentials")
        me = answer.json()
        if not isinstance(me, dict) or not is_id(me.get("id")) or not isinstance(me.get("acct"), str):
            raise answer.unclear("Mastodon did not say whose token this is")
        return me

    def _scopes(self) -> list[str] | None:
        """What the token may do: told since Mastodon 4.3; None from an older instance."""
        answer = self._read("/api/v1/apps/verify_credentials", accept=(401, 403, 404))
        scopes = at(answer.json(), "scopes") if answer.status == 200 else None
        return [str(scope) for scope in scopes] if isinstance(scopes, list) else None

    def _check_scopes(self) -> None:
        scopes = self._scopes()
        if scopes is None:
            return
        needed = (*NEEDED, "write:media") if self.settings.get("picture") else NEEDED
        missing = [scope for scope in needed if scope not in scopes and scope.split(":")[0] not in scopes]
        if missing:
            raise NotAuthorized(
                f"This Mastodon token may not do what is needed: {', '.join(missing)} is missing. Tick it on the "
                "application’s page, press “Regenerate access token”, and paste the new one."
            ).because(Fault.KEY_REFUSED)

    def _longest(self) -> str:
        """How many characters the instance takes, "" where it does not say."""
        answer = self._read("/api/v2/instance", accept=(401, 403, 404))
        configuration = at(answer.json(), "configuration") if answer.status == 200 else None
        most = at(at(configuration, "statuses"), "max_characters")
        return str(most) if isinstance(most, int) and 10 <= most < 1_000_000 else ""

    def _own_statuses(self, since: datetime) -> Iterator[list[dict[str, Any]]]:
        """Since that moment, the newest first, a page at a time."""
        me, before = self._me()["id"], ""
        for _ in range(PAGES):
            older = f"&max_id={before}" if before else ""
            answer = self._read(f"/api/v1/accounts/{me}/statuses?limit={PER_PAGE}&exclude_reblogs=true{older}")
            listed = answer.json()
            if not isinstance(listed, list) or not all(is_id(at(one, "id")) for one in listed):
                raise answer.unclear("Mastodon answered with something else than a list of statuses")
            yield [status for status in listed if (time_of(status.get("created_at")) or since) >= since]
            if len(listed) < PER_PAGE or (time_of(listed[-1].get("created_at")) or since) < since:
                return
            before = listed[-1]["id"]
        raise Unavailable(f"There are more than {PAGES * PER_PAGE} newer statuses: it could not be looked for.")

    def _read(self, path: str, accept: tuple[int, ...] = ()) -> Answer:
        return self.http.call(
            "GET", self._base + path, headers=self._headers(), writes=False, label=self.label, errors=too_fast,
            accept=accept,
        )  # fmt: skip

    def _write(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        errors: Hook | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return self.http.call(
            method, self._base + path, headers=self._headers() | (headers or {}), json=body, writes=True,
            label=self.label, errors=errors or refusal,
        )  # fmt: skip

    @property
    def _base(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['access_token']}"}
