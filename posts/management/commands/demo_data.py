"""Fill a workspace with believable posts, to look around or to take pictures of."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from accounts import joining
from accounts.models import User, Workspace
from posts import showing
from posts.commands import misused, refuse
from posts.models import Channel, Post

SHOWN_AS = "demo@example.com"


class Command(BaseCommand):
    help = (
        "Make two channels that write to folders of this machine, and twelve posts in every state. Nothing is sent "
        "anywhere. Without an address it all belongs to a person of its own; run again, it makes what is missing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", metavar="EMAIL", help="fill this person's workspace instead")
        parser.add_argument("--password", help=f"of {SHOWN_AS}; made up and printed when not given")
        parser.add_argument("--force", action="store_true", help="also where there are other posts or channels")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if options["email"] and options["password"]:
            misused(f"--password is for {SHOWN_AS}: people of your own keep theirs.")
        person = _known(options["email"]) if options["email"] else self._shown(options["password"])
        workspace = Workspace.objects.of(person)
        if workspace is None:
            refuse(f"{person.email} belongs to no workspace.")
        if not options["force"] and _has_content_of_its_own(workspace):
            refuse(f"{workspace} has posts or channels of its own. Add --force to put these beside them.")
        made = showing.fill(workspace, person, timezone.now())
        words = "1 post was" if made == 1 else f"{made} posts were"
        self.stdout.write(f"{workspace}: {words} made, {len(showing.SHOWPIECES) - made} were there.")

    def _shown(self, password: str | None) -> User:
        """The person whom it belongs to; in a house without people also its owner."""
        person = User.objects.filter(email=SHOWN_AS).first()
        chosen = password or ("" if person else secrets.token_urlsafe(9))
        if person is None:
            person = _join(chosen)
        elif chosen:
            person.set_password(chosen)
            person.save(update_fields=["password"])
        told = f"the password {chosen}" if chosen else "the password you know (--password sets another one)"
        self.stdout.write(f"Log in as {SHOWN_AS} with {told}.")
        return person


def _join(password: str) -> User:
    fields: dict[str, Any] = {"name": "Ada Moreau", "time_zone": "Europe/Berlin", "first_steps_hidden": True}
    if User.objects.exists():
        person = User.objects.create_user(SHOWN_AS, password, **fields)
    else:
        person = User.objects.create_superuser(SHOWN_AS, password, is_owner=True, **fields)
    EmailAddress.objects.create(user=person, email=SHOWN_AS, primary=True, verified=True)
    joining.settle_in(person, welcome=False)
    return person


def _known(email: str) -> User:
    person = User.objects.filter(email=email.lower()).first()
    if person is None:
        refuse(f"Nobody has the address {email}.")
    return person


def _has_content_of_its_own(workspace: Workspace) -> bool:
    ours = [piece.slug for piece in showing.SHOWPIECES]
    posts = Post.objects.of(workspace).exclude(slug__in=ours)
    return posts.exists() or Channel.objects.of(workspace).exclude(name__in=showing.CHANNELS).exists()
