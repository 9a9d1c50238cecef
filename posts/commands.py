"""What the headless commands share: who is asked for, how a refusal leaves, exit codes 0 done, 1 refused, 2 usage."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import NoReturn

from django.core.management.base import CommandError

from accounts.models import Workspace


def refuse(reason: str) -> NoReturn:
    """End with exit code 1 and the reason."""
    raise CommandError(reason, returncode=1)


def misused(reason: str) -> NoReturn:
    """End with exit code 2: the command was called wrongly."""
    raise CommandError(reason, returncode=2)


def add_workspace(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--workspace", metavar="NAME", help="the workspace's name or number; needed only when there are several"
    )


def the_workspace(wanted: str | None) -> Workspace:
    """The workspace that is meant. Exit code 1 when there is none like it, 2 when it is not clear which."""
    workspaces = Workspace.objects.order_by("pk")
    if wanted:
        workspaces = workspaces.filter(pk=int(wanted)) if wanted.isdecimal() else workspaces.filter(name=wanted)
    found = list(workspaces[:2])
    if not found:
        refuse(f"There is no workspace called {wanted}." if wanted else "Create the owner's account first.")
    if len(found) > 1:
        names = ", ".join(f"{workspace.pk} ({workspace})" for workspace in Workspace.objects.order_by("pk")[:20])
        misused(f"Say which workspace with --workspace: {names}.")
    return found[0]
