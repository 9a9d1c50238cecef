"""Tumblr, by its API v2 and in its “Neue Post Format”.

Facts from Tumblr's own documentation of 2024-10.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any, ClassVar

from django import forms

from publishers.answers import Hook
from publishers.base import Account, Article, Aspect, Check, Finding, Health, Look, RemotePost, TwoStep, Visibility
from publishers.errors import Fault, Gone, NotAuthorized, PublishingError, RateLimited, Rejected, Unavailable
from publishers.forms import BaseUrlField, SecretField
from publishers.http import Answer, origin_of
from publishers.multipart import File, files_form
from publishers.platforms.tumblr.article import LIMITS, fields, mark_of, prepare
from publishers.platforms.tumblr.npf import identifier_of
from publishers.platforms.tumblr.showing import html_of
from publishers.platforms.tumblr.signing import authorization
from publishers.preparing import one_line

PAGES = 2  # of 20 posts each: ours is among the newest
PER_PAGE = 20
TOMORROW = 3600.0  # seconds: its daily limits end with a calendar day, of whose zone it does not speak
DAILY = {8004, 8023}  # its own numbers for "no more pictures today" and "no more posts today"
STATES = {"published": Visibility.PUBLIC, "queued": Visibility.SCHEDULED, "draft": Visibility.DRAFT}


class CredentialsForm(forms.Form):
    consumer_key = SecretField(label="OAuth consumer key", max_length=200)
    consumer_secret = SecretField(label="OAuth consumer secret", max_length=200)
    token = SecretField(label="Token", max_length=200)
    token_secret = SecretField(label="Token secret", max_length=200)


class SettingsForm(forms.Form):
    blog = forms.RegexField(
        r"\A[a-z0-9][a-z0-9.-]*\Z",
        label="Blog",
        required=False,
        max_length=100,
        help_text="Its name, such as staff for staff.tumblr.com. Empty: we ask which ones there are.",
    )
    base_url = BaseUrlField(label="Address of the API", initial="https://api.tumblr.com/v2", max_length=200)


class Tumblr(TwoStep):
    name = "tumblr"
    label = "Tumblr"
    carries_images = True
    blurb = "A blog on tumblr.com."
    credentials_form = CredentialsForm
    settings_form = SettingsForm
    limits = LIMITS
    when_unpublished: ClassVar[str] = "It becomes a private post, which only you can see."
    steps: ClassVar[tuple[str, ...]] = (
        "1. On www.tumblr.com/oauth/apps register an application; its page shows the consumer key and secret.",
        "2. Press “Explore API” there and allow it: “Show keys” shows the token and its secret.",
        "3. Copy all four and paste them here.",
    )
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/tumblr/v2",
        "consumer_key": "sandbox-tumblr-app",
        "consumer_secret": "sandbox-tumblr-app-secret",
        "token": "sandbox-tumblr-key",
        "token_secret": "sandbox-tumblr-key-secret",
    }

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    def verify(self) -> Account:
        """Whose token it is, and which blogs may be written to."""
        answer = self._call("GET", "/user/info")
        user = _response(answer).get("user")
        blogs = user.get("blogs") if isinstance(user, dict) else None
        if not isinstance(blogs, list) or not isinstance(user, dict) or not user.get("name"):
            raise answer.unclear("Tumblr did not say whose token this is")
        named = {str(blog["name"]): str(blog.get("url") or "") for blog in blogs if _is_named(blog)}
        chosen = str(self.settings.get("blog") or "")
        blog = chosen.removesuffix(".tumblr.com")
        if chosen and blog not in named:
            words = f"Tumblr: this account may not write to “{chosen}”, but to {', '.join(named)}."
            raise NotAuthorized(words).because(Fault.ROLE)
        choices = tuple((one, one) for one in ([chosen] if chosen else named))
        name = str(user["name"])
        return Account(id=name, name=name, url=named.get(blog, ""), choices={"blog": choices})

    def examine(self, account: Account) -> list[Check]:
        """The blog is one of those that this account may write to; what is left of today, where Tumblr says so."""
        told = [Check(Aspect.ROLE, Health.WELL, f"{account.name} may publish on this blog.")]
        limits = _response(self._call("GET", "/user/limits")).get("user")
        posts = limits.get("posts") if isinstance(limits, dict) else None
        left = posts.get("remaining") if isinstance(posts, dict) else None
        if isinstance(left, int):
            health = Health.WELL if left else Health.WARNING
            told.append(Check(Aspect.QUOTA, health, f"Tumblr takes {left} more posts of this account today."))
        return told

    def check(self, article: Article) -> list[Finding]:
        return prepare(article).findings

    def look(self, article: Article) -> Look:
        """The first block is the title."""
        ready = prepare(article)
        pictures = {identifier_of(image): image.url for image in article.images}
        blocks = ready.content[1:] if ready.content and ready.content[0].get("subtype") == "heading1" else ready.content
        tags = tuple(filter(None, ready.tags.split(",")))
        return Look(title=one_line(article.title), html=html_of(blocks, pictures), tags=tags)

    def payload(self, article: Article) -> dict[str, Any]:
        """The draft. The state is always there: without it, the post would be public at once."""
        return fields(article) | {"state": "draft"}

    def create_draft(self, article: Article) -> RemotePost:
        answer = self._send("POST", "/posts", self.payload(article), article, _refusal)
        return RemotePost(_id_in(answer), "", Visibility.DRAFT)

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """The whole post again, as published: by id, so that doing it twice changes nothing."""
        body = fields(article) | {"state": "published"}
        answer = self._send("PUT", f"/posts/{_number(remote_id)}", body, article, _refusal_of_change)
        if _id_in(answer) != remote_id:
            raise answer.unclear("Tumblr answered for another post")
        return RemotePost(remote_id, self._address(remote_id, article), Visibility.PUBLIC)

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """Among the newest posts, the queue and the drafts; by id, else by what our slugs end with."""
        mark = mark_of(article.key)
        for path in ("/posts", "/posts/queue", "/posts/draft"):
            for post in self._listed(path):
                if _id_of(post) == remote_id or str(post.get("slug") or "").endswith(mark):
                    return _remote(post)
        return None

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """The same post with this text. Its state stays, and its slug, with which its address would change."""
        before = self._one(remote_id)
        body = fields(article) | {"state": before.get("state") or "published", "slug": before.get("slug") or ""}
        self._send("PUT", f"/posts/{_number(remote_id)}", body, article, _refusal_of_change)
        return _remote(before)

    def unpublish(self, remote_id: str) -> None:
        """Make it private. The whole post goes along, since a change takes the place of what was there."""
        post = self._one(remote_id)
        if post.get("state") == "private":
            return
        kept = {key: post[key] for key in ("content", "layout", "slug", "source_url") if post.get(key)}
        body = kept | {"tags": ",".join(map(str, post.get("tags") or [])), "state": "private"}
        self._send("PUT", f"/posts/{_number(remote_id)}", body, None, _refusal_of_change)

    # --- Parts of it

    def _listed(self, path: str) -> Iterator[dict[str, Any]]:
        for page in range(PAGES):
            answer = self._call("GET", f"{self._blog}{path}?npf=true&limit={PER_PAGE}&offset={page * PER_PAGE}")
            posts = _response(answer).get("posts")
            if not isinstance(posts, list):
                raise answer.unclear("Tumblr answered with something else than a list of posts")
            yield from (post for post in posts if isinstance(post, dict))
            if len(posts) < PER_PAGE or path == "/posts/draft":  # whose pages are asked for in another way
                return

    def _one(self, remote_id: str) -> dict[str, Any]:
        """One post that is or was public. Raises Gone."""
        answer = self._call("GET", f"{self._blog}/posts?id={_number(remote_id)}&npf=true", _gone)
        posts = _response(answer).get("posts")
        if not isinstance(posts, list):
            raise answer.unclear("Tumblr answered with something else than a post")
        found = next((post for post in posts if isinstance(post, dict) and _id_of(post) == remote_id), None)
        if found is None:
            raise Gone("The post is no longer on Tumblr.")
        return found

    def _address(self, remote_id: str, article: Article) -> str:
        """Where it is now, as Tumblr says; when it does not, where such posts are."""
        try:
            return _remote(self._one(remote_id)).url
        except PublishingError:
            name = str(self.settings.get("blog") or "").removesuffix(".tumblr.com")
            return f"https://{name}.tumblr.com/post/{remote_id}/{fields(article)['slug']}"

    def _send(self, method: str, path: str, body: dict[str, Any], article: Article | None, errors: Hook) -> Answer:
        """A post, and in the same call the pictures that it shows: they have no call of their own."""
        pictures = prepare(article).pictures if article else ()
        if not pictures:
            return self._call(method, self._blog + path, errors, json=body)
        try:
            files = [
                File(identifier_of(one), one.path.read_bytes(), one.name or "picture", one.media_type or "image/png")
                for one in pictures
            ]
        except OSError as error:
            raise Unavailable(f"Tumblr: a picture of the article could not be read: {error.strerror}.") from None
        head = File("json", dumps(body, ensure_ascii=False).encode(), "", "application/json")
        content, content_type = files_form([head, *files])
        return self._call(method, self._blog + path, errors, body=content, content_type=content_type)

    def _call(self, method: str, path: str, errors: Hook | None = None, **sent: Any) -> Answer:
        url = str(self.settings["base_url"]).rstrip("/") + path
        signed = authorization(
            method, url, key=self.credentials["consumer_key"], key_secret=self.credentials["consumer_secret"],
            token=self.credentials["token"], token_secret=self.credentials["token_secret"],
            moment=int(time.time()), nonce=secrets.token_hex(16),
        )  # fmt: skip
        return self.http.call(
            method, url, headers={"Authorization": signed}, writes=method != "GET", label=self.label, errors=errors,
            **sent,
        )  # fmt: skip

    @property
    def _blog(self) -> str:
        return f"/blog/{self.settings.get('blog') or ''}"


def _is_named(blog: Any) -> bool:
    return isinstance(blog, dict) and bool(blog.get("name"))


def _number(remote_id: str) -> str:
    if not re.fullmatch(r"\d{1,20}", remote_id):
        raise Gone(f"“{remote_id[:40]}” is not the number of a post on Tumblr.")
    return remote_id


def _response(answer: Answer) -> dict[str, Any]:
    data = answer.json()
    response = data.get("response") if isinstance(data, dict) else None
    if not isinstance(response, dict):
        raise answer.unclear("Tumblr answered in a way that we do not know")
    return response


def _id_in(answer: Answer) -> str:
    number = _response(answer).get("id")
    if not isinstance(number, str | int) or not str(number).isdecimal():
        raise answer.unclear("Tumblr answered without the post's number")
    return str(number)


def _id_of(post: Mapping[str, Any]) -> str:
    return str(post.get("id_string") or post.get("id") or "")


def _remote(post: Mapping[str, Any]) -> RemotePost:
    """What is private, submitted or in a state that we do not know is not public."""
    visibility = STATES.get(str(post.get("state") or "published"), Visibility.DRAFT)
    url = str(post.get("post_url") or "")
    return RemotePost(_id_of(post), url if visibility is Visibility.PUBLIC and origin_of(url) else "", visibility)


def _codes_in(answer: Answer) -> set[int]:
    try:
        data = answer.json()
    except PublishingError:
        return set()
    errors = data.get("errors") if isinstance(data, dict) else None
    listed = errors if isinstance(errors, list) else []
    return {one["code"] for one in listed if isinstance(one, dict) and isinstance(one.get("code"), int)}


def _gone(answer: Answer) -> PublishingError | None:
    return Gone("The post is no longer on Tumblr.") if answer.status == 404 else None


def _refusal(answer: Answer) -> PublishingError | None:
    """403 is also how a day's limit is told; "not found" of a new post is said of its blog."""
    if answer.status == 403 and _codes_in(answer) & DAILY:
        return RateLimited(f"Tumblr takes no more of this user today: {answer.words()}", TOMORROW)
    if answer.status == 404:
        return Rejected("Tumblr knows no blog of this name.")
    return None


def _refusal_of_change(answer: Answer) -> PublishingError | None:
    return _gone(answer) or _refusal(answer)
