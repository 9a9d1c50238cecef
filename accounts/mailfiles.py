"""The mail backend for an installation without a mail server: every mail becomes a file in the data folder.

The file is named after the Message-ID, so writing the same mail twice leaves one file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMessage
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class MailFiles(BaseEmailBackend):
    def open(self) -> bool:
        settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.open()
        for message in email_messages:
            content = message.message().as_bytes()
            name = hashlib.sha256(message.message()["Message-ID"].encode()).hexdigest()[:24]
            draft = settings.MAIL_DIR / f".{name}.{os.getpid()}"
            draft.touch(mode=0o600)
            draft.write_bytes(content)
            draft.replace(settings.MAIL_DIR / f"{name}.eml")
        return len(email_messages)


@dataclass(frozen=True)
class KeptMail:
    name: str
    subject: str
    to: str
    written_at: datetime
    text: str


def kept_mails(limit: int = 100) -> list[KeptMail]:
    """The newest mails in the data folder, newest first."""
    if not settings.MAIL_DIR.is_dir():
        return []
    paths = sorted(settings.MAIL_DIR.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [_read(path) for path in paths[:limit]]


def _read(path: Path) -> KeptMail:
    parsed = message_from_bytes(path.read_bytes(), _class=ParsedMessage, policy=policy.default)
    body = parsed.get_body(preferencelist=("plain",))
    return KeptMail(
        name=path.stem,
        subject=str(parsed["Subject"]),
        to=str(parsed["To"]),
        written_at=datetime.fromtimestamp(path.stat().st_mtime, tz=UTC),
        text=body.get_content() if body else "",
    )
