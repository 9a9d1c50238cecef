"""Hashnode, by its GraphQL API, which serves publications on its Pro plan.

A draft is made, brought to the present text and published by its id. Publishing uses the draft up: the post gets an
id of its own, and the same call a second time finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from publishers.base import (
    Account,
    Article,
    Aspect,
    Check,
    Finding,
    Health,
    Image,
    Level,
    Look,
    RemoteImage,
    RemotePost,
    TwoStep,
    Visibility,
)
from publishers.errors import NotAuthorized, OutcomeUnknown, PerhapsThere, Rejected, Unavailable
from publishers.http import Answer, Hook, origin_of
from publishers.marks import marks_in
from publishers.platforms.hashnode import answers, documents, images
from publishers.platforms.hashnode.article import (
    BODY_BYTES,
    LIMITS,
    SHOWN,
    Prepared,
    draft_input,
    post_input,
    prepare,
    size_of,
    slug_of,
)
from publishers.platforms.hashnode.forms import OptionsForm, SettingsForm, TokenForm
from publishers.text.dialects import to_shown_html

PAGES = 4  # of 50 posts, and of 50 drafts: ours is among the newest
PUBLICATION_PAGES = 10
LIST_CAP = 64 * 1024 * 1024  # bytes: a list carries every article's text
AN_ID = "0" * 24  # as long as every id of Hashnode's: stands for one that is not known yet


class Hashnode(TwoStep):
    name = "hashnode"
    label = "Hashnode"
    blurb = "A publication of yours, under its own domain."
    credentials_form = TokenForm
    settings_form = SettingsForm
    options_form = OptionsForm
    limits = LIMITS
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/hashnode/",
        "token": "sandbox-hashnode-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Log in to Hashnode and see that your publication is on the Pro plan: its API serves no other.",
        "2. Open Account settings, then Developer, and generate a new personal access token.",
        "3. Copy the token and paste it here.",
    )
    when_unpublished: ClassVar[str] = (
        "It is taken off your publication's lists and feeds. Hashnode deletes nothing: who knows its address still "
        "reads it."
    )
    stays_readable: ClassVar[bool] = True

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    # --- Who we are --------------------------------------------------------------------------------------------------

    def verify(self) -> Account:
        """Who we are, and our publications. The chosen one, or the only one, has to be readable: it is if it pays."""
        me, publications = self._me()
        choices = tuple((id_, _label_of(publication)) for id_, publication in publications.items())
        if len(publications) == 1 and not self._publication:
            chosen = next(iter(publications.values()))
        else:
            chosen = publications.get(self._publication, {})
        if chosen:
            self._check_plan(chosen)
        url = str(chosen.get("url") or "")
        return Account(str(me["id"]), f"@{me['username']}", url, choices={"publication": choices})

    def _me(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        me: dict[str, Any] = {}
        publications: dict[str, dict[str, Any]] = {}
        after = ""
        for _ in range(PUBLICATION_PAGES):
            answer = self._ask(documents.ME, after=after or None)
            found = answers.part(answer, "me")
            if found is None:
                raise NotAuthorized("Hashnode does not accept the token: it did not say whose it is.")
            me = found
            if not me.get("id") or not isinstance(me.get("username"), str):
                raise answer.unclear("Hashnode did not say whose token this is")
            nodes, after = answers.page(answer, me.get("publications"))
            publications |= {node["id"]: node for node in nodes}
            if not after:
                break
        return me, publications

    def _check_plan(self, publication: dict[str, Any]) -> None:
        """Raises NotAuthorized with Hashnode's words when the API does not serve this publication."""
        answers.publication(self._ask(documents.PLAN, publication=publication["id"]))

    def examine(self, account: Account) -> list[Check]:
        """``verify`` has asked for the plan where a publication is chosen, or can be only one."""
        if not self._publication and len(account.choices["publication"]) != 1:
            return []
        return [Check(Aspect.PLAN, Health.WELL, "The API serves this publication.")]

    # --- What would be sent ------------------------------------------------------------------------------------------

    def check(self, article: Article) -> list[Finding]:
        ready = prepare(article)
        findings = ready.findings
        size = max(size_of(self._creation(article, AN_ID, ready)), size_of(self._change(AN_ID, article, AN_ID, ready)))
        if size > BODY_BYTES:
            message = f"Hashnode takes requests of up to {BODY_BYTES:,} bytes; with this text it has {size:,}."
            findings.append(Finding(Level.REFUSED, "markdown", message))
        return findings

    def payload(self, article: Article) -> dict[str, Any]:
        """The creation of the draft. A series that is named by its slug is looked up before, and is not in here."""
        series = _series_of(article)
        return self._creation(article, series if _is_id(series) else "")

    def look(self, article: Article) -> Look:
        ready = prepare(article)
        return Look(
            title=ready.title, html=to_shown_html(ready.body, SHOWN), tags=tuple(tag["name"] for tag in ready.tags),
            summary=str(article.options.get("subtitle") or ""), cover_url=ready.cover_url,
        )  # fmt: skip

    def _creation(self, article: Article, series_id: str, ready: Prepared | None = None) -> dict[str, Any]:
        fields = {"publicationId": self._publication} | draft_input(article, self.settings, series_id, ready)
        return _body(documents.CREATE_DRAFT, input=fields)

    def _change(self, draft_id: str, article: Article, series_id: str, ready: Prepared | None = None) -> dict[str, Any]:
        fields = {"draftId": draft_id} | draft_input(article, self.settings, series_id, ready)
        return _body(documents.UPDATE_DRAFT, input=fields)

    # --- Publishing --------------------------------------------------------------------------------------------------

    def create_draft(self, article: Article) -> RemotePost:
        if not self._publication:
            raise Rejected("No publication is chosen. Please choose one in the channel's settings.")
        body = self._creation(article, self._series_id(article))
        answer = self._send(body, answers.creating)
        return RemotePost(answers.id_in(answer, "createDraft", "draft"), "", Visibility.DRAFT)

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Two calls. The second uses the draft up, so that doing it again raises PerhapsThere."""
        change = self._change(remote_id, article, self._series_id(article))
        try:
            answer = self._send(change, answers.flipping)
            if answers.id_in(answer, "updateDraft", "draft") != remote_id:
                raise answer.unclear("Hashnode answered for another draft")
        except PerhapsThere:
            raise
        except OutcomeUnknown as error:  # a draft with an older or a newer text: nobody sees it
            raise Unavailable(f"The draft could not be brought to the present text: {error}") from error
        flip = _body(documents.PUBLISH_DRAFT, input={"draftId": remote_id})
        answer = self._send(flip, answers.flipping)
        return _public_post(answer, "publishDraft", "post")

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring a public post to the article's present text. Its address stays. Safe to repeat. Raises Gone."""
        fields = {"id": remote_id} | post_input(article, self.settings, self._series_id(article))
        answer = self._send(_body(documents.UPDATE_POST, input=fields), answers.changing)
        return _public_post(answer, "updatePost", "post", expected=remote_id)

    def unpublish(self, remote_id: str) -> None:
        """Hide a post: nothing is deleted here, who knows its address still reads it. Safe to repeat. Raises Gone."""
        body = _body(documents.UPDATE_POST, input={"id": remote_id, "isDelisted": True})
        answer = self._send(body, answers.changing)
        _public_post(answer, "updatePost", "post", expected=remote_id)

    def upload(self, image: Image) -> RemoteImage:
        """Two calls: one asks for a form, the other sends it with the file. Needs a token, and no paid plan."""
        if problem := images.trouble(image):
            raise Rejected(problem)
        wish = _body(documents.CREATE_IMAGE_UPLOAD, input={"contentType": image.media_type})
        url, fields = images.place_in(self._call(wish, answers.creating, writes=False))
        return images.send(self.http, url, fields, image)

    def _series_id(self, article: Article) -> str:
        """The id of the article's series, "" for none. Raises Rejected when there is no such series."""
        slug = _series_of(article)
        if not slug or _is_id(slug):
            return slug
        answer = self._ask(documents.SERIES, publication=self._publication, slug=slug)
        series = next(answers.nodes_under(answer, answers.publication(answer), "series"), None)
        if series is None:
            raise Rejected(f"There is no series “{slug}” in this publication on Hashnode. Please make it there first.")
        return str(series["id"])

    # --- Looking -----------------------------------------------------------------------------------------------------

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """The best of what is ours: public before drafts, and by id or mark before the same canonical address."""
        if not self._publication:
            raise Unavailable("No publication is chosen: nobody knows where to look on Hashnode.")
        best: _Sight | None = None
        for sight in self._sights(article, remote_id):
            if best is None or sight.rank < best.rank:
                best = sight
            if best.rank == 0:
                break
        return best.post if best else None

    def _sights(self, article: Article, remote_id: str) -> Iterator[_Sight]:
        for visibility, nodes in self._places(slug_of(article), remote_id):
            for node in nodes:
                keys = marks_in(_markdown_of(node))
                is_draft = visibility is Visibility.DRAFT
                url = "" if is_draft else str(node.get("url") or "")
                post = RemotePost(node["id"], url, visibility)
                if article.key in keys or node["id"] == remote_id:
                    yield _Sight(1 if is_draft else 0, post)
                elif not keys and article.canonical_url and node.get("canonicalUrl") == article.canonical_url:
                    yield _Sight(3 if is_draft else 2, post)

    def _places(self, slug: str, remote_id: str) -> Iterator[tuple[Visibility, list[dict[str, Any]]]]:
        """Where our article may be, the likeliest place first. Public ones come before drafts."""
        if slug:
            yield Visibility.PUBLIC, self._posts_at(slug)
        if _is_id(remote_id):
            yield Visibility.PUBLIC, self._single(documents.POST, "post", remote_id)
        for nodes in self._pages(documents.POSTS, "posts"):
            yield Visibility.PUBLIC, nodes
        if _is_id(remote_id):
            yield Visibility.DRAFT, self._single(documents.DRAFT, "draft", remote_id)
        for nodes in self._pages(documents.DRAFTS, "drafts"):
            yield Visibility.DRAFT, nodes

    def _posts_at(self, slug: str) -> list[dict[str, Any]]:
        variants = {"slug": slug, "next": f"{slug}-1", "second": f"{slug}-2"}
        answer = self._ask(documents.BY_SLUG, publication=self._publication, **variants)
        found = answers.publication(answer)
        posts = list(answers.nodes_under(answer, found, "own", "next", "second"))
        for moved in answers.nodes_under(answer, found, "moved"):
            posts += self._single(documents.POST, "post", moved["id"])
        return posts

    def _single(self, document: str, name: str, id_: str) -> list[dict[str, Any]]:
        answer = self._ask(document, id=id_)
        return list(answers.nodes_under(answer, answers.part(answer) or {}, name))

    def _pages(self, document: str, name: str) -> Iterator[list[dict[str, Any]]]:
        after = ""
        for _ in range(PAGES):
            answer = self._ask(document, publication=self._publication, after=after or None)
            nodes, after = answers.page(answer, answers.publication(answer).get(name))
            yield nodes
            if not after:
                return

    # --- On the wire -------------------------------------------------------------------------------------------------

    @property
    def _publication(self) -> str:
        return str(self.settings.get("publication") or "")

    def _ask(self, document: str, **variables: Any) -> Answer:
        given = {name: value for name, value in variables.items() if value is not None}
        return self._call(_body(document, **given), answers.reading, writes=False)

    def _send(self, body: dict[str, Any], errors: Hook) -> Answer:
        if (size := size_of(body)) > BODY_BYTES:
            raise Rejected(f"Hashnode takes requests of up to {BODY_BYTES:,} bytes; with this text it has {size:,}.")
        return self._call(body, errors, writes=True)

    def _call(self, body: dict[str, Any], errors: Hook, *, writes: bool) -> Answer:
        return self.http.call(
            "POST",
            str(self.settings["base_url"]).rstrip("/") + "/",
            headers={"Authorization": f"Bearer {self.credentials['token']}"},
            json=body,
            writes=writes,
            label=self.label,
            errors=errors,
            cap=LIST_CAP,
        )


@dataclass(frozen=True)
class _Sight:
    """Something that is ours. ``rank`` 0 is the best."""

    rank: int
    post: RemotePost


def _body(document: str, **variables: Any) -> dict[str, Any]:
    return {"query": document, "variables": variables}


def _public_post(answer: Answer, *names: str, expected: str = "") -> RemotePost:
    post_id = answers.id_in(answer, *names)
    if expected and post_id != expected:
        raise answer.unclear("Hashnode answered for another post")
    return RemotePost(post_id, answers.url_in(answer, *names), Visibility.PUBLIC)


def _series_of(article: Article) -> str:
    """An id, a slug or "". Of a pasted address the last part counts."""
    return str(article.options.get("series") or "").strip().rstrip("/").rpartition("/")[2]


def _is_id(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{24}", text))


def _markdown_of(node: dict[str, Any]) -> str:
    content = node.get("content")
    return str(content.get("markdown") or "") if isinstance(content, dict) else ""


def _label_of(publication: dict[str, Any]) -> str:
    place = str(publication.get("url") or "").partition("://")[2].rstrip("/")
    title = str(publication.get("title") or publication["id"])
    return f"{title} ({place})" if place else title
