"""Mastodon: announcements on any instance.

What is sent carries the delivery's key as its Idempotency-Key, which the instance remembers for an hour: sent twice, it
is there once. After that a look at the account's own statuses tells whether one names the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django import forms

from publishers.announcing import TEMPLATE, TemplateField, note_text, text_option
from publishers.base import Account, Article, Finding, Look, OneStep, RemotePost, Visibility
from publishers.errors import Fault, Gone, NotAuthorized, PublishingError, RateLimited, Unavailable
from publishers.forms import AS_THE_CHANNEL_SAYS, BaseUrlField, SecretField
from publishers.http import Answer, Hook, origin_of
from publishers.mastodon.status import LIMITS, VISIBILITIES, addresses_in, fields, prepare

PER_PAGE = 40
PAGES = 3
# So much before it was due a status may be ours all the same: a person may have given it a later time since.
EARLIER = timedelta(hours=12)
NEEDED = ("write:statuses", "read:accounts", "read:statuses")


class CredentialsForm(forms.Form):
    access_token = SecretField(label="Access token", max_length=500)


class SettingsForm(forms.Form):
    base_url = BaseUrlField(
        label="Address of your instance", max_length=200, help_text="Such as https://mastodon.social."
    )
    template = TemplateField(label="Text", initial=TEMPLATE)
    visibility = forms.ChoiceField(label="Who sees it", choices=list(VISIBILITIES.items()), initial="public")
    longest = forms.RegexField(
        r"\A([1-9]\d{1,5})?\Z",
        label="Longest text",
        required=False,
        max_length=6,
        help_text="Characters. Empty: as the instance says.",
        error_messages={"invalid": "Write a number of characters, such as 500."},
    )


class OptionsForm(forms.Form):
    text = text_option()
    visibility = forms.ChoiceField(
        label="Who sees it", required=False, choices=[AS_THE_CHANNEL_SAYS, *VISIBILITIES.items()]
    )


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
        account = Account(id=me["id"], name=f"@{me['acct']}@{_host(self._base)}", url=str(me.get("url") or ""))
        said, kept = self._longest(), str(self.settings.get("longest") or "")
        sizes = dict.fromkeys(filter(None, [said, kept]))
        choices = {"longest": tuple((size, f"{size} characters") for size in sizes)} if sizes else {}
        return Account(account.id, account.name, account.url, choices)

    def check(self, article: Article) -> list[Finding]:
        ready = prepare(article, self.settings)
        return note_text(ready.findings, ready.text)

    def look(self, article: Article) -> Look:
        return prepare(article, self.settings).look()

    def payload(self, article: Article) -> dict[str, Any]:
        return fields(article, self.settings)

    def publish(self, article: Article) -> RemotePost:
        """Safe to repeat within an hour: the instance answers with what is there."""
        key = {"Idempotency-Key": article.key}
        answer = self._write("POST", "/api/v1/statuses", self.payload(article), headers=key)
        return _status_in(answer)

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """Among the account's own statuses since it was due the latest that names the page."""
        since = (article.due_at or datetime.now(UTC)) - EARLIER
        for statuses in self._own_statuses(since):
            for status in statuses:
                if _names(status, article.canonical_url) or (remote_id and status["id"] == remote_id):
                    return _remote_post(status)
        return None

    def update(self, remote_id: str, article: Article) -> RemotePost:
        body = {name: value for name, value in self.payload(article).items() if name != "visibility"}
        answer = self._write("PUT", f"/api/v1/statuses/{_number(remote_id)}", body, _gone)
        return _status_in(answer)

    def unpublish(self, remote_id: str) -> None:
        self._write("DELETE", f"/api/v1/statuses/{_number(remote_id)}", None, _gone)

    # Reading

    def _me(self) -> dict[str, Any]:
        answer = self._read("/api/v1/accounts/verify_credentials")
        me = answer.json()
        if not isinstance(me, dict) or not _is_id(me.get("id")) or not isinstance(me.get("acct"), str):
            raise answer.unclear("Mastodon did not say whose token this is")
        return me

    def _check_scopes(self) -> None:
        """What the token may do: told since Mastodon 4.3; an older instance says nothing."""
        answer = self._read("/api/v1/apps/verify_credentials", accept=(401, 403, 404))
        scopes = _at(answer.json(), "scopes") if answer.status == 200 else None
        if not isinstance(scopes, list):
            return
        missing = [scope for scope in NEEDED if scope not in scopes and scope.split(":")[0] not in scopes]
        if missing:
            raise NotAuthorized(
                f"This Mastodon token may not do what is needed: {', '.join(missing)} is missing. Tick it on the "
                "application’s page, press “Regenerate access token”, and paste the new one."
            ).because(Fault.KEY_REFUSED)

    def _longest(self) -> str:
        """How many characters the instance takes, "" where it does not say."""
        answer = self._read("/api/v2/instance", accept=(401, 403, 404))
        configuration = _at(answer.json(), "configuration") if answer.status == 200 else None
        most = _at(_at(configuration, "statuses"), "max_characters")
        return str(most) if isinstance(most, int) and 10 <= most < 1_000_000 else ""

    def _own_statuses(self, since: datetime) -> Iterator[list[dict[str, Any]]]:
        """Since that moment, the newest first, a page at a time."""
        me, before = self._me()["id"], ""
        for _ in range(PAGES):
            older = f"&max_id={before}" if before else ""
            answer = self._read(f"/api/v1/accounts/{me}/statuses?limit={PER_PAGE}&exclude_reblogs=true{older}")
            listed = answer.json()
            if not isinstance(listed, list) or not all(_is_id(_at(one, "id")) for one in listed):
                raise answer.unclear("Mastodon answered with something else than a list of statuses")
            yield [status for status in listed if (_time(status.get("created_at")) or since) >= since]
            if len(listed) < PER_PAGE or (_time(listed[-1].get("created_at")) or since) < since:
                return
            before = listed[-1]["id"]
        raise Unavailable(f"There are more than {PAGES * PER_PAGE} newer statuses: it could not be looked for.")

    def _read(self, path: str, accept: tuple[int, ...] = ()) -> Answer:
        return self.http.call(
            "GET", self._base + path, headers=self._headers(), writes=False, label=self.label, errors=_too_fast,
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
            label=self.label, errors=errors or _refusal,
        )  # fmt: skip

    @property
    def _base(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['access_token']}"}


