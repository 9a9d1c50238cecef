"""What goes out: an article as DEV shows it in each place, and its sentences when it says no."""

import zlib
from datetime import UTC, datetime
from typing import Any

from sandbox import front_matter, liquid, rendering
from sandbox.clock import iso
from sandbox.common import name_of
from sandbox.contract import Outcome
from sandbox.messages import Request, Response, json_response
from sandbox.store import Account, Article, Store

NAME = "devto"
DISCLOSURES = ("not_disclosed", "no_ai", "some_ai", "fully_autonomous")
DISCLOSURE_LABELS = dict(zip(DISCLOSURES, (None, "Hand Written", "AI-Assisted", "Fully Autonomous"), strict=True))


# People


def own_profile(account: Account) -> dict[str, Any]:
    """Who somebody is, as told to themselves."""
    user = {"type_of": "user", "id": account.id, "username": account.username, "name": name_of(account.username)}
    nothing = dict.fromkeys(("twitter_username", "github_username", "summary", "location", "website_url"))
    joined = {"joined_at": _day(account.created_at, "%b %-d, %Y"), "profile_image": ""}
    return user | nothing | joined


def _author(store: Store, article: Article) -> dict[str, Any]:
    account = store.account_named(NAME, article.account)
    nothing = dict.fromkeys(("twitter_username", "github_username", "website_url"))
    images = dict.fromkeys(("profile_image", "profile_image_90"), "")
    who = {"name": name_of(article.account), "username": article.account, "user_id": account.id if account else 0}
    return who | nothing | images


# Articles


def _common(store: Store, article: Article, request: Request) -> dict[str, Any]:
    """What every view of an article shows. `published` is not among it: its absence says nothing."""
    own = article.fields
    is_out = article.published and article.published_at is not None
    return {
        "type_of": "article",
        "id": article.id,
        "title": article.title,
        "description": own["description"],
        "slug": own["slug"],
        "path": article.path,
        "url": url_of(article, request),
        "comments_count": 0,
        "public_reactions_count": 0,
        "positive_reactions_count": 0,
        "published_timestamp": iso(article.published_at) if is_out else "",
        "cover_image": own["main_image"],
        "canonical_url": article.canonical_url or url_of(article, request),
        "reading_time_minutes": max(1, round(len(article.body.split()) / 275)),
        "ai_disclosure_level": own["ai_disclosure_level"],
        "body_markdown": article.body,
        "published_at": iso(article.published_at),
        "user": _author(store, article),
    }


def shown(store: Store, article: Article, request: Request) -> dict[str, Any]:
    """The answer to create, show and update: `tag_list` is a string, `tags` an array."""
    own = article.fields
    return _common(store, article, request) | {
        "readable_publish_date": _day(article.published_at, "%b %-d"),
        "collection_id": _collection(article),
        "social_image": own["main_image"],
        "created_at": iso(article.created_at),
        "edited_at": iso(own["edited_at"]),
        "crossposted_at": None,
        "last_comment_at": None,
        "tag_list": ", ".join(own["tags"]),
        "tags": own["tags"],
        "body_html": html_of(article.body),
        "language": own["language"],
        "subforem_id": own["subforem_id"],
        "ai_disclosure_label": DISCLOSURE_LABELS[own["ai_disclosure_level"]],
    }


def listed(store: Store, article: Article, request: Request) -> dict[str, Any]:
    """An entry of the author's own lists: the two tag fields are swapped, and `published` is there."""
    tags = article.fields["tags"]
    swapped = {"published": article.published, "page_views_count": 0, "tag_list": tags, "tags": ", ".join(tags)}
    return _common(store, article, request) | swapped


def url_of(article: Article, request: Request) -> str:
    return f"{request.origin}/{NAME}{article.path}"


def html_of(body: str) -> str:
    """A body as readers see it, without its front matter."""
    try:
        _, text = front_matter.split(body)
    except front_matter.BadFrontMatter:
        text = body
    return rendering.render(liquid.for_readers(text), footnotes=True)  # as Redcarpet does


def _collection(article: Article) -> int | None:
    """A number for the series, always the same for the same author and name."""
    series = article.fields["series"]
    return zlib.crc32(f"{article.account}/{series}".encode()) if series else None


def _day(moment: float | None, form: str) -> str | None:
    return datetime.fromtimestamp(moment, UTC).strftime(form) if moment is not None else None


# Saying no


def refusal(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return json_response(status, {"error": words, "status": status}, headers)


def unauthorized() -> Outcome:
    return Outcome(refusal(401, "unauthorized"))


def not_found() -> Outcome:
    return Outcome(refusal(404, "not found"))


def too_many(seconds: int) -> Outcome:
    sentence = f"Rate limit reached, try again in {seconds} seconds"
    return Outcome(refusal(429, sentence, {"Retry-After": str(seconds)}))


def unprocessable(errors: list[str]) -> Outcome:
    """All errors in one English sentence: "A", "A and B", "A, B, and C"."""
    *most, last = errors
    joined = " and ".join([*most, last]) if len(most) < 2 else f"{', '.join(most)}, and {last}"
    return Outcome(refusal(422, joined))


def disclosure_missing(request: Request) -> Response:
    sentence = f"ai_disclosure_level is required when creating an article. Set it to one of: {', '.join(DISCLOSURES)}."
    demand = {"required": True, "allowed_values": list(DISCLOSURES), "policy_url": f"{request.origin}/llms.txt"}
    return json_response(422, {"error": sentence, "status": 422, "ai_disclosure_level": demand})
