"""What goes out: posts, tags and mails as Ghost shows them, and its sentences when it says no."""

import hashlib
import json
import uuid
from typing import Any

import nh3

from sandbox.clock import iso
from sandbox.common import plain_words
from sandbox.contract import Outcome
from sandbox.messages import Request, json_response
from sandbox.platforms.ghost import card
from sandbox.store import Article

NAME = "ghost"
PLAIN = (
    "custom_excerpt", "feature_image", "feature_image_alt", "feature_image_caption", "featured", "visibility",
    "meta_title", "meta_description", "email_subject", "og_title", "og_description", "og_image", "twitter_title",
    "twitter_description", "twitter_image", "codeinjection_head", "codeinjection_foot", "custom_template",
)  # fmt: skip
"""Fields that are kept and shown as they were given."""


def post_id(number: int) -> str:
    """Ids have 24 hexadecimal digits."""
    return f"{number:024x}"


def moment(seconds: float | None) -> str | None:
    """With milliseconds that are always zero: the database keeps whole seconds."""
    text = iso(seconds)
    return text.replace("Z", ".000Z") if text else None


def shown(article: Article, request: Request) -> dict[str, Any]:
    own = article.fields
    return {
        "id": post_id(article.id),
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, str(article.id))),
        "title": article.title,
        "slug": own["slug"],
        "status": own["status"],
        "html": body_html(article),
        "lexical": own.get("lexical"),
        "canonical_url": article.canonical_url,
        "created_at": moment(article.created_at),
        "updated_at": moment(article.updated_at),
        "published_at": moment(article.published_at),
        "url": url_of(article, request),
        "tags": [tag(name) for name in own["tags"]],
        "email": own.get("email"),
        "newsletter": own.get("newsletter"),
        **{name: own.get(name) for name in PLAIN},
    }


def url_of(article: Article, request: Request) -> str:
    """A draft's is its preview, which changes with the slug and asks for a log-in."""
    if article.fields["status"] == "published":
        return f"{request.origin}/{NAME}{article.path}"
    return f"{request.origin}/{NAME}/p/{post_id(article.id)}/"


def tag(name: str) -> dict[str, Any]:
    internal = name.startswith("#")
    return {
        "id": hashlib.sha256(name.casefold().encode()).hexdigest()[:24],
        "name": name,
        "slug": tag_slug(name),
        "visibility": "internal" if internal else "public",
    }


def tag_slug(name: str) -> str:
    return f"hash-{plain_words(name[1:])}" if name.startswith("#") else plain_words(name)


def body_html(article: Article) -> str:
    """Markdown cards are rendered with line breaks; HTML loses its scripts."""
    if article.fields.get("lexical"):
        root = json.loads(article.fields["lexical"]).get("root", {})
        cards = [child.get("markdown", "") for child in root.get("children", []) if child.get("type") == "markdown"]
        return card.render("\n\n".join(cards))
    return nh3.clean(article.body)


def refused(status: int, kind: str, message: str, context: str = "", code: str = "") -> Outcome:
    error = {
        "message": message, "context": context or None, "type": kind, "details": None, "property": None, "help": None,
        "code": code or None, "id": "00000000-0000-0000-0000-000000000000", "ghostErrorCode": None,
    }  # fmt: skip
    return Outcome(json_response(status, {"errors": [error]}))


def invalid(context: str) -> Outcome:
    return refused(422, "ValidationError", "Validation error, cannot save post.", context)


def not_found(what: str = "Resource not found error, cannot read post.") -> Outcome:
    return refused(404, "NotFoundError", what, "Post not found.")


def collided() -> Outcome:
    sentence = "Saving failed! Someone else is editing this post."
    return refused(409, "UpdateCollisionError", sentence, code="UPDATE_COLLISION")
