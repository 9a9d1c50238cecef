"""What a channel will make of the pictures of a post: said before it is scheduled, and not a surprise after."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.conf import settings

from posts.engine.trips import takes_images
from posts.images.outside import addresses_of, problems_of
from posts.images.reading import EXTENSIONS, in_mb
from posts.images.using import addresses_in, house_is_public, rows_of
from posts.models import Post
from publishers.base import Article, Finding, Level, Publisher
from publishers.base import Image as Ours
from publishers.text.pictures import Shown, pictures_in


def findings_of(
    post: Post, publisher: type[Publisher], article: Article, said: Collection[Finding] = ()
) -> list[Finding]:
    """Beside what the publisher has ``said`` itself.

    Two queries at most for all channels of a post, and none for a text without pictures, or where it is not sent.
    """
    if publisher.announces:  # it shows none of the text's
        return []
    shown = pictures_in(article.markdown)
    if not (shown or article.images):
        return []
    lines = {picture.address: picture.line for picture in reversed(shown)}
    return [
        *_without_words(shown),
        *_ours(publisher, article, lines, any(found.field == "cover_url" for found in said)),
        *_damaged(post, article, lines),
        *_gone(article, lines),
        *_outside(post, lines),
    ]


def _without_words(shown: list[Shown]) -> Iterator[Finding]:
    for picture in shown:
        if not picture.alt:
            name = picture.address.rpartition("/")[2][:60] or "one without an address"
            message = f"The picture {name} has no alt text: who does not see it learns nothing of it."
            yield Finding(Level.NOTE, "markdown", message, picture.line)


def _ours(
    publisher: type[Publisher], article: Article, lines: dict[str, int], cover_is_spoken_of: bool
) -> Iterator[Finding]:
    by_address = not (takes_images(publisher) or publisher.carries_images)
    for image in article.images:
        field, line = _place(image, article, lines)
        problem = _refusal(publisher, image) if takes_images(publisher) else ""
        if problem and image.digest not in article.uploaded:
            yield Finding(Level.REFUSED, field, problem, line)
        unsaid = by_address and not (field == "cover_url" and cover_is_spoken_of)
        if unsaid and (problem := _out_of_reach(publisher.label, image)):
            yield Finding(Level.LOST, field, problem, line)


def _out_of_reach(label: str, image: Ours) -> str:
    """Why who fetches it by the address in the text does not get it; "" when everybody does."""
    if not image.url.startswith(f"{settings.SITE_URL}/"):
        return f"{label} looks for the picture {image.name} at {image.url}, which is not the address of this house."
    if not house_is_public():
        return f"{label} shows the picture {image.name} from our address, which nobody outside of your network reaches."
    return ""


def _refusal(publisher: type[Publisher], image: Ours) -> str:
    """Why the platform would not take this file; "" when it does."""
    limits, label = publisher.limits, publisher.label
    if limits.image_types and image.media_type not in limits.image_types:
        taken = ", ".join(EXTENSIONS.get(kind, kind).upper() for kind in limits.image_types)
        return f"{label} does not take the picture {image.name}: it takes {taken}."
    if limits.image_bytes is not None and image.size > limits.image_bytes:
        most = in_mb(limits.image_bytes)
        return (
            f"{label} takes pictures of up to {most}; {image.name} has {in_mb(image.size)}. Use a smaller form of it."
        )
    return ""


def _damaged(post: Post, article: Article, lines: dict[str, int]) -> Iterator[Finding]:
    for image in article.images:
        [(token, _)] = addresses_in(image.url).values()
        row = rows_of(post, {token})[token]
        if row and row.status == row.Status.BROKEN:
            field, line = _place(image, article, lines)
            yield Finding(Level.LOST, field, f"The picture {image.name}: {row.problem}", line)


def _gone(article: Article, lines: dict[str, int]) -> Iterator[Finding]:
    """What looks like an address of ours and shows nothing of this workspace: it was deleted, or is another's."""
    there = {image.url for image in article.images}
    for address, (_, name) in addresses_in(article.cover_url, article.markdown).items():
        if address not in there and address.startswith(("/", settings.SITE_URL)):
            field = "cover_url" if address == article.cover_url else "markdown"
            yield Finding(Level.LOST, field, f"There is no picture {name} of yours any more.", lines.get(address))


def _outside(post: Post, lines: dict[str, int]) -> Iterator[Finding]:
    for address, problem in problems_of(post, addresses_of(post)).items():
        message = f"The picture {address} could not be fetched: {problem}"
        yield Finding(Level.LOST, "markdown", message, lines.get(address))


def _place(image: Ours, article: Article, lines: dict[str, int]) -> tuple[str, int | None]:
    """The field and the line where it stands."""
    line = lines.get(image.url)
    return ("cover_url", None) if line is None and image.url == article.cover_url else ("markdown", line)
