"""DEV, and every other site that runs Forem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms

from publishers.base import AI_DISCLOSURE, Account, Article, Finding, Look, RemotePost, TwoStep, Visibility
from publishers.errors import Gone, PerhapsThere, PublishingError, RateLimited, Rejected, Unavailable
from publishers.forms import ApiKeyForm, BaseUrlField
from publishers.http import Answer, Hook, origin_of
from publishers.marks import marks_in
from publishers.platforms.devto.article import LIMITS, changed_fields, fields, prepare, shown_html

PER_PAGE = 250
PAGES = 3  # the edge allows three reads a second; drafts come first, then the newest: ours is among them
SMALLEST_PAGE = 30  # Forem's default; a site may cap per_page, so that only a page below this is surely the last
LIST_CAP = 64 * 1024 * 1024  # bytes: the list carries every article's text

CANONICAL_TAKEN = "canonical url has already been taken"
TITLE_TAKEN = "title has already been used in the last five minutes"


class SettingsForm(forms.Form):
    base_url = BaseUrlField(
        label="Address of the API",
        initial="https://dev.to/api",
        max_length=200,
        help_text="Another Forem works as well: https://its-name/api.",
    )
    ai_disclosure_level = forms.ChoiceField(
        label="AI disclosure",
        choices=[("", "Please choose"), *AI_DISCLOSURE.items()],
        help_text="DEV asks for it with every article; a post may say otherwise.",
    )
    organization_id = forms.IntegerField(
        label="Organization",
        required=False,
        min_value=1,
        help_text="The number of an organization you belong to, to publish under its name.",
    )


class OptionsForm(forms.Form):
    series = forms.CharField(
        label="Series", required=False, max_length=200, help_text="Its name; a new one is made where there is none."
    )


class DevTo(TwoStep):
    name = "devto"
    label = "DEV"
    blurb = "dev.to, and every other community that runs on Forem."
    credentials_form = ApiKeyForm
    settings_form = SettingsForm
    options_form = OptionsForm
    limits = LIMITS
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/devto/api",
        "api_key": "sandbox-devto-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Log in to DEV and open Settings, then Extensions.",
        "2. Under “DEV Community API Keys” write “blogscheduler” and press “Generate API Key”.",
        "3. Open the new key, copy it and paste it here.",
    )
    when_unpublished: ClassVar[str] = "It becomes a draft again, which only you see. DEV's API deletes nothing."

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    def verify(self) -> Account:
        answer = self._read("/users/me")
        me = answer.json()
        if not isinstance(me, dict) or not me.get("id") or not isinstance(me.get("username"), str):
            raise answer.unclear("DEV did not say whose key this is")
        site = self._base.removesuffix("/api")
        return Account(id=str(me["id"]), name=f"@{me['username']}", url=f"{site}/{me['username']}")

    def check(self, article: Article) -> list[Finding]:
        return prepare(article).findings

    def payload(self, article: Article) -> dict[str, Any]:
        return {"article": fields(article, self.settings, published=False)}

    def look(self, article: Article) -> Look:
        ready = prepare(article)
        return Look(
            title=ready.title, html=shown_html(ready.body), tags=tuple(ready.tags),
            summary=" ".join(article.summary.split()), cover_url=ready.cover_url,
        )  # fmt: skip

    def create_draft(self, article: Article) -> RemotePost:
        answer = self._write("POST", "/articles", self.payload(article), _refusal)
        return RemotePost(id=_id_of(answer), url="", visibility=Visibility.DRAFT)

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """PUT the whole article with published:true. By id, so that doing it twice changes nothing."""
        body = {"article": fields(article, self.settings, published=True)}
        answer = self._write("PUT", f"/articles/{_number(remote_id)}", body, _refusal_of_flip)
        if _id_of(answer) != remote_id:
            raise answer.unclear("DEV answered for another article")
        return RemotePost(id=remote_id, url=_public_url_of(answer), visibility=Visibility.PUBLIC)

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """PUT the whole article without a word about its publication; then look how it stands.

        The answer to the PUT is the same for a draft. Only what is public is shown by its number.
        """
        body = {"article": changed_fields(article, self.settings)}
        answer = self._write("PUT", f"/articles/{_number(remote_id)}", body, _refusal_of_update)
        if _id_of(answer) != remote_id:
            raise answer.unclear("DEV answered for another article")
        shown = self._read(f"/articles/{remote_id}", accept=(404,))
        if shown.status == 404:
            return RemotePost(remote_id, "", Visibility.DRAFT)
        return RemotePost(remote_id, _public_url_of(shown), Visibility.PUBLIC)

    def unpublish(self, remote_id: str) -> None:
        """As its author does it: the endpoint that is called unpublish is for moderators."""
        body = {"article": {"published": False}}
        answer = self._write("PUT", f"/articles/{_number(remote_id)}", body, _refusal_of_update)
        if _id_of(answer) != remote_id:
            raise answer.unclear("DEV answered for another article")

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """Among all own articles the most visible one that is ours: so a public one wins over a second draft."""
        posts: list[RemotePost] = []
        for items in self._pages():
            posts += [_remote_post(item) for item in items if _is_ours(item, article, remote_id)]
            if any(post.visibility is Visibility.PUBLIC for post in posts):
                break
        by_visibility = [Visibility.PUBLIC, Visibility.SCHEDULED, Visibility.DRAFT]
        return min(posts, key=lambda post: (by_visibility.index(post.visibility), post.id != remote_id), default=None)

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """Own articles in every state, a page at a time; only this list contains the scheduled ones."""
        for page in range(1, PAGES + 1):
            answer = self._read(f"/articles/me/all?per_page={PER_PAGE}&page={page}")
            items = answer.json()
            if not isinstance(items, list) or not all(isinstance(item, dict) and "id" in item for item in items):
                raise answer.unclear("DEV answered with something else than a list of articles")
            yield items
            if len(items) < SMALLEST_PAGE:
                return

    def _read(self, path: str, accept: tuple[int, ...] = ()) -> Answer:
        return self.http.call(
            "GET", self._base + path, headers=self._headers(), writes=False, label=self.label, errors=_too_fast,
            cap=LIST_CAP, accept=accept,
        )  # fmt: skip

    def _write(self, method: str, path: str, body: dict[str, Any], errors: Hook) -> Answer:
        url = self._base + path
        return self.http.call(
            method, url, headers=self._headers(), json=body, writes=True, label=self.label, errors=errors
        )

    @property
    def _base(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    def _headers(self) -> dict[str, str]:
        # Without this Accept the server speaks its deprecated version 0.
        return {"api-key": self.credentials["api_key"], "Accept": "application/vnd.forem.api-v1+json"}


def _too_fast(answer: Answer) -> PublishingError | None:
    """The edge's own 429 is plain text; when it names no time, half a minute is what the application asks for."""
    if answer.status == 429 and answer.retry_after() is None:
        return RateLimited("DEV asks us to slow down.", 30.0)
    return None


