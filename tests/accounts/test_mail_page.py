"""On one's own machine the mails can be read on a page; everywhere else there is no such page."""

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts.mailfiles import MailFiles
from accounts.models import User


@pytest.fixture
def mail_folder(settings: Any, tmp_path: Path) -> Path:
    settings.SHOW_MAIL = True
    settings.MAIL_DIR = tmp_path
    return tmp_path


def keep(subject: str, text: str) -> None:
    message = EmailMessage(subject, text, to=["linus@example.com"], headers={"Message-ID": f"<{subject}@test>"})
    MailFiles().send_messages([message])


def test_there_is_no_such_page_unless_it_is_switched_on(client: Client, ada: User) -> None:
    assert client.get("/mail/").status_code == 404
    assert "Mail of this machine" not in client.get("/accounts/login/").text


def test_it_is_read_without_log_in_because_it_holds_the_link_to_log_in(
    client: Client, ada: User, mail_folder: Path
) -> None:
    keep("Confirm", "Open http://127.0.0.1:8000/accounts/confirm-email/MQ:1abc:x-Y_z/ please.")
    page = client.get("/mail/").text

    assert "linus@example.com" in page
    assert '<a href="http://127.0.0.1:8000/accounts/confirm-email/MQ:1abc:x-Y_z/"' in page
    assert "/mail/" in client.get("/accounts/login/").text


def test_what_a_mail_says_is_text_and_nothing_else(client: Client, ada: User, mail_folder: Path) -> None:
    keep("<b>Bold</b>", '<script>alert(1)</script> javascript:alert(1) http://x.example/"onclick=alert(1)')
    page = client.get("/mail/").text

    assert "<script>alert" not in page
    assert "<b>Bold" not in page
    assert 'href="javascript' not in page
    assert '"onclick' not in page


def test_an_empty_folder_says_what_will_come(client: Client, ada: User, mail_folder: Path) -> None:
    assert "No mail yet" in client.get("/mail/").text
