"""Which of our pictures a text shows. Most texts show none, and that costs no query."""

from __future__ import annotations

import re

from django.conf import settings
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from posts.models import Channel, Delivery, Image, Post
from publishers import base
from publishers.preparing import is_public_url

PUBLIC = "/pictures/"  # how every public address of a picture goes on after the host
PATH = re.compile(rf"{PUBLIC}([A-Za-z0-9_-]{{22}})/([A-Za-z0-9-]+\.[a-z]+)")
# The whole of it, whatever host it was written with: a house may have moved since, and its pictures with it.
_ADDRESS = re.compile(rf"(?:https?://[^\s<>()\"'\[\]\\/]+)?{PATH.pattern}")


def addresses_in(*texts: str) -> dict[str, tuple[str, str]]:
    """What may be addresses of our pictures, in the order of the texts: the token and the name in each."""
    found: dict[str, tuple[str, str]] = {}
    for text in texts:
        if PUBLIC in text:
            found.update((match[0], (match[1], match[2])) for match in _ADDRESS.finditer(text))
    return found


def images_of(post: Post, *texts: str) -> tuple[base.Image, ...]:
    """The pictures of the post's own workspace that these texts of it show, in their order; each with the address that
    it is named by there.
    """
    named = addresses_in(*texts)
    if not named:
        return ()
    rows = rows_of(post, {token for token, _ in named.values()})
    found = []
    for address, (token, name) in named.items():
        row = rows[token]
        form = row.form(name) if row else None
        if row and form:
            found.append(base.Image(url=address, path=row.path_of(form), alt=row.alt, **form))
    return tuple(found)


def rows_of(post: Post, tokens: set[str]) -> dict[str, Image | None]:
    """The rows of these pictures, None for those that are not its workspace's. Kept with the post in hand, because each
    channel asks for the same ones.
    """
    known: dict[str, Image | None] = post.__dict__.setdefault("_pictures", {})
    if missing := tokens - known.keys():
        found = Image.objects.filter(workspace=post.workspace_id, token__in=missing)
        known.update(dict.fromkeys(missing) | {row.token: row for row in found})
    return known


def posts_with(image: Image) -> QuerySet[Post]:
    """The posts of its workspace that show it, be it on one channel only."""
    address = f"{PUBLIC}{image.token}/"
    said = Post.objects.annotate(said_otherwise=Cast("versions", TextField()))
    shows = Q(markdown__contains=address) | Q(cover_url__contains=address) | Q(said_otherwise__contains=address)
    return said.filter(shows, workspace=image.workspace_id)


def waits_for(image: Image) -> QuerySet[Delivery]:
    """What is still to go out with it: with a post, or with what a channel adds to all of them."""
    channels = Channel.objects.annotate(added=Cast("defaults", TextField())).filter(
        workspace=image.workspace_id, added__contains=f"{PUBLIC}{image.token}/"
    )
    return Delivery.objects.pending().filter(
        Q(post__in=posts_with(image).values("pk")) | Q(channel__in=channels.values("pk"))
    )


def house_is_public() -> bool:
    """Whether platforms can fetch a picture from us, as far as our address shows."""
    return is_public_url(f"{settings.SITE_URL}/")
