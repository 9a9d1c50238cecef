"""Files that are sent to us: read as far as a picture may be long, and no further."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest


class Capped(FileUploadHandler):
    """Leaves out a file as soon as it turns out to be too long: it never fills the disk. The others go on."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.read = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.read += len(raw_data)
        if self.read > settings.IMAGE_BYTES:
            self.request.left_out = [*left_out(self.request), self.file_name]  # type: ignore[union-attr]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int | None) -> None:
        """It is kept by the handlers that come after this one."""


def left_out(request: HttpRequest | None) -> list[str]:
    """The names of the files that were too long."""
    return list(getattr(request, "left_out", []))
