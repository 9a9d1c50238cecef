"""Ghost, self-hosted or Ghost(Pro), through its Admin API with the key of a custom integration.

A draft is made, then brought to the present text and published by its id. Saving names the ``updated_at`` that was
read, so that nobody's change is overwritten unseen. A newsletter goes out with the change from draft to published
and never with any other call; doing that call again changes nothing and mails nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import urlencode

import jwt

from publishers.base import (
    Account,
    Article,
    Aspect,
    Check,
    Finding,
    Health,
    Image,
    Look,
    RemoteImage,
    RemotePost,
    TwoStep,
    Visibility,
)
from publishers.errors import Gone, NotAuthorized, Rejected, Unavailable
from publishers.http import Answer, Hook, origin_of
from publishers.multipart import form_data
from publishers.platforms.ghost import answers
from publishers.platforms.ghost.article import (
    IMAGE_TYPES,
    LIMITS,
    fields,
    is_slug,
    mailing,
    mark_slug,
    newsletter_of,
    prepare,
)
from publishers.platforms.ghost.forms import HTML, AdminKeyForm, OptionsForm, SettingsForm
from publishers.platforms.ghost.text import shown_html

TOKEN_SECONDS = 300  # Ghost takes no older token, whatever it says itself
EVERY_STATE = "status:[draft,published,scheduled,sent]"  # without it, only what is published is listed
NO_NEWSLETTER = ("", "None")
LIST_CAP = 64 * 1024 * 1024  # bytes: an answer carries the post's whole text
PUBLIC_STATES = ("published", "sent")


class Ghost(TwoStep):
    name = "ghost"
    label = "Ghost"
    blurb = "Your own Ghost site, or one on Ghost(Pro)."
    credentials_form = AdminKeyForm
    settings_form = SettingsForm
    options_form = OptionsForm
    limits = LIMITS
    when_unpublished = "It becomes a draft again on Ghost. A newsletter that went out stays out."
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/ghost/ghost/",  # as people copy it, with Ghost's own /ghost/ at its end
        "admin_api_key": "5a9d0b0c5a9d0b0c5a9d0b0c:" + "0123456789abcdef" * 4,
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Log in to your site's admin area and open Settings, then Integrations.",
        "2. Add a custom integration called “blogscheduler”.",
        "3. Copy its Admin API key and paste it here.",
    )

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    # --- Who we are --------------------------------------------------------------------------------------------------

    def verify(self) -> Account:
        """The key is proved by the posts it may read: what is said about the site, anybody may know."""
        answers.posts_in(self._read("posts/", limit="1", fields="id"))
        answer = self._read("site/")
        site = answer.json()
        site = site.get("site") if isinstance(site, dict) else None
        if not isinstance(site, dict):
            raise answer.unclear("Ghost did not say which site this is")
        url = str(site.get("url") or "")
        url = url if origin_of(url) else self._site
        newsletters = self._newsletters()
        return Account(id=url, name=str(site.get("title") or url), url=url, choices=self._choices(newsletters))

    def examine(self, account: Account) -> list[Check]:
        """The key of an integration may publish. A person's own key may do what that person may."""
        answer = self._read("users/me/", accept=(403, 404), include="roles")
        roles = answers.roles_in(answer) if answer.status == 200 else []
        if "Contributor" in roles:
            cause = "This is the key of a contributor, who may write drafts and not publish them."
            remedy = "Give the channel the key of a custom integration, or of an author."
            return [Check(Aspect.ROLE, Health.BROKEN, cause, remedy)]
        return [Check(Aspect.ROLE, Health.WELL, "This key may publish.")]

    def _choices(self, newsletters: list[tuple[str, str]] | None) -> dict[str, tuple[tuple[str, str], ...]]:
        """Where each post is to be mailed, one has to be chosen."""
        if newsletters is None:
            return {}
        nothing = () if self.settings.get("send_newsletter") else (NO_NEWSLETTER,)
        return {"newsletter": (*nothing, *newsletters)}

    def _newsletters(self) -> list[tuple[str, str]] | None:
        """Slugs and names of the active ones; None where this key may not ask."""
        answer = self._read("newsletters/", accept=(400, 403, 404, 406, 422), filter="status:active", limit="100")
        if answer.status != 200:
            return None
        listed = answer.json()
        listed = listed.get("newsletters") if isinstance(listed, dict) else None
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return [(str(one["slug"]), str(one.get("name") or one["slug"])) for one in found if one.get("slug")]

    # --- What would be sent ------------------------------------------------------------------------------------------

    def check(self, article: Article) -> list[Finding]:
        return prepare(article, self.settings).findings

    def look(self, article: Article) -> Look:
        ready = prepare(article, self.settings)
        return Look(
            title=ready.title, html=shown_html(ready.content), tags=tuple(ready.tags), summary=ready.excerpt,
            cover_url=ready.cover_url,
        )  # fmt: skip

    def payload(self, article: Article) -> dict[str, Any]:
        slug = {"slug": article.slug} if article.slug else {}
        return {"posts": [{**fields(article, self.settings), **slug, "status": "draft"}]}

    # --- Publishing --------------------------------------------------------------------------------------------------

    def create_draft(self, article: Article) -> RemotePost:
        answer = self._write("POST", "posts/", self.payload(article), answers.refusal)
        return answers.remote_post(answer, answers.post_in(answer))

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Read it, then save it as published. The newsletter goes with it only where it is a draft until now."""
        answer, post = self._post(remote_id)
        if post.get("status") == "scheduled":  # somebody has taken it in hand over there
            return answers.remote_post(answer, post)
        newsletter, note = self._newsletter(article, post)
        changes = {**self._changes(article, post), "status": "published"}
        saved = self._save(post, changes, **mailing(article, newsletter))
        if saved.status == 409:
            return self._after_collision(remote_id)
        published = answers.post_in(saved, remote_id)
        if published.get("status") not in PUBLIC_STATES:
            raise saved.unclear("Ghost answered that the post is not public")
        notes = [note, answers.about_slug(article.slug, published), answers.about_mail(newsletter, published)]
        return answers.remote_post(saved, published, " ".join(filter(None, notes)))

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring a post to this text. Its state and its address stay, and nothing is mailed. Raises Gone."""
        _, post = self._post(remote_id)
        saved = self._save(post, fields(article, self.settings, answers.internal_tags(post)))
        if saved.status == 409:
            raise Unavailable("The post was changed on Ghost at this very moment.")
        return answers.remote_post(saved, answers.post_in(saved, remote_id))

    def unpublish(self, remote_id: str) -> None:
        """Make it a draft again. A mail that went out stays out. Safe to repeat. Raises Gone."""
        _, post = self._post(remote_id)
        if post.get("status") == "draft":
            return
        saved = self._save(post, {"status": "draft"})
        if saved.status == 409:
            raise Unavailable("The post was changed on Ghost at this very moment.")
        if answers.post_in(saved, remote_id).get("status") != "draft":
            raise saved.unclear("Ghost answered that the post is public still")

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """By our mark, and by the id where the mark was taken off: the most visible one."""
        answer = self._browse_ours(article)
        found = [answers.remote_post(answer, post) for post in answers.posts_in(answer)]
        if remote_id and all(post.id != remote_id for post in found):
            with suppress(Gone):
                found.append(answers.remote_post(*self._post(remote_id)))
        by_visibility = [Visibility.PUBLIC, Visibility.SCHEDULED, Visibility.DRAFT]
        return min(found, key=lambda post: (by_visibility.index(post.visibility), post.id != remote_id), default=None)

    def upload(self, image: Image) -> RemoteImage:
        """To the site's own pictures. The same file twice gets another name there: the caller keeps the answer."""
        if image.media_type not in IMAGE_TYPES:
            raise Rejected(f"Ghost does not take pictures of the type {image.media_type or 'that this one has'}.")
        body, content_type = form_data(
            {"purpose": "image", "ref": image.digest}, name="file", file=image.path.read_bytes(),
            file_name=image.name or image.digest, media_type=image.media_type,
        )  # fmt: skip
        answer = self.http.call(
            "POST", f"{self._api}images/upload/", headers=self._headers(), body=body, content_type=content_type,
            writes=True, label=self.label, errors=answers.refusal,
        )  # fmt: skip
        listed = answer.json()
        listed = listed.get("images") if isinstance(listed, dict) else None
        url = listed[0].get("url") if isinstance(listed, list) and listed and isinstance(listed[0], dict) else None
        if not isinstance(url, str) or not origin_of(url):
            raise answer.unclear("Ghost answered without the picture's address")
        return RemoteImage("", url)

    # --- In pieces ---------------------------------------------------------------------------------------------------

    def _post(self, remote_id: str) -> tuple[Answer, dict[str, Any]]:
        if not answers.ID.fullmatch(remote_id):
            raise Gone(f"“{remote_id[:40]}” is not the number of a post on Ghost.")
        answer = self._read(f"posts/{remote_id}/", errors=answers.refusal_of_change, include="tags,email")
        return answer, answers.post_in(answer, remote_id)

    def _browse_ours(self, article: Article) -> Answer:
        return self._read(
            "posts/", filter=f"tag:{mark_slug(article.key)}+{EVERY_STATE}", include="tags,email", limit="100"
        )

    def _newsletter(self, article: Article, post: dict[str, Any]) -> tuple[str, str]:
        """The newsletter to mail it with, and a note. None once anything of this article was mailed, in any post."""
        newsletter = newsletter_of(article, self.settings)
        if not newsletter or post.get("status") != "draft":
            return "", ""
        ours = [post, *answers.posts_in(self._browse_ours(article))]
        if any(one.get("email") for one in ours):
            return "", "It had been mailed before, so it was not mailed again."
        return newsletter, ""

    def _changes(self, article: Article, post: dict[str, Any]) -> dict[str, Any]:
        """Its slug is left alone where it is the one that was asked for, be it with a number after it."""
        changes = fields(article, self.settings, answers.internal_tags(post))
        if article.slug and not is_slug(str(post.get("slug")), article.slug):
            changes["slug"] = article.slug
        return changes

    def _after_collision(self, remote_id: str) -> RemotePost:
        """409: it was saved since we read it. If that has made it public, what we wanted is done."""
        answer, post = self._post(remote_id)
        if post.get("status") in PUBLIC_STATES:
            return answers.remote_post(answer, post)
        raise Unavailable("The draft was changed on Ghost at this very moment.")

    def _save(self, post: dict[str, Any], changes: dict[str, Any], **query: str) -> Answer:
        body = {"posts": [{**changes, "updated_at": post.get("updated_at")}]}
        path = f"posts/{post['id']}/"
        return self._write("PUT", path, body, answers.refusal_of_change, accept=(409,), **query)

    def _read(self, path: str, errors: Hook = answers.refusal, accept: tuple[int, ...] = (), **query: str) -> Answer:
        return self.http.call(
            "GET", f"{self._api}{path}{_query(query)}", headers=self._headers(), writes=False, label=self.label,
            errors=errors, accept=accept, cap=LIST_CAP,
        )  # fmt: skip

    def _write(
        self, method: str, path: str, body: dict[str, Any], errors: Hook, accept: tuple[int, ...] = (), **query: str
    ) -> Answer:
        if "html" in body["posts"][0]:
            query["source"] = HTML
        return self.http.call(
            method, f"{self._api}{path}{_query(query)}", headers=self._headers(), json=body, writes=True,
            label=self.label, errors=errors, accept=accept,
        )  # fmt: skip

    @property
    def _site(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    @property
    def _api(self) -> str:
        return f"{self._site}/ghost/api/admin/"

    def _headers(self) -> dict[str, str]:
        """A token of its own for every call."""
        name, _, secret = self.credentials["admin_api_key"].partition(":")
        now = int(time.time())
        claims = {"iat": now, "exp": now + TOKEN_SECONDS, "aud": "/admin/"}
        try:
            token = jwt.encode(claims, bytes.fromhex(secret), algorithm="HS256", headers={"kid": name})
        except (ValueError, jwt.PyJWTError):
            raise NotAuthorized("This is not an Admin API key of Ghost. Please copy it again.") from None
        return {"Authorization": f"Ghost {token}", "Accept-Version": "v6.0"}


def _query(values: Mapping[str, str]) -> str:
    return f"?{urlencode(values)}" if values else ""
