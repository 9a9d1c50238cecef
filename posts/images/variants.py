"""Verbs: make the smaller and newer forms of a picture. A worker's work: it takes seconds.

Doing it twice makes the same files under the same names. A worker that dies leaves a row that is WAITING and a lease
that runs out; one whose decoder a picture kills is not killed by it for ever.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from PIL import Image as Pillow

from posts.images.keeping import write_whole
from posts.images.reading import FORMATS
from posts.models import Image

WIDTHS = (480, 960, 1920)  # pixels: a list, a column of text, a whole window
STILL = 480  # of what moves there is one small still picture, for lists
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "webp": ("image/webp", {"quality": 82, "method": 4}),
    "avif": ("image/avif", {"quality": 60, "speed": 8, "max_threads": 1}),
}
LEASE = timedelta(minutes=2)
TRIES = 3  # workers that one picture may cost
Status = Image.Status

_one_at_a_time = threading.Lock()  # in each process: what publishes must not wait for the processor


def prepare_waiting(is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Prepare every picture that waits for it, the oldest first; the number of those that were."""
    done = 0
    while not is_stopping():
        pk = Image.objects.to_prepare().order_by("pk").values_list("pk", flat=True).first()
        if pk is None or prepare(pk) is None:
            break
        done += 1
    return done


def prepare(image_id: int) -> str | None:
    """Make its variants; what came of it, in a sentence. None when it does not wait, or somebody is at it."""
    if not _one_at_a_time.acquire(blocking=False):
        return None
    try:
        begun = Image.objects.to_prepare().filter(pk=image_id)
        if not begun.update(lease_until=Now() + LEASE, tries=F("tries") + 1):
            return None
        return _prepare(Image.objects.get(pk=image_id))
    finally:
        _one_at_a_time.release()


def _prepare(image: Image) -> str:
    if image.tries > TRIES:
        return _end(image, Status.BROKEN, problem=f"{TRIES} workers did not come back from preparing it.")
    try:
        made = list(_variants(image))
    except FileNotFoundError:
        return _end(image, Status.BROKEN, problem="Its file is missing. Upload it again.")
    except Exception:  # whatever a decoder says of it
        return _end(image, Status.BROKEN, problem="Its file is damaged: it cannot be opened whole. Upload it again.")
    return _end(image, Status.READY, variants=made)


def _end(image: Image, status: Image.Status, **changes: Any) -> str:
    """Only while it is still waited for: a person may have stopped it, or deleted it."""
    rows = Image.objects.filter(pk=image.pk, status=Status.WAITING)
    if not rows.update(status=status, lease_until=None, **changes):
        for form in changes.get("variants", []):
            with suppress(OSError):
                image.path_of(form).unlink()
        return f"{image.name}: it was stopped."
    found = changes.get("problem") or f"{len(changes['variants'])} forms of it are made."
    return f"{image.name}: {found}"


def _variants(image: Image) -> Iterator[dict[str, Any]]:
    path = image.path_of(image.forms()[0])
    with Pillow.open(path, formats=[FORMATS[image.media_type]]) as opened:
        if opened.format == "JPEG" and opened.mode == "RGB":  # decoded at half the size, where that is enough
            opened.draft("RGB", (WIDTHS[-1], WIDTHS[-1] * image.height // image.width))
        opened.load()
        profile = opened.info.get("icc_profile") if opened.mode in ("RGB", "RGBA", "P") else None
        whole = _plain(opened)
    for width in _widths(image):
        height = max(1, round(image.height * width / image.width))
        smaller = whole.resize((width, height), Pillow.Resampling.LANCZOS)
        for extension in ("webp",) if image.is_animated else KINDS:
            media_type, how = KINDS[extension]
            data = _saved(smaller, extension, icc_profile=profile, **how)
            if width == image.width and len(data) >= image.size:
                continue  # nobody would take it
            form = {
                "name": f"{image.stem}-{width}.{extension}", "digest": hashlib.sha256(data).hexdigest(),
                "media_type": media_type, "size": len(data), "width": width, "height": height,
            }  # fmt: skip
            write_whole(image.path_of(form), data)
            yield form


def _widths(image: Image) -> list[int]:
    if image.is_animated:
        return [min(STILL, image.width)]
    return sorted({width for width in WIDTHS if width < image.width} | {min(image.width, WIDTHS[-1])})


def _plain(image: Pillow.Image) -> Pillow.Image:
    """In the two modes that every encoder takes."""
    if image.mode.startswith("I"):  # 16 bits of grey, of which the higher 8 are seen
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    has_alpha = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _saved(image: Pillow.Image, extension: str, **how: Any) -> bytes:
    file = BytesIO()
    image.save(file, extension.upper(), **{name: value for name, value in how.items() if value is not None})
    return file.getvalue()


# --- a batch ---------------------------------------------------------------------------------------------------------


def stop(workspace_id: int) -> int:
    """Make no more variants of what waits: the pictures themselves stay. The number of those that are left without."""
    waiting = Image.objects.filter(workspace=workspace_id, status=Status.WAITING)
    return waiting.update(status=Status.STOPPED, lease_until=None)


def go_on(workspace_id: int) -> list[int]:
    """Have them made after all; the ids of those that wait now. Ring after the commit."""
    stopped = Image.objects.filter(workspace=workspace_id, status=Status.STOPPED)
    return again(stopped.values_list("pk", flat=True))


def again(ids: Iterable[int]) -> list[int]:
    """Prepare these as if nobody had begun; the ids of those that wait now. Ring after the commit."""
    ids = list(ids)
    Image.objects.filter(pk__in=ids).update(status=Status.WAITING, tries=0, problem="", lease_until=None)
    return ids