# --- Answers -----------------------------------------------------------------------------------------------------


def _too_fast(answer: Answer) -> PublishingError | None:
    """Of a 429 the moment stands in a header of its own, as an ISO time."""
    if answer.status != 429:
        return None
    reset = _time(answer.headers.get("x-ratelimit-reset"))
    wait = answer.retry_after()
    if wait is None and reset is not None:
        wait = min(max((reset - datetime.now(UTC)).total_seconds(), 1.0), 24 * 3600.0)
    return RateLimited("Mastodon asks us to slow down.", wait if wait is not None else 300.0)


def _refusal(answer: Answer) -> PublishingError | None:
    """403 is about the token or the account, never about a text: that is 422."""
    if answer.status == 403:
        return NotAuthorized(f"Mastodon does not let this token write: {answer.words() or 'it did not say why.'}")
    return _too_fast(answer)


def _gone(answer: Answer) -> PublishingError | None:
    if answer.status == 404:
        return Gone("The status is no longer on Mastodon.")
    return _refusal(answer)


def _status_in(answer: Answer) -> RemotePost:
    status = answer.json()
    if not isinstance(status, dict) or not _is_id(status.get("id")) or not origin_of(str(status.get("url") or "")):
        raise answer.unclear("Mastodon answered without the status and its address")
    return _remote_post(status)


def _remote_post(status: dict[str, Any]) -> RemotePost:
    return RemotePost(status["id"], str(status.get("url") or ""), Visibility.PUBLIC)


def _names(status: dict[str, Any], url: str) -> bool:
    return bool(url) and url in addresses_in(str(status.get("content") or ""))


def _number(remote_id: str) -> str:
    if not _is_id(remote_id):
        raise Gone(f"“{remote_id[:40]}” is not the number of a status.")
    return remote_id


def _is_id(value: Any) -> bool:
    """Numbers as text; other servers that speak Mastodon's language use letters as well."""
    return isinstance(value, str) and bool(re.fullmatch(r"[\w-]{1,100}", value))


def _at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _host(url: str) -> str:
    return origin_of(url).split("//")[-1]


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
