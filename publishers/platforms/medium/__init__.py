"""Medium, through its old API, for people who still have an integration token.

The API creates and nothing else: an article that is there can be neither read, nor changed, nor taken back, and a
draft cannot be made public. So there is one step, no look-up, and for what is public a glimpse at the author's feed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from json import JSONDecodeError, loads
from typing import Any, ClassVar
from urllib.parse import quote

from django import forms

from publishers.base import Account, Article, Aspect, Check, Finding, Health, Look, OneStep, RemotePost, Visibility
from publishers.doctor import REMEDIES
from publishers.errors import Fault, NotAuthorized, PublishingError, RateLimited, Rejected, Unavailable, Unsupported
from publishers.forms import AS_THE_CHANNEL_SAYS, YES_OR_NO, BaseUrlField, SecretField
from publishers.http import Answer, origin_of
from publishers.platforms.medium import feed
from publishers.platforms.medium.article import (
    LICENSES,
    LIMITS,
    STATUSES,
    fields,
    listed_title,
    prepare,
    status_findings,
    status_of,
)
from publishers.preparing import one_line

API = "https://api.medium.com/v1"
SITE = "https://medium.com"
ASKED = 20  # publications whose contributors are asked for: the list also names those that one only reads
DAY = 24 * 3600.0
LIMIT_WORDS = "reached the rate limit for publishing"  # no code and no status of it is documented
OWN_PROFILE = ("", "Your own profile")
ROLES = {"editor": "", "writer": " (drafts only, its editors publish)"}

# Codes of the "errors" array: seen in answers, not documented.
NOT_SEEN = 6000
TOKEN_CODES = {
    NOT_SEEN: "Medium did not see the integration token.",
    6003: "Medium does not accept the integration token: it is wrong or was revoked.",
    6004: "Medium does not know the account of this integration token any more.",
    6005: "Medium does not know the application of this integration token any more.",
}


class CredentialsForm(forms.Form):
    integration_token = SecretField(label="Integration token", max_length=500)


class SettingsForm(forms.Form):
    publication = forms.RegexField(
        r"\A[\w-]*\Z",
        label="Publication",
        required=False,
        max_length=100,
        help_text="Empty: your own profile. In a publication that you only write for, Medium takes nothing but drafts.",
    )
    publish_status = forms.ChoiceField(label="Appears as", choices=list(STATUSES.items()), initial="public")
    license = forms.ChoiceField(label="Licence", choices=list(LICENSES.items()), initial="all-rights-reserved")
    notify_followers = forms.BooleanField(label="Tell my followers", required=False, initial=True)
    base_url = BaseUrlField(label="Address of the API", initial=API, max_length=200)
    feed_url = BaseUrlField(
        label="Address of the site",
        initial=SITE,
        required=False,
        max_length=200,
        help_text="Where your public feed is, in which we look after a lost answer.",
    )


class OptionsForm(forms.Form):
    publish_status = forms.ChoiceField(
        label="Appears as", required=False, choices=[AS_THE_CHANNEL_SAYS, *STATUSES.items()]
    )
    license = forms.ChoiceField(label="Licence", required=False, choices=[AS_THE_CHANNEL_SAYS, *LICENSES.items()])
    notify_followers = forms.ChoiceField(label="Tell my followers", required=False, choices=YES_OR_NO)


@dataclass(frozen=True)
class _Me:
    id: str
    username: str
    url: str


class Medium(OneStep):
    name = "medium"
    label = "Medium"
    blurb = "Your profile or a publication there."
    credentials_form = CredentialsForm
    settings_form = SettingsForm
    options_form = OptionsForm
    limits = LIMITS
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/medium/v1",
        "feed_url": "{sandbox}/medium",
        "integration_token": "sandbox-medium-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Medium has given out no new integration tokens since 2025: this works only if you have one already.",
        "2. Log in to Medium and open Settings, then “Security and apps”, then “Integration tokens”.",
        "3. Copy your token and paste it here.",
    )

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    def verify(self) -> Account:
        me = self._me()
        account = Account(id=me.id, name=f"@{me.username}", url=me.url)
        publications = self._publications(me)
        if publications is None:
            return account
        roles = self._roles(me, list(publications))
        chosen = str(self.settings.get("publication") or "")
        if roles.get(chosen) == "writer" and self.settings.get("publish_status", "public") != "draft":
            words = f"In “{publications[chosen]}” you may only hand in drafts: let it appear as a draft."
            raise Unsupported(words).because(Fault.ROLE)
        mine = ((key, name + ROLES[roles[key]]) for key, name in publications.items() if roles[key] in ROLES)
        return Account(account.id, account.name, account.url, choices={"publication": (OWN_PROFILE, *mine)})

    def examine(self, account: Account) -> list[Check]:
        """``verify`` has asked for the role, as far as this token may ask for it."""
        chosen = str(self.settings.get("publication") or "")
        if not chosen:
            return [Check(Aspect.ROLE, Health.WELL, "It appears on your own profile.")]
        if label := dict(account.choices.get("publication", ())).get(chosen):
            return [Check(Aspect.ROLE, Health.WELL, f"You may hand in to {label}.")]
        if not account.choices:
            return []
        cause = "Medium does not name the chosen publication among those that you may write for."
        return [Check(Aspect.ROLE, Health.WARNING, cause, REMEDIES[Fault.ROLE])]

    def check(self, article: Article) -> list[Finding]:
        return prepare(article).findings + status_findings(article, self.settings)

    def payload(self, article: Article) -> dict[str, Any]:
        return fields(article, self.settings)

    def look(self, article: Article) -> Look:
        """The title is the first block of the text; in lists Medium shows a shorter one."""
        ready = prepare(article)
        heading, _, text = ready.content.partition("\n")
        title = one_line(article.title)
        listed = "" if ready.title == title else f"In lists it is called “{ready.title}”."
        assert heading.startswith("<h1>")
        return Look(title=title, html=text, tags=tuple(ready.tags), note=listed)

    def publish(self, article: Article) -> RemotePost:
        """Who we are is asked first, where the address needs it: if that fails, nothing was created."""
        publication = str(self.settings.get("publication") or "")
        place = f"publications/{quote(publication, safe='')}" if publication else f"users/{self._me().id}"
        payload = self.payload(article)
        answer = self.http.call(
            "POST", f"{self._base}/{place}/posts", headers=self._headers(), json=payload, writes=True,
            fresh=True,  # it cannot be looked up, so no connection that the other side may be closing
            label=self.label, errors=_refusal,
        )  # fmt: skip
        return _created(answer, wanted=payload["publishStatus"])

    def glimpse(self, article: Article) -> RemotePost | None:
        """In the public feed by title and time. Drafts and unlisted articles are never there."""
        if article.due_at is None or status_of(article, self.settings) != "public":
            return None
        site = str(self.settings.get("feed_url") or SITE).rstrip("/")
        answer = self.http.call(
            "GET", f"{site}/feed/@{quote(self._me().username, safe='')}", label=self.label, writes=False,
            headers={"Accept": "application/rss+xml, application/xml;q=0.9, text/xml;q=0.8"},
        )  # fmt: skip
        try:
            items = feed.items_in(answer.text)
        except feed.NoFeed:
            raise Unavailable("Medium answered with something else than the feed.") from None
        title = one_line(article.title)
        found = feed.only_match(items, {title, listed_title(title)}, article.due_at)
        return RemotePost(found.id, found.url, Visibility.PUBLIC) if found else None

    # Reading

    def _me(self) -> _Me:
        answer = self._read("me")
        me = _data_of(answer)
        if not isinstance(me, dict) or not _is_id(me.get("id")) or not isinstance(me.get("username"), str):
            raise answer.unclear("Medium did not say whose token this is")
        url = me.get("url")
        return _Me(me["id"], me["username"], url if isinstance(url, str) and origin_of(url) else "")

    def _publications(self, me: _Me) -> dict[str, str] | None:
        """Names by id, the chosen one first; None when this token may not ask: not every token has that right."""
        answer = self._read(f"users/{me.id}/publications", accept=(401, 403))
        if answer.status in (401, 403):
            return None
        listed = _data_of(answer)
        if not isinstance(listed, list):
            raise answer.unclear("Medium answered with something else than a list of publications")
        found = {one["id"]: str(one.get("name") or one["id"]) for one in listed if _is_id(_at(one, "id"))}
        chosen = self.settings.get("publication")
        return {key: found[key] for key in sorted(found, key=lambda key: key != chosen)}

    def _roles(self, me: _Me, publications: list[str]) -> dict[str, str]:
        """ "editor", "writer" or "reader" for each publication; "editor" where Medium does not say: it will."""
        roles = dict.fromkeys(publications, "editor")
        for publication in publications[:ASKED]:
            answer = self._read(f"publications/{publication}/contributors", accept=(401, 403, 404))
            listed = _data_of(answer) if answer.status == 200 else None
            if isinstance(listed, list):
                own = {_at(one, "role") for one in listed if _at(one, "userId") == me.id}
                roles[publication] = next((role for role in ROLES if role in own), "reader")
        return roles

    def _read(self, path: str, accept: tuple[int, ...] = ()) -> Answer:
        return self.http.call(
            "GET", f"{self._base}/{path}", headers=self._headers(), writes=False, label=self.label,
            errors=_bad_token, accept=accept,
        )  # fmt: skip

    @property
    def _base(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    def _headers(self) -> dict[str, str]:
        token = self.credentials["integration_token"]
        return {"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Charset": "utf-8"}


# --- Answers -----------------------------------------------------------------------------------------------------


def _errors_in(answer: Answer) -> list[tuple[int, str]]:
    """Codes and messages of {"errors": [{"message": …, "code": …}]}; a code that is none is 0."""
    try:
        listed = _at(loads(answer.text), "errors")
    except (JSONDecodeError, RecursionError):
        return []
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [(code if isinstance(code := one.get("code"), int) else 0, str(one.get("message") or "")) for one in found]


def _bad_token(answer: Answer) -> PublishingError | None:
    """A refused token by its code, on any 4xx: on which status a code comes is not documented."""
    if not 400 <= answer.status < 500:
        return None
    code = next((code for code, _ in _errors_in(answer) if code in TOKEN_CODES), 0)
    if answer.status == 401 or (code and code != 6004):  # 6004 is also said of a wrong author in the address
        fault = Fault.KEY_NOT_SEEN if code == NOT_SEEN else Fault.KEY_REFUSED
        return NotAuthorized(TOKEN_CODES[code]).because(fault) if code else None
    return None


def _refusal(answer: Answer) -> PublishingError | None:
    if _is_daily_limit(answer):
        return RateLimited("Medium takes no more articles from this account today.", DAY)
    if answer.status == 429:
        return RateLimited("Medium asks us to slow down.", answer.retry_after() or DAY)
    if answer.status == 403 and not _bad_token(answer):
        words = answer.words() or "it did not say why."
        return Rejected(f"Medium does not let this account publish there: {words}")
    return _bad_token(answer)


def _is_daily_limit(answer: Answer) -> bool:
    """By its words, whatever the status. In a success they could only be an article's own title."""
    said = [message for _, message in _errors_in(answer)]
    if answer.status >= 400:
        said.append(answer.words())
    return any(LIMIT_WORDS in words.lower() for words in said)


def _created(answer: Answer, wanted: str) -> RemotePost:
    post = _data_of(answer)
    url = _at(post, "url")
    if not _is_id(_at(post, "id")) or not isinstance(url, str) or not origin_of(url):
        raise answer.unclear("Medium answered without the article's number and address")
    # A writer's article waits for the publication's editors as a draft, whatever was asked for.
    seen = {"public": Visibility.PUBLIC, "unlisted": Visibility.PUBLIC, "draft": Visibility.DRAFT}
    visibility = seen.get(str(_at(post, "publishStatus")))
    if visibility is None:
        raise answer.unclear("Medium did not say whether the article is public")
    as_wished = visibility == Visibility.DRAFT and wanted == "draft"
    return RemotePost(post["id"], url, visibility, as_wished)


def _data_of(answer: Answer) -> Any:
    return _at(answer.json(), "data")


def _at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[\w-]{1,200}", value))
