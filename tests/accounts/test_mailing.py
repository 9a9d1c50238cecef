"""Every mail goes out once; where nobody knows whether it did, a welcome is not repeated and an alarm is."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMail
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.db.models.functions import Now

from accounts import mailing
from accounts.mailfiles import kept_mails
from accounts.models import Mail, User

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Mail.Status
LINK = "https://blog.example.org/confirm/one-time-secret"
HANG_UP = b""

Manners = dict[str, bytes]  # what is said to a command instead of the usual; b"" hangs up
USUAL: Manners = {
    "HELLO": b"220 post office",
    "DATA": b"354 go on",
    ".": b"250 taken",
    "QUIT": b"221 bye",
}


@dataclass
class PostOffice:
    """A mail server of our own that takes mails, and is as rude as a test wants it.

    ``rude`` is used up one connection at a time; ``received`` has every mail that came in whole.
    """

    port: int
    rude: list[Manners] = field(default_factory=list)
    received: list[ParsedMail] = field(default_factory=list)
    connections: int = 0

    def message_ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.received]

    def talk(self, wire: socket.socket) -> None:
        manners = {**USUAL, **(self.rude.pop(0) if self.rude else {})}
        with wire, wire.makefile("rb") as lines:
            if not _say(wire, manners["HELLO"]):
                return
            for line in lines:
                word = line[:4].strip().upper().decode()
                if not _say(wire, manners.get(word, b"250 well")) or word == "QUIT":
                    return
                if word == "DATA" and manners["DATA"].startswith(b"354"):
                    text = b"".join(iter(lines.readline, b".\r\n"))
                    self.received.append(message_from_bytes(text, _class=ParsedMail, policy=policy.default))
                    if not _say(wire, manners["."]):
                        return


def _say(wire: socket.socket, words: bytes) -> bool:
    if words:
        wire.sendall(words + b"\r\n")
    return bool(words)


@contextmanager
def open_post_office() -> Iterator[PostOffice]:
    listener = socket.create_server(("127.0.0.1", 0))
    office = PostOffice(listener.getsockname()[1])

    def serve_one(wire: socket.socket) -> None:
        with suppress(OSError):
            office.talk(wire)

    def listen() -> None:
        with suppress(OSError):
            while True:
                wire, _ = listener.accept()
                office.connections += 1
                threading.Thread(target=serve_one, args=(wire,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield office
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(settings: Any) -> Iterator[PostOffice]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with open_post_office() as office:
        settings.EMAIL_PORT = office.port
        yield office


def queued(event: str = "alarm:1", *, repeatable: bool = True, **fields: Any) -> Mail:
    text = f"Please follow {LINK}\n"
    given = {"to": "grace@example.com", "subject": "Please look", "text": text, "repeatable": repeatable, **fields}
    mail = mailing.enqueue(event=event, **given)
    assert mail is not None
    return mail


def after(mail: Mail) -> Mail:
    mail.refresh_from_db()
    return mail


def stored(mail: Mail) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_mail WHERE id = %s", [mail.pk])
        return str(cursor.fetchone())


# --- once ------------------------------------------------------------------------------------------------------------


def test_a_mail_goes_out_once_with_the_message_id_of_its_row(office: PostOffice, clock: Clock) -> None:
    mail = queued()
    assert mailing.send_waiting(clock) == 1
    assert mailing.send_waiting(clock) == 0
    assert mailing.send(mail.pk, clock) is False
    [received] = office.received
    assert (received["To"], received["Subject"]) == ("grace@example.com", "Please look")
    assert received["Message-ID"] == mail.message_id
    assert LINK in received.get_content()
    assert (after(mail).status, mail.lease_until, mail.problem) == (Status.SENT, None, "")
    assert mail.sent_at is not None


def test_one_event_is_one_mail(db: None) -> None:
    queued("welcome:1")
    again = mailing.enqueue(event="welcome:1", to="grace@example.com", subject="Again", text="…")
    assert again is None
    assert Mail.objects.count() == 1


def test_grace_gets_the_welcome_mail_when_she_joins_and_only_once(
    office: PostOffice, clock: Clock, grace: User
) -> None:
    mailing.enqueue_template("welcome", {}, event=f"welcome:{grace.pk}", user=grace, repeatable=False)
    mailing.send_waiting(clock)
    [received] = office.received
    assert received["Subject"].startswith("Welcome to ")
    assert "Hello Grace," in received.get_content()


def test_a_mail_that_another_worker_is_sending_is_left_to_it(office: PostOffice, clock: Clock) -> None:
    mail = queued()
    Mail.objects.filter(pk=mail.pk).update(status=Status.SENDING, lease_until=Now() + timedelta(seconds=60))
    assert mailing.send_waiting(clock) == 0
    assert mailing.send(mail.pk, clock) is False
    assert office.connections == 0


def test_a_mail_with_html_has_both_parts(office: PostOffice, clock: Clock) -> None:
    queued(html=f'<a href="{LINK}">Look</a>')
    mailing.send_waiting(clock)
    assert [part.get_content_type() for part in office.received[0].iter_parts()] == ["text/plain", "text/html"]


# --- out of reach, refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("repeatable", [True, False])
def test_when_nobody_opens_the_door_the_mail_is_sent_later(
    repeatable: bool, office: PostOffice, clock: Clock, settings: Any
) -> None:
    mail = queued(repeatable=repeatable)
    settings.EMAIL_PORT = 9
    assert mailing.send_waiting(clock) == 0
    assert (after(mail).status, mail.tries, mail.lease_until) == (Status.QUEUED, 1, None)
    assert "could not be reached" in mail.problem
    settings.EMAIL_PORT = office.port
    assert mailing.send_waiting(clock) == 0, "not before its time"
    clock.ahead += timedelta(seconds=20)
    assert mailing.send_waiting(clock) == 1
    assert (after(mail).status, office.message_ids()) == (Status.SENT, [mail.message_id])


@pytest.mark.parametrize("manners", [{"HELLO": b"421 not now"}, {"HELLO": HANG_UP}])
def test_a_server_that_does_not_even_greet_got_nothing(
    manners: dict[str, bytes], office: PostOffice, clock: Clock
) -> None:
    office.rude = [manners]
    mail = queued(repeatable=False)
    mailing.send_waiting(clock)
    assert (after(mail).status, mail.tries) == (Status.QUEUED, 1)


def test_a_server_that_is_away_for_good_is_given_up_at_last(clock: Clock, settings: Any, office: PostOffice) -> None:
    settings.EMAIL_PORT = 9
    mail = queued()
    for _ in range(mailing.TRIES + 2):
        clock.ahead += timedelta(hours=2)
        mailing.send_waiting(clock)
    assert after(mail).status == Status.FAILED
    assert mail.problem


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(("code", "status"), [(b"550 no such person", "failed"), (b"451 try later", "queued")])
def test_a_refusal_is_final_and_a_not_now_is_not(
    command: str, code: bytes, status: str, office: PostOffice, clock: Clock
) -> None:
    office.rude = [{command: code}]
    mail = queued(repeatable=False)
    assert mailing.send_waiting(clock) == 0
    assert after(mail).status == status
    assert code.decode()[4:] in mail.problem
    clock.ahead += timedelta(minutes=1)
    mailing.send_waiting(clock)
    assert after(mail).status == ("sent" if status == "queued" else "failed")


def test_a_mail_that_cannot_be_put_together_does_not_stop_the_others(
    office: PostOffice, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = queued("bad", to="no\naddress@example.com"), queued("good")
    assert mailing.send_waiting(clock) == 1
    assert after(good).status == Status.SENT
    assert "unexpected" in caplog.text
    for _ in range(2 * mailing.TRIES):
        Mail.objects.filter(pk=bad.pk, status=Status.SENDING).update(lease_until=Now() - timedelta(seconds=1))
        clock.ahead += timedelta(hours=1)
        mailing.send_waiting(clock)
    assert after(bad).status == Status.FAILED


def test_a_mail_whose_key_is_lost_does_not_stop_the_others(
    office: PostOffice, clock: Clock, settings: Any, grace: User
) -> None:
    Mail.objects.all().delete()
    lost = queued("lost", repeatable=False)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    good = queued("good")
    assert mailing.send_waiting(clock) == 1
    Mail.objects.filter(pk=lost.pk).update(lease_until=Now() - timedelta(seconds=1))
    mailing.send_waiting(clock)
    statuses = dict(Mail.objects.values_list("pk", "status"))
    assert statuses == {lost.pk: Status.UNCERTAIN, good.pk: Status.SENT}


# --- nobody knows ----------------------------------------------------------------------------------------------------


def test_a_welcome_whose_answer_is_lost_may_have_gone_out_and_is_not_sent_again(
    office: PostOffice, clock: Clock
) -> None:
    office.rude = [{".": HANG_UP}]
    mail = queued("welcome:7", repeatable=False)
    assert mailing.send_waiting(clock) == 0
    assert after(mail).status == Status.UNCERTAIN
    assert "may have gone out" in mail.problem
    clock.ahead += timedelta(days=1)
    assert mailing.send_waiting(clock) == 0
    assert len(office.received) == 1


def test_an_alarm_whose_answer_is_lost_is_sent_again_under_the_same_message_id(
    office: PostOffice, clock: Clock
) -> None:
    office.rude = [{".": HANG_UP}]
    mail = queued()
    assert mailing.send_waiting(clock) == 0
    assert after(mail).status == Status.QUEUED
    clock.ahead += timedelta(minutes=1)
    assert mailing.send_waiting(clock) == 1
    assert office.message_ids() == [mail.message_id] * 2
    assert after(mail).status == Status.SENT


@pytest.mark.parametrize("bye", [HANG_UP, b"500 what", b"x" * 9000])
def test_how_the_server_says_good_bye_does_not_matter(bye: bytes, office: PostOffice, clock: Clock) -> None:
    office.rude = [{"QUIT": bye}]
    mail = queued(repeatable=False)
    assert mailing.send_waiting(clock) == 1
    assert after(mail).status == Status.SENT


@pytest.mark.parametrize(("repeatable", "status", "sent"), [(True, "sent", 1), (False, "uncertain", 0)])
def test_when_a_worker_dies_between_claim_and_sending_only_what_may_be_repeated_is_sent(
    repeatable: bool, status: str, sent: int, office: PostOffice, clock: Clock
) -> None:
    mail = queued(repeatable=repeatable)
    Mail.objects.filter(pk=mail.pk).update(status=Status.SENDING, lease_until=Now() - timedelta(seconds=1))
    mailing.send_waiting(clock)
    clock.ahead += timedelta(minutes=1)
    mailing.send_waiting(clock)
    assert (after(mail).status, len(office.received)) == (status, sent)


# --- unreadable, and gone --------------------------------------------------------------------------------------------


def test_the_one_time_link_cannot_be_read_in_the_database_and_is_gone_when_it_was_sent(
    office: PostOffice, clock: Clock
) -> None:
    mail = queued(html=f"<p>{LINK}</p>")
    assert LINK not in stored(mail)
    assert LINK in Mail.objects.get(pk=mail.pk).text
    mailing.send_waiting(clock)
    mail = Mail.objects.get(pk=mail.pk)
    assert (mail.text, mail.html) == ("", "")


def test_the_link_stands_neither_in_the_problem_nor_in_the_log(
    office: PostOffice, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    office.rude = [{".": HANG_UP}]
    mail = queued(repeatable=False)
    mailing.send_waiting(clock)
    assert LINK not in after(mail).problem + caplog.text


def test_a_subject_is_one_line_that_fits_its_column(db: None) -> None:
    """A title of 300 characters would else make the delivery's end impossible to write on PostgreSQL."""
    mail = queued(subject="“" + "x" * 300 + "”\r\nBcc: everybody@example.com was not published")
    assert len(mail.subject) == 300
    assert mail.subject.endswith("…")
    assert queued("other", subject="One\r\nBcc: two").subject == "One Bcc: two"


