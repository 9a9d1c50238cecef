"""Verbs: put a mail into the queue, send what waits.

A mail has the same lost answer as a platform and no look-up: it is claimed before the first byte goes to the server
and carries a fixed Message-ID. When nobody knows whether it went out, a repeatable one is sent again, any other stays
and says so.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import make_msgid

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models.functions import Now
from django.template.loader import render_to_string

from accounts.models import Mail, User

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)  # longer than connecting, greeting and sending may take together
TRIES = 14
LONGEST_BACK_OFF = timedelta(hours=1)  # so that a mail server may be down for a working day
LONGEST_SUBJECT = 300
SENT_TEXT = ""


def enqueue(
    *, event: str, to: str, subject: str, text: str, html: str = "", user: User | None = None, repeatable: bool = True
) -> Mail | None:
    """Put one mail into the queue; None when there is one for this event already. Ring after the commit.

    The subject is made one line of at most 300 characters: a post's title may fill it all by itself.
    """
    subject = " ".join(subject.split())
    if len(subject) > LONGEST_SUBJECT:
        subject = subject[: LONGEST_SUBJECT - 1] + "…"
    mail, created = Mail.objects.get_or_create(
        event=event,
        defaults={
            "to": to, "subject": subject, "text": text, "html": html, "user": user, "repeatable": repeatable,
            "message_id": make_msgid(domain="blogscheduler"),
        },
    )  # fmt: skip
    return mail if created else None


def enqueue_template(name: str, context: dict[str, object], *, event: str, user: User, repeatable: bool) -> Mail | None:
    """Render ``mail/<name>.txt`` (its first line is the subject) and put it into the queue."""
    house = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "user": user}
    subject, _, text = render_to_string(f"mail/{name}.txt", {**house, **context}).strip().partition("\n")
    return enqueue(
        event=event, to=user.email, subject=subject.strip(), text=text.strip() + "\n", user=user, repeatable=repeatable
    )


def send_waiting(clock: Callable[[], datetime]) -> int:
    """Send every mail whose time has come, one after the other; the number of those that went out.

    One mail that cannot even be put together never stops the others: it is given up like one whose worker died.
    """
    sent = 0
    _settle_abandoned(clock())
    for pk in list(Mail.objects.filter(status=Mail.Status.QUEUED, act_at__lte=clock()).values_list("pk", flat=True)):
        try:
            sent += send(pk, clock)
        except Exception:  # one bad mail never stops the others
            log.exception("Mail %s: sending it ended in an unexpected error", pk)
    return sent


def send(pk: int, clock: Callable[[], datetime]) -> bool:
    """Send one mail if it is still waiting. False when somebody else took it, or it could not be sent."""
    mine = Mail.objects.filter(pk=pk, status=Mail.Status.QUEUED, act_at__lte=clock()).update(
        status=Mail.Status.SENDING, lease_until=Now() + LEASE
    )
    if not mine:
        return False
    mail = Mail.objects.get(pk=pk)
    connection = get_connection(fail_silently=False)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as problem:  # nothing of this mail was sent
        _put_back(mail, clock(), f"The mail server could not be reached: {problem}")
        return False
    try:
        _message(mail, connection).send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
        _refused(mail, clock(), refusal)
        return False
    except (OSError, smtplib.SMTPException) as problem:
        _unknown(mail, clock(), f"The connection broke while it was being sent: {problem}")
        return False
    else:
        Mail.objects.filter(pk=mail.pk, status=Mail.Status.SENDING).update(
            status=Mail.Status.SENT, sent_at=clock(), lease_until=None, problem="", text=SENT_TEXT, html=SENT_TEXT
        )
        return True
    finally:  # after it is written down: how the server says good-bye changes nothing
        with suppress(OSError, smtplib.SMTPException):
            connection.close()


def _message(mail: Mail, connection: object) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        mail.subject, mail.text, to=[mail.to], headers={"Message-ID": mail.message_id}, connection=connection
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def _settle_abandoned(now: datetime) -> None:
    """A worker died while it was sending: whether the mail went out is not known."""
    for mail in Mail.objects.filter(status=Mail.Status.SENDING, lease_until__lt=Now()).defer("text", "html"):
        _unknown(mail, now, "The worker that was sending it died.")


def _unknown(mail: Mail, now: datetime, problem: str) -> None:
    if mail.repeatable:
        _put_back(mail, now, problem)
        return
    log.warning("Mail %s (%s): %s It may have gone out and is not sent again.", mail.pk, mail.event, problem)
    _end(mail, Mail.Status.UNCERTAIN, f"{problem} It may have gone out; it is not sent a second time.")


def _refused(mail: Mail, now: datetime, refusal: Exception) -> None:
    code = getattr(refusal, "smtp_code", 0) or max(
        (reply[0] for reply in getattr(refusal, "recipients", {}).values()), default=0
    )
    if 400 <= code < 500:  # "try again later", says the server
        _put_back(mail, now, str(refusal))
    else:
        _end(mail, Mail.Status.FAILED, f"The mail server refused it: {refusal}")


def _put_back(mail: Mail, now: datetime, problem: str) -> None:
    if mail.tries + 1 >= TRIES:
        log.error("Mail %s (%s) could not be sent after %s tries: %s", mail.pk, mail.event, TRIES, problem)
        _end(mail, Mail.Status.FAILED, problem)
        return
    Mail.objects.filter(pk=mail.pk, status=Mail.Status.SENDING).update(
        status=Mail.Status.QUEUED,
        tries=mail.tries + 1,
        act_at=now + min(timedelta(seconds=15 * 2**mail.tries), LONGEST_BACK_OFF),
        lease_until=None,
        problem=problem,
    )


def _end(mail: Mail, status: Mail.Status, problem: str) -> None:
    Mail.objects.filter(pk=mail.pk, status=Mail.Status.SENDING).update(status=status, problem=problem, lease_until=None)
