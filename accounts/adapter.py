"""What allauth asks us: who may sign up, what else is saved, and how its mails go out."""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts import joining, mailing
from accounts.models import User
from accounts.tasks import SEND_MAIL
from blogscheduler.celery import ring


def ring_for_mail() -> None:
    """Ring after the commit, so that a worker finds the row. A lost bell only costs a second or two."""
    transaction.on_commit(lambda: ring(SEND_MAIL), robust=True)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.REGISTRATION_OPEN

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.time_zone = form.cleaned_data["time_zone"]
        user.name = form.cleaned_data["name"]
        user = super().save_user(request, user, form, commit=commit)
        joining.settle_in(user)
        ring_for_mail()
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mails of allauth (confirm the address, reset the password) go through the queue like every other."""
        message = self.render_mail(template_prefix, email, {"request": self.request, **context})
        mailing.enqueue(
            event=f"{template_prefix}:{uuid.uuid4()}", to=email, subject=message.subject, text=message.body, html=""
        )
        ring_for_mail()
