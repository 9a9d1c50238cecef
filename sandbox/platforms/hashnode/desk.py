"""Who carries out a query or a mutation: one function for each field at the root, for one request of one account."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox import rendering
from sandbox.clock import iso, seconds_of
from sandbox.common import is_address, name_of, plain_words
from sandbox.platforms.hashnode import storage
from sandbox.platforms.hashnode.graph import is_object_id, refuse
from sandbox.store import Account, Article, Store

NAME = "hashnode"
MAX_TAGS = 15
MAX_CO_AUTHORS = 4
MAX_FIRST = {"posts": 100, "drafts": 50}
NOT_PRO = "Publication does not have an active Pro plan. Upgrade in your dashboard to access this via the API."

DRAFT, POST = "d4af7000", "90570000"
"""How the ids of a draft and of a post end."""

EMBED = re.compile(r"^%\[([^\]\s]+)\][ \t]*$|^%%\[([^\]\s]+)\][ \t]*$", re.MULTILINE)

Node = dict[str, Any]


def id_of(article: Article, kind: str) -> str:
    """The id of an article as a draft, or as a post."""
    return f"{article.id:016x}{kind}"


def number_of(text: str, *kinds: str) -> int:
    """The number of the article with this id; 0 when it is the id of none."""
    return int(text[:16], 16) if is_object_id(text) and text[16:] in (kinds or (DRAFT, POST)) else 0


def for_readers(markdown: str) -> str:
    """The text with embedded pages and widgets as readers see them."""
    return EMBED.sub(lambda found: f"*embedded: {found[1] or found[2]}*", markdown)


class Desk:
    """Carries out one request. `article` is the last one it was about."""

    def __init__(
        self, store: Store, account: Account | None, origin: str, as_of: float | None, switches: Mapping[str, bool]
    ) -> None:
        self.store = store
        self.account = account
        self.origin = origin
        self.as_of = as_of
        self.switches = switches
        self.article: Article | None = None

    def root(self) -> Mapping[str, Callable[..., Any]]:
        """The functions by the names of the fields."""
        return {
            "me": self._me, "publication": self._publication, "post": self._post, "draft": self._draft,
            "createDraft": self._create_draft, "updateDraft": self._update_draft,
            "publishDraft": self._publish_draft, "publishPost": self._publish_post, "updatePost": self._update_post,
            "createImageUploadURL": self._create_image_upload,
        }  # fmt: skip

    # Who

    def _who(self) -> Account:
        if not self.account:
            refuse("UNAUTHENTICATED", "You must be authenticated.")
        return self.account

    def _own_publications(self) -> list[Node]:
        who = self._who()
        name = name_of(who.username)
        made = [(who.username, f"{name}'s blog")]
        if self.switches["two_publications"]:
            made.append((f"{who.username}-notes", f"{name}'s notes"))
        return [self._publication_called(handle, title) for handle, title in made]

    def _publication_called(self, handle: str, title: str) -> Node:
        url = f"{self.origin}/{NAME}/{handle}"
        series = {"id": _made_up(handle, "letters"), "name": "Letters", "slug": "letters"}
        publication: Node = {"id": _made_up(handle), "handle": handle, "title": title, "url": url, "isTeam": False}
        return publication | {
            "canonicalURL": url,
            "post": lambda _, slug: self._shown_post(self._public_at(publication, slug)),
            "redirectedPost": lambda _, slug: self._redirected(publication, slug),
            "posts": lambda _, **page: self._posts(publication, **page),
            "drafts": lambda _, **page: self._drafts(publication, **page),
            "series": lambda _, slug: series if slug == series["slug"] else None,
            "seriesList": lambda _, **page: _page([series], 100, **page),
            "own_series": series,
        }

    def _me(self, _: Any) -> Node:
        who = self._who()
        publications = self._own_publications()
        return {
            "id": _made_up(who.username, "user"),
            "username": who.username,
            "name": name_of(who.username),
            "publications": lambda _, **page: _page(publications, 100, **page),
        }

    def _publication(self, _: Any, id: str | None = None, host: str | None = None) -> Node:
        for publication in self._own_publications():
            if id == publication["id"] or (host and host == str(publication["url"]).partition("://")[2]):
                self._must_pay()
                return publication
        refuse("NOT_FOUND", "Publication not found.")

    def _must_pay(self) -> None:
        if not self.switches["pro"]:
            refuse("FORBIDDEN", NOT_PRO)

    def _must_be_allowed_to_publish(self) -> None:
        if self.switches["contributor"]:
            refuse("FORBIDDEN", "You do not have permission to publish in this publication.")

    # What is there

    def _articles(self, publication: Node, published: bool) -> list[Article]:
        found = self.store.articles(NAME, self._who().username, published=published, as_of=self.as_of)
        return [article for article in found if article.fields["publication"] == publication["id"]]

    def _public_at(self, publication: Node, slug: str) -> Article | None:
        return next((one for one in self._articles(publication, True) if one.fields["slug"] == slug), None)

    def _redirected(self, publication: Node, slug: str) -> Node | None:
        for article in self._articles(publication, True):
            if slug in article.fields["old_slugs"]:
                return {"id": id_of(article, POST), "slug": article.fields["slug"]}
        return None

    def _posts(self, publication: Node, first: int, after: str | None = None, filter: Any = None) -> Node:
        wanted = set((filter or {}).get("tagSlugs") or ())
        found = self._articles(publication, True)
        kept = [one for one in found if not wanted or wanted & {tag["slug"] for tag in one.fields["tags"]}]
        return _page([self._shown_post(one) for one in kept], MAX_FIRST["posts"], first, after)

    def _drafts(self, publication: Node, first: int, after: str | None = None) -> Node:
        found = [self._shown_draft(one) for one in self._articles(publication, False)]
        return _page(found, MAX_FIRST["drafts"], first, after)

    def _post(self, _: Any, id: str) -> Node | None:
        """A public post, for anybody."""
        article = self.store.article(NAME, number_of(id, POST), self.as_of)
        if not article or not article.published:
            refuse("NOT_FOUND", "Post not found.")
        return self._shown_post(article)

    def _draft(self, _: Any, id: str) -> Node:
        article = self._own_draft(id)
        self._must_pay()
        return self._shown_draft(article)

    def _own_draft(self, id: str) -> Article:
        """A draft of one's own. One that was published is none any more."""
        who = self._who()
        article = self.store.article(NAME, number_of(id, DRAFT), self.as_of)
        if not article or article.published or article.account != who.username:
            refuse("NOT_FOUND", "Draft not found.")
        self.article = article
        return article

    # Writing

    def _create_draft(self, _: Any, input: dict[str, Any]) -> Node:
        return {"draft": self._shown_draft(self._new(input))}

    def _update_draft(self, _: Any, input: dict[str, Any]) -> Node:
        article = self._own_draft(input["draftId"])
        self._must_pay()
        self._take(article, input)
        return {"draft": self._shown_draft(self.store.save(article))}

    def _publish_draft(self, _: Any, input: dict[str, Any]) -> Node:
        article = self._own_draft(input["draftId"])
        self._must_pay()
        self._must_be_allowed_to_publish()
        return {"post": self._shown_post(self._make_public(article))}

    def _publish_post(self, _: Any, input: dict[str, Any]) -> Node:
        self._must_be_allowed_to_publish()
        return {"post": self._shown_post(self._make_public(self._new(input)))}

    def _update_post(self, _: Any, input: dict[str, Any]) -> Node:
        who = self._who()
        article = self.store.article(NAME, number_of(input["id"], POST))
        if not article or not article.published or article.account != who.username:
            refuse("NOT_FOUND", "Post not found.")
        self._must_pay()
        slug = article.fields["slug"]
        self._take(article, input)
        if article.fields["slug"] != slug:
            article.fields["old_slugs"] = [*article.fields["old_slugs"], slug]
            self._settle_at(article, article.fields["slug"])
        self.article = self.store.save(article)
        return {"post": self._shown_post(article)}

    def _create_image_upload(self, _: Any, input: dict[str, Any]) -> Node:
        """For anybody with a token: no plan is asked for."""
        kind = input["contentType"]
        if not kind.startswith("image/") or "svg" in kind:
            refuse("BAD_USER_INPUT", "Only images may be uploaded, and no SVG.")
        return {"presignedPost": storage.form_for(self._who().username, kind, f"{self.origin}/{NAME}")}

    def _new(self, given: dict[str, Any]) -> Article:
        who = self._who()
        publication = next((one for one in self._own_publications() if one["id"] == given["publicationId"]), None)
        if not publication:
            refuse("NOT_FOUND", "Publication not found.")
        self._must_pay()
        article = Article(NAME, who.username, created_at=self.store.now(), fields={
            "publication": publication["id"], "handle": publication["handle"], "slug": "", "old_slugs": [], "tags": [],
            "cover": None, "subtitle": None, "series": None, "delisted": False,
        })  # fmt: skip
        self._take(article, given)
        self.store.save(article)
        article.path = f"/preview/{id_of(article, DRAFT)}"
        self.article = article
        return self.store.save(article)

    def _take(self, article: Article, given: dict[str, Any]) -> None:
        """Put what was sent into an article. What was left out, or is null, stays as it is."""
        sent = {name: value for name, value in given.items() if value is not None}
        plain = article.fields
        article.title = sent.get("title", article.title)
        article.body = sent.get("contentMarkdown", article.body)
        article.canonical_url = sent.get("originalArticleURL", article.canonical_url)
        article.updated_at = self.store.now()
        plain["slug"] = _slug(sent["slug"]) if sent.get("slug") else plain["slug"]
        plain["subtitle"] = sent.get("subtitle", plain["subtitle"])
        plain["tags"] = sent.get("tags", plain["tags"])
        cover = sent.get("coverImage") or (sent.get("coverImageOptions") or {}).get("coverImageURL")
        plain["cover"] = cover or plain["cover"]
        hidden = sent.get("isDelisted", (sent.get("settings") or {}).get("delist"))
        plain["delisted"] = plain["delisted"] if hidden is None else hidden
        plain["newsletter"] = bool((sent.get("settings") or {}).get("activateNewsletter"))
        plain["series"] = self._series(article, sent.get("seriesId")) or plain["series"]
        if when := seconds_of(sent.get("publishedAt")):
            article.published_at = when
        self._check(article, sent)

    def _series(self, article: Article, series_id: str | None) -> Node | None:
        if not series_id:
            return None
        series = next(
            (one["own_series"] for one in self._own_publications() if one["id"] == article.fields["publication"]), None
        )
        if not series or series["id"] != series_id:
            refuse("NOT_FOUND", "Series not found.")
        return dict(series)

    def _check(self, article: Article, sent: dict[str, Any]) -> None:
        if len(article.fields["tags"]) > MAX_TAGS:
            refuse("BAD_USER_INPUT", f"A post can have at most {MAX_TAGS} tags.")
        for tag in article.fields["tags"]:
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", tag["slug"]):
                refuse("BAD_USER_INPUT", f"“{tag['slug']}” is not the slug of a tag.")
        if len(sent.get("coAuthors", ())) > MAX_CO_AUTHORS:
            refuse("BAD_USER_INPUT", f"A post can have at most {MAX_CO_AUTHORS} co-authors.")
        for name, url in (("originalArticleURL", article.canonical_url), ("coverImage", article.fields["cover"])):
            if url and not is_address(url):
                refuse("BAD_USER_INPUT", f"{name} is not a URL.")
        if article.published:
            self._check_whole(article)

    def _check_whole(self, article: Article) -> None:
        """A draft may lack something, a post may not."""
        if not article.title.strip():
            refuse("BAD_USER_INPUT", "Title is required.")
        if not article.body.strip():
            refuse("BAD_USER_INPUT", "Content is required.")

    def _make_public(self, article: Article) -> Article:
        self._check_whole(article)
        self._settle_at(article, article.fields["slug"] or _slug(article.title))
        article.published = True
        article.published_at = min(article.published_at or self.store.now(), self.store.now())
        return self.store.save(article)

    def _settle_at(self, article: Article, slug: str) -> None:
        """Give a post its address. What happens when it is taken is not known of the real one: a switch decides."""
        publication = {"id": article.fields["publication"]}
        taken = {one.fields["slug"] for one in self._articles(publication, True) if one.id != article.id}
        if slug in taken and not self.switches["suffix"]:
            refuse("BAD_USER_INPUT", "A post with this slug already exists in the publication.")
        free, number = slug, 0
        while free in taken:
            number += 1
            free = f"{slug}-{number}"
        article.fields["slug"] = free
        article.path = f"/{article.fields['handle']}/{free}"

    # What it looks like

    def _common(self, article: Article) -> Node:
        html = rendering.render(for_readers(article.body))
        cover = article.fields["cover"]
        return {
            "title": article.title,
            "slug": article.fields["slug"],
            "content": {"markdown": article.body, "html": html, "text": rendering.text_of(html)},
            "coverImage": {"url": cover} if cover else None,
            "canonicalUrl": article.canonical_url,
            "tags": [
                {"id": _made_up(tag["slug"], "tag"), "slug": tag["slug"], "name": tag.get("name") or tag["slug"]}
                for tag in article.fields["tags"]
            ],
            "updatedAt": iso(article.updated_at),
        }

    def _shown_post(self, article: Article | None) -> Node | None:
        if not article:
            return None
        self.article = article
        counts = dict.fromkeys(("views", "reactionCount", "responseCount", "replyCount"), 0)
        return (
            self._common(article)
            | counts
            | {
                "id": id_of(article, POST),
                "url": f"{self.origin}/{NAME}{article.path}",
                "subtitle": article.fields["subtitle"],
                "series": article.fields["series"],
                "publishedAt": iso(article.published_at),
                "publication": lambda _: self._publication(_, article.fields["publication"]),
            }
        )

    def _shown_draft(self, article: Article) -> Node:
        return self._common(article) | {"id": id_of(article, DRAFT), "isSubmittedForReview": False}


def _page(nodes: list[Any], most: int, first: int, after: str | None = None) -> Node:
    """One page of a list; a cursor is the number of nodes before the next one."""
    start = int(after) if after and after.isdecimal() else 0
    end = start + max(0, min(first, most))
    edges = [{"node": node, "cursor": str(number)} for number, node in enumerate(nodes[start:end], start + 1)]
    info = {
        "hasNextPage": end < len(nodes),
        "endCursor": edges[-1]["cursor"] if edges else None,
        "totalDocuments": len(nodes),
    }
    return {"edges": edges, "pageInfo": info, "totalDocuments": len(nodes)}


def _made_up(*words: str) -> str:
    """An id that is always the same for the same words."""
    return hashlib.sha256("/".join(words).encode()).hexdigest()[:24]


def _slug(text: str) -> str:
    return plain_words(text) or "post"
