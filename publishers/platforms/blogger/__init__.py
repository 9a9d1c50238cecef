"""Blogger, by Google's API v3, with a refresh token of one's own OAuth client.

Facts from Google's own description of the API, revision of 2026-07-07; what it does not say is not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from django import forms

from publishers.base import Account, Article, Finding, Look, RemotePost, TwoStep, Visibility
from publishers.errors import Gone, OutcomeUnknown, Rejected, Unavailable
from publishers.forms import BaseUrlField, SecretField
from publishers.http import Answer, origin_of
from publishers.marks import marks_in
from publishers.platforms.blogger import answers
from publishers.platforms.blogger.article import LIMITS, fields, prepare
from publishers.text.html import words_of

GOOGLE = "https://blogger.googleapis.com"
TOKENS = "https://oauth2.googleapis.com/token"
PER_PAGE = 50
PAGES = 4  # ours is among the posts that were changed last
LIST_CAP = 64 * 1024 * 1024  # bytes: a list carries every post's text
STATES = {"LIVE": Visibility.PUBLIC, "SCHEDULED": Visibility.SCHEDULED, "DRAFT": Visibility.DRAFT}


class CredentialsForm(forms.Form):
    client_id = SecretField(label="Client ID", max_length=300)
    client_secret = SecretField(label="Client secret", max_length=300)
    refresh_token = SecretField(label="Refresh token", max_length=1000)


class SettingsForm(forms.Form):
    base_url = BaseUrlField(label="Address of the API", initial=GOOGLE, max_length=200)
    blog_id = forms.RegexField(
        r"\A\d{1,24}\Z",
        label="Blog",
        required=False,
        help_text="Leave it empty: we ask Blogger which blogs are yours.",
        error_messages={"invalid": "This is not the number of a blog."},
    )
    canonical_line = forms.ChoiceField(
        label="“Originally published at”",
        required=False,
        choices=[("end", "At the end of the text"), ("none", "Nowhere")],
        help_text="Blogger has no field for the address of the original: a line of the text can name it.",
    )


class Blogger(TwoStep):
    name = "blogger"
    label = "Blogger"
    blurb = "A blog at Blogger, Google's own."
    credentials_form = CredentialsForm
    settings_form = SettingsForm
    limits = LIMITS
    when_unpublished = "It becomes a draft of the blog again."
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/blogger",
        "client_id": "sandbox-blogger-client",
        "client_secret": "sandbox-blogger-secret",
        "refresh_token": "sandbox-blogger-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. In the Google Cloud console make a project, switch on “Blogger API v3”, publish the consent screen, and "
        "make an OAuth client for the web with https://developers.google.com/oauthplayground as its redirect address.",
        "2. In that playground choose “Use your own OAuth credentials”, allow the scope "
        "https://www.googleapis.com/auth/blogger, and exchange the code for tokens.",
        "3. Paste the client's ID and secret and the refresh token here.",
    )

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    # --- Who we are --------------------------------------------------------------------------------------------------

    def verify(self) -> Account:
        """Who we are, and our blogs."""
        answer = self._get("users/self")
        me = answer.json()
        if not isinstance(me, dict) or not me.get("id"):
            raise answer.unclear("Blogger did not say whose token this is")
        answer = self._get("users/self/blogs")
        blogs = [blog for blog in _items(answer) if blog.get("id")]
        choices = tuple((str(blog["id"]), str(blog.get("name") or blog.get("url") or blog["id"])) for blog in blogs)
        chosen = next((blog for blog in blogs if str(blog["id"]) == self._blog or len(blogs) == 1), {})
        name = str(me.get("displayName") or me["id"])
        return Account(str(me["id"]), name, str(chosen.get("url") or ""), choices={"blog_id": choices})

    # --- What would be sent ------------------------------------------------------------------------------------------

    def check(self, article: Article) -> list[Finding]:
        return prepare(article, self.settings).notes.findings

    def payload(self, article: Article) -> dict[str, Any]:
        return fields(article, self.settings)

    def look(self, article: Article) -> Look:
        ready = prepare(article, self.settings)
        return Look(title=ready.title, html=ready.content, tags=tuple(ready.labels))

    # --- Publishing --------------------------------------------------------------------------------------------------

    def create_draft(self, article: Article) -> RemotePost:
        answer = self._send("POST", self._posts(), self.payload(article), isDraft="true")
        post = _post_in(answer)
        if post.get("status", "DRAFT") != "DRAFT":
            raise answer.unclear("Blogger made no draft of it")
        return RemotePost(str(post["id"]), "", Visibility.DRAFT)

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Bring the draft to the present text, then make it public, both by id: twice is as good as once."""
        self._standing(remote_id)
        try:
            self._send("PATCH", self._posts(remote_id), self.payload(article))
        except OutcomeUnknown as error:  # a draft with an older or a newer text: nobody sees it
            raise Unavailable(f"The draft could not be brought to the present text: {error}") from error
        answer = self._send("POST", self._posts(remote_id, "publish"))
        return _remote(answer, remote_id, "LIVE")

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring it to this text. It stays a draft where it is one."""
        status = self._standing(remote_id)
        return _remote(self._send("PATCH", self._posts(remote_id), self.payload(article)), remote_id, status)

    def unpublish(self, remote_id: str) -> None:
        if self._standing(remote_id) != "DRAFT":
            self._send("POST", self._posts(remote_id, "revert"))

    def _standing(self, remote_id: str) -> str:
        """How the post of this id stands; "" where it is not seen, which the change that follows finds out for sure.

        Raises Gone where somebody has put it into the trash.
        """
        post = self._by_id(remote_id)
        if post and post["status"] == "SOFT_TRASHED":
            raise Gone("It is in the trash of the blog.")
        return str(post["status"]) if post else ""

    # --- Looking -----------------------------------------------------------------------------------------------------

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """By id, else by mark in the blog's own lists; by title and words where Blogger has dropped the mark."""
        known = self._by_id(remote_id) if remote_id.isdecimal() else None
        posts = [known] if known and known["status"] in STATES else []
        if not (known and known["status"] == "LIVE"):
            posts += [post for page in self._pages() for post in page if _is_ours(post, article, self.payload(article))]
        by_visibility = ["LIVE", "SCHEDULED", "DRAFT"]
        best = min(posts, key=lambda post: by_visibility.index(post["status"]), default=None)
        return _seen(best) if best else None

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        after = ""
        for _ in range(PAGES):
            query: dict[str, Any] = {"status": list(STATES), "fetchBodies": "true", "view": "ADMIN"}
            query |= {"maxResults": PER_PAGE, "orderBy": "UPDATED"} | ({"pageToken": after} if after else {})
            answer = self._get(self._posts(), **query)
            yield [_with_state(answer, post) for post in _items(answer)]
            after = str(answer.json().get("nextPageToken") or "")
            if not after:
                return

    def _by_id(self, remote_id: str) -> dict[str, Any] | None:
        if not re.fullmatch(r"\d{1,24}", remote_id):
            raise Gone(f"“{remote_id[:40]}” is not the number of a post on Blogger.")
        answer = self._get(self._posts(remote_id), accept=(404,), view="ADMIN", fetchBody="false")
        if answer.status == 404:
            return None
        return _with_state(answer, _post_in(answer))

    # --- Calling -----------------------------------------------------------------------------------------------------

    @property
    def _blog(self) -> str:
        return str(self.settings.get("blog_id") or "")

    def _posts(self, *parts: str) -> str:
        if not self._blog:
            raise Rejected("No blog is chosen. Please choose one in the channel's settings.")
        return "/".join(["blogs", self._blog, "posts", *parts])

    @property
    def _address(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    @cached_property
    def _headers(self) -> dict[str, str]:
        """An access token, which lasts for an hour: one for each publisher, never kept."""
        form = {"grant_type": "refresh_token"} | {name: self.credentials[name] for name in CredentialsForm.base_fields}
        answer = self.http.call(
            "POST", self._tokens, body=urlencode(form).encode(), content_type="application/x-www-form-urlencoded",
            writes=False, errors=answers.token, keep=False,
        )  # fmt: skip
        token = answer.json().get("access_token") if isinstance(answer.json(), dict) else None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise answer.unclear("Blogger gave no access token")
        return {"Authorization": f"Bearer {token}"}

    @property
    def _tokens(self) -> str:
        """Google gives tokens out at another host; a stand-in does so at its own."""
        is_google = (urlsplit(self._address).hostname or "").endswith(".googleapis.com")
        return TOKENS if is_google else f"{self._address}/token"

    def _get(self, path: str, accept: tuple[int, ...] = (), **query: Any) -> Answer:
        return self.http.call(
            "GET", self._url(path, query), headers=self._headers, writes=False, accept=accept, errors=answers.reading,
            cap=LIST_CAP,
        )  # fmt: skip

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Answer:
        return self.http.call(
            method, self._url(path, query), headers=self._headers, json=body, writes=True, errors=answers.writing
        )

    def _url(self, path: str, query: dict[str, Any]) -> str:
        return f"{self._address}/v3/{path}{'?' + urlencode(query, doseq=True) if query else ''}"


def _items(answer: Answer) -> list[dict[str, Any]]:
    """A list's entries; one without any has no "items"."""
    data = answer.json()
    items = data.get("items", []) if isinstance(data, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
        raise answer.unclear("Blogger answered with something else than a list")
    return items


def _post_in(answer: Answer) -> dict[str, Any]:
    data = answer.json()
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
        raise answer.unclear("Blogger answered with something else than a post")
    return data


def _with_state(answer: Answer, post: dict[str, Any]) -> dict[str, Any]:
    if post.get("status") not in (*STATES, "SOFT_TRASHED"):
        raise answer.unclear("Blogger did not say whether the post is public")
    return post


def _remote(answer: Answer, remote_id: str, status: str) -> RemotePost:
    """The post in an answer to a change; ``status`` where the answer does not say."""
    post = _post_in(answer)
    if post["id"] != remote_id:
        raise answer.unclear("Blogger answered for another post")
    if not post.get("status") and not status:
        raise answer.unclear("Blogger did not say whether the post is public")
    seen = _seen({"status": status} | post)
    if seen.visibility is Visibility.PUBLIC and not origin_of(seen.url):
        raise answer.unclear("Blogger answered without the post's address")
    return seen


def _seen(post: Mapping[str, Any]) -> RemotePost:
    visibility = STATES.get(post["status"], Visibility.DRAFT)
    return RemotePost(post["id"], "" if visibility is Visibility.DRAFT else str(post.get("url") or ""), visibility)


def _is_ours(post: Mapping[str, Any], article: Article, sent: Mapping[str, Any]) -> bool:
    content = str(post.get("content") or "")
    keys = marks_in(content)
    if keys:
        return article.key in keys
    return (post.get("title"), words_of(content)) == (sent["title"], words_of(sent["content"]))
