"""Verbs: take a picture in, describe it, let it go."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.text import slugify

from accounts.models import User, Workspace
from posts.images import using
from posts.images.reading import EXTENSIONS, NotTaken, in_mb, read
from posts.models import Image
from posts.models.image import file_of


class InUse(Exception):
    """It is still to go out with a post; ``str()`` is the sentence for who wanted to delete it."""


def take_in(
    workspace: Workspace, by: User | None, data: bytes, name: str, *, alt: str = "", batch: UUID | None = None
) -> Image:
    """Keep the picture in ``data`` and give it its address. Raises NotTaken. Ring after the commit.

    The same picture a second time is the one that is there. Its file is on the disk before its row, so that no row is
    ever without a file.
    """
    picture = read(data)
    digest = hashlib.sha256(picture.data).hexdigest()
    extension = EXTENSIONS[picture.media_type]
    there = Image.objects.of(workspace).filter(digest=digest)
    path = file_of(workspace.pk, digest, f".{extension}")
    if not there.exists():
        _must_have_room(workspace, len(picture.data))
    if not path.is_file():
        write_whole(path, picture.data)
    try:
        with transaction.atomic():
            return there.first() or Image.objects.create(
                workspace=workspace, uploaded_by=by, digest=digest, name=f"{_stem(name)}.{extension}", alt=alt[:500],
                media_type=picture.media_type, size=len(picture.data), width=picture.width, height=picture.height,
                is_animated=picture.is_animated, batch=batch,
            )  # fmt: skip
    except IntegrityError:  # the same picture was given twice at this moment
        return there.get()


def _must_have_room(workspace: Workspace, size: int) -> None:
    """Raises NotTaken. Two at one moment may both be taken: it is a bound for the disk, and no promise."""
    taken = Image.objects.of(workspace).aggregate(taken=Sum("size"))["taken"] or 0
    if taken + size > settings.IMAGES_BYTES:
        most = in_mb(settings.IMAGES_BYTES)
        raise NotTaken(f"Your pictures would take more than {most} together. Delete some that you do not need.")


def _stem(name: str) -> str:
    """What of a file's name becomes the end of an address."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem = last.rpartition(".")[0] or last
    return slugify(stem.replace("_", "-")).replace("_", "-").strip("-")[:60].strip("-") or "picture"


def write_whole(path: Path, data: bytes) -> None:
    """All of it or nothing, also when the power fails."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise


def describe(image: Image, alt: str) -> None:
    """What it shows, in words: what the editor offers for it from now on."""
    Image.objects.filter(pk=image.pk).update(alt=" ".join(alt.split())[:500])


@transaction.atomic
def delete(image: Image) -> None:
    """Its address answers no more. Raises InUse while something with it has still to go out."""
    waiting = using.waits_for(image).select_related("post").first()
    if waiting:
        raise InUse(f"“{waiting.post}” is still to go out with this picture. Take it out of the text first.")
    paths = [image.path_of(form) for form in image.forms()]
    Image.objects.filter(pk=image.pk).delete()
    transaction.on_commit(partial(_remove, paths))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()
