"""WordPress on its owner's server, by the REST API that every one has, with an application password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from html import unescape
from typing import Any, ClassVar
from urllib.parse import urlsplit

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
from publishers.errors import Fault, Gone, NotAuthorized, PerhapsThere, Rejected, Unavailable
from publishers.http import Answer, origin_of
from publishers.marks import marks_in
from publishers.platforms.wordpress import answers
from publishers.platforms.wordpress.article import LIMITS, PICTURES, fields, prepare
from publishers.platforms.wordpress.forms import TO_TRASH, OptionsForm, PasswordForm, SettingsForm
from publishers.platforms.wordpress.posts import Post, one_in, posts_in
from publishers.platforms.wordpress.site import Site, discover
from publishers.platforms.wordpress.terms import Known, ids_of, of_post

SUFFIXES = 5  # of a slug that is taken: x-2, x-3 …
FIELDS = "id,status,slug,link,title,content,featured_media"
ROLE = "The role of {who} on this WordPress may not publish posts: it needs to be an author, an editor or more."

MAY = {  # what an author of a blog may need beside publishing
    "upload_files": "upload pictures",
    "manage_categories": "make new categories",
    "unfiltered_html": "write every HTML",
}


class WordPress(TwoStep):
    name = "wordpress"
    label = "WordPress"
    blurb = "A WordPress site on a server of yours, or of your host."
    credentials_form = PasswordForm
    settings_form = SettingsForm
    options_form = OptionsForm
    limits = LIMITS
    when_unpublished = "It becomes a draft on your site again, or goes to its trash, as the channel's settings say."
    in_the_sandbox: ClassVar[Mapping[str, str]] = {
        "base_url": "{sandbox}/wordpress",
        "username": "sandbox",
        "application_password": "sandbox-wordpress-key",
    }
    steps: ClassVar[tuple[str, ...]] = (
        "1. Log in to your site and open Users, then Profile.",
        "2. Under “Application Passwords” write “blogscheduler” and press “Add Application Password”.",
        "3. Copy the password, with or without its blanks, and paste it here with your user name.",
    )

    @classmethod
    def origin(cls, settings: Mapping[str, Any]) -> str:
        return origin_of(settings.get("base_url", ""))

    @cached_property
    def site(self) -> Site:
        """The site's API where it was found at the check; where WordPress always has one until then."""
        root = self.settings.get("rest_root") or f"{self._address}/?rest_route=/"
        return self._site_at(str(root))

    def _site_at(self, root: str) -> Site:
        return Site(self.http, root, str(self.settings["username"]), str(self.credentials["application_password"]))

    @property
    def _address(self) -> str:
        return str(self.settings["base_url"]).rstrip("/")

    # --- Who we are --------------------------------------------------------------------------------------------------

    def verify(self) -> Account:
        """Find the API, ask who we are and what we may do. What was found is kept in the settings."""
        root = str(self.settings.get("rest_root") or discover(self.http, self._address))
        self.site = self._site_at(root)
        home = _home(self.site)
        me = self._me()
        who = str(me.get("name") or me.get("username") or self.settings["username"])
        if not _may(me, "publish_posts"):
            raise NotAuthorized(ROLE.format(who=who)).because(Fault.ROLE)
        name = f"{who} on {unescape(str(home.get('name') or '')) or urlsplit(self._address).netloc}"
        found = {"rest_root": root, "raw_html": "yes" if _may(me, "unfiltered_html") else "no"}
        return Account(str(me["id"]), name, f"{self._address}/?author={me['id']}", found=found)

    def _me(self) -> dict[str, Any]:
        answer = self.site.get("wp/v2/users/me", context="edit")
        me = answer.json()
        if not isinstance(me, dict) or not isinstance(me.get("id"), int):
            raise answer.unclear("WordPress did not say whose password this is")
        return me

    def examine(self, account: Account) -> list[Check]:
        me = self._me()
        missing = [words for capability, words in MAY.items() if not _may(me, capability)]
        if missing:
            cause = f"{account.name} may publish, but may not {' nor '.join(missing)}."
            return [Check(Aspect.ROLE, Health.WARNING, cause, "An editor or administrator may do all of it.")]
        return [Check(Aspect.ROLE, Health.WELL, f"{account.name} may publish, and whatever else is needed.")]

    # --- What would be sent ------------------------------------------------------------------------------------------

    def check(self, article: Article) -> list[Finding]:
        return prepare(article, self.settings).notes.findings

    def payload(self, article: Article) -> dict[str, Any]:
        """The creation of the draft. Tags and categories are names here; they are sent as their numbers."""
        ready = prepare(article, self.settings)
        names = {"slug": ready.slug, "tags": ready.tags, "categories": ready.categories}
        named = {name: value for name, value in names.items() if value}
        return {"status": "draft"} | fields(article, self.settings) | named

    def look(self, article: Article) -> Look:
        ready = prepare(article, self.settings)
        is_featured = any(image.url == article.cover_url for image in article.images)
        return Look(
            title=unescape(ready.title), html=ready.content, tags=(*ready.categories, *ready.tags),
            summary=unescape(ready.excerpt), cover_url=article.cover_url if is_featured else "",
        )  # fmt: skip

    def _fields(self, article: Article, known: Known) -> dict[str, Any]:
        """The fields that go out, with the numbers of tags and categories, which are made where they are missing."""
        ready = prepare(article, self.settings)
        terms = {"tags": ready.tags, "categories": ready.categories}
        numbers = {kind: ids_of(self.site, kind, names, known) for kind, names in terms.items() if names}
        return fields(article, self.settings) | {"tags": []} | numbers  # no category means the site's own default

    # --- Publishing --------------------------------------------------------------------------------------------------

    def create_draft(self, article: Article) -> RemotePost:
        body = {"status": "draft"} | self._fields(article, {}) | _slug(article)
        post = one_in(self.site.post("wp/v2/posts", body))
        if article.slug and post.slug != article.slug:
            self._see_whose_it_is(post, article)
        return RemotePost(str(post.id), "", Visibility.DRAFT, note=post.differs_from(body))

    def _see_whose_it_is(self, post: Post, article: Article) -> None:
        """Our slug is taken, perhaps by an earlier try of our own: then that one counts, and this draft goes."""
        others = [other for other in self._marked(article.key) if other.id != post.id]
        if others:
            self.site.delete(f"wp/v2/posts/{post.id}", accept=(404, 410))
            raise PerhapsThere("WordPress has this article already: an earlier try had arrived.")

    def publish_draft(self, remote_id: str, article: Article) -> RemotePost:
        """Bring the draft to the present text and make it public, by id: doing it twice changes nothing."""
        known = self._not_in_the_trash(remote_id)
        body = {"status": "publish"} | self._fields(article, known) | _slug(article)
        return self._changed(remote_id, body)

    def update(self, remote_id: str, article: Article) -> RemotePost:
        """Bring it to this text; its status and its slug stay as they are on the site."""
        known = self._not_in_the_trash(remote_id)
        return self._changed(remote_id, self._fields(article, known))

    def _changed(self, remote_id: str, body: dict[str, Any]) -> RemotePost:
        answer = self.site.post(f"wp/v2/posts/{remote_id}", body)
        post = one_in(answer)
        if str(post.id) != remote_id:
            raise answer.unclear("WordPress answered for another post")
        if post.status == "trash":
            raise Gone("It is in the trash of the site.")
        if post.visibility is Visibility.PUBLIC and not origin_of(post.link):
            raise answer.unclear("WordPress answered without the article's address")
        return post.remote(note=post.differs_from(body))

    def unpublish(self, remote_id: str) -> None:
        post = self._by_id(remote_id)
        if self.settings.get("unpublished") == TO_TRASH:
            self.site.delete(f"wp/v2/posts/{remote_id}", accept=(410,))  # it is there already
        elif post is None or post.status != "trash":  # which would bring it back as a draft
            self.site.post(f"wp/v2/posts/{remote_id}", {"status": "draft"})

    def _not_in_the_trash(self, remote_id: str) -> Known:
        """The tags and categories that the post has. Raises Gone where somebody has put it into the trash: a change of
        it would bring it back.

        Not to be seen is no proof that it was deleted; that shows with the change itself.
        """
        post = self._by_id(remote_id, _embed="wp:term", _fields=f"{FIELDS},_links,_embedded")
        if post and post.status == "trash":
            raise Gone("It is in the trash of the site.")
        return of_post(post.answer) if post else {}

    # --- Pictures ----------------------------------------------------------------------------------------------------

    def upload(self, image: Image) -> RemoteImage:
        """Into the media library, with its text for those who do not see it."""
        if image.media_type not in PICTURES:
            raise Rejected(f"WordPress does not take pictures of this kind: {image.media_type}.")
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", image.name).strip("-.") or f"{image.digest[:12]}.png"
        disposition = f'attachment; filename="{name}"'
        query = {"alt_text": image.alt} if image.alt else {}
        answer = self.site.upload(image.path.read_bytes(), image.media_type, disposition, **query)
        media = answers.data_of(answer)
        number, url = media.get("id"), media.get("source_url")
        if not isinstance(number, int) or not isinstance(url, str) or not origin_of(url):
            raise Unavailable("WordPress took the picture without saying where it is.")
        return RemoteImage(str(number), url)

    # --- Looking -----------------------------------------------------------------------------------------------------

    def find(self, article: Article, remote_id: str = "") -> RemotePost | None:
        """By id and by mark in every state but the trash; by slug where a plugin searches otherwise than WordPress,
        and then by the very words where one has cut out the mark.
        """
        known = self._by_id(remote_id) if remote_id.isdecimal() else None
        posts = [post for post in [known, *self._marked(article.key)] if post and post.status != "trash"]
        if not posts:
            posts = [post for post in self._at_slug(article.slug) if self._is_ours(post, article)]
        by_visibility = [Visibility.PUBLIC, Visibility.SCHEDULED, Visibility.DRAFT]
        best = min(posts, key=lambda post: by_visibility.index(post.visibility), default=None)
        return best.remote() if best else None

    def _is_ours(self, post: Post, article: Article) -> bool:
        keys = marks_in(post.content)
        ready = prepare(article, self.settings)
        return article.key in keys if keys else post.says((ready.title, ready.content))

    def _by_id(self, remote_id: str, **query: str) -> Post | None:
        if not re.fullmatch(r"\d{1,19}", remote_id):
            raise Gone(f"“{remote_id[:40]}” is not the number of a post on WordPress.")
        wanted: dict[str, Any] = {"context": "edit", "_fields": FIELDS} | query
        answer = self.site.get(f"wp/v2/posts/{remote_id}", accept=(403, 404), **wanted)
        if answer.status in (403, 404):
            if answers.code_of(answer) not in answers.NOT_TO_BE_SEEN:
                raise answers.reading(answer) or answers.no_api()
            return None
        return one_in(answer)

    def _marked(self, key: str) -> list[Post]:
        answer = self._posts(search=key, search_columns="post_content")
        return [post for post in posts_in(answer) if key in marks_in(post.content)]

    def _at_slug(self, slug: str) -> list[Post]:
        if not slug:
            return []
        slugs = ",".join([slug, *(f"{slug}-{number}" for number in range(2, SUFFIXES + 1))])
        return [post for post in posts_in(self._posts(slug=slugs)) if post.status != "trash"]

    def _posts(self, **query: str) -> Answer:
        """In every state but the trash."""
        wanted: dict[str, Any] = {"status": "any", "context": "edit", "per_page": 100, "_fields": FIELDS, **query}
        return self.site.get("wp/v2/posts", **wanted)


def _home(site: Site) -> dict[str, Any]:
    """What the root of the API says of the site. Raises where it is no WordPress, or one too old."""
    answer: Answer = site.get("")
    home = answer.json()
    if not isinstance(home, dict) or "wp/v2" not in (home.get("namespaces") or []):
        raise answers.no_api()
    return home


def _may(me: Mapping[str, Any], capability: str) -> bool:
    capabilities = me.get("capabilities")
    return isinstance(capabilities, dict) and bool(capabilities.get(capability))


def _slug(article: Article) -> dict[str, str]:
    return {"slug": article.slug} if article.slug else {}
