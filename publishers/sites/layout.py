"""Where a post and its pictures are in a site's repository, and the whole file as it is written there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from publishers.base import Article, Image, RemoteImage
from publishers.sites.front_matter import (
    MARK_KEY,
    address,
    file_text,
    front_matter,
    head_of,
    key_in,
    renamed,
    slug_of,
)
from publishers.sites.generators import GENERATORS, Generator

ENDINGS = (".md", ".mdx", ".markdown")
SERVED_AS_ROOT = ("static", "public")  # folders whose content is at the root of the built site
BESIDE = "."
_PLACE = re.compile(r"\{(\w+)\}")
_PLACES = {"year": r"\d{4}", "month": r"\d{2}", "day": r"\d{2}", "slug": r"[^/]+"}


@dataclass(frozen=True)
class PostFile:
    """One post as files: paths from the root of the repository, with “/” between their parts."""

    path: str
    text: str
    url: str  # "" when the site's address is not known
    pictures: Mapping[str, Image] = field(default_factory=dict)  # by path


def usual_path(generator: Generator) -> str:
    date_and_slug = "{year}-{month}-{day}-{slug}.md" if generator.dated_name else "{slug}.md"
    return f"{generator.directory}/{date_and_slug}"


def checked_path(pattern: str) -> str:
    """A pattern of paths in its plain form. Raises ValueError with a sentence."""
    pattern = plain_path(pattern)
    unknown = [name for name in _PLACE.findall(pattern) if name not in _PLACES]
    if unknown:
        raise ValueError(f"“{{{unknown[0]}}}” is not known here: there are {{year}}, {{month}}, {{day}} and {{slug}}.")
    if "{slug}" not in pattern:
        raise ValueError("Please use {slug} in it, else every post would have the same path.")
    if not pattern.endswith(ENDINGS):
        raise ValueError("It has to end with .md, .mdx or .markdown.")
    return pattern


def plain_path(path: str) -> str:
    """A path inside the repository in its plain form. Raises ValueError with a sentence."""
    parts = PurePosixPath(path.strip()).parts
    strange = not path.isprintable() or any(char in path for char in '\\:*?"<>|')
    if strange or path.strip().startswith("/") or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise ValueError("Please name a place inside the repository, without “..” or a leading “/”.")
    return str(PurePosixPath(*parts)) if parts else ""


def post_file(
    article: Article,
    settings: Mapping[str, Any],
    *,
    path: str = "",
    before: str = "",
    changed_at: datetime | None = None,
) -> PostFile:
    """The post as it is written. ``path`` and ``before``: where it is already, and what the file there says.

    Then its path, slug, date and mark stay as they are, and with them its address. ``changed_at`` is told in it;
    without it, what was told there before.
    """
    generator = GENERATORS[settings["generator"]]
    head = head_of(before)
    now = article.due_at or datetime.now(UTC)
    names = _names(settings)
    published = _moment(head.get(names["date"])) or now
    updated = changed_at or _moment(head.get(names.get("updated", "")))
    slug = _slug_in(path, settings) if path else slug_of(article)
    path = path or filled(_pattern(settings), slug, published)
    pictures = _pictures(article, settings, path, slug, published)
    shown = _with_pictures(article, {image.digest: reference for image, _, reference in pictures})
    shown = replace(shown, key=str(head.get(MARK_KEY) or article.key))
    written = front_matter(
        shown, generator, slug=slug, date=published, keys=settings.get("keys") or "", updated=updated
    )
    text = file_text(shown, generator, written, PurePosixPath(path).name)
    by_path = {place: image for image, place, _ in pictures}
    return PostFile(path, text, url_of(settings, slug, published), by_path)


def url_at(path: str, settings: Mapping[str, Any], text: str, otherwise: datetime) -> str:
    """The public address of the post in the file at ``path``, which says ``text``."""
    published = _moment(head_of(text).get(_names(settings)["date"])) or otherwise
    return url_of(settings, _slug_in(path, settings), published)


def url_of(settings: Mapping[str, Any], slug: str, moment: datetime) -> str:
    fixed = _fixed_part(_pattern(settings))
    return address(GENERATORS[settings["generator"]], {**settings, "directory": fixed}, slug, moment)


def is_ours(text: str, key: str = "") -> bool:
    """Whether the file was written by us; with ``key``, whether it is this article's."""
    found = key_in(text)
    return bool(found) and found == (key or found)


def filled(pattern: str, slug: str, moment: datetime) -> str:
    values = {"year": f"{moment:%Y}", "month": f"{moment:%m}", "day": f"{moment:%d}", "slug": slug}
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), pattern)