def test_an_address_and_a_subject_in_other_scripts_arrive(office: PostOffice, clock: Clock) -> None:
    queued(subject="Grüße an Ада 👋")
    mailing.send_waiting(clock)
    assert office.received[0]["Subject"] == "Grüße an Ада 👋"


# --- mails as files --------------------------------------------------------------------------------------------------


@pytest.fixture
def drawer(settings: Any, tmp_path: Any) -> Any:
    settings.EMAIL_BACKEND = "accounts.mailfiles.MailFiles"
    settings.MAIL_DIR = tmp_path / "mail"
    return settings.MAIL_DIR


def test_without_a_mail_server_a_mail_becomes_a_file_that_only_its_owner_may_read(drawer: Any, clock: Clock) -> None:
    mail = queued()
    assert mailing.send_waiting(clock) == 1
    assert after(mail).status == Status.SENT
    [kept] = kept_mails()
    assert (kept.subject, kept.to) == ("Please look", "grace@example.com")
    assert LINK in kept.text
    [path] = drawer.iterdir()
    assert path.name == f"{kept.name}.eml"
    assert path.stat().st_mode & 0o077 == 0


def test_the_same_mail_written_twice_is_one_file(drawer: Any) -> None:
    for text in ("First.", "Second."):
        headers = {"Message-ID": "<1@blogscheduler>"}
        EmailMessage("Hello", text, to=["ada@example.com"], headers=headers, connection=get_connection()).send()
    [kept] = kept_mails()
    assert kept.text.strip() == "Second."


def test_the_newest_mail_is_first_and_their_number_is_limited(drawer: Any, clock: Clock) -> None:
    for number in range(3):
        queued(f"alarm:{number}", subject=f"Number {number}")
        mailing.send_waiting(clock)
        newest = next(mail for mail in kept_mails() if mail.subject == f"Number {number}")
        os.utime(drawer / f"{newest.name}.eml", (1_000 + number, 1_000 + number))
    assert [mail.subject for mail in kept_mails(limit=2)] == ["Number 2", "Number 1"]


def test_an_empty_house_has_no_mails(drawer: Any) -> None:
    assert kept_mails() == []


def test_a_drawer_that_cannot_be_written_to_is_tried_again(drawer: Any, clock: Clock) -> None:
    drawer.parent.mkdir(exist_ok=True)
    drawer.write_text("a file where the folder should be")
    mail = queued(repeatable=False)
    assert mailing.send_waiting(clock) == 0
    assert after(mail).status == Status.QUEUED
