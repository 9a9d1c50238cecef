"""WriteFreely, self-hosted or Write.as.

A post that belongs to no blog is a draft there; to publish it is to put it into one ("collect"), by its id. The
address is made of the title at that moment, and another time anew: so a post that is in the blog is not put there
again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from publishers.base import Account, Article, Finding, Look, RemotePost, TwoStep, Visibility
from publishers.errors import (
    Fault,
    Gone,
    NotAuthorized,
    Rejected,
    Unavailable,
)
from publishers.http import Answer, Hook, origin_of
from publishers.marks import marks_in
from publishers.platforms.writefreely import answers
from publishers.platforms.writefreely.article import LIMITS, SHOWN, fields, prepare
from publishers.platforms.writefreely.forms import CredentialsForm, SettingsForm
from publishers.text.dialects import to_shown_html

LIST_CAP = 64 * 1024 * 1024  # bytes: the list carries every post's text


class WriteFreely(TwoStep):
    name = "writefreely"
    label = "WriteFreely"
    blurb = "Write.as, or any other site that runs WriteFreely."
    credentials_form = CredentialsForm
    settings_form = SettingsForm
    limits = LIMITS
    when_unpublished = "It leaves the blog and is a draft again, which only who knows its own address can read."
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/writefreely",
        "token": "sandbox-writefreely-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Enter the address of the site, such as https://write.as.",
        "2. Give your user name and password, from which we make a token, or a token that you have.",
        "3. Choose the blog after that, if you have several.",
    )

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    # --- Who we are --------------------------------------------------------------------------------------------------

    def verify(self) -> Account:
        """With a password: log in, and keep the token instead of it."""
        token = self._logged_in() if self.credentials.get("password") else self._token
        me = answers.data_of(self._read("me", token))
        username = me.get("username") if isinstance(me, dict) else None
        if not isinstance(username, str) or not username:
            raise NotAuthorized("WriteFreely did not say whose token this is.").because(Fault.KEY_REFUSED)
        blogs = self._blogs(token)
        chosen = str(self.settings.get("collection") or (next(iter(blogs)) if len(blogs) == 1 else ""))
        url = blogs.get(chosen, ("", ""))[1] or self._site
        choices = {"collection": tuple((alias, title) for alias, (title, _) in blogs.items())}
        kept = {"token": token} if self.credentials.get("password") else None
        return Account(id=username, name=username, url=url, choices=choices, credentials=kept)

    def _logged_in(self) -> str:
        """A new token. Neither the password nor the token is kept of the call."""
        if not self.settings.get("username"):
            raise NotAuthorized("To log in with a password, WriteFreely needs the user name, too.")
        body = {"alias": self.settings["username"], "pass": self.credentials["password"]}
        answer = self.http.call(
            "POST",
            f"{self._api}auth/login",
            json=body,
            writes=False,
            keep=False,
            label=self.label,
            errors=answers.no_log_in,
        )
        data = answers.data_of(answer)
        token = data.get("access_token") if isinstance(data, dict) else None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]{1,200}", token):
            raise answer.unclear("WriteFreely gave no token")
        return token

    def _blogs(self, token: str) -> dict[str, tuple[str, str]]:
        """Titles and addresses by alias."""
        listed = answers.data_of(self._read("me/collections", token))
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return {
            str(one["alias"]): (str(one.get("title") or one["alias"]), str(one.get("url") or ""))
            for one in found
            if one.get("alias")
        }

    # --- What would be sent ------------------------------------------------------------------------------------------

    def check(self, article: Article) -> list[Finding]:
        return prepare(article).findings

    def look(self, article: Article) -> Look:
        ready = prepare(article)
        return Look(title=ready.title, html=to_shown_html(ready.body, SHOWN))

    def payload(self, article: Article) -> dict[str, Any]:
        return fields(article, self.settings)

    # --- Publishing --------------------------------------------------------------------------------------------------

    def create_draft(self, article: Article) -> RemotePost:
        if not self._collection:
            raise Rejected("No blog is chosen. Please choose one in the channel's settings.")
        answer = self._write("posts", self.payload(article))
        return RemotePost(answers.id_in(answer, answers.data_of(answer)), "", Visibility.DRAFT)

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Bring the draft to the text, then put it into the blog; where it is there already, only the first."""
        posts = self._posts()
        self._change(remote_id, article, posts)
        if not answers.alias_of(posts.get(remote_id)):
            self._collect(remote_id)
            posts = self._posts_with(remote_id)
        post = posts[remote_id]
        return RemotePost(remote_id, self._address(post), Visibility.PUBLIC, note=answers.about_slug(post, posts))

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring a post to this text, wherever it is. Its address stays. Raises Gone."""
        posts = self._posts()
        self._change(remote_id, article, posts)
        return self._remote_post(posts.get(remote_id) or {"id": remote_id})

    def unpublish(self, remote_id: str) -> None:
        """Take it out of its blog. Safe to repeat. Raises Gone."""
        posts = self._posts()
        self._check_there(remote_id, posts)
        if answers.alias_of(posts.get(remote_id)):
            self._check_result(self._write("posts/disperse", [remote_id]))

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """Among all own posts, drafts too, by our mark or the id: the most visible one."""
        posts = self._posts()
        ours = [one for key, one in posts.items() if key == remote_id or article.key in marks_in(answers.body_of(one))]
        found = [self._remote_post(one) for one in ours]
        by_visibility = [Visibility.PUBLIC, Visibility.SCHEDULED, Visibility.DRAFT]
        return min(found, key=lambda post: (by_visibility.index(post.visibility), post.id != remote_id), default=None)

    # --- In pieces ---------------------------------------------------------------------------------------------------

    def _posts(self) -> dict[str, dict[str, Any]]:
        """All own posts by their id: those without a "collection" are drafts."""
        answer = self._read("me/posts", self._token)
        listed = answers.data_of(answer)
        if not isinstance(listed, list) or not all(
            isinstance(one, dict) and answers.is_id(one.get("id")) for one in listed
        ):
            raise answer.unclear("WriteFreely answered with something else than a list of posts")
        return {one["id"]: one for one in listed}

    def _posts_with(self, remote_id: str) -> dict[str, dict[str, Any]]:
        """The same, right after the post was put into the blog: the list is some seconds old at times."""
        posts = self._posts()
        if not answers.alias_of(posts.get(remote_id)):
            one = answers.data_of(self._read(f"posts/{remote_id}", self._token))
            if not isinstance(one, dict) or not one.get("slug"):
                raise Unavailable("WriteFreely has not said yet at which address the post is.")
            posts[remote_id] = {**one, "id": remote_id, "collection": {"alias": self._collection}}
        return posts

    def _check_there(self, remote_id: str, posts: Mapping[str, Any]) -> None:
        """Raises Gone where there is no such post. One that was made a moment ago may be missing in the list."""
        if not answers.ID.fullmatch(remote_id):
            raise Gone(f"“{remote_id[:40]}” is not the number of a post on WriteFreely.")
        if remote_id not in posts:
            self._read(f"posts/{remote_id}", self._token, errors=answers.gone)

    def _change(self, remote_id: str, article: Article, posts: Mapping[str, Any]) -> None:
        self._check_there(remote_id, posts)
        answer = self._write(f"posts/{remote_id}", self.payload(article), answers.refusal_of_change)
        if answers.id_in(answer, answers.data_of(answer)) != remote_id:
            raise answer.unclear("WriteFreely answered for another post")

    def _collect(self, remote_id: str) -> None:
        path = f"collections/{quote(self._collection, safe='')}/collect"
        self._check_result(self._write(path, [{"id": remote_id}]))

    def _check_result(self, answer: Answer) -> None:
        """These calls answer for each post by itself, and with 200 for all of them."""
        results = answers.data_of(answer)
        result = results[0] if isinstance(results, list) and results and isinstance(results[0], dict) else {}
        code, words = result.get("code"), str(result.get("error_msg") or "it did not say why.")
        if code == 200:
            return
        if code in (404, 410):
            raise Gone("The post is no longer on WriteFreely.")
        if isinstance(code, int) and 400 <= code < 500:
            raise Rejected(f"WriteFreely refused it: {words}")
        raise answer.unclear(f"WriteFreely answered: {words.rstrip('.')}")

    def _remote_post(self, post: dict[str, Any]) -> RemotePost:
        if not answers.alias_of(post):
            return RemotePost(post["id"], "", Visibility.DRAFT)
        visibility = Visibility.SCHEDULED if answers.is_ahead(post.get("created")) else Visibility.PUBLIC
        return RemotePost(post["id"], self._address(post), visibility)

    def _address(self, post: dict[str, Any]) -> str:
        """A blog may have a domain of its own, and knows its address."""
        alias = answers.alias_of(post)
        data = answers.data_of(self._read(f"collections/{quote(alias, safe='')}", self._token))
        url = str(data.get("url") or "") if isinstance(data, dict) else ""
        return f"{(url if origin_of(url) else f'{self._site}/{alias}').rstrip('/')}/{post.get('slug') or post['id']}"

    def _read(self, path: str, token: str, errors: Hook | None = None) -> Answer:
        """Without the type of a body it would answer as if to a browser, and to nobody."""
        return self.http.call(
            "GET", f"{self._api}{path}", headers={**_headers(token), "Content-Type": "application/json"},
            writes=False, label=self.label, errors=errors or answers.refusal, cap=LIST_CAP,
        )  # fmt: skip

    def _write(self, path: str, body: Any, errors: Hook | None = None) -> Answer:
        return self.http.call(
            "POST", f"{self._api}{path}", headers=_headers(self._token), json=body, writes=True, label=self.label,
            errors=errors or answers.refusal,
        )  # fmt: skip

    @property
    def _token(self) -> str:
        token = str(self.credentials.get("token") or "")
        if not token:
            raise NotAuthorized("WriteFreely needs an access token, or your user name and password.")
        return token

    @property
    def _collection(self) -> str:
        return str(self.settings.get("collection") or "")

    @property
    def _site(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    @property
    def _api(self) -> str:
        return f"{self._site}/api/"


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Token {token}", "Accept": "application/json"}