def numbered(article: Article, settings: Mapping[str, Any], most: int = 50) -> Iterator[PostFile]:
    """The post as a file, and then under a slug with a number, for where its path is another post's of ours."""
    yield post_file(article, settings)
    for number in range(2, most + 1):
        yield post_file(replace(article, slug=f"{slug_of(article)[:70]}-{number}"), settings)


def picture_folder(settings: Mapping[str, Any], path: str, slug: str, moment: datetime) -> str:
    generator = GENERATORS[settings["generator"]]
    pattern = settings.get("pictures") or (BESIDE if _is_bundle(_pattern(settings)) else generator.pictures)
    return str(PurePosixPath(path).parent) if pattern == BESIDE else filled(pattern, slug, moment)


def picture_folder_of(settings: Mapping[str, Any], path: str, text: str) -> str:
    """The folder of the pictures of the post that is at ``path`` and says ``text``."""
    published = _moment(head_of(text).get(_names(settings)["date"])) or datetime.now(UTC)
    return picture_folder(settings, path, _slug_in(path, settings), published)


def pictures_named_in(text: str, names: Iterable[str]) -> list[str]:
    """Those of ``names`` (of files beside ours) that carry our own way of naming and are shown by ``text``."""
    return [name for name in names if _OWN_PICTURE.search(name) and name in text]


_OWN_PICTURE = re.compile(r"-[0-9a-f]{10}\.\w{1,8}\Z")


def _pictures(
    article: Article, settings: Mapping[str, Any], path: str, slug: str, moment: datetime
) -> list[tuple[Image, str, str]]:
    """Each picture with its path in the repository and the address that the text names it by."""
    folder = picture_folder(settings, path, slug, moment)
    places = []
    for image in article.images:
        place = f"{folder}/{_picture_name(image)}".removeprefix("./")
        places.append((image, place, _reference(place, path, settings)))
    return places


def _picture_name(image: Image) -> str:
    """With a part of its digest: two pictures never share a name, and the same one always has the same."""
    name = PurePosixPath(image.name or "picture")
    stem = re.sub(r"[^a-z0-9]+", "-", name.stem.lower()).strip("-")[:60] or "picture"
    ending = re.sub(r"[^a-z0-9]", "", name.suffix.lower()) or image.media_type.rpartition("/")[2][:8] or "img"
    return f"{stem}-{image.digest[:10]}.{ending.replace('+xml', '')}"


def _reference(place: str, path: str, settings: Mapping[str, Any]) -> str:
    parts = PurePosixPath(place).parts
    if PurePosixPath(place).parent == PurePosixPath(path).parent:
        return f"./{parts[-1]}"
    below = "/".join(parts[1:] if parts[0] in SERVED_AS_ROOT else parts)
    prefix = urlsplit(settings.get("base_url") or "").path.rstrip("/")
    return f"{prefix}/{quote(below)}"


def _with_pictures(article: Article, references: Mapping[str, str]) -> Article:
    """The article, whose own pictures are where they will be on the site."""
    places = {digest: RemoteImage("", reference) for digest, reference in references.items()}
    covers = {image.url: references[image.digest] for image in article.images}
    return replace(article, uploaded=places, cover_url=covers.get(article.cover_url, article.cover_url))


def _pattern(settings: Mapping[str, Any]) -> str:
    return str(settings.get("path") or usual_path(GENERATORS[settings["generator"]]))


def _names(settings: Mapping[str, Any]) -> dict[str, str]:
    """What our names for the front matter's keys are called on this site."""
    return dict(GENERATORS[settings["generator"]].keys) | renamed(settings.get("keys") or "")


def _moment(value: Any) -> datetime | None:
    """A date in front matter, as YAML reads it: what has no zone is in UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


def _slug_in(path: str, settings: Mapping[str, Any]) -> str:
    """The slug in the path of a file, also when the pattern has become another one since it was written."""
    names = {name: f"(?P<{name}>{_PLACES[name]})" for name in _PLACES}
    seen: set[str] = set()

    def place(found: re.Match[str]) -> str:
        name = found[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else names[name]

    pattern = re.sub(r"\\\{(\w+)\\\}", place, re.escape(_pattern(settings)))
    if found := re.fullmatch(pattern, path):
        return found["slug"]
    name = PurePosixPath(path)
    stem = name.parent.name if name.stem == "index" else name.stem
    return re.sub(r"\A\d{4}-\d{2}-\d{2}-", "", stem)


def _is_bundle(pattern: str) -> bool:
    return PurePosixPath(pattern).stem == "index"


def _fixed_part(pattern: str) -> str:
    """The folders before the first that a post's own values stand in."""
    parts = PurePosixPath(pattern).parts[:-1]
    first = next((number for number, part in enumerate(parts) if "{" in part), len(parts))
    return "/".join(parts[:first])
