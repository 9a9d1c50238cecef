"""Verbs: a person joins. The account, its workspace and the welcome mail are one transaction."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts import mailing
from accounts.models import Membership, User, Workspace


class OwnerExists(Exception):
    """This installation has its owner already."""


def settle_in(user: User, *, welcome: bool = True) -> Workspace:
    """Give a new person a workspace of their own and put the welcome mail into the queue, once.

    Call it in the transaction that saves the user; ring after the commit.
    """
    workspace = Workspace.objects.create(name=f"{user}'s blog")
    Membership.objects.create(workspace=workspace, user=user)
    if welcome:
        mailing.enqueue_template("welcome", {}, event=f"welcome:{user.pk}", user=user, repeatable=False)
    return workspace


@transaction.atomic
def create_owner(*, email: str, password: str, name: str, time_zone: str) -> User:
    """Create the first account, who may do everything. Raises OwnerExists when there is any account.

    The address counts as confirmed: who opens the one-time link has the machine itself.
    """
    if User.objects.exists():
        raise OwnerExists
    try:
        with transaction.atomic():
            user = User.objects.create_superuser(email, password, name=name, time_zone=time_zone, is_owner=True)
    except IntegrityError as error:  # two people followed the link at the same moment
        raise OwnerExists from error
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    settle_in(user)
    return user
