"""Micropub: the IndieWeb's own way to publish, for any server that speaks it.

What a server does beyond the Recommendation of 2017 differs: drafts, slugs, looking up. The check of a channel asks
for it; where drafts are not known, a post is created at its time and public at once. What a server leaves out of
what was asked is noticed and said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from json import JSONDecodeError, loads
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from publishers.base import (
    Account,
    Article,
    Finding,
    Image,
    Look,
    OneStep,
    RemoteImage,
    RemotePost,
    TwoStep,
    Visibility,
)
from publishers.errors import Gone, NotAuthorized, PublishingError, Rejected, Unavailable, Unsupported
from publishers.forms import is_local
from publishers.http import Answer, Hook, origin_of
from publishers.marks import marks_in
from publishers.multipart import form_data
from publishers.platforms.micropub import answers
from publishers.platforms.micropub.answers import LABEL, first
from publishers.platforms.micropub.article import LIMITS, creation, prepare, properties
from publishers.platforms.micropub.discovery import endpoint_in
from publishers.platforms.micropub.forms import NO, YES, SettingsForm, TokenForm
from publishers.preparing import one_line
from publishers.text.dialects import to_shown_html

PAGE = 50  # posts asked for at once
PAGES = 4
LIST_CAP = 64 * 1024 * 1024  # bytes: a list carries every post's text


class Micropub(TwoStep, OneStep):
    name = "micropub"
    label = "Micropub"
    blurb = "An IndieWeb site: any server that speaks Micropub."
    credentials_form = TokenForm
    settings_form = SettingsForm
    limits = LIMITS
    when_unpublished = "It is deleted on your site; some servers keep it so that you can bring it back."
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/micropub/home",
        "token": "sandbox-micropub-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Enter the address of your site, which names its Micropub endpoint.",
        "2. Let your server make an access token with the scopes create, update, delete and media.",
        "3. Copy the token and paste it here.",
    )

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("endpoint") or settings.get("base_url", ""))

    @classmethod
    def has_drafts(cls, settings: Mapping[str, Any]) -> bool:
        return bool(settings.get("drafts") == YES)

    # --- Who we are --------------------------------------------------------------------------------------------------

    def verify(self) -> Account:
        """Find the endpoint, ask it for its configuration, and note what this server can do."""
        endpoint = str(self.settings.get("endpoint") or "") or self._discovered()
        config = self._config(endpoint)
        media = config.get("media-endpoint")
        media = media if isinstance(media, str) and origin_of(media) else ""
        host = urlsplit(self._site).hostname or self._site
        drafts = YES if answers.knows_drafts(config) else NO
        found = {"endpoint": endpoint, "media_endpoint": media, "drafts": drafts}
        return Account(id=endpoint, name=host, url=self._site, found=found)

    def _discovered(self) -> str:
        """The token is not shown here, and nowhere but over https."""
        page = self.http.page(self._site)
        if page.answer.status >= 400:
            raise Unavailable(f"{self._site} answered {page.answer.status}: the Micropub endpoint cannot be found.")
        endpoint = endpoint_in(page)
        if not origin_of(endpoint):
            raise Rejected(f"{self._site} names no Micropub endpoint: it needs a link with rel=“micropub”.")
        if endpoint.startswith("http:") and not is_local(urlsplit(endpoint).hostname or ""):
            raise Rejected(f"The endpoint {endpoint} has no https: the token could be read on its way.")
        return endpoint

    def _config(self, endpoint: str) -> dict[str, Any]:
        """Its configuration, {} where a server has none to tell."""
        answer = self._read(endpoint, accept=(400, 404, 501), q="config")
        try:
            config = loads(answer.text)
        except (JSONDecodeError, RecursionError):
            if answer.status == 200 and answer.text.strip():
                raise answer.unclear(f"{LABEL} answered with something else than its configuration") from None
            config = {}
        return config if isinstance(config, dict) and answer.status == 200 else {}

    # --- What would be sent ------------------------------------------------------------------------------------------

    def check(self, article: Article) -> list[Finding]:
        return prepare(article, self.settings).findings

    def look(self, article: Article) -> Look:
        ready = prepare(article, self.settings)
        is_html = isinstance(ready.content, dict)
        html = str(ready.content["html"]) if is_html else to_shown_html(ready.content)
        return Look(
            title=ready.title, html=html, tags=tuple(ready.tags), summary=" ".join(article.summary.split()),
            cover_url=ready.cover_url,
        )  # fmt: skip

    def payload(self, article: Article) -> dict[str, Any]:
        return creation(article, self.settings, draft=self.has_drafts(self.settings))

    # --- Publishing --------------------------------------------------------------------------------------------------

    def publish(self, article: Article) -> RemotePost:
        url = self._create(creation(article, self.settings, draft=False))
        held = answers.visibility_of(self._seen(url)) is Visibility.DRAFT
        note = answers.about_slug(article, url)
        return RemotePost(url, url, Visibility.DRAFT if held else Visibility.PUBLIC, note=note)

    def create_draft(self, article: Article) -> RemotePost:
        """A server that does not know drafts has published it by now: that is looked for, and said."""
        url = self._create(creation(article, self.settings, draft=True))
        status = answers.visibility_of(self._seen(url))
        if status is Visibility.PUBLIC or (status is None and self._is_readable(url, article)):
            note = "This server publishes drafts at once: please set “Drafts” to “No” in the channel's settings."
            return RemotePost(url, url, Visibility.PUBLIC, note=note)
        return RemotePost(url, "", Visibility.DRAFT)

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Replace everything, the status too. By its address, so that doing it twice changes nothing."""
        url = self._replace(remote_id, article, {"post-status": ["published"]})
        if answers.visibility_of(self._seen(url)) is Visibility.DRAFT:
            raise Rejected(f"{LABEL} took the change and kept it as a draft. Please publish it on your site.")
        return RemotePost(url, url, Visibility.PUBLIC, note=answers.about_slug(article, url))

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring a post to this text. What was deleted is not brought back. Raises Gone."""
        status = answers.visibility_of(self._present(remote_id)) or Visibility.PUBLIC
        url = self._replace(remote_id, article, {})
        return RemotePost(url, "" if status is Visibility.DRAFT else url, status)

    def unpublish(self, remote_id: str) -> None:
        """Delete it. A second time it is Gone."""
        self._present(remote_id)
        self._send({"action": "delete", "url": remote_id}, answers.refusal_of_change)

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """Our post among those that the server lists, newest first; by its address where that is known.

        Raises Unsupported where the server cannot list: then nobody can know.
        """
        if origin_of(remote_id):
            with suppress(Gone):
                if known := self._present(remote_id):
                    return answers.remote_post(remote_id, known)
        keeps_marks, namesakes = False, False
        for one in self._listed():
            if answers.is_ours(one, article):
                return answers.remote_post(str(first(one, "url")), one)
            keeps_marks = keeps_marks or bool(marks_in(answers.text_of(one)))
            namesakes = namesakes or answers.is_namesake(one, article)
        if namesakes and not keeps_marks:
            raise Unsupported(f"{LABEL} has a post of this title, and takes our mark out: it may be this one.")
        return None

    def upload(self, image: Image) -> RemoteImage:
        """To the media endpoint; where there is none the picture stays at its own address."""
        endpoint = str(self.settings.get("media_endpoint") or "")
        if not endpoint:
            return RemoteImage("", image.url)
        body, content_type = form_data(
            {}, name="file", file=image.path.read_bytes(), file_name=image.name or image.digest,
            media_type=image.media_type or "application/octet-stream",
        )  # fmt: skip
        answer = self.http.call(
            "POST", endpoint, headers=self._headers(), body=body, content_type=content_type, writes=True, label=LABEL,
            errors=answers.refusal,
        )  # fmt: skip
        url = answers.address_in(answer, endpoint)
        return RemoteImage(url, url)

    # --- In pieces ---------------------------------------------------------------------------------------------------

    def _create(self, body: dict[str, Any]) -> str:
        """Its address: 201 when it is there, 202 when it will be."""
        return answers.address_in(self._send(body, answers.refusal), self._endpoint)

    def _replace(self, url: str, article: Article, more: dict[str, list[Any]]) -> str:
        """Every property anew, and away with those that are empty by now. The address it has after that."""
        wanted = properties(article, self.settings) | more
        body: dict[str, Any] = {"action": "update", "url": url, "replace": wanted}
        present = self._seen(url)
        if present and answers.is_deleted(present):  # a server that shows no drafts at all is asked to change it
            raise Gone(f"{LABEL} does not know this post any more.")
        if emptied := [name for name in ("summary", "category", "featured") if first(present, name) not in (None, "")
                       and name not in wanted]:  # fmt: skip
            body["delete"] = emptied
        answer = self._send(body, answers.refusal_of_change)
        moved = answer.headers.get("location")
        return answers.address_in(answer, self._endpoint) if moved else url

    def _present(self, url: str) -> dict[str, Any]:
        """A post's properties, {} where the server shows none.

        Raises Gone where it does not know the post, or only that it was deleted: a change would bring it back.
        """
        try:
            found = self._source(url) if origin_of(url) else None
        except Unsupported:
            return {}
        if found is None or answers.is_deleted(found):
            raise Gone(f"{LABEL} does not know this post any more.")
        return found

    def _seen(self, url: str) -> dict[str, Any]:
        """A post's properties after it was written: whatever hinders us to read them must not hide that it is there."""
        try:
            return self._source(url) or {}
        except PublishingError:
            return {}

    def _source(self, url: str) -> dict[str, Any] | None:
        """A post's properties, None when the server does not know it. Raises Unsupported where it shows none at all."""
        answer = self._read(self._endpoint, accept=(400, 404, 410, 501), q="source", url=url)
        if answer.status == 200:
            return answers.properties_in(answer)
        if answer.status in (404, 410) or answers.says_missing(answer):
            return None
        raise Unsupported(f"{LABEL} does not show its posts.")

    def _is_readable(self, url: str, article: Article) -> bool:
        """Whether everybody can read it already."""
        try:
            page = self.http.page(url)
        except PublishingError:
            return False
        return page.answer.status == 200 and one_line(article.title) in page.answer.text

    def _listed(self) -> Iterator[dict[str, Any]]:
        """The properties of the newest posts that are there and have an address."""
        for items in self._pages():
            for one in items:
                if origin_of(str(first(one, "url"))) and not answers.is_deleted(one):
                    yield one

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """The properties of the newest posts, a page at a time."""
        after = ""
        for _ in range(PAGES):
            more = {"after": after} if after else {}
            answer = self._read(
                self._endpoint, accept=(400, 404, 501), cap=LIST_CAP, q="source", limit=str(PAGE), **more
            )
            data = answer.json() if answer.status == 200 else None
            items = data.get("items") if isinstance(data, dict) else None
            if not isinstance(items, list):
                raise Unsupported(f"{LABEL} cannot list its posts, so we cannot look whether it is there.")
            yield [
                one["properties"] for one in items if isinstance(one, dict) and isinstance(one.get("properties"), dict)
            ]
            paging = data.get("paging") if isinstance(data, dict) else None
            after = str(paging.get("after") or "") if isinstance(paging, dict) else ""
            if not after:
                return

    def _send(self, body: dict[str, Any], errors: Hook) -> Answer:
        return self.http.call(
            "POST", self._endpoint, headers=self._headers(), json=body, writes=True, label=LABEL, errors=errors
        )

    def _read(self, endpoint: str, *, accept: tuple[int, ...] = (), cap: int | None = None, **query: str) -> Answer:
        """``query`` is added to one that the endpoint's address may have already."""
        url = f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"
        return self.http.call(
            "GET",
            url,
            headers=self._headers(),
            writes=False,
            label=LABEL,
            errors=answers.refusal,
            accept=accept,
            cap=cap,
        )

    @property
    def _site(self) -> str:
        return str(self.settings["base_url"])

    @property
    def _endpoint(self) -> str:
        endpoint = str(self.settings.get("endpoint") or "")
        if not endpoint:
            raise NotAuthorized("The Micropub endpoint is not known yet. Please check the channel again.")
        return endpoint

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['token']}", "Accept": "application/json"}
