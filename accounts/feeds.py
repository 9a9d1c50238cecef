"""Verbs: give a person a private calendar address, take it back, and find whose it is."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db.models import F

from accounts.models import Feed, User, Workspace


def renew(user: User, workspace: Workspace, now: datetime) -> str:
    """A new secret, which nobody can read again; the one before it, if any, ends with it."""
    token = secrets.token_urlsafe(32)
    made = {"digest": _digest(token), "created_at": now}
    Feed.objects.update_or_create(user=user, workspace=workspace, defaults=made)
    return token


def revoke(user: User, workspace: Workspace) -> bool:
    return bool(Feed.objects.filter(user=user, workspace=workspace).delete()[0])


def feed_of(token: str) -> Feed | None:
    """Whose address it is, as long as the person may log in and belongs to the workspace."""
    feeds = Feed.objects.filter(digest=_digest(token), user__is_active=True)
    member = feeds.filter(user__memberships__workspace=F("workspace"))
    return member.select_related("user", "workspace").first()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