def _refusal(answer: Answer) -> PublishingError | None:
    """422 is one English sentence that joins all the model's errors: no code to go by."""
    if answer.status != 422:
        return _too_fast(answer)
    words = answer.words()
    if CANONICAL_TAKEN in words.lower():
        return PerhapsThere(f"DEV says that an article with this canonical address is there already: {words}")
    if TITLE_TAKEN in words.lower():
        return PerhapsThere(f"DEV says that an article with this title was there minutes ago: {words}", 300.0)
    return Rejected(f"DEV refused the article: {words or 'it did not say why.'}")


def _refusal_of_flip(answer: Answer) -> PublishingError | None:
    if answer.status == 404:
        return Gone("The draft is no longer on DEV.")
    return _refusal(answer)


def _refusal_of_update(answer: Answer) -> PublishingError | None:
    if answer.status == 404:
        return Gone("The article is no longer on DEV.")
    if answer.status == 422:
        return Rejected(f"DEV refused the article: {answer.words() or 'it did not say why.'}")
    return _too_fast(answer)


def _number(remote_id: str) -> str:
    if not re.fullmatch(r"\d{1,20}", remote_id):
        raise Gone(f"“{remote_id[:40]}” is not the number of an article on DEV.")
    return remote_id


def _article_in(answer: Answer) -> dict[str, Any]:
    data = answer.json()
    if not isinstance(data, dict):
        raise answer.unclear("DEV answered with something else than an article")
    return data


def _id_of(answer: Answer) -> str:
    number = _article_in(answer).get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise answer.unclear("DEV answered without the article's number")
    return str(number)


def _public_url_of(answer: Answer) -> str:
    """The answer carries no "published": only the final address shows that the article is public now."""
    data = _article_in(answer)
    url = data.get("url")
    if not isinstance(url, str) or not origin_of(url) or _is_draft_url(url):
        raise answer.unclear("DEV answered without the article's public address")
    if data.get("published") is False or ("published_at" in data and not data["published_at"]):
        raise answer.unclear("DEV answered that the article is not public")
    return url


def _is_draft_url(url: str) -> bool:
    return bool(re.search(r"-temp-slug-\d+$", url.split("?")[0].rstrip("/")))


def _is_ours(item: dict[str, Any], article: Article, remote_id: str) -> bool:
    """By number or mark; by canonical address only when it does not carry the mark of another article of ours."""
    keys = marks_in(str(item.get("body_markdown") or ""))
    if article.key in keys or (remote_id and str(item["id"]) == remote_id):
        return True
    return not keys and bool(article.canonical_url) and item.get("canonical_url") == article.canonical_url


def _remote_post(item: dict[str, Any]) -> RemotePost:
    visibility = _visibility(item)
    url = str(item.get("url") or "")
    return RemotePost(str(item["id"]), "" if visibility is Visibility.DRAFT else url, visibility)


def _visibility(item: dict[str, Any]) -> Visibility:
    """A scheduled article says published:true as well, with a time to come."""
    published_at = _time(item.get("published_at"))
    if "published" in item and not isinstance(item["published"], bool):
        raise Unavailable("DEV did not say whether the article is public.")
    if not item.get("published", published_at is not None):
        return Visibility.DRAFT
    return Visibility.SCHEDULED if published_at and published_at > datetime.now(UTC) else Visibility.PUBLIC


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
